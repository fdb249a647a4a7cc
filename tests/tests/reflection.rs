//! Reflection over Thrift: asked by our client over every transport.

#![expect(clippy::unwrap_used, reason = "a panic is how a test fails")]

use std::collections::BTreeSet;
use std::path::Path;

use bytes::Bytes;
use polyport::codegen::buffa_descriptor::generated::descriptor::FileDescriptorSet;
use polyport::generic::{Failure, JsonHandler, Services};
use polyport::protobuf::Message;
use polyport::reflection::{Listing, Reflection};
use polyport::service::{UnknownHandler, Uses};
use polyport::{
    CallKind, Client, Codec, Context, Health, RouteReason, Server, Service, Status, Transport,
};
use polyport_build::Builder;
use polyport_tests::serving::Serving;
use polyport_tests::{named, types};
use polyport_wire::schema::Schema;
use serde_json::{Value, json};

const NAME: &str = "polyport.reflection.v1.ThriftReflection";

/// Each transport, and how a client of it says which service it calls.
fn transports() -> impl Iterator<Item = Transport> {
    Transport::ALL.into_iter().chain([Transport::Grpc])
}

async fn client(serving: &Serving, transport: Transport) -> Client {
    let options = Client::options(serving.address.to_string()).transport(transport);
    let options = match transport.carries_service_name() {
        true => options,
        false => options.multiplexed_names(),
    };
    options.connect().await.unwrap()
}

async fn reflection(serving: &Serving) -> Reflection {
    Reflection::new(&client(serving, Transport::TtHeader).await)
}

fn names(listing: &Listing) -> Vec<String> {
    let services = listing.services.iter();
    services
        .map(polyport::reflection::Listed::full_name)
        .collect()
}

/// The services of IDL files, read while the test runs.
fn read(paths: &[&str]) -> Services {
    let paths: Vec<_> = paths.iter().map(|path| format!("../{path}")).collect();
    let builder = Builder::new()
        .include_dir("../interop/idl")
        .include_dir("../tests/idl");
    Services::new(builder.schema(&paths).unwrap()).unwrap()
}

/// Says back what it was told.
struct Echo;

impl JsonHandler for Echo {
    async fn call(&self, _cx: &mut Context, arguments: Value) -> Result<Value, Failure> {
        Ok(arguments.get("req").unwrap_or(&arguments).clone())
    }
}

#[tokio::test]
async fn it_answers_over_every_transport() {
    let server = Server::new().add_all(types::several()).reflection();
    let serving = Serving::start(server).await;
    for transport in transports() {
        let client = client(&serving, transport).await;
        let asked = Reflection::new(&client);
        let listing = asked.list().await.unwrap();
        let expected = [
            "grpc.reflection.v1.ServerReflection",
            "grpc.reflection.v1alpha.ServerReflection",
            "multi.ServiceA",
            "multi.ServiceB",
            "multi.ServiceD",
            NAME,
        ];
        assert_eq!(names(&listing), expected, "{transport}");
        let schema = asked.schema(Codec::ThriftBinary, "multi.ServiceA").await;
        assert_eq!(schema.unwrap().services[0].name, "ServiceA", "{transport}");
        let route = asked.route(Transport::Framed, Codec::ThriftBinary, None, "onlyB");
        let told = route.await.unwrap().to_string();
        let expected = "onlyB over Framed without a service name -> multi.ServiceB (method)";
        assert_eq!(told, expected, "{transport}");
    }
}

