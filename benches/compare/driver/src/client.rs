//! What a call costs a client; all of them call Polyport's server.

use std::time::Instant;

use anyhow::{Context, Result};
use clap::Args;

use crate::contestant::beside;
use crate::process::{self, Process};
use crate::summary::{Best, Series, Table};
use crate::timing::Timing;

#[derive(Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    timing: Timing,
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
    let clients = CLIENTS
        .into_iter()
        .filter(|client| client.is_built())
        .collect::<Vec<_>>();
    let mut table = Table::new(&[
        "client",
        "bytes",
        "CPU us/call",
        "calls/CPU second",
        "calls/s",
    ]);
    for size in &arguments.sizes {
        let mut results: Vec<Results> = Vec::new();
        results.resize_with(clients.len(), Results::default);
        for round in 0..arguments.timing.rounds {
            for (client, results) in clients.iter().zip(&mut results) {
                eprintln!("{size} bytes, round {}: {}", round + 1, client.name);
                measure_one(arguments, client, *size, results).context(client.name)?;
            }
        }
        for (client, results) in clients.iter().zip(results) {
            table.row(vec![
                client.name.to_owned(),
                size.to_string(),
                results.cpu.show(Best::Lowest, 2),
                results.per_second.show(Best::Highest, 0),
                results.throughput.show(Best::Highest, 0),
            ]);
        }
    }
    println!(
        "\n{} tasks; the best of all rounds (and the worst):\n\n{table}",
        arguments.tasks
    );
    Ok(())
}

/// A client, all of whose tasks call the same server.
struct Client {
    name: &'static str,
    /// The program and what stands before the address in its arguments.
    command: &'static [&'static str],
    /// What stands behind the number of bytes.
    connections: &'static [&'static str],
}

const CLIENTS: [Client; 5] = [
    Client {
        name: "polyport",
        command: &["compare-polyport-client"],
        connections: &["many"],
    },
    Client {
        name: "polyport, multiplexed",
        command: &["compare-polyport-client"],
        connections: &["one"],
    },
    Client {
        name: "volo-thrift",
        command: &["compare-volo-client"],
        connections: &[],
    },
    Client {
        name: "kitex",
        command: &["compare-kitex", "client"],
        connections: &["many"],
    },
    Client {
        name: "kitex, multiplexed",
        command: &["compare-kitex", "client"],
        connections: &["one"],
    },
];

impl Client {
    fn is_built(&self) -> bool {
        beside(self.command[0]).is_ok_and(|path| process::exists(&path))
    }

    fn command(&self, address: String, tasks: usize, size: usize) -> Result<Vec<String>> {
        let owned = |words: &[&str]| words.iter().map(ToString::to_string).collect::<Vec<_>>();
        let mut command = vec![beside(self.command[0])?];
        command.extend(owned(&self.command[1..]));
        command.extend([address, tasks.to_string(), size.to_string()]);
        command.extend(owned(self.connections));
        Ok(command)
    }
}

#[derive(Default)]
struct Results {
    cpu: Series,
    per_second: Series,
    throughput: Series,
}

fn measure_one(
    arguments: &Arguments,
    client: &Client,
    size: usize,
    results: &mut Results,
) -> Result<()> {
    let server = [beside("compare-polyport")?, "2".to_owned()];
    let mut server = Process::start(&server, arguments.server_core)?;
    let address = server.address()?.to_string();
    let command = client.command(address, arguments.tasks, size)?;
    let mut client = Process::start(&command, arguments.client_core)?;
    call_for(&mut client, arguments.timing.warm_up)?;
    let before = client.cpu_time()?;
    let start = Instant::now();
    let calls = call_for(&mut client, arguments.timing.seconds)?;
    let elapsed = start.elapsed();
    let busy = client.cpu_time()? - before;
    results.cpu.push(busy.as_secs_f64() * 1e6 / calls);
    results.per_second.push(calls / busy.as_secs_f64());
    results.throughput.push(calls / elapsed.as_secs_f64());
    Ok(())
}

/// A client is told how long it shall call, and says how many calls it has made.
fn call_for(client: &mut Process, seconds: f64) -> Result<f64> {
    client.write_line(&seconds.to_string())?;
    let line = client.read_line()?;
    line.parse()
        .with_context(|| format!("the client said {line:?} instead of a number"))
}
