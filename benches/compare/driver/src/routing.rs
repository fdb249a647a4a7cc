//! What routing costs, in instructions: seconds are too coarse for it.

use anyhow::{Result, ensure};
use clap::Args;

use crate::callgrind::Counts;
use crate::contestant::beside;
use crate::load::{Load, Shape};
use crate::process;
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
    let mut table = Table::new(&["services", "instructions/request", "allocations/request"]);
    for services in &arguments.services {
        // What starting, connecting and stopping take is the same in both, and so goes away.
        let few = counted(arguments, *services, arguments.requests / 10)?;
        let many = counted(arguments, *services, arguments.requests)?;
        let requests = (arguments.requests - arguments.requests / 10) as f64;
        let instructions = (many.instructions - few.instructions) as f64 / requests;
        let allocations = (many.allocations - few.allocations) as f64 / requests;
        table.row(vec![
            services.to_string(),
            format!("{instructions:.0}"),
            format!("{allocations:.1}"),
        ]);
    }
    println!(
        "Polyport, {} bytes, outside of the kernel:\n\n{table}",
        arguments.size
    );
    Ok(())
}

/// Counts a server's life with so many requests in it.
fn counted(arguments: &Arguments, services: usize, requests: u64) -> Result<Counts> {
    let command = [
        beside("compare-polyport")?,
        services.to_string(),
        "--one-thread".to_owned(),
    ];
    let shape = Shape {
        services: &["Left".to_owned()],
        connections: 1,
        size: arguments.size,
        echoes_frames: false,
    };
    let (counts, ()) = Counts::of(&command, arguments.server_core, |address| {
        let mut load = Load::connect(address, shape)?;
        load.begin()?;
        load.run_count(requests)
    })?;
    Ok(counts)
}
