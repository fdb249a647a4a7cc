//! One program that any other implementation can be tested against: it serves the IDLs of
//! `interop/idl` with handlers whose behaviour is fixed, and calls them.

mod args;
mod call;
mod serve;
mod fixtures;
mod targets;
mod thrift_json;
mod protobuf_json;
mod handlers;
mod items;
mod message;
mod further;
mod next;
mod validators;
mod generated;

use std::process::ExitCode;

use clap::Parser;
use tracing_subscriber::EnvFilter;

use crate::args::{Command, Peer};

fn main() -> ExitCode {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(false)
        .init();
    let outcome = match Peer::parse().command {
        Command::Serve(serve) => serve::run(&serve),
        Command::Call(call) => call::run(call),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(2)
        }
    }
}
