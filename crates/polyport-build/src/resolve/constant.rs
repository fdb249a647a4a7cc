//! Constants and the defaults of fields: their values, once all types are known.

use polyport_wire::schema::{Definition, Literal, StructKind};

use crate::diagnostic::Diagnostic;
use crate::model::{ConstId, index};
use crate::resolve::Resolver;
use crate::resolve::literal::Progress;
use crate::resolve::scope::{Declared, Symbol};
use crate::thrift::ast;

impl<'a> Resolver<'a> {
    pub(super) fn values(&mut self) {
        self.progress = vec![Progress::Waiting; self.model.consts.len()];
        for declared in self.scope.declared.clone() {
            match (declared.symbol, declared.item) {
                (Symbol::Const(id), ast::Item::Const(_)) => self.constant(declared, id),
                (Symbol::Definition(id), ast::Item::Struct(item)) => {
                    self.defaults(declared, item, index(id));
                }
                _ => {}
            }
        }
    }

    /// Evaluates a constant, unless that was done before.
    pub(super) fn constant(&mut self, declared: Declared<'a>, id: ConstId) {
        let ast::Item::Const(item) = declared.item else {
            return;
        };
        match self.progress[id.0] {
            Progress::Done => return,
            Progress::Running => {
                let message = format!("constant `{}` leads back to itself", item.name.text);
                return self.report(Diagnostic::error(message).at(item.value.span, "used here"));
            }
            Progress::Waiting => {}
        }
        self.progress[id.0] = Progress::Running;
        if let Some(name) = self.kind(declared.unit, &item.kind)
            && let Some(kind) = self.expand(&name)
        {
            let value = self.whole(declared.unit, &item.value, &kind);
            self.model.consts[id.0].value = value.map(|value| (name, value));
        }
        self.progress[id.0] = Progress::Done;
    }

    fn defaults(&mut self, declared: Declared<'a>, item: &'a ast::Struct, index: usize) {
        let Definition::Struct(definition) = &self.model.schema.definitions[index] else {
            return;
        };
        let fields: Vec<_> = definition
            .fields
            .iter()
            .map(|field| (field.name.clone(), field.kind.clone()))
            .collect();
        for (place, (name, kind)) in fields.into_iter().enumerate() {
            let mut written = item.fields.iter();
            let Some(field) = written.find(|field| field.name.text == name) else {
                continue;
            };
            let Some(value) = &field.default else {
                continue;
            };
            if item.kind == StructKind::Union {
                let message = format!("the default of `{name}` has no effect");
                let diagnostic = Diagnostic::warning(message)
                    .at(value.span, "a union has no field unless one is set");
                self.report(diagnostic);
            }
            let default = self.whole(declared.unit, value, &kind);
            self.set_default(index, place, default);
        }
    }

    fn set_default(&mut self, index: usize, place: usize, default: Option<Literal>) {
        if let Definition::Struct(definition) = &mut self.model.schema.definitions[index] {
            definition.fields[place].default = default;
        }
    }
}
