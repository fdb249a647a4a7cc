//! Something failed here: a server that cannot start, a client that cannot connect.

use std::error::Error as StdError;
use std::fmt;
use std::io;

use crate::registration::RegistrationError;

/// A failure on this side, before or beside any call.
///
/// The outcome of a call is a [`Status`](crate::Status) instead. `Display` and `Debug` both give the
/// text, so that a `main` that returns the error says what is wrong.
pub struct Error(Box<Inner>);

struct Inner {
    kind: Kind,
    cause: Option<io::Error>,
}

enum Kind {
    Registration(Vec<RegistrationError>),
    Bind(String),
    Connect(String),
    ConnectTimeout(String),
    Options(&'static str),
}

impl Error {
    pub(crate) fn registration(errors: Vec<RegistrationError>) -> Self {
        Self::new(Kind::Registration(errors), None)
    }

    pub(crate) fn bind(address: String, cause: io::Error) -> Self {
        Self::new(Kind::Bind(address), Some(cause))
    }

    pub(crate) fn connect(address: &str, cause: io::Error) -> Self {
        Self::new(Kind::Connect(address.to_owned()), Some(cause))
    }

    pub(crate) fn connect_timeout(address: &str) -> Self {
        Self::new(Kind::ConnectTimeout(address.to_owned()), None)
    }

    pub(crate) fn options(text: &'static str) -> Self {
        Self::new(Kind::Options(text), None)
    }

    fn new(kind: Kind, cause: Option<io::Error>) -> Self {
        Self(Box::new(Inner { kind, cause }))
    }

    /// Everything that is wrong with the registered services, when that is what failed.
    #[must_use]
    pub fn registration_errors(&self) -> &[RegistrationError] {
        match &self.0.kind {
            Kind::Registration(errors) => errors,
            _ => &[],
        }
    }

    /// Whether no connection to a server could be made.
    #[must_use]
    pub fn is_connect(&self) -> bool {
        matches!(self.0.kind, Kind::Connect(_) | Kind::ConnectTimeout(_))
    }

    /// Whether time ran out.
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        matches!(self.0.kind, Kind::ConnectTimeout(_))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0.kind {
            Kind::Registration(errors) => {
                for (index, error) in errors.iter().enumerate() {
                    if index > 0 {
                        f.write_str("\n")?;
                    }
                    error.fmt(f)?;
                }
                Ok(())
            }
            Kind::Bind(address) => write!(f, "cannot listen on {address}"),
            Kind::Connect(address) => write!(f, "cannot connect to {address}"),
            Kind::Options(text) => f.write_str(text),
            Kind::ConnectTimeout(address) => write!(f, "connecting to {address} took too long"),
        }?;
        match &self.0.cause {
            Some(cause) => write!(f, ": {cause}"),
            None => Ok(()),
        }
    }
}

/// The same text: a `main` that returns the error shows this one.
impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.cause.as_ref().map(|cause| cause as _)
    }
}
