//! Apache Thrift's cross test: serves its services, and calls a server of them.

mod cases;
mod handlers;

use std::error::Error;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, ValueEnum};
use polyport::{Client, Server, Transport};
use tokio::signal::unix::{SignalKind, signal};

use crate::handlers::Handlers;
use crate::idl::{SecondServiceServer, ThriftTestClient, ThriftTestServer};

/// It takes no time, however busy the machine is.
const CONNECTING: Duration = Duration::from_secs(60);

/// What the generator makes of ThriftTest.thrift.
mod idl {
    polyport::include_idl!("ThriftTest");

    pub(crate) use thrift::test::*;
}

#[derive(Debug, Parser)]
#[command(about)]
enum Command {
    /// Serves ThriftTest and SecondService until SIGTERM
    Serve {
        /// Where to listen; port 0 picks one
        #[arg(long, default_value = "127.0.0.1:0")]
        addr: String,
    },
    /// Calls every method of ThriftTest and prints a line a case
    Call {
        #[arg(long)]
        addr: String,
        #[arg(long)]
        transport: TransportName,
    },
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum TransportName {
    Buffered,
    Framed,
}

#[tokio::main]
async fn main() -> ExitCode {
    let outcome = match Command::parse() {
        Command::Serve { addr } => serve(&addr).await,
        Command::Call { addr, transport } => call(&addr, transport).await,
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn serve(address: &str) -> Result<(), Box<dyn Error>> {
    let listening = Server::new()
        .add(ThriftTestServer::new(Handlers).fallback())
        .add(SecondServiceServer::new(Handlers))
        .bind(address)
        .await?;
    println!("listening on {}", listening.address());
    let mut terminated = signal(SignalKind::terminate())?;
    listening
        .serve_until(async {
            terminated.recv().await;
        })
        .await;
    Ok(())
}

async fn call(address: &str, transport: TransportName) -> Result<(), Box<dyn Error>> {
    let transport = match transport {
        TransportName::Buffered => Transport::Buffered,
        TransportName::Framed => Transport::Framed,
    };
    let client = Client::options(address)
        .transport(transport)
        .connect_timeout(CONNECTING)
        .connect()
        .await?;
    for (name, outcome) in cases::run(&ThriftTestClient::new(client)).await {
        match outcome {
            Ok(()) => println!("ok {name}"),
            Err(reason) => println!("failed {name}: {reason}"),
        }
    }
    Ok(())
}
