//! Notations: how libraries write a record's head on one line.
//!
//! * A notation only looks at bytes; it makes no spans and keeps no memory. What it finds are ranges of the line.
//! * Which one a line has follows from the line alone, its first byte first: the same line reads the same everywhere.
//! * A level is where a head has its level. Words in prose are none, and a status is none.
//! * Fields that the logger wrote behind the message are cut from it (slog, zap, zerolog, tracing, structlog, winston);
//!   where the author may have written them (Python, Java) they are fields and stay in the message.
//!
//! JSON, logfmt as a whole line and Rich's columns are not read here, and lines are not joined.

mod access;
mod bracketed;
mod calendar;
mod clock;
mod finder;
mod go;
mod groups;
mod java;
mod json_tail;
mod leveled;
mod named;
mod node;
mod pairs;
mod rust;
mod separated;
mod syslog;
mod timed;

use std::ops::Range;

pub use clock::{parse_epoch, parse_epoch_float, parse_time, parse_time_prefix};
pub use java::is_jul_first;
pub use named::{NAMES, parse_as};

use clock::Spelling;
use finder::Finder;

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

/// Finds the head of a line and fills `parsed`; `false` if no notation fits, and `parsed` is empty then.
///
/// `line` has no ANSI codes; a joined record is given with its newlines, and only its first line is read for the head
/// (of `java.util.logging` the first two).
pub fn parse_line(line: &[u8], parsed: &mut Parsed) -> bool {
    let understood = dispatch(&mut Finder::new(line, parsed, true));
    if !understood {
        parsed.clear();
    }
    understood
}

/// Whether a line begins a record by itself: [`parse_line`] without its fields.
pub fn is_head(line: &[u8]) -> bool {
    dispatch(&mut Finder::new(line, &mut Parsed::default(), false))
}

fn dispatch(f: &mut Finder) -> bool {
    let Some(first) = f.at(0) else { return false };
    let understood = match first {
        b'0'..=b'9' => numeric(f),
        b'[' => bracketed::line(f),
        b'<' => syslog::priority(f) || again(f, go::zerolog_untimed),
        b' ' => padded(f),
        b'A'..=b'Z' => capital(f),
        b'a'..=b'z' => leveled::line(f) || again(f, access::line),
        b':' | b'-' => access::line(f),
        b'{' | b'\t' | b'}' => return false,
        _ => false,
    };
    understood || first != b' ' && again(f, leveled::plain)
}

/// Tries another notation with nothing left of the one before.
fn again(f: &mut Finder, notation: fn(&mut Finder) -> bool) -> bool {
    f.out.clear();
    notation(f)
}

fn numeric(f: &mut Finder) -> bool {
    let Some(stamp) = clock::stamp(f.line, 0) else {
        return access::line(f) || again(f, bracketed::counted) || again(f, leveled::redis);
    };
    // Numbers and `7:46PM` begin many lines: they are times where a level follows.
    let needs_level = match stamp.spelling {
        Spelling::Number => true,
        Spelling::OfDay => f.line[..stamp.end].iter().filter(|c| **c == b':').count() < 2,
        _ => false,
    };
    if !f.fields && !needs_level && timed::is_head(f, &stamp) {
        return true;
    }
    timed::read(f, stamp) && (!needs_level || f.has_level())
}

fn padded(f: &mut Finder) -> bool {
    if f.starts(0, b"     ") {
        return false;
    }
    if rust::untimed(f) {
        return true;
    }
    f.out.clear();
    rust::pretty(f) || again(f, rust::uptime) || again(f, node::debug_terminal)
}

fn capital(f: &mut Finder) -> bool {
    if finder::level_at(f.line, 0).is_some() {
        return leveled::line(f) || again(f, access::morgan) || again(f, access::line);
    }
    if java::jul(f) || go::klog(f) {
        return true;
    }
    f.out.clear();
    if let Some(stamp) = clock::stamp(f.line, 0) {
        f.time(stamp);
        let plain_syslog = matches!(stamp.time, LineTime::NoYear { .. });
        if plain_syslog && f.at(stamp.end) == Some(b' ') && syslog::unprioritised(f, stamp.end) {
            return true;
        }
        f.out.clear();
        return timed::read(f, stamp);
    }
    leveled::ruby(f) || again(f, access::morgan) || again(f, access::line)
}

#[cfg(test)]
mod tests;
