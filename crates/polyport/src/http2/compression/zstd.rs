//! zstd (RFC 8878).

use std::io::{self, Read};

use bytes::BytesMut;
use zstd::stream::read::Decoder;

/// As quick as gzip's, and smaller.
const LEVEL: i32 = 1;

/// What a decompressor keeps at most of what it has read, as a power of two: 8 MiB, which RFC 8878
/// (section 3.1.1.1.2) wants everybody to take. Frames announce it, and get it.
const WINDOW: u32 = 23;

/// Appends the bytes, compressed.
pub(super) fn compress(bytes: &[u8], out: &mut BytesMut) {
    // Memory takes everything.
    if let Ok(compressed) = zstd::bulk::compress(bytes, LEVEL) {
        out.extend_from_slice(&compressed);
    }
}

/// What reads the bytes as they were before.
pub(super) fn decompress(bytes: &[u8]) -> io::Result<impl Read> {
    let mut decoder = Decoder::with_buffer(bytes)?;
    decoder.window_log_max(WINDOW)?;
    Ok(decoder)
}
