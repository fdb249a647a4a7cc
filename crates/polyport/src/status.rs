//! The outcome of a call that has no result, on the server and on the client.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::error::Error as StdError;
use std::fmt;

use bytes::Bytes;
use polyport_wire::error::DecodeError;
use polyport_wire::thrift::{ApplicationException, Reader, Throws, WireType, Writer};
use polyport_wire::transport::Codec;

use crate::code::Code;
use crate::error::Error;

/// Why a call has no result.
///
/// A handler returns one, and a client gets one; it knows where it came from, because peers tell
/// these apart on the wire:
///
/// | a handler's | as an exception | on gRPC |
/// | --- | --- | --- |
/// | [`Status::error`] | 6 `biz error: TEXT` | 13 `TEXT [biz error]` |
/// | [`Status::typed`] | N `TEXT [biz error]` | N `TEXT [biz error]` |
/// | [`Status::with_code`] | 6 `biz error: rpc error: code = C desc = TEXT` | C `TEXT [biz error]`, with its details |
/// | [`BizStatus`] | TTHeader: an empty reply with `biz-status`; else 6 `biz error: code=C, msg=M` | 13 `M`, or another [code](Status::with_biz_code), with `biz-status` and its details |
/// | a panic | 6 `panic: [happened in biz handler, method=S.M, ...] TEXT` | 13, the same text |
/// | [`Status::refused`] | 6 `TEXT` | C `TEXT` |
/// | a deadline that passed | 6 `biz error: context deadline exceeded` | 4 `context deadline exceeded` |
/// | what another server answered | 6 `biz error: TEXT` | 13 `TEXT [biz error]` |
/// | the same, [`forwarded`](Status::forwarded) | its number and `TEXT` | 13 `TEXT`; its code and details, if gRPC's |
/// | no answer of another server | 6 `biz error: TEXT` | 13 `TEXT [biz error]` |
/// | the same, forwarded | 6 `TEXT` | 14 `TEXT` |
///
/// What a layer returns goes out with its text as it is, without `biz error`; its panics happened in
/// `middleware`. Over gRPC no more than 2 KiB of a text go out, because clients take no more than a few
/// KiB of headers.
///
/// | what a client is told | the [`kind`](Status::kind) of its status |
/// | --- | --- |
/// | an exception N | [`Remote`](StatusKind::Remote) |
/// | a code C of gRPC, and details | [`Code`](StatusKind::Code) |
/// | `biz-status`, in a TTHeader or in trailers | [`Biz`](StatusKind::Biz) |
/// | an exception that the method declares | none: it is a value of the method's error |
/// | nothing in time | [`Timeout`](StatusKind::Timeout) |
/// | nothing, or nothing that can be understood | [`Transport`](StatusKind::Transport) |
///
/// # Examples
///
/// ```
/// use polyport::{BizStatus, Status, StatusKind};
///
/// let status = Status::typed(1900, "out of stock");
/// assert_eq!(status.type_id(), Some(1900));
///
/// let status = Status::from(BizStatus::new(404, "not found"));
/// assert_eq!(status.biz().map(|biz| biz.code), Some(404));
/// assert!(matches!(status.kind(), StatusKind::Biz(_)));
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Status(Box<Inner>);

#[derive(Clone, PartialEq, Eq)]
struct Inner {
    kind: StatusKind,
    message: Cow<'static, str>,
    origin: Origin,
    /// `google.rpc.Status` as gRPC carries it; may be empty.
    details: Bytes,
    /// What a business status has over gRPC in place of its usual code.
    biz_code: Option<Code>,
}

/// Whose word a [`Status`] is, which its text on the wire tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Origin {
    /// A layer's, or the framework's.
    Framework,
    Handler,
    /// Another server's, which is passed on.
    Elsewhere,
}

