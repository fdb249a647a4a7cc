//! Worked examples of Kitex's formats: service `ServiceA`, method `Echo1` with one struct that
//! holds one string, request `hi`, response `ok`, sequence number 1.

use bytes::{Bytes, BytesMut};
use hex_literal::hex;
use polyport_wire::detect::{Detection, detect};
use polyport_wire::frame::{self, Frame};
use polyport_wire::limits::Limits;
use polyport_wire::thrift::{self, ApplicationException, Envelope, MessageType};
use polyport_wire::transport::{Codec, Transport};
use polyport_wire::ttheader::{Header, HeaderRef, flags, keys};

use crate::cut;

const CALL: &[u8] = &hex!(
    "80010001 00000005 4563686f31 00000001" // strict call, "Echo1", sequence 1
    "0c0001 0b0001 00000002 6869 00 00"     // {1: {1: "hi"}}
);
const REPLY: &[u8] = &hex!(
    "80010002 00000005 4563686f31 00000001" // strict reply, "Echo1", sequence 1
    "0c0000 0b0001 00000002 6f6b 00 00"     // {0: {1: "ok"}}
);
const PROTOBUF_CALL: &[u8] = &hex!(
    "90010001 00000005 4368617431 00000001" // call, "Chat1", sequence 1
    "0a026869"                              // {1: "hi"}
);
const UNKNOWN_SERVICE: &[u8] = &hex!(
    "80010003 00000005 4563686f32 00000001" // strict exception, "Echo2", sequence 1
    "0b0001 00000026 756e6b6e6f776e207365727669636520536572766963 6542"
    "2c206d6574686f64204563686f32"          // 1: "unknown service ServiceB, method Echo2"
    "080002 00000014 00"                    // 2: 20
);

/// Decodes the frame in pieces, and encodes the same bytes.
#[track_caller]
fn check(
    bytes: &[u8],
    (transport, codec): (Transport, Codec),
    header: &HeaderRef<'_>,
    payload: &[u8],
) -> Frame {
    let frame = cut::frame(bytes);
    assert_eq!((frame.transport, frame.codec), (transport, codec));
    assert_eq!(frame.payload, payload);

    let mut out = BytesMut::from(&b"before"[..]);
    frame::encode(transport, header, bytes.len(), &mut out, |out| {
        out.extend_from_slice(payload);
        Ok(())
    })
    .unwrap();
    assert_eq!(&out[..6], b"before");
    assert_eq!(&out[6..], bytes);
    frame
}

/// What generated code does for the arguments of `Echo1`.
fn text(payload: &Bytes, wanted: i16) -> String {
    let (_, body) = Envelope::decode(payload).unwrap();
    let body = payload.slice_ref(body);
    let limits = Limits::default();
    let mut input = thrift::Reader::new(&body, &limits);
    input.enter().unwrap();
    assert_eq!(
        input.field().unwrap().unwrap(),
        (thrift::WireType::STRUCT, wanted)
    );
    input.enter().unwrap();
    assert_eq!(
        input.field().unwrap().unwrap(),
        (thrift::WireType::STRING, 1)
    );
    let text = input.value("Request.message").unwrap();
    assert_eq!(input.field(), Ok(None));
    assert_eq!(input.field(), Ok(None));
    assert_eq!(input.remaining(), 0);
    text
}

#[test]
fn buffered() {
    let kind = (Transport::Buffered, Codec::ThriftBinary);
    let frame = check(CALL, kind, &HeaderRef::default(), CALL);
    assert_eq!(frame.header, None);
    assert_eq!(text(&frame.payload, 1), "hi");
}

#[test]
fn framed() {
    let kind = (Transport::Framed, Codec::ThriftBinary);
    let call = [&hex!("0000001f")[..], CALL].concat();
    let frame = check(&call, kind, &HeaderRef::default(), CALL);
    assert_eq!(frame.header, None);
    assert_eq!(text(&frame.payload, 1), "hi");

    let reply = [&hex!("0000001f")[..], REPLY].concat();
    let frame = check(&reply, kind, &HeaderRef::default(), REPLY);
    assert_eq!(text(&frame.payload, 0), "ok");
}

