#![no_main]

use bytes::BytesMut;
use libfuzzer_sys::fuzz_target;
use polyport_wire::thrift::Envelope;

fuzz_target!(|bytes: &[u8]| {
    match Envelope::decode(bytes) {
        Ok((envelope, body)) => {
            let mut out = BytesMut::new();
            envelope
                .encode(&mut out)
                .expect("what came in fits the format");
            out.extend_from_slice(body);
            assert_eq!(out, bytes);
        }
        Err(error) => assert!(!error.exception.to_string().is_empty()),
    }
});
