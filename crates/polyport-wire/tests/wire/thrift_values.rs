//! Thrift values: what is written, and what is not read.

use std::collections::{HashMap, HashSet};
use std::fmt::Debug;

use bytes::{Bytes, BytesMut};
use hex_literal::hex;
use polyport_wire::error::{DecodeError, DecodeErrorKind};
use polyport_wire::limits::Limits;
use polyport_wire::thrift::{self, Reader, Value, WireType, Writer};

use crate::cut;

fn decode<T: Value>(bytes: &[u8], limits: &Limits) -> Result<T, DecodeErrorKind> {
    thrift::decode(&Bytes::copy_from_slice(bytes), limits).map_err(|error| error.kind().clone())
}

#[track_caller]
fn check<T: Value + Debug + PartialEq>(value: &T, bytes: &[u8]) {
    let mut out = BytesMut::from(&b"before"[..]);
    thrift::encode(value, &mut out).unwrap();
    assert_eq!(&out[..6], b"before");
    assert_eq!(&out[6..], bytes);
    assert!(bytes.len() >= T::MINIMUM_SIZE);

    let limits = Limits::default();
    let decoded: T = cut::every_cut_fails(bytes, |bytes| thrift::decode(&bytes, &limits));
    assert_eq!(decoded, *value);
    let skipped = cut::every_cut_fails(bytes, |bytes| skip(&bytes, T::TYPE, &limits));
    assert_eq!(skipped, bytes.len());
}

#[track_caller]
fn fails<T: Value + Debug>(bytes: &[u8], expected: &DecodeErrorKind) {
    let error = decode::<T>(bytes, &Limits::default()).unwrap_err();
    assert_eq!(error, *expected);
}

/// How many bytes a skipped value takes.
fn skip(bytes: &Bytes, kind: WireType, limits: &Limits) -> Result<usize, DecodeError> {
    let mut input = Reader::new(bytes, limits);
    input.skip(kind)?;
    Ok(bytes.len() - input.remaining())
}

#[test]
fn base_types() {
    check(&true, &hex!("01"));
    check(&false, &hex!("00"));
    check(&-2_i8, &hex!("fe"));
    check(&0x0102_i16, &hex!("0102"));
    check(&-2_i32, &hex!("fffffffe"));
    check(&i64::MIN, &hex!("8000000000000000"));
    check(&1.5_f64, &hex!("3ff8000000000000"));
    check(&"h\u{e9}".to_owned(), &hex!("00000003 68c3a9"));
    check(&String::new(), &hex!("00000000"));
    check(&Bytes::from_static(&[0xff, 0]), &hex!("00000002 ff00"));
    check(&Box::new(7_i8), &hex!("07"));
}

#[test]
fn only_one_is_true() {
    for byte in [0, 2, 3, 0xff] {
        assert_eq!(decode::<bool>(&[byte], &Limits::default()), Ok(false));
    }
}

#[test]
fn a_double_keeps_its_bits() {
    let bytes = hex!("7ff8000000000123");
    let number: f64 = decode(&bytes, &Limits::default()).unwrap();
    assert_eq!(number.to_bits().to_be_bytes(), bytes);
}

#[test]
fn containers() {
    check(&vec![1_i8, -1], &hex!("03 00000002 01ff"));
    check(&vec![1_i16, -1], &hex!("06 00000002 0001 ffff"));
    check(&vec![1_i32], &hex!("08 00000001 00000001"));
    check(&vec![1_i64], &hex!("0a 00000001 0000000000000001"));
    check(&vec![1.5_f64], &hex!("04 00000001 3ff8000000000000"));
    check(&vec![true, false], &hex!("02 00000002 0100"));
    check(&Vec::<i32>::new(), &hex!("08 00000000"));
    check(&vec!["a".to_owned()], &hex!("0b 00000001 00000001 61"));
    check(
        &vec![vec![1_i8], vec![]],
        &hex!("0f 00000002 03 00000001 01 03 00000000"),
    );
    check(&HashSet::from([7_i32]), &hex!("08 00000001 00000007"));
    check(
        &HashMap::from([(7_i8, "a".to_owned())]),
        &hex!("03 0b 00000001 07 00000001 61"),
    );
    check(
        &HashMap::from([(7_i8, vec![true])]),
        &hex!("03 0f 00000001 07 02 00000001 01"),
    );
    check(&HashMap::<String, Bytes>::new(), &hex!("0b 0b 00000000"));
}

