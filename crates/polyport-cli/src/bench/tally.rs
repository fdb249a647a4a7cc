//! What came of calls.

use std::collections::BTreeMap;

use hdrhistogram::Histogram;
use tokio::time::Instant;

/// Kinds of failures beyond these are counted together: a server may make up any number.
const MOST_KINDS: usize = 32;

/// The longest example of a failure, in characters.
const LONGEST_EXAMPLE: usize = 400;

/// The longest time that is told from longer ones, in nanoseconds.
const LONGEST: u64 = 3_600_000_000_000;

/// Why a call has no answer, or none that counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Failed {
    /// In few words, the same for all that are of a kind.
    pub(super) kind: String,
    pub(super) text: String,
}

/// The outcomes of many calls.
#[derive(Clone, Debug)]
pub(super) struct Tally {
    /// Of answered calls, in nanoseconds.
    pub(super) latencies: Histogram<u64>,
    /// Messages in the answers.
    pub(super) messages: u64,
    pub(super) failures: BTreeMap<String, Kind>,
    /// When the last call ended.
    pub(super) last: Option<Instant>,
}

/// Failures of one kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Kind {
    pub(super) count: u64,
    pub(super) example: String,
}

impl Tally {
    pub(super) fn new() -> Self {
        let latencies = Histogram::new_with_bounds(1, LONGEST, 3)
            .expect("these bounds are ones that a histogram can have");
        Self {
            latencies,
            messages: 0,
            failures: BTreeMap::new(),
            last: None,
        }
    }

    /// Counts a call that should have begun at `intended` and has ended now; an answer has so many
    /// messages.
    pub(super) fn count(&mut self, intended: Instant, outcome: Result<u64, Failed>) {
        let now = Instant::now();
        self.last = Some(now);
        match outcome {
            Ok(messages) => {
                self.messages += messages;
                let latency = now.saturating_duration_since(intended).as_nanos();
                let latency = u64::try_from(latency).unwrap_or(u64::MAX);
                self.latencies.saturating_record(latency);
            }
            Err(Failed { kind, text }) => self.count_failures(kind, text, 1),
        }
    }

    /// Counts what another tally has counted.
    pub(super) fn add(&mut self, other: Self) {
        self.latencies += &other.latencies;
        self.messages += other.messages;
        self.last = self.last.max(other.last);
        for (kind, Kind { count, example }) in other.failures {
            self.count_failures(kind, example, count);
        }
    }

    pub(super) fn answered(&self) -> u64 {
        self.latencies.len()
    }

    pub(super) fn failed(&self) -> u64 {
        self.failures.values().map(|kind| kind.count).sum()
    }

    fn count_failures(&mut self, kind: String, text: String, count: u64) {
        let is_new = !self.failures.contains_key(&kind);
        let kind = match is_new && self.failures.len() >= MOST_KINDS {
            true => "others".to_owned(),
            false => kind,
        };
        let known = self.failures.entry(kind).or_insert_with(|| Kind {
            count: 0,
            example: cut(text),
        });
        known.count += count;
    }
}

fn cut(mut text: String) -> String {
    if let Some((end, _)) = text.char_indices().nth(LONGEST_EXAMPLE) {
        text.truncate(end);
        text.push_str("...");
    }
    text
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn failed(kind: &str, text: &str) -> Failed {
        Failed {
            kind: kind.to_owned(),
            text: text.to_owned(),
        }
    }

    #[test]
    fn outcomes_add_up() {
        let long_ago = Instant::now() - Duration::from_millis(250);
        let mut all = Tally::new();
        for _ in 0..3 {
            let mut part = Tally::new();
            part.count(long_ago, Ok(2));
            part.count(Instant::now(), Err(failed("timeout", "too late")));
            part.count(Instant::now(), Err(failed("exception 6", "no")));
            all.add(part);
        }
        assert_eq!((all.answered(), all.messages, all.failed()), (3, 6, 6));
        assert_eq!(all.failures["timeout"].count, 3);
        assert_eq!(all.failures["timeout"].example, "too late");
        // As exact as three digits are.
        assert!(
            all.latencies.min() >= 249_500_000,
            "{:?}",
            all.latencies.min()
        );
        assert!(all.last > Some(long_ago));
    }

    #[test]
    fn failures_take_bounded_memory() {
        let mut all = Tally::new();
        for number in 0..1000 {
            let text = "é".repeat(LONGEST_EXAMPLE + 1);
            all.count(Instant::now(), Err(failed(&format!("{number}"), &text)));
        }
        assert_eq!(all.failures.len(), MOST_KINDS + 1);
        assert_eq!(all.failed(), 1000);
        let longest = "é".repeat(LONGEST_EXAMPLE) + "...";
        assert!(all.failures.values().all(|kind| kind.example == longest));
    }
}
