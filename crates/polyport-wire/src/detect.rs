//! The first bytes of a connection: which family of protocols they belong to.

use std::fmt;

use crate::frame::{Sniff, Start, sniff};
use crate::ttheader::flags;

/// What a connection speaks, as far as its first bytes tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Detection {
    /// Nothing can be said yet.
    NeedMore,
    /// Thrift or Kitex Protobuf, one request after the other, in any framing that
    /// [`FrameDecoder`](crate::frame::FrameDecoder) takes apart.
    PingPong,
    /// HTTP/2, and so gRPC.
    Http2,
    /// TTHeader Streaming.
    TtStream,
    /// Something that is not spoken here.
    Foreign(Foreign),
}

/// A protocol that is not spoken here. `Display` gives a hint for the log: what it looks like, and
/// what its sender should do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Foreign {
    /// HTTP/1.0 or HTTP/1.1.
    Http1,
    /// A TLS handshake.
    Tls,
    /// The THeader of fbthrift.
    THeader,
    /// Thrift's compact protocol, with or without a length.
    ThriftCompact,
    /// Nothing that is known.
    Unknown,
}

impl fmt::Display for Foreign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Http1 => {
                "looks like HTTP/1: this port speaks gRPC, Thrift (strict binary; framed, buffered \
                 or TTHeader) and Kitex Protobuf"
            }
            Self::Tls => {
                "looks like TLS, and this port speaks plain text: switch TLS off in the client"
            }
            Self::THeader => {
                "looks like the THeader of fbthrift: \
                 use TTHeader or framed Thrift with the binary protocol"
            }
            Self::ThriftCompact => {
                "looks like Thrift's compact protocol: use its strict binary protocol"
            }
            Self::Unknown => {
                "is nothing that this port speaks: gRPC, Thrift (strict binary; framed, buffered or \
                 TTHeader) or Kitex Protobuf"
            }
        })
    }
}

/// Says what a connection speaks by its first bytes, of which 10 are always enough.
///
/// More bytes never change an answer, but for [`Detection::NeedMore`].
///
/// # Examples
///
/// ```
/// use polyport_wire::detect::{Detection, Foreign, detect};
///
/// assert_eq!(detect(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), Detection::Http2);
/// assert_eq!(detect(b"\0\0\0\x11\x80\x01\0\x01"), Detection::PingPong);
/// assert_eq!(detect(b"\0\0\0\x11"), Detection::NeedMore);
/// assert_eq!(detect(b"GET / HTTP/1.1\r\n"), Detection::Foreign(Foreign::Http1));
/// ```
#[must_use]
pub fn detect(prefix: &[u8]) -> Detection {
    // Kitex looks at as much of the preface (kitex pkg/remote/trans/nphttp2/server_handler.go);
    // whoever speaks HTTP/2 then holds it against the rest.
    const HTTP2: &[u8; 8] = b"PRI * HT";
    if HTTP2.starts_with(prefix) && prefix.len() < HTTP2.len() {
        return Detection::NeedMore;
    }
    if prefix.starts_with(HTTP2) {
        return Detection::Http2;
    }
    // As the length of a frame these letters would say more than 1 GiB.
    if let Some(method) = prefix.first_chunk::<4>()
        && HTTP1.contains(&method)
    {
        return Detection::Foreign(Foreign::Http1);
    }
    match *prefix {
        // Version 1 stands in the lower half of the second byte, the type in the upper one.
        [0x82, second, ..] if second & 0x1f == 1 => Detection::Foreign(Foreign::ThriftCompact),
        // A ClientHello of the right size has the mark of a framed message in its length: the
        // handshake's type and version decide.
        [0x16, 0x03, ..] if prefix.len() < 10 => Detection::NeedMore,
        [0x16, 0x03, _, _, _, 1, _, _, _, 3, ..] => Detection::Foreign(Foreign::Tls),
        _ => by_frame(prefix),
    }
}

fn by_frame(prefix: &[u8]) -> Detection {
    match (sniff(prefix), prefix) {
        (Sniff::NeedMore(_), _) => Detection::NeedMore,
        (Sniff::Start(Start::TtHeader), [_, _, _, _, _, _, high, low, ..]) => {
            if u16::from_be_bytes([*high, *low]) & flags::STREAMING == 0 {
                Detection::PingPong
            } else {
                Detection::TtStream
            }
        }
        (Sniff::Start(Start::TtHeader), _) => Detection::NeedMore,
        (Sniff::Start(_), _) => Detection::PingPong,
        (Sniff::Unknown, [_, _, _, _, 0x0f, 0xff, ..]) => Detection::Foreign(Foreign::THeader),
        (Sniff::Unknown, [_, _, _, _, 0x82, second, ..]) if second & 0x1f == 1 => {
            Detection::Foreign(Foreign::ThriftCompact)
        }
        (Sniff::Unknown, [0x16, 0x03, ..]) => Detection::Foreign(Foreign::Tls),
        (Sniff::Unknown, _) => Detection::Foreign(Foreign::Unknown),
    }
}

/// The first four bytes of each HTTP/1 method.
const HTTP1: [&[u8; 4]; 9] = [
    b"CONN", b"DELE", b"GET ", b"HEAD", b"OPTI", b"PATC", b"POST", b"PUT ", b"TRAC",
];
