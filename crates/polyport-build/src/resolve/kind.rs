//! Types.

use polyport_wire::schema::{Definition, StructKind, Type};

use crate::diagnostic::Diagnostic;
use crate::model::TypeName;
use crate::resolve::Resolver;
use crate::resolve::scope::{Symbol, Wanted};
use crate::resolve::wish::Spot;
use crate::source::FileId;
use crate::thrift::ast::{self, Shape};

impl Resolver<'_> {
    /// What a type in a file means; `None` if that was reported as a mistake, here or before.
    pub(super) fn kind(&mut self, unit: FileId, kind: &ast::Type) -> Option<TypeName> {
        let name = self.shape(unit, kind)?;
        let wishes = self.annotated(&kind.annotations, Spot::Type);
        Some(match wishes.text {
            Some(text) => self.model.with_text(&name, text),
            None => name,
        })
    }

    fn shape(&mut self, unit: FileId, kind: &ast::Type) -> Option<TypeName> {
        match &kind.shape {
            Shape::Base(base) => Some(TypeName::Plain(base.clone())),
            Shape::Named(name) => self.named(unit, kind, name),
            Shape::List(element) => {
                let element = self.kind(unit, element)?;
                Some(TypeName::List(Box::new(element)))
            }
            Shape::Set(element) => {
                let element = self.kind(unit, element)?;
                Some(TypeName::Set(Box::new(element)))
            }
            Shape::Map(key, value) => {
                let (key, value) = (self.kind(unit, key), self.kind(unit, value));
                Some(TypeName::Map(Box::new(key?), Box::new(value?)))
            }
        }
    }

    fn named(&mut self, unit: FileId, kind: &ast::Type, name: &str) -> Option<TypeName> {
        if self.find(unit, name).is_none()
            && let Some(diagnostic) = misspelled_base(kind, name)
        {
            self.report(diagnostic);
            return None;
        }
        let declared = self.lookup(unit, name, kind.span, Wanted::Type)?;
        match declared.symbol {
            Symbol::Typedef(id) => Some(TypeName::Typedef(id)),
            Symbol::Definition(id) => Some(TypeName::Plain(Type::Defined(id))),
            Symbol::Const(_) | Symbol::Service(_) => {
                let noun = declared.item.a_noun();
                let diagnostic = Diagnostic::error(format!("`{name}` is {noun}, not a type"))
                    .at(kind.span, "expected a type")
                    .at(declared.item.name().span, "defined here");
                self.report_name(unit, name, Wanted::Type, diagnostic);
                None
            }
        }
    }

    /// A type as the IDL would write it, for messages.
    pub(super) fn describe(&self, kind: &Type) -> String {
        self.model.schema.type_name(kind)
    }

    /// Whether a type is an exception.
    pub(super) fn is_exception(&self, kind: &Type) -> bool {
        let Type::Defined(id) = kind else {
            return false;
        };
        match self.model.definition(*id) {
            Definition::Struct(definition) => definition.kind == StructKind::Exception,
            _ => false,
        }
    }
}

/// Names of other languages' types, and types that are not supported.
fn misspelled_base(kind: &ast::Type, name: &str) -> Option<Diagnostic> {
    let right = match name {
        "int" | "int32" | "uint32" | "u32" => "i32",
        "int8" | "uint8" | "u8" | "char" => "i8",
        "int16" | "uint16" | "u16" | "short" => "i16",
        "int64" | "uint64" | "u64" | "long" => "i64",
        "float" | "float32" | "float64" | "f32" | "f64" => "double",
        "str" | "text" | "String" => "string",
        "bytes" | "slist" => "binary",
        "boolean" => "bool",
        "uuid" => {
            return Some(
                Diagnostic::error("the type `uuid` is not supported")
                    .at(kind.span, "Kitex does not know it either")
                    .help("use `string`, or `binary` with 16 bytes"),
            );
        }
        "void" => {
            return Some(
                Diagnostic::error("`void` is not a type")
                    .at(kind.span, "only a method's result can be `void`"),
            );
        }
        _ => return None,
    };
    Some(
        Diagnostic::error(format!("there is no type `{name}`"))
            .at(kind.span, "not a type of Thrift")
            .did_you_mean(Some(right)),
    )
}
