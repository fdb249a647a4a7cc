//! Counts the frames that a peer sends, because h2 answers PING and SETTINGS by itself for ever.

use std::time::Duration;

use tokio::time::Instant;

/// The length of the connection preface, `PRI * HTTP/2.0` and so on.
const PREFACE: usize = 24;

/// The length of a frame's header: `u24 length, u8 type, u8 flags, u32 stream`.
const HEADER: usize = 9;

/// Frames that move nothing, at once and each second.
const CONTROL: Allowance = Allowance {
    burst: 5000.0,
    each_second: 1000.0,
};

/// What a request or a part of its body gives back: each may come with a few frames that move
/// nothing, such as window updates.
const REFUND: f64 = 4.0;

/// The frames of one connection.
#[derive(Debug)]
pub(crate) struct Frames {
    header: [u8; HEADER],
    /// How much of a header is there.
    filled: usize,
    /// Bytes until the next header.
    skip: usize,
    control: Budget,
    resets: Budget,
    last: Instant,
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
    /// Counts from a connection's first byte on; `resets` streams may be given up at once.
    pub(crate) fn new(resets: u32) -> Self {
        let resets = Allowance {
            burst: resets.into(),
            each_second: f64::from(resets) / 5.0,
        };
        Self {
            header: [0; HEADER],
            filled: 0,
            skip: PREFACE,
            control: Budget::new(CONTROL),
            resets: Budget::new(resets),
            last: Instant::now(),
        }
    }

    /// Whether there were more than the connection may send.
    pub(crate) fn is_flood(&self) -> bool {
        self.control.left < 0.0 || self.resets.left < 0.0
    }

    /// For how long nothing has arrived.
    pub(crate) fn silence(&self) -> Duration {
        self.last.elapsed()
    }

    /// Looks at what has arrived.
    pub(crate) fn count(&mut self, mut bytes: &[u8]) {
        self.refill();
        loop {
            let skipped = self.skip.min(bytes.len());
            self.skip -= skipped;
            bytes = &bytes[skipped..];
            if bytes.is_empty() {
                return;
            }
            let (part, rest) = bytes.split_at(bytes.len().min(HEADER - self.filled));
            self.header[self.filled..self.filled + part.len()].copy_from_slice(part);
            self.filled += part.len();
            bytes = rest;
            if self.filled == HEADER {
                self.filled = 0;
                self.frame();
            }
        }
    }

    fn refill(&mut self) {
        let now = Instant::now();
        let seconds = (now - self.last).as_secs_f64();
        self.last = now;
        self.control
            .give(seconds * self.control.allowance.each_second);
        self.resets
            .give(seconds * self.resets.allowance.each_second);
    }

    fn frame(&mut self) {
        const DATA: u8 = 0;
        const HEADERS: u8 = 1;
        const RST_STREAM: u8 = 3;
        let [a, b, c, kind, flags, ..] = self.header;
        let length = u32::from_be_bytes([0, a, b, c]);
        self.skip = length as usize;
        let ends_stream = flags & 1 != 0;
        match kind {
            DATA if length == 0 && !ends_stream => self.control.left -= 1.0,
            DATA | HEADERS => self.control.give(REFUND),
            RST_STREAM => self.resets.left -= 1.0,
            _ => self.control.left -= 1.0,
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
            let mut frames = Frames::new(10);
            let bytes = [preface(), frame(6, 0, &[0; 8]).repeat(7000)].concat();
            let mut chunks = bytes.chunks(cut);
            assert!(chunks.any(|chunk| {
                frames.count(chunk);
                frames.is_flood()
            }));
        }
    }

    #[test]
    fn what_moves_something_is_none() {
        let mut frames = Frames::new(10);
        frames.count(&preface());
        let data = frame(0, 0, b"hi");
        let update = frame(8, 0, &[0, 0, 1, 0]);
        for _ in 0..100_000 {
            frames.count(&data);
            frames.count(&update);
        }
        assert!(!frames.is_flood());
        frames.count(&frame(0, 0, b"").repeat(20_000));
        assert!(frames.is_flood());
    }

    #[test]
    fn resets_have_an_allowance_of_their_own() {
        let mut frames = Frames::new(10);
        frames.count(&preface());
        frames.count(&frame(3, 0, &[0; 4]).repeat(9));
        assert!(!frames.is_flood());
        frames.count(&frame(3, 0, &[0; 4]).repeat(9));
        assert!(frames.is_flood());
    }
}
