//! `polyport bench`

mod load;
mod summary;
mod progress;
mod subject;
mod schedule;
mod tally;
mod histogram;
mod quantity;

use std::fs;
use std::future::pending;
use std::io::{BufWriter, stdout};
use std::process::ExitCode;
use std::thread::available_parallelism;
use std::time::Duration;

use polyport::{CallKind, Transport};
use serde_json::Value;
use tokio::runtime::Builder;
use tokio::signal::ctrl_c;

use crate::args::{BenchArgs, TransportName};
use crate::bench::load::{Callers, Outcome};
use crate::bench::schedule::{Plan, Rate};
use crate::bench::subject::{Subject, one_connection};
use crate::bench::summary::Run;
use crate::failure::Failure;
use crate::target::Target;
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
    let out = BufWriter::new(stdout().lock());
    match args.json {
        true => summary::print_json(&run, &outcome, out)?,
        false => summary::print_text(&run, &outcome, Colors::on(&stdout()), out)?,
    }
    let is_well = outcome.tally.answered() > 0 && outcome.tally.failed() == 0;
    Ok(match is_well {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}

async fn measure(args: &BenchArgs) -> Result<(Run, Outcome), Failure> {
    let target = Target::find(&args.target, &args.method).await?;
    let callers = callers(args, target.transport())?;
    let mut options = target
        .options(&args.target.address)
        .connections(one_connection(callers.in_flight));
    if args.target.timeout.is_none() {
        options = options.timeout(TIMEOUT);
    }
    let method = target.method();
    let request = method.encode_arguments(&data(&args.data)?);
    let request = request.map_err(|error| Failure::Usage(error.to_string()))?;
    let info = method.info();
    let run = Run {
        address: args.target.address.clone(),
        service: info.service.clone(),
        method: info.method.clone(),
        transport: TransportName::of(target.transport()),
        codec: info.codec.to_string(),
        request_bytes: request.len(),
        callers,
        rate: args.rate,
        streams: info.kind.is_streaming(),
    };
    let messages = match info.kind {
        CallKind::ClientStream | CallKind::Bidirectional => args.messages,
        _ => 1,
    };
    let subject = Subject::new(target, options, (request, messages));
    let interrupt = async {
        if ctrl_c().await.is_err() {
            pending().await
        }
    };
    let plan = (args.warm_up, plan(args));
    let outcome = load::put(&subject, callers, plan, interrupt).await?;
    Ok((run, outcome))
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

/// The JSON that was given, or that of a file.
fn data(text: &str) -> Result<Value, Failure> {
    let Some(path) = text.strip_prefix('@') else {
        let json = serde_json::from_str(text);
        return json.map_err(|error| Failure::Usage(format!("`--data` is no JSON: {error}")));
    };
    let content =
        fs::read(path).map_err(|error| Failure::Usage(format!("cannot read `{path}`: {error}")))?;
    serde_json::from_slice(&content)
        .map_err(|error| Failure::Usage(format!("`{path}` is no JSON: {error}")))
}
