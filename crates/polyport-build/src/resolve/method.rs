//! Methods: their kind of call, arguments, result and exceptions.

use polyport_wire::schema::{CallKind, Definition, Field, Method, Type};

use crate::diagnostic::{Diagnostic, closest};
use crate::model::{FieldExtra, MethodExtra, TypeName};
use crate::resolve::field::Place;
use crate::resolve::wish::Spot;
use crate::resolve::{Resolver, annotations};
use crate::source::{FileId, Span};
use crate::thrift::ast;

const STREAMING_MODE: &str = "streaming.mode";
const MODES: [&str; 4] = ["bidirectional", "client", "server", "unary"];

impl Resolver<'_> {
    /// A method as its own service declares it; `None` if a part of it could not be resolved.
    pub(super) fn method(
        &mut self,
        unit: FileId,
        service: &str,
        item: &ast::Method,
    ) -> Option<(Method, MethodExtra)> {
        let (kind, streaming_unary) = self.call_kind(item);
        let full_name = self.full_name(unit, &format!("{service}.{}", item.name.text));
        let arguments = self.arguments(unit, &full_name, item);
        let throws = self.throws(unit, &full_name, item);
        let result = match &item.result {
            None => Some(None),
            Some(kind) => self.result(unit, &full_name, kind).map(Some),
        };
        let (result, (arguments, extras)) = (result?, arguments?);
        let (result_kind, result) = result.unzip();
        if kind.is_streaming() && arguments.len() == 1 {
            let span = item
                .result
                .as_ref()
                .map_or(item.name.span, |kind| kind.span);
            self.refuse_unstreamable(result_kind.as_ref(), span);
            for (field, extra) in arguments.iter().zip(&extras) {
                self.refuse_unstreamable(Some(&field.kind), extra.span);
            }
        }
        let method = Method {
            kind,
            streaming_unary,
            arguments,
            result: result_kind,
            throws: throws?,
            annotations: annotations(&item.annotations),
            docs: item.docs.clone(),
            ..Method::new(&item.name.text)
        };
        let extra = MethodExtra {
            arguments: extras,
            result,
            origin: None,
            span: item.name.span,
        };
        Some((method, extra))
    }

    /// What streams stands on the wire by itself, as a struct does.
    fn refuse_unstreamable(&mut self, kind: Option<&Type>, span: Span) {
        let definition = match kind {
            Some(Type::Defined(id)) => Some(self.model.definition(*id)),
            _ => None,
        };
        if !matches!(definition, Some(Definition::Struct(_))) {
            let what = kind.map_or_else(|| "void".to_owned(), |kind| self.describe(kind));
            let diagnostic = Diagnostic::error(format!("`{what}` cannot be streamed"))
                .at(span, "expected a struct, because of `streaming.mode`");
            self.report(diagnostic);
        }
    }

    fn result(
        &mut self,
        unit: FileId,
        method: &str,
        written: &ast::Type,
    ) -> Option<(Type, TypeName)> {
        let mut name = self.kind(unit, written)?;
        if let Some(text) = self.wishes(method, &[], Spot::Type).text {
            name = self.model.with_text(&name, text);
        }
        let kind = self.expand(&name)?;
        Some((kind, name))
    }

    fn arguments(
        &mut self,
        unit: FileId,
        method: &str,
        item: &ast::Method,
    ) -> Option<(Vec<Field>, Vec<FieldExtra>)> {
        let mut fields = self.fields(unit, method, &item.arguments, Place::Arguments);
        for field in &mut fields.fields {
            let mut written = item.arguments.iter();
            let written = written.find(|written| written.name.text == field.name);
            if let Some(value) = written.and_then(|written| written.default.as_ref()) {
                field.default = self.whole(unit, value, &field.kind);
            }
        }
        let is_complete = fields.fields.len() == item.arguments.len();
        is_complete.then_some((fields.fields, fields.extras))
    }

    fn throws(&mut self, unit: FileId, method: &str, item: &ast::Method) -> Option<Vec<Field>> {
        let found = self.fields(unit, method, &item.throws, Place::Throws);
        let is_complete = found.fields.len() == item.throws.len();
        for (field, extra) in found.fields.iter().zip(&found.extras) {
            if !self.is_exception(&field.kind) {
                let kind = self.describe(&field.kind);
                let diagnostic = Diagnostic::error(format!("`{kind}` is not an exception"))
                    .at(extra.span, "only exceptions can be thrown");
                self.report(diagnostic);
            }
            if field.id == 0 {
                let diagnostic = Diagnostic::error("an exception cannot have the number 0")
                    .at(extra.span, "0 is the number of the result");
                self.report(diagnostic);
            }
        }
        is_complete.then_some(found.fields)
    }

    /// Kitex's rules for `oneway` and `streaming.mode`, and whether the mode is `unary`.
    fn call_kind(&mut self, item: &ast::Method) -> (CallKind, bool) {
        let mode = self.streaming_mode(item);
        if let Some(oneway) = item.oneway {
            self.check_oneway(item, oneway, mode);
            return (CallKind::Oneway, false);
        }
        let Some((mode, span)) = mode else {
            return (CallKind::Unary, false);
        };
        if item.arguments.len() != 1 && !item.incomplete {
            let count = item.arguments.len();
            let message = format!("`{}` must have one argument", item.name.text);
            let diagnostic = Diagnostic::error(message)
                .at(item.name.span, format!("it has {count}"))
                .at(span, "because of this");
            self.report(diagnostic);
        }
        match mode {
            "client" => (CallKind::ClientStream, false),
            "server" => (CallKind::ServerStream, false),
            "bidirectional" => (CallKind::Bidirectional, false),
            _ => (CallKind::Unary, true),
        }
    }

    /// The value of the annotation, if there is one that is right, and where it stands.
    fn streaming_mode(&mut self, item: &ast::Method) -> Option<(&'static str, Span)> {
        let mut found: Option<(&'static str, Span)> = None;
        for annotation in &item.annotations {
            let name = &annotation.name;
            if name.text != STREAMING_MODE {
                self.warn_misspelled_mode(name);
                continue;
            }
            let value = annotation.value.as_ref();
            let span = value.map_or(name.span, |value| value.span);
            let text = value.map_or("", |value| &value.text);
            let Some(mode) = MODES.into_iter().find(|mode| *mode == text) else {
                let message = match value {
                    Some(_) => format!("`{text}` is not a mode of streaming"),
                    None => format!("`{STREAMING_MODE}` has no value"),
                };
                let diagnostic = Diagnostic::error(message)
                    .at(span, format!("can be `{}`", MODES.join("`, `")))
                    .did_you_mean(closest(text, MODES));
                self.report(diagnostic);
                continue;
            };
            if let Some((_, first)) = found {
                let diagnostic = Diagnostic::error(format!("`{STREAMING_MODE}` stands twice"))
                    .at(span, "used here again")
                    .at(first, "first used here");
                self.report(diagnostic);
            }
            found = Some((mode, span));
        }
        found
    }

    fn warn_misspelled_mode(&mut self, name: &ast::Name) {
        let suggestion = closest(&name.text, [STREAMING_MODE]);
        if suggestion.is_some() {
            let message = format!("the annotation `{}` has no effect", name.text);
            let diagnostic = Diagnostic::warning(message)
                .at(name.span, "not known")
                .did_you_mean(suggestion);
            self.report(diagnostic);
        }
    }

    fn check_oneway(&mut self, item: &ast::Method, oneway: Span, mode: Option<(&str, Span)>) {
        let name = &item.name.text;
        let mistake = |what: &str, span: Span, label: &str| {
            Diagnostic::error(format!("oneway method `{name}` {what}"))
                .at(span, label)
                .at(oneway, "because of this")
        };
        if let Some(result) = &item.result {
            let label = "expected `void`: nobody waits for a result";
            self.report(mistake("must return `void`", result.span, label));
        }
        if let Some(exception) = item.throws.first() {
            let label = "nobody waits for an exception";
            self.report(mistake("cannot throw", exception.name.span, label));
        }
        if let Some((_, span)) = mode {
            self.report(mistake("cannot be streaming", span, "one or the other"));
        }
    }
}
