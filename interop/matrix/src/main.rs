//! The live matrix: Polyport's peer program on one side, a real program of another implementation
//! on the other, over every transport, with and without the service's name. Each cell compares
//! values.

mod routing;
mod cells;
mod protobuf;
mod unknown;
mod chains;
mod failures;
mod generic;
mod direct;
mod recorded;
mod edges;
mod validated;
mod stop;
mod thrifttest;
mod grpc_test_set;
mod grpcurl;
mod reflected;
mod command;
mod called;
mod load;
mod types_cells;
mod deadlines;
mod expect;
mod peers;
mod relay;
mod ports;
mod time_limit;
mod implementations;
mod report;
mod heard;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::thread;

use clap::{Parser, ValueEnum};

use crate::grpc_test_set::GrpcGo;
use crate::implementations::Implementation;
use crate::peers::Peer;
use crate::report::Report;
use crate::thrifttest::Apache;

/// Each program is a path, and further arguments where it is a script.
#[derive(Debug, Parser)]
#[command(about)]
struct Args {
    /// The program of interop/peer
    #[arg(long, num_args = 1.., required = true)]
    polyport: Vec<PathBuf>,
    /// The program of interop/kitex
    #[arg(long, num_args = 1..)]
    kitex: Vec<PathBuf>,
    /// The client of interop/kitex-old
    #[arg(long, num_args = 1..)]
    kitex_old: Vec<PathBuf>,
    /// The client and server of interop/python with thriftpy2
    #[arg(long, num_args = 1..)]
    thriftpy2: Vec<PathBuf>,
    /// The client of interop/python with Apache Thrift
    #[arg(long, num_args = 1..)]
    apache_python: Vec<PathBuf>,
    /// The client of interop/node with Apache Thrift
    #[arg(long, num_args = 1..)]
    apache_node: Vec<PathBuf>,
    /// The program of interop/volo
    #[arg(long, num_args = 1..)]
    volo: Vec<PathBuf>,
    /// The program of interop/grpc-go
    #[arg(long, num_args = 1..)]
    grpc_go: Vec<PathBuf>,
    /// The client and server of interop/python with grpcio
    #[arg(long, num_args = 1..)]
    grpc_python: Vec<PathBuf>,
    /// The client and server of interop/node with grpc-js
    #[arg(long, num_args = 1..)]
    grpc_node: Vec<PathBuf>,
    /// The program of interop/tonic
    #[arg(long, num_args = 1..)]
    grpc_tonic: Vec<PathBuf>,
    /// The program of interop/thrifttest
    #[arg(long, num_args = 1.., requires = "apache_thrifttest")]
    thrifttest: Vec<PathBuf>,
    /// A Python with Apache Thrift, the fetched cross test, and the code generated for it
    #[arg(long, num_args = 3, value_names = ["PYTHON", "TESTS", "GENERATED"])]
    apache_thrifttest: Vec<PathBuf>,
    /// The program of interop/grpc, and grpc-go's client and server of the same test
    #[arg(long, num_args = 3, value_names = ["OURS", "CLIENT", "SERVER"])]
    grpc_test: Vec<PathBuf>,
    /// The example of a proxy, to stand between programs
    #[arg(long)]
    proxy: Option<PathBuf>,
    /// grpcurl, which calls by reflection
    #[arg(long)]
    grpcurl: Option<PathBuf>,
    /// The `polyport` command, which asks by reflection, calls and puts load on servers
    #[arg(long)]
    command: Option<PathBuf>,
    /// Leave out all but these groups of cells
    #[arg(long)]
    only: Vec<Group>,
}

/// What cells have in common, beside the two programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Group {
    /// Every method and type over every transport
    Calls,
    /// Kitex Protobuf, gRPC and streams
    Protobuf,
    /// Names, fallbacks and refusals
    Routing,
    /// Large messages and many at once
    Direct,
    /// Payloads with a checksum
    Validated,
    /// Conversations of earlier days
    Recorded,
    /// Bytes that nobody sends
    Edges,
    /// A graceful stop under load
    Stop,
    /// What no service has, answered by one handler
    Unknown,
    /// Both ends behind the proxy
    Proxied,
    /// A server that calls another one
    Chains,
    /// What fails, and how callers are told
    Failures,
    /// Calls without generated code
    Generic,
}

impl Args {
    /// Apache's cross test, if it is given.
    fn apache(&self) -> Option<Apache> {
        let [python, tests, generated] = self.apache_thrifttest.as_slice() else {
            return None;
        };
        Some(Apache {
            python: python.clone(),
            tests: tests.clone(),
            generated: generated.clone(),
        })
    }

    fn has(&self, group: Group) -> bool {
        self.only.is_empty() || self.only.contains(&group)
    }

    /// The peers that were given.
    fn others(&self) -> Vec<Peer> {
        let all = [
            (Implementation::Kitex, &self.kitex),
            (Implementation::KitexOld, &self.kitex_old),
            (Implementation::Thriftpy2, &self.thriftpy2),
            (Implementation::ApachePython, &self.apache_python),
            (Implementation::ApacheNode, &self.apache_node),
            (Implementation::Volo, &self.volo),
            (Implementation::GrpcGo, &self.grpc_go),
            (Implementation::GrpcPython, &self.grpc_python),
            (Implementation::GrpcNode, &self.grpc_node),
            (Implementation::Tonic, &self.grpc_tonic),
        ];
        let given = all.into_iter().filter(|(_, program)| !program.is_empty());
        given
            .map(|(implementation, program)| Peer::new(implementation, program.clone()))
            .collect()
    }
}

