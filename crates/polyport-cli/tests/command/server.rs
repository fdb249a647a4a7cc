//! A server that the command is pointed at: all transports, both codecs, reflection.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::thread::{self, JoinHandle};

use polyport::generic::{Failure, JsonHandler, JsonSink, JsonStreaming, Services};
use polyport::{BizStatus, Code, Context, Server, Service, Sink, Status};
use polyport_build::Builder;
use polyport_examples::protobuf::demo::v1::{self as demo, Request, Response};
use polyport_wire::schema;
use serde_json::{Value, json};
use tokio::sync::oneshot;

use crate::idl;

/// A server in a thread of its own, until it is dropped.
pub(crate) struct Serving {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Serving {
    /// The services of multi.thrift, streams.thrift and multi.proto, which do what messages say.
    pub(crate) fn start() -> Self {
        Self::of(obedient(&["multi.thrift", "streams.thrift", "multi.proto"]))
    }

    /// The services of multi.thrift and multi.proto, of which the server tells.
    pub(crate) fn told() -> Self {
        Self::of(obedient(&["multi.thrift", "multi.proto"]).reflection())
    }

    /// The services of the examples' demo.proto, and another one, of which the server tells.
    pub(crate) fn described() -> Self {
        let services = services(&["multi.proto"]);
        let streams = Service::json(&services, "multi.v1.Streams", Obedient::default());
        Self::described_beside(streams.unwrap())
    }

    /// The same with this one in the place of the other one.
    pub(crate) fn described_beside(service: Service) -> Self {
        let server = Server::new()
            .add(demo::ServiceAServer::new(Speller).fallback())
            .add(demo::ServiceBServer::new(Speller));
        Self::of(server.add(service).reflection())
    }

    pub(crate) fn of(server: Server) -> Self {
        let (stop, stopped) = oneshot::channel();
        let (say, said) = mpsc::channel();
        let thread = thread::spawn(move || {
            let mut runtime = tokio::runtime::Builder::new_current_thread();
            runtime.enable_all().build().unwrap().block_on(async {
                let listening = server.bind("127.0.0.1:0").await.unwrap();
                say.send(listening.address()).unwrap();
                tokio::select! {
                    _ = listening.serve_until(std::future::pending()) => {}
                    _ = stopped => {}
                }
            });
        });
        Self {
            address: said.recv().unwrap(),
            stop: Some(stop),
            thread: Some(thread),
        }
    }

    pub(crate) fn address(&self) -> String {
        self.address.to_string()
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }
}

/// A server with the services of these IDLs.
fn obedient(names: &[&str]) -> Server {
    let services = services(names);
    let names = services
        .schema()
        .services
        .iter()
        .map(schema::Service::full_name);
    let handler = Obedient::default();
    // ServiceD has all that ServiceC has.
    let names = names.filter(|name| name != "multi.ServiceC");
    names.fold(Server::new(), |server, name| {
        let service = Service::json(&services, &name, handler.clone()).unwrap();
        let is_first = name.ends_with("ServiceA");
        server.add(if is_first {
            service.fallback()
        } else {
            service
        })
    })
}

/// The services of these IDLs.
fn services(names: &[&str]) -> Services {
    let paths = names.iter().map(|name| idl(&format!("interop/idl/{name}")));
    let builder = Builder::new().include_dir(idl("interop/idl"));
    let schema = builder.schema(&paths.collect::<Vec<_>>());
    Services::new(schema.unwrap()).unwrap()
}

/// The services of demo.proto.
pub(crate) struct Speller;

impl demo::ServiceA for Speller {
    async fn same_named_method(&self, _: &mut Context, req: Request) -> Result<Response, Status> {
        let message = format!("A heard {}", req.message);
        Ok(Response { message })
    }

