//! What routing costs, in instructions: seconds are too coarse for it.

use std::fs;

use anyhow::{Context, Result, ensure};
use clap::Args;

use crate::contestant::beside;
use crate::load::{Load, Shape};
use crate::process::{self, Process};
use crate::summary::Table;

#[derive(Args)]
pub(crate) struct Arguments {
    /// Numbers of services that the server has.
    #[arg(long, value_delimiter = ',', default_values_t = [1, 2, 100])]
    services: Vec<usize>,
    #[arg(long, default_value_t = 64)]
    size: usize,
    #[arg(long, default_value_t = 2000)]
    requests: u64,
    #[arg(long, default_value_t = 0)]
    server_core: usize,
}

pub(crate) fn count(arguments: &Arguments) -> Result<()> {
    ensure!(process::exists("valgrind"), "this needs valgrind");
    let mut table = Table::new(&["services", "instructions/request"]);
    for services in &arguments.services {
        // What starting, connecting and stopping take is the same in both, and so goes away.
        let few = instructions(arguments, *services, arguments.requests / 10)?;
        let many = instructions(arguments, *services, arguments.requests)?;
        let requests = arguments.requests - arguments.requests / 10;
        let each = (many - few) as f64 / requests as f64;
        table.row(vec![services.to_string(), format!("{each:.0}")]);
    }
    println!(
        "Polyport, {} bytes, outside of the kernel:\n\n{table}",
        arguments.size
    );
    Ok(())
}

/// The instructions of a server's whole life, with so many requests in it.
fn instructions(arguments: &Arguments, services: usize, requests: u64) -> Result<u64> {
    let path = std::env::temp_dir().join(format!("callgrind.{}.out", std::process::id()));
    let out = path
        .to_str()
        .context("the temporary directory is not text")?;
    let command = [
        "valgrind",
        "--tool=callgrind",
        &format!("--callgrind-out-file={out}"),
        &beside("compare-polyport")?,
        &services.to_string(),
        "--one-thread",
    ];
    let command = command.map(str::to_owned);
    let mut server = Process::start(&command, arguments.server_core)?;
    let address = server.address()?;
    let shape = Shape {
        services: &["Left".to_owned()],
        connections: 1,
        size: arguments.size,
        echoes_frames: false,
    };
    let mut load = Load::connect(address, shape)?;
    load.begin()?;
    load.run_count(requests)?;
    drop(load);
    server.finish()?;
    let text = fs::read_to_string(&path)?;
    fs::remove_file(&path)?;
    let total = text.lines().find_map(|line| line.strip_prefix("totals: "));
    Ok(total.context("callgrind gives no totals")?.trim().parse()?)
}
