//! The `polyport` command.
fn main() {}
