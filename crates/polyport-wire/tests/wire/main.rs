//! The formats from the outside: recorded conversations, worked examples, hostile bytes,
//! properties. Every decoder is fed its input cut at every position, see [`cut`].

#![expect(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

mod recorded;
mod examples;
mod detection;
mod frames;
mod headers;
mod hostile;
mod properties;
mod thrift_values;
mod cut;
