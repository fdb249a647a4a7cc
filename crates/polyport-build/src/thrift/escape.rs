//! Texts without their quotes.

use std::ops::Range;

/// What stands between the quotes. Only a quote loses the backslash before it, as for Kitex: in
/// annotations and paths a backslash is a letter like others.
pub(crate) fn unquoted(token: &str) -> String {
    let inside = inside(token);
    let mut text = String::with_capacity(inside.len());
    let mut letters = inside.chars().peekable();
    while let Some(letter) = letters.next() {
        match (letter, letters.peek()) {
            ('\\', Some('\\')) => {
                letters.next();
                text.push_str("\\\\");
            }
            ('\\', Some(next)) if token.starts_with(*next) => {}
            _ => text.push(letter),
        }
    }
    text
}

/// The bytes of a value between its quotes. The escapes are those of Go, into whose texts Kitex
/// copies them. What means nothing is given as its place in `token`.
pub(crate) fn unescaped(token: &str) -> Result<Vec<u8>, Range<usize>> {
    let inside = inside(token);
    let mut bytes = Vec::with_capacity(inside.len());
    let mut rest = inside;
    while let Some(place) = rest.find('\\') {
        bytes.extend_from_slice(&rest.as_bytes()[..place]);
        let escape = &rest[place + 1..];
        let Some(len) = escaped(escape, &mut bytes) else {
            let start = 1 + inside.len() - escape.len() - 1;
            let letter = escape.chars().next().map_or(0, char::len_utf8);
            return Err(start..start + 1 + letter);
        };
        rest = &escape[len..];
    }
    bytes.extend_from_slice(rest.as_bytes());
    Ok(bytes)
}

/// Without the quotes; the last one is missing where the text has no end.
fn inside(token: &str) -> &str {
    let quote = &token[..token.len().min(1)];
    let inside = token.get(1..).unwrap_or_default();
    inside.strip_suffix(quote).unwrap_or(inside)
}

/// Adds what stands for the letters behind a backslash, and gives how many bytes those are.
fn escaped(escape: &str, bytes: &mut Vec<u8>) -> Option<usize> {
    let first = *escape.as_bytes().first()?;
    let byte = match first {
        b'a' => 0x07,
        b'b' => 0x08,
        b'f' => 0x0c,
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        b'v' => 0x0b,
        b'\\' | b'\'' | b'"' => first,
        b'0'..=b'7' => {
            bytes.push(u8::try_from(digits(escape, 0..3, 8)?).ok()?);
            return Some(3);
        }
        b'x' => {
            bytes.push(u8::try_from(digits(escape, 1..3, 16)?).ok()?);
            return Some(3);
        }
        b'u' => return letter(escape, 5, bytes),
        b'U' => return letter(escape, 9, bytes),
        _ => return None,
    };
    bytes.push(byte);
    Some(1)
}

/// A letter by its number in Unicode, as UTF-8.
fn letter(escape: &str, len: usize, bytes: &mut Vec<u8>) -> Option<usize> {
    let letter = char::from_u32(digits(escape, 1..len, 16)?)?;
    bytes.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
    Some(len)
}

fn digits(escape: &str, range: Range<usize>, radix: u32) -> Option<u32> {
    let digits = escape.get(range)?;
    let all = digits.chars().all(|digit| digit.is_digit(radix));
    all.then(|| u32::from_str_radix(digits, radix).ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_have_the_escapes_of_go() {
        let value = |token: &str| unescaped(token).map_err(|place| token[place].to_owned());
        let text = r#""a\"b\'c\\ \a\b\f\n\r\t\v é""#;
        let expected = "a\"b'c\\ \x07\x08\x0c\n\r\t\x0b é";
        assert_eq!(value(text), Ok(expected.as_bytes().to_vec()));
        assert_eq!(value(r"'\101\x41\u0041\U0001F600'"), Ok("AAA😀".into()));
        assert_eq!(value(r"'\xff\377'"), Ok(vec![0xff, 0xff]));
        for wrong in [r"\d", r"\é", r"\x", r"\0", r"\4", r"\u", r"\U"] {
            let found = value(&format!("\"é\\n{wrong}4\""));
            assert_eq!(found, Err(wrong.to_owned()), "{wrong}");
        }
        // Too large for a byte, half of a letter, no sign but a digit.
        for wrong in [r"\477", r"\ud800", r"\x+1"] {
            assert!(value(&format!("'{wrong}'")).is_err(), "{wrong}");
        }
    }

    #[test]
    fn other_texts_keep_their_backslashes() {
        assert_eq!(unquoted(r#""a\"b\'\d+\\n""#), r#"a"b\'\d+\\n"#);
        assert_eq!(unquoted(r"'it\'s'"), "it's");
        assert_eq!(unquoted(r"'\\'"), r"\\");
    }

    #[test]
    fn a_text_may_have_no_end() {
        assert_eq!(unquoted("'x"), "x");
        assert_eq!(unquoted("'"), "");
        assert_eq!(unescaped("\"\\").map_err(|place| place.start), Err(1));
    }
}
