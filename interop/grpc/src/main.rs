//! gRPC's interoperability test (grpc/grpc, doc/interop-test-descriptions.md): its server, and its
//! client with the cases that need no credentials.

mod server;
mod client;
mod cases;

use std::error::Error;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// What the generator makes of test.proto.
pub(crate) mod idl {
    polyport::include_idl!("test");
}

#[derive(Debug, Parser)]
#[command(name = "polyport-grpc-interop", about)]
struct Interop {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serves until it is killed
    Serve {
        /// Where to listen; port 0 picks one
        #[arg(long, default_value = "127.0.0.1:0")]
        addr: String,
    },
    /// Makes all cases, a line each
    Call {
        /// The server's address
        #[arg(long)]
        addr: String,
    },
}

#[tokio::main]
async fn main() -> ExitCode {
    let outcome: Result<bool, Box<dyn Error>> = match Interop::parse().command {
        Command::Serve { addr } => server::serve(&addr).await.map(|()| true),
        Command::Call { addr } => client::call(&addr).await,
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(2)
        }
    }
}
