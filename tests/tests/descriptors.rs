//! A server that runs out of file descriptors goes on with those it has.
//!
//! Without the harness: the server is this program in another process, which may have few of them.

#![expect(clippy::unwrap_used, reason = "this is a test")]

use polyport::{Server, Transport};
use polyport_tests::named;
use polyport_tests::peer::{Peer, Request};
use polyport_tests::process::{Process, serve};
use polyport_tests::soon;
use tokio::time::{Duration, sleep};

/// Some are the process's own.
const DESCRIPTORS: usize = 32;
const CONNECTIONS: usize = 64;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    if std::env::args().nth(1).as_deref() == Some("serve") {
        return serve(Server::new().add(named::service("Test", &["ping"]))).await;
    }
    let server = Process::start_with_descriptors(DESCRIPTORS);
    let request = Request::new(Transport::Framed, "ping");
    let mut first = Peer::connect(server.address).await;
    assert_eq!(first.call(&request).await.method, "ping");
    let mut crowd = Vec::new();
    for _ in 0..CONNECTIONS {
        // The kernel makes them, also while the server cannot take them.
        crowd.push(Peer::connect(server.address).await);
    }
    let last = crowd.last_mut().unwrap();
    last.send(request.encode()).await;
    let line = said(&server, "no connection can be accepted").await;
    assert!(
        line.contains("WARN") && line.contains("os error 24"),
        "{line}"
    );
    assert_eq!(first.call(&request).await.method, "ping");
    // One that waits is served as soon as there is room.
    let mut last = crowd.pop().unwrap();
    drop(crowd);
    assert_eq!(last.response().await.method, "ping");
    let more = said(&server, "connections can be accepted again").await;
    assert!(more.contains("INFO"), "{more}");
    assert_eq!(first.call(&request).await.method, "ping");
    println!("a server without file descriptors goes on: ok");
}

/// The line that the server logs with these words, before which there is none that warns.
async fn said(server: &Process, words: &str) -> String {
    soon(async {
        loop {
            for line in server.lines() {
                if line.contains(words) {
                    return line;
                }
                assert!(!line.contains("WARN"), "{line}");
            }
            // Nothing tells that a process has written something.
            sleep(Duration::from_millis(5)).await;
        }
    })
    .await
}
