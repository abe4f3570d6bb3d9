//! One batch: the records of one partition over one shared buffer.
//!
//! * Rows keep the order of their partition; a row is one event (before `parse`: one physical record).
//! * What every event has stands in its [`Row`], because it is read, written and moved together; everything else
//!   is a column. A record's own fields are *pairs*: spans of key and value, found by name when someone asks.
//! * Filtering sets a mark and counts; rows, spans and columns stay where they are.
//! * No value is built here that nobody reads: a row costs no allocation.

use std::sync::Arc;

use super::field::Field;
use super::json;
use super::level::Level;
use super::partition::{Partition, SharedOrigin};
use super::span::{Span, Text};
use super::tally::{Reason, Tally};
use super::time::{NO_TIME, Nanos};
use super::value::{Cell, Column, Value};

/// Which of a container's streams a line was written to.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
#[repr(u8)]
pub enum Stream {
    /// Not known: a file, standard input.
    #[default]
    None,
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

impl Stream {
    /// The name, if there is one.
    pub fn as_str(self) -> Option<&'static str> {
        match self {
            Stream::None => None,
            Stream::Stdout => Some("stdout"),
            Stream::Stderr => Some("stderr"),
        }
    }
}

/// The key of an event within its partition: what skipping after a restart goes by.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, serde::Serialize, serde::Deserialize,
)]
pub struct Key {
    /// Number of its first record in the partition, from 1.
    pub seq: u64,
    /// 0: the record's own event; 1…: events made from it.
    pub index: u32,
}

/// Facts about a row that are yes or no.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Flags(u16);

impl Flags {
    /// Taken out by a filter or another stage; encoders skip it.
    pub const DEAD: Flags = Flags(1);
    /// Cut at the longest record's limit: the text goes on in the source.
    pub const CUT: Flags = Flags(1 << 1);
    /// `parse` recognised a notation; without it the message is the raw text.
    pub const PARSED: Flags = Flags(1 << 2);
    /// Crash output: traceback, panic, uncaught exception, fatal runtime message.
    pub const CRASH: Flags = Flags(1 << 3);
    /// The event was made by a stage and no line stands for it (its `event.kind` says what it is).
    pub const MADE: Flags = Flags(1 << 4);
    /// The record's own fields hold the results of an extraction already (our own export).
    pub const EXTRACTED: Flags = Flags(1 << 5);
    /// A JSON document (or a record with a JSON document behind its head): `rest` are its members.
    pub const JSON: Flags = Flags(1 << 6);
    /// The decoder found a part that waits for its continuation (16 KiB parts of container engines).
    pub const PARTIAL: Flags = Flags(1 << 7);

    /// As a number, for saving.
    pub fn bits(self) -> u16 {
        self.0
    }

    /// From [`Flags::bits`].
    pub fn from_bits(bits: u16) -> Flags {
        Flags(bits)
    }

    /// Whether all of `other` are set.
    pub fn has(self, other: Flags) -> bool {
        self.0 & other.0 == other.0
    }

    /// Sets `other`.
    pub fn set(&mut self, other: Flags) {
        self.0 |= other.0;
    }

    /// Takes `other` away.
    pub fn clear(&mut self, other: Flags) {
        self.0 &= !other.0;
    }
}

/// What every event has.
#[derive(Clone, Copy, Debug, Default)]
pub struct Row {
    /// The whole record as it was read, without the source's framing.
    pub raw: Span,
    /// What it says; starts as `raw`, `parse` narrows it.
    pub message: Span,
    /// When the engine (or, without one, mcpp) received it: order, `since`, joining. [`NO_TIME`] if nobody knows.
    pub engine_time: Nanos,
    /// When it happened, shown and used by windows; [`NO_TIME`] until known.
    pub timestamp: Nanos,
    /// Its key within the partition.
    pub key: Key,
    /// The source's own key within its origin: an offset in the uncompressed text, an ordinal, or the seq.
    pub place: u64,
    /// How many physical records are joined in it, from 1.
    pub records: u32,
    /// First of its own fields in [`Batch::pairs`].
    pub rest_at: u32,
    /// Number of its own fields.
    pub rest_len: u16,
    /// Facts that are yes or no.
    pub flags: Flags,
    /// Index in [`Batch::origins`]: where the line says it is from; 0 is the partition's own.
    pub origin: u16,
    /// Index in [`Batch::seeds`].
    pub seed: u8,
    /// Which stream.
    pub stream: Stream,
    /// How severe, normalised.
    pub level: Option<Level>,
}

impl Row {
    /// Whether no stage has taken it out.
    pub fn alive(&self) -> bool {
        !self.flags.has(Flags::DEAD)
    }
}

/// One of a record's own fields.
#[derive(Clone, Copy, Debug)]
pub struct Pair {
    /// Its name, dots included, as written; may be escaped.
    pub key: Span,
    /// Its value.
    pub value: Cell,
}

