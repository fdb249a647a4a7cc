//! Protobuf's messages and enums.

use std::collections::HashSet;

use super::values::Values;
use super::{Differ, Impact};
use crate::shape::{Cardinality, Enum, Field, Kind, Message};

/// Those that stand for each other, still to be compared.
#[derive(Debug, Default)]
pub(super) struct Pairs {
    pending: Vec<(String, String)>,
    seen: HashSet<(String, String)>,
}

impl Pairs {
    pub(super) fn push(&mut self, old: &str, new: &str) {
        let pair = (old.to_owned(), new.to_owned());
        if self.seen.insert(pair.clone()) {
            self.pending.push(pair);
        }
    }
}

impl<'a> Differ<'a> {
    /// Every message with the one of the same name, then those that fields and methods put in its
    /// place; and every enum.
    pub(super) fn messages(&mut self) {
        let (old, new) = (&self.old.shapes, &self.new.shapes);
        for message in &old.messages {
            match new.messages.iter().find(|found| found.name == message.name) {
                Some(found) => self.pairs.push(&message.name, &found.name),
                None => self.gone("message", &message.name, message.span),
            }
        }
        while let Some((old_name, new_name)) = self.pairs.pending.pop() {
            let found = old.messages.iter().find(|message| message.name == old_name);
            let found = found.zip(new.messages.iter().find(|message| message.name == new_name));
            if let Some((old, new)) = found {
                self.replaced = old_name != new_name;
                self.message(old, new);
            }
        }
        self.replaced = false;
        for item in &old.enums {
            match new.enums.iter().find(|found| found.name == item.name) {
                Some(found) => self.values(values(item), values(found)),
                None => self.gone("enum", &item.name, item.span),
            }
        }
        for message in &new.messages {
            if !old.messages.iter().any(|known| known.name == message.name) {
                self.new_here("message", &message.name, message.span);
            }
        }
        for item in &new.enums {
            if !old.enums.iter().any(|known| known.name == item.name) {
                self.new_here("enum", &item.name, item.span);
            }
        }
    }

    fn message(&mut self, old: &'a Message, new: &'a Message) {
        for field in &old.fields {
            let by_number = new.fields.iter().find(|found| found.number == field.number);
            let by_name = new.fields.iter().find(|found| found.name == field.name);
            match (by_number, by_name) {
                (Some(found), _) if found.name == field.name => {
                    self.message_field((old, field), (new, found));
                }
                (_, Some(found)) => self.message_field_renumbered(field, (new, found)),
                (Some(found), None) => {
                    self.message_field_renamed(field, (new, found));
                    self.message_field((old, field), (new, found));
                }
                (None, None) => self.message_field_removed(field, new),
            }
        }
        for field in &new.fields {
            let is_it = |known: &Field| known.number == field.number || known.name == field.name;
            if !old.fields.iter().any(is_it) {
                self.message_field_added(old, (new, field));
            }
        }
    }

    fn message_field_renumbered(&mut self, field: &Field, (new, found): (&Message, &Field)) {
        let (name, owner) = (&field.name, &new.name);
        let (before, after) = (field.number, found.number);
        let message =
            format!("field `{name}` of `{owner}` had the number {before} and now has {after}");
        let places = [
            self.after(found.span, format!("now {after}")),
            self.before(field.span, format!("was {before}")),
        ];
        self.change(Impact::WIRE, message, places);
    }

    fn message_field_renamed(&mut self, field: &Field, (new, found): (&Message, &Field)) {
        let (number, owner) = (field.number, &new.name);
        let (before, after) = (&field.name, &found.name);
        let message = format!("field {number} of `{owner}` was `{before}` and is now `{after}`");
        let places = [
            self.after(found.span, format!("now `{after}`")),
            self.before(field.span, format!("was `{before}`")),
        ];
        let why = "peers that speak JSON send its name, too";
        self.explained(Impact::SOURCE, message, places, Some(why));
    }

    fn message_field_removed(&mut self, field: &Field, new: &Message) {
        let (number, name, owner) = (field.number, &field.name, &new.name);
        let impact = match field.cardinality {
            Cardinality::Required => Impact::BOTH,
            _ => Impact::SOURCE,
        };
        let message = format!("field {number} `{name}` of `{owner}` is gone");
        let places = [
            self.before(field.span, "it was here"),
            self.after(new.span, "not in here"),
        ];
        let why =
            format!("`reserved {number};` keeps the number from being used for something else");
        let why = (!is_reserved(new, number)).then_some(why.as_str());
        self.explained(impact, message, places, why);
    }

