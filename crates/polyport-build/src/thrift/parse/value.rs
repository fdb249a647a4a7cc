//! Values of constants and defaults.

use super::kind::{MAX_DEPTH, too_deep};
use super::{Brackets, Parser};
use crate::diagnostic::Diagnostic;
use crate::thrift::ast::{Value, ValueShape};
use crate::thrift::lex::TokenKind;

const LIST: Brackets = Brackets {
    open: '[',
    close: ']',
    noun: "list",
};

const MAP: Brackets = Brackets {
    open: '{',
    close: '}',
    noun: "map",
};

impl Parser<'_> {
    pub(super) fn value(&mut self) -> Result<Value, Diagnostic> {
        let start = self.cursor.span();
        self.depth += 1;
        let shape = if self.depth > MAX_DEPTH {
            Err(too_deep(self))
        } else {
            self.value_shape()
        };
        self.depth -= 1;
        let shape = shape?;
        let span = start.to(self.cursor.last_span());
        Ok(Value { shape, span })
    }

    fn value_shape(&mut self) -> Result<ValueShape, Diagnostic> {
        match self.cursor.kind() {
            TokenKind::Integer => Ok(ValueShape::Int(self.integer("a value")?.value)),
            TokenKind::Double => Ok(ValueShape::Double(self.cursor.double())),
            TokenKind::Text => Ok(ValueShape::Text(self.cursor.text_value()?)),
            TokenKind::Word => Ok(ValueShape::Name(self.cursor.name("a value")?.text)),
            TokenKind::Symbol('[') => self.list(),
            TokenKind::Symbol('{') => self.map(),
            TokenKind::Symbol(_) | TokenKind::End => Err(self.cursor.expected("a value")),
        }
    }

    fn list(&mut self) -> Result<ValueShape, Diagnostic> {
        let open = self.cursor.span();
        self.cursor.advance();
        let mut values = Vec::new();
        while !self.cursor.take_symbol(']') {
            if self.cursor.is_symbol('}') || self.is_behind_value() {
                return Err(self.unclosed(LIST, open));
            }
            self.cursor.begin();
            values.push(self.value()?);
            self.cursor.take_separator();
        }
        Ok(ValueShape::List(values))
    }

    fn map(&mut self) -> Result<ValueShape, Diagnostic> {
        let open = self.cursor.span();
        self.cursor.advance();
        let mut pairs = Vec::new();
        while !self.cursor.take_symbol('}') {
            if self.cursor.is_symbol(']') || self.is_behind_value() {
                return Err(self.unclosed(MAP, open));
            }
            self.cursor.begin();
            let key = self.value()?;
            self.cursor.expect_symbol(':', "between key and value")?;
            pairs.push((key, self.value()?));
            self.cursor.take_separator();
        }
        Ok(ValueShape::Map(pairs))
    }

    /// Whether here is what can only stand behind a whole value.
    fn is_behind_value(&self) -> bool {
        let cursor = &self.cursor;
        cursor.is_at_end() || cursor.is_at_definition() || cursor.is_at_field()
    }
}
