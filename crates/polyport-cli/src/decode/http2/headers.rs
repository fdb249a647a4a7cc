//! Headers, which refer to those before them.

use loona_hpack::Decoder;

use crate::decode::cursor::Cursor;
use crate::decode::http2::Entry;

/// More than these bytes of headers nobody reads; it bounds the memory, because a byte can stand
/// for a header of thousands.
const MAX_BYTES: usize = 256 * 1024;

/// The headers that one side sends.
pub(super) struct Headers {
    decoder: Decoder<'static>,
    /// What has come of a block that goes on in the next frame, and where it began.
    block: Vec<u8>,
    begin: Option<usize>,
    /// Whether a block could not be read, so that none after it can.
    is_lost: bool,
}

impl Headers {
    pub(super) fn new() -> Self {
        Self {
            decoder: Decoder::new(),
            block: Vec::new(),
            begin: None,
            is_lost: false,
        }
    }

    /// Takes the rest of a frame; gives the headers when it is the last of its block.
    pub(super) fn read(&mut self, payload: &mut Cursor<'_>, is_end: bool) -> Option<Vec<Entry>> {
        let begin = *self.begin.get_or_insert_with(|| payload.at());
        let rest = payload.rest();
        self.block.extend_from_slice(rest);
        payload.take(rest.len(), "headers")?;
        if !is_end {
            return None;
        }
        self.begin = None;
        let block = std::mem::take(&mut self.block);
        if self.is_lost {
            payload.fail(begin, "headers", "those before them could not be read");
            return None;
        }
        Some(self.decode(payload, begin, &block))
    }

    fn decode(&mut self, payload: &mut Cursor<'_>, begin: usize, block: &[u8]) -> Vec<Entry> {
        let mut entries = Vec::new();
        let mut size = 0;
        let outcome = self.decoder.decode_with_cb(block, |name, value| {
            size += name.len() + value.len();
            if size <= MAX_BYTES {
                entries.push(Entry {
                    offset: begin,
                    name: String::from_utf8_lossy(&name).into_owned(),
                    value: String::from_utf8_lossy(&value).into_owned(),
                });
            }
        });
        if let Err(error) = outcome {
            self.is_lost = true;
            let seen = error.to_string().to_lowercase();
            payload.fail(begin, "headers as HPACK writes them", seen);
        } else if size > MAX_BYTES {
            let expected = format!("at most {MAX_BYTES} bytes of headers");
            payload.fail(begin, expected, format!("saw {size}"));
        }
        entries
    }
}
