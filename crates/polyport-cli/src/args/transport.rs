//! Transports as they are typed.

use clap::ValueEnum;
use polyport::Transport;

/// How messages are cut. Protobuf's always stand in a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum TransportName {
    /// Bare Thrift messages
    Buffered,
    /// Four bytes of length, then the message
    #[value(alias = "kitex-protobuf-framed")]
    Framed,
    /// A header with names and metadata, then the message
    Ttheader,
    /// The same with four bytes of length before the message; Kitex Protobuf's default
    #[value(alias = "kitex-protobuf")]
    TtheaderFramed,
    /// HTTP/2, for Thrift too
    #[value(alias = "grpc-thrift")]
    Grpc,
}

impl TransportName {
    pub(crate) fn transport(self) -> Transport {
        match self {
            Self::Buffered => Transport::Buffered,
            Self::Framed => Transport::Framed,
            Self::Ttheader => Transport::TtHeader,
            Self::TtheaderFramed => Transport::TtHeaderFramed,
            Self::Grpc => Transport::Grpc,
        }
    }

    /// How one of them is typed.
    pub(crate) fn of(transport: Transport) -> &'static str {
        match transport {
            Transport::Buffered => "buffered",
            Transport::Framed => "framed",
            Transport::TtHeader => "ttheader",
            Transport::TtHeaderFramed => "ttheader-framed",
            _ => "grpc",
        }
    }
}
