//! Where the headers of frames are in what passes by.

/// The length of a frame's header: `u24 length, u8 type, u8 flags, u32 stream`.
pub(crate) const HEADER: usize = 9;

/// The type of frames that carry messages.
pub(crate) const DATA: u8 = 0;

/// A place in a sequence of frames.
#[derive(Debug)]
pub(crate) struct Cursor {
    header: [u8; HEADER],
    /// How much of a header is there.
    filled: usize,
    /// Bytes until the next header.
    skip: usize,
}

impl Cursor {
    /// The frames begin after `skip` bytes.
    pub(crate) fn new(skip: usize) -> Self {
        Self {
            header: [0; HEADER],
            filled: 0,
            skip,
        }
    }

    /// Whether what has passed ends with a frame.
    pub(crate) fn is_between_frames(&self) -> bool {
        self.filled == 0 && self.skip == 0
    }

    /// How many of these bytes belong to a frame that began before them; they are taken.
    pub(crate) fn rest_of_frame(&mut self, bytes: &[u8]) -> usize {
        let mut rest = bytes;
        if self.filled > 0 && self.next(&mut rest).is_none() {
            return bytes.len();
        }
        let skipped = self.skip.min(rest.len());
        self.skip -= skipped;
        bytes.len() - rest.len() + skipped
    }

    /// The next header that is complete in these bytes, which are taken.
    pub(crate) fn next(&mut self, bytes: &mut &[u8]) -> Option<[u8; HEADER]> {
        let skipped = self.skip.min(bytes.len());
        self.skip -= skipped;
        let (part, rest) =
            bytes[skipped..].split_at((bytes.len() - skipped).min(HEADER - self.filled));
        *bytes = rest;
        if let Ok(header) = <[u8; HEADER]>::try_from(part) {
            self.skip = length(&header);
            return Some(header);
        }
        self.header[self.filled..self.filled + part.len()].copy_from_slice(part);
        self.filled += part.len();
        if self.filled < HEADER {
            return None;
        }
        self.filled = 0;
        self.skip = length(&self.header);
        Some(self.header)
    }
}

/// The length of the payload behind a frame's header.
pub(crate) fn length(header: &[u8; HEADER]) -> usize {
    let [a, b, c, ..] = *header;
    u32::from_be_bytes([0, a, b, c]) as usize
}
