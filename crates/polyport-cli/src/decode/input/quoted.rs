//! Texts of bytes as they stand in programs, and as programs print them.

use crate::decode::input::dump::{digit, place};

/// The bytes of `"..."`, `b"..."` or `b'...'`, or of several that are one text, as in C; `None` when the text
/// begins with something else.
pub(super) fn bytes(text: &str) -> Option<Result<Vec<u8>, String>> {
    Opened::new(text.trim_start())?;
    Some(joined(text))
}

fn joined(text: &str) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let start = text.len() - rest.len();
        let wrong = |at, problem: &str| Err(format!("{}: {problem}", place(text, at)));
        let Some(opened) = Opened::new(rest) else {
            return wrong(start, "expected the end, or one more text in quotes");
        };
        rest = match opened.append(&mut bytes) {
            Ok(behind) => behind.trim_start(),
            Err((Some(behind), problem)) => return wrong(text.len() - behind.len(), &problem),
            Err((None, problem)) => return wrong(start, &problem),
        };
    }
    Ok(bytes)
}

/// A text whose first quote was read.
#[derive(Clone, Copy, Debug)]
struct Opened<'a> {
    inside: &'a str,
    quote: char,
    has_prefix: bool,
}

/// What is wrong, and from where on; from the quote on if that is not said.
type Wrong<'a> = (Option<&'a str>, String);

impl<'a> Opened<'a> {
    fn new(text: &'a str) -> Option<Self> {
        let quoted = text.strip_prefix('b');
        let has_prefix = quoted.is_some();
        let mut letters = quoted.unwrap_or(text).chars();
        let quote = letters.next().filter(|first| "\"'".contains(*first))?;
        let inside = letters.as_str();
        Some(Self {
            inside,
            quote,
            has_prefix,
        })
    }

    /// Appends the bytes, and gives what stands behind the last quote.
    fn append(self, bytes: &mut Vec<u8>) -> Result<&'a str, Wrong<'a>> {
        let mut rest = self.inside;
        while let Some(letter) = rest.chars().next() {
            let behind = &rest[letter.len_utf8()..];
            if letter == self.quote {
                return Ok(behind);
            }
            if letter != '\\' {
                bytes.extend(&rest.as_bytes()[..letter.len_utf8()]);
                rest = behind;
                continue;
            }
            let escape = self.escape(behind.as_bytes());
            let (byte, length) = escape.map_err(|problem| (Some(rest), problem))?;
            bytes.push(byte);
            rest = &behind[length..];
        }
        Err((None, "this text has no last quote".to_owned()))
    }

    /// The byte that is meant by what stands behind a backslash, and how long that is.
    fn escape(self, behind: &[u8]) -> Result<(u8, usize), String> {
        let octal = behind.iter().take(3);
        let octal = octal.take_while(|digit| (b'0'..=b'7').contains(*digit));
        match (behind, octal.count()) {
            ([b'x', high, low, ..], _) if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
                Ok((16 * digit(*high) + digit(*low), 3))
            }
            // One byte in C, and in Rust, which prints a zero so, several.
            ([b'0', ..], 2) => Err(AMBIGUOUS.to_owned()),
            ([b'0', ..], 3) if self.has_prefix => Err(AMBIGUOUS.to_owned()),
            ([b'0', ..], 1) => Ok((0, 1)),
            ([b'0'..=b'3', ..], 3) => {
                let value = |byte: u8, next: &u8| 8 * byte + (next - b'0');
                Ok((behind[..3].iter().fold(0, value), 3))
            }
            ([letter, ..], 0) => {
                let known = ESCAPES.iter().find(|(name, _)| name == letter);
                known.map(|(_, byte)| (*byte, 1)).ok_or_else(expected)
            }
            _ => Err(expected()),
        }
    }
}

const AMBIGUOUS: &str = "`\\0` with more digits behind it is one byte in C and several in Rust; write \
    each byte as `\\x00`";

/// Letters behind a backslash, and what they mean.
const ESCAPES: [(u8, u8); 10] = [
    (b'n', b'\n'),
    (b'r', b'\r'),
    (b't', b'\t'),
    (b'\\', b'\\'),
    (b'"', b'"'),
    (b'\'', b'\''),
    (b'a', 7),
    (b'b', 8),
    (b'v', 11),
    (b'f', 12),
];

fn expected() -> String {
    let letters = ESCAPES.map(|(name, _)| format!("`\\{}`", char::from(name)));
    let letters = letters.join(", ");
    format!("`\\` must begin one of `\\x00`, `\\0`, `\\000` to `\\377`, {letters}")
}
