//! What a call costs a client.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use clap::Args;

use crate::contestant::beside;
use crate::process::Process;
use crate::summary::{Best, Series, Table};

#[derive(Args)]
pub(crate) struct Arguments {
    /// How often every client is measured.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// How long each time.
    #[arg(long, default_value_t = 4.0)]
    seconds: f64,
    /// How long it calls before that.
    #[arg(long, default_value_t = 1.0)]
    warm_up: f64,
    /// How many tasks call at the same time.
    #[arg(long, default_value_t = 100)]
    tasks: usize,
    /// Bytes of the message in a request and in its reply.
    #[arg(long, value_delimiter = ',', default_values_t = [64, 1024])]
    sizes: Vec<usize>,
    /// The core that clients are bound to.
    #[arg(long, default_value_t = 0)]
    client_core: usize,
    /// The core that the server is bound to.
    #[arg(long, default_value_t = 1)]
    server_core: usize,
}

pub(crate) fn measure(arguments: &Arguments) -> Result<()> {
    let clients = [("polyport", "compare-polyport-client")];
    let mut table = Table::new(&[
        "client",
        "bytes",
        "CPU us/call",
        "calls/CPU second",
        "calls/s",
    ]);
    for size in &arguments.sizes {
        for (name, program) in clients {
            let mut cpu = Series::default();
            let mut per_second = Series::default();
            let mut throughput = Series::default();
            for round in 0..arguments.rounds {
                eprintln!("{size} bytes, round {}: {name}", round + 1);
                let (calls, busy, elapsed) =
                    measure_one(arguments, program, *size).context(name)?;
                cpu.push(busy.as_secs_f64() * 1e6 / calls);
                per_second.push(calls / busy.as_secs_f64());
                throughput.push(calls / elapsed.as_secs_f64());
            }
            table.row(vec![
                name.to_owned(),
                size.to_string(),
                cpu.show(Best::Lowest, 2),
                per_second.show(Best::Highest, 0),
                throughput.show(Best::Highest, 0),
            ]);
        }
    }
    println!(
        "\n{} tasks; the best of all rounds (and the worst):\n\n{table}",
        arguments.tasks
    );
    Ok(())
}

/// Calls, CPU time and time of one round.
fn measure_one(
    arguments: &Arguments,
    program: &str,
    size: usize,
) -> Result<(f64, Duration, Duration)> {
    let server = [beside("compare-polyport")?, "2".to_owned()];
    let mut server = Process::start(&server, arguments.server_core)?;
    let address = server.address()?.to_string();
    let command = [
        beside(program)?,
        address,
        arguments.tasks.to_string(),
        size.to_string(),
    ];
    let mut client = Process::start(&command, arguments.client_core)?;
    call_for(&mut client, arguments.warm_up)?;
    let before = client.cpu_time()?;
    let start = Instant::now();
    let calls = call_for(&mut client, arguments.seconds)?;
    let elapsed = start.elapsed();
    Ok((calls, client.cpu_time()? - before, elapsed))
}

/// A client is told how long it shall call, and says how many calls it has made.
fn call_for(client: &mut Process, seconds: f64) -> Result<f64> {
    client.write_line(&seconds.to_string())?;
    let line = client.read_line()?;
    line.parse()
        .with_context(|| format!("the client said {line:?} instead of a number"))
}
