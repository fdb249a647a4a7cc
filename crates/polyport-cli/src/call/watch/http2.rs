//! Connections of HTTP/2: what is shown is what gRPC puts in it.

use std::future::poll_fn;
use std::sync::Arc;

use bytes::{Buf, Bytes, BytesMut};
use h2::client::SendRequest;
use h2::server::SendResponse;
use h2::{Reason, RecvStream, SendStream};
use http::uri::Authority;
use http::{HeaderMap, Request, Response};
use tokio::net::TcpStream;

use crate::call::watch::log::{Log, Way};

/// What stands before a message: whether it is compressed, and its length.
const PREFIX: usize = 5;

/// Passes on every request to the server at this address, and what answers it.
pub(super) async fn pass(client: TcpStream, server: TcpStream, address: &str, log: &Arc<Log>) {
    if let Err(error) = try_pass(client, server, address, log).await {
        log.note(&format!("HTTP/2 ended: {error}"));
    }
}

async fn try_pass(
    client: TcpStream,
    server: TcpStream,
    address: &str,
    log: &Arc<Log>,
) -> Result<(), h2::Error> {
    let (to_server, connection) = h2::client::handshake(server).await?;
    let worker = Arc::clone(log);
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            worker.note(&format!("HTTP/2 with the server ended: {error}"));
        }
    });
    let mut from_client = h2::server::handshake(client).await?;
    while let Some(request) = from_client.accept().await {
        let (request, respond) = request?;
        let exchange = Exchange {
            to_server: to_server.clone(),
            respond,
            address: address.parse().ok(),
            log: Arc::clone(log),
        };
        tokio::spawn(exchange.pass(request));
    }
    Ok(())
}

/// One request and its answer.
struct Exchange {
    to_server: SendRequest<Bytes>,
    respond: SendResponse<Bytes>,
    address: Option<Authority>,
    log: Arc<Log>,
}

impl Exchange {
    async fn pass(mut self, request: Request<RecvStream>) {
        if let Err(error) = self.try_pass(request).await {
            self.log.note(&format!("the stream ended: {error}"));
            let reason = error.reason().unwrap_or(Reason::CANCEL);
            self.respond.send_reset(reason);
        }
    }

    async fn try_pass(&mut self, request: Request<RecvStream>) -> Result<(), h2::Error> {
        let (mut head, body) = request.into_parts();
        let mut uri = head.uri.into_parts();
        // The relay stands for the server, whose name it is to hear.
        uri.authority = self.address.take().or(uri.authority);
        head.uri = http::Uri::from_parts(uri).unwrap_or_default();
        let path = head.uri.path();
        self.log.lines(Way::Out, &format!("{} {path}", head.method));
        self.log.lines(Way::Out, &fields(&head.headers));
        let mut ready = self.to_server.clone().ready().await?;
        let (answer, sending) = ready.send_request(Request::from_parts(head, ()), false)?;
        let out = pump(body, sending, Way::Out, &self.log);
        let back = back(answer, &mut self.respond, &self.log);
        tokio::pin!(out, back);
        tokio::select! {
            ended = &mut back => ended,
            // The server's word counts, whether it heard all or not.
            _ = &mut out => back.await,
        }
    }
}

async fn back(
    answer: h2::client::ResponseFuture,
    respond: &mut SendResponse<Bytes>,
    log: &Log,
) -> Result<(), h2::Error> {
    let (head, body) = answer.await?.into_parts();
    log.lines(Way::Back, &head.status.to_string());
    log.lines(Way::Back, &fields(&head.headers));
    let ends = body.is_end_stream();
    let sending = respond.send_response(Response::from_parts(head, ()), ends)?;
    if ends {
        return Ok(());
    }
    pump(body, sending, Way::Back, log).await
}

/// Passes on messages and trailers, each as it comes.
async fn pump(
    mut from: RecvStream,
    mut to: SendStream<Bytes>,
    way: Way,
    log: &Log,
) -> Result<(), h2::Error> {
    let mut messages = BytesMut::new();
    while let Some(part) = from.data().await {
        let part = part?;
        messages.extend_from_slice(&part);
        while let Some((flag, message)) = first(&mut messages) {
            log.message(way, flag, &message);
        }
        let size = part.len();
        send(&mut to, part).await?;
        from.flow_control().release_capacity(size)?;
    }
    match from.trailers().await? {
        Some(trailers) => {
            log.lines(way, &fields(&trailers));
            to.send_trailers(trailers)
        }
        None => to.send_data(Bytes::new(), true),
    }
}

/// Sends as much as the peer takes, when it takes it.
async fn send(to: &mut SendStream<Bytes>, mut part: Bytes) -> Result<(), h2::Error> {
    while !part.is_empty() {
        to.reserve_capacity(part.len());
        let room = poll_fn(|cx| to.poll_capacity(cx)).await;
        let room = room.unwrap_or(Err(Reason::CANCEL.into()))?;
        to.send_data(part.split_to(room.min(part.len())), false)?;
    }
    Ok(())
}

/// The first message, if it is all there.
fn first(messages: &mut BytesMut) -> Option<(u8, Bytes)> {
    let (&flag, length) = messages.get(..PREFIX)?.split_first()?;
    let length = u32::from_be_bytes(length.try_into().ok()?);
    let size = PREFIX.checked_add(length.try_into().ok()?)?;
    if messages.len() < size {
        return None;
    }
    let mut message = messages.split_to(size);
    message.advance(PREFIX);
    Some((flag, message.freeze()))
}

fn fields(headers: &HeaderMap) -> String {
    let lines = headers.iter().map(|(name, value)| {
        let value = String::from_utf8_lossy(value.as_bytes());
        format!("{name}: {}\n", value.escape_debug())
    });
    lines.collect()
}
