//! What `option` says of services and methods, as annotations.

use std::sync::Arc;

use buffa::{Message, MessageName};
use buffa_descriptor::reflect::{
    DynamicMessage, MapKeyRef, ReflectList, ReflectMap, ReflectMessage, ValueRef,
};
use buffa_descriptor::{DescriptorPool, FieldDescriptor, FieldKind, SingularKind};
use polyport_wire::schema::Annotation;

use crate::protobuf::set::FileSet;

/// Reads options by the files that define them.
#[derive(Debug)]
pub(super) struct Options {
    pool: Arc<DescriptorPool>,
}

impl Options {
    pub(super) fn new(set: &FileSet) -> Result<Self, String> {
        let pool = DescriptorPool::decode(&set.encode_with_options());
        let pool = pool.map_err(|error| format!("cannot read the options: {error}"))?;
        Ok(Self {
            pool: Arc::new(pool),
        })
    }

    /// The options that are set, an extension in parentheses; text as it is, all else as Protobuf's
    /// text format writes it.
    pub(super) fn annotations<O: Message + MessageName>(&self, options: &O) -> Vec<Annotation> {
        let pool = Arc::clone(&self.pool);
        let Some(options) = DynamicMessage::from_options(pool, options) else {
            return Vec::new();
        };
        let mut annotations = Vec::new();
        options.for_each_set(&mut |field, value| {
            let value = match value {
                ValueRef::String(text) => text.to_owned(),
                value => self.value(field.kind(), value),
            };
            let name = match self.extension(&options, field) {
                Some(name) => format!("({name})"),
                None => field.name().to_owned(),
            };
            annotations.push(Annotation { name, value });
        });
        annotations
    }

    /// The full name, if the field is an extension.
    fn extension(&self, message: &dyn ReflectMessage, field: &FieldDescriptor) -> Option<&str> {
        let descriptor = message.message_descriptor();
        if descriptor.field(field.number()).is_some() {
            return None;
        }
        let index = self.pool.message_index(descriptor.full_name())?;
        let found = self.pool.extension_for(index, field.number())?;
        Some(found.full_name())
    }

    fn value(&self, kind: FieldKind, value: ValueRef<'_>) -> String {
        match (kind, value) {
            (FieldKind::List(kind), ValueRef::List(list)) => self.list(kind, list),
            (FieldKind::Map { value: kind, .. }, ValueRef::Map(map)) => self.map(kind, map),
            (FieldKind::Singular(kind), value) => self.singular(kind, value),
            // A list is a list, and a map a map.
            (_, value) => format!("{value:?}"),
        }
    }

    fn singular(&self, kind: SingularKind, value: ValueRef<'_>) -> String {
        match value {
            ValueRef::Bool(value) => value.to_string(),
            ValueRef::I32(value) => value.to_string(),
            ValueRef::I64(value) => value.to_string(),
            ValueRef::U32(value) => value.to_string(),
            ValueRef::U64(value) => value.to_string(),
            ValueRef::F32(value) => value.to_string(),
            ValueRef::F64(value) => value.to_string(),
            ValueRef::String(text) => quoted(text.as_bytes()),
            ValueRef::Bytes(bytes) => quoted(bytes),
            ValueRef::EnumNumber(number) => self.enum_value(kind, number),
            ValueRef::Message(message) => self.message(&*message),
            other => format!("{other:?}"),
        }
    }

    fn enum_value(&self, kind: SingularKind, number: i32) -> String {
        let found = match kind {
            SingularKind::Enum(index) => self.pool.enumeration(index).value(number),
            _ => None,
        };
        found.map_or_else(|| number.to_string(), |value| value.name().to_owned())
    }

    fn message(&self, message: &dyn ReflectMessage) -> String {
        let mut text = String::from("{");
        message.for_each_set(&mut |field, value| {
            let value = self.value(field.kind(), value);
            let name = match self.extension(message, field) {
                Some(name) => format!("[{name}]"),
                None => field.name().to_owned(),
            };
            text.push_str(&format!(" {name}: {value}"));
        });
        text.push_str(" }");
        text
    }

    fn list(&self, kind: SingularKind, list: &dyn ReflectList) -> String {
        let elements = (0..list.len()).filter_map(|index| list.get(index));
        let elements = elements.map(|element| self.singular(kind, element));
        format!("[{}]", elements.collect::<Vec<_>>().join(", "))
    }

    fn map(&self, kind: SingularKind, map: &dyn ReflectMap) -> String {
        let mut pairs = Vec::new();
        map.for_each(&mut |key, value| {
            let key = match key {
                MapKeyRef::Bool(key) => key.to_string(),
                MapKeyRef::I32(key) => key.to_string(),
                MapKeyRef::I64(key) => key.to_string(),
                MapKeyRef::U32(key) => key.to_string(),
                MapKeyRef::U64(key) => key.to_string(),
                MapKeyRef::String(key) => quoted(key.as_bytes()),
            };
            let value = self.singular(kind, value);
            pairs.push(format!("{{ key: {key} value: {value} }}"));
        });
        format!("[{}]", pairs.join(", "))
    }
}

fn quoted(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => format!("{text:?}"),
        Err(_) => format!("\"{}\"", bytes.escape_ascii()),
    }
}
