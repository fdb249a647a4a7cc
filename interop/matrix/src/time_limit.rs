//! Programs are waited for, but not for ever.

use std::process::{Child, Command, Output};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// Longer than any program takes that does not hang. The clients' own patience, of which they say
/// that it is over, is shorter.
pub(crate) const LIMIT: Duration = Duration::from_secs(300);

/// Longer than anything takes that a busy machine does late, and before a client gives up that was told of
/// no time, which is after 120 s.
pub(crate) const SOON: Duration = Duration::from_secs(90);

/// What ends a program that does not end. Whoever reads its output then finds the end of it.
#[derive(Debug)]
pub(crate) struct TimeLimit {
    /// Never sent to: the watcher finds that it is gone.
    wanted: Sender<()>,
    watcher: JoinHandle<bool>,
    limit: Duration,
}

impl TimeLimit {
    pub(crate) fn of(child: &Child) -> Self {
        Self::new(child, LIMIT)
    }

    fn new(child: &Child, limit: Duration) -> Self {
        let process = child.id().to_string();
        let (wanted, gone) = mpsc::channel();
        let watcher = thread::spawn(move || {
            let is_over = gone.recv_timeout(limit) == Err(RecvTimeoutError::Timeout);
            if is_over {
                let _ = Command::new("kill").args(["-KILL", &process]).status();
            }
            is_over
        });
        Self {
            wanted,
            watcher,
            limit,
        }
    }

    /// What was waited for is there. An error says that the program was killed instead.
    pub(crate) fn kept(self) -> Result<(), String> {
        drop(self.wanted);
        match self.watcher.join() {
            Ok(false) => Ok(()),
            _ => Err(format!("not within {:?}, killed", self.limit)),
        }
    }
}

/// Runs a program to its end. An error says what was waited for.
///
/// # Panics
///
/// Panics if there is no such program.
pub(crate) fn output(command: &mut Command) -> Result<Output, String> {
    let asked: String = format!("{command:?}").chars().take(500).collect();
    let child = match command.spawn() {
        Ok(child) => child,
        Err(error) => panic!("{asked} cannot be run: {error}"),
    };
    let limit = TimeLimit::of(&child);
    let output = child.wait_with_output();
    limit.kept().map_err(|error| format!("{error}: {asked}"))?;
    output.map_err(|error| format!("{error}: {asked}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_hangs_is_killed() {
        let mut child = Command::new("sleep").arg("1000").spawn().unwrap();
        let limit = TimeLimit::new(&child, Duration::from_millis(1));
        assert!(!child.wait().unwrap().success());
        assert_eq!(limit.kept(), Err("not within 1ms, killed".to_owned()));
    }

    #[test]
    fn a_program_that_ends_is_left_alone() {
        let ended = output(&mut Command::new("true")).unwrap();
        assert!(ended.status.success());
    }
}
