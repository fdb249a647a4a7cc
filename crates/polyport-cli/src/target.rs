//! What is called: a server, how it is spoken to, and one of its methods.
//!
//! The commands that talk to a server share its arguments ([`TargetArgs`]), where the description of
//! its services comes from ([`Source`](source::Source)), and a method that was found ([`Target`]).

pub(crate) mod names;
pub(crate) mod source;
pub(crate) mod listing;
mod thrift_reflection;
mod reflection;

use std::time::Duration;

use bytes::Bytes;
use polyport::client::{ClientCall, ClientOptions, RawMethod, StreamCall};
use polyport::generic::{Failure as CallFailure, JsonCall, JsonStreamCall, Method, Services};
use polyport::json::JsonError;
use polyport::{Client, Codec, Sink, Status, Streaming, Transport};
use serde_json::Value;
use tokio::time::timeout;

use crate::args::{Pair, TargetArgs};
use crate::failure::Failure;
use crate::target::names::MethodName;
use crate::target::source::Source;

/// A method that was found, and how it is called.
#[derive(Debug)]
pub(crate) struct Target {
    args: TargetArgs,
    services: Services,
    method: Method,
    transport: Transport,
    origin: &'static str,
}

impl TargetArgs {
    /// A client's options by which the server is reached that listens at `address`.
    fn options(&self, address: &str) -> ClientOptions {
        let mut options = Client::options(address).connect_timeout(self.connect_timeout);
        if let Some(caller) = &self.caller {
            options = options.caller(caller);
        }
        if let Some(timeout) = self.timeout {
            options = options.timeout(timeout);
        }
        if self.no_service_name {
            options = options.without_service_name();
        }
        if self.multiplexed_names {
            options = options.multiplexed_names();
        }
        options
    }
}

/// A call of either kind with its metadata: both have the same methods.
macro_rules! with_metadata {
    ($call:expr, $target:expr) => {{
        let mut call = $call;
        let TargetArgs {
            metadata,
            transient,
            persistent,
            ..
        } = &$target.args;
        for pair in metadata {
            call = match $target.transport {
                Transport::Grpc => call.header(pair.header_name(), pair.header_value()),
                _ => call.metadata(&pair.key, &pair.value),
            };
        }
        for Pair { key, value } in transient {
            call = call.metadata(key, value);
        }
        for Pair { key, value } in persistent {
            call = call.persistent(key, value);
        }
        call
    }};
}

impl Target {
    /// Finds a method: `SERVICE/METHOD`, or `METHOD` if one service has it. A service is named with its
    /// package or without.
    pub(crate) async fn find(args: &TargetArgs, name: &str) -> Result<Self, Failure> {
        let name = MethodName::parse(name);
        let mut source = Source::open(args).await?;
        let services = source.services().await?;
        let wanted = name.among_services(&services).map_err(Failure::Usage)?;
        let schema = source.schema(&wanted).await?;
        let (service, method) = name.in_schema(&schema, &wanted).map_err(Failure::Usage)?;
        let other = |error: JsonError| Failure::Other(error.to_string());
        let services = Services::new(schema).map_err(other)?;
        let method = services.method(&service, &method).map_err(other)?;
        let transport = transport_of(args, &method).map_err(Failure::Usage)?;
        Ok(Self {
            args: args.clone(),
            origin: source.name(),
            services,
            method,
            transport,
        })
    }

    pub(crate) fn method(&self) -> &Method {
        &self.method
    }

    /// The services of the description in which the method was found.
    pub(crate) fn services(&self) -> &Services {
        &self.services
    }

