//! What `parse` keeps of one partition between batches: open records, and what a stream's clock has shown.
//!
//! * One [`Slot`] per origin and stream; at most [`SLOTS`], the longest unused goes first.
//! * An open record's text is at most the longest record, as bytes: it need not be UTF-8.
//! * Cloning costs a few pointers a slot: text is shared.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD as BASE64;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::join::State;
use super::notation::LineTime;
use crate::event::{Key, Memory, NO_TIME, Nanos, Origin, SharedOrigin, Stream};

/// Most origins and streams that are told apart within one partition.
pub const SLOTS: usize = 1024;

/// Version of the saved form.
const VERSION: u64 = 1;

/// What one stream of one origin has shown.
#[derive(Clone, Debug)]
pub struct Slot {
    /// Hash of the origin; 0 is the partition's own.
    pub origin: u64,
    /// Its stream.
    pub stream: Stream,
    /// Number of the batch that used it last.
    pub used: u64,
    /// What times need to know.
    pub clock: Clock,
    /// The record that may go on.
    pub held: Option<Held>,
}

/// What the times of a stream's lines have shown so far.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Clock {
    /// Offset of times without zone from engine time, in quarter hours.
    pub offset: Option<i16>,
    /// The last full time.
    pub last: Nanos,
    /// Rich: the time of the last head that had one.
    #[serde(with = "line_time")]
    pub rich: Option<LineTime>,
    /// A line was read: what skips lines before reading them may begin.
    pub warm: bool,
    /// Times without date or year were seen: every line matters.
    pub partial: bool,
}

impl Default for Clock {
    fn default() -> Clock {
        Clock { offset: None, last: NO_TIME, rich: None, warm: false, partial: false }
    }
}

/// A record that the end of a batch left open.
#[derive(Clone, Debug)]
pub struct Held {
    /// Its text, in pieces of falling size: so that growing line by line stays cheap.
    pub pieces: Vec<Arc<[u8]>>,
    /// One line whose text is the inside of a JSON string.
    pub escaped: bool,
    /// Length of the first line in `pieces`.
    pub first: u32,
    /// Key of its first record.
    pub key: Key,
    /// The source's key of its first record.
    pub place: u64,
    /// First input of its id.
    pub seed: u128,
    /// Engine time of its first record.
    pub engine_time: Nanos,
    /// Time of its first record, as the decoder set it.
    pub timestamp: Nanos,
    /// Engine time of its last record.
    pub last_time: Nanos,
    /// Records joined so far.
    pub records: u32,
    /// One of its records was cut.
    pub cut: bool,
    /// Its first record is a part that waits for its continuation.
    pub partial: bool,
    /// Where it is from; `None`: the partition's own origin.
    pub origin: Option<Arc<SharedOrigin>>,
    /// How it goes on.
    pub state: State,
    /// When its last line was seen: for those without engine time.
    pub seen_at: Nanos,
}

impl Held {
    /// Bytes of its text.
    pub fn len(&self) -> usize {
        self.pieces.iter().map(|p| p.len()).sum()
    }

    /// Adds a line.
    pub fn push(&mut self, text: Vec<u8>) {
        let mut text = text;
        while let Some(last) = self.pieces.last()
            && last.len() <= text.len()
        {
            let mut joined = Vec::with_capacity(last.len() + text.len());
            joined.extend_from_slice(last);
            joined.extend_from_slice(&text);
            text = joined;
            self.pieces.pop();
        }
        self.pieces.push(text.into());
    }
}

/// What `parse` keeps of one partition.
#[derive(Clone, Debug, Default)]
pub struct ParseMemory {
    /// By origin and stream.
    pub slots: Vec<Slot>,
    /// Number of batches seen.
    pub batches: u64,
}

impl ParseMemory {
    /// The slot of an origin and stream, if there is one.
    pub fn find(&self, origin: u64, stream: Stream) -> Option<usize> {
        self.slots.iter().position(|s| s.origin == origin && s.stream == stream)
    }

    /// Adds a slot.
    pub fn add(&mut self, origin: u64, stream: Stream) -> usize {
        self.slots.push(Slot { origin, stream, used: self.batches, clock: Clock::default(), held: None });
        self.slots.len() - 1
    }
}

/// The number of an origin that lines name: the same in every run.
pub fn origin_hash(origin: &Origin) -> u64 {
    let mut text = Vec::with_capacity(96);
    for part in [&origin.deployment, &origin.template, &origin.container, &origin.image] {
        text.extend_from_slice(part.as_deref().unwrap_or("").as_bytes());
        text.push(0);
    }
    // 0 is the partition's own.
    xxhash_rust::xxh3::xxh3_64(&text) | 1
}

impl Memory for ParseMemory {
    fn owed(&self) -> Vec<Key> {
        let mut keys: Vec<Key> = self.slots.iter().filter_map(|s| s.held.as_ref()).map(|h| h.key).collect();
        keys.sort_unstable();
        keys
    }

    fn save(&self) -> Value {
        let slots: Vec<SavedSlot> = self.slots.iter().map(SavedSlot::of).collect();
        serde_json::json!({ "version": VERSION, "batches": self.batches, "slots": slots })
    }

