//! How Rust writes names.

/// `sameNamedMethod`, `HTTPServer` to `same_named_method`, `http_server`. Underscores at the ends
/// stay.
pub(super) fn snake(name: &str) -> String {
    let (before, name, behind) = split_underscores(name);
    let letters: Vec<char> = name.chars().collect();
    let mut text = String::new();
    for (index, letter) in letters.iter().enumerate() {
        if !letter.is_ascii_alphanumeric() {
            if !text.ends_with('_') {
                text.push('_');
            }
            continue;
        }
        let last = index.checked_sub(1).map_or('_', |last| letters[last]);
        let next = letters.get(index + 1).copied().unwrap_or('_');
        let ends_word = last.is_ascii_lowercase() || last.is_ascii_digit();
        let ends_capitals = last.is_ascii_uppercase() && next.is_ascii_lowercase();
        if letter.is_ascii_uppercase() && (ends_word || ends_capitals) {
            text.push('_');
        }
        text.push(letter.to_ascii_lowercase());
    }
    finish(before, &text, behind)
}

/// `sameNamedMethod`, `MY_TYPE`, `HTTP` to `SameNamedMethod`, `MyType`, `HTTP`.
pub(super) fn camel(name: &str) -> String {
    let (before, name, behind) = split_underscores(name);
    let words: Vec<&str> = name
        .split(|letter: char| !letter.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty())
        .collect();
    let is_one_word = words.len() == 1;
    let mut text = String::new();
    // A local variable must never look like a type.
    if !name.starts_with(|letter: char| letter.is_ascii_alphabetic()) {
        text.push('X');
    }
    for word in words {
        let keep_case = is_one_word || word.contains(|letter: char| letter.is_ascii_lowercase());
        let (first, rest) = word.split_at(1);
        text.push_str(&first.to_ascii_uppercase());
        match keep_case {
            true => text.push_str(rest),
            false => text.push_str(&rest.to_ascii_lowercase()),
        }
    }
    finish(before, &text, behind)
}

/// `getItem` and `Args` to `GetItemArgs`.
pub(super) fn camel_with(name: &str, suffix: &str) -> String {
    camel(&format!("{}{suffix}", camel(name)))
}

/// `maxCount` to `MAX_COUNT`.
pub(super) fn screaming(name: &str) -> String {
    let text = if name.contains(|letter: char| letter.is_ascii_lowercase()) {
        snake(name).to_ascii_uppercase()
    } else {
        name.to_owned()
    };
    // Nor must it look like a constant.
    match text.contains(|letter: char| letter.is_ascii_alphabetic()) {
        true => text,
        false => format!("X{text}"),
    }
}

/// The name without its first and last underscores, and these.
fn split_underscores(name: &str) -> (&str, &str, &str) {
    let rest = name.trim_start_matches('_');
    let before = &name[..name.len() - rest.len()];
    let middle = rest.trim_end_matches('_');
    let behind = &rest[middle.len()..];
    (before, middle, behind)
}

/// An identifier must not begin with a digit, nor be empty.
fn finish(before: &str, text: &str, behind: &str) -> String {
    let needs_start =
        before.is_empty() && !text.starts_with(|letter: char| letter.is_ascii_alphabetic());
    let start = if needs_start { "_" } else { before };
    format!("{start}{text}{behind}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_written_as_rust_writes_them() {
        let check = |name: &str, snaked: &str, cameled: &str, screamed: &str| {
            assert_eq!(snake(name), snaked);
            assert_eq!(camel(name), cameled);
            assert_eq!(screaming(name), screamed);
        };
        check(
            "sameNamedMethod",
            "same_named_method",
            "SameNamedMethod",
            "SAME_NAMED_METHOD",
        );
        check("HTTPServer", "http_server", "HTTPServer", "HTTP_SERVER");
        check("MY_TYPE", "my_type", "MyType", "MY_TYPE");
        check("RED", "red", "RED", "RED");
        check("i8_", "i8_", "I8_", "I8_");
        check("_foo", "_foo", "_Foo", "_FOO");
        check("getV2Item", "get_v2_item", "GetV2Item", "GET_V2_ITEM");
        check("user__id", "user_id", "UserId", "USER_ID");
        check("_", "_", "_X", "X_");
        check("_1", "_1", "_X1", "X_1");
        check("_1a", "_1a", "_X1a", "_1A");
        check("a-b c", "a_b_c", "ABC", "A_B_C");
        assert_eq!(camel_with("A_", "Args"), "AArgs");
        assert_eq!(camel_with("MY_METHOD", "Error"), "MyMethodError");
    }
}
