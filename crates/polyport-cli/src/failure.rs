//! Why a command could not do what it was asked for.

use std::fmt;
use std::io;

use polyport::Code;
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

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Usage(text) | Self::Other(text) => f.write_str(text),
            Self::Idl(error) => {
                let messages: Vec<&str> = error.report().messages().collect();
                f.write_str(&messages.join("; "))
            }
            Self::Closed => f.write_str("nobody reads what is written"),
        }
    }
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

/// A status of gRPC by its number, and by its name if it has one.
pub(crate) fn numbered(code: Code) -> String {
    let number = code.0.cast_signed();
    let name = code.to_string();
    match name.starts_with("Code(") {
        true => format!("status {number}"),
        false => format!("status {number} {name}"),
    }
}
