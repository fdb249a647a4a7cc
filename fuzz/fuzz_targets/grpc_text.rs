#![no_main]

use libfuzzer_sys::fuzz_target;
use polyport_wire::grpc;

fuzz_target!(|bytes: &[u8]| {
    // Any bytes are some text, and a text comes back as it was.
    let text = grpc::decode_text(bytes);
    let encoded = grpc::encode_text(&text);
    assert!(encoded.bytes().all(|byte| matches!(byte, b' '..=b'~')));
    assert_eq!(grpc::decode_text(encoded.as_bytes()), text);
    if let Some(time) = grpc::parse_timeout(&text) {
        let again = grpc::parse_timeout(&grpc::format_timeout(time)).expect("what we write");
        // Rounded up, by less than the unit that has room for it.
        assert!(again >= time && (again - time).as_nanos() * 1000 <= time.as_nanos());
    }
    if let Some((service, method)) = grpc::split_path(&text) {
        assert!(!method.contains('/'));
        let path = format!("/{service}/{method}");
        assert_eq!(grpc::split_path(&path), Some((service, method)));
    }
    let _ = grpc::codec(&text);
});