#[tokio::test]
async fn what_is_told_of_a_service_is_what_was_said_of_it() {
    let uses = Uses::default();
    let service = named::service("Orders", &["open", "close"])
        .fallback()
        .alias("OldOrders", &uses)
        .deprecated("use Shop", &uses)
        .for_method("close", |method| method.deprecated("never close", &uses));
    let server = Server::new()
        .add(service)
        .add(Service::json(&read(&["interop/idl/streams.thrift"]), "Streams", Echo).unwrap())
        .health(&Health::new())
        .reflection();
    let serving = Serving::start(server).await;
    let listing = reflection(&serving).await.list().await.unwrap();
    assert!(!listing.refuses_nameless && !listing.serves_unknown);
    let of = |name: &str| {
        let mut services = listing.services.iter();
        services.find(|service| service.name == name).unwrap()
    };
    let orders = of("Orders");
    assert!(orders.is_fallback && !orders.has_schema && !orders.is_built_in);
    assert_eq!(orders.aliases, ["OldOrders"]);
    assert_eq!(orders.deprecation.as_deref(), Some("use Shop"));
    assert_eq!(orders.methods[0].deprecation, None);
    let close = &orders.methods[1];
    assert_eq!(
        (&*close.name, close.kind, close.deprecation.as_deref()),
        ("close", CallKind::Unary, Some("never close"))
    );
    let streams = of("Streams");
    assert!(streams.has_schema && !streams.is_fallback);
    let kinds: BTreeSet<_> = streams
        .methods
        .iter()
        .map(|method| method.kind.to_string())
        .collect();
    assert!(
        kinds.contains("bidirectional") && kinds.contains("unary"),
        "{kinds:?}"
    );
    let health = of("Health");
    assert!(health.is_built_in && health.is_grpc_only && health.codec == Codec::Protobuf);
    assert!(!of("ThriftReflection").is_grpc_only);
}

#[tokio::test]
async fn what_is_not_there_is_said_so() {
    let server = Server::new()
        .add(named::service("Bytes", &["say"]))
        .reflection();
    let serving = Serving::start(server).await;
    let asked = reflection(&serving).await;
    let nope = asked.schema(Codec::ThriftBinary, "Nope").await.unwrap_err();
    assert_eq!(nope.message(), "there is no Thrift service Nope");
    let other = asked.schema(Codec::Protobuf, "Bytes").await.unwrap_err();
    assert_eq!(other.message(), "there is no Protobuf service Bytes");
    let bytes = asked
        .schema(Codec::ThriftBinary, "Bytes")
        .await
        .unwrap_err();
    assert_eq!(bytes.message(), "the types of Bytes are not known here");
    // Field 1 is the codec.
    let client = client(&serving, Transport::Framed).await;
    let raw = client.raw("ThriftReflection", "reflectSchema");
    let arguments = Bytes::from_static(b"\x08\0\x01\0\0\0\x63\x0B\0\x02\0\0\0\0\0");
    let codec = raw.call(arguments).await.unwrap_err();
    assert!(codec.message().ends_with("there is no codec 99"), "{codec}");
}

/// The schema as bytes keep it: without comments.
fn without_docs(schema: &Schema) -> Schema {
    Schema::decode(&schema.encode().unwrap()).unwrap()
}

fn files(descriptors: &Bytes) -> BTreeSet<String> {
    let set = FileDescriptorSet::decode(&mut descriptors.clone()).unwrap();
    set.file.into_iter().filter_map(|file| file.name).collect()
}

#[tokio::test]
async fn a_schema_comes_back_as_it_was() {
    let mut seen = 0;
    for idl in [
        "interop/idl/apart.thrift",
        "interop/idl/combine.thrift",
        "interop/idl/multi.thrift",
        "interop/idl/multi.proto",
        "interop/idl/streams.thrift",
        "interop/idl/types.thrift",
        "tests/idl/choices.thrift",
        "tests/idl/coverage.proto",
        "tests/idl/coverage.thrift",
        "tests/idl/mixed.proto",
        "tests/idl/mixed.thrift",
        "tests/idl/options.proto",
        "crates/polyport/idl/reflection.thrift",
    ] {
        let services = read(&[idl]);
        let schema = without_docs(services.schema());
        for service in &schema.services {
            let name = service.full_name();
            let server = Server::new()
                .add(Service::json(&services, &name, Echo).unwrap())
                .refuse_traffic_without_service_name();
            // What the test is about may be asked for, but not be there twice.
            let server = match &*name {
                NAME => continue,
                _ => server.reflection(),
            };
            let serving = Serving::start(server).await;
            let told = reflection(&serving)
                .await
                .schema(service.codec, &name)
                .await;
            let told = told.unwrap();
            let expected = schema.part(service);
            assert_eq!(told.services, expected.services, "{idl} {name}");
            assert_eq!(told.definitions, expected.definitions, "{idl} {name}");
            assert!(files(&told.descriptors).is_subset(&files(&expected.descriptors)));
            Services::new(told).unwrap();
            seen += 1;
        }
    }
    assert!(seen > 20, "{seen} services");
}