/// Where a [`Status`] comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StatusKind {
    /// An ordinary error of the application.
    Error,
    /// An error of the application with a number of its own.
    Typed(i32),
    /// An error with a code of gRPC, the application's or a peer's.
    Code(Code),
    /// A business status, which peers do not count as a failure of the call.
    Biz(BizStatus),
    /// The handler or a layer panicked.
    Panic,
    /// Time ran out: on the server the request's deadline, on the client the call's.
    Timeout,
    /// No service was found for the call, or the service has no such method, or the request's
    /// bytes are wrong: what a server answers by itself, with Thrift's or Kitex's number.
    Rejected(i32),
    /// The server does not serve the call, by a limit or by who calls: gRPC's peers see the code.
    Refused(Code),
    /// The peer answered with an exception of this number.
    Remote(i32),
    /// The connection failed, or the peer's bytes cannot be understood.
    Transport,
}

impl Status {
    /// An ordinary error with a text for the caller.
    #[must_use]
    pub fn error(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusKind::Error, message)
    }

    /// An error with a number that the caller can tell from others.
    #[must_use]
    pub fn typed(type_id: i32, message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusKind::Typed(type_id), message)
    }

    /// An error with a code of gRPC.
    ///
    /// # Examples
    ///
    /// ```
    /// use polyport::{Code, Status};
    ///
    /// let status = Status::with_code(Code::NOT_FOUND, "no such book");
    /// assert_eq!(status.code(), Some(Code::NOT_FOUND));
    /// ```
    #[must_use]
    pub fn with_code(code: Code, message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusKind::Code(code), message)
    }

    /// The same with details for gRPC: an encoded `google.rpc.Status`.
    #[must_use]
    pub fn with_details(mut self, details: impl Into<Bytes>) -> Self {
        self.0.details = details.into();
        self
    }

    /// The same with another code for gRPC, if it is a business status: that of others goes out with
    /// 13, INTERNAL.
    ///
    /// # Examples
    ///
    /// ```
    /// use polyport::{BizStatus, Code, Status};
    ///
    /// let status = Status::from(BizStatus::new(404, "no such book"));
    /// let status = status.with_biz_code(Code::NOT_FOUND);
    /// assert_eq!(status.code(), Some(Code::NOT_FOUND));
    /// ```
    #[must_use]
    pub fn with_biz_code(mut self, code: Code) -> Self {
        if matches!(self.0.kind, StatusKind::Biz(_)) {
            self.0.biz_code = Some(code).filter(|code| *code != Code::INTERNAL);
        }
        self
    }

    /// A call that is not served because of a limit, or of who calls. gRPC peers get the code, others
    /// the text as it is; it says nothing about the handler.
    #[must_use]
    pub fn refused(code: Code, message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusKind::Refused(code), message)
    }

    pub(crate) fn new(kind: StatusKind, message: impl Into<Cow<'static, str>>) -> Self {
        Self(Box::new(Inner {
            kind,
            message: message.into(),
            origin: Origin::Framework,
            details: Bytes::new(),
            biz_code: None,
        }))
    }

    pub(crate) fn rejected(exception: &ApplicationException) -> Self {
        Self::new(
            StatusKind::Rejected(exception.type_id),
            exception.to_string(),
        )
    }

    pub(crate) fn remote(exception: &ApplicationException) -> Self {
        Self::new(StatusKind::Remote(exception.type_id), exception.to_string())
    }

    /// A message of the peer that cannot be understood.
    #[cold]
    pub(crate) fn broken_message(error: &DecodeError) -> Self {
        let kind = StatusKind::Rejected(ApplicationException::PROTOCOL_ERROR);
        Self::new(kind, error.to_string())
    }

    pub(crate) fn transport(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusKind::Transport, message)
    }

    /// A panic's status: where it happened, and what the panic said.
    #[cold]
    pub(crate) fn panic(
        place: &str,
        service: &str,
        method: &str,
        payload: &(dyn std::any::Any + Send),
    ) -> Self {
        let text = payload
            .downcast_ref::<&str>()
            .copied()
            .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
            .unwrap_or("the panic has no text");
        // kitex pkg/kerrors: peers look for these words.
        let message = format!(
            "panic: [happened in {place}, method={service}.{method}, please check the panic at \
             the server side] {text}"
        );
        Self::new(StatusKind::Panic, message)
    }

    #[cold]
    pub(crate) fn deadline() -> Self {
        Self::new(StatusKind::Timeout, "context deadline exceeded")
    }

    /// Marks the status as a handler's: the text on the wire says so.
    pub(crate) fn of_handler(mut self) -> Self {
        if self.0.origin == Origin::Framework {
            self.0.origin = Origin::Handler;
        }
        self
    }

    /// The word of another server, passed on: the caller gets its number and its text as they came,
    /// and not as an error of the handler that returns it.
    ///
    /// # Examples
    ///
    /// ```
    /// # use bytes::Bytes;
    /// # use polyport::{Client, Context, Status};
    /// async fn forward(client: &Client, cx: &Context, arguments: Bytes) -> Result<Bytes, Status> {
    ///     let call = client.raw(cx.service(), cx.method()).call(arguments);
    ///     call.forwarding(cx).await.map_err(Status::forwarded)
    /// }
    /// ```
    #[must_use]
    pub fn forwarded(mut self) -> Self {
        self.0.origin = Origin::Elsewhere;
        self
    }

    /// Where it comes from.
    #[must_use]
    pub fn kind(&self) -> &StatusKind {
        &self.0.kind
    }

    /// What happened, for people.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The business status, if it is one.
    #[must_use]
    pub fn biz(&self) -> Option<&BizStatus> {
        match &self.0.kind {
            StatusKind::Biz(biz) => Some(biz),
            _ => None,
        }
    }

    /// The number of a typed error or of a peer's exception.
    #[must_use]
    pub fn type_id(&self) -> Option<i32> {
        match self.0.kind {
            StatusKind::Typed(id) | StatusKind::Rejected(id) | StatusKind::Remote(id) => Some(id),
            _ => None,
        }
    }

    /// The code of gRPC, if it has one. A business status has none unless it was given another than
    /// 13, which is the code that it goes out with.
    #[must_use]
    pub fn code(&self) -> Option<Code> {
        match self.0.kind {
            StatusKind::Code(code) | StatusKind::Refused(code) => Some(code),
            _ => self.0.biz_code,
        }
    }

    /// The details that gRPC carries, an encoded `google.rpc.Status`; mostly empty.
    #[must_use]
    pub fn details(&self) -> &Bytes {
        &self.0.details
    }

    /// Whether time ran out.
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        self.0.kind == StatusKind::Timeout
    }

    /// Whether the connection failed, so that it is not known what the peer did.
    #[must_use]
    pub fn is_transport(&self) -> bool {
        self.0.kind == StatusKind::Transport
    }

    /// What a Thrift peer is told: the one table from a status to an exception (kitex
    /// server.go and remote/trans_errors.go).
    pub(crate) fn to_exception(&self) -> ApplicationException {
        const INTERNAL: i32 = ApplicationException::INTERNAL_ERROR;
        let message = &self.0.message;
        let from_handler = self.0.origin == Origin::Handler;
        let (type_id, text) = match (&self.0.kind, from_handler) {
            (StatusKind::Remote(id), _) if self.0.origin == Origin::Elsewhere => {
                (*id, message.to_string())
            }
            (StatusKind::Typed(id), true) => (*id, format!("{message} [biz error]")),
            (StatusKind::Typed(id) | StatusKind::Rejected(id), _) => (*id, message.to_string()),
            (StatusKind::Panic | StatusKind::Refused(_), _) => (INTERNAL, message.to_string()),
            (StatusKind::Code(code), from_handler) => {
                let prefix = if from_handler { "biz error: " } else { "" };
                // Kitex writes the number, where grpc-go writes its name.
                let text = format!("{prefix}rpc error: code = {} desc = {message}", code.0);
                (INTERNAL, text)
            }
            (StatusKind::Biz(biz), _) => (INTERNAL, biz.to_string()),
            (StatusKind::Timeout, _) => (INTERNAL, format!("biz error: {message}")),
            (StatusKind::Error | StatusKind::Remote(_) | StatusKind::Transport, true) => {
                (INTERNAL, format!("biz error: {message}"))
            }
            (StatusKind::Error | StatusKind::Remote(_) | StatusKind::Transport, false) => {
                (INTERNAL, message.to_string())
            }
        };
        ApplicationException::new(type_id, text)
    }

    /// What a gRPC peer is told: the one table from a status to a code and a text (kitex
    /// pkg/remote/trans/nphttp2/codes.go). `kitex_codes` are Kitex's for what is unknown.
    pub(crate) fn to_grpc(&self, codec: Codec, kitex_codes: bool) -> (Code, Cow<'_, str>) {
        let message = &self.0.message;
        let code = match self.0.kind {
            StatusKind::Code(code) | StatusKind::Refused(code) => code,
            // Negative numbers are written as Go writes them.
            StatusKind::Typed(id) => Code(id.cast_unsigned()),
            StatusKind::Timeout => Code::DEADLINE_EXCEEDED,
            StatusKind::Rejected(id) => rejected_code(id, codec, kitex_codes),
            StatusKind::Transport if self.0.origin == Origin::Elsewhere => Code::UNAVAILABLE,
            StatusKind::Biz(_) => self.0.biz_code.unwrap_or(Code::INTERNAL),
            StatusKind::Error
            | StatusKind::Panic
            | StatusKind::Remote(_)
            | StatusKind::Transport => Code::INTERNAL,
        };
        // A failure with the number of success must not be taken for one.
        let code = if code == Code::OK {
            Code::UNKNOWN
        } else {
            code
        };
        let marked = match self.0.kind {
            StatusKind::Code(_)
            | StatusKind::Typed(_)
            | StatusKind::Error
            | StatusKind::Remote(_)
            | StatusKind::Transport => self.0.origin == Origin::Handler,
            _ => false,
        };
        let text = if marked {
            Cow::Owned(format!("{message} [biz error]"))
        } else {
            Cow::Borrowed(&**message)
        };
        (code, text)
    }
}

