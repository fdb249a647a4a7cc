//! What holds for all values and all bytes.

use std::collections::HashMap;

use bytes::{BufMut, Bytes, BytesMut};
use polyport_wire::detect::{Detection, detect};
use polyport_wire::frame::{self, FrameDecoder};
use polyport_wire::limits::Limits;
use polyport_wire::schema::Schema;
use polyport_wire::thrift::{
    self, ApplicationException, EndScanner, Envelope, MessageType, Reader, WireType,
};
use polyport_wire::transport::{Codec, Transport};
use polyport_wire::ttheader::{Header, HeaderRef, keys};
use proptest::collection::{hash_map, vec};
use proptest::prelude::*;

const SMALL: Limits = Limits {
    frame: 4096,
    header: 512,
    depth: 8,
    decoded: 64 * 1024,
};

/// A Thrift value of any type, with its bytes.
#[derive(Clone, Debug)]
struct AnyValue {
    kind: WireType,
    bytes: Vec<u8>,
}

fn any_value() -> impl Strategy<Value = AnyValue> {
    let fixed = |kind, size| vec(any::<u8>(), size).prop_map(move |bytes| AnyValue { kind, bytes });
    let text = vec(any::<u8>(), 0..20).prop_map(|text| {
        let len = u32::try_from(text.len()).unwrap().to_be_bytes();
        let bytes = [&len[..], &text].concat();
        let kind = WireType::STRING;
        AnyValue { kind, bytes }
    });
    let leaf = prop_oneof![
        fixed(WireType::BOOL, 1),
        fixed(WireType::BYTE, 1),
        fixed(WireType::DOUBLE, 8),
        fixed(WireType::I16, 2),
        fixed(WireType::I32, 4),
        fixed(WireType::I64, 8),
        text,
    ];
    leaf.prop_recursive(5, 64, 6, |inner| {
        prop_oneof![
            vec((any::<i16>(), inner.clone()), 0..6).prop_map(structure),
            (inner.clone(), 0..6_usize, any::<bool>()).prop_map(|(element, count, is_set)| {
                let kind = if is_set {
                    WireType::SET
                } else {
                    WireType::LIST
                };
                container(kind, &[element], count)
            }),
            (inner.clone(), inner, 0..6_usize).prop_map(|(key, value, count)| container(
                WireType::MAP,
                &[key, value],
                count
            )),
        ]
    })
}

fn structure(fields: Vec<(i16, AnyValue)>) -> AnyValue {
    let mut bytes = Vec::new();
    for (id, value) in fields {
        bytes.push(value.kind.0);
        bytes.extend(id.to_be_bytes());
        bytes.extend(value.bytes);
    }
    bytes.push(0);
    let kind = WireType::STRUCT;
    AnyValue { kind, bytes }
}

/// `count` times the same values.
fn container(kind: WireType, elements: &[AnyValue], count: usize) -> AnyValue {
    let mut bytes: Vec<u8> = elements.iter().map(|element| element.kind.0).collect();
    bytes.extend(u32::try_from(count).unwrap().to_be_bytes());
    for _ in 0..count {
        bytes.extend(elements.iter().flat_map(|element| &element.bytes));
    }
    AnyValue { kind, bytes }
}

/// Bytes that are Thrift for a while.
fn almost_a_struct() -> impl Strategy<Value = Vec<u8>> {
    let good = vec((any::<i16>(), any_value()), 0..6).prop_map(|fields| structure(fields).bytes);
    (good, vec((any::<prop::sample::Index>(), any::<u8>()), 0..4)).prop_map(
        |(mut bytes, changes)| {
            for (at, byte) in changes {
                *at.get_mut(&mut bytes) = byte;
            }
            bytes
        },
    )
}

fn envelope() -> BytesMut {
    let mut out = BytesMut::new();
    let (kind, method, sequence) = (MessageType::Call, "m", 1);
    Envelope {
        kind,
        method,
        sequence,
    }
    .encode(&mut out)
    .unwrap();
    out
}

