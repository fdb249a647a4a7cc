//! The comparison's gRPC server in connectrpc, two services on one port.

use std::sync::Arc;

use anyhow::{Result, anyhow};
use compare_serving::{ADDRESS, REPEATED, announce, asks_who, input_ends, run};
use connectrpc::{
    Encodable, InboundStream, RequestContext, Response, Router, Server, ServiceRequest,
    ServiceResult, ServiceStream, StreamMessage,
};
use tokio_stream::{StreamExt, iter};

use crate::generated::bench::{Left, LeftExt, Message, Right, RightExt};

#[expect(unreachable_pub, reason = "generated")]
mod generated {
    connectrpc::include_generated!();
}

struct Echo(&'static str);

impl Echo {
    fn answer(&self, request: &ServiceRequest<'_, Message>) -> Message {
        let mut message = request.to_owned_message();
        if asks_who(&message.message) {
            message.message = self.0.to_owned();
        }
        message
    }
}

macro_rules! implement {
    ($service:ident) => {
        impl $service for Echo {
            async fn echo<'a>(
                &'a self,
                _cx: RequestContext,
                request: ServiceRequest<'_, Message>,
            ) -> ServiceResult<impl Encodable<Message> + Send + use<'a>> {
                Response::ok(self.answer(&request))
            }

            async fn repeat(
                &self,
                _cx: RequestContext,
                request: ServiceRequest<'_, Message>,
            ) -> ServiceResult<ServiceStream<impl Encodable<Message> + Send + use<>>> {
                let message = request.to_owned_message();
                Response::stream_ok(iter((0..REPEATED).map(move |_| Ok(message.clone()))))
            }

            async fn chat(
                &self,
                _cx: RequestContext,
                requests: InboundStream<Message>,
            ) -> ServiceResult<ServiceStream<impl Encodable<Message> + Send + use<>>> {
                let owned = |request: StreamMessage<Message>| request.to_owned_message();
                Response::stream_ok(requests.map(move |request| request.map(owned)))
            }
        }
    };
}

implement!(Left);
implement!(Right);

fn main() -> Result<()> {
    run(async {
        let bound = Server::bind(ADDRESS).await;
        let server = bound.map_err(|error| anyhow!(error))?;
        announce(server.local_addr()?);
        let router = LeftExt::register(Arc::new(Echo("Left")), Router::new());
        let router = RightExt::register(Arc::new(Echo("Right")), router);
        server
            .serve_with_graceful_shutdown(router, input_ends())
            .await
            .map_err(|error| anyhow!(error))
    })
}
