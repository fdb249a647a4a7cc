//! The comparison's server in volo-thrift, with its router for several services.

use anyhow::{Result, anyhow};
use tokio::net::TcpListener;
use volo::net::incoming::DefaultIncoming;
use volo_thrift::ServerError;
use volo_thrift::server::{Router, Server};

use crate::volo_gen::bench::{Left, LeftServer, Request, Response, Right, RightServer};

#[expect(unsafe_code, reason = "generated")]
mod volo_gen {
    include!(concat!(env!("OUT_DIR"), "/volo_gen.rs"));
    pub use volo_gen::*;
}

#[derive(Clone)]
struct Echo(&'static str);

impl Echo {
    fn answer(&self, request: Request) -> Response {
        let message = match request.message.as_deref() {
            Some("who") => Some(self.0.into()),
            _ => request.message,
        };
        Response { message }
    }
}

impl Left for Echo {
    async fn echo(&self, request: Request) -> Result<Response, ServerError> {
        Ok(self.answer(request))
    }
}

impl Right for Echo {
    async fn echo(&self, request: Request) -> Result<Response, ServerError> {
        Ok(self.answer(request))
    }
}

#[tokio::main]
async fn main() -> Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("listening on {}", listener.local_addr()?);
    let router = Router::new()
        .with_default_service(LeftServer::from_handler(Echo("Left")))
        .add_service(RightServer::from_handler(Echo("Right")));
    Server::with_router(router)
        .run(DefaultIncoming::from(listener))
        .await
        .map_err(|error| anyhow!(error))
}
