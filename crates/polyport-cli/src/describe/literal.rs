//! Constant values and comments as IDLs write them.

use polyport_wire::schema::Literal;

use crate::terminal::visible;

/// A value, whatever its type is.
pub(super) fn plain(value: &Literal) -> String {
    match value {
        Literal::Bool(value) => value.to_string(),
        Literal::Int(number) => number.to_string(),
        Literal::Double(number) => format!("{number:?}"),
        Literal::String(text) => quoted(text.as_bytes()),
        Literal::Bytes(bytes) => quoted(bytes),
        Literal::List(elements) => {
            let elements: Vec<String> = elements.iter().map(plain).collect();
            format!("[{}]", elements.join(", "))
        }
        Literal::Map(entries) => {
            let entry =
                |(key, value): &(Literal, Literal)| format!("{}: {}", plain(key), plain(value));
            let entries: Vec<String> = entries.iter().map(entry).collect();
            format!("{{{}}}", entries.join(", "))
        }
    }
}

/// Text as it is, and bytes that are none by their numbers.
pub(super) fn quoted(bytes: &[u8]) -> String {
    let mut text = String::from("\"");
    for chunk in bytes.utf8_chunks() {
        for letter in chunk.valid().chars() {
            match letter {
                '"' => text.push_str("\\\""),
                '\\' => text.push_str("\\\\"),
                '\n' => text.push_str("\\n"),
                '\r' => text.push_str("\\r"),
                '\t' => text.push_str("\\t"),
                letter if letter.is_control() => {
                    text.push_str(&format!("\\u{:04x}", u32::from(letter)));
                }
                letter => text.push(letter),
            }
        }
        for byte in chunk.invalid() {
            text.push_str(&format!("\\x{byte:02x}"));
        }
    }
    text.push('"');
    text
}

/// An annotation's text, in which a backslash is a letter.
pub(super) fn annotation(text: &str) -> String {
    let quote = match text.contains('"') {
        true => '\'',
        false => '"',
    };
    let inside: String = text.chars().filter(|letter| !letter.is_control()).collect();
    let inside = inside.replace('\'', if quote == '\'' { "\\'" } else { "'" });
    format!("{quote}{inside}{quote}")
}

/// A comment, a line each; nothing if there is none.
pub(super) fn comment(docs: &str, indent: &str) -> String {
    let lines = docs.lines().map(|line| {
        let line = visible(line);
        match line.trim_end() {
            "" => format!("{indent}//\n"),
            line => format!("{indent}// {line}\n"),
        }
    });
    lines.collect()
}
