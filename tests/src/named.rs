//! Services that answer with their own name, to see who was reached.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use polyport::codegen::{Embedded, Method, ServiceBuilder};
use polyport::service::RawHandler;
use polyport::{CallKind, Context, Service, Status};
use polyport_wire::schema::{self, Schema};
use polyport_wire::thrift;

use crate::demo::Nothing;

/// A service without a package whose methods return `Service.method`; the method `boom` panics.
#[must_use]
pub fn service(name: &str, methods: &[&str]) -> Service {
    Service::raw(name, methods.iter().copied(), Raw)
}

struct Raw;

impl RawHandler for Raw {
    async fn call(&self, cx: &mut Context, _arguments: Bytes) -> Result<Bytes, Status> {
        if cx.method() == "boom" {
            panic!("boom");
        }
        Ok(result(&name(cx)))
    }
}

/// A service with a package whose methods return `package.Service.method`.
#[must_use]
pub fn packaged(package: &str, name: &str, methods: &[&str]) -> Service {
    typed(package, name, methods, false)
}

/// A service that says of itself that it is several in one.
#[must_use]
pub fn combined(name: &str, methods: &[&str]) -> Service {
    typed("", name, methods, true)
}

fn typed(package: &str, service: &str, methods: &[&str], combined: bool) -> Service {
    let mut description = schema::Service::new(package, service);
    description.combined = combined;
    description.methods = methods
        .iter()
        .map(|name| schema::Method::new(*name))
        .collect();
    let schema = Schema {
        services: vec![description],
        ..Schema::default()
    };
    // What generated code has as constants lives here as long as the test.
    let bytes: &'static [u8] = Box::leak(schema.encode().unwrap().to_vec().into());
    let embedded: &'static Embedded = Box::leak(Box::new(Embedded::new(bytes)));
    let service: &'static str = Box::leak(service.into());
    let mut builder = ServiceBuilder::new(embedded, package, service, Arc::new(()));
    for method in methods {
        let method: &'static str = Box::leak((*method).into());
        let method: &'static Method<Nothing, String> =
            Box::leak(Box::new(Method::new(service, method, CallKind::Unary)));
        builder = builder.method(method, |_, cx, Nothing| async move {
            let name = name(&cx);
            (cx, Ok(name))
        });
    }
    builder.build()
}

fn name(cx: &Context) -> String {
    match cx.package() {
        "" => format!("{}.{}", cx.service(), cx.method()),
        package => format!("{package}.{}.{}", cx.service(), cx.method()),
    }
}

/// A result struct that returns `text`.
#[must_use]
pub fn result(text: &str) -> Bytes {
    let mut out = BytesMut::new();
    thrift::encode_outcome::<String, Status>(&Ok(text.to_owned()), &mut out).unwrap();
    out.freeze()
}
