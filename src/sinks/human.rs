//! An event as people read it: time, deployment, level, message.
//!
//! * Nothing that a log says reaches a terminal as a control: escape sequences, carriage returns and directional
//!   overrides are shown, colours that a server wrote itself are taken out.
//! * Red means error and nothing else.
//! * No text is lost: what a mark, a name or a duration stands for is not repeated, everything else is there. Lines are
//!   wrapped on a terminal only, and never cut.
//!
//! Two halves: [`Human::encode`] runs in the lane and writes a *draft*, the event's text made safe, with marks for
//! styles; the [`Printer`] runs where events come together in their order, knows all deployments and the terminal's
//! width, and makes lines of drafts.

use std::borrow::Cow;

use memchr::memmem;
use regex::Regex;

use crate::event::escape::unescape_into;
use crate::event::{Batch, Cell, Field, Flags, Level, Row, Value};

use super::Event;
use super::template::write_value;

mod clean;
mod names;
mod print;

pub use clean::{clean, clean_bytes};
pub use names::ShortNames;
pub use print::{Printer, Zone};

/// Marks for styles inside a draft: control characters, which cleaned text cannot hold.
mod mark {
    pub const MATCH: u8 = 1;
    pub const DIM: u8 = 2;
    pub const RED: u8 = 3;
    pub const GREEN: u8 = 4;
    pub const BOLD: u8 = 5;
    pub const PLAIN: u8 = 6;
}

/// What the label of a draft is.
mod label {
    pub const NONE: u8 = 0;
    pub const DEPLOYMENT: u8 = 1;
    pub const FILE: u8 = 2;
}

/// Bytes of a draft before its label: level, kind of label, lengths of label and template.
const HEAD: usize = 6;

/// Writes drafts.
#[derive(Debug, Default)]
pub struct Human {
    /// Matches are highlighted.
    pub highlight: Vec<Regex>,
    /// For a terminal: tabs become blanks, so that widths can be known.
    pub terminal: bool,
}

impl Human {
    /// Appends the draft of an event.
    pub fn encode(&self, event: &Event<'_>, out: &mut Vec<u8>) {
        let (batch, row) = (event.batch, event.row());
        let origin = &batch.origin(row).origin;
        let (kind, name) = match (&origin.deployment, &*batch.partition.name) {
            (Some(name), _) => (label::DEPLOYMENT, &**name),
            (None, "") => (label::NONE, ""),
            (None, name) => (label::FILE, name),
        };
        let (name, template) = (label_of(name), label_of(origin.template.as_deref().unwrap_or("")));
        out.push(row.level.map_or(0, |level| level as u8));
        out.push(kind);
        out.extend_from_slice(&(name.len() as u16).to_le_bytes());
        out.extend_from_slice(&(template.len() as u16).to_le_bytes());
        out.extend_from_slice(name.as_bytes());
        out.extend_from_slice(template.as_bytes());

        let mut scratch = Vec::new();
        let message = clean(batch.text.plain(row.message, &mut scratch), self.terminal);
        let message = message.trim_end_matches(['\n', ' ']);
        let said = match Tool::of(event) {
            Some(tool) => {
                tool.write(out);
                tool.what_is_left(message)
            }
            None => message,
        };
        self.write_marked(said, out);
        if !is_whole(batch, row) {
            self.write_own(batch, row, out);
        }
    }

    /// Appends text with its matches marked.
    fn write_marked(&self, text: &str, out: &mut Vec<u8>) {
        if self.highlight.is_empty() {
            out.extend_from_slice(text.as_bytes());
            return;
        }
        let mut matches: Vec<_> = self.highlight.iter().flat_map(|regex| regex.find_iter(text)).collect();
        matches.sort_by_key(|m| (m.start(), m.end()));
        let mut done = 0;
        for found in matches {
            let start = found.start().max(done);
            if start >= found.end() {
                continue;
            }
            out.extend_from_slice(&text.as_bytes()[done..start]);
            out.push(mark::MATCH);
            out.extend_from_slice(&text.as_bytes()[start..found.end()]);
            out.push(mark::PLAIN);
            done = found.end();
        }
        out.extend_from_slice(&text.as_bytes()[done..]);
    }

