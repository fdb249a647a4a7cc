//! `polyport explain` from outside, beside a server of the same services.

use std::path::Path;
use std::process::Output;

use bytes::Bytes;
use polyport::service::RawHandler;
use polyport::{Codec, Context, Error, Server, Service, Status, Transport};
use polyport_build::Builder;
use serde_json::{Value, json};

use crate::{descriptor_set, idl, polyport_in, text};

/// Runs `polyport explain` beside the IDLs of the examples.
fn explain(arguments: &[&str]) -> Output {
    let mut all = vec!["explain"];
    all.extend(arguments);
    polyport_in(&idl("examples/idl"), &all)
}

fn check(arguments: &[&str], expected: &str) {
    let output = explain(arguments);
    assert_eq!(text(&output.stderr), "", "{arguments:?}");
    assert_eq!(text(&output.stdout), expected, "{arguments:?}");
    assert_eq!(output.status.code(), Some(0), "{arguments:?}");
}

fn json_of(arguments: &[&str]) -> Value {
    let output = explain(arguments);
    assert_eq!(text(&output.stderr), "", "{arguments:?}");
    serde_json::from_slice(&output.stdout).unwrap()
}

struct Nothing;

impl RawHandler for Nothing {
    async fn call(&self, _: &mut Context, _: Bytes) -> Result<Bytes, Status> {
        Ok(Bytes::new())
    }
}

/// The services of IDLs, as a server takes them.
fn services(names: &[&str], combine: bool) -> Vec<Service> {
    let paths: Vec<_> = names
        .iter()
        .map(|name| Path::new("../../examples/idl").join(name))
        .collect();
    let schema = Builder::new().combine_service(combine).schema(&paths);
    let services = schema.unwrap().services;
    services
        .iter()
        .map(|service| Service::raw_of(service, Nothing))
        .collect()
}

#[test]
fn the_tables_say_who_answers() {
    check(
        &["--idl", "demo.thrift", "--fallback", "ServiceA", "--alias", "Old=demo.ServiceB"],
        "\
Thrift: calls without a service name go to the fallback, demo.ServiceA, or to the only service with the method

  service                   methods
  demo.ServiceA (fallback)  2
  demo.ServiceB             2

  name in a call  answered by
  Old             demo.ServiceB (alias)
  ServiceA        demo.ServiceA (named)
  ServiceB        demo.ServiceB (named)
  demo.ServiceA   demo.ServiceA (named)
  demo.ServiceB   demo.ServiceB (named)

  method           in                            without a service name    with a name that nobody has
  onlyA            demo.ServiceA                 demo.ServiceA (fallback)  demo.ServiceA (wrong-name)
  onlyB            demo.ServiceB                 demo.ServiceB (method)    demo.ServiceB (wrong-name)
  sameNamedMethod  demo.ServiceA, demo.ServiceB  demo.ServiceA (fallback)  exception 20
",
    );
}

#[test]
fn each_codec_has_tables_and_a_fallback_of_its_own() {
    let arguments = ["--idl", "demo.thrift", "--idl", "demo.proto", "--json"];
    let fallbacks = [
        "--fallback",
        "demo.ServiceA",
        "--fallback",
        "demo.v1.ServiceB",
    ];
    let tables = json_of(&[&arguments[..], &fallbacks].concat());
    let same = |codec: usize, method: usize| {
        let line = &tables["codecs"][codec]["methods"][method];
        (line["method"].clone(), line["without_service_name"].clone())
    };
    let fallback = |service| json!({ "service": service, "reason": "fallback" });
    assert_eq!(
        same(0, 2),
        (json!("sameNamedMethod"), fallback("demo.ServiceA"))
    );
    assert_eq!(
        same(1, 0),
        (json!("SameNamedMethod"), fallback("demo.v1.ServiceB"))
    );
    assert_eq!(tables["codecs"][1]["codec"], "Protobuf");
    assert_eq!(tables["codecs"][1]["fallback"], "demo.v1.ServiceB");
    assert_eq!(tables["starts"], true);
}

#[test]
fn descriptor_sets_are_idls() {
    let directory = tempfile::tempdir().unwrap();
    let set = directory.path().join("demo.binpb");
    std::fs::write(&set, descriptor_set("demo.proto")).unwrap();
    let fallback = ["--fallback", "demo.v1.ServiceA", "--json"];
    let set = ["--descriptor-set", set.to_str().unwrap()];
    assert_eq!(
        json_of(&[&set[..], &fallback].concat()),
        json_of(&[&["--idl", "demo.proto"][..], &fallback].concat())
    );
    let told = text(&explain(&[]).stderr);
    assert!(
        told.contains("<--idl <IDL>|--descriptor-set <FILE>>"),
        "{told}"
    );
}

