//! Typedefs: what they stand for, and that they do not go on forever.

use crate::diagnostic::Diagnostic;
use crate::model::{TypeName, TypedefId};
use crate::resolve::Resolver;
use crate::resolve::scope::Symbol;
use crate::resolve::wish::Spot;
use crate::thrift::ast;

/// How many typedefs may stand behind one another, and how many types one may be made of.
const MAX_DEPTH: usize = 64;
const MAX_SIZE: usize = 1024;

impl Resolver<'_> {
    pub(super) fn typedefs(&mut self) {
        for declared in self.scope.declared.clone() {
            if let (ast::Item::Typedef(typedef), Symbol::Typedef(id)) =
                (declared.item, declared.symbol)
            {
                self.model.typedefs[id.0].target = self.kind(declared.unit, &typedef.kind);
            }
        }
        self.refuse_endless();
        for declared in self.scope.declared.clone() {
            if let (ast::Item::Typedef(typedef), Symbol::Typedef(id)) =
                (declared.item, declared.symbol)
            {
                let full_name = self.full_name(declared.unit, &typedef.name.text);
                let wishes = self.wishes(&full_name, &typedef.annotations, Spot::Type);
                let target = self.model.typedefs[id.0].target.clone();
                if let (Some(text), Some(target)) = (wishes.text, target) {
                    let target = self.model.with_text(&target, text);
                    self.model.typedefs[id.0].target = Some(target);
                }
            }
        }
    }

    /// Measures typedefs that are made of measured ones, round after round. What is left after as
    /// many rounds as there may be typedefs behind one another has no end.
    fn refuse_endless(&mut self) {
        let typedefs = &self.model.typedefs;
        let mut sizes: Vec<Option<usize>> = vec![None; typedefs.len()];
        for _ in 0..MAX_DEPTH {
            for (index, typedef) in typedefs.iter().enumerate() {
                if sizes[index].is_none() {
                    let target = typedef.target.as_ref();
                    sizes[index] = target.map_or(Some(1), |target| size(target, &sizes));
                }
            }
        }
        let endless: Vec<usize> = (0..sizes.len())
            .filter(|index| sizes[*index].is_none_or(|size| size > MAX_SIZE))
            .collect();
        let mut found = Vec::new();
        for index in &endless {
            let name = &typedefs[*index].name;
            if sizes[*index].is_some() {
                let message = format!("typedef `{name}` is made of too many types");
                found.push((*index, message));
            } else if self.leads_to_itself(TypedefId(*index)) {
                found.push((*index, format!("typedef `{name}` leads back to itself")));
            }
        }
        if let (Some(index), []) = (endless.first(), &*found) {
            let message = format!("more than {MAX_DEPTH} typedefs stand behind one another");
            found.push((*index, message));
        }
        let diagnostics = found.into_iter().map(|(index, message)| {
            Diagnostic::error(message).at(typedefs[index].span, "defined here")
        });
        self.diagnostics.extend(diagnostics);
        for index in endless {
            self.model.typedefs[index].target = None;
        }
    }

    fn leads_to_itself(&self, start: TypedefId) -> bool {
        let mut seen = vec![false; self.model.typedefs.len()];
        let mut pending = vec![start];
        while let Some(id) = pending.pop() {
            let mut next = Vec::new();
            if let Some(target) = &self.model.typedefs[id.0].target {
                collect(target, &mut next);
            }
            for id in next {
                if id == start {
                    return true;
                }
                if !std::mem::replace(&mut seen[id.0], true) {
                    pending.push(id);
                }
            }
        }
        false
    }
}

/// Of how many types a type is made, if that is known yet.
fn size(name: &TypeName, sizes: &[Option<usize>]) -> Option<usize> {
    let inner = match name {
        TypeName::Plain(_) | TypeName::Text(_) | TypeName::Message(_) => 0,
        TypeName::Typedef(id) => sizes[id.0]?,
        TypeName::List(element) | TypeName::Set(element) => size(element, sizes)?,
        TypeName::Map(key, value) => size(key, sizes)?.saturating_add(size(value, sizes)?),
    };
    Some(inner.saturating_add(1))
}

/// The typedefs that a type names.
fn collect(name: &TypeName, found: &mut Vec<TypedefId>) {
    match name {
        TypeName::Plain(_) | TypeName::Text(_) | TypeName::Message(_) => {}
        TypeName::Typedef(id) => found.push(*id),
        TypeName::List(element) | TypeName::Set(element) => collect(element, found),
        TypeName::Map(key, value) => {
            collect(key, found);
            collect(value, found);
        }
    }
}
