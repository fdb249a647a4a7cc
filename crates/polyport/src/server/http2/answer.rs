//! The answer to one request over HTTP/2: headers, messages, trailers.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker, ready};

use bytes::{Bytes, BytesMut};
use h2::server::SendResponse;
use h2::{Reason, SendStream};
use http::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use http::{Response, StatusCode};
use polyport_wire::grpc;
use polyport_wire::transport::Codec;

use crate::call::Message;
use crate::code::Code;
use crate::http2::compression::{ACCEPTED, Compression};
use crate::http2::headers;
use crate::http2::incoming::broken;
use crate::http2::outgoing::{ended, poll_capacity};
use crate::metadata::Metadata;
use crate::server::http2::waiting::Waiting;
use crate::status::Status;
use crate::stream::{Encode, Outlet};

/// Room for a small message with its prefix.
const SMALL: usize = 128;

/// Room for those that come behind the first one.
const MORE: usize = 4 * 1024;

/// So much of small messages goes out together: with the last of them not more than a frame of
/// HTTP/2 has at most.
const TOGETHER: usize = 16 * 1024 - SMALL;

/// The only answer of a call is given up when it is larger than this and nobody takes it: its memory is
/// kept until then.
const UNWATCHED: usize = 4 * 1024;

/// Who has taken so much of a large answer means to take the rest.
const PROGRESS: usize = 64 * 1024;

/// So much of a status text is sent: peers take no more than a few KiB of headers, and each byte may
/// become three.
const LONGEST_TEXT: usize = 2 * 1024;

/// An answer on its way.
pub(super) struct Answer {
    state: State,
    /// Messages that go out when the handler waits, or when there are enough of them.
    messages: BytesMut,
    /// How much of the only answer was taken since that was last told.
    taken: usize,
    /// The task that sends them, when it is not at work.
    idle: Option<Waker>,
    waiting: Waiting,
    /// What goes out before the first message.
    headers: HeaderMap,
    pub(super) compression: Compression,
    pub(super) codec: Codec,
    limit: usize,
    /// Whether Kitex's codes stand for what is unknown.
    kitex_codes: bool,
}

/// What became of the only answer of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Taken {
    /// The client has room for all of it.
    All,
    /// It has taken some more, and there is more.
    Part,
}

enum State {
    /// Nothing is out.
    Silent(SendResponse<Bytes>),
    /// The headers are.
    Open(SendStream<Bytes>),
    Ended,
}

impl Answer {
    pub(super) fn new(
        respond: SendResponse<Bytes>,
        content_type: HeaderValue,
        limit: usize,
        kitex_codes: bool,
    ) -> Self {
        let mut headers = HeaderMap::with_capacity(4);
        headers.insert(CONTENT_TYPE, content_type);
        Self {
            state: State::Silent(respond),
            messages: BytesMut::new(),
            taken: 0,
            idle: None,
            waiting: Waiting::default(),
            headers,
            compression: Compression::Identity,
            codec: Codec::Protobuf,
            limit,
            kitex_codes,
        }
    }

    /// The task begins to work: what a handler sends from now on waits until it has done all it can.
    pub(super) fn begin_turn(&mut self) {
        self.idle = None;
    }

    /// The handler waits: sends what there is. Ready when the client gives up the stream.
    pub(super) fn poll_end_turn(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.flush();
        self.idle = Some(cx.waker().clone());
        self.poll_reset(cx)
    }

    /// Ready when the client gives up the stream.
    pub(super) fn poll_reset(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let waker = self.waiting.serve(cx.waker());
        let cx = &mut Context::from_waker(&waker);
        match &mut self.state {
            State::Silent(respond) => respond.poll_reset(cx).map(|_| ()),
            State::Open(stream) => stream.poll_reset(cx).map(|_| ()),
            State::Ended => Poll::Pending,
        }
    }

    /// Begins to send what a method gave back. The end is still to be sent, and goes with it if the
    /// client has room.
    pub(super) fn message(&mut self, metadata: &Metadata, message: &Message) -> Result<(), Status> {
        let codec = self.codec;
        self.open(metadata)?;
        self.append(&mut |out| message.encode(codec, out))
    }

