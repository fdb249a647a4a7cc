//! TTHeader and the frames around messages.

use std::hint::black_box;

use bytes::BytesMut;
use criterion::{Criterion, criterion_group, criterion_main};
use polyport_wire::frame::{self, FrameDecoder};
use polyport_wire::limits::Limits;
use polyport_wire::thrift::{Envelope, MessageType};
use polyport_wire::transport::Transport;
use polyport_wire::ttheader::{Header, HeaderRef, keys};

/// A struct with a string of 56 characters as field 1.
fn message() -> BytesMut {
    let mut out = BytesMut::new();
    out.extend_from_slice(&[11, 0, 1, 0, 0, 0, 56]);
    out.extend_from_slice(&[b'x'; 56]);
    out.extend_from_slice(&[0]);
    out
}

/// What a Kitex client with its TTHeader handlers sends.
const REQUEST: HeaderRef<'_> = HeaderRef {
    flags: 0,
    sequence: 1,
    protocol: 0,
    ints: &[
        (keys::TRANSPORT_TYPE, b"unframed"),
        (keys::FROM_SERVICE, b"caller"),
        (keys::FROM_METHOD, b""),
        (keys::TO_SERVICE, b"servers"),
        (keys::TO_METHOD, b"echo"),
        (keys::MESSAGE_TYPE, b"1"),
        (keys::CONNECT_TIMEOUT, b"50"),
    ],
    strings: &[(keys::SERVICE_NAME, b"Greeter")],
};

/// What a server sends back.
const REPLY: HeaderRef<'_> = HeaderRef {
    flags: 0,
    sequence: 1,
    protocol: 0,
    ints: &[(keys::MESSAGE_TYPE, b"2")],
    strings: &[],
};

fn append(transport: Transport, header: &HeaderRef<'_>, message: &[u8], out: &mut BytesMut) {
    let limit = Limits::default().frame;
    frame::encode(transport, header, limit, out, |out| {
        let envelope = Envelope {
            kind: MessageType::Call,
            method: "echo",
            sequence: 1,
        };
        envelope.encode(out)?;
        out.extend_from_slice(message);
        Ok(())
    })
    .expect("the frame is small");
}

fn header(criterion: &mut Criterion) {
    let limits = Limits::default();
    let mut out = BytesMut::new();
    append(Transport::TtHeader, &REQUEST, &message(), &mut out);
    let frame = out.freeze();
    criterion.bench_function("header/decode request", |bencher| {
        bencher.iter(|| Header::decode(black_box(frame.clone()), &limits).expect("it is a header"));
    });
    let (header, _) = Header::decode(frame, &limits).expect("it is a header");
    criterion.bench_function("header/look up the service", |bencher| {
        bencher.iter(|| black_box(&header).string(keys::SERVICE_NAME).is_some());
    });
}

fn frames(criterion: &mut Criterion) {
    let message = message();
    for transport in Transport::ALL {
        let mut group = criterion.benchmark_group(format!("frame/{transport}"));
        let mut out = BytesMut::new();
        group.bench_function("encode reply", |bencher| {
            bencher.iter(|| {
                out.clear();
                append(transport, black_box(&REPLY), &message, &mut out);
            });
        });
        let mut request = BytesMut::new();
        append(transport, &REQUEST, &message, &mut request);
        let mut decoder = FrameDecoder::new(Limits::default());
        let mut input = BytesMut::new();
        group.bench_function("decode request", |bencher| {
            bencher.iter(|| {
                // As from a socket: room that is used again when the frame before is dropped.
                input.reserve(8 * 1024);
                input.extend_from_slice(black_box(&request));
                let frame = decoder.decode(&mut input).expect("it is a frame");
                frame.expect("it is complete").payload.len()
            });
        });
        group.finish();
    }
}

criterion_group!(benches, header, frames);
criterion_main!(benches);
