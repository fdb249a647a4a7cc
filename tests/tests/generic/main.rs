//! Calls and services by JSON, against generated ones.

#![expect(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod bytes;
mod calls;
mod mapping;
mod services;

use polyport::generic::{Method, Services};
use polyport::{Client, Transport};
use polyport_build::Builder;
use polyport_tests::serving::Serving;

/// The services of IDL files, read while the test runs.
fn services(names: &[&str]) -> Services {
    let paths: Vec<String> = names
        .iter()
        .map(|name| format!("../interop/idl/{name}"))
        .collect();
    let builder = Builder::new().include_dir("../interop/idl");
    Services::new(builder.schema(&paths).unwrap()).unwrap()
}

fn method(idl: &str, service: &str, method: &str) -> Method {
    services(&[idl]).method(service, method).unwrap()
}

async fn client(serving: &Serving, transport: Transport) -> Client {
    let options = Client::options(serving.address.to_string());
    options.transport(transport).connect().await.unwrap()
}

/// Those of Thrift's single messages, and gRPC.
fn transports() -> impl Iterator<Item = Transport> {
    Transport::ALL.into_iter().chain([Transport::Grpc])
}
