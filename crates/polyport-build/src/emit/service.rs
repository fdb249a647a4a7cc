//! Services: the trait that a handler implements, its server, its client, and their module.

use polyport_wire::schema::Service;
use proc_macro2::TokenStream;
use quote::quote;

use super::docs::{docs_or, own_docs};
use super::method::MethodParts;
use super::{Emitter, Place};
use crate::model::ServiceId;
use crate::names::ServiceNames;

impl Emitter<'_> {
    pub(super) fn service(self, id: ServiceId) -> TokenStream {
        let handler = self.handler(id);
        let server = self.server(id);
        let client = self.client(id);
        let module = &self.names.services[id.0].module;
        let service = &self.model.schema.services[id.0].name;
        let module_docs = own_docs(&format!("The methods of `{service}`."));
        let methods = self.methods(id).into_iter().map(|parts| self.method(parts));
        let shared = self.shared_handler(id);
        quote! {
            #handler
            #shared
            #server
            #client

            #module_docs
            pub mod #module {
                #(#methods)*
            }
        }
    }

    /// The trait.
    fn handler(self, id: ServiceId) -> TokenStream {
        let service = &self.model.schema.services[id.0];
        let name = &self.names.services[id.0].name;
        let otherwise = format!(
            "The service `{}`, as a handler implements it.",
            service.name
        );
        let docs = docs_or(&service.docs, &otherwise);
        let streams = streams(service);
        let methods = self.methods(id);
        let methods = methods.into_iter().map(|parts| self.handler_method(parts));
        quote! {
            #docs
            #streams
            pub trait #name:
                ::std::marker::Send + ::std::marker::Sync + 'static
            {
                #(#methods)*
            }
        }
    }

    fn handler_method(self, parts: MethodParts<'_>) -> TokenStream {
        let place = Place::in_module(self.model.services[parts.service.0].module);
        let docs = docs_or(
            &parts.method.docs,
            &format!("Answers `{}`.", parts.method.name),
        );
        let name = &parts.names.function;
        let parameters = self.parameters(place, parts);
        let result = self.result_type(place, parts);
        let error = self.error_type(place, parts);
        quote! {
            #docs
            fn #name(
                &self,
                cx: &mut ::polyport::codegen::Context,
                #(#parameters)*
            ) -> impl ::std::future::Future<
                Output = ::std::result::Result<#result, #error>,
            > + ::std::marker::Send;
        }
    }

    /// A handler that several services share: one value behind an `Arc` for each of them.
    fn shared_handler(self, id: ServiceId) -> TokenStream {
        let ServiceNames { name, shared, .. } = &self.names.services[id.0];
        let place = Place::in_module(self.model.services[id.0].module);
        let methods = self.methods(id).into_iter().map(|parts| {
            let method = &parts.names.function;
            let parameters = self.parameters(place, parts);
            let fields = parts.fields();
            let result = self.result_type(place, parts);
            let error = self.error_type(place, parts);
            quote! {
                async fn #method(
                    &self,
                    cx: &mut ::polyport::codegen::Context,
                    #(#parameters)*
                ) -> ::std::result::Result<#result, #error> {
                    #shared::#method(self, cx, #(#fields),*).await
                }
            }
        });
        quote! {
            impl<#shared: #name> #name for ::std::sync::Arc<#shared> {
                #(#methods)*
            }
        }
    }

    fn server(self, id: ServiceId) -> TokenStream {
        let service = &self.model.schema.services[id.0];
        let names = &self.names.services[id.0];
        let (handler, server) = (&names.name, &names.server);
        let type_docs = own_docs(&format!("Serves a [`{handler}`]."));
        let place = Place::in_module(self.model.services[id.0].module);
        let schema = self.schema_path(place);
        let (package, name) = (&service.package, &service.name);
        let methods = self.methods(id);
        let methods = methods.into_iter().map(|parts| self.registration(parts));
        quote! {
            #type_docs
            #[derive(Clone, Copy, Debug)]
            pub struct #server;

            impl #server {
                /// The service with its handler, to be added to a server.
                #[must_use]
                pub fn new(handler: impl #handler) -> ::polyport::codegen::Service {
                    ::polyport::codegen::ServiceBuilder::new(
                        &#schema,
                        #package,
                        #name,
                        ::std::sync::Arc::new(handler),
                    )
                    #(#methods)*
                    .build()
                }
            }
        }
    }

    fn registration(self, parts: MethodParts<'_>) -> TokenStream {
        let names = &self.names.services[parts.service.0];
        let (handler, module) = (&names.name, &names.module);
        let (token, function) = (&parts.names.token, &parts.names.function);
        let fields = parts.fields();
        let arguments = match fields.is_empty() {
            true => quote!(_),
            false => quote!(arguments),
        };
        quote! {
            .method(&#module::#token, |handler, mut cx, #arguments| async move {
                let outcome =
                    #handler::#function(&*handler, &mut cx, #(arguments.#fields),*).await;
                (cx, outcome)
            })
        }
    }
}

/// What is not generated yet.
fn streams(service: &Service) -> TokenStream {
    let streams: Vec<String> = service
        .methods
        .iter()
        .filter(|method| method.kind.is_streaming())
        .map(|method| format!("`{}` ({})", method.name, method.kind))
        .collect();
    if streams.is_empty() {
        return TokenStream::new();
    }
    let note = own_docs(&format!(
        "The IDL also has streaming methods, which are not generated yet: {}.",
        streams.join(", ")
    ));
    quote! {
        ///
        #note
    }
}
