//! The parser's place among the tokens, and the small steps that it takes.

use std::path::Path;

use crate::diagnostic::Diagnostic;
use crate::source::{FileId, Span};
use crate::thrift::ast::{Name, Number, Text};
use crate::thrift::lex::{self, Token, TokenKind, Tokens};
use crate::thrift::{docs, escape};

/// What can start a definition; recovery looks for one of them at the start of a line.
pub(crate) const DEFINITIONS: [&str; 10] = [
    "include",
    "cpp_include",
    "namespace",
    "typedef",
    "const",
    "enum",
    "struct",
    "union",
    "exception",
    "service",
];

pub(crate) struct Cursor<'a> {
    file: FileId,
    text: &'a str,
    tokens: &'a Tokens,
    /// Where bytes were replaced because they are not UTF-8.
    not_utf8: &'a [usize],
    position: usize,
    /// Where the innermost thing begins that is being read.
    begun: usize,
}

/// A place that the cursor was at.
#[derive(Clone, Copy)]
pub(crate) struct Mark(usize);

impl<'a> Cursor<'a> {
    pub(crate) fn new(
        file: FileId,
        text: &'a str,
        not_utf8: &'a [usize],
        tokens: &'a Tokens,
    ) -> Self {
        Self {
            file,
            text,
            tokens,
            not_utf8,
            position: 0,
            begun: 0,
        }
    }

    /// Something begins here, a member or a definition.
    pub(crate) fn begin(&mut self) -> Mark {
        self.begun = self.position;
        Mark(self.position)
    }

