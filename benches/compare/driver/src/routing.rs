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

/// What a server does in its whole life.
struct Counts {
    instructions: u64,
    /// Calls of `malloc` and its like.
    allocations: u64,
}

/// Counts a server's life with so many requests in it.
fn counted(arguments: &Arguments, services: usize, requests: u64) -> Result<Counts> {
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
    Ok(Counts {
        instructions: total.context("callgrind gives no totals")?.trim().parse()?,
        allocations: allocations(&text)?,
    })
}

/// Adds up the calls of the allocator in callgrind's file: `cfn=(7) malloc`, later on `cfn=(7)`, names
/// what is called, and `calls=3 ...` in the next line says how often.
fn allocations(text: &str) -> Result<u64> {
    let mut allocators = Vec::new();
    let mut is_allocator = false;
    let mut calls = 0;
    for line in text.lines() {
        if let Some((_, name)) = line.split_once("fn=(") {
            let (number, name) = name.split_once(')').context("a name without a number")?;
            if matches!(
                name.trim(),
                "malloc" | "calloc" | "realloc" | "memalign" | "posix_memalign"
            ) {
                allocators.push(number);
            }
            is_allocator = line.starts_with("cfn") && allocators.contains(&number);
        } else if let Some(count) = line.strip_prefix("calls=").filter(|_| is_allocator) {
            let count = count.split(' ').next().unwrap_or(count);
            calls += count.parse::<u64>()?;
        }
    }
    Ok(calls)
}
