//! Thrift and Protobuf services on one port, a method of the same name in all of them, and every way
//! to call them.
//!
//! ```text
//! cargo run --release --example one_port
//! ```

use polyport::{Client, Context, Error, Server, Service, Sink, Status, Transport};
use polyport_examples::demo as thrift;
use polyport_examples::protobuf::demo::v1 as protobuf;
use tokio::sync::oneshot;

/// Handles all services; the context knows which of them a call is for.
#[derive(Clone, Copy)]
struct Handler;

/// Says who answers, and why it is this service.
fn answer(cx: &Context) -> String {
    let name = format!("{}.{}", cx.package(), cx.service());
    format!("{name:<17} {}", cx.reason())
}

impl thrift::ServiceA for Handler {
    async fn same_named_method(
        &self,
        cx: &mut Context,
        _: thrift::Request,
    ) -> Result<thrift::Response, Status> {
        Ok(thrift::Response {
            message: answer(cx),
        })
    }

    async fn only_a(
        &self,
        cx: &mut Context,
        _: thrift::Request,
    ) -> Result<thrift::Response, Status> {
        Ok(thrift::Response {
            message: answer(cx),
        })
    }
}

impl thrift::ServiceB for Handler {
    async fn same_named_method(
        &self,
        cx: &mut Context,
        _: thrift::Request,
    ) -> Result<thrift::Response, Status> {
        Ok(thrift::Response {
            message: answer(cx),
        })
    }

    async fn only_b(
        &self,
        cx: &mut Context,
        _: thrift::Request,
    ) -> Result<thrift::Response, Status> {
        Ok(thrift::Response {
            message: answer(cx),
        })
    }
}

impl protobuf::ServiceA for Handler {
    async fn same_named_method(
        &self,
        cx: &mut Context,
        _: protobuf::Request,
    ) -> Result<protobuf::Response, Status> {
        Ok(protobuf::Response {
            message: answer(cx),
        })
    }

    async fn spell(
        &self,
        _: &mut Context,
        request: protobuf::Request,
        mut output: Sink<protobuf::Response>,
    ) -> Result<(), Status> {
        for letter in request.message.chars() {
            let message = letter.to_string();
            output.send(protobuf::Response { message }).await?;
        }
        Ok(())
    }
}

impl protobuf::ServiceB for Handler {
    async fn same_named_method(
        &self,
        cx: &mut Context,
        _: protobuf::Request,
    ) -> Result<protobuf::Response, Status> {
        Ok(protobuf::Response {
            message: answer(cx),
        })
    }
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    println!("One server, one port, two Thrift services and two Protobuf ones; each has a method");
    println!("of the same name.\n");

    println!("1. ServiceA is the fallback of its codec. Every transport is found out by its first");
    println!("   bytes:\n");
    let [a, b, c, d] = services();
    let server = Server::new().add_all([a.fallback(), b, c.fallback(), d]);
    call_everything(server).await?;

    println!("\n2. Without a fallback, nobody could say who answers a call that names no service.");
    println!("   Such a server does not start:\n");
    let conflict = Server::new().add_all(services()).bind("127.0.0.1:0").await;
    if let Err(error) = conflict {
        println!("   {}", error.to_string().replace('\n', "\n   "));
    }

    println!("\n3. Or it refuses calls that name no service, and needs no fallback:\n");
    let server = Server::new()
        .add_all(services())
        .refuse_traffic_without_service_name();
    call_everything(server).await
}

fn services() -> [Service; 4] {
    [
        thrift::ServiceAServer::new(Handler),
        thrift::ServiceBServer::new(Handler),
        protobuf::ServiceAServer::new(Handler),
        protobuf::ServiceBServer::new(Handler),
    ]
}

/// Starts a server, calls it in every way, prints who answered, and stops it.
async fn call_everything(server: Server) -> Result<(), Error> {
    let listening = server.bind("127.0.0.1:0").await?;
    let address = listening.address().to_string();
    let (stop, stopped) = oneshot::channel::<()>();
    let serving = tokio::spawn(listening.serve_until(async {
        let _ = stopped.await;
    }));

    println!("   codec     transport        asked for  its name   answered          because");
    for transport in Transport::ALL.into_iter().chain([Transport::Grpc]) {
        for named in [true, false] {
            let possible = match transport {
                // There is no call without a name.
                Transport::Grpc => named,
                transport => !named || transport.carries_service_name(),
            };
            if !possible {
                continue;
            }
            let options = Client::options(&address).transport(transport);
            let options = if named {
                options
            } else {
                options.without_service_name()
            };
            let client = options.connect().await?;
            call_thrift(&client, transport, named).await;
            // Kitex Protobuf always stands in a frame.
            if matches!(
                transport,
                Transport::Framed | Transport::TtHeaderFramed | Transport::Grpc
            ) {
                call_protobuf(&client, transport, named).await;
            }
        }
    }

    let client = Client::options(&address).transport(Transport::Grpc);
    println!(
        "\n   A stream over gRPC: {}",
        spelled(client.connect().await?).await
    );

    let _ = stop.send(());
    let _ = serving.await;
    Ok(())
}

async fn call_thrift(client: &Client, transport: Transport, named: bool) {
    let request = || thrift::Request {
        message: "who are you?".to_owned(),
    };
    let a = thrift::ServiceAClient::new(client.clone());
    let answer = a.same_named_method(request()).await;
    show(
        "Thrift",
        transport,
        "ServiceA",
        named,
        answer.map(|it| it.message),
    );
    let b = thrift::ServiceBClient::new(client.clone());
    let answer = b.same_named_method(request()).await;
    show(
        "Thrift",
        transport,
        "ServiceB",
        named,
        answer.map(|it| it.message),
    );
}

async fn call_protobuf(client: &Client, transport: Transport, named: bool) {
    let request = || protobuf::Request {
        message: "who are you?".to_owned(),
    };
    let a = protobuf::ServiceAClient::new(client.clone());
    let answer = a.same_named_method(request()).await;
    show(
        "Protobuf",
        transport,
        "ServiceA",
        named,
        answer.map(|it| it.message),
    );
    let b = protobuf::ServiceBClient::new(client.clone());
    let answer = b.same_named_method(request()).await;
    show(
        "Protobuf",
        transport,
        "ServiceB",
        named,
        answer.map(|it| it.message),
    );
}

fn show(
    codec: &str,
    transport: Transport,
    service: &str,
    named: bool,
    answer: Result<String, Status>,
) {
    let sent = if named { "sent" } else { "not sent" };
    let answer = match answer {
        Ok(answer) => answer,
        Err(status) => match status.type_id() {
            Some(number) => format!("nobody            exception {number}: {status}"),
            None => format!("nobody            {status}"),
        },
    };
    println!("   {codec:<9} {transport:<16} {service:<10} {sent:<10} {answer}");
}

/// Everything that a stream gives, in one line.
async fn spelled(client: Client) -> String {
    let request = protobuf::Request {
        message: "polyport".to_owned(),
    };
    let spelling = protobuf::ServiceAClient::new(client).spell(request).await;
    let mut letters = Vec::new();
    let outcome = async {
        let mut answers = spelling?;
        while let Some(answer) = answers.receive().await? {
            letters.push(answer.message);
        }
        Ok::<(), Status>(())
    };
    match outcome.await {
        Ok(()) => letters.join(" "),
        Err(status) => status.to_string(),
    }
}
