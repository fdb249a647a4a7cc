//! Comments of the IDL as documentation of the Rust code.

use proc_macro2::TokenStream;
use quote::quote;

/// A comment of the IDL.
pub(super) fn docs(comment: &str) -> TokenStream {
    let lines = comment.lines().map(line);
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

/// Plain text to Markdown: nothing is indented, so that nothing becomes a code block, whose text
/// `cargo test` would compile; and `<` is a letter, not the start of a tag.
fn line(text: &str) -> String {
    let text = text.trim();
    let mut escaped = String::from(" ");
    if text.starts_with("```") || text.starts_with("~~~") {
        escaped.push('\\');
    }
    let mut in_code = false;
    let closes = |rest: &str| rest.contains('`');
    for (index, letter) in text.char_indices() {
        match letter {
            '`' => in_code = !in_code && closes(&text[index + 1..]),
            '<' | '[' if !in_code => escaped.push('\\'),
            _ => {}
        }
        escaped.push(letter);
    }
    match text.is_empty() {
        true => String::new(),
        false => escaped,
    }
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
    }
}
