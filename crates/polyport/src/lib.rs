//! Any number of RPC services on one port.
//!
//! A [`Server`] hosts Thrift and Protobuf services side by side and finds out by the bytes how each
//! client speaks: gRPC, or Kitex's TTHeader, Framed or Buffered. The service name that a client sends decides who
//! answers; a client that sends none is served by the fallback service, or by the only service
//! that has the method. A [`Client`] calls such servers, and Kitex's.
//!
//! An IDL becomes code in a build script, by the crate `polyport-build`, and [`include_idl!`] takes it in:
//!
//! ```text
//! // build.rs: polyport_build::compile("idl/demo.thrift")
//! polyport::include_idl!("demo");
//!
//! impl demo::Greeter for Polite {
//!     async fn greet(&self, cx: &mut Context, name: String) -> Result<String, Status> {
//!         Ok(format!("hello {name} of {}", cx.caller()))
//!     }
//! }
//!
//! Server::new().add(demo::GreeterServer::new(Polite)).serve("0.0.0.0:8888").await?;
//!
//! let client = demo::GreeterClient::connect("127.0.0.1:8888").await?;
//! let greeting = client.greet("Ada".to_owned()).timeout(Duration::from_millis(50)).await?;
//! ```
//!
//! | to | see |
//! | --- | --- |
//! | serve, and say who answers what | [`Server`], [`Service`], [`RouteReason`] |
//! | call | [`Client`], its [options](client::ClientOptions), and what can be said of [one call](client::ClientCall) |
//! | know what a call is about | [`Context`], [`Metadata`] |
//! | say, and find out, what failed | [`Status`], [`BizStatus`] |
//! | stream | [`Streaming`], [`Sink`] |
//! | stand around calls, or refuse them | [`Layer`], [`layers`], [`admission`], [`Limits`] |
//! | give options to one service or method | [`Service`], [`service::MethodOptions`] |
//! | change services while they are served | [`server::Registry`] |
//! | do without generated code | [`generic`], [`Client::raw`], [`Service::raw`], [`Server::unknown`] |
//! | test, or call, without a port | [`local`] |
//!
//! The modules stand in reading order: each uses only what stands below it.

// What was generated for the services that come with the server names the crate from outside.
extern crate self as polyport;

#[doc(hidden)]
pub mod codegen;
pub mod reflection;
pub mod generic;
pub mod json;
#[cfg(feature = "protobuf")]
pub mod protobuf;
pub mod local;
pub mod server;
pub mod client;
mod built_in;
pub mod router;
pub mod service;
pub mod admission;
pub mod layers;
pub mod layer;
pub mod call;
pub mod stream;
pub mod method;
pub mod context;
mod http2;
mod in_process;
pub mod route;
pub mod metadata;
pub mod validator;
pub mod status;
pub mod code;
pub mod limits;
pub mod error;
pub mod registration;

#[cfg(feature = "protobuf")]
pub use crate::built_in::health::Health;
pub use crate::call::{Call, Message, Reply};
pub use crate::client::Client;
pub use crate::code::Code;
pub use crate::context::Context;
pub use crate::error::Error;
pub use crate::layer::{Layer, Next};
pub use crate::limits::Limits;
pub use crate::metadata::Metadata;
pub use crate::route::RouteReason;
pub use crate::server::Server;
pub use crate::service::Service;
pub use crate::status::{BizStatus, Status, StatusKind};
pub use crate::stream::{Sink, Streaming};
/// What `binary` is in generated code.
pub use bytes::Bytes;
/// The formats themselves: what appears in signatures here is defined there.
pub use polyport_wire as wire;
pub use polyport_wire::schema::CallKind;
pub use polyport_wire::transport::{Codec, Transport};

/// Includes what `polyport_build::compile` wrote for the IDL of this name.
///
/// ```text
/// polyport::include_idl!("demo");
/// ```
#[macro_export]
macro_rules! include_idl {
    ($name:literal) => {
        include!(concat!(env!("OUT_DIR"), "/", $name, ".rs"));
    };
}