#[test]
fn element_types_are_checked_when_there_are_elements() {
    type Map = HashMap<i8, i16>;
    let wrong = |what, got| DecodeErrorKind::Malformed { what, got };
    let element = "list element type";
    fails::<Vec<i32>>(&hex!("06 00000001 00000001"), &wrong(element, 6));
    fails::<HashSet<i32>>(&hex!("0b 00000001 00000000"), &wrong(element, 11));
    fails::<Map>(&hex!("02 06 00000001 010000"), &wrong("map key type", 2));
    fails::<Map>(
        &hex!("03 08 00000001 01000000"),
        &wrong("map value type", 8),
    );

    let limits = Limits::default();
    // Nothing can be said wrong about no elements; some writers give any type then.
    assert_eq!(
        decode::<Vec<i32>>(&hex!("00 00000000"), &limits),
        Ok(vec![])
    );
    assert_eq!(
        decode::<Map>(&hex!("00 00 00000000"), &limits),
        Ok(Map::new())
    );
}

#[test]
fn text_is_utf8_and_binary_is_anything() {
    let bytes = hex!("00000002 c328");
    let limits = Limits::default();
    assert_eq!(
        decode::<String>(&bytes, &limits),
        Err(DecodeErrorKind::Utf8)
    );
    assert_eq!(
        decode::<Bytes>(&bytes, &limits),
        Ok(Bytes::from_static(&[0xc3, 0x28]))
    );
    assert_eq!(
        skip(&Bytes::copy_from_slice(&bytes), WireType::STRING, &limits),
        Ok(6)
    );
}

#[test]
fn binary_shares_the_memory_of_the_message() {
    let message = Bytes::copy_from_slice(&hex!("00000002 0102"));
    let value: Bytes = thrift::decode(&message, &Limits::default()).unwrap();
    assert_eq!(value.as_ptr(), message[4..].as_ptr());
}

#[test]
fn counts_are_held_against_what_is_there() {
    let too_large = |what, got, limit| DecodeErrorKind::TooLarge { what, got, limit };
    let list = hex!("0a 00000002 000000000000000000000000000000");
    fails::<Vec<i64>>(&list, &too_large("list size", 2, 1));
    let map = hex!("03 0b 00000002 000000000000000000");
    fails::<HashMap<i8, String>>(&map, &too_large("map size", 2, 1));
    let text = hex!("7fffffff 00");
    fails::<String>(&text, &too_large("string length", 0x7fff_ffff, 1));

    let negative = |what| DecodeErrorKind::Malformed { what, got: -1 };
    fails::<Vec<i8>>(&hex!("03 ffffffff"), &negative("list size"));
    fails::<HashMap<i8, i8>>(&hex!("03 03 ffffffff"), &negative("map size"));
    fails::<String>(&hex!("ffffffff"), &negative("string length"));
}

/// `struct Node { 1: optional Node next, 2: list<Node> children }`, as generated code has it.
#[derive(Debug, Default, PartialEq)]
struct Node {
    next: Option<Box<Self>>,
    children: Vec<Self>,
}

impl Value for Node {
    const TYPE: WireType = WireType::STRUCT;
    const MINIMUM_SIZE: usize = 1;

    fn encode(&self, out: &mut Writer<'_>) {
        out.optional(1, &self.next);
        out.field(2, &self.children);
        out.stop();
    }

    fn decode(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let mut node = Self::default();
        input.enter()?;
        while let Some(field) = input.field()? {
            match field {
                (WireType::STRUCT, 1) => node.next = Some(input.value("Node.next")?),
                (WireType::LIST, 2) => node.children = input.value("Node.children")?,
                (kind, _) => input.skip(kind)?,
            }
        }
        Ok(node)
    }
}

fn nested(levels: usize) -> Vec<u8> {
    let mut bytes = hex!("0c 0001").repeat(levels - 1);
    bytes.resize(bytes.len() + levels, 0);
    bytes
}

#[test]
fn structs() {
    check(&Node::default(), &hex!("0f0002 0c 00000000 00"));
    let leaf = Node::default;
    let node = Node {
        next: Some(Box::new(leaf())),
        children: vec![leaf()],
    };
    check(
        &node,
        &hex!("0c0001 0f00020c0000000000 0f00020c00000001 0f00020c0000000000 00"),
    );
}

