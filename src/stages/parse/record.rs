//! Reads one record: its row gets time, level and message, the batch its own fields.
//!
//! * Decides by the first bytes: a JSON object, a line of key=value, a notation's head, else plain text.
//! * The message is a span of what is there wherever that is possible; text is made only for codes that must go,
//!   escapes that hide the head and wrapping that must be undone.
//! * Escaped text (Docker's json-file) is read up to the first backslash first; a head that ends before it leaves the
//!   message escaped. A test holds this and the slow path together.

use rustc_hash::FxHashMap;
use std::sync::Arc;

use memchr::{memchr, memmem};

use super::ansi::{self, ESC};
use super::join::{Kind, State};
use super::json::{Document, Extra, JsonReader, push_members};
use super::memory::Clock;
use super::notation;
use super::notation::{Found, LineTime, Parsed};
use super::settings::Format;
use super::shape::{self, trim_end};
use super::times::{self, Zone};
use super::{logfmt, rich};
use crate::event::{Batch, Cell, Flags, Level, NO_TIME, Origin, Pair, Row, SharedOrigin, Span, Stream, Text};

/// Origins that lines named, kept between batches.
const ORIGINS: usize = 4096;

/// Reads records; holds what is used again, for as long as a lane lives.
#[derive(Debug, Default)]
pub struct Reader {
    parsed: Parsed,
    json: JsonReader,
    /// Names that notations know, as spans of this batch.
    names: Vec<(&'static str, Span)>,
    /// Origins that lines of this batch named.
    here: FxHashMap<u64, u16>,
    origins: FxHashMap<u64, Arc<SharedOrigin>>,
    text: Vec<u8>,
}

/// What holds for the record that is read.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// What the settings say lines are.
    pub format: &'a Format,
    /// The zone of times without one.
    pub zone: Zone,
    /// Whether terminal codes are in the batch at all.
    pub codes: bool,
}

impl Reader {
    /// Forgets what was true of another batch.
    pub fn next_batch(&mut self) {
        self.names.clear();
        self.here.clear();
    }

    /// Reads a record of one line.
    pub fn read_line(
        &mut self,
        batch: &mut Batch,
        row: &mut Row,
        clock: &mut Clock,
        cx: Context<'_>,
    ) -> Extra {
        let raw = row.raw;
        let stored = batch.text.stored(raw);
        if cx.codes && has_codes(stored, raw.is_escaped()) {
            let span = strip_codes(batch, raw, &mut self.text);
            return self.read_plain(batch, row, span, clock, cx);
        }
        if !raw.is_escaped() {
            return self.read_plain(batch, row, raw, clock, cx);
        }
        if stored.first() == Some(&b'{')
            && let Format::Auto | Format::Json = cx.format
        {
            if let Some(doc) = self.json.read_escaped(batch, raw) {
                return self.take_document(batch, row, raw, doc, clock, cx);
            }
            let span = batch.text.make_plain(raw);
            return self.read_plain(batch, row, span, clock, cx);
        }
        let stored = batch.text.stored(raw);
        // No document begins otherwise, so the text stays as it stands.
        if let Format::Json = cx.format
            && !matches!(stored.first(), Some(b'{' | b'\\'))
        {
            row.message = raw;
            return Extra::default();
        }
        let Some(clean) = memchr(b'\\', stored) else {
            return self.read_plain(batch, row, raw.escaped(false), clock, cx);
        };
        if let Format::Auto = cx.format
            && clean >= 8
            && self.read_head(cx.format, &stored[..clean])
            && is_open_ended(&self.parsed, stored, clean)
        {
            let message = raw.slice(self.parsed.message.start, raw.len());
            return self.take_parsed(batch, row, raw.escaped(false), message, clock, cx);
        }
        let span = batch.text.make_plain(raw);
        self.read_plain(batch, row, span, clock, cx)
    }

    fn read_head(&mut self, format: &Format, line: &[u8]) -> bool {
        self.parsed.clear();
        match format {
            Format::Notation(name) => notation::parse_as(name, line, &mut self.parsed),
            _ => notation::parse_line(line, &mut self.parsed),
        }
    }