    /// Where that description comes from.
    pub(crate) fn origin(&self) -> &'static str {
        self.origin
    }

    /// The server's address.
    pub(crate) fn address(&self) -> &str {
        &self.args.address
    }

    pub(crate) fn transport(&self) -> Transport {
        self.transport
    }

    /// The service with its package.
    pub(crate) fn full_name(&self) -> String {
        let info = self.method.info();
        match &*info.package {
            "" => info.service.clone(),
            package => format!("{package}.{}", info.service),
        }
    }

    /// How long to wait for what need not come.
    pub(crate) fn patience(&self) -> Duration {
        self.args.connect_timeout
    }

    /// The service that calls name, as they name it; `None` if they do not say.
    pub(crate) fn named_service(&self) -> Option<String> {
        let info = self.method.info();
        let says = match self.transport {
            Transport::Grpc => return Some(self.full_name()),
            Transport::TtHeader | Transport::TtHeaderFramed => !self.args.no_service_name,
            _ => self.args.multiplexed_names,
        };
        says.then(|| info.service.clone())
    }

    /// Connects to the server.
    pub(crate) async fn connect(&self) -> Result<Client, polyport::Error> {
        self.options(&self.args.address).connect().await
    }

    /// A client's options for calls of this method, at the server's address or at another one that
    /// leads there.
    pub(crate) fn options(&self, address: &str) -> ClientOptions {
        self.args.options(address).transport(self.transport)
    }

    /// A call of the method, which has one request and at most one answer.
    pub(crate) fn call(&self, client: &Client, arguments: &Value) -> JsonCall {
        with_metadata!(client.json(&self.method, arguments), self)
    }

    /// Makes a call of the method, which nobody answers.
    pub(crate) async fn tell(&self, client: &Client, arguments: &Value) -> Result<(), CallFailure> {
        if self.transport != Transport::Grpc {
            return self.call(client, arguments).await.map(drop);
        }
        // Over HTTP/2 it is written by the connection's own task, and taken back when the connection
        // ends. So that is kept until the server has had its word, but Kitex's never has.
        let bytes = self.method.encode_arguments(arguments)?;
        let method = client.raw_method(self.method.info().clone());
        let (mut requests, mut answers) = self.raw_stream(method).await?;
        requests.send(bytes).await?;
        requests.finish()?;
        match timeout(self.patience(), answers.receive()).await {
            Ok(Err(status)) => Err(status.into()),
            Ok(Ok(_)) | Err(_) => Ok(()),
        }
    }

    /// A call of the method, which streams.
    pub(crate) fn stream(&self, client: &Client) -> JsonStreamCall {
        with_metadata!(client.json_stream(&self.method), self)
    }

    /// A call with bytes; `method` is the target's at some client.
    pub(crate) fn raw(
        &self,
        method: RawMethod,
        arguments: Bytes,
    ) -> ClientCall<Bytes, Bytes, Status> {
        with_metadata!(method.call(arguments), self)
    }

    /// The same for one that streams.
    pub(crate) fn raw_stream(
        &self,
        method: RawMethod,
    ) -> StreamCall<Bytes, Bytes, (Sink<Bytes>, Streaming<Bytes>)> {
        with_metadata!(method.stream(), self)
    }
}

/// A request as it is on the wire; refuses what cannot be sent, before it is.
pub(crate) fn fit(method: &Method, request: &Value) -> Result<Bytes, Failure> {
    let encoded = method.encode_arguments(request);
    encoded.map_err(|error| Failure::Usage(format!("the request does not fit {method:?}: {error}")))
}

/// How a method is called: as the user says, or else as most servers serve it.
fn transport_of(args: &TargetArgs, method: &Method) -> Result<Transport, String> {
    let info = method.info();
    let streams = info.kind.is_streaming();
    let transport = match (args.transport, info.codec) {
        (Some(name), _) => name.transport(),
        (None, Codec::ThriftBinary) if !streams => Transport::TtHeader,
        (None, _) => Transport::Grpc,
    };
    if streams && transport != Transport::Grpc {
        return Err(format!(
            "{method:?} streams, which needs `--transport grpc`"
        ));
    }
    let lists = [&args.metadata, &args.transient, &args.persistent];
    let has_metadata = lists.iter().any(|pairs| !pairs.is_empty());
    if has_metadata && !transport.carries_service_name() {
        return Err(format!(
            "{transport} has no place for metadata; TTHeader and gRPC have"
        ));
    }
    Ok(transport)
}