#[tokio::test]
async fn a_service_comes_with_the_files_that_it_needs() {
    let services = read(&["interop/idl/multi.proto", "tests/idl/mixed.proto"]);
    let server = Server::new()
        .add(Service::json(&services, "multi.v1.ServiceA", Echo).unwrap())
        .reflection();
    let serving = Serving::start(server).await;
    let asked = reflection(&serving).await;
    let told = asked.schema(Codec::Protobuf, "multi.v1.ServiceA").await;
    let only = BTreeSet::from(["multi.proto".to_owned()]);
    assert_eq!(files(&told.unwrap().descriptors), only);
    assert!(files(&services.schema().descriptors).len() > 1);
}

#[tokio::test]
async fn what_generated_code_carries_is_told() {
    let serving = Serving::start(Server::new().add(types::types()).reflection()).await;
    let asked = reflection(&serving).await;
    for name in ["types.Types", NAME] {
        let told = asked.schema(Codec::ThriftBinary, name).await.unwrap();
        let idl = match name {
            NAME => "crates/polyport/idl/reflection.thrift",
            _ => "interop/idl/types.thrift",
        };
        let schema = without_docs(read(&[idl]).schema());
        assert_eq!(told, schema.part(schema.service(name).unwrap()));
    }
}

#[tokio::test]
async fn a_service_is_called_by_what_its_server_tells() {
    let thrift = read(&["interop/idl/multi.thrift"]);
    let protobuf = read(&["interop/idl/multi.proto"]);
    let server = Server::new()
        .add(Service::json(&thrift, "ServiceB", Echo).unwrap())
        .add(Service::json(&protobuf, "ServiceB", Echo).unwrap())
        .reflection();
    let serving = Serving::start(server).await;
    let client = client(&serving, Transport::TtHeader).await;
    let asked = Reflection::new(&client);
    for (codec, name, arguments) in [
        (
            Codec::ThriftBinary,
            "multi.ServiceB",
            json!({ "req": { "message": "hi" } }),
        ),
        (
            Codec::Protobuf,
            "multi.v1.ServiceB",
            json!({ "message": "hi" }),
        ),
    ] {
        let services = asked.services(codec, name).await.unwrap();
        let method = &services.schema().services[0].methods[0].name;
        let method = services.method(name, method).unwrap();
        let reply = client.json(&method, &arguments).await.unwrap();
        assert_eq!(reply, json!({ "message": "hi" }), "{name}");
    }
}

#[tokio::test]
async fn a_change_of_the_services_is_told() {
    let server = Server::new()
        .add(named::service("One", &["say"]))
        .reflection();
    let listening = server.bind("127.0.0.1:0").await.unwrap();
    let (address, registry) = (listening.address(), listening.registry());
    tokio::spawn(listening.serve_until(std::future::pending()));
    let client = Client::connect(address.to_string()).await.unwrap();
    let asked = Reflection::new(&client);
    let route = async || {
        let asked = asked.route(Transport::Framed, Codec::ThriftBinary, None, "say");
        asked.await.unwrap().outcome.unwrap()
    };
    let reason = RouteReason::Method;
    assert_eq!(route().await, ("One".to_owned(), reason));
    registry.add(named::service("Two", &["tell"])).unwrap();
    assert!(names(&asked.list().await.unwrap()).contains(&"Two".to_owned()));
    let replaced = registry.replace(named::service("Two", &["say"]).fallback());
    drop(replaced.unwrap());
    assert_eq!(route().await, ("Two".to_owned(), RouteReason::Fallback));
    drop(registry.remove(Codec::ThriftBinary, "One").unwrap());
    assert!(!names(&asked.list().await.unwrap()).contains(&"One".to_owned()));
}

