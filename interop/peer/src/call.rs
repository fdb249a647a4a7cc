//! `call`: one method, typed by the generated code, with JSON at both ends.

use std::error::Error;
use std::time::Duration;

use polyport::client::{Compression, Connections};
use polyport::method::{Method, StreamMethod};
use polyport::status::MethodError;
use polyport::validator::Crc32c;
use polyport::{CallKind, Client, Metadata, Status, StatusKind, Streaming, Transport};
use serde_json::{Value as Json, json};
use tokio::time::timeout;

use crate::args::{Call, CompressionName, TransportName};
use crate::targets;
use crate::validators::{Length, ValidatorName};

/// It takes no time, however busy the machine is.
pub(crate) const CONNECTING: Duration = Duration::from_secs(60);

pub(crate) type Outcome<T> = Result<T, Box<dyn Error>>;

pub(crate) fn run(call: Call) -> Outcome<()> {
    let transport = transport(call.transport)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let options = Client::options(call.addr.as_str())
            .transport(transport)
            .connect_timeout(CONNECTING)
            .caller(call.caller.as_str());
        let options = if call.no_service_name {
            options.without_service_name()
        } else {
            options
        };
        let options = if call.multiplexed_names {
            options.multiplexed_names()
        } else {
            options
        };
        let options = match call.transport {
            TransportName::Mux => options.connections(Connections::Multiplexed { connections: 1 }),
            _ => options,
        };
        let options = match call.validator {
            None => options,
            Some(ValidatorName::Crc32c) => options.validator(Crc32c),
            Some(ValidatorName::Length) => options.validator(Length),
        };
        let options = match call.compress {
            None => options,
            Some(CompressionName::Gzip) => options.compress(Compression::Gzip),
        };
        match options.connect().await {
            Ok(client) => targets::call(&Calling { call, client }).await,
            Err(error) => {
                for _ in 0..call.count {
                    println!("{}", json!({ "transport_error": error.to_string() }));
                }
                Ok(())
            }
        }
    })
}

pub(crate) fn transport(name: TransportName) -> Outcome<Transport> {
    Ok(match name {
        TransportName::Buffered => Transport::Buffered,
        TransportName::Framed | TransportName::KitexProtobufFramed => Transport::Framed,
        TransportName::Ttheader => Transport::TtHeader,
        TransportName::TtheaderFramed | TransportName::Mux | TransportName::KitexProtobuf => {
            Transport::TtHeaderFramed
        }
        TransportName::Grpc | TransportName::GrpcThrift => Transport::Grpc,
        TransportName::Ttstream => {
            return Err("transport ttstream is not in this version of the peer".into());
        }
    })
}

/// A call that is asked for, and the client to make it with.
#[derive(Debug)]
pub(crate) struct Calling {
    pub(crate) call: Call,
    client: Client,
}

/// A call of either kind with what the command line asks for beside it.
macro_rules! as_asked {
    ($call:expr, $calling:expr) => {{
        let mut calling = $calling;
        if let Some(timeout) = $call.timeout() {
            calling = calling.timeout(timeout);
        }
        for (key, value) in &$call.transient {
            calling = calling.metadata(key, value);
        }
        for (key, value) in &$call.persistent {
            calling = calling.persistent(key, value);
        }
        for (key, value) in &$call.header {
            calling = calling.header(key, value.clone());
        }
        calling
    }};
}

impl Calling {
    /// What the method is called with.
    pub(crate) fn json(&self) -> Outcome<Json> {
        Ok(serde_json::from_str(&self.call.json)?)
    }

    /// The messages that a stream is called with: an array of them, or a single one.
    pub(crate) fn items(&self) -> Outcome<Vec<Json>> {
        Ok(match self.json()? {
            Json::Array(items) => items,
            item => vec![item],
        })
    }

    /// Makes a call with one answer as often as asked for, a line each.
    pub(crate) async fn unary<A, V, E>(
        &self,
        method: Method<A, V, E>,
        arguments: A,
        write: impl Fn(Result<V, E>) -> Outcome<Json>,
    ) -> Outcome<()>
    where
        A: Clone + Send + Sync + 'static,
        V: Send + 'static,
        E: MethodError,
    {
        // The program makes one call and ends.
        let method: &'static Method<A, V, E> = Box::leak(Box::new(method));
        for _ in 0..self.call.count {
            let calling = self.client.call(method, arguments.clone());
            let calling = as_asked!(self.call, calling).answer();
            match self.unless_given_up(calling).await {
                Some(answer) => print(write(answer.result)?, &answer.metadata),
                None => print(given_up(), &Metadata::default()),
            }
        }
        Ok(())
    }

