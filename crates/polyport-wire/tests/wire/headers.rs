//! The rules of the TTHeader section.

use bytes::{Bytes, BytesMut};
use hex_literal::hex;
use polyport_wire::error::{DecodeErrorKind, EncodeError};
use polyport_wire::limits::Limits;
use polyport_wire::ttheader::{Header, HeaderRef, MAX_SECTION, keys};

use crate::cut;

/// A frame with this header section, filled up to a multiple of 4, and the payload `p`.
fn frame(section: &[u8]) -> Bytes {
    let mut section = section.to_vec();
    section.resize(section.len().next_multiple_of(4), 0);
    let mut frame = Vec::new();
    frame.extend(u32::try_from(section.len() + 11).unwrap().to_be_bytes());
    frame.extend(hex!("1000 0000 00000001"));
    frame.extend(u16::try_from(section.len() / 4).unwrap().to_be_bytes());
    frame.extend(section);
    frame.push(b'p');
    frame.into()
}

fn decode(section: &[u8]) -> Result<Header, DecodeErrorKind> {
    match Header::decode(frame(section), &Limits::default()) {
        Ok((header, payload)) => {
            assert_eq!(payload, "p");
            Ok(header)
        }
        Err(error) => Err(error.kind().clone()),
    }
}

#[track_caller]
fn check(section: &[u8], ints: &[(u16, &str)], strings: &[(&str, &str)]) {
    let header = decode(section).unwrap();
    let ints = ints.iter().map(|(k, v)| (*k, v.as_bytes()));
    assert!(header.ints().eq(ints), "{header:?}");
    let strings = strings.iter().map(|(k, v)| (k.as_bytes(), v.as_bytes()));
    assert!(header.strings().eq(strings), "{header:?}");
    cut::frame(&frame(section));
}

#[test]
fn the_shortest_section() {
    check(&hex!("00 00 0000"), &[], &[]);
}

#[test]
fn padding_may_stand_anywhere() {
    check(
        &hex!("00 00 000000 10 0001 0009 0001 61 0000 01 0001 0001 6b 0001 76 0000"),
        &[(9, "a")],
        &[("k", "v")],
    );
    check(&[0; 4 * 64], &[], &[]);
}

#[test]
fn sections_may_be_empty_and_may_repeat() {
    check(
        &hex!("00 00 01 0000 10 0000 01 0001 0001 61 0001 62 01 0001 0001 63 0001 64 00 00"),
        &[],
        &[("a", "b"), ("c", "d")],
    );
}

#[test]
fn of_equal_keys_the_last_one_counts() {
    let header = decode(&hex!(
        "00 00 01 0002 0001 6b 0001 31 0001 6b 0001 32"
        "10 0002 0009 0001 33 0009 0001 34 0000"
    ))
    .unwrap();
    assert_eq!(header.string(b"k").unwrap(), b"2");
    assert_eq!(header.int(9).unwrap(), b"4");
    assert_eq!((header.strings().count(), header.ints().count()), (2, 2));
}

#[test]
fn keys_and_values_may_be_empty() {
    check(
        &hex!("00 00 01 0001 0000 0000 10 0001 0000 0000"),
        &[(0, "")],
        &[("", "")],
    );
}

#[test]
fn transforms_are_skipped() {
    check(
        &hex!("00 03 01 10 ff 10 0001 0009 0001 61 00 00"),
        &[(9, "a")],
        &[],
    );
    let too_many = decode(&hex!("00 03 0102"));
    assert_eq!(too_many, Err(DecodeErrorKind::UnexpectedEnd));
}

#[test]
fn the_acl_token_is_a_string_key_with_a_section_of_its_own() {
    let section = hex!("00 00 11 0003 746f6b 01 0001 0001 6b 0001 76 000000");
    check(
        &section,
        &[],
        &[("RPC_TRANSIT_gdpr-token", "tok"), ("k", "v")],
    );

    let header = HeaderRef {
        sequence: 1,
        strings: &[(b"k", b"v"), (keys::ACL_TOKEN, b"tok")],
        ..HeaderRef::default()
    };
    let mut out = BytesMut::new();
    header
        .encode(&mut out, |out| {
            out.extend_from_slice(b"p");
            Ok(())
        })
        .unwrap();
    assert_eq!(out, frame(&section));
}

#[test]
fn protocol_ids_are_those_of_kitex() {
    for protocol in 0..=0xff {
        let accepted = [0x00, 0x03, 0x04, 0x10, 0x11].contains(&protocol);
        let decoded = decode(&[protocol, 0, 0, 0]);
        if accepted {
            assert_eq!(decoded.unwrap().protocol, protocol);
        } else {
            let got = protocol.into();
            let what = "protocol id";
            assert_eq!(decoded, Err(DecodeErrorKind::Unsupported { what, got }));
        }
    }
}

