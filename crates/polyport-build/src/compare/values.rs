//! The values of enums.

use super::{Differ, Impact};
use crate::source::Span;

/// An enum's values with their places, in either IDL.
pub(super) struct Values<'a> {
    pub(super) owner: &'a str,
    pub(super) span: Span,
    /// The name and the number of each, and where it stands.
    pub(super) values: Vec<(&'a str, i32, Span)>,
}

impl Values<'_> {
    fn by_name(&self, name: &str) -> Option<&(&str, i32, Span)> {
        self.values.iter().find(|(known, ..)| *known == name)
    }

    fn by_number(&self, number: i32) -> Option<&(&str, i32, Span)> {
        self.values.iter().find(|(_, known, _)| *known == number)
    }
}

impl Differ<'_> {
    #[expect(clippy::needless_pass_by_value, reason = "it is made to be compared")]
    pub(super) fn values(&mut self, old: Values<'_>, new: Values<'_>) {
        let owner = new.owner;
        for (name, number, span) in &old.values {
            match (new.by_name(name), new.by_number(*number)) {
                (Some((_, after, _)), _) if after == number => {}
                (Some((_, after, new_span)), _) => {
                    let message = format!("`{owner}.{name}` was {number} and is now {after}");
                    let places = [
                        self.after(*new_span, format!("now {after}")),
                        self.before(*span, format!("was {number}")),
                    ];
                    self.change(Impact::WIRE, message, places);
                }
                (None, Some((after, _, new_span))) => {
                    let message = format!("`{owner}.{name}` is now `{after}`");
                    let places = [
                        self.after(*new_span, format!("{number} has this name now")),
                        self.before(*span, "it had this one"),
                    ];
                    self.change(Impact::SOURCE, message, places);
                }
                (None, None) => {
                    let message = format!("`{owner}.{name}` is gone");
                    let places = [
                        self.before(*span, "it was here"),
                        self.after(new.span, "not in here"),
                    ];
                    let why = "peers may still send its number, which then has no name";
                    self.explained(Impact::SOURCE, message, places, Some(why));
                }
            }
        }
        for (name, number, span) in &new.values {
            if old.by_name(name).is_none() && old.by_number(*number).is_none() {
                let message = format!("`{owner}.{name}` is new");
                let places = [self.after(*span, "added here")];
                self.change(Impact::NONE, message, places);
            }
        }
    }
}
