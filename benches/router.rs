//! Finding a method among services: it must not matter how many there are.

use std::hint::black_box;

use bytes::Bytes;
use criterion::{Criterion, criterion_group, criterion_main};
use polyport::service::RawHandler;
use polyport::{Codec, Context, Server, Service, Status, Transport};

struct Nothing;

impl RawHandler for Nothing {
    async fn call(&self, _cx: &mut Context, _arguments: Bytes) -> Result<Bytes, Status> {
        Ok(Bytes::from_static(&[0]))
    }
}

/// Services with a method that all have and one that only they have; the first is the fallback.
fn services(count: usize) -> impl Iterator<Item = Service> {
    (0..count).map(|number| {
        let methods = ["echo".to_owned(), format!("only{number}")];
        let service = Service::raw(format!("Service{number}"), methods, Nothing);
        if number == 0 {
            service.fallback()
        } else {
            service
        }
    })
}

fn router(criterion: &mut Criterion) {
    for count in [2, 100] {
        let router = Server::new().add_all(services(count)).router();
        let router = router.expect("the services suit each other");
        let mut group = criterion.benchmark_group(format!("router/{count} services"));
        // With the text of the answer, which is the same work for any number of services.
        for (name, transport, service, method) in [
            ("named", Transport::TtHeader, Some("Service1"), "echo"),
            ("by method", Transport::Framed, None, "only1"),
            ("fallback", Transport::Framed, None, "echo"),
        ] {
            group.bench_function(name, |bencher| {
                bencher.iter(|| {
                    router.explain(
                        transport,
                        Codec::ThriftBinary,
                        black_box(service),
                        black_box(method),
                    )
                });
            });
        }
        group.finish();
    }
}

criterion_group!(benches, router);
criterion_main!(benches);
