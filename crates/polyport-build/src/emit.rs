//! A model to Rust: tokens only, and no other paths than `::polyport::codegen` and `::std`.

mod outline;
mod service;
mod client;
mod method;
mod errors;
mod constant;
mod enumeration;
mod union;
mod structure;
mod value;
mod memory;
mod field;
mod kind;
mod derive;
mod docs;

use polyport_wire::schema::{Definition, StructKind};
use proc_macro2::{Literal, TokenStream};
use quote::{ToTokens, quote};

use self::docs::own_docs;
use self::memory::Memory;
use crate::model::{Item, Model, ModuleId, ServiceId, index};
use crate::names::Names;
use crate::outline::ServiceOutline;
use crate::source::Sources;

/// The generated file.
pub(crate) fn emit(model: &Model, names: &Names, schema: &[u8]) -> TokenStream {
    let emitter = Emitter {
        model,
        names,
        schema,
        root: &TokenStream::new(),
        memory: &Memory::default(),
    };
    emitter.top()
}

/// The services as code outside of the generated file names them; `root` is the path to where the
/// file is included, with `::` behind it.
pub(crate) fn outline(
    model: &Model,
    names: &Names,
    root: &TokenStream,
    sources: &Sources,
) -> Vec<ServiceOutline> {
    let emitter = Emitter {
        model,
        names,
        schema: &[],
        root,
        memory: &Memory::default(),
    };
    let services = (0..model.services.len()).map(ServiceId);
    services.map(|id| emitter.outline(id, sources)).collect()
}

/// The parts of the file are methods, each in a file of its own.
#[derive(Clone, Copy)]
struct Emitter<'a> {
    model: &'a Model,
    names: &'a Names,
    /// The schema's bytes.
    schema: &'a [u8],
    /// What stands before a path from the top of the file.
    root: &'a TokenStream,
    /// What is known of the memory that defaults take.
    memory: &'a Memory,
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
    /// What stands at the top of the file: each has its own lints, which what is inside inherits.
    fn top(self) -> TokenStream {
        let top = ModuleId(0);
        let lints = self.lints();
        let children = self.children(top);
        let items = split(self.items(top)).into_iter().map(|(item, is_macro)| {
            // The attribute of a macro's call means nothing.
            let lints = (!is_macro).then_some(&lints);
            quote!(#lints #item)
        });
        quote! {
            #(#items)*
            #(#lints #children)*
        }
    }

    /// What a module holds beside the modules in it.
    fn items(self, id: ModuleId) -> TokenStream {
        let module = &self.model.modules[id.0];
        let messages = module.package.iter().map(|package| &package.code);
        let items = module.items.iter().map(|item| self.item(id, *item));
        let schema = self.schema(id);
        quote! {
            #(#messages)*
            #(#items)*
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

    fn children(self, id: ModuleId) -> Vec<TokenStream> {
        let modules = (0..self.model.modules.len()).map(ModuleId);
        let children = modules.filter(|child| self.model.modules[child.0].parent == Some(id));
        children
            .map(|child| {
                let name = &self.names.modules[child.0];
                let items = self.items(child);
                let children = self.children(child);
                quote! {
                    pub mod #name {
                        #items
                        #(#children)*
                    }
                }
            })
            .collect()
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

impl Emitter<'_> {
    /// The shape of generated code is the IDL's, not its reader's; and not everything of an IDL is
    /// used by everybody.
    fn lints(self) -> TokenStream {
        let mut modules = self.model.modules.iter();
        let has_messages = modules.any(|module| module.package.is_some());
        let of_messages = has_messages.then(|| {
            quote! {
                deprecated,
                elided_lifetimes_in_paths,
                missing_debug_implementations,
                non_camel_case_types,
                non_snake_case,
                non_upper_case_globals,
                unused_imports,
            }
        });
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
                #of_messages
                reason = "generated: names, shapes and comments are those of the IDL"
            )]
        }
    }
}

/// The items of a file, each by itself, and whether it is a macro's call.
fn split(tokens: TokenStream) -> Vec<(TokenStream, bool)> {
    let item = |item: &syn::Item| (item.to_token_stream(), matches!(item, syn::Item::Macro(_)));
    match syn::parse2::<syn::File>(tokens.clone()) {
        Ok(file) => file.items.iter().map(item).collect(),
        // The whole file is parsed later, and then this is reported.
        Err(_) => vec![(tokens, false)],
    }
}
