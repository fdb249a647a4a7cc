//! How much memory a peer's bytes can ask for: no more than a small multiple of what it sent.
//!
//! A test binary of its own with one test, because the counting allocator is there for all.

#![expect(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

use std::collections::HashMap;

use bytes::{Bytes, BytesMut};
use hex_literal::hex;
use peak_alloc::PeakAlloc;
use polyport_wire::frame::FrameDecoder;
use polyport_wire::limits::Limits;
use polyport_wire::schema::Schema;
use polyport_wire::thrift::{self, ApplicationException, Dynamic, Reader, WireType};
use polyport_wire::ttheader::Header;

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

const KIB: usize = 1024;
const MIB: usize = 1024 * KIB;

#[test]
fn memory_is_bounded_by_what_was_sent() {
    lengths_alone_allocate_nothing();
    headers_take_no_memory_beside_their_bytes();
    messages_stay_within_their_budget();
    broken_messages_take_little();
}

/// The most that was allocated at one time by `decode`.
fn peak<T>(decode: impl FnOnce() -> T) -> usize {
    MEMORY.reset_peak_usage();
    let before = MEMORY.current_usage();
    drop(decode());
    MEMORY.peak_usage().saturating_sub(before)
}

#[track_caller]
fn at_most<T>(limit: usize, decode: impl FnOnce() -> T) {
    let peak = peak(decode);
    assert!(peak <= limit, "{peak} bytes, and {limit} are allowed");
}

fn lengths_alone_allocate_nothing() {
    for start in [
        &hex!("03ffff00 8001")[..],
        &hex!("03ffff00 9001"),
        &hex!("03ffff00 1000 0000 00000001 ffff"),
        &hex!("ffaf ffff ffff"),
        &hex!("80010001 03ffff00"),
        &hex!("80010001 00000001 6d 00000001 0b0001 03ffff00"),
        &hex!("80010001 00000001 6d 00000001 0f0001 0a 007fff00"),
        &hex!("80010001 00000001 6d 00000001 0f0001 0c 03ffff00"),
    ] {
        let mut buffer = BytesMut::from(start);
        at_most(KIB, || {
            let mut decoder = FrameDecoder::new(Limits::default());
            assert_eq!(decoder.decode(&mut buffer), Ok(None), "{start:02x?}");
            assert!(decoder.missing(buffer.len()) <= 64 * KIB);
        });
    }
}

fn headers_take_no_memory_beside_their_bytes() {
    // As many keys as there is room for, all of them empty.
    for info in [0x01, 0x10] {
        let mut frame = hex!("0003fff6 1000 0000 00000001 fff8 00 00").to_vec();
        frame.push(info);
        frame.extend(65400_u16.to_be_bytes());
        frame.resize(frame.len() + 4 * 65400, 0);
        frame.resize(0x0003_fff6 + 4, 0);
        let frame = Bytes::from(frame);
        let decode = || Header::decode(frame.clone(), &Limits::default()).unwrap();
        at_most(KIB, decode);
    }
    // As many as can be announced, and none of them there.
    let frame = Bytes::from_static(&hex!(
        "00000012 1000 0000 00000001 0002 00 00 01 ffff 000000"
    ));
    at_most(KIB, || {
        Header::decode(frame, &Limits::default()).unwrap_err()
    });
}

fn messages_stay_within_their_budget() {
    let limits = Limits {
        decoded: MIB,
        ..Limits::default()
    };
    // A million empty containers or structs.
    for element in [11, 12, 13, 15] {
        let mut bytes = vec![element];
        bytes.extend(1_000_000_u32.to_be_bytes());
        bytes.resize(5 + 6_000_000, 0);
        let bytes = Bytes::from(bytes);
        at_most(3 * MIB, || {
            thrift::decode::<Vec<String>>(&bytes, &limits).is_ok()
        });
        at_most(3 * MIB, || {
            thrift::decode::<Vec<Vec<i8>>>(&bytes, &limits).is_ok()
        });
        at_most(3 * MIB, || {
            thrift::decode::<Vec<HashMap<i8, i8>>>(&bytes, &limits).is_ok()
        });
        at_most(3 * MIB, || {
            thrift::decode::<Vec<ApplicationException>>(&bytes, &limits).is_ok()
        });
        at_most(3 * MIB, || {
            Dynamic::decode(WireType::LIST, &mut Reader::new(&bytes, &limits)).is_ok()
        });
    }
    // Within the budget, all of it is there.
    let bytes = [&hex!("0f 00001000")[..], &hex!("0a 00000000").repeat(4096)].concat();
    let bytes = Bytes::from(bytes);
    at_most(3 * MIB, || {
        thrift::decode::<Vec<Vec<i64>>>(&bytes, &limits).unwrap()
    });
    // Skipping takes no memory at all.
    at_most(0, || Reader::new(&bytes, &limits).skip(WireType::LIST));
}

fn broken_messages_take_little() {
    // Numbers that are not random, and different enough.
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state >> 33).unwrap_or(0) % below
    };
    let good = hex!(
        "0000008e 1000 0000 00000001 0011 00 00"
        "01 0001 0003 69736e 0008 5365727669636541"
        "10 0006 0003 0000  0014 0000  0006 0008 5365727669636541  0009 0005 4563686f31"
        "   0016 0001 31  0001 0006 6672616d6564"
        "00"
        "0000003c 80010001 00000005 4563686f31 00000001"
        "0f0001 0c 00000002 0b0001 00000002 6869 00 00"
        "0d0002 0b 08 00000001 00000001 61 00000007"
        "00"
    );
    for _ in 0..20_000 {
        let mut bytes = good;
        for _ in 0..=next(4) {
            bytes[next(good.len())] = [0, 1, 0x7f, 0x80, 0xff][next(5)];
        }
        let mut buffer = BytesMut::from(&bytes[..]);
        at_most(16 * KIB, || {
            let frame = FrameDecoder::new(Limits::default())
                .decode(&mut buffer)
                .ok()??;
            let body = frame.payload.slice(frame.payload.len().min(17)..);
            let limits = Limits::default();
            let dynamic = Dynamic::decode(WireType::STRUCT, &mut Reader::new(&body, &limits));
            Some((frame, dynamic, Schema::decode(&body)))
        });
    }
}
