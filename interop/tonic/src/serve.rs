//! `serve`: a fixture on a port, until the process is killed.

use std::error::Error;

use tokio::net::TcpListener;
use tonic::codec::CompressionEncoding::Gzip;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;

use crate::generated::service_a_server::ServiceAServer;
use crate::generated::service_b_server::ServiceBServer;
use crate::generated::streams_server::StreamsServer;
use crate::handlers::Handlers;
use crate::{Fixture, Serve};

pub(crate) async fn run(serve: &Serve) -> Result<(), Box<dyn Error>> {
    /// tonic speaks no compression that it was not told of.
    macro_rules! with_gzip {
        ($server:ident) => {
            $server::new(Handlers)
                .accept_compressed(Gzip)
                .send_compressed(Gzip)
        };
    }

    let Fixture::Proto = serve.fixture;
    let listener = TcpListener::bind(&serve.addr).await?;
    println!("listening on {}", listener.local_addr()?);
    Server::builder()
        .add_service(with_gzip!(ServiceAServer))
        .add_service(with_gzip!(ServiceBServer))
        .add_service(with_gzip!(StreamsServer))
        .serve_with_incoming(TcpIncoming::from(listener))
        .await?;
    Ok(())
}
