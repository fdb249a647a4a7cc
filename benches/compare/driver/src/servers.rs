//! What a request costs each server.

use std::time::Duration;

use anyhow::{Context, Result};
use clap::Args;

use crate::contestant::{Contestant, servers};
use crate::load::{Load, Shape};
use crate::process::Process;
use crate::summary::{Best, Series, Table};
use crate::timing::Timing;

#[derive(Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    timing: Timing,
    #[arg(long, default_value_t = 100)]
    connections: usize,
    /// Bytes of the message in a request and in its reply.
    #[arg(long, value_delimiter = ',', default_values_t = [64, 1024])]
    sizes: Vec<usize>,
    /// Servers to measure instead of all: floor, polyport-1, polyport, polyport-100, volo-thrift,
    /// kitex.
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// The core that servers are bound to; this program should be bound to another.
    #[arg(long, default_value_t = 0)]
    server_core: usize,
}

#[derive(Default)]
struct Results {
    cpu: Series,
    throughput: Series,
    median: Series,
    tail: Series,
    memory: Series,
}

pub(crate) fn measure(arguments: &Arguments) -> Result<()> {
    let contestants = servers(&arguments.only)?;
    for size in &arguments.sizes {
        let mut results: Vec<Results> = Vec::new();
        results.resize_with(contestants.len(), Results::default);
        // In turns, so that whatever disturbs the machine for a while disturbs all of them.
        for round in 0..arguments.timing.rounds {
            for (contestant, results) in contestants.iter().zip(&mut results) {
                eprintln!("{size} bytes, round {}: {}", round + 1, contestant.name);
                measure_one(arguments, *size, contestant, results)
                    .with_context(|| contestant.name)?;
            }
        }
        print(*size, &contestants, &results);
    }
    Ok(())
}

fn measure_one(
    arguments: &Arguments,
    size: usize,
    contestant: &Contestant,
    results: &mut Results,
) -> Result<()> {
    let mut server = Process::start(&contestant.command, arguments.server_core)?;
    let address = server.address()?;
    let shape = Shape {
        services: &contestant.services,
        connections: arguments.connections,
        size,
        echoes_frames: contestant.echoes_frames,
    };
    let mut load = Load::connect(address, shape)?;
    load.begin()?;
    load.run(Duration::from_secs_f64(arguments.timing.warm_up))?;
    let before = server.cpu_time()?;
    let outcome = load.run(Duration::from_secs_f64(arguments.timing.seconds))?;
    let cpu = server.cpu_time()? - before;
    let microseconds = |percentile| outcome.latencies.value_at_quantile(percentile) as f64 / 1e3;
    results
        .cpu
        .push(cpu.as_secs_f64() * 1e6 / outcome.replies as f64);
    results
        .throughput
        .push(outcome.replies as f64 / outcome.elapsed.as_secs_f64());
    results.median.push(microseconds(0.5));
    results.tail.push(microseconds(0.99));
    results.memory.push(server.peak_memory()? as f64 / 1024.0);
    Ok(())
}

fn print(size: usize, contestants: &[Contestant], results: &[Results]) {
    let mut table = Table::new(&[
        "server",
        "CPU us/request",
        "ratio",
        "requests/s",
        "p50 us",
        "p99 us",
        "memory MiB",
    ]);
    let first = results[0].cpu.best(Best::Lowest);
    for (contestant, results) in contestants.iter().zip(results) {
        table.row(vec![
            contestant.name.to_owned(),
            results.cpu.show(Best::Lowest, 2),
            format!("{:.2}", results.cpu.best(Best::Lowest) / first),
            results.throughput.show(Best::Highest, 0),
            results.median.show(Best::Lowest, 0),
            results.tail.show(Best::Lowest, 0),
            results.memory.show(Best::Lowest, 1),
        ]);
    }
    println!("\n{size} bytes; the best of all rounds (and the worst):\n\n{table}");
}
