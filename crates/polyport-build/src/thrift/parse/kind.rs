//! Types.

use polyport_wire::schema::Type as Base;

use super::Parser;
use crate::diagnostic::{Diagnostic, closest};
use crate::thrift::ast::{Name, Shape, Type};

/// How deep types and values may be nested: as deep as messages may be, by default.
pub(super) const MAX_DEPTH: usize = 64;

impl Parser<'_> {
    pub(super) fn kind(&mut self) -> Result<Type, Diagnostic> {
        let start = self.cursor.span();
        self.depth += 1;
        let shape = if self.depth > MAX_DEPTH {
            Err(too_deep(self))
        } else {
            self.shape()
        };
        self.depth -= 1;
        let shape = shape?;
        let span = start.to(self.cursor.last_span());
        let annotations = self.annotations()?;
        Ok(Type {
            shape,
            annotations,
            span,
        })
    }

    fn shape(&mut self) -> Result<Shape, Diagnostic> {
        let name = self.cursor.name("a type")?;
        let base = match name.text.as_str() {
            "bool" => Base::Bool,
            "byte" | "i8" => Base::Byte,
            "i16" => Base::I16,
            "i32" => Base::I32,
            "i64" => Base::I64,
            "double" => Base::Double,
            "string" => Base::String,
            "binary" => Base::Binary,
            "list" | "set" | "map" => return self.container(&name.text),
            _ if self.cursor.is_symbol('<') => return Err(no_container(&name)),
            _ => return Ok(Shape::Named(name.text)),
        };
        Ok(Shape::Base(base))
    }

    fn container(&mut self, word: &str) -> Result<Shape, Diagnostic> {
        self.cpp_type()?;
        self.cursor
            .expect_symbol('<', &format!("behind `{word}`"))?;
        let first = Box::new(self.kind()?);
        let shape = match word {
            "list" => Shape::List(first),
            "set" => Shape::Set(first),
            _ => {
                self.cursor.expect_symbol(',', "between key and value")?;
                Shape::Map(first, Box::new(self.kind()?))
            }
        };
        self.cursor
            .expect_symbol('>', &format!("to close `{word}<`"))?;
        self.cpp_type()?;
        Ok(shape)
    }

    fn cpp_type(&mut self) -> Result<(), Diagnostic> {
        if self.cursor.take_word("cpp_type") {
            self.cursor.quoted("a type of C++ in quotes")?;
        }
        Ok(())
    }
}

/// A name before `<` that is none of those that can stand there.
fn no_container(name: &Name) -> Diagnostic {
    Diagnostic::error(format!("`{}` is not a container", name.text))
        .at(name.span, "expected `list`, `set` or `map` before `<`")
        .did_you_mean(closest(&name.text, ["list", "set", "map"]))
}

pub(super) fn too_deep(parser: &Parser<'_>) -> Diagnostic {
    Diagnostic::error(format!("nested deeper than {MAX_DEPTH} levels"))
        .at(parser.cursor.span(), "one level too many")
}
