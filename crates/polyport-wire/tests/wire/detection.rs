//! What the first bytes of a connection say, and that they say it as early as they can.

use hex_literal::hex;
use polyport_wire::detect::{Detection, Foreign, detect};

/// `bytes` are decisive and none of them could be spared; nothing that follows matters.
#[track_caller]
fn decides(bytes: &[u8], expected: Detection) {
    for cut in 0..bytes.len() {
        assert_eq!(detect(&bytes[..cut]), Detection::NeedMore, "cut at {cut}");
    }
    for next in [0x00, 0x01, 0x10, 0x80, 0xff, b'a'] {
        let mut longer = bytes.to_vec();
        while longer.len() <= 24 {
            assert_eq!(detect(&longer), expected, "{longer:02x?}");
            longer.push(next);
        }
    }
}

#[test]
fn http2_by_eight_bytes() {
    decides(b"PRI * HT", Detection::Http2);
    decides(b"PRI * HX", Detection::Foreign(Foreign::Unknown));
}

#[test]
fn strict_thrift() {
    decides(&hex!("8001"), Detection::PingPong);
    decides(&hex!("0000001f 8001"), Detection::PingPong);
    decides(&hex!("7fffffff 8001"), Detection::PingPong);
}

#[test]
fn kitex_protobuf_only_with_a_length() {
    decides(&hex!("0000001f 9001"), Detection::PingPong);
    let unknown = Detection::Foreign(Foreign::Unknown);
    decides(&hex!("90010001 00000005 41"), unknown);
}

#[test]
fn ttheader_by_its_flags() {
    decides(&hex!("0000001f 1000 0000"), Detection::PingPong);
    decides(&hex!("0000001f 1000 0001"), Detection::PingPong);
    decides(&hex!("0000001f 1000 0002"), Detection::TtStream);
    decides(&hex!("0000001f 1000 0003"), Detection::TtStream);
    decides(&hex!("0000001f 1000 0200"), Detection::PingPong);
    decides(&hex!("0000001f 1000 ffff"), Detection::TtStream);
}

#[test]
fn mesh_header() {
    decides(&hex!("ffaf"), Detection::PingPong);
}

/// So that they get an answer.
#[test]
fn thrift_without_a_version() {
    decides(&hex!("00000004 70 69"), Detection::PingPong);
    decides(&hex!("00000001 61 01"), Detection::PingPong);
    decides(&hex!("0000000e 00000004 70"), Detection::PingPong);
    decides(&hex!("00000012 00000004 5f"), Detection::PingPong);
}

#[test]
fn what_only_looks_like_thrift_without_a_version() {
    let unknown = Detection::Foreign(Foreign::Unknown);
    // The name does not fit into the frame.
    decides(&hex!("0000000d 00000004 70"), unknown);
    // No name, or one that does not start like one.
    decides(&hex!("00000010 00000000 70"), unknown);
    decides(&hex!("00000000 7069"), unknown);
    decides(&hex!("00000010 00000004 00"), unknown);
    decides(&hex!("00000004 00 00 00 00 00"), unknown);
    // A name of 65536 bytes.
    decides(&hex!("00100000 0001"), unknown);
    decides(&hex!("00001000 0000 01"), unknown);
}

#[test]
fn http1() {
    for method in [
        "GET /", "HEAD ", "POST ", "PUT /", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH",
    ] {
        decides(&method.as_bytes()[..4], Detection::Foreign(Foreign::Http1));
    }
}

#[test]
fn tls() {
    let tls = Detection::Foreign(Foreign::Tls);
    decides(&hex!("1603 01 0200 01 0001fc 03"), tls);
    decides(&hex!("1603 03 00c8 01 0000c4 03"), tls);
    // The length of these looks like the mark of framed Thrift and Protobuf.
    decides(&hex!("1603 01 0180 01 00017c 03"), tls);
    decides(&hex!("1603 01 0190 01 00018c 03"), tls);
    // And this is framed Thrift, 352 MiB of it.
    decides(&hex!("16030100 8001 0001 0000"), Detection::PingPong);
}

#[test]
fn theader_of_fbthrift() {
    decides(&hex!("0000001f 0fff"), Detection::Foreign(Foreign::THeader));
}

#[test]
fn compact_thrift() {
    let compact = Detection::Foreign(Foreign::ThriftCompact);
    decides(&hex!("8221"), compact);
    decides(&hex!("0000001f 8221"), compact);
    // Of another version, which there is none of.
    let unknown = Detection::Foreign(Foreign::Unknown);
    decides(&hex!("82220000 0505"), unknown);
    decides(&hex!("0000001f 8222"), unknown);
}

#[test]
fn other_protocols() {
    for bytes in [
        &b"SSH-2.0-OpenSSH"[..],
        b"*1\r\n$4\r\nPING\r\n",
        b"EHLO example.org\r\n",
        // A PostgreSQL start-up, a Kafka request, Dubbo, MQTT.
        &hex!("00000008 04d2162f"),
        &hex!("00000025 0012 0003 00000001"),
        &hex!("dabb c2000000000000010000"),
        &hex!("10 0c 0004 4d515454 04 02 003c 0000"),
    ] {
        assert_eq!(
            detect(bytes),
            Detection::Foreign(Foreign::Unknown),
            "{bytes:02x?}"
        );
    }
}

#[test]
fn a_hint_says_what_to_do() {
    for (foreign, word) in [
        (Foreign::Http1, "HTTP/1"),
        (Foreign::Tls, "TLS"),
        (Foreign::THeader, "fbthrift"),
        (Foreign::ThriftCompact, "compact"),
        (Foreign::Unknown, "Thrift"),
    ] {
        let hint = foreign.to_string();
        assert!(hint.contains(word), "{hint}");
    }
}
