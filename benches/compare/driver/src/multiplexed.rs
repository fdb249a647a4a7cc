//! What a call costs a server when all calls share one connection, beside one call at a time on each
//! of many connections.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use clap::Args;

use crate::contestant::{Contestant, servers};
use crate::load::{Load, Shape};
use crate::process::Process;
use crate::request;
use crate::summary::{Best, Series, Table};
use crate::timing::Timing;

#[derive(Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    timing: Timing,
    /// How many calls are in flight on the one connection, and how many connections the others are.
    #[arg(long, default_value_t = 100)]
    calls: usize,
    /// Bytes of the message in a request and in its reply.
    #[arg(long, value_delimiter = ',', default_values_t = [64, 1024])]
    sizes: Vec<usize>,
    /// Servers to measure instead of all.
    #[arg(long, value_delimiter = ',', default_values = ["floor", "polyport", "kitex", "kitex-mux"])]
    only: Vec<String>,
    /// The core that servers are bound to; this program should be bound to another.
    #[arg(long, default_value_t = 0)]
    server_core: usize,
}

/// CPU microseconds per call.
#[derive(Default)]
struct Results {
    apart: Series,
    shared: Series,
}

pub(crate) fn measure(arguments: &Arguments) -> Result<()> {
    let contestants = servers(&arguments.only)?;
    for size in &arguments.sizes {
        let mut results: Vec<Results> = Vec::new();
        results.resize_with(contestants.len(), Results::default);
        for round in 0..arguments.timing.rounds {
            for (contestant, results) in contestants.iter().zip(&mut results) {
                eprintln!("{size} bytes, round {}: {}", round + 1, contestant.name);
                measure_one(arguments, *size, contestant, results)
                    .with_context(|| contestant.name)?;
            }
        }
        print(arguments, *size, &contestants, &results);
    }
    Ok(())
}

fn measure_one(
    arguments: &Arguments,
    size: usize,
    contestant: &Contestant,
    results: &mut Results,
) -> Result<()> {
    let warm_up = Duration::from_secs_f64(arguments.timing.warm_up);
    let time = Duration::from_secs_f64(arguments.timing.seconds);
    if contestant.serves_apart {
        let mut server = Process::start(&contestant.command, arguments.server_core)?;
        let shape = Shape {
            services: &contestant.services,
            connections: arguments.calls,
            size,
            echoes_frames: contestant.echoes_frames,
        };
        let mut load = Load::connect(server.address()?, shape)?;
        load.begin()?;
        load.run(warm_up)?;
        let before = server.cpu_time()?;
        let replies = load.run(time)?.replies;
        let busy = server.cpu_time()? - before;
        results
            .apart
            .push(busy.as_secs_f64() * 1e6 / replies as f64);
    }
    let mut server = Process::start(&contestant.command, arguments.server_core)?;
    let mut connection = Shared::connect(server.address()?, contestant, arguments.calls, size)?;
    connection.run(warm_up)?;
    let before = server.cpu_time()?;
    let replies = connection.run(time)?;
    let busy = server.cpu_time()? - before;
    results
        .shared
        .push(busy.as_secs_f64() * 1e6 / replies as f64);
    Ok(())
}

/// One connection with many calls in flight.
struct Shared {
    stream: TcpStream,
    request: Vec<u8>,
    /// What has arrived and is no whole reply yet.
    input: Vec<u8>,
    output: Vec<u8>,
}

impl Shared {
    /// Connects and sends as many requests as shall be in flight.
    fn connect(
        address: SocketAddr,
        contestant: &Contestant,
        calls: usize,
        size: usize,
    ) -> Result<Self> {
        let mut stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_secs(10)))?;
        let message = "x".repeat(size);
        let request = request::encode_flagged(&contestant.services[0], &message)?;
        stream.write_all(&request)?;
        let mut length = [0; 4];
        stream.read_exact(&mut length)?;
        let mut reply = vec![0; 4 + u32::from_be_bytes(length) as usize];
        reply[..4].copy_from_slice(&length);
        stream.read_exact(&mut reply[4..])?;
        ensure!(
            contestant.echoes_frames || request::decode_reply(&reply)? == message,
            "the message comes back changed"
        );
        let mut shared = Self {
            stream,
            request,
            input: Vec::new(),
            output: Vec::new(),
        };
        for sequence in 1..=i32::try_from(calls)? {
            shared.push(sequence.to_be_bytes());
        }
        shared.stream.write_all(&shared.output)?;
        Ok(shared)
    }

    fn push(&mut self, sequence: [u8; 4]) {
        let start = self.output.len();
        self.output.extend_from_slice(&self.request);
        self.output[start + 8..start + 12].copy_from_slice(&sequence);
    }

    /// Answers every reply by another request of its number for about `time`; the number of replies.
    fn run(&mut self, time: Duration) -> Result<u64> {
        let start = Instant::now();
        let mut scratch = [0; 64 * 1024];
        let mut replies = 0;
        while start.elapsed() < time {
            let read = self.stream.read(&mut scratch)?;
            ensure!(read > 0, "the server closed the connection");
            self.input.extend_from_slice(&scratch[..read]);
            self.output.clear();
            replies += self.answer();
            self.stream.write_all(&self.output)?;
        }
        Ok(replies)
    }

    fn answer(&mut self) -> u64 {
        let mut replies = 0;
        let mut end = 0;
        while let Some(&[a, b, c, d, _, _, _, _, e, f, g, h]) = self.input[end..].first_chunk() {
            let frame = 4 + u32::from_be_bytes([a, b, c, d]) as usize;
            if self.input.len() - end < frame {
                break;
            }
            end += frame;
            replies += 1;
            self.push([e, f, g, h]);
        }
        self.input.drain(..end);
        replies
    }
}

fn print(arguments: &Arguments, size: usize, contestants: &[Contestant], results: &[Results]) {
    let mut table = Table::new(&[
        "server",
        "many connections, CPU us/call",
        "one connection, CPU us/call",
        "calls per CPU second, one : many",
    ]);
    for (contestant, results) in contestants.iter().zip(results) {
        let apart = contestant.serves_apart;
        let [many, ratio] = if apart {
            let ratio = results.apart.best(Best::Lowest) / results.shared.best(Best::Lowest);
            [results.apart.show(Best::Lowest, 2), format!("{ratio:.2}")]
        } else {
            ["".to_owned(), "".to_owned()]
        };
        let one = results.shared.show(Best::Lowest, 2);
        table.row(vec![contestant.name.to_owned(), many, one, ratio]);
    }
    println!(
        "\n{size} bytes, {} calls at a time; the best of all rounds (and the worst):\n\n{table}",
        arguments.calls
    );
}
