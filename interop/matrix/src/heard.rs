//! What servers and clients have complained about of late: whoever reads why a cell failed wants to see it.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::{self, ThreadId};

use tokio::time::Instant;

/// How many lines are kept, of all together.
const KEPT: usize = 2000;

/// How many are shown of those that were said during a cell, the last ones.
const SHOWN: usize = 20;

static LINES: Mutex<VecDeque<Line>> = Mutex::new(VecDeque::new());

struct Line {
    /// Who runs the program, and compares what comes of calls.
    of: ThreadId,
    at: Instant,
    text: String,
}

/// A program that is listened to, and the thread that runs it.
#[derive(Debug)]
pub(crate) struct Speaker {
    name: String,
    of: ThreadId,
}

impl Speaker {
    /// A program of this thread.
    pub(crate) fn new(name: String) -> Self {
        let of = thread::current().id();
        Self { name, of }
    }

    pub(crate) fn says(&self, line: &str) {
        let mut lines = lines();
        lines.push_back(Line {
            of: self.of,
            at: Instant::now(),
            text: format!("{}: {line}", self.name),
        });
        if lines.len() > KEPT {
            lines.pop_front();
        }
    }
}

/// What this thread's programs have said since then, as far as it has been read.
pub(crate) fn since(then: Option<Instant>) -> Vec<String> {
    let of = thread::current().id();
    let lines = lines();
    let said = lines
        .iter()
        .filter(|line| line.of == of && then.is_none_or(|then| line.at >= then));
    let mut said: Vec<String> = said
        .rev()
        .take(SHOWN)
        .map(|line| line.text.clone())
        .collect();
    said.reverse();
    said
}

fn lines() -> MutexGuard<'static, VecDeque<Line>> {
    LINES.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_is_told_what_its_own_servers_said_since_then() {
        let speaker = Speaker::new("server".to_owned());
        speaker.says("before");
        let then = Instant::now();
        for number in 0..=SHOWN {
            speaker.says(&number.to_string());
        }
        let of_another = thread::spawn(|| Speaker::new("other".to_owned())).join();
        of_another.unwrap().says("something else");
        let said = since(Some(then));
        assert_eq!(said.len(), SHOWN);
        assert_eq!(said[0], "server: 1");
        assert_eq!(said[SHOWN - 1], format!("server: {SHOWN}"));
    }
}
