//! A client and a server with Volo, with the command line that every peer of the interop tests has.

mod serve;
mod handlers;
mod targets;
mod outcome;
mod values;

use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// What Volo's generator makes of multi.thrift and types.thrift.
mod generated {
    include!(concat!(env!("OUT_DIR"), "/volo_gen.rs"));
}

use generated::volo_gen;

#[derive(Debug, Parser)]
#[command(name = "volo-peer", about)]
struct Peer {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serves a fixture until SIGTERM
    Serve(Serve),
    /// Calls a method and prints a JSON object a call
    Call(Call),
}

#[derive(Args, Debug)]
struct Serve {
    /// Where to listen; port 0 picks one
    #[arg(long, default_value = "127.0.0.1:0")]
    addr: String,
    /// What to register: `multi` or `multi-b`
    #[arg(long)]
    fixture: String,
}

#[derive(Args, Clone, Debug)]
struct Call {
    #[arg(long)]
    addr: std::net::SocketAddr,
    #[arg(long)]
    transport: Transport,
    #[arg(long)]
    service: String,
    #[arg(long)]
    method: String,
    /// The arguments by name
    #[arg(long, default_value = "{}")]
    json: String,
    /// Milliseconds that the call may take
    #[arg(long)]
    timeout: Option<u64>,
    #[arg(long, value_parser = pair, value_name = "K=V")]
    transient: Vec<(String, String)>,
    #[arg(long, value_parser = pair, value_name = "K=V")]
    persistent: Vec<(String, String)>,
    /// How often to call
    #[arg(long, default_value_t = 1)]
    count: usize,
    /// The name of this client
    #[arg(long, default_value = "")]
    caller: String,
}

impl Call {
    fn timeout(&self) -> Option<Duration> {
        self.timeout.map(Duration::from_millis)
    }
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Transport {
    Buffered,
    Framed,
    Ttheader,
    TtheaderFramed,
    Mux,
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
        Command::Call(call) => targets::run(&call).await,
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(2)
        }
    }
}