    /// Reads a line of plain text.
    fn read_plain(
        &mut self,
        batch: &mut Batch,
        row: &mut Row,
        span: Span,
        clock: &mut Clock,
        cx: Context<'_>,
    ) -> Extra {
        row.message = span;
        let text = batch.text.stored(span);
        match cx.format {
            Format::Text => return Extra::default(),
            Format::Rule(rule) => return rule.read(batch, row, span, clock, cx),
            Format::Auto | Format::Json => {
                if text.first() == Some(&b'{') && trim_end(text).last() == Some(&b'}') {
                    if let Some(doc) = self.json.read(batch, span) {
                        return self.take_document(batch, row, span, doc, clock, cx);
                    }
                    if std::str::from_utf8(batch.text.stored(span)).is_err() {
                        let valid = String::from_utf8_lossy(batch.text.stored(span)).into_owned();
                        let valid = batch.text.push(valid.as_bytes());
                        if let Some(doc) = self.json.read(batch, valid) {
                            return self.take_document(batch, row, valid, doc, clock, cx);
                        }
                    }
                }
                if let Format::Json = cx.format {
                    return Extra::default();
                }
            }
            Format::Logfmt | Format::Notation(_) => {}
        }
        let text = batch.text.stored(span);
        if let Format::Auto | Format::Logfmt = cx.format {
            self.parsed.clear();
            let whole = matches!(cx.format, Format::Logfmt);
            if logfmt::read(text, whole, &mut self.parsed) {
                let message = span.slice(self.parsed.message.start, self.parsed.message.end);
                let quoted = logfmt::is_quoted(text, &self.parsed.message);
                let message = if quoted { batch.text.mark_escaped(message) } else { message };
                return self.take_parsed(batch, row, span, message, clock, cx);
            }
            if whole {
                return Extra::default();
            }
        }
        let text = batch.text.stored(span);
        if !self.read_head(cx.format, text) {
            return Extra::default();
        }
        let message = span.slice(self.parsed.message.start, self.parsed.message.end);
        self.take_parsed(batch, row, span, message, clock, cx)
    }

    /// Moves what a notation found into the row. `line`: the plain line its ranges are of.
    fn take_parsed(
        &mut self,
        batch: &mut Batch,
        row: &mut Row,
        line: Span,
        message: Span,
        clock: &mut Clock,
        cx: Context<'_>,
    ) -> Extra {
        row.flags.set(Flags::PARSED);
        row.message = message;
        if self.parsed.level.is_some() {
            row.level = self.parsed.level;
        }
        set_time(batch, row, self.parsed.time, clock, cx);
        let extra = Extra {
            logger: part(line, &self.parsed.logger),
            level_text: part(line, &self.parsed.level_text),
            tool: None,
        };
        let start = batch.pairs.len();
        for (name, value) in &self.parsed.fields {
            let value = to_cell(&mut batch.text, line, value);
            batch.pairs.push(Pair { key: part(line, name), value });
        }
        for (name, value) in &self.parsed.named {
            let key = match self.names.iter().find(|(n, _)| std::ptr::eq(*n, *name)) {
                Some((_, span)) => *span,
                None => {
                    let span = batch.text.push(name.as_bytes());
                    self.names.push((name, span));
                    span
                }
            };
            let value = to_cell(&mut batch.text, line, value);
            batch.pairs.push(Pair { key, value });
        }
        row.rest_at = start as u32;
        row.rest_len = (batch.pairs.len() - start).min(usize::from(u16::MAX)) as u16;
        if row.rest_len == 0 {
            read_document_behind(batch, row);
        }
        extra
    }

    fn take_document(
        &mut self,
        batch: &mut Batch,
        row: &mut Row,
        span: Span,
        doc: Document,
        clock: &mut Clock,
        cx: Context<'_>,
    ) -> Extra {
        row.flags.set(Flags::PARSED);
        row.flags.set(Flags::JSON);
        row.level = doc.level;
        row.message = doc.message.unwrap_or(span);
        (row.rest_at, row.rest_len) = (doc.rest_at, doc.rest_len);
        set_time(batch, row, doc.time, clock, cx);
        if doc.extra.tool.is_some() {
            row.flags.set(Flags::EXTRACTED);
        }
        if let Some(from) = doc.from {
            self.set_origin(batch, row, from);
        }
        doc.extra
    }

    /// An export names where its lines are from.
    fn set_origin(&mut self, batch: &mut Batch, row: &mut Row, from: [Span; 4]) {
        let text = &batch.text;
        match text.stored(from[3]) {
            b"stdout" => row.stream = Stream::Stdout,
            b"stderr" => row.stream = Stream::Stderr,
            _ => {}
        }
        self.text.clear();
        for part in &from[..3] {
            self.text.extend_from_slice(text.stored(*part));
            self.text.push(b'"');
        }
        let hash = xxhash_rust::xxh3::xxh3_64(&self.text);
        if let Some(&origin) = self.here.get(&hash) {
            row.origin = origin;
            return;
        }
        let Ok(index) = u16::try_from(batch.origins.len()) else { return };
        if self.origins.len() >= ORIGINS {
            self.origins.clear();
        }
        let shared = self.origins.entry(hash).or_insert_with(|| {
            let name = |span: Span| {
                let mut plain = Vec::new();
                let plain = text.plain(span, &mut plain);
                (!plain.is_empty()).then(|| String::from_utf8_lossy(plain).into_owned())
            };
            SharedOrigin::new(Origin {
                deployment: name(from[0]),
                template: name(from[1]),
                container: name(from[2]),
                ..Origin::default()
            })
        });
        batch.origins.push(shared.clone());
        self.here.insert(hash, index);
        row.origin = index;
    }

