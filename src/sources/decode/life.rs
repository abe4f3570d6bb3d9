//! What happens to containers: lines of JSON that the source itself writes.

use memchr::memchr;
use serde_json::{Value, json};

use super::row;
use crate::event::{Batch, Cell, End, Field, Flags, Key, Level, Memory, NO_TIME, Nanos, Stream};
use crate::sources::Decoder;

/// Decodes such lines.
#[derive(Debug)]
pub struct LifeLines;

/// Nothing is remembered.
#[derive(Clone, Debug)]
pub struct LifeMemory;

impl Decoder for LifeLines {
    type Memory = LifeMemory;

    fn start(&self) -> LifeMemory {
        LifeMemory
    }

    fn decode(&self, _memory: &mut LifeMemory, batch: &mut Batch, mut seq: u64) -> u64 {
        // They are few and short.
        let all = batch.text.buf().to_vec();
        let mut rest = all.as_slice();
        while !rest.is_empty() {
            let end = memchr(b'\n', rest).map_or(rest.len(), |at| at + 1);
            let line: Value = serde_json::from_slice(&rest[..end]).unwrap_or_default();
            rest = &rest[end..];
            seq += 1;
            let message = batch.text.push(line["text"].as_str().unwrap_or_default().as_bytes());
            let kind = batch.text.push(line["kind"].as_str().unwrap_or_default().as_bytes());
            let time = line["time"].as_i64().unwrap_or(NO_TIME);
            let mut row = row(message, time, Stream::None, seq, 0);
            row.level = line["level"].as_str().and_then(|level| Level::parse(level.as_bytes()));
            row.flags.set(Flags::MADE);
            batch.rows.push(row);
            batch.set(batch.rows.len() - 1, Field::EVENT_KIND, Cell::Text(kind));
        }
        seq
    }

    fn release(&self, _memory: &mut LifeMemory, _batch: &mut Batch, _now: Nanos, _end: End) {}
}

impl Memory for LifeMemory {
    fn owed(&self) -> Vec<Key> {
        Vec::new()
    }

    fn save(&self) -> Value {
        json!({ "version": 1 })
    }

    fn restore(_saved: &Value) -> Result<LifeMemory, String> {
        Ok(LifeMemory)
    }
}
