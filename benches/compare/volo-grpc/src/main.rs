//! The comparison's gRPC server in volo-grpc, two services on one port.

use anyhow::{Result, anyhow};
use compare_serving::{ADDRESS, REPEATED, announce, asks_who, input_ends, run};
use tokio::net::TcpListener;
use tokio_stream::iter;
use volo::net::incoming::DefaultIncoming;
use volo_grpc::server::{Server, ServiceBuilder};
use volo_grpc::{BoxStream, RecvStream, Request, Response, Status};

use crate::volo_gen::bench::{Left, LeftServer, Message, Right, RightServer};

mod volo_gen {
    include!(concat!(env!("OUT_DIR"), "/volo_gen.rs"));
    pub use volo_gen::*;
}

type Answers = BoxStream<'static, Result<Message, Status>>;

struct Echo(&'static str);

impl Echo {
    fn answer(&self, request: Request<Message>) -> Response<Message> {
        let mut message = request.into_inner();
        if asks_who(&message.message) {
            message.message = self.0.into();
        }
        Response::new(message)
    }
}

macro_rules! implement {
    ($service:ident) => {
        impl $service for Echo {
            async fn echo(&self, request: Request<Message>) -> Result<Response<Message>, Status> {
                Ok(self.answer(request))
            }

            async fn repeat(&self, request: Request<Message>) -> Result<Response<Answers>, Status> {
                let message = request.into_inner();
                let answers = iter((0..REPEATED).map(move |_| Ok(message.clone())));
                Ok(Response::new(Box::pin(answers)))
            }

            async fn chat(
                &self,
                request: Request<RecvStream<Message>>,
            ) -> Result<Response<Answers>, Status> {
                Ok(Response::new(Box::pin(request.into_inner())))
            }
        }
    };
}

implement!(Left);
implement!(Right);

fn main() -> Result<()> {
    run(async {
        let listener = TcpListener::bind(ADDRESS).await?;
        announce(listener.local_addr()?);
        let ended = async {
            input_ends().await;
            Ok(())
        };
        Server::new()
            .add_service(ServiceBuilder::new(LeftServer::new(Echo("Left"))).build())
            .add_service(ServiceBuilder::new(RightServer::new(Echo("Right"))).build())
            .run_with_shutdown(DefaultIncoming::from(listener), ended)
            .await
            .map_err(|error| anyhow!(error))
    })
}
