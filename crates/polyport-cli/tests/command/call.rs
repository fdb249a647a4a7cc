//! `polyport call` from outside, against a server of ours.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::process::{Command, Stdio};
use std::thread;

use crate::server::Serving;
use crate::{idl, patient, polyport, polyport_with, text};

pub(crate) fn path(name: &str) -> String {
    idl(&format!("interop/idl/{name}"))
        .to_str()
        .unwrap()
        .to_owned()
}

/// What a call prints on its standard output and its standard error, and how it exits.
#[derive(Debug, PartialEq)]
pub(crate) struct Outcome {
    pub(crate) status: i32,
    pub(crate) out: String,
    pub(crate) error: String,
}

pub(crate) fn call(serving: &Serving, arguments: &[&str]) -> Outcome {
    call_with(serving, arguments, "")
}

fn call_with(serving: &Serving, arguments: &[&str], input: &str) -> Outcome {
    let address = serving.address();
    let mut all = vec!["call", &address];
    all.extend(arguments);
    let output = polyport_with(&all, input.as_bytes());
    Outcome {
        status: output.status.code().unwrap(),
        out: text(&output.stdout),
        error: text(&output.stderr).replace(&address, "ADDR"),
    }
}

/// What an answered call prints.
#[track_caller]
fn answered(serving: &Serving, arguments: &[&str]) -> String {
    let outcome = call(serving, arguments);
    assert_eq!((outcome.status, &*outcome.error), (0, ""), "{arguments:?}");
    outcome.out
}

/// What a call complains of that exits with this status.
#[track_caller]
fn failed(serving: &Serving, status: i32, arguments: &[&str]) -> String {
    let outcome = call(serving, arguments);
    assert_eq!(
        (outcome.status, &*outcome.out),
        (status, ""),
        "{arguments:?}"
    );
    outcome.error
}

const HI: &str = r#"{"req": {"message": "hi"}}"#;
const WHO: &str = r#"{"req": {"message": "who"}}"#;

#[test]
fn thrift_is_called_over_every_transport() {
    let serving = Serving::start();
    let idl = path("multi.thrift");
    for (transport, reason, name) in [
        ("buffered", "method", "PurePayload"),
        ("framed", "method", "Framed"),
        ("ttheader", "named", "TTHeader"),
        ("ttheader-framed", "named", "TTHeader|Framed"),
        ("grpc", "named", "GRPC"),
    ] {
        let flags = [
            "ServiceB/onlyB",
            "--idl",
            &idl,
            "--transport",
            transport,
            "-d",
            WHO,
        ];
        let expected = format!("{{\"message\":\"ServiceB/onlyB {reason} {name} caller=\"}}\n");
        assert_eq!(answered(&serving, &flags), expected);
    }
    let found = [
        "ServiceB/onlyB",
        "--idl",
        &idl,
        "-d",
        WHO,
        "--caller",
        "shop",
    ];
    let expected = "{\"message\":\"ServiceB/onlyB named TTHeader caller=shop\"}\n";
    assert_eq!(answered(&serving, &found), expected);
}

#[test]
fn a_server_is_found_by_its_name() {
    let serving = Serving::start();
    // It listens at one of the addresses that this name may have.
    let address = serving.address().replace("127.0.0.1", "localhost");
    for more in [&[][..], &["-v"]] {
        let idl = path("multi.thrift");
        let arguments = ["call", &address, "onlyA", "--idl", &idl, "-d", HI];
        let output = polyport(&[&arguments[..], more].concat());
        assert_eq!(
            text(&output.stdout),
            "{\"message\":\"ServiceA/onlyA: hi\"}\n"
        );
    }
    let output = polyport(&["list", "localhost"]);
    assert_eq!(output.status.code(), Some(2));
    let problem = "the port is missing: expected HOST:PORT, such as localhost:8888";
    assert!(text(&output.stderr).contains(problem));
}

#[test]
fn protobuf_is_called_over_every_transport() {
    let serving = Serving::start();
    let idl = path("multi.proto");
    for (transport, reason, name) in [
        ("kitex-protobuf-framed", "method", "Framed"),
        ("kitex-protobuf", "named", "TTHeader|Framed"),
        ("ttheader", "named", "TTHeader|Framed"),
        ("grpc", "named", "GRPC"),
    ] {
        let who = r#"{"message": "who"}"#;
        let flags = [
            "ServiceB/OnlyB",
            "--idl",
            &idl,
            "--transport",
            transport,
            "-d",
            who,
        ];
        let expected = format!("{{\"message\":\"ServiceB/OnlyB {reason} {name} caller=\"}}\n");
        assert_eq!(answered(&serving, &flags), expected);
    }
}

