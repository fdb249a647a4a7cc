//! Generated code, compiled and used.
//!
//! The files in `generated/` are what the generator makes of the IDLs here; a test holds them
//! against it. After a change of the generator, write them anew with
//! `POLYPORT_BLESS=1 cargo test -p polyport-build --test generated`.

#![expect(clippy::unwrap_used, reason = "a test stops at what it did not expect")]
#![deny(warnings)]

use std::collections::{HashMap, HashSet};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use polyport::codegen::{DecodeError, DecodeErrorKind, ListMap, ListSet, Value};
use polyport::{CallKind, Client, Context, Server, Status};
use polyport_build::Builder;
use polyport_wire::limits::Limits;
use polyport_wire::thrift::{self, Dynamic, WireType};

use crate::all::coverage::all as coverage;
use crate::all::coverage::base;
use crate::choices::choices::Chosen;
use crate::multi::multi as demo;
use crate::types::types::{self as interop, Color};

mod apart {
    include!("generated/apart.rs");
}
mod choices {
    include!("generated/choices.rs");
}
mod combined {
    include!("generated/combined.rs");
}
mod all {
    include!("generated/coverage.rs");
}
mod multi {
    include!("generated/multi.rs");
}
mod streams {
    include!("generated/streams.rs");
}
mod types {
    include!("generated/types.rs");
}

fn idl(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .join(path)
}

/// The builders of the files in `generated/`, and their IDLs.
fn samples() -> Vec<(Builder, Vec<PathBuf>)> {
    let plain = |path: &str| (Builder::new(), vec![idl(path)]);
    let combined = Builder::new().combine_service(true).name("combined");
    vec![
        plain("interop/idl/apart.thrift"),
        plain("interop/idl/multi.thrift"),
        plain("interop/idl/streams.thrift"),
        plain("interop/idl/types.thrift"),
        plain("tests/idl/coverage.thrift"),
        (
            Builder::new()
                .shared_text("Chosen.by_path")
                .shared_text("not_by_path"),
            vec![idl("tests/idl/choices.thrift")],
        ),
        (
            combined,
            vec![
                idl("interop/idl/combine.thrift"),
                idl("interop/idl/apart.thrift"),
            ],
        ),
    ]
}

#[test]
fn the_generated_files_are_fresh() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/generated");
    let bless = std::env::var_os("POLYPORT_BLESS").is_some();
    for (builder, paths) in samples() {
        let generated = builder.generate(&paths).unwrap();
        let path = directory.join(&generated.file_name);
        if bless {
            builder.out_dir(&directory).write(&generated).unwrap();
        }
        let current = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(
            current == generated.code,
            "{} is not what the generator makes now; see the top of this file",
            path.display()
        );
    }
}

fn encode<T: Value>(value: &T) -> Bytes {
    let mut buffer = BytesMut::new();
    thrift::encode(value, &mut buffer).unwrap();
    buffer.freeze()
}

fn decode<T: Value>(bytes: &Bytes) -> Result<T, DecodeError> {
    thrift::decode(bytes, &Limits::default())
}

fn round_trip<T: Value + PartialEq + std::fmt::Debug>(value: &T) {
    assert_eq!(decode::<T>(&encode(value)).as_ref(), Ok(value));
}

/// A struct without any field on the wire.
const NOTHING: &[u8] = &[0];

#[test]
fn all_types_come_back_as_they_went() {
    round_trip(&interop::Everything::default());
    let inner = interop::Inner {
        name: "n".into(),
        rank: Some(-1),
        ..Default::default()
    };
    let tree = |children| interop::Tree {
        label: "t".into(),
        children,
    };
    round_trip(&interop::Everything {
        flag: true,
        small: -8,
        short_number: -16,
        number: -32,
        long_number: i64::MIN,
        ratio: -0.5,
        text: "ä".into(),
        blob: Bytes::from_static(&[0xff, 0]),
        color: Color::BLUE,
        id: 7,
        numbers: vec![1, 2],
        words: HashSet::from(["a".into()]),
        counts: HashMap::from([("a".into(), 1)]),
        nested: HashMap::from([(1, vec![inner.clone()])]),
        inner: inner.clone(),
        choice: Some(interop::Choice::Inner(inner.clone())),
        deep: vec![HashMap::from([("a".into(), HashSet::from([1, 2]))])],
        tree: Some(tree(vec![tree(vec![]), tree(vec![])])),
        with_default: 8,
        absent: None,
        by_name: HashMap::from([("a".into(), inner)]),
    });
}

