//! What a handler does as the request's message says.

use std::time::Duration;

use tokio::time::sleep;
use tonic::metadata::{BinaryMetadataValue, KeyAndValueRef, MetadataKey, MetadataMap};
use tonic::{Code, Status};

/// Does as the message says. Handlers of tonic are not told what they are called as.
pub(crate) async fn obey(
    called: &str,
    metadata: &MetadataMap,
    back: &mut MetadataMap,
    message: &str,
) -> Result<String, Status> {
    let message = after_sleeping(called, message).await;
    let (word, rest) = message.split_once(':').unwrap_or((message, ""));
    match word {
        "error" | "typed" => Err(failure(word, rest)),
        "meta" => Ok(received(metadata, rest)),
        "back" => {
            let (key, value) = rest.split_once('=').unwrap_or((rest, ""));
            insert(back, key, value);
            Ok("ok".to_owned())
        }
        "big" => Ok("x".repeat(rest.parse().unwrap_or(0))),
        _ => Ok(format!("{called}: {message}")),
    }
}

/// The same for the items of streams, which are echoed in another way.
pub(crate) async fn obey_item(called: &str, message: &str) -> Result<String, Status> {
    let message = after_sleeping(called, message).await;
    match message.split_once(':') {
        Some((word @ ("error" | "typed"), rest)) => Err(failure(word, rest)),
        _ => Ok(format!("echo {message}")),
    }
}

/// Waits for MS of each `sleep:MS[:rest]` and gives the rest.
async fn after_sleeping<'a>(called: &str, mut message: &'a str) -> &'a str {
    while let Some(rest) = message.strip_prefix("sleep:") {
        let (milliseconds, rest) = rest.split_once(':').unwrap_or((rest, ""));
        let asleep = Asleep::new(format!("{called} {rest}"));
        sleep(Duration::from_millis(milliseconds.parse().unwrap_or(0))).await;
        asleep.wake();
        message = rest;
    }
    message
}

/// Says on standard error that a handler has fallen asleep, and when it is dropped before it woke up, each
/// time with what it was to do then.
struct Asleep {
    who: String,
}

impl Asleep {
    fn new(who: String) -> Self {
        eprintln!("asleep: {who}");
        Self { who }
    }

    fn wake(mut self) {
        self.who.clear();
    }
}

impl Drop for Asleep {
    fn drop(&mut self) {
        if !self.who.is_empty() {
            eprintln!("given up: {}", self.who);
        }
    }
}

fn failure(word: &str, text: &str) -> Status {
    if word == "error" {
        return Status::unknown(text);
    }
    let (number, text) = text.split_once(':').unwrap_or((text, ""));
    Status::new(Code::from_i32(number.parse().unwrap_or(2)), text)
}

/// A transient or else persistent value of Kitex's metadata, or else a header.
fn received(metadata: &MetadataMap, key: &str) -> String {
    let name = key.to_lowercase().replace('_', "-");
    let names = [
        format!("rpc-transit-{name}"),
        format!("rpc-persist-{name}"),
        name,
    ];
    let found = metadata.iter().find_map(|pair| {
        let (key, value) = text(pair);
        names.contains(&key).then_some(value)
    });
    found.unwrap_or_else(|| "absent".to_owned())
}

/// A pair as text, which binary values of the tests are, too.
pub(crate) fn text(pair: KeyAndValueRef<'_>) -> (String, String) {
    let (key, value) = match pair {
        KeyAndValueRef::Ascii(key, value) => (key.to_string(), value.as_bytes().to_vec()),
        KeyAndValueRef::Binary(key, value) => {
            let value = value.to_bytes().unwrap_or_default();
            (key.to_string(), value.to_vec())
        }
    };
    (key, String::from_utf8_lossy(&value).into_owned())
}

/// Adds a header, which is binary if its name says so. What HTTP has no letters for is left out.
pub(crate) fn insert(metadata: &mut MetadataMap, key: &str, value: &str) {
    let key = key.to_lowercase();
    if key.ends_with("-bin") {
        if let Ok(key) = MetadataKey::from_bytes(key.as_bytes()) {
            let value = BinaryMetadataValue::from_bytes(value.as_bytes());
            metadata.insert_bin(key, value);
        }
    } else if let (Ok(key), Ok(value)) = (MetadataKey::from_bytes(key.as_bytes()), value.parse()) {
        metadata.insert(key, value);
    }
}