/// The code of what the server refuses by itself.
fn rejected_code(type_id: i32, codec: Codec, kitex_codes: bool) -> Code {
    match type_id {
        ApplicationException::UNKNOWN_SERVICE | ApplicationException::UNKNOWN_METHOD
            if !kitex_codes =>
        {
            Code::UNIMPLEMENTED
        }
        // Kitex takes Thrift's number for a code.
        ApplicationException::PROTOCOL_ERROR if codec == Codec::Protobuf => Code::INTERNAL,
        ApplicationException::INVALID_PROTOCOL => Code::INTERNAL,
        type_id => Code(type_id.cast_unsigned()),
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0.kind {
            StatusKind::Biz(biz) => biz.fmt(f),
            _ => f.write_str(&self.0.message),
        }
    }
}

impl fmt::Debug for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Status")
            .field("kind", &self.0.kind)
            .field("message", &self.0.message)
            .finish()
    }
}

impl StdError for Status {}

impl From<BizStatus> for Status {
    fn from(biz: BizStatus) -> Self {
        let message = biz.message.clone();
        Self::new(StatusKind::Biz(biz), message)
    }
}

impl From<Error> for Status {
    /// A server that could not be reached is a failed transport to the caller.
    fn from(error: Error) -> Self {
        let kind = if error.is_timeout() {
            StatusKind::Timeout
        } else {
            StatusKind::Transport
        };
        Self::new(kind, error.to_string())
    }
}

