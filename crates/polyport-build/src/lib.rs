//! IDL to Rust, for build scripts and for the `polyport` command.
//!
//! A build script needs one line, and the code that it makes is included by another:
//!
//! ```no_run
//! // build.rs
//! fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     polyport_build::compile("idl/demo.thrift")?;
//!     Ok(())
//! }
//! ```
//!
//! ```text
//! // main.rs
//! polyport::include_idl!("demo");
//! ```
//!
//! The stages are a straight pipeline, and none of them stops at the first mistake: files are
//! loaded and parsed, names resolved to one model, the model's names turned into Rust's, tokens
//! emitted, a file written. The modules are listed in reading order, and each uses only what
//! stands below it; so the data goes from the last to the first.

mod builder;
mod compare;
mod write;
mod emit;
mod names;
mod resolve;
mod model;
mod load;
mod thrift;
mod error;
mod diagnostic;
mod source;

pub use crate::builder::{Builder, Comparison, Generated, compile};
pub use crate::diagnostic::{Finding, Location, Report, Severity};
pub use crate::error::Error;
