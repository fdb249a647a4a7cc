//! What is typed for `polyport bench`.

use std::path::PathBuf;
use std::time::Duration;

use clap::builder::RangedU64ValueParser;
use clap::value_parser;

use crate::args::{TargetArgs, duration};

/// Calls a method of a server again and again, and says how fast it answers.
///
/// Each request is made into its bytes once, and answers are only looked at as far as it takes to tell
/// results from errors: what is measured is the server, the way to it, and what this program needs
/// to send and receive, not JSON. A latency is the time from when a call should begin to when its
/// answer is there; at a `--rate` that is a fixed moment, so that calls which have to wait for slow
/// ones before them count with their waiting. Latencies of calls that fail are not counted.
///
/// Ctrl-C ends the run, and says what came of it until then.
#[derive(Debug, clap::Args)]
#[command(after_long_help = BENCH_EXAMPLES)]
pub(crate) struct BenchArgs {
    #[command(flatten)]
    pub(crate) target: TargetArgs,

    /// The method: `SERVICE/METHOD`, or `METHOD` if one service has it.
    #[arg(value_name = "METHOD")]
    pub(crate) method: String,

    /// The request as JSON, `@FILE` for what is in a file, or `-` for the standard input; `{}` without
    /// any.
    ///
    /// They are the requests that `polyport call` takes. If there are several, one behind the other or
    /// each by a `-d` of its own, calls take them in turn, and so do the `--messages` of a method that
    /// takes a stream. All are read and checked before the first call.
    #[arg(short, long = "data", value_name = "JSON")]
    pub(crate) data: Vec<String>,

    /// How many connections are used.
    #[arg(short, long, value_name = "N", default_value_t = 10, value_parser = count(100_000))]
    pub(crate) connections: u64,

    /// How many calls are made at the same time on each connection.
    ///
    /// Over gRPC each has a stream. Over TTHeader, more than one means that requests are flagged as
    /// those of Kitex's multiplexing clients are; Buffered and Framed carry one at a time.
    #[arg(short = 'm', long, value_name = "N", default_value_t = 1, value_parser = count(1024))]
    pub(crate) in_flight: u64,

    /// End after so many calls.
    #[arg(short = 'n', long, value_name = "N", value_parser = count(u64::MAX))]
    pub(crate) calls: Option<u64>,

    /// End after so much time; 10s without `--calls`, at most 10m with it.
    ///
    /// Calls under way at the end are waited for, as long as `--timeout` lets them: 10s without it.
    #[arg(short = 'z', long, value_name = "DURATION", value_parser = duration::parse)]
    pub(crate) time: Option<Duration>,

    /// Begin so many calls a second on all connections together, however slow the answers are.
    ///
    /// Without this, a call begins when the one before it is answered. Calls that are due while all
    /// connections are busy begin as soon as one is not, late: use as many connections, or calls at
    /// a time, as may be under way at this rate.
    #[arg(short, long, value_name = "N", value_parser = rate)]
    pub(crate) rate: Option<f64>,

    /// Call for so long before anything is counted.
    #[arg(short, long, value_name = "DURATION", value_parser = duration::parse)]
    pub(crate) warm_up: Option<Duration>,

    /// How many threads make the calls; without this, as many as there are processors.
    #[arg(short, long, value_name = "N", value_parser = count(1024))]
    pub(crate) threads: Option<u64>,

    /// How many messages a call of a method that takes a stream sends.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = count(u64::MAX))]
    pub(crate) messages: u64,

    /// Write the latencies as HdrHistogram's programs do, in microseconds: its plotter draws such files.
    #[arg(long, value_name = "FILE")]
    pub(crate) histogram: Option<PathBuf>,

    /// Print one JSON object.
    #[arg(long)]
    pub(crate) json: bool,
}

fn count(most: u64) -> RangedU64ValueParser {
    value_parser!(u64).range(1..=most)
}

fn rate(text: &str) -> Result<f64, String> {
    let rate = text.parse().ok();
    rate.filter(|rate| (0.001..=1e9).contains(rate))
        .ok_or_else(|| "expected calls a second, from 0.001 to 1000000000".to_owned())
}

const BENCH_EXAMPLES: &str = "\
Examples:
  Ten seconds on 50 connections, as fast as the server answers:
    polyport bench 127.0.0.1:8888 ServiceB/sameNamedMethod -c 50 \\
        --idl idl/demo.thrift -d '{\"req\": {\"message\": \"hi\"}}'

  How long answers take at 2000 calls a second, as JSON:
    polyport bench 127.0.0.1:8888 ServiceB/sameNamedMethod --rate 2000 -c 50 -z 1m --json \\
        --idl idl/demo.thrift -d @request.json

  gRPC with 100 calls at a time on one connection, by the server's reflection:
    polyport bench 127.0.0.1:8888 demo.v1.Greeter/Greet -c 1 -m 100 -n 1000000 -d '{\"name\": \"you\"}'

Exit status:
  0  every call was answered
  1  calls failed or none was made, or there is no connection
  2  the command was called in a wrong way; nothing was sent";
