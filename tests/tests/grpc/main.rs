//! gRPC: our server and our client, Protobuf and Thrift, every kind of call.

#![expect(clippy::unwrap_used, reason = "these are tests")]

mod answers;
mod built_in;
mod calls;
mod compression;
mod endings;
mod failures;
mod layers;
mod requests;
mod servers;
mod sinks;

use polyport::{Client, Transport};
use polyport_tests::serving::Serving;

async fn client(serving: &Serving) -> Client {
    let options = Client::options(serving.address.to_string());
    options.transport(Transport::Grpc).connect().await.unwrap()
}