#[test]
fn what_is_included_is_served_when_it_is_said_so() {
    let directory = tempfile::tempdir().unwrap();
    let base = "namespace * base\nservice Base { void ping() }\n";
    std::fs::write(directory.path().join("base.thrift"), base).unwrap();
    for name in ["A", "B"] {
        let text = format!(
            "include \"base.thrift\"\nnamespace * s\nservice {name} extends base.Base {{}}\n"
        );
        let path = directory.path().join(name).with_extension("thrift");
        std::fs::write(path, text).unwrap();
    }
    let services = |arguments: &[&str]| {
        let idls = [
            "explain", "--idl", "A.thrift", "--idl", "B.thrift", "--json",
        ];
        let refusing = ["--refuse-traffic-without-service-name"];
        let output = polyport_in(
            directory.path(),
            &[&idls[..], &refusing, arguments].concat(),
        );
        let tables: Value = serde_json::from_slice(&output.stdout).unwrap();
        let services = tables["codecs"][0]["services"].as_array().unwrap().clone();
        let name = |service: &Value| service["service"].as_str().unwrap().to_owned();
        services.iter().map(name).collect::<Vec<_>>()
    };
    assert_eq!(services(&[]), ["s.A", "s.B"]);
    assert_eq!(
        services(&["--service", "Base", "--service", "A"]),
        ["base.Base", "s.A"]
    );
    assert_eq!(
        services(&["--idl", "base.thrift"]),
        ["base.Base", "s.A", "s.B"]
    );
}

#[test]
fn calls_and_roles_are_told_to_programs() {
    let idl = ["--idl", "demo.thrift", "--fallback", "ServiceA", "--json"];
    let answer = json_of(&[&idl[..], &["/sameNamedMethod", "--transport", "framed"]].concat());
    let expected = json!({
        "transport": "framed", "codec": "Thrift", "named": null, "method": "sameNamedMethod",
        "outcome": { "service": "demo.ServiceA", "reason": "fallback" },
        "why": "the call does not say which service it is for, and this is the fallback",
    });
    assert_eq!(answer, expected);
    let grpc = ["--grpc-only", "ServiceA", "--unknown"];
    let tables = json_of(&[&idl[..], &grpc].concat());
    let services = &tables["codecs"][0]["services"];
    assert_eq!(services[0]["roles"], json!(["fallback", "gRPC only"]));
    assert_eq!(services[1]["roles"], json!([]));
    let unknown = json_of(&[&idl[..], &["--unknown", "X/y"]].concat());
    assert_eq!(unknown["named"], "X");
    assert_eq!(
        unknown["outcome"],
        json!({ "service": null, "reason": "unknown" })
    );
}

#[test]
fn the_three_ways_to_have_no_conflict() {
    let rule = |arguments: &[&str]| {
        let output = text(&explain(arguments).stdout);
        output.lines().next().unwrap_or_default().to_owned()
    };
    let refusing = [
        "--idl",
        "demo.thrift",
        "--refuse-traffic-without-service-name",
    ];
    assert_eq!(
        rule(&refusing),
        "Thrift: calls without a service name are refused"
    );
    let refused = json_of(&[&refusing[..], &["/onlyA", "--json"]].concat());
    assert_eq!(refused["outcome"]["exception"], 21);

    let alone = ["--idl", "demo.thrift", "--service", "ServiceB"];
    assert_eq!(
        rule(&alone),
        "Thrift: calls without a service name go to the only service with the method, and no method is \
         in two"
    );
    let decided = ["--idl", "demo.thrift", "--fallback", "ServiceB"];
    assert_eq!(
        rule(&decided),
        "Thrift: calls without a service name go to the fallback, demo.ServiceB, or to the only service \
         with the method"
    );
}

#[test]
fn a_combined_service_answers_all() {
    let combining = [
        "--idl",
        "../../interop/idl/combine.thrift",
        "--combine-service",
        "X/fromA",
    ];
    check(
        &combining,
        "\
fromA over TTHeader for X -> combine.CombineService (combined)
  the combined service answers all calls, whatever they name
",
    );
}

