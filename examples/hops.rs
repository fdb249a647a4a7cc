//! What travels from server to server: time that is left, and metadata. A handler passes it on by making
//! its own calls `within` its context, and nothing is passed on behind its back.
//!
//! ```text
//! cargo run --example hops
//! ```

use std::error::Error;
use std::time::Duration;

use polyport::{Context, Server, Status};
use polyport_examples::demo::{
    Request, Response, ServiceA, ServiceAClient, ServiceAServer, ServiceB, ServiceBClient,
    ServiceBServer,
};
use tokio::time::Instant;

/// The server in the middle.
struct Front {
    back: ServiceBClient,
}

impl ServiceA for Front {
    async fn same_named_method(&self, cx: &mut Context, req: Request) -> Result<Response, Status> {
        // What this call may take, and less if its own caller waits for less.
        let call = self.back.same_named_method(req).within(cx);
        let answer = call.timeout(Duration::from_secs(5)).answer().await;
        // What comes back goes no further by itself.
        let served_by = answer.metadata.get("served-by").unwrap_or("nobody");
        cx.reply_metadata().insert("behind-me", served_by);
        answer.result
    }

    async fn only_a(&self, _: &mut Context, req: Request) -> Result<Response, Status> {
        // Not within: a call of its own, without the caller's time and metadata.
        self.back.same_named_method(req).await
    }
}

/// The server behind.
struct Back;

impl ServiceB for Back {
    async fn same_named_method(&self, cx: &mut Context, _: Request) -> Result<Response, Status> {
        cx.reply_metadata().insert("served-by", "back");
        let left = cx.deadline().map(|until| until - Instant::now());
        let in_time = match left {
            Some(left) if left <= Duration::from_secs(1) => "at most a second",
            Some(_) => "long",
            None => "for ever",
        };
        let metadata = cx.metadata();
        let message = format!(
            "{} waits {in_time}; tenant: {:?}, trace: {:?}",
            cx.caller(),
            metadata.get("tenant"),
            metadata.persistent("trace"),
        );
        Ok(Response { message })
    }

    async fn only_b(&self, _: &mut Context, req: Request) -> Result<Response, Status> {
        Ok(Response {
            message: req.message,
        })
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let back = Server::new().add(ServiceBServer::new(Back)).local()?;
    let back = back.options().caller("front").connect().await?;
    let front = Front {
        back: ServiceBClient::new(back),
    };
    let front = Server::new().add(ServiceAServer::new(front)).local()?;
    let client = ServiceAClient::new(front.client());

    let call = client
        .same_named_method(Request::default())
        .timeout(Duration::from_secs(1))
        // For the next server, and for all.
        .metadata("tenant", "7")
        .persistent("trace", "abc");
    let answer = call.answer().await;
    let message = answer.result?.message;
    println!("within:     {message}");
    let expected = r#"front waits at most a second; tenant: None, trace: Some("abc")"#;
    assert_eq!(message, expected);
    assert_eq!(answer.metadata.get("behind-me"), Some("back"));

    let call = client.only_a(Request::default()).persistent("trace", "abc");
    let message = call.timeout(Duration::from_secs(1)).await?.message;
    println!("not within: {message}");
    assert_eq!(message, "front waits for ever; tenant: None, trace: None");
    Ok(())
}

#[test]
fn it_runs() -> Result<(), Box<dyn Error>> {
    main()
}
