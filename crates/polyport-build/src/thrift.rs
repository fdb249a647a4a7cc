//! The front end for Thrift: text to a tree that remembers where everything stands.
//!
//! The grammar is the one of Kitex's `thriftgo`, plus what Apache Thrift allows beyond it where
//! that is harmless. A broken definition or member is reported and left out; reading goes on
//! behind it.

mod parse;
mod cursor;
mod docs;
mod escape;
mod lex;
pub(crate) mod ast;

use std::collections::HashSet;

use crate::diagnostic::Diagnostic;
use crate::source::{FileId, Source};

/// Reads one file.
pub(crate) fn parse(file: FileId, source: &Source) -> (ast::File, Vec<Diagnostic>) {
    let (tokens, mut diagnostics) = lex::lex(file, &source.text);
    let cursor = cursor::Cursor::new(file, &source.text, &source.not_utf8, &tokens);
    let (tree, found) = parse::parse(cursor);
    let line = |diagnostic: &Diagnostic| diagnostic.place().map(|span| source.line(span));
    // What follows a mistake on its line is mostly no mistake of its own.
    let mut lines: HashSet<Option<usize>> = diagnostics.iter().map(line).collect();
    diagnostics.extend(found.into_iter().filter(|found| lines.insert(line(found))));
    (tree, diagnostics)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn parse_well(text: &str) -> ast::File {
        let source = Source::new(Path::new("a.thrift"), text.as_bytes());
        let (tree, diagnostics) = parse(FileId(0), &source);
        assert_eq!(diagnostics, [], "{text}");
        tree
    }

    /// The names of the first struct's fields, each with its documentation.
    fn field_docs(text: &str) -> Vec<(String, String)> {
        let tree = parse_well(text);
        let Some(ast::Item::Struct(item)) = tree.items.into_iter().next() else {
            panic!("no struct in {text}");
        };
        let own = (item.name.text, item.docs);
        let fields = item.fields.into_iter();
        std::iter::once(own)
            .chain(fields.map(|field| (field.name.text, field.docs)))
            .collect()
    }

    #[test]
    fn comments_belong_to_what_they_stand_at() {
        let text = "\
            // A license.\n\
            \n\
            // First line,\n\
            // second line.\n\
            struct S { // nobody's\n\
                1: i32 a // behind a\n\
                2: i32 b\n\
                /* before c */\n\
                3: i32 c, // not for c, nor for d\n\
                4: i32 d\n\
                // at the end\n\
            }";
        let expected = [
            ("S", "First line,\nsecond line."),
            ("a", "behind a"),
            ("b", ""),
            ("c", "before c"),
            ("d", ""),
        ];
        let found = field_docs(text);
        let found: Vec<(&str, &str)> = found.iter().map(|(a, b)| (&**a, &**b)).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn separators_and_annotations_may_stand_everywhere_or_nowhere() {
        let tree = parse_well(
            "namespace go a.b (x = 'y');\n\
             typedef map<string (a), list<i32> (b = \"c\")> M (d = 'e';),\n\
             const list<i32> L = [1 2, 3; 4];\n\
             enum E { A B = 2, C (x = '1'); } (y)\n\
             union U { 1: i32 a 2: i32 b, } ;\n\
             service S extends a.T { void f(1: i32 a 2: i32 b) throws (1: X x) (z = '') , i8 g() }",
        );
        let nouns: Vec<&str> = tree.items.iter().map(ast::Item::noun).collect();
        assert_eq!(nouns, ["typedef", "constant", "enum", "union", "service"]);
        let ast::Item::Service(service) = &tree.items[4] else {
            panic!("no service");
        };
        assert_eq!(service.parent.as_ref().unwrap().text, "a.T");
        let method = &service.methods[0];
        assert_eq!((method.arguments.len(), method.throws.len()), (2, 1));
        assert_eq!(method.annotations[0].name.text, "z");
        assert!(service.methods[1].result.is_some());
    }

    #[test]
    fn names_may_look_like_keywords() {
        let tree = parse_well(
            "struct required { 1: required string required, 2: optional struct_ list_of }\n\
             service oneway { oneway void oneway(), async void_(1: i32 throws) }",
        );
        let names: Vec<&str> = tree.items.iter().map(|item| &*item.name().text).collect();
        assert_eq!(names, ["required", "oneway"]);
    }
}