    fn message_field_added(&mut self, old: &Message, (new, field): (&Message, &Field)) {
        let (number, name, owner) = (field.number, &field.name, &new.name);
        let (impact, why) = if is_reserved(old, number) {
            (
                Impact::WIRE,
                Some("the number was reserved: older peers may send something else by it"),
            )
        } else if field.cardinality == Cardinality::Required {
            let why = "one version requires it, and the other does not send it";
            (Impact::WIRE, Some(why))
        } else {
            (Impact::NONE, None)
        };
        let message = format!("field {number} `{name}` of `{owner}` is new");
        let places = [self.after(field.span, "added here")];
        self.explained(impact, message, places, why);
    }

    /// A field that kept its number.
    fn message_field(&mut self, old: (&Message, &Field), new: (&Message, &Field)) {
        let (name, owner) = (&new.1.name, &new.0.name);
        for change in field_changes(old, new) {
            let (impact, why) = change.verdict;
            let places = [
                self.after(new.1.span, format!("now {}", change.after)),
                self.before(old.1.span, format!("was {}", change.before)),
            ];
            let message = format!("field `{name}` of `{owner}` {}", change.said);
            self.explained(impact, message, places, why);
        }
        if old.1.default != new.1.default {
            let message = format!("the default of field `{name}` of `{owner}` changed");
            let places = [
                self.after(new.1.span, "now this"),
                self.before(old.1.span, "was this"),
            ];
            self.change(Impact::NONE, message, places);
        }
        self.follow(&old.1.kind, &new.1.kind);
    }

    /// Messages that stand in the place of others are compared with them.
    fn follow(&mut self, old: &Kind, new: &Kind) {
        match (old, new) {
            (Kind::Message(old) | Kind::Group(old), Kind::Message(new) | Kind::Group(new)) => {
                self.pairs.push(old, new);
            }
            (Kind::Map(_, old), Kind::Map(_, new)) => self.follow(old, new),
            _ => {}
        }
    }
}

/// What became of a field, with what it was and is.
struct FieldChange {
    verdict: Verdict,
    said: String,
    before: String,
    after: String,
}

/// What is not the same of a field that kept its number, but for its default.
fn field_changes(
    old: (&Message, &Field),
    new: (&Message, &Field),
) -> impl Iterator<Item = FieldChange> {
    let of_kind = kind_change(&old.1.kind, &new.1.kind);
    let kind = (of_kind.0 != Impact::NONE).then(|| {
        let (before, after) = (old.1.kind.text(), new.1.kind.text());
        FieldChange {
            verdict: of_kind,
            said: format!("was of type `{before}` and is now `{after}`"),
            before: format!("`{before}`"),
            after: format!("`{after}`"),
        }
    });
    // What is no message any more cannot be anything else rightly.
    let cardinality = cardinality_change(old, new).filter(|_| !of_kind.0.wire);
    let cardinality = cardinality.map(|verdict| {
        let (before, after) = (text(&old.1.cardinality), text(&new.1.cardinality));
        FieldChange {
            verdict,
            said: format!("was {before} and is now {after}"),
            before,
            after,
        }
    });
    let (before, after) = (&old.1.json_name, &new.1.json_name);
    let json = (old.1.name == new.1.name && before != after).then(|| {
        let why = "peers that speak JSON do not find it any more";
        FieldChange {
            verdict: (Impact::SOURCE, Some(why)),
            said: format!("was `{before}` in JSON and is now `{after}`"),
            before: format!("`{before}`"),
            after: format!("`{after}`"),
        }
    });
    kind.into_iter().chain(cardinality).chain(json)
}

