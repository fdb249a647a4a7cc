//! A model to Rust: tokens only, and no other paths than `::polyport::codegen` and `::std`.

mod service;
mod client;
mod method;
mod errors;
mod constant;
mod enumeration;
mod union;
mod structure;
mod value;
mod field;
mod kind;
mod derive;
mod docs;

use polyport_wire::schema::{Definition, StructKind};
use proc_macro2::{Literal, TokenStream};
use quote::quote;

use self::docs::own_docs;
use crate::model::{Item, Model, ModuleId, index};
use crate::names::Names;

/// The generated file.
pub(crate) fn emit(model: &Model, names: &Names, schema: &[u8]) -> TokenStream {
    let emitter = Emitter {
        model,
        names,
        schema,
    };
    emitter.module(ModuleId(0))
}

/// The parts of the file are methods, each in a file of its own.
#[derive(Clone, Copy)]
struct Emitter<'a> {
    model: &'a Model,
    names: &'a Names,
    /// The schema's bytes.
    schema: &'a [u8],
}

/// Where tokens will stand: paths begin there.
#[derive(Clone, Copy)]
struct Place {
    module: ModuleId,
    /// In the module of a service, which stands in `module`.
    in_service: bool,
}

impl Place {
    fn in_module(module: ModuleId) -> Self {
        Self {
            module,
            in_service: false,
        }
    }

    fn in_service(module: ModuleId) -> Self {
        Self {
            module,
            in_service: true,
        }
    }
}

impl Emitter<'_> {
    /// What a module holds: its items, then the modules in it.
    fn module(self, id: ModuleId) -> TokenStream {
        let items = self.model.modules[id.0].items.iter();
        let items = items.map(|item| self.item(id, *item));
        let children = (0..self.model.modules.len())
            .map(ModuleId)
            .filter(|child| self.model.modules[child.0].parent == Some(id))
            .map(|child| self.child(id, child));
        let schema = self.schema(id);
        quote! {
            #(#items)*
            #(#children)*
            #schema
        }
    }

    /// The schema, in the modules that have it.
    fn schema(self, id: ModuleId) -> Option<TokenStream> {
        let mut schemas = self.names.schemas.iter();
        let (_, name) = schemas.find(|(module, _)| *module == id)?;
        let docs =
            own_docs("The IDL as data: for reflection, and for calls without generated code.");
        let home = self.names.schemas.first().map(|(module, _)| *module);
        if home != Some(id) {
            let lent = self.schema_path(Place::in_module(id));
            return Some(quote! {
                #docs
                pub static #name: &::polyport::codegen::Embedded = &#lent;
            });
        }
        let bytes = Literal::byte_string(self.schema);
        Some(quote! {
            #docs
            pub static #name: ::polyport::codegen::Embedded =
                ::polyport::codegen::Embedded::new(#bytes);
        })
    }

    fn child(self, parent: ModuleId, id: ModuleId) -> TokenStream {
        let name = &self.names.modules[id.0];
        let inside = self.module(id);
        // Only on the outermost: what is inside inherits it.
        let lints = (parent == ModuleId(0)).then(lints);
        quote! {
            #lints
            pub mod #name {
                #inside
            }
        }
    }

    fn item(self, module: ModuleId, item: Item) -> TokenStream {
        match item {
            Item::Typedef(id) => self.typedef(id),
            Item::Const(id) => self.constant(id),
            Item::Service(id) => self.service(id),
            Item::Definition(id) => {
                let names = &self.names.definitions[index(id)];
                match self.model.definition(id) {
                    Definition::Enum(definition) => {
                        self.enumeration(definition, self.model.definition_extra(id), names)
                    }
                    Definition::Struct(definition) if definition.kind == StructKind::Union => {
                        self.union(Place::in_module(module), id, definition)
                    }
                    Definition::Struct(definition) => {
                        self.structure(Place::in_module(module), id, definition)
                    }
                    _ => TokenStream::new(),
                }
            }
        }
    }
}

/// The shape of generated code is the IDL's, not its reader's; and not everything of an IDL is
/// used by everybody.
fn lints() -> TokenStream {
    quote! {
        #[allow(
            clippy::all,
            clippy::nursery,
            clippy::pedantic,
            dead_code,
            missing_docs,
            rustdoc::all,
            unreachable_pub,
            unused_qualifications,
            reason = "generated: names, shapes and comments are those of the IDL"
        )]
    }
}
