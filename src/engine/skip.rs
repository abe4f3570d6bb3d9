//! What a branch has seen before the last restart.

use rustc_hash::FxHashSet;

use crate::ack::checkpoint::SavedBranch;
use crate::event::{Batch, Key};

/// Skips a key exactly when its `seq` is not above the saved one and it was not owed.
pub(super) struct Skip {
    seq: u64,
    owed: FxHashSet<Key>,
}

impl Skip {
    pub(super) fn new(saved: Option<&SavedBranch>) -> Skip {
        let Some(saved) = saved else { return Skip { seq: 0, owed: FxHashSet::default() } };
        let owed = saved.owed.iter().map(|&(seq, index)| Key { seq, index }).collect();
        Skip { seq: saved.seq, owed }
    }

    /// Whether any row of a batch may be skipped; cheap once the saved position is passed.
    pub(super) fn touches(&self, batch: &Batch) -> bool {
        self.seq > 0 && batch.rows.iter().any(|row| row.key.seq <= self.seq)
    }

    pub(super) fn skips(&self, key: Key) -> bool {
        key.seq <= self.seq && !self.owed.contains(&key)
    }
}
