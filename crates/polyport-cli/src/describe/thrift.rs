//! Thrift services and types as an IDL writes them.

use std::collections::BTreeSet;
use std::fmt::Write;

use polyport_wire::schema::{
    Annotation, CallKind, Definition, Enum, Field, Literal, Method, Requiredness, Schema, Service,
    Struct, StructKind, Type,
};

use crate::describe::literal::{self, comment};
use crate::terminal::visible as name;

/// What is longer than this has its arguments on lines of their own.
const LINE: usize = 100;

/// The definitions and services of a schema, a part for each namespace; `home` is the last of them.
pub(super) fn idl(schema: &Schema, home: &str) -> String {
    let of_types = schema.definitions.iter().map(Definition::package);
    let of_services = schema.services.iter().map(|service| &*service.package);
    let packages: BTreeSet<&str> = of_types.chain(of_services).collect();
    let others = packages.iter().copied().filter(|package| *package != home);
    let parts = others.chain([home]);
    let parts = parts.map(|package| Writer { schema, package }.part());
    parts.collect::<Vec<_>>().join("\n\n")
}

#[derive(Clone, Copy)]
struct Writer<'s> {
    schema: &'s Schema,
    /// The namespace that is written.
    package: &'s str,
}

impl Writer<'_> {
    fn part(self) -> String {
        let namespace = match self.package {
            "" => None,
            package => Some(format!("namespace * {}", name(package))),
        };
        let definitions = self.schema.definitions.iter();
        let definitions = definitions
            .filter(|definition| definition.package() == self.package)
            .map(|definition| match definition {
                Definition::Struct(definition) => self.structure(definition),
                Definition::Enum(definition) => self.enumeration(definition),
                other => format!(
                    "// {} is of a kind that is not known here",
                    name(other.name())
                ),
            });
        let services = self.schema.services.iter();
        let services = services
            .filter(|service| service.package == self.package)
            .map(|service| self.service(service));
        let blocks = namespace.into_iter().chain(definitions).chain(services);
        blocks.collect::<Vec<_>>().join("\n\n")
    }

    fn structure(self, definition: &Struct) -> String {
        let kind = match definition.kind {
            StructKind::Struct => "struct",
            StructKind::Union => "union",
            StructKind::Exception => "exception",
        };
        let members = definition.fields.iter().map(|field| {
            let docs = comment(&field.docs, "  ");
            let written = match definition.kind {
                StructKind::Union => self.bare_field(field),
                StructKind::Struct | StructKind::Exception => self.field(field),
            };
            format!("{docs}  {written}\n")
        });
        block(
            &definition.docs,
            &format!("{kind} {}", name(&definition.name)),
            &members.collect::<String>(),
            &definition.annotations,
        )
    }

    fn enumeration(self, definition: &Enum) -> String {
        let members = definition.values.iter().map(|value| {
            let docs = comment(&value.docs, "  ");
            format!("{docs}  {} = {}\n", name(&value.name), value.number)
        });
        block(
            &definition.docs,
            &format!("enum {}", name(&definition.name)),
            &members.collect::<String>(),
            &definition.annotations,
        )
    }

    fn service(self, service: &Service) -> String {
        let methods = service.methods.iter().map(|method| self.method(method));
        block(
            &service.docs,
            &format!("service {}", name(&service.name)),
            &methods.collect::<String>(),
            &service.annotations,
        )
    }

    fn method(self, method: &Method) -> String {
        let mut text = comment(&method.docs, "  ");
        if let Some(service) = &method.declared_by {
            let _ = writeln!(text, "  // of {}", name(service));
        }
        let oneway = match method.kind {
            CallKind::Oneway => "oneway ",
            _ => "",
        };
        let result = method.result.as_ref();
        let result = result.map_or_else(|| "void".to_owned(), |kind| self.kind(kind));
        let start = format!("  {oneway}{result} {}", name(&method.name));
        let rest = annotations(&method.annotations);
        let arguments = method.arguments.iter().map(|field| self.field(field));
        let arguments: Vec<String> = arguments.collect();
        let throws = method.throws.iter().map(|field| self.bare_field(field));
        let throws: Vec<String> = throws.collect();
        let thrown = match &throws[..] {
            [] => String::new(),
            throws => format!(" throws ({})", throws.join(", ")),
        };
        let line = format!("{start}({}){thrown}{rest}\n", arguments.join(", "));
        if line.len() <= LINE {
            text.push_str(&line);
        } else {
            let arguments = arguments.join(",\n    ");
            let _ = writeln!(text, "{start}(\n    {arguments}\n  ){thrown}{rest}");
        }
        text
    }

    fn field(self, field: &Field) -> String {
        let requiredness = match field.requiredness {
            Requiredness::Default => "",
            Requiredness::Required => "required ",
            Requiredness::Optional => "optional ",
        };
        self.labelled_field(requiredness, field)
    }

    /// One of a union or of exceptions, of which only one is there anyway.
    fn bare_field(self, field: &Field) -> String {
        self.labelled_field("", field)
    }

    fn labelled_field(self, label: &str, field: &Field) -> String {
        let default = field.default.as_ref();
        let default = default.map(|value| format!(" = {}", self.literal(&field.kind, value)));
        format!(
            "{}: {label}{} {}{}{}",
            field.id,
            self.kind(&field.kind),
            name(&field.name),
            default.unwrap_or_default(),
            annotations(&field.annotations),
        )
    }

    fn kind(self, kind: &Type) -> String {
        match kind {
            Type::List(element) => format!("list<{}>", self.kind(element)),
            Type::Set(element) => format!("set<{}>", self.kind(element)),
            Type::Map(key, value) => format!("map<{}, {}>", self.kind(key), self.kind(value)),
            Type::Defined(id) => match self.schema.definition(*id) {
                Some(definition) => self.reference(definition),
                None => "?".to_owned(),
            },
            kind => name(&self.schema.type_name(kind)),
        }
    }

    /// A type of another namespace has the name of the file in front that probably defines it.
    fn reference(self, definition: &Definition) -> String {
        let bare = name(definition.name());
        let package = definition.package();
        if package == self.package || package.is_empty() {
            return bare;
        }
        let last = package.rsplit('.').next().unwrap_or(package);
        format!("{}.{bare}", name(last))
    }

    fn literal(self, kind: &Type, value: &Literal) -> String {
        let definition = match kind {
            Type::Defined(id) => self.schema.definition(*id),
            _ => None,
        };
        match (value, kind, definition) {
            (Literal::Int(number), _, Some(known @ Definition::Enum(definition))) => {
                let mut values = definition.values.iter();
                let found = values.find(|value| i64::from(value.number) == *number);
                found.map_or_else(
                    || number.to_string(),
                    |value| format!("{}.{}", self.reference(known), name(&value.name)),
                )
            }
            (Literal::List(elements), Type::List(kind) | Type::Set(kind), _) => {
                let elements = elements.iter().map(|element| self.literal(kind, element));
                format!("[{}]", elements.collect::<Vec<_>>().join(", "))
            }
            (Literal::Map(entries), Type::Map(key_kind, value_kind), _) => {
                entries_of(entries.iter().map(|(key, value)| {
                    (self.literal(key_kind, key), self.literal(value_kind, value))
                }))
            }
            (Literal::Map(entries), _, Some(Definition::Struct(definition))) => {
                entries_of(entries.iter().map(|(key, value)| {
                    let mut fields = definition.fields.iter();
                    let field = fields
                        .find(|field| matches!(key, Literal::String(name) if *name == field.name));
                    let value = match field {
                        Some(field) => self.literal(&field.kind, value),
                        None => literal::plain(value),
                    };
                    (literal::plain(key), value)
                }))
            }
            (value, ..) => literal::plain(value),
        }
    }
}

fn entries_of(entries: impl Iterator<Item = (String, String)>) -> String {
    let entries = entries.map(|(key, value)| format!("{key}: {value}"));
    format!("{{{}}}", entries.collect::<Vec<_>>().join(", "))
}

/// What stands between braces.
fn block(docs: &str, head: &str, members: &str, behind: &[Annotation]) -> String {
    let (docs, behind) = (comment(docs, ""), annotations(behind));
    match members {
        "" => format!("{docs}{head} {{}}{behind}"),
        members => format!("{docs}{head} {{\n{members}}}{behind}"),
    }
}

fn annotations(all: &[Annotation]) -> String {
    let written = all.iter().map(|annotation| {
        let value = literal::annotation(&annotation.value);
        format!("{} = {value}", name(&annotation.name))
    });
    match all {
        [] => String::new(),
        _ => format!(" ({})", written.collect::<Vec<_>>().join(", ")),
    }
}
