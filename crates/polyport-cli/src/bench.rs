//! `polyport bench`

mod load;
mod summary;
mod progress;
mod subject;
mod schedule;
mod tally;
mod distribution;
mod histogram;
mod quantity;

use std::fs::File;
use std::future::pending;
use std::io::{BufWriter, stdout};
use std::path::Path;
use std::process::ExitCode;
use std::thread::available_parallelism;
use std::time::Duration;

use bytes::Bytes;
use polyport::generic::Method;
use polyport::{CallKind, Transport};
use tokio::runtime::Builder;
use tokio::signal::ctrl_c;

use crate::args::{BenchArgs, TransportName};
use crate::bench::load::{Callers, Outcome};
use crate::bench::schedule::{Plan, Rate};
use crate::bench::subject::{Subject, one_connection};
use crate::bench::summary::Run;
use crate::failure::Failure;
use crate::requests::Requests;
use crate::target::{Target, fit};
use crate::terminal::Colors;

/// How long the calls go on if nothing else ends them.
const TIME: Duration = Duration::from_secs(10);

/// How long they may go on until there are as many as was asked for.
const TIME_FOR_CALLS: Duration = Duration::from_secs(600);

/// How long one may take unless the user says so: nothing here may hang.
const TIMEOUT: Duration = Duration::from_secs(10);

pub(crate) fn run(args: &BenchArgs) -> Result<ExitCode, Failure> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let (run, outcome) = runtime.block_on(measure(args))?;
    if let Some(path) = &args.histogram {
        write_histogram(path, &outcome)?;
    }
    match args.json {
        true => summary::print_json(&run, &outcome)?,
        false => {
            let out = BufWriter::new(stdout().lock());
            summary::print_text(&run, &outcome, Colors::on(&stdout()), out)?;
        }
    }
    let is_well = outcome.tally.answered() > 0 && outcome.tally.failed() == 0;
    Ok(match is_well {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}

async fn measure(args: &BenchArgs) -> Result<(Run, Outcome), Failure> {
    let requests = Requests::given(&args.data)?;
    let target = Target::find(&args.target, &args.method).await?;
    let callers = callers(args, target.transport())?;
    let mut options = target
        .options(&args.target.address)
        .connections(one_connection(callers.in_flight));
    if args.target.timeout.is_none() {
        options = options.timeout(TIMEOUT);
    }
    let requests = encoded(target.method(), requests).await?;
    let info = target.method().info();
    let run = Run {
        address: args.target.address.clone(),
        service: target.full_name(),
        method: info.method.clone(),
        transport: TransportName::of(target.transport()),
        codec: info.codec.to_string(),
        requests: requests.len(),
        request_bytes: requests.iter().map(Bytes::len).sum(),
        callers,
        rate: args.rate,
        streams: info.kind.is_streaming(),
    };
    let messages = match info.kind {
        CallKind::ClientStream | CallKind::Bidirectional => args.messages,
        _ => 1,
    };
    let subject = Subject::new(target, options, (requests, messages));
    let interrupt = async {
        if ctrl_c().await.is_err() {
            pending().await
        }
    };
    let plan = (args.warm_up, plan(args));
    let outcome = load::put(&subject, callers, plan, interrupt).await?;
    Ok((run, outcome))
}

fn write_histogram(path: &Path, outcome: &Outcome) -> Result<(), Failure> {
    let problem = |error| format!("cannot write `{}`: {error}", path.display());
    File::create(path)
        .and_then(|file| distribution::write(&outcome.tally.latencies, BufWriter::new(file)))
        .map_err(|error| Failure::Other(problem(error)))
}

fn callers(args: &BenchArgs, transport: Transport) -> Result<Callers, Failure> {
    let takes_many = transport.has_header() || transport == Transport::Grpc;
    if args.in_flight > 1 && !takes_many {
        let problem = "over Buffered and Framed, a connection has one call at a time: instead of \
                       `--in-flight`, use more `--connections`";
        return Err(Failure::Usage(problem.to_owned()));
    }
    let number = |value| usize::try_from(value).unwrap_or(usize::MAX);
    let connections = number(args.connections);
    let threads = match args.threads {
        Some(threads) => number(threads),
        None => available_parallelism().map_or(1, Into::into),
    };
    Ok(Callers {
        threads: threads.min(connections),
        connections,
        in_flight: number(args.in_flight),
    })
}

fn plan(args: &BenchArgs) -> Plan {
    let most = match args.calls {
        Some(_) => TIME_FOR_CALLS,
        None => TIME,
    };
    Plan {
        calls: args.calls.unwrap_or(u64::MAX),
        time: args.time.unwrap_or(most),
        rate: args.rate.and_then(Rate::per_second),
    }
}

/// Every request as it is on the wire.
async fn encoded(method: &Method, requests: Requests) -> Result<Vec<Bytes>, Failure> {
    let requests = requests.all().await?;
    requests
        .iter()
        .map(|request| fit(method, request))
        .collect()
}
