#![no_main]

use bytes::{Bytes, BytesMut};
use libfuzzer_sys::fuzz_target;
use polyport_wire::limits::Limits;
use polyport_wire::ttheader::{Header, HeaderRef};

fuzz_target!(|bytes: &[u8]| {
    let limits = Limits::default();
    let Ok((header, payload)) = Header::decode(Bytes::copy_from_slice(bytes), &limits) else {
        return;
    };
    let ints: Vec<(u16, &[u8])> = header.ints().collect();
    let strings: Vec<(&[u8], &[u8])> = header.strings().collect();
    let copy = HeaderRef {
        flags: header.flags,
        sequence: header.sequence,
        protocol: header.protocol,
        ints: &ints,
        strings: &strings,
    };
    let mut out = BytesMut::new();
    copy.encode(&mut out, |out| {
        out.extend_from_slice(&payload);
        Ok(())
    })
    .expect("what came in fits the format");
    let (again, payload_again) =
        Header::decode(out.freeze(), &limits).expect("what we write can be read");
    // ACL tokens come first when they are written.
    let said = |header: &Header| {
        let mut strings: Vec<_> = header
            .strings()
            .map(|(k, v)| (k.to_vec(), v.to_vec()))
            .collect();
        strings.sort();
        let ints: Vec<_> = header.ints().map(|(k, v)| (k, v.to_vec())).collect();
        (
            header.flags,
            header.sequence,
            header.protocol,
            ints,
            strings,
        )
    };
    assert_eq!((said(&again), payload_again), (said(&header), payload));
});
