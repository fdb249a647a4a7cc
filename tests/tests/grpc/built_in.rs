//! The services that come with a server: health checking and reflection.

use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use generated::grpc::health::v1::health_check_response::ServingStatus;
use generated::grpc::health::v1::{HealthCheckRequest, HealthClient};
use generated::grpc::reflection::v1::server_reflection_request::MessageRequest;
use generated::grpc::reflection::v1::server_reflection_response::MessageResponse;
use generated::grpc::reflection::v1::{ServerReflectionClient, ServerReflectionRequest};
use polyport::admission::Admission;
use polyport::codegen::buffa_descriptor::generated::descriptor::FileDescriptorProto;
use polyport::generic::{Failure, JsonHandler, Services};
use polyport::protobuf::Message;
use polyport::service::RawHandler;
use polyport::{Client, Code, Context, Health, Server, Service, Status};
use polyport_tests::serving::Serving;
use polyport_tests::soon;
use polyport_tests::streams;
use serde_json::Value;

use crate::client;
use multi::multi::v1::{Request, Response, ServiceA, ServiceAServer};

mod generated {
    polyport::include_idl!("built_in");
}

mod multi {
    polyport::include_idl!("protobuf");
}

struct Nobody;

impl ServiceA for Nobody {
    async fn same_named_method(&self, _: &mut Context, _: Request) -> Result<Response, Status> {
        Err(Status::error("nobody is here"))
    }

    async fn only_a(&self, _: &mut Context, _: Request) -> Result<Response, Status> {
        Err(Status::error("nobody is here"))
    }
}

impl JsonHandler for Nobody {
    async fn call(&self, _: &mut Context, _: Value) -> Result<Value, Failure> {
        Err(Status::error("nobody is here").into())
    }
}

impl RawHandler for Nobody {
    async fn call(&self, _: &mut Context, _: Bytes) -> Result<Bytes, Status> {
        Err(Status::error("nobody is here"))
    }
}

fn service() -> Service {
    ServiceAServer::new(Nobody)
}

fn about(service: &str) -> HealthCheckRequest {
    HealthCheckRequest {
        service: service.to_owned(),
    }
}

#[tokio::test]
async fn health_is_told_of_each_service_and_of_all() {
    let health = Health::new();
    let server = Server::new().add(service()).health(&health);
    let serving = Serving::start(server).await;
    let asked = HealthClient::new(client(&serving).await);
    let check = async |name| asked.check(about(name)).await.map(|answer| answer.status);
    for name in ["", "multi.v1.ServiceA"] {
        assert_eq!(check(name).await, Ok(ServingStatus::SERVING.into()));
    }
    let unknown = check("multi.v1.Nope").await.unwrap_err();
    assert_eq!(unknown.code(), Some(Code::NOT_FOUND));
    assert_eq!(unknown.message(), "unknown service");
    health.set("multi.v1.ServiceA", false);
    assert_eq!(
        check("multi.v1.ServiceA").await,
        Ok(ServingStatus::NOT_SERVING.into())
    );
    assert_eq!(check("").await, Ok(ServingStatus::SERVING.into()));
}

#[tokio::test]
async fn who_watches_health_sees_every_change_and_the_end() {
    let health = Health::new();
    // What a server says of its services is not said of this.
    let server = Server::new().add(service()).health(&health);
    let server = server
        .timeout(Duration::ZERO)
        .admit(Admission::new().concurrency(1));
    let serving = Serving::start(server).await;
    let asked = HealthClient::new(client(&serving).await);
    let mut changes = asked.watch(about("multi.v1.ServiceA")).await.unwrap();
    let mut unknown = asked.watch(about("later")).await.unwrap();
    let next = async |changes: &mut polyport::Streaming<_>| {
        let answer: Option<generated::grpc::health::v1::HealthCheckResponse> =
            soon(changes.receive()).await.unwrap();
        answer.unwrap().status
    };
    assert_eq!(next(&mut changes).await, ServingStatus::SERVING);
    assert_eq!(next(&mut unknown).await, ServingStatus::SERVICE_UNKNOWN);
    health.set("multi.v1.ServiceA", false);
    assert_eq!(next(&mut changes).await, ServingStatus::NOT_SERVING);
    health.set("later", true);
    assert_eq!(next(&mut unknown).await, ServingStatus::SERVING);
    // Who watches does not hold up the stop, and is told of it.
    let stopped = serving.stop();
    assert_eq!(next(&mut unknown).await, ServingStatus::NOT_SERVING);
    let end = soon(unknown.receive()).await.unwrap_err();
    assert_eq!(end.code(), Some(Code::UNAVAILABLE));
    assert_eq!(soon(stopped).await.unwrap(), 0);
}

