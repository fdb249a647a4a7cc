//! How messages are cut out and packed: mixed framings, sizes, limits.

use bytes::{BufMut, BytesMut};
use hex_literal::hex;
use polyport_wire::error::{DecodeErrorKind, EncodeError};
use polyport_wire::frame::{self, Frame, FrameDecoder};
use polyport_wire::limits::Limits;
use polyport_wire::thrift::{self, Envelope};
use polyport_wire::transport::{Codec, Transport};
use polyport_wire::ttheader::HeaderRef;

use crate::cut;

/// A call of `ping` without arguments.
const PING: [u8; 17] = hex!("80010001 00000004 70696e67 00000001 00");

fn decode(bytes: &[u8], limits: Limits) -> Result<Option<Frame>, DecodeErrorKind> {
    FrameDecoder::new(limits)
        .decode(&mut BytesMut::from(bytes))
        .map_err(|error| error.kind().clone())
}

#[track_caller]
fn fails(bytes: &[u8], expected: &DecodeErrorKind) {
    assert_eq!(
        decode(bytes, Limits::default()).as_ref(),
        Err(expected),
        "{bytes:02x?}"
    );
}

fn too_large(what: &'static str, got: u64, limit: u64) -> DecodeErrorKind {
    DecodeErrorKind::TooLarge { what, got, limit }
}

/// One message of each framing.
fn messages() -> [(Vec<u8>, Transport, Codec); 7] {
    let (thrift, protobuf) = (Codec::ThriftBinary, Codec::Protobuf);
    let framed = [&hex!("00000011")[..], &PING].concat();
    let ttheader = hex!("0000001f 1000 0000 00000001 0001 00000000");
    let both = hex!("00000023 1000 0000 00000001 0001 00000000");
    let mesh = hex!("ffaf 0002 0000");
    let chat = hex!("00000010 90010001 00000004 70696e67 00000001").to_vec();
    [
        (PING.to_vec(), Transport::Buffered, thrift),
        (framed.clone(), Transport::Framed, thrift),
        (PING.to_vec(), Transport::Buffered, thrift),
        ([&ttheader[..], &PING].concat(), Transport::TtHeader, thrift),
        (chat, Transport::Framed, protobuf),
        (
            [&both[..], &framed].concat(),
            Transport::TtHeaderFramed,
            thrift,
        ),
        ([&mesh[..], &PING].concat(), Transport::Buffered, thrift),
    ]
}

#[test]
fn one_connection_may_mix_all_framings() {
    let expected = messages().map(|(_, transport, codec)| (transport, codec));
    let stream: Vec<u8> = messages()
        .into_iter()
        .flat_map(|(bytes, ..)| bytes)
        .collect();
    for size in 1..=stream.len() {
        let mut decoder = FrameDecoder::new(Limits::default());
        let mut buffer = BytesMut::new();
        let mut seen = Vec::new();
        for piece in stream.chunks(size) {
            buffer.extend_from_slice(piece);
            while let Some(frame) = decoder.decode(&mut buffer).unwrap() {
                seen.push((frame.transport, frame.codec));
            }
        }
        assert_eq!(seen, expected, "pieces of {size}");
        assert!(buffer.is_empty());
    }
}

#[test]
fn the_body_is_what_a_checksum_in_the_header_is_of() {
    for (bytes, transport, _) in messages() {
        let frame = cut::frame(&bytes);
        let body = match transport {
            Transport::TtHeaderFramed => [&hex!("00000011")[..], &PING].concat(),
            _ => frame.payload.to_vec(),
        };
        assert_eq!(frame.body, body);
    }
}

#[test]
fn bytes_behind_the_struct_are_ignored() {
    let mut bytes = hex!("00000014").to_vec();
    bytes.extend(PING);
    bytes.extend([1, 2, 3]);
    let frame = cut::frame(&bytes);
    let (_, body) = Envelope::decode(&frame.payload).unwrap();
    assert_eq!(body, [0, 1, 2, 3]);

    // Behind an inner frame they do not even get to the payload.
    let outer = hex!("00000026 1000 0000 00000001 0001 00000000 00000011");
    let frame = cut::frame(&[&outer[..], &PING, &[1, 2, 3]].concat());
    assert_eq!(frame.transport, Transport::TtHeaderFramed);
    assert_eq!(frame.payload, &PING[..]);
}