#[test]
fn info_ids_are_those_of_kitex() {
    for info in 1..=0xff {
        let decoded = decode(&[0, 0, info, 0, 0, 0, 0, 0]);
        if [0x01, 0x10, 0x11].contains(&info) {
            decoded.unwrap();
        } else {
            let got = info.into();
            let what = "info id";
            assert_eq!(decoded, Err(DecodeErrorKind::Unsupported { what, got }));
        }
    }
}

#[test]
fn sections_that_end_too_early_are_refused() {
    let groups = hex!("01 0001 0001 6b 0001 76" "10 0001 0009 0002 6162" "11 0002 6162");
    let ends_of_groups = [0, 9, 18, 23];
    // Sections are cut by four bytes; padding moves every position to where a cut can be.
    for padding in 0..4 {
        let mut section = vec![0; 2 + padding];
        section.extend(groups);
        for cut in (4..section.len()).step_by(4) {
            let decoded = decode(&section[..cut]);
            let position = cut.saturating_sub(2 + padding);
            let is_whole = ends_of_groups.contains(&position);
            assert_eq!(decoded.is_ok(), is_whole, "cut at {position}: {decoded:?}");
        }
    }
}

#[test]
fn a_count_is_held_against_the_rest_of_the_section() {
    // Three bytes of padding at the end make room for a pair, nearly.
    let too_many = |got, limit| {
        let what = "number of keys";
        Err(DecodeErrorKind::TooLarge { what, got, limit })
    };
    let strings = hex!("00 00 01 0003 0000 0000 0000 0000 000000");
    assert_eq!(decode(&strings), too_many(3, 2));
    let ints = hex!("00 00 10 ffff 0009 0000 0009 0000 000000");
    assert_eq!(decode(&ints), too_many(65535, 2));
    check(
        &hex!("00 00 10 0002 0009 0000 0009 0000 000000"),
        &[(9, ""), (9, "")],
        &[],
    );
}

#[test]
fn a_header_alone_needs_all_of_its_frame() {
    let frame = frame(&hex!("00 00 10 0001 0009 0001 61 0000"));
    let (header, payload) =
        cut::every_cut_fails(&frame, |frame| Header::decode(frame, &Limits::default()));
    assert_eq!(header.int(9).unwrap(), b"a");
    assert_eq!(payload, "p");

    // What follows the frame belongs to somebody else.
    let longer = Bytes::from([&frame[..], b"next"].concat());
    let (_, payload) = Header::decode(longer, &Limits::default()).unwrap();
    assert_eq!(payload, "p");
}

#[test]
fn values_share_the_memory_of_the_frame() {
    let frame = frame(&hex!("00 00 10 0001 0009 0001 61 0000"));
    let range = frame.as_ptr_range();
    let (header, payload) = Header::decode(frame.clone(), &Limits::default()).unwrap();
    assert!(range.contains(&header.int(9).unwrap().as_ptr()));
    assert!(range.contains(&payload.as_ptr()));
}

#[track_caller]
fn does_not_fit(ints: &[(u16, &[u8])], strings: &[(&[u8], &[u8])], error: EncodeError) {
    let header = HeaderRef {
        ints,
        strings,
        ..HeaderRef::default()
    };
    let mut out = BytesMut::from(&b"before"[..]);
    assert_eq!(header.encode(&mut out, |_| Ok(())), Err(error));
    assert_eq!(&out[..], b"before");
}

#[test]
fn what_does_not_fit_the_format_is_not_encoded() {
    let largest = vec![b'x'; 65535];
    let longer = vec![b'x'; 65536];
    let error = EncodeError::too_large("TTHeader string", 65535);
    does_not_fit(&[(1, &longer)], &[], error);
    does_not_fit(&[], &[(&longer, b"")], error);
    does_not_fit(&[], &[(b"", &longer)], error);
    does_not_fit(&[], &[(keys::ACL_TOKEN, &longer)], error);

    let error = EncodeError::too_large("number of TTHeader keys", 65535);
    does_not_fit(&vec![(0, &b""[..]); 65536], &[], error);
    does_not_fit(&[], &vec![(&b""[..], &b""[..]); 65536], error);

    let error = EncodeError::too_large("TTHeader section", MAX_SECTION as u64);
    does_not_fit(&[], &[(&largest, &largest), (&largest, &largest)], error);
}

#[test]
fn the_largest_section_comes_back() {
    let largest = vec![b'x'; 65535];
    // 2 bytes before the groups, 3 + 4 * 2 around the texts of one group.
    let rest = vec![b'y'; MAX_SECTION - 13 - 3 * 65535];
    let header = HeaderRef {
        strings: &[(&largest, &largest), (&largest, &rest)],
        ..HeaderRef::default()
    };
    let mut out = BytesMut::new();
    header.encode(&mut out, |_| Ok(())).unwrap();
    assert_eq!(out.len(), 14 + MAX_SECTION);
    let (decoded, payload) = Header::decode(out.freeze(), &Limits::default()).unwrap();
    assert_eq!(decoded.strings().nth(1).unwrap().1, rest);
    assert!(payload.is_empty());
}
