//! Stands for generated code.

use std::future::Future;
use std::sync::{Arc, LazyLock};

use polyport::codegen::{
    CallKind, Client, ClientCall, Context, DecodeError, Embedded, Method, Reader, Service,
    ServiceBuilder, Status, Value, WireType, Writer,
};
use polyport_wire::schema::Schema;

macro_rules! message {
    ($name:ident, $field:ident: $type:ty, $place:literal) => {
        #[derive(Clone, Debug, Default, PartialEq)]
        pub struct $name {
            pub $field: $type,
        }

        impl Value for $name {
            const TYPE: WireType = WireType::STRUCT;
            const MINIMUM_SIZE: usize = 1;

            fn encode(&self, out: &mut Writer<'_>) {
                out.field(1, &self.$field);
                out.stop();
            }

            fn decode(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
                let mut value = Self::default();
                input.enter()?;
                while let Some((kind, id)) = input.field()? {
                    match (id, kind) {
                        (1, <$type as Value>::TYPE) => value.$field = input.value($place)?,
                        _ => input.skip(kind)?,
                    }
                }
                Ok(value)
            }
        }
    };
}

message!(Request, message: String, "Request.message");
message!(Response, message: String, "Response.message");
message!(EchoArgs, req: Request, "EchoArgs.req");

static SCHEMA: LazyLock<Embedded> = LazyLock::new(|| {
    let bytes = Schema::default()
        .encode()
        .expect("an empty schema is small");
    Embedded::new(bytes.to_vec().leak())
});

macro_rules! service {
    ($name:ident, $server:ident, $client:ident, $method:ident, $text:literal) => {
        static $method: Method<EchoArgs, Response> = Method::new($text, "echo", CallKind::Unary);

        pub trait $name: Send + Sync + 'static {
            fn echo(
                &self,
                cx: &mut Context,
                req: Request,
            ) -> impl Future<Output = Result<Response, Status>> + Send;
        }

        pub struct $server;

        impl $server {
            #[expect(clippy::new_ret_no_self, reason = "as generated")]
            pub fn new<H: $name>(handler: H) -> Service {
                ServiceBuilder::new(&SCHEMA, "bench", $text, Arc::new(handler))
                    .method(
                        &$method,
                        |handler: Arc<H>, mut cx: Context, arguments: EchoArgs| async move {
                            let result = handler.echo(&mut cx, arguments.req).await;
                            (cx, result)
                        },
                    )
                    .build()
            }
        }

        #[derive(Clone, Debug)]
        pub struct $client(Client);

        impl $client {
            pub async fn connect(address: &str) -> Result<Self, polyport::Error> {
                Client::connect(address).await.map(Self)
            }

            pub fn echo(&self, req: Request) -> ClientCall<'_, EchoArgs, Response, Status> {
                self.0.call(&$method, EchoArgs { req })
            }
        }
    };
}

service!(Left, LeftServer, LeftClient, LEFT_ECHO, "Left");
service!(Right, RightServer, RightClient, RIGHT_ECHO, "Right");
