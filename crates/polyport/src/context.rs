//! What a handler or a layer can ask about the call it serves.

use std::net::SocketAddr;
use std::sync::Arc;

use http::Extensions;
use http::header::{HeaderMap, HeaderName};
use polyport_wire::schema::CallKind;
use polyport_wire::transport::{Codec, Transport};
use polyport_wire::ttheader::{Header, keys};
use tokio::time::Instant;

use crate::code::Code;
use crate::http2::headers;
use crate::metadata::Metadata;
use crate::route::{MethodInfo, RouteReason};
use crate::status::Status;

/// The facts of one call, and what goes back beside its answer.
///
/// | | Buffered, Framed | TTHeader | gRPC | a client's layer |
/// | --- | --- | --- | --- | --- |
/// | service, package, method, kind, codec | yes | yes | yes | of the method that is called |
/// | transport | yes | yes | yes | that of the request |
/// | reason | never `Named` nor `Alias` but for `Service:method` | yes | `Named`, `Alias`, `Unknown`, or `Fallback` for a name that several services share | `Named`, or `Method` when the name is not sent |
/// | caller | empty | if sent | if sent | the client's own name |
/// | caller's method | empty | if sent | if sent | that of the call [within](crate::client::ClientCall::within) which it is made |
/// | callee | empty | if sent | if sent | the service |
/// | address | none | none | none | as the client was told |
/// | peer | the socket's | the socket's | the socket's | the server's, when its address is no name |
/// | real peer | none | `rip` | `x-forwarded-for` | none |
/// | deadline | none | if the client sends its timeout | the same | of the call's own time, and the one within |
/// | sequence | the client's | the client's | 0 | 0: it is not sent yet |
/// | metadata in | none | yes | yes; keys lose their case | what goes out |
/// | metadata back | none | yes | yes | in the [`Reply`](crate::Reply) |
/// | trailers | none | none | yes | in the `Reply`, beside the other metadata |
/// | extensions | what layers leave | the same | the same | the same |
///
/// # Examples
///
/// ```
/// use polyport::Context;
///
/// fn who(cx: &mut Context) -> String {
///     cx.reply_metadata().insert("served-by", "replica-3");
///     format!("{}/{} for {}", cx.service(), cx.method(), cx.caller())
/// }
/// ```
#[derive(Clone, Debug)]
pub struct Context {
    /// Each layer is given the context, so that it is moved often.
    pub(crate) facts: Box<Facts>,
}

/// What a [`Context`] knows.
#[derive(Clone, Debug)]
pub(crate) struct Facts {
    pub(crate) target: Arc<MethodInfo>,
    pub(crate) reason: RouteReason,
    pub(crate) transport: Transport,
    pub(crate) peer: Option<SocketAddr>,
    pub(crate) sequence: i32,
    pub(crate) deadline: Option<Instant>,
    pub(crate) head: Head,
    pub(crate) metadata: Metadata,
    pub(crate) reply_metadata: Metadata,
    pub(crate) reply_trailers: Metadata,
    pub(crate) extensions: Extensions,
}

/// What stood before the request.
#[derive(Clone, Debug)]
pub(crate) enum Head {
    None,
    TtHeader(Header),
    Http2(HeaderMap),
    /// Nothing: the call is on its way out.
    Client {
        caller: String,
        caller_method: String,
        address: Arc<str>,
    },
}

impl Context {
    pub(crate) fn new(facts: Facts) -> Self {
        Self {
            facts: Box::new(facts),
        }
    }

    /// The name of the service that answers, as its IDL writes it.
    #[must_use]
    pub fn service(&self) -> &str {
        &self.facts.target.service
    }

    /// The service's namespace or package; may be empty.
    #[must_use]
    pub fn package(&self) -> &str {
        &self.facts.target.package
    }

    /// The method's name, as the IDL writes it.
    #[must_use]
    pub fn method(&self) -> &str {
        &self.facts.target.method
    }

    /// What a method answers until somebody writes it: gRPC's code 12, and a text with its name.
    ///
    /// # Examples
    ///
    /// ```
    /// # use polyport::{Context, Status};
    /// async fn cancel(cx: &mut Context, _order: i64) -> Result<(), Status> {
    ///     Err(cx.not_implemented())
    /// }
    /// ```
    #[must_use]
    pub fn not_implemented(&self) -> Status {
        let text = format!("{}.{} is not implemented", self.service(), self.method());
        Status::with_code(Code::UNIMPLEMENTED, text)
    }

    /// Whether the call is unary, one-way or a stream.
    #[must_use]
    pub fn kind(&self) -> CallKind {
        self.facts.target.kind
    }

    /// How the call's messages are written.
    #[must_use]
    pub fn codec(&self) -> Codec {
        self.facts.target.codec
    }

    /// Why this service answers.
    #[must_use]
    pub fn reason(&self) -> RouteReason {
        self.facts.reason
    }

