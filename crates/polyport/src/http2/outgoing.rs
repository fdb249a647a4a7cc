//! Room for messages on the way to the other side.

use std::task::{Context, Poll, ready};

use bytes::Bytes;
use h2::SendStream;

use crate::code::Code;
use crate::http2::incoming::broken;
use crate::status::Status;

/// Room that is asked for at once. More would be kept by streams that send little, from the window
/// that all streams share.
const RESERVED: usize = 1;

/// Waits until the other side takes more; a message may then be larger than that, but is the only
/// one that waits.
pub(crate) fn poll_capacity(
    stream: &mut SendStream<Bytes>,
    cx: &mut Context<'_>,
) -> Poll<Result<(), Status>> {
    if stream.capacity() > 0 {
        return Poll::Ready(Ok(()));
    }
    stream.reserve_capacity(RESERVED);
    loop {
        match ready!(stream.poll_capacity(cx)) {
            Some(Ok(0)) => {}
            Some(Ok(_)) => return Poll::Ready(Ok(())),
            Some(Err(error)) => return Poll::Ready(Err(broken(&error))),
            None => return Poll::Ready(Err(ended())),
        }
    }
}

/// What a sink is told whose call is over.
#[cold]
pub(crate) fn ended() -> Status {
    Status::with_code(Code::CANCELLED, "the call has ended")
}
