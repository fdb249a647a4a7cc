//! Calls that stream, on their way out.

use std::fmt;
use std::future::{Future, IntoFuture, ready};
use std::pin::Pin;
use std::time::Duration;

use bytes::BytesMut;
use polyport_wire::transport::Transport;
use tokio::time::Instant;

use crate::call::{Call, FlowsOf, Message, Reply};
use crate::client::Client;
use crate::client::call::Answer;
use crate::client::callee::Callee;
use crate::client::http2::asking::Asking;
use crate::client::http2::call::{Facts, no_message, open, question};
use crate::client::http2::deadline::Deadline;
use crate::client::http2::replies::Replies;
use crate::client::http2::requests::Requests;
use crate::client::layers::{self, Called, replaced};
use crate::client::terms::Terms;
use crate::context::Context;
use crate::http2::compression::Compression;
use crate::layer::{AnyLayer, End, Layer};
use crate::metadata::Metadata;
use crate::method::{StreamMethod, Target};
use crate::status::{Status, StatusKind};
use crate::stream::{Flows, Sink, Source, Streaming};

/// A streaming call that is begun when it is awaited, which gives an `O`: what there is to send to
/// and to receive from.
///
/// # Examples
///
/// ```no_run
/// # use polyport::{CallKind, Client, Status};
/// # use polyport::method::StreamMethod;
/// static COUNT: StreamMethod<String, i32> =
///     StreamMethod::thrift("Texts", "count", CallKind::Bidirectional);
///
/// # async fn run(client: Client) -> Result<(), Status> {
/// let (mut texts, mut lengths) = client.bidirectional(&COUNT).metadata("tenant", "7").await?;
/// texts.send("how long?".to_owned()).await?;
/// assert_eq!(lengths.receive().await?, Some(9));
/// texts.finish()?;
/// assert_eq!(lengths.receive().await?, None);
/// # Ok(())
/// # }
/// ```
#[must_use = "a call is made by awaiting it"]
pub struct StreamCall<A: 'static, V: 'static, O> {
    client: Client,
    method: &'static StreamMethod<A, V>,
    callee: Callee,
    opening: Opening<A, V, O>,
    flows: FlowsOf<O>,
    terms: Terms,
}

