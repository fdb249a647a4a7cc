//! The handlers of both IDLs' Streams: items in, items out.

use polyport::{Context, Sink, Status, Streaming};

use crate::generated::proto::multi::v1 as proto;
use crate::generated::several::streams as thrift;
use crate::handlers::Handlers;
use crate::message::obey_item;

/// Implements Streams with the items of one of the IDLs.
macro_rules! streams {
    ($idl:ident { $($unary:ident),* }) => {
        impl $idl::Streams for Handlers {
            async fn bidirectional(
                &self,
                cx: &mut Context,
                mut input: Streaming<$idl::Item>,
                mut output: Sink<$idl::Item>,
            ) -> Result<(), Status> {
                while let Some(item) = input.receive().await? {
                    let message = obey_item(cx, &item.message).await?;
                    say_before(cx, &mut output)?;
                    output.send($idl::Item { number: item.number, message }).await?;
                }
                Ok(())
            }

            async fn client(
                &self,
                cx: &mut Context,
                mut input: Streaming<$idl::Item>,
            ) -> Result<$idl::Item, Status> {
                let mut number = 0;
                let mut messages = Vec::new();
                while let Some(item) = input.receive().await? {
                    obey_item(cx, &item.message).await?;
                    number += 1;
                    messages.push(item.message);
                }
                Ok($idl::Item { number, message: messages.join(",") })
            }

            async fn server(
                &self,
                cx: &mut Context,
                request: $idl::Item,
                mut output: Sink<$idl::Item>,
            ) -> Result<(), Status> {
                let message = obey_item(cx, &request.message).await?;
                say_before(cx, &mut output)?;
                for number in 0..request.number {
                    output.send($idl::Item { number, message: message.clone() }).await?;
                }
                Ok(())
            }

            $(async fn $unary(
                &self,
                cx: &mut Context,
                item: $idl::Item,
            ) -> Result<$idl::Item, Status> {
                let message = obey_item(cx, &item.message).await?;
                Ok($idl::Item { number: item.number, message })
            })*
        }
    };
}

/// What an item asks to be sent back stands in the headers of a stream, which its sink sends.
fn say_before<T>(cx: &mut Context, output: &mut Sink<T>) -> Result<(), Status> {
    let back = std::mem::take(cx.reply_metadata());
    if back.is_empty() {
        return Ok(());
    }
    output.add_headers(&back)
}

streams!(thrift { unary, ping_pong });
streams!(proto { unary });
