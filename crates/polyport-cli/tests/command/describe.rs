//! `polyport list` and `polyport describe` from outside: IDL files, and servers with either reflection.

use std::fs;

use polyport::{Server, Service};
use polyport_build::Builder;
use polyport_wire::schema::Schema;

use crate::server::Serving;
use crate::{idl, polyport, text};

fn path(name: &str) -> String {
    idl(name).to_str().unwrap().to_owned()
}

/// What the command prints when all is well.
#[track_caller]
fn printed(arguments: &[&str]) -> String {
    let output = polyport(arguments);
    assert_eq!(text(&output.stderr), "", "{arguments:?}");
    assert!(output.status.success(), "{arguments:?}");
    text(&output.stdout)
}

/// What it complains of.
#[track_caller]
fn complained(status: i32, arguments: &[&str]) -> String {
    let output = polyport(arguments);
    assert_eq!(text(&output.stdout), "", "{arguments:?}");
    assert_eq!(output.status.code(), Some(status), "{arguments:?}");
    text(&output.stderr)
}

fn schema(paths: &[String]) -> Schema {
    let builder = Builder::new()
        .include_dir(idl("interop/idl"))
        .include_dir(idl("tests/idl"));
    let schema = builder.schema(paths).unwrap();
    // Without comments.
    Schema::decode(&schema.encode().unwrap()).unwrap()
}

#[test]
fn what_is_printed_of_a_service_is_an_idl_of_it() {
    let directory = tempfile::tempdir().unwrap();
    let mut seen = 0;
    for name in [
        "interop/idl/apart.thrift",
        "interop/idl/combine.thrift",
        "interop/idl/multi.thrift",
        "interop/idl/multi.proto",
        "interop/idl/streams.thrift",
        "interop/idl/types.thrift",
        "tests/idl/choices.thrift",
        "crates/polyport/idl/health.proto",
        "crates/polyport/idl/reflection.proto",
        "crates/polyport/idl/reflection.thrift",
    ] {
        let file = path(name);
        let all = schema(std::slice::from_ref(&file));
        for service in &all.services {
            let full = service.full_name();
            let printed = printed(&[
                "describe",
                "--idl",
                &file,
                "-I",
                &path("interop/idl"),
                &full,
            ]);
            let extension = name.rsplit('.').next().unwrap();
            let copy = directory.path().join(format!("{full}.{extension}"));
            fs::write(&copy, &printed).unwrap();
            let copy = schema(&[copy.to_str().unwrap().to_owned()]);
            let mut expected = all.part(service);
            for method in &mut expected.services[0].methods {
                method.declared_by = None;
            }
            assert_eq!(copy.services, expected.services, "{printed}");
            assert_eq!(copy.definitions, expected.definitions, "{printed}");
            seen += 1;
        }
    }
    assert!(seen > 15, "{seen}");
}

#[test]
fn a_message_is_printed_as_it_was_written() {
    let file = path("tests/idl/coverage.proto");
    let include = path("tests/idl");
    let arguments = ["describe", "--idl", &file, "-I", &include];
    let printed = printed(&[&arguments[..], &[".coverage.v1.Everything"]].concat());
    for line in [
        "message Everything {",
        "  enum Color {",
        "    option allow_alias = true;",
        "    COLOR_DARK_BLUE = -7;",
        "    message Deeper {",
        "  optional int32 maybe_number = 19;",
        "  repeated int32 loose_numbers = 23 [packed = false];",
        "  map<string, int32> counts = 28;",
        "  oneof choice {",
        "    google.protobuf.Empty nothing = 37;",
        "  string camelCase = 49;",
        "  string has_trailing_ = 58 [deprecated = true];",
        "import public \"parts.proto\";",
    ] {
        assert!(
            printed.lines().any(|found| found == line),
            "{line}\n{printed}"
        );
    }
}

#[test]
fn comments_are_printed() {
    let file = path("crates/polyport/idl/reflection.thrift");
    let printed = printed(&["describe", "--idl", &file, "ThriftReflection/reflectRoute"]);
    let (types, service) = printed.split_once("\nservice ").unwrap();
    assert!(
        types.starts_with("namespace * polyport.reflection.v1\n"),
        "{types}"
    );
    assert!(
        types.contains("\n// A call as it would come in.\nstruct Question {\n"),
        "{types}"
    );
    assert_eq!(
        service,
        "ThriftReflection {\n  \
           // Where the server would lead a call, which is not made.\n  \
           Decision reflectRoute(1: Question call)\n\
         }\n"
    );
}

#[test]
fn what_an_idl_has_is_listed() {
    let thrift = path("interop/idl/multi.thrift");
    let proto = path("interop/idl/multi.proto");
    let arguments = ["list", "--idl", &thrift, "--idl", &proto];
    let expected = "\
multi.ServiceA  Thrift
  sameNamedMethod
  onlyA
  declines
  nothing
  notify           oneway
  add
multi.ServiceB  Thrift
  sameNamedMethod
  onlyB
multi.ServiceC  Thrift
  onlyC
multi.ServiceD  Thrift
  onlyC
  onlyD
";
    let printed = printed(&arguments);
    assert!(printed.starts_with(expected), "{printed}");
    assert!(
        printed.contains("\nmulti.v1.ServiceA  Protobuf\n"),
        "{printed}"
    );
    let json = polyport(&[&arguments[..], &["--json"]].concat());
    let json: serde_json::Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!(json["services"][0]["service"], "multi.ServiceA");
    assert_eq!(json["services"][0]["methods"][4]["kind"], "oneway");
}