#[test]
fn texts_are_what_was_chosen() {
    let mut value = Chosen::default();
    assert_eq!(value.bytes, Bytes::from_static(b"plain"));
    assert_eq!(value.shared.as_deref(), Some("many"));
    assert_eq!(&*value.all["a"][0], "b");
    assert_eq!((value.small.n, value.maybe_small.is_none()), (3, true));
    // No UTF-8.
    let bytes = Bytes::from_static(&[0xff, 0]);
    value.bytes = bytes.clone();
    value.raw = bytes.clone();
    value.bytes_again = vec![bytes.clone()];
    value.by_path = Arc::from("path");
    value.names = vec![Arc::clone(&value.by_path)];
    value.elements = value.names.clone();
    value.not_by_path = String::from("string");
    value.maybe_small = Some(Box::new(choices::choices::SMALL.clone()));
    round_trip(&value);
    assert!(choices::choices::CHOSEN.unknown_fields_.is_empty());
    let failed = choices::choices::Failed {
        message: Arc::from("so"),
        ..Default::default()
    };
    assert_eq!(failed.to_string(), "so");
    assert!(*value.small > *choices::choices::SMALL);
}

#[test]
fn unknown_fields_are_kept_where_that_was_chosen() {
    // 9: an i32, 3: a list where the IDL has a map, and 10, which it knows.
    let bytes: &[u8] = &[
        8, 0, 99, 0, 0, 0, 1, 15, 0, 3, 2, 0, 0, 0, 1, 1, 8, 0, 10, 0, 0, 0, 5, 0,
    ];
    let value: Chosen = decode(&Bytes::copy_from_slice(bytes)).unwrap();
    assert_eq!(value.unknown_fields, 5);
    let unknown = value.unknown_fields_.fields().unwrap();
    let list = Dynamic::List(WireType::BOOL, vec![Dynamic::Bool(true)]);
    assert_eq!(unknown, [(99, Dynamic::I32(1)), (3, list)]);
    let written = encode(&value);
    assert!(
        written.ends_with(&[&bytes[..16], &[0]].concat()),
        "{written:?}"
    );
    round_trip(&value);
    let other = Chosen {
        unknown_fields: 5,
        ..Default::default()
    };
    assert_ne!(value, other);

    let bytes = Bytes::from_static(&[8, 0, 9, 0, 0, 0, 1, 0]);
    let one_of: choices::choices::OneOf = decode(&bytes).unwrap();
    assert!(
        matches!(one_of, choices::choices::OneOf::Unknown(_)),
        "{one_of:?}"
    );
    assert_eq!(encode(&one_of), bytes);
}

#[test]
fn what_has_no_hash_lies_in_lists() {
    let value = coverage::Unhashed::default();
    round_trip(&value);
    assert_eq!(value.ratios, ListSet::from([-1.0, 0.5]));
    assert_eq!(value.sets.as_slice()[0], HashSet::from([1, 2]));
    let half = coverage::Ratio { value: 0.5 };
    assert_eq!(value.by_ratio[&half][&vec![]], 1);
    round_trip(&coverage::Unhashed {
        names: ListMap::from([(0.5, "half".into()), (f64::INFINITY, "all".into())]),
        maps: ListMap::from([(HashMap::from([("a".into(), 1)]), ListSet::from([half]))]),
        again: ListSet::from([value]),
        ..Default::default()
    });
    assert!(coverage::BY_RATIO[&0.5][0].contains(&1.5));
    assert!(coverage::EMPTY.is_empty());
}

