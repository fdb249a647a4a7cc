//! protox's mistakes in our words.

use miette::LabeledSpan;

use crate::diagnostic::Diagnostic;
use crate::source::{FileId, Span};

/// A mistake and those that were found with it, all of one file.
pub(super) fn diagnostics(error: &dyn miette::Diagnostic, file: Option<FileId>) -> Vec<Diagnostic> {
    let mut diagnostics = vec![diagnostic(error, file)];
    for related in error.related().into_iter().flatten() {
        diagnostics.push(diagnostic(related, file));
    }
    diagnostics
}

fn diagnostic(error: &dyn miette::Diagnostic, file: Option<FileId>) -> Diagnostic {
    let mut diagnostic = Diagnostic::error(quoted(&error.to_string()));
    let mut labels: Vec<LabeledSpan> = error.labels().into_iter().flatten().collect();
    // Where the mistake is comes first here; there it is what was before.
    labels.sort_by_key(|label| is_context(label.label().unwrap_or_default()));
    if let Some(file) = file {
        for label in &labels {
            let span = Span::new(file, label.offset()..label.offset() + label.len());
            diagnostic = diagnostic.at(span, quoted(label.label().unwrap_or_default()));
        }
    }
    if let Some(help) = error.help() {
        diagnostic = diagnostic.help(quoted(&help.to_string()));
    }
    match error.to_string().ends_with("found 'edition'") {
        true => diagnostic.help(EDITIONS),
        false => diagnostic,
    }
}

const EDITIONS: &str = "only proto2 and proto3 are read: let `protoc --include_imports \
    --descriptor_set_out` or `buf build` make a descriptor set of it, and generate from that";

fn is_context(label: &str) -> bool {
    label.starts_with("first") || label.starts_with("defined here…") || label.contains("range")
}

/// Names are quoted as everywhere in our reports.
fn quoted(text: &str) -> String {
    text.replace('\'', "`")
}
