//! Mutated frames for the whole server, in memory: `cargo run --release -p polyport-tests --example
//! mutate -- [count] [first]`.
//!
//! Real frames are recorded conversations with Kitex. Each mutant is a connection of its own that goes
//! from detection to the bytes of the reply. A panic ends the program, and so does an allocation
//! beyond the limits; the number of the mutant is said, and `mutate 1 NUMBER` plays it again.

#![expect(clippy::unwrap_used, reason = "a broken rule ends the program")]

use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};

use bytes::Bytes;
use peak_alloc::PeakAlloc;
use polyport::{Limits, Server, Transport};
use polyport_tests::peer::Request;
use polyport_tests::types::{several, types};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

const FRAME: usize = 64 * 1024;
const HEADER: usize = 16 * 1024;
const DECODED: usize = 256 * 1024;

/// All of the limits at once, a reply of the same size, buffers, and what a connection is made of.
const MOST: usize = 2 * (FRAME + 16 * HEADER + DECODED) + 64 * 1024;

/// What the connections of a thread may keep for the next one, as buffers: eight of some KiB. What
/// is lost for every mutant, or every thousandth, is far more at the end.
const SHARED: usize = 8 * 16 * 1024;

fn limits() -> Limits {
    Limits {
        frame: FRAME,
        header: HEADER,
        decoded: DECODED,
        ..Limits::default()
    }
}

/// The mutant that is being served.
static CURRENT: AtomicU64 = AtomicU64::new(0);

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let mut arguments = std::env::args().skip(1).map(|text| text.parse().unwrap());
    let count: u64 = arguments.next().unwrap_or(1_000_000);
    let first: u64 = arguments.next().unwrap_or(0);
    std::panic::set_hook(Box::new(|panic| {
        let number = CURRENT.load(Ordering::Relaxed);
        eprintln!("mutant {number}: {panic}");
        std::process::abort();
    }));
    let server = Server::new()
        .add_all(several())
        .add(types())
        .limits(limits());
    let local = server.local().unwrap();
    let originals = originals();
    let begin = Instant::now();
    let mut tally = Tally::default();
    let mut live = 0;
    for number in first..first + count {
        CURRENT.store(number, Ordering::Relaxed);
        let mutant = mutant(&originals, Random::of(number));
        MEMORY.reset_peak_usage();
        let before = MEMORY.current_usage();
        let mut connection = Memory::new(mutant);
        local.serve_connection(&mut connection).await;
        let peak = MEMORY.peak_usage() - before;
        assert!(peak <= MOST, "{peak} bytes of memory, {MOST} are allowed");
        tally.note(&connection, peak);
        drop(connection);
        let after = MEMORY.current_usage();
        if number <= first + count / 10 {
            live = live.max(after);
        } else {
            assert!(
                after <= live + SHARED,
                "live memory grows: {live}, then {after}"
            );
        }
    }
    let seconds = begin.elapsed().as_secs_f64();
    println!(
        "{count} mutants of {} frames in {seconds:.1} s, {:.0} a second: {} got replies, {} exceptions, \
         {} got nothing; at most {} KiB of memory for one",
        originals.len(),
        count as f64 / seconds,
        tally.replies,
        tally.exceptions,
        tally.silence,
        tally.peak / 1024,
    );
}

/// What became of the mutants.
#[derive(Default)]
struct Tally {
    replies: u64,
    exceptions: u64,
    silence: u64,
    peak: usize,
}

impl Tally {
    fn note(&mut self, connection: &Memory, peak: usize) {
        self.peak = self.peak.max(peak);
        let holds = |part: &[u8]| {
            let mut windows = connection.written.windows(part.len());
            windows.any(|window| window == part)
        };
        let place = if connection.written.is_empty() {
            &mut self.silence
        } else if holds(b"\x80\x01\0\x03") {
            &mut self.exceptions
        } else {
            &mut self.replies
        };
        *place += 1;
    }
}

/// What real clients sent, and calls with values of every type.
fn originals() -> Vec<Bytes> {
    let recordings = [
        include_str!("../../crates/polyport-wire/tests/vectors/multi.txt"),
        include_str!("../../crates/polyport-wire/tests/vectors/combine.txt"),
        include_str!("../../crates/polyport-wire/tests/vectors/proto.txt"),
    ];
    let lines = recordings.iter().flat_map(|recording| recording.lines());
    let mut originals: Vec<Bytes> = lines.filter_map(sent).collect();
    let everything = everything();
    let one = |head: &[u8]| [head, &everything, &[0]].concat();
    for transport in Transport::ALL {
        let call = |method, arguments: Vec<u8>| {
            let request = Request::new(transport, method).service("Types");
            request.arguments(arguments).encode()
        };
        originals.push(call("echo", one(b"\x0c\0\x01")));
        originals.push(call("echoList", one(b"\x0f\0\x01\x0c\0\0\0\x01")));
        originals.push(call(
            "echoMap",
            b"\x0d\0\x01\x0b\x0b\0\0\0\x01\0\0\0\x01k\0\0\0\x01v\0".to_vec(),
        ));
        originals.push(call("echoColor", b"\x08\0\x01\0\0\0\x02\0".to_vec()));
        originals.push(Request::new(transport, "onlyA").multiplexed().encode());
    }
    originals
}

