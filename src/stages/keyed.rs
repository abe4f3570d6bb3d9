//! What `throttle` and `dedupe` remember: one entry per key, and how both tell keys and times.
//!
//! * A key is the hash of a row's values of the fields that the settings name, and of the origin the line names; text
//!   hashes by its meaning, escaped or not.
//! * Time is the engine's, else the event's own, never the time of reading: a run over old text gives what the live run
//!   gave. Where there is neither, records are counted.
//! * Entries are bounded: those that matter no more go first, then the ones unused for longest, which are counted.

use rustc_hash::FxHashMap;
use serde_json::{Value as Json, json};
use xxhash_rust::xxh3::{Xxh3, xxh3_64};

use crate::event::escape::unescape_into;
use crate::event::{Batch, Field, Key, Memory, NO_TIME, Nanos, Row, Value};

/// Version of the saved form.
const VERSION: u64 = 1;

/// When an event happened, for counting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// Engine time, else the event's own time, else [`NO_TIME`].
    pub time: Nanos,
    /// Number of its record in the partition.
    pub seq: u64,
}

impl Moment {
    /// The moment of a row.
    pub fn of(batch: &Batch, row: &Row) -> Moment {
        let known = |time: Nanos| time != NO_TIME && time != batch.read_at;
        let time = [row.engine_time, row.timestamp].into_iter().find(|time| known(*time));
        Moment { time: time.unwrap_or(NO_TIME), seq: row.key.seq }
    }
}

/// How long something holds: so much time, or so many records where there is no time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reach {
    /// Nanoseconds, more than 0.
    pub time: Nanos,
    /// Records, more than 0.
    pub records: u64,
}

impl Reach {
    /// Whether `now` is less than this after (or, of lines out of order, before) `then`.
    pub fn holds(&self, then: Moment, now: Moment) -> bool {
        if then.time != NO_TIME && now.time != NO_TIME {
            return now.time.saturating_sub(then.time).saturating_abs() < self.time;
        }
        now.seq.abs_diff(then.seq) < self.records
    }
}

/// Hashes the rows of one batch.
pub struct Hasher<'a> {
    fields: &'a [Field],
    origins: Vec<Option<u64>>,
    scratch: Vec<u8>,
}

impl<'a> Hasher<'a> {
    /// For keys of these fields.
    pub fn new(fields: &'a [Field]) -> Hasher<'a> {
        Hasher { fields, origins: Vec::new(), scratch: Vec::new() }
    }

    /// The key of a row; `None` if it has none of the fields.
    pub fn hash(&mut self, batch: &Batch, row: usize) -> Option<u128> {
        let mut hasher = Xxh3::new();
        let mut any = self.fields.is_empty();
        for field in self.fields {
            let value = batch.value(row, *field);
            any |= value != Value::Missing;
            self.scratch.clear();
            write_value(value, &mut self.scratch);
            hasher.update(&(self.scratch.len() as u64).to_le_bytes());
            hasher.update(&self.scratch);
        }
        let origin = usize::from(batch.rows[row].origin);
        self.origins.resize(batch.origins.len().max(self.origins.len()), None);
        let origin = self.origins[origin].get_or_insert_with(|| xxh3_64(&batch.origins[origin].json));
        hasher.update(&origin.to_le_bytes());
        any.then(|| hasher.digest128())
    }
}

/// Writes what a value means, so that equal meanings are equal bytes.
pub fn write_value(value: Value<'_>, out: &mut Vec<u8>) {
    match value {
        Value::Missing => {}
        Value::Text(text) => {
            out.push(b't');
            out.extend_from_slice(text);
        }
        Value::Escaped(text) => {
            out.push(b't');
            unescape_into(text, out);
        }
        Value::Json(json) => {
            out.push(b'j');
            out.extend_from_slice(json);
        }
        Value::Level(level) => out.extend_from_slice(&[b'l', level as u8]),
        Value::Bool(b) => out.extend_from_slice(&[b'b', u8::from(b)]),
        Value::Float(n) => write_number(b'f', n.to_bits(), out),
        Value::Int(n) => write_number(b'i', n as u64, out),
        Value::Time(n) => write_number(b'a', n as u64, out),
        Value::Duration(n) => write_number(b'd', n as u64, out),
        Value::Bytes(n) => write_number(b's', n, out),
    }
}

fn write_number(kind: u8, bits: u64, out: &mut Vec<u8>) {
    out.push(kind);
    out.extend_from_slice(&bits.to_le_bytes());
}

/// What is remembered of one key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// When it began.
    pub since: Moment,
    /// Events since then.
    pub count: u64,
    /// Record that used it last.
    used: u64,
}

/// What is remembered of the keys of one partition.
#[derive(Clone, Debug, Default)]
pub struct Entries(FxHashMap<u128, Entry>);