/// Whom a change breaks, and why.
type Verdict = (Impact, Option<&'static str>);

/// What it means that a value of one type is now one of another: the numbers of a group are written
/// in the same way.
fn kind_change(old: &Kind, new: &Kind) -> Verdict {
    let same = |groups: &[&[&str]], old: &str, new: &str| {
        let mut groups = groups.iter();
        groups.any(|group| group.contains(&old) && group.contains(&new))
    };
    const VARINTS: &[&str] = &["int32", "int64", "uint32", "uint64", "bool"];
    const GROUPS: &[&[&str]] = &[
        VARINTS,
        &["sint32", "sint64"],
        &["fixed32", "sfixed32"],
        &["fixed64", "sfixed64"],
    ];
    let cut = Some("it is written in the same way, but what does not fit is cut off");
    match (old, new) {
        (old, new) if old == new => (Impact::NONE, None),
        (Kind::Scalar("string"), Kind::Scalar("bytes")) => (Impact::SOURCE, None),
        (Kind::Scalar("bytes"), Kind::Scalar("string")) => {
            (Impact::BOTH, Some("what is not UTF-8 is refused now"))
        }
        (Kind::Scalar(old), Kind::Scalar(new)) if same(GROUPS, old, new) => (Impact::SOURCE, cut),
        (Kind::Enum(_), Kind::Scalar(number)) | (Kind::Scalar(number), Kind::Enum(_))
            if VARINTS.contains(number) =>
        {
            (Impact::SOURCE, cut)
        }
        (Kind::Enum(_), Kind::Enum(_))
        | (Kind::Message(_), Kind::Message(_))
        | (Kind::Group(_), Kind::Group(_)) => (Impact::SOURCE, None),
        (Kind::Map(old_key, old_value), Kind::Map(new_key, new_value)) => {
            let (key, value) = (
                kind_change(old_key, new_key),
                kind_change(old_value, new_value),
            );
            (key.0.and(value.0), key.1.or(value.1))
        }
        _ => (Impact::BOTH, None),
    }
}

/// What it means that there may be more or fewer values than before.
fn cardinality_change(old: (&Message, &Field), new: (&Message, &Field)) -> Option<Verdict> {
    use Cardinality::{Implicit, OneOf, Optional, Repeated, Required};
    let packs = |kind: &Kind| match kind {
        Kind::Scalar(word) => !["string", "bytes"].contains(word),
        Kind::Enum(_) => true,
        _ => false,
    };
    Some(match (&old.1.cardinality, &new.1.cardinality) {
        (before, after) if before == after => return None,
        (Repeated, _) | (_, Repeated) if packs(&old.1.kind) || packs(&new.1.kind) => {
            let why = "repeated numbers are written in another way than a single one";
            (Impact::BOTH, Some(why))
        }
        (Repeated, _) | (_, Repeated) => (
            Impact::SOURCE,
            Some("who expects one takes the last of those that are sent"),
        ),
        (_, Required) => {
            let why = "peers of the old version need not send it, and are refused then";
            (Impact::BOTH, Some(why))
        }
        (Required, _) => (
            Impact::BOTH,
            Some("peers of the old version refuse what comes without it"),
        ),
        (OneOf(before), OneOf(after)) if !has(new.0, before) && !has(old.0, after) => {
            (Impact::SOURCE, None)
        }
        (OneOf(_), _) | (_, OneOf(_)) => {
            let why = "of the fields of a oneof only the last one arrives that is sent";
            (Impact::BOTH, Some(why))
        }
        (Implicit | Optional, Implicit | Optional) => (Impact::SOURCE, None),
    })
}

/// Whether the message has the oneof.
fn has(message: &Message, oneof: &str) -> bool {
    let mut fields = message.fields.iter();
    fields.any(|field| field.cardinality == Cardinality::OneOf(oneof.to_owned()))
}

fn is_reserved(message: &Message, number: i32) -> bool {
    let mut ranges = message.reserved.iter();
    ranges.any(|(first, last)| (*first..=*last).contains(&number))
}

fn text(cardinality: &Cardinality) -> String {
    match cardinality {
        Cardinality::Implicit => "always there".to_owned(),
        Cardinality::Optional => "optional".to_owned(),
        Cardinality::Required => "required".to_owned(),
        Cardinality::Repeated => "repeated".to_owned(),
        Cardinality::OneOf(name) => format!("in the oneof `{name}`"),
    }
}

fn values(item: &Enum) -> Values<'_> {
    Values {
        owner: &item.name,
        span: item.span,
        values: item
            .values
            .iter()
            .map(|value| (value.name.as_str(), value.number, value.span))
            .collect(),
    }
}
