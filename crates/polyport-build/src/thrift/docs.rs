//! Comments to documentation: without their marks, but with their lines.

/// The text of a comment, whichever of the three kinds it is.
pub(crate) fn text(comment: &str) -> String {
    if let Some(inside) = comment.strip_prefix("/*") {
        return block(inside.strip_suffix("*/").unwrap_or(inside));
    }
    let line = comment.trim_start_matches(['/', '#']).trim_end();
    line.strip_prefix(' ').unwrap_or(line).to_owned()
}

/// Takes away the column of stars.
fn block(inside: &str) -> String {
    let lines: Vec<&str> = inside
        .trim_start_matches('*')
        .trim_end_matches('*')
        .lines()
        .map(|line| {
            let line = line.trim();
            let line = line.strip_prefix('*').unwrap_or(line);
            line.strip_prefix(' ').unwrap_or(line)
        })
        .collect();
    lines.join("\n").trim_matches('\n').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_taken_away() {
        assert_eq!(text("// one"), "one");
        assert_eq!(text("/// two  "), "two");
        assert_eq!(text("# three"), "three");
        assert_eq!(text("/* four */"), "four ".trim());
        assert_eq!(
            text("/**\n * first\n *   indented\n *\n * last\n */"),
            "first\n  indented\n\nlast"
        );
    }
}
