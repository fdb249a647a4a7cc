//! What was compared, and the table at the end.

use std::collections::BTreeMap;

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
        self.columns.extend(other.columns);
        self.failures.extend(other.failures);
    }

    pub(crate) fn failed(&self) -> usize {
        self.columns.values().map(|column| column.failed).sum()
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

fn shorten(text: &str) -> String {
    const MOST: usize = 600;
    match text.char_indices().nth(MOST) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}... ({} bytes)", &text[..end], text.len()),
    }
}
