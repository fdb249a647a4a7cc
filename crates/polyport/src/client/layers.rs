//! The layers of a client: a call on its way out, and its reply on the way back.

use std::any::Any;
use std::borrow::Cow;
use std::future::{Future, ready};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use http::Extensions;
use polyport_wire::transport::Transport;
use tokio::time::timeout_at;

use crate::call::{Call, Message, Reply};
use crate::client::Client;
use crate::client::call::ClientCall;
use crate::client::callee::Callee;
use crate::client::exchange::{self, Outcome, decode, framing, timed_out};
use crate::client::terms::Terms;
use crate::context::{Context, Facts, Head};
use crate::http2::compression::Compression;
use crate::layer::{AnyLayer, End, Next};
use crate::metadata::Metadata;
use crate::method::{Method, Target};
use crate::route::{MethodInfo, RouteReason};
use crate::service::catch_panic;
use crate::status::{MethodError, Status};

/// Whether anything stands between the caller and the wire.
pub(super) fn any(client: &Client, terms: &Terms) -> bool {
    !client.shared.options.layers.is_empty() || !terms.layers.is_empty()
}

/// Makes a unary or one-way call through the layers.
pub(super) async fn call<A, V, E>(call: ClientCall<A, V, E>) -> Outcome<V, E>
where
    A: Send + Sync,
    V: Send,
    E: MethodError,
{
    let ClientCall {
        client,
        method,
        callee,
        arguments,
        terms,
    } = call;
    let (timeout, compression) = (terms.limit(), terms.compression);
    let transport = framing(client.shared.options.transport, callee.target().codec);
    let called = Called {
        info: callee.info(&method.info),
        is_named: callee.target().names_service(),
        transport,
    };
    let wire = Wire {
        client: client.clone(),
        method,
        callee,
        timeout,
        compression,
    };
    let message = Message::arguments(arguments);
    let reply = through(&client, called, terms, message, &wire).await;
    let reply = reply.unwrap_or_else(|| timed_out(&client, wire.callee.target(), timeout).into());
    let Reply {
        outcome,
        mut metadata,
        trailers,
    } = reply;
    metadata.extend(trailers);
    (outcome.and_then(|message| wire.result(message)), metadata)
}

/// What is called, for those who do not know its types.
pub(super) struct Called {
    pub(super) info: Arc<MethodInfo>,
    /// Whether its service has a name that may be sent.
    pub(super) is_named: bool,
    pub(super) transport: Transport,
}

/// Leads a call through its layers; `None` when a layer has kept it for longer than it may take.
/// `end` keeps time as well, so that layers see what comes of it.
pub(super) async fn through(
    client: &Client,
    called: Called,
    terms: Terms,
    message: Message,
    end: &dyn End,
) -> Option<Reply> {
    let shared = &client.shared.options.layers;
    let layers: Cow<'_, [AnyLayer]> = match &terms.layers[..] {
        [] => Cow::Borrowed(shared),
        own => Cow::Owned([shared, own].concat()),
    };
    let context = context(client, called, terms);
    let until = context.facts.deadline;
    let target = Arc::clone(&context.facts.target);
    let next = Next::new(&layers, end);
    let calling = catch_panic(async { next.call(Call { context, message }).await });
    let outcome = match until {
        None => calling.await,
        Some(until) => timeout_at(until, calling).await.ok()?,
    };
    let panicked = |payload: Box<dyn Any + Send>| {
        Status::panic("middleware", &target.service, &target.method, &*payload).into()
    };
    Some(outcome.unwrap_or_else(panicked))
}

fn context(client: &Client, called: Called, terms: Terms) -> Context {
    let options = &client.shared.options;
    let names = options.service_name && called.is_named;
    let has_place = called.transport.carries_service_name() || options.multiplexed_names;
    Context::new(Facts {
        target: called.info,
        reason: if names && has_place {
            RouteReason::Named
        } else {
            RouteReason::Method
        },
        transport: called.transport,
        peer: options.address.parse().ok(),
        sequence: 0,
        deadline: terms.until(),
        head: Head::Client {
            caller: terms.caller.service(options).to_owned(),
            caller_method: terms.caller.method,
            address: Arc::clone(&options.address),
        },
        metadata: terms.metadata,
        reply_metadata: Metadata::default(),
        reply_trailers: Metadata::default(),
        extensions: Extensions::new(),
    })
}

/// The way from the innermost layer to the server and back.
struct Wire<A: 'static, V: 'static, E: 'static> {
    client: Client,
    method: &'static Method<A, V, E>,
    callee: Callee,
    timeout: Option<Duration>,
    compression: Compression,
}

impl<A, V, E> Wire<A, V, E> {
    /// What the layers have left of what came back.
    fn result(&self, message: Message) -> Result<Result<V, E>, Status> {
        match message.into_outcome::<V, E>() {
            Some(Ok(result)) => Ok(result),
            Some(Err(bytes)) => decode(bytes, self.method, &self.client.shared.options.limits),
            None => {
                let method = self.callee.target();
                let text = format!("a layer replaced the result of {method:?} by another type");
                Err(Status::error(text))
            }
        }
    }
}

impl<A, V, E> End for Wire<A, V, E>
where
    A: Send + Sync,
    V: Send,
    E: MethodError,
{
    fn call(&self, call: Call) -> Pin<Box<dyn Future<Output = Reply> + Send + '_>> {
        let Call { context, message } = call;
        let Some(arguments) = message.into_arguments::<A>() else {
            return Box::pin(ready(replaced(self.callee.target()).into()));
        };
        let method = self.method;
        let call = ClientCall {
            client: self.client.clone(),
            method,
            callee: self.callee.clone(),
            arguments,
            terms: Terms::of(context, self.timeout, self.compression),
        };
        Box::pin(async move {
            let (outcome, metadata) = exchange::call(call).await;
            let encode = method.outcome.encode;
            Reply {
                outcome: outcome.map(|result| Message::outcome(result, encode)),
                metadata,
                trailers: Metadata::default(),
            }
        })
    }
}

/// What a layer is told that gives something else on than it got.
#[cold]
pub(super) fn replaced(method: Target<'_>) -> Status {
    Status::error(format!(
        "a layer replaced the arguments of {method:?} by another type"
    ))
}
