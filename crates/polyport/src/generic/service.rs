//! Services by JSON.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use polyport_wire::error::DecodeError;
use polyport_wire::limits::Limits;
use serde_json::Value;

use crate::call::{Call, Message, Reply};
use crate::context::Context;
use crate::generic::stream::{JsonSink, JsonStreaming, open};
use crate::generic::{Failure, Method, Services};
use crate::json::JsonError;
use crate::layer::{End, Endpoint, Payload};
use crate::service::{
    Known, Service, catch_panic, handler_panic, last, not_streamed, single, unserved,
};
use crate::status::Status;
use crate::stream::Flows;

/// A handler that takes and gives JSON, for all methods of a service: the context says which one is
/// called.
pub trait JsonHandler: Send + Sync + 'static {
    /// Answers a method's arguments with its result.
    fn call(
        &self,
        cx: &mut Context,
        arguments: Value,
    ) -> impl Future<Output = Result<Value, Failure>> + Send;

    /// Answers a method that streams, whichever side does: there is one request where the method
    /// takes one, and one answer is to be sent where it gives one. Without this, such methods are
    /// answered with an error.
    fn stream(
        &self,
        cx: &mut Context,
        requests: JsonStreaming,
        answers: JsonSink,
    ) -> impl Future<Output = Result<(), Status>> + Send {
        let _ = (requests, answers);
        std::future::ready(Err(unserved(cx)))
    }
}

impl<H: JsonHandler> JsonHandler for Arc<H> {
    fn call(
        &self,
        cx: &mut Context,
        arguments: Value,
    ) -> impl Future<Output = Result<Value, Failure>> + Send {
        H::call(self, cx, arguments)
    }

    fn stream(
        &self,
        cx: &mut Context,
        requests: JsonStreaming,
        answers: JsonSink,
    ) -> impl Future<Output = Result<(), Status>> + Send {
        H::stream(self, cx, requests, answers)
    }
}

impl Service {
    /// A service of a schema, with one handler of JSON for all of its methods. It is registered,
    /// found and called like a generated one; layers see the arguments as a
    /// [`Value`], and those of a method that streams as a tuple of [`JsonStreaming`]
    /// and [`JsonSink`].
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
        service.schema = Some(Known::Read(Arc::clone(&services.known.schema)));
        for method in methods {
            let (name, kind) = (method.info().method.clone(), method.info().kind);
            let handler = Arc::clone(&handler);
            let endpoint: Arc<dyn Endpoint> = match kind.is_streaming() {
                true => Arc::new(StreamEndpoint { handler, method }),
                false => Arc::new(JsonEndpoint { handler, method }),
            };
            service.push(name, kind, endpoint);
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
        let arguments = self.method.decode_arguments(&single(payload), limits);
        arguments
            .map(Message::arguments)
            .map_err(|error| DecodeError::foreign(error.to_string()))
    }
}

impl<H: JsonHandler> End for JsonEndpoint<H> {
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
                Ok(outcome) => Reply::of_handler(context, reply(method, outcome)),
                Err(payload) => {
                    let info = method.info();
                    handler_panic(&info.service, &info.method, &*payload)
                }
            }
        })
    }
}

struct StreamEndpoint<H> {
    handler: Arc<H>,
    method: Method,
}

impl<H: JsonHandler> Endpoint for StreamEndpoint<H> {
    fn decode(&self, payload: Payload, limits: &Limits) -> Result<Message, DecodeError> {
        let Some(streams) = open(&self.method, payload, limits) else {
            return Ok(Message::nothing());
        };
        Ok(Message::streams(streams, |(requests, answers)| Flows {
            requests: Some(requests),
            answers: Some(answers),
        }))
    }
}

impl<H: JsonHandler> End for StreamEndpoint<H> {
    fn call(&self, call: Call) -> Pin<Box<dyn Future<Output = Reply> + Send + '_>> {
        let Call {
            mut context,
            message,
        } = call;
        let info = self.method.info();
        Box::pin(async move {
            let Some((requests, answers)) = message.into_arguments::<(JsonStreaming, JsonSink)>()
            else {
                return not_streamed(&info.service, &info.method, info.codec).into();
            };
            let only = answers.only.clone();
            let serving = async { self.handler.stream(&mut context, requests, answers).await };
            match catch_panic(serving).await {
                Ok(outcome) => {
                    Reply::of_handler(context, outcome.and_then(|()| last(only.as_ref())))
                }
                Err(payload) => handler_panic(&info.service, &info.method, &*payload),
            }
        })
    }
}

fn reply(method: &Method, outcome: Result<Value, Failure>) -> Result<Message, Status> {
    match method.encode_result(outcome) {
        Ok(bytes) => Ok(Message::raw(bytes)),
        Err(Failure::Status(status)) => Err(status),
        Err(other) => Err(Status::error(format!(
            "the result of {method:?} cannot be sent: {other}"
        ))),
    }
}

#[cold]
fn no_arguments(method: &Method) -> Status {
    let text = format!("a layer replaced the arguments of {method:?} by another type");
    Status::error(text).of_handler()
}