#[test]
fn every_kind_of_method_is_called() {
    let serving = Serving::start();
    let idl = path("multi.thrift");
    let numbers = r#"{"left": 2, "right": 3}"#;
    assert_eq!(
        answered(&serving, &["add", "--idl", &idl, "-d", numbers]),
        "5\n"
    );
    assert_eq!(answered(&serving, &["nothing", "--idl", &idl]), "null\n");
    assert_eq!(answered(&serving, &["notify", "--idl", &idl, "-d", HI]), "");
    for (idl, names) in [
        ("streams.thrift", ["server", "client", "bidirectional"]),
        ("multi.proto", ["Server", "Client", "Bidirectional"]),
    ] {
        let (idl, [server, client, both]) = (path(idl), names);
        let three = r#"{"number": 3, "message": "hi"}"#;
        let expected = format!(
            "{{\"message\":\"Streams/{server}: hi\",\"number\":0}}\n\
             {{\"message\":\"Streams/{server}: hi\",\"number\":1}}\n\
             {{\"message\":\"Streams/{server}: hi\",\"number\":2}}\n"
        );
        let said = answered(&serving, &[server, "--idl", &idl, "-d", three]);
        // Protobuf's JSON leaves out what is zero.
        let said = said.replace("hi\"}", "hi\",\"number\":0}");
        assert_eq!(said, expected);

        let requests = ["-d", r#"{"message": "a"}"#, "-d", r#"{"message": "b"}"#];
        let mut flags = vec![client, "--idl", &idl];
        flags.extend(requests);
        let expected =
            format!("{{\"message\":\"Streams/{client}: a,Streams/{client}: b\",\"number\":2}}\n");
        assert_eq!(answered(&serving, &flags), expected);

        let outcome = call_with(
            &serving,
            &[both, "--idl", &idl, "--json", "-d", "-"],
            "{\"message\": \"a\"}\n{\"message\":\n\"typed:gone\"}\n",
        );
        let text = outcome.out.replace(",\"number\":0", "");
        let (first, last) = text.split_once('\n').unwrap();
        assert_eq!(
            first,
            format!("{{\"ok\":{{\"message\":\"Streams/{both}: a\"}}}}")
        );
        assert!(last.contains("\"message\":\"gone [biz error]\""), "{last}");
        assert!(last.contains("\"metadata\":{\"x-end\":\"here\"}"), "{last}");
        assert_eq!((outcome.status, &*outcome.error), (1, ""));
    }
}

#[test]
fn a_call_that_nobody_answers_arrives() {
    let serving = Serving::start();
    let idl = path("multi.thrift");
    let count = r#"{"req": {"message": "count"}}"#;
    for (transport, number) in [("framed", 1), ("ttheader", 2), ("grpc", 3), ("grpc", 4)] {
        let flags = ["notify", "--idl", &idl, "-d", HI, "--transport", transport];
        assert_eq!(answered(&serving, &flags), "");
        let expected = format!("{{\"message\":\"{number}\"}}\n");
        // It may arrive behind the calls that ask for it, but not for ever.
        let asked = || answered(&serving, &["onlyA", "--idl", &idl, "-d", count]);
        assert!((0..100).any(|_| asked() == expected), "{transport}");
    }
}

#[test]
fn answers_are_printed_while_requests_are_typed() {
    let serving = Serving::start();
    let mut child = Command::new(env!("CARGO_BIN_EXE_polyport"))
        .args(patient(&[
            "call",
            &serving.address(),
            "Bidirectional",
            "--idl",
            &path("multi.proto"),
        ]))
        .args(["-d", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    for word in ["one", "two", "thr}e]"] {
        // A value may take several lines, and is sent with the last of them.
        writeln!(input, "{{\"message\":\n \"{word}\"\n}}").unwrap();
        let mut line = String::new();
        output.read_line(&mut line).unwrap();
        assert_eq!(
            line,
            format!("{{\"message\":\"Streams/Bidirectional: {word}\"}}\n")
        );
    }
    drop(input);
    assert!(child.wait().unwrap().success());
}

#[test]
fn a_call_that_fails_ends_though_requests_may_still_come() {
    let serving = Serving::start();
    let mut child = Command::new(env!("CARGO_BIN_EXE_polyport"))
        .args(patient(&[
            "call",
            &serving.address(),
            "Bidirectional",
            "--idl",
            &path("multi.proto"),
        ]))
        .args(["-d", r#"{"message": "error:enough"}"#, "-d", "-"])
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let input = child.stdin.take();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(
        text(&output.stderr),
        "error: status 13 Internal: enough [biz error]\n"
    );
    drop(input);
}

#[test]
fn what_a_server_says_moves_no_terminal() {
    let serving = Serving::start();
    let said = "error:\u{1b}[31m\u{9b}2J";
    let request = serde_json::json!({ "message": said }).to_string();
    let idl = path("multi.proto");
    let arguments = ["ServiceA/SameNamedMethod", "--idl", &idl, "-d", &request];
    for more in [&[][..], &["--json"]] {
        let outcome = call(&serving, &[&arguments[..], more].concat());
        let all = outcome.out + &outcome.error;
        assert!(all.contains("[31m"), "{all}");
        let obeyed = |letter: char| letter.is_control() && letter != '\n';
        assert!(!all.contains(obeyed), "{all:?}");
    }
}

#[test]
fn without_an_idl_the_server_describes_itself() {
    let serving = Serving::described();
    let hi = r#"{"message": "hi"}"#;
    for name in [
        "demo.v1.ServiceA/SameNamedMethod",
        "demo.v1.ServiceA.SameNamedMethod",
    ] {
        assert_eq!(
            answered(&serving, &[name, "-d", hi]),
            "{\"message\":\"A heard hi\"}\n"
        );
    }
    let letters = "{\"message\":\"h\"}\n{\"message\":\"i\"}\n";
    assert_eq!(answered(&serving, &["Spell", "-d", hi]), letters);
    let framed = [
        "demo.v1.ServiceB/SameNamedMethod",
        "--transport",
        "framed",
        "-d",
        hi,
    ];
    assert_eq!(
        answered(&serving, &framed),
        "{\"message\":\"A heard hi\"}\n"
    );

    let silent = Serving::start();
    assert_eq!(
        failed(&silent, 1, &["Spell", "-d", hi]),
        "error: ADDR does not describe its services: over Thrift it says `unknown service \
         ThriftReflection, method reflectServices`, and by gRPC's reflection `status 12 Unimplemented: unknown \
         service ServerReflection`; describe them by `--idl` or `--descriptor-set`\n"
    );
}

#[test]
fn what_the_method_is_called_is_said_when_it_is_unknown() {
    let serving = Serving::start();
    let idl = path("multi.thrift");
    let check = |name: &str, expected: &str| {
        let error = failed(&serving, 2, &[name, "--idl", &idl]);
        assert_eq!(error.lines().next().unwrap(), expected);
    };
    check(
        "ServiceX/onlyA",
        "error: there is no service ServiceX; did you mean multi.ServiceA? there are \
         [multi.ServiceA, multi.ServiceB, multi.ServiceC, multi.ServiceD]",
    );
    check(
        "ServiceB/onlyA",
        "error: service multi.ServiceB has no method onlyA; did you mean onlyB? there are \
         [sameNamedMethod, onlyB]",
    );
    check(
        "sameNamedMethod",
        "error: 2 services have a method sameNamedMethod, so say which one: \
         multi.ServiceA/sameNamedMethod, multi.ServiceB/sameNamedMethod",
    );
    check(
        "onlyX",
        "error: no service has a method onlyX; did you mean multi.ServiceA/onlyA? there are \
         [multi.ServiceA/sameNamedMethod, multi.ServiceA/onlyA, multi.ServiceA/declines, \
         multi.ServiceA/nothing, multi.ServiceA/notify, multi.ServiceA/add, \
         multi.ServiceB/sameNamedMethod, multi.ServiceB/onlyB, multi.ServiceC/onlyC, \
         multi.ServiceD/onlyC, multi.ServiceD/onlyD]",
    );
}

#[test]
fn failures_have_their_number_and_their_own_exit_status() {
    let serving = Serving::start();
    let (thrift, proto) = (path("multi.thrift"), path("multi.proto"));
    let rows = [
        (
            "onlyA",
            "typed:no",
            1,
            "exception 1900: no [biz error]",
            r#"{"error":{"message":"no [biz error]","type":1900}}"#,
        ),
        (
            "OnlyA",
            "code:gone",
            1,
            "status 5 NotFound: gone [biz error]\n  details: CAU=",
            r#"{"error":{"code":"NotFound","details":"CAU=","message":"gone [biz error]","type":5}}"#,
        ),
        (
            "onlyA",
            "biz:not here",
            3,
            "business error 404: not here\n  shelf: 7",
            r#"{"biz":{"code":404,"extra":{"shelf":"7"},"message":"not here"}}"#,
        ),
        (
            "OnlyA",
            "biz:not here",
            3,
            "business error 404: not here\n  shelf: 7",
            r#"{"biz":{"code":404,"extra":{"shelf":"7"},"message":"not here"}}"#,
        ),
        (
            "declines",
            "never",
            1,
            r#"thrown declined: {"code":7,"reason":"never"}"#,
            r#"{"exception":{"name":"declined","value":{"code":7,"reason":"never"}}}"#,
        ),
    ];
    for (method, message, status, text, json) in rows {
        let (idl, data) = match method.starts_with('O') {
            true => (&proto, format!(r#"{{"message": "{message}"}}"#)),
            false => (&thrift, format!(r#"{{"req": {{"message": "{message}"}}}}"#)),
        };
        let name = format!("ServiceA/{method}");
        let flags = [&*name, "--idl", idl, "-d", &data];
        assert_eq!(failed(&serving, status, &flags), format!("error: {text}\n"));
        let outcome = call(&serving, &[&flags[..], &["--json"]].concat());
        assert_eq!((outcome.status, outcome.out), (status, format!("{json}\n")));
    }
}

#[test]
fn a_call_has_its_time_and_no_more() {
    let serving = Serving::start();
    for (idl, method, data, said) in [
        (
            "multi.thrift",
            "ServiceA/onlyA",
            r#"{"req": {"message": "wait"}}"#,
            "rpc timeout: no answer from ServiceA/onlyA at ADDR in 100ms",
        ),
        (
            "multi.proto",
            "Client",
            r#"{"message": "wait"}"#,
            "rpc timeout: ",
        ),
    ] {
        let flags = [
            method,
            "--idl",
            &path(idl),
            "-d",
            data,
            "--timeout",
            "100ms",
        ];
        let error = failed(&serving, 1, &flags);
        assert!(error.starts_with(&format!("error: {said}")), "{error}");
    }
    let error = failed(&serving, 2, &["onlyA", "--timeout", "5"]);
    assert!(
        error.contains("expected a number and a unit, such as 200ms, 1.5s or 2m"),
        "{error}"
    );
}

#[test]
fn metadata_goes_out_and_comes_back() {
    let serving = Serving::start();
    let (thrift, proto) = (path("multi.thrift"), path("multi.proto"));
    let asked = |flags: &[&str], ask: &str| {
        let is_thrift = flags[0] == "ServiceA/onlyA";
        let data = match is_thrift {
            true => format!(r#"{{"req": {{"message": "{ask}"}}}}"#),
            false => format!(r#"{{"message": "{ask}"}}"#),
        };
        let idl = if is_thrift { &thrift } else { &proto };
        answered(&serving, &[flags, &["--idl", idl, "-d", &data]].concat())
    };
    let some = "{\"message\":\"Some(\\\"7\\\")\"}\n";
    for method in ["ServiceA/onlyA", "ServiceA/OnlyA"] {
        assert_eq!(asked(&[method, "-H", "tenant=7"], "metadata:tenant"), some);
        assert_eq!(asked(&[method, "--transient", "t=7"], "transient:t"), some);
        assert_eq!(
            asked(&[method, "--persistent", "p=7"], "persistent:p"),
            some
        );
        let back = asked(&[method, "--json"], "reply:hi");
        assert_eq!(
            back,
            "{\"metadata\":{\"said\":\"hi\"},\"ok\":{\"message\":\"hi\"}}\n"
        );
    }
    let binary = asked(
        &["ServiceA/OnlyA", "-H", "trace-bin=Nw=="],
        "metadata:trace-bin",
    );
    assert_eq!(binary, some);

    let flags = [
        "ServiceA/onlyA",
        "--idl",
        &thrift,
        "-H",
        "a=1",
        "--transport",
        "framed",
    ];
    let error = failed(&serving, 2, &flags);
    assert!(error.starts_with("error: Framed has no place for metadata; TTHeader and gRPC have\n"));
}

#[test]
fn a_client_may_name_no_service() {
    let serving = Serving::start();
    let flags = [
        "ServiceB/sameNamedMethod",
        "--idl",
        &path("multi.thrift"),
        "-d",
        WHO,
    ];
    let named = "{\"message\":\"ServiceB/sameNamedMethod named TTHeader caller=\"}\n";
    assert_eq!(answered(&serving, &flags), named);
    let nameless = [&flags[..], &["--no-service-name"]].concat();
    let fallback = "{\"message\":\"ServiceA/sameNamedMethod fallback TTHeader caller=\"}\n";
    assert_eq!(answered(&serving, &nameless), fallback);
    let multiplexed = [
        &flags[..],
        &["--multiplexed-names", "--transport", "framed"],
    ]
    .concat();
    let named = "{\"message\":\"ServiceB/sameNamedMethod named Framed caller=\"}\n";
    assert_eq!(answered(&serving, &multiplexed), named);
}

#[test]
fn requests_come_from_anywhere() {
    let serving = Serving::start();
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("request.json");
    fs::write(&file, HI).unwrap();
    let at = format!("@{}", file.display());
    let expected = "{\"message\":\"ServiceA/onlyA: hi\"}\n";
    let idl = path("multi.thrift");
    let flags = ["onlyA", "--idl", &idl, "-d"];
    assert_eq!(answered(&serving, &[&flags[..], &[&at]].concat()), expected);
    for input in ["-", "@-"] {
        let outcome = call_with(&serving, &[&flags[..], &[input]].concat(), HI);
        assert_eq!(outcome.out, expected);
    }

    let refused = |data: &str, expected: &str| {
        let error = failed(&serving, 2, &[&flags[..], &[data]].concat());
        assert_eq!(error.lines().next().unwrap(), expected);
    };
    refused(
        "{",
        "error: `-d` number 1 is not JSON: EOF while parsing an object at line 1 column 1",
    );
    // What was read before counts, too.
    for (input, place) in [
        ("{}\n\n{} x", "line 3 column 4"),
        ("{}\n{\"a\":\n?}", "line 3 column 1"),
    ] {
        let outcome = call_with(
            &serving,
            &["Client", "--idl", &path("multi.proto"), "-d", "-"],
            input,
        );
        let expected = format!("error: the standard input is not JSON: expected value at {place}");
        assert_eq!(outcome.error.lines().next().unwrap(), expected);
    }
    refused(
        r#"{"req": {"message": 7}}"#,
        "error: the request does not fit ServiceA/onlyA: req.message: expected text, found 7",
    );
    refused(
        "{} {}",
        "error: the method takes one request, and more were given",
    );
    refused(
        "@/no/such/file",
        "error: cannot read `/no/such/file`: No such file or directory (os error 2)",
    );
}

fn error_of(said: &str) -> &str {
    said.strip_prefix("error: ").unwrap().trim_end()
}

#[test]
fn a_server_that_is_not_there_or_speaks_something_else_is_said_to_be_so() {
    let idl = path("multi.thrift");
    // Nobody listens where somebody did.
    let gone = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .to_string();
    let output = polyport(&["call", &gone, "onlyA", "--idl", &idl]);
    assert_eq!(output.status.code(), Some(1));
    let expected = format!("error: cannot connect to {gone}: Connection refused (os error 111)\n");
    assert_eq!(text(&output.stderr), expected);
    let output = polyport(&["call", &gone, "onlyA", "--idl", &idl, "--json"]);
    let told: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(told["severity"], "error");
    assert_eq!(error_of(&expected), told["message"]);
    assert_eq!(output.status.code(), Some(1));
    // As without an IDL.
    let output = polyport(&["call", &gone, "onlyA", "--json"]);
    assert_eq!(
        serde_json::from_slice::<serde_json::Value>(&output.stdout).unwrap(),
        told
    );

    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let closing = thread::spawn(move || {
        let (mut connection, _) = listener.accept().unwrap();
        let mut length = [0; 4];
        std::io::Read::read_exact(&mut connection, &mut length).unwrap();
        let length = u32::from_be_bytes(length).try_into().unwrap();
        std::io::Read::read_exact(&mut connection, &mut vec![0; length]).unwrap();
    });
    let output = polyport(&["call", &address, "onlyA", "--idl", &idl, "-d", HI]);
    closing.join().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(
        text(&output.stderr),
        "error: the server closed the connection without a reply\n  perhaps the server does not \
         speak ttheader: `--transport` says another one\n"
    );
}
