//! Code generated from Protobuf, compiled and used.
//!
//! The files in `generated/` are what the generator makes of the IDLs here; a test holds them
//! against it. After a change of the generator, write them anew with
//! `POLYPORT_BLESS=1 cargo test -p polyport-build --test protobuf`.

#![deny(warnings)]

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use polyport::json::Messages;
use polyport::protobuf::well_known::{Any, Duration, Timestamp};
use polyport::protobuf::{Message, MessageField};
use polyport::{CallKind, Client, Codec, Context, Server, Sink, Status, Streaming, Transport};
use polyport_build::Builder;
use polyport_wire::limits::Limits;
use polyport_wire::schema::{Annotation, Type};

use crate::all::coverage::v1::everything::{Choice, Color, Inner, inner::Deeper};
use crate::all::coverage::v1::{self as coverage, Everything};
use crate::all::legacy;
use crate::all::{Bare, bare};
use crate::multi::multi::v1 as demo;

mod all {
    include!("generated/coverage_proto.rs");
}
mod mixed {
    include!("generated/mixed.rs");
}
mod multi {
    include!("generated/multi_proto.rs");
}

fn idl(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .join(path)
}

/// The builders of the files in `generated/`, and their IDLs.
fn samples() -> Vec<(Builder, Vec<PathBuf>)> {
    vec![
        (
            Builder::new().name("multi_proto"),
            vec![idl("interop/idl/multi.proto")],
        ),
        (
            Builder::new().name("coverage_proto"),
            vec![
                idl("tests/idl/coverage.proto"),
                idl("tests/idl/parts.proto"),
            ],
        ),
        (
            Builder::new().name("mixed").combine_service(true),
            vec![idl("tests/idl/mixed.thrift"), idl("tests/idl/mixed.proto")],
        ),
    ]
}

