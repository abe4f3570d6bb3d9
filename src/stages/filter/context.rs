//! `filter` with `before` and `after`: also the events around those that are wanted, as `grep -B -A` does.
//!
//! * Neighbours are those of the same partition (one container's log, one file), in its order.
//! * An event that may still be in front of a wanted one waits in Memory, at most `before` of them and [`BYTES`].
//! * What waits is owed: after a restart it comes out as it would have.

use std::sync::Arc;

use serde_json::{Value, json};

use super::kept::{Kept, Waiting};
use super::{Filter, FilterScratch};
use crate::config::{Diags, Settings};
use crate::event::{Batch, End, Key, Memory, Nanos, Reason, Schema};
use crate::stages::needles::Foresight;
use crate::stages::{Map, Scan};

/// Most bytes that wait in one partition; the oldest go first.
pub const BYTES: usize = 1 << 20;

/// Version of the saved form.
const VERSION: u64 = 1;

/// A filter that keeps neighbours too.
#[derive(Debug)]
pub struct Context {
    /// What is wanted.
    pub filter: Filter,
    /// Events kept in front of each.
    pub before: usize,
    /// Events kept behind each.
    pub after: usize,
}

/// What waits, and how many more events pass.
#[derive(Clone, Debug, Default)]
pub struct ContextMemory {
    waiting: Waiting,
    left: usize,
}

impl Memory for ContextMemory {
    fn owed(&self) -> Vec<Key> {
        self.waiting.iter().map(|kept| kept.key).collect()
    }

    fn save(&self) -> Value {
        let waiting: Vec<&Kept> = self.waiting.iter().map(|kept| &**kept).collect();
        json!({ "version": VERSION, "left": self.left, "waiting": waiting })
    }

    fn restore(saved: &Value) -> Result<ContextMemory, String> {
        let version = saved.get("version").and_then(Value::as_u64);
        if version != Some(VERSION) {
            return Err(format!("filter: memory of version {version:?}, this is version {VERSION}"));
        }
        let waiting: Vec<Kept> =
            serde_json::from_value(saved["waiting"].clone()).map_err(|e| format!("filter: {e}"))?;
        if !waiting.iter().all(Kept::is_sound) {
            return Err("filter: memory is damaged".to_owned());
        }
        let left = saved["left"].as_u64().and_then(|left| usize::try_from(left).ok()).unwrap_or(0);
        Ok(ContextMemory { waiting: waiting.into_iter().map(Arc::new).collect(), left })
    }
}

impl Scan for Context {
    type Memory = ContextMemory;

    fn check(&self, input: &Schema, settings: &Settings<'_>, diags: &mut Diags) -> Schema {
        Map::check(&self.filter, input, settings, diags)
    }

    fn start(&self) -> ContextMemory {
        ContextMemory::default()
    }

    fn apply(&self, memory: &mut ContextMemory, batch: &mut Batch, _now: Nanos) {
        let mut scratch = FilterScratch::default();
        // Those that waited before this batch stand in front of all its rows.
        let mut back: Vec<Arc<Kept>> = Vec::new();
        let mut pending: std::collections::VecDeque<usize> = std::collections::VecDeque::new();
        for row in 0..batch.rows.len() {
            if !batch.rows[row].alive() {
                continue;
            }
            if self.filter.keeps(batch, row, &mut scratch) {
                back.extend(memory.waiting.drain(..));
                pending.clear();
                memory.left = self.after;
            } else if memory.left > 0 {
                memory.left -= 1;
            } else {
                pending.push_back(row);
                if memory.waiting.len() + pending.len() > self.before {
                    self.let_oldest_go(memory, &mut pending, batch);
                }
            }
        }
        self.hold(memory, pending, batch);
        put_in_front(&back, batch);
    }

    fn release(&self, memory: &mut ContextMemory, batch: &mut Batch, _now: Nanos, end: End) {
        if end == End::Input {
            batch.tally.dropped[Reason::Filtered as usize] += memory.waiting.len() as u64;
            memory.waiting.clear();
        }
    }

    fn foresight(&self, _input: &Schema) -> Foresight {
        Foresight::Opaque("the neighbours of what is wanted may be any record")
    }
}

impl Context {
    fn let_oldest_go(
        &self,
        memory: &mut ContextMemory,
        pending: &mut std::collections::VecDeque<usize>,
        batch: &mut Batch,
    ) {
        if memory.waiting.pop_front().is_some() {
            batch.tally.dropped[Reason::Filtered as usize] += 1;
        } else if let Some(row) = pending.pop_front() {
            batch.drop_row(row, Reason::Filtered);
        }
    }

    /// Moves the rows that wait at the end of a batch into Memory.
    fn hold(
        &self,
        memory: &mut ContextMemory,
        pending: std::collections::VecDeque<usize>,
        batch: &mut Batch,
    ) {
        if pending.is_empty() {
            return;
        }
        for &row in &pending {
            memory.waiting.push_back(Arc::new(Kept::of(batch, row)));
        }
        let mut bytes: usize = memory.waiting.iter().map(|kept| kept.len()).sum();
        while bytes > BYTES
            && let Some(oldest) = memory.waiting.pop_front()
        {
            bytes -= oldest.len();
            batch.tally.dropped[Reason::Filtered as usize] += 1;
            batch.tally.evicted += 1;
        }
        let mut new_numbers = Vec::with_capacity(batch.rows.len());
        let mut next = 0;
        let mut out = pending.iter().peekable();
        for row in 0..batch.rows.len() {
            let goes = out.peek().is_some_and(|gone| **gone == row);
            if goes {
                out.next();
            }
            new_numbers.push((!goes).then_some(next));
            next += u32::from(!goes);
        }
        let mut row = 0;
        batch.rows.retain(|_| {
            row += 1;
            new_numbers[row - 1].is_some()
        });
        batch.renumber(|old| new_numbers.get(old as usize).copied().flatten());
    }
}

