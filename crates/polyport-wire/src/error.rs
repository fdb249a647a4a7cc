//! What can be wrong with a peer's bytes, and with ours when they do not fit the wire.

use std::error::Error;
use std::fmt;

/// The peer's bytes do not say what they should.
///
/// The error carries the way to the place where decoding stopped, outermost message first, which
/// is gathered only while unwinding: a good message pays nothing for it.
///
/// # Examples
///
/// ```
/// use polyport_wire::error::{DecodeError, DecodeErrorKind};
///
/// let error = DecodeError::new(DecodeErrorKind::Utf8).within("Request.message");
/// assert_eq!(error.to_string(), "Request.message: text is not UTF-8");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecodeError(Box<Place>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Place {
    kind: DecodeErrorKind,
    trail: Vec<&'static str>,
}

/// The ways in which bytes can be wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DecodeErrorKind {
    /// The message ends inside of a value.
    UnexpectedEnd,
    /// A value that this place does not allow: what it is, and what was seen.
    Malformed {
        /// The part of the format.
        what: &'static str,
        /// The number that was seen there.
        got: i64,
    },
    /// A length or a count is over its limit.
    TooLarge {
        /// The part of the format.
        what: &'static str,
        /// What the peer announced, in the unit of the limit.
        got: u64,
        /// What is allowed, see [`Limits`](crate::limits::Limits).
        limit: u64,
    },
    /// Values are nested deeper than allowed.
    TooDeep {
        /// The number of levels that are allowed.
        limit: u32,
    },
    /// A Thrift `string` holds something else than UTF-8.
    Utf8,
    /// A required field did not come.
    MissingField(
        /// The field's name in the IDL.
        &'static str,
    ),
    /// A part of the format that Polyport does not speak.
    Unsupported {
        /// The part of the format.
        what: &'static str,
        /// The number that was seen there.
        got: i64,
    },
    /// What a codec of another library says.
    Foreign(
        /// Its words.
        Box<str>,
    ),
}

impl DecodeError {
    /// An error at the place where decoding stands now.
    #[must_use]
    #[cold]
    pub fn new(kind: DecodeErrorKind) -> Self {
        Self(Box::new(Place {
            kind,
            trail: Vec::new(),
        }))
    }

    /// What a codec of another library says about the bytes.
    #[must_use]
    #[cold]
    pub fn foreign(text: impl Into<Box<str>>) -> Self {
        Self::new(DecodeErrorKind::Foreign(text.into()))
    }

    /// The same error, one level further out: `place` is `Message.field`.
    #[must_use]
    #[cold]
    pub fn within(mut self, place: &'static str) -> Self {
        self.0.trail.push(place);
        self
    }

    /// What is wrong, without the place.
    #[must_use]
    pub fn kind(&self) -> &DecodeErrorKind {
        &self.0.kind
    }

    /// The places that were being decoded, `Message.field` each, the outermost first.
    pub fn trail(&self) -> impl Iterator<Item = &'static str> + '_ {
        self.0.trail.iter().rev().copied()
    }
}

impl From<DecodeErrorKind> for DecodeError {
    fn from(kind: DecodeErrorKind) -> Self {
        Self::new(kind)
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (depth, place) in self.trail().enumerate() {
            if depth > 0 {
                f.write_str(" > ")?;
            }
            f.write_str(place)?;
        }
        if !self.0.trail.is_empty() {
            f.write_str(": ")?;
        }
        self.0.kind.fmt(f)
    }
}

impl fmt::Display for DecodeErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnexpectedEnd => f.write_str("the message ends inside of a value"),
            Self::Malformed { what, got } => write!(f, "{what} cannot be {got} ({got:#x})"),
            Self::TooLarge { what, got, limit } => {
                write!(f, "{what} of {got} is over the limit of {limit}")
            }
            Self::TooDeep { limit } => write!(f, "nested deeper than {limit} levels"),
            Self::Utf8 => f.write_str("text is not UTF-8"),
            // Kitex's words: a client may look for them.
            Self::MissingField(name) => write!(f, "required field {name} is not set"),
            Self::Unsupported { what, got } => {
                write!(f, "{what} {got} ({got:#x}) is not supported")
            }
            Self::Foreign(text) => f.write_str(text),
        }
    }
}

impl Error for DecodeError {}

/// A value of ours that the wire cannot hold.
///
/// Nothing of a message is left in the buffer when its encoding fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EncodeError {
    what: &'static str,
    /// The limit that it is over, if that is what is wrong with it.
    limit: Option<u64>,
}

impl EncodeError {
    /// `what` is larger than `limit`.
    #[must_use]
    #[cold]
    pub fn too_large(what: &'static str, limit: u64) -> Self {
        Self {
            what,
            limit: Some(limit),
        }
    }

    /// `what` has no place in the message.
    #[must_use]
    #[cold]
    pub fn misplaced(what: &'static str) -> Self {
        Self { what, limit: None }
    }
}

impl fmt::Display for EncodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.limit {
            Some(limit) => write!(f, "{} is over the limit of {limit}", self.what),
            None => write!(f, "{} cannot stand here", self.what),
        }
    }
}

impl Error for EncodeError {}