    /// Reads a record of several lines; `raw` of the row is the whole, `first` the length of its first line.
    pub fn read_lines(
        &mut self,
        batch: &mut Batch,
        row: &mut Row,
        first: usize,
        state: &State,
        clock: &mut Clock,
        cx: Context<'_>,
    ) -> Extra {
        let mut whole = row.raw;
        let mut first = first;
        if has_codes(batch.text.stored(whole), false) {
            whole = strip_codes(batch, whole, &mut self.text);
            let text = batch.text.stored(whole);
            first = memchr(b'\n', text).unwrap_or(text.len());
        }
        row.message = whole;
        let extra = match (cx.format, state.kind) {
            (Format::Text | Format::Rule(_), _) => {
                let extra = self.read_plain(batch, row, whole, clock, cx);
                trim_message(batch, row);
                return extra;
            }
            (Format::Auto, Kind::Rich | Kind::RichBare) => {
                if let Some(extra) = self.read_rich(batch, row, whole, clock, cx) {
                    return extra;
                }
                Extra::default()
            }
            (Format::Auto | Format::Json, Kind::Complete | Kind::Json) => {
                return self.read_plain(batch, row, whole, clock, cx);
            }
            (Format::Auto, _) if notation::is_jul_first(&batch.text.stored(whole)[..first]) => {
                return self.read_plain(batch, row, whole, clock, cx);
            }
            _ => self.read_plain(batch, row, whole.slice(0, first), clock, cx),
        };
        self.extend_message(batch, row, whole, first);
        skip_empty_first_line(batch, row);
        trim_message(batch, row);
        extra
    }

    /// The message of a joined record goes on to the record's end.
    fn extend_message(&mut self, batch: &mut Batch, row: &mut Row, whole: Span, first: usize) {
        let message = row.message;
        let same = message.is_side() == whole.is_side() && !message.is_escaped();
        let end = message.start() + message.len();
        if same && end == whole.start() + first {
            let from = message.start() - whole.start();
            row.message = whole.slice(from, whole.len());
            return;
        }
        // Fields stand between the message and the lines below, or the message was made.
        self.text.clear();
        let plain = {
            let mut scratch = Vec::new();
            self.text.extend_from_slice(batch.text.plain(message, &mut scratch));
            self.text.extend_from_slice(&batch.text.stored(whole)[first..]);
            batch.text.push(&self.text)
        };
        row.message = plain;
    }

    fn read_rich(
        &mut self,
        batch: &mut Batch,
        row: &mut Row,
        whole: Span,
        clock: &mut Clock,
        cx: Context<'_>,
    ) -> Option<Extra> {
        let text = batch.text.stored(whole);
        let head = {
            let lines: Vec<&[u8]> = text.split(|b| *b == b'\n').collect();
            let head = rich::head(lines.first()?).or_else(|| rich::bare(lines.first()?))?;
            self.text.clear();
            rich::unwrap(&head, &lines, &mut self.text);
            head
        };
        row.message = batch.text.push(&self.text);
        row.flags.set(Flags::PARSED);
        row.level = head.level;
        if head.time.is_some() {
            clock.rich = head.time;
        }
        set_time(batch, row, head.time.or(clock.rich), clock, cx);
        read_document_behind(batch, row);
        let level_text = match head.level {
            Some(_) => {
                let at = usize::from(head.column);
                let field = &batch.text.stored(whole)[at..at + 8];
                whole.slice(at, at + trim_end(field).len())
            }
            None => Span::EMPTY,
        };
        Some(Extra { level_text, ..Extra::default() })
    }
}

