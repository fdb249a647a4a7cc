//! The comparison's gRPC server in Polyport: `compare-polyport-grpc [--one-thread]`.

use anyhow::Result;
use compare_serving::{ADDRESS, REPEATED, announce, asks_who, input_ends, run};
use polyport::codegen::buffa_types::google::protobuf::StringValue as Message;
use polyport::codegen::{Embedded, Method, ServiceBuilder, StreamMethod};
use polyport::{CallKind, Server, Service};
use polyport_wire::schema::{self, Schema};

/// A service's methods, as generated code has them.
struct Methods {
    service: &'static str,
    echo: Method<Message, Message>,
    repeat: StreamMethod<Message, Message>,
    chat: StreamMethod<Message, Message>,
}

static LEFT: Methods = Methods::of("Left");
static RIGHT: Methods = Methods::of("Right");

impl Methods {
    const fn of(service: &'static str) -> Self {
        Self {
            service,
            echo: Method::protobuf("bench", service, "Echo", CallKind::Unary),
            repeat: StreamMethod::protobuf("bench", service, "Repeat", CallKind::ServerStream),
            chat: StreamMethod::protobuf("bench", service, "Chat", CallKind::Bidirectional),
        }
    }

    fn service(&'static self) -> Result<Service> {
        let schema = Schema {
            services: vec![schema::Service::new("bench", self.service)],
            ..Schema::default()
        };
        // As long as the program, as generated code's constant.
        let bytes: &'static [u8] = Box::leak(schema.encode()?.to_vec().into());
        let embedded: &'static Embedded = Box::leak(Box::new(Embedded::new(bytes)));
        let handler = std::sync::Arc::new(self.service);
        let service = ServiceBuilder::new(embedded, "bench", self.service, handler)
            .method(&self.echo, |name, cx, mut request: Message| async move {
                if asks_who(&request.value) {
                    request.value = (*name).to_owned();
                }
                (cx, Ok(request))
            })
            .server_stream(&self.repeat, |_, cx, request, mut output| async move {
                for _ in 0..REPEATED {
                    if let Err(status) = output.send(request.clone()).await {
                        return (cx, Err(status));
                    }
                }
                (cx, Ok(()))
            })
            .bidirectional(&self.chat, |_, cx, mut input, mut output| async move {
                let outcome = async {
                    while let Some(message) = input.receive().await? {
                        output.send(message).await?;
                    }
                    Ok(())
                };
                let outcome = outcome.await;
                (cx, outcome)
            });
        Ok(service.build())
    }
}

fn main() -> Result<()> {
    run(async {
        let server = Server::new()
            .add(LEFT.service()?.fallback())
            .add(RIGHT.service()?);
        let listening = server.bind(ADDRESS).await?;
        announce(listening.address());
        listening.serve_until(input_ends()).await;
        Ok(())
    })
}