    /// Appends the record's own fields: ` key=value`.
    fn write_own(&self, batch: &Batch, row: &Row, out: &mut Vec<u8>) {
        let mut text = Vec::new();
        let mut scratch = Vec::new();
        for pair in batch.rest(row) {
            if pair.value == Cell::Missing {
                continue;
            }
            text.clear();
            match batch.cell_value(pair.value) {
                Value::Json(b"null") => continue,
                Value::Escaped(escaped) => unescape_into(escaped, &mut text),
                value => write_value(value, &mut text),
            }
            let quoted = matches!(pair.value, Cell::Text(_))
                && (text.is_empty()
                    || text.iter().any(|b| b.is_ascii_whitespace() || *b == b'"' || *b == b'='));
            out.extend_from_slice(b" ");
            out.push(mark::DIM);
            out.extend_from_slice(clean(batch.text.plain(pair.key, &mut scratch), self.terminal).as_bytes());
            out.push(b'=');
            out.push(mark::PLAIN);
            let value = clean(&text, self.terminal);
            if quoted {
                // As Rust and JSON quote it, so that a value with a newline stays on its line.
                out.extend_from_slice(format!("{value:?}").as_bytes());
            } else {
                self.write_marked(&value, out);
            }
        }
    }
}

/// A name on one line, safe and of a length that a head can hold.
fn label_of(name: &str) -> Cow<'_, str> {
    const LONGEST: usize = 1_024;
    if name.len() <= LONGEST && name.bytes().all(|b| (32..127).contains(&b)) {
        return Cow::Borrowed(name);
    }
    let start: String = name.chars().take(LONGEST / 8).collect();
    Cow::Owned(clean(start.as_bytes(), true).replace('\n', "␤"))
}

/// Whether the message is the whole record, so that its own fields stand in it already.
fn is_whole(batch: &Batch, row: &Row) -> bool {
    row.rest_len == 0
        || row.message.len() >= row.raw.len()
        || row.flags.has(Flags::JSON) && batch.text.stored(row.message).starts_with(b"{")
        || batch.text.stored(row.raw).trim_ascii() == batch.text.stored(row.message).trim_ascii()
}

/// What an event says of a tool.
struct Tool<'a> {
    name: String,
    error: Option<Value<'a>>,
    duration: Option<i64>,
}

impl<'a> Tool<'a> {
    /// `None` where the event neither counts a call or an error nor measures one.
    fn of(event: &Event<'a>) -> Option<Tool<'a>> {
        if event.batch.columns().is_empty() {
            return None;
        }
        let value = |field| event.batch.value(event.index, field);
        let error = Some(value(Field::TOOL_ERROR)).filter(|error| *error != Value::Missing);
        let duration = match value(Field::TOOL_DURATION) {
            Value::Duration(ns) => Some(ns),
            _ => None,
        };
        let call = value(Field::TOOL_CALL) == Value::Bool(true);
        if error.is_none() && duration.is_none() && !call {
            return None;
        }
        let mut name = Vec::new();
        write_value(value(Field::TOOL_NAME), &mut name);
        Some(Tool { name: clean(&name, true).replace('\n', " "), error, duration })
    }

    /// `✗ read_file 66 ms `
    fn write(&self, out: &mut Vec<u8>) {
        let (style, sign) = match (&self.error, self.duration) {
            (Some(_), _) => (mark::RED, "✗"),
            (None, Some(_)) => (mark::GREEN, "✓"),
            (None, None) => (mark::BOLD, "→"),
        };
        out.push(style);
        out.extend_from_slice(sign.as_bytes());
        out.push(mark::PLAIN);
        out.push(b' ');
        if !self.name.is_empty() {
            out.push(mark::BOLD);
            out.extend_from_slice(self.name.as_bytes());
            out.push(mark::PLAIN);
            out.push(b' ');
        }
        if let Some(ns) = self.duration {
            out.extend_from_slice(duration(ns).as_bytes());
            out.push(b' ');
        }
        let mut kind = Vec::new();
        write_value(self.error.unwrap_or(Value::Missing), &mut kind);
        if !kind.is_empty() && kind != b"tool" {
            out.extend_from_slice(clean(&kind, true).as_bytes());
            out.push(b' ');
        }
    }

    /// The message without the words that mark, name and duration stand for.
    fn what_is_left<'m>(&self, message: &'m str) -> &'m str {
        if self.name.is_empty() || memmem::find(message.as_bytes(), self.name.as_bytes()).is_none() {
            return message;
        }
        let (mut rest, mut named) = (message, false);
        while let Some(word) = rest.split_ascii_whitespace().next() {
            let bare = word.trim_matches(|c: char| "'\"`[]():,.".contains(c));
            let is_name = |text: &str| text == self.name;
            let says = |text: &str| {
                let text = text.to_ascii_lowercase();
                SAID.contains(&&*text) || self.duration.is_some() && TIMED.contains(&&*text)
            };
            let is_time = |text: &str| self.duration.is_some() && is_duration(text);
            let known = match bare.split_once('=') {
                Some((name, time)) => is_name(name) && is_time(time),
                None => is_name(bare) || is_time(bare) || says(bare),
            };
            if !known {
                break;
            }
            named |= is_name(bare) || bare.contains('=');
            rest = &rest.trim_ascii_start()[word.len()..];
        }
        if named { rest.trim_start() } else { message }
    }
}