#[test]
fn the_generated_files_are_fresh() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/generated");
    let bless = std::env::var_os("POLYPORT_BLESS").is_some();
    for (builder, paths) in samples() {
        let generated = builder.generate(&paths).unwrap();
        assert!(generated.warnings.is_empty(), "{}", generated.warnings);
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

#[test]
fn generated_code_names_nothing_else() {
    for (builder, paths) in samples() {
        let code = builder.generate(&paths).unwrap().code;
        let code: Vec<&str> = code
            .lines()
            .filter(|line| !line.trim_start().starts_with("//") && !line.contains("b\""))
            .collect();
        let code = code.join("\n");
        let paths = code.split(|letter: char| letter.is_whitespace() || "<(&!-[".contains(letter));
        for path in paths.filter(|path| path.starts_with("::")) {
            let is_known = ["::polyport::codegen::", "::std::", "::core::"]
                .iter()
                .any(|known| path.starts_with(known));
            assert!(is_known, "{path}");
        }
    }
}

#[test]
fn bytes_are_those_of_other_implementations() {
    // Between a Kitex client and server: SameNamedMethod("hi") and its answer.
    let request = demo::Request {
        message: "hi".into(),
    };
    assert_eq!(request.encode_to_vec(), b"\x0a\x02hi");
    let answer = b"\x0a\x1cServiceA/SameNamedMethod: hi";
    let answer = demo::Response::decode_from_slice(answer).unwrap();
    assert_eq!(answer.message, "ServiceA/SameNamedMethod: hi");
}

fn inner(name: &str) -> Inner {
    Inner {
        name: name.into(),
        deeper: Deeper { depth: 3 }.into(),
    }
}

fn everything() -> Everything {
    Everything {
        double: -0.5,
        float: 1.5,
        int32: -1,
        int64: i64::MIN,
        uint32: u32::MAX,
        uint64: u64::MAX,
        sint32: -2,
        sint64: -3,
        fixed32: 4,
        fixed64: 5,
        sfixed32: -6,
        sfixed64: -7,
        bool: true,
        string: "ä".into(),
        bytes: Bytes::from_static(&[0xff, 0]),
        color: Color::COLOR_DARK_BLUE.into(),
        inner: inner("in").into(),
        everything: Everything::default().into(),
        maybe_number: Some(0),
        maybe_text: Some(String::new()),
        maybe_color: Some(Color::COLOR_UNSPECIFIED.into()),
        numbers: vec![1, -1],
        loose_numbers: vec![2, 3],
        words: vec!["a".into(), String::new()],
        blobs: vec![Bytes::from_static(b"b")],
        inners: vec![inner("one"), Inner::default()],
        colors: vec![Color::COLOR_RED.into(), 77.into()],
        counts: HashMap::from([("a".into(), 1)]),
        by_id: HashMap::from([(-1, inner("id"))]),
        by_flag: HashMap::from([(true, Bytes::from_static(b"t"))]),
        by_name: HashMap::from([("dark".into(), Color::COLOR_DARK_BLUE.into())]),
        choice: Some(Choice::Nested(Box::new(inner("chosen")))),
        at: Timestamp::from_unix(7, 8).into(),
        lasts: Duration::from_secs(9).into(),
        old: legacy::Old {
            id: 1,
            ..Default::default()
        }
        .into(),
        bare: Bare {
            choice: Some(bare::Choice::Text("t".into())),
        }
        .into(),
        part: coverage::Part {
            name: "part".into(),
        }
        .into(),
        camel_case: "camel".into(),
        r#type: "type".into(),
        ..Default::default()
    }
}

#[test]
fn all_types_come_back_as_they_went() {
    let value = everything();
    assert_eq!(
        Everything::decode_from_slice(&value.encode_to_vec()),
        Ok(value)
    );
    let empty = Everything::default();
    assert_eq!(empty.encode_to_vec(), b"");
    assert_eq!(empty.everything, MessageField::none());
}

#[test]
fn enums_are_open_where_the_file_says_so() {
    let bytes = [0x80, 0x01, 0x4d];
    let value = Everything::decode_from_slice(&bytes).unwrap();
    assert_eq!((value.color.to_i32(), value.color.as_known()), (77, None));
    assert_eq!(value.encode_to_vec(), bytes);
    assert_eq!(Color::COLOR_CRIMSON, Color::COLOR_RED);
}

#[test]
fn unknown_fields_are_skipped() {
    let bytes = b"\x0a\x02hi\x12\x03abc\x18\x07";
    let request = demo::Request::decode_from_slice(bytes).unwrap();
    assert_eq!(request.encode_to_vec(), b"\x0a\x02hi");
}

#[test]
fn unknown_fields_can_be_kept() {
    let kept = Builder::new().keep_unknown_fields(".");
    let generated = kept.generate(&[idl("interop/idl/multi.proto")]).unwrap();
    let field = "UnknownFields,";
    assert!(generated.code.contains(field));
    let (builder, paths) = &samples()[0];
    assert!(!builder.generate(paths).unwrap().code.contains(field));
}

#[test]
fn options_are_annotations() {
    let path = idl("tests/idl/options.proto");
    let schema = Builder::new().schema(&[path]).unwrap();
    let service = schema.service("options.v1.Options").unwrap();
    let pairs = |annotations: &[Annotation]| -> Vec<(String, String)> {
        let pair = |it: &Annotation| (it.name.clone(), it.value.clone());
        annotations.iter().map(pair).collect()
    };
    let own = |pairs: &[(&str, &str)]| -> Vec<(String, String)> {
        let own = pairs.iter().map(|(a, b)| ((*a).into(), (*b).into()));
        own.collect()
    };
    assert_eq!(
        pairs(&service.annotations),
        own(&[("(options.v1.internal)", "true")])
    );
    assert_eq!(service.methods[0].annotations, []);
    let rule = r#"{ roles: ["admin", "owner"] level: HIGH limits: [{ key: "day" value: 3 }] }"#;
    let expected = own(&[
        ("deprecated", "true"),
        ("idempotency_level", "NO_SIDE_EFFECTS"),
        ("(options.v1.rule)", rule),
        ("(options.v1.note)", "say \"new\""),
        ("(options.v1.numbers)", "[1, 2]"),
    ]);
    assert_eq!(pairs(&service.methods[1].annotations), expected);
    // Who does not import the file that says what options there are may still use its own.
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.proto");
    let text = "syntax = \"proto3\"; message A {} service B { option deprecated = true; }";
    std::fs::write(&path, text).unwrap();
    let schema = Builder::new().schema(&[path]).unwrap();
    let expected = own(&[("deprecated", "true")]);
    assert_eq!(pairs(&schema.services[0].annotations), expected);
}

/// The lines of what is generated that the word stands before.
#[expect(clippy::unwrap_used, reason = "a test stops at what it did not expect")]
fn marked(builder: &Builder, word: &str) -> Vec<String> {
    let generated = builder.generate(&[idl("tests/idl/options.proto")]).unwrap();
    let lines: Vec<&str> = generated.code.lines().map(str::trim).collect();
    let mut found: Vec<String> = (0..lines.len())
        .filter(|at| lines[*at].contains(word))
        .map(|at| {
            let is_item = |line: &&&str| !line.starts_with(['#', '/']);
            (*lines[at..].iter().find(is_item).unwrap()).to_owned()
        })
        .collect();
    found.sort();
    found
}

#[test]
fn types_and_fields_get_their_attributes() {
    let of_types = |path: &str| {
        marked(
            &Builder::new().type_attribute(path, "#[doc = \"MARK\"]"),
            "MARK",
        )
    };
    let inside = [
        "pub enum Choice {",
        "pub struct Inner {",
        "pub struct Request {",
    ];
    assert_eq!(of_types("Request"), inside);
    assert_eq!(of_types("Request.Inner"), inside[1..2]);
    assert_eq!(of_types("Request.choice"), inside[..1]);
    assert_eq!(of_types(".options.v1.Level"), ["pub enum Level {"]);
    assert_eq!(of_types(".").len(), 5);
    let of_fields = |path: &str| {
        marked(
            &Builder::new().field_attribute(path, "#[doc = \"MARK\"]"),
            "MARK",
        )
    };
    assert_eq!(
        of_fields("Request.text"),
        ["pub text: ::std::string::String,"]
    );
    assert_eq!(of_fields("Request.name"), ["Name(::std::string::String),"]);
    assert_eq!(of_fields("Request.choice.name"), of_fields("Request.name"));
    assert_eq!(of_fields("Inner"), ["pub id: i32,"]);
}

#[test]
fn choices_that_messages_cannot_have_are_refused() {
    let paths = [idl("tests/idl/options.proto")];
    let messages = |builder: Builder| -> Vec<String> {
        let error = builder.generate(&paths).unwrap_err();
        error.report().messages().map(str::to_owned).collect()
    };
    let text = "has no effect on the text of Protobuf's messages";
    assert_eq!(
        messages(Builder::new().shared_text("Request.text")),
        [format!("`Request.text` {text}")]
    );
    assert_eq!(
        messages(Builder::new().text_as_bytes(".")),
        [format!("`.` {text}")]
    );
    let unknown = "`Request` has no effect on the unknown fields of Protobuf's messages";
    assert_eq!(
        messages(Builder::new().keep_unknown_fields("Request")),
        [unknown]
    );
    let nothing = "the path `Request.text` names nothing that this is for";
    assert_eq!(messages(Builder::new().boxed("Request.text")), [nothing]);
    assert!(
        Builder::new()
            .boxed("Request.inner")
            .generate(&paths)
            .is_ok()
    );

    // Beside Thrift, where it means something.
    let both = [
        idl("tests/idl/options.proto"),
        idl("interop/idl/multi.thrift"),
    ];
    let generated = Builder::new().shared_text(".").generate(&both).unwrap();
    let warnings: Vec<&str> = generated.warnings.messages().collect();
    assert_eq!(warnings, [format!("`.` {text}")]);
}

#[test]
fn what_does_not_come_has_its_default() {
    let old = legacy::Old::decode_from_slice(&[8, 1]).unwrap();
    assert_eq!((old.id, old.name.as_deref()), (1, None));
    assert_eq!(old.encode_to_vec(), [8, 1]);
}

#[test]
fn the_schema_knows_services_and_messages() {
    let schema = all::SCHEMA.get();
    let kinds = schema.service("coverage.v1.Kinds").unwrap();
    assert_eq!(kinds.codec, Codec::Protobuf);
    assert!(!kinds.combined);
    let method = |name: &str| kinds.methods.iter().find(|it| it.name == name).unwrap();
    assert_eq!(method("Unary").kind, CallKind::Unary);
    assert_eq!(method("ClientStream").kind, CallKind::ClientStream);
    assert_eq!(method("ServerStream").kind, CallKind::ServerStream);
    assert_eq!(method("Bidirectional").kind, CallKind::Bidirectional);
    let nested = method("Nested");
    let deeper = Type::Message("coverage.v1.Everything.Inner.Deeper".into());
    assert_eq!(nested.arguments[0].kind, deeper);
    let boxed = Type::Message("coverage.v1.Option.Box".into());
    assert_eq!(nested.result, Some(boxed));
    let names: Vec<String> = schema.services.iter().map(|it| it.full_name()).collect();
    let expected = [
        "BareService",
        "coverage.v1.Parts",
        "coverage.v1.Kinds",
        "coverage.v1.Streams",
        "coverage.v1.Clash",
        "coverage.v1.Result_",
    ];
    assert_eq!(names, expected);
}

#[test]
fn both_codecs_go_into_one_file() {
    let schema = mixed::mixed::SCHEMA.get();
    let codec = |name: &str| schema.service(name).unwrap().codec;
    assert_eq!(codec("mixed.Asking"), Codec::ThriftBinary);
    assert_eq!(codec("mixed.v1.Asking"), Codec::Protobuf);
    let combined = schema.service("mixed.v1.CombineService").unwrap();
    assert!(combined.combined);
    let methods: Vec<_> = combined
        .methods
        .iter()
        .map(|method| (method.name.as_str(), method.declared_by.as_deref().unwrap()))
        .collect();
    let expected = [("Ask", "mixed.v1.Asking"), ("Tell", "mixed.v1.Telling")];
    assert_eq!(methods, expected);
}

#[test]
fn messages_are_json_by_name() {
    let messages = Messages::new(all::SCHEMA.get()).unwrap();
    let name = "coverage.v1.Everything";
    let mut value = everything();
    value.any = Any {
        type_url: "type.googleapis.com/coverage.v1.Part".into(),
        value: coverage::Part { name: "p".into() }.encode_to_vec().into(),
        ..Default::default()
    }
    .into();
    let json = messages
        .write(name, &value.encode_to_vec(), &Limits::default())
        .unwrap();
    assert_eq!(json["int64"], i64::MIN.to_string());
    assert_eq!(json["bytes"], "/wA=");
    assert_eq!(json["color"], "COLOR_DARK_BLUE");
    assert_eq!(json["colors"][1], 77);
    assert_eq!(json["camelCase"], "camel");
    assert_eq!(json["at"], "1970-01-01T00:00:07.000000008Z");
    assert_eq!(json["lasts"], "9s");
    assert_eq!(json["nested"]["deeper"]["depth"], 3);
    assert_eq!(json["any"]["name"], "p");
    let bytes = messages.read(name, &json).unwrap();
    assert_eq!(Everything::decode_from_slice(&bytes), Ok(value));
}

#[test]
fn what_is_no_json_of_a_message_is_said() {
    let messages = Messages::new(multi::multi::SCHEMA.get()).unwrap();
    let read = |name: &str, json| messages.read(name, &json).unwrap_err().to_string();
    let json = serde_json::json!({ "mesage": "hi" });
    let expected = "not a `multi.v1.Request`: unknown field \"mesage\" on message multi.v1.Request";
    assert_eq!(read("multi.v1.Request", json.clone()), expected);
    assert_eq!(read("Request", json), "there is no message `Request`");
    let error = messages
        .write("multi.v1.Item", &[0xff], &Limits::default())
        .unwrap_err();
    assert!(error.to_string().starts_with("not a `multi.v1.Item`: "));
}

struct Handler;

impl demo::ServiceA for Handler {
    async fn same_named_method(
        &self,
        cx: &mut Context,
        request: demo::Request,
    ) -> Result<demo::Response, Status> {
        let message = format!("{} {}", cx.service(), request.message);
        Ok(demo::Response { message })
    }

    async fn only_a(&self, _: &mut Context, _: demo::Request) -> Result<demo::Response, Status> {
        Err(Status::error("not today"))
    }
}

impl demo::Streams for Handler {
    async fn bidirectional(
        &self,
        _: &mut Context,
        mut input: Streaming<demo::Item>,
        mut output: Sink<demo::Item>,
    ) -> Result<(), Status> {
        while let Some(item) = input.receive().await? {
            output.send(item).await?;
        }
        Ok(())
    }

    async fn client(
        &self,
        _: &mut Context,
        mut input: Streaming<demo::Item>,
    ) -> Result<demo::Item, Status> {
        let mut sum = demo::Item::default();
        while let Some(item) = input.receive().await? {
            sum.number += item.number;
            sum.message += &item.message;
        }
        Ok(sum)
    }

    async fn server(
        &self,
        _: &mut Context,
        request: demo::Item,
        mut output: Sink<demo::Item>,
    ) -> Result<(), Status> {
        for number in 0..request.number {
            output.send(item(number, &request.message)).await?;
        }
        Ok(())
    }

    async fn unary(&self, _: &mut Context, request: demo::Item) -> Result<demo::Item, Status> {
        Ok(request)
    }
}

fn item(number: i32, message: &str) -> demo::Item {
    let message = message.to_owned();
    demo::Item { number, message }
}

#[tokio::test]
async fn generated_clients_call_generated_servers() {
    let handler = Arc::new(Handler);
    let server = Server::new()
        .add(demo::ServiceAServer::new(Arc::clone(&handler)))
        .add(demo::StreamsServer::new(handler));
    let listening = server.bind("127.0.0.1:0").await.unwrap();
    let address = listening.address().to_string();
    tokio::spawn(listening.serve_until(std::future::pending()));
    let grpc = Client::options(&address).transport(Transport::Grpc);
    let grpc = grpc.connect().await.unwrap();
    let ping_pong = Client::options(&address).transport(Transport::TtHeaderFramed);
    let ping_pong = ping_pong.connect().await.unwrap();

    for client in [grpc.clone(), ping_pong] {
        let client = demo::ServiceAClient::new(client);
        let message = "hi".to_owned();
        let request = demo::Request { message };
        let reply = client.same_named_method(request.clone()).await.unwrap();
        assert_eq!(reply.message, "ServiceA hi");
        let error = client.only_a(request).await.unwrap_err();
        assert!(error.message().contains("not today"), "{error}");
    }

    let streams = demo::StreamsClient::new(grpc);
    assert_eq!(streams.unary(item(1, "a")).await.unwrap(), item(1, "a"));
    let mut sum = streams.client().await.unwrap();
    sum.send(item(1, "a")).await.unwrap();
    sum.send(item(2, "b")).await.unwrap();
    assert_eq!(sum.finish().await.unwrap(), item(3, "ab"));
    let mut items = streams.server(item(2, "c")).await.unwrap();
    assert_eq!(items.receive().await.unwrap(), Some(item(0, "c")));
    assert_eq!(items.receive().await.unwrap(), Some(item(1, "c")));
    assert_eq!(items.receive().await.unwrap(), None);
    let (mut sink, mut echoes) = streams.bidirectional().await.unwrap();
    for number in 0..3 {
        sink.send(item(number, "d")).await.unwrap();
        assert_eq!(echoes.receive().await.unwrap(), Some(item(number, "d")));
    }
    sink.finish().unwrap();
    assert_eq!(echoes.receive().await.unwrap(), None);
}

/// A file of an edition, which is only read from a descriptor set.
#[test]
fn editions_come_in_descriptor_sets() {
    use buffa_descriptor::generated::descriptor::{
        DescriptorProto, Edition, FeatureSet, FieldDescriptorProto, FileDescriptorProto,
        FileDescriptorSet, FileOptions, MethodDescriptorProto, ServiceDescriptorProto,
        feature_set::FieldPresence, field_descriptor_proto,
    };
    let text = |text: &str| Some(text.to_owned());
    let field = FieldDescriptorProto {
        name: text("text"),
        number: Some(1),
        r#type: Some(field_descriptor_proto::Type::TYPE_STRING),
        label: Some(field_descriptor_proto::Label::LABEL_OPTIONAL),
        ..Default::default()
    };
    let message = DescriptorProto {
        name: text("Note"),
        field: vec![field],
        ..Default::default()
    };
    let method = MethodDescriptorProto {
        name: text("Put"),
        input_type: text(".notes.Note"),
        output_type: text(".google.protobuf.Empty"),
        client_streaming: Some(true),
        ..Default::default()
    };
    let service = ServiceDescriptorProto {
        name: text("Notes"),
        method: vec![method],
        ..Default::default()
    };
    let features = FeatureSet {
        field_presence: Some(FieldPresence::IMPLICIT),
        ..Default::default()
    };
    let options = FileOptions {
        features: features.into(),
        ..Default::default()
    };
    let file = FileDescriptorProto {
        name: text("notes.proto"),
        package: text("notes"),
        // The library's files may be missing.
        dependency: vec!["google/protobuf/empty.proto".to_owned()],
        message_type: vec![message],
        service: vec![service],
        options: options.into(),
        syntax: text("editions"),
        edition: Some(Edition::EDITION_2023),
        ..Default::default()
    };
    let set = FileDescriptorSet {
        file: vec![file],
        ..Default::default()
    };
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("notes.bin");
    std::fs::write(&path, set.encode_to_vec()).unwrap();
    let none: [&Path; 0] = [];
    let builder = Builder::new().descriptor_set(&path).combine_service(true);
    let generated = builder.generate(&none).unwrap();
    assert_eq!(generated.file_name, "notes.rs");
    assert_eq!(generated.sources, [path]);
    let code = generated.code;
    // Not an `Option`: the file's features were understood.
    assert!(code.contains("pub text: ::std::string::String,"), "{code}");
    assert!(code.contains("input: ::polyport::codegen::Streaming<Note>,"));
    assert!(code.contains("::polyport::codegen::buffa_types::google::protobuf::Empty"));
    let schema = builder.schema(&none).unwrap();
    let names: Vec<String> = schema.services.iter().map(|it| it.full_name()).collect();
    assert_eq!(names, ["notes.Notes", "notes.CombineService"]);
}