    /// Ready when the client has room for all that is left of the only answer, or has taken a good part
    /// of it. What it has no room for waits here, because nothing tells what becomes of it elsewhere.
    pub(super) fn poll_taken(&mut self, cx: &mut Context<'_>) -> Poll<Taken> {
        let State::Open(stream) = &mut self.state else {
            return Poll::Ready(Taken::All);
        };
        loop {
            let left = self.messages.len();
            if left <= UNWATCHED {
                return Poll::Ready(Taken::All);
            }
            stream.reserve_capacity(left);
            let room = stream.capacity();
            if room >= left {
                return Poll::Ready(Taken::All);
            }
            if room > 0 {
                let part = self.messages.split_to(room).freeze();
                self.taken += room;
                if stream.send_data(part, false).is_err() {
                    // The stream is gone, which will be noticed.
                    return Poll::Ready(Taken::All);
                }
                if self.taken >= PROGRESS {
                    self.taken = 0;
                    return Poll::Ready(Taken::Part);
                }
            } else if ready!(poll_capacity(stream, cx)).is_err() {
                return Poll::Ready(Taken::All);
            }
        }
    }

    /// Gives up what nobody takes.
    pub(super) fn give_up(&mut self) {
        if let State::Open(mut stream) = std::mem::replace(&mut self.state, State::Ended) {
            stream.send_reset(Reason::CANCEL);
        }
    }

    /// Ends the stream: with success, or with what went wrong.
    pub(super) fn finish(&mut self, status: Option<&Status>, metadata: &Metadata) {
        let trailers = self.trailers(status, metadata);
        self.flush();
        self.waiting.end();
        match std::mem::replace(&mut self.state, State::Ended) {
            State::Silent(mut respond) => {
                let mut headers = std::mem::take(&mut self.headers);
                headers.extend(trailers);
                // The stream may be gone, which its client knows.
                let _ = respond.send_response(response(headers), true);
            }
            State::Open(mut stream) => {
                let _ = stream.send_trailers(trailers);
            }
            State::Ended => {}
        }
    }

    /// Answers a request that is not gRPC; the text may be none.
    pub(super) fn refuse(&mut self, status: StatusCode, text: &'static str) {
        let State::Silent(mut respond) = std::mem::replace(&mut self.state, State::Ended) else {
            return;
        };
        let mut response = Response::new(());
        *response.status_mut() = status;
        let plain = HeaderValue::from_static("text/plain; charset=utf-8");
        response.headers_mut().insert(CONTENT_TYPE, plain);
        let sent = respond.send_response(response, text.is_empty());
        if let Ok(mut stream) = sent
            && !text.is_empty()
        {
            let _ = stream.send_data(Bytes::from_static(text.as_bytes()), true);
        }
    }

    /// Adds headers, as long as they are not out.
    pub(super) fn add_headers(&mut self, metadata: &Metadata) -> bool {
        let silent = matches!(self.state, State::Silent(_));
        if silent {
            headers::put_reply(metadata, &mut self.headers);
        }
        silent
    }

    /// Sends the headers, unless they are out.
    fn open(&mut self, metadata: &Metadata) -> Result<(), Status> {
        self.add_headers(metadata);
        let State::Silent(respond) = &mut self.state else {
            return Ok(());
        };
        let mut headers = std::mem::take(&mut self.headers);
        if let Some(name) = self.compression.name() {
            headers.insert(headers::GRPC_ENCODING, HeaderValue::from_static(name));
        }
        let stream = respond
            .send_response(response(headers), false)
            .map_err(|error| broken(&error))?;
        self.state = State::Open(stream);
        Ok(())
    }

    /// Sends one message, as soon as the client takes more.
    fn poll_send(
        &mut self,
        encode: &mut Encode<'_>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), Status>> {
        // Behind others it is sent with them: the first of them has waited.
        if self.messages.is_empty() {
            ready!(self.poll_capacity(cx))?;
        }
        Poll::Ready(self.send(encode))
    }