#[test]
fn a_list_takes_what_came() {
    // Two equal elements, and a key with two values: as they came, the last value counts.
    let bytes = Bytes::from_static(&[
        14, 0, 3, 14, 0, 0, 0, 2, 8, 0, 0, 0, 0, 8, 0, 0, 0, 0, // sets
        13, 0, 2, 4, 11, 0, 0, 0, 2, // names
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, b'a', //
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, b'b', 0,
    ]);
    let value: coverage::Unhashed = decode(&bytes).unwrap();
    assert_eq!((value.sets.len(), value.names.len()), (2, 2));
    assert_eq!(value.names[&0.0], "b");
    assert_eq!(value.sets, ListSet::from([HashSet::new()]));
}

#[test]
fn recursion_ends_in_a_box() {
    let leaf = || Box::new(coverage::Tree::Leaf(1));
    let pair = coverage::Pair {
        left: coverage::Tree::Same(leaf()),
        right: coverage::Tree::Unset,
    };
    round_trip(&coverage::Tree::Pair(Box::new(pair)));
    let end = coverage::Chain::default();
    // The end writes no `next`: 4 bytes less than a chain of two would need for it.
    assert_eq!(encode(&end).len(), 3 + 4 + 1);
    round_trip(&coverage::Chain {
        text: "a".into(),
        next: Some(Box::new(end)),
    });
}

#[test]
fn what_does_not_come_has_its_default() {
    let item: coverage::Tiny = decode(&Bytes::from_static(&[11, 0, 2, 0, 0, 0, 0, 0])).unwrap();
    assert_eq!((item.a, item.b.as_str()), (1, ""));
    let inner = interop::Inner::default();
    assert_eq!(inner.note, "none");
    let all: interop::Everything = decode(&Bytes::from_static(NOTHING)).unwrap();
    assert_eq!(all.with_default, 7);
    assert_eq!(
        all,
        interop::Everything {
            inner,
            ..Default::default()
        }
    );
    let base: base::Base = decode(&Bytes::from_static(NOTHING)).unwrap();
    assert_eq!(base.num, Some(base::Num::TWO));
    let args: coverage::calculator::AddArgs = decode(&Bytes::from_static(NOTHING)).unwrap();
    assert_eq!((args.a, args.b), (3, 0));
}

#[test]
fn defaults_that_take_memory_have_a_limit() {
    // A thousand items of eight bytes each, of which only the name came.
    let name = [11, 0, 1, 0, 0, 0, 0, 0];
    let list = [15, 0, 10, 12, 0, 0, 0x03, 0xe8];
    let bytes = Bytes::from([&list[..], &name.repeat(1000), &name].concat());
    let decode = |decoded| {
        let limits = Limits {
            decoded,
            ..Limits::default()
        };
        thrift::decode::<coverage::Item>(&bytes, &limits)
    };
    let places = 1000 * size_of::<coverage::Item>();
    // The texts `bb` and `default`, the numbers, and what is in the others.
    let item = decode(places + 1000 * 1024).unwrap();
    assert_eq!(item.children[999].numbers, Some(vec![1, 2, 3]));
    assert_eq!(item.children[999].def, "default");
    let error = decode(places + 1000).map(|_| ()).unwrap_err();
    let text = "Item.children: decoded message of ";
    assert!(error.to_string().starts_with(text), "{error}");
}

#[test]
fn what_must_come_is_missed() {
    let error = decode::<interop::Inner>(&Bytes::from_static(NOTHING)).unwrap_err();
    assert_eq!(error.kind(), &DecodeErrorKind::MissingField("name"));
}

#[test]
fn a_field_of_another_type_is_skipped() {
    // 1: a string, where the IDL has an i32; then 2: the string that must come.
    let bytes = Bytes::from_static(&[11, 0, 1, 0, 0, 0, 1, b'x', 11, 0, 2, 0, 0, 0, 1, b'y', 0]);
    let tiny: coverage::Tiny = decode(&bytes).unwrap();
    assert_eq!((tiny.a, tiny.b.as_str()), (1, "y"));
}

#[test]
fn a_union_of_another_version_is_unset() {
    let choice: interop::Choice = decode(&Bytes::from_static(&[8, 0, 9, 0, 0, 0, 1, 0])).unwrap();
    assert_eq!(choice, interop::Choice::Unset);
    assert_eq!(&encode(&choice)[..], NOTHING);
}

