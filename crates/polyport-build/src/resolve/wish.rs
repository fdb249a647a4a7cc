//! What the user wishes for a type or a field: by annotations in the IDL, or by paths.

use proc_macro2::{Delimiter, TokenStream, TokenTree};

use crate::choice::Choice;
use crate::diagnostic::{Diagnostic, closest};
use crate::model::Text;
use crate::resolve::Resolver;
use crate::thrift::ast::{self, Annotation};

/// What begins an annotation of ours.
const PREFIX: &str = "rust.";
const TYPE: &str = "rust.type";
const BOX: &str = "rust.box";
const KEEP_UNKNOWN_FIELDS: &str = "rust.keep_unknown_fields";
const DERIVE: &str = "rust.derive";
const ATTRIBUTE: &str = "rust.attribute";
const NAMES: [&str; 5] = [TYPE, BOX, KEEP_UNKNOWN_FIELDS, DERIVE, ATTRIBUTE];

/// Where an annotation stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Spot {
    /// A struct, union or exception.
    Struct,
    Enum,
    /// A field of a struct, union or exception.
    Field,
    /// An argument of a method.
    Argument,
    /// A typedef, or a type where it is used.
    Type,
    /// Where nothing of ours means anything.
    Elsewhere,
}

/// The wishes for one place; `None` where nothing is said.
#[derive(Debug, Default)]
pub(super) struct Wishes {
    /// `Some(None)` for the usual text.
    pub(super) text: Option<Option<Text>>,
    pub(super) boxed: Option<bool>,
    pub(super) keep_unknown_fields: Option<bool>,
    pub(super) derives: Vec<String>,
    pub(super) attributes: Vec<String>,
}

impl Resolver<'_> {
    /// The wishes for what is called `full_name`: an annotation says more than a path.
    pub(super) fn wishes(
        &mut self,
        full_name: &str,
        annotations: &[Annotation],
        spot: Spot,
    ) -> Wishes {
        let mut wishes = Wishes::default();
        for (index, of) in self.choices.of.iter().enumerate() {
            if of.is_for(full_name) && wishes.choose(&of.choice, spot) {
                self.choices.used[index] = true;
            }
        }
        self.annotate(&mut wishes, annotations, spot);
        wishes
    }

    /// The wishes of annotations alone.
    pub(super) fn annotated(&mut self, annotations: &[Annotation], spot: Spot) -> Wishes {
        let mut wishes = Wishes::default();
        self.annotate(&mut wishes, annotations, spot);
        wishes
    }

    fn annotate(&mut self, wishes: &mut Wishes, annotations: &[Annotation], spot: Spot) {
        for annotation in annotations {
            if let Err(diagnostic) = wishes.annotate(annotation, spot) {
                self.report(diagnostic);
            }
        }
    }

    /// Warns of annotations of ours where they mean nothing.
    pub(super) fn refuse_stray_annotations(&mut self) {
        for unit in self.units {
            let tree = &unit.tree;
            self.annotated(&tree.stray_annotations, Spot::Elsewhere);
            for item in &tree.items {
                if let ast::Item::Service(service) = item {
                    self.annotated(&service.annotations, Spot::Elsewhere);
                    for method in &service.methods {
                        self.annotated(&method.annotations, Spot::Elsewhere);
                    }
                }
            }
        }
    }
}

impl Wishes {
    /// Takes a choice that can be made here; tells whether it can.
    fn choose(&mut self, choice: &Choice, spot: Spot) -> bool {
        match (choice, spot) {
            (Choice::KeepUnknownFields, Spot::Struct) => self.keep_unknown_fields = Some(true),
            (Choice::Boxed, Spot::Field) => self.boxed = Some(true),
            (Choice::Text(text), Spot::Field | Spot::Argument | Spot::Type) => {
                self.text = Some(Some(*text));
            }
            (Choice::TypeAttribute(attribute), Spot::Struct | Spot::Enum)
            | (Choice::FieldAttribute(attribute), Spot::Field) => {
                self.attributes.push(attribute.clone());
            }
            _ => return false,
        }
        true
    }