const DESCRIBED: &str = "\
demo.v1.ServiceA  Protobuf, fallback
  SameNamedMethod
  Spell            server-stream
demo.v1.ServiceB  Protobuf
  SameNamedMethod
grpc.reflection.v1.ServerReflection  Protobuf, built in, gRPC only
  ServerReflectionInfo  bidirectional
grpc.reflection.v1alpha.ServerReflection  Protobuf, built in, gRPC only
  ServerReflectionInfo  bidirectional
multi.v1.Streams  Protobuf
  Bidirectional  bidirectional
  Client         client-stream
  Server         server-stream
  Unary
polyport.reflection.v1.ThriftReflection  Thrift, built in
  reflectServices
  reflectSchema
  reflectRoute
";

#[test]
fn what_a_server_has_is_listed_over_every_transport() {
    let serving = Serving::described();
    let address = serving.address();
    assert_eq!(printed(&["list", &address]), DESCRIBED);
    for transport in ["buffered", "framed", "ttheader", "ttheader-framed", "grpc"] {
        let arguments = ["list", &address, "--transport", transport];
        assert_eq!(printed(&arguments), DESCRIBED, "{transport}");
    }
}

#[test]
fn what_a_server_tells_is_what_its_idl_says() {
    let serving = Serving::told();
    let address = serving.address();
    let (thrift, proto) = (
        path("interop/idl/multi.thrift"),
        path("interop/idl/multi.proto"),
    );
    for (file, name) in [
        (&thrift, "multi.ServiceA"),
        (&thrift, "multi.ServiceA/declines"),
        (&thrift, ".multi.Declined"),
        (&proto, "multi.v1.ServiceA"),
        (&proto, "Streams/Client"),
        (&proto, ".multi.v1.Item"),
    ] {
        let include = path("interop/idl");
        let by_idl = printed(&["describe", "--idl", file, "-I", &include, name]);
        // There are no comments in these.
        let by_idl: Vec<&str> = by_idl.lines().filter(|line| !line.contains("//")).collect();
        let told = printed(&["describe", &address, name]);
        let told: Vec<&str> = told.lines().filter(|line| !line.contains("//")).collect();
        assert_eq!(told, by_idl, "{name}");
    }
    let declines = printed(&["describe", &address, "multi.ServiceA/declines"]);
    let expected = "\
namespace * multi

struct Request {
  1: string message
}

struct Response {
  1: string message
}

exception Declined {
  1: i32 code
  2: string reason
}

service ServiceA {
  Response declines(1: Request req) throws (1: Declined declined)
}
";
    assert_eq!(declines, expected);
    let json = printed(&["describe", &address, "multi.ServiceA/declines", "--json"]);
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    let method = &json["services"][0]["methods"][0];
    assert_eq!(method["arguments"][0]["type"], "multi.Request");
    assert_eq!(method["throws"][0]["type"], "multi.Declined");
    assert_eq!(json["types"][2]["kind"], "exception");
    assert_eq!(json["types"][2]["fields"][0]["type"], "i32");
}

#[test]
fn grpcs_reflection_is_asked_where_there_is_no_other() {
    let hidden = Service::raw("ThriftReflection", ["other"], Nothing);
    let serving = Serving::described_beside(hidden);
    let address = serving.address();
    let listed = printed(&["list", &address]);
    assert!(
        listed.starts_with("demo.v1.ServiceA  Protobuf\n"),
        "{listed}"
    );
    assert!(!listed.contains("Thrift"), "{listed}");
    let described = printed(&["describe", &address, "ServiceB"]);
    assert!(
        described.contains(
            "\nservice ServiceB {\n  rpc SameNamedMethod(Request) returns (Response);\n}\n"
        ),
        "{described}"
    );
}

struct Nothing;

impl polyport::service::RawHandler for Nothing {
    async fn call(
        &self,
        _cx: &mut polyport::Context,
        _arguments: bytes::Bytes,
    ) -> Result<bytes::Bytes, polyport::Status> {
        Ok(bytes::Bytes::from_static(&[0]))
    }
}

#[test]
fn what_is_not_there_is_said() {
    let serving = Serving::told();
    let address = serving.address();
    let first = |arguments: &[&str]| {
        let error = complained(2, arguments);
        error.lines().next().unwrap().to_owned()
    };
    assert!(
        first(&["describe", &address, "multi.ServiceX"])
            .starts_with("error: there is no service or type multi.ServiceX; did you mean ")
    );
    assert_eq!(
        first(&["describe", &address, "multi.ServiceB/only"]),
        "error: service multi.ServiceB has no method only; did you mean onlyB? there are \
         [sameNamedMethod, onlyB]"
    );
    assert_eq!(
        first(&["describe", &address, "ServiceA"]),
        "error: 2 services are called ServiceA, so say the package: multi.ServiceA, multi.v1.ServiceA"
    );
    let silent = Serving::of(Server::new().add(Service::raw("One", ["say"], Nothing)));
    let error = complained(1, &["list", &silent.address()]);
    assert!(
        error.contains("does not describe its services: over Thrift it says"),
        "{error}"
    );
    let nobody = complained(1, &["list", "127.0.0.1:1"]);
    assert!(nobody.contains("127.0.0.1:1"), "{nobody}");
}
