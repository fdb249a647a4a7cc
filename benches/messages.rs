//! Generated messages, to bytes and back.

use bytes::BytesMut;
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use polyport_benches::{large, medium, small};
use polyport_wire::limits::Limits;
use polyport_wire::thrift::{Value, decode, encode};
use std::hint::black_box;

fn messages(criterion: &mut Criterion) {
    message(criterion, "small", &small());
    message(criterion, "medium", &medium());
    message(criterion, "large", &large());
}

fn message<T: Value>(criterion: &mut Criterion, name: &str, value: &T) {
    let limits = Limits::default();
    let mut buffer = BytesMut::new();
    encode(value, &mut buffer).expect("the message is not too large");
    let bytes = buffer.clone().freeze();

    let mut group = criterion.benchmark_group(name);
    group.throughput(Throughput::Bytes(bytes.len() as u64));
    // Into a buffer that is there, as a server does it.
    group.bench_function("encode", |bencher| {
        bencher.iter(|| {
            buffer.clear();
            encode(black_box(value), &mut buffer).expect("the message is not too large");
        });
    });
    // Dropping what was decoded is not measured.
    group.bench_function("decode", |bencher| {
        bencher.iter_batched(
            || (),
            |()| decode::<T>(black_box(&bytes), &limits).expect("the bytes are the message"),
            BatchSize::SmallInput,
        );
    });
    group.finish();
}

criterion_group!(benches, messages);
criterion_main!(benches);
