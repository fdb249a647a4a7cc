#![no_main]

use libfuzzer_sys::fuzz_target;
use polyport_wire::detect::{Detection, detect};

fuzz_target!(|bytes: &[u8]| {
    let mut decided = Detection::NeedMore;
    for end in 0..=bytes.len().min(32) {
        let detection = detect(&bytes[..end]);
        assert!(decided == Detection::NeedMore || decided == detection);
        decided = detection;
    }
    assert!(bytes.len() < 10 || decided != Detection::NeedMore);
    if let Detection::Foreign(foreign) = decided {
        assert!(!foreign.to_string().is_empty());
    }
});
