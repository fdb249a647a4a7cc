//! A client that keeps to the rules, and sends as much as they let it.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Buf;
use polyport::{Limits, Server};
use polyport_tests::frames::{END_STREAM, FramePeer, PREFACE, frame, kind, open};
use polyport_tests::serving::Serving;
use polyport_tests::streams;
use tokio::time::timeout;

use crate::{MEMORY, ROOM};

const UNARY: &str = "/test.v1.Streams/Unary";

/// So many messages are begun, of which each is allowed.
const STREAMS: u32 = 24;
const SIZE: u32 = 4 * 1024 * 1024;

/// What may be sent, by the rules of HTTP/2.
struct Sender {
    peer: FramePeer,
    /// How much each stream may send now, and how much it has left to send.
    windows: BTreeMap<u32, (i64, i64)>,
    initial: i64,
    connection: i64,
    /// Streams that were answered, and how.
    answered: Vec<u32>,
}

/// All of them together take no more room than one may, and do not stand in each other's way.
pub(crate) async fn of_large_messages() {
    let limits = Limits {
        grpc_message: SIZE as usize,
        ..Limits::default()
    };
    let server = Server::new().limits(limits).add(streams::protobuf().0);
    let serving = Serving::start(server).await;
    let before = MEMORY.current_usage();
    MEMORY.reset_peak_usage();
    let mut sender = Sender::new(FramePeer::connect(serving.address).await).await;
    for stream in (0..STREAMS).map(|n| 2 * n + 1) {
        sender.begin(stream).await;
    }
    // Each message lacks its last byte for ever.
    while sender.send_all_it_may().await {}
    let peak = MEMORY.peak_usage().saturating_sub(before);
    println!("{STREAMS} large messages that were begun: {peak} bytes");
    assert!(peak < ROOM, "{peak} bytes of memory");
    let small = 2 * STREAMS + 1;
    sender.peer.send(&open(small, UNARY)).await;
    let message = [0, 0, 0, 0, 4, 0x0a, 2, b'h', b'i'];
    sender
        .peer
        .send(&frame(kind::DATA, END_STREAM, small, &message))
        .await;
    while !sender.answered.contains(&small) {
        assert!(sender.look().await, "a small call waits for large ones");
    }
    drop(sender);
    assert_eq!(serving.stopped().await, 0);
}

impl Sender {
    async fn new(mut peer: FramePeer) -> Self {
        peer.send(PREFACE).await;
        peer.send(&frame(kind::SETTINGS, 0, 0, &[])).await;
        let mut sender = Self {
            peer,
            windows: BTreeMap::new(),
            initial: 0xffff,
            connection: 0xffff,
            answered: Vec::new(),
        };
        while sender.initial == 0xffff {
            assert!(sender.look().await);
        }
        sender
    }

    async fn begin(&mut self, stream: u32) {
        // The prefix, and all but the last byte.
        let left = i64::from(SIZE) + 4;
        self.windows.insert(stream, (self.initial, left));
        self.peer.send(&open(stream, UNARY)).await;
        let prefix = [&[0][..], &SIZE.to_be_bytes()].concat();
        self.data(stream, &prefix).await;
    }

    async fn data(&mut self, stream: u32, bytes: &[u8]) {
        let size = i64::try_from(bytes.len()).unwrap();
        let (window, left) = self.windows.get_mut(&stream).unwrap();
        *window -= size;
        *left -= size;
        self.connection -= size;
        self.peer.send(&frame(kind::DATA, 0, stream, bytes)).await;
    }

    /// Sends on every stream; says whether the server took note of anything after that.
    async fn send_all_it_may(&mut self) -> bool {
        const PART: [u8; 16_000] = [b'x'; 16_000];
        let streams: Vec<u32> = self.windows.keys().copied().collect();
        let mut sent = 0;
        for stream in streams {
            let (window, left) = self.windows[&stream];
            let room = window.min(left).min(self.connection).min(16_000);
            if let Ok(room @ 1..) = usize::try_from(room) {
                self.data(stream, &PART[..room]).await;
                sent += room;
            }
        }
        sent > 0 || self.look().await
    }

    /// Takes note of the next frame; false when there is none.
    async fn look(&mut self) -> bool {
        let Ok(frame) = timeout(Duration::from_millis(500), self.peer.next()).await else {
            return false;
        };
        let mut frame = frame.expect("the connection goes on");
        match frame.kind {
            kind::WINDOW_UPDATE if frame.stream == 0 => {
                self.connection += i64::from(frame.payload.get_u32());
            }
            kind::WINDOW_UPDATE => {
                self.windows.get_mut(&frame.stream).unwrap().0 +=
                    i64::from(frame.payload.get_u32());
            }
            kind::SETTINGS if frame.flags == 0 => {
                while frame.payload.has_remaining() {
                    let (name, value) = (frame.payload.get_u16(), frame.payload.get_u32());
                    // SETTINGS_INITIAL_WINDOW_SIZE.
                    if name == 4 {
                        let change = i64::from(value) - self.initial;
                        self.initial += change;
                        self.windows
                            .values_mut()
                            .for_each(|(window, _)| *window += change);
                    }
                }
                self.peer.send(&super::acknowledged()).await;
            }
            kind::HEADERS => self.answered.push(frame.stream),
            _ => {}
        }
        true
    }
}
