//! Bytes as people have them at hand: hex in many shapes, or as they are.

use polyport_wire::detect::{Detection, Foreign, detect};

/// The bytes that `content` stands for: hex or a dump of it, or the bytes themselves.
///
/// # Errors
///
/// When it is text, but not hex.
pub(super) fn from_content(content: Vec<u8>) -> Result<Vec<u8>, String> {
    let is_text = |byte: &u8| byte.is_ascii_graphic() || byte.is_ascii_whitespace();
    if !content.iter().all(is_text) {
        return Ok(content);
    }
    // A request of HTTP/1 is text as well.
    if matches!(
        detect(&content),
        Detection::Http2 | Detection::Foreign(Foreign::Http1)
    ) {
        return Ok(content);
    }
    from_hex(&String::from_utf8_lossy(&content))
}

/// The bytes that hex stands for: with or without blanks, commas, colons, `0x` and `\x`, or as
/// `xxd` and `hexdump -C` print it.
///
/// # Errors
///
/// When it is something else; the error says where.
pub(super) fn from_hex(text: &str) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::with_capacity(text.len() / 2);
    let mut dump = false;
    for (line, number) in text.lines().zip(1..) {
        let Some(content) = content(line, &mut dump) else {
            continue;
        };
        if dump && content.trim() == "*" {
            return Err(format!(
                "line {number}: `*` stands for lines that were left out; dump them with `hexdump -vC`"
            ));
        }
        // Where it stands in the line, for the message.
        let column = content.as_ptr().addr() - line.as_ptr().addr() + 1;
        line_bytes(content, &mut bytes)
            .map_err(|(at, problem)| format!("line {number}, column {}: {problem}", column + at))?;
    }
    Ok(bytes)
}

/// The part of a line that is hex, without the offset before it and the text behind it.
fn content<'l>(line: &'l str, dump: &mut bool) -> Option<&'l str> {
    let trimmed = line.trim();
    if trimmed.starts_with('#') {
        return None;
    }
    if let Some((offset, hex)) = trimmed.split_once(": ")
        && is_offset(offset)
    {
        // xxd, and tcpdump -X: the text stands behind two blanks.
        let hex = hex.trim_start();
        return Some(hex.split_once("  ").map_or(hex, |(hex, _)| hex));
    }
    if let Some((before, _)) = trimmed.split_once('|') {
        // hexdump -C
        *dump = true;
        return before.split_once(char::is_whitespace).map(|(_, hex)| hex);
    }
    if *dump && trimmed.len() >= 7 && !trimmed.contains(char::is_whitespace) {
        // The last line of hexdump -C: where the bytes end.
        return None;
    }
    Some(trimmed)
}

fn is_offset(word: &str) -> bool {
    let digits = word.strip_prefix("0x").unwrap_or(word);
    digits.len() >= 4 && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Appends the bytes of one line, or says at which of its bytes it is wrong, and how.
fn line_bytes(line: &str, bytes: &mut Vec<u8>) -> Result<(), (usize, String)> {
    let is_between = |c: char| c.is_whitespace() || ",;:".contains(c);
    let mut at = 0;
    for word in line.split(is_between) {
        let digits = ["0x", "0X"]
            .into_iter()
            .find_map(|prefix| word.strip_prefix(prefix))
            .unwrap_or(word);
        let start = at + word.len() - digits.len();
        at += word.len() + 1;
        digits_bytes(&digits.replace("\\x", ""), bytes).map_err(|problem| (start, problem))?;
    }
    Ok(())
}

fn digits_bytes(digits: &str, bytes: &mut Vec<u8>) -> Result<(), String> {
    if let Some(other) = digits.chars().find(|c| !c.is_ascii_hexdigit()) {
        return Err(format!("`{}` is no hex digit", other.escape_debug()));
    }
    if digits.len() % 2 == 1 {
        return Err(format!("`{digits}` is an odd number of hex digits"));
    }
    let pairs = digits.as_bytes().chunks_exact(2);
    bytes.extend(pairs.map(|pair| 16 * digit(pair[0]) + digit(pair[1])));
    Ok(())
}

fn digit(letter: u8) -> u8 {
    match letter {
        b'0'..=b'9' => letter - b'0',
        _ => letter
            .to_ascii_lowercase()
            .wrapping_sub(b'a')
            .wrapping_add(10),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BYTES: &[u8] = b"\0\0\0\x11\x80\x01\0\x01\0\0\0\x04ping\0\0\0\x01\0";

    #[test]
    fn hex_may_look_in_many_ways() {
        for text in [
            "0000001180010001000000047069 6e670000000100",
            "0x0000001180010001 0x0000000470696e6700000001 0x00",
            "00 00 00 11 80 01 00 01 00 00 00 04 70 69 6E 67\n00 00 00 01 00\n",
            "0x00, 0x00, 0x00, 0x11, 0x80, 0x01, 0x00, 0x01, 00000004 70:69:6e:67; 0000000100",
            r"\x00\x00\x00\x11\x80\x01\x00\x01\x00\x00\x00\x04\x70\x69\x6e\x67\x00\x00\x00\x01\x00",
            "# xxd\n00000000: 0000 0011 8001 0001 0000 0004 7069 6e67  ............ping\n\
             00000010: 0000 0001 00                             .....\n",
            "00000000  00 00 00 11 80 01 00 01  00 00 00 04 70 69 6e 67  |............ping|\n\
             00000010  00 00 00 01 00                                    |.....|\n\
             00000015\n",
            "\t0x0000:  0000 0011 8001 0001 0000 0004 7069 6e67  ............ping\n\
             \t0x0010:  0000 0001 00                             .....\n",
        ] {
            assert_eq!(from_hex(text).as_deref(), Ok(BYTES), "{text}");
            assert_eq!(from_content(text.into()).as_deref(), Ok(BYTES), "{text}");
        }
        assert_eq!(from_hex("").as_deref(), Ok(&[][..]));
    }

    #[test]
    fn text_beside_hex_may_hold_what_parts_them_in_other_dumps() {
        for text in [
            "00000000: 6162 7c63  ab|c\n00000004: 7c0a  |.\n",
            "00000000  61 62 7c 63 7c 0a                                 |ab|c|.|\n00000006\n",
            "00000000  61 62 7c 63                                       |ab|c|\n\
             00000004  7c 0a                                             |: |\n",
        ] {
            assert_eq!(from_hex(text).as_deref(), Ok(&b"ab|c|\n"[..]), "{text}");
        }
    }

    #[test]
    fn bytes_are_taken_as_they_are() {
        for bytes in [BYTES, b"GET / HTTP/1.1\r\n\r\n", b"PRI * HTTP/2.0\r\n\r\n"] {
            assert_eq!(from_content(bytes.to_vec()).as_deref(), Ok(bytes));
        }
    }

    #[test]
    fn what_is_no_hex_is_said_with_its_place() {
        let check = |text: &str, expected: &str| {
            assert_eq!(from_hex(text).unwrap_err(), expected);
        };
        check("00 0g", "line 1, column 4: `g` is no hex digit");
        check(
            "00\n  123 00",
            "line 2, column 3: `123` is an odd number of hex digits",
        );
        check("0xzz", "line 1, column 3: `z` is no hex digit");
        check(
            "00000000  00 00 |..|\n*\n00000020\n",
            "line 2: `*` stands for lines that were left out; dump them with `hexdump -vC`",
        );
        assert!(from_content(b"hello".to_vec()).is_err());
    }
}
