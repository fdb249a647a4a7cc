//! A client and a server with tonic, with the command line that every peer of the interop tests has.

mod serve;
mod handlers;
mod message;
mod call;
mod outcome;

use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// What tonic's generator makes of multi.proto.
mod generated {
    tonic::include_proto!("multi.v1");
}

#[derive(Debug, Parser)]
#[command(name = "tonic-peer", about)]
struct Peer {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serves a fixture until it is killed
    Serve(Serve),
    /// Calls a method and prints a JSON object a call
    Call(Call),
}

#[derive(Args, Debug)]
struct Serve {
    /// Where to listen; port 0 picks one
    #[arg(long, default_value = "127.0.0.1:0")]
    addr: String,
    #[arg(long)]
    fixture: Fixture,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Fixture {
    /// Everything in multi.proto
    Proto,
}

#[derive(Args, Clone, Debug)]
struct Call {
    #[arg(long)]
    addr: String,
    #[arg(long, default_value = "grpc")]
    transport: Transport,
    /// The service's name with its package
    #[arg(long)]
    service: String,
    #[arg(long)]
    method: String,
    /// The message, or an array of those of a stream
    #[arg(long, default_value = "{}")]
    json: String,
    /// Milliseconds that the call may take
    #[arg(long)]
    timeout: Option<u64>,
    /// Give the call up after so many milliseconds
    #[arg(long)]
    cancel: Option<u64>,
    /// Compress messages
    #[arg(long)]
    compress: Option<Compression>,
    #[arg(long, value_parser = pair, value_name = "K=V")]
    transient: Vec<(String, String)>,
    #[arg(long, value_parser = pair, value_name = "K=V")]
    persistent: Vec<(String, String)>,
    /// A header of the application, binary if its name ends with -bin
    #[arg(long, value_parser = pair, value_name = "K=V")]
    header: Vec<(String, String)>,
    /// How often to call
    #[arg(long, default_value_t = 1)]
    count: usize,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Transport {
    Grpc,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Compression {
    Gzip,
}

impl Call {
    fn timeout(&self) -> Option<Duration> {
        self.timeout.map(Duration::from_millis)
    }

    fn cancel(&self) -> Option<Duration> {
        self.cancel.map(Duration::from_millis)
    }
}

fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) => Ok((key.to_owned(), value.to_owned())),
        None => Err(format!("expected KEY=VALUE, found {text}")),
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    let outcome = match Peer::parse().command {
        Command::Serve(serve) => serve::run(&serve).await,
        Command::Call(call) => call::run(&call).await,
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(2)
        }
    }
}
