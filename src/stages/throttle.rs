//! `throttle`: at most so many events of one key in an interval.
//!
//! * The interval of a key begins with its first event; what is over the limit is dropped as `throttled`.
//! * Counted per partition (a container, a file) in engine time, else in the event's own time, else in records: never
//!   by the clock on the wall, so that reading again gives the same events.

use crate::config::units::Interval;
use crate::config::{Diags, Settings};
use crate::event::{Batch, End, Field, Nanos, Reason, Schema};

use super::keyed::{Entries, Hasher, Moment, Reach};
use super::named::{self, Names};
use super::{Kind, Scan, Stage};

/// `throttle`
pub const KIND: Kind = Kind {
    name: "throttle",
    summary: "lets at most so many events of one key pass in an interval",
    schema: || schemars::schema_for!(ThrottleSettings),
    build,
};

/// Lets at most `limit` events of one key pass in an interval, for example
/// `throttle: { key: [deployment, tool.name], limit: 100, per: 1m }`.
#[derive(Debug, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ThrottleSettings {
    /// Field or fields whose values make the key. Without it all events of a container or file count together;
    /// events that have none of the fields always pass.
    #[serde(default)]
    key: Option<Names>,
    /// Events of one key that pass in an interval.
    #[schemars(range(min = 1))]
    limit: u64,
    /// Length of an interval; it begins with the first event of the key.
    per: Interval,
    /// Length of an interval in records, where neither the container engine nor the line says a time.
    #[serde(default = "default_records")]
    #[schemars(range(min = 1))]
    records: u64,
    /// Keys that are remembered for each container or file; the longest unused is forgotten first.
    #[serde(default = "default_keys")]
    #[schemars(range(min = 1, max = 65536))]
    max_keys: usize,
}

fn default_records() -> u64 {
    1_000
}

/// An entry has about 64 bytes and is copied with every batch.
fn default_keys() -> usize {
    4_096
}

fn build(settings: &Settings<'_>, diags: &mut Diags) -> Option<Stage> {
    let read: ThrottleSettings = named::read(settings, diags)?;
    let names = read.key.unwrap_or(Names::Many(Vec::new()));
    let fields = names.as_slice().iter().map(|name| Field::named(name)).collect();
    let time = i64::try_from(read.per.0.as_nanos()).unwrap_or(i64::MAX).max(1);
    let reach = Reach { time, records: read.records.max(1) };
    let limit = read.limit.max(1);
    Some(Stage::Scan(Box::new(Throttle { names, fields, limit, reach, keys: read.max_keys.max(1) })))
}

struct Throttle {
    names: Names,
    fields: Vec<Field>,
    limit: u64,
    reach: Reach,
    keys: usize,
}

impl Scan for Throttle {
    type Memory = Entries;

    fn check(&self, input: &Schema, settings: &Settings<'_>, diags: &mut Diags) -> Schema {
        named::check_fields(&self.names, &["key"], input, settings, diags);
        input.clone()
    }

    fn start(&self) -> Entries {
        Entries::default()
    }

    fn apply(&self, memory: &mut Entries, batch: &mut Batch, _now: Nanos) {
        let mut hasher = Hasher::new(&self.fields);
        let mut evicted = 0;
        for row in 0..batch.rows.len() {
            if !batch.rows[row].alive() {
                continue;
            }
            let Some(key) = hasher.hash(batch, row) else { continue };
            let now = Moment::of(batch, &batch.rows[row]);
            let holds = |then, now| self.reach.holds(then, now);
            let entry = memory.touch(key, now, holds, self.keys, &mut evicted);
            entry.count += 1;
            if entry.count > self.limit {
                batch.drop_row(row, Reason::Throttled);
            }
        }
        batch.tally.evicted += evicted;
    }

    fn release(&self, _memory: &mut Entries, _batch: &mut Batch, _now: Nanos, _end: End) {}
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use crate::event::{NO_TIME, SECOND};
    use serde_json::json;

    /// `t` is the engine time in seconds; negative: none.
    fn run(settings: serde_json::Value, lines: &[(i64, &str)], cuts: usize) -> (Vec<String>, u64) {
        let stage = stage("throttle", settings).unwrap();
        let mut memory = start(&stage);
        let (mut passed, mut dropped) = (Vec::new(), 0);
        for (part, chunk) in lines.chunks(cuts).enumerate() {
            let texts: Vec<String> = chunk.iter().map(|(_, k)| format!(r#"{{"k":"{k}"}}"#)).collect();
            let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
            let mut batch = json_batch(&texts);
            batch.read_at = 99_999 * SECOND;
            for (at, (t, _)) in chunk.iter().enumerate() {
                batch.rows[at].key.seq = (part * cuts + at) as u64 + 1;
                batch.rows[at].engine_time = if *t < 0 { batch.read_at } else { t * SECOND };
                batch.rows[at].timestamp = NO_TIME;
            }
            apply_with(&stage, &mut memory, &mut batch);
            for row in batch.alive() {
                let (t, k) = chunk[row];
                passed.push(format!("{t}{k}"));
            }
            dropped += batch.tally.dropped[crate::event::Reason::Throttled as usize];
        }
        (passed, dropped)
    }

    #[test]
    fn each_key_has_its_own_interval_however_batches_are_cut() {
        let lines =
            [(0, "a"), (1, "a"), (2, "a"), (3, "b"), (9, "a"), (10, "a"), (11, "a"), (12, "a"), (13, "b")];
        for cuts in 1..=lines.len() {
            let (passed, dropped) = run(json!({"key": "k", "limit": 2, "per": "10s"}), &lines, cuts);
            assert_eq!(passed, ["0a", "1a", "3b", "10a", "11a", "13b"], "cut every {cuts}");
            assert_eq!(dropped, 3);
        }
    }

    #[test]
    fn without_a_time_records_are_counted() {
        let lines: Vec<(i64, &str)> = (0..7).map(|_| (-1, "a")).collect();
        let (passed, _) = run(json!({"key": ["k"], "limit": 1, "per": "10s", "records": 3}), &lines, 2);
        assert_eq!(passed.len(), 3);
    }

    #[test]
    fn without_a_key_all_count_together_and_without_its_fields_all_pass() {
        let lines = [(0, "a"), (0, "b"), (0, "c")];
        assert_eq!(run(json!({"limit": 1, "per": "1m"}), &lines, 3).0, ["0a"]);
        assert_eq!(run(json!({"key": "none", "limit": 1, "per": "1m"}), &lines, 3).0.len(), 3);
    }

    #[test]
    fn a_flood_of_keys_is_bounded_and_counted() {
        let stage = stage("throttle", json!({"key": "k", "limit": 1, "per": "1h", "max_keys": 16})).unwrap();
        let lines: Vec<String> = (0..1_000).map(|k| format!(r#"{{"k":{k}}}"#)).collect();
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        let mut batch = json_batch(&lines);
        let mut memory = start(&stage);
        apply_with(&stage, &mut memory, &mut batch);
        assert_eq!(batch.alive().count(), 1_000);
        assert!(batch.tally.evicted >= 900);
        let saved = memory.unwrap().save();
        assert!(saved["entries"].as_array().unwrap().len() <= 16);
    }
}
