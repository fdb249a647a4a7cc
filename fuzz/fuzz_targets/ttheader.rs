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
    let ints: Vec<(u16, &[u8])> = header.ints.iter().map(|(k, v)| (*k, &v[..])).collect();
    let strings: Vec<(&[u8], &[u8])> = header
        .strings
        .iter()
        .map(|(k, v)| (&k[..], &v[..]))
        .collect();
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
    let (mut again, payload_again) =
        Header::decode(out.freeze(), &limits).expect("what we write can be read");
    // ACL tokens come first when they are written.
    let mut header = header;
    header.strings.sort();
    again.strings.sort();
    assert_eq!((again, payload_again), (header, payload));
});
