//! Why a command could not do what it was asked for.

use std::io;

use polyport_build::Error;

/// What stands in the way, and with it how the command exits.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The command was called in a wrong way.
    Usage(String),
    /// The IDL is not as it should be.
    Idl(Error),
    /// Nobody reads what is written.
    Closed,
    /// Anything else.
    Other(String),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Idl(error)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::Closed,
            _ => Self::Other(error.to_string()),
        }
    }
}