fn main() -> ExitCode {
    let args = Args::parse();
    let polyport = Peer::new(Implementation::Polyport, args.polyport.clone());
    let others = args.others();
    let mut report = Report::of(polyport.name(), |report| {
        routing::refused_at_start(&polyport, report);
        if args.has(Group::Recorded) {
            recorded::run(&polyport, report);
        }
    });
    let apache = args.apache();
    let jobs = jobs(&args, &polyport, &others, apache.as_ref());
    thread::scope(|scope| {
        let running: Vec<_> = jobs
            .into_iter()
            .map(|(name, job)| scope.spawn(move || Report::of(name, job)))
            .collect();
        for job in running {
            let seen = job.join();
            report.merge(seen.unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        }
    });
    report.print();
    if report.failed() > 0 {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    }
}

/// Cells that one thread compares.
type Job<'a> = Box<dyn FnOnce(&mut Report) + Send + 'a>;

/// What is compared at once, and by what name it is told that one of them did not run to its end.
fn jobs<'a>(
    args: &'a Args,
    polyport: &'a Peer,
    others: &'a [Peer],
    apache: Option<&'a Apache>,
) -> Vec<(&'static str, Job<'a>)> {
    let mut jobs: Vec<(&str, Job<'a>)> = Vec::new();
    for other in others {
        let all = move |report: &mut Report| all_of(args, polyport, other, report);
        jobs.push((other.name(), Box::new(all)));
        if other.implementation == Implementation::Kitex {
            let more = move |report: &mut Report| more_of_kitex(args, polyport, other, report);
            jobs.push((other.name(), Box::new(more)));
        }
    }
    if let Some(apache) = apache {
        let test = |report: &mut Report| thrifttest::run(args.thrifttest.clone(), apache, report);
        jobs.push(("cross test", Box::new(test)));
    }
    if let [ours, client, server] = args.grpc_test.as_slice() {
        let (ours, client, server) = (vec![ours.clone()], client.clone(), server.clone());
        let test = |report: &mut Report| {
            grpc_test_set::run(ours, &GrpcGo { client, server }, report);
        };
        jobs.push(("gRPC's own test", Box::new(test)));
    }
    if let Some(program) = &args.grpcurl {
        let asked = |report: &mut Report| grpcurl::run(program, polyport, report);
        jobs.push(("grpcurl", Box::new(asked)));
    }
    if let Some(program) = &args.command {
        let asked = |report: &mut Report| asked_by(program, polyport, others, report);
        jobs.push(("command", Box::new(asked)));
    }
    jobs
}

/// What one implementation takes part in.
fn all_of(args: &Args, polyport: &Peer, other: &Peer, report: &mut Report) {
    let is_kitex = other.implementation == Implementation::Kitex;
    if args.has(Group::Protobuf) && !other.implementation.newer_transports().is_empty() {
        protobuf::run(other, polyport, report);
        protobuf::run(polyport, other, report);
    }
    if args.has(Group::Unknown) {
        unknown::run(other, polyport, report);
    }
    if other.implementation == Implementation::GrpcGo && args.has(Group::Stop) {
        stop::run_grpc(other, polyport, report);
    }
    if other.implementation == Implementation::GrpcPython && args.has(Group::Protobuf) {
        reflected::run(other, polyport, report);
    }
    if other.implementation.transports().is_empty() {
        return;
    }
    if args.has(Group::Calls) {
        cells::run(other, polyport, report);
        if other.implementation.serves() {
            cells::run(polyport, other, report);
        }
    }
    if args.has(Group::Routing) {
        routing::run(other, polyport, report);
        if is_kitex {
            routing::run(polyport, other, report);
            routing::refused_at_start(other, report);
        }
    }
    if is_kitex && args.has(Group::Direct) {
        direct::run(other, report);
    }
    if is_kitex && args.has(Group::Stop) {
        stop::run(other, polyport, report);
    }
    if is_kitex && args.has(Group::Validated) {
        validated::run(other, polyport, report);
        validated::run(polyport, other, report);
    }
    if is_kitex && args.has(Group::Recorded) {
        recorded::run(other, report);
    }
    if is_kitex && args.has(Group::Edges) {
        edges::run(other, polyport, report);
    }
}

/// What Kitex takes part in beside that: it has as much to do again, and two can do it at once.
fn more_of_kitex(args: &Args, polyport: &Peer, kitex: &Peer, report: &mut Report) {
    if args.has(Group::Chains) {
        chains::run(kitex, polyport, report);
        chains::run(polyport, kitex, report);
    }
    if args.has(Group::Failures) {
        failures::run(kitex, polyport, report);
        failures::run(polyport, kitex, report);
    }
    if args.has(Group::Generic) {
        generic::run(kitex, polyport, report);
        generic::run_ours(kitex, report);
    }
    if let Some(proxy) = &args.proxy
        && args.has(Group::Proxied)
    {
        let behind = kitex.behind(proxy.clone(), "proxy -> kitex");
        cells::run(kitex, &behind, report);
        protobuf::run(kitex, &behind, report);
    }
}

/// What servers tell and answer the command, and how Kitex's bears its load.
fn asked_by(command: &Path, polyport: &Peer, others: &[Peer], report: &mut Report) {
    command::run_ours(command, polyport, report);
    for other in others {
        match other.implementation {
            Implementation::GrpcGo => {
                command::run(command, other, report);
                called::run_grpc_go(command, other, report);
            }
            Implementation::Kitex => {
                command::run_without(command, other, report);
                called::run_kitex(command, other, report);
                load::run(command, other, report);
            }
            _ => {}
        }
    }
}
