//! protox's mistakes in our words, and what to do about them.

use std::ops::Range;

use miette::LabeledSpan;

use crate::diagnostic::{Diagnostic, closest};
use crate::source::{FileId, Span};

/// The file that mistakes are about, and what is known of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Subject<'a> {
    pub(super) file: FileId,
    pub(super) text: &'a str,
    /// The messages and enums that it could have meant.
    pub(super) types: &'a [&'a str],
}

/// A mistake and those that were found with it, all of one file, if it is one of ours.
pub(super) fn diagnostics(
    error: &dyn miette::Diagnostic,
    subject: Option<Subject<'_>>,
) -> Vec<Diagnostic> {
    let related = error.related().into_iter().flatten();
    let mistakes = std::iter::once(error).chain(related).map(Mistake::new);
    let mut mistakes: Vec<Mistake> = mistakes.collect();
    // A text that goes on to the end of the file makes everything around it wrong.
    if let Some(open) = mistakes
        .iter()
        .position(|mistake| mistake.said == OPEN_TEXT)
    {
        mistakes = vec![mistakes.swap_remove(open)];
    }
    // Names that are equal are equal in JSON, too.
    let places: Vec<_> = mistakes.iter().map(Mistake::range).collect();
    let twice = |at: usize| places.get(at + 1).is_some_and(|next| *next == places[at]);
    let is_echo = |at: usize, said: &str| said.starts_with("camel-case") && twice(at);
    let told = mistakes.iter().enumerate();
    let told = told.filter(|(at, mistake)| !is_echo(*at, &mistake.said));
    told.map(|(_, mistake)| mistake.clone().diagnostic(subject))
        .collect()
}

const OPEN_TEXT: &str = "unterminated string";

/// What protox said.
#[derive(Clone, Debug)]
struct Mistake {
    said: String,
    /// Where the mistake is comes first; in protox it is what was before.
    places: Vec<(Range<usize>, String)>,
    help: Vec<String>,
}

impl Mistake {
    fn new(error: &dyn miette::Diagnostic) -> Self {
        let mut labels: Vec<LabeledSpan> = error.labels().into_iter().flatten().collect();
        labels.sort_by_key(|label| is_context(label.label().unwrap_or_default()));
        let place = |label: LabeledSpan| {
            let range = label.offset()..label.offset() + label.len();
            (range, quoted(label.label().unwrap_or_default()))
        };
        let help = error.help().map(|help| quoted(&help.to_string()));
        Self {
            said: quoted(&error.to_string()),
            places: labels.into_iter().map(place).collect(),
            help: help.into_iter().collect(),
        }
    }

    fn diagnostic(mut self, subject: Option<Subject<'_>>) -> Diagnostic {
        if let Some(subject) = subject {
            self.find_place(subject.text);
            let range = self.range().unwrap_or_default();
            let seen = subject.text.get(range.clone()).unwrap_or_default();
            self.reword(seen);
            self.help.extend(self.advice(&subject, range.start, seen));
        }
        let mut diagnostic = Diagnostic::error(self.said);
        for (range, label) in self.places {
            if let Some(Subject { file, .. }) = subject {
                diagnostic = diagnostic.at(Span::new(file, range), label);
            }
        }
        self.help.into_iter().fold(diagnostic, Diagnostic::help)
    }

    fn range(&self) -> Option<Range<usize>> {
        self.places.first().map(|(range, _)| range.clone())
    }

    /// What is missing is missing behind what was there before it, and not where the next line
    /// starts; and a file that ends too early ends somewhere.
    fn find_place(&mut self, text: &str) {
        let end = text.trim_end().len();
        if self.said == "expected comment terminator, but reached end of file" {
            let start = open_token(text).unwrap_or(end);
            "this comment has no end".clone_into(&mut self.said);
            let label = "starts here; `*/` is missing".to_owned();
            self.places = vec![(start..(start + 2).min(text.len()), label)];
        } else if self.said == OPEN_TEXT {
            // The place is where the line ends.
            let line = text.get(..self.range().unwrap_or_default().start);
            let start = line.and_then(open_token).unwrap_or(end);
            "this text has no end".clone_into(&mut self.said);
            let label = "starts here; its quote is missing".to_owned();
            self.places = vec![(start..(start + 1).min(text.len()), label)];
        } else if self.said.ends_with("reached end of file") && self.places.is_empty() {
            self.places = vec![(end..end, "the file ends here".to_owned())];
            let open = open_brace(text).map(|at| (at..at + 1, "opened here".to_owned()));
            self.places.extend(open);
        } else if self.said.starts_with("expected `;`")
            && let Some((found, _)) = self.places.first()
            && let Some(before) = text.get(..found.start)
        {
            let end = code_end(before);
            if before[end..].contains('\n') {
                self.places = vec![(end..end, "expected `;`".to_owned())];
            }
        }
    }

