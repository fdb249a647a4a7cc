//! The comparison's gRPC server in tonic, two services on one port.

use std::pin::Pin;

use anyhow::Result;
use compare_serving::{ADDRESS, REPEATED, announce, asks_who, input_ends, run};
use tokio::net::TcpListener;
use tokio_stream::{Stream, StreamExt, iter};
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tonic::{Request, Response, Status, Streaming};

use crate::bench_left::left_server::{Left, LeftServer};
use crate::bench_right::right_server::{Right, RightServer};

mod bench_left {
    #![expect(unreachable_pub, unused_qualifications, reason = "generated")]
    include!(concat!(env!("OUT_DIR"), "/bench.Left.rs"));
}

mod bench_right {
    #![expect(unreachable_pub, unused_qualifications, reason = "generated")]
    include!(concat!(env!("OUT_DIR"), "/bench.Right.rs"));
}

#[derive(Clone, PartialEq, prost::Message)]
struct Message {
    #[prost(string, tag = "1")]
    message: String,
}

type Answers = Pin<Box<dyn Stream<Item = Result<Message, Status>> + Send>>;

struct Echo(&'static str);

impl Echo {
    fn answer(&self, request: Request<Message>) -> Response<Message> {
        let mut message = request.into_inner();
        if asks_who(&message.message) {
            message.message = self.0.to_owned();
        }
        Response::new(message)
    }
}

macro_rules! implement {
    ($service:ident) => {
        #[tonic::async_trait]
        impl $service for Echo {
            type RepeatStream = Answers;
            type ChatStream = Answers;

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
                request: Request<Streaming<Message>>,
            ) -> Result<Response<Answers>, Status> {
                Ok(Response::new(Box::pin(
                    request.into_inner().map(|message| message),
                )))
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
        let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));
        Server::builder()
            .add_service(LeftServer::new(Echo("Left")).max_decoding_message_size(16 << 20))
            .add_service(RightServer::new(Echo("Right")).max_decoding_message_size(16 << 20))
            .serve_with_incoming_shutdown(incoming, input_ends())
            .await?;
        Ok(())
    })
}
