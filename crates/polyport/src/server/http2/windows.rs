//! How much a client may send before handlers read it.

use std::time::Duration;

use bytes::Bytes;
use h2::server::Connection;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::Instant;

/// What a client may send of one request while there are few. Many that begin at once may each send
/// as much before the client hears that it is less.
pub(super) const STREAM: u32 = 256 * 1024;

/// The same while there are as many as there can be.
const LEAST: u32 = 2 * 1024;

/// What the windows of all streams make together at most.
const SHARED: u32 = 1024 * 1024;

/// What a client may send of all requests together. It is more than the first four streams, the next
/// four, the next eight and so on take together if nobody reads any of them: half of what is shared,
/// for each doubling.
pub(super) const CONNECTION: u32 = 7 * SHARED;

/// How long there must have been few streams before each gets more.
const PATIENCE: Duration = Duration::from_secs(10);

/// The window of each stream: the more streams there are, the smaller, so that those that nobody
/// reads leave room on the connection for all others.
#[derive(Debug)]
pub(super) struct Windows {
    told: u32,
    since: Instant,
}

impl Windows {
    pub(super) fn new() -> Self {
        Self {
            told: STREAM,
            since: Instant::now(),
        }
    }

    /// Tells the client when there are so many streams that each has another window.
    pub(super) fn fit<S>(&mut self, streams: usize, connection: &mut Connection<S, Bytes>)
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let fitting = fitting(streams);
        let grows = fitting >= 4 * self.told && self.since.elapsed() >= PATIENCE;
        if fitting >= self.told && !grows {
            return;
        }
        // While the client has not answered to the last ones, there can be no others.
        if connection.set_initial_window_size(fitting).is_ok() {
            self.told = fitting;
            self.since = Instant::now();
        }
    }
}

fn fitting(streams: usize) -> u32 {
    let streams = u32::try_from(streams).unwrap_or(u32::MAX);
    let share = streams
        .checked_next_power_of_two()
        .map(|streams| SHARED / streams);
    share.unwrap_or_default().clamp(LEAST, STREAM)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_that_nobody_reads_leave_room_however_many_there_are() {
        assert_eq!(fitting(0), STREAM);
        assert_eq!(fitting(4), STREAM);
        assert_eq!(fitting(5), STREAM / 2);
        assert_eq!(fitting(usize::MAX), LEAST);
        // Each takes all that it is told when it begins.
        let unread: u32 = (1..=1024).map(fitting).sum();
        assert!(unread <= CONNECTION - SHARED / 2, "{unread}");
    }
}
