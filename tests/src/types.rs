//! Generated services which return what they get: one with every type of Thrift, and several whose
//! methods have the same names.

use std::collections::HashMap;

use bytes::Bytes;
use polyport::{Context, Service, Status};

use generated::multi::service_a::DeclinesError;
use generated::multi::{
    Declined, Request, Response, ServiceA, ServiceAServer, ServiceB, ServiceBServer, ServiceD,
    ServiceDServer,
};
use generated::types::types::EchoError;
use generated::types::{Color, Everything, Types, TypesServer};

/// What is generated of the IDLs.
pub mod generated {
    polyport::include_idl!("several");
}

/// The service of interop/idl/types.thrift.
#[must_use]
pub fn types() -> Service {
    TypesServer::new(Echo)
}

/// The services of interop/idl/multi.thrift.
#[must_use]
pub fn several() -> [Service; 3] {
    [
        ServiceAServer::new(Echo).fallback(),
        ServiceBServer::new(Echo),
        ServiceDServer::new(Echo),
    ]
}

struct Echo;

/// Implements methods that take a `Request` and give a `Response`.
macro_rules! echoes {
    ($($method:ident),*) => {
        $(async fn $method(&self, _cx: &mut Context, req: Request) -> Result<Response, Status> {
            Ok(Response { message: req.message })
        })*
    };
}

impl ServiceA for Echo {
    echoes!(same_named_method, only_a);

    async fn declines(&self, _cx: &mut Context, req: Request) -> Result<Response, DeclinesError> {
        let declined = Declined {
            code: 7,
            reason: req.message,
        };
        Err(declined.into())
    }

    async fn nothing(&self, _cx: &mut Context) -> Result<(), Status> {
        Ok(())
    }

    async fn notify(&self, _cx: &mut Context, _req: Request) -> Result<(), Status> {
        Ok(())
    }

    async fn add(&self, _cx: &mut Context, left: i64, right: i64) -> Result<i64, Status> {
        Ok(left.wrapping_add(right))
    }
}

impl ServiceB for Echo {
    echoes!(same_named_method, only_b);
}

impl ServiceD for Echo {
    echoes!(only_c, only_d);
}

impl Types for Echo {
    async fn echo(&self, _cx: &mut Context, value: Everything) -> Result<Everything, EchoError> {
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
        values: HashMap<String, Bytes>,
    ) -> Result<HashMap<String, Bytes>, Status> {
        Ok(values)
    }

    async fn echo_color(&self, _cx: &mut Context, color: Color) -> Result<Color, Status> {
        Ok(color)
    }
}