/// A business status: an outcome that the application defines, which retries, circuit breakers
/// and statistics of its callers take for a success of the transport.
///
/// `Display` gives Kitex's text, `biz error: code=C, msg=M`.
///
/// # Examples
///
/// ```
/// use polyport::BizStatus;
///
/// let biz = BizStatus::new(404, "not found").with_extra("shelf", "7");
/// assert_eq!(biz.to_string(), "biz error: code=404, msg=not found");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BizStatus {
    /// The application's number; 0 cannot be told from success.
    pub code: i32,
    /// What happened, for people.
    pub message: String,
    /// What else the caller should know.
    pub extra: BTreeMap<String, String>,
}

impl BizStatus {
    /// A business status without extra values.
    #[must_use]
    pub fn new(code: i32, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            extra: BTreeMap::new(),
        }
    }

    /// The same with one more extra value.
    #[must_use]
    pub fn with_extra(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.extra.insert(key.into(), value.into());
        self
    }
}

impl fmt::Display for BizStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "biz error: code={}, msg={}", self.code, self.message)
    }
}

impl StdError for BizStatus {}

/// The error type of a method: [`Status`] itself, or for a method that declares exceptions a
/// generated enum of them and `Status`.
pub trait MethodError: Throws + From<Status> + fmt::Debug + Send + Sync + 'static {
    /// The status inside.
    ///
    /// # Errors
    ///
    /// `self` when it is a declared exception.
    fn into_status(self) -> Result<Status, Self>;

    /// The declared exception's name in the method's `throws`; `None` for a status.
    fn name(&self) -> Option<&'static str>;
}

