//! Counts the frames that a peer sends, because h2 answers PING and SETTINGS by itself for ever.

use std::fmt;
use std::time::Duration;

use tokio::time::Instant;

use crate::http2::cursor::{Cursor, DATA, HEADER};

/// The length of the connection preface, `PRI * HTTP/2.0` and so on.
pub(crate) const PREFACE: usize = 24;

const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const PING: u8 = 6;

/// Frames that move nothing, at once and each second.
const CONTROL: Allowance = Allowance {
    burst: 5000.0,
    each_second: 1000.0,
};

/// Pings: far more than anybody needs who wants to know whether the connection stands.
const PINGS: Allowance = Allowance {
    burst: 1000.0,
    each_second: 100.0,
};

/// What a request or a part of a body gives back, in either direction: each may come with a few
/// frames that move nothing, such as window updates, and pings that measure how fast it goes.
const REFUND: f64 = 4.0;

/// The frames of one connection.
#[derive(Debug)]
pub(crate) struct Frames {
    incoming: Cursor,
    outgoing: Cursor,
    control: Budget,
    pings: Budget,
    resets: Budget,
    last_stream: u32,
    has_arrived: bool,
    last: Instant,
}

/// What there was too much of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flood {
    Control,
    Pings,
    Resets,
}

#[derive(Clone, Copy, Debug)]
struct Allowance {
    burst: f64,
    each_second: f64,
}

#[derive(Debug)]
struct Budget {
    allowance: Allowance,
    left: f64,
}

impl Frames {
    /// Counts what a client sends, from a connection's first byte on; `resets` streams may be given
    /// up at once.
    pub(crate) fn of_client(resets: u32) -> Self {
        Self::new(resets, PREFACE, 0)
    }

    /// The same for what a server sends.
    pub(crate) fn of_server(resets: u32) -> Self {
        Self::new(resets, 0, PREFACE)
    }

    fn new(resets: u32, incoming: usize, outgoing: usize) -> Self {
        let resets = Allowance {
            burst: resets.into(),
            each_second: f64::from(resets) / 5.0,
        };
        Self {
            incoming: Cursor::new(incoming),
            outgoing: Cursor::new(outgoing),
            control: Budget::new(CONTROL),
            pings: Budget::new(PINGS),
            resets: Budget::new(resets),
            last_stream: 0,
            has_arrived: false,
            last: Instant::now(),
        }
    }

    /// What there was more of than the connection may send.
    pub(crate) fn flood(&self) -> Option<Flood> {
        let budgets = [
            (&self.pings, Flood::Pings),
            (&self.resets, Flood::Resets),
            (&self.control, Flood::Control),
        ];
        let (_, flood) = budgets.into_iter().find(|(budget, _)| budget.left < 0.0)?;
        Some(flood)
    }

    /// Whether there was anything.
    pub(crate) fn has_arrived(&self) -> bool {
        self.has_arrived
    }

    /// For how long nothing has arrived.
    pub(crate) fn silence(&self) -> Duration {
        self.last.elapsed()
    }

    /// The last stream that the peer opened.
    pub(crate) fn last_stream(&self) -> u32 {
        self.last_stream
    }

    /// Whether what was sent ends with a frame.
    pub(crate) fn is_between_frames(&self) -> bool {
        self.outgoing.is_between_frames()
    }

    /// Looks at what has arrived.
    pub(crate) fn count(&mut self, mut bytes: &[u8]) {
        self.has_arrived |= !bytes.is_empty();
        self.refill();
        while let Some(header) = self.incoming.next(&mut bytes) {
            self.frame(header);
        }
    }

    /// Looks at what was sent.
    pub(crate) fn count_sent(&mut self, mut bytes: &[u8]) {
        while let Some([_, _, _, kind, ..]) = self.outgoing.next(&mut bytes) {
            if matches!(kind, DATA | HEADERS) {
                self.refund();
            }
        }
    }

    fn refill(&mut self) {
        let now = Instant::now();
        let seconds = (now - self.last).as_secs_f64();
        self.last = now;
        for budget in [&mut self.control, &mut self.pings, &mut self.resets] {
            budget.give(seconds * budget.allowance.each_second);
        }
    }

    fn refund(&mut self) {
        self.control.give(REFUND);
        self.pings.give(REFUND);
    }