    /// How the call came in.
    #[must_use]
    pub fn transport(&self) -> Transport {
        self.facts.transport
    }

    /// The name that the client gives itself; empty when it gives none.
    #[must_use]
    pub fn caller(&self) -> &str {
        match &self.facts.head {
            Head::Client { caller, .. } => caller,
            _ => self.head(keys::FROM_SERVICE, &headers::SOURCE_SERVICE),
        }
    }

    /// The method in which the client makes this call; empty when it does not say.
    #[must_use]
    pub fn caller_method(&self) -> &str {
        match &self.facts.head {
            Head::Client { caller_method, .. } => caller_method,
            _ => self.head(keys::FROM_METHOD, &headers::SOURCE_METHOD),
        }
    }

    /// The name under which the client knows this server; empty when it does not say.
    #[must_use]
    pub fn callee(&self) -> &str {
        match &self.facts.head {
            Head::Client { .. } => self.service(),
            _ => self.head(keys::TO_SERVICE, &headers::DESTINATION_SERVICE),
        }
    }

    /// The address that a client calls, as it was told; `None` on a server.
    #[must_use]
    pub fn address(&self) -> Option<&str> {
        match &self.facts.head {
            Head::Client { address, .. } => Some(address),
            _ => None,
        }
    }

    /// The other end of the connection; `None` for one in memory, and on a client whose server's
    /// address is a name.
    #[must_use]
    pub fn peer(&self) -> Option<SocketAddr> {
        self.facts.peer
    }

    /// The client's address as a proxy in front of this server saw it, if there is one that says: in
    /// TTHeader's `rip`, or in HTTP/2's `x-forwarded-for`, of which it is the first entry. Anybody can
    /// say so, so it means something only behind a proxy of one's own.
    #[must_use]
    pub fn real_peer(&self) -> Option<&str> {
        match &self.facts.head {
            Head::TtHeader(header) => text(header.string(keys::REMOTE_ADDRESS)?),
            Head::Http2(headers) => {
                let hops = headers::text(headers, &headers::FORWARDED_FOR)?;
                hops.split(',').map(str::trim).find(|hop| !hop.is_empty())
            }
            Head::None | Head::Client { .. } => None,
        }
    }

    /// When the client stops waiting, or the time is over that the server, the service or the method
    /// allows, if that is sooner. The handler is dropped then. On a client: when the call must be done.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        self.facts.deadline
    }

    /// The number by which the client tells its calls apart.
    #[must_use]
    pub fn sequence(&self) -> i32 {
        self.facts.sequence
    }

    /// What came beside the request; on a client, what goes out beside it.
    #[must_use]
    pub fn metadata(&self) -> &Metadata {
        &self.facts.metadata
    }

    /// The same, for layers to change: a server's handler sees what they leave, and a client sends
    /// it.
    pub fn metadata_mut(&mut self) -> &mut Metadata {
        &mut self.facts.metadata
    }

    /// What goes back beside the answer, where the transport can carry it. It goes when the handler
    /// has returned: behind the answers of a stream, as trailers, if any are out by then. What is to go
    /// before them is for [`Sink::add_headers`](crate::Sink::add_headers). On a client this is of no
    /// use: what came back is in the [`Reply`](crate::Reply).
    pub fn reply_metadata(&mut self) -> &mut Metadata {
        &mut self.facts.reply_metadata
    }

    /// What goes back behind the answers, which only HTTP/2 can carry.
    pub fn reply_trailers(&mut self) -> &mut Metadata {
        &mut self.facts.reply_trailers
    }

    /// What layers have left here for those behind them, by its type. Nothing of it goes over the
    /// wire.
    #[must_use]
    pub fn extensions(&self) -> &Extensions {
        &self.facts.extensions
    }

    /// The same, to leave something. It takes memory only when there is something.
    ///
    /// # Examples
    ///
    /// ```
    /// use polyport::Context;
    ///
    /// /// Whom a layer has found out to be the user.
    /// #[derive(Clone, Debug)]
    /// struct User(String);
    ///
    /// fn leave(cx: &mut Context) {
    ///     cx.extensions_mut().insert(User("ada".to_owned()));
    /// }
    ///
    /// fn user(cx: &Context) -> Option<&User> {
    ///     cx.extensions().get()
    /// }
    /// ```
    pub fn extensions_mut(&mut self) -> &mut Extensions {
        &mut self.facts.extensions
    }

    /// A fact that TTHeader has under a number and HTTP/2 under a name; may be empty.
    fn head(&self, number: u16, name: &HeaderName) -> &str {
        let fact = match &self.facts.head {
            Head::None | Head::Client { .. } => None,
            Head::TtHeader(header) => header.int(number).and_then(text),
            Head::Http2(headers) => headers::text(headers, name),
        };
        fact.unwrap_or_default()
    }
}

fn text(bytes: &[u8]) -> Option<&str> {
    std::str::from_utf8(bytes).ok()
}
