//! A server of this process, as its clients have it.

use std::fmt;
use std::future::Future;
use std::pin::Pin;

use bytes::BytesMut;
use tokio::io::DuplexStream;

/// What serves calls without a socket.
pub(crate) trait InProcess: fmt::Debug + Send + Sync {
    /// Serves the requests in these bytes; what there is to answer, which may be nothing.
    fn invoke(&self, requests: BytesMut) -> Pin<Box<dyn Future<Output = BytesMut> + Send>>;

    /// The client's end of a connection in memory, which is served in a task of its own.
    fn connect(&self) -> DuplexStream;
}