impl Entries {
    /// The entry of a key, begun at `now` if there is none or if the old one does not hold any more.
    ///
    /// With more than `limit` entries some go; the number of those that still held is added to `evicted`.
    pub fn touch(
        &mut self,
        key: u128,
        now: Moment,
        holds: impl Fn(Moment, Moment) -> bool,
        limit: usize,
        evicted: &mut u64,
    ) -> &mut Entry {
        if self.0.len() >= limit && !self.0.contains_key(&key) {
            self.make_room(now, &holds, limit, evicted);
        }
        let fresh = Entry { since: now, count: 0, used: now.seq };
        let entry = self.0.entry(key).or_insert(fresh);
        if !holds(entry.since, now) {
            *entry = fresh;
        }
        entry.used = now.seq;
        entry
    }

    /// Takes out what does not hold any more, else the eighth that was unused for longest, so that a flood of
    /// new keys costs little each.
    fn make_room(
        &mut self,
        now: Moment,
        holds: &impl Fn(Moment, Moment) -> bool,
        limit: usize,
        evicted: &mut u64,
    ) {
        self.0.retain(|_, entry| holds(entry.since, now));
        if self.0.len() < limit {
            return;
        }
        let mut by_use: Vec<(u64, u128)> = self.0.iter().map(|(key, entry)| (entry.used, *key)).collect();
        by_use.sort_unstable();
        let surplus = self.0.len() - limit + 1;
        for (_, key) in by_use.into_iter().take(surplus.max(limit / 8)) {
            self.0.remove(&key);
            *evicted += 1;
        }
    }
}

impl Memory for Entries {
    fn owed(&self) -> Vec<Key> {
        Vec::new()
    }

    fn save(&self) -> Json {
        let entries: Vec<Json> = self
            .0
            .iter()
            .map(|(key, e)| json!([format!("{key:032x}"), e.since.time, e.since.seq, e.count, e.used]))
            .collect();
        json!({"version": VERSION, "entries": entries})
    }

    fn restore(saved: &Json) -> Result<Entries, String> {
        if saved["version"] != VERSION {
            return Err(format!("version {} is not known", saved["version"]));
        }
        let entries = saved["entries"].as_array().ok_or("no entries")?;
        entries
            .iter()
            .map(|entry| {
                let key = u128::from_str_radix(entry[0].as_str()?, 16).ok()?;
                let since = Moment { time: entry[1].as_i64()?, seq: entry[2].as_u64()? };
                Some((key, Entry { since, count: entry[3].as_u64()?, used: entry[4].as_u64()? }))
            })
            .collect::<Option<_>>()
            .map(Entries)
            .ok_or_else(|| "an entry is not complete".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;

    #[test]
    fn equal_meanings_have_equal_keys() {
        let batch = json_batch(&[
            r#"{"a":"x\ny","b":1}"#,
            r#"{"a":"x\u000ay","b":1}"#,
            r#"{"a":"x\ny","b":"1"}"#,
            r#"{"a":"x\ny1"}"#,
            "{}",
        ]);
        let fields = [Field::named("a"), Field::named("b")];
        let mut hasher = Hasher::new(&fields);
        let keys: Vec<Option<u128>> = (0..5).map(|row| hasher.hash(&batch, row)).collect();
        assert_eq!(keys[0], keys[1]);
        assert!(keys[0] != keys[2] && keys[0] != keys[3] && keys[4].is_none());
    }

    #[test]
    fn the_longest_unused_entry_goes_first_and_is_counted() {
        let mut entries = Entries::default();
        let mut evicted = 0;
        for seq in 1..=9u64 {
            let key = if seq == 8 { 1 } else { u128::from(seq) };
            entries.touch(key, Moment { time: NO_TIME, seq }, |_, _| true, 7, &mut evicted);
        }
        let mut left: Vec<u128> = entries.0.keys().copied().collect();
        left.sort_unstable();
        assert_eq!((left, evicted), (vec![1, 3, 4, 5, 6, 7, 9], 1));
    }

    #[test]
    fn entries_that_hold_no_more_make_room_first() {
        let reach = Reach { time: 1, records: 3 };
        let mut entries = Entries::default();
        let mut evicted = 0;
        for seq in 1..=100u64 {
            let now = Moment { time: NO_TIME, seq };
            entries.touch(u128::from(seq), now, |a, b| reach.holds(a, b), 4, &mut evicted);
            assert!(entries.0.len() <= 4);
        }
        assert_eq!(evicted, 0);
    }

    #[test]
    fn what_is_saved_is_restored() {
        let mut entries = Entries::default();
        for seq in 1..4 {
            entries
                .touch(u128::MAX - u128::from(seq), Moment { time: 7, seq }, |_, _| true, 9, &mut 0)
                .count += seq;
        }
        assert_eq!(Entries::restore(&entries.save()).unwrap().0, entries.0);
        for bad in
            [json!({}), json!({"version": 2, "entries": []}), json!({"version": 1, "entries": [["x"]]})]
        {
            assert!(Entries::restore(&bad).is_err(), "{bad}");
        }
    }
}
