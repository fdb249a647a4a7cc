//! A client's HTTP/2 connections, on which each call has a stream.

pub(super) mod asking;
pub(super) mod call;
pub(super) mod replies;
pub(super) mod requests;
pub(super) mod deadline;
mod slot;
mod working;

use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use h2::SendStream;
use h2::client::{Builder, ResponseFuture, SendRequest};
use http::Request;
use tokio::io::{AsyncRead, AsyncWrite};

use crate::client::http2::slot::Slot;
use crate::client::http2::working::Working;
use crate::client::options::{ClientOptions, Connections};
use crate::client::pool;
use crate::error::Error;
use crate::http2::incoming::broken;
use crate::http2::io::Io;
use crate::status::Status;

/// What a server may send of one answer before it must wait for its caller.
const STREAM_WINDOW: u32 = 1024 * 1024;

/// The same of all answers: as much as HTTP/2 allows, so that callers who do not read hold up no
/// others. What waits is bounded by the streams that the callers opened.
const CONNECTION_WINDOW: u32 = (1 << 31) - 1;

/// The connections to one address, used in turn.
#[derive(Debug)]
pub(in crate::client) struct Http2 {
    options: ClientOptions,
    slots: Vec<Slot>,
    next: AtomicUsize,
}

/// A stream that was opened: the answer to come, and the way to send more.
pub(super) type Stream = (ResponseFuture, SendStream<Bytes>);

impl Http2 {
    /// Connections that are made when they are used.
    pub(super) fn new(options: &ClientOptions) -> Self {
        let connections = match options.connections {
            Connections::Multiplexed { connections } => connections.max(1),
            Connections::Pooled { .. } => 1,
            Connections::Short => 0,
        };
        Self {
            options: options.clone(),
            slots: std::iter::repeat_with(Slot::default)
                .take(connections)
                .collect(),
            next: AtomicUsize::new(0),
        }
    }

    /// Connects once, to find out at once whether the server is there.
    pub(super) async fn connect(options: &ClientOptions) -> Result<Self, Error> {
        let http2 = Self::new(options);
        let sender = connect(options).await?;
        if let Some(slot) = http2.slots.first() {
            slot.fill(sender);
        }
        Ok(http2)
    }

    /// Opens a stream with this request; when the connection turns out to have ended, on a new one.
    pub(super) async fn open(&self, request: &Request<()>) -> Result<Stream, Status> {
        let mut ended = None;
        let slot = self.slot();
        loop {
            let (sender, generation) = match slot {
                Some(slot) => slot.sender(&self.options, ended).await?,
                None => (connect(&self.options).await?, 0),
            };
            let opened = match sender.ready().await {
                Ok(mut sender) => sender.send_request(request.clone(), false),
                Err(error) => Err(error),
            };
            match opened {
                Ok(stream) => return Ok(stream),
                Err(_) if ended.is_none() => ended = Some(generation),
                Err(error) => return Err(broken(&error)),
            }
        }
    }

    fn slot(&self) -> Option<&Slot> {
        let next = self.next.fetch_add(1, Ordering::Relaxed);
        self.slots.get(next.checked_rem(self.slots.len())?)
    }
}

async fn connect(options: &ClientOptions) -> Result<SendRequest<Bytes>, Error> {
    match &options.server {
        Some(server) => shake_hands(server.connect(), options).await,
        None => shake_hands(pool::connect(options).await?, options).await,
    }
}

/// Begins HTTP/2.
async fn shake_hands<S>(socket: S, options: &ClientOptions) -> Result<SendRequest<Bytes>, Error>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let limits = &options.limits;
    let io = Io::of_server(socket, limits.resets);
    let (sender, connection) = Builder::new()
        .initial_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_header_list_size(limits.header_list)
        .max_frame_size(64 * 1024)
        .enable_push(false)
        .handshake(io.clone())
        .await
        .map_err(|error| Error::connect(&options.address, std::io::Error::other(error)))?;
    let working = Working { io, connection };
    tokio::spawn(working.work(options.clone()));
    Ok(sender)
}
