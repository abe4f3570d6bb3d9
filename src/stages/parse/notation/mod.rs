//! Notations: how libraries write a record's head on one line.
//!
//! A notation only looks at bytes; it makes no spans and keeps no memory. What it finds are ranges of the line.

use std::ops::Range;

use crate::event::{Level, Nanos};

/// A record's own time, as far as the line says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineTime {
    /// A full time with its zone: nanoseconds since the epoch.
    Known(Nanos),
    /// A date and time without zone: nanoseconds as if it were UTC.
    Local(Nanos),
    /// A date and time without year or zone (RFC 3164, klog): as if it were UTC in 1970 (a leap-year-safe month and day
    /// are kept in the fields): month 1–12, day 1–31, nanoseconds of the day.
    NoYear {
        /// 1–12.
        month: u8,
        /// 1–31.
        day: u8,
        /// Nanoseconds since midnight.
        of_day: Nanos,
    },
    /// Only a time of day (env_logger short forms, zerolog's `3:04PM`): nanoseconds since midnight.
    OfDay(Nanos),
}

/// The value of a field found in a line.
#[derive(Clone, Debug, PartialEq)]
pub enum Found {
    /// Text as it stands.
    Text(Range<usize>),
    /// The inside of a quoted string with JSON escapes (logfmt, slog).
    Escaped(Range<usize>),
    /// A JSON value as it stands.
    Json(Range<usize>),
    /// A number that stands there.
    Int(i64),
    /// A number that stands there.
    Float(f64),
}

/// What a notation found in one line. Reused between lines: `clear` it first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Parsed {
    /// Name of the notation, for statistics and `--explain` (`python`, `logfmt`, `klog`).
    pub notation: &'static str,
    /// The line's time.
    pub time: Option<LineTime>,
    /// Normalised level.
    pub level: Option<Level>,
    /// The level as written.
    pub level_text: Range<usize>,
    /// Logger, target, module.
    pub logger: Range<usize>,
    /// What is left: the message.
    pub message: Range<usize>,
    /// The record's own fields: name and value. Names are ranges of the line.
    pub fields: Vec<(Range<usize>, Found)>,
    /// Fields whose names the notation knows and the line does not hold (`http.method` of an access line).
    pub named: Vec<(&'static str, Found)>,
}

impl Parsed {
    /// Makes it empty and keeps the memory.
    pub fn clear(&mut self) {
        let (mut fields, mut named) = (std::mem::take(&mut self.fields), std::mem::take(&mut self.named));
        fields.clear();
        named.clear();
        *self = Parsed { fields, named, ..Parsed::default() };
    }
}