/// Whether a head found in `stored[..clean]` reads the same in the whole line, so that the message is all the rest.
fn is_open_ended(parsed: &Parsed, stored: &[u8], clean: usize) -> bool {
    let message = parsed.message.clone();
    // These read documents behind the message, or quotes anywhere.
    const CLOSED: [&str; 5] = ["zap", "winston", "monolog", "access", "nginx-error"];
    // Blanks in front of the backslash are no end of the line.
    stored[message.end..clean].iter().all(|&b| b == b' ')
        && message.start < message.end
        && parsed.fields.is_empty()
        && parsed.named.is_empty()
        && !CLOSED.contains(&parsed.notation)
        // A request (`127.0.0.1:5 - \"GET …`) or a document may begin here.
        && !matches!(stored[message.start], b'0'..=b'9' | b'[' | b'{')
        // Pairs at the end are fields.
        && memchr(b'=', &stored[message.start..]).is_none()
        && !stored.ends_with(b" ")
}

/// A JSON document that is the whole message of a headed record: its members are the record's fields.
fn read_document_behind(batch: &mut Batch, row: &mut Row) {
    let text = batch.text.stored(row.message);
    if text.first() != Some(&b'{') || text.last() != Some(&b'}') || row.message.is_escaped() {
        return;
    }
    if let Some((at, len)) = push_members(batch, row.message) {
        (row.rest_at, row.rest_len) = (at, len);
        row.flags.set(Flags::JSON);
    }
}

/// A head line that says nothing itself: the message begins below it.
fn skip_empty_first_line(batch: &Batch, row: &mut Row) {
    let text = batch.text.stored(row.message);
    let newline: &[u8] = if row.message.is_escaped() { b"\\n" } else { b"\n" };
    let mut rest = text;
    while let Some(below) = rest.strip_prefix(newline) {
        rest = below.trim_ascii_start();
    }
    if !rest.is_empty() {
        row.message = row.message.slice(text.len() - rest.len(), text.len());
    }
}

/// Blank lines at a record's end are no part of what it says.
fn trim_message(batch: &Batch, row: &mut Row) {
    let text = batch.text.stored(row.message);
    let mut end = text.len();
    while end > 0 && text[end - 1].is_ascii_whitespace() {
        end -= 1;
    }
    row.message = row.message.slice(0, end);
}

/// Sets the time of an event from what its line says, see [`times`].
pub fn set_time(
    batch: &mut Batch,
    row: &mut Row,
    time: Option<LineTime>,
    clock: &mut Clock,
    cx: Context<'_>,
) {
    clock.warm = true;
    let Some(time) = time else { return };
    let (found, implausible) = times::resolve(time, row.engine_time, batch.read_at, cx.zone, clock);
    batch.tally.implausible_times += u64::from(implausible);
    if let Some(found) = found {
        row.timestamp = found;
    } else if row.engine_time == NO_TIME {
        row.timestamp = NO_TIME;
    }
}

/// A range of a line as a span; nothing for an empty one.
pub fn part(line: Span, range: &std::ops::Range<usize>) -> Span {
    if range.start >= range.end { Span::EMPTY } else { line.slice(range.start, range.end) }
}

fn to_cell(text: &mut Text, line: Span, value: &Found) -> Cell {
    match value {
        Found::Text(range) => Cell::Text(part(line, range)),
        Found::Escaped(range) => Cell::Text(text.mark_escaped(part(line, range))),
        Found::Json(range) => Cell::Json(part(line, range)),
        Found::Int(n) => Cell::Int(*n),
        Found::Float(n) => Cell::Float(*n),
    }
}

fn has_codes(text: &[u8], escaped: bool) -> bool {
    memchr(ESC, text).is_some()
        || escaped && (memmem::find(text, b"\\u001b").is_some() || memmem::find(text, b"\\u001B").is_some())
}

/// The text without terminal codes, as a plain span.
fn strip_codes(batch: &mut Batch, span: Span, scratch: &mut Vec<u8>) -> Span {
    let mut made = Vec::new();
    scratch.clear();
    ansi::strip_into(batch.text.plain(span, &mut made), scratch);
    batch.text.push(scratch)
}

/// Level and flag of crash output, count of what nothing fits.
pub fn conclude(batch: &mut Batch, row: &mut Row, state: &State) {
    if state.is_crash() && row.level.is_none() {
        row.level = Some(Level::Error);
        row.flags.set(Flags::CRASH);
        row.flags.set(Flags::PARSED);
    }
    if !row.flags.has(Flags::PARSED) {
        batch.tally.unparsed += 1;
    }
}

/// The first line of a record as joining looks at it: headed or not, how severe, of what it speaks.
pub fn read_about(line: &[u8], parsed: &mut Parsed) -> super::join::About {
    parsed.clear();
    if logfmt::read(line, false, parsed) || notation::parse_line(line, parsed) {
        let message = line.get(parsed.message.clone()).unwrap_or(b"");
        return super::join::About::read(true, parsed.level, message);
    }
    super::join::About::read(false, None, shape::trim_end(line))
}
