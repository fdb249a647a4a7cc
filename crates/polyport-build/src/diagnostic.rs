//! What is wrong with an IDL, where, and what would be right.

use std::borrow::Cow;
use std::fmt;
use std::path::Path;
use std::sync::Arc;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

use crate::source::{FileId, Sources, Span};

/// One mistake, with the places that it is about: the first is where it is, the others explain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Diagnostic {
    severity: Severity,
    code: Option<&'static str>,
    message: String,
    labels: Vec<Label>,
    help: Vec<String>,
}

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Severity {
    /// It must be changed.
    Error,
    /// It is allowed, but probably not meant.
    Warning,
    /// It is good to know.
    Note,
}

/// A diagnostic as data, for programs.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Finding<'a> {
    /// How bad it is.
    pub severity: Severity,
    /// Of a change between two versions: what it breaks, `wire`, `source` or `wire, source`.
    pub code: Option<&'static str>,
    /// What is wrong.
    pub message: &'a str,
    /// Where: the first place is where it is, the others explain.
    pub places: Vec<Location<'a>>,
    /// What would be right.
    pub help: &'a [String],
}

/// A piece of a file, with what there is to say about it. Lines and columns start at 1; columns
/// count characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Location<'a> {
    /// The file, as it was given or found.
    pub file: &'a Path,
    /// Where it starts.
    pub line: usize,
    /// Where it starts.
    pub column: usize,
    /// The line of the first character behind it.
    pub end_line: usize,
    /// The column of the first character behind it.
    pub end_column: usize,
    /// What is there.
    pub label: &'a str,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Label {
    span: Span,
    text: String,
}

impl Diagnostic {
    pub(crate) fn error(message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Error,
            code: None,
            message: message.into(),
            labels: Vec::new(),
            help: Vec::new(),
        }
    }

    pub(crate) fn warning(message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Warning,
            ..Self::error(message)
        }
    }

    pub(crate) fn note(message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Note,
            ..Self::error(message)
        }
    }

    /// What kind of mistake it is.
    #[must_use]
    pub(crate) fn code(mut self, code: &'static str) -> Self {
        self.code = Some(code);
        self
    }

    /// Where it is, and further places that belong to it.
    #[must_use]
    pub(crate) fn at(mut self, span: Span, label: impl Into<String>) -> Self {
        self.labels.push(Label {
            span,
            text: label.into(),
        });
        self
    }

    #[must_use]
    pub(crate) fn help(mut self, text: impl Into<String>) -> Self {
        self.help.push(text.into());
        self
    }

    /// Proposes what was probably meant, if anything is close to it.
    #[must_use]
    pub(crate) fn did_you_mean(self, suggestion: Option<&str>) -> Self {
        match suggestion {
            Some(name) => self.help(format!("did you mean `{name}`?")),
            None => self,
        }
    }

    pub(crate) fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }

    /// Where it is, if it is somewhere.
    pub(crate) fn place(&self) -> Option<Span> {
        self.labels.first().map(|label| label.span)
    }
}

/// Diagnostics of one run, ready to be shown: `Display` gives the text, [`styled`](Self::styled)
/// the same with a terminal's colors.
#[derive(Clone)]
pub struct Report {
    sources: Arc<Sources>,
    diagnostics: Vec<Diagnostic>,
}

impl Report {
    /// Sorts by place: files in the order in which they were read, what has no place first.
    pub(crate) fn new(sources: Arc<Sources>, mut diagnostics: Vec<Diagnostic>) -> Self {
        diagnostics.sort_by_key(Diagnostic::place);
        diagnostics.dedup();
        Self {
            sources,
            diagnostics,
        }
    }

    /// Whether there is nothing to report.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.diagnostics.is_empty()
    }

    /// The first line of each diagnostic.
    pub fn messages(&self) -> impl Iterator<Item = &str> {
        self.diagnostics
            .iter()
            .map(|diagnostic| diagnostic.message.as_str())
    }

    /// Everything that the text says, as data.
    pub fn findings(&self) -> impl Iterator<Item = Finding<'_>> {
        self.diagnostics.iter().map(|diagnostic| Finding {
            severity: diagnostic.severity,
            code: diagnostic.code,
            message: &diagnostic.message,
            places: diagnostic
                .labels
                .iter()
                .map(|label| self.location(label))
                .collect(),
            help: &diagnostic.help,
        })
    }

    fn location<'a>(&'a self, label: &'a Label) -> Location<'a> {
        let source = self.sources.get(label.span.file);
        let (line, column) = position(&source.text, label.span.start);
        let (end_line, end_column) = position(&source.text, label.span.end);
        Location {
            file: &source.path,
            line,
            column,
            end_line,
            end_column,
            label: &label.text,
        }
    }

    /// The report with the colors of a terminal.
    #[must_use]
    pub fn styled(&self) -> String {
        self.render(&Renderer::styled())
    }

    fn render(&self, renderer: &Renderer) -> String {
        let reports: Vec<String> = self
            .diagnostics
            .iter()
            .map(|diagnostic| renderer.render(&[self.group(diagnostic)]))
            .collect();
        reports.join("\n\n")
    }

    fn group<'a>(&'a self, diagnostic: &'a Diagnostic) -> Group<'a> {
        let level = match diagnostic.severity {
            Severity::Error => Level::ERROR,
            Severity::Warning => Level::WARNING,
            Severity::Note => Level::NOTE,
        };
        let mut files: Vec<FileId> = Vec::new();
        for label in &diagnostic.labels {
            if !files.contains(&label.span.file) {
                files.push(label.span.file);
            }
        }
        let snippets = files
            .into_iter()
            .map(|file| self.snippet(file, &diagnostic.labels));
        let help = diagnostic
            .help
            .iter()
            .map(|text| Level::HELP.message(visible(text)));
        let title = level.primary_title(visible(&diagnostic.message));
        let title = match diagnostic.code {
            Some(code) => title.id(code),
            None => title,
        };
        Group::with_title(title).elements(snippets).elements(help)
    }

    fn snippet<'a>(
        &'a self,
        file: FileId,
        labels: &'a [Label],
    ) -> Snippet<'a, annotate_snippets::Annotation<'a>> {
        let source = self.sources.get(file);
        let annotations = labels
            .iter()
            .enumerate()
            .filter(|(_, label)| label.span.file == file)
            .map(|(index, label)| {
                let kind = match index {
                    0 => AnnotationKind::Primary,
                    _ => AnnotationKind::Context,
                };
                kind.span(label.span.range()).label(visible(&label.text))
            });
        Snippet::source(of_same_length(&source.text))
            .path(visible(&source.path.to_string_lossy()))
            .annotations(annotations)
    }
}

