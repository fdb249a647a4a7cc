//! Comments of the IDL as documentation of the Rust code.

use proc_macro2::TokenStream;
use quote::quote;

/// A comment of the IDL.
pub(super) fn docs(comment: &str) -> TokenStream {
    // A carriage return ends no line for Rust, and must not stand in its comments.
    let lines = comment.lines().flat_map(|text| text.split('\r'));
    let lines = lines.map(line);
    quote! { #(#[doc = #lines])* }
}

/// A comment of the IDL, or what there is to say without one.
pub(super) fn docs_or(comment: &str, otherwise: &str) -> TokenStream {
    match comment.trim().is_empty() {
        true => own_docs(otherwise),
        false => docs(comment),
    }
}

/// A line of the generator's own.
pub(super) fn own_docs(text: &str) -> TokenStream {
    let text = format!(" {text}");
    quote!(#[doc = #text])
}

/// Plain text to Markdown: nothing is indented or fenced, behind a bullet or a quote's mark either,
/// so that nothing becomes a code block, whose text `cargo test` would compile; and `<` is a letter,
/// not the start of a tag.
fn line(text: &str) -> String {
    let text = text.replace(is_direction, " ");
    let words: Vec<&str> = text.split_whitespace().collect();
    let text = words.join(" ");
    let mut escaped = String::from(" ");
    let mut in_code = false;
    let mut last = ' ';
    for (index, letter) in text.char_indices() {
        let rest = &text[index..];
        if last != letter && (rest.starts_with("```") || rest.starts_with("~~~")) {
            escaped.push('\\');
        }
        match letter {
            '`' => in_code = !in_code && rest[1..].contains('`'),
            '<' | '[' if !in_code => escaped.push('\\'),
            _ => {}
        }
        escaped.push(letter);
        last = letter;
    }
    match text.is_empty() {
        true => String::new(),
        false => escaped,
    }
}

/// What changes the direction of text unseen: rustc refuses it in comments.
fn is_direction(letter: char) -> bool {
    matches!(letter, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_becomes_code_that_was_none() {
        let check = |text: &str, expected: &str| assert_eq!(line(text), expected);
        check("    let x = 1;", " let x = 1;");
        check("```", " \\```");
        check("map<a, b> and `map<a, b>`", " map\\<a, b> and `map<a, b>`");
        check("a ` alone <b>", " a ` alone \\<b>");
        check("[link]", " \\[link]");
        check("", "");
        check("- ```", " - \\```");
        check("> ~~~~ text", " > \\~~~~ text");
        check("-     let x = 1;", " - let x = 1;");
        check("-\t\tlet x = 1;", " - let x = 1;");
    }

    #[test]
    fn nothing_hides_in_a_comment() {
        assert_eq!(line("a\u{202e}b \u{2066}c"), " a b c");
        let tokens = docs("one\rtwo\r\nthree").to_string();
        assert!(!tokens.contains("\\r"), "{tokens}");
        assert_eq!(tokens.matches("doc").count(), 3);
    }
}