/// How a call begins.
enum Opening<A: 'static, V: 'static, O> {
    /// With the only request.
    One(A, fn(Asking, &'static StreamMethod<A, V>, &Client) -> O),
    /// With none.
    Many(fn(Begun<A, V>) -> O),
}

/// The same without the request, which goes through layers apart.
enum Beginning<A: 'static, V: 'static, O> {
    One(fn(Asking, &'static StreamMethod<A, V>, &Client) -> O),
    Many(fn(Begun<A, V>) -> O),
}

/// A call whose stream is open.
struct Begun<A: 'static, V: 'static> {
    method: &'static StreamMethod<A, V>,
    requests: Requests,
    replies: Replies,
    client: Client,
}

/// A call with many requests and one answer.
///
/// # Examples
///
/// ```no_run
/// # use polyport::{CallKind, Client, Status};
/// # use polyport::method::StreamMethod;
/// static SUM: StreamMethod<i64, i64> = StreamMethod::thrift("Sums", "sum", CallKind::ClientStream);
///
/// # async fn run(client: Client) -> Result<(), Status> {
/// let mut sum = client.client_stream(&SUM).await?;
/// for number in 1..=3 {
///     sum.send(number).await?;
/// }
/// assert_eq!(sum.finish().await?, 6);
/// # Ok(())
/// # }
/// ```
///
/// Who drops it before it is finished gives up the call: the server is told, so that it does not take
/// what was sent by then for everything.
pub struct ClientStream<A: 'static, V: 'static> {
    sink: Sink<A>,
    answers: Streaming<V>,
}

impl<A, V, O> StreamCall<A, V, O> {
    fn new(
        client: Client,
        method: &'static StreamMethod<A, V>,
        opening: Opening<A, V, O>,
        flows: FlowsOf<O>,
    ) -> Self {
        Self {
            callee: Callee::Known(method.target),
            terms: Terms::new(&client.shared.options),
            client,
            method,
            opening,
            flows,
        }
    }

    /// The call of a method that is written like this one and has another name.
    pub(super) fn named(self, callee: Callee) -> Self {
        Self { callee, ..self }
    }

    /// How long the call may take, to its last message. The server is told.
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

    /// Sends a plain header to the server.
    pub fn header(mut self, key: impl Into<String>, value: impl Into<bytes::Bytes>) -> Self {
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

    /// Opens the stream, without any layers.
    async fn open(self) -> Result<O, Status> {
        let (method, target) = (self.method, self.callee.target());
        let Some(http2) = self.client.shared.link.http2() else {
            let text = format!("{target:?} streams, which needs Transport::Grpc");
            return Err(Status::transport(text));
        };
        let until = self.terms.until();
        let late = || late(&self.client, target);
        if until.is_some_and(|until| until <= Instant::now()) {
            // The request would still be sent before anybody looked at the clock.
            return Err(late());
        }
        let facts = Facts {
            target,
            caller: &self.terms.caller,
            metadata: &self.terms.metadata,
            compression: self.terms.compression,
            until,
        };
        let deadline = until.map(|until| Deadline::new(until, late()));
        match &self.opening {
            Opening::One(request, begin) => {
                let mut encode = |out: &mut BytesMut| (method.request.encode)(request, out);
                let question = question(http2, &facts, deadline, &mut encode)?;
                Ok(begin(question.ask().await?, method, &self.client))
            }
            Opening::Many(begin) => {
                let (requests, replies) = open(http2, &facts, deadline).await?;
                let client = self.client.clone();
                Ok(begin(Begun {
                    method,
                    requests,
                    replies,
                    client,
                }))
            }
        }
    }
}

impl<A, V, O> StreamCall<A, V, O>
where
    A: Send + Sync + 'static,
    V: Send + 'static,
    O: Send + 'static,
{
    async fn begin(self) -> Result<O, Status> {
        if !layers::any(&self.client, &self.terms) {
            return self.open().await;
        }
        let Self {
            client,
            method,
            callee,
            opening,
            flows,
            terms,
        } = self;
        let called = Called {
            info: callee.info(&method.info),
            is_named: callee.target().names_service(),
            transport: Transport::Grpc,
        };
        let (message, beginning) = opening.split();
        let wire = Wire {
            client: client.clone(),
            method,
            callee,
            beginning,
            flows,
            timeout: terms.timeout,
            compression: terms.compression,
        };
        let reply = layers::through(&client, called, terms, message, &wire).await;
        let Some(reply) = reply else {
            return Err(late(&client, wire.callee.target()));
        };
        reply.outcome?.into_arguments::<O>().ok_or_else(|| {
            let method = wire.callee.target();
            let text = format!("a layer replaced the streams of {method:?} by another type");
            Status::error(text)
        })
    }
}

/// The way from the innermost layer to the server, until there are streams.
struct Wire<A: 'static, V: 'static, O> {
    client: Client,
    method: &'static StreamMethod<A, V>,
    callee: Callee,
    beginning: Beginning<A, V, O>,
    flows: FlowsOf<O>,
    timeout: Option<Duration>,
    compression: Compression,
}

impl<A, V, O> End for Wire<A, V, O>
where
    A: Send + Sync + 'static,
    V: Send + 'static,
    O: Send + 'static,
{
    fn call(&self, call: Call) -> Pin<Box<dyn Future<Output = Reply> + Send + '_>> {
        let Call { context, message } = call;
        let Some(opening) = self.beginning.join(message) else {
            return Box::pin(ready(replaced(self.callee.target()).into()));
        };
        let call = StreamCall {
            client: self.client.clone(),
            method: self.method,
            callee: self.callee.clone(),
            opening,
            flows: self.flows,
            terms: Terms::of(context, self.timeout, self.compression),
        };
        Box::pin(async move {
            let opened = call.open().await;
            Reply::new(opened.map(|streams| Message::streams(streams, self.flows)))
        })
    }
}

impl<A: Send + 'static, V, O> Opening<A, V, O> {
    /// What layers see of it, and the rest.
    fn split(self) -> (Message, Beginning<A, V, O>) {
        match self {
            Self::One(request, begin) => (Message::arguments(request), Beginning::One(begin)),
            Self::Many(begin) => (Message::arguments(()), Beginning::Many(begin)),
        }
    }
}

impl<A: 'static, V, O> Beginning<A, V, O> {
    fn join(&self, message: Message) -> Option<Opening<A, V, O>> {
        Some(match self {
            Self::One(begin) => Opening::One(message.into_arguments()?, *begin),
            Self::Many(begin) => {
                message.into_arguments::<()>()?;
                Opening::Many(*begin)
            }
        })
    }
}

#[cold]
fn late(client: &Client, method: Target<'_>) -> Status {
    let address = client.address();
    let text = format!("rpc timeout: {method:?} at {address} did not end in time");
    Status::new(StatusKind::Timeout, text)
}

impl<A, V, O> IntoFuture for StreamCall<A, V, O>
where
    A: Send + Sync + 'static,
    V: Send + 'static,
    O: Send + 'static,
{
    type Output = Result<O, Status>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.begin())
    }
}

