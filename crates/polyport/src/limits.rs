//! Every limit of a server and of a client, in one table.

use std::time::Duration;

use polyport_wire::limits::Limits as WireLimits;

/// How much a peer may ask for, and how long it may take.
///
/// | field | default | reason |
/// | --- | --- | --- |
/// | `frame` | 64 MiB | far above any sane message, far below what hurts |
/// | `header` | 256 KiB | the largest section that TTHeader can announce |
/// | `grpc_message` | 16 MiB | Kitex has no limit, and tonic's 4 MiB break its peers |
/// | `header_list` | 64 KiB | the headers of one HTTP/2 request, decompressed |
/// | `streams` | 1024 | of one HTTP/2 connection at a time |
/// | `resets` | 500 | streams that a client may give up at once; 100 more every second |
/// | `depth` | 64 | Kitex skips no deeper either |
/// | `decoded` | 256 MiB | a struct of one byte on the wire may be hundreds in memory |
/// | `connections` | unlimited | how many a process can hold is the operator's to say |
/// | `calls` | 1024 | of one multiplexing client at a time; more are not read meanwhile |
/// | `detection` | 5 s | from the first byte to the eighth, as Kitex |
/// | `message` | 30 s | from a message's first byte to its last, and for a reply to be taken |
/// | `idle` | 10 min | longer than a Kitex client keeps an idle connection, 60 s |
/// | `drain` | 5 s | what a graceful stop waits for, as Kitex; no more is read in its second half |
/// | `quiet` | 100 ms | how long a connection must be silent before a graceful stop closes it |
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// let limits = polyport::Limits {
///     frame: 1024 * 1024,
///     idle: Duration::from_secs(60),
///     ..polyport::Limits::default()
/// };
/// assert_eq!(limits.depth, 64);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of one frame.
    pub frame: usize,
    /// Bytes of a TTHeader's header section.
    pub header: usize,
    /// Bytes of one message over HTTP/2, also when it is decompressed. What has arrived of all large
    /// messages of a connection takes no more: the next one waits until there is room.
    pub grpc_message: usize,
    /// Bytes of the headers of one HTTP/2 request.
    pub header_list: u32,
    /// Requests that are served at the same time on one HTTP/2 connection.
    pub streams: u32,
    /// Streams that an HTTP/2 client may reset at once; a fifth of that comes back every second.
    pub resets: u32,
    /// Levels of nested values in one message.
    pub depth: u32,
    /// Bytes of memory that the containers and boxes of one message may take, and the defaults of fields
    /// that did not come.
    pub decoded: usize,
    /// Connections that are open at the same time.
    pub connections: Option<usize>,
    /// Calls that are served at the same time on one connection, for clients that take replies in
    /// any order.
    pub calls: usize,
    /// From a connection's first byte until it is clear what it speaks.
    pub detection: Duration,
    /// From a message's first byte to its last, and the same for writing.
    pub message: Duration,
    /// From one message to the next.
    pub idle: Duration,
    /// How long a graceful stop waits for calls in flight.
    pub drain: Duration,
    /// How long a connection must be silent before a graceful stop closes it.
    pub quiet: Duration,
}

impl Limits {
    /// The part that decoders of HTTP/2's messages need.
    pub(crate) fn message_limits(&self) -> WireLimits {
        WireLimits {
            frame: self.grpc_message,
            ..self.wire()
        }
    }

    /// The part that decoders need.
    pub(crate) fn wire(&self) -> WireLimits {
        WireLimits {
            frame: self.frame,
            header: self.header,
            depth: self.depth,
            decoded: self.decoded,
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        let wire = WireLimits::default();
        Self {
            frame: wire.frame,
            header: wire.header,
            grpc_message: 16 * 1024 * 1024,
            header_list: 64 * 1024,
            streams: 1024,
            resets: 500,
            depth: wire.depth,
            decoded: wire.decoded,
            connections: None,
            calls: 1024,
            detection: Duration::from_secs(5),
            message: Duration::from_secs(30),
            idle: Duration::from_secs(10 * 60),
            drain: Duration::from_secs(5),
            quiet: Duration::from_millis(100),
        }
    }
}