    async fn spell(
        &self,
        _: &mut Context,
        req: Request,
        mut answers: Sink<Response>,
    ) -> Result<(), Status> {
        for letter in req.message.chars() {
            let message = letter.to_string();
            answers.send(Response { message }).await?;
        }
        Ok(())
    }
}

impl demo::ServiceB for Speller {
    async fn same_named_method(&self, _: &mut Context, req: Request) -> Result<Response, Status> {
        let message = format!("B heard {}", req.message);
        Ok(Response { message })
    }
}

/// Does what a request's message says.
#[derive(Clone, Default)]
struct Obedient {
    /// How often it was notified.
    notified: Arc<AtomicUsize>,
}

impl JsonHandler for Obedient {
    async fn call(&self, cx: &mut Context, arguments: Value) -> Result<Value, Failure> {
        let request = arguments.get("req").or_else(|| arguments.get("item"));
        let message = request.unwrap_or(&arguments)["message"].as_str();
        let message = message.unwrap_or_default();
        match cx.method() {
            "nothing" => Ok(Value::Null),
            "notify" => {
                self.notified.fetch_add(1, Ordering::SeqCst);
                Ok(Value::Null)
            }
            _ if message == "count" => {
                let count = self.notified.load(Ordering::SeqCst).to_string();
                Ok(json!({ "message": count }))
            }
            "add" => {
                let number = |name: &str| arguments[name].as_i64().unwrap();
                Ok(json!(number("left") + number("right")))
            }
            "declines" => Err(Failure::Exception {
                name: "declined".to_owned(),
                value: json!({ "code": 7, "reason": message }),
            }),
            _ => Ok(json!({ "message": obey(cx, message).await? })),
        }
    }

    async fn stream(
        &self,
        cx: &mut Context,
        mut requests: JsonStreaming,
        mut answers: JsonSink,
    ) -> Result<(), Status> {
        cx.reply_trailers().insert_header("x-end", "here");
        let mut texts = Vec::new();
        while let Some(request) = requests.receive().await? {
            let message = request["message"].as_str().unwrap_or_default();
            let text = obey(cx, message).await?;
            if cx.method().eq_ignore_ascii_case("client") {
                texts.push(text);
                continue;
            }
            let count = match cx.method().eq_ignore_ascii_case("server") {
                true => request["number"].as_i64().unwrap_or_default(),
                false => 1,
            };
            for number in 0..count {
                answers
                    .send(&json!({ "number": number, "message": text }))
                    .await?;
            }
        }
        if cx.method().eq_ignore_ascii_case("client") {
            let message = texts.join(",");
            answers
                .send(&json!({ "number": texts.len(), "message": message }))
                .await?;
        }
        Ok(())
    }
}

async fn obey(cx: &mut Context, message: &str) -> Result<String, Status> {
    let (word, rest) = message.split_once(':').unwrap_or((message, ""));
    Ok(match word {
        "who" => {
            let (service, method, reason) = (cx.service(), cx.method(), cx.reason());
            let (transport, caller) = (cx.transport(), cx.caller());
            format!("{service}/{method} {reason} {transport} caller={caller}")
        }
        "metadata" => {
            let value = cx.metadata().bytes(rest);
            format!("{:?}", value.map(|bytes| String::from_utf8_lossy(bytes)))
        }
        "persistent" => format!("{:?}", cx.metadata().persistent(rest)),
        "transient" => format!("{:?}", cx.metadata().transient(rest)),
        "reply" => {
            cx.reply_metadata().insert("said", rest);
            rest.to_owned()
        }
        "error" => return Err(Status::error(rest.to_owned())),
        "typed" => return Err(Status::typed(1900, rest.to_owned())),
        "code" => {
            let status = Status::with_code(Code::NOT_FOUND, rest.to_owned());
            return Err(status.with_details(&b"\x08\x05"[..]));
        }
        "biz" => return Err(BizStatus::new(404, rest).with_extra("shelf", "7").into()),
        "wait" => std::future::pending().await,
        _ => format!("{}/{}: {message}", cx.service(), cx.method()),
    })
}
