//! `polyport decode` from outside. The bytes are a real Kitex client's and server's.

use std::fs;

use serde_json::{Value, json};

use crate::{descriptor_set, idl, polyport, polyport_with, text};

/// `ServiceA/sameNamedMethod` over TTHeader, with the header of a Kitex client.
const CALL: &str = "0000008f1000000000000025001700000100\
    01000369736e0008536572766963654110000800\
    0c000433303030001100043130303000030000001400000006000464657374\
    0009000f73616d654e616d65644d6574686f640016000131000100 08756e6672616d656400\
    800100010000000f73616d654e616d65644d6574686f64000000250c00010b00010000000268690000";

/// What the command prints, when it exits with this status.
#[track_caller]
fn decoded(arguments: &[&str], input: &str, status: i32) -> String {
    let mut all = vec!["decode"];
    all.extend(arguments);
    let output = polyport_with(&all, input.as_bytes());
    assert_eq!(text(&output.stderr), "");
    assert_eq!(
        output.status.code(),
        Some(status),
        "{}",
        text(&output.stdout)
    );
    text(&output.stdout)
}

fn multi() -> String {
    idl("interop/idl/multi.thrift").to_str().unwrap().to_owned()
}

#[test]
fn a_call_is_named_by_its_idl() {
    let named = decoded(&["--idl", &multi(), "--offsets"], CALL, 0);
    let expected = "\
00000000  frame 1: TTHeader, Thrift, 147 bytes
00000000    header
00000006      flags              0x0000
00000008      sequence           37
0000000e      protocol           0 (Thrift binary)
00000013      isn                \"ServiceA\"
00000025      12 RPCTimeout      \"3000\"
0000002d      17 ConnectTimeout  \"1000\"
00000035      3 FromService      \"\"
00000039      20 FromMethod      \"\"
0000003d      6 ToService        \"dest\"
00000045      9 ToMethod         \"sameNamedMethod\"
00000058      22 MsgType         \"1\"
0000005d      1 TransportType    \"unframed\"
0000006a    call multi.ServiceA/sameNamedMethod, sequence 37
00000088      1 req  Request
0000008b        1 message  string  \"hi\"
";
    assert_eq!(named, expected);
    let nameless = decoded(&[], CALL, 0);
    let expected = "
  call sameNamedMethod, sequence 37
    1  struct
      1  string  \"hi\"
";
    assert!(nameless.ends_with(expected), "{nameless}");
}

#[test]
fn bytes_may_come_in_any_shape() {
    let expected = "frame 1: Framed, Thrift, 21 bytes\n  call ping, sequence 1\n";
    let words = ["00000011", "80010001", "00000004", "70696e67", "0000000100"];
    assert_eq!(decoded(&words, "", 0), expected);
    let dump = "00000000: 0000 0011 8001 0001 0000 0004 7069 6e67  ............ping\n\
                00000010: 0000 0001 00                             .....\n";
    assert_eq!(decoded(&[], dump, 0), expected);
    let bytes = b"\0\0\0\x11\x80\x01\0\x01\0\0\0\x04ping\0\0\0\x01\0";
    let output = polyport_with(&["decode"], bytes);
    assert_eq!(text(&output.stdout), expected);

    let directory = tempfile::tempdir().unwrap();
    for content in [&bytes[..], dump.as_bytes()] {
        let path = directory.path().join("frame");
        fs::write(&path, content).unwrap();
        assert_eq!(
            decoded(&["--file", path.to_str().unwrap()], "", 0),
            expected
        );
    }
}

