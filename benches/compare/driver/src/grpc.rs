//! What gRPC costs a server: unary calls, streams, large messages.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use clap::Args;
use mio::{Events, Interest, Poll, Token};

use crate::callgrind::Counts;
use crate::contestant::{Contestant, grpc_servers};
use crate::http2::{Connection, Plan, Shape};
use crate::process::{self, Process};
use crate::summary::{Best, Series, Table};
use crate::timing::Timing;

#[derive(Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    timing: Timing,
    /// Loads to measure instead of all, by their names in the tables.
    #[arg(long, value_delimiter = ',')]
    loads: Vec<String>,
    /// Servers to measure instead of all, by their names in the tables.
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// Counts instructions by callgrind instead, of the servers in Rust.
    #[arg(long)]
    instructions: bool,
    /// The core that servers are bound to; this program should be bound to another.
    #[arg(long, default_value_t = 0)]
    server_core: usize,
}

/// A load that every server gets.
struct Work {
    name: &'static str,
    method: &'static str,
    connections: usize,
    streams: usize,
    size: usize,
    shape: Shape,
    /// Messages that are enough for counting instructions.
    enough: u64,
}

const fn work(name: &'static str, connections: usize, streams: usize, size: usize) -> Work {
    Work {
        name,
        method: "Echo",
        connections,
        streams,
        size,
        shape: Shape::Unary,
        enough: 4000,
    }
}

const WORKS: [Work; 7] = [
    work("unary-64", 10, 10, 64),
    work("unary-1k", 10, 10, 1024),
    work("shared-64", 1, 100, 64),
    work("shared-1k", 1, 100, 1024),
    Work {
        method: "Repeat",
        shape: Shape::Answers,
        enough: 100_000,
        ..work("answers-64", 10, 1, 64)
    },
    Work {
        method: "Chat",
        shape: Shape::Both { depth: 16 },
        enough: 40_000,
        ..work("both-64", 10, 1, 64)
    },
    Work {
        enough: 50,
        ..work("unary-1m", 4, 1, 1 << 20)
    },
];

pub(crate) fn measure(arguments: &Arguments) -> Result<()> {
    for work in &WORKS {
        let wanted = &arguments.loads;
        if !wanted.is_empty() && !wanted.iter().any(|wanted| wanted == work.name) {
            continue;
        }
        if arguments.instructions {
            count(arguments, work)?;
        } else {
            time(arguments, work)?;
        }
    }
    Ok(())
}

#[derive(Default)]
struct Results {
    cpu: Series,
    per_second: Series,
    throughput: Series,
    memory: Series,
}

fn time(arguments: &Arguments, work: &Work) -> Result<()> {
    let contestants = grpc_servers(&arguments.only)?;
    let mut results: Vec<Results> = Vec::new();
    results.resize_with(contestants.len(), Results::default);
    for round in 0..arguments.timing.rounds {
        for (contestant, results) in contestants.iter().zip(&mut results) {
            eprintln!("{}, round {}: {}", work.name, round + 1, contestant.name);
            measure_one(arguments, work, contestant, results).context(contestant.name)?;
        }
    }
    let mut table = Table::new(&[
        "server",
        "CPU us/message",
        "ratio",
        "messages/CPU second",
        "messages/s",
        "memory MiB",
    ]);
    let first = results[0].cpu.best(Best::Lowest);
    for (contestant, results) in contestants.iter().zip(&results) {
        table.row(vec![
            contestant.name.to_owned(),
            results.cpu.show(Best::Lowest, 2),
            format!("{:.2}", results.cpu.best(Best::Lowest) / first),
            results.per_second.show(Best::Highest, 0),
            results.throughput.show(Best::Highest, 0),
            results.memory.show(Best::Lowest, 1),
        ]);
    }
    println!("\n{work}; the best of all rounds (and the worst):\n\n{table}");
    Ok(())
}