/// Words around a tool's name that say no more than mark, name and duration do.
const SAID: [&str; 17] = [
    "",
    "-",
    ">",
    "call",
    "call_tool",
    "called",
    "calling",
    "completed",
    "error",
    "executing",
    "failed",
    "finished",
    "handler",
    "tool",
    "tool_call",
    "tool_duration",
    "tool_error",
];

/// Words before a length of time.
const TIMED: [&str; 3] = ["after", "in", "took"];

fn is_duration(text: &str) -> bool {
    let unit = text.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
    unit.len() < text.len() && matches!(unit, "ns" | "us" | "µs" | "μs" | "ms" | "s" | "m" | "h")
}

/// A length of time as people say it: `66 ms`, `1.2 s`, `54.9 µs`.
pub fn duration(ns: i64) -> String {
    let ns = ns as f64;
    let (value, unit) = match ns.abs() {
        n if n < 1e3 => (ns, "ns"),
        n if n < 1e6 => (ns / 1e3, "µs"),
        n if n < 999.5e6 => (ns / 1e6, "ms"),
        n if n < 100e9 => (ns / 1e9, "s"),
        n if n < 6000e9 => (ns / 60e9, "min"),
        _ => (ns / 3600e9, "h"),
    };
    if value.abs() >= 9.95 {
        return format!("{value:.0} {unit}");
    }
    let text = format!("{value:.1}");
    format!("{} {unit}", text.strip_suffix(".0").unwrap_or(&text))
}

/// A draft, taken apart.
struct Draft<'a> {
    level: Option<Level>,
    kind: u8,
    name: &'a str,
    template: &'a str,
    text: &'a str,
}

impl<'a> Draft<'a> {
    fn read(draft: &'a [u8]) -> Option<Draft<'a>> {
        let (head, rest) = draft.split_at_checked(HEAD)?;
        let name_length = usize::from(u16::from_le_bytes([head[2], head[3]]));
        let template_length = usize::from(u16::from_le_bytes([head[4], head[5]]));
        let (name, rest) = rest.split_at_checked(name_length)?;
        let (template, text) = rest.split_at_checked(template_length)?;
        Some(Draft {
            level: Level::ALL.into_iter().find(|level| *level as u8 == head[0]),
            kind: head[1],
            // A name cut in the middle of a character is shown without its label rather than not at all.
            name: std::str::from_utf8(name).unwrap_or(""),
            template: std::str::from_utf8(template).unwrap_or(""),
            text: std::str::from_utf8(text).ok()?,
        })
    }
}

#[cfg(test)]
mod tests;
