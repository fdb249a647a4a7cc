#![no_main]

use bytes::{Bytes, BytesMut};
use libfuzzer_sys::fuzz_target;
use polyport_wire::grpc::{self, GrpcMessage, MessageDecoder};

const LIMIT: usize = 1024;

/// The messages, and the error, of these bytes in pieces of this size.
fn messages(bytes: &Bytes, piece: usize) -> (Vec<GrpcMessage>, Option<String>, bool) {
    let mut decoder = MessageDecoder::new(LIMIT);
    let mut messages = Vec::new();
    for at in (0..bytes.len()).step_by(piece) {
        decoder.push(bytes.slice(at..bytes.len().min(at + piece)));
        loop {
            match decoder.decode() {
                Ok(Some(message)) => messages.push(message),
                Ok(None) => break,
                Err(error) => return (messages, Some(error.to_string()), false),
            }
        }
        assert!(decoder.announced().is_none_or(|size| size <= LIMIT));
    }
    (messages, None, decoder.is_empty())
}

fuzz_target!(|bytes: &[u8]| {
    let Some((piece, rest)) = bytes.split_first() else {
        return;
    };
    let rest = Bytes::copy_from_slice(rest);
    let whole = messages(&rest, rest.len().max(1));
    assert_eq!(messages(&rest, usize::from(*piece).max(1)), whole);
    let mut written = BytesMut::new();
    for message in &whole.0 {
        grpc::encode(message.compressed, LIMIT, &mut written, |out| {
            out.extend_from_slice(&message.bytes);
            Ok(())
        })
        .expect("what came in fits the limit");
    }
    assert_eq!(written, rest[..written.len()]);
});
