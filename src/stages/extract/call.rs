//! What is remembered of one call.

use crate::event::{Batch, Key, NO_TIME, Nanos, Row, Stream};

use super::seen::{Class, Notation};

/// No name is known.
pub const NAMELESS: u32 = u32::MAX;

/// What is known of the record that says something: enough to make an event in its place later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Place {
    /// Its key; the index is the next free one of the record.
    pub key: Key,
    /// See [`Row::engine_time`].
    pub engine_time: Nanos,
    /// See [`Row::timestamp`].
    pub timestamp: Nanos,
    /// See [`Row::place`].
    pub place: u64,
    /// See [`Row::records`].
    pub records: u32,
    /// First input of its event id.
    #[serde(with = "hex")]
    pub seed: u128,
    /// See [`Row::stream`].
    pub stream: Stream,
}

impl Place {
    /// The place of a row.
    pub fn of(batch: &Batch, row: &Row) -> Place {
        Place {
            key: Key { seq: row.key.seq, index: row.key.index + 1 },
            engine_time: row.engine_time,
            timestamp: row.timestamp,
            place: row.place,
            records: row.records,
            seed: batch.seeds.get(usize::from(row.seed)).copied().unwrap_or(0),
            stream: row.stream,
        }
    }

    /// The time that limits count in: the engine's, else the line's own.
    pub fn clock(&self) -> Nanos {
        clock(self.engine_time, self.timestamp)
    }

    /// The time for comparing with durations: the line's own, else the engine's.
    pub fn when(&self) -> Nanos {
        if self.timestamp != NO_TIME { self.timestamp } else { self.engine_time }
    }

    /// The time that stands in the line itself.
    pub fn own(&self) -> Nanos {
        if self.timestamp == self.engine_time { NO_TIME } else { self.timestamp }
    }
}

/// The time that limits count in, of a row's two times.
pub fn clock(engine_time: Nanos, timestamp: Nanos) -> Nanos {
    if engine_time != NO_TIME { engine_time } else { timestamp }
}

/// Time from `from` to `to`, if both are known.
pub fn between(from: Nanos, to: Nanos) -> Option<i64> {
    (from != NO_TIME && to != NO_TIME).then(|| to.saturating_sub(from))
}

mod hex {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub fn serialize<S: Serializer>(value: &u128, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&format!("{value:x}"))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<u128, D::Error> {
        u128::from_str_radix(&String::deserialize(from)?, 16).map_err(D::Error::custom)
    }
}

/// A call, running or over, or an error of which the call is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Call {
    /// Where it was first seen.
    pub place: Place,
    /// When it was last heard of.
    pub last: Nanos,
    /// Number of the record that last spoke of it.
    pub last_seq: u64,
    /// The tool's number among the names, or [`NAMELESS`].
    pub name: u32,
    /// Hash of the request's id, or 0.
    pub id: u64,
    /// Hash of the enclosing span's id, or 0.
    pub parent: u64,
    /// Notations that have told of its beginning.
    pub starts: u16,
    /// Notations that have told of its end.
    pub ends: u16,
    /// Notations that have told of its failure.
    pub errors: u16,
    /// Notations that have told its duration.
    pub durations: u16,
    /// Wording of the first record about it, and of the one that ended it.
    pub views: (u32, u32),
    /// Its duration, if told.
    pub duration: Option<i64>,
    /// How it failed, if told.
    pub class: Option<Class>,
    /// An event counts it.
    pub counted: bool,
    /// An event counts its failure.
    pub failed: bool,
    /// An event measures it.
    pub measured: bool,
    /// Only an error is known, no call.
    pub stub: bool,
}

impl Call {
    /// A call first seen at `place`.
    pub fn new(place: Place, name: u32) -> Call {
        Call {
            place,
            last: place.when(),
            last_seq: place.key.seq,
            name,
            id: 0,
            parent: 0,
            starts: 0,
            ends: 0,
            errors: 0,
            durations: 0,
            views: (0, 0),
            duration: None,
            class: None,
            counted: false,
            failed: false,
            measured: false,
            stub: false,
        }
    }

    /// The most complete notation that tells of it as a call.
    pub fn best(&self) -> u8 {
        (self.starts | self.ends).trailing_zeros() as u8
    }

    /// Whether this notation has told of it in any way.
    pub fn told_by(&self, notation: Notation) -> bool {
        (self.starts | self.ends | self.errors | self.durations) & notation.bit() != 0
    }

    /// Whether a name fits: the same one, or either unknown.
    pub fn may_be(&self, name: u32) -> bool {
        self.name == name || self.name == NAMELESS || name == NAMELESS
    }

    /// Whether `place` is near to when it was last heard of: in time, or without times in records.
    pub fn is_near(&self, place: &Place, within: Nanos) -> bool {
        match between(self.last, place.when()) {
            Some(gap) => gap.abs() <= within,
            None => place.key.seq.abs_diff(self.last_seq) <= 500,
        }
    }
}