type Ints = Vec<(u16, Vec<u8>)>;
type Strings = Vec<(Vec<u8>, Vec<u8>)>;

fn strings() -> impl Strategy<Value = Strings> {
    let key = prop_oneof![
        4 => vec(any::<u8>(), 0..20),
        1 => Just(keys::ACL_TOKEN.to_vec()),
    ];
    vec((key, vec(any::<u8>(), 0..40)), 0..8)
}

fn ints() -> impl Strategy<Value = Ints> {
    vec((any::<u16>(), vec(any::<u8>(), 0..40)), 0..8)
}

fn transport() -> impl Strategy<Value = Transport> {
    prop::sample::select(&Transport::ALL[..])
}

/// A frame of any kind with a message that is good for it.
fn any_frame() -> impl Strategy<Value = (Transport, Vec<u8>)> {
    let body = vec((any::<i16>(), any_value()), 0..6).prop_map(|fields| structure(fields).bytes);
    (transport(), ints(), strings(), any::<i32>(), body).prop_map(
        |(transport, ints, strings, sequence, body)| {
            let bytes = encode_frame(transport, sequence, &ints, &strings, &body);
            (transport, bytes)
        },
    )
}

fn encode_frame(
    transport: Transport,
    sequence: i32,
    ints: &Ints,
    strings: &Strings,
    body: &[u8],
) -> Vec<u8> {
    let ints: Vec<(u16, &[u8])> = ints.iter().map(|(k, v)| (*k, &v[..])).collect();
    let strings: Vec<(&[u8], &[u8])> = strings.iter().map(|(k, v)| (&k[..], &v[..])).collect();
    let header = HeaderRef {
        sequence,
        ints: &ints,
        strings: &strings,
        ..HeaderRef::default()
    };
    let mut out = BytesMut::new();
    frame::encode(transport, &header, usize::MAX, &mut out, |out| {
        out.put(envelope());
        out.put(body);
        Ok(())
    })
    .unwrap();
    out.into()
}

/// Feeds the pieces to one decoder until it fails, and looks at all that comes out.
fn feed(pieces: &[Vec<u8>], limits: Limits) -> usize {
    let mut decoder = FrameDecoder::new(limits);
    let mut buffer = BytesMut::new();
    let mut frames = 0;
    for piece in pieces {
        buffer.put(&piece[..]);
        loop {
            let before = buffer.len();
            match decoder.decode(&mut buffer) {
                Err(_) => return frames,
                Ok(None) => {
                    assert_eq!(buffer.len(), before, "an incomplete frame stays");
                    assert!(decoder.missing(before) <= before.max(64 * 1024));
                    assert!(before < limits.frame, "no frame is longer than its limit");
                    break;
                }
                Ok(Some(frame)) => {
                    assert!(before - buffer.len() <= limits.frame);
                    assert!(frame.payload.len() < before - buffer.len() + 1);
                    let header = frame.header.unwrap_or_default();
                    let pairs = header.ints().count() + header.strings().count();
                    assert!(pairs <= limits.header / 4, "{pairs} pairs");
                    let _ = Envelope::decode(&frame.payload);
                    frames += 1;
                }
            }
        }
    }
    frames
}

