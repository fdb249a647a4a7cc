//! `build.rs`, which says what a project is made from.

use syn::spanned::Spanned;
use syn::{Block, Expr, ExprArray, ExprLit, Lit, Local, Pat, Stmt};

use super::source::{Insertion, RustFile};
use super::text::{MAX_CALL_WIDTH, chain};
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
    calls.push(".compile(&files)".to_owned());
    let list: Vec<String> = inputs
        .files
        .iter()
        .map(|file| format!("{file:?}"))
        .collect();
    let line = format!("[{}]", list.join(", "));
    // As rustfmt would write it.
    let list = match line.len() <= MAX_CALL_WIDTH {
        true => line,
        false => format!("[\n        {},\n    ]", list.join(",\n        ")),
    };
    format!(
        "//! Generates `crate::idl` from the files in `idl`.\n\n\
         use polyport_build::{{Builder, Error}};\n\n\
         fn main() -> Result<(), Error> {{\n    \
             let files = {list};\n    \
             {}\n\
         }}\n",
        chain("Builder::new()", &calls, 4)
    )
}

impl Script {
    /// The script, if it is one that generates from a list of files.
    pub(super) fn parse(text: String) -> Result<Option<Self>, Failure> {
        let file = RustFile::parse(PATH.to_owned(), text)?;
        let functions = file.tree.items.iter().filter_map(|item| match item {
            syn::Item::Fn(function) => Some(&*function.block),
            _ => None,
        });
        let mut found = functions.flat_map(|block| {
            let statements = block.stmts.iter();
            statements.filter_map(|statement| match statement {
                Stmt::Expr(expression, _) => found(&file, block, expression),
                _ => None,
            })
        });
        let script = found.next();
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
        let mut insertions = [
            Insertion {
                at: self.builder_end,
                text: new_dirs,
            },
            Insertion {
                at: self.list_end,
                text: new_files,
            },
        ];
        insertions.sort_by_key(|insertion| insertion.at);
        self.file.with(&insertions)
    }
}

/// What an expression generates from, if it does, and the places where more can be said.
fn found(file: &RustFile, block: &Block, expression: &Expr) -> Option<(Inputs, usize, usize)> {
    let mut inputs = Inputs::default();
    let mut list_end = None;
    let mut current = match expression {
        Expr::Try(expression) => &*expression.expr,
        expression => expression,
    };
    while let Expr::MethodCall(call) = current {
        match call.method.to_string().as_str() {
            "compile" => {
                let list = list(block, call.args.first()?)?;
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

/// The list that an expression stands for, which may have a name in the block.
fn list<'a>(block: &'a Block, expression: &'a Expr) -> Option<&'a ExprArray> {
    let expression = match expression {
        Expr::Reference(reference) => &reference.expr,
        expression => expression,
    };
    let name = match expression {
        Expr::Array(list) => return Some(list),
        Expr::Path(path) => &path.path,
        _ => return None,
    };
    block.stmts.iter().find_map(|statement| {
        let Stmt::Local(Local { pat, init, .. }) = statement else {
            return None;
        };
        match (pat, &*init.as_ref()?.expr) {
            (Pat::Ident(own), Expr::Array(list)) if name.is_ident(&own.ident) => Some(list),
            _ => None,
        }
    })
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
