//! How the messages of a stream are compressed.

use std::io::{self, Read, Write};

use bytes::{Bytes, BytesMut};
use polyport_wire::error::{DecodeError, DecodeErrorKind};

/// A compression that is spoken here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Compression {
    /// None.
    #[default]
    Identity,
    /// Everybody's.
    Gzip,
}

/// What is spoken here, as a `grpc-accept-encoding` says it.
pub(crate) const ACCEPTED: &str = "identity,gzip";

impl Compression {
    /// The one of this name, if it is spoken here.
    pub(crate) fn named(name: &str) -> Option<Self> {
        match name {
            "" | "identity" => Some(Self::Identity),
            "gzip" => Some(Self::Gzip),
            _ => None,
        }
    }

    /// The name, which headers have unless it is none.
    pub(crate) fn name(self) -> Option<&'static str> {
        match self {
            Self::Identity => None,
            Self::Gzip => Some("gzip"),
        }
    }

    /// Appends the compressed bytes.
    pub(crate) fn compress(self, bytes: &[u8], out: &mut BytesMut) {
        match self {
            Self::Identity => out.extend_from_slice(bytes),
            Self::Gzip => {
                let level = flate2::Compression::fast();
                let mut encoder = flate2::write::GzEncoder::new(Appending(out), level);
                // Memory takes everything.
                let _ = encoder.write_all(bytes);
                let _ = encoder.finish();
            }
        }
    }

    /// The bytes as they were before, if these are no more than `limit`.
    pub(crate) fn decompress(self, bytes: Bytes, limit: usize) -> Result<Bytes, DecodeError> {
        match self {
            Self::Identity => Ok(bytes),
            Self::Gzip => {
                let mut out = Vec::new();
                let most = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
                flate2::read::MultiGzDecoder::new(&bytes[..])
                    .take(most)
                    .read_to_end(&mut out)
                    .map_err(|error| DecodeError::foreign(format!("gzip: {error}")))?;
                if out.len() > limit {
                    return Err(DecodeErrorKind::TooLarge {
                        what: "a decompressed message",
                        got: out.len() as u64,
                        limit: limit as u64,
                    }
                    .into());
                }
                Ok(out.into())
            }
        }
    }
}

struct Appending<'a>(&'a mut BytesMut);

impl Write for Appending<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bomb_ends_at_the_limit() {
        let mut small = BytesMut::new();
        Compression::Gzip.compress(&vec![b'x'; 10_000_000], &mut small);
        assert!(small.len() < 100_000);
        let small = small.freeze();
        let error = Compression::Gzip.decompress(small.clone(), 1_000_000);
        assert_eq!(
            error.unwrap_err().to_string(),
            "a decompressed message of 1000001 is over the limit of 1000000"
        );
        let whole = Compression::Gzip.decompress(small, 10_000_000).unwrap();
        assert_eq!(whole.len(), 10_000_000);
    }

    #[test]
    fn what_is_not_compressed_is_refused() {
        let bytes = Bytes::from_static(b"not gzip");
        assert!(Compression::Gzip.decompress(bytes, 100).is_err());
        assert_eq!(Compression::named("deflate"), None);
    }
}