/// The records of one partition, in order, over one buffer.
#[derive(Clone, Debug)]
pub struct Batch {
    /// Whose records these are.
    pub partition: Arc<Partition>,
    /// All text that the spans point into.
    pub text: Text,
    /// The events.
    pub rows: Vec<Row>,
    /// The records' own fields, by [`Row::rest_at`].
    pub pairs: Vec<Pair>,
    /// Where lines come from; 0 is the partition's own origin, others were named by the lines.
    pub origins: Vec<Arc<SharedOrigin>>,
    /// First inputs of the event ids; 0 is that of the buffer's file or container.
    pub seeds: Vec<u128>,
    /// Offset of the buffer's first byte in the uncompressed text of its source.
    pub offset: u64,
    /// Wall time when the source read it.
    pub read_at: Nanos,
    /// In what the source read, characters may be spelt as numbers (`\u0041`, `\/`) and terminal codes may stand. False only where
    /// the decoder has looked: searching the bytes then finds what a search of their meaning would.
    pub veiled: bool,
    /// What happened to the events.
    pub tally: Tally,
    columns: Vec<(Field, Column)>,
    /// Emptied columns, for the next ones.
    spare: Vec<Vec<(u32, Cell)>>,
}

impl Batch {
    /// A batch without rows: decoders add them.
    pub fn new(partition: Arc<Partition>, text: Text) -> Batch {
        let origins = vec![partition.origin.clone()];
        Batch {
            partition,
            text,
            rows: Vec::new(),
            pairs: Vec::new(),
            origins,
            seeds: vec![0],
            offset: 0,
            read_at: NO_TIME,
            veiled: true,
            tally: Tally::default(),
            columns: Vec::new(),
            spare: Vec::new(),
        }
    }

    /// Makes an emptied batch (see [`Batch::clear`]) ready for another partition.
    pub fn reset(&mut self, partition: Arc<Partition>, text: Text) {
        let mut side = std::mem::take(&mut self.text.side);
        side.clear();
        self.text = text;
        self.text.side = side;
        self.clear_rows();
        self.origins.clear();
        self.origins.push(partition.origin.clone());
        self.seeds.clear();
        self.seeds.push(0);
        self.offset = 0;
        self.veiled = true;
        self.tally = Tally::default();
        self.partition = partition;
    }

    /// Takes all rows out, uncounted: they have gone where they were to go. The text stays.
    pub fn clear_rows(&mut self) {
        self.rows.clear();
        self.pairs.clear();
        for (_, column) in self.columns.drain(..) {
            if let Column::Sparse(mut cells) = column {
                cells.clear();
                self.spare.push(cells);
            }
        }
    }

    /// Gives the buffer back and keeps the memory for the next batch.
    pub fn clear(&mut self) {
        let partition = self.partition.clone();
        self.reset(partition, Text::default());
    }

