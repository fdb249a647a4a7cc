//! A server from outside, over real connections.

#![expect(clippy::unwrap_used, reason = "these are tests")]

mod framing;
mod multiplexed;
mod oneway;
mod failures;
mod statuses;
mod fairness;
mod rejected;
mod metadata;
mod deadlines;
mod differences;
mod layers;
mod options;
mod ready_made;
mod tower;
mod errors;
mod admission;
mod old_names;
mod limits;
mod hostile;
mod stop;