#[test]
fn replies_are_read_by_their_calls() {
    // A call with a name, its declared exception; a call of another service, and its failure.
    let conversation = "\
        80010001 00000008 6465636c696e6573 00000005 0c0001 0b0001 00000002 6e6f 00 00\n\
        80010002 00000008 6465636c696e6573 00000005 0c0001 080001 00000007 0b0002 00000002 6e6f 00 00\n\
        80010001 00000003 616464 00000003 0a0001 0000000000000002 0a0002 0000000000000003 00\n\
        80010002 00000003 616464 00000003 0a0000 0000000000000005 00\n\
        80010004 00000006 6e6f74696679 00000007 0c0001 0b0001 00000002 6869 00 00\n\
        80010003 00000003 616464 00000008 0b0001 0000000e 62697a206572726f723a20626164 080002 00000006 00\n";
    let expected = "\
frame 1: Buffered, Thrift, 34 bytes
  call multi.ServiceA/declines, sequence 5
    1 req  Request
      1 message  string  \"no\"

frame 2: Buffered, Thrift, 41 bytes
  reply multi.ServiceA/declines, sequence 5
    1 declined  Declined
      1 code    i32     7
      2 reason  string  \"no\"

frame 3: Buffered, Thrift, 38 bytes
  call multi.ServiceA/add, sequence 3
    1 left   i64  2
    2 right  i64  3

frame 4: Buffered, Thrift, 27 bytes
  reply multi.ServiceA/add, sequence 3
    0 success  i64  5

frame 5: Buffered, Thrift, 32 bytes
  oneway multi.ServiceA/notify, sequence 7
    1 req  Request
      1 message  string  \"hi\"

frame 6: Buffered, Thrift, 44 bytes
  exception multi.ServiceA/add, sequence 8
    1 message  string  \"biz error: bad\"
    2 type     i32     6 (unknown internal error)
";
    assert_eq!(decoded(&["--idl", &multi()], conversation, 0), expected);
}

#[test]
fn headers_are_read_with_all_that_they_have() {
    // A TTHeader with every kind of keys, from a multiplexing client; a MeshHeader, twice.
    let frames = "0000005f10000001fffffff900100000110005746f6b656e0100020003726970000b31302e302e30\
        2e313a3830000d5250435f504552534953545f4b0002fffe100002000c0002353003e70001780000\
        0011800100010000000470696e670000000900ffaf000f0001000369736e000650696e6765728001\
        00010000000470696e670000000900ffaf000f0001000369736e000650696e676572000000118001\
        00010000000470696e670000000900";
    let expected = "\
frame 1: TTHeader|Framed, Thrift, 99 bytes
  header
    flags          0x0001 (out of order)
    sequence       -7
    protocol       0 (Thrift binary)
    ACL token      \"token\"
    rip            \"10.0.0.1:80\"
    RPC_PERSIST_K  0xfffe
    12 RPCTimeout  \"50\"
    999 ?          \"x\"
  call ping, sequence 9

frame 2: MeshHeader, Thrift, 36 bytes
  header
    isn  \"Pinger\"
  call ping, sequence 9

frame 3: MeshHeader|Framed, Thrift, 40 bytes
  header
    isn  \"Pinger\"
  call ping, sequence 9
";
    assert_eq!(decoded(&[], frames, 0), expected);
}

/// Two services whose methods of the same name differ, and a type of every kind.
const TYPES: &str = "\
enum Color { RED = 1, GREEN = 2 }
union Choice { 1: string text, 2: Color color }
struct Item {
  1: bool flag, 2: i8 tiny, 3: i16 small, 4: double ratio, 5: binary blob,
  6: list<i32> numbers, 7: set<string> words, 8: map<string, Color> colors,
  9: list<Choice> choices, 10: map<Choice, i64> odd, 11: i64 narrowed
}
service First { void put(1: Item item) }
service Second { Color put(1: i32 number) }
";

