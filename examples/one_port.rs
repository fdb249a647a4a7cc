//! Two Thrift services on one port, a method of the same name in both, and every way to call them.
//!
//! ```text
//! cargo run --release --example one_port
//! ```

use polyport::{Client, Context, Error, Server, Status, Transport};
use polyport_examples::demo::{
    Request, Response, ServiceA, ServiceAClient, ServiceAServer, ServiceB, ServiceBClient,
    ServiceBServer,
};
use tokio::sync::oneshot;

/// Handles both services; the context knows which of them a call is for.
#[derive(Clone, Copy)]
struct Handler;

/// Says who answers, and why it is this service.
fn answer(cx: &Context) -> Response {
    Response {
        message: format!("{:<10} {}", cx.service(), cx.reason()),
    }
}

impl ServiceA for Handler {
    async fn same_named_method(&self, cx: &mut Context, _: Request) -> Result<Response, Status> {
        Ok(answer(cx))
    }

    async fn only_a(&self, cx: &mut Context, _: Request) -> Result<Response, Status> {
        Ok(answer(cx))
    }
}

impl ServiceB for Handler {
    async fn same_named_method(&self, cx: &mut Context, _: Request) -> Result<Response, Status> {
        Ok(answer(cx))
    }

    async fn only_b(&self, cx: &mut Context, _: Request) -> Result<Response, Status> {
        Ok(answer(cx))
    }
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    println!("One server, one port, two services; both have a method `sameNamedMethod`.\n");

    let server = Server::new()
        .add(ServiceAServer::new(Handler).fallback())
        .add(ServiceBServer::new(Handler));
    println!("1. ServiceA is the fallback. Every transport is found out by its first bytes:\n");
    call_everything(server).await?;

    println!("\n2. Without a fallback, nobody could say who answers a call that names no service.");
    println!("   Such a server does not start:\n");
    let conflict = Server::new()
        .add(ServiceAServer::new(Handler))
        .add(ServiceBServer::new(Handler))
        .bind("127.0.0.1:0")
        .await;
    if let Err(error) = conflict {
        println!("   {error}");
    }

    println!("\n3. Or it refuses calls that name no service, and needs no fallback:\n");
    let server = Server::new()
        .add(ServiceAServer::new(Handler))
        .add(ServiceBServer::new(Handler))
        .refuse_traffic_without_service_name();
    call_everything(server).await
}

/// Starts a server, calls it in every way, prints who answered, and stops it.
async fn call_everything(server: Server) -> Result<(), Error> {
    let listening = server.bind("127.0.0.1:0").await?;
    let address = listening.address().to_string();
    let (stop, stopped) = oneshot::channel::<()>();
    let serving = tokio::spawn(listening.serve_until(async {
        let _ = stopped.await;
    }));

    println!("   transport        asked for  its name   answered   because");
    for transport in Transport::ALL {
        for named in [true, false] {
            if named && !transport.carries_service_name() {
                continue;
            }
            let options = Client::options(&address).transport(transport);
            let options = if named {
                options
            } else {
                options.without_service_name()
            };
            let client = options.connect().await?;
            let sent = if named { "sent" } else { "not sent" };
            let from_a = ServiceAClient::new(client.clone())
                .same_named_method(request())
                .await;
            println!("   {transport:<16} ServiceA   {sent:<10} {}", shown(from_a));
            let from_b = ServiceBClient::new(client)
                .same_named_method(request())
                .await;
            println!("   {transport:<16} ServiceB   {sent:<10} {}", shown(from_b));
        }
    }

    let _ = stop.send(());
    let _ = serving.await;
    Ok(())
}

fn request() -> Request {
    Request {
        message: "who are you?".to_owned(),
    }
}

fn shown(answer: Result<Response, Status>) -> String {
    match answer {
        Ok(response) => response.message,
        Err(status) => match status.type_id() {
            Some(number) => format!("nobody     exception {number}: {status}"),
            None => format!("nobody     {status}"),
        },
    }
}