    /// Makes a call that streams as often as asked for, a line each.
    pub(crate) async fn stream<A, V>(
        &self,
        method: StreamMethod<A, V>,
        requests: Vec<A>,
        write: impl Fn(V) -> Outcome<Json>,
    ) -> Outcome<()>
    where
        A: Clone + Send + Sync + 'static,
        V: Send + 'static,
    {
        // The program makes one call and ends.
        let method: &'static StreamMethod<A, V> = Box::leak(Box::new(method));
        for _ in 0..self.call.count {
            let mut metadata = Metadata::default();
            let calling = self.answers(method, requests.clone(), &mut metadata);
            let line = match self.unless_given_up(calling).await {
                None => given_up(),
                Some(Ok(answers)) => {
                    let answers: Vec<Json> =
                        answers.into_iter().map(&write).collect::<Outcome<_>>()?;
                    json!({ "ok": answers })
                }
                Some(Err(status)) => failure(&status),
            };
            print(line, &metadata);
        }
        Ok(())
    }

    /// Drops a call after the time of `--cancel`.
    async fn unless_given_up<T>(&self, calling: impl Future<Output = T>) -> Option<T> {
        match self.call.cancel() {
            Some(after) => timeout(after, calling).await.ok(),
            None => Some(calling.await),
        }
    }

    async fn answers<A, V>(
        &self,
        method: &'static StreamMethod<A, V>,
        requests: Vec<A>,
        metadata: &mut Metadata,
    ) -> Result<Vec<V>, Status>
    where
        A: Send + Sync + 'static,
        V: Send + 'static,
    {
        match method.kind() {
            CallKind::ClientStream => {
                let mut calling = as_asked!(self.call, self.client.client_stream(method)).await?;
                for request in requests {
                    if calling.send(request).await.is_err() {
                        break;
                    }
                }
                Ok(vec![calling.finish().await?])
            }
            CallKind::ServerStream => {
                let request = requests.into_iter().next();
                let request = request.ok_or_else(|| Status::error("one request is needed"))?;
                let calling = self.client.server_stream(method, request);
                all(as_asked!(self.call, calling).await?, metadata).await
            }
            _ => {
                let calling = self.client.bidirectional(method);
                let (mut sink, answers) = as_asked!(self.call, calling).await?;
                let sending = async move {
                    for request in requests {
                        // The answers say why no more is taken.
                        if sink.send(request).await.is_err() {
                            return;
                        }
                    }
                };
                tokio::join!(sending, all(answers, metadata)).1
            }
        }
    }
}

fn given_up() -> Json {
    json!({ "cancelled": true })
}

/// Everything that is answered, and what comes beside it.
async fn all<V>(mut answers: Streaming<V>, metadata: &mut Metadata) -> Result<Vec<V>, Status> {
    *metadata = answers.headers().await?;
    let mut all = Vec::new();
    while let Some(answer) = answers.receive().await? {
        all.push(answer);
    }
    metadata.extend(answers.trailers().unwrap_or_default());
    Ok(all)
}

fn print(mut line: Json, metadata: &Metadata) {
    if !metadata.is_empty() {
        line["back"] = back(metadata);
    }
    println!("{line}");
}

pub(crate) fn failure(status: &Status) -> Json {
    let mut line = match status.kind() {
        StatusKind::Biz(biz) => json!({
            "biz": { "code": biz.code, "message": biz.message, "extra": biz.extra }
        }),
        StatusKind::Timeout => json!({ "timeout": true }),
        StatusKind::Transport => json!({ "transport_error": status.message() }),
        _ => json!({
            "error": { "type": number(status), "message": status.message() }
        }),
    };
    if !status.details().is_empty() {
        let kind = if status.biz().is_some() {
            "biz"
        } else {
            "error"
        };
        let details = status.details().iter();
        let details: String = details.map(|byte| format!("{byte:02x}")).collect();
        line[kind]["details"] = details.into();
    }
    line
}

/// The number of an exception, or of a gRPC status, which Kitex writes without a sign.
fn number(status: &Status) -> i32 {
    let code = status.code().map(|code| code.0.cast_signed());
    code.or_else(|| status.type_id()).unwrap_or(6)
}

fn back(metadata: &Metadata) -> Json {
    metadata
        .iter()
        .map(|(key, value)| (key.to_owned(), Json::from(value)))
        .collect::<serde_json::Map<_, _>>()
        .into()
}
