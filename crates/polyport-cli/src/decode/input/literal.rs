//! Bytes as they stand in programs, and as programs print them.

use crate::decode::input::dump::digit;

/// What stands between the quotes of `"..."`, `b"..."` or `b'...'`.
pub(super) fn inside_quotes(text: &str) -> Option<&str> {
    let quoted = text.strip_prefix('b').unwrap_or(text);
    let quote = quoted
        .chars()
        .next()
        .filter(|first| "\"'".contains(*first))?;
    quoted[1..].strip_suffix(quote)
}

/// The bytes of a text with `\x00`, `\n` and the like in it.
pub(super) fn escaped(text: &str) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, behind)) = rest.split_first() {
        rest = behind;
        if *first != b'\\' {
            bytes.push(*first);
            continue;
        }
        let (byte, length) = match rest {
            [b'x', high, low, ..] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
                (16 * digit(*high) + digit(*low), 3)
            }
            [b'0', ..] => (0, 1),
            [b'n', ..] => (b'\n', 1),
            [b'r', ..] => (b'\r', 1),
            [b't', ..] => (b'\t', 1),
            [other @ (b'\\' | b'"' | b'\''), ..] => (*other, 1),
            _ => {
                let at = text.len() - behind.len();
                return Err(format!(
                    "character {at} of the quoted text: `\\` must begin one of `\\x00`, `\\0`, `\\n`, \
                     `\\r`, `\\t`, `\\\\`, `\\\"`, `\\'`"
                ));
            }
        };
        bytes.push(byte);
        rest = &rest[length..];
    }
    Ok(bytes)
}

/// What stands between the brackets of `[...]`.
pub(super) fn inside_brackets(text: &str) -> Option<&str> {
    text.strip_prefix('[')?.strip_suffix(']')
}

/// The bytes of numbers such as `0, 17, 128` or `0x00 0x11 0x80`.
pub(super) fn decimal(text: &str) -> Result<Vec<u8>, String> {
    let words = text.split(|c: char| c.is_whitespace() || c == ',');
    let words = words.filter(|word| !word.is_empty());
    let number = |word: &str| {
        let parsed = match word.strip_prefix("0x") {
            Some(digits) => u8::from_str_radix(digits, 16),
            None => word.parse(),
        };
        let word = word.escape_debug();
        parsed.map_err(|_| format!("`{word}` in brackets is no number from 0 to 255"))
    };
    words.map(number).collect()
}

/// Whether an array of bytes may begin so: text beside hex may hold a brace, too.
fn begins_with_number(inside: &str) -> bool {
    let inside = inside.trim_start();
    let comment = inside.strip_prefix("/*");
    let behind = comment.and_then(|comment| comment.split_once("*/"));
    let first = behind.map_or(inside, |(_, behind)| behind).trim_start();
    first.starts_with("0x")
}

/// A program's text with blanks for what is not between braces, and for comments; `None` without
/// braces. Lines and columns stay what they are.
pub(super) fn inside_braces(text: &str) -> Option<String> {
    let mut opened = text.split('{').skip(1);
    if !opened.any(begins_with_number) {
        return None;
    }
    let mut is_inside = false;
    let mut is_comment = false;
    let mut before = ' ';
    let blanked = text.chars().map(|letter| {
        let pair = (before, letter);
        before = letter;
        match pair {
            ('/', '*') => is_comment = true,
            ('*', '/') => is_comment = false,
            (_, '{') if !is_comment => is_inside = true,
            (_, '}') if !is_comment => is_inside = false,
            _ => {}
        }
        match letter {
            '\n' => '\n',
            '{' | '}' | '/' => ' ',
            letter if is_inside && !is_comment => letter,
            _ => ' ',
        }
    });
    Some(blanked.collect())
}
