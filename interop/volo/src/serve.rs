//! `serve`: a fixture on a port, until SIGTERM.

use std::error::Error;

use tokio::net::TcpListener;
use volo::net::incoming::DefaultIncoming;
use volo_thrift::server::{Router, Server};

use crate::Serve;
use crate::handlers::Handlers;
use crate::volo_gen::{multi, types};

pub(crate) async fn run(serve: &Serve) -> Result<(), Box<dyn Error + Send + Sync>> {
    let a = multi::ServiceAServer::from_handler(Handlers);
    let b = multi::ServiceBServer::from_handler(Handlers);
    let router = match serve.fixture.as_str() {
        "multi" => Router::new().with_default_service(a).add_service(b),
        "multi-b" => Router::new().with_default_service(b).add_service(a),
        other => return Err(format!("there is no fixture {other}").into()),
    };
    let router = router
        .add_service(multi::ServiceDServer::from_handler(Handlers))
        .add_service(types::TypesServer::from_handler(Handlers));
    let listener = TcpListener::bind(&serve.addr).await?;
    println!("listening on {}", listener.local_addr()?);
    // Volo ends at SIGTERM by itself.
    Server::with_router(router)
        .run(DefaultIncoming::from(listener))
        .await
}
