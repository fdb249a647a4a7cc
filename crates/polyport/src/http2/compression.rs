//! How the messages of a stream are compressed.

mod gzip;
#[cfg(feature = "zstd")]
mod zstd;

use std::io::{self, Read};

use bytes::{Bytes, BytesMut};
use polyport_wire::error::{DecodeError, DecodeErrorKind, EncodeError};
use polyport_wire::grpc;

/// How messages over gRPC are compressed.
///
/// Both sides say what they take. A server answers in what it was asked in, if its client takes that.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Compression {
    /// Not at all.
    #[default]
    Identity,
    /// By gzip, which every server should take.
    Gzip,
    /// By zstd, which costs less and makes messages smaller; with the feature `zstd`.
    #[cfg(feature = "zstd")]
    Zstd,
}

/// What is spoken here, as a `grpc-accept-encoding` says it.
pub(crate) const ACCEPTED: &str = if cfg!(feature = "zstd") {
    "identity,gzip,zstd"
} else {
    "identity,gzip"
};

impl Compression {
    /// The one of this name, if it is spoken here.
    pub(crate) fn named(name: &str) -> Option<Self> {
        match name {
            "" | "identity" => Some(Self::Identity),
            "gzip" => Some(Self::Gzip),
            #[cfg(feature = "zstd")]
            "zstd" => Some(Self::Zstd),
            _ => None,
        }
    }

    /// The name, which headers have unless it is none.
    pub(crate) fn name(self) -> Option<&'static str> {
        match self {
            Self::Identity => None,
            Self::Gzip => Some("gzip"),
            #[cfg(feature = "zstd")]
            Self::Zstd => Some("zstd"),
        }
    }

    /// Appends what `message` appends, compressed and with its prefix; at most `limit` bytes.
    pub(crate) fn encode(
        self,
        limit: usize,
        out: &mut BytesMut,
        message: &mut dyn FnMut(&mut BytesMut) -> Result<(), EncodeError>,
    ) -> Result<(), EncodeError> {
        if self == Self::Identity {
            return grpc::encode(false, limit, out, message);
        }
        grpc::encode(true, limit, out, |out| {
            let mut plain = BytesMut::new();
            message(&mut plain)?;
            self.compress(&plain, out);
            Ok(())
        })
    }

    /// Never a part of what messages go through that are not compressed: its state of 64 KiB is made
    /// on the stack, and each function that has so much there touches all its pages when it begins.
    #[inline(never)]
    fn compress(self, bytes: &[u8], out: &mut BytesMut) {
        match self {
            Self::Identity => out.extend_from_slice(bytes),
            Self::Gzip => gzip::compress(bytes, out),
            #[cfg(feature = "zstd")]
            Self::Zstd => zstd::compress(bytes, out),
        }
    }

    /// The bytes as they were before, if these are no more than `limit`.
    pub(crate) fn decompress(self, bytes: Bytes, limit: usize) -> Result<Bytes, DecodeError> {
        match self {
            Self::Identity => Ok(bytes),
            Self::Gzip => gunzip(&bytes, limit),
            #[cfg(feature = "zstd")]
            Self::Zstd => read(zstd::decompress(&bytes), limit, "zstd"),
        }
    }
}

/// The most bytes that deflate makes of one.
const MOST_OF_ONE: usize = 1032;

/// Apart for the same reason as [`Compression::compress`].
#[inline(never)]
fn gunzip(bytes: &[u8], limit: usize) -> Result<Bytes, DecodeError> {
    let broken = |error: io::Error| DecodeError::foreign(format!("gzip: {error}"));
    // The size stands at the end (RFC 1952), and must meet the limit before any memory is taken.
    let announced = match bytes {
        [0x1f, 0x8b, .., a, b, c, d] => u32::from_le_bytes([*a, *b, *c, *d]),
        // It is no gzip, which will be said.
        _ => 0,
    };
    let size = usize::try_from(announced).unwrap_or(usize::MAX);
    if size > limit {
        return Err(too_large(size, limit));
    }
    let expected = size.min(bytes.len().saturating_mul(MOST_OF_ONE));
    let mut decoder = gzip::decompress(bytes).map_err(broken)?;
    let (mut out, mut behind) = (Vec::new(), None);
    // The announced size may be wrong; then there is memory for all that is allowed, and no more.
    for most in [expected, limit] {
        out.reserve_exact(most.saturating_sub(out.len()));
        out.extend(behind);
        let missing = most.saturating_sub(out.len());
        let mut part = decoder.by_ref().take(missing as u64);
        part.read_to_end(&mut out).map_err(broken)?;
        let mut next = [0];
        if decoder.read(&mut next).map_err(broken)? == 0 {
            return Ok(out.into());
        }
        if out.len() >= limit {
            break;
        }
        behind = Some(next[0]);
    }
    Err(too_large(limit.saturating_add(1), limit))
}

