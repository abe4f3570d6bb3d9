//! Parts of long lines, joined.
//!
//! * A part is held until its end comes; what is held is bounded by the longest record, per stream.
//! * A part that the clock let go stays cut: what comes later of its line is a record of its own.
//! * The joined record has the key, time and place of its first part.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use crate::event::escape::unescape_into;
use crate::event::{Batch, End, Flags, Key, Nanos, SECOND, Span, Stream};

/// After this long without its continuation a part is let go: what follows shares the time of the first part, but a
/// program that writes half a line and waits should be seen. As long as for lines joined by their times.
const GAP: Nanos = SECOND;

/// The unfinished records of a partition, one per stream.
#[derive(Clone, Debug, Default)]
pub(super) struct Parts {
    held: [Option<Held>; 3],
}

#[derive(Clone, Debug)]
struct Held {
    bytes: Vec<u8>,
    escaped: bool,
    time: Nanos,
    seq: u64,
    place: u64,
    seed: u128,
    records: u32,
    /// The longest record's limit was reached.
    full: bool,
}

/// One record of the source, a whole line or a part.
pub(super) struct Part<'a> {
    pub(super) bytes: &'a [u8],
    /// Where `bytes` stand.
    pub(super) span: Span,
    pub(super) time: Nanos,
    pub(super) stream: Stream,
    pub(super) seq: u64,
    pub(super) place: u64,
    /// Its line goes on in the next part.
    pub(super) more: bool,
}

impl Parts {
    /// Whether nothing of this stream is held.
    #[inline]
    pub(super) fn is_idle(&self, stream: Stream) -> bool {
        self.held[stream as usize].is_none()
    }

    /// Takes a record: adds a row, or holds it. `joins` says whether it continues a held one that began at that time.
    pub(super) fn take(
        &mut self,
        batch: &mut Batch,
        part: &Part<'_>,
        longest: usize,
        joins: impl Fn(Nanos) -> bool,
    ) {
        let slot = &mut self.held[part.stream as usize];
        if let Some(mut held) = slot.take() {
            if joins(held.time) {
                held.add(part, longest);
                batch.tally.joined += 1;
                if part.more {
                    *slot = Some(held);
                } else {
                    held.push(batch, part.stream, false);
                }
                return;
            }
            held.push(batch, part.stream, false);
        }
        if part.more {
            *slot = Some(Held::new(part, batch.seeds[0]));
            return;
        }
        batch.rows.push(super::row(part.span, part.time, part.stream, part.seq, part.place));
    }

    pub(super) fn release(&mut self, batch: &mut Batch, now: Nanos, end: End) {
        for stream in [Stream::None, Stream::Stdout, Stream::Stderr] {
            let slot = &mut self.held[stream as usize];
            if let Some(held) = slot.take_if(|held| end != End::Clock || held.time.saturating_add(GAP) < now)
            {
                held.push(batch, stream, true);
            }
        }
    }

    pub(super) fn owed(&self) -> Vec<Key> {
        self.held.iter().flatten().map(|held| Key { seq: held.seq, index: 0 }).collect()
    }

    pub(super) fn save(&self) -> Value {
        self.held.iter().map(|held| held.as_ref().map_or(Value::Null, Held::save)).collect()
    }

    pub(super) fn restore(saved: &Value) -> Option<Parts> {
        let mut parts = Parts::default();
        for (at, slot) in parts.held.iter_mut().enumerate() {
            let value = saved.get(at)?;
            if !value.is_null() {
                *slot = Some(Held::restore(value)?);
            }
        }
        Some(parts)
    }
}

impl Held {
    fn new(part: &Part<'_>, seed: u128) -> Held {
        Held {
            bytes: part.bytes.to_vec(),
            escaped: part.span.is_escaped(),
            time: part.time,
            seq: part.seq,
            place: part.place,
            seed,
            records: 1,
            full: false,
        }
    }

    fn add(&mut self, part: &Part<'_>, longest: usize) {
        // Read from the engine's file first and by its API then, or the other way round.
        let mut unescaped = Vec::new();
        let mut bytes = part.bytes;
        if self.escaped != part.span.is_escaped() {
            let escaped = if self.escaped { &self.bytes } else { part.bytes };
            unescape_into(escaped, &mut unescaped);
            if std::mem::take(&mut self.escaped) {
                self.bytes = std::mem::take(&mut unescaped);
            } else {
                bytes = &unescaped;
            }
        }
        // A part is added whole or not at all: escapes and characters are never split.
        self.full |= self.bytes.len() + bytes.len() > longest;
        if !self.full {
            self.bytes.extend_from_slice(bytes);
        }
        self.records += 1;
    }

    fn push(self, batch: &mut Batch, stream: Stream, cut: bool) {
        let span = batch.text.push(&self.bytes).escaped(self.escaped);
        let mut row = super::row(span, self.time, stream, self.seq, self.place);
        row.records = self.records;
        if self.full {
            row.flags.set(Flags::CUT);
            batch.tally.cut += 1;
        }
        if cut {
            row.flags.set(Flags::PARTIAL);
        }
        row.seed = match batch.seeds.iter().position(|&seed| seed == self.seed) {
            Some(at) => at as u8,
            None => {
                batch.seeds.push(self.seed);
                (batch.seeds.len() - 1) as u8
            }
        };
        batch.rows.push(row);
    }

    fn save(&self) -> Value {
        json!({
            "text": BASE64_STANDARD.encode(&self.bytes),
            "escaped": self.escaped,
            "time": self.time,
            "seq": self.seq,
            "place": self.place,
            "seed": format!("{:032x}", self.seed),
            "records": self.records,
            "full": self.full,
        })
    }

    fn restore(saved: &Value) -> Option<Held> {
        Some(Held {
            bytes: BASE64_STANDARD.decode(saved["text"].as_str()?).ok()?,
            escaped: saved["escaped"].as_bool()?,
            time: saved["time"].as_i64()?,
            seq: saved["seq"].as_u64()?,
            place: saved["place"].as_u64()?,
            seed: u128::from_str_radix(saved["seed"].as_str()?, 16).ok()?,
            records: u32::try_from(saved["records"].as_u64()?).ok()?,
            full: saved["full"].as_bool()?,
        })
    }
}