#[test]
fn every_type_has_its_name() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("types.thrift");
    fs::write(&path, TYPES).unwrap();
    let path = path.to_str().unwrap();
    let call = "80010001 00000003 707574 00000001 0c0001 \
        020001 01  030002 ff  060003 8000  040004 3ff8000000000000  0b0005 00000002 00ff \
        0f0006 08 00000002 00000001 ffffffff  0e0007 0b 00000001 00000002 6869 \
        0d0008 0b 08 00000002 00000001 61 00000002 00000001 62 00000009 \
        0f0009 0c 00000002 0b0001 00000001 78 00 080002 00000001 00 \
        0d000a 0c 0a 00000001 0b0001 00000001 78 00 0000000000000005 \
        08000b 00000007 08000c 00000008 00 00";
    let expected = "\
frame 1: Buffered, Thrift, 175 bytes
  call First/put, sequence 1
    1 item  Item
       1 flag      bool                true
       2 tiny      i8                  -1
       3 small     i16                 -32768
       4 ratio     double              1.5
       5 blob      binary              0x00ff
       6 numbers   list<i32>           [1, -1]
       7 words     set<string>         [\"hi\"]
       8 colors    map<string, Color>  {\"a\": 2 (GREEN), \"b\": 9}
       9 choices   list<Choice>
        [0]
          1 text  string  \"x\"
        [1]
          2 color  Color  1 (RED)
      10 odd       map<Choice, i64>
        key 0
          1 text  string  \"x\"
        value 0  5
      11 narrowed  i32                 7  // the IDL says i64
      12           i32                 8  // not in the IDL
";
    assert_eq!(
        decoded(&["--idl", path, "--service", "First"], call, 0),
        expected
    );

    let ambiguous = decoded(&["--idl", path], call, 0);
    let note = "    // `put` is a method of First, Second: `--service` says which\n";
    assert!(ambiguous.contains(note), "{ambiguous}");

    // The reply does not say whose it is, but its call does, as Apache's clients write it.
    let other = "80010001 0000000a 5365636f6e643a707574 00000001 080001 00000003 00\
        80010002 00000003 707574 00000001 080000 00000002 00";
    let expected = "\
frame 1: Buffered, Thrift, 30 bytes
  call Second:put, sequence 1
    1 number  i32  3

frame 2: Buffered, Thrift, 23 bytes
  reply Second/put, sequence 1
    0 success  Color  2 (GREEN)
";
    assert_eq!(decoded(&["--idl", path], other, 0), expected);
}

#[test]
fn broken_bytes_are_read_as_far_as_they_go() {
    let cut = "00000021 80010001 00000004 70696e67 00000001 0b0001 00000002 6869 0a0002 00000000";
    let expected = "\
frame 1: Framed, Thrift, 36 bytes
  call ping, sequence 1
    1  string  \"hi\"
    2  i64     ?
  broken at byte 4: expected 33 bytes, as the frame's length says; the input ends after 32
  broken at byte 32, in field 2: expected 8 bytes of an i64; the input ends after 4
";
    assert_eq!(decoded(&[], cut, 1), expected);

    // A frame that is broken inside, and one behind it.
    let inside = "00000018 80010001 00000004 70696e67 00000001 0f0001 08 7fffffff \
        00000011 80010001 00000004 70696e67 00000002 00";
    let expected = "\
frame 1: Framed, Thrift, 28 bytes
  call ping, sequence 1
    1  list  ?
  broken at byte 24, in field 1: expected a list's size of at most 0; \
saw 2147483647, and the frame has 0 more bytes

frame 2: Framed, Thrift, 21 bytes
  call ping, sequence 2
";
    assert_eq!(decoded(&[], inside, 1), expected);

    let header = CALL.replace("536572766963654110", "536572766963654113");
    let broken = decoded(&["--idl", &multi()], &header, 1);
    let expected = "  broken at byte 34: expected string keys (0x01), int keys (0x10) or an ACL token (0x11); \
saw 0x13\n";
    assert!(broken.ends_with(expected), "{broken}");
    assert!(broken.contains("isn       \"ServiceA\""), "{broken}");
    assert!(broken.contains("1 message  string  \"hi\""), "{broken}");

    // Where nothing says how long the message is, nothing says where the next one starts.
    let lost = "80010001 00000004 70696e67 00000001 63 0001 00";
    let expected = "\
frame 1: Buffered, Thrift, 17 bytes
  call ping, sequence 1
  broken at byte 16: expected a field's type: 2, 3, 4, 6, 8, or 10 to 15; saw 99
3 bytes behind it are not read: nothing says where a frame starts
";
    assert_eq!(decoded(&[], lost, 1), expected);
}

#[test]
fn other_protocols_are_named() {
    let check = |input: &str, expected: &str| {
        let expected = format!("frame 1: {expected}\n",);
        assert_eq!(decoded(&[], input, 1), expected);
    };
    let wanted = "expected Buffered, Framed, TTHeader, MeshHeader or HTTP/2";
    check(
        "GET / HTTP/1.1\r\n",
        &format!(
            "HTTP/1, 16 bytes\n  broken at byte 0: {wanted}; saw 47 45 54 20 2f 20 48 54, as HTTP/1 starts"
        ),
    );
    check(
        "16 03 01 02 00 01 00 01 fc 03 03",
        &format!(
            "TLS, 11 bytes\n  broken at byte 0: {wanted}; saw 16 03 01 02 00 01 00 01, as TLS starts"
        ),
    );
    check(
        "ca fe ca fe ca fe ca fe",
        &format!("unknown, 8 bytes\n  broken at byte 0: {wanted}; saw ca fe ca fe ca fe ca fe"),
    );
}

#[test]
fn json_says_the_same() {
    let json = decoded(&["--idl", &multi(), "--json"], CALL, 0);
    let frame: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(frame["transport"], "ttheader");
    assert_eq!(frame["header"]["sequence"], 37);
    let timeout = json!({ "offset": 37, "key": 12, "name": "RPCTimeout", "value": "3000" });
    assert_eq!(frame["header"]["ints"][0], timeout);
    let message = json!({
        "offset": 106,
        "type": "call",
        "strict": true,
        "service": "multi.ServiceA",
        "method": "sameNamedMethod",
        "sequence": 37,
        "body": { "fields": [{
            "id": 1,
            "name": "req",
            "offset": 136,
            "type": "Request",
            "value": [
                { "id": 1, "name": "message", "offset": 139, "type": "string", "value": "hi" },
            ],
        }] },
    });
    assert_eq!(frame["message"], message);

    let json = decoded(&["--json"], "80010001 00000001 61 00000001 0a", 1);
    let frame: Value = serde_json::from_str(&json).unwrap();
    let problem = json!({
        "offset": 14,
        "expected": "2 bytes of a field's number",
        "seen": "the input ends here",
    });
    assert_eq!(frame["problems"], json!([problem]));
}

#[test]
fn wrong_calls_exit_with_2() {
    let check = |arguments: &[&str], expected: &str| {
        let mut all = vec!["decode"];
        all.extend(arguments);
        let output = polyport(&all);
        assert_eq!(output.status.code(), Some(2));
        let error = text(&output.stderr);
        assert!(error.starts_with(&format!("error: {expected}")), "{error}");
    };
    check(&[], "there are no bytes to decode");
    check(
        &["00", "0x123"],
        "line 1, column 6: `123` is an odd number of hex digits",
    );
    check(
        &["--service", "A", "00"],
        "the following required arguments were not provided",
    );
    check(
        &["--idl", &multi(), "--service", "ServiceX", "00"],
        "there is no service ServiceX; did you mean multi.ServiceA? there are [multi.ServiceA,",
    );
    // Programs read it where they read everything.
    let output = polyport(&["decode", "--json", "--offsets", "00"]);
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(text(&output.stderr), "");
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    let message = told["message"].as_str().unwrap();
    assert!(
        message.starts_with("the argument '--json' cannot be used with"),
        "{message}"
    );
}

/// One of each kind of field, and one that the IDL does not know.
const PROTO: &str = "\
syntax = \"proto3\";
package all;
enum Color { NONE = 0; RED = 1; }
message All {
  double half = 1;
  float tenth = 2;
  int32 negative = 3;
  sint64 zigzag = 4;
  bool yes = 5;
  string text = 6;
  bytes raw = 7;
  repeated int32 packed = 8;
  repeated string names = 9;
  Color color = 10;
  All inner = 11;
  map<string, int32> counts = 12;
  fixed32 fixed = 13;
  uint64 large = 14;
  int32 changed = 15;
}
service Echo { rpc echo(All) returns (All); }
";

/// A message of it, behind the envelope of a call in a frame.
const PROTOBUF_CALL: &str = "\
    00000064 90010001 00000004 6563686f 00000007 \
    09 000000000000e03f 15 cdcccc3d 18 ffffffffffffffffff01 20 03 28 01 32 02 6869 3a 02 00ff \
    42 03 01 9601 4a 01 61 4a 01 62 50 01 5a 02 28 01 62 05 0a 01 6b 10 07 6d 2a000000 \
    70 ffffffffffffffffff01 7a 02 6f6b a001 05";

#[test]
fn protobuf_is_taken_apart_with_the_names_of_its_idl() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("all.proto");
    fs::write(&path, PROTO).unwrap();
    let named = decoded(&["--idl", path.to_str().unwrap()], PROTOBUF_CALL, 0);
    let expected = "\
frame 1: Framed, Protobuf, 104 bytes
  call all.Echo/echo, sequence 7
     1 half      double            0.5
     2 tenth     float             0.1
     3 negative  int32             -1
     4 zigzag    sint64            -2
     5 yes       bool              true
     6 text      string            \"hi\"
     7 raw       bytes             0x00ff
     8 packed    int32             [1, 150]
     9 names     string            \"a\"
     9 names     string            \"b\"
    10 color     Color             1 (RED)
    11 inner     All
      5 yes  bool  true
    12 counts    map entry
      1 key    string  \"k\"
      2 value  int32   7
    13 fixed     fixed32           42
    14 large     uint64            18446744073709551615
    15 changed   length-delimited  \"ok\"  // the IDL says int32
    20           varint            5  // not in the IDL
";
    assert_eq!(named, expected);

    let nameless = decoded(&[], PROTOBUF_CALL, 0);
    let expected = "
  call echo, sequence 7
     1  fixed64           4602678819172646912
     2  fixed32           1036831949
     3  varint            18446744073709551615
     4  varint            3
     5  varint            1
     6  length-delimited  \"hi\"
     7  length-delimited  0x00ff
     8  length-delimited  0x019601
     9  length-delimited  \"a\"
     9  length-delimited  \"b\"
    10  varint            1
    11  length-delimited
      5  varint  1
    12  length-delimited
      1  length-delimited  \"k\"
      2  varint            7
    13  fixed32           42
    14  varint            18446744073709551615
    15  length-delimited  \"ok\"
    20  varint            5
";
    assert!(nameless.ends_with(expected), "{nameless}");
}

