//! What a layer costs that does nothing: the same call without any, with one, five and ten.

use std::hint::black_box;

use bytes::Bytes;
use criterion::{Criterion, criterion_group, criterion_main};
use polyport::service::RawHandler;
use polyport::{Call, Context, Layer, Next, Reply, Server, Service, Status};
use tokio::runtime::Builder;
use tokio::time::Instant;

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
    let runtime = Builder::new_current_thread()
        .enable_time()
        .build()
        .expect("a runtime can be made");
    let mut group = criterion.benchmark_group("layers");
    for count in [0, 1, 5, 10] {
        let service = Service::raw("Engine", ["stop"], Nothing);
        let service = (0..count).fold(service, |service, _| service.layer(Empty));
        let local = Server::new().add(service).local();
        let local = local.expect("one service suits itself");
        group.bench_function(count.to_string(), |bencher| {
            // All in one, so that only the calls are measured and not the runtime's way in.
            bencher.iter_custom(|calls| {
                runtime.block_on(async {
                    let start = Instant::now();
                    for _ in 0..calls {
                        let reply = local.invoke(request.clone()).await;
                        black_box(reply.expect("the server answers"));
                    }
                    start.elapsed()
                })
            });
        });
    }
    group.finish();
}

criterion_group!(benches, layers);
criterion_main!(benches);