/// The answer to one request.
async fn ask(client: &Client, request: MessageRequest) -> MessageResponse {
    let reflection = ServerReflectionClient::new(client.clone());
    let (mut requests, mut answers) = reflection.server_reflection_info().await.unwrap();
    let request = ServerReflectionRequest {
        message_request: Some(request),
        ..ServerReflectionRequest::default()
    };
    requests.send(request).await.unwrap();
    let answer = answers.receive().await.unwrap().unwrap();
    answer.message_response.unwrap()
}

#[tokio::test]
async fn reflection_lists_what_is_registered() {
    let server = Server::new()
        .add(service())
        .add(streams::thrift().0)
        .health(&Health::new())
        .reflection();
    let serving = Serving::start(server).await;
    let client = client(&serving).await;
    let list = MessageRequest::ListServices(String::new());
    let MessageResponse::ListServicesResponse(list) = ask(&client, list).await else {
        panic!("no list");
    };
    let names: Vec<_> = list.service.iter().map(|service| &*service.name).collect();
    assert_eq!(
        names,
        [
            "grpc.health.v1.Health",
            "grpc.reflection.v1.ServerReflection",
            "grpc.reflection.v1alpha.ServerReflection",
            "multi.v1.ServiceA",
        ]
    );
}

#[tokio::test]
async fn reflection_gives_the_file_of_a_name() {
    let serving = Serving::start(Server::new().add(service()).reflection()).await;
    let client = client(&serving).await;
    for symbol in [
        "multi.v1.ServiceA",
        "multi.v1.ServiceA.OnlyA",
        "multi.v1.Request",
        "grpc.reflection.v1alpha.ServerReflection",
    ] {
        let asked = MessageRequest::FileContainingSymbol(symbol.to_owned());
        let MessageResponse::FileDescriptorResponse(files) = ask(&client, asked).await else {
            panic!("no file of {symbol}");
        };
        let bytes = files.file_descriptor_proto[0].clone();
        let file = FileDescriptorProto::decode(&mut bytes.clone()).unwrap();
        assert!(symbol.starts_with(&file.package.unwrap()), "{symbol}");
    }
    let asked = MessageRequest::FileContainingSymbol("multi.v1.Nope".to_owned());
    let MessageResponse::ErrorResponse(error) = ask(&client, asked).await else {
        panic!("a file of nothing");
    };
    assert_eq!(error.error_code, 5);
}

#[tokio::test]
async fn reflection_knows_the_files_of_services_without_generated_code() {
    let idl = Path::new(env!("CARGO_MANIFEST_DIR")).join("../interop/idl/multi.proto");
    let schema = polyport_build::Builder::new().schema(&[idl]).unwrap();
    let by_json = Services::new(schema.clone()).unwrap();
    let by_json = Service::json(&by_json, "ServiceA", Nobody).unwrap();
    let raw = Service::raw_of(schema.service("ServiceB").unwrap(), Nobody);
    for (service, symbol) in [
        (by_json, "multi.v1.ServiceA"),
        (raw.described_by(schema), "multi.v1.ServiceB"),
    ] {
        let serving = Serving::start(Server::new().add(service).reflection()).await;
        let client = client(&serving).await;
        for symbol in [symbol, "multi.v1.Request"] {
            let asked = MessageRequest::FileContainingSymbol(symbol.to_owned());
            let MessageResponse::FileDescriptorResponse(files) = ask(&client, asked).await else {
                panic!("no file of {symbol}");
            };
            assert_eq!(files.file_descriptor_proto.len(), 1, "{symbol}");
        }
    }
}

#[tokio::test]
async fn what_comes_with_the_server_takes_no_part_in_the_checks() {
    let empty = Server::new().health(&Health::new()).reflection();
    let error = empty.bind("127.0.0.1:0").await.unwrap_err();
    assert_eq!(error.registration_errors().len(), 1, "{error}");
}

#[test]
fn its_code_is_what_the_generator_makes() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/polyport");
    let idl = root.join("idl");
    let generated = polyport_build::Builder::new()
        .include_dir(&idl)
        .name("generated")
        .generate(&[idl.join("health.proto"), idl.join("reflection.proto")])
        .unwrap();
    let checked_in = root.join("src/built_in/generated.rs");
    if std::env::var_os("POLYPORT_BLESS").is_some() {
        std::fs::write(&checked_in, &generated.code).unwrap();
    }
    let checked_in = std::fs::read_to_string(checked_in).unwrap();
    assert!(
        checked_in == generated.code,
        "stale: run this test with POLYPORT_BLESS=1"
    );
}
