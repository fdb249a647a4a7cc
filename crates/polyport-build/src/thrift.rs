//! The front end for Thrift: text to a tree that remembers where everything stands.
//!
//! The grammar is the one of Kitex's `thriftgo`, plus what Apache Thrift allows beyond it where
//! that is harmless. A broken definition or member is reported and left out; reading goes on
//! behind it.

mod parse;
mod cursor;
mod docs;
mod lex;
pub(crate) mod ast;

use crate::diagnostic::Diagnostic;
use crate::source::FileId;

/// Reads one file.
pub(crate) fn parse(file: FileId, text: &str) -> (ast::File, Vec<Diagnostic>) {
    let (tokens, mut diagnostics) = lex::lex(file, text);
    let (tree, found) = parse::parse(cursor::Cursor::new(file, text, &tokens));
    diagnostics.extend(found);
    (tree, diagnostics)
}
