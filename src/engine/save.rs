//! Writes the checkpoint: about once a second, from what the ledgers say is safe.
//!
//! * What sinks save of themselves is asked first, the ledgers second: a sink may know more than the positions say,
//!   never less. Then sinks sync what they were told to have, and only then positions are written.
//! * The Memory that is kept is that of the least mark; each branch keeps its own seq and owed keys beside it.
//! * A branch never goes back: having skipped up to an old position, it keeps that until a mark has passed it.
//! * Partitions that nobody opened in this run keep what was saved of them.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard};

use crate::ack::checkpoint::{Saved, SavedBranch, SavedPartition};
use crate::ack::store::{Store, StoreError};
use crate::ack::{Cut, Ledger, Mark};
use serde_json::Value;

use crate::plan::{Branch, PlannedStage};
use crate::sinks::{Built, SendError};
use crate::stages::Stage;
use crate::telemetry::fault;

/// Why no checkpoint was written; the old one stands.
#[derive(Debug, thiserror::Error)]
pub(super) enum SaveError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Sink(#[from] SendError),
}

/// The saved state of a running pipeline.
pub(super) struct Saver {
    state: Mutex<State>,
    branches: Vec<String>,
}

struct State {
    store: Store,
    /// What was saved before this run, of partitions that nobody has opened yet.
    untouched: HashMap<String, SavedPartition>,
    open: HashMap<String, Open>,
    written: Option<Saved>,
}

struct Open {
    ledger: Arc<Ledger>,
    before: Option<SavedPartition>,
}

impl Saver {
    /// Opens the data directory. Returns what was saved: for sources (by partition) and for sinks (by name).
    pub(super) fn open(dir: &Path, name: &str, branches: &[Branch]) -> Result<(Saver, Saved), StoreError> {
        let (store, saved) = Store::open(dir, name)?;
        let state = State { store, untouched: saved.partitions.clone(), open: HashMap::new(), written: None };
        let branches = branches.iter().map(|b| b.name.clone()).collect();
        Ok((Saver { state: Mutex::new(state), branches }, saved))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(|e| e.into_inner())
    }

    /// From now on the partition's state is what its ledger says.
    pub(super) fn register(&self, key: &str, ledger: &Arc<Ledger>, before: Option<SavedPartition>) {
        let mut state = self.lock();
        let untouched = state.untouched.remove(key);
        let before = before.or(untouched);
        state.open.insert(key.to_owned(), Open { ledger: ledger.clone(), before });
    }

    /// Makes cuts durable, before anything that they shaped leaves the lane.
    pub(super) fn store_cuts(&self, key: &str, cuts: &[Cut]) -> Result<(), StoreError> {
        fault::point("before-cut");
        let result = self.lock().store.append_cuts(key, cuts);
        fault::point("after-cut");
        result
    }

    /// Writes the checkpoint, if anything has changed.
    pub(super) fn save(&self, branches: &[Branch]) -> Result<(), SaveError> {
        let mut sinks = HashMap::new();
        for branch in branches {
            if let Built::Sink(sink) = &branch.sink
                && let Some(own) = sink.save()
            {
                sinks.insert(branch.name.clone(), own);
            }
        }
        fault::point("sinks-saved");
        let mut state = self.lock();
        let mut partitions = state.untouched.clone();
        for (key, open) in &state.open {
            if let Some(saved) = combine(&self.branches, &open.ledger.passed(), open.before.as_ref()) {
                partitions.insert(key.clone(), saved);
            }
        }
        let saved = Saved { partitions, sinks };
        if state.written.as_ref() == Some(&saved) {
            return Ok(());
        }
        fault::point("before-checkpoint");
        for branch in branches {
            if let Built::Sink(sink) = &branch.sink {
                sink.sync()?;
            }
        }
        state.store.write(&saved)?;
        fault::point("after-checkpoint");
        state.written = Some(saved);
        Ok(())
    }
}

/// Checks that every saved Memory can be used by the plan as it is now. Where one cannot (a stage is new, gone, has
/// other settings or cannot read it) the partition goes back to before everything that its Memory holds, so that
/// nothing held is missed, and starts with empty Memory.
pub(super) fn settle(saved: &mut Saved, stages: &[&PlannedStage]) {
    for (key, partition) in &mut saved.partitions {
        let Err(why) = usable(partition, stages) else { continue };
        let (position, seq) = partition.fallback.clone().unwrap_or((Value::Null, 0));
        tracing::warn!(partition = %key, records = partition.seq - seq.min(partition.seq), "reads again with empty Memory: {why}");
        partition.memory.clear();
        partition.cuts.clear();
        (partition.position, partition.seq) = (position, seq);
    }
}

