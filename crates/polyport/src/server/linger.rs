//! Closing a connection so that the last answer arrives.

use std::time::Duration;

use bytes::BytesMut;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time;

/// How long the peer may take to notice that the connection ends.
const PATIENCE: Duration = Duration::from_secs(1);

/// How much of what the peer still sends is thrown away before the connection is cut: a message that
/// is twice as long as the limit may be, since its sender reads the answer only after it.
const MAX_DISCARDED: usize = 128 * 1024 * 1024;

/// Ends our side, then reads until the peer ends its own.
///
/// Closing a socket with unread input makes the kernel send a reset, which can destroy an answer
/// that is still on its way.
pub(super) async fn close<S: AsyncRead + AsyncWrite + Unpin>(io: &mut S) {
    let _ = time::timeout(PATIENCE, async {
        if io.shutdown().await.is_err() {
            return;
        }
        let mut discarded = 0;
        let mut buffer = BytesMut::with_capacity(8 * 1024);
        while let Ok(1..) = io.read_buf(&mut buffer).await {
            discarded += buffer.len();
            buffer.clear();
            if discarded > MAX_DISCARDED {
                return;
            }
        }
    })
    .await;
}
