//! Calls of methods that are known at run time only, in bytes.

use std::sync::Arc;

use bytes::Bytes;
use polyport_wire::schema::CallKind;
use polyport_wire::transport::Codec;

use crate::client::callee::Callee;
use crate::client::{Client, ClientCall, StreamCall};
use crate::method::{Method, StreamMethod};
use crate::route::MethodInfo;
use crate::status::Status;
use crate::stream::{Sink, Streaming};

static UNARY: Method<Bytes, Bytes> = Method::<Bytes, Bytes>::raw();
static STREAM: StreamMethod<Bytes, Bytes> = StreamMethod::<Bytes, Bytes>::raw();

/// A method by its name, to be called with bytes: a message as it is on the wire, without what
/// stands around it.
///
/// For a Thrift method that is the struct of its arguments and the struct of its result, which may
/// hold a declared exception; for one that streams, and for Protobuf, the messages themselves.
///
/// # Examples
///
/// ```no_run
/// # async fn run(client: polyport::Client) -> Result<(), polyport::Status> {
/// use bytes::Bytes;
/// use polyport::Codec;
///
/// // No arguments: a struct that ends at once.
/// let arguments = Bytes::from_static(&[0]);
/// let result = client.raw("ServiceA", "nothing").call(arguments).await?;
///
/// // Over gRPC the name is that of the path. Any kind of method can be called as a stream.
/// let chat = client.raw("demo.v1.Chat", "talk").codec(Codec::Protobuf);
/// let (mut requests, mut answers) = chat.stream().await?;
/// requests.send(Bytes::from_static(b"\x0a\x02hi")).await?;
/// requests.finish()?;
/// while let Some(answer) = answers.receive().await? {
///     println!("{} bytes", answer.len());
/// }
/// # Ok(())
/// # }
/// ```
///
/// A clone is cheap, so that a method that is called again and again is named once.
#[derive(Clone, Debug)]
#[must_use = "nothing is called yet"]
pub struct RawMethod {
    client: Client,
    info: Arc<MethodInfo>,
}

impl Client {
    /// A method by the names of its service and itself, as they are sent; an empty service's name
    /// is not sent at all. It is Thrift's unless [`RawMethod::codec`] says otherwise.
    pub fn raw(&self, service: impl Into<String>, method: impl Into<String>) -> RawMethod {
        self.raw_method(MethodInfo::new(service, method))
    }

    /// A method that is described elsewhere, such as by
    /// [`generic::Method::info`](crate::generic::Method::info).
    pub fn raw_method(&self, info: MethodInfo) -> RawMethod {
        RawMethod {
            client: self.clone(),
            info: Arc::new(info),
        }
    }
}

impl RawMethod {
    /// How the bytes are written, which servers are told.
    pub fn codec(mut self, codec: Codec) -> Self {
        Arc::make_mut(&mut self.info).codec = codec;
        self
    }

    /// Waits for no answer: it is then no bytes.
    pub fn oneway(mut self) -> Self {
        Arc::make_mut(&mut self.info).kind = CallKind::Oneway;
        self
    }

    /// Calls with one message, which one message answers.
    pub fn call(self, arguments: Bytes) -> ClientCall<Bytes, Bytes, Status> {
        let callee = Callee::Named(self.info);
        ClientCall::named(self.client, callee, &UNARY, arguments)
    }

    /// Calls with any number of messages, which any number answers.
    pub fn stream(mut self) -> StreamCall<Bytes, Bytes, (Sink<Bytes>, Streaming<Bytes>)> {
        Arc::make_mut(&mut self.info).kind = CallKind::Bidirectional;
        let callee = Callee::Named(self.info);
        self.client.bidirectional(&STREAM).named(callee)
    }
}
