//! What a server sends back on one stream: headers, messages, and how it ended.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Weak};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use h2::Reason;
use h2::client::ResponseFuture;
use http::header::{CONTENT_TYPE, HeaderMap};
use http::{Response, StatusCode};
use polyport_wire::error::DecodeError;
use polyport_wire::grpc;

use crate::client::http2::deadline::Deadline;
use crate::code::Code;
use crate::http2::compression::Compression;
use crate::http2::headers;
use crate::http2::incoming::{Incoming, broken};
use crate::metadata::Metadata;
use crate::status::{BizStatus, Status};
use crate::stream::Source;

/// The answers to one request.
pub(in crate::client) struct Replies {
    state: State,
    limit: usize,
    deadline: Option<Deadline>,
    /// Tells that somebody has this, where it matters.
    alive: Option<Arc<()>>,
    headers: Metadata,
    trailers: Option<Metadata>,
    /// Whether the server says that it has not looked at the request.
    is_refused: bool,
}

enum State {
    Waiting(ResponseFuture),
    Reading(Incoming),
    Ended,
}

impl Replies {
    pub(super) fn new(response: ResponseFuture, limit: usize, deadline: Option<Deadline>) -> Self {
        Self {
            state: State::Waiting(response),
            limit,
            deadline,
            alive: None,
            headers: Metadata::default(),
            trailers: None,
            is_refused: false,
        }
    }

    /// Tells for how long somebody has this.
    pub(super) fn alive(&mut self) -> Weak<()> {
        Arc::downgrade(self.alive.get_or_insert_default())
    }

    /// Whether the request can be sent again without being served twice.
    pub(super) fn is_refused(&self) -> bool {
        self.is_refused
    }

    /// Everything that came beside the messages.
    pub(super) fn into_metadata(self) -> Metadata {
        let mut metadata = self.headers;
        metadata.extend(self.trailers.unwrap_or_default());
        metadata
    }