fn usable(partition: &SavedPartition, stages: &[&PlannedStage]) -> Result<(), String> {
    let mut keys: Vec<&str> = vec!["decoder"];
    for planned in stages {
        let Stage::Scan(stage) = &planned.stage else { continue };
        keys.push(&planned.key);
        let Some((_, saved)) = partition.memory.iter().find(|(key, _)| *key == planned.key) else {
            return Err(format!("stage {} is new or has new settings", planned.kind));
        };
        stage.restore(saved).map_err(|why| format!("stage {}: {why}", planned.kind))?;
    }
    match partition.memory.iter().find(|(key, _)| !keys.contains(&key.as_str())) {
        Some((key, _)) => Err(format!("stage {key} is gone")),
        None => Ok(()),
    }
}

/// What to save of a partition, from the newest mark that each branch has passed and what was saved before.
fn combine(
    names: &[String],
    passed: &[Option<Arc<Mark>>],
    before: Option<&SavedPartition>,
) -> Option<SavedPartition> {
    let complete = passed.iter().flatten().min_by_key(|mark| mark.serial);
    let all_passed = passed.iter().all(Option::is_some);
    let mut saved = match (all_passed, complete, before) {
        (true, Some(least), _) => SavedPartition {
            position: least.position.clone(),
            seq: least.seq,
            memory: least.memory.clone(),
            branches: HashMap::new(),
            fallback: least.fallback.clone(),
            cuts: least.cuts.clone(),
        },
        (_, _, Some(before)) => SavedPartition { branches: HashMap::new(), ..before.clone() },
        // A branch has passed no mark yet, and nothing was saved: the partition begins at its beginning.
        _ => return None,
    };
    for (at, (name, mark)) in names.iter().zip(passed).enumerate() {
        let old = before.and_then(|b| b.branches.get(name));
        let new = mark.as_ref().map(|m| SavedBranch { seq: m.seq, owed: m.owed[at].clone() });
        let branch = match (old, new) {
            (Some(old), Some(new)) if new.seq < old.seq => old.clone(),
            (_, Some(new)) => new,
            (Some(old), None) => old.clone(),
            (None, None) => continue,
        };
        saved.branches.insert(name.clone(), branch);
    }
    // Behind the place to resume at a cut has done its work: Memory at the mark holds what it led to.
    let least = saved.fallback.as_ref().map_or(0, |(_, seq)| *seq);
    saved.cuts.retain(|cut| cut.seq > least);
    Some(saved)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(seq: u64) -> Option<Arc<Mark>> {
        Some(Arc::new(Mark {
            batch: 0,
            serial: seq,
            position: seq.into(),
            seq,
            memory: Vec::new(),
            owed: vec![vec![(seq, 0)]; 2],
            fallback: Some((seq.into(), seq)),
            cuts: vec![Cut { seq, now: 0, end: 0 }, Cut { seq: seq + 1, now: 0, end: 0 }],
        }))
    }

    fn names() -> Vec<String> {
        vec!["a".into(), "b".into()]
    }

    #[test]
    fn the_source_resumes_at_the_least_branch() {
        let saved = combine(&names(), &[mark(20), mark(10)], None).unwrap();
        assert_eq!((saved.seq, &saved.position), (10, &10.into()));
        assert_eq!((saved.branches["a"].seq, saved.branches["b"].seq), (20, 10));
        assert_eq!(saved.cuts, [Cut { seq: 11, now: 0, end: 0 }]);
    }

    #[test]
    fn a_branch_without_a_mark_keeps_the_whole_partition_where_it_was() {
        assert_eq!(combine(&names(), &[mark(20), None], None), None);
        let before = combine(&names(), &[mark(5), mark(3)], None).unwrap();
        let saved = combine(&names(), &[mark(20), None], Some(&before)).unwrap();
        assert_eq!((saved.seq, saved.branches["a"].seq, saved.branches["b"].seq), (3, 20, 3));
    }

    #[test]
    fn a_branch_ahead_of_the_replay_does_not_go_back() {
        let before = combine(&names(), &[mark(100), mark(3)], None).unwrap();
        let saved = combine(&names(), &[mark(50), mark(50)], Some(&before)).unwrap();
        assert_eq!((saved.seq, saved.branches["a"].seq, saved.branches["b"].seq), (50, 100, 50));
        assert_eq!(saved.branches["a"].owed, [(100, 0)]);
    }
}
