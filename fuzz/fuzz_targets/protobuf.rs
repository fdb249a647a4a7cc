#![no_main]

use bytes::BytesMut;
use libfuzzer_sys::fuzz_target;
use polyport_wire::protobuf;

fuzz_target!(|bytes: &[u8]| {
    let mut out = BytesMut::new();
    if let Ok((envelope, body)) = protobuf::decode(bytes) {
        protobuf::encode(&envelope, &mut out).expect("what came in fits the format");
        assert_eq!(out, bytes[..bytes.len() - body.len()]);
        out.clear();
    }
    if let Some(exception) = protobuf::decode_exception(bytes) {
        protobuf::encode_exception(&exception, &mut out);
        let again = protobuf::decode_exception(&out).expect("what we write can be read");
        // A text is made up where there was none.
        assert_eq!(again.type_id, exception.type_id);
        assert_eq!(again.message, exception.to_string());
    }
});