#[test]
fn thrift_without_a_version_is_a_frame_that_the_envelope_refuses() {
    let frame = cut::frame(&hex!("0000000e 00000004 70696e67 01 00000007 00"));
    assert_eq!(
        (frame.transport, frame.codec),
        (Transport::Framed, Codec::ThriftBinary)
    );
    let error = Envelope::decode(&frame.payload).unwrap_err();
    assert_eq!((error.method, error.sequence), ("ping", 7));
    assert_eq!(error.exception.type_id, 7);

    // Without a length nobody knows where it ends.
    let bare = decode(&hex!("00000004 70696e67 01 00000007 00"), Limits::default());
    assert!(
        matches!(bare, Err(DecodeErrorKind::Unsupported { .. })),
        "{bare:?}"
    );
}

#[test]
fn a_ttheader_around_anything_is_an_intact_frame() {
    for payload in [
        &b""[..],
        b"x",
        b"GET / HTTP/1.1",
        &hex!("90010001 00000004 70696e67 00000001"),
        &hex!("0000000e 00000004 70696e67 01 00000007 00"),
        &hex!("ffaf 0002 0000"),
        &hex!("0000001f 1000 0000 00000001 0001 00000000"),
    ] {
        let mut bytes = BytesMut::new();
        let header = HeaderRef::default();
        frame::encode(Transport::TtHeader, &header, 1024, &mut bytes, |out| {
            out.extend_from_slice(payload);
            Ok(())
        })
        .unwrap();
        let frame = cut::frame(&bytes);
        assert_eq!(
            (frame.transport, frame.codec),
            (Transport::TtHeader, Codec::ThriftBinary)
        );
        assert_eq!(frame.payload, payload);
        assert_eq!(
            Envelope::decode(&frame.payload)
                .unwrap_err()
                .exception
                .type_id,
            7
        );
    }
}

#[test]
fn an_inner_frame_must_fit_into_the_outer_one() {
    let bytes = hex!("00000023 1000 0000 00000001 0001 00000000 00000012");
    fails(&[&bytes[..], &PING].concat(), &too_large("frame", 22, 21));
    let bytes = hex!("00000023 1000 0000 00000001 0001 00000000 ffffffff");
    fails(
        &[&bytes[..], &PING].concat(),
        &too_large("frame", 0x1_0000_0003, 21),
    );
}

#[test]
fn lengths_that_cannot_be_are_refused() {
    let malformed = |what, got| DecodeErrorKind::Malformed { what, got };
    fails(&hex!("00000003 8001"), &malformed("frame length", 3));
    fails(&hex!("00000000 9001"), &malformed("frame length", 0));
    cut::frame(&hex!("00000004 80010001"));
    fails(&hex!("0000000d 1000"), &malformed("TTHeader length", 13));
    let section = "TTHeader section size";
    fails(
        &hex!("0000001f 1000 0000 00000001 0000"),
        &malformed(section, 0),
    );
}

#[test]
fn limits_hold_as_soon_as_the_lengths_are_there() {
    let limits = Limits {
        frame: 100,
        header: 40,
        ..Limits::default()
    };
    let fails = |bytes: &[u8], what, got, limit| {
        assert_eq!(decode(bytes, limits), Err(too_large(what, got, limit)));
    };
    fails(&hex!("00000061 8001"), "frame", 101, 100);
    fails(&hex!("ffffffff 9001"), "frame", 0x1_0000_0003, 100);
    fails(&hex!("00000061 1000"), "TTHeader frame", 101, 100);
    fails(
        &hex!("00000060 1000 0000 00000001 000b"),
        "TTHeader section",
        44,
        40,
    );
    fails(&hex!("ffaf 0029"), "MeshHeader", 41, 40);
    fails(&hex!("ffaf 0002 0000 0000005b 8001"), "frame", 101, 100);
    fails(&hex!("80010001 00000059"), "message", 101, 100);

    for good in [
        &hex!("00000060 8001")[..],
        &hex!("00000060 1000 0000 00000001 000a"),
        &hex!("ffaf 0028"),
        &hex!("ffaf 0002 0000 0000005a 8001"),
        &hex!("80010001 00000057"),
    ] {
        assert_eq!(decode(good, limits), Ok(None));
    }
}

#[test]
fn a_buffered_message_behind_a_mesh_header_counts_with_it() {
    let bytes = [&hex!("ffaf 0002 0000")[..], &PING].concat();
    let limits = |frame| Limits {
        frame,
        ..Limits::default()
    };
    assert!(decode(&bytes, limits(23)).unwrap().is_some());
    assert_eq!(decode(&bytes, limits(22)), Err(too_large("frame", 23, 22)));
}

#[test]
fn the_section_must_fit_into_its_frame() {
    let bytes = hex!("0000001f 1000 0000 00000001 ffff");
    fails(&bytes, &too_large("TTHeader section", 262_140, 21));
}

