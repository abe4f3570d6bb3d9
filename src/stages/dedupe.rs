//! `dedupe`: an event equal to one that passed shortly before is dropped.
//!
//! * Equal: the same values in the named fields, from the same container or file.
//! * The interval counts from the event that passed, so what repeats for ever still shows once an interval.
//! * Counted in engine time, else in the event's own time, else in records, never by the clock on the wall.

use crate::config::units::Interval;
use crate::config::{Diags, Settings};
use crate::event::{Batch, End, Field, Nanos, Reason, Schema};

use super::keyed::{Entries, Hasher, Moment, Reach};
use super::named::{self, Names};
use super::{Kind, Scan, Stage};

/// `dedupe`
pub const KIND: Kind = Kind {
    name: "dedupe",
    summary: "drops events equal to one that passed shortly before",
    schema: || schemars::schema_for!(DedupeSettings),
    build,
};

/// Drops events equal to one that passed shortly before, for example `dedupe: { by: [level, message], within: 5m }`.
#[derive(Debug, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DedupeSettings {
    /// Field or fields that make events equal. Events that have none of them always pass.
    #[serde(default = "default_by")]
    by: Names,
    /// How long an event that passed keeps out its like.
    within: Interval,
    /// The same in records, where neither the container engine nor the line says a time.
    #[serde(default = "default_records")]
    #[schemars(range(min = 1))]
    records: u64,
    /// Events that are remembered for each container or file; the longest unused is forgotten first.
    #[serde(default = "default_keys")]
    #[schemars(range(min = 1, max = 65536))]
    max_keys: usize,
}

fn default_by() -> Names {
    Names::Many(vec!["level".to_owned(), "message".to_owned()])
}

fn default_records() -> u64 {
    1_000
}

/// An entry has about 64 bytes and is copied with every batch.
fn default_keys() -> usize {
    4_096
}

fn build(settings: &Settings<'_>, diags: &mut Diags) -> Option<Stage> {
    let read: DedupeSettings = named::read(settings, diags)?;
    if read.by.as_slice().is_empty() {
        let help = "leave it out to compare level and message".to_owned();
        diags.error(settings.range_at(&["by"]), "nothing to compare by", "no field", Some(help));
        return None;
    }
    let fields = read.by.as_slice().iter().map(|name| Field::named(name)).collect();
    let time = i64::try_from(read.within.0.as_nanos()).unwrap_or(i64::MAX).max(1);
    let reach = Reach { time, records: read.records.max(1) };
    Some(Stage::Scan(Box::new(Dedupe { names: read.by, fields, reach, keys: read.max_keys.max(1) })))
}

struct Dedupe {
    names: Names,
    fields: Vec<Field>,
    reach: Reach,
    keys: usize,
}

impl Scan for Dedupe {
    type Memory = Entries;

    fn check(&self, input: &Schema, settings: &Settings<'_>, diags: &mut Diags) -> Schema {
        named::check_fields(&self.names, &["by"], input, settings, diags);
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
            if entry.count > 1 {
                batch.drop_row(row, Reason::Duplicate);
            }
        }
        batch.tally.evicted += evicted;
    }

    fn release(&self, _memory: &mut Entries, _batch: &mut Batch, _now: Nanos, _end: End) {}
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use crate::event::{DynMemory, NO_TIME, SECOND};
    use crate::stages::Stage;
    use serde_json::json;

    fn at(lines: &[(i64, &str)], seq: u64) -> crate::event::Batch {
        let texts: Vec<&str> = lines.iter().map(|(_, text)| *text).collect();
        let mut batch = batch(&texts);
        for (row, (t, _)) in lines.iter().enumerate() {
            batch.rows[row].key.seq = seq + row as u64;
            batch.rows[row].timestamp = if *t < 0 { NO_TIME } else { t * SECOND };
        }
        batch
    }

    #[test]
    fn repeats_are_dropped_once_an_interval() {
        type Lines<'a> = &'a [(i64, &'a str)];
        let cases: [(Lines<'_>, &[&str]); 4] = [
            (&[(0, "a"), (1, "a"), (2, "b"), (59, "a"), (60, "a"), (61, "a")], &["a", "b", "a"]),
            (&[(60, "a"), (59, "a"), (119, "a")], &["a"]),
            (&[(-1, "a"), (-1, "a"), (-1, "b"), (-1, "a")], &["a", "b", "a"]),
            (&[], &[]),
        ];
        for (lines, expected) in cases {
            let stage = stage("dedupe", json!({"within": "60s", "records": 3})).unwrap();
            let mut batch = at(lines, 1);
            apply(&stage, &mut batch);
            assert_eq!(alive(&batch), expected, "{lines:?}");
            assert_eq!(batch.tally.dropped[3] as usize, lines.len() - expected.len());
        }
    }

    #[test]
    fn a_restored_memory_goes_on_where_it_was() {
        let stage = stage("dedupe", json!({"within": "60s", "by": "message"})).unwrap();
        let Stage::Scan(scan) = &stage else { panic!("a Scan") };
        let mut memory = start(&stage);
        apply_with(&stage, &mut memory, &mut at(&[(0, "a"), (1, "b")], 1));
        let saved = memory.unwrap().save();
        let mut memory: Option<Box<dyn DynMemory>> = Some(scan.restore(&saved).unwrap());
        let mut later = at(&[(10, "b"), (11, "c"), (70, "a")], 3);
        apply_with(&stage, &mut memory, &mut later);
        assert_eq!(alive(&later), ["c", "a"]);
    }

    #[test]
    fn nothing_to_compare_by_is_refused() {
        assert_eq!(
            stage("dedupe", json!({"within": "1m", "by": []})).err().unwrap(),
            ["nothing to compare by"]
        );
    }
}