#[test]
fn enums_are_open() {
    assert_eq!(format!("{:?} {:?}", Color::RED, Color(7)), "RED Color(7)");
    assert_eq!(Color::GREEN.name(), Some("GREEN"));
    assert_eq!(i32::from(Color::from(10)), Color::BLUE.0);
    round_trip(&Color(7));
}

#[test]
fn constants_have_their_values() {
    assert_eq!(interop::ANSWER, 42);
    assert_eq!(*interop::NAMES, ["one", "two"]);
    assert_eq!(coverage::GREETING, "hi \"there\"");
    assert_eq!(coverage::TABLE["x"], [1, 2]);
    assert_eq!(coverage::CONSTANT_ITEM.color, Some(coverage::Color::BLUE));
    assert_eq!(coverage::CONSTANT_ITEM.numbers, Some(vec![1, 2, 3]));
    assert_eq!(coverage::OTHER_FILE, i64::from(base::LIMIT));
    assert_eq!(coverage::UNKNOWN_COLOR, coverage::Color(77));
    assert!((coverage::WHOLE + 3.0).abs() < f64::EPSILON);
    assert_eq!(&coverage::BYTES[..], b"bytes");
}

#[test]
fn exceptions_are_errors() {
    let declined = demo::Declined {
        code: 1,
        reason: "no".into(),
    };
    assert_eq!(declined.to_string(), "Declined { code: 1, reason: \"no\" }");
    let error = demo::service_a::DeclinesError::from(declined);
    assert_eq!(error.to_string(), "Declined { code: 1, reason: \"no\" }");
    let broken = interop::Broken {
        message: "glass".into(),
        evidence: None,
    };
    assert_eq!(broken.to_string(), "glass");
    assert_eq!(base::Refused::default().to_string(), "Refused");
}

#[test]
fn the_schema_knows_what_rust_does_not_say() {
    let schema = all::coverage::SCHEMA.get();
    let main = schema.service("coverage.all.Main").unwrap();
    let names: Vec<&str> = main.methods.iter().map(|method| &*method.name).collect();
    assert_eq!(names[..3], ["inherited", "nothing_inherited", "get"]);
    assert!(!names.contains(&"_hidden"));
    let declared_by = main.methods[0].declared_by.as_deref();
    assert_eq!(declared_by, Some("coverage.base.Parent"));
    let method = |name: &str| {
        let mut methods = main.methods.iter();
        methods.find(|method| method.name == name).unwrap()
    };
    assert_eq!(method("bidi").kind, CallKind::Bidirectional);
    assert!(method("both").streaming_unary);
    assert!(!method("pick").streaming_unary);

    let combined = combined::combine::SCHEMA.get();
    let service = combined.service("combine.CombineService").unwrap();
    assert!(service.combined);
    let declarers: Vec<_> = service
        .methods
        .iter()
        .map(|method| (method.name.as_str(), method.declared_by.as_deref().unwrap()))
        .collect();
    assert_eq!(
        declarers,
        [("fromA", "combine.CombineA"), ("fromB", "combine.CombineB")]
    );
}

struct Handler;

impl demo::ServiceA for Handler {
    async fn same_named_method(
        &self,
        cx: &mut Context,
        req: demo::Request,
    ) -> Result<demo::Response, Status> {
        let message = format!("{} {}", cx.service(), req.message);
        Ok(demo::Response { message })
    }

    async fn only_a(&self, _: &mut Context, _: demo::Request) -> Result<demo::Response, Status> {
        Err(Status::error("not today"))
    }

    async fn declines(
        &self,
        _: &mut Context,
        req: demo::Request,
    ) -> Result<demo::Response, demo::service_a::DeclinesError> {
        let reason = req.message;
        Err(demo::Declined { code: 4, reason })?
    }

    async fn nothing(&self, _: &mut Context) -> Result<(), Status> {
        Ok(())
    }

    async fn notify(&self, _: &mut Context, _: demo::Request) -> Result<(), Status> {
        Ok(())
    }

    async fn add(&self, _: &mut Context, left: i64, right: i64) -> Result<i64, Status> {
        Ok(left + right)
    }
}

impl demo::ServiceD for Handler {
    async fn only_c(&self, cx: &mut Context, req: demo::Request) -> Result<demo::Response, Status> {
        let message = format!("{} {}", cx.service(), req.message);
        Ok(demo::Response { message })
    }

