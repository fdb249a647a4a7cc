#![no_main]

use bytes::{Bytes, BytesMut};
use libfuzzer_sys::fuzz_target;
use polyport_wire::limits::Limits;
use polyport_wire::thrift::{self, ApplicationException};

fuzz_target!(|bytes: &[u8]| {
    let limits = Limits::default();
    let bytes = Bytes::copy_from_slice(bytes);
    if let Ok(exception) = thrift::decode::<ApplicationException>(&bytes, &limits) {
        let mut out = BytesMut::new();
        thrift::encode(&exception, &mut out).expect("what came in fits the format");
        let again: ApplicationException =
            thrift::decode(&out.freeze(), &limits).expect("what we write can be read");
        // A text is made up where there was none.
        assert_eq!(again.type_id, exception.type_id);
        assert_eq!(again.message, exception.to_string());
    }
});
