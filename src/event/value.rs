//! Values of fields: how they are stored and how they are read.

use std::sync::Arc;

use super::level::Level;
use super::span::Span;
use super::time::Nanos;

/// A stored value: 16 bytes, `Copy`, meaningful only with its batch.
#[derive(Clone, Copy, Debug, PartialEq, Default)]
pub enum Cell {
    /// There is none.
    #[default]
    Missing,
    /// Text; the span says whether it is escaped.
    Text(Span),
    /// A JSON value as it was written (object, array, number, true, false), valid JSON.
    Json(Span),
    /// A whole number.
    Int(i64),
    /// A number.
    Float(f64),
    /// true or false.
    Bool(bool),
    /// A level.
    Level(Level),
    /// A point in time.
    Time(Nanos),
    /// A length of time in nanoseconds.
    Duration(i64),
    /// A size in bytes.
    Bytes(u64),
}

/// A value as a stage or an encoder reads it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value<'a> {
    /// There is none.
    Missing,
    /// Text without escapes; not always UTF-8.
    Text(&'a [u8]),
    /// The inside of a JSON string: text that may hold escapes.
    Escaped(&'a [u8]),
    /// A JSON value as it was written.
    Json(&'a [u8]),
    /// A whole number.
    Int(i64),
    /// A number.
    Float(f64),
    /// true or false.
    Bool(bool),
    /// A level.
    Level(Level),
    /// A point in time.
    Time(Nanos),
    /// A length of time in nanoseconds.
    Duration(i64),
    /// A size in bytes.
    Bytes(u64),
}

/// A value that holds for every row, from settings.
#[derive(Clone, Debug, PartialEq)]
pub enum Constant {
    /// Text.
    Text(Arc<str>),
    /// A JSON value.
    Json(Arc<str>),
    /// A whole number.
    Int(i64),
    /// A number.
    Float(f64),
    /// true or false.
    Bool(bool),
}

impl Constant {
    /// The constant for reading.
    pub fn as_value(&self) -> Value<'_> {
        match self {
            Constant::Text(text) => Value::Text(text.as_bytes()),
            Constant::Json(json) => Value::Json(json.as_bytes()),
            Constant::Int(n) => Value::Int(*n),
            Constant::Float(n) => Value::Float(*n),
            Constant::Bool(b) => Value::Bool(*b),
        }
    }
}

/// The values of one field in a batch.
#[derive(Clone, Debug)]
pub enum Column {
    /// The rows that have it, in ascending order.
    Sparse(Vec<(u32, Cell)>),
    /// One value for all rows.
    All(Constant),
}
