//! A service with every type of Thrift, made by the generator, which returns what it gets.

use std::collections::HashMap;

use bytes::Bytes;
use polyport::{Context, Service, Status};

use generated::types::types::EchoError;
use generated::types::{Color, Everything, Types, TypesServer};

mod generated {
    polyport::include_idl!("types");
}

/// The service of interop/idl/types.thrift.
#[must_use]
pub fn types() -> Service {
    TypesServer::new(Echo)
}

struct Echo;

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
