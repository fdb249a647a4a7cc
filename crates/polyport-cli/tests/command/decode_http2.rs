//! `polyport decode` of HTTP/2, from outside.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use serde_json::{Value, json};

use crate::server::Serving;
use crate::{idl, polyport, polyport_with, text};

const PREFACE: &str = "505249202a20485454502f322e300d0a0d0a534d0d0a0d0a";

/// What a client sends: settings, headers without Huffman's code, a message.
const CLIENT: &str = "\
    000006 04 00 00000000 0004 00100000\
    00002e 01 04 00000001 83 86 4418 2f6d756c74692e76312e53657276696365412f4f6e6c7941 \
        5f10 6170706c69636174696f6e2f67727063 \
    000009 00 01 00000001 00 00000004 0a02 6869";

/// And its server: settings, headers, the answer, trailers.
const SERVER: &str = "\
    000000 04 00 00000000 000000 04 01 00000000 000004 08 00 00000000 00001000\
    000013 01 04 00000001 88 5f10 6170706c69636174696f6e2f67727063\
    00000a 00 00 00000001 00 00000005 0a03 686579\
    00000f 01 05 00000001 40 0b 677270632d737461747573 01 30";

/// A frame's bytes in hex.
fn frame(kind: u8, flags: u8, stream: u32, payload: &str) -> String {
    let payload = payload.replace(' ', "");
    let size = payload.len() / 2;
    format!("{size:06x} {kind:02x} {flags:02x} {stream:08x} {payload}")
}

/// What the command prints, when it exits with this status.
#[track_caller]
fn decoded(arguments: &[&str], input: &str, status: i32) -> String {
    let mut all = vec!["decode"];
    all.extend(arguments);
    let output = polyport_with(&all, input.as_bytes());
    assert_eq!(text(&output.stderr), "");
    let printed = text(&output.stdout);
    assert_eq!(output.status.code(), Some(status), "{printed}");
    printed
}

fn path_of(name: &str) -> String {
    idl(&format!("interop/idl/{name}"))
        .to_str()
        .unwrap()
        .to_owned()
}

#[test]
fn both_sides_of_a_connection_are_taken_apart() {
    let input = format!("{PREFACE} {CLIENT} {SERVER}");
    let expected = "\
frame 1: HTTP/2 preface, 24 bytes

frame 2: HTTP/2 SETTINGS, 15 bytes
  connection
    INITIAL_WINDOW_SIZE  1048576

frame 3: HTTP/2 HEADERS, 55 bytes
  stream 1, END_HEADERS
    :method       POST
    :scheme       http
    :path         /multi.v1.ServiceA/OnlyA
    content-type  application/grpc

frame 4: HTTP/2 DATA, 18 bytes
  stream 1, END_STREAM
    message, 4 bytes, multi.v1.ServiceA/OnlyA
      1 message  string  \"hi\"

frame 5: HTTP/2 SETTINGS, 9 bytes
  connection
    // what the other side sends begins here

frame 6: HTTP/2 SETTINGS, 9 bytes
  connection, ACK

frame 7: HTTP/2 WINDOW_UPDATE, 13 bytes
  connection
    increment  4096

frame 8: HTTP/2 HEADERS, 28 bytes
  stream 1, END_HEADERS
    :status       200
    content-type  application/grpc

frame 9: HTTP/2 DATA, 19 bytes
  stream 1
    message, 5 bytes, multi.v1.ServiceA/OnlyA
      1 message  string  \"hey\"

frame 10: HTTP/2 HEADERS, 24 bytes
  stream 1, END_STREAM, END_HEADERS
    grpc-status  0
";
    assert_eq!(
        decoded(&["--idl", &path_of("multi.proto")], &input, 0),
        expected
    );
    // What a server sends stands for itself, too, without names.
    let alone = decoded(&[], SERVER, 0);
    assert!(
        alone.contains("    message, 5 bytes\n      1  length-delimited  \"hey\"\n"),
        "{alone}"
    );
    let lines = decoded(&["--json"], &input, 0);
    let headers: Value = serde_json::from_str(lines.lines().nth(2).unwrap()).unwrap();
    let path = json!({ "offset": 48, "name": ":path", "value": "/multi.v1.ServiceA/OnlyA" });
    assert_eq!(headers["http2"]["type"], "HEADERS");
    assert_eq!(headers["http2"]["fields"][2], path);
}

#[test]
fn messages_and_headers_may_be_cut_anywhere() {
    let headers = "838644182f6d756c74692e76312e53657276696365412f4f6e6c7941";
    let (first, second) = headers.split_at(20);
    let input = [
        PREFACE.to_owned(),
        frame(4, 0, 0, ""),
        // Padded, with a priority, and ended by another frame.
        frame(1, 0x28, 1, &format!("02 00000000 10 {first} 0000")),
        frame(9, 0x4, 1, second),
        // A message and the beginning of a prefix; its end and the beginning of a message; its end.
        frame(0, 0x8, 1, "01 00 00000004 0a02 6869 0000 00"),
        frame(0, 0, 1, "000004 0a02"),
        frame(0, 0, 1, "6f6b 01 00000002 abcd"),
    ];
    let expected = "\
frame 3: HTTP/2 HEADERS, 27 bytes
  stream 1, PADDED, PRIORITY

frame 4: HTTP/2 CONTINUATION, 27 bytes
  stream 1, END_HEADERS
    :method  POST
    :scheme  http
    :path    /multi.v1.ServiceA/OnlyA

frame 5: HTTP/2 DATA, 22 bytes
  stream 1, PADDED
    message, 4 bytes
      1  length-delimited  \"hi\"

frame 6: HTTP/2 DATA, 14 bytes
  stream 1
    message, 4 bytes
    // 2 bytes are in frames to come

frame 7: HTTP/2 DATA, 18 bytes
  stream 1
    // 2 bytes end a message of frames before
    message, 2 bytes, compressed
      0xabcd
";
    let printed = decoded(&[], &input.join(" "), 0);
    assert!(printed.ends_with(expected), "{printed}");
}

