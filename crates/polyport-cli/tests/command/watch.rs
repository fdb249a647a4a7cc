//! `polyport call -v`: what goes over the wire, shown.

use crate::call::{Outcome, call, path};
use crate::server::Serving;

const HI: &str = r#"{"req": {"message": "hi"}}"#;

/// What is shown of a call.
#[track_caller]
fn shown(serving: &Serving, status: i32, arguments: &[&str]) -> String {
    let outcome = call(serving, &[arguments, &["-v"]].concat());
    assert_eq!(outcome.status, status, "{outcome:?}");
    outcome.error
}

#[test]
fn frames_are_shown_in_hex_and_by_their_names() {
    let serving = Serving::told();
    let idl = path("multi.thrift");
    let flags = [
        "ServiceB/onlyB",
        "--idl",
        &idl,
        "-d",
        HI,
        "--caller",
        "shop",
    ];
    let expected = "\
* ServiceB/onlyB at ADDR over TTHeader, described by the IDL
> 00000000  00 00 00 7d 10 00 00 00 00 00 00 01 00 15 00 00  |...}............|
> 00000010  01 00 01 00 03 69 73 6e 00 08 53 65 72 76 69 63  |.....isn..Servic|
> 00000020  65 42 10 00 07 00 01 00 08 75 6e 66 72 61 6d 65  |eB.......unframe|
> 00000030  64 00 03 00 04 73 68 6f 70 00 14 00 00 00 06 00  |d....shop.......|
> 00000040  08 53 65 72 76 69 63 65 42 00 09 00 05 6f 6e 6c  |.ServiceB....onl|
> 00000050  79 42 00 16 00 01 31 00 11 00 05 36 30 30 30 30  |yB....1....60000|
> 00000060  00 00 80 01 00 01 00 00 00 05 6f 6e 6c 79 42 00  |..........onlyB.|
> 00000070  00 00 01 0c 00 01 0b 00 01 00 00 00 02 68 69 00  |.............hi.|
> 00000080  00                                               |.|
> TTHeader, Thrift, 129 bytes
>   header
>     flags              0x0000
>     sequence           1
>     protocol           0 (Thrift binary)
>     isn                \"ServiceB\"
>     1 TransportType    \"unframed\"
>     3 FromService      \"shop\"
>     20 FromMethod      \"\"
>     6 ToService        \"ServiceB\"
>     9 ToMethod         \"onlyB\"
>     22 MsgType         \"1\"
>     17 ConnectTimeout  \"60000\"
>   call multi.ServiceB/onlyB, sequence 1
>     1 req  Request
>       1 message  string  \"hi\"
< 00000000  00 00 00 45 10 00 00 00 00 00 00 01 00 03 00 00  |...E............|
< 00000010  10 00 01 00 16 00 01 32 00 00 80 01 00 02 00 00  |.......2........|
< 00000020  00 05 6f 6e 6c 79 42 00 00 00 01 0c 00 00 0b 00  |..onlyB.........|
< 00000030  01 00 00 00 12 53 65 72 76 69 63 65 42 2f 6f 6e  |.....ServiceB/on|
< 00000040  6c 79 42 3a 20 68 69 00 00                       |lyB: hi..|
< TTHeader, Thrift, 73 bytes
<   header
<     flags       0x0000
<     sequence    1
<     protocol    0 (Thrift binary)
<     22 MsgType  \"2\"
<   reply multi.ServiceB/onlyB, sequence 1
<     0 success  Response
<       1 message  string  \"ServiceB/onlyB: hi\"
* route: onlyB over TTHeader for ServiceB -> multi.ServiceB (named)
";
    assert_eq!(shown(&serving, 0, &flags), expected);
}

#[test]
fn where_a_nameless_call_goes_is_said_by_the_server() {
    let idl = path("multi.thrift");
    let nameless = ["ServiceB/sameNamedMethod", "--idl", &idl, "-d", HI];
    let nameless = [&nameless[..], &["--transport", "framed"]].concat();
    let said = shown(&Serving::told(), 0, &nameless);
    // Nothing in the frames says which of the two it is.
    let call = "\n>   call sameNamedMethod of multi.ServiceA or multi.ServiceB, sequence 1\n";
    assert!(said.contains(call), "{said}");
    let route = "\n* route: sameNamedMethod over Framed without a service name -> multi.ServiceA (fallback)\n";
    assert!(said.ends_with(route), "{said}");

    let said = shown(&Serving::start(), 0, &nameless);
    let route = "\n* route: sameNamedMethod over Framed without a service name; the server does not say \
                 where that leads, having no reflection over Thrift\n";
    assert!(said.ends_with(route), "{said}");
}