#[test]
fn foreign_bytes_are_refused_at_once() {
    for bytes in [
        &b"GET / "[..],
        &hex!("ffaf 0002 0000 ffaf"),
        &hex!("dabbc200 0000000000"),
    ] {
        let error = decode(bytes, Limits::default());
        assert!(
            matches!(error, Err(DecodeErrorKind::Unsupported { .. })),
            "{error:?}"
        );
    }
    let error = |bytes: &[u8]| {
        FrameDecoder::new(Limits::default())
            .decode(&mut BytesMut::from(bytes))
            .unwrap_err()
            .to_string()
    };
    assert_eq!(
        error(b"GET / HTTP/1.1"),
        "a message that starts with 78363089710880 (0x474554202f20) is not supported"
    );
    let nested = "a second header after a MeshHeader of size 6 (0x6) is not supported";
    assert_eq!(error(&hex!("ffaf 0002 0000 0000001f 1000")), nested);
    assert_eq!(error(&hex!("ffaf 0002 0000 ffaf")), nested);
}

#[test]
fn a_reader_knows_how_much_to_make_room_for() {
    let mut decoder = FrameDecoder::new(Limits::default());
    let mut buffer = BytesMut::new();
    assert_eq!(decoder.missing(0), 1);
    buffer.put_slice(&hex!("02000000 8001"));
    assert_eq!(decoder.decode(&mut buffer), Ok(None));
    // 32 MiB are announced, and six bytes are there.
    assert_eq!(decoder.missing(buffer.len()), 64 * 1024);
    buffer.put_bytes(0, 1024 * 1024 - 6);
    assert_eq!(decoder.decode(&mut buffer), Ok(None));
    assert_eq!(decoder.missing(buffer.len()), 1024 * 1024);
    buffer.put_bytes(0, 31 * 1024 * 1024);
    assert_eq!(decoder.missing(buffer.len()), 4);
    buffer.put_bytes(0, 4);
    let frame = decoder.decode(&mut buffer).unwrap().unwrap();
    assert_eq!(frame.payload.len(), 32 * 1024 * 1024);
    assert_eq!(decoder.missing(0), 1);
}

#[test]
fn a_buffered_message_of_many_pieces_is_walked_through_once() {
    // 100 000 fields that come byte by byte: looking at all of them again for each byte would
    // take minutes.
    let mut bytes = PING[..16].to_vec();
    for id in 0..100_000_u32 {
        bytes.push(2);
        bytes.extend(&id.to_be_bytes()[2..]);
        bytes.push(1);
    }
    bytes.push(0);
    let mut decoder = FrameDecoder::new(Limits::default());
    let mut buffer = BytesMut::with_capacity(bytes.len());
    for byte in &bytes {
        assert_eq!(decoder.decode(&mut buffer), Ok(None));
        buffer.put_u8(*byte);
    }
    let frame = decoder.decode(&mut buffer).unwrap().unwrap();
    assert_eq!(frame.payload, bytes);
}

#[test]
fn encoding_leaves_no_trace_of_what_fails() {
    for transport in Transport::ALL {
        let mut out = BytesMut::from(&b"before"[..]);
        let error = EncodeError::too_large("everything", 0);
        let failed = frame::encode(transport, &HeaderRef::default(), 1024, &mut out, |out| {
            out.extend_from_slice(b"half");
            Err(error)
        });
        assert_eq!(failed, Err(error));
        assert_eq!(&out[..], b"before", "{transport}");

        let size = match transport {
            Transport::Framed => 104,
            Transport::TtHeader => 118,
            Transport::TtHeaderFramed => 122,
            _ => 100,
        };
        let mut encode = |limit| {
            let message = |out: &mut BytesMut| {
                out.put_bytes(0, 100);
                Ok(())
            };
            frame::encode(transport, &HeaderRef::default(), limit, &mut out, message)
        };
        let limit = EncodeError::too_large("frame", size as u64 - 1);
        assert_eq!(encode(size - 1), Err(limit));
        assert_eq!(encode(size), Ok(()));
        assert_eq!(out.len(), 6 + size, "{transport}");
    }
}

#[test]
fn values_are_encoded_straight_into_the_frame() {
    let mut out = BytesMut::new();
    let header = HeaderRef::default();
    frame::encode(Transport::Framed, &header, 1024, &mut out, |out| {
        thrift::encode(&vec![1_i8, 2, 3], out)
    })
    .unwrap();
    assert_eq!(&out[..], hex!("00000008 03 00000003 010203"));
}
