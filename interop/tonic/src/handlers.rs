//! The handlers of every service.

use std::pin::Pin;

use async_stream::try_stream;
use tokio_stream::Stream;
use tonic::metadata::MetadataMap;
use tonic::{Request, Response, Status, Streaming};

use crate::generated::service_a_server::ServiceA;
use crate::generated::service_b_server::ServiceB;
use crate::generated::streams_server::Streams;
use crate::generated::{self as idl, Item};
use crate::message::{obey, obey_item};

/// Serves everything.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Handlers;

type Items = Pin<Box<dyn Stream<Item = Result<Item, Status>> + Send>>;

#[tonic::async_trait]
impl ServiceA for Handlers {
    async fn same_named_method(
        &self,
        request: Request<idl::Request>,
    ) -> Result<Response<idl::Response>, Status> {
        respond("ServiceA/SameNamedMethod", request).await
    }

    async fn only_a(
        &self,
        request: Request<idl::Request>,
    ) -> Result<Response<idl::Response>, Status> {
        respond("ServiceA/OnlyA", request).await
    }
}

#[tonic::async_trait]
impl ServiceB for Handlers {
    async fn same_named_method(
        &self,
        request: Request<idl::Request>,
    ) -> Result<Response<idl::Response>, Status> {
        respond("ServiceB/SameNamedMethod", request).await
    }

    async fn only_b(
        &self,
        request: Request<idl::Request>,
    ) -> Result<Response<idl::Response>, Status> {
        respond("ServiceB/OnlyB", request).await
    }
}

async fn respond(
    called: &str,
    request: Request<idl::Request>,
) -> Result<Response<idl::Response>, Status> {
    let mut back = MetadataMap::new();
    let text = &request.get_ref().message;
    let message = obey(called, request.metadata(), &mut back, text).await?;
    let mut response = Response::new(idl::Response { message });
    *response.metadata_mut() = back;
    Ok(response)
}

#[tonic::async_trait]
impl Streams for Handlers {
    type BidirectionalStream = Items;
    type ServerStream = Items;

    async fn bidirectional(
        &self,
        request: Request<Streaming<Item>>,
    ) -> Result<Response<Items>, Status> {
        let mut items = request.into_inner();
        Ok(Response::new(Box::pin(try_stream! {
            while let Some(item) = items.message().await? {
                let message = obey_item("Streams/Bidirectional", &item.message).await?;
                yield Item { number: item.number, message };
            }
        })))
    }

    async fn client(&self, request: Request<Streaming<Item>>) -> Result<Response<Item>, Status> {
        let mut items = request.into_inner();
        let mut messages = Vec::new();
        let mut number = 0;
        while let Some(item) = items.message().await? {
            obey_item("Streams/Client", &item.message).await?;
            messages.push(item.message);
            number += 1;
        }
        let message = messages.join(",");
        Ok(Response::new(Item { number, message }))
    }

    async fn server(&self, request: Request<Item>) -> Result<Response<Items>, Status> {
        let item = request.into_inner();
        Ok(Response::new(Box::pin(try_stream! {
            let message = obey_item("Streams/Server", &item.message).await?;
            for number in 0..item.number {
                yield Item { number, message: message.clone() };
            }
        })))
    }

    async fn unary(&self, request: Request<Item>) -> Result<Response<Item>, Status> {
        let item = request.into_inner();
        let message = obey_item("Streams/Unary", &item.message).await?;
        let number = item.number;
        Ok(Response::new(Item { number, message }))
    }
}
