//! Hex in lines, with what programs print around it.

/// The bytes of all lines, or where something else stands, and what.
pub(super) fn bytes(text: &str) -> Result<Vec<u8>, String> {
    let mut dump = Dump::default();
    for (line, number) in text.lines().zip(1..) {
        let hex = match dump.hex(line.trim()) {
            Ok(Some(hex)) => hex,
            Ok(None) => continue,
            Err(problem) => return Err(format!("line {number}: {problem}")),
        };
        // Where it stands in the line, for the message.
        let column = hex.as_ptr().addr() - line.as_ptr().addr() + 1;
        line_bytes(hex, &mut dump.bytes)
            .map_err(|(at, problem)| format!("line {number}, column {}: {problem}", column + at))?;
    }
    Ok(dump.bytes)
}

#[derive(Debug, Default)]
struct Dump {
    bytes: Vec<u8>,
    /// Where what the offsets count began: several dumps may stand one behind the other.
    begin: usize,
    /// Whether lines start with offsets.
    has_offsets: bool,
}

impl Dump {
    /// The part of a line that is hex, without the offset before it and the text behind it.
    fn hex<'l>(&mut self, line: &'l str) -> Result<Option<&'l str>, String> {
        if line.is_empty() || line.starts_with('#') {
            return Ok(None);
        }
        if self.has_offsets && line == "*" {
            let problem = "`*` stands for lines that were left out; dump them, too, with \
                           `hexdump -vC`, `xxd` or `od -v`";
            return Err(problem.to_owned());
        }
        if let Some((offset, hex)) = line.split_once(": ")
            && is_hex(offset.strip_prefix("0x").unwrap_or(offset), 4)
        {
            // xxd, and tcpdump -X: the text stands behind two blanks.
            self.has_offsets = true;
            let hex = hex.trim_start();
            return Ok(Some(hex.split_once("  ").map_or(hex, |(hex, _)| hex)));
        }
        let end = line.find(char::is_whitespace).unwrap_or(line.len());
        let (offset, hex) = line.split_at(end);
        self.behind_offset(offset, hex.trim_start(), line)
    }

    /// The hex of hexdump -C, od and Wireshark, or else the whole line.
    fn behind_offset<'l>(
        &mut self,
        offset: &str,
        hex: &'l str,
        line: &'l str,
    ) -> Result<Option<&'l str>, String> {
        let ends = ["|", "  >", "   "].iter().filter_map(|end| hex.find(end));
        let hex = &hex[..ends.min().unwrap_or(hex.len())];
        let is_numbers = offset.len() == 7 && (are_words(hex, 4) || are_words(hex, 6));
        let is_dump = (is_numbers || are_words(hex, 2)) && self.is_offset(offset);
        if !self.has_offsets && !is_dump {
            return Ok(Some(line));
        }
        if !self.is_offset(offset) {
            let before = self.bytes.len() - self.begin;
            return Err(format!(
                "the lines before it have {before:#x} bytes, but it does not start with that offset"
            ));
        }
        if is_numbers {
            let problem = "these are numbers of two bytes, whose order depends on the machine; \
                           dump bytes, with `hexdump -C` or `od -tx1`";
            return Err(problem.to_owned());
        }
        self.has_offsets = true;
        Ok(Some(hex))
    }

    /// Whether a word counts the bytes before it, in hex or, as od does, in octal.
    fn is_offset(&mut self, word: &str) -> bool {
        if !is_hex(word, 4) {
            return false;
        }
        let values = [16, 8].map(|base| usize::from_str_radix(word, base).ok());
        if values[0] == Some(0) {
            self.begin = self.bytes.len();
        }
        values.contains(&Some(self.bytes.len() - self.begin))
    }
}

fn is_hex(word: &str, digits: usize) -> bool {
    word.len() >= digits && word.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Whether there are words, all of them of this many digits.
fn are_words(hex: &str, digits: usize) -> bool {
    let mut words = hex.split_whitespace();
    !hex.is_empty() && words.all(|word| word.len() == digits && is_hex(word, digits))
}

/// Appends the bytes of one line, or says at which of its bytes it is wrong, and how.
fn line_bytes(line: &str, bytes: &mut Vec<u8>) -> Result<(), (usize, String)> {
    let is_between = |c: char| c.is_whitespace() || ",;:".contains(c);
    let mut at = 0;
    for word in line.split(is_between) {
        let digits = ["0x", "0X"]
            .into_iter()
            .find_map(|prefix| word.strip_prefix(prefix));
        let start = at + word.len() - digits.unwrap_or(word).len();
        at += word.len() + 1;
        match digits.map(str::as_bytes) {
            // A number, as programs write it.
            Some([one]) if one.is_ascii_hexdigit() => bytes.push(digit(*one)),
            _ => digits_bytes(&digits.unwrap_or(word).replace("\\x", ""), bytes)
                .map_err(|problem| (start, problem))?,
        }
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

pub(super) fn digit(letter: u8) -> u8 {
    match letter {
        b'0'..=b'9' => letter - b'0',
        _ => letter
            .to_ascii_lowercase()
            .wrapping_sub(b'a')
            .wrapping_add(10),
    }
}

/// Where something stands in a text, in words.
pub(super) fn place(text: &str, at: usize) -> String {
    let before = &text[..at];
    let line = before.matches('\n').count() + 1;
    let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
    format!("line {line}, column {column}")
}
