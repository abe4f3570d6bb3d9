//! An event as one line of JSON: the export of `mcpp logs`, used by every sink that writes JSON.
//!
//! * Keys stand in this order: `timestamp level message deployment template container stream tool tool_call tool_error
//!   tool_duration_ms event.kind cut`, `logger`, what stages made, the record's own fields, `raw_base64`, `id`.
//! * What is not known is left out; nothing is ever `null`. `message` is always there, and a string.
//! * A key stands once. Of a record's own equal keys the last wins. An own key with one of our names is written as
//!   `record.KEY`; only our own export, read again, keeps the names that nobody else has written.
//! * A line is valid JSON and valid UTF-8 whatever the bytes of the record are. Where text was not UTF-8 it holds
//!   replacement characters, and `raw_base64` holds the whole record, so that no byte is lost.
//! * Text that is escaped already is checked and copied; a usual event costs no allocation.
//!
//! It does not read, filter or rename: stages do.

use std::cell::RefCell;
use std::collections::HashSet;
use std::io::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustc_hash::FxHashMap;

use crate::event::escape::{escape_into, is_escaped};
use crate::event::time::TimeWriter;
use crate::event::{
    Batch, Cell, Column, Constant, EventId, Field, Flags, NO_TIME, Nanos, Pair, Row, Span, Value,
};

use super::Event;

/// Names that mean ours wherever they stand, whether an event has them or not: who counts `tool_call` or reads
/// `level` must not meet a record's own idea of it.
const RESERVED: [&str; 15] = [
    "timestamp",
    "level",
    "message",
    "deployment",
    "template",
    "container",
    "stream",
    "tool",
    "tool_call",
    "tool_error",
    "tool_duration_ms",
    "event.kind",
    "cut",
    "raw_base64",
    "id",
];

/// Columns with a fixed place, in order.
const FIRST: [Field; 5] =
    [Field::TOOL_NAME, Field::TOOL_CALL, Field::TOOL_ERROR, Field::TOOL_DURATION, Field::EVENT_KIND];

/// More own fields than this are compared through a set.
const FEW: usize = 32;

thread_local! {
    static ENCODER: RefCell<Encoder> = RefCell::default();
}

/// Appends an event as a line of JSON, newline included; with `id` as its last key where one is given.
pub fn encode(event: &Event<'_>, id: Option<EventId>, out: &mut Vec<u8>) {
    ENCODER.with_borrow_mut(|encoder| encoder.encode(event, id, out));
}

/// What is kept between events of a thread.
#[derive(Default)]
struct Encoder {
    time: TimeWriter,
    /// `,"NAME":` of columns.
    names: FxHashMap<Field, Box<[u8]>>,
}

/// What the event's own keys may collide with.
struct Written {
    /// Of [`RESERVED`], as bits.
    reserved: u32,
    /// Of the batch's columns, as bits; columns behind the 64th count as written.
    columns: u64,
    /// Some text was not UTF-8.
    lossy: bool,
}

impl Encoder {
    fn encode(&mut self, event: &Event<'_>, id: Option<EventId>, out: &mut Vec<u8>) {
        let (batch, row) = (event.batch, event.row());
        let start = out.len();
        let mut written = Written { reserved: bit("message"), columns: 0, lossy: false };
        // Every member brings its comma; the first comma becomes the brace.
        let time = if row.timestamp == NO_TIME { row.engine_time } else { row.timestamp };
        if time != NO_TIME {
            out.extend_from_slice(b",\"timestamp\":\"");
            self.time.write(time, out);
            out.push(b'"');
            written.reserved |= bit("timestamp");
        }
        if let Some(level) = row.level {
            out.extend_from_slice(b",\"level\":\"");
            out.extend_from_slice(level.as_str().as_bytes());
            out.push(b'"');
            written.reserved |= bit("level");
        }
        out.extend_from_slice(b",\"message\":\"");
        written.lossy |= text(batch, row.message, out);
        out.push(b'"');
        let origin = batch.origin(row);
        out.extend_from_slice(&origin.json);
        if let Some(stream) = row.stream.as_str() {
            out.extend_from_slice(b",\"stream\":\"");
            out.extend_from_slice(stream.as_bytes());
            out.push(b'"');
            written.reserved |= bit("stream");
        }
        self.columns(event, &mut written, out);
        if row.rest_len > 0 {
            self.own_fields(event, &mut written, id.is_some(), out);
        }
        if written.lossy {
            raw_base64(batch, row, out);
        }
        if let Some(id) = id {
            out.extend_from_slice(b",\"id\":\"");
            hex(id, out);
            out.push(b'"');
        }
        out[start] = b'{';
        out.extend_from_slice(b"}\n");
    }

