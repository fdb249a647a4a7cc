//! The comparison's server in Polyport: `compare-polyport SERVICES [--one-thread]`.
//!
//! With one service it is `Left`, with two they are `Left` and `Right`, and more are services of
//! bytes beside them, each with a method of the same name.

use std::env;

use anyhow::{Context as _, Result};
use bytes::Bytes;
use compare_polyport::bench::{Left, LeftServer, Request, Response, Right, RightServer};
use polyport::service::RawHandler;
use polyport::{Context, Server, Service, Status};
use tokio::io;
use tokio::runtime::Builder;

struct Echo(&'static str);

impl Echo {
    fn answer(&self, request: Request) -> Response {
        let message = match &*request.message {
            "who" => self.0.to_owned(),
            _ => request.message,
        };
        Response { message }
    }
}

impl Left for Echo {
    async fn echo(&self, _cx: &mut Context, request: Request) -> Result<Response, Status> {
        Ok(self.answer(request))
    }
}

impl Right for Echo {
    async fn echo(&self, _cx: &mut Context, request: Request) -> Result<Response, Status> {
        Ok(self.answer(request))
    }
}

/// Answers nothing that is of interest: no request reaches it.
struct Bystander;

impl RawHandler for Bystander {
    async fn call(&self, _cx: &mut Context, _arguments: Bytes) -> Result<Bytes, Status> {
        Ok(Bytes::from_static(&[0]))
    }
}

fn main() -> Result<()> {
    let mut arguments = env::args().skip(1);
    let services = arguments.next().unwrap_or_else(|| "2".to_owned());
    let services = services.parse().context("the number of services")?;
    let mut runtime = match arguments.next().as_deref() {
        Some("--one-thread") => Builder::new_current_thread(),
        _ => Builder::new_multi_thread(),
    };
    runtime.enable_all().build()?.block_on(serve(services))
}

async fn serve(services: usize) -> Result<()> {
    let mut server = Server::new().add(LeftServer::new(Echo("Left")).fallback());
    if services > 1 {
        server = server.add(RightServer::new(Echo("Right")));
    }
    for number in 2..services {
        server = server.add(Service::raw(
            format!("Bystander{number}"),
            ["echo"],
            Bystander,
        ));
    }
    let listening = server.bind("127.0.0.1:0").await?;
    println!("listening on {}", listening.address());
    listening.serve_until(input_ends()).await;
    Ok(())
}

/// Whoever started this program closes its input to end it.
async fn input_ends() {
    // A failure to read is an end as well.
    let _ = io::copy(&mut io::stdin(), &mut io::sink()).await;
}
