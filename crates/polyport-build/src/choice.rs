//! What a user chooses for some types and fields, by their paths.

use crate::diagnostic::Diagnostic;
use crate::model::Text;

/// One choice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Choice {
    KeepUnknownFields,
    Boxed,
    Text(Text),
    TypeAttribute(String),
    FieldAttribute(String),
}

/// A choice for all that a path names.
#[derive(Clone, Debug)]
pub(crate) struct ChoiceFor {
    pub(crate) path: String,
    pub(crate) choice: Choice,
}

/// All choices of a run, and which of them mean something.
#[derive(Clone, Debug)]
pub(crate) struct Choices {
    pub(crate) of: Vec<ChoiceFor>,
    pub(crate) used: Vec<bool>,
}

impl Choices {
    pub(crate) fn new(of: &[ChoiceFor]) -> Self {
        Self {
            of: of.to_vec(),
            used: vec![false; of.len()],
        }
    }

    /// A path that names nothing is misspelled.
    pub(crate) fn refuse_unused(&self) -> Vec<Diagnostic> {
        let unused = self.of.iter().zip(&self.used).filter(|(_, used)| !**used);
        unused
            .map(|(of, _)| {
                let message = format!("the path `{}` names nothing that this is for", of.path);
                Diagnostic::error(message).help(
                    "paths are `namespace.Type.field` or a part of that; \
                     a dot at the start means from the top, `.` alone everything",
                )
            })
            .collect()
    }
}

impl ChoiceFor {
    /// Whether the path names this, or what it stands in: `full_name` is `namespace.Type.field`.
    pub(crate) fn is_for(&self, full_name: &str) -> bool {
        let name: Vec<&str> = full_name.split('.').collect();
        let parts = |path: &'_ str| -> Vec<String> {
            let parts = path.split('.').filter(|part| !part.is_empty());
            parts.map(str::to_owned).collect()
        };
        let wanted = parts(&self.path);
        match self.path.strip_prefix('.') {
            Some(_) => name.len() >= wanted.len() && name.iter().zip(&wanted).all(|(a, b)| a == b),
            None => !wanted.is_empty() && name.windows(wanted.len()).any(|part| part == wanted),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_names_what_is_in_it() {
        let check = |path: &str, expected: bool| {
            let choice = Choice::Boxed;
            let path = path.to_owned();
            let found = ChoiceFor { path, choice }.is_for("demo.v1.Request.message");
            assert_eq!(found, expected);
        };
        for path in [
            ".",
            ".demo",
            ".demo.v1.Request",
            "v1",
            "Request.message",
            "message",
        ] {
            check(path, true);
        }
        for path in [
            "",
            ".v1",
            "Request.other",
            "mess",
            ".demo.v1.Request.message.x",
        ] {
            check(path, false);
        }
    }
}