/// The server's own words, and what would help.
#[test]
fn what_keeps_a_server_from_starting_is_said_in_its_words() {
    let check = |arguments: &[&str], server: Server, help: &str| {
        let error: Error = server.router().unwrap_err();
        let output = explain(arguments);
        assert_eq!(text(&output.stderr), format!("error: {error}\n{help}"));
        assert_eq!(text(&output.stdout), "");
        assert_eq!(output.status.code(), Some(1));
        let told = json_of(&[arguments, &["--json"]].concat());
        let errors: Vec<_> = error
            .registration_errors()
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(
            (&told["starts"], &told["errors"]),
            (&json!(false), &json!(errors))
        );
    };
    let refuse = "help: `--refuse-traffic-without-service-name` ends all conflicts: it is for servers \
                  whose clients all name their service\n";
    check(
        &[
            "--idl",
            "demo.thrift",
            "--idl",
            "demo.proto",
            "--fallback",
            "demo.v1.ServiceA",
        ],
        Server::new()
            .add_all(services(&["demo.thrift"], false))
            .add_all(services(&["demo.proto"], false).into_iter().map(
                |service| match service.name() {
                    "ServiceA" => service.fallback(),
                    _ => service,
                },
            )),
        &format!(
            "help: Thrift has no conflict with `--fallback demo.ServiceA` or `--fallback \
             demo.ServiceB`\n{refuse}"
        ),
    );
    check(
        &[
            "--idl",
            "demo.thrift",
            "--fallback",
            "ServiceA",
            "--fallback",
            "ServiceB",
        ],
        Server::new().add_all(
            services(&["demo.thrift"], false)
                .into_iter()
                .map(Service::fallback),
        ),
        "help: give `--fallback` once for Thrift and once for Protobuf\n",
    );
    check(
        &[
            "--idl",
            "demo.thrift",
            "--idl",
            "demo.thrift",
            "--fallback",
            "ServiceA",
        ],
        {
            let mut twice = services(&["demo.thrift"], false);
            twice.extend(services(&["demo.thrift"], false));
            let first = twice.remove(0).fallback();
            Server::new().add(first).add_all(twice)
        },
        "",
    );
}

/// What is said to go somewhere goes there, by the tables that serve.
#[test]
fn a_call_goes_where_the_server_sends_it() {
    let mut services = services(&["demo.thrift", "demo.proto"], false);
    services[1] = services[1].clone().fallback();
    services[2] = services[2].clone().fallback();
    let fallbacks = [
        "--fallback",
        &services[1].full_name(),
        "--fallback",
        &services[2].full_name(),
    ];
    let router = Server::new().add_all(services.clone()).router().unwrap();
    for (transport, call) in [
        (Transport::TtHeader, "/sameNamedMethod"),
        (Transport::TtHeader, "ServiceA/SameNamedMethod"),
        (Transport::TtHeader, "Gone/onlyA"),
        (Transport::Framed, "/ServiceA:onlyA"),
        (Transport::Grpc, "/demo.v1.ServiceA/Spell"),
        (Transport::Grpc, "/Spell"),
        (Transport::Buffered, "/nothing"),
    ] {
        let name = match transport {
            Transport::Framed => "framed",
            Transport::Grpc => "grpc",
            Transport::Buffered => "buffered",
            _ => "ttheader",
        };
        let arguments = [
            "--idl",
            "demo.thrift",
            "--idl",
            "demo.proto",
            "--transport",
            name,
            call,
        ];
        let output = explain(&[&arguments[..], &fallbacks].concat());
        let (service, method) = call
            .trim_start_matches('/')
            .rsplit_once('/')
            .unwrap_or_else(|| ("", &call[1..]));
        let service = (!service.is_empty()).then_some(service);
        let mut is_answered = false;
        let shown = text(&output.stdout);
        for codec in [Codec::ThriftBinary, Codec::Protobuf] {
            let expected = router.explain(transport, codec, service, method);
            is_answered |= expected.outcome.is_ok();
            assert!(
                shown.contains(&format!("{codec}: {expected}\n")),
                "{call}: {shown}"
            );
        }
        assert_eq!(output.status.success(), is_answered, "{call}: {shown}");
    }
}

#[test]
fn who_is_asked_for_wrongly_is_told_what_there_is() {
    let check = |arguments: &[&str], expected: &str| {
        let output = explain(&[&["--idl", "demo.thrift"], arguments].concat());
        let told = text(&output.stderr);
        assert!(told.starts_with(expected), "{told}");
        assert_eq!(output.status.code(), Some(2), "{told}");
    };
    check(
        &["--fallback", "ServiceC"],
        "error: there is no service ServiceC; did you mean demo.ServiceA? there are [demo.ServiceA, \
         demo.ServiceB]\n",
    );
    check(
        &["--idl", "demo.proto", "--fallback", "ServiceA"],
        "error: 2 services are called ServiceA, so say the package: demo.ServiceA, demo.v1.ServiceA\n",
    );
    check(
        &["onlyA"],
        "error: invalid value 'onlyA' for '[CALL]': write SERVICE/METHOD",
    );
    check(
        &["--alias", "Old"],
        "error: invalid value 'Old' for '--alias <OLD=NAME>': write OLD=NAME",
    );
}
