//! The client of a service.

use polyport_wire::schema::CallKind;
use proc_macro2::TokenStream;
use quote::quote;

use super::docs::{docs_or, own_docs};
use super::method::MethodParts;
use super::{Emitter, Place};
use crate::model::ServiceId;

impl Emitter<'_> {
    pub(super) fn client(self, id: ServiceId) -> TokenStream {
        let service = &self.model.schema.services[id.0].name;
        let name = &self.names.services[id.0].client;
        let type_docs = own_docs(&format!("Calls a [`{}`].", self.names.services[id.0].name));
        let connect_docs = own_docs(&format!(
            "A client of the `{service}` at `address` (`host:port`) with the default options."
        ));
        let methods = self.methods(id);
        let methods = methods.into_iter().map(|parts| self.client_method(parts));
        quote! {
            #type_docs
            #[derive(Clone, Debug)]
            pub struct #name {
                client: ::polyport::codegen::Client,
            }

            impl #name {
                #connect_docs
                ///
                /// # Errors
                ///
                /// When no connection can be made.
                pub async fn connect(
                    address: impl ::std::convert::Into<::std::string::String>,
                ) -> ::std::result::Result<Self, ::polyport::codegen::Error> {
                    Ok(Self::new(::polyport::codegen::Client::connect(address).await?))
                }

                /// The service behind a client, which those of other services can share.
                #[must_use]
                pub fn new(client: ::polyport::codegen::Client) -> Self {
                    Self { client }
                }

                #(#methods)*
            }
        }
    }

    fn client_method(self, parts: MethodParts<'_>) -> TokenStream {
        let docs = docs_or(
            &parts.method.docs,
            &format!("Calls `{}`.", parts.method.name),
        );
        let name = &parts.names.function;
        let place = Place::in_module(self.model.services[parts.service.0].module);
        let parameters = match parts.method.kind {
            // What they send comes later.
            CallKind::ClientStream | CallKind::Bidirectional => Vec::new(),
            _ => self.parameters(place, parts),
        };
        let call = self.call_type(place, parts);
        let begin = self.begin(place, parts);
        quote! {
            #docs
            pub fn #name(&self, #(#parameters),*) -> ::polyport::codegen::#call {
                self.client.#begin
            }
        }
    }

    /// What a call is until it is awaited.
    fn call_type(self, place: Place, parts: MethodParts<'_>) -> TokenStream {
        let message = self.message_type(place, parts);
        let result = self.result_type(place, parts);
        let lent = match parts.method.kind {
            CallKind::ClientStream => {
                quote!(::polyport::codegen::ClientStream<#message, #result>)
            }
            CallKind::ServerStream => quote!(::polyport::codegen::Streaming<#result>),
            CallKind::Bidirectional => quote! {
                (::polyport::codegen::Sink<#message>, ::polyport::codegen::Streaming<#result>)
            },
            _ => {
                let error = self.error_type(place, parts);
                return quote!(ClientCall<#message, #result, #error>);
            }
        };
        quote!(StreamCall<#message, #result, #lent>)
    }

    /// The client's function for this kind of call, and what it is given.
    fn begin(self, place: Place, parts: MethodParts<'_>) -> TokenStream {
        let module = &self.names.services[parts.service.0].module;
        let token = &parts.names.token;
        let token = quote!(&#module::#token);
        let fields = parts.fields();
        match parts.method.kind {
            CallKind::ClientStream => quote!(client_stream(#token)),
            CallKind::ServerStream => quote!(server_stream(#token, #(#fields),*)),
            CallKind::Bidirectional => quote!(bidirectional(#token)),
            _ if self.has_arguments(parts) => {
                let message = self.message_type(place, parts);
                quote!(call(#token, #message { #(#fields),* }))
            }
            _ => quote!(call(#token, #(#fields),*)),
        }
    }
}
