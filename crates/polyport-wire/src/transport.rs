//! The ways in which messages are cut and written: transports and codecs.

use std::fmt;

/// How messages are cut out of a connection's bytes.
///
/// `Display` gives the text that Kitex uses (kitex `transport/keys.go`).
///
/// # Examples
///
/// ```
/// use polyport_wire::transport::Transport;
///
/// assert_eq!(Transport::TtHeaderFramed.to_string(), "TTHeader|Framed");
/// assert!(!Transport::Framed.carries_service_name());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Transport {
    /// The bare message; its end is found by walking through it. Kitex: `PurePayload`.
    Buffered,
    /// Four bytes of length, then the message.
    Framed,
    /// A TTHeader with keys and values, then the bare message.
    TtHeader,
    /// A TTHeader, then four bytes of length, then the message.
    TtHeaderFramed,
    /// HTTP/2, with one request a stream.
    Grpc,
}

impl Transport {
    /// The transports that carry one message after the other, in the order of their declaration.
    pub const ALL: [Self; 4] = [
        Self::Buffered,
        Self::Framed,
        Self::TtHeader,
        Self::TtHeaderFramed,
    ];

    /// Whether a TTHeader stands before the message.
    #[must_use]
    pub fn has_header(self) -> bool {
        match self {
            Self::Buffered | Self::Framed | Self::Grpc => false,
            Self::TtHeader | Self::TtHeaderFramed => true,
        }
    }

    /// Whether a request can say which service it is for (and carry metadata at all).
    #[must_use]
    pub fn carries_service_name(self) -> bool {
        self.has_header() || self == Self::Grpc
    }

    /// Whether four bytes of length stand right before the message.
    #[must_use]
    pub fn is_framed(self) -> bool {
        match self {
            Self::Framed | Self::TtHeaderFramed => true,
            Self::Buffered | Self::TtHeader | Self::Grpc => false,
        }
    }
}

impl fmt::Display for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Buffered => "PurePayload",
            Self::Framed => "Framed",
            Self::TtHeader => "TTHeader",
            Self::TtHeaderFramed => "TTHeader|Framed",
            Self::Grpc => "GRPC",
        })
    }
}

/// How a message is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Codec {
    /// Thrift's strict binary protocol.
    ThriftBinary,
    /// Protocol buffers.
    Protobuf,
}

impl fmt::Display for Codec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::ThriftBinary => "Thrift",
            Self::Protobuf => "Protobuf",
        })
    }
}
