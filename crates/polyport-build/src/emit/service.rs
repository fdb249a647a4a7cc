//! Services: the trait that a handler implements, its server, its client, and their module.

use polyport_wire::schema::CallKind;
use proc_macro2::TokenStream;
use quote::{format_ident, quote};

use super::docs::{docs_or, own_docs};
use super::method::{MethodParts, Parameter};
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
        let methods = self.methods(id);
        let methods = methods.into_iter().map(|parts| self.handler_method(parts));
        quote! {
            #docs
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
        let parameters = self.handler_parameters(place, parts);
        let result = self.handler_result(place, parts);
        let error = self.error_type(place, parts);
        quote! {
            #docs
            fn #name(
                &self,
                cx: &mut ::polyport::codegen::Context,
                #parameters
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
            let parameters = self.handler_parameters(place, parts);
            let given = given(parts);
            let result = self.handler_result(place, parts);
            let error = self.error_type(place, parts);
            quote! {
                async fn #method(
                    &self,
                    cx: &mut ::polyport::codegen::Context,
                    #parameters
                ) -> ::std::result::Result<#result, #error> {
                    #shared::#method(self, cx, #given).await
                }
            }
        });
        quote! {
            impl<#shared: #name> #name for ::std::sync::Arc<#shared> {
                #(#methods)*
            }
        }
    }

    pub(super) fn handler_result(self, place: Place, parts: MethodParts<'_>) -> TokenStream {
        match parts.method.kind {
            // The results go to the sink.
            CallKind::ServerStream | CallKind::Bidirectional => quote!(()),
            _ => self.result_type(place, parts),
        }
    }

    fn handler_parameters(self, place: Place, parts: MethodParts<'_>) -> TokenStream {
        let inputs = self.handler_inputs(place, parts);
        quote!(#(#inputs,)*)
    }

    /// What a handler is given behind its context.
    pub(super) fn handler_inputs(self, place: Place, parts: MethodParts<'_>) -> Vec<Parameter> {
        let input = || {
            let message = self.message_type(place, parts);
            Parameter {
                name: format_ident!("input"),
                kind: quote!(::polyport::codegen::Streaming<#message>),
            }
        };
        let output = || {
            let result = self.result_type(place, parts);
            Parameter {
                name: format_ident!("output"),
                kind: quote!(::polyport::codegen::Sink<#result>),
            }
        };
        let mut parameters = self.parameters(place, parts);
        match parts.method.kind {
            CallKind::ClientStream => vec![input()],
            CallKind::ServerStream => {
                parameters.push(output());
                parameters
            }
            CallKind::Bidirectional => vec![input(), output()],
            _ => parameters,
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
        let (builder, taken, given) = match parts.method.kind {
            CallKind::ClientStream => (quote!(client_stream), quote!(input), quote!(input)),
            CallKind::ServerStream => {
                let both = quote!(request, output);
                (quote!(server_stream), both.clone(), both)
            }
            CallKind::Bidirectional => {
                let both = quote!(input, output);
                (quote!(bidirectional), both.clone(), both)
            }
            _ if !self.has_arguments(parts) => (quote!(method), quote!(request), quote!(request)),
            _ if fields.is_empty() => (quote!(method), quote!(_), quote!()),
            _ => (
                quote!(method),
                quote!(arguments),
                quote!(#(arguments.#fields),*),
            ),
        };
        quote! {
            .#builder(&#module::#token, |handler, mut cx, #taken| async move {
                let outcome = #handler::#function(&*handler, &mut cx, #given).await;
                (cx, outcome)
            })
        }
    }
}

/// The names of what a handler is given behind its context.
fn given(parts: MethodParts<'_>) -> TokenStream {
    let fields = parts.fields();
    match parts.method.kind {
        CallKind::ClientStream => quote!(input),
        CallKind::ServerStream => quote!(#(#fields,)* output),
        CallKind::Bidirectional => quote!(input, output),
        _ => quote!(#(#fields),*),
    }
}
