//! IDL to Rust, for build scripts and for the `polyport` command.
//!
//! A build script needs one line, and the code that it makes is included by another:
//!
//! ```no_run
//! // build.rs
//! fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     polyport_build::compile("idl/demo.thrift")?;
//!     Ok(())
//! }
//! ```
//!
//! ```text
//! // main.rs
//! polyport::include_idl!("demo");
//! ```
//!
//! # What is generated
//!
//! A namespace becomes a module for each part of its name: that of `rs`, else of `*`, else of `go`, else the
//! file's name. For a service `Shop` with a method `buyNow` there are in it:
//!
//! | name | what it is |
//! | --- | --- |
//! | `Shop` | the trait that a handler implements, with `async fn buy_now(&self, cx: &mut Context, ...)` |
//! | `ShopServer::new(handler)` | the `polyport::Service`, to be given options and added to a server |
//! | `ShopClient` | what calls it: `ShopClient::connect(address)`, or `ShopClient::new(client)` to share one |
//! | `shop::BuyNowArgs` | the method's arguments, as layers see them |
//! | `shop::BuyNowError` | what it fails with, if it declares exceptions: one of them, or a `Status`; both become it by `into` |
//! | `shop::BUY_NOW` | the method itself, for `Client::call` and `Reply::of` |
//! | `SCHEMA` | the IDL as data |
//!
//! Structs, unions, exceptions, enums and constants keep their names, and fields are in snake case; what goes over
//! the wire has always the names of the IDL. [`Builder::outline`] tells all names of some IDLs.
//!
//! Protobuf's files are read without `protoc`; the feature `protobuf`, which is on by default, brings
//! what that takes. A message becomes a struct with public fields, an enum an enum, a `oneof` an
//! enum in the module of its message, a package a module for each part of its name. Fields that the
//! IDL does not know are skipped, and extensions are not generated.
//!
//! # Choices
//!
//! What the generated types look like can be chosen for each of them: by an annotation in the IDL,
//! or by a path in the build script or on the command line, where an annotation says more than a
//! path. A path is `namespace.Type.field` or a part of that, such as `Request.message` or `Request`,
//! and means all that is in what it names; with a dot at its start it begins at the outermost
//! namespace, and `.` alone means everything.
//!
//! | choice | annotation | [`Builder`] | `polyport gen` |
//! | --- | --- | --- | --- |
//! | fields that the IDL does not know are kept, compared and written again (struct, union, exception) | `rust.keep_unknown_fields` | [`keep_unknown_fields`](Builder::keep_unknown_fields) | `--keep-unknown-fields` |
//! | `string` is `Bytes`, which need not be UTF-8 (field, argument, typedef, type) | `rust.type = "bytes"` | [`text_as_bytes`](Builder::text_as_bytes) | `--text-as-bytes` |
//! | `string` is `Arc<str>`, which is cheap to clone (the same) | `rust.type = "shared"` | [`shared_text`](Builder::shared_text) | `--shared-text` |
//! | `string` is `String`, against a path | `rust.type = "string"` | | |
//! | the field lies in a `Box` (field) | `rust.box` | [`boxed`](Builder::boxed) | `--boxed` |
//! | further derives (struct, union, exception, enum) | `rust.derive = "serde::Serialize"` | [`type_attribute`](Builder::type_attribute) | |
//! | attributes of a type (the same) | `rust.attribute = "#[must_use]"` | [`type_attribute`](Builder::type_attribute) | |
//! | attributes of a field | `rust.attribute = "#[serde(skip)]"` | [`field_attribute`](Builder::field_attribute) | |
//!
//! Protobuf has no such annotations, but the paths mean the same: `package.Message.field`, and a
//! `oneof` is a type in its message. Its `string` is always a `String`, a field that holds one message
//! is always in a box, and unknown fields are kept in all messages or in none; a path that asks for
//! anything else is reported.
//!
//! Annotations of other tools mean nothing here. Those of this table are reported when they are
//! misspelled or stand where they mean nothing.
//!
//! The stages are a straight pipeline, and none of them stops at the first mistake: files are
//! loaded and parsed, names resolved to one model, the model's names turned into Rust's, tokens
//! emitted, a file written. The modules are listed in reading order, and each uses only what
//! stands below it; so the data goes from the last to the first.

mod builder;
mod compare;
mod serving;
mod write;
mod emit;
mod outline;
mod names;
#[cfg(feature = "protobuf")]
mod protobuf;
mod resolve;
mod choice;
mod combine;
mod model;
#[cfg_attr(
    not(feature = "protobuf"),
    expect(dead_code, reason = "only Protobuf has messages")
)]
mod shape;
mod load;
mod thrift;
mod error;
mod diagnostic;
mod source;

pub use crate::builder::{Builder, Comparison, Generated, compile};
pub use crate::diagnostic::{Finding, Location, Report, Severity};
pub use crate::error::Error;
pub use crate::outline::{MethodOutline, Outline, Parameter, ServiceOutline};
pub use crate::serving::Serving;
