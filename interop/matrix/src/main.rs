//! The live matrix: Polyport's peer program on one side, a real Kitex on the other, both ways,
//! over every transport, with and without the service's name. Each cell compares values.

mod cells;
mod direct;
mod expect;
mod peers;
mod types_cells;
mod report;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;

use crate::peers::{Implementation, Peer};
use crate::report::Report;

#[derive(Debug, Parser)]
#[command(about)]
struct Args {
    /// The program of interop/peer
    #[arg(long)]
    polyport: PathBuf,
    /// The program of interop/kitex
    #[arg(long)]
    kitex: PathBuf,
}

fn main() -> ExitCode {
    let args = Args::parse();
    let polyport = Peer::new(Implementation::Polyport, args.polyport);
    let kitex = Peer::new(Implementation::Kitex, args.kitex);
    let mut report = Report::default();
    for (client, server) in [(&kitex, &polyport), (&polyport, &kitex)] {
        cells::run(client, server, &mut report);
    }
    cells::refused_at_start(&polyport, &mut report);
    direct::run(&kitex, &mut report);
    report.print();
    if report.failed() > 0 {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    }
}
