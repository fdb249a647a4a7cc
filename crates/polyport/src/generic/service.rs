//! Services by JSON.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use polyport_wire::error::DecodeError;
use polyport_wire::limits::Limits;
use serde_json::Value;

use crate::call::{Call, Message, Reply};
use crate::context::Context;
use crate::generic::{Failure, Method, Services};
use crate::json::JsonError;
use crate::layer::{Endpoint, Payload};
use crate::method::Coding;
use crate::service::{Service, catch_panic, handler_panic, single};
use crate::status::Status;

/// A handler that takes and gives JSON, for all methods of a service: the context says which one is
/// called.
pub trait JsonHandler: Send + Sync + 'static {
    /// Answers a method's arguments with its result.
    fn call(
        &self,
        cx: &mut Context,
        arguments: Value,
    ) -> impl Future<Output = Result<Value, Failure>> + Send;
}

impl<H: JsonHandler> JsonHandler for Arc<H> {
    fn call(
        &self,
        cx: &mut Context,
        arguments: Value,
    ) -> impl Future<Output = Result<Value, Failure>> + Send {
        H::call(self, cx, arguments)
    }
}

impl Service {
    /// A service of a schema, with one handler of JSON for all of its methods. It is registered,
    /// found and called like a generated one; layers see the arguments as a
    /// [`Value`](serde_json::Value). Methods that stream are answered with an error.
    ///
    /// # Errors
    ///
    /// When the schema has no such service.
    ///
    /// # Examples
    ///
    /// ```
    /// use polyport::generic::{Failure, JsonHandler, Services};
    /// use polyport::{Context, Server, Service, Status};
    /// use serde_json::{Value, json};
    ///
    /// struct Greeter;
    ///
    /// impl JsonHandler for Greeter {
    ///     async fn call(&self, cx: &mut Context, arguments: Value) -> Result<Value, Failure> {
    ///         match cx.method() {
    ///             "greet" => Ok(json!({ "message": format!("Hello, {}!", arguments["name"]) })),
    ///             "refuse" => Err(Failure::Exception {
    ///                 name: "declined".to_owned(),
    ///                 value: json!({ "reason": "not today" }),
    ///             }),
    ///             other => Err(Status::error(format!("{other} is not done yet")).into()),
    ///         }
    ///     }
    /// }
    ///
    /// fn server(services: &Services) -> Result<Server, polyport::json::JsonError> {
    ///     Ok(Server::new().add(Service::json(services, "Greeter", Greeter)?))
    /// }
    /// ```
    pub fn json(
        services: &Services,
        name: &str,
        handler: impl JsonHandler,
    ) -> Result<Self, JsonError> {
        let handler = Arc::new(handler);
        let methods = services.methods(name)?;
        let description = &services.schema().services[services.index(name)?];
        let (package, name) = (description.package.clone(), description.name.clone());
        let mut service = Self::new(package, name, description.codec);
        service.combined = description.combined;
        for method in methods {
            let (name, kind) = (method.info().method.clone(), method.info().kind);
            let handler = Arc::clone(&handler);
            service.push(name, kind, Arc::new(JsonEndpoint { handler, method }));
        }
        Ok(service)
    }
}

struct JsonEndpoint<H> {
    handler: Arc<H>,
    method: Method,
}

impl<H: JsonHandler> Endpoint for JsonEndpoint<H> {
    fn decode(&self, payload: Payload, limits: &Limits) -> Result<Message, DecodeError> {
        if self.method.info().kind.is_streaming() {
            return Ok(Message::nothing());
        }
        let arguments = self.method.decode_arguments(&single(payload), limits);
        arguments
            .map(Message::arguments)
            .map_err(|error| DecodeError::foreign(error.to_string()))
    }

    fn call(&self, call: Call) -> Pin<Box<dyn Future<Output = Reply> + Send + '_>> {
        let Call {
            mut context,
            message,
        } = call;
        let method = &self.method;
        Box::pin(async move {
            let Some(arguments) = message.into_arguments::<Value>() else {
                return no_arguments(method).into();
            };
            let serving = async { self.handler.call(&mut context, arguments).await };
            match catch_panic(serving).await {
                Ok(outcome) => Reply {
                    outcome: reply(method, outcome).map_err(Status::of_handler),
                    metadata: context.reply_metadata,
                    trailers: context.reply_trailers,
                },
                Err(payload) => {
                    let info = method.info();
                    handler_panic(&info.service, &info.method, &*payload)
                }
            }
        })
    }
}

fn reply(method: &Method, outcome: Result<Value, Failure>) -> Result<Message, Status> {
    match method.encode_result(outcome) {
        Ok(bytes) => Ok(Message::item(bytes, Coding::<Bytes>::RAW.encode)),
        Err(Failure::Status(status)) => Err(status),
        Err(other) => Err(Status::error(format!(
            "the result of {method:?} cannot be sent: {other}"
        ))),
    }
}

#[cold]
fn no_arguments(method: &Method) -> Status {
    let text = match method.info().kind.is_streaming() {
        true => format!("{method:?} streams, which a service of JSON does not"),
        false => format!("a layer replaced the arguments of {method:?} by another type"),
    };
    Status::error(text).of_handler()
}