/// A struct with fields of many types of types.thrift: numbers, texts, containers, a tree.
fn everything() -> Vec<u8> {
    [
        &b"\x02\0\x01\x01"[..],
        b"\x0a\0\x05\0\0\0\0\0\0\0\x07",
        b"\x04\0\x06\x3f\xf0\0\0\0\0\0\0",
        b"\x0b\0\x07\0\0\0\x04text",
        b"\x0f\0\x0b\x08\0\0\0\x02\0\0\0\x01\0\0\0\x02",
        b"\x0e\0\x0c\x0b\0\0\0\x01\0\0\0\x01w",
        b"\x0d\0\x0d\x0b\x0a\0\0\0\x01\0\0\0\x01k\0\0\0\0\0\0\0\x01",
        b"\x0d\0\x0e\x08\x0f\0\0\0\x01\0\0\0\x01\x0c\0\0\0\x01\x0b\0\x01\0\0\0\x01n\0",
        b"\x0c\0\x10\x0b\0\x01\0\0\0\x01u\0",
        b"\x0c\0\x12\x0b\0\x01\0\0\0\x01t\x0f\0\x02\x0c\0\0\0\x02\0\x0b\0\x01\0\0\0\x01c\0\0",
        b"\0",
    ]
    .concat()
}

/// The bytes of a line like `12> 00ff`, which a client sent.
fn sent(line: &str) -> Option<Bytes> {
    let (direction, text) = line.split_once(' ')?;
    direction.strip_suffix('>')?.parse::<u32>().ok()?;
    let bytes = (0..text.len()).step_by(2);
    bytes
        .map(|at| u8::from_str_radix(text.get(at..at + 2)?, 16).ok())
        .collect()
}

/// One to four changes to one of the frames.
fn mutant(originals: &[Bytes], mut random: Random) -> Vec<u8> {
    let mut bytes = originals[random.below(originals.len())].to_vec();
    for _ in 0..=random.below(4) {
        let len = bytes.len();
        let at = random.below(len + 1);
        let end = at + random.below(len - at + 1);
        match random.below(8) {
            0 | 1 if at < len => bytes[at] ^= 1 << random.below(8),
            2 if at < len => bytes[at] = random.interesting().to_be_bytes()[3],
            3 => overwrite(&mut bytes, at, &random.interesting().to_be_bytes()),
            4 => overwrite(&mut bytes, at, &random.interesting().to_be_bytes()[2..]),
            5 => {
                let other = &originals[random.below(originals.len())];
                bytes.truncate(at);
                bytes.extend_from_slice(&other[random.below(other.len() + 1)..]);
            }
            6 => bytes.truncate(end),
            _ => {
                let part = bytes[at..end].repeat(1 + random.below(40));
                bytes.splice(at..at, part);
            }
        }
    }
    bytes
}

fn overwrite(bytes: &mut [u8], at: usize, value: &[u8]) {
    for (byte, new) in bytes[at..].iter_mut().zip(value) {
        *byte = *new;
    }
}

/// Numbers that depend on nothing but the number of the mutant.
struct Random(u64);

impl Random {
    fn of(number: u64) -> Self {
        Self(number)
    }

    /// SplitMix64.
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % end.max(1) as u64).unwrap()
    }

    /// A length that somebody may have forgotten.
    fn interesting(&mut self) -> u32 {
        let known = [
            0,
            1,
            4,
            0x7f,
            0x80,
            0xff,
            0x7fff,
            0xffff,
            0x7fff_ffff,
            0x8000_0000,
            0xffff_ffff,
        ];
        match self.below(3) {
            0 => u32::try_from(self.below(1 << 17)).unwrap(),
            _ => known[self.below(known.len())],
        }
    }
}

/// A connection whose other end has said everything.
struct Memory {
    input: Bytes,
    written: Vec<u8>,
}

impl Memory {
    fn new(input: Vec<u8>) -> Self {
        Self {
            input: input.into(),
            written: Vec::new(),
        }
    }
}

impl AsyncRead for Memory {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _cx: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let len = into.remaining().min(self.input.len());
        into.put_slice(&self.input.split_to(len));
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Memory {
    fn poll_write(
        mut self: Pin<&mut Self>,
        _cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.written.extend_from_slice(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
