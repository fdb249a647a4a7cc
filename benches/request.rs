//! A request from a client's call to its answer, over loopback.

use criterion::{Criterion, criterion_group, criterion_main};
use polyport::{Context, Server, Status};
use polyport_benches::{Echo, EchoClient, EchoServer, Small, small};
use tokio::runtime::Runtime;

struct Handler;

impl Echo for Handler {
    async fn echo(&self, _cx: &mut Context, message: Small) -> Result<Small, Status> {
        Ok(message)
    }
}

fn request(criterion: &mut Criterion) {
    let runtime = Runtime::new().expect("threads can be made");
    let client = runtime.block_on(async {
        let server = Server::new().add(EchoServer::new(Handler));
        let listening = server.bind("127.0.0.1:0").await.expect("a port is free");
        let address = listening.address().to_string();
        tokio::spawn(listening.serve_until(std::future::pending()));
        EchoClient::connect(address)
            .await
            .expect("the server listens")
    });
    criterion.bench_function("request", |bencher| {
        bencher.iter(|| {
            let answer = runtime.block_on(async { client.echo(small()).await });
            answer.expect("the server answers")
        });
    });
}

criterion_group!(benches, request);
criterion_main!(benches);
