//! The comparison's server in Polyport: `compare-polyport SERVICES [--one-thread]`.
//!
//! With one service it is `Left`, with two they are `Left` and `Right`, and more are services of
//! bytes beside them, each with a method of the same name.

use std::env;

use anyhow::{Context as _, Result};
use bytes::Bytes;
use compare_polyport::bench::{Left, LeftServer, Request, Response, Right, RightServer};
use compare_serving::{ADDRESS, announce, asks_who, input_ends, run};
use polyport::service::RawHandler;
use polyport::{Context, Server, Service, Status};

struct Echo(&'static str);

impl Echo {
    fn answer(&self, request: Request) -> Response {
        let message = match asks_who(&request.message) {
            true => self.0.to_owned(),
            false => request.message,
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
    let services = env::args().nth(1).unwrap_or_else(|| "2".to_owned());
    run(serve(services.parse().context("the number of services")?))
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
    let listening = server.bind(ADDRESS).await?;
    announce(listening.address());
    listening.serve_until(input_ends()).await;
    Ok(())
}