#[test]
fn ttheader_without_keys() {
    let header = HeaderRef {
        sequence: 1,
        ..HeaderRef::default()
    };
    let call = [&hex!("0000002d 1000 0000 00000001 0001 00000000")[..], CALL].concat();
    let frame = check(
        &call,
        (Transport::TtHeader, Codec::ThriftBinary),
        &header,
        CALL,
    );
    let mut expected = Header::default();
    expected.sequence = 1;
    assert_eq!(frame.header, Some(expected));

    let front = hex!("00000031 1000 0000 00000001 0001 00000000" "0000001f");
    let reply = [&front[..], REPLY].concat();
    let kind = (Transport::TtHeaderFramed, Codec::ThriftBinary);
    check(&reply, kind, &header, REPLY);
}

#[test]
fn ttheader_of_a_client_with_handlers() {
    let header = HeaderRef {
        sequence: 1,
        strings: &[(keys::SERVICE_NAME, b"ServiceA")],
        ints: &[
            (keys::FROM_SERVICE, b""),
            (keys::FROM_METHOD, b""),
            (keys::TO_SERVICE, b"ServiceA"),
            (keys::TO_METHOD, b"Echo1"),
            (keys::MESSAGE_TYPE, b"1"),
            (keys::TRANSPORT_TYPE, b"framed"),
        ],
        ..HeaderRef::default()
    };
    let front = hex!(
        "00000071 1000 0000 00000001 0011 00 00"
        "01 0001 0003 69736e 0008 5365727669636541"
        "10 0006 0003 0000  0014 0000  0006 0008 5365727669636541  0009 0005 4563686f31"
        "   0016 0001 31  0001 0006 6672616d6564"
        "00"       // padding
        "0000001f" // the inner frame
    );
    let call = [&front[..], CALL].concat();
    let kind = (Transport::TtHeaderFramed, Codec::ThriftBinary);
    let decoded = check(&call, kind, &header, CALL).header.unwrap();
    assert_eq!(decoded.string(keys::SERVICE_NAME).unwrap(), b"ServiceA");
    assert_eq!(decoded.string(b"rip"), None);
    assert_eq!(decoded.int(keys::FROM_SERVICE).unwrap(), b"");
    assert_eq!(decoded.int(keys::TO_METHOD).unwrap(), b"Echo1");
    assert_eq!(decoded.int(keys::RPC_TIMEOUT), None);
}

#[test]
fn an_unknown_service() {
    let kind = (Transport::Framed, Codec::ThriftBinary);
    let framed = [&hex!("00000046")[..], UNKNOWN_SERVICE].concat();
    let frame = check(&framed, kind, &HeaderRef::default(), UNKNOWN_SERVICE);

    let (envelope, body) = Envelope::decode(&frame.payload).unwrap();
    assert_eq!(
        (envelope.kind, envelope.method),
        (MessageType::Exception, "Echo2")
    );
    let body = frame.payload.slice_ref(body);
    let exception: ApplicationException =
        cut::every_cut_fails(&body, |bytes| thrift::decode(&bytes, &Limits::default()));
    let expected = ApplicationException::new(
        ApplicationException::UNKNOWN_SERVICE,
        "unknown service ServiceB, method Echo2",
    );
    assert_eq!(exception, expected);

    let header = HeaderRef {
        sequence: 1,
        strings: &[(keys::CONNECTION_RESET, b"1")],
        ints: &[(keys::MESSAGE_TYPE, b"3")],
        ..HeaderRef::default()
    };
    let front = hex!(
        "0000006c 1000 0000 00000001 0006 00 00"
        "01 0001 0005 6372727374 0001 31"
        "10 0001 0016 0001 33"
        "00"
    );
    let with_header = [&front[..], &framed].concat();
    let kind = (Transport::TtHeaderFramed, Codec::ThriftBinary);
    check(&with_header, kind, &header, UNKNOWN_SERVICE);
}

