//! Recorded conversations, whole and damaged, held against what servers and clients read of them.

use std::sync::LazyLock;

use bytes::{Bytes, BytesMut};
use polyport_build::Builder;
use polyport_wire::frame::{Frame as WireFrame, FrameDecoder};
use polyport_wire::limits::Limits;
use polyport_wire::schema::Schema;
use polyport_wire::thrift::{Dynamic, Envelope, Reader, WireType};
use polyport_wire::transport::Codec;
use polyport_wire::ttheader::flags;
use proptest::prelude::*;

use super::*;
use crate::decode::frame::{Frame, Frames};
use crate::decode::message::Body;
use crate::decode::value::{Data, Field, Kind, Value};

const RECORDINGS: [&str; 3] = [
    include_str!("../../../polyport-wire/tests/vectors/multi.txt"),
    include_str!("../../../polyport-wire/tests/vectors/combine.txt"),
    include_str!("../../../polyport-wire/tests/vectors/proto.txt"),
];

/// A call over HTTP/2, what the client sent and what the server did.
const HTTP2: &str = "\
    505249202a20485454502f322e300d0a0d0a534d0d0a0d0a 000006040000000000 000400100000\
    00002e010400000001 8386 44182f6d756c74692e76312e53657276696365412f4f6e6c7941\
    5f106170706c69636174696f6e2f67727063 000009000100000001 00 00000004 0a026869\
    000000040000000000 000000040100000000 000004080000000000 00001000\
    000013010400000001 88 5f106170706c69636174696f6e2f67727063\
    00000a000000000001 00 00000005 0a03686579\
    00000f010500000001 400b677270632d737461747573 0130";

/// What each read of a socket gave.
fn reads() -> Vec<Vec<u8>> {
    let lines = RECORDINGS.into_iter().flat_map(str::lines);
    let lines = lines.filter(|line| !line.starts_with(['#', '=']));
    let hex = lines.filter_map(|line| line.split_once(' '));
    hex.filter(|(_, hex)| *hex != "FIN")
        .map(|(_, hex)| input::from_hex(hex).unwrap())
        .chain(std::iter::repeat_n(input::from_hex(HTTP2).unwrap(), 20))
        .collect()
}

fn nameless() -> Idl {
    Idl::new(None, None).unwrap()
}

fn named() -> Idl {
    static SCHEMA: LazyLock<Schema> = LazyLock::new(|| {
        let idls = concat!(env!("CARGO_MANIFEST_DIR"), "/../../interop/idl");
        let paths = ["multi.thrift", "multi.proto"].map(|name| format!("{idls}/{name}"));
        Builder::new().schema(&paths).unwrap()
    });
    Idl::new(Some(SCHEMA.clone()), None).unwrap()
}

/// The first frame.
fn first<'a>(bytes: &'a [u8], idl: &'a Idl) -> Frame<'a> {
    Frames::new(bytes, idl).next().unwrap()
}

/// What the server's own decoders make of the first frame, if it is right from end to end.
fn by_the_server(bytes: &[u8]) -> Option<(usize, WireFrame, Option<Dynamic>)> {
    let mut buffer = BytesMut::from(bytes);
    let mut decoder = FrameDecoder::new(Limits::default());
    let frame = decoder.decode(&mut buffer).ok()??;
    let size = bytes.len() - buffer.len();
    if frame.codec == Codec::Protobuf {
        return Some((size, frame, None));
    }
    let (_, body) = Envelope::decode(&frame.payload).ok()?;
    let body = Bytes::copy_from_slice(body);
    let mut reader = Reader::new(&body, &Limits::default());
    let value = Dynamic::decode(WireType::STRUCT, &mut reader).ok()?;
    Some((size, frame, Some(value)))
}