    /// The columns: ours with a fixed place, then the logger, then the others in the order they were made.
    fn columns(&mut self, event: &Event<'_>, written: &mut Written, out: &mut Vec<u8>) {
        let (batch, row) = (event.batch, event.index as u32);
        let columns = batch.columns();
        if !columns.is_empty() {
            for field in FIRST {
                if let Some(at) = columns.iter().position(|(f, _)| *f == field) {
                    self.column(batch, row, at, written, out);
                }
            }
        }
        if event.row().flags.has(Flags::CUT) {
            out.extend_from_slice(b",\"cut\":true");
            written.reserved |= bit("cut");
        }
        if columns.is_empty() {
            return;
        }
        if let Some(at) = columns.iter().position(|(f, _)| *f == Field::LOGGER) {
            self.column(batch, row, at, written, out);
        }
        for (at, (field, _)) in columns.iter().enumerate() {
            let elsewhere = FIRST.contains(field)
                || matches!(*field, Field::LOGGER | Field::DEPLOYMENT | Field::TEMPLATE | Field::CONTAINER);
            if !elsewhere {
                self.column(batch, row, at, written, out);
            }
        }
    }

    fn column(&mut self, batch: &Batch, row: u32, at: usize, written: &mut Written, out: &mut Vec<u8>) {
        let (field, column) = &batch.columns()[at];
        let name = self.names.entry(*field).or_insert_with(|| rendered(*field));
        if name.is_empty() {
            return;
        }
        let wrote = match column {
            Column::All(constant) => self::constant(constant, name, out),
            Column::Sparse(cells) => match cells.binary_search_by_key(&row, |(r, _)| *r) {
                Ok(at) => member(batch, cells[at].1, &mut self.time, &mut written.lossy, out, |out, _| {
                    out.extend_from_slice(name);
                }),
                Err(_) => false,
            },
        };
        if wrote {
            written.columns |= 1 << at.min(63);
            if FIRST.contains(field) {
                written.reserved |= bit(field.known().map_or("", |known| known.json));
            }
        }
    }

    fn own_fields(&mut self, event: &Event<'_>, written: &mut Written, with_id: bool, out: &mut Vec<u8>) {
        let (batch, row) = (event.batch, event.row());
        let pairs = batch.rest(row);
        let own =
            Own { batch, written, extracted: row.flags.has(Flags::EXTRACTED), with_id, names: &self.names };
        let awkward = pairs.len() > FEW
            || pairs.iter().any(|pair| {
                let key = batch.text.stored(pair.key);
                key.starts_with(b"record.")
                    || pair.key.is_escaped() && memchr::memchr(b'\\', key).is_some()
                    || !key.is_ascii() && std::str::from_utf8(key).is_err()
            });
        let mut lossy = false;
        if awkward {
            let keys = Keys::new(batch, pairs);
            for (at, pair) in pairs.iter().enumerate() {
                if keys.last(at) {
                    let prefix = keys.collides(at, &own);
                    member(batch, pair.value, &mut self.time, &mut lossy, out, |out, lossy| {
                        *lossy |= own_key(batch, pair.key, prefix, out);
                    });
                }
            }
        } else {
            let mut marks = [0u32; FEW];
            for (mark, pair) in marks.iter_mut().zip(pairs) {
                *mark = fingerprint(batch.text.stored(pair.key));
            }
            for (at, pair) in pairs.iter().enumerate() {
                let key = batch.text.stored(pair.key);
                let again = (at + 1..pairs.len())
                    .any(|later| marks[later] == marks[at] && batch.text.stored(pairs[later].key) == key);
                if again {
                    continue;
                }
                let prefix = own.collides(key);
                member(batch, pair.value, &mut self.time, &mut lossy, out, |out, lossy| {
                    *lossy |= own_key(batch, pair.key, prefix, out);
                });
            }
        }
        written.lossy |= lossy;
    }
}

/// What decides whether a record's own key collides with one of ours.
struct Own<'a> {
    batch: &'a Batch,
    written: &'a Written,
    extracted: bool,
    with_id: bool,
    names: &'a FxHashMap<Field, Box<[u8]>>,
}