/// A method that declares nothing throws no field of its result.
impl Throws for Status {
    fn encode_exception(&self, _out: &mut Writer<'_>) {}

    fn decode_exception(
        _kind: WireType,
        _id: i16,
        _input: &mut Reader<'_>,
    ) -> Result<Option<Self>, DecodeError> {
        Ok(None)
    }
}

impl MethodError for Status {
    fn into_status(self) -> Result<Status, Self> {
        Ok(self)
    }

    fn name(&self) -> Option<&'static str> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_failure_is_a_success_on_grpc() {
        for status in [Status::with_code(Code::OK, "bad"), Status::typed(0, "bad")] {
            let (code, text) = status.to_grpc(Codec::Protobuf, true);
            assert_eq!((code, &*text), (Code::UNKNOWN, "bad"));
        }
    }

    /// One row for each kind: what a Thrift peer is told of it.
    #[test]
    fn the_table_to_exceptions() {
        let check = |status: Status, type_id: i32, text: &str| {
            let exception = status.to_exception();
            assert_eq!((exception.type_id, &*exception.message), (type_id, text));
        };
        check(Status::error("bad").of_handler(), 6, "biz error: bad");
        check(Status::error("bad"), 6, "bad");
        check(
            Status::typed(1900, "special").of_handler(),
            1900,
            "special [biz error]",
        );
        check(Status::typed(1900, "special"), 1900, "special");
        let missing = Status::with_code(Code::NOT_FOUND, "no such book");
        check(
            missing.clone(),
            6,
            "rpc error: code = 5 desc = no such book",
        );
        check(
            missing.of_handler(),
            6,
            "biz error: rpc error: code = 5 desc = no such book",
        );
        check(
            Status::from(BizStatus::new(404, "not found")).of_handler(),
            6,
            "biz error: code=404, msg=not found",
        );
        check(
            Status::deadline(),
            6,
            "biz error: context deadline exceeded",
        );
        check(
            Status::panic("biz handler", "S", "m", &"oh").of_handler(),
            6,
            "panic: [happened in biz handler, method=S.m, please check the panic at the server \
             side] oh",
        );
        let remote = Status::remote(&ApplicationException::new(1900, "theirs"));
        check(remote.clone().of_handler(), 6, "biz error: theirs");
        check(remote.forwarded().of_handler(), 1900, "theirs");
        check(Status::transport("gone").of_handler(), 6, "biz error: gone");
        check(
            Status::rejected(&ApplicationException::new(
                20,
                "unknown service X, method m",
            )),
            20,
            "unknown service X, method m",
        );
    }
}