/// A proxy's.
struct Anything;

impl UnknownHandler for Anything {
    async fn call(&self, _cx: &mut Context, _arguments: Bytes) -> Result<Bytes, Status> {
        Ok(named::result("anything"))
    }
}

#[tokio::test]
async fn who_names_no_service_reaches_the_same_as_without_it() {
    let several = || Server::new().add_all(types::several());
    let refusing = || several().refuse_traffic_without_service_name();
    let proxy = || several().unknown(Anything);
    let alone = || Server::new().add(named::combined("All", &["say"]));
    let make: [&dyn Fn() -> Server; 4] = [&several, &refusing, &proxy, &alone];
    for server in make {
        let without = server().router().unwrap();
        let with = server().reflection().router().unwrap();
        for transport in transports() {
            for service in [None, Some(""), Some("ServiceA"), Some("Nobody")] {
                for method in [
                    "say",
                    "onlyB",
                    "sameNamedMethod",
                    "reflectServices",
                    "Check",
                ] {
                    for codec in [Codec::ThriftBinary, Codec::Protobuf] {
                        assert_eq!(
                            with.explain(transport, codec, service, method),
                            without.explain(transport, codec, service, method),
                        );
                    }
                }
            }
        }
    }
    let serving = Serving::start(several().reflection()).await;
    let options = Client::options(serving.address.to_string());
    let nameless = options
        .transport(Transport::Buffered)
        .connect()
        .await
        .unwrap();
    let unknown = Reflection::new(&nameless).list().await.unwrap_err();
    assert_eq!(
        unknown.message(),
        "unknown service , method reflectServices"
    );
}

#[tokio::test]
async fn its_name_reaches_it_whatever_else_there_is() {
    let refusing = Server::new()
        .add(named::service("One", &["say"]))
        .refuse_traffic_without_service_name();
    let proxy = Server::new().unknown(Anything);
    let alone = Server::new().add(named::combined("All", &["say", "reflectServices"]));
    for server in [refusing, proxy, alone] {
        let serving = Serving::start(server.reflection()).await;
        let listing = reflection(&serving).await.list().await.unwrap();
        assert!(names(&listing).contains(&NAME.to_owned()));
    }
}

#[tokio::test]
async fn a_service_of_the_same_name_keeps_it() {
    let server = Server::new()
        .add(named::service("ThriftReflection", &["say"]))
        .reflection();
    let serving = Serving::start(server).await;
    let client = client(&serving, Transport::TtHeader).await;
    let said = client
        .raw("ThriftReflection", "say")
        .call(Bytes::from_static(&[0]));
    assert_eq!(said.await.unwrap(), named::result("ThriftReflection.say"));
    let told = client
        .raw(NAME, "reflectServices")
        .call(Bytes::from_static(&[0]));
    assert!(told.await.is_ok());
}

#[tokio::test]
async fn without_it_nothing_is_told() {
    let server = Server::new().add(named::service("One", &["say"]));
    let serving = Serving::start(server).await;
    let error = reflection(&serving).await.list().await.unwrap_err();
    let expected = "unknown service ThriftReflection, method reflectServices";
    assert_eq!(error.message(), expected);
}

#[test]
fn its_code_is_what_the_generator_makes() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/polyport");
    let generated = Builder::new()
        .name("thrift_generated")
        .generate(&[root.join("idl/reflection.thrift")])
        .unwrap();
    let checked_in = root.join("src/built_in/thrift_generated.rs");
    if std::env::var_os("POLYPORT_BLESS").is_some() {
        std::fs::write(&checked_in, &generated.code).unwrap();
    }
    let checked_in = std::fs::read_to_string(checked_in).unwrap();
    assert!(
        checked_in == generated.code,
        "stale: run this test with POLYPORT_BLESS=1"
    );
}