#[test]
fn what_is_wrong_is_said_with_its_place() {
    for (frames, problem) in [
        (
            frame(1, 4, 1, "be"),
            "at byte 42: expected headers as HPACK writes them; header index out of bounds",
        ),
        (
            frame(1, 0xc, 1, "09 82"),
            "at byte 42: expected padding of at most 1 bytes; saw 9",
        ),
        (
            frame(3, 0, 1, "0000"),
            "at byte 42: expected 4 bytes of an error's code; the frame ends after 2",
        ),
        (frame(0, 0, 1, "07"), ""),
        (
            frame(0, 0, 1, "0700000000"),
            "at byte 42: expected a message's prefix, which starts with 0 or 1; saw 7",
        ),
        (
            frame(0, 0, 1, "00 00000002 0a05"),
            "at byte 48, in field 1: expected a length of at most 0; saw 5, and the message has 0 more bytes",
        ),
        (
            "000010 00 00 00000001 00".to_owned(),
            "at byte 42: expected 16 bytes, as the frame's length says; the input ends after 1",
        ),
        (
            "0000".to_owned(),
            "at byte 33: expected 3 bytes of a frame's length; the input ends after 2",
        ),
    ] {
        let input = format!("{PREFACE} {} {frames}", frame(4, 0, 0, ""));
        let printed = decoded(&[], &input, i32::from(!problem.is_empty()));
        let broken = format!("  broken {problem}\n");
        assert_eq!(printed.contains("broken"), !problem.is_empty(), "{printed}");
        assert!(
            problem.is_empty() || printed.ends_with(&broken),
            "{printed}"
        );
    }
    let printed = decoded(&[], "505249202a2048545450", 1);
    assert!(
        printed.contains("expected 24 bytes of HTTP/2's preface"),
        "{printed}"
    );
}

#[test]
fn a_small_block_of_headers_does_not_become_large() {
    // A header of 4000 bytes in the table, and 10000 times a byte that stands for it.
    let large = format!("40 01 61 7fa11e {}", "62".repeat(4000));
    let input = [
        PREFACE.to_owned(),
        frame(4, 0, 0, ""),
        frame(1, 4, 1, &(large + &"be".repeat(10_000))),
    ];
    let printed = decoded(&[], &input.join(" "), 1);
    assert!(printed.len() < 1_000_000, "{}", printed.len());
    assert!(
        printed.contains("expected at most 262144 bytes of headers; saw 40"),
        "{}",
        printed.len()
    );
}

/// What passed a connection, each side from its start.
type Passed = Arc<Mutex<[Vec<u8>; 2]>>;

/// Passes one connection on, and keeps what passes.
fn relay(server: String) -> (String, Passed) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let passed = Passed::default();
    let keep = Arc::clone(&passed);
    thread::spawn(move || {
        let (client, _) = listener.accept().unwrap();
        let server = TcpStream::connect(server).unwrap();
        let other = (server.try_clone().unwrap(), client.try_clone().unwrap());
        let back = Arc::clone(&keep);
        thread::spawn(move || pass(other.0, other.1, &back, 1));
        pass(client, server, &keep, 0);
    });
    (address, passed)
}

fn pass(mut from: TcpStream, mut to: TcpStream, passed: &Passed, side: usize) {
    let mut buffer = [0; 4096];
    while let Ok(read @ 1..) = from.read(&mut buffer) {
        passed.lock().unwrap()[side].extend_from_slice(&buffer[..read]);
        if to.write_all(&buffer[..read]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Write);
}

#[test]
fn what_h2_writes_is_read() {
    let server = Serving::start();
    for (idl, method, data, names) in [
        (
            "multi.proto",
            "multi.v1.ServiceA/OnlyA",
            "{\"message\":\"hi\"}",
            [
                "1 message  string  \"hi\"",
                "1 message  string  \"ServiceA/OnlyA: hi\"",
            ],
        ),
        (
            "streams.thrift",
            "streams.Streams/server",
            "{\"number\":2,\"message\":\"hi\"}",
            [
                "2 message  string  \"hi\"",
                "2 message  string  \"Streams/server: hi\"",
            ],
        ),
        (
            "streams.thrift",
            "streams.Streams/pingPong",
            "{\"item\":{\"message\":\"hi\"}}",
            ["1 item  Item", "0 success  Item"],
        ),
    ] {
        let (address, passed) = relay(server.address());
        let path = path_of(idl);
        let arguments = [
            "call",
            &address,
            method,
            "--idl",
            &path,
            "--transport",
            "grpc",
            "-d",
            data,
        ];
        let output = polyport(&arguments);
        assert_eq!(text(&output.stderr), "");
        assert_eq!(output.status.code(), Some(0));
        let passed = passed.lock().unwrap().concat();
        let output = polyport_with(&["decode", "--idl", &path], &passed);
        let printed = text(&output.stdout);
        assert_eq!(output.status.code(), Some(0), "{printed}");
        let method = format!(", {method}\n");
        assert!(printed.matches(&method).count() >= 2, "{printed}");
        for name in names {
            assert!(printed.contains(name), "{name}: {printed}");
        }
        assert!(printed.contains("\n    grpc-status "), "{printed}");
    }
}