    /// Waits for the headers.
    fn poll_begun(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Status>> {
        let State::Waiting(response) = &mut self.state else {
            return Poll::Ready(Ok(()));
        };
        let response = ready!(Pin::new(response).poll(cx)).map_err(|error| {
            // Streams above the last one of a GOAWAY end with it; the others go on.
            let reason = error.reason() == Some(Reason::REFUSED_STREAM);
            self.is_refused = error.is_remote() && (error.is_go_away() || reason);
            broken(&error)
        })?;
        let (parts, body) = response.into_parts();
        let parts = Response::from_parts(parts, ());
        let response_headers = parts.headers();
        if response_headers.contains_key(&headers::GRPC_STATUS) {
            // The headers are the trailers: there is nothing between them. They count whatever HTTP says.
            self.trailers = Some(headers::metadata(response_headers));
            self.state = State::Ended;
            return Poll::Ready(status(response_headers).map_or(Ok(()), Err));
        }
        check_http(&parts)?;
        self.headers = headers::metadata(response_headers);
        let encoding = headers::text(response_headers, &headers::GRPC_ENCODING);
        let compression = Compression::named(encoding.unwrap_or_default());
        self.state = State::Reading(Incoming::new(body, compression, self.limit));
        Poll::Ready(Ok(()))
    }

    fn poll_message(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Bytes>, Status>> {
        ready!(self.poll_begun(cx))?;
        let State::Reading(incoming) = &mut self.state else {
            return Poll::Ready(Ok(None));
        };
        if let Some(message) = ready!(incoming.poll_message(cx))? {
            return Poll::Ready(Ok(Some(message)));
        }
        let trailers = ready!(incoming.poll_trailers(cx))?;
        let Some(trailers) = trailers else {
            let text = "the server closed the stream without sending trailers";
            return Poll::Ready(Err(Status::with_code(Code::INTERNAL, text)));
        };
        self.trailers = Some(headers::metadata(&trailers));
        match status(&trailers) {
            None => Poll::Ready(Ok(None)),
            Some(status) => Poll::Ready(Err(status)),
        }
    }

    /// Gives up when time runs out, and remembers how the stream ended.
    fn within_time<T>(
        &mut self,
        cx: &mut Context<'_>,
        poll: Poll<Result<T, Status>>,
    ) -> Poll<Result<T, Status>> {
        let outcome = match poll {
            Poll::Ready(outcome) => outcome.map_err(|status| self.or_late(status)),
            Poll::Pending => match &mut self.deadline {
                Some(deadline) => Err(ready!(deadline.poll_late(cx))),
                None => return Poll::Pending,
            },
        };
        if outcome.is_err() {
            self.state = State::Ended;
        }
        Poll::Ready(outcome)
    }

    /// The server was told the time as well, and may have given up in the same moment: grpc-go's
    /// cancels the stream then.
    fn or_late(&self, status: Status) -> Status {
        let given_up = [Code::DEADLINE_EXCEEDED, Code::CANCELLED].map(Some);
        match &self.deadline {
            // A business status has a code of its own choice.
            Some(deadline)
                if status.biz().is_none()
                    && given_up.contains(&status.code())
                    && deadline.has_passed() =>
            {
                deadline.late()
            }
            _ => status,
        }
    }
}

impl Source for Replies {
    fn poll_receive(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Bytes>, Status>> {
        let poll = self.poll_message(cx);
        self.within_time(cx, poll)
    }

    fn poll_headers(&mut self, cx: &mut Context<'_>) -> Poll<Result<Metadata, Status>> {
        let poll = self.poll_begun(cx);
        ready!(self.within_time(cx, poll))?;
        Poll::Ready(Ok(self.headers.clone()))
    }

    fn trailers(&mut self) -> Option<Metadata> {
        self.trailers.clone()
    }

    fn broken(&self, error: &DecodeError) -> Status {
        Status::transport(format!("the reply is broken: {error}"))
    }
}

/// An answer that is not gRPC's comes from something between, or from no gRPC server at all (grpc
/// `doc/http-grpc-status-mapping.md`).
fn check_http(response: &Response<()>) -> Result<(), Status> {
    let code = match response.status() {
        StatusCode::OK => {
            let content_type = headers::text(response.headers(), &CONTENT_TYPE);
            return match content_type.and_then(grpc::codec) {
                Some(_) => Ok(()),
                None => {
                    let text = format!(
                        "the answer is not gRPC: its content type is {}",
                        content_type.unwrap_or("missing")
                    );
                    Err(Status::with_code(Code::UNKNOWN, text))
                }
            };
        }
        StatusCode::BAD_REQUEST => Code::INTERNAL,
        StatusCode::UNAUTHORIZED => Code::UNAUTHENTICATED,
        StatusCode::FORBIDDEN => Code::PERMISSION_DENIED,
        StatusCode::NOT_FOUND => Code::UNIMPLEMENTED,
        StatusCode::TOO_MANY_REQUESTS
        | StatusCode::BAD_GATEWAY
        | StatusCode::SERVICE_UNAVAILABLE
        | StatusCode::GATEWAY_TIMEOUT => Code::UNAVAILABLE,
        _ => Code::UNKNOWN,
    };
    let text = format!("the answer is not gRPC: HTTP status {}", response.status());
    Err(Status::with_code(code, text))
}

/// A code as text, which from Kitex may be negative.
fn parse_code(text: &str) -> Option<Code> {
    let number = match text.parse::<i32>() {
        Ok(number) => number.cast_unsigned(),
        Err(_) => text.parse().ok()?,
    };
    Some(Code(number))
}

/// The code in trailers, or what stands there instead.
fn code(trailers: &HeaderMap) -> Result<Code, String> {
    let Some(value) = trailers.get(&headers::GRPC_STATUS) else {
        return Err(
            "the server ended the stream with trailers that have no grpc-status".to_owned(),
        );
    };
    let code = value.to_str().ok().and_then(parse_code);
    code.ok_or_else(|| format!("the server ended the stream with grpc-status {value:?}, no number"))
}

/// What trailers say went wrong, if anything did.
fn status(trailers: &HeaderMap) -> Option<Status> {
    let code = code(trailers);
    let message = trailers
        .get(&headers::GRPC_MESSAGE)
        .map(|value| grpc::decode_text(value.as_bytes()))
        .unwrap_or_default();
    let details = trailers
        .get(&headers::GRPC_DETAILS)
        .and_then(headers::from_binary)
        .unwrap_or_default();
    let biz = headers::text(trailers, &headers::BIZ_STATUS).and_then(|code| code.parse().ok());
    let status = match (biz, code) {
        (Some(biz), code) => {
            let extra = headers::text(trailers, &headers::BIZ_EXTRA)
                .and_then(|json| serde_json::from_str(json).ok())
                .unwrap_or_default();
            let biz = BizStatus {
                code: biz,
                message,
                extra,
            };
            let status = Status::from(biz);
            match code.ok().filter(|code| *code != Code::OK) {
                Some(code) => status.with_biz_code(code),
                None => status,
            }
        }
        (None, Ok(Code::OK)) => return None,
        (None, Ok(code)) => Status::with_code(code, message),
        (None, Err(text)) => return Some(Status::with_code(Code::UNKNOWN, text)),
    };
    Some(status.with_details(details))
}
