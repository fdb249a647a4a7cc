//! What real Kitex peers said to each other, in `tests/vectors`.

use std::collections::BTreeMap;

use bytes::BytesMut;
use polyport_wire::detect::{Detection, detect};
use polyport_wire::frame::{self, Frame, FrameDecoder};
use polyport_wire::limits::Limits;
use polyport_wire::thrift::{self, ApplicationException, EndScanner, Envelope, MessageType};
use polyport_wire::transport::{Codec, Transport};
use polyport_wire::ttheader::{Header, HeaderRef, flags, keys};

use crate::cut;

const RECORDINGS: [&str; 3] = [
    include_str!("../vectors/multi.txt"),
    include_str!("../vectors/combine.txt"),
    include_str!("../vectors/proto.txt"),
];

/// One direction of one connection.
struct Stream {
    /// The first word of what the client did, `framed` for instance.
    label: String,
    from_client: bool,
    bytes: Vec<u8>,
}

fn streams() -> Vec<Stream> {
    RECORDINGS.into_iter().flat_map(parse).collect()
}

fn parse(recording: &str) -> Vec<Stream> {
    let mut streams: BTreeMap<&str, Stream> = BTreeMap::new();
    let mut label = "";
    for line in recording.lines().filter(|line| !line.starts_with('#')) {
        if let Some(title) = line.strip_prefix("== ") {
            if !title.starts_with("client saw") {
                label = title.split(' ').next().unwrap();
            }
            continue;
        }
        let (direction, bytes) = line.split_once(' ').unwrap();
        if bytes == "FIN" {
            continue;
        }
        let stream = streams.entry(direction).or_insert_with(|| Stream {
            label: label.to_owned(),
            from_client: direction.ends_with('>'),
            bytes: Vec::new(),
        });
        assert_eq!(stream.label, label, "connection {direction} has two kinds");
        stream.bytes.extend(unhex(bytes));
    }
    streams.into_values().collect()
}

fn unhex(text: &str) -> impl Iterator<Item = u8> {
    assert!(text.len().is_multiple_of(2) && text.is_ascii(), "{text}");
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap())
}

/// The frames of a stream, each with its bytes.
fn frames(stream: &Stream) -> Vec<(Frame, Vec<u8>)> {
    let mut decoder = FrameDecoder::new(Limits::default());
    let mut buffer = BytesMut::from(&stream.bytes[..]);
    let mut frames = Vec::new();
    while !buffer.is_empty() {
        let before = buffer.clone();
        let frame = decoder.decode(&mut buffer).unwrap().unwrap();
        frames.push((frame, before[..before.len() - buffer.len()].to_vec()));
    }
    frames
}

fn encode_again(frame: &Frame) -> BytesMut {
    let header = frame.header.clone().unwrap_or_default();
    let ints: Vec<(u16, &[u8])> = header.ints().collect();
    let strings: Vec<(&[u8], &[u8])> = header.strings().collect();
    let header = HeaderRef {
        flags: header.flags,
        sequence: header.sequence,
        protocol: header.protocol,
        ints: &ints,
        strings: &strings,
    };
    let mut out = BytesMut::new();
    frame::encode(frame.transport, &header, usize::MAX, &mut out, |out| {
        out.extend_from_slice(&frame.payload);
        Ok(())
    })
    .unwrap();
    out
}

fn expected(label: &str) -> Option<(Transport, Codec)> {
    Some(match label {
        "buffered" => (Transport::Buffered, Codec::ThriftBinary),
        "framed" => (Transport::Framed, Codec::ThriftBinary),
        "ttheader" | "ttstream" => (Transport::TtHeader, Codec::ThriftBinary),
        "ttheader-framed" | "mux" => (Transport::TtHeaderFramed, Codec::ThriftBinary),
        "kitex-protobuf" => (Transport::TtHeaderFramed, Codec::Protobuf),
        "grpc" => return None,
        other => panic!("{other}"),
    })
}

