//! gzip (RFC 1952).

use std::io::{self, Read, Write};

use bytes::{BufMut, BytesMut};
use flate2::Compression;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;

/// Appends the bytes, compressed.
pub(super) fn compress(bytes: &[u8], out: &mut BytesMut) {
    let mut encoder = GzEncoder::new(out.writer(), Compression::fast());
    // Memory takes everything.
    let _ = encoder.write_all(bytes);
    let _ = encoder.finish();
}

/// What reads the bytes as they were before.
#[expect(clippy::unnecessary_wraps, reason = "others can fail here")]
pub(super) fn decompress(bytes: &[u8]) -> io::Result<impl Read> {
    Ok(MultiGzDecoder::new(bytes))
}
