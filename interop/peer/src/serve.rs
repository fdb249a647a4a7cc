//! `serve`: a fixture on a port, until SIGTERM.

use std::error::Error;
use std::io::Write;
use std::time::Duration;

use polyport::validator::Crc32c;
use polyport::{Health, Limits, Server};
use tokio::signal::unix::{SignalKind, signal};

use crate::args::Serve;
use crate::fixtures;
use crate::further::{self, Failing};
use crate::next;
use crate::validators::{Length, ValidatorName};

pub(crate) fn run(serve: &Serve) -> Result<(), Box<dyn Error>> {
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    if let Some(threads) = serve.threads {
        runtime.worker_threads(threads.max(1));
    }
    runtime
        .enable_all()
        .build()?
        .block_on(serve_until_term(serve))
}

async fn serve_until_term(serve: &Serve) -> Result<(), Box<dyn Error>> {
    let listening = server(serve)?.bind(serve.addr.as_str()).await?;
    let mut terminated = signal(SignalKind::terminate())?;
    let mut out = std::io::stdout();
    writeln!(out, "listening on {}", listening.address())?;
    out.flush()?;
    let cut = listening
        .serve_until(async {
            terminated.recv().await;
        })
        .await;
    tracing::info!(cut, "stopped");
    Ok(())
}

fn server(serve: &Serve) -> Result<Server, Box<dyn Error>> {
    let mut server = fixtures::server(&serve.fixture)?;
    if serve.refuse {
        server = server.refuse_traffic_without_service_name();
    }
    if serve.kitex_status_codes {
        server = server.kitex_status_codes();
    }
    if serve.built_in {
        server = server.health(&Health::new()).reflection();
    }
    if let Some(next) = &serve.next {
        next::lead_to(next, serve.next_transport);
    }
    if serve.further_words {
        further::obey_from_now_on();
        server = server.layer(Failing);
    }
    let mut limits = Limits::default();
    if let Some(frame) = serve.max_size {
        limits.frame = frame;
    }
    if let Some(milliseconds) = serve.drain {
        limits.drain = Duration::from_millis(milliseconds);
    }
    if let Some(milliseconds) = serve.quiet {
        limits.quiet = Duration::from_millis(milliseconds);
    }
    server = server.limits(limits);
    Ok(match serve.validator {
        None => server,
        Some(ValidatorName::Crc32c) => server.validator(Crc32c),
        Some(ValidatorName::Length) => server.validator(Length),
    })
}
