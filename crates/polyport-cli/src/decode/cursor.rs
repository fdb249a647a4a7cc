//! A place in the bytes, and what is wrong there.

use std::fmt;

use serde::Serialize;

/// Reads from the bytes until something is wrong with them; from then on it gives nothing.
#[derive(Debug)]
pub(super) struct Cursor<'a> {
    /// From the start of the input to where reading has to end.
    bytes: &'a [u8],
    at: usize,
    /// What ends there.
    part: &'static str,
    problem: Option<Problem>,
}

/// What was expected at a place, and what was seen there instead.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Problem {
    pub(super) offset: usize,
    pub(super) expected: String,
    pub(super) seen: String,
    /// The names of the values around the place, the outermost first.
    #[serde(rename = "in", skip_serializing_if = "Vec::is_empty")]
    pub(super) trail: Vec<String>,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at byte {}", self.offset)?;
        for (index, place) in self.trail.iter().enumerate() {
            let joint = match index {
                0 => ", in ",
                _ if place.starts_with('[') => "",
                _ => ".",
            };
            write!(f, "{joint}{place}")?;
        }
        write!(f, ": expected {}; {}", self.expected, self.seen)
    }
}

impl Problem {
    pub(super) fn new(offset: usize, expected: impl Into<String>, seen: impl Into<String>) -> Self {
        Self {
            offset,
            expected: expected.into(),
            seen: seen.into(),
            trail: Vec::new(),
        }
    }
}

impl<'a> Cursor<'a> {
    /// At `at` in `bytes`, where `part` ends with the bytes.
    pub(super) fn new(bytes: &'a [u8], at: usize, part: &'static str) -> Self {
        Self {
            bytes,
            at: at.min(bytes.len()),
            part,
            problem: None,
        }
    }

    /// How far reading has come, from the start of the input.
    pub(super) fn at(&self) -> usize {
        self.at
    }

    /// What ends where this ends.
    pub(super) fn part(&self) -> &'static str {
        self.part
    }

    /// A cursor at the same place that ends after `len` bytes, or before that where this one does.
    pub(super) fn limit(&self, len: usize, part: &'static str) -> Self {
        match self.rest().get(..len) {
            Some(_) => Self::new(&self.bytes[..self.at + len], self.at, part),
            None => Self::new(self.bytes, self.at, self.part),
        }
    }

    /// What has not been read.
    pub(super) fn rest(&self) -> &'a [u8] {
        &self.bytes[self.at..]
    }

    /// Whether nothing has been wrong so far.
    pub(super) fn is_well(&self) -> bool {
        self.problem.is_none()
    }

    pub(super) fn into_problem(self) -> Option<Problem> {
        self.problem
    }

    /// Notes what is wrong, unless something was before.
    pub(super) fn fail(&mut self, at: usize, expected: impl Into<String>, seen: impl Into<String>) {
        if self.problem.is_none() {
            self.problem = Some(Problem::new(at, expected, seen));
        }
    }

    /// Takes over what was wrong in a part of this one, unless something was before.
    pub(super) fn adopt(&mut self, part: Self) {
        if self.problem.is_none() {
            self.problem = part.problem;
        }
    }

    /// Says in which value something is wrong, if something is; called on the way out.
    pub(super) fn within(&mut self, place: impl FnOnce() -> String) {
        if let Some(problem) = &mut self.problem {
            problem.trail.insert(0, place());
        }
    }

    /// The next `len` bytes, which are `what`.
    pub(super) fn take(&mut self, len: usize, what: &str) -> Option<&'a [u8]> {
        if self.problem.is_some() {
            return None;
        }
        let rest = self.rest();
        let Some(taken) = rest.get(..len) else {
            let bytes = if len == 1 { "byte" } else { "bytes" };
            let seen = match rest.len() {
                0 => format!("{} ends here", self.part),
                left => format!("{} ends after {left}", self.part),
            };
            self.fail(self.at, format!("{len} {bytes} of {what}"), seen);
            return None;
        };
        self.at += len;
        Some(taken)
    }

    /// Notes it when fewer than `len` bytes, which are `what`, are there.
    pub(super) fn expect(&mut self, len: usize, what: &str) {
        let at = self.at;
        self.take(len, what);
        self.at = at;
    }

    pub(super) fn array<const N: usize>(&mut self, what: &str) -> Option<[u8; N]> {
        self.take(N, what)?.first_chunk().copied()
    }

    pub(super) fn u8(&mut self, what: &str) -> Option<u8> {
        self.array(what).map(u8::from_be_bytes)
    }

    pub(super) fn u16(&mut self, what: &str) -> Option<u16> {
        self.array(what).map(u16::from_be_bytes)
    }

    pub(super) fn u32(&mut self, what: &str) -> Option<u32> {
        self.array(what).map(u32::from_be_bytes)
    }

    pub(super) fn i32(&mut self, what: &str) -> Option<i32> {
        self.array(what).map(i32::from_be_bytes)
    }

    /// A count of things that take `minimum` bytes each, if as much is there.
    pub(super) fn count(&mut self, minimum: usize, what: &str) -> Option<usize> {
        let at = self.at;
        let announced = self.i32(what)?;
        let left = self.rest().len();
        match usize::try_from(announced) {
            Ok(count) if count.saturating_mul(minimum) <= left => Some(count),
            Ok(_) => {
                let expected = format!("{what} of at most {}", left / minimum.max(1));
                let part = self.part;
                let seen = format!("saw {announced}, and {part} has {left} more bytes");
                self.fail(at, expected, seen);
                None
            }
            Err(_) => {
                self.fail(
                    at,
                    format!("{what} of 0 or more"),
                    format!("saw {announced}"),
                );
                None
            }
        }
    }
}