    /// Says it as our other reports do.
    fn reword(&mut self, seen: &str) {
        if self.said == "invalid group name" && seen.starts_with(['"', '`', '\'']) {
            self.said = format!("{} is not the name of an import", seen.trim());
            self.label("not a path from an include directory");
            self.help = vec![IMPORTS.to_owned()];
        } else if self.said == "invalid token" {
            self.said = format!("`{}` means nothing here", seen.escape_debug());
            self.label("not part of the language");
        } else if let Some(rest) = self.said.strip_prefix("message numbers") {
            self.said = format!("field numbers{rest}");
        }
        if let Some((_, label)) = self.places.first_mut()
            && label == "defined here"
        {
            "here".clone_into(label);
        }
    }

    /// What to do, where protox does not say it.
    fn advice(&self, subject: &Subject<'_>, at: usize, seen: &str) -> Option<String> {
        let is_type = SCALARS.iter().any(|(name, _)| *name == seen);
        if is_type && self.says("name `...` is not defined") {
            return Some("a method takes and gives messages".to_owned());
        }
        if let Some(name) = self.meant(subject, at, seen) {
            return Some(format!("did you mean `{name}`?"));
        }
        let (_, help) = ADVICE.iter().find(|(said, _)| self.says(said))?;
        Some((*help).to_owned())
    }

    fn label(&mut self, text: &str) {
        if let Some((_, label)) = self.places.first_mut() {
            text.clone_into(label);
        }
    }

    /// Whether it is said in these words, where `...` stands for any others.
    fn says(&self, words: &str) -> bool {
        match words.split_once("...") {
            Some((start, end)) => self.said.starts_with(start) && self.said.ends_with(end),
            None => self.said == words,
        }
    }

    /// The word that was probably meant by what stands there, or before it.
    fn meant<'a>(&'a self, subject: &Subject<'a>, at: usize, seen: &str) -> Option<&'a str> {
        if self.says("name `...` is not defined") {
            return type_meant(subject, seen);
        }
        let (expected, _) = self.said.split_once(", but found")?;
        // `steam A` for `stream A`.
        if self.says("expected `.` or `)`, but found ...") {
            let before = subject.text.get(..at)?.trim_end();
            let word = before.rsplit(|c: char| !c.is_alphanumeric()).next()?;
            return closest(word, ["stream"]);
        }
        let words = expected.split('`').skip(1).step_by(2);
        closest(
            seen,
            words.filter(|word| word.starts_with(char::is_alphabetic)),
        )
    }
}

/// What to do when protox says this; `...` stands for any words.
const ADVICE: [(&str, &str); 16] = [
    ("...found `edition`", EDITIONS),
    ("...found `namespace`", THRIFT),
    ("...found `struct`", THRIFT),
    ("...found `include`", THRIFT),
    ("...found `typedef`", THRIFT),
    ("...found `exception`", THRIFT),
    (
        "...found `syntax`",
        "it stands once, before everything else",
    ),
    ("...found `-`", "names are letters, digits and `_`"),
    (
        "expected `=`, but found ...",
        "each field has a number of its own, such as `= 1`",
    ),
    (
        "expected `stream` or a type name, but found `)`",
        "a method takes one message, and gives one",
    ),
    (
        "name `...` is not defined",
        "it must stand in this file, or in one that this one imports",
    ),
    (
        "required fields are not allowed...",
        "leave `required` out: in proto3 every field may be missing",
    ),
    (
        "fields must have a label with proto2...",
        "without `syntax = \"proto3\";` at its start, a file is proto2",
    ),
    (
        "the first value for proto3 enums...",
        "put a value for 0 first, such as `UNSPECIFIED = 0;`",
    ),
    (
        "default values are not allowed...",
        "in proto3 what does not come is 0 or empty",
    ),
    (
        "map fields cannot have labels",
        "leave the word out: a map holds many entries anyway",
    ),
];

