//! Services without generated code: an IDL is read when the program starts, and all that goes over the
//! wire is JSON here.
//!
//! ```text
//! cargo run --example generic -- examples/idl/demo.thrift serve 127.0.0.1:8888
//! cargo run --example generic -- examples/idl/demo.thrift call 127.0.0.1:8888 \
//!     ServiceB sameNamedMethod '{"req": {"message": "hi"}}'
//! ```

use std::error::Error;
use std::sync::Arc;

use polyport::generic::{Failure, JsonHandler, Services};
use polyport::{Client, Context, Server, Service};
use serde_json::{Value, json};

/// Says what it was asked, in the form of the IDL's `Response`.
struct Hearer;

impl JsonHandler for Hearer {
    async fn call(&self, cx: &mut Context, arguments: Value) -> Result<Value, Failure> {
        let text = format!("{}/{} heard {arguments}", cx.service(), cx.method());
        Ok(json!({ "message": text }))
    }
}

/// Serves all services of the IDL; the first of each codec answers who names none.
async fn serve(services: &Services, address: &str) -> Result<(), Box<dyn Error>> {
    let hearer = Arc::new(Hearer);
    let mut server = Server::new();
    let mut codecs = Vec::new();
    for description in &services.schema().services {
        let mut service = Service::json(services, &description.full_name(), Arc::clone(&hearer))?;
        if !codecs.contains(&description.codec) {
            service = service.fallback();
            codecs.push(description.codec);
        }
        server = server.add(service);
    }
    Ok(server.serve(address).await?)
}

/// Calls one method.
async fn call(services: &Services, call: [String; 4]) -> Result<(), Box<dyn Error>> {
    let [address, service, method, arguments] = call;
    let method = services.method(&service, &method)?;
    let client = Client::connect(address).await?;
    match client.json(&method, &arguments.parse()?).await {
        Ok(result) => println!("{result}"),
        Err(Failure::Exception { name, value }) => println!("{name} was thrown: {value}"),
        Err(failure) => return Err(failure.into()),
    }
    Ok(())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let (Some(idl), Some(what)) = (args.next(), args.next()) else {
        return Err("say an IDL, then `serve` or `call`".into());
    };
    let services = Services::new(polyport_build::Builder::new().schema(&[idl])?)?;
    let rest: Vec<String> = args.collect();
    match what.as_str() {
        "serve" => {
            let [address] = rest.try_into().map_err(|_| "serve ADDRESS")?;
            serve(&services, &address).await
        }
        _ => {
            let rest = rest.try_into();
            call(
                &services,
                rest.map_err(|_| "call ADDRESS SERVICE METHOD JSON")?,
            )
            .await
        }
    }
}
