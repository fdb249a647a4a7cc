//! One call on its way out: what is sent, and what can be said about it before.

use std::fmt;
use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;

use crate::client::callee::Callee;
use crate::client::terms::Terms;
use crate::client::{Client, exchange, layers};
use crate::context::Context;
use crate::http2::compression::Compression;
use crate::layer::{AnyLayer, Layer};
use crate::metadata::Metadata;
use crate::method::Method;
use crate::status::MethodError;

/// A call that is sent when it is awaited.
///
/// # Examples
///
/// ```no_run
/// # use std::time::Duration;
/// # use polyport::{CallKind, Client, Context, Status};
/// # use polyport::method::Method;
/// # static LENGTH: Method<String, i32> = Method::new("Texts", "length", CallKind::Unary);
/// # async fn run(client: Client, cx: &Context) -> Result<(), Status> {
/// let length = client
///     .call(&LENGTH, "how long?".to_owned())
///     .timeout(Duration::from_millis(50))
///     .metadata("tenant", "7")
///     .within(cx)
///     .await?;
/// # Ok(())
/// # }
/// ```
///
/// A call borrows nothing, so that it can be made in a task of its own:
///
/// ```no_run
/// # use std::future::IntoFuture;
/// # use polyport::{CallKind, Client, Status};
/// # use polyport::method::Method;
/// # static LENGTH: Method<String, i32> = Method::new("Texts", "length", CallKind::Unary);
/// # async fn run(client: Client) -> Result<(), Box<dyn std::error::Error>> {
/// let calling = tokio::spawn(client.call(&LENGTH, "how long?".to_owned()).into_future());
/// let length = calling.await??;
/// # Ok(())
/// # }
/// ```
///
/// A one-way call is done when its request is written; over HTTP/2, where requests go out together,
/// shortly before that: a program that ends in this moment takes it along.
///
/// # Cancel safety
///
/// A call whose future is dropped is given up, together with its connection unless others share
/// it; the server may have served it or not.
#[must_use = "a call is made by awaiting it"]
pub struct ClientCall<A: 'static, V: 'static, E: 'static> {
    pub(super) client: Client,
    pub(super) method: &'static Method<A, V, E>,
    pub(super) callee: Callee,
    pub(super) arguments: A,
    pub(super) terms: Terms,
}

/// What came back: the result, and what stood beside it.
#[derive(Debug)]
pub struct Answer<V, E> {
    /// What the method returned, or why there is nothing.
    pub result: Result<V, E>,
    /// The metadata that the server sent back.
    pub metadata: Metadata,
}

impl<A, V, E> ClientCall<A, V, E> {
    pub(super) fn new(client: Client, method: &'static Method<A, V, E>, arguments: A) -> Self {
        Self::named(client, Callee::Known(method.target), method, arguments)
    }

    /// A call of a method that is written like `method` and has another name.
    pub(super) fn named(
        client: Client,
        callee: Callee,
        method: &'static Method<A, V, E>,
        arguments: A,
    ) -> Self {
        Self {
            terms: Terms::new(&client.shared.options),
            client,
            method,
            callee,
            arguments,
        }
    }

    /// How long this call may take, connecting included. The server is told, if the transport can.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.terms.timeout = Some(timeout);
        self
    }

    /// Sends a key and a value to the server.
    pub fn metadata(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.terms.metadata.insert(key, value);
        self
    }

    /// Sends a key and a value to the server, and to those that it calls for this.
    pub fn persistent(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.terms.metadata.insert_persistent(key, value);
        self
    }

    /// Sends a plain header to the server, which only HTTP/2 carries.
    pub fn header(mut self, key: impl Into<String>, value: impl Into<Bytes>) -> Self {
        self.terms.metadata.insert_header(key, value);
        self
    }

    /// Puts a layer around this call, inside of the client's own and of those added before.
    pub fn layer(mut self, layer: impl Layer) -> Self {
        self.terms.layers.push(AnyLayer::new(layer));
        self
    }

    /// Compresses what this call sends, or not, whatever the client does; over gRPC only.
    pub fn compress(mut self, compression: Compression) -> Self {
        self.terms.compression = compression;
        self
    }

    /// Makes the call a part of the one that is being served: it passes on the persistent metadata
    /// and ends no later than the caller of that one waits, whatever its own timeout is.
    pub fn within(mut self, cx: &Context) -> Self {
        self.terms.set_within(cx);
        self
    }

    /// Makes the call the one that is being served, passed on: all of its metadata, who the caller
    /// says it is, and how long that one waits.
    pub fn forwarding(mut self, cx: &Context) -> Self {
        self.terms.set_forwarding(cx);
        self
    }
}

impl<A, V, E> ClientCall<A, V, E>
where
    A: Send + Sync,
    V: Send,
    E: MethodError,
{
    /// Makes the call and gives everything that came back, not only the result.
    pub async fn answer(self) -> Answer<V, E> {
        let (outcome, metadata) = if layers::any(&self.client, &self.terms) {
            layers::call(self).await
        } else {
            exchange::call(self).await
        };
        let result = match outcome {
            Ok(result) => result,
            Err(status) => Err(status.into()),
        };
        Answer { result, metadata }
    }
}

impl<A, V, E> IntoFuture for ClientCall<A, V, E>
where
    A: Send + Sync,
    V: Send,
    E: MethodError,
{
    type Output = Result<V, E>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move { self.answer().await.result })
    }
}

impl<A, V, E> fmt::Debug for ClientCall<A, V, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientCall")
            .field("method", &self.callee.target())
            .field("terms", &self.terms)
            .finish_non_exhaustive()
    }
}
