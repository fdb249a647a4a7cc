//! Rust as rustfmt would write it.

/// How wide a line may be.
pub(super) const MAX_WIDTH: usize = 100;

/// What rustfmt writes on one line: chains of calls, and the arguments of one.
pub(super) const MAX_CALL_WIDTH: usize = 60;

/// Calls of methods one behind the other, in a block that stands so many columns to the right.
pub(super) fn chain(start: &str, calls: &[String], columns: usize) -> String {
    let line = format!("{start}{}", calls.concat());
    if line.len() <= MAX_CALL_WIDTH && !line.contains('\n') {
        return line;
    }
    let indent = " ".repeat(columns + 4);
    let calls: String = calls
        .iter()
        .map(|call| format!("\n{indent}{call}"))
        .collect();
    format!("{start}{calls}")
}
