#![no_main]

use std::collections::{HashMap, HashSet};

use bytes::{Bytes, BytesMut};
use libfuzzer_sys::fuzz_target;
use polyport_wire::limits::Limits;
use polyport_wire::thrift::{self, Dynamic, EndScanner, Reader, Value, WireType, Writer};

/// What makes a bare message of a struct.
const ENVELOPE: &[u8] = b"\x80\x01\0\x01\0\0\0\x01m\0\0\0\x01";

fuzz_target!(|bytes: &[u8]| {
    let limits = Limits {
        frame: 1024 * 1024,
        decoded: 1024 * 1024,
        ..Limits::default()
    };
    let bytes = Bytes::copy_from_slice(bytes);
    let mut input = Reader::new(&bytes, &limits);
    let skipped = input
        .skip(WireType::STRUCT)
        .map(|()| bytes.len() - input.remaining());
    let message = [ENVELOPE, &bytes].concat();
    let scanned = EndScanner::new(&limits).scan(&message);
    match (skipped, &scanned) {
        (Ok(len), Ok(Some(end))) => assert_eq!(ENVELOPE.len() + len, *end),
        (Err(_), Ok(None) | Err(_)) => {}
        (skipped, scanned) => panic!("skipping {skipped:?}, scanning {scanned:?}"),
    }
    assert_eq!(byte_by_byte(&message, &limits), scanned);

    dynamic(&bytes, &limits);
    typed::<Vec<HashMap<String, Vec<Bytes>>>>(&bytes, &limits);
    typed::<HashMap<i16, HashSet<String>>>(&bytes, &limits);
    typed::<Vec<Vec<f64>>>(&bytes, &limits);
    typed::<HashMap<bool, Vec<i64>>>(&bytes, &limits);
});

fn byte_by_byte(
    message: &[u8],
    limits: &Limits,
) -> Result<Option<usize>, polyport_wire::error::DecodeError> {
    let mut scanner = EndScanner::new(limits);
    for end in 0..message.len() {
        match scanner.scan(&message[..end]) {
            Ok(None) => assert!(scanner.wanted() > end),
            // Found without the bytes behind it.
            other => return other,
        }
    }
    scanner.scan(message)
}

/// What can be decoded without its type takes as many bytes when it is written.
fn dynamic(bytes: &Bytes, limits: &Limits) {
    let mut input = Reader::new(bytes, limits);
    if let Ok(value) = Dynamic::decode(WireType::STRUCT, &mut input) {
        let mut out = BytesMut::new();
        let mut writer = Writer::new(&mut out);
        value.encode(&mut writer);
        writer.finish().expect("what came in fits the format");
        assert_eq!(out.len(), bytes.len() - input.remaining());
        let mut skipping = Reader::new(bytes, limits);
        skipping
            .skip(WireType::STRUCT)
            .expect("what can be decoded can be skipped");
        assert_eq!(input.remaining(), skipping.remaining());
    }
}

/// What can be decoded can be skipped, to the same place.
fn typed<T: Value>(bytes: &Bytes, limits: &Limits) {
    let mut input = Reader::new(bytes, limits);
    if T::decode(&mut input).is_ok() {
        let mut skipping = Reader::new(bytes, limits);
        skipping
            .skip(T::TYPE)
            .expect("what can be decoded can be skipped");
        assert_eq!(input.remaining(), skipping.remaining());
        let value: T = thrift::decode(bytes, limits).expect("it could be decoded before");
        drop(value);
    }
}
