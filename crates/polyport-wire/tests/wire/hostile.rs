//! Bytes of somebody who means harm: answered with an error at once, or waited for at no cost.

use std::collections::HashMap;

use bytes::{Bytes, BytesMut};
use hex_literal::hex;
use polyport_wire::error::DecodeErrorKind;
use polyport_wire::frame::FrameDecoder;
use polyport_wire::limits::Limits;
use polyport_wire::thrift::{self, EndScanner, Envelope, Reader, WireType};
use polyport_wire::ttheader::Header;

const ENVELOPE: [u8; 16] = hex!("80010001 00000004 70696e67 00000001");

/// A buffered message with this body.
fn message(body: &[u8]) -> Vec<u8> {
    [&ENVELOPE[..], body].concat()
}

fn frame_fails(bytes: &[u8]) -> DecodeErrorKind {
    let error = FrameDecoder::new(Limits::default())
        .decode(&mut BytesMut::from(bytes))
        .unwrap_err();
    error.kind().clone()
}

#[test]
fn lengths_of_gigabytes() {
    for length in [0x0400_0001_u32, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff] {
        let length = length.to_be_bytes();
        for rest in [&hex!("8001")[..], &hex!("9001"), &hex!("1000")] {
            let error = frame_fails(&[&length[..], rest].concat());
            assert!(
                matches!(error, DecodeErrorKind::TooLarge { .. }),
                "{error:?}"
            );
        }
    }
}

#[test]
fn a_buffered_message_that_announces_gigabytes() {
    for body in [
        &hex!("0b0001 7fffffff")[..],
        &hex!("0f0001 0a 7fffffff"),
        &hex!("0f0001 0c 7fffffff"),
        &hex!("0f0001 63 7fffffff"),
        &hex!("0e0001 0b 7fffffff"),
        &hex!("0d0001 0a0a 7fffffff"),
        &hex!("0d0001 0c0b 7fffffff"),
    ] {
        let error = frame_fails(&message(body));
        assert!(
            matches!(error, DecodeErrorKind::TooLarge { .. }),
            "{error:?}"
        );
    }
    for body in [
        &hex!("0b0001 ffffffff")[..],
        &hex!("0f0001 0a 80000000"),
        &hex!("0d0001 0a0a ffffffff"),
        &hex!("630001 00"),
        &hex!("0f0001 63 00000001"),
    ] {
        let error = frame_fails(&message(body));
        assert!(
            matches!(error, DecodeErrorKind::Malformed { .. }),
            "{error:?}"
        );
    }
    for name in [0x7fff_ffff_u32, 0xffff_ffff] {
        let bytes = [&hex!("80010001")[..], &name.to_be_bytes()].concat();
        let error = frame_fails(&bytes);
        assert!(
            !matches!(error, DecodeErrorKind::UnexpectedEnd),
            "{error:?}"
        );
    }
}

#[test]
fn containers_of_gigabytes_in_a_whole_message() {
    let limits = Limits::default();
    let list = Bytes::copy_from_slice(&hex!("0c 7fffffff 000000"));
    assert!(thrift::decode::<Vec<thrift::ApplicationException>>(&list, &limits).is_err());
    let map = Bytes::copy_from_slice(&hex!("0b0b 7fffffff 000000"));
    assert!(thrift::decode::<HashMap<String, String>>(&map, &limits).is_err());
    for (kind, bytes) in [(WireType::LIST, &list), (WireType::MAP, &map)] {
        assert!(Reader::new(bytes, &limits).skip(kind).is_err());
    }
}

#[test]
fn a_hundred_thousand_levels() {
    let levels = [
        hex!("0c0001").repeat(100_000),
        [&hex!("0f0001")[..], &hex!("0f 00000001").repeat(100_000)].concat(),
        [&hex!("0d0001")[..], &hex!("0d03 00000001").repeat(100_000)].concat(),
    ];
    for body in levels {
        let limits = Limits::default();
        let too_deep = Err(DecodeErrorKind::TooDeep { limit: 64 });
        let scanned = EndScanner::new(&limits).scan(&message(&body));
        assert_eq!(scanned.map_err(|error| error.kind().clone()), too_deep);
        assert_eq!(
            frame_fails(&message(&body)),
            DecodeErrorKind::TooDeep { limit: 64 }
        );
        let skipped = Reader::new(&body.into(), &limits).skip(WireType::STRUCT);
        assert!(skipped.is_err());
    }
}

#[test]
fn more_keys_than_a_header_has_room_for() {
    for info in [
        &hex!("01 ffff 0000 0000 00")[..],
        &hex!("10 ffff 0001 0000 00"),
        &hex!("11 ffff 00"),
    ] {
        let mut section = hex!("00 00").to_vec();
        section.extend(info);
        section.resize(section.len().next_multiple_of(4), 0);
        let mut frame = u32::try_from(section.len() + 10)
            .unwrap()
            .to_be_bytes()
            .to_vec();
        frame.extend(hex!("1000 0000 00000001"));
        frame.extend(u16::try_from(section.len() / 4).unwrap().to_be_bytes());
        frame.extend(section);
        assert!(Header::decode(frame.clone().into(), &Limits::default()).is_err());
        let error = frame_fails(&frame);
        let short = DecodeErrorKind::UnexpectedEnd;
        assert!(
            error == short || matches!(error, DecodeErrorKind::TooLarge { .. }),
            "{error:?}"
        );
    }
    let error = frame_fails(&hex!(
        "ffaf 0006 ffff 0000 0000 80010001 00000004 70696e67 00000001 00"
    ));
    assert!(
        matches!(error, DecodeErrorKind::TooLarge { .. }),
        "{error:?}"
    );
}

#[test]
fn an_envelope_that_ends_in_its_name() {
    for name in [hex!("00000005"), hex!("7fffffff"), hex!("ffffffff")] {
        let bytes = [&hex!("80010001")[..], &name, b"ping"].concat();
        assert_eq!(Envelope::decode(&bytes).unwrap_err().exception.type_id, 7);
    }
}
