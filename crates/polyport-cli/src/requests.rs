//! Requests as JSON: from the command line, from files, from the standard input.

use std::collections::VecDeque;
use std::fs;

use serde_json::{Deserializer, Map, Value};
use tokio::io::{AsyncBufReadExt, BufReader, Stdin, stdin};

use crate::failure::Failure;

/// Requests in the order in which they were given.
#[derive(Debug)]
pub(crate) struct Requests {
    parts: VecDeque<Part>,
}

#[derive(Debug)]
enum Part {
    One(Value),
    /// What is read while the call is under way.
    Input(Box<Lines>),
}

impl Requests {
    /// Reads all but the standard input: mistakes are found before anything is sent.
    pub(crate) fn given(data: &[String]) -> Result<Self, Failure> {
        let mut parts = VecDeque::new();
        for (text, number) in data.iter().zip(1..) {
            let (origin, text) = match text.strip_prefix('@').unwrap_or(text) {
                "-" => {
                    parts.push_back(Part::Input(Box::default()));
                    continue;
                }
                path if text.starts_with('@') => (format!("`{path}`"), read(path)?),
                text => (format!("`-d` number {number}"), text.to_owned()),
            };
            for value in Deserializer::from_str(&text).into_iter() {
                let value = value.map_err(|error| not_json(&origin, &Place::default(), &error))?;
                parts.push_back(Part::One(value));
            }
        }
        let inputs = parts.iter().filter(|part| matches!(part, Part::Input(_)));
        if inputs.count() > 1 {
            let problem = "the standard input can be read only once";
            return Err(Failure::Usage(problem.to_owned()));
        }
        Ok(Self { parts })
    }

    /// The next request; `None` after the last one.
    pub(crate) async fn next(&mut self) -> Result<Option<Value>, Failure> {
        loop {
            let input = match self.parts.pop_front() {
                None => return Ok(None),
                Some(Part::One(value)) => return Ok(Some(value)),
                Some(Part::Input(input)) => input,
            };
            let mut input = input;
            if let Some(value) = input.next().await? {
                self.parts.push_front(Part::Input(input));
                return Ok(Some(value));
            }
        }
    }

    /// All requests, when there are no more to come; an empty object if none was given.
    pub(crate) async fn all(mut self) -> Result<Vec<Value>, Failure> {
        let mut all = Vec::new();
        while let Some(request) = self.next().await? {
            all.push(request);
        }
        match all.is_empty() {
            true => Ok(vec![Value::Object(Map::new())]),
            false => Ok(all),
        }
    }

    /// The request of a call that takes one; an empty object if none was given.
    pub(crate) async fn only(mut self) -> Result<Value, Failure> {
        let request = self.next().await?;
        if self.next().await?.is_some() {
            let problem = "the method takes one request, and more were given";
            return Err(Failure::Usage(problem.to_owned()));
        }
        Ok(request.unwrap_or_else(|| Value::Object(Map::new())))
    }
}

impl From<Value> for Requests {
    fn from(value: Value) -> Self {
        Self {
            parts: [Part::One(value)].into(),
        }
    }
}

/// The standard input, one JSON value after the other; mostly one a line.
#[derive(Debug)]
struct Lines {
    input: BufReader<Stdin>,
    /// What was read and is no whole value yet.
    text: String,
    /// Where that begins.
    start: Place,
    nesting: Nesting,
}

/// How much stands before something: lines, and bytes of its own line.
#[derive(Debug, Default)]
struct Place {
    lines: usize,
    columns: usize,
}

impl Place {
    fn pass(&mut self, text: &str) {
        match text.rsplit_once('\n') {
            Some((_, last)) => {
                self.lines += text.matches('\n').count();
                self.columns = last.len();
            }
            None => self.columns += text.len(),
        }
    }
}

/// Where in a value the end of what was read is: parsing again at each line of a long one would take
/// time by the square of its length.
#[derive(Debug, Default)]
struct Nesting {
    depth: usize,
    in_text: bool,
    is_escaped: bool,
}

impl Nesting {
    /// Goes on by what was read.
    fn follow(&mut self, text: &str) {
        for byte in text.bytes() {
            let is_escaped = std::mem::take(&mut self.is_escaped);
            match byte {
                b'\\' => self.is_escaped = self.in_text && !is_escaped,
                b'"' => self.in_text ^= !is_escaped,
                b'{' | b'[' if !self.in_text => self.depth += 1,
                // One too many is the parser's to find.
                b'}' | b']' if !self.in_text => self.depth = self.depth.saturating_sub(1),
                _ => {}
            }
        }
    }

    /// Whether a value may end here.
    fn may_end(&self) -> bool {
        self.depth == 0 && !self.in_text
    }
}

impl Default for Lines {
    fn default() -> Self {
        Self {
            input: BufReader::new(stdin()),
            text: String::new(),
            start: Place::default(),
            nesting: Nesting::default(),
        }
    }
}

impl Lines {
    async fn next(&mut self) -> Result<Option<Value>, Failure> {
        let mut has_ended = false;
        loop {
            if !has_ended && !self.nesting.may_end() {
                has_ended = self.read_line().await?;
                continue;
            }
            let mut values = Deserializer::from_str(&self.text).into_iter();
            match values.next() {
                Some(Ok(value)) => {
                    let value_end = values.byte_offset();
                    self.start.pass(&self.text[..value_end]);
                    self.text.drain(..value_end);
                    return Ok(Some(value));
                }
                Some(Err(error)) if has_ended || !error.is_eof() => {
                    return Err(not_json("the standard input", &self.start, &error));
                }
                None if has_ended => return Ok(None),
                // A value of several lines, or none yet.
                Some(Err(_)) | None => {}
            }
            has_ended = self.read_line().await?;
        }
    }

    /// Whether that was the end.
    async fn read_line(&mut self) -> Result<bool, Failure> {
        let before = self.text.len();
        let count = self.input.read_line(&mut self.text).await?;
        self.nesting.follow(&self.text[before..]);
        Ok(count == 0)
    }
}

fn read(path: &str) -> Result<String, Failure> {
    fs::read_to_string(path)
        .map_err(|error| Failure::Usage(format!("cannot read `{path}`: {error}")))
}

fn not_json(origin: &str, start: &Place, error: &serde_json::Error) -> Failure {
    let (line, column) = (error.line(), error.column());
    let text = error.to_string();
    let problem = text.strip_suffix(&format!(" at line {line} column {column}"));
    let problem = problem.unwrap_or(&text);
    let column = match line {
        1 => column + start.columns,
        _ => column,
    };
    let line = line + start.lines;
    Failure::Usage(format!(
        "{origin} is not JSON: {problem} at line {line} column {column}"
    ))
}
