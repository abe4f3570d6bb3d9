//! An event taken out of its batch, to come back in a later one.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD as BASE64;
use serde::{Deserialize, Serialize};

use crate::event::{
    Batch, Cell, Column, Constant, Field, Flags, Key, Level, Nanos, Origin, Pair, Row, SharedOrigin, Span,
    Stream,
};

/// An event with all that it needs of its batch. The saved form is its serde form.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Kept {
    #[serde(with = "text")]
    text: Vec<u8>,
    raw: Piece,
    message: Piece,
    engine_time: Nanos,
    timestamp: Nanos,
    /// Its key within the partition.
    pub key: Key,
    place: u64,
    records: u32,
    flags: u16,
    stream: Stream,
    level: Option<Level>,
    seed: (u64, u64),
    origin: Option<SavedOrigin>,
    pairs: Vec<(Piece, Piece)>,
    columns: Vec<(String, Piece)>,
}

/// A cell; text stands in [`Kept::text`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
enum Piece {
    Missing,
    Text(u32, u32, bool),
    Json(u32, u32, bool),
    Int(i64),
    /// The bits, since JSON has no NaN.
    Float(u64),
    Bool(bool),
    Level(Level),
    Time(Nanos),
    Duration(i64),
    Bytes(u64),
}

/// Where a line said that it is from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct SavedOrigin {
    deployment: Option<String>,
    template: Option<String>,
    container: Option<String>,
    image: Option<String>,
    labels: Vec<(String, String)>,
}

mod text {
    use super::{BASE64, Engine};
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub fn serialize<S: Serializer>(bytes: &[u8], s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(&BASE64.encode(bytes))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<Vec<u8>, D::Error> {
        BASE64.decode(String::deserialize(d)?).map_err(D::Error::custom)
    }
}

impl Kept {
    /// Copies a row out of its batch.
    pub fn of(batch: &Batch, at: usize) -> Kept {
        let row = &batch.rows[at];
        let mut bytes = Vec::new();
        let mut piece = |cell: Cell| match cell {
            Cell::Missing => Piece::Missing,
            Cell::Text(span) => {
                let (start, end) = copy(batch.text.stored(span), &mut bytes);
                Piece::Text(start, end, span.is_escaped())
            }
            Cell::Json(span) => {
                let (start, end) = copy(batch.text.stored(span), &mut bytes);
                Piece::Json(start, end, span.is_escaped())
            }
            Cell::Int(n) => Piece::Int(n),
            Cell::Float(n) => Piece::Float(n.to_bits()),
            Cell::Bool(b) => Piece::Bool(b),
            Cell::Level(level) => Piece::Level(level),
            Cell::Time(t) => Piece::Time(t),
            Cell::Duration(d) => Piece::Duration(d),
            Cell::Bytes(n) => Piece::Bytes(n),
        };
        let (raw, message) = (piece(Cell::Text(row.raw)), piece(Cell::Text(row.message)));
        let pairs =
            batch.rest(row).iter().map(|pair| (piece(Cell::Text(pair.key)), piece(pair.value))).collect();
        let mut columns = Vec::new();
        let mut constants = Vec::new();
        for (field, column) in batch.columns() {
            match column {
                Column::Sparse(cells) => {
                    if let Ok(found) = cells.binary_search_by_key(&(at as u32), |(row, _)| *row) {
                        columns.push((field.name().to_owned(), piece(cells[found].1)));
                    }
                }
                Column::All(constant) => constants.push((field.name().to_owned(), constant)),
            }
        }
        for (name, constant) in constants {
            let value = match constant {
                Constant::Text(text) => {
                    let (start, end) = copy(text.as_bytes(), &mut bytes);
                    Piece::Text(start, end, false)
                }
                Constant::Json(json) => {
                    let (start, end) = copy(json.as_bytes(), &mut bytes);
                    Piece::Json(start, end, false)
                }
                Constant::Int(n) => Piece::Int(*n),
                Constant::Float(n) => Piece::Float(n.to_bits()),
                Constant::Bool(b) => Piece::Bool(*b),
            };
            columns.push((name, value));
        }
        let seed = batch.seeds[usize::from(row.seed)];
        Kept {
            text: bytes,
            raw,
            message,
            engine_time: row.engine_time,
            timestamp: row.timestamp,
            key: row.key,
            place: row.place,
            records: row.records,
            flags: row.flags.bits(),
            stream: row.stream,
            level: row.level,
            seed: ((seed >> 64) as u64, seed as u64),
            origin: (row.origin > 0).then(|| SavedOrigin::of(&batch.origin(row).origin)),
            pairs,
            columns,
        }
    }

