//! Just enough of Rust's grammar to look at code without its comments and texts.

/// The text with every comment, and what is in strings and characters, made blank. Lines stay
/// where they are.
pub(crate) fn code(text: &str) -> String {
    let mut code = String::with_capacity(text.len());
    let mut rest = text;
    while !rest.is_empty() {
        let (len, is_code) = token(rest, code.chars().next_back());
        let (token, tail) = rest.split_at(len);
        if is_code {
            code.push_str(token);
        } else {
            code.extend(token.chars().map(|c| if c == '\n' { '\n' } else { ' ' }));
        }
        rest = tail;
    }
    code
}

/// How long the piece at the start is, and whether it is code.
fn token(rest: &str, before: Option<char>) -> (usize, bool) {
    if rest.starts_with("//") {
        return (rest.find('\n').unwrap_or(rest.len()), false);
    }
    if rest.starts_with("/*") {
        return (block_comment(rest), false);
    }
    let inside_word = before.is_some_and(is_word);
    if let (false, Some(len)) = (inside_word, raw_string(rest)) {
        return (len, false);
    }
    if rest.starts_with('"') {
        return (quoted(rest, '"'), false);
    }
    if rest.starts_with('\'') && is_character(rest) {
        return (quoted(rest, '\''), false);
    }
    // Nothing else starts with another character than these.
    let plain = rest.char_indices().skip(1);
    let mut plain = plain.skip_while(|(_, c)| !matches!(c, '/' | '"' | '\'' | 'r' | 'b' | 'c'));
    (plain.next().map_or(rest.len(), |(at, _)| at), true)
}

/// Comments like this one may stand in each other.
fn block_comment(rest: &str) -> usize {
    let mut depth = 0;
    let mut at = 0;
    loop {
        let tail = &rest[at..];
        if tail.starts_with("/*") {
            depth += 1;
            at += 2;
        } else if tail.starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            match tail.chars().next() {
                Some(next) => at += next.len_utf8(),
                None => return at,
            }
        }
    }
}

fn raw_string(rest: &str) -> Option<usize> {
    let start = ["r", "br", "cr"].into_iter().find(|start| {
        let tail = rest.strip_prefix(start).unwrap_or_default();
        tail.trim_start_matches('#').starts_with('"')
    })?;
    let hashes = rest[start.len()..].find('"')?;
    let end = format!("\"{}", "#".repeat(hashes));
    let body = start.len() + hashes + 1;
    // `r#name` is a word and not a string.
    let len = rest[body..].find(&end)?;
    Some(body + len + end.len())
}

fn quoted(rest: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if c == quote => return at + 1,
            _ => {}
        }
    }
    rest.len()
}

/// Whether it is a character and not a lifetime.
fn is_character(rest: &str) -> bool {
    let mut chars = rest.chars().skip(1);
    matches!(
        (chars.next(), chars.next()),
        (Some('\\'), _) | (Some(_), Some('\''))
    )
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Code without what is compiled for tests only.
pub(crate) fn without_tests(code: &str) -> String {
    const MARK: &str = "#[cfg(test)]";
    let mut kept = String::new();
    let mut rest = code;
    while let Some(at) = rest.find(MARK) {
        let (before, marked) = rest.split_at(at);
        kept.push_str(before);
        let end = item(marked);
        kept.extend(marked[..end].chars().filter(|c| *c == '\n'));
        rest = &marked[end..];
    }
    kept + rest
}

/// How long the item at the start is: to its `;`, or to the end of its braces.
fn item(code: &str) -> usize {
    let mut depth = 0;
    for (at, c) in code.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 1 => return at + 1,
            '}' => depth -= 1,
            ';' if depth == 0 => return at + 1,
            _ => {}
        }
    }
    code.len()
}

/// The words of code with the numbers of their lines.
pub(crate) fn words(code: &str) -> impl Iterator<Item = (usize, &str)> {
    code.lines().zip(1..).flat_map(|(line, number)| {
        line.split(|c| !is_word(c))
            .filter(|word| !word.is_empty())
            .map(move |word| (number, word))
    })
}

/// What stands right below `root` in paths, `root::{a::b, c}` taken apart, with the line where
/// the path starts. A path that only says where something can be seen uses nothing.
pub(crate) fn paths_below(code: &str, root: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (at, _) in code.match_indices(root) {
        let (before, after) = (&code[..at], &code[at + root.len()..]);
        let after = after.trim_start();
        let starts_path = !before.ends_with(|c| is_word(c) || c == '$')
            && !before.trim_end().ends_with("::")
            && !before.trim_end().ends_with("(in");
        let Some(below) = after.strip_prefix("::").filter(|_| starts_path) else {
            continue;
        };
        let line = before.lines().count().max(1) + usize::from(before.ends_with('\n'));
        let line = if before.is_empty() { 1 } else { line };
        found.extend(
            firsts(below.trim_start())
                .into_iter()
                .map(|name| (line, name)),
        );
    }
    found
}

/// The first names of a path's rest: one, or those of a group.
fn firsts(below: &str) -> Vec<String> {
    let first = |path: &str| {
        path.trim()
            .chars()
            .take_while(|c| is_word(*c))
            .collect::<String>()
    };
    let Some(group) = below.strip_prefix('{') else {
        return vec![first(below)];
    };
    let mut depth = 0;
    let mut names = Vec::new();
    let mut start = 0;
    for (at, c) in group.char_indices() {
        match c {
            ',' | '}' if depth == 0 => {
                names.push(first(&group[start..at]));
                start = at + 1;
                if c == '}' {
                    break;
                }
            }
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
    }
    names.retain(|name| !name.is_empty());
    names
}

#[test]
fn comments_and_texts_are_no_code() {
    let check = |text: &str, expected: &str| assert_eq!(code(text), expected, "{text}");
    check("a // b\nc", "a     \nc");
    check("a /* b /* c */ d */ e", "a                   e");
    check("f(\"a \\\" b\") + g", "f(        ) + g");
    check("f(r#\"a \" b\"#) + g", "f(          ) + g");
    check("f(b\"x\", 'y', '\\'', '\"')", "f(b   ,    ,     ,    )");
    check("fn f<'a>(x: &'a str)", "fn f<'a>(x: &'a str)");
    check("r#type + attr\"x\"", "r#type + attr   ");
    check("\"ü\"; ü", "   ; ü");
}

#[test]
fn tests_are_left_out_and_lines_stay() {
    let code = "a\n#[cfg(test)]\nmod tests {\n    fn f() {}\n}\nb\n#[cfg(test)]\nuse x;\nc\n";
    assert_eq!(without_tests(code), "a\n\n\n\n\nb\n\n\nc\n");
}

#[test]
fn groups_are_taken_apart() {
    let check = |code: &str, expected: &[(usize, &str)]| {
        let found = paths_below(code, "crate");
        let found: Vec<_> = found.iter().map(|(line, name)| (*line, &**name)).collect();
        assert_eq!(found, expected, "{code}");
    };
    check("use crate::a::b;", &[(1, "a")]);
    check(
        "\nuse crate::{a::{b, c}, d, e::f};",
        &[(2, "a"), (2, "d"), (2, "e")],
    );
    check(
        "use crate::{\n    a,\n    b,\n};\ncrate::c()",
        &[(1, "a"), (1, "b"), (5, "c")],
    );
    check(
        "pub(crate) x; $crate::y; my_crate::z; super::crate::w; pub(in crate::v) u",
        &[],
    );
}
