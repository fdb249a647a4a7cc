//! Calls by JSON.

use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;
use serde_json::Value;

use crate::client::{Answer, Client, ClientCall, Compression};
use crate::context::Context;
use crate::generic::{Failure, Method};
use crate::json::JsonError;
use crate::layer::Layer;
use crate::metadata::Metadata;
use crate::status::Status;

/// A call by JSON, which is sent when it is awaited.
///
/// # Examples
///
/// ```no_run
/// # async fn run(client: polyport::Client, schema: polyport::wire::schema::Schema)
/// # -> Result<(), Box<dyn std::error::Error>> {
/// use std::time::Duration;
/// use polyport::generic::{Failure, Services};
/// use serde_json::json;
///
/// let declines = Services::new(schema)?.method("ServiceA", "declines")?;
/// let arguments = json!({ "req": { "message": "please" } });
/// let timeout = Duration::from_millis(50);
/// match client.json(&declines, &arguments).timeout(timeout).await {
///     Ok(reply) => println!("{reply}"),
///     Err(Failure::Exception { name, value }) => println!("{name} was thrown: {value}"),
///     Err(other) => return Err(other.into()),
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[must_use = "a call is made by awaiting it"]
pub struct JsonCall {
    method: Method,
    client: Client,
    /// Or why the arguments cannot be sent.
    call: Result<ClientCall<Bytes, Bytes, Status>, JsonError>,
}

impl Client {
    /// Calls a method by JSON, over whatever transport the client uses. A streaming method is called
    /// by [`json_stream`](Self::json_stream).
    pub fn json(&self, method: &Method, arguments: &Value) -> JsonCall {
        let arguments = match method.info().kind.is_streaming() {
            false => method.encode_arguments(arguments),
            true => Err(JsonError::new(format!("{method:?} streams"))),
        };
        JsonCall {
            method: method.clone(),
            client: self.clone(),
            call: arguments.map(|bytes| self.raw_method(method.info().clone()).call(bytes)),
        }
    }
}

impl JsonCall {
    /// How long this call may take, connecting included. The server is told, if the transport can.
    pub fn timeout(self, timeout: Duration) -> Self {
        self.with(|call| call.timeout(timeout))
    }

    /// Sends a key and a value to the server.
    pub fn metadata(self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.with(|call| call.metadata(key, value))
    }

    /// Sends a key and a value to the server, and to those that it calls for this.
    pub fn persistent(self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.with(|call| call.persistent(key, value))
    }

    /// Sends a plain header to the server, which only HTTP/2 carries.
    pub fn header(self, key: impl Into<String>, value: impl Into<Bytes>) -> Self {
        self.with(|call| call.header(key, value))
    }

    /// Puts a layer around this call, inside of the client's own and of those added before. It sees the
    /// arguments and the result as bytes.
    pub fn layer(self, layer: impl Layer) -> Self {
        self.with(|call| call.layer(layer))
    }

    /// Compresses what this call sends, or not, whatever the client does; over gRPC only.
    pub fn compress(self, compression: Compression) -> Self {
        self.with(|call| call.compress(compression))
    }

    /// Makes the call a part of the one that is being served, as [`ClientCall::within`] does.
    pub fn within(self, cx: &Context) -> Self {
        self.with(|call| call.within(cx))
    }

    /// Makes the call the one that is being served, passed on, as [`ClientCall::forwarding`] does.
    pub fn forwarding(self, cx: &Context) -> Self {
        self.with(|call| call.forwarding(cx))
    }

    fn with(
        self,
        set: impl FnOnce(ClientCall<Bytes, Bytes, Status>) -> ClientCall<Bytes, Bytes, Status>,
    ) -> Self {
        Self {
            call: self.call.map(set),
            ..self
        }
    }

    /// Makes the call and gives everything that came back, not only the result.
    pub async fn answer(self) -> Answer<Value, Failure> {
        let call = match self.call {
            Ok(call) => call,
            Err(error) => {
                return Answer {
                    result: Err(Failure::Json(error)),
                    metadata: Metadata::default(),
                };
            }
        };
        let Answer { result, metadata } = call.answer().await;
        let result = match result {
            Ok(_) if self.method.is_oneway() => Ok(Value::Null),
            Ok(bytes) => {
                let limits = self.client.limits();
                self.method.decode_result(&bytes, &limits)
            }
            Err(status) => Err(Failure::Status(status)),
        };
        Answer { result, metadata }
    }
}

impl IntoFuture for JsonCall {
    type Output = Result<Value, Failure>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move { self.answer().await.result })
    }
}