/// Puts events that waited in front of a batch's rows.
fn put_in_front(back: &[Arc<Kept>], batch: &mut Batch) {
    if back.is_empty() {
        return;
    }
    let by = back.len() as u32;
    batch.renumber(|old| Some(old + by));
    let mut rows = Vec::with_capacity(back.len() + batch.rows.len());
    for (at, kept) in back.iter().enumerate() {
        rows.push(kept.put(batch, at));
    }
    rows.append(&mut batch.rows);
    batch.rows = rows;
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::event::{Cell, DynMemory, Field};
    use crate::stages::Stage;
    use crate::stages::testing;

    fn stage(before: usize, after: usize) -> Stage {
        testing::stage("filter", json!({"match": "hit", "before": before, "after": after})).unwrap()
    }

    /// Runs lines through a stage, cut into batches; after each the Memory is saved and restored.
    fn run(stage: &Stage, lines: &[String], cuts: &[usize]) -> (Vec<String>, u64) {
        let Stage::Scan(scan) = stage else { panic!("not a Scan") };
        let mut memory: Box<dyn DynMemory> = scan.start();
        let (mut shown, mut dropped, mut at) = (Vec::new(), 0, 0);
        let mut cuts: Vec<usize> =
            cuts.iter().map(|cut| cut % (lines.len() + 1)).chain([lines.len()]).collect();
        cuts.sort_unstable();
        for cut in cuts {
            let mut batch = testing::batch(&lines[at..cut]);
            for (row, line) in lines[at..cut].iter().enumerate() {
                batch.rows[row].key.seq = (at + row) as u64 + 1;
                let text = batch.text.push(format!("of {line}").as_bytes());
                batch.set(row, Field::LOGGER, Cell::Text(text));
            }
            at = cut;
            scan.apply(&mut *memory, &mut batch, 0);
            show(&batch, &mut shown);
            dropped += batch.tally.dropped[0];
            memory = scan.restore(&memory.save()).unwrap();
        }
        let mut batch = testing::batch::<&str>(&[]);
        scan.release(&mut *memory, &mut batch, 0, End::Input);
        show(&batch, &mut shown);
        assert_eq!(memory.owed(), []);
        (shown, dropped + batch.tally.dropped[0])
    }

    fn show(batch: &Batch, shown: &mut Vec<String>) {
        let rows: Vec<usize> = batch.alive().collect();
        assert!(rows.windows(2).all(|w| batch.rows[w[0]].key < batch.rows[w[1]].key));
        for row in rows {
            let text = |field| match batch.value(row, field) {
                crate::event::Value::Text(text) => String::from_utf8_lossy(text).into_owned(),
                other => panic!("{other:?}"),
            };
            assert_eq!(text(Field::LOGGER), format!("of {}", text(Field::MESSAGE)));
            shown.push(text(Field::MESSAGE));
        }
    }

    /// The same as a person would do it.
    fn expected(lines: &[String], before: usize, after: usize) -> Vec<String> {
        let hits: Vec<usize> = (0..lines.len()).filter(|at| lines[*at].contains("hit")).collect();
        let near = |at: usize| hits.iter().any(|hit| at + before >= *hit && at <= hit + after);
        (0..lines.len()).filter(|at| near(*at)).map(|at| lines[at].clone()).collect()
    }

    #[test]
    fn neighbours_come_too() {
        let lines: Vec<String> =
            ["a", "b", "c", "hit 1", "d", "e", "f", "hit 2", "hit 3", "g"].map(str::to_owned).to_vec();
        let (shown, dropped) = run(&stage(1, 1), &lines, &[]);
        assert_eq!(shown, ["c", "hit 1", "d", "f", "hit 2", "hit 3", "g"]);
        assert_eq!(dropped, 3);
    }

    proptest! {
        #[test]
        fn cuts_and_restarts_change_nothing(
            kinds in proptest::collection::vec(0u8..6, 0..40),
            cuts in proptest::collection::vec(0usize..40, 0..6),
            before in 0usize..4, after in 0usize..4,
        ) {
            let name = |(at, kind): (usize, &u8)| format!("{} {at}", if *kind == 0 { "hit" } else { "no" });
            let lines: Vec<String> = kinds.iter().enumerate().map(name).collect();
            let (shown, dropped) = run(&stage(before, after.max(1)), &lines, &cuts);
            prop_assert_eq!(&shown, &expected(&lines, before, after.max(1)));
            prop_assert_eq!(shown.len() as u64 + dropped, lines.len() as u64);
        }
    }

    #[test]
    fn what_waits_is_bounded() {
        let lines: Vec<String> = (0..50).map(|n| format!("{n} {}", "x".repeat(100_000))).collect();
        let Stage::Scan(scan) = stage(1000, 0) else { panic!() };
        let mut memory = scan.start();
        let mut batch = testing::batch(&lines);
        scan.apply(&mut *memory, &mut batch, 0);
        assert!(memory.owed().len() < 10);
        assert_eq!(batch.tally.dropped[0] as usize + memory.owed().len(), lines.len());
    }
}