#[test]
fn unknown_fields_and_unexpected_types_are_skipped() {
    let bytes = hex!(
        "0b0001 00000001 61"   // a string where a struct is known
        "0d0007 0b 0f 00000001 00000001 61 02 00000001 01"
        "02ffff 01"
        "0e0008 0c 00000002 00 00"
        "00"
    );
    let node: Node =
        cut::every_cut_fails(&bytes, |bytes| thrift::decode(&bytes, &Limits::default()));
    assert_eq!(node, Node::default());
}

#[test]
fn depth_is_limited_for_known_and_for_unknown_fields() {
    let limits = Limits {
        depth: 5,
        ..Limits::default()
    };
    let too_deep = Some(DecodeErrorKind::TooDeep { limit: 5 });
    assert!(decode::<Node>(&nested(5), &limits).is_ok());
    assert_eq!(decode::<Node>(&nested(6), &limits).err(), too_deep);
    let skipped = |levels| {
        let bytes = Bytes::from(nested(levels));
        skip(&bytes, WireType::STRUCT, &limits).map_err(|error| error.kind().clone())
    };
    assert_eq!(skipped(5), Ok(nested(5).len()));
    assert_eq!(skipped(6).err(), too_deep);

    // Siblings are not levels.
    let siblings = [hex!("0c0001 00").repeat(100), vec![0]].concat();
    assert!(decode::<Node>(&siblings, &limits).is_ok());
    let lists = [hex!("0f0009 0f 00000000").repeat(100), vec![0]].concat();
    assert!(decode::<Node>(&lists, &limits).is_ok());
}

#[test]
fn an_error_knows_its_place() {
    let bytes = hex!("0c0001 0f0002 0c 00000002 00 0c0001 0b0001");
    let error = thrift::decode::<Node>(&Bytes::copy_from_slice(&bytes), &Limits::default());
    let expected = "Node.next > Node.children > Node.next: the message ends inside of a value";
    assert_eq!(error.unwrap_err().to_string(), expected);
}

#[test]
fn memory_that_decoded_containers_take_is_limited() {
    // A million empty structs are a million bytes here, and 32 times as much when decoded.
    let mut bytes = hex!("0c 000f4240").to_vec();
    bytes.resize(5 + 1_000_000, 0);
    let needed = 1_000_000 * size_of::<Node>();
    let limits = |decoded| Limits {
        decoded,
        ..Limits::default()
    };
    let nodes: Vec<Node> = decode(&bytes, &limits(needed)).unwrap();
    assert_eq!(nodes.len(), 1_000_000);
    let expected = DecodeErrorKind::TooLarge {
        what: "decoded message",
        got: needed as u64,
        limit: needed as u64 - 1,
    };
    assert_eq!(
        decode::<Vec<Node>>(&bytes, &limits(needed - 1)),
        Err(expected)
    );

    // A box is a container of one: here a chain of four nodes takes 9 bytes.
    let chain = hex!("0c0001 0c0001 0c0001 00 00 00 00");
    let needed = 3 * size_of::<Node>();
    assert!(decode::<Node>(&chain, &limits(needed)).is_ok());
    assert!(decode::<Node>(&chain, &limits(needed - 1)).is_err());

    // It is one budget for the whole message.
    let two_lists = hex!("0f 00000002 08 00000001 00000000 08 00000001 00000000");
    let needed = 2 * size_of::<Vec<i32>>() + 8;
    assert!(decode::<Vec<Vec<i32>>>(&two_lists, &limits(needed)).is_ok());
    assert!(decode::<Vec<Vec<i32>>>(&two_lists, &limits(needed - 1)).is_err());
    let map = hex!("03 0b 00000001 07 00000001 61");
    let needed = 1 + size_of::<String>();
    assert!(decode::<HashMap<i8, String>>(&map, &limits(needed)).is_ok());
    assert!(decode::<HashMap<i8, String>>(&map, &limits(needed - 1)).is_err());
}

#[test]
fn what_is_skipped_takes_no_memory() {
    let limits = Limits {
        decoded: 0,
        ..Limits::default()
    };
    let bytes = hex!("0f0009 08 00000002 00000000 00000000 00");
    assert_eq!(decode::<Node>(&bytes, &limits), Ok(Node::default()));
}

#[test]
fn types_that_thrift_does_not_have_cannot_be_skipped() {
    let known = [2, 3, 4, 6, 8, 10, 11, 12, 13, 14, 15];
    for kind in 0..=0xff {
        let skipped = skip(
            &Bytes::from_static(&[0; 16]),
            WireType(kind),
            &Limits::default(),
        );
        assert_eq!(skipped.is_ok(), known.contains(&kind), "type {kind}");
    }
}
