//! Connections that carry one frame after the other.

use std::io;
use std::pin::pin;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::{ReadHalf, WriteHalf};

use crate::call::watch::log::{Log, Way};

/// Passes on everything in both directions, until the client has no more to say.
pub(super) async fn pass(mut client: TcpStream, mut server: TcpStream, log: &Log) {
    let (from_client, to_client) = client.split();
    let (from_server, to_server) = server.split();
    let mut out = pin!(copy(from_client, to_server, Way::Out, log));
    let back = copy(from_server, to_client, Way::Back, log);
    // What breaks one direction is seen by who waits at its end.
    let _ = tokio::select! {
        ended = &mut out => ended,
        _ = back => out.await,
    };
}

/// Shows before it passes on, so that an answer is shown before the call has it.
async fn copy(
    mut from: ReadHalf<'_>,
    mut to: WriteHalf<'_>,
    way: Way,
    log: &Log,
) -> io::Result<()> {
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let read = from.read(&mut buffer).await?;
        if read == 0 {
            return to.shutdown().await;
        }
        log.bytes(way, &buffer[..read]);
        to.write_all(&buffer[..read]).await?;
    }
}