    fn token(&self) -> &'a Token {
        let last = self.tokens.tokens.len() - 1;
        &self.tokens.tokens[self.position.min(last)]
    }

    fn token_text(&self) -> &'a str {
        &self.text[self.token().range.clone()]
    }

    fn span_of(&self, token: &Token) -> Span {
        Span::new(self.file, token.range.clone())
    }

    /// Where the cursor is.
    pub(crate) fn span(&self) -> Span {
        self.span_of(self.token())
    }

    /// What was taken last.
    pub(crate) fn last_span(&self) -> Span {
        match self.position.checked_sub(1) {
            Some(last) => self.span_of(&self.tokens.tokens[last]),
            None => Span::new(self.file, 0..0),
        }
    }

    pub(crate) fn is_at_end(&self) -> bool {
        self.token().kind == TokenKind::End
    }

    pub(crate) fn is_symbol(&self, symbol: char) -> bool {
        self.token().kind == TokenKind::Symbol(symbol)
    }

    /// The word that the cursor is at.
    pub(crate) fn word(&self) -> Option<&'a str> {
        (self.token().kind == TokenKind::Word).then(|| self.token_text())
    }

    pub(crate) fn kind(&self) -> TokenKind {
        self.token().kind
    }

    /// The word, or the symbol as a text, that stands `ahead` tokens behind the cursor.
    pub(crate) fn peek(&self, ahead: usize) -> &'a str {
        match self.tokens.tokens.get(self.position + ahead) {
            Some(token) => &self.text[token.range.clone()],
            None => "",
        }
    }

    /// Whether the cursor is at the first token of its line.
    pub(crate) fn is_at_line_start(&self) -> bool {
        let between = self.last_span().end..self.token().range.start;
        self.position == 0 || self.text[between].contains('\n')
    }

    /// Whether a definition starts here, at the very start of a line.
    pub(crate) fn is_at_definition(&self) -> bool {
        let start = self.token().range.start;
        let is_first_column = start == 0 || self.text[..start].ends_with('\n');
        is_first_column && self.word().is_some_and(|word| DEFINITIONS.contains(&word))
    }

    pub(crate) fn advance(&mut self) {
        if !self.is_at_end() {
            self.position += 1;
        }
    }

    pub(crate) fn take_symbol(&mut self, symbol: char) -> bool {
        let found = self.is_symbol(symbol);
        if found {
            self.advance();
        }
        found
    }

    pub(crate) fn take_word(&mut self, word: &str) -> bool {
        let found = self.word() == Some(word);
        if found {
            self.advance();
        }
        found
    }

    /// The comma or semicolon that may stand behind everything.
    pub(crate) fn take_separator(&mut self) {
        if !self.take_symbol(',') {
            self.take_symbol(';');
        }
    }

    /// A mistake here: something else was `wanted`.
    pub(crate) fn expected(&self, wanted: &str) -> Diagnostic {
        let is_first = self.position == self.begun;
        if !is_first && self.is_at_line_start() && !self.is_at_end() {
            let message = format!("expected {wanted}, found the end of the line");
            return Diagnostic::error(message).at(self.behind_last(), format!("expected {wanted}"));
        }
        if is_first && let TokenKind::Symbol(symbol @ (')' | ']' | '}' | '>')) = self.kind() {
            let message = format!("nothing is open that `{symbol}` could close");
            return Diagnostic::error(message).at(self.span(), "one too many");
        }
        let found = match self.token().kind {
            TokenKind::End => "the end of the file".to_owned(),
            TokenKind::Text => "a text".to_owned(),
            _ => format!("`{}`", self.token_text()),
        };
        Diagnostic::error(format!("expected {wanted}, found {found}"))
            .at(self.span(), format!("expected {wanted}"))
    }

    pub(crate) fn expect_symbol(
        &mut self,
        symbol: char,
        purpose: &str,
    ) -> Result<Span, Diagnostic> {
        if self.take_symbol(symbol) {
            Ok(self.last_span())
        } else {
            Err(self.expected(&format!("`{symbol}` {purpose}")))
        }
    }

    /// A name without dots, of what `wanted` says.
    pub(crate) fn new_name(&mut self, wanted: &str) -> Result<Name, Diagnostic> {
        let name = self.name(wanted)?;
        match name.text.find(['.', '-']) {
            None => Ok(name),
            Some(place) => {
                let found = &name.text[place..=place];
                let message = format!("{wanted} cannot contain `{found}`");
                Err(Diagnostic::error(message)
                    .at(name.span, "letters, digits and `_` can stand here"))
            }
        }
    }

    /// A name, possibly with dots, of what `wanted` says.
    pub(crate) fn name(&mut self, wanted: &str) -> Result<Name, Diagnostic> {
        let word = match self.word() {
            Some(word) if !self.is_at_definition() => word,
            _ => return Err(self.expected(wanted)),
        };
        let span = self.span();
        self.advance();
        Ok(Name {
            text: word.to_owned(),
            span,
        })
    }

    pub(crate) fn quoted(&mut self, wanted: &str) -> Result<Text, Diagnostic> {
        if self.token().kind != TokenKind::Text {
            return Err(self.expected(wanted));
        }
        let text = escape::unquoted(self.token_text());
        let span = self.span();
        self.advance();
        Ok(Text { text, span })
    }

    /// The bytes of the text that the cursor is at, its escapes replaced.
    pub(crate) fn text_value(&mut self) -> Result<Vec<u8>, Diagnostic> {
        let span = self.span();
        let token = self.token_text();
        let bytes = escape::unescaped(token).map_err(|place| {
            let range = span.start + place.start..span.start + place.end;
            let found = &token[place];
            Diagnostic::error(format!("`{found}` means nothing in a text"))
                .at(Span::new(self.file, range), "not an escape")
                .help(format!("write `\\{found}` for a backslash"))
        })?;
        if self
            .not_utf8
            .iter()
            .any(|place| span.range().contains(place))
        {
            let message = "this text is not UTF-8";
            return Err(Diagnostic::error(message)
                .at(span, "its bytes cannot be read")
                .help("save the file as UTF-8, or write the bytes as `\\xff`"));
        }
        self.advance();
        Ok(bytes)
    }

    /// The letters of the number that the cursor is at.
    pub(crate) fn digits(&self) -> &'a str {
        self.token_text()
    }

    pub(crate) fn integer(&mut self, wanted: &str) -> Result<Number, Diagnostic> {
        if self.token().kind != TokenKind::Integer {
            return Err(self.expected(wanted));
        }
        // What is no integer was reported by the lexer.
        let value = lex::integer(self.token_text()).unwrap_or_default();
        let span = self.span();
        self.advance();
        Ok(Number { value, span })
    }

    /// The value of the double that the cursor is at.
    pub(crate) fn double(&mut self) -> f64 {
        let value = lex::double(self.token_text()).unwrap_or_default();
        self.advance();
        value
    }

    /// The words from `start` to the cursor, and the names of files in its texts.
    pub(crate) fn names_since(&self, start: Mark) -> impl Iterator<Item = String> {
        let tokens = &self.tokens.tokens[start.0..self.position];
        tokens.iter().filter_map(|token| {
            let text = &self.text[token.range.clone()];
            match token.kind {
                TokenKind::Word => Some(text.to_owned()),
                TokenKind::Text => {
                    let path = escape::unquoted(text);
                    let stem = Path::new(&path).file_stem()?;
                    Some(stem.to_string_lossy().into_owned())
                }
                _ => None,
            }
        })
    }

    /// Whether a field starts here, at the start of a line: `1: type name`.
    pub(crate) fn is_at_field(&self) -> bool {
        let is_word = |ahead: usize| {
            let next = self.tokens.tokens.get(self.position + ahead);
            next.is_some_and(|token| token.kind == TokenKind::Word)
        };
        self.is_at_line_start()
            && self.token().kind == TokenKind::Integer
            && self.peek(1) == ":"
            && is_word(2)
            && (is_word(3) || self.peek(3) == "<")
    }

    /// Whether a method starts here, at the start of a line: `type name(`, and no annotations
    /// behind the `(`. Arguments that have a number do not look like that.
    pub(crate) fn is_at_method(&self) -> bool {
        if !self.is_at_line_start() || self.word().is_none() {
            return false;
        }
        let rest = &self.tokens.tokens[self.position..];
        let Some(open) = rest
            .iter()
            .position(|token| token.kind == TokenKind::Symbol('('))
        else {
            return false;
        };
        let head = &self.text[self.token().range.start..rest[open].range.start];
        let kind = |place: usize| rest.get(place).map(|token| token.kind);
        let is_named = open >= 2
            && kind(open - 1) == Some(TokenKind::Word)
            && matches!(
                kind(open - 2),
                Some(TokenKind::Word | TokenKind::Symbol('>'))
            );
        let is_annotated = kind(open + 1) == Some(TokenKind::Word)
            && kind(open + 2) != Some(TokenKind::Word)
            && kind(open + 2) != Some(TokenKind::Symbol('<'));
        is_named && !is_annotated && !head.contains(['\n', ',', ';', ':'])
    }

    /// Whether an annotation, or the end of their list, can stand here.
    pub(crate) fn is_at_annotation(&self) -> bool {
        let is_named = self.word().is_some() && matches!(self.peek(1), "=" | "," | ";" | ")");
        is_named || self.is_symbol(')')
    }

    /// Right behind what was taken last.
    pub(crate) fn behind_last(&self) -> Span {
        let end = self.last_span().end;
        Span::new(self.file, end..end)
    }

    /// The comments that stand right before the cursor, without a blank line between, and not
    /// behind something else on its line.
    pub(crate) fn docs_before(&self) -> String {
        let start = self.token().range.start;
        let floor = self.last_span().end;
        let mut next = start;
        let mut texts = Vec::new();
        let comments = &self.tokens.comments;
        let last = comments.partition_point(|comment| comment.end <= start);
        for comment in comments[..last].iter().rev() {
            let is_separate = self.text[comment.end..next].matches('\n').count() > 1;
            let is_other = comment.start < floor
                || (floor > 0 && !self.text[floor..comment.start].contains('\n'));
            if is_separate || is_other {
                break;
            }
            texts.push(docs::text(&self.text[comment.clone()]));
            next = comment.start;
        }
        texts.reverse();
        texts.join("\n")
    }

    /// The comment behind what was taken last, on the same line.
    pub(crate) fn docs_behind(&self) -> String {
        let end = self.last_span().end;
        let comments = &self.tokens.comments;
        let first = comments.partition_point(|comment| comment.start < end);
        let Some(comment) = comments.get(first) else {
            return String::new();
        };
        let before = &self.text[end..comment.start];
        let next = self.token().range.start;
        let is_behind = before.trim().is_empty() && !before.contains('\n') && comment.end <= next;
        if is_behind && (self.is_at_line_start() || self.is_at_end()) {
            docs::text(&self.text[comment.clone()])
        } else {
            String::new()
        }
    }

    /// Skips the rest of a broken member that began at `start`: up to the next line, separator,
    /// or `close`. Brackets that are opened on the way are closed on the way.
    pub(crate) fn skip_member(&mut self, start: Mark, close: char) {
        let mut depth = 0_usize;
        let mut is_first = self.position == start.0;
        while !self.is_at_end() && !self.is_at_definition() {
            let is_new_line = !is_first && self.is_at_line_start();
            match self.token().kind {
                TokenKind::Symbol('{' | '[' | '(') => depth += 1,
                TokenKind::Symbol(symbol) if depth == 0 && (symbol == close || symbol == '}') => {
                    return;
                }
                TokenKind::Symbol('}' | ']' | ')') => depth = depth.saturating_sub(1),
                TokenKind::Symbol(',' | ';') if depth == 0 => return self.advance(),
                _ if is_new_line && depth == 0 => return,
                _ => {}
            }
            is_first = false;
            self.advance();
        }
    }

    /// Skips the rest of a broken definition that began at `start`: up to one that starts a line.
    pub(crate) fn skip_definition(&mut self, start: Mark) {
        if self.position == start.0 {
            self.advance();
        }
        while !self.is_at_end() {
            let is_definition = self.word().is_some_and(|word| DEFINITIONS.contains(&word));
            if is_definition && self.is_at_line_start() {
                return;
            }
            self.advance();
        }
    }
}