    /// Takes an annotation of ours, unless it stands in the wrong place or says nothing.
    fn annotate(&mut self, annotation: &Annotation, spot: Spot) -> Result<(), Diagnostic> {
        let name = annotation.name.text.as_str();
        if !name.starts_with(PREFIX) {
            return Ok(());
        }
        match (name, spot) {
            (TYPE, Spot::Field | Spot::Argument | Spot::Type) => {
                self.text = Some(text(annotation)?);
            }
            (BOX, Spot::Field) => self.boxed = Some(switch(annotation)?),
            (KEEP_UNKNOWN_FIELDS, Spot::Struct) => {
                self.keep_unknown_fields = Some(switch(annotation)?);
            }
            (DERIVE, Spot::Struct | Spot::Enum) => self.derives.extend(derives(annotation)?),
            (ATTRIBUTE, Spot::Struct | Spot::Enum | Spot::Field) => {
                let written = value(annotation);
                if !is_attributes(written) {
                    return Err(refuse(annotation, "an attribute such as `#[must_use]`"));
                }
                self.attributes.push(written.to_owned());
            }
            _ => return Err(misplaced(annotation)),
        }
        Ok(())
    }
}

/// Whether the text is one or more attributes, as Rust writes them.
pub(crate) fn is_attributes(text: &str) -> bool {
    let Ok(tokens) = text.parse::<TokenStream>() else {
        return false;
    };
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let is_attribute = |pair: &[TokenTree]| match pair {
        [TokenTree::Punct(sign), TokenTree::Group(group)] => {
            sign.as_char() == '#' && group.delimiter() == Delimiter::Bracket
        }
        _ => false,
    };
    !tokens.is_empty() && tokens.chunks(2).all(is_attribute)
}

fn value(annotation: &Annotation) -> &str {
    annotation.value.as_ref().map_or("", |value| &value.text)
}

fn text(annotation: &Annotation) -> Result<Option<Text>, Diagnostic> {
    match value(annotation) {
        "string" => Ok(None),
        "bytes" => Ok(Some(Text::Bytes)),
        "shared" => Ok(Some(Text::Shared)),
        _ => Err(refuse(annotation, "`string`, `bytes` or `shared`")),
    }
}

/// On, unless it says that it is not.
fn switch(annotation: &Annotation) -> Result<bool, Diagnostic> {
    match (&annotation.value, value(annotation)) {
        (None, _) | (_, "true" | "1") => Ok(true),
        (_, "false" | "0") => Ok(false),
        _ => Err(refuse(annotation, "`true` or `false`")),
    }
}

fn derives(annotation: &Annotation) -> Result<Vec<String>, Diagnostic> {
    let is_path = |path: &&str| {
        path.split("::").all(|part| {
            let mut letters = part.chars();
            let starts = letters.next().is_some_and(|letter| letter.is_alphabetic());
            starts && letters.all(|letter| letter.is_alphanumeric() || letter == '_')
        })
    };
    let paths = value(annotation).split(',').map(str::trim);
    let paths: Vec<&str> = paths.collect();
    if !paths.iter().all(is_path) {
        let wanted = "names of derives such as `serde::Serialize`, with commas between";
        return Err(refuse(annotation, wanted));
    }
    Ok(paths.into_iter().map(str::to_owned).collect())
}

fn refuse(annotation: &Annotation, wanted: &str) -> Diagnostic {
    let name = &annotation.name;
    let span = annotation
        .value
        .as_ref()
        .map_or(name.span, |value| value.span);
    Diagnostic::error(format!("`{}` must be {wanted}", name.text)).at(span, "is something else")
}

fn misplaced(annotation: &Annotation) -> Diagnostic {
    let name = &annotation.name;
    let place = match name.text.as_str() {
        TYPE => "a field, an argument, a typedef or a type",
        BOX => "a field of a struct, union or exception",
        KEEP_UNKNOWN_FIELDS => "a struct, union or exception",
        DERIVE => "a struct, union, exception or enum",
        ATTRIBUTE => "a struct, union, exception, enum or field",
        other => {
            let message = format!("there is no annotation `{other}`");
            return Diagnostic::warning(message)
                .at(name.span, "has no effect")
                .did_you_mean(closest(other, NAMES));
        }
    };
    Diagnostic::warning(format!("`{}` has no effect here", name.text))
        .at(name.span, format!("it belongs to {place}"))
}