    fn frame(&mut self, header: [u8; HEADER]) {
        let [a, b, c, kind, flags, stream @ ..] = header;
        let empty = [a, b, c] == [0; 3];
        // END_STREAM, and ACK of a PING.
        let flagged = flags & 1 != 0;
        match kind {
            DATA if empty && !flagged => self.control.left -= 1.0,
            DATA => self.refund(),
            HEADERS => {
                self.last_stream = self.last_stream.max(u32::from_be_bytes(stream));
                self.refund();
            }
            RST_STREAM => self.resets.left -= 1.0,
            PING if !flagged => self.pings.left -= 1.0,
            _ => self.control.left -= 1.0,
        }
    }
}

impl fmt::Display for Flood {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Control => "frames that move nothing",
            Self::Pings => "pings",
            Self::Resets => "streams that it gives up",
        })
    }
}

impl Flood {
    /// What the peer is told; clients of gRPC know the word for pings (grpc
    /// `proposal/A8-client-side-keepalive.md`).
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Control => "too_many_control_frames",
            Self::Pings => "too_many_pings",
            Self::Resets => "too_many_resets",
        }
    }
}

impl Budget {
    fn new(allowance: Allowance) -> Self {
        Self {
            allowance,
            left: allowance.burst,
        }
    }

    fn give(&mut self, amount: f64) {
        self.left = (self.left + amount).min(self.allowance.burst);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(kind: u8, flags: u8, payload: &[u8]) -> Vec<u8> {
        let length = u8::try_from(payload.len()).unwrap();
        [&[0, 0, length, kind, flags, 0, 0, 0, 1], payload].concat()
    }

    fn preface() -> Vec<u8> {
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec()
    }

    #[test]
    fn pings_are_a_flood_however_they_are_cut() {
        for cut in [1, 7, 9, 1000] {
            let mut frames = Frames::of_client(10);
            let bytes = [preface(), frame(6, 0, &[0; 8]).repeat(7000)].concat();
            let mut chunks = bytes.chunks(cut);
            assert!(chunks.any(|chunk| {
                frames.count(chunk);
                frames.flood() == Some(Flood::Pings)
            }));
        }
    }

    #[test]
    fn what_moves_something_is_none() {
        let mut frames = Frames::of_client(10);
        frames.count(&preface());
        let data = frame(0, 0, b"hi");
        let update = frame(8, 0, &[0, 0, 1, 0]);
        for _ in 0..100_000 {
            frames.count(&data);
            frames.count(&update);
        }
        assert_eq!(frames.flood(), None);
        frames.count(&frame(0, 0, b"").repeat(20_000));
        assert_eq!(frames.flood(), Some(Flood::Control));
    }

    #[test]
    fn resets_have_an_allowance_of_their_own() {
        let mut frames = Frames::of_client(10);
        frames.count(&preface());
        frames.count(&frame(3, 0, &[0; 4]).repeat(9));
        assert_eq!(frames.flood(), None);
        frames.count(&frame(3, 0, &[0; 4]).repeat(9));
        assert_eq!(frames.flood(), Some(Flood::Resets));
    }

    #[test]
    fn pings_beside_answers_measure_how_fast_they_go() {
        let mut frames = Frames::of_client(10);
        frames.count(&preface());
        let (ping, acknowledged) = (frame(6, 0, &[0; 8]), frame(6, 1, &[0; 8]));
        for _ in 0..10_000 {
            frames.count_sent(&frame(0, 0, b"hi"));
            frames.count(&ping);
            frames.count_sent(&acknowledged);
        }
        assert_eq!(frames.flood(), None);
        for _ in 0..2000 {
            frames.count(&ping);
            frames.count_sent(&acknowledged);
        }
        assert_eq!(frames.flood(), Some(Flood::Pings));
    }

    #[test]
    fn what_a_server_sends_has_no_preface() {
        let mut frames = Frames::of_server(10);
        frames.count(&frame(1, 0, b"headers"));
        assert_eq!(frames.last_stream(), 1);
        assert!(!frames.is_between_frames());
        frames.count_sent(&preface());
        assert!(frames.is_between_frames());
        frames.count_sent(&frame(0, 0, b"hi")[..10]);
        assert!(!frames.is_between_frames());
    }
}
