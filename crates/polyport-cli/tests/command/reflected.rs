//! Servers whose gRPC reflection is older than ours, or says less.

use std::fs;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use buffa::Message;
use buffa_descriptor::generated::descriptor::FileDescriptorSet;
use polyport::generic::{Failure, JsonHandler, JsonSink, JsonStreaming, Services};
use polyport::{Context, Server, Service, Status};
use polyport_build::Builder;
use polyport_examples::protobuf::demo::v1 as demo;
use serde_json::{Value, json};

use crate::server::{Serving, Speller};
use crate::{idl, polyport, text};

/// A server of demo.proto with reflection of this version alone, which tells of these services.
fn serving(version: &str, services: &[&str]) -> Serving {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("reflection.proto");
    let ours = fs::read_to_string(idl("crates/polyport/idl/reflection.proto")).unwrap();
    let package = "package grpc.reflection.v1;";
    assert!(ours.contains(package));
    fs::write(&path, ours.replace(package, &format!("package {version};"))).unwrap();
    let schema = Builder::new().schema(&[path]).unwrap();
    let told = Told {
        services: services.iter().copied().map(str::to_owned).collect(),
    };
    let name = format!("{version}.ServerReflection");
    let reflection = Service::json(&Services::new(schema).unwrap(), &name, told).unwrap();
    let server = Server::new()
        .add(demo::ServiceAServer::new(Speller).fallback())
        .add(demo::ServiceBServer::new(Speller));
    Serving::of(server.add(reflection))
}

/// Reflection by hand.
struct Told {
    services: Vec<String>,
}

impl Told {
    fn answer(&self, question: &Value) -> Value {
        if question["listServices"].is_string() {
            let services = self.services.iter().map(|name| json!({ "name": name }));
            let services: Vec<Value> = services.collect();
            return json!({ "listServicesResponse": { "service": services } });
        }
        match question["fileContainingSymbol"].as_str() {
            Some(name) if name.starts_with("demo.v1.") => {
                let schema = Builder::new().schema(&[idl("examples/idl/demo.proto")]);
                let descriptors = schema.unwrap().descriptors;
                let files = FileDescriptorSet::decode(&mut descriptors.clone()).unwrap();
                let files = files.file.iter().map(Message::encode_to_vec);
                let files: Vec<String> = files.map(|file| BASE64_STANDARD.encode(file)).collect();
                json!({ "fileDescriptorResponse": { "fileDescriptorProto": files } })
            }
            Some(name) if name.ends_with("Broken") => {
                let file = BASE64_STANDARD.encode(b"\x0a\x05b.pro\x1a\x07no.prot");
                json!({ "fileDescriptorResponse": { "fileDescriptorProto": [file] } })
            }
            _ => json!({ "errorResponse": { "errorCode": 5, "errorMessage": "not \u{9b}mine" } }),
        }
    }
}

impl JsonHandler for Told {
    async fn call(&self, cx: &mut Context, _: Value) -> Result<Value, Failure> {
        Err(cx.not_implemented().into())
    }

    async fn stream(
        &self,
        _: &mut Context,
        mut questions: JsonStreaming,
        mut answers: JsonSink,
    ) -> Result<(), Status> {
        while let Some(question) = questions.receive().await? {
            answers.send(&self.answer(&question)).await?;
        }
        Ok(())
    }
}

#[test]
fn a_server_may_have_either_version() {
    for version in ["grpc.reflection.v1alpha", "grpc.reflection.v1"] {
        // Which is listed and not described, as by some servers in Go.
        let itself = format!("{version}.ServerReflection");
        let serving = serving(version, &["demo.v1.ServiceA", &itself]);
        let address = serving.address();
        let listed = polyport(&["list", &address]);
        assert_eq!(text(&listed.stderr), "", "{version}");
        let expected =
            "demo.v1.ServiceA  Protobuf\n  SameNamedMethod\n  Spell            server-stream\n";
        let expected = format!("{expected}{itself}  Protobuf\n");
        assert_eq!(text(&listed.stdout), expected, "{version}");
        assert_eq!(listed.status.code(), Some(0), "{version}");
        let data = r#"{"message": "hi"}"#;
        let called = polyport(&["call", &address, "ServiceA/SameNamedMethod", "-d", data]);
        assert_eq!(
            text(&called.stdout),
            "{\"message\":\"A heard hi\"}\n",
            "{version}"
        );
        let described = polyport(&["describe", &address, "ServiceA/Spell"]);
        let described = text(&described.stdout);
        assert!(
            described.contains("  rpc Spell(Request) returns (stream Response);"),
            "{described}"
        );
    }
}

#[test]
fn services_that_are_not_described_are_named_with_the_reason() {
    let names = ["demo.v1.ServiceA", "a.Hidden"];
    let serving = serving("grpc.reflection.v1", &names);
    let address = serving.address();
    let output = polyport(&["list", &address]);
    let expected = format!(
        "demo.v1.ServiceA  Protobuf\n  SameNamedMethod\n  Spell            server-stream\na.Hidden  \
         Protobuf\n  {address} does not describe a.Hidden: status 5 NotFound: not \u{fffd}mine\n"
    );
    assert_eq!(text(&output.stdout), expected);
    assert_eq!(
        (text(&output.stderr), output.status.code()),
        (String::new(), Some(1))
    );

    let output = polyport(&["list", &address, "--json"]);
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    let hidden = json!({
        "service": "a.Hidden",
        "codec": "Protobuf",
        "roles": [],
        "problem": format!("{address} does not describe a.Hidden: status 5 NotFound: not \u{9b}mine"),
        "methods": [],
    });
    assert_eq!(told["services"][1], hidden);
    assert!(told["services"][0].get("problem").is_none(), "{told}");
    assert_eq!(output.status.code(), Some(1));

    // Who asks for that one is told the same; the others can be called.
    let output = polyport(&["describe", &address, "a.Hidden"]);
    let said = text(&output.stderr);
    assert!(
        said.contains("does not describe a.Hidden: status 5 NotFound: not \u{fffd}mine"),
        "{said}"
    );
    let output = polyport(&["call", &address, "Spell", "-d", r#"{"message": "x"}"#]);
    assert_eq!(text(&output.stdout), "{\"message\":\"x\"}\n");
}

#[test]
fn a_description_that_cannot_be_understood_hides_no_other() {
    let serving = serving("grpc.reflection.v1", &["b.Broken", "demo.v1.ServiceB"]);
    let output = polyport(&["list", &serving.address(), "--json"]);
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(told["services"][0]["service"], "b.Broken");
    let problem = told["services"][0]["problem"].as_str().unwrap();
    assert!(problem.contains("no.prot"), "{problem}");
    assert_eq!(
        told["services"][1]["methods"][0]["method"],
        "SameNamedMethod"
    );
    assert_eq!(output.status.code(), Some(1));
}