impl<A, V> Begun<A, V> {
    fn sink(requests: Requests, method: &StreamMethod<A, V>) -> Sink<A> {
        Sink::new(Box::new(requests), method.request)
    }
}

fn streaming<A, V>(
    source: impl Source + 'static,
    method: &StreamMethod<A, V>,
    client: &Client,
) -> Streaming<V> {
    let limits = client.shared.options.limits.message_limits();
    Streaming::new(Box::new(source), method.response, limits)
}

impl Client {
    /// Calls a method that takes many requests.
    pub fn client_stream<A, V>(
        &self,
        method: &'static StreamMethod<A, V>,
    ) -> StreamCall<A, V, ClientStream<A, V>> {
        let opening = Opening::Many(|begun| ClientStream {
            sink: Begun::sink(begun.requests, begun.method),
            answers: streaming(begun.replies, begun.method, &begun.client),
        });
        StreamCall::new(self.clone(), method, opening, |stream| Flows {
            requests: Some(&mut stream.sink),
            answers: None,
        })
    }

    /// Calls a method that gives many answers.
    pub fn server_stream<A, V>(
        &self,
        method: &'static StreamMethod<A, V>,
        request: A,
    ) -> StreamCall<A, V, Streaming<V>> {
        let opening = Opening::One(request, streaming);
        StreamCall::new(self.clone(), method, opening, |answers| Flows {
            requests: None,
            answers: Some(answers),
        })
    }

    /// Calls a method that takes many requests and gives many answers.
    pub fn bidirectional<A, V>(
        &self,
        method: &'static StreamMethod<A, V>,
    ) -> StreamCall<A, V, (Sink<A>, Streaming<V>)> {
        let opening = Opening::Many(|mut begun: Begun<A, V>| {
            begun.requests.finish_when_dropped(&mut begun.replies);
            let sink = Begun::sink(begun.requests, begun.method);
            let answers = streaming(begun.replies, begun.method, &begun.client);
            (sink, answers)
        });
        StreamCall::new(self.clone(), method, opening, |(requests, answers)| Flows {
            requests: Some(requests),
            answers: Some(answers),
        })
    }
}

impl<A, V> ClientStream<A, V> {
    /// Lets `look` see each request before it is sent, as [`Sink::each`] does.
    pub fn each(&mut self, look: impl FnMut(&mut A) -> Result<(), Status> + Send + 'static) {
        self.sink.each(look);
    }

    /// Sends a request, as soon as the server takes it.
    ///
    /// # Errors
    ///
    /// When the server has ended the call: [`finish`](Self::finish) then says how; or when the
    /// connection failed.
    pub async fn send(&mut self, request: A) -> Result<(), Status> {
        self.sink.send(request).await
    }

    /// What the server sends before its answer; waits for it.
    ///
    /// # Errors
    ///
    /// When the server answered with an error, or when the connection failed.
    pub async fn headers(&mut self) -> Result<Metadata, Status> {
        self.answers.headers().await
    }

    /// Sends no more, and waits for the answer.
    ///
    /// # Errors
    ///
    /// When the server answered with an error, or when the connection failed.
    pub async fn finish(self) -> Result<V, Status> {
        self.answer().await.result
    }

    /// Sends no more, and gives everything that comes back, not only the result.
    pub async fn answer(self) -> Answer<V, Status> {
        let Self { sink, mut answers } = self;
        // The server's word on how it ended counts more than that it took no more.
        let _ = sink.finish();
        let result = only(&mut answers).await;
        // What has ended makes nobody wait.
        let mut metadata = answers.headers().await.unwrap_or_default();
        metadata.extend(answers.trailers().unwrap_or_default());
        Answer { result, metadata }
    }
}

/// The only message of a stream, after which it must end.
async fn only<V>(answers: &mut Streaming<V>) -> Result<V, Status> {
    let answer = answers.receive().await?;
    let answer = answer.ok_or_else(|| no_message("no message"))?;
    match answers.receive().await? {
        None => Ok(answer),
        Some(_) => Err(no_message("more than one message")),
    }
}

impl<A, V, O> fmt::Debug for StreamCall<A, V, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StreamCall")
            .field("method", &self.callee.target())
            .field("terms", &self.terms)
            .finish_non_exhaustive()
    }
}

impl<A, V> fmt::Debug for ClientStream<A, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientStream")
            .field("answers", &self.answers)
            .finish_non_exhaustive()
    }
}
