//! What makes a client's connection work, and ends it when nobody is at its other end.

use std::future::{Future, pending, poll_fn};
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use h2::client::Connection;
use h2::{Ping, PingPong};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{sleep, timeout};

use crate::client::options::{ClientOptions, KeepAlive};
use crate::http2::io::Io;

/// A connection that has begun.
pub(super) struct Working<S> {
    pub(super) io: Io<S>,
    pub(super) connection: Connection<Io<S>, Bytes>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Working<S> {
    /// Works until the connection ends, which it does when nobody has the sender or a stream any
    /// more, or when the server is no HTTP/2 server or is gone.
    pub(super) async fn work(mut self, options: ClientOptions) {
        let pings = self.connection.ping_pong();
        let io = &self.io;
        let mut connection = pin!(self.connection);
        let working = poll_fn(|cx| {
            let ended = connection.as_mut().poll(cx);
            if let Poll::Ready(ended) = ended {
                return Poll::Ready(ended.map_err(|error| error.to_string()));
            }
            if let Some(flood) = io.flood() {
                return Poll::Ready(Err(format!("the server sends too many {flood}")));
            }
            match io.poll_written(cx) {
                Poll::Ready(Err(error)) => Poll::Ready(Err(error.to_string())),
                _ => Poll::Pending,
            }
        });
        let ended = tokio::select! {
            biased;
            ended = working => ended,
            reason = silence(io, pings, &options) => Err(reason),
        };
        // The last words, if the socket takes them at once.
        let _ = poll_fn(|cx| Poll::Ready(io.poll_written(cx))).await;
        if let Err(reason) = ended {
            let server = &options.address;
            tracing::debug!(%server, "an HTTP/2 connection has ended: {reason}");
        }
    }
}

/// Waits until it is clear that nobody answers, and says how.
async fn silence<S>(io: &Io<S>, pings: Option<PingPong>, options: &ClientOptions) -> String {
    sleep(options.connect_timeout).await;
    if !io.has_arrived() {
        return format!(
            "the server has sent nothing for {:?}: it does not speak HTTP/2",
            options.connect_timeout
        );
    }
    match (options.keep_alive, pings) {
        (Some(keep_alive), Some(pings)) => no_sign_of_life(io, pings, keep_alive).await,
        _ => pending().await,
    }
}

async fn no_sign_of_life<S>(io: &Io<S>, mut pings: PingPong, keep_alive: KeepAlive) -> String {
    let KeepAlive {
        interval,
        timeout: patience,
    } = keep_alive;
    loop {
        let left = interval.saturating_sub(io.silence());
        if left > Duration::ZERO {
            sleep(left).await;
            continue;
        }
        match timeout(patience, pings.ping(Ping::opaque())).await {
            Ok(Ok(_)) => {}
            Ok(Err(error)) => return error.to_string(),
            Err(_) => return format!("no answer to a ping for {patience:?}"),
        }
    }
}
