//! What a connection keeps when it has nothing to do, or waits for the rest of a message.
//!
//! A test binary of its own with one test, because the counting allocator is there for all.

#![expect(clippy::unwrap_used, reason = "these are tests")]

use peak_alloc::PeakAlloc;
use polyport::{Server, Transport};
use polyport_tests::peer::Request;
use polyport_tests::types::several;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex, split};

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

const CONNECTIONS: usize = 200;

/// What a connection may be made of, with its end in the test.
const EACH: usize = 12 * 1024;

/// The buffers that all connections of a thread use.
const SHARED: usize = 1024 * 1024;

const TEXT: usize = 100_000;

#[tokio::test]
async fn waiting_connections_keep_no_buffers() {
    let local = Server::new().add_all(several()).local().unwrap();
    let local: &'static _ = Box::leak(Box::new(local));
    let request = Request::new(Transport::Framed, "onlyA");
    let mut arguments = b"\x0c\0\x01\x0b\0\x01\0\x01\x86\xa0".to_vec();
    arguments.resize(arguments.len() + TEXT, b'x');
    arguments.extend_from_slice(&[0, 0]);
    let request = request.arguments(arguments).encode();
    let before = MEMORY.current_usage();
    let mut clients = Vec::new();
    for _ in 0..CONNECTIONS {
        let (mut client, server) = duplex(1024);
        tokio::spawn(local.serve_connection(server));
        call(&mut client, &request).await;
        clients.push(client);
    }
    let allowed = CONNECTIONS * EACH + SHARED;
    let idle = MEMORY.current_usage().saturating_sub(before);
    assert!(idle <= allowed, "{idle} bytes, {allowed} are allowed");
    let (part, rest) = request.split_at(100);
    for client in &mut clients {
        client.write_all(part).await.unwrap();
        tokio::task::yield_now().await;
    }
    let inside = MEMORY.current_usage().saturating_sub(before);
    assert!(inside <= allowed, "{inside} bytes, {allowed} are allowed");
    // They are idle, not dead.
    for client in &mut clients {
        call(client, rest).await;
    }
}

async fn call(client: &mut DuplexStream, request: &[u8]) {
    let (mut from, mut to) = split(client);
    let read = async {
        let length = from.read_u32().await.unwrap();
        let mut reply = vec![0; usize::try_from(length).unwrap()];
        from.read_exact(&mut reply).await.unwrap();
        reply
    };
    let (reply, written) = tokio::join!(read, to.write_all(request));
    written.unwrap();
    assert!(reply.ends_with(b"xxx\0\0") && reply.len() > TEXT);
}
