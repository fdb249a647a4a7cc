//! The numbers by which gRPC tells failures apart.

use std::fmt;

/// A status code of gRPC. There are names for 0 to 16; peers, Kitex among them, also send others.
///
/// `Display` gives Go's name, which Kitex's texts contain.
///
/// # Examples
///
/// ```
/// use polyport::Code;
///
/// assert_eq!(Code::NOT_FOUND, Code(5));
/// assert_eq!(Code::NOT_FOUND.to_string(), "NotFound");
/// assert_eq!(Code(1900).to_string(), "Code(1900)");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Code(
    /// The number on the wire.
    pub u32,
);

impl Code {
    /// No failure.
    pub const OK: Self = Self(0);
    /// The caller gave up.
    pub const CANCELLED: Self = Self(1);
    /// Nothing else fits.
    pub const UNKNOWN: Self = Self(2);
    /// The arguments are wrong, whatever state the server is in.
    pub const INVALID_ARGUMENT: Self = Self(3);
    /// Time ran out.
    pub const DEADLINE_EXCEEDED: Self = Self(4);
    /// Something that was asked for does not exist.
    pub const NOT_FOUND: Self = Self(5);
    /// Something that was to be made exists.
    pub const ALREADY_EXISTS: Self = Self(6);
    /// The caller may not do this.
    pub const PERMISSION_DENIED: Self = Self(7);
    /// Something has run out: a quota, memory, a limit.
    pub const RESOURCE_EXHAUSTED: Self = Self(8);
    /// The server is not in the state that this needs.
    pub const FAILED_PRECONDITION: Self = Self(9);
    /// Something else came between.
    pub const ABORTED: Self = Self(10);
    /// Beyond the end.
    pub const OUT_OF_RANGE: Self = Self(11);
    /// There is no such service or method, or it cannot do this.
    pub const UNIMPLEMENTED: Self = Self(12);
    /// The server is broken.
    pub const INTERNAL: Self = Self(13);
    /// The server cannot be reached now.
    pub const UNAVAILABLE: Self = Self(14);
    /// Data are lost.
    pub const DATA_LOSS: Self = Self(15);
    /// The caller did not say who it is.
    pub const UNAUTHENTICATED: Self = Self(16);
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // In the order of their numbers, google.golang.org/grpc/codes.
        const NAMES: [&str; 17] = [
            "OK",
            "Canceled",
            "Unknown",
            "InvalidArgument",
            "DeadlineExceeded",
            "NotFound",
            "AlreadyExists",
            "PermissionDenied",
            "ResourceExhausted",
            "FailedPrecondition",
            "Aborted",
            "OutOfRange",
            "Unimplemented",
            "Internal",
            "Unavailable",
            "DataLoss",
            "Unauthenticated",
        ];
        let name = usize::try_from(self.0)
            .ok()
            .and_then(|place| NAMES.get(place));
        match name {
            Some(name) => f.pad(name),
            None => write!(f, "Code({})", self.0),
        }
    }
}
