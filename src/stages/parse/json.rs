//! JSON records: which members are time, level, message and logger, in the spellings that libraries use.
//!
//! * Every other member becomes one of the record's own fields, in document order; null members are absent.
//! * Strings stay escaped, numbers and documents stay as written.
//! * The first member that can be read as what its name says is taken; one that cannot stays a field.

mod flat;
mod roles;

use roles::{Role, role};

use crate::event::json::{self, Kind, Member};
use crate::event::{Batch, Cell, Level, Pair, Span, Value};

use super::notation;
use super::notation::LineTime;
use super::times::IsoReader;

/// What a record says beside what stands in its row.
#[derive(Clone, Copy, Debug, Default)]
pub struct Extra {
    /// Its logger.
    pub logger: Span,
    /// The level as written.
    pub level_text: Span,
    /// Our own export: tool, call, error, duration.
    pub tool: Option<[Cell; 4]>,
}

/// What [`JsonReader::read`] found.
#[derive(Clone, Copy, Debug, Default)]
pub struct Document {
    /// Its time.
    pub time: Option<LineTime>,
    /// Its level.
    pub level: Option<Level>,
    /// Its message, if it has one.
    pub message: Option<Span>,
    /// Logger, level as written, tool fields.
    pub extra: Extra,
    /// Where an export says that the line is from: deployment, template, container, stream.
    pub from: Option<[Span; 4]>,
    /// First of its fields.
    pub rest_at: u32,
    /// Their number.
    pub rest_len: u16,
}

/// Reads records; holds what is used again.
#[derive(Debug, Default)]
pub struct JsonReader {
    members: Vec<(Member, Option<Role>)>,
    marks: Vec<u32>,
    inner: Vec<Member>,
    iso: IsoReader,
}

impl JsonReader {
    /// Reads the object that fills `span` (plain text). `None`: it is none, or not UTF-8.
    pub fn read(&mut self, batch: &mut Batch, span: Span) -> Option<Document> {
        let mut doc = Document::default();
        let mut picked = Picked::default();
        {
            let text = batch.text.stored(span);
            self.members.clear();
            let members = &mut self.members;
            let end = json::members(text, |m| members.push((m, role(&text[m.key.0..m.key.1]))))?;
            if !text[end..].iter().all(u8::is_ascii_whitespace) || std::str::from_utf8(text).is_err() {
                return None;
            }
            self.pick(text, span, &mut doc, &mut picked);
        }
        self.push_pairs(batch, span, &mut doc, &picked);
        Some(doc)
    }

    /// Reads the object that fills a span of escaped text where it stands, if it is as plain as most; see [`flat`].
    pub fn read_escaped(&mut self, batch: &mut Batch, span: Span) -> Option<Document> {
        let (mut doc, mut picked) = (Document::default(), Picked::default());
        let text = batch.text.stored(span);
        self.members.clear();
        let members = &mut self.members;
        flat::members(text, &mut self.marks, |m| members.push((m, role(&text[m.key.0..m.key.1]))))?;
        // Without its quotes nothing in it is escaped.
        let span = span.escaped(false);
        self.pick(text, span, &mut doc, &mut picked);
        self.push_pairs(batch, span, &mut doc, &picked);
        Some(doc)
    }

