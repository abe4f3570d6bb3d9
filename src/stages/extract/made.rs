//! Writing what was found: into rows, and as events of their own.

use std::sync::Arc;

use crate::event::{Batch, Cell, Field, Flags, Key, Row, SharedOrigin, Span};

use super::call::{Call, NAMELESS, Place};
use super::memory::Names;
use super::pairing::Outcome;
use super::seen::Class;

/// The value of `event.kind` of an event that stands for a call.
pub const TOOL_CALL: &str = "tool_call";

/// An event to be made.
#[derive(Clone, Debug)]
pub struct Made {
    /// Index of the row that it comes before.
    pub before: usize,
    /// Its key and times: those of the record it is made from.
    pub place: Place,
    /// Where that record is from.
    pub origin: Arc<SharedOrigin>,
    /// What it counts.
    pub outcome: Outcome,
}

impl Made {
    /// The event of a call that no line counts.
    pub fn call(before: usize, origin: &Arc<SharedOrigin>, call: &Call, class: Option<Class>) -> Made {
        let outcome = Outcome { call: !call.counted, error: class, duration: None, name: call.name };
        Made { before, place: call.place, origin: origin.clone(), outcome }
    }
}

/// Most spans of names kept for reuse within a batch.
const KEPT: usize = 64;

/// Writes outcomes into rows; a name is written once a batch.
#[derive(Debug, Default)]
pub struct Writer {
    names: Vec<(u32, Span)>,
    classes: Vec<(Class, Span)>,
    kind: Option<Span>,
}

impl Writer {
    /// Writes what a row counts.
    pub fn write(&mut self, batch: &mut Batch, row: usize, outcome: &Outcome, names: &Names) {
        if outcome.name != NAMELESS
            && let Some(name) = names.get(outcome.name)
        {
            let span = match self.names.iter().find(|(number, _)| *number == outcome.name) {
                Some((_, span)) => *span,
                None => {
                    let span = batch.text.push(name.as_bytes());
                    if self.names.len() < KEPT {
                        self.names.push((outcome.name, span));
                    }
                    span
                }
            };
            batch.set(row, Field::TOOL_NAME, Cell::Text(span));
        }
        if outcome.call {
            batch.set(row, Field::TOOL_CALL, Cell::Bool(true));
        }
        if let Some(class) = outcome.error {
            let span = match self.classes.iter().find(|(known, _)| *known == class) {
                Some((_, span)) => *span,
                None => {
                    let span = batch.text.push(class.as_str().as_bytes());
                    self.classes.push((class, span));
                    span
                }
            };
            batch.set(row, Field::TOOL_ERROR, Cell::Text(span));
        }
        if let Some(ns) = outcome.duration {
            batch.set(row, Field::TOOL_DURATION, Cell::Duration(ns));
        }
    }
}

/// Inserts events that were made, in the order given, before the rows they say.
pub fn insert(batch: &mut Batch, mut made: Vec<Made>, writer: &mut Writer, names: &Names) {
    if made.is_empty() {
        return;
    }
    made.sort_by_key(|made| made.before);
    let old = std::mem::take(&mut batch.rows);
    let mut rows = Vec::with_capacity(old.len() + made.len());
    // Where each old row goes: as many places on as events were made before it.
    let shift = |row: u32| made.partition_point(|m| m.before <= row as usize) as u32;
    batch.renumber(|row| Some(row + shift(row)));
    let mut events = made.iter().peekable();
    let mut written = Vec::with_capacity(made.len());
    for at in 0..=old.len() {
        while let Some(event) = events.next_if(|event| event.before <= at) {
            written.push((rows.len(), event));
            rows.push(row_of(batch, event));
        }
        rows.extend(old.get(at));
    }
    batch.rows = rows;
    batch.tally.made += written.len() as u64;
    for (row, event) in written {
        let kind = *writer.kind.get_or_insert_with(|| batch.text.push(TOOL_CALL.as_bytes()));
        batch.set(row, Field::EVENT_KIND, Cell::Text(kind));
        writer.write(batch, row, &event.outcome, names);
    }
}

fn row_of(batch: &mut Batch, made: &Made) -> Row {
    let origin = match batch
        .origins
        .iter()
        .position(|o| Arc::ptr_eq(o, &made.origin) || o.origin == made.origin.origin)
    {
        Some(origin) => origin,
        None => {
            batch.origins.push(made.origin.clone());
            batch.origins.len() - 1
        }
    };
    let seed = match batch.seeds.iter().position(|seed| *seed == made.place.seed) {
        Some(seed) => seed,
        None => {
            batch.seeds.push(made.place.seed);
            batch.seeds.len() - 1
        }
    };
    let mut row = Row {
        engine_time: made.place.engine_time,
        timestamp: made.place.timestamp,
        key: Key { ..made.place.key },
        place: made.place.place,
        records: made.place.records,
        stream: made.place.stream,
        origin: u16::try_from(origin).unwrap_or(0),
        seed: u8::try_from(seed).unwrap_or(0),
        ..Row::default()
    };
    row.flags.set(Flags::MADE);
    row
}