impl fmt::Debug for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(&Renderer::plain()))
    }
}

/// Text that may come from a server or from a foreign file, without what a terminal would obey.
fn visible(text: &str) -> String {
    let visible = |letter: char| match letter.is_control() && letter != '\n' {
        true => char::REPLACEMENT_CHARACTER,
        false => letter,
    };
    text.chars().map(visible).collect()
}

/// A file's text without the controls that the renderer lets through, and the places as they were:
/// each has two bytes, and so has what stands in its place.
fn of_same_length(text: &str) -> Cow<'_, str> {
    let is_obeyed = |letter: char| ('\u{80}'..='\u{9f}').contains(&letter);
    match text.contains(is_obeyed) {
        true => text.replace(is_obeyed, "¿").into(),
        false => text.into(),
    }
}

/// The line and the column of a byte, both from 1.
fn position(text: &str, at: usize) -> (usize, usize) {
    let before = &text[..at];
    let line = before.matches('\n').count() + 1;
    let start = before.rfind('\n').map_or(0, |newline| newline + 1);
    (line, before[start..].chars().count() + 1)
}

/// The name among `candidates` that a person who typed `typed` may have meant.
pub(crate) fn closest<'a>(
    typed: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let allowed = (typed.len() / 3).max(1);
    candidates
        .into_iter()
        .filter(|candidate| *candidate != typed)
        .map(|candidate| (distance(typed, candidate), candidate))
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// How many letters to insert, delete, replace or swap with their neighbor (Damerau-Levenshtein,
/// each place changed once); a change of case counts nothing.
fn distance(a: &str, b: &str) -> usize {
    let a: Vec<char> = a.to_lowercase().chars().collect();
    let b: Vec<char> = b.to_lowercase().chars().collect();
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for (i, left) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, right) in b.iter().enumerate() {
            let replaced = last[j] + usize::from(left != right);
            let mut best = replaced.min(last[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && *left == b[j - 1] && a[i - 1] == *right {
                best = best.min(before[j - 1] + 1);
            }
            row.push(best);
        }
        before = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}

#[cfg(test)]
mod tests {
    use crate::source::Source;

    use super::*;

    #[test]
    fn nothing_that_is_shown_moves_a_terminal() {
        let evil = "a\u{1b}[31m\u{9b}2Jb";
        let mut sources = Sources::default();
        let text = format!("{evil} text\n");
        let file = sources.add(Source::new(Path::new(evil), text.as_bytes()));
        let start = evil.len() + 1;
        let span = Span::new(file, start..start + 4);
        let diagnostic = Diagnostic::error(evil).at(span, evil).help(evil);
        let report = Report::new(Arc::new(sources), vec![diagnostic]);
        let plain = report.to_string();
        assert_eq!(plain.matches("[31m").count(), 5, "{plain}");
        assert!(!plain.contains(|letter: char| letter.is_control() && letter != '\n'));
        // The styles are the renderer's own.
        let styled = report.styled();
        assert!(
            !styled.contains('\u{9b}') && !styled.contains("a\u{1b}[31m"),
            "{styled:?}"
        );
        // What is pointed at is what it was.
        let line = plain.lines().find(|line| line.contains("^^^^")).unwrap();
        let text = plain.lines().find(|line| line.contains(" text")).unwrap();
        let column = |line: &str, of: &str| line[..line.find(of).unwrap()].chars().count();
        assert_eq!(column(line, "^^^^"), column(text, "text"));
    }

    #[test]
    fn the_closest_name_is_close() {
        let keywords = ["required", "optional", "struct"];
        assert_eq!(closest("optinal", keywords), Some("optional"));
        assert_eq!(closest("Struct", keywords), Some("struct"));
        assert_eq!(closest("strcut", keywords), Some("struct"));
        assert_eq!(closest("enum", keywords), None);
        assert_eq!(closest("x", ["y", "longer"]), Some("y"));
    }
}