    /// The indices of the rows that are alive.
    pub fn alive(&self) -> impl Iterator<Item = usize> + '_ {
        (0..self.rows.len()).filter(|&row| self.rows[row].alive())
    }

    /// Takes a row out, for a reason that is counted.
    pub fn drop_row(&mut self, row: usize, reason: Reason) {
        let row = &mut self.rows[row];
        if row.alive() {
            row.flags.set(Flags::DEAD);
            self.tally.dropped[reason as usize] += 1;
        }
    }

    /// Where a row's line comes from.
    pub fn origin(&self, row: &Row) -> &SharedOrigin {
        &self.origins[usize::from(row.origin)]
    }

    /// A record's own fields.
    pub fn rest(&self, row: &Row) -> &[Pair] {
        let at = row.rest_at as usize;
        &self.pairs[at..at + usize::from(row.rest_len)]
    }

    /// The columns, in the order they were made.
    pub fn columns(&self) -> &[(Field, Column)] {
        &self.columns
    }

    /// Sets a field of a row that is not part of [`Row`]. Rows are set in ascending order, each once per field;
    /// a row set again, or out of order, is put in its place.
    pub fn set(&mut self, row: usize, field: Field, cell: Cell) {
        debug_assert!(!is_core(field), "{field:?} is set in the row");
        let row = row as u32;
        let at = match self.columns.iter().position(|(f, _)| *f == field) {
            Some(at) => at,
            None => {
                let cells = self.spare.pop().unwrap_or_default();
                self.columns.push((field, Column::Sparse(cells)));
                self.columns.len() - 1
            }
        };
        match &mut self.columns[at].1 {
            Column::Sparse(cells) => match cells.last() {
                Some((last, _)) if *last >= row => match cells.binary_search_by_key(&row, |(r, _)| *r) {
                    Ok(at) => cells[at].1 = cell,
                    Err(at) => cells.insert(at, (row, cell)),
                },
                _ => cells.push((row, cell)),
            },
            column @ Column::All(_) => *column = Column::Sparse(vec![(row, cell)]),
        }
    }

    /// Replaces a whole column.
    pub fn set_column(&mut self, field: Field, column: Column) {
        debug_assert!(!is_core(field));
        match self.columns.iter_mut().find(|(f, _)| *f == field) {
            Some((_, old)) => *old = column,
            None => self.columns.push((field, column)),
        }
    }

    /// Takes a column away. A record's own field of that name would show again: see `drop`.
    pub fn remove_column(&mut self, field: Field) -> Option<Column> {
        let at = self.columns.iter().position(|(f, _)| *f == field)?;
        Some(self.columns.remove(at).1)
    }

    /// Makes room: renumbers the rows of every column after rows were joined or inserted.
    ///
    /// `to` maps an old index to the new one; `None` takes the cell away. Order must be kept.
    pub fn renumber(&mut self, to: impl Fn(u32) -> Option<u32>) {
        for (_, column) in &mut self.columns {
            if let Column::Sparse(cells) = column {
                cells.retain_mut(|(row, _)| match to(*row) {
                    Some(new) => {
                        *row = new;
                        true
                    }
                    None => false,
                });
            }
        }
    }

    /// The value of a field of a row: what a stage made, else what the line itself says.
    pub fn value(&self, row: usize, field: Field) -> Value<'_> {
        self.value_named(row, field, field.name())
    }

    /// [`Batch::value`] for who asks for every row and has the field's name at hand.
    pub fn value_named(&self, row: usize, field: Field, name: &str) -> Value<'_> {
        let r = &self.rows[row];
        let made = match field {
            Field::MESSAGE => return self.text_value(r.message),
            Field::RAW => return self.text_value(r.raw),
            Field::LEVEL => return r.level.map_or(Value::Missing, Value::Level),
            Field::TIMESTAMP => return time_value(r.timestamp),
            Field::ENGINE_TIME => return time_value(r.engine_time),
            Field::STREAM => return text_or_missing(r.stream.as_str()),
            _ => self.column_value(row as u32, field),
        };
        if made != Value::Missing {
            return made;
        }
        let origin = &self.origin(r).origin;
        let known = match field {
            Field::DEPLOYMENT => text_or_missing(origin.deployment.as_deref()),
            Field::TEMPLATE => text_or_missing(origin.template.as_deref()),
            Field::CONTAINER => text_or_missing(origin.container.as_deref()),
            _ => Value::Missing,
        };
        if known != Value::Missing || r.rest_len == 0 {
            return known;
        }
        self.own_value(r, name.as_bytes())
    }

    /// The value of one of the record's own fields, by name; `a.b` also finds `b` inside an object `a`.
    pub fn own_value(&self, row: &Row, name: &[u8]) -> Value<'_> {
        let mut scratch = Vec::new();
        // The last of equal names wins, as in every JSON parser that keeps one.
        for pair in self.rest(row).iter().rev() {
            if self.text.plain(pair.key, &mut scratch) == name {
                return self.cell_value(pair.value);
            }
        }
        for (dot, _) in name.iter().enumerate().filter(|(_, c)| **c == b'.') {
            for pair in self.rest(row).iter().rev() {
                if let Cell::Json(object) = pair.value
                    && self.text.plain(pair.key, &mut scratch) == &name[..dot]
                {
                    return json::walk(self.text.stored(object), &name[dot + 1..]);
                }
            }
        }
        Value::Missing
    }

    fn column_value(&self, row: u32, field: Field) -> Value<'_> {
        for (f, column) in &self.columns {
            if *f == field {
                return match column {
                    Column::All(constant) => constant.as_value(),
                    Column::Sparse(cells) => match cells.binary_search_by_key(&row, |(r, _)| *r) {
                        Ok(at) => self.cell_value(cells[at].1),
                        Err(_) => Value::Missing,
                    },
                };
            }
        }
        Value::Missing
    }

    /// A stored value for reading.
    pub fn cell_value(&self, cell: Cell) -> Value<'_> {
        match cell {
            Cell::Missing => Value::Missing,
            Cell::Text(span) => self.text_value(span),
            Cell::Json(span) => Value::Json(self.text.stored(span)),
            Cell::Int(n) => Value::Int(n),
            Cell::Float(n) => Value::Float(n),
            Cell::Bool(b) => Value::Bool(b),
            Cell::Level(level) => Value::Level(level),
            Cell::Time(t) => Value::Time(t),
            Cell::Duration(d) => Value::Duration(d),
            Cell::Bytes(n) => Value::Bytes(n),
        }
    }

    fn text_value(&self, span: Span) -> Value<'_> {
        if span.is_escaped() {
            Value::Escaped(self.text.stored(span))
        } else {
            Value::Text(self.text.stored(span))
        }
    }
}

/// Whether a field lives in [`Row`] or in the origin and cannot be a column of its own.
pub fn is_core(field: Field) -> bool {
    matches!(
        field,
        Field::MESSAGE
            | Field::RAW
            | Field::LEVEL
            | Field::TIMESTAMP
            | Field::ENGINE_TIME
            | Field::STREAM
            | Field::ID
    )
}

fn time_value(t: Nanos) -> Value<'static> {
    if t == NO_TIME { Value::Missing } else { Value::Time(t) }
}

fn text_or_missing(text: Option<&str>) -> Value<'_> {
    text.map_or(Value::Missing, |text| Value::Text(text.as_bytes()))
}
