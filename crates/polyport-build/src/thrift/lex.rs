//! Text to tokens. Comments are kept apart: some of them are documentation.

use std::ops::Range;

use crate::diagnostic::Diagnostic;
use crate::source::{FileId, Span};

/// What the parser reads.
#[derive(Debug)]
pub(crate) struct Tokens {
    /// At least one: the last is [`TokenKind::End`].
    pub(crate) tokens: Vec<Token>,
    /// The comments, in order.
    pub(crate) comments: Vec<Range<usize>>,
}

#[derive(Clone, Debug)]
pub(crate) struct Token {
    pub(crate) kind: TokenKind,
    pub(crate) range: Range<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TokenKind {
    /// A keyword or a name, possibly with dots.
    Word,
    Integer,
    Double,
    /// A text, its quotes included.
    Text,
    /// One of `{}()<>[],;:=*&`.
    Symbol(char),
    End,
}

/// Cuts `text` into tokens, and steps over what is none of them.
pub(crate) fn lex(file: FileId, text: &str) -> (Tokens, Vec<Diagnostic>) {
    let mut lexer = Lexer {
        file,
        text,
        position: if text.starts_with('\u{feff}') { 3 } else { 0 },
        comments: Vec::new(),
        diagnostics: Vec::new(),
    };
    let mut tokens = Vec::new();
    while let Some(token) = lexer.token() {
        tokens.push(token);
    }
    tokens.push(Token {
        kind: TokenKind::End,
        range: text.len()..text.len(),
    });
    let tokens = Tokens {
        tokens,
        comments: lexer.comments,
    };
    (tokens, lexer.diagnostics)
}

struct Lexer<'a> {
    file: FileId,
    text: &'a str,
    position: usize,
    comments: Vec<Range<usize>>,
    diagnostics: Vec<Diagnostic>,
}

impl Lexer<'_> {
    /// The next token; `None` at the end.
    fn token(&mut self) -> Option<Token> {
        loop {
            self.skip_space_and_comments();
            let start = self.position;
            let rest = self.rest();
            let first = rest.chars().next()?;
            let second = rest.chars().nth(1).unwrap_or(' ');
            let kind = match first {
                'a'..='z' | 'A'..='Z' | '_' => Some(self.word()),
                '0'..='9' => Some(self.number()),
                '+' | '-' if second.is_ascii_digit() || second == '.' => Some(self.number()),
                '.' if second.is_ascii_digit() => Some(self.number()),
                '"' | '\'' => Some(self.quoted(first)),
                '{' | '}' | '(' | ')' | '<' | '>' | '[' | ']' | ',' | ';' | ':' | '=' | '*'
                | '&' => {
                    self.position += 1;
                    Some(TokenKind::Symbol(first))
                }
                _ => {
                    self.unexpected();
                    None
                }
            };
            if let Some(kind) = kind {
                return Some(Token {
                    kind,
                    range: start..self.position,
                });
            }
        }
    }

    fn rest(&self) -> &str {
        &self.text[self.position..]
    }

    fn report(&mut self, range: Range<usize>, message: impl Into<String>, label: &str) {
        let diagnostic = Diagnostic::error(message).at(Span::new(self.file, range), label);
        self.diagnostics.push(diagnostic);
    }

    fn skip_space_and_comments(&mut self) {
        loop {
            let rest = self.rest();
            let space = rest.len() - rest.trim_start().len();
            if space > 0 {
                self.position += space;
            } else if rest.starts_with('#') || rest.starts_with("//") {
                let len = rest.find(['\n', '\r']).unwrap_or(rest.len());
                self.comment(len);
            } else if let Some(inside) = rest.strip_prefix("/*") {
                match inside.find("*/") {
                    Some(len) => self.comment(len + 4),
                    None => {
                        let start = self.position;
                        self.report(
                            start..start + 2,
                            "this comment has no end",
                            "starts here; `*/` is missing",
                        );
                        self.position = self.text.len();
                    }
                }
            } else {
                return;
            }
        }
    }

    fn comment(&mut self, len: usize) {
        let start = self.position;
        self.position += len;
        self.comments.push(start..self.position);
    }

    /// Letters, digits, `_`, `.`; also `-` before a letter, which some annotations have.
    fn word(&mut self) -> TokenKind {
        let rest = self.rest().as_bytes();
        let mut len = 1;
        while let Some(byte) = rest.get(len) {
            let next_is_letter = rest.get(len + 1).is_some_and(u8::is_ascii_alphabetic);
            match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' | b'.' => len += 1,
                b'-' if next_is_letter => len += 1,
                _ => break,
            }
        }
        self.position += len;
        TokenKind::Word
    }

    /// Takes everything that belongs together, then looks whether it is a number.
    fn number(&mut self) -> TokenKind {
        let start = self.position;
        let rest = self.rest().as_bytes();
        let is_hex = rest.starts_with(b"0x") || rest.starts_with(b"0X");
        let mut len = 1;
        while let Some(byte) = rest.get(len) {
            let is_exponent = !is_hex && matches!(rest[len - 1], b'e' | b'E');
            match byte {
                b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' | b'_' | b'.' => len += 1,
                b'+' | b'-' if is_exponent => len += 1,
                _ => break,
            }
        }
        self.position += len;
        self.number_kind(start..self.position, is_hex)
    }

    /// Reports what only looks like a number; it counts as an integer.
    fn number_kind(&mut self, range: Range<usize>, is_hex: bool) -> TokenKind {
        let text = self.text;
        let number = &text[range.clone()];
        let is_plain = |text: &str| text.bytes().all(|byte| b"0123456789+-".contains(&byte));
        let too_large = format!("the number `{number}` is too large");
        let is_hex_number = is_hex && number.len() > 2 && is_hex_digits(&number[2..]);
        if integer(number).is_some() {
            return TokenKind::Integer;
        }
        if is_plain(number) || is_hex_number {
            self.report(range, too_large, "does not fit into 64 bits");
        } else if let Some(value) = double(number) {
            if value.is_infinite() {
                self.report(range, too_large, "does not fit into a double");
            }
            return TokenKind::Double;
        } else {
            let label = match is_hex {
                true => "expected hexadecimal digits behind `0x`",
                false => "starts like one",
            };
            self.report(range, format!("`{number}` is not a number"), label);
        }
        TokenKind::Integer
    }

    fn quoted(&mut self, quote: char) -> TokenKind {
        let len = match text_len(self.rest()) {
            Some(len) => len,
            None => self.torn_text(quote),
        };
        self.position += len;
        TokenKind::Text
    }

    /// Reports a text without an end, or without a beginning. It is taken to reach to the end of
    /// the line, but for what is probably not of it.
    fn torn_text(&mut self, quote: char) -> usize {
        let start = self.position;
        let before = self.text[..start].chars().next_back();
        let (message, what) = match before {
            Some('a'..='z' | 'A'..='Z' | '0'..='9' | '_') => ("beginning", "ends"),
            _ => ("end", "starts"),
        };
        let line = self.rest().lines().next().unwrap_or_default();
        let is_outside = |letter: char| letter.is_whitespace() || "{}()[],;".contains(letter);
        let len = line.trim_end_matches(is_outside).len();
        self.report(
            start..start + 1,
            format!("this text has no {message}"),
            &format!("{what} here; `{quote}` is missing"),
        );
        len
    }

    fn unexpected(&mut self) {
        let start = self.position;
        let rest = self.rest();
        let len = rest
            .find(|letter: char| {
                letter.is_ascii_alphanumeric()
                    || letter.is_whitespace()
                    || "{}()<>[],;:=*&\"'#/_".contains(letter)
            })
            .unwrap_or(rest.len())
            .max(rest.chars().next().map_or(1, char::len_utf8));
        self.position += len;
        let found = &self.text[start..self.position];
        let message = format!("`{found}` means nothing here");
        self.report(start..self.position, message, "not part of the language");
    }
}

