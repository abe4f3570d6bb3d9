//! What is known of the events at one point of a pipeline, before it runs.

use std::fmt;

use super::field::{Field, KNOWN};

/// The type of a field's values.
#[derive(
    Clone, Copy, PartialEq, Eq, Debug, Hash, serde::Serialize, serde::Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Type {
    /// Text.
    Text,
    /// A whole number, 64 bits.
    Int,
    /// A number, 64-bit floating point.
    Float,
    /// true or false.
    Bool,
    /// A [`Level`](super::Level).
    Level,
    /// A point in time, nanoseconds since the epoch.
    Time,
    /// A length of time, in nanoseconds.
    Duration,
    /// A size in bytes.
    Bytes,
    /// Any JSON value: an object, an array, or of a type not known before.
    Json,
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Type::Text => "text",
            Type::Int => "int",
            Type::Float => "float",
            Type::Bool => "bool",
            Type::Level => "level",
            Type::Time => "time",
            Type::Duration => "duration",
            Type::Bytes => "bytes",
            Type::Json => "json",
        })
    }
}

/// Whether every event has the field.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Presence {
    /// Every event has it.
    Always,
    /// Some events have it.
    Maybe,
}

/// A field of a schema.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SchemaField {
    /// Which one.
    pub field: Field,
    /// Type of its values.
    pub ty: Type,
    /// Whether every event has it.
    pub presence: Presence,
    /// What made it: the kind of the source or stage, for messages.
    pub from: String,
}

/// The fields that events have at one point of a pipeline, in order.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Schema {
    fields: Vec<SchemaField>,
    /// Whether events may also have fields that nobody can know before they are read.
    pub open: bool,
}

impl Schema {
    /// The field, if events have it.
    pub fn get(&self, field: Field) -> Option<&SchemaField> {
        self.fields.iter().find(|f| f.field == field)
    }

    /// Adds a field or replaces what was known of it.
    pub fn set(&mut self, field: Field, ty: Type, presence: Presence, from: &str) {
        let new = SchemaField { field, ty, presence, from: from.to_owned() };
        match self.fields.iter_mut().find(|f| f.field == field) {
            Some(old) => *old = new,
            None => self.fields.push(new),
        }
    }

    /// Adds a [`KNOWN`] field with the type of the table.
    pub fn set_known(&mut self, field: Field, presence: Presence, from: &str) {
        if let Some(known) = field.known() {
            self.set(field, known.ty, presence, from);
        }
    }

    /// Takes a field away.
    pub fn remove(&mut self, field: Field) {
        self.fields.retain(|f| f.field != field);
    }

    /// The fields, in order.
    pub fn iter(&self) -> impl Iterator<Item = &SchemaField> {
        self.fields.iter()
    }

    /// The names of the fields, for near misses; those of the table come even if they are not made here.
    pub fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = self.fields.iter().map(|f| f.field.name().to_owned()).collect();
        for known in KNOWN {
            if !names.iter().any(|n| n == known.name) {
                names.push(known.name.to_owned());
            }
        }
        names
    }
}