#[test]
fn kitex_protobuf() {
    let kind = (Transport::Framed, Codec::Protobuf);
    let call = [&hex!("00000015")[..], PROTOBUF_CALL].concat();
    check(&call, kind, &HeaderRef::default(), PROTOBUF_CALL);
}

#[test]
fn a_business_error() {
    let header = HeaderRef {
        sequence: 1,
        strings: &[
            (keys::BIZ_STATUS, b"404"),
            (keys::BIZ_MESSAGE, b"not found"),
        ],
        ints: &[(keys::MESSAGE_TYPE, b"2")],
        ..HeaderRef::default()
    };
    let front = hex!(
        "00000058 1000 0000 00000001 000e 00 00"
        "01 0002 000a 62697a2d737461747573 0003 343034"
        "        000b 62697a2d6d657373616765 0009 6e6f7420666f756e64"
        "10 0001 0016 0001 32"
        "0000"
        "00000012"
    );
    let empty = hex!("80010002 00000005 4563686f31 00000001 00");
    let reply = [&front[..], &empty].concat();
    let kind = (Transport::TtHeaderFramed, Codec::ThriftBinary);
    check(&reply, kind, &header, &empty);
}

#[test]
fn the_control_frame_of_a_multiplexing_server() {
    let header = HeaderRef {
        strings: &[(keys::CONNECTION_RESET, b"1")],
        ..HeaderRef::default()
    };
    let front = hex!(
        "0000002b 1000 0000 00000000 0004 00 00"
        "01 0001 0005 6372727374 0001 31 00"
    );
    let message = hex!("80010002 00000004 6e6f6e65 00000000 00");
    let frame = [&front[..], &message].concat();
    let kind = (Transport::TtHeader, Codec::ThriftBinary);
    check(&frame, kind, &header, &message);
}

#[test]
fn frames_of_a_stream() {
    let header = |ints| HeaderRef {
        flags: flags::STREAMING,
        sequence: 1,
        protocol: 0x10,
        ints,
        ..HeaderRef::default()
    };
    let kind = (Transport::TtHeader, Codec::ThriftBinary);
    let opening = hex!(
        "00000032 1000 0002 00000001 000a 10 00"
        "01 0001 0003 69736e 0008 5365727669636541"
        "10 0002 001b 0001 32 0009 0008 4563686f42696469"
    );
    let ints: &[(u16, &[u8])] = &[(keys::FRAME_TYPE, b"2"), (keys::TO_METHOD, b"EchoBidi")];
    let strings: &[(&[u8], &[u8])] = &[(keys::SERVICE_NAME, b"ServiceA")];
    let opening_header = HeaderRef {
        strings,
        ..header(ints)
    };
    check(&opening, kind, &opening_header, b"");
    assert_eq!(detect(&opening), Detection::TtStream);

    let data = hex!(
        "0000002c 1000 0002 00000001 0006 10 00"
        "10 0002 001b 0001 33 0009 0008 4563686f42696469 0000"
        "0b0001 00000002 6869 00"
    );
    let ints: &[(u16, &[u8])] = &[(keys::FRAME_TYPE, b"3"), (keys::TO_METHOD, b"EchoBidi")];
    check(&data, kind, &header(ints), &hex!("0b0001 00000002 6869 00"));
}

#[test]
fn a_mesh_header() {
    let framed = [&hex!("0000001f")[..], CALL].concat();
    let mesh = hex!("ffaf 000e 0002 0001 6b 0001 76 0001 61 0001 62");
    for (message, transport) in [
        (&framed[..], Transport::Framed),
        (CALL, Transport::Buffered),
    ] {
        let frame = cut::frame(&[&mesh[..], message].concat());
        assert_eq!(
            (frame.transport, frame.codec),
            (transport, Codec::ThriftBinary)
        );
        assert_eq!(frame.payload, CALL);
        let header = frame.header.unwrap();
        let pairs: [(&[u8], &[u8]); 2] = [(b"k", b"v"), (b"a", b"b")];
        assert!(header.strings().eq(pairs), "{header:?}");
        assert_eq!(header.ints().count(), 0);
    }
}
