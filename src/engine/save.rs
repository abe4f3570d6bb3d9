//! Writes the checkpoint: about once a second, from what the ledgers say is safe.
//!
//! * The state of a sink that is saved is older than everything that a replay from the saved positions would send again:
//!   sinks are looked at once a second, marks know the number of looks before them, and the least of these numbers
//!   decides. (The `file` sink finds what it has already written behind the length saved.)
//! * Sinks sync what they have answered before positions are written.
//! * The Memory that is kept is that of the least mark; each branch keeps its own seq and owed keys beside it.
//! * A branch never goes back: having skipped up to an old position, it keeps that until a mark has passed it.
//! * Partitions that nobody opened in this run keep what was saved of them.

use std::collections::{HashMap, VecDeque};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
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

/// Looks at a sink that are kept; beyond that a middle one goes, which is always safe.
const LOOKS: usize = 64;

/// The saved state of a running pipeline.
pub(super) struct Saver {
    state: Mutex<State>,
    /// Held while a checkpoint is made.
    saving: Mutex<()>,
    /// Looks at the sinks so far.
    looks: AtomicU64,
    branches: Vec<String>,
}

struct State {
    store: Store,
    /// What was saved before this run, of partitions that nobody has opened yet.
    untouched: HashMap<String, SavedPartition>,
    /// The same of those that are open and have delivered nothing yet.
    opening: HashMap<String, SavedPartition>,
    /// Every source has opened what it knows of.
    ready: bool,
    /// A partition was opened whose beginning is not saved.
    new: bool,
    open: HashMap<String, Open>,
    written: Option<Saved>,
    /// Per branch: states of its sink by the number of the look; the first one is what the last run saved.
    sinks: Vec<VecDeque<(u64, Value)>>,
}

struct Open {
    ledger: Arc<Ledger>,
    before: Option<SavedPartition>,
}

impl Saver {
    /// Opens the data directory. Returns what was saved: for sources (by partition) and for sinks (by name).
    pub(super) fn open(dir: &Path, name: &str, branches: &[Branch]) -> Result<(Saver, Saved), StoreError> {
        let (store, saved) = Store::open(dir, name)?;
        let before = |b: &Branch| saved.sinks.get(&b.name).map(|own| (0, own.clone())).into_iter().collect();
        let state = State {
            store,
            untouched: saved.partitions.clone(),
            opening: HashMap::new(),
            ready: false,
            new: false,
            open: HashMap::new(),
            written: None,
            sinks: branches.iter().map(before).collect(),
        };
        let branches = branches.iter().map(|b| b.name.clone()).collect();
        let (state, saving) = (Mutex::new(state), Mutex::new(()));
        Ok((Saver { state, saving, looks: AtomicU64::new(0), branches }, saved))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(|e| e.into_inner())
    }

    /// Looks at the sinks so far.
    pub(super) fn looks(&self) -> u64 {
        self.looks.load(Ordering::SeqCst)
    }

    /// A source has opened the partition: its lane will hear of it. One that is new is saved as beginning at `start`.
    pub(super) fn opening(&self, key: &str, start: &Value) {
        let mut state = self.lock();
        if let Some(saved) = state.untouched.remove(key) {
            state.opening.insert(key.to_owned(), saved);
        } else if !start.is_null() && !state.open.contains_key(key) {
            let begun = SavedPartition { position: start.clone(), ..SavedPartition::default() };
            state.opening.insert(key.to_owned(), begun);
            state.new = true;
        }
    }

    /// Whether a partition was opened whose beginning is not saved.
    pub(super) fn has_unsaved(&self) -> bool {
        // A checkpoint that is being written has taken note of it and is not on the disk yet.
        let _one = self.saving.lock().unwrap_or_else(|e| e.into_inner());
        self.lock().new
    }

    /// Every source has opened what it knows of.
    pub(super) fn ready(&self) {
        self.lock().ready = true;
    }

    /// From now on the partition's state is what its ledger says.
    pub(super) fn register(&self, key: &str, ledger: &Arc<Ledger>, before: Option<SavedPartition>) {
        let mut state = self.lock();
        let untouched = state.untouched.remove(key);
        let before = before.or(state.opening.remove(key)).or(untouched);
        state.open.insert(key.to_owned(), Open { ledger: ledger.clone(), before });
    }

    /// Makes cuts durable, before anything that they shaped leaves the lane.
    pub(super) fn store_cuts(&self, key: &str, cuts: &[Cut]) -> Result<(), StoreError> {
        fault::point("before-cut");
        let result = self.lock().store.append_cuts(key, cuts);
        fault::point("after-cut");
        result
    }