#[test]
fn headers_and_messages_of_grpc_are_shown() {
    let serving = Serving::start();
    let idl = path("multi.proto");
    let data = r#"{"message": "a"} {"message": "error:gone"}"#;
    let flags = ["Bidirectional", "--idl", &idl, "-d", data, "-H", "tenant=7"];
    let said = shown(&serving, 1, &flags);
    let (sent, came): (Vec<&str>, Vec<&str>) = said
        .lines()
        .filter(|line| !line.starts_with('*'))
        .partition(|line| line.starts_with('>'));
    assert_eq!(
        sent.join("\n"),
        "> POST /multi.v1.Streams/Bidirectional\n\
         > tenant: 7\n\
         > content-type: application/grpc\n\
         > user-agent: polyport/0.1.0\n\
         > te: trailers\n\
         > grpc-accept-encoding: identity,gzip\n\
         > destination-service: Streams\n\
         > destination-method: Bidirectional\n\
         > message, 3 bytes\n\
         > 00000000  12 01 61                                         |..a|\n\
         > {\"message\":\"a\"}\n\
         > message, 12 bytes\n\
         > 00000000  12 0a 65 72 72 6f 72 3a 67 6f 6e 65              |..error:gone|\n\
         > {\"message\":\"error:gone\"}"
    );
    assert_eq!(
        came.join("\n"),
        "< 200 OK\n\
         < content-type: application/grpc\n\
         < message, 26 bytes\n\
         < 00000000  12 18 53 74 72 65 61 6d 73 2f 42 69 64 69 72 65  |..Streams/Bidire|\n\
         < 00000010  63 74 69 6f 6e 61 6c 3a 20 61                    |ctional: a|\n\
         < {\"message\":\"Streams/Bidirectional: a\"}\n\
         < grpc-status: 13\n\
         < grpc-message: gone [biz error]\n\
         < x-end: here\n\
         error: status 13 Internal: gone [biz error]"
    );
}

#[test]
fn errors_name_the_server_and_not_the_relay() {
    let serving = Serving::start();
    let data = r#"{"req": {"message": "wait"}}"#;
    let flags = [
        "onlyA",
        "--idl",
        &path("multi.thrift"),
        "-d",
        data,
        "--timeout",
        "100ms",
    ];
    let said = shown(&serving, 1, &flags);
    let error = "\nerror: rpc timeout: no answer from ServiceA/onlyA at ADDR in 100ms\n";
    assert!(said.contains(error), "{said}");
}

#[test]
fn calls_that_nobody_answers_pass_as_well() {
    let serving = Serving::start();
    let idl = path("multi.thrift");
    for transport in ["framed", "grpc"] {
        let flags = ["notify", "--idl", &idl, "-d", HI, "--transport", transport];
        let said = shown(&serving, 0, &flags);
        assert!(said.contains("hi"), "{said}");
    }
    let count = r#"{"req": {"message": "count"}}"#;
    let asked = || call(&serving, &["onlyA", "--idl", &idl, "-d", count]);
    let two = Outcome {
        status: 0,
        out: "{\"message\":\"2\"}\n".to_owned(),
        error: String::new(),
    };
    assert!((0..100).any(|_| asked() == two));
}

#[test]
fn what_the_server_says_is_not_taken_for_an_address() {
    // A relay's address cannot be known beforehand: the server answers with its caller's words, and all
    // addresses of this machine are in them.
    let serving = Serving::start();
    let idl = path("multi.thrift");
    let all: Vec<String> = (1..=65535_u32)
        .map(|port| format!("127.0.0.1:{port}"))
        .collect();
    let said = all.join(" ");
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("request.json");
    let request = serde_json::json!({ "req": { "message": format!("typed:{said}") } });
    std::fs::write(&file, request.to_string()).unwrap();
    let data = format!("@{}", file.display());
    let outcome = call(
        &serving,
        &["onlyA", "--idl", &idl, "-d", &data, "-v", "--json"],
    );
    let answer: serde_json::Value = serde_json::from_str(&outcome.out).unwrap();
    let message = answer["error"]["message"].as_str().unwrap();
    assert_eq!(message, format!("{said} [biz error]"));
}
