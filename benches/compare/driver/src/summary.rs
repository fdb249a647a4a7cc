//! Results of several rounds, and tables of them.

use std::fmt;

/// One quantity in every round.
#[derive(Clone, Debug, Default)]
pub(crate) struct Series(Vec<f64>);

/// Which end of a series is the good one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Best {
    Lowest,
    Highest,
}

impl Series {
    pub(crate) fn push(&mut self, value: f64) {
        self.0.push(value);
    }

    fn lowest(&self) -> f64 {
        self.0.iter().copied().fold(f64::INFINITY, f64::min)
    }

    fn highest(&self) -> f64 {
        self.0.iter().copied().fold(f64::NEG_INFINITY, f64::max)
    }

    pub(crate) fn best(&self, best: Best) -> f64 {
        match best {
            Best::Lowest => self.lowest(),
            Best::Highest => self.highest(),
        }
    }

    /// `best (worst)`.
    pub(crate) fn show(&self, best: Best, digits: usize) -> String {
        let (good, bad) = match best {
            Best::Lowest => (self.lowest(), self.highest()),
            Best::Highest => (self.highest(), self.lowest()),
        };
        format!("{good:.digits$} ({bad:.digits$})")
    }
}

/// A table in Markdown whose columns line up.
#[derive(Debug)]
pub(crate) struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    pub(crate) fn new(head: &[&str]) -> Self {
        let head = head.iter().map(ToString::to_string).collect();
        Self { rows: vec![head] }
    }

    pub(crate) fn row(&mut self, cells: Vec<String>) {
        self.rows.push(cells);
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let width = |column: usize| {
            let cells = self.rows.iter().filter_map(|row| row.get(column));
            cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
        };
        let widths: Vec<_> = (0..columns).map(width).collect();
        for (index, row) in self.rows.iter().enumerate() {
            for (column, (cell, width)) in row.iter().zip(&widths).enumerate() {
                match column {
                    0 => write!(f, "| {cell:<width$} |")?,
                    _ => write!(f, " {cell:>width$} |")?,
                }
            }
            writeln!(f)?;
            if index == 0 {
                for (column, width) in widths.iter().enumerate() {
                    match column {
                        0 => write!(f, "| {:-<width$} |", "")?,
                        _ => write!(f, " {:->width$} |", ":")?,
                    }
                }
                writeln!(f)?;
            }
        }
        Ok(())
    }
}
