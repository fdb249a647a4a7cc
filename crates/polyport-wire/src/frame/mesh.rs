//! MeshHeader: string keys that a service mesh puts in front of a message; read, never written.
//!
//! ```text
//! u16 0xffaf, u16 size of the rest of the header
//! u16 count, count x (str key, str value)        as in a TTHeader
//! ```

use crate::error::{DecodeError, DecodeErrorKind};
use crate::ttheader::Header;

/// The bytes in front of the keys.
pub(crate) const FIXED_SIZE: usize = 4;

/// The size of the whole header, once it is there to be read.
pub(crate) fn size(start: &[u8], limit: usize) -> Result<Option<usize>, DecodeError> {
    let Some([_, _, high, low]) = start.first_chunk() else {
        return Ok(None);
    };
    let section = usize::from(u16::from_be_bytes([*high, *low]));
    if section > limit {
        return Err(DecodeErrorKind::TooLarge {
            what: "MeshHeader",
            got: section as u64,
            limit: limit as u64,
        }
        .into());
    }
    Ok(Some(FIXED_SIZE + section))
}

/// Reads a header that has arrived completely.
pub(crate) fn decode(header: &[u8]) -> Result<Header, DecodeError> {
    let keys = header.get(FIXED_SIZE..).unwrap_or_default();
    Header::of_strings(keys).map_err(|error| error.within("MeshHeader"))
}
