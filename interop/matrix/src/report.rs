//! What was compared, and the table at the end.

use std::any::Any;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use tokio::time::Instant;

use crate::heard;

/// Every cell's outcome, by column.
#[derive(Debug, Default)]
pub(crate) struct Report {
    columns: BTreeMap<String, Column>,
    failures: Vec<String>,
    /// When the cell before was compared.
    before: Option<Instant>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Column {
    passed: usize,
    failed: usize,
}

impl Report {
    /// What is compared here. A panic is one more failure, and what was compared before it stays.
    pub(crate) fn of(column: &str, compare: impl FnOnce(&mut Self)) -> Self {
        let mut report = Self::default();
        // Each record is complete before anything else is compared.
        let ended = catch_unwind(AssertUnwindSafe(|| compare(&mut report)));
        if let Err(panic) = ended {
            report.record(column, "runs to its end", Err(said_by(&*panic)));
        }
        report
    }

    /// Compares one cell.
    pub(crate) fn compare<T: PartialEq + ToString>(
        &mut self,
        column: &str,
        cell: &str,
        expected: &T,
        seen: &T,
    ) {
        let outcome = if expected == seen {
            Ok(())
        } else {
            Err(format!(
                "\n    expected {}\n    seen     {}",
                shorten(&expected.to_string()),
                shorten(&seen.to_string())
            ))
        };
        self.record(column, cell, outcome);
    }

    /// Notes one cell's outcome.
    pub(crate) fn record(&mut self, column: &str, cell: &str, outcome: Result<(), String>) {
        let entry = self.columns.entry(column.to_owned()).or_default();
        match outcome {
            Ok(()) => entry.passed += 1,
            Err(reason) => {
                entry.failed += 1;
                let said = heard::since(self.before);
                let said: String = said.iter().map(|line| format!("\n    | {line}")).collect();
                self.failures
                    .push(format!("{column} | {cell}: {reason}{said}"));
            }
        }
        self.before = Some(Instant::now());
    }

    /// Takes over what another thread compared.
    pub(crate) fn merge(&mut self, other: Self) {
        for (name, more) in other.columns {
            let column = self.columns.entry(name).or_default();
            column.passed += more.passed;
            column.failed += more.failed;
        }
        self.failures.extend(other.failures);
    }

    pub(crate) fn failed(&self) -> usize {
        self.failures.len()
    }

    pub(crate) fn print(&self) {
        for failure in &self.failures {
            println!("FAILED {failure}");
        }
        println!("{:58} passed  failed", "column");
        for (name, column) in &self.columns {
            println!("{name:58} {:6}  {:6}", column.passed, column.failed);
        }
        let passed: usize = self.columns.values().map(|column| column.passed).sum();
        println!("{passed} passed, {} failed", self.failed());
    }
}

fn said_by(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    format!("panicked: {}", text.unwrap_or("without a text"))
}

fn shorten(text: &str) -> String {
    const MOST: usize = 600;
    match text.char_indices().nth(MOST) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}... ({} bytes)", &text[..end], text.len()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_two_cells() -> Report {
        let mut report = Report::default();
        report.record("column", "good", Ok(()));
        report.record("column", "bad", Err("why".to_owned()));
        report
    }

    #[test]
    fn a_column_of_two_threads_has_the_cells_of_both() {
        let mut report = of_two_cells();
        report.merge(of_two_cells());
        let mut good = Report::default();
        good.record("column", "good", Ok(()));
        report.merge(good);
        let column = report.columns["column"];
        assert_eq!((column.passed, column.failed), (3, 2));
        assert_eq!(report.failed(), 2);
    }

    #[test]
    fn a_panic_is_a_failure_beside_what_was_compared_before() {
        let report = Report::of("kitex", |report| {
            report.record("column", "good", Ok(()));
            panic!("no {}", "server");
        });
        assert_eq!(report.columns["column"].passed, 1);
        assert_eq!(report.columns["kitex"].failed, 1);
        assert!(report.failures[0].starts_with("kitex | runs to its end: panicked: no server"));
    }
}