#[test]
fn every_client_is_recognized_by_its_first_bytes() {
    let mut seen = 0;
    for stream in streams().iter().filter(|stream| stream.from_client) {
        let expected = match stream.label.as_str() {
            "grpc" => Detection::Http2,
            "ttstream" => Detection::TtStream,
            _ => Detection::PingPong,
        };
        assert_eq!(detect(&stream.bytes[..24]), expected, "{}", stream.label);
        seen += 1;
    }
    assert_eq!(seen, 50, "connections");
}

#[test]
fn every_frame_is_cut_out_and_written_again_as_it_was() {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for stream in streams() {
        let Some((transport, codec)) = expected(&stream.label) else {
            continue;
        };
        for (frame, bytes) in frames(&stream) {
            assert_eq!((frame.transport, frame.codec), (transport, codec));
            assert_eq!(frame.header.is_some(), transport.carries_service_name());
            assert_eq!(encode_again(&frame), bytes, "{frame:?}");
            *seen.entry(stream.label.clone()).or_default() += 1;
        }
    }
    // Twelve calls, one of them one-way; with a TTHeader once without and once with names.
    let expected = [
        ("buffered", 23),
        ("framed", 23),
        ("kitex-protobuf", 16),
        ("mux", 46),
        ("ttheader", 46),
        ("ttheader-framed", 48),
        ("ttstream", 30),
    ];
    assert_eq!(
        seen,
        expected
            .map(|(label, count)| (label.to_owned(), count))
            .into()
    );
}

#[test]
fn every_frame_may_come_in_pieces() {
    for stream in streams() {
        if expected(&stream.label).is_some() {
            for (expected, bytes) in frames(&stream) {
                assert_eq!(cut::frame(&bytes), expected);
            }
        }
    }
}

#[test]
fn every_thrift_message_has_an_envelope_and_an_end() {
    for stream in streams() {
        let Some((_, Codec::ThriftBinary)) = expected(&stream.label) else {
            continue;
        };
        for (frame, _) in frames(&stream) {
            if frame
                .header
                .as_ref()
                .is_some_and(|header| header.flags & flags::STREAMING != 0)
            {
                continue;
            }
            let (envelope, body) = Envelope::decode(&frame.payload).unwrap();
            assert!(envelope.sequence > 0);
            let request = matches!(envelope.kind, MessageType::Call | MessageType::Oneway);
            assert_eq!(request, stream.from_client);
            if envelope.kind == MessageType::Exception {
                let body = frame.payload.slice_ref(body);
                let exception: ApplicationException =
                    thrift::decode(&body, &Limits::default()).unwrap();
                assert!(exception.message.contains("biz"), "{exception}");
            }
            let end = EndScanner::new(&Limits::default()).scan(&frame.payload);
            assert_eq!(end, Ok(Some(frame.payload.len())));
        }
    }
}

#[test]
fn named_calls_carry_their_keys() {
    let mut seen = 0;
    for stream in streams() {
        let Some((transport, _)) = expected(&stream.label) else {
            continue;
        };
        if !transport.carries_service_name() || !stream.from_client || stream.label == "ttstream" {
            continue;
        }
        for (frame, _) in frames(&stream) {
            let header = frame.header.unwrap();
            let Some(method) = header.int(keys::TO_METHOD) else {
                assert_eq!(header.string(keys::SERVICE_NAME), None);
                continue;
            };
            let envelope = &frame.payload[8..][..method.len()];
            assert_eq!(envelope, method);
            assert_eq!(header.int(keys::RPC_TIMEOUT).unwrap(), b"3000");
            let kind = if transport.is_framed() {
                "framed"
            } else {
                "unframed"
            };
            assert_eq!(header.int(keys::TRANSPORT_TYPE).unwrap(), kind.as_bytes());
            seen += 1;
        }
    }
    assert_eq!(seen, 41);
}

#[test]
fn headers_of_a_multiplexed_connection_are_flagged() {
    for stream in streams().iter().filter(|stream| stream.label == "mux") {
        for (frame, _) in frames(stream) {
            let Header {
                flags, sequence, ..
            } = frame.header.unwrap();
            let expected = if stream.from_client {
                flags::OUT_OF_ORDER
            } else {
                0
            };
            assert_eq!(flags, expected);
            assert!(sequence > 0);
        }
    }
}
