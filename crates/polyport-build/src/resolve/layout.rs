//! What a Rust type must look like: where a box is needed, and what can be derived.

use polyport_wire::schema::{Definition, Requiredness, Type};

use crate::diagnostic::Diagnostic;
use crate::model::{Boxed, Traits, index};
use crate::resolve::Resolver;
use crate::source::Span;

/// A struct that lies in another one, not behind a list or map: its size counts.
#[derive(Clone, Copy, Debug)]
struct Edge {
    from: usize,
    field: usize,
    to: usize,
    requiredness: Requiredness,
}

impl Resolver<'_> {
    pub(super) fn layout(&mut self) {
        self.box_recursion();
        self.find_traits();
    }

    /// Cuts every circle of structs, preferably at optional fields.
    fn box_recursion(&mut self) {
        let mut edges = self.edges();
        for cut in [
            Requiredness::Optional,
            Requiredness::Default,
            Requiredness::Required,
        ] {
            let (boxed, kept) = self.split_edges(edges, cut);
            for edge in boxed {
                let field = &mut self.model.definitions[edge.from].fields[edge.field];
                field.boxed = Boxed::Recursive;
                let span = field.span;
                if cut == Requiredness::Required {
                    self.report(endless(span));
                }
            }
            edges = kept;
        }
    }

    fn edges(&self) -> Vec<Edge> {
        let mut edges = Vec::new();
        for (from, definition) in self.model.schema.definitions.iter().enumerate() {
            let Definition::Struct(definition) = definition else {
                continue;
            };
            for (field, of) in definition.fields.iter().enumerate() {
                if let Type::Defined(to) = of.kind {
                    edges.push(Edge {
                        from,
                        field,
                        to: index(to),
                        requiredness: of.requiredness,
                    });
                }
            }
        }
        edges
    }

    /// The edges of circles that have this requiredness, and the others.
    fn split_edges(&self, edges: Vec<Edge>, cut: Requiredness) -> (Vec<Edge>, Vec<Edge>) {
        let mut next = vec![Vec::new(); self.model.schema.definitions.len()];
        for edge in &edges {
            next[edge.from].push(edge.to);
        }
        let circles = circles(&next);
        edges
            .into_iter()
            .partition(|edge| edge.requiredness == cut && circles[edge.from] == circles[edge.to])
    }

    /// Takes traits away until nothing changes: what holds a double has no `Eq`, and so on.
    fn find_traits(&mut self) {
        let mut changed = true;
        while changed {
            changed = false;
            for index in 0..self.model.schema.definitions.len() {
                let Definition::Struct(definition) = &self.model.schema.definitions[index] else {
                    continue;
                };
                let fields = definition.fields.iter();
                let traits = fields.fold(Traits::ALL, |traits, field| {
                    traits.and(self.model.traits(&field.kind))
                });
                changed |= self.model.definitions[index].traits != traits;
                self.model.definitions[index].traits = traits;
            }
        }
    }
}

/// Kitex accepts it as well, and neither side can ever read one.
fn endless(span: Span) -> Diagnostic {
    Diagnostic::warning("a struct that must hold itself has no end")
        .at(span, "leads back to its own struct, and must come")
        .help("make the field `optional`; as it is, no value can be decoded")
}

/// For each node of a graph the number of its circle: two nodes have the same number if each can
/// be reached from the other (Kosaraju: by the order in which nodes are finished, backwards).
pub(super) fn circles(next: &[Vec<usize>]) -> Vec<usize> {
    let mut finished = Vec::new();
    let mut seen = vec![false; next.len()];
    for start in 0..next.len() {
        visit(start, next, &mut seen, &mut finished);
    }
    let mut before = vec![Vec::new(); next.len()];
    for (from, targets) in next.iter().enumerate() {
        for to in targets {
            before[*to].push(from);
        }
    }
    let mut circle = vec![0; next.len()];
    let mut seen = vec![false; next.len()];
    for start in finished.into_iter().rev() {
        let mut members = Vec::new();
        visit(start, &before, &mut seen, &mut members);
        for member in members {
            circle[member] = start;
        }
    }
    circle
}

/// Depth first; nodes are `finished` after all that they lead to.
fn visit(start: usize, next: &[Vec<usize>], seen: &mut [bool], finished: &mut Vec<usize>) {
    if std::mem::replace(&mut seen[start], true) {
        return;
    }
    let mut path = vec![(start, 0)];
    while let Some((node, place)) = path.pop() {
        let Some(target) = next[node].get(place) else {
            finished.push(node);
            continue;
        };
        path.push((node, place + 1));
        if !std::mem::replace(&mut seen[*target], true) {
            path.push((*target, 0));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes_of_a_circle_share_a_number() {
        let found = circles(&[vec![1], vec![2], vec![0, 3], vec![4], vec![]]);
        assert_eq!(found[0], found[1]);
        assert_eq!(found[1], found[2]);
        assert_ne!(found[2], found[3]);
        assert_ne!(found[3], found[4]);
    }
}
