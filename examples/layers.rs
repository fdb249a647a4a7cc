//! What stands around handlers: layers, which see every call, and limits, which refuse calls before they
//! are decoded. They belong to a server, to one of its services, to one of its methods, or to a client.
//!
//! ```text
//! cargo run --example layers
//! ```

use std::error::Error;
use std::time::Duration;

use polyport::admission::Admission;
use polyport::layers::AccessLog;
use polyport::{Call, Code, Context, Layer, Next, Reply, Server, Status};
use polyport_examples::demo::service_a::SameNamedMethodArgs;
use polyport_examples::demo::{Request, Response, ServiceA, ServiceAClient, ServiceAServer};

struct Handler;

impl ServiceA for Handler {
    async fn same_named_method(&self, _: &mut Context, req: Request) -> Result<Response, Status> {
        let message = format!("I heard {}", req.message);
        Ok(Response { message })
    }

    /// Takes its time.
    async fn only_a(&self, _: &mut Context, req: Request) -> Result<Response, Status> {
        tokio::time::sleep(Duration::from_millis(200)).await;
        Ok(Response {
            message: req.message,
        })
    }
}

/// Refuses to pass on what nobody wants to hear, and says how long answers are.
struct Polite;

impl Layer for Polite {
    async fn call(&self, call: Call, next: Next<'_>) -> Reply {
        // The arguments by their type; those of other methods are of another one.
        if let Some(arguments) = call.message.get::<SameNamedMethodArgs>()
            && arguments.req.message.contains("damn")
        {
            return Status::refused(Code::INVALID_ARGUMENT, "mind your language").into();
        }
        let mut reply = next.call(call).await;
        if let Some(response) = reply.returned::<Response>() {
            let length = response.message.len().to_string();
            reply.metadata.insert("length", length);
        }
        reply
    }
}

/// Answers nobody who does not know the word.
struct Guarded;

impl Layer for Guarded {
    async fn call(&self, call: Call, next: Next<'_>) -> Reply {
        match call.context.metadata().get("word") {
            Some("sesame") => next.call(call).await,
            _ => Status::refused(Code::PERMISSION_DENIED, "what is the word?").into(),
        }
    }
}

/// Says the word, on the client.
struct Word;

impl Layer for Word {
    async fn call(&self, mut call: Call, next: Next<'_>) -> Reply {
        call.context.metadata_mut().insert("word", "sesame");
        next.call(call).await
    }
}

fn request(message: &str) -> Request {
    Request {
        message: message.to_owned(),
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let service = ServiceAServer::new(Handler)
        .layer(Polite)
        .admit(Admission::new().message_size(100))
        .for_method("onlyA", |method| {
            let one = Admission::new().concurrency(1);
            method.admit(one).timeout(Duration::from_millis(50))
        });
    // The server's layers stand around the service's: the first is the outermost. An access log goes to
    // whatever `tracing` writes to.
    let server = Server::new().layer(AccessLog).layer(Guarded).add(service);
    // Calls without a socket go the same way.
    let local = server.local()?;

    let stranger = ServiceAClient::new(local.client());
    let refused = stranger.same_named_method(request("hi")).await;
    println!("without the word:  {refused:?}");
    assert!(refused.is_err());

    let friend = ServiceAClient::new(local.options().layer(Word).connect().await?);
    let answer = friend.same_named_method(request("hi")).answer().await;
    println!("with the word:     {:?}", answer.result);
    assert_eq!(answer.metadata.get("length"), Some("10"));

    let refused = friend.same_named_method(request("damn")).await;
    println!("an ugly word:      {refused:?}");
    assert!(refused.is_err());

    let large = "x".repeat(200);
    let refused = friend.same_named_method(request(&large)).await;
    println!("a large message:   {refused:?}");
    assert!(refused.is_err());

    let (first, second) = tokio::join!(friend.only_a(request("a")), friend.only_a(request("b")));
    println!("the first of two:  {first:?}");
    println!("the second of two: {second:?}");
    assert!(first.is_err() && second.is_err());
    Ok(())
}

#[test]
fn it_runs() -> Result<(), Box<dyn Error>> {
    main()
}