    fn restore(saved: &Value) -> Result<ParseMemory, String> {
        let version = saved.get("version").and_then(Value::as_u64);
        if version != Some(VERSION) {
            return Err(format!("parse: memory of version {version:?}, this is version {VERSION}"));
        }
        let saved: Saved = serde_json::from_value(saved.clone()).map_err(|e| format!("parse: {e}"))?;
        let mut slots = Vec::with_capacity(saved.slots.len().min(SLOTS));
        for slot in saved.slots.into_iter().take(SLOTS) {
            slots.push(slot.back()?);
        }
        Ok(ParseMemory { slots, batches: saved.batches })
    }
}

#[derive(Deserialize)]
struct Saved {
    batches: u64,
    slots: Vec<SavedSlot>,
}

#[derive(Serialize, Deserialize)]
struct SavedSlot {
    origin: String,
    stream: Stream,
    used: u64,
    clock: Clock,
    held: Option<SavedHeld>,
}

#[derive(Serialize, Deserialize)]
struct SavedHeld {
    text: String,
    escaped: bool,
    first: u32,
    key: Key,
    place: u64,
    seed: String,
    engine_time: Nanos,
    timestamp: Nanos,
    last_time: Nanos,
    records: u32,
    cut: bool,
    partial: bool,
    origin: Option<SavedOrigin>,
    state: State,
    seen_at: Nanos,
}

#[derive(Serialize, Deserialize)]
struct SavedOrigin {
    deployment: Option<String>,
    template: Option<String>,
    container: Option<String>,
    image: Option<String>,
    labels: Vec<(String, String)>,
}

impl SavedSlot {
    fn of(slot: &Slot) -> SavedSlot {
        SavedSlot {
            origin: format!("{:x}", slot.origin),
            stream: slot.stream,
            used: slot.used,
            clock: slot.clock,
            held: slot.held.as_ref().map(SavedHeld::of),
        }
    }

    fn back(self) -> Result<Slot, String> {
        Ok(Slot {
            origin: u64::from_str_radix(&self.origin, 16).map_err(|e| format!("parse: origin: {e}"))?,
            stream: self.stream,
            used: self.used,
            clock: self.clock,
            held: self.held.map(SavedHeld::back).transpose()?,
        })
    }
}

impl SavedHeld {
    fn of(held: &Held) -> SavedHeld {
        SavedHeld {
            text: BASE64.encode(held.pieces.concat()),
            escaped: held.escaped,
            first: held.first,
            key: held.key,
            place: held.place,
            seed: format!("{:x}", held.seed),
            engine_time: held.engine_time,
            timestamp: held.timestamp,
            last_time: held.last_time,
            records: held.records,
            cut: held.cut,
            partial: held.partial,
            origin: held.origin.as_ref().map(|o| SavedOrigin {
                deployment: o.origin.deployment.clone(),
                template: o.origin.template.clone(),
                container: o.origin.container.clone(),
                image: o.origin.image.clone(),
                labels: o.origin.labels.clone(),
            }),
            state: held.state,
            seen_at: held.seen_at,
        }
    }

    fn back(self) -> Result<Held, String> {
        let text = BASE64.decode(&self.text).map_err(|e| format!("parse: text of an open record: {e}"))?;
        if self.first as usize > text.len() {
            return Err("parse: an open record is shorter than its first line".to_owned());
        }
        Ok(Held {
            pieces: vec![text.into()],
            escaped: self.escaped,
            first: self.first,
            key: self.key,
            place: self.place,
            seed: u128::from_str_radix(&self.seed, 16).map_err(|e| format!("parse: seed: {e}"))?,
            engine_time: self.engine_time,
            timestamp: self.timestamp,
            last_time: self.last_time,
            records: self.records,
            cut: self.cut,
            partial: self.partial,
            origin: self.origin.map(|o| {
                SharedOrigin::new(Origin {
                    deployment: o.deployment,
                    template: o.template,
                    container: o.container,
                    image: o.image,
                    labels: o.labels,
                })
            }),
            state: self.state,
            seen_at: self.seen_at,
        })
    }
}

mod line_time {
    //! [`LineTime`] as `[kind, a, b, c]`.
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use super::super::notation::LineTime;

    pub fn serialize<S: Serializer>(time: &Option<LineTime>, to: S) -> Result<S::Ok, S::Error> {
        time.map(|time| match time {
            LineTime::Known(t) => (0u8, 0u8, 0u8, t),
            LineTime::Local(t) => (1, 0, 0, t),
            LineTime::NoYear { month, day, of_day } => (2, month, day, of_day),
            LineTime::OfDay(t) => (3, 0, 0, t),
        })
        .serialize(to)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<LineTime>, D::Error> {
        let saved = Option::<(u8, u8, u8, i64)>::deserialize(from)?;
        Ok(saved.map(|(kind, month, day, t)| match kind {
            0 => LineTime::Known(t),
            1 => LineTime::Local(t),
            2 => LineTime::NoYear { month, day, of_day: t },
            _ => LineTime::OfDay(t),
        }))
    }
}