fn dynamic(value: &Value<'_>) -> Dynamic {
    let all = |values: &[Value<'_>]| values.iter().map(dynamic).collect();
    match (&value.data, value.kind) {
        (Data::Bool(value), _) => Dynamic::Bool(*value),
        (Data::Int(value), Kind::Plain(WireType::BYTE)) => {
            Dynamic::Byte((*value).try_into().unwrap())
        }
        (Data::Int(value), Kind::Plain(WireType::I16)) => {
            Dynamic::I16((*value).try_into().unwrap())
        }
        (Data::Int(value), Kind::Plain(WireType::I32)) => {
            Dynamic::I32((*value).try_into().unwrap())
        }
        (Data::Int(value), _) => Dynamic::I64(*value),
        (Data::Enum(number, _), _) => Dynamic::I32(*number),
        (Data::Double(value), _) => Dynamic::Double(*value),
        (Data::Text(text), _) => Dynamic::String(Bytes::copy_from_slice(text.as_bytes())),
        (Data::Bytes(bytes), _) => Dynamic::String(Bytes::copy_from_slice(bytes)),
        (Data::Struct(fields), _) => structure(fields),
        (Data::List(values), Kind::List(kind)) => Dynamic::List(kind, all(values)),
        (Data::List(values), Kind::Set(kind)) => Dynamic::Set(kind, all(values)),
        (Data::Map(pairs), Kind::Map(key, element)) => {
            let pairs = pairs
                .iter()
                .map(|(key, value)| (dynamic(key), dynamic(value)));
            Dynamic::Map(key, element, pairs.collect())
        }
        (data, _) => panic!("{data:?}"),
    }
}

fn structure(fields: &[Field<'_>]) -> Dynamic {
    let fields = fields
        .iter()
        .map(|field| (field.id.try_into().unwrap(), dynamic(&field.value)));
    Dynamic::Struct(fields.collect())
}

/// The same frame must come out of both.
fn compare(frame: &Frame<'_>, size: usize, served: &WireFrame, value: Option<&Dynamic>) {
    assert_eq!(frame.problems, []);
    assert_eq!(frame.size, size);
    let transport = frame
        .transport
        .replace("MeshHeader|", "")
        .replace("MeshHeader", "Buffered");
    assert_eq!(
        transport.replace("Buffered", "PurePayload"),
        served.transport.to_string()
    );
    let Some(value) = value else {
        return;
    };
    let message = frame.message.as_ref().unwrap();
    let Body::Fields(fields) = &message.body else {
        panic!("{message:?}");
    };
    // NaN is not equal to itself, but looks the same.
    assert_eq!(format!("{:?}", structure(fields)), format!("{value:?}"));
}

#[test]
fn every_recorded_frame_is_read_as_a_server_reads_it() {
    let idl = nameless();
    let mut seen = 0;
    for read in reads() {
        let mut at = 0;
        while let Some((size, served, value)) = by_the_server(&read[at..]) {
            let frame = first(&read[at..], &idl);
            compare(&frame, size, &served, value.as_ref());
            at += size;
            seen += 1;
        }
    }
    assert_eq!(seen, SERVED, "frames");
}

/// As many frames of requests and replies are in the recordings.
const SERVED: usize = 202;

/// A recorded piece with some of its bytes changed, cut off or repeated.
fn damaged() -> impl Strategy<Value = Vec<u8>> {
    let change = (any::<prop::sample::Index>(), any::<u8>());
    let reads = prop::sample::select(reads());
    let changes = prop::collection::vec(change, 0..4);
    (reads, changes, any::<prop::sample::Index>(), 0..3_u8).prop_map(
        |(mut bytes, changes, cut, how)| {
            for (place, byte) in changes {
                let place = place.index(bytes.len());
                bytes[place] = byte;
            }
            let cut = cut.index(bytes.len()) + 1;
            match how {
                0 => bytes.truncate(cut),
                1 => bytes.extend_from_within(..cut),
                _ => {}
            }
            bytes
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn damaged_bytes_are_printed_to_their_end(bytes in damaged()) {
        for idl in [nameless(), named()] {
            let mut text = Vec::new();
            let is_well = print_text(&bytes, &idl, true, &mut text).unwrap();
            let text = String::from_utf8(text).unwrap();
            prop_assert_eq!(text.contains("  broken at byte "), !is_well, "{}", text);
            let mut json = Vec::new();
            prop_assert_eq!(print_json(&bytes, &idl, &mut json).unwrap(), is_well);
            let frames = serde_json::Deserializer::from_slice(&json).into_iter();
            let frames: Result<Vec<serde_json::Value>, _> = frames.collect();
            prop_assert!(frames.is_ok_and(|frames| !frames.is_empty()));
        }
    }

    #[test]
    fn what_a_server_accepts_is_not_called_broken(bytes in damaged()) {
        // Only we look into Protobuf, and at what streams carry.
        if let Some((size, served, Some(value))) = by_the_server(&bytes)
            && served.header.as_ref().is_none_or(|header| header.flags & flags::STREAMING == 0)
        {
            let idl = nameless();
            compare(&first(&bytes, &idl), size, &served, Some(&value));
        }
    }
}

#[test]
fn a_frame_that_announces_much_costs_little() {
    let idl = nameless();
    for hex in [
        // A frame, a list, a string, a map of 2 GiB each.
        "7fffffff 80010001 00000001 61 00000000 00",
        "0000001d 80010001 00000001 61 00000000 0f0001 08 7fffffff 00 000000000000",
        "80010001 00000001 61 00000000 0b0001 7fffffff",
        "80010001 00000001 61 00000000 0d0001 0b0b 7fffffff",
        // 65535 keys, none of which is there.
        "0000000e 1000 0000 00000000 0001 0000 01 ffff 00",
    ] {
        let bytes = input::from_hex(hex).unwrap();
        let frame = first(&bytes, &idl);
        assert!(!frame.problems.is_empty(), "{hex}");
    }
    // A list of empty structs: a byte each.
    let mut bytes = input::from_hex("80010001 00000001 61 00000000 0f0001 0c 00200000").unwrap();
    bytes.resize(bytes.len() + 0x0020_0000 + 1, 0);
    let frame = first(&bytes, &idl);
    let problem = frame.problems[0].to_string();
    let expected = "in field 1[999999]: expected at most 1000000 values in a message";
    assert!(problem.contains(expected), "{problem}");
}

#[test]
fn nesting_ends_at_the_limit() {
    let mut bytes = input::from_hex("80010001 00000001 61 00000000").unwrap();
    for _ in 0..100_000 {
        bytes.extend([12, 0, 1]);
    }
    let idl = nameless();
    let frame = first(&bytes, &idl);
    let problem = frame.problems[0].to_string();
    assert!(
        problem.contains("expected values nested in at most 64 levels"),
        "{problem}"
    );
}
