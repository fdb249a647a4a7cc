//! What was seen, on the standard error: `>` goes to the server, `<` comes from it.

use std::fmt::Write as _;
use std::io::{Write, stderr};
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use polyport::generic::Method;
use polyport_wire::limits::Limits;

use crate::decode::PassingFrames;
use crate::failure::Failure;
use crate::target::Target;
use crate::terminal::{Color, Colors, visible_lines};

/// How many bytes a line of a dump has, and how many lines are enough.
const WIDTH: usize = 16;
const MAX_LINES: usize = 64;

/// Shows what passes the relay.
#[derive(Debug)]
pub(super) struct Log {
    method: Method,
    colors: Colors,
    passing: Mutex<Passing>,
}

/// Which way something goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    Out,
    Back,
}

/// What has passed and is not shown yet, because it is no whole frame.
#[derive(Debug)]
struct Passing {
    frames: PassingFrames,
    out: Vec<u8>,
    back: Vec<u8>,
}

impl Log {
    pub(super) fn new(target: &Target) -> Result<Self, Failure> {
        let colors = Colors::on(&stderr());
        let schema = target.services().schema().clone();
        // Who does not name the service is answered by the one that the server finds.
        let service = target.named_service().map(|_| target.full_name());
        let frames = PassingFrames::new(schema, service.as_deref(), colors);
        let frames = frames.map_err(Failure::Other)?;
        Ok(Self {
            method: target.method().clone(),
            colors,
            passing: Mutex::new(Passing {
                frames,
                out: Vec::new(),
                back: Vec::new(),
            }),
        })
    }

    /// Something that stands beside what passes.
    pub(super) fn note(&self, text: &str) {
        self.print("*", Color::Dim, &visible_lines(text));
    }

    /// Lines of what passes.
    pub(super) fn lines(&self, way: Way, text: &str) {
        let mark = match way {
            Way::Out => ">",
            Way::Back => "<",
        };
        self.print(mark, Color::Name, text);
    }

    fn print(&self, mark: &str, color: Color, text: &str) {
        let mark = self.colors.paint(color, mark);
        let mut lines = String::new();
        for line in text.lines() {
            // Writing to a text does not fail.
            let _ = writeln!(lines, "{mark} {line}");
        }
        // Who does not see this sees the outcome.
        let _ = stderr().write_all(lines.as_bytes());
    }

    /// Bytes of a connection that carries frames: each is shown when it is whole.
    pub(super) fn bytes(&self, way: Way, bytes: &[u8]) {
        let mut passing = self.passing();
        let side = passing.side(way);
        side.extend_from_slice(bytes);
        self.show(way, &mut passing, false);
    }

    /// What is left of frames that did not come to their end.
    pub(super) fn rest(&self) {
        let mut passing = self.passing();
        for way in [Way::Out, Way::Back] {
            self.show(way, &mut passing, true);
        }
    }

    fn show(&self, way: Way, passing: &mut Passing, is_all: bool) {
        loop {
            let side = std::mem::take(passing.side(way));
            let Ok(Some(shown)) = passing.frames.first(&side) else {
                return;
            };
            if !shown.is_whole && !is_all {
                *passing.side(way) = side;
                return;
            }
            let (frame, rest) = side.split_at(shown.size);
            self.lines(way, &self.dump(frame));
            self.lines(way, &shown.text);
            *passing.side(way) = rest.to_vec();
        }
    }

    /// A message that has no frame of its own.
    pub(super) fn message(&self, way: Way, flag: u8, message: &Bytes) {
        let json = match (flag, way) {
            (0, Way::Out) => self
                .method
                .decode_arguments(message, &Limits::default())
                .ok(),
            (0, Way::Back) => self.method.decode_result(message, &Limits::default()).ok(),
            _ => None,
        };
        let compressed = if flag == 0 { "" } else { ", compressed" };
        let mut text = format!("message, {} bytes{compressed}\n", message.len());
        text.push_str(&self.dump(message));
        if let Some(json) = json {
            text.push_str(&visible_lines(&json.to_string()));
        }
        self.lines(way, &text);
    }

    /// As `hexdump -C` has it, which `polyport decode` reads again.
    fn dump(&self, bytes: &[u8]) -> String {
        let mut text = String::new();
        for (chunk, number) in bytes.chunks(WIDTH).zip(0..MAX_LINES) {
            let hex: Vec<String> = chunk.iter().map(|byte| format!("{byte:02x}")).collect();
            let (hex, width) = (hex.join(" "), 3 * WIDTH - 1);
            let letters = chunk.iter().map(|byte| match byte {
                b' '..=b'~' => char::from(*byte),
                _ => '.',
            });
            let letters: String = letters.collect();
            let line = format!("{:08x}  {hex:width$}  |{letters}|", number * WIDTH);
            text.push_str(&self.colors.paint(Color::Dim, &line));
            text.push('\n');
        }
        let left = bytes.len().saturating_sub(WIDTH * MAX_LINES);
        if left > 0 {
            let _ = writeln!(text, "{left} more bytes");
        }
        text
    }

    fn passing(&self) -> MutexGuard<'_, Passing> {
        self.passing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Passing {
    fn side(&mut self, way: Way) -> &mut Vec<u8> {
        match way {
            Way::Out => &mut self.out,
            Way::Back => &mut self.back,
        }
    }
}