    fn poll_capacity(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Status>> {
        self.open(&Metadata::default())?;
        let State::Open(stream) = &mut self.state else {
            return Poll::Ready(Err(ended()));
        };
        if stream.capacity() > 0 {
            return Poll::Ready(Ok(()));
        }
        if self.idle.is_none() {
            // The stream's task is at work, and will say again that it waits. Until then h2 would wake
            // it for the room that is asked for here.
            let _ = stream.poll_reset(&mut Context::from_waker(Waker::noop()));
        }
        let waker = self.waiting.send(cx.waker());
        let ready = poll_capacity(stream, &mut Context::from_waker(&waker));
        if ready.is_ready() {
            self.waiting.sent();
        }
        ready
    }

    /// Sends one message, or lets it wait for those that go out with it; the headers are out.
    fn send(&mut self, encode: &mut Encode<'_>) -> Result<(), Status> {
        self.append(encode)?;
        if self.messages.len() >= TOGETHER {
            self.flush();
        } else if let Some(task) = self.idle.take() {
            // The sink is used by another task than that of the stream.
            task.wake();
        }
        Ok(())
    }

    /// Appends one message to those that go out together.
    fn append(&mut self, encode: &mut Encode<'_>) -> Result<(), Status> {
        if !matches!(self.state, State::Open(_)) {
            return Err(ended());
        }
        self.make_room();
        let (compression, limit) = (self.compression, self.limit);
        let encoded = compression.encode(limit, &mut self.messages, encode);
        encoded.map_err(|error| {
            let text = format!("the reply cannot be sent: {error}");
            Status::with_code(Code::RESOURCE_EXHAUSTED, text)
        })
    }

    fn make_room(&mut self) {
        if self.messages.capacity() - self.messages.len() < SMALL {
            let is_first = self.messages.is_empty();
            self.messages.reserve(if is_first { SMALL } else { MORE });
        }
    }

    /// Gives the messages to the connection.
    fn flush(&mut self) {
        let State::Open(stream) = &mut self.state else {
            return;
        };
        if !self.messages.is_empty() {
            // The stream may be gone, which its task is told.
            let _ = stream.send_data(self.messages.split().freeze(), false);
        }
    }

    fn trailers(&self, status: Option<&Status>, metadata: &Metadata) -> HeaderMap {
        let mut trailers = HeaderMap::with_capacity(4);
        let Some(status) = status else {
            trailers.insert(headers::GRPC_STATUS, HeaderValue::from_static("0"));
            trailers.insert(headers::GRPC_MESSAGE, HeaderValue::from_static(""));
            headers::put_reply(metadata, &mut trailers);
            return trailers;
        };
        let (code, text) = status.to_grpc(self.codec, self.kitex_codes);
        trailers.insert(headers::GRPC_STATUS, HeaderValue::from(code.0));
        let text = headers::value(&grpc::encode_text(beginning(&text)));
        trailers.insert(headers::GRPC_MESSAGE, text);
        if let Some(biz) = status.biz() {
            trailers.insert(headers::BIZ_STATUS, HeaderValue::from(biz.code));
            if !biz.extra.is_empty() {
                let extra = serde_json::to_string(&biz.extra).unwrap_or_default();
                trailers.insert(headers::BIZ_EXTRA, headers::value(&headers::ascii(&extra)));
            }
        }
        if !status.details().is_empty() {
            trailers.insert(headers::GRPC_DETAILS, headers::binary(status.details()));
        }
        if code == Code::UNIMPLEMENTED {
            // A client whose compression is not spoken here learns what is.
            let accepted = HeaderValue::from_static(ACCEPTED);
            trailers.insert(headers::GRPC_ACCEPT_ENCODING, accepted);
        }
        headers::put_reply(metadata, &mut trailers);
        trailers
    }
}

/// As much of a text as is sent.
fn beginning(text: &str) -> &str {
    let mut end = text.len().min(LONGEST_TEXT);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

fn response(headers: HeaderMap) -> Response<()> {
    let mut response = Response::new(());
    *response.headers_mut() = headers;
    response
}

#[cold]
fn late_headers() -> Status {
    Status::error("the headers are out already")
}

/// An answer that the handler's sink and the driver share.
#[derive(Clone)]
pub(super) struct SharedAnswer(Arc<Mutex<Answer>>);

impl SharedAnswer {
    pub(super) fn new(answer: Answer) -> Self {
        Self(Arc::new(Mutex::new(answer)))
    }

    /// Nobody holds it for longer than one message takes.
    pub(super) fn lock(&self) -> MutexGuard<'_, Answer> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Outlet for SharedAnswer {
    fn poll_send(
        &mut self,
        encode: &mut Encode<'_>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), Status>> {
        self.lock().poll_send(encode, cx)
    }

    fn set_header(&mut self, key: &str, value: &str) -> Result<(), Status> {
        let mut answer = self.lock();
        if !matches!(answer.state, State::Silent(_)) {
            return Err(late_headers());
        }
        if headers::put(key.as_bytes(), value.as_bytes(), &mut answer.headers) {
            Ok(())
        } else {
            let text = format!("{key} cannot be a header: HTTP allows no such name or value");
            Err(Status::error(text))
        }
    }

    fn add_headers(&mut self, metadata: &Metadata) -> Result<(), Status> {
        match self.lock().add_headers(metadata) {
            true => Ok(()),
            false => Err(late_headers()),
        }
    }

    fn send_headers(&mut self) -> Result<(), Status> {
        let mut answer = self.lock();
        match answer.state {
            State::Ended => Err(ended()),
            _ => answer.open(&Metadata::default()),
        }
    }

    /// The handler's return ends the stream.
    fn finish(&mut self) -> Result<(), Status> {
        Ok(())
    }
}