#[cold]
fn too_large(got: usize, limit: usize) -> DecodeError {
    let kind = DecodeErrorKind::TooLarge {
        what: "a decompressed message",
        got: got as u64,
        limit: limit as u64,
    };
    kind.into()
}

/// Reads to the end, but only so far that it is clear that there is too much.
#[cfg(feature = "zstd")]
fn read<R: Read>(from: io::Result<R>, limit: usize, name: &str) -> Result<Bytes, DecodeError> {
    let most = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    let mut out = Vec::new();
    from.and_then(|from| from.take(most).read_to_end(&mut out))
        .map_err(|error| DecodeError::foreign(format!("{name}: {error}")))?;
    if out.len() > limit {
        return Err(too_large(out.len(), limit));
    }
    Ok(out.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: &[Compression] = &[
        Compression::Gzip,
        #[cfg(feature = "zstd")]
        Compression::Zstd,
    ];

    #[test]
    fn a_bomb_ends_at_the_limit() {
        for compression in ALL {
            let mut small = BytesMut::new();
            compression.compress(&vec![b'x'; 10_000_000], &mut small);
            assert!(small.len() < 100_000);
            let small = small.freeze();
            let error = compression.decompress(small.clone(), 1_000_000);
            let said = error.unwrap_err().to_string();
            assert!(said.ends_with("is over the limit of 1000000"), "{said}");
            let whole = compression.decompress(small, 10_000_000).unwrap();
            assert_eq!(whole.len(), 10_000_000);
        }
    }

    #[test]
    fn a_bomb_that_does_not_say_so_ends_there_as_well() {
        let mut small = BytesMut::new();
        Compression::Gzip.compress(&vec![b'x'; 10_000_000], &mut small);
        // The last of two parts says nothing of the first.
        let mut lying = small.to_vec();
        let mut end = BytesMut::new();
        Compression::Gzip.compress(b"end", &mut end);
        lying.extend_from_slice(&end);
        let error = Compression::Gzip.decompress(lying.clone().into(), 1_000_000);
        assert_eq!(
            error.unwrap_err().to_string(),
            "a decompressed message of 1000001 is over the limit of 1000000"
        );
        let whole = Compression::Gzip.decompress(lying.into(), 10_000_003);
        assert_eq!(whole.unwrap().len(), 10_000_003);
    }

    #[test]
    fn what_is_not_compressed_is_refused() {
        for compression in ALL {
            let bytes = Bytes::from_static(b"not compressed");
            assert!(compression.decompress(bytes, 100).is_err());
        }
    }

    #[test]
    fn what_is_cut_off_is_refused() {
        for compression in ALL {
            let mut bytes = BytesMut::new();
            compression.compress(b"a message that is to be cut off", &mut bytes);
            bytes.truncate(bytes.len() - 1);
            assert!(compression.decompress(bytes.freeze(), 100).is_err());
        }
    }

    #[test]
    fn every_name_is_one_that_is_accepted() {
        for compression in ALL {
            let name = compression.name().unwrap();
            assert_eq!(Compression::named(name), Some(*compression));
            assert!(ACCEPTED.split(',').any(|accepted| accepted == name));
        }
        assert_eq!(ACCEPTED.split(',').count(), 1 + ALL.len());
        assert_eq!(Compression::named("deflate"), None);
    }
}