proptest! {
    #[test]
    fn headers_come_back(
        ints in ints(),
        strings in strings(),
        flags: u16,
        sequence: i32,
        protocol in prop::sample::select(&[0_u8, 3, 4, 0x10, 0x11][..]),
        payload in vec(any::<u8>(), 0..100),
    ) {
        let int_refs: Vec<(u16, &[u8])> = ints.iter().map(|(k, v)| (*k, &v[..])).collect();
        let string_refs: Vec<(&[u8], &[u8])> =
            strings.iter().map(|(k, v)| (&k[..], &v[..])).collect();
        let header = HeaderRef {
            flags, sequence, protocol, ints: &int_refs, strings: &string_refs,
        };
        let mut out = BytesMut::new();
        header.encode(&mut out, |out| { out.put(&payload[..]); Ok(()) }).unwrap();
        let (decoded, rest) = Header::decode(out.freeze(), &Limits::default()).unwrap();

        prop_assert_eq!(rest, &payload);
        prop_assert_eq!(decoded.flags, flags);
        prop_assert_eq!(decoded.sequence, sequence);
        prop_assert_eq!(decoded.protocol, protocol);
        for (key, _) in &ints {
            let last = ints.iter().rev().find(|(other, _)| other == key).unwrap();
            prop_assert_eq!(decoded.int(*key).unwrap(), &last.1);
        }
        for (key, _) in &strings {
            let last = strings.iter().rev().find(|(other, _)| other == key).unwrap();
            prop_assert_eq!(decoded.string(key).unwrap(), &last.1);
        }
        let decoded: Ints = decoded.ints().map(|(k, v)| (k, v.to_vec())).collect();
        prop_assert_eq!(decoded, ints);
    }

    #[test]
    fn frames_come_back_however_they_are_cut(
        (transport, bytes) in any_frame(),
        sizes in vec(1..50_usize, 1..20),
    ) {
        let mut decoder = FrameDecoder::new(Limits::default());
        let mut buffer = BytesMut::new();
        let mut rest = &bytes[..];
        let mut sizes = sizes.iter().cycle();
        let frame = loop {
            if let Some(frame) = decoder.decode(&mut buffer).unwrap() {
                break frame;
            }
            prop_assert!(!rest.is_empty());
            let wanted = decoder.missing(buffer.len());
            prop_assert!(wanted <= rest.len(), "more is wanted than the frame has");
            let (piece, later) = rest.split_at((*sizes.next().unwrap()).min(rest.len()));
            buffer.put(piece);
            rest = later;
        };
        prop_assert!(rest.is_empty() && buffer.is_empty());
        prop_assert_eq!(frame.transport, transport);
        prop_assert_eq!(frame.codec, Codec::ThriftBinary);
        prop_assert!(bytes.ends_with(&frame.payload));
        prop_assert!(frame.payload.starts_with(&envelope()));
    }

    #[test]
    fn a_broken_frame_is_an_error_or_another_frame(
        (_, mut bytes) in any_frame(),
        changes in vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        sizes in vec(1..200_usize, 1..4),
    ) {
        for (at, byte) in changes {
            *at.get_mut(&mut bytes) = byte;
        }
        let mut pieces = Vec::new();
        for size in sizes.iter().cycle() {
            if bytes.is_empty() {
                break;
            }
            let rest = bytes.split_off((*size).min(bytes.len()));
            pieces.push(std::mem::replace(&mut bytes, rest));
        }
        feed(&pieces, SMALL);
    }

    #[test]
    fn any_bytes_are_an_error_or_a_frame(pieces in vec(vec(any::<u8>(), 0..64), 0..8)) {
        feed(&pieces, SMALL);
    }

    #[test]
    fn detection_never_changes_its_mind(bytes in vec(any::<u8>(), 0..24)) {
        let mut decided = None;
        for end in 0..=bytes.len() {
            let detection = detect(&bytes[..end]);
            if let Some(decided) = decided {
                prop_assert_eq!(detection, decided);
            } else if detection != Detection::NeedMore {
                decided = Some(detection);
            }
        }
        prop_assert!(decided.is_some() || bytes.len() < 10);
    }

    #[test]
    fn what_is_detected_as_ping_pong_is_what_is_cut((_, bytes) in any_frame()) {
        prop_assert_eq!(detect(&bytes), Detection::PingPong);
    }

    #[test]
    fn skipping_ends_where_the_value_ends(value in any_value(), rest in vec(any::<u8>(), 0..9)) {
        let bytes = Bytes::from([&value.bytes[..], &rest].concat());
        let mut input = Reader::new(&bytes, &Limits::default());
        input.skip(value.kind).unwrap();
        prop_assert_eq!(input.remaining(), rest.len());
    }

    #[test]
    fn scanning_agrees_with_skipping(body in almost_a_struct(), depth in 1..8_u32, size in 1..64_usize) {
        let limits = Limits { depth, ..Limits::default() };
        let bytes = Bytes::from(body);
        let mut input = Reader::new(&bytes, &limits);
        let skipped = input.skip(WireType::STRUCT).map(|()| bytes.len() - input.remaining());

        let message = [&envelope()[..], &bytes].concat();
        let mut scanner = EndScanner::new(&limits);
        let mut scanned = Ok(None);
        for end in (0..message.len()).step_by(size).chain([message.len()]) {
            scanned = scanner.scan(&message[..end]);
            if scanned != Ok(None) {
                break;
            }
            prop_assert!(scanner.wanted() > end, "something is wanted that is there");
        }
        match (skipped, scanned) {
            (Ok(len), Ok(Some(end))) => prop_assert_eq!(envelope().len() + len, end),
            // The scanner waits for what the reader misses.
            (Err(_), Ok(None) | Err(_)) => {}
            (skipped, scanned) => panic!("{skipped:?} and {scanned:?}"),
        }
    }

    #[test]
    fn values_come_back(
        map in hash_map(any::<String>(), vec(any::<i64>(), 0..9), 0..9),
        lists in vec(vec(any::<bool>(), 0..9), 0..9),
        numbers in vec(any::<(i8, i16, i32)>(), 0..9),
        binary in vec(any::<u8>(), 0..99),
    ) {
        fn back<T: thrift::Value>(value: &T) -> T {
            let mut out = BytesMut::new();
            thrift::encode(value, &mut out).unwrap();
            let out = out.freeze();
            let limits = Limits::default();
            let mut input = Reader::new(&out, &limits);
            input.skip(T::TYPE).unwrap();
            assert_eq!(input.remaining(), 0);
            thrift::decode(&out, &limits).unwrap()
        }
        prop_assert_eq!(back(&map), map);
        prop_assert_eq!(back(&lists), lists);
        let bytes: Vec<i8> = numbers.iter().map(|(number, _, _)| *number).collect();
        prop_assert_eq!(back(&bytes), bytes);
        let shorts: Vec<i16> = numbers.iter().map(|(_, number, _)| *number).collect();
        prop_assert_eq!(back(&shorts), shorts);
        let ints: HashMap<i32, i16> = numbers.iter().map(|(_, two, four)| (*four, *two)).collect();
        prop_assert_eq!(back(&ints), ints);
        let binary = Bytes::from(binary);
        prop_assert_eq!(back(&binary), binary);
    }

    #[test]
    fn envelopes_come_back(method in "\\PC{1,30}", sequence: i32, body in vec(any::<u8>(), 0..9)) {
        let (kind, method) = (MessageType::Oneway, &method[..]);
        let sent = Envelope { kind, method, sequence };
        let mut out = BytesMut::new();
        sent.encode(&mut out).unwrap();
        out.put(&body[..]);
        let (envelope, rest) = Envelope::decode(&out).unwrap();
        prop_assert_eq!(envelope, sent);
        prop_assert_eq!(rest, body);
    }

    #[test]
    fn any_bytes_can_be_decoded_as_anything(body in almost_a_struct()) {
        let bytes = Bytes::from(body);
        let _ = Envelope::decode(&bytes);
        let _ = thrift::decode::<ApplicationException>(&bytes, &SMALL);
        let _ = thrift::decode::<Vec<HashMap<String, Vec<Bytes>>>>(&bytes, &SMALL);
        let _ = thrift::decode::<HashMap<i8, HashMap<bool, i64>>>(&bytes, &SMALL);
        let _ = Schema::decode(&bytes);
        let _ = Header::decode(bytes, &SMALL);
    }
}