fn measure_one(
    arguments: &Arguments,
    work: &Work,
    contestant: &Contestant,
    results: &mut Results,
) -> Result<()> {
    let mut server = Process::start(&contestant.command, arguments.server_core)?;
    let mut load = Load::connect(server.address()?, work)?;
    load.run(|_, elapsed| elapsed.as_secs_f64() >= arguments.timing.warm_up)?;
    let before = server.cpu_time()?;
    let start = Instant::now();
    let messages = load.run(|_, elapsed| elapsed.as_secs_f64() >= arguments.timing.seconds)? as f64;
    let elapsed = start.elapsed();
    let cpu = (server.cpu_time()? - before).as_secs_f64();
    results.cpu.push(cpu * 1e6 / messages);
    results.per_second.push(messages / cpu);
    results.throughput.push(messages / elapsed.as_secs_f64());
    results.memory.push(server.peak_memory()? as f64 / 1024.0);
    Ok(())
}

fn count(arguments: &Arguments, work: &Work) -> Result<()> {
    ensure!(process::exists("valgrind"), "this needs valgrind");
    let mut table = Table::new(&[
        "server",
        "instructions/message",
        "ratio",
        "allocations/message",
    ]);
    let mut first = None;
    for contestant in grpc_servers(&arguments.only)? {
        if !contestant.ends_by_itself {
            continue;
        }
        let command = [&contestant.command[..], &["--one-thread".to_owned()]].concat();
        let counted = |messages: u64| {
            Counts::of(&command, arguments.server_core, |address| {
                let mut load = Load::connect(address, work)?;
                load.run(|arrived, _| arrived >= messages)
            })
        };
        // What starting, connecting and stopping take is the same in both, and so goes away.
        let (few, fewer) = counted(work.enough / 10)?;
        let (many, more) = counted(work.enough)?;
        let messages = (more - fewer) as f64;
        let instructions = (many.instructions - few.instructions) as f64 / messages;
        let allocations = (many.allocations - few.allocations) as f64 / messages;
        table.row(vec![
            contestant.name.to_owned(),
            format!("{instructions:.0}"),
            format!("{:.2}", instructions / *first.get_or_insert(instructions)),
            format!("{allocations:.1}"),
        ]);
    }
    println!("\n{work}, outside of the kernel:\n\n{table}");
    Ok(())
}

/// Connections with calls under way.
struct Load {
    poll: Poll,
    events: Events,
    connections: Vec<Connection>,
    scratch: Vec<u8>,
}

impl Load {
    fn connect(address: SocketAddr, work: &Work) -> Result<Self> {
        let poll = Poll::new()?;
        let mut connections = Vec::with_capacity(work.connections);
        for index in 0..work.connections {
            let service = ["Left", "Right"][index % 2];
            let plan = Plan {
                path: format!("/bench.{service}/{}", work.method),
                size: work.size,
                streams: work.streams,
                shape: work.shape,
            };
            let mut connection = Connection::open(address, &plan)?;
            let interest = Interest::READABLE | Interest::WRITABLE;
            poll.registry()
                .register(&mut connection.socket, Token(index), interest)?;
            connection.begin()?;
            connections.push(connection);
        }
        Ok(Self {
            poll,
            events: Events::with_capacity(1024),
            connections,
            scratch: vec![0; 256 * 1024],
        })
    }

    /// Goes on until it is enough, by messages and time; says how many messages have arrived.
    fn run(&mut self, is_enough: impl Fn(u64, Duration) -> bool) -> Result<u64> {
        let start = Instant::now();
        let before = self.messages();
        while !is_enough(self.messages() - before, start.elapsed()) {
            self.poll
                .poll(&mut self.events, Some(Duration::from_secs(10)))?;
            ensure!(!self.events.is_empty(), "the server answers no more");
            for event in &self.events {
                self.connections[event.token().0].turn(&mut self.scratch)?;
            }
        }
        Ok(self.messages() - before)
    }

    fn messages(&self) -> u64 {
        self.connections
            .iter()
            .map(|connection| connection.messages)
            .sum()
    }
}

impl std::fmt::Display for Work {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{}: {} connections with {} streams, {} bytes",
            self.name, self.connections, self.streams, self.size
        )
    }
}