    /// Bytes that it holds, roughly.
    pub fn len(&self) -> usize {
        self.text.len() + (self.pairs.len() + self.columns.len()) * 32 + 160
    }

    /// Whether the saved form can be what [`Kept::of`] made.
    pub fn is_sound(&self) -> bool {
        let fits = |piece: &Piece| match piece {
            Piece::Text(start, end, _) | Piece::Json(start, end, _) => {
                start <= end && *end as usize <= self.text.len()
            }
            _ => true,
        };
        let text = |piece: &Piece| matches!(piece, Piece::Text(..)) && fits(piece);
        text(&self.raw)
            && text(&self.message)
            && self.pairs.len() <= usize::from(u16::MAX)
            && self.pairs.iter().all(|(key, value)| text(key) && fits(value))
            && self.columns.iter().all(|(_, piece)| fits(piece))
    }

    /// Puts the event into a batch as its row `at`: the caller adds the row that comes back there.
    pub fn put(&self, batch: &mut Batch, at: usize) -> Row {
        let base = batch.text.push(&self.text).start();
        let span = |start: u32, end: u32, escaped| {
            Span::in_side(base + start as usize, base + end as usize).escaped(escaped)
        };
        let cell = |piece: Piece| match piece {
            Piece::Missing => Cell::Missing,
            Piece::Text(start, end, escaped) => Cell::Text(span(start, end, escaped)),
            Piece::Json(start, end, escaped) => Cell::Json(span(start, end, escaped)),
            Piece::Int(n) => Cell::Int(n),
            Piece::Float(bits) => Cell::Float(f64::from_bits(bits)),
            Piece::Bool(b) => Cell::Bool(b),
            Piece::Level(level) => Cell::Level(level),
            Piece::Time(t) => Cell::Time(t),
            Piece::Duration(d) => Cell::Duration(d),
            Piece::Bytes(n) => Cell::Bytes(n),
        };
        let text = |piece: Piece| match cell(piece) {
            Cell::Text(span) => span,
            _ => Span::EMPTY,
        };
        let rest_at = batch.pairs.len() as u32;
        for (key, value) in &self.pairs {
            batch.pairs.push(Pair { key: text(*key), value: cell(*value) });
        }
        for (name, piece) in &self.columns {
            let field = Field::named(name);
            // A stage that gave it to every event has given it to those of this batch too.
            let given = batch.columns().iter().any(|(f, c)| *f == field && matches!(c, Column::All(_)));
            if !given {
                batch.set(at, field, cell(*piece));
            }
        }
        Row {
            raw: text(self.raw),
            message: text(self.message),
            engine_time: self.engine_time,
            timestamp: self.timestamp,
            key: self.key,
            place: self.place,
            records: self.records,
            rest_at,
            rest_len: self.pairs.len() as u16,
            flags: Flags::from_bits(self.flags),
            origin: self.origin_in(batch),
            seed: self.seed_in(batch),
            stream: self.stream,
            level: self.level,
        }
    }

    fn seed_in(&self, batch: &mut Batch) -> u8 {
        let seed = u128::from(self.seed.0) << 64 | u128::from(self.seed.1);
        if let Some(at) = batch.seeds.iter().position(|s| *s == seed) {
            return at as u8;
        }
        // A batch is of one or two files; hundreds of seeds cannot meet in one.
        let at = u8::try_from(batch.seeds.len()).unwrap_or(u8::MAX);
        if batch.seeds.len() <= usize::from(u8::MAX) {
            batch.seeds.push(seed);
        }
        at
    }

    fn origin_in(&self, batch: &mut Batch) -> u16 {
        let Some(saved) = &self.origin else { return 0 };
        let origin = saved.back();
        if let Some(at) = batch.origins.iter().position(|o| o.origin == origin) {
            return at as u16;
        }
        let Ok(at) = u16::try_from(batch.origins.len()) else { return 0 };
        batch.origins.push(SharedOrigin::new(origin));
        at
    }
}

impl SavedOrigin {
    fn of(origin: &Origin) -> SavedOrigin {
        let Origin { deployment, template, container, image, labels } = origin.clone();
        SavedOrigin { deployment, template, container, image, labels }
    }

    fn back(&self) -> Origin {
        let SavedOrigin { deployment, template, container, image, labels } = self.clone();
        Origin { deployment, template, container, image, labels }
    }
}

/// Events that wait, oldest first.
pub type Waiting = std::collections::VecDeque<Arc<Kept>>;

fn copy(from: &[u8], to: &mut Vec<u8>) -> (u32, u32) {
    let start = to.len() as u32;
    to.extend_from_slice(from);
    (start, to.len() as u32)
}
