//! `build.rs`, which says what a project is made from.

use syn::spanned::Spanned;
use syn::{Expr, ExprArray, ExprLit, ExprMethodCall, Lit};

use super::source::{Insertion, RustFile};
use super::text::chain;
use crate::failure::Failure;

/// Where it is.
pub(super) const PATH: &str = "build.rs";

/// What code is generated from, by paths below the project's directory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Inputs {
    pub(super) files: Vec<String>,
    pub(super) include_dirs: Vec<String>,
    pub(super) combine: bool,
}

/// The script as it is, whoever wrote it.
pub(super) struct Script {
    pub(super) inputs: Inputs,
    file: RustFile,
    /// Behind the last file of the list.
    list_end: usize,
    /// Behind `Builder::new()`.
    builder_end: usize,
}

/// A new script.
pub(super) fn text(inputs: &Inputs) -> String {
    let include_dirs = inputs.include_dirs.iter();
    let mut calls: Vec<String> = include_dirs
        .map(|directory| format!(".include_dir({directory:?})"))
        .collect();
    if inputs.combine {
        calls.push(".combine_service(true)".to_owned());
    }
    calls.push(".name(\"idl\")".to_owned());
    let files: Vec<String> = inputs
        .files
        .iter()
        .map(|file| format!("{file:?}"))
        .collect();
    let list = files.join(", ");
    // As rustfmt would write it.
    calls.push(match list.len() + "&[]".len() <= 60 {
        true => format!(".compile(&[{list}])"),
        false => format!(
            ".compile(&[\n            {},\n        ])",
            files.join(",\n            ")
        ),
    });
    format!(
        "//! Generates `crate::idl` from the files in `idl`.\n\n\
         use polyport_build::{{Builder, Error}};\n\n\
         fn main() -> Result<(), Error> {{\n    \
             {}\n\
         }}\n",
        chain("Builder::new()", &calls, 4)
    )
}

impl Script {
    /// The script, if it is one that generates from a list of files.
    pub(super) fn parse(text: String) -> Result<Option<Self>, Failure> {
        let file = RustFile::parse(PATH.to_owned(), text)?;
        let mut calls = Vec::new();
        for item in &file.tree.items {
            if let syn::Item::Fn(function) = item {
                let statements = function.block.stmts.iter();
                calls.extend(statements.filter_map(|statement| match statement {
                    syn::Stmt::Expr(expression, _) => Some(expression),
                    _ => None,
                }));
            }
        }
        let script = calls.into_iter().find_map(|call| found(&file, call));
        Ok(script.map(|(inputs, list_end, builder_end)| Self {
            inputs,
            list_end,
            builder_end,
            file,
        }))
    }

    /// The script with all that it should have beside what it has.
    pub(super) fn with(&self, wanted: &Inputs) -> String {
        let new_dirs: String = wanted
            .include_dirs
            .iter()
            .filter(|directory| !self.inputs.include_dirs.contains(directory))
            .map(|directory| format!("\n        .include_dir({directory:?})"))
            .collect();
        let new_files: String = wanted
            .files
            .iter()
            .filter(|file| !self.inputs.files.contains(file))
            .map(|file| format!(", {file:?}"))
            .collect();
        self.file.with(&[
            Insertion {
                at: self.builder_end,
                text: new_dirs,
            },
            Insertion {
                at: self.list_end,
                text: new_files,
            },
        ])
    }
}

/// What an expression generates from, if it does, and the places where more can be said.
fn found(file: &RustFile, expression: &Expr) -> Option<(Inputs, usize, usize)> {
    let mut inputs = Inputs::default();
    let mut list_end = None;
    let mut current = match expression {
        Expr::Try(expression) => &*expression.expr,
        expression => expression,
    };
    while let Expr::MethodCall(call) = current {
        match call.method.to_string().as_str() {
            "compile" => {
                let list = list(call)?;
                inputs.files = list.elems.iter().map(text_of).collect::<Option<_>>()?;
                list_end = Some(file.end(list.elems.last()?.span()));
            }
            "include_dir" => inputs.include_dirs.push(text_of(call.args.first()?)?),
            "combine_service" => inputs.combine = true,
            _ => {}
        }
        current = &call.receiver;
    }
    inputs.include_dirs.reverse();
    Some((inputs, list_end?, file.end(current.span())))
}

fn list(call: &ExprMethodCall) -> Option<&ExprArray> {
    match call.args.first()? {
        Expr::Reference(reference) => match &*reference.expr {
            Expr::Array(list) => Some(list),
            _ => None,
        },
        Expr::Array(list) => Some(list),
        _ => None,
    }
}

fn text_of(expression: &Expr) -> Option<String> {
    match expression {
        Expr::Lit(ExprLit {
            lit: Lit::Str(text),
            ..
        }) => Some(text.value()),
        _ => None,
    }
}
