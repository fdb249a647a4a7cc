//! Every limit that a peer's bytes meet, with its default and the reason for it.

/// How much one peer may ask for.
///
/// | field | default | reason |
/// | --- | --- | --- |
/// | `frame` | 64 MiB | far above any sane message, far below what hurts a server |
/// | `header` | 256 KiB | the largest TTHeader section that its 16-bit size can announce |
/// | `depth` | 64 | Kitex skips no deeper either |
/// | `decoded` | 256 MiB | a one-byte struct on the wire may be hundreds of bytes in memory |
///
/// # Examples
///
/// ```
/// use polyport_wire::limits::Limits;
///
/// let limits = Limits { frame: 1024 * 1024, ..Limits::default() };
/// assert_eq!(limits.depth, 64);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of one frame, its length field and headers included.
    pub frame: usize,
    /// Bytes of a TTHeader's header section.
    pub header: usize,
    /// Levels of nested values in one message.
    pub depth: u32,
    /// Bytes that one decoded message may take up in memory beside its outermost struct: its containers
    /// and boxes, and the defaults of fields that did not come. Strings that did are apart (they are
    /// never longer than the frame that holds them).
    pub decoded: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            frame: 64 * 1024 * 1024,
            header: 256 * 1024,
            depth: 64,
            decoded: 256 * 1024 * 1024,
        }
    }
}
