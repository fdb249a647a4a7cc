//! The function that answers a method: as it should be, and whether it is.

use polyport_build::MethodOutline;
use syn::{FnArg, GenericArgument, PathArguments, ReturnType, Type};

use super::source::{Names, RustFile, segments, without_raw};
use super::text::MAX_WIDTH;

/// The function of a method, its types written as `names` allow.
#[derive(Debug)]
pub(super) struct Signature {
    function: String,
    parameters: Vec<String>,
    result: String,
}

impl Signature {
    pub(super) fn of(method: &MethodOutline, names: &Names) -> Self {
        let given = method.parameters.iter().map(|parameter| {
            // Nothing uses it yet.
            let name = without_raw(&parameter.name);
            format!("_{name}: {}", shortened(&parameter.kind, names))
        });
        let context = format!("cx: &mut {}", names.shorten("polyport::Context"));
        Self {
            function: method.function.clone(),
            parameters: ["&self".to_owned(), context]
                .into_iter()
                .chain(given)
                .collect(),
            result: shortened(&result(method), names),
        }
    }

    /// On one line.
    pub(super) fn line(&self) -> String {
        let parameters = self.parameters.join(", ");
        format!(
            "async fn {}({parameters}) -> {}",
            self.function, self.result
        )
    }

    /// In a block that stands so many columns to the right, as rustfmt would write it.
    pub(super) fn indented(&self, columns: usize) -> String {
        let indent = " ".repeat(columns);
        let line = format!("{indent}{} {{", self.line());
        if line.chars().count() <= MAX_WIDTH {
            return line;
        }
        let parameters: String = self
            .parameters
            .iter()
            .map(|parameter| format!("{indent}    {parameter},\n"))
            .collect();
        let Self {
            function, result, ..
        } = self;
        format!("{indent}async fn {function}(\n{parameters}{indent}) -> {result} {{")
    }
}

fn result(method: &MethodOutline) -> String {
    format!("Result<{}, {}>", method.result, method.error)
}

/// A type with each path in it as short as can be.
fn shortened(kind: &str, names: &Names) -> String {
    let shorten = |part: &str| {
        let path = part.trim_end_matches(is_between_paths);
        format!("{}{}", names.shorten(path), &part[path.len()..])
    };
    kind.split_inclusive(is_between_paths)
        .map(shorten)
        .collect()
}

/// The paths in a type.
pub(super) fn paths(kind: &str) -> impl Iterator<Item = &str> {
    kind.split(is_between_paths).filter(|path| !path.is_empty())
}

fn is_between_paths(letter: char) -> bool {
    !(letter.is_alphanumeric() || ['_', ':', '#'].contains(&letter))
}

/// Whether a function of the user's is that of the method, as far as it can be seen: types that
/// were given other names are believed.
pub(super) fn is_same(function: &syn::Signature, method: &MethodOutline, file: &RustFile) -> bool {
    let inputs: Vec<&Type> = function
        .inputs
        .iter()
        .filter_map(|input| match input {
            FnArg::Receiver(_) => None,
            FnArg::Typed(input) => Some(&*input.ty),
        })
        .collect();
    let given = method.parameters.iter().map(|parameter| &parameter.kind);
    let is_wanted = |(found, wanted): (&&Type, &String)| is_type(found, wanted, file);
    let has_inputs =
        inputs.len() == method.parameters.len() + 1 && inputs[1..].iter().zip(given).all(is_wanted);
    let has_output = match &function.output {
        ReturnType::Default => false,
        // Without `async` it says how its future is made.
        ReturnType::Type(..) if function.asyncness.is_none() => true,
        ReturnType::Type(_, output) => is_type(output, &result(method), file),
    };
    has_inputs && has_output
}

fn is_type(found: &Type, wanted: &str, file: &RustFile) -> bool {
    let wanted: Result<Type, _> = syn::parse_str(wanted);
    wanted.is_ok_and(|wanted| are_same(found, &wanted, file))
}

fn are_same(found: &Type, wanted: &Type, file: &RustFile) -> bool {
    match (found, wanted) {
        (Type::Path(found), Type::Path(wanted)) => are_same_paths(&found.path, &wanted.path, file),
        (Type::Tuple(found), Type::Tuple(wanted)) => found.elems.len() == wanted.elems.len(),
        (Type::Tuple(_), _) | (Type::Reference(_), _) => false,
        (Type::Path(found), _) => is_alias(&file.names.expand(segments(&found.path))),
        _ => true,
    }
}

fn are_same_paths(found: &syn::Path, wanted: &syn::Path, file: &RustFile) -> bool {
    let found_names = file.names.expand(segments(found));
    let wanted_names = Names::default().expand(segments(wanted));
    let (short, long) = match found_names.len() < wanted_names.len() {
        true => (&found_names, &wanted_names),
        false => (&wanted_names, &found_names),
    };
    if !long.ends_with(short) {
        return is_alias(&found_names);
    }
    let (found, wanted) = (parameters(found), parameters(wanted));
    let mut pairs = found.iter().zip(&wanted);
    // Another `Result` may have a parameter less.
    found.len() != wanted.len() || pairs.all(|(found, wanted)| are_same(found, wanted, file))
}

/// Whether a path may stand for any type: it is none of Rust's, of Polyport's or of the IDL's.
fn is_alias(path: &[String]) -> bool {
    const KNOWN: [&str; 17] = [
        "idl", "polyport", "std", "bool", "i8", "i16", "i32", "i64", "f64", "u8", "u16", "u32",
        "u64", "String", "Vec", "Option", "Result",
    ];
    path.first()
        .is_none_or(|first| !KNOWN.contains(&first.as_str()))
}

/// The types that stand in the angle brackets behind a path.
fn parameters(path: &syn::Path) -> Vec<&Type> {
    let arguments = path.segments.last().map(|last| &last.arguments);
    let Some(PathArguments::AngleBracketed(arguments)) = arguments else {
        return Vec::new();
    };
    let arguments = arguments.args.iter();
    arguments
        .filter_map(|argument| match argument {
            GenericArgument::Type(kind) => Some(kind),
            _ => None,
        })
        .collect()
}
