//! Services that come, are replaced and go while their server serves, and old names that are counted
//! until nobody needs them.
//!
//! ```text
//! cargo run --example run_time
//! ```

use std::error::Error;
use std::time::Duration;

use polyport::service::Uses;
use polyport::{Client, Codec, Context, Server, Status};
use polyport_examples::demo::{
    Request, Response, ServiceA, ServiceAClient, ServiceAServer, ServiceB, ServiceBClient,
    ServiceBServer,
};

/// One of several versions of the same handler.
struct Version(&'static str);

impl Version {
    fn answer(&self) -> Result<Response, Status> {
        Ok(Response {
            message: self.0.to_owned(),
        })
    }
}

impl ServiceA for Version {
    async fn same_named_method(&self, _: &mut Context, _: Request) -> Result<Response, Status> {
        self.answer()
    }

    async fn only_a(&self, _: &mut Context, _: Request) -> Result<Response, Status> {
        self.answer()
    }
}

impl ServiceB for Version {
    async fn same_named_method(&self, _: &mut Context, _: Request) -> Result<Response, Status> {
        self.answer()
    }

    async fn only_b(&self, _: &mut Context, _: Request) -> Result<Response, Status> {
        self.answer()
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let a = ServiceAServer::new(Version("the first version")).fallback();
    let listening = Server::new().add(a).bind("127.0.0.1:0").await?;
    let address = listening.address().to_string();
    let registry = listening.registry();
    tokio::spawn(listening.serve_until(std::future::pending()));

    let client = Client::connect(address).await?;
    let a = ServiceAClient::new(client.clone());
    let b = ServiceBClient::new(client);
    println!("A: {}", a.only_a(Request::default()).await?.message);
    println!("B: {:?}", b.only_b(Request::default()).await);

    // A change is checked as at start, and made as a whole or not at all.
    registry.add(ServiceBServer::new(Version("another service")))?;
    println!("B: {}", b.only_b(Request::default()).await?.message);
    let again = registry.add(ServiceBServer::new(Version("the same service")));
    println!("not added: {}", again.err().ok_or("it should fail")?);

    // Calls that are under way are finished by the service that they began with.
    let second = ServiceAServer::new(Version("the second version")).fallback();
    let old = registry.replace(second)?;
    let finished = old.finished_within(Duration::from_secs(5)).await;
    let message = a.only_a(Request::default()).await?.message;
    println!("A: {message}; the first version is finished: {finished}");
    assert!(finished && message == "the second version");

    // B goes, but its name stays as another one of A's, as long as it is in use.
    let uses = Uses::new();
    registry.remove(Codec::ThriftBinary, "demo.ServiceB")?;
    let third = ServiceAServer::new(Version("the third version")).alias("ServiceB", &uses);
    registry.replace(third)?;
    let message = b.same_named_method(Request::default()).await?.message;
    println!("B: {message}; calls by the old name: {}", uses.count());
    assert_eq!((&*message, uses.count()), ("the third version", 1));

    for service in registry.list() {
        let methods: Vec<&str> = service.methods().collect();
        println!("{}: {}", service.full_name(), methods.join(", "));
    }
    Ok(())
}

#[test]
fn it_runs() -> Result<(), Box<dyn Error>> {
    main()
}