const EDITIONS: &str = "only proto2 and proto3 are read: let `protoc --include_imports \
    --descriptor_set_out` or `buf build` make a descriptor set of it, and generate from that";
const THRIFT: &str = "this looks like Thrift: such files are called `.thrift`";
const IMPORTS: &str = "write the path as it is seen from an include directory, with `/` and without \
    `.` and `..`, and give that directory";

/// The types of the language, and what others call them.
const SCALARS: [(&str, &[&str]); 15] = [
    ("double", &["float64"]),
    ("float", &["float32"]),
    ("int32", &["int", "i32", "i16", "i8", "byte", "short"]),
    ("int64", &["i64", "long"]),
    ("uint32", &["uint", "u32", "u16", "u8"]),
    ("uint64", &["u64"]),
    ("sint32", &[]),
    ("sint64", &[]),
    ("fixed32", &[]),
    ("fixed64", &[]),
    ("sfixed32", &[]),
    ("sfixed64", &[]),
    ("bool", &["boolean"]),
    ("string", &["str", "text"]),
    ("bytes", &["binary"]),
];

fn type_meant<'a>(subject: &Subject<'a>, seen: &str) -> Option<&'a str> {
    let known = SCALARS.iter().find(|(_, others)| others.contains(&seen));
    let scalars = SCALARS.iter().map(|(name, _)| *name);
    let types = subject.types.iter().copied();
    known
        .map(|(name, _)| *name)
        .or_else(|| closest(seen, types.chain(scalars)))
}

/// The place of the last brace that is not closed.
fn open_brace(text: &str) -> Option<usize> {
    let mut open = Vec::new();
    for (at, letter) in code(text) {
        match letter {
            '{' => open.push(at),
            '}' => drop(open.pop()),
            _ => {}
        }
    }
    open.pop()
}

/// The place of the comment or the text that has no end: from the start, as comments hold quotes, and both
/// hold what begins comments.
fn open_token(text: &str) -> Option<usize> {
    let mut at = 0;
    while let Some(letter) = text[at..].chars().next() {
        let rest = &text[at..];
        let is_comment = rest.starts_with("/*");
        let end = match (letter, behind_comment(rest)) {
            (_, Some(_)) if is_comment && !rest[2..].contains("*/") => None,
            (_, Some(end)) => Some(end),
            ('"' | '\'', None) => behind_text(&rest[1..], letter).map(|end| end + 1),
            (_, None) => Some(letter.len_utf8()),
        };
        match end {
            Some(end) => at += end,
            None => return Some(at),
        }
    }
    None
}

/// Where the last thing ends that is neither blank nor a comment.
fn code_end(text: &str) -> usize {
    let visible = code(text).filter(|(_, letter)| !letter.is_whitespace());
    visible
        .last()
        .map_or(0, |(at, letter)| at + letter.len_utf8())
}

/// The letters outside of comments and, but for its quotes, of text.
fn code(text: &str) -> impl Iterator<Item = (usize, char)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        while let Some(behind) = behind_comment(&text[at..]) {
            at += behind;
        }
        let letter = text[at..].chars().next()?;
        let here = at;
        at += letter.len_utf8();
        if letter == '"' || letter == '\'' {
            let rest = &text[at..];
            at += behind_text(rest, letter).unwrap_or(rest.len());
            return Some((at - 1, letter));
        }
        Some((here, letter))
    })
}

/// Where a comment ends, if the text begins with one.
fn behind_comment(text: &str) -> Option<usize> {
    if text.starts_with("//") {
        return Some(text.find('\n').unwrap_or(text.len()));
    }
    let inside = text.strip_prefix("/*")?;
    Some(inside.find("*/").map_or(text.len(), |end| end + 4))
}

/// Where a text ends whose opening quote stands before this, if it does.
fn behind_text(text: &str, quote: char) -> Option<usize> {
    let mut is_escaped = false;
    for (at, letter) in text.char_indices() {
        if letter == quote && !is_escaped {
            return Some(at + 1);
        }
        is_escaped = letter == '\\' && !is_escaped;
    }
    None
}

fn is_context(label: &str) -> bool {
    label.starts_with("first") || label.starts_with("defined here…") || label.contains("range")
}

/// Names are quoted as everywhere in our reports.
fn quoted(text: &str) -> String {
    text.replace('\'', "`")
}