impl Own<'_> {
    fn collides(&self, key: &[u8]) -> bool {
        if let Some(at) = RESERVED.iter().position(|name| name.as_bytes() == key) {
            return !self.extracted
                || self.written.reserved & (1 << at) != 0
                || self.with_id && key == b"id"
                || self.is_of_origin(key);
        }
        self.written.columns != 0
            && self.batch.columns().iter().enumerate().any(|(at, (field, _))| {
                self.written.columns & (1 << at.min(63)) != 0
                    && self.names.get(field).is_some_and(|name| is_name(name, key))
            })
    }

    /// Whether the partition's or the line's origin says it.
    fn is_of_origin(&self, key: &[u8]) -> bool {
        // Origins of a batch are few and the case is rare: every one of them counts.
        self.batch.origins.iter().any(|shared| match key {
            b"deployment" => shared.origin.deployment.is_some(),
            b"template" => shared.origin.template.is_some(),
            b"container" => shared.origin.container.is_some(),
            _ => false,
        })
    }
}

/// Whether `,"NAME":` is the name `key`.
fn is_name(rendered: &[u8], key: &[u8]) -> bool {
    rendered.len() == key.len() + 4 && &rendered[2..rendered.len() - 2] == key
}

/// A record's own keys, unescaped, where comparing spans is not enough.
struct Keys {
    plain: Vec<Vec<u8>>,
    last: Vec<bool>,
}

impl Keys {
    fn new(batch: &Batch, pairs: &[Pair]) -> Keys {
        let mut scratch = Vec::new();
        let plain: Vec<Vec<u8>> =
            pairs.iter().map(|pair| batch.text.plain(pair.key, &mut scratch).to_vec()).collect();
        let mut seen = HashSet::with_capacity(plain.len());
        let mut last = vec![false; plain.len()];
        for (at, key) in plain.iter().enumerate().rev() {
            last[at] = seen.insert(lossy_key(key));
        }
        Keys { plain, last }
    }

    /// Whether no later key is equal.
    fn last(&self, at: usize) -> bool {
        self.last[at]
    }

    /// Whether a key collides: with one of ours, or with what another own key becomes for such a reason, so that
    /// `level` and `record.level` stay two.
    fn collides(&self, at: usize, own: &Own<'_>) -> bool {
        let mut key = &self.plain[at][..];
        loop {
            if own.collides(key) {
                return true;
            }
            let Some(shorter) = key.strip_prefix(b"record.") else {
                return false;
            };
            if !self.plain.iter().any(|k| k == shorter) {
                return false;
            }
            key = shorter;
        }
    }
}

/// A key as a reader of the line sees it.
fn lossy_key(key: &[u8]) -> String {
    String::from_utf8_lossy(key).into_owned()
}

fn fingerprint(key: &[u8]) -> u32 {
    let byte = |at: usize| key.get(at).copied().map_or(0, u32::from);
    (key.len() as u32) << 24 | byte(0) << 16 | byte(key.len() / 2) << 8 | byte(key.len().wrapping_sub(1))
}

fn bit(name: &str) -> u32 {
    RESERVED.iter().position(|reserved| *reserved == name).map_or(0, |at| 1 << at)
}

fn rendered(field: Field) -> Box<[u8]> {
    let name = field.known().map_or_else(|| field.name(), |known| known.json);
    if name.is_empty() {
        return Box::default();
    }
    let mut out = b",\"".to_vec();
    // A column that a user named as one of ours must not stand twice.
    if field.known().is_none() && RESERVED.contains(&name) {
        out.extend_from_slice(b"record.");
    }
    escape_into(name.as_bytes(), &mut out);
    out.extend_from_slice(b"\":");
    out.into_boxed_slice()
}

/// Writes `,"KEY":`; says whether the key was not UTF-8.
fn own_key(batch: &Batch, key: Span, prefix: bool, out: &mut Vec<u8>) -> bool {
    out.extend_from_slice(b",\"");
    if prefix {
        out.extend_from_slice(b"record.");
    }
    let lossy = text(batch, key, out);
    out.extend_from_slice(b"\":");
    lossy
}

/// Appends text as the inside of a JSON string; says whether bytes of it had to be replaced.
pub fn text(batch: &Batch, span: Span, out: &mut Vec<u8>) -> bool {
    let stored = batch.text.stored(span);
    if span.is_escaped() {
        debug_assert!(is_escaped(stored), "whoever marks a span as escaped has checked it");
        out.extend_from_slice(stored);
        return false;
    }
    escape_into(stored, out);
    !stored.is_ascii() && std::str::from_utf8(stored).is_err()
}

