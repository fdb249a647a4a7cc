#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use polyport_wire::schema::Schema;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(schema) = Schema::decode(&Bytes::copy_from_slice(bytes)) {
        let again = schema.encode().expect("what came in fits the format");
        let again = Schema::decode(&again).expect("what we write can be read");
        // By their text, because a double may be NaN.
        assert_eq!(format!("{again:?}"), format!("{schema:?}"));
    }
});