/// The length of the text that `rest` starts with, its quotes included; none if it has no end.
///
/// Texts may have several lines, so the next quote may be the start of another text. Something
/// follows it then that cannot stand behind a text.
fn text_len(rest: &str) -> Option<usize> {
    let quote = rest.chars().next()?;
    let mut escaped = false;
    let mut letters = rest.char_indices().skip(1);
    let (end, _) = letters.find(|(_, letter)| {
        let is_end = *letter == quote && !escaped;
        escaped = *letter == '\\' && !escaped;
        is_end
    })?;
    let behind = &rest[end + 1..];
    let is_torn = match rest[..end].contains('\n') {
        false => behind.starts_with(|next: char| next.is_ascii_alphabetic() || next == '_'),
        true => {
            let line = behind.lines().next().unwrap_or_default().trim_start();
            !line.is_empty() && !line.starts_with([',', ';', ':', ')', ']', '}', '(', '/', '#'])
        }
    };
    (!is_torn).then_some(end + 1)
}

fn is_hex_digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// The value of an integer token.
pub(crate) fn integer(text: &str) -> Option<i64> {
    if let Some(digits) = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        return i64::from_str_radix(digits, 16).ok();
    }
    if let Some(digits) = text.strip_prefix("0o") {
        return i64::from_str_radix(digits, 8).ok();
    }
    text.parse().ok()
}

/// The value of a double token.
pub(crate) fn double(text: &str) -> Option<f64> {
    let allowed = |byte| b"0123456789+-.eE".contains(&byte);
    if text.bytes().all(allowed) {
        text.parse().ok()
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &[(&str, TokenKind)]) {
        let (tokens, diagnostics) = lex(FileId(0), text);
        assert_eq!(diagnostics, [], "{text}");
        let mut found: Vec<(&str, TokenKind)> = tokens
            .tokens
            .iter()
            .map(|token| (&text[token.range.clone()], token.kind))
            .collect();
        assert_eq!(found.pop(), Some(("", TokenKind::End)));
        assert_eq!(found, expected);
    }

    #[test]
    fn words_numbers_texts_and_symbols() {
        use TokenKind::{Double, Integer, Symbol, Text, Word};
        check(
            "1:optional a.b.C x-y=-1,+2 0x1F .5 1e-3 3. /* c */ 'a\\'b'\"\" # end",
            &[
                ("1", Integer),
                (":", Symbol(':')),
                ("optional", Word),
                ("a.b.C", Word),
                ("x-y", Word),
                ("=", Symbol('=')),
                ("-1", Integer),
                (",", Symbol(',')),
                ("+2", Integer),
                ("0x1F", Integer),
                (".5", Double),
                ("1e-3", Double),
                ("3.", Double),
                ("'a\\'b'", Text),
                ("\"\"", Text),
            ],
        );
        check("\u{feff}struct", &[("struct", Word)]);
    }

    #[test]
    fn numbers_have_their_values() {
        assert_eq!(integer("0x7fffffffffff"), Some(0x7fff_ffff_ffff));
        assert_eq!(integer("0o17"), Some(15));
        assert_eq!(integer("-9223372036854775808"), Some(i64::MIN));
        assert_eq!(double("-1.5e3"), Some(-1500.0));
        assert_eq!(double("inf"), None);
    }
}
