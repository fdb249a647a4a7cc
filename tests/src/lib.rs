//! What the tests have in common: a server in the background, a peer that speaks bytes, and
//! services written by hand.
//!
//! Whatever goes wrong here panics: it is a test that failed. Whatever waits gives up after
//! [`PATIENCE`], so that a test fails instead of hanging.

#![expect(
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    reason = "a panic is how a test fails"
)]

pub mod demo;
pub mod types;
pub mod streams;
pub mod named;
pub mod log;
pub mod process;
pub mod serving;
pub mod peer;
pub mod frames;

use std::future::Future;
use std::panic::Location;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use polyport_wire::thrift::Writer;

/// How long something that must happen may take on a slow machine.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// Waits for something that must happen.
#[track_caller]
pub fn soon<T>(future: impl Future<Output = T>) -> impl Future<Output = T> {
    let place = Location::caller();
    async move {
        match tokio::time::timeout(PATIENCE, future).await {
            Ok(output) => output,
            Err(_) => panic!("nothing happened for {PATIENCE:?} at {place}"),
        }
    }
}

/// An exception's struct.
#[must_use]
pub fn exception(type_id: i32, text: &str) -> Bytes {
    // Field by field, because a value of the type never goes out with an empty text.
    let mut out = BytesMut::new();
    let mut writer = Writer::new(&mut out);
    writer.field(1, &text.to_owned());
    writer.field(2, &type_id);
    writer.stop();
    writer.finish().unwrap();
    out.freeze()
}
