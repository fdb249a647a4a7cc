//! What a layer costs that does nothing: the same call without any, with one and with ten.

use bytes::Bytes;
use criterion::{Criterion, criterion_group, criterion_main};
use polyport::service::RawHandler;
use polyport::{Call, Context, Layer, Next, Reply, Server, Service, Status};
use tokio::runtime::Runtime;

struct Nothing;

impl RawHandler for Nothing {
    async fn call(&self, _cx: &mut Context, _arguments: Bytes) -> Result<Bytes, Status> {
        Ok(Bytes::from_static(&[0]))
    }
}

struct Empty;

impl Layer for Empty {
    async fn call(&self, call: Call, next: Next<'_>) -> Reply {
        next.call(call).await
    }
}

fn layers(criterion: &mut Criterion) {
    // A call of `stop` with the number 7 and no arguments, Buffered.
    let request = Bytes::from_static(b"\x80\x01\0\x01\0\0\0\x04stop\0\0\0\x07\0");
    let runtime = Runtime::new().expect("threads can be made");
    let mut group = criterion.benchmark_group("layers");
    for count in [0, 1, 10] {
        let service = Service::raw("Engine", ["stop"], Nothing);
        let service = (0..count).fold(service, |service, _| service.layer(Empty));
        let local = Server::new().add(service).local();
        let local = local.expect("one service suits itself");
        group.bench_function(count.to_string(), |bencher| {
            bencher.iter(|| {
                let reply = runtime.block_on(local.invoke(request.clone()));
                reply.expect("the server answers")
            });
        });
    }
    group.finish();
}

criterion_group!(benches, layers);
criterion_main!(benches);
