//! Starts the servers of the comparison one after the other, loads them and prints what they cost.
//!
//! The program is the load itself: one thread that has a core for itself, while the server under
//! test has another one.

mod servers;
mod multiplexed;
mod routing;
mod detection;
mod client;
mod grpc;
mod callgrind;
mod summary;
mod timing;
mod contestant;
mod http2;
mod load;
mod process;
mod request;

use anyhow::Result;
use clap::{Parser, Subcommand};

/// Measures what RPC servers cost.
#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// CPU time per request, throughput, latency and memory of every server.
    Servers(servers::Arguments),
    /// CPU time per call when all calls share one connection.
    Multiplexed(multiplexed::Arguments),
    /// Instructions per request of Polyport with 1, 2 and 100 services, counted by callgrind.
    Routing(routing::Arguments),
    /// Instructions of a connection's first requests, counted by callgrind.
    Detection(detection::Arguments),
    /// CPU time per call of clients against Polyport's server.
    Client(client::Arguments),
    /// CPU time per message of gRPC servers.
    Grpc(grpc::Arguments),
}

fn main() -> Result<()> {
    match Arguments::parse().command {
        Command::Servers(arguments) => servers::measure(&arguments),
        Command::Multiplexed(arguments) => multiplexed::measure(&arguments),
        Command::Routing(arguments) => routing::count(&arguments),
        Command::Detection(arguments) => detection::count(&arguments),
        Command::Client(arguments) => client::measure(&arguments),
        Command::Grpc(arguments) => grpc::measure(&arguments),
    }
}