    fn pick(&mut self, text: &[u8], span: Span, doc: &mut Document, picked: &mut Picked) {
        let (mut time, mut level, mut message, mut logger) = (u8::MAX, u8::MAX, u8::MAX, u8::MAX);
        let (mut name, mut family) = (None, 0);
        let mut from = [None; 4];
        let mut tool = [None; 4];
        for (at, (m, role)) in self.members.iter().enumerate() {
            let Some(role) = *role else { continue };
            let at = at as u32;
            match role {
                Role::Time(rank) if rank < time => {
                    if let Some(found) = read_time(text, *m, &mut self.iso) {
                        (time, doc.time, picked.time) = (rank, Some(found), at);
                    }
                }
                Role::Level(rank) if rank < level => {
                    if let Some(found) = read_level(text, *m) {
                        (level, doc.level, picked.level) = (rank, Some(found), at);
                        doc.extra.level_text = scalar(span, *m);
                    }
                }
                Role::Message(rank)
                    if rank < message && m.kind != Kind::Null && (rank < 3 || m.kind == Kind::String) =>
                {
                    (message, doc.message, picked.message) = (rank, Some(scalar(span, *m)), at);
                }
                Role::Logger(rank) if rank < logger && m.kind == Kind::String => {
                    (logger, doc.extra.logger, picked.logger) = (rank, scalar(span, *m), at);
                }
                Role::Name if m.kind == Kind::String => name = Some((*m, at)),
                Role::Family => family += 1,
                Role::Log if m.kind == Kind::String && message > 5 => {
                    (message, doc.message, picked.message) = (5, Some(scalar(span, *m)), at);
                }
                Role::Log if m.kind == Kind::Object => {
                    read_log(text, span, *m, &mut self.inner, doc);
                }
                Role::Fields if m.kind == Kind::Object => picked.fields = at,
                Role::Record if m.kind == Kind::Object => picked.record = at,
                Role::Deployment if m.kind == Kind::String => from[0] = Some((*m, at)),
                Role::Template if m.kind == Kind::String => from[1] = Some((*m, at)),
                Role::Container if m.kind == Kind::String => from[2] = Some((*m, at)),
                Role::Stream if m.kind == Kind::String => from[3] = Some((*m, at)),
                Role::Tool if m.kind == Kind::String => tool[0] = Some((*m, at)),
                Role::ToolCall if m.kind == Kind::Bool => tool[1] = Some((*m, at)),
                Role::ToolError if m.kind == Kind::String => tool[2] = Some((*m, at)),
                Role::ToolDuration if m.kind == Kind::Number => tool[3] = Some((*m, at)),
                _ => {}
            }
        }
        // An `event` alone is a field like any other; with a time or a level it is structlog's message.
        if message == 6 && time == u8::MAX && level == u8::MAX {
            doc.message = None;
            picked.message = u32::MAX;
        }
        if logger == u8::MAX
            && let Some((m, at)) = name
            && (family >= 2 || picked.has_python_level(&self.members, text))
        {
            doc.extra.logger = scalar(span, m);
            picked.logger = at;
        }
        let exported = from[0].is_some() || (from[2].is_some() && from[3].is_some());
        if exported && time == 0 && message == 0 {
            let mut spans = [Span::EMPTY; 4];
            for (place, found) in from.iter().enumerate() {
                if let Some((m, at)) = found {
                    spans[place] = scalar(span, *m);
                    picked.from[place] = *at;
                }
            }
            doc.from = Some(spans);
        }
        if tool[1].is_some() || tool[3].is_some() || (tool[2].is_some() && doc.from.is_some()) {
            let mut cells = [Cell::Missing; 4];
            for (place, found) in tool.iter().enumerate() {
                let Some((m, at)) = found else { continue };
                let value = &text[m.value.0..m.value.1];
                cells[place] = match place {
                    1 => Cell::Bool(value == b"true"),
                    3 => match json::parse_number(value) {
                        Value::Int(ms) => Cell::Duration(ms.saturating_mul(1_000_000)),
                        Value::Float(ms) => Cell::Duration((ms * 1e6).round() as i64),
                        _ => Cell::Missing,
                    },
                    _ => Cell::Text(scalar(span, *m)),
                };
                picked.tool[place] = *at;
            }
            doc.extra.tool = Some(cells);
        }
    }