    async fn only_d(&self, _: &mut Context, _: demo::Request) -> Result<demo::Response, Status> {
        Ok(demo::Response::default())
    }
}

#[tokio::test]
async fn services_share_a_handler() {
    let handler = Arc::new(Handler);
    let server = Server::new()
        .add(demo::ServiceAServer::new(Arc::clone(&handler)))
        .add(demo::ServiceDServer::new(handler));
    let address = serve(server).await.to_string();
    let client = demo::ServiceDClient::connect(address).await.unwrap();
    let reply = client.only_c(request("hi")).await.unwrap();
    assert_eq!(reply.message, "ServiceD hi");
}

#[test]
fn a_file_name_stays_in_the_comment() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a\npub fn escaped() {}.thrift");
    std::fs::write(&path, "enum A {}").unwrap();
    let code = Builder::new().generate(&[path]).unwrap().code;
    assert!(
        code.starts_with("// @generated by polyport-build from a\\npub fn"),
        "{code}"
    );
}

/// Two files that are included in one module, as two `include_idl!` would.
mod side_by_side {
    mod one {
        include!("generated/apart.rs");
        include!("generated/types.rs");
    }

    #[test]
    fn each_has_a_schema() {
        assert!(one::apart::SCHEMA.get().service("apart.Left").is_some());
        assert!(one::types::SCHEMA.get().service("types.Types").is_some());
    }
}

async fn serve(server: Server) -> SocketAddr {
    let listening = server.bind("127.0.0.1:0").await.unwrap();
    let address = listening.address();
    tokio::spawn(listening.serve_until(std::future::pending()));
    address
}

fn request(message: &str) -> demo::Request {
    demo::Request {
        message: message.to_owned(),
    }
}

#[tokio::test]
async fn generated_clients_call_generated_servers() {
    let server = Server::new()
        .add(demo::ServiceAServer::new(Handler))
        .add(demo::ServiceDServer::new(Handler));
    let address = serve(server).await;
    let client = Client::connect(address.to_string()).await.unwrap();
    let first = demo::ServiceAClient::new(client.clone());
    let second = demo::ServiceDClient::new(client);

    let reply = first.same_named_method(request("hi")).await.unwrap();
    assert_eq!(reply.message, "ServiceA hi");
    assert_eq!(first.add(2, 3).await.unwrap(), 5);
    first.nothing().await.unwrap();
    first.notify(request("hi")).await.unwrap();
    let error = first.only_a(request("hi")).await.unwrap_err();
    assert!(error.message().contains("not today"), "{error}");
    let error = first.declines(request("no")).await.unwrap_err();
    let demo::service_a::DeclinesError::Declined(declined) = error else {
        panic!("{error:?}");
    };
    assert_eq!((declined.code, declined.reason.as_str()), (4, "no"));
    let reply = second.only_c(request("hi")).await.unwrap();
    assert_eq!(reply.message, "ServiceD hi");
}

struct Both;

impl combined::combine::CombineService for Both {
    async fn from_a(
        &self,
        _: &mut Context,
        req: combined::combine::Request,
    ) -> Result<combined::combine::Response, Status> {
        let message = format!("A {}", req.message);
        Ok(combined::combine::Response { message })
    }

    async fn from_b(
        &self,
        _: &mut Context,
        _: combined::combine::Request,
    ) -> Result<combined::combine::Response, Status> {
        Ok(combined::combine::Response::default())
    }
}

#[tokio::test]
async fn a_combined_service_answers_the_clients_of_its_parts() {
    let server = Server::new().add(combined::combine::CombineServiceServer::new(Both));
    let address = serve(server).await.to_string();
    let client = combined::combine::CombineServiceClient::connect(address.as_str()).await;
    let message = "hi".to_owned();
    let request = combined::combine::Request { message };
    let reply = client.unwrap().from_a(request.clone()).await.unwrap();
    assert_eq!(reply.message, "A hi");
    let client = combined::combine::CombineAClient::connect(address).await;
    let reply = client.unwrap().from_a(request).await.unwrap();
    assert_eq!(reply.message, "A hi");
}