/// Appends a member: `key` writes `,"KEY":`. `false`, and nothing, where the value is missing or null.
fn member(
    batch: &Batch,
    cell: Cell,
    time: &mut TimeWriter,
    lossy: &mut bool,
    out: &mut Vec<u8>,
    key: impl FnOnce(&mut Vec<u8>, &mut bool),
) -> bool {
    match cell {
        Cell::Missing => return false,
        Cell::Float(number) if !number.is_finite() => return false,
        Cell::Time(NO_TIME) => return false,
        Cell::Json(span) if matches!(batch.text.stored(span), b"null" | b"") => return false,
        _ => key(out, lossy),
    }
    match cell {
        Cell::Text(span) => {
            out.push(b'"');
            *lossy |= text(batch, span, out);
            out.push(b'"');
        }
        Cell::Json(span) => *lossy |= json(batch.text.stored(span), out),
        other => scalar(batch.cell_value(other), time, out),
    }
    true
}

fn constant(constant: &Constant, name: &[u8], out: &mut Vec<u8>) -> bool {
    match constant {
        Constant::Json(text) if matches!(&**text, "null" | "") => return false,
        Constant::Float(number) if !number.is_finite() => return false,
        _ => out.extend_from_slice(name),
    }
    match constant {
        Constant::Text(text) => {
            out.push(b'"');
            escape_into(text.as_bytes(), out);
            out.push(b'"');
        }
        Constant::Json(text) => {
            json(text.as_bytes(), out);
        }
        other => scalar(other.as_value(), &mut TimeWriter::default(), out),
    }
    true
}

/// Appends a JSON value on one line. Between its tokens a newline is only white space; inside a string it cannot stand.
fn json(value: &[u8], out: &mut Vec<u8>) -> bool {
    if std::str::from_utf8(value).is_err() {
        out.push(b'"');
        escape_into(value, out);
        out.push(b'"');
        return true;
    }
    let start = out.len();
    out.extend_from_slice(value);
    for byte in &mut out[start..] {
        if matches!(*byte, b'\n' | b'\r') {
            *byte = b' ';
        }
    }
    false
}

fn scalar(value: Value<'_>, time: &mut TimeWriter, out: &mut Vec<u8>) {
    match value {
        Value::Int(n) => write!(out, "{n}").expect("a Vec takes every byte"),
        Value::Bytes(n) => write!(out, "{n}").expect("a Vec takes every byte"),
        Value::Float(n) => write!(out, "{n:?}").expect("a Vec takes every byte"),
        Value::Bool(yes) => out.extend_from_slice(if yes { b"true" } else { b"false" }),
        Value::Level(level) => write!(out, "\"{level}\"").expect("a Vec takes every byte"),
        Value::Time(t) => {
            out.push(b'"');
            time.write(t, out);
            out.push(b'"');
        }
        Value::Duration(ns) => milliseconds(ns, out),
        Value::Missing | Value::Text(_) | Value::Escaped(_) | Value::Json(_) => {
            unreachable!("only numbers, truth values, levels and times come here")
        }
    }
}

/// Appends nanoseconds as a number of milliseconds: `1201.57`, `0.000941`, `3`.
pub fn milliseconds(ns: Nanos, out: &mut Vec<u8>) {
    if ns < 0 {
        out.push(b'-');
    }
    let ns = ns.unsigned_abs();
    write!(out, "{}", ns / 1_000_000).expect("a Vec takes every byte");
    let mut part = ns % 1_000_000;
    if part == 0 {
        return;
    }
    let mut digits = *b".000000";
    for digit in digits[1..].iter_mut().rev() {
        *digit = b'0' + (part % 10) as u8;
        part /= 10;
    }
    let end = digits.iter().rposition(|&d| d != b'0').map_or(0, |at| at + 1);
    out.extend_from_slice(&digits[..end]);
}

fn raw_base64(batch: &Batch, row: &Row, out: &mut Vec<u8>) {
    let mut scratch = Vec::new();
    let raw = batch.text.plain(row.raw, &mut scratch);
    out.extend_from_slice(b",\"raw_base64\":\"");
    let at = out.len();
    out.resize(at + base64::encoded_len(raw.len(), true).unwrap_or(0), 0);
    let length = STANDARD.encode_slice(raw, &mut out[at..]).expect("the room is what the encoder asked for");
    out.truncate(at + length);
    out.push(b'"');
}

/// Appends the 32 digits of an id.
pub fn hex(id: EventId, out: &mut Vec<u8>) {
    for byte in id.0.to_be_bytes() {
        for digit in [byte >> 4, byte & 15] {
            out.push(if digit < 10 { b'0' + digit } else { b'a' + digit - 10 });
        }
    }
}

#[cfg(test)]
mod tests;
