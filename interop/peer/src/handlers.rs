//! The handlers of every service, each as its IDL's fixture wants it.

use std::sync::atomic::{AtomicU64, Ordering};

use bytes::{Bytes, BytesMut};
use polyport::service::{RawHandler, UnknownHandler};
use polyport::{Codec, Context, Sink, Status, Streaming};
use polyport_wire::limits::Limits;
use polyport_wire::thrift::{Dynamic, Reader, WireType, Writer};

use crate::generated::apart::apart;
use crate::generated::combined::combine;
use crate::generated::proto::multi::v1 as proto;
use crate::generated::several::multi::{Declined, service_a};
use crate::generated::several::types::{Broken, Color, Everything, types};
use crate::generated::several::{multi, types as types_idl};
use crate::message::obey;

/// Serves everything.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Handlers;

/// How often `notify` was called in this process.
static NOTIFIED: AtomicU64 = AtomicU64::new(0);

/// Implements a service whose methods all take a `Request` and give a `Response`.
macro_rules! obedient {
    ($idl:ident, $service:ident { $($method:ident),* }) => {
        impl $idl::$service for Handlers {
            $(async fn $method(
                &self,
                cx: &mut Context,
                req: $idl::Request,
            ) -> Result<$idl::Response, Status> {
                let message = obey(cx, &req.message).await?;
                Ok($idl::Response { message })
            })*
        }
    };
}

obedient!(
    multi,
    ServiceB {
        same_named_method,
        only_b
    }
);
obedient!(multi, ServiceD { only_c, only_d });
obedient!(
    proto,
    ServiceA {
        same_named_method,
        only_a
    }
);
obedient!(
    proto,
    ServiceB {
        same_named_method,
        only_b
    }
);
obedient!(combine, CombineService { from_a, from_b });
obedient!(apart, Left { from_left });
obedient!(apart, Right { from_right });

impl multi::ServiceA for Handlers {
    async fn same_named_method(
        &self,
        cx: &mut Context,
        req: multi::Request,
    ) -> Result<multi::Response, Status> {
        let message = obey(cx, &req.message).await?;
        Ok(multi::Response { message })
    }

    async fn only_a(
        &self,
        cx: &mut Context,
        req: multi::Request,
    ) -> Result<multi::Response, Status> {
        let message = if req.message == "count" {
            NOTIFIED.load(Ordering::SeqCst).to_string()
        } else {
            obey(cx, &req.message).await?
        };
        Ok(multi::Response { message })
    }

    async fn declines(
        &self,
        _cx: &mut Context,
        req: multi::Request,
    ) -> Result<multi::Response, service_a::DeclinesError> {
        let declined = Declined {
            code: 7,
            reason: req.message,
        };
        Err(declined.into())
    }

    async fn nothing(&self, _cx: &mut Context) -> Result<(), Status> {
        Ok(())
    }

    async fn notify(&self, _cx: &mut Context, _req: multi::Request) -> Result<(), Status> {
        NOTIFIED.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }

    async fn add(&self, _cx: &mut Context, left: i64, right: i64) -> Result<i64, Status> {
        Ok(left.wrapping_add(right))
    }
}

impl types_idl::Types for Handlers {
    async fn echo(
        &self,
        _cx: &mut Context,
        value: Everything,
    ) -> Result<Everything, types::EchoError> {
        if value.text == "broken" {
            let broken = Broken {
                message: "broken".to_owned(),
                evidence: Some(value),
            };
            return Err(broken.into());
        }
        Ok(value)
    }

    async fn echo_list(
        &self,
        _cx: &mut Context,
        values: Vec<Everything>,
    ) -> Result<Vec<Everything>, Status> {
        Ok(values)
    }

    async fn echo_map(
        &self,
        _cx: &mut Context,
        values: std::collections::HashMap<String, Bytes>,
    ) -> Result<std::collections::HashMap<String, Bytes>, Status> {
        Ok(values)
    }

    async fn echo_color(&self, _cx: &mut Context, color: Color) -> Result<Color, Status> {
        Ok(color)
    }
}

impl RawHandler for Handlers {
    async fn call(&self, _cx: &mut Context, arguments: Bytes) -> Result<Bytes, Status> {
        first_argument(&arguments)
    }
}

impl UnknownHandler for Handlers {
    async fn call(&self, cx: &mut Context, request: Bytes) -> Result<Bytes, Status> {
        match cx.codec() {
            Codec::ThriftBinary => first_argument(&request),
            _ => Ok(request),
        }
    }

    async fn stream(
        &self,
        _cx: &mut Context,
        mut requests: Streaming<Bytes>,
        mut answers: Sink<Bytes>,
    ) -> Result<(), Status> {
        while let Some(request) = requests.receive().await? {
            answers.send(request).await?;
        }
        Ok(())
    }
}

/// Gives the first argument back, without knowing what it is.
fn first_argument(arguments: &Bytes) -> Result<Bytes, Status> {
    let broken = |error: &dyn std::fmt::Display| Status::error(error.to_string());
    let mut input = Reader::new(arguments, &Limits::default());
    let fields = match Dynamic::decode(WireType::STRUCT, &mut input) {
        Ok(Dynamic::Struct(fields)) => fields,
        Ok(_) => Vec::new(),
        Err(error) => return Err(broken(&error)),
    };
    let first = fields.into_iter().next().map(|(_, value)| (0, value));
    let mut result = BytesMut::new();
    let mut out = Writer::new(&mut result);
    Dynamic::Struct(first.into_iter().collect()).encode(&mut out);
    out.finish().map_err(|error| broken(&error))?;
    Ok(result.freeze())
}