    fn push_pairs(&mut self, batch: &mut Batch, span: Span, doc: &mut Document, picked: &Picked) {
        let start = batch.pairs.len();
        for (at, (m, _)) in self.members.iter().enumerate() {
            let at = at as u32;
            if m.kind == Kind::Null || picked.takes(at) {
                continue;
            }
            if at == picked.fields {
                self.inner.clear();
                let text = batch.text.stored(span);
                let object = &text[m.value.0..m.value.1];
                let (inner, base) = (&mut self.inner, m.value.0);
                json::members(object, |f| inner.push(shift(f, base)));
                for f in inner {
                    if f.kind == Kind::Null {
                        continue;
                    }
                    if doc.message.is_none() && &batch.text.stored(span)[f.key.0..f.key.1] == b"message" {
                        doc.message = Some(scalar(span, *f));
                        continue;
                    }
                    batch.pairs.push(pair(span, *f, batch.text.stored(span)));
                }
                continue;
            }
            if at == picked.record {
                read_record(batch.text.stored(span), span, *m, &mut self.inner, doc);
            }
            batch.pairs.push(pair(span, *m, batch.text.stored(span)));
        }
        let len = (batch.pairs.len() - start).min(usize::from(u16::MAX));
        doc.rest_at = start as u32;
        doc.rest_len = len as u16;
    }
}

/// Which members were taken; `u32::MAX`: none.
#[derive(Clone, Copy)]
struct Picked {
    time: u32,
    level: u32,
    message: u32,
    logger: u32,
    fields: u32,
    record: u32,
    from: [u32; 4],
    tool: [u32; 4],
}

impl Default for Picked {
    fn default() -> Picked {
        let none = u32::MAX;
        Picked {
            time: none,
            level: none,
            message: none,
            logger: none,
            fields: none,
            record: none,
            from: [none; 4],
            tool: [none; 4],
        }
    }
}

impl Picked {
    fn takes(&self, at: u32) -> bool {
        at == self.time
            || at == self.level
            || at == self.message
            || at == self.logger
            || self.from.contains(&at)
            || self.tool.contains(&at)
    }

    /// Python's formatters call the logger `name`.
    fn has_python_level(&self, members: &[(Member, Option<Role>)], text: &[u8]) -> bool {
        let key = |at: u32| members.get(at as usize).map(|(m, _)| &text[m.key.0..m.key.1]);
        key(self.level) == Some(b"levelname") || key(self.time) == Some(b"asctime")
    }
}

fn shift(m: Member, by: usize) -> Member {
    Member { key: (m.key.0 + by, m.key.1 + by), value: (m.value.0 + by, m.value.1 + by), kind: m.kind }
}

/// The inside of a string, still escaped; anything else as it stands.
fn scalar(span: Span, m: Member) -> Span {
    match m.kind {
        Kind::String => span.slice(m.value.0 + 1, m.value.1 - 1).escaped(true),
        _ => span.slice(m.value.0, m.value.1),
    }
}

fn pair(span: Span, m: Member, text: &[u8]) -> Pair {
    let key = span.slice(m.key.0, m.key.1).escaped(true);
    let value = match m.kind {
        Kind::String => Cell::Text(scalar(span, m)),
        Kind::Bool => Cell::Bool(text[m.value.0] == b't'),
        _ => Cell::Json(span.slice(m.value.0, m.value.1)),
    };
    Pair { key, value }
}

/// Members of a JSON object as a record's own fields (for a document behind a text head).
pub fn push_members(batch: &mut Batch, span: Span) -> Option<(u32, u16)> {
    let start = batch.pairs.len();
    let text = batch.text.stored(span);
    std::str::from_utf8(text).ok()?;
    let pairs = &mut batch.pairs;
    let end = json::members(text, |m| {
        if m.kind != Kind::Null {
            pairs.push(pair(span, m, text));
        }
    });
    if end != Some(text.len()) {
        batch.pairs.truncate(start);
        return None;
    }
    Some((start as u32, (batch.pairs.len() - start).min(usize::from(u16::MAX)) as u16))
}

fn read_time(text: &[u8], m: Member, iso: &mut IsoReader) -> Option<LineTime> {
    let value = &text[m.value.0..m.value.1];
    match m.kind {
        Kind::String => {
            let value = &value[1..value.len() - 1];
            iso.read(value).or_else(|| notation::parse_time(value)).or_else(|| {
                // Numbers in quotes: `"1737996450123"`.
                match json::parse_number(value) {
                    Value::Int(n) => notation::parse_epoch(n),
                    Value::Float(n) => notation::parse_epoch_float(n),
                    _ => None,
                }
            })
        }
        Kind::Number => match json::parse_number(value) {
            Value::Int(n) => notation::parse_epoch(n),
            Value::Float(n) => notation::parse_epoch_float(n),
            _ => None,
        },
        Kind::Object => {
            // log4j2 and Google: seconds and nanoseconds apart.
            let number = |name: &[u8]| match json::walk(value, name) {
                Value::Int(n) => Some(n),
                _ => None,
            };
            let seconds = number(b"epochSecond").or_else(|| number(b"seconds"))?;
            let nanos = number(b"nanoOfSecond").or_else(|| number(b"nanos")).unwrap_or(0);
            seconds.checked_mul(crate::event::SECOND)?.checked_add(nanos).map(LineTime::Known)
        }
        _ => None,
    }
}

