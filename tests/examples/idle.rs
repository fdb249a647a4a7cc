//! What idle connections cost a server: `cargo run --release -p polyport-tests --example idle --
//! [connections]`.
//!
//! The server is a process of its own, whose memory `/proc` tells. Each process needs a file
//! descriptor a connection (`ulimit -n`).

#![expect(clippy::unwrap_used, reason = "what does not work ends the program")]

use std::time::Duration;

use polyport::{Server, Transport};
use polyport_tests::peer::{Peer, Request};
use polyport_tests::process::{Process, serve};
use polyport_tests::types::several;

#[tokio::main]
async fn main() {
    match std::env::args().nth(1).as_deref() {
        Some("serve") => serve(Server::new().add_all(several())).await,
        Some(count) => measure(count.parse().unwrap()).await,
        None => measure(10_000).await,
    }
}

async fn measure(count: usize) {
    let server = Process::start();
    // What the first call takes once is not a connection's.
    let mut first = Peer::connect(server.address).await;
    call(&mut first, 1024).await;
    let before = server.memory();
    let report = |what: &str| {
        let each = server.memory().saturating_sub(before) as f64 / count as f64;
        println!("{count} connections, {what}: {each:.2} KiB each");
    };
    let mut peers = Vec::with_capacity(count);
    for _ in 0..count {
        peers.push(Peer::connect(server.address).await);
    }
    call(&mut first, 64).await;
    report("fresh");
    for size in [64, 64 * 1024] {
        for peer in &mut peers {
            call(peer, size).await;
        }
        report(&format!("right after a call of {size} bytes each"));
        tokio::time::sleep(Duration::from_secs(3)).await;
        report("three seconds later");
    }
    drop(peers);
    call(&mut first, 64).await;
    report("closed");
}

async fn call(peer: &mut Peer, size: usize) {
    let mut arguments = vec![0x0c, 0, 1, 0x0b, 0, 1];
    arguments.extend_from_slice(&u32::try_from(size).unwrap().to_be_bytes());
    arguments.resize(arguments.len() + size, b'x');
    arguments.extend_from_slice(&[0, 0]);
    let request = Request::new(Transport::TtHeader, "onlyA");
    let response = peer.call(&request.arguments(arguments)).await;
    assert!(response.body.len() > size);
}
