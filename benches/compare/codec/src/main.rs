//! Encodes and decodes the same messages with Polyport's codec and with pilota's, Volo's codec.
//!
//! Both have code by their own generators. pilota's protocol is its safe `TBinaryProtocol`, used as
//! Volo uses it: strings and binaries share the frame's memory, and a size pass comes before
//! encoding. Both encode into a buffer that is there, as a server does, and what was decoded is
//! dropped within the time.

mod samples;

use std::fmt::Debug;
use std::hint::black_box;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use bytes::{Bytes, BytesMut};
use clap::Parser;
use pilota::thrift::Message;
use pilota::thrift::binary::TBinaryProtocol;
use polyport_wire::limits::Limits;
use polyport_wire::thrift::{self, Value};

polyport::include_idl!("ours");

#[expect(unsafe_code, reason = "generated")]
mod generated {
    include!(concat!(env!("OUT_DIR"), "/pilota.rs"));
}
use generated::pilota as theirs;

/// Compares the codecs.
#[derive(Parser)]
struct Arguments {
    /// How often every message is measured.
    #[arg(long, default_value_t = 9)]
    rounds: usize,
    /// How long each time, in milliseconds.
    #[arg(long, default_value_t = 40)]
    milliseconds: u64,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    println!("Nanoseconds, the best of {} rounds:\n", arguments.rounds);
    println!(
        "| {:<20} | {:>7} | {:>15} | {:>13} | {:>5} | {:>15} | {:>13} | {:>5} |",
        "message",
        "bytes",
        "encode polyport",
        "encode pilota",
        "ratio",
        "decode polyport",
        "decode pilota",
        "ratio",
    );
    println!(
        "| {:-<20} | {:->6}: | {:->14}: | {:->12}: | {:->4}: | {:->14}: | {:->12}: | {:->4}: |",
        "", "", "", "", "", "", "", "",
    );
    samples::each(&arguments)
}

/// Measures one message in both codecs and prints its row.
fn compare<O, T>(arguments: &Arguments, name: &str, ours: &O) -> Result<()>
where
    O: Value + PartialEq + Debug,
    T: Message,
{
    let bytes = encode_ours(ours)?;
    let theirs: T = decode_theirs(&bytes).context("pilota does not decode it")?;
    // Maps have no order, so the bytes may differ.
    let again: O = decode_ours(&encode_theirs(&theirs)?)?;
    ensure!(again == *ours, "pilota encodes {name} as {again:?}");

    let mut buffer = BytesMut::with_capacity(2 * bytes.len());
    let mut other = BytesMut::with_capacity(2 * bytes.len());
    let limits = Limits::default();
    let mut work: [(Duration, &mut dyn FnMut()); 4] = [
        (Duration::MAX, &mut || {
            buffer.clear();
            thrift::encode(black_box(ours), &mut buffer).expect("it was encoded before");
        }),
        (Duration::MAX, &mut || {
            other.clear();
            append_theirs(black_box(&theirs), &mut other).expect("it was encoded before");
        }),
        (Duration::MAX, &mut || {
            let value = thrift::decode::<O>(black_box(&bytes), &limits);
            drop(black_box(value.expect("it was decoded before")));
        }),
        (Duration::MAX, &mut || {
            let value = decode_theirs::<T>(black_box(&bytes));
            drop(black_box(value.expect("it was decoded before")));
        }),
    ];
    for _ in 0..arguments.rounds {
        // In turns, so that what disturbs the machine for a while disturbs all of them.
        for (best, work) in &mut work {
            *best = (*best).min(once(work, Duration::from_millis(arguments.milliseconds)));
        }
    }
    let [encode, encode_pilota, decode, decode_pilota] =
        work.map(|(best, _)| best.as_secs_f64() * 1e9 / f64::from(BATCH));
    println!(
        "| {name:<20} | {:>7} | {encode:>15.0} | {encode_pilota:>13.0} | {:>5.2} \
         | {decode:>15.0} | {decode_pilota:>13.0} | {:>5.2} |",
        bytes.len(),
        encode / encode_pilota,
        decode / decode_pilota,
    );
    Ok(())
}

/// How many times something is done between two looks at the clock.
const BATCH: u32 = 16;

/// The shortest time that a batch of `work` takes, within about `time`.
fn once(work: &mut dyn FnMut(), time: Duration) -> Duration {
    let mut best = Duration::MAX;
    let start = Instant::now();
    while start.elapsed() < time {
        let batch = Instant::now();
        for _ in 0..BATCH {
            work();
        }
        best = best.min(batch.elapsed());
    }
    best
}

fn encode_ours(value: &impl Value) -> Result<Bytes> {
    let mut out = BytesMut::new();
    thrift::encode(value, &mut out)?;
    Ok(out.freeze())
}

fn decode_ours<T: Value>(bytes: &Bytes) -> Result<T> {
    Ok(thrift::decode(bytes, &Limits::default())?)
}

fn encode_theirs(value: &impl Message) -> Result<Bytes> {
    let mut out = BytesMut::new();
    append_theirs(value, &mut out)?;
    Ok(out.freeze())
}

fn append_theirs(value: &impl Message, out: &mut BytesMut) -> Result<()> {
    out.reserve(value.size(&mut TBinaryProtocol::new((), true)));
    value.encode(&mut TBinaryProtocol::new(out, true))?;
    Ok(())
}

fn decode_theirs<T: Message>(bytes: &Bytes) -> Result<T> {
    let mut bytes = bytes.clone();
    Ok(T::decode(&mut TBinaryProtocol::new(&mut bytes, true))?)
}
