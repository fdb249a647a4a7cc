//! Arrays of bytes as they stand in programs, and as programs print them.

use crate::decode::input::dump::place;

/// The bytes of lists such as `[0, 17, 128]` and, by Go, `[0 17 128]`; of hex in brackets, too, where it can
/// be told from decimal numbers. `None` without brackets.
pub(super) fn in_brackets(text: &str) -> Option<Result<Vec<u8>, String>> {
    let inside = text.trim().strip_prefix('[')?.strip_suffix(']')?;
    Some(hex_or_decimal(inside))
}

fn hex_or_decimal(inside: &str) -> Result<Vec<u8>, String> {
    let bare = || words(inside).filter(|word| digits_of_hex(word).is_none());
    if let Some(proof) = bare().find(|word| is_only_hex(word)) {
        let byte = |word| hex(word).ok_or_else(|| no_hex(word, proof));
        return words(inside).map(byte).collect();
    }
    // `[% x]` in Go, and `{:02x?}` in Rust.
    if bare().next().is_some() && bare().all(|word| word.len() == 2 && is_decimal(word)) {
        let problem = "these numbers in brackets may be decimal or hex: write `0x` before each of them, or \
                       hex without brackets";
        return Err(problem.to_owned());
    }
    let number = |word| number(word).ok_or_else(|| no_number(word, "brackets"));
    words(inside).map(number).collect()
}

/// Whether a word without `0x` is hex and nothing else.
fn is_only_hex(word: &str) -> bool {
    let is_hex = word.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_hex && !is_decimal(word)
}

fn is_decimal(word: &str) -> bool {
    let starts_with_zero = word.len() > 1 && word.starts_with('0');
    !starts_with_zero && word.bytes().all(|byte| byte.is_ascii_digit())
}

/// A byte in hex, with `0x` or without.
fn hex(word: &str) -> Option<u8> {
    let digits = digits_of_hex(word).unwrap_or(word);
    let is_byte = digits.len() <= 2 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    u8::from_str_radix(digits, 16).ok().filter(|_| is_byte)
}

/// A byte as programs write numbers: decimal, but for `0x`. With other zeros in front it is octal in C.
fn number(word: &str) -> Option<u8> {
    match digits_of_hex(word) {
        Some(_) => hex(word),
        None => word.parse().ok().filter(|_| is_decimal(word)),
    }
}

fn digits_of_hex(word: &str) -> Option<&str> {
    word.strip_prefix("0x").or_else(|| word.strip_prefix("0X"))
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    let words = text.split(|c: char| c.is_whitespace() || c == ',');
    words.filter(|word| !word.is_empty())
}

fn no_number(word: &str, around: &str) -> String {
    let word = word.escape_debug();
    format!("`{word}` in {around} is no number from 0 to 255")
}

fn no_hex(word: &str, proof: &str) -> String {
    let word = word.escape_debug();
    format!("`{word}` in brackets is no byte in hex, and `{proof}` is no decimal number")
}

/// The bytes of all arrays between braces, as in C, Go and Rust; `None` when there are none.
pub(super) fn in_braces(text: &str) -> Option<Result<Vec<u8>, String>> {
    // Text beside hex may hold a brace, too.
    let mut opened = text.split('{').skip(1);
    if !opened.any(|inside| inside[blank(inside)..].starts_with("0x")) {
        return None;
    }
    let inside = inside_braces(text);
    let number = |word: &str| {
        number(word).ok_or_else(|| {
            let at = word.as_ptr().addr() - inside.as_ptr().addr();
            format!("{}: {}", place(&inside, at), no_number(word, "braces"))
        })
    };
    Some(words(&inside).map(number).collect())
}

/// A program's text with blanks for what is not between braces, and for comments. Lines and columns stay
/// what they are.
fn inside_braces(text: &str) -> String {
    let mut blanked = String::with_capacity(text.len());
    let mut is_inside = false;
    let mut rest = text;
    while let Some(letter) = rest.chars().next() {
        let comment = behind_comment(rest);
        if comment.is_none() && "{}".contains(letter) {
            is_inside = letter == '{';
        }
        let is_shown = is_inside && comment.is_none() && letter != '{';
        let (here, behind) = rest.split_at(comment.unwrap_or_else(|| letter.len_utf8()));
        let shown = |letter| {
            if is_shown || letter == '\n' {
                letter
            } else {
                ' '
            }
        };
        blanked.extend(here.chars().map(shown));
        rest = behind;
    }
    blanked
}

/// How much of a text is blanks and comments, before anything else.
fn blank(text: &str) -> usize {
    let mut rest = text.trim_start();
    while let Some(comment) = behind_comment(rest) {
        rest = rest[comment..].trim_start();
    }
    text.len() - rest.len()
}

/// Where a comment ends, if the text begins with one.
fn behind_comment(text: &str) -> Option<usize> {
    if text.starts_with("//") {
        return Some(text.find('\n').unwrap_or(text.len()));
    }
    let inside = text.strip_prefix("/*")?;
    Some(inside.find("*/").map_or(text.len(), |end| end + 4))
}