    /// Asks every sink for its own state.
    fn look(&self, branches: &[Branch]) {
        let number = self.looks() + 1;
        for (at, branch) in branches.iter().enumerate() {
            let Built::Sink(sink) = &branch.sink else { continue };
            let Some(own) = sink.save() else { continue };
            let looks = &mut self.lock().sinks[at];
            looks.push_back((number, own));
            if looks.len() > LOOKS {
                looks.remove(LOOKS / 2);
            }
        }
        // Only now: a mark that knows this number was taken after the look.
        self.looks.store(number, Ordering::SeqCst);
    }

    /// Writes the checkpoint, if anything has changed.
    pub(super) fn save(&self, branches: &[Branch]) -> Result<(), SaveError> {
        // The main loop and a lane with a new partition may both want to.
        let _one = self.saving.lock().unwrap_or_else(|e| e.into_inner());
        self.look(branches);
        fault::point("sinks-saved");
        let mut state = self.lock();
        state.new = false;
        let mut partitions = state.untouched.clone();
        partitions.extend(state.opening.clone());
        // Of what is not open yet nobody knows how far it was sent.
        let whole = state.ready && state.opening.is_empty();
        let mut least = vec![if whole { u64::MAX } else { 0 }; branches.len()];
        for (key, open) in &state.open {
            // In this order: what is sent after the look comes behind the positions that are read after it.
            let looks = open.ledger.looks();
            let saved = combine(&self.branches, &open.ledger.passed(), open.before.as_ref());
            let all_again = saved.is_none() && looks.iter().any(|look| *look < u64::MAX);
            for (least, look) in least.iter_mut().zip(looks) {
                *least = if all_again { 0 } else { look.min(*least) };
            }
            if let Some(saved) = saved {
                partitions.insert(key.clone(), saved);
            }
        }
        let mut sinks = HashMap::new();
        for ((name, looks), least) in self.branches.iter().zip(&mut state.sinks).zip(least) {
            while looks.len() > 1 && looks[1].0 <= least {
                looks.pop_front();
            }
            if let Some((_, own)) = looks.front() {
                sinks.insert(name.clone(), own.clone());
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
        fault::point("sinks-synced");
        state.store.write(&saved)?;
        fault::point("after-checkpoint");
        state.written = Some(saved);
        Ok(())
    }
}

/// Checks that every saved Memory can be used by the plan as it is now. Where one cannot (a stage is new, gone, has
/// other settings or cannot read it) the partition goes back to before everything that its Memory holds and starts with
/// empty Memory. Nothing behind that is skipped: the stages may group records in another way now, and a record that
/// begins before a branch's position may hold lines that the branch has never had.
pub(super) fn settle(saved: &mut Saved, stages: &[&PlannedStage]) {
    for (key, partition) in &mut saved.partitions {
        if partition.is_beginning() {
            continue;
        }
        let Err(why) = usable(partition, stages) else { continue };
        let (position, seq) = partition.fallback.clone().unwrap_or((Value::Null, 0));
        tracing::warn!(partition = %key, records = partition.seq - seq.min(partition.seq), "reads again with empty Memory: {why}");
        partition.memory.clear();
        partition.cut = partition.cuts.drain(..).fold(partition.cut, |highest, cut| highest.max(cut.number));
        partition.branches.clear();
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
            cut: least.cut,
            cuts: Vec::new(),
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
            cut: seq,
            look: 0,
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
        assert_eq!(saved.cut, 10);
    }

    #[test]
    fn a_branch_without_a_mark_keeps_the_whole_partition_where_it_was() {
        assert_eq!(combine(&names(), &[mark(20), None], None), None);
        let before = combine(&names(), &[mark(5), mark(3)], None).unwrap();
        let saved = combine(&names(), &[mark(20), None], Some(&before)).unwrap();
        assert_eq!((saved.seq, saved.branches["a"].seq, saved.branches["b"].seq), (3, 20, 3));
    }

    #[test]
    fn with_unusable_memory_nothing_behind_the_place_to_go_back_to_is_skipped() {
        let mut partition = combine(&names(), &[mark(20), mark(10)], None).unwrap();
        partition.memory.push(("a stage that is gone".into(), Value::Null));
        partition.fallback = Some((7.into(), 7));
        let mut saved = Saved { partitions: [("p".to_owned(), partition)].into(), ..Saved::default() };
        settle(&mut saved, &[]);
        let partition = &saved.partitions["p"];
        assert_eq!((partition.seq, &partition.position), (7, &7.into()));
        assert!(partition.branches.is_empty() && partition.memory.is_empty() && partition.cuts.is_empty());
    }

    #[test]
    fn a_branch_ahead_of_the_replay_does_not_go_back() {
        let before = combine(&names(), &[mark(100), mark(3)], None).unwrap();
        let saved = combine(&names(), &[mark(50), mark(50)], Some(&before)).unwrap();
        assert_eq!((saved.seq, saved.branches["a"].seq, saved.branches["b"].seq), (50, 100, 50));
        assert_eq!(saved.branches["a"].owed, [(100, 0)]);
    }
}