fn read_level(text: &[u8], m: Member) -> Option<Level> {
    let value = &text[m.value.0..m.value.1];
    match m.kind {
        Kind::String => level_word(&value[1..value.len() - 1]),
        Kind::Number => match json::parse_number(value) {
            Value::Int(n) => level_number(n),
            _ => None,
        },
        _ => None,
    }
}

/// Syslog counts from 0 to 7 (so do GELF and journald), pino and bunyan from 10 to 60.
fn level_number(n: i64) -> Option<Level> {
    match n {
        0..=7 => Level::from_syslog(n as u8),
        10..=99 => Level::from_pino(n),
        _ => None,
    }
}

/// `info`, `INFO+2`, `"6"`, Google's `DEFAULT` (none).
fn level_word(word: &[u8]) -> Option<Level> {
    if let Some(level) = Level::parse(word) {
        return Some(level);
    }
    let letters = word.iter().position(|b| !b.is_ascii_alphabetic()).unwrap_or(word.len());
    if letters == 0 {
        let text = std::str::from_utf8(word).ok()?;
        return level_number(text.parse().ok()?);
    }
    match word[letters..].first() {
        Some(b'+' | b'-') => Level::parse(&word[..letters]),
        _ => None,
    }
}

/// ECS: `"log":{"level":"INFO","logger":"x"}`.
fn read_log(text: &[u8], span: Span, m: Member, inner: &mut Vec<Member>, doc: &mut Document) {
    inner.clear();
    let base = m.value.0;
    json::members(&text[base..m.value.1], |f| inner.push(shift(f, base)));
    for f in inner {
        match &text[f.key.0..f.key.1] {
            b"level" if doc.level.is_none() => {
                doc.level = read_level(text, *f);
                if doc.level.is_some() {
                    doc.extra.level_text = scalar(span, *f);
                }
            }
            b"logger" if doc.extra.logger.is_empty() && f.kind == Kind::String => {
                doc.extra.logger = scalar(span, *f);
            }
            _ => {}
        }
    }
}

/// loguru's `serialize=True`: `"record":{"level":{"name":"INFO"},"message":"…","name":"…","time":{"timestamp":1.5}}`.
fn read_record(text: &[u8], span: Span, m: Member, inner: &mut Vec<Member>, doc: &mut Document) {
    inner.clear();
    let base = m.value.0;
    json::members(&text[base..m.value.1], |f| inner.push(shift(f, base)));
    for f in inner {
        let value = &text[f.value.0..f.value.1];
        match (&text[f.key.0..f.key.1], f.kind) {
            (b"message", Kind::String) if doc.message.is_none() => doc.message = Some(scalar(span, *f)),
            (b"name", Kind::String) if doc.extra.logger.is_empty() => doc.extra.logger = scalar(span, *f),
            (b"level", Kind::Object) if doc.level.is_none() => {
                json::members(value, |l| {
                    if &value[l.key.0..l.key.1] == b"name" && l.kind == Kind::String {
                        let name = shift(l, f.value.0);
                        doc.level = read_level(text, name);
                        doc.extra.level_text = scalar(span, name);
                    }
                });
            }
            (b"time", Kind::Object) if doc.time.is_none() => {
                doc.time = match json::walk(value, b"timestamp") {
                    Value::Float(seconds) => notation::parse_epoch_float(seconds),
                    Value::Int(seconds) => notation::parse_epoch(seconds),
                    _ => None,
                };
            }
            _ => {}
        }
    }
}