#[test]
fn protobuf_may_be_described_by_a_descriptor_set() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("demo.binpb");
    fs::write(&path, descriptor_set("demo.proto")).unwrap();
    // A call of Kitex Protobuf, SameNamedMethod of demo.v1.ServiceA with `message: "hi"`.
    let input = "0000001f 90010001 0000000f 53616d654e616d65644d6574686f64 00000001 0a026869";
    let set = ["--descriptor-set", path.to_str().unwrap()];
    let idl = idl("examples/idl/demo.proto");
    let by_set = decoded(
        &[&set[..], &["--service", "demo.v1.ServiceA"]].concat(),
        input,
        0,
    );
    let by_idl = ["--idl", idl.to_str().unwrap(), "--service", "ServiceA"];
    assert_eq!(by_set, decoded(&by_idl, input, 0));
    assert!(by_set.contains("\"hi\""), "{by_set}");
}

#[test]
fn broken_protobuf_says_where() {
    let call = |body: &str| {
        let size = 16 + body.len() / 2;
        format!("{size:08x} 90010001 00000004 6563686f 00000007 {body}")
    };
    for (body, problem) in [
        (
            "0a056869",
            "at byte 21, in field 1: expected a length of at most 2; saw 5, and the frame has 2 more bytes",
        ),
        (
            "0f",
            "at byte 20: expected a field's tag with a type from 0 to 5; saw 7 in the lower bits",
        ),
        (
            "00",
            "at byte 20: expected a field's number from 1 to 536870911; saw 0",
        ),
        (
            "08ff",
            "at byte 22, in field 1: expected 1 byte of a number; the frame ends here",
        ),
        (
            "0b0801",
            "at byte 23, in field 1: expected 1 byte of a field's tag; the frame ends here",
        ),
        (
            "0b14",
            "at byte 21, in field 1: expected a field, or the end of what is open; saw the end of group 2",
        ),
    ] {
        let printed = decoded(&[], &call(body), 1);
        assert!(
            printed.ends_with(&format!("  broken {problem}\n")),
            "{printed}"
        );
    }
    // Kitex's exception has names without any IDL.
    let exception = "00000019 90010003 00000004 6563686f 00000007 0806 1205 6e6f706521";
    let printed = decoded(&[], exception, 0);
    let expected = "
  exception echo, sequence 7
    1 type     int32   6
    2 message  string  \"nope!\"
";
    assert!(printed.ends_with(expected), "{printed}");
}
