//! The one error of this crate.

use std::fmt;

use crate::diagnostic::Report;

/// An IDL, or a file of the run, is not as it should be.
///
/// It holds every mistake of the run, not only the first. `Display` and `Debug` both give the whole
/// report with source lines and carets, so that a `main` that returns the error is enough in a
/// build script.
///
/// # Examples
///
/// ```
/// let error = polyport_build::compile("no/such/file.thrift").unwrap_err();
/// assert!(error.to_string().starts_with("error: cannot read `no/such/file.thrift`"));
/// ```
#[derive(Clone)]
pub struct Error(Report);

impl Error {
    pub(crate) fn new(report: Report) -> Self {
        Self(report)
    }

    /// The mistakes.
    #[must_use]
    pub fn report(&self) -> &Report {
        &self.0
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl std::error::Error for Error {}
