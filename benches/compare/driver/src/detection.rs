//! What finding out what a connection speaks costs its requests, in instructions.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

use anyhow::{Result, ensure};
use clap::Args;

use crate::callgrind::Counts;
use crate::contestant::beside;
use crate::process;
use crate::request;
use crate::summary::Table;

#[derive(Args)]
pub(crate) struct Arguments {
    /// How often each number of requests is counted; the least counts.
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    #[arg(long, default_value_t = 64)]
    size: usize,
    #[arg(long, default_value_t = 0)]
    server_core: usize,
}

/// After so many requests all buffers are as large as they become.
const MANY: u64 = 100;

pub(crate) fn count(arguments: &Arguments) -> Result<()> {
    ensure!(process::exists("valgrind"), "this needs valgrind");
    let mut table = Table::new(&["request of a connection", "instructions"]);
    for (name, before, until) in [
        ("1, with accepting and detecting", 0, 1),
        ("2", 1, 2),
        ("3", 2, 3),
        ("101 to 1000, each", MANY, 10 * MANY),
    ] {
        let more = least(arguments, until)? as f64 - least(arguments, before)? as f64;
        let each = more / (until - before) as f64;
        table.row(vec![name.to_owned(), format!("{each:.0}")]);
    }
    println!(
        "Polyport, {} bytes, outside of the kernel:\n\n{table}",
        arguments.size
    );
    Ok(())
}

/// The instructions of a server's life with so many requests on one connection.
fn least(arguments: &Arguments, requests: u64) -> Result<u64> {
    let command = ["compare-polyport", "2", "--one-thread"].map(str::to_owned);
    let command = [&[beside(&command[0])?], &command[1..]].concat();
    let request = request::encode("Left", &"x".repeat(arguments.size))?;
    let mut least = u64::MAX;
    for _ in 0..arguments.rounds {
        let (counts, ()) = Counts::of(&command, arguments.server_core, |address| {
            exchange(address, &request, requests)
        })?;
        least = least.min(counts.instructions);
    }
    Ok(least)
}

/// Sends the request so often, each time after the reply to the one before.
fn exchange(address: SocketAddr, request: &[u8], requests: u64) -> Result<()> {
    if requests == 0 {
        return Ok(());
    }
    let mut socket = TcpStream::connect(address)?;
    socket.set_nodelay(true)?;
    for _ in 0..requests {
        socket.write_all(request)?;
        let mut length = [0; 4];
        socket.read_exact(&mut length)?;
        let mut reply = vec![0; u32::from_be_bytes(length) as usize];
        socket.read_exact(&mut reply)?;
    }
    Ok(())
}
