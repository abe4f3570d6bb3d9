//! The positions it is safe to resume from.
//!
//! * A batch is safe for a branch when it and every batch before it are settled there, without a gap.
//! * A receipt that is dropped is lost, not delivered: the branch never moves past its batch again.
//! * Marks wait in order; the newest one that a branch has passed is that branch's position.
//! * At most [`WAITING`] marks wait; beyond that a middle one is dropped, which is always safe.
//!
//! One ledger belongs to one partition. It writes nothing; [`checkpoint`](super::checkpoint) does.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard};

use serde_json::Value;

/// Marks of a partition that may wait for their batches.
pub const WAITING: usize = 4;

/// A place where a partition can be resumed exactly: position and Memory, taken together after a batch.
#[derive(Debug, Clone)]
pub struct Mark {
    /// Number of the last batch before it; the ledger fills it in.
    pub batch: u64,
    /// Order of the partition's marks; the ledger fills it in. Two marks may have one `seq`.
    pub serial: u64,
    /// What the source needs to resume there.
    pub position: Value,
    /// Records read so far in the partition.
    pub seq: u64,
    /// Memory of the decoder and of every stage, by its key, as it is saved.
    pub memory: Vec<(String, Value)>,
    /// Per branch: keys that the Memory on its path had begun and not yet let out, as `(seq, index)`.
    pub owed: Vec<Vec<(u64, u32)>>,
    /// Position and seq of the newest mark before everything that this Memory still holds: where to resume if the
    /// Memory cannot be used. `None`: the partition's beginning.
    pub fallback: Option<(Value, u64)>,
    /// Number of the last cut before it: what that led to is in the Memory, later ones are to be repeated.
    pub cut: u64,
    /// Number of the newest look at the sinks' own states before it was taken.
    pub look: u64,
}

/// A release that no bytes decided: behind which record, and with what the stages were told.
///
/// What it let out has been seen by sinks; a replay that grouped the records otherwise would make other events.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Cut {
    /// Number among the cuts of its partition, from 1.
    pub number: u64,
    /// Records read before it.
    pub seq: u64,
    /// The time that the stages were told, in ns since the epoch.
    pub now: i64,
    /// What ended: 0 only time passed, 1 a life, 2 the input.
    pub end: u8,
}

/// The ledger of one partition.
#[derive(Debug)]
pub struct Ledger {
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// Number of the oldest batch in `open`.
    first: u64,
    /// Branches that have settled each batch, as bits.
    open: VecDeque<u64>,
    /// Per branch: every batch below this number is settled.
    safe: Vec<u64>,
    /// Per branch: a receipt was lost.
    lost: Vec<bool>,
    marks: VecDeque<Arc<Mark>>,
    serial: u64,
    /// Per branch: the newest mark it has passed.
    passed: Vec<Option<Arc<Mark>>>,
    in_flight: u64,
}

impl Ledger {
    /// A ledger for a partition whose events go to `branches` branches (at most 64).
    pub fn new(branches: usize) -> Arc<Ledger> {
        Arc::new(Ledger {
            state: Mutex::new(State {
                first: 0,
                open: VecDeque::new(),
                safe: vec![0; branches],
                lost: vec![false; branches],
                marks: VecDeque::new(),
                serial: 0,
                passed: vec![None; branches],
                in_flight: 0,
            }),
        })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(|e| e.into_inner())
    }

    /// Opens the next batch: one receipt per branch.
    pub fn open(self: &Arc<Self>) -> Vec<Receipt> {
        let mut state = self.lock();
        let batch = state.first + state.open.len() as u64;
        state.open.push_back(0);
        let branches = state.safe.len();
        state.in_flight += branches as u64;
        drop(state);
        (0..branches).map(|branch| Receipt { ledger: self.clone(), batch, branch, settled: false }).collect()
    }

    /// Adds a mark behind the batch opened last.
    pub fn mark(&self, mut mark: Mark) {
        let mut state = self.lock();
        mark.batch = (state.first + state.open.len() as u64).saturating_sub(1);
        state.serial += 1;
        mark.serial = state.serial;
        state.marks.push_back(Arc::new(mark));
        if state.marks.len() > WAITING {
            state.marks.remove(WAITING / 2);
        }
        state.advance();
    }

    /// The newest mark that each branch has passed.
    pub fn passed(&self) -> Vec<Option<Arc<Mark>>> {
        self.lock().passed.clone()
    }

    /// Per branch: number of the newest look at its sink before everything that a replay would send again;
    /// `u64::MAX` where it would send nothing.
    pub fn looks(&self) -> Vec<u64> {
        let state = self.lock();
        let opened = state.first + state.open.len() as u64;
        let look = |passed: &Option<Arc<Mark>>| match passed {
            Some(mark) if mark.batch + 1 == opened => u64::MAX,
            Some(mark) => mark.look,
            None => 0,
        };
        state.passed.iter().map(look).collect()
    }

    /// Whether any receipt of the branch was lost.
    pub fn is_lost(&self, branch: usize) -> bool {
        self.lock().lost[branch]
    }

    /// Receipts that are out.
    pub fn in_flight(&self) -> u64 {
        self.lock().in_flight
    }
}

impl State {
    fn settle(&mut self, batch: u64, branch: usize) {
        let Some(bits) = self.open.get_mut((batch - self.first) as usize) else {
            return;
        };
        *bits |= 1 << branch;
        self.advance();
    }

    fn advance(&mut self) {
        for branch in 0..self.safe.len() {
            while let Some(bits) = self.open.get((self.safe[branch] - self.first) as usize)
                && bits & (1 << branch) != 0
            {
                self.safe[branch] += 1;
            }
            let safe = self.safe[branch];
            let newest = self.marks.iter().rev().find(|mark| mark.batch < safe);
            if let Some(mark) = newest
                && self.passed[branch].as_ref().is_none_or(|old| old.serial < mark.serial)
            {
                self.passed[branch] = Some(mark.clone());
            }
        }
        let least = self.safe.iter().copied().min().unwrap_or(u64::MAX);
        while self.first < least && self.open.pop_front().is_some() {
            self.first += 1;
        }
        // A mark that every branch has passed will not be looked at again.
        while let [first, second, ..] = self.marks.make_contiguous()
            && first.batch < least
            && second.batch < least
        {
            self.marks.pop_front();
        }
    }
}

/// Says what became of one batch in one branch.
///
/// Dropped without [`delivered`](Receipt::delivered) it counts as lost: after a restart the batch is read again.
#[derive(Debug)]
#[must_use]
pub struct Receipt {
    ledger: Arc<Ledger>,
    batch: u64,
    branch: usize,
    settled: bool,
}

impl Receipt {
    /// The destination has everything of this batch, durably (or there was nothing to have).
    pub fn delivered(mut self) {
        self.settled = true;
        let mut state = self.ledger.lock();
        state.in_flight -= 1;
        state.settle(self.batch, self.branch);
    }
}

impl Drop for Receipt {
    fn drop(&mut self) {
        if !self.settled {
            let mut state = self.ledger.lock();
            state.in_flight -= 1;
            state.lost[self.branch] = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn mark(seq: u64) -> Mark {
        Mark {
            batch: 0,
            serial: 0,
            position: seq.into(),
            seq,
            memory: Vec::new(),
            owed: Vec::new(),
            fallback: None,
            cut: 0,
            look: seq,
        }
    }

    fn seqs(ledger: &Ledger) -> Vec<Option<u64>> {
        ledger.passed().iter().map(|m| m.as_ref().map(|m| m.seq)).collect()
    }

    #[test]
    fn a_lost_batch_stops_the_ledger() {
        let ledger = Ledger::new(1);
        let mut receipts: Vec<_> = (0..3)
            .map(|n| {
                let receipt = ledger.open().remove(0);
                ledger.mark(mark(n + 1));
                receipt
            })
            .collect();
        let last = receipts.pop().unwrap();
        drop(receipts.pop());
        receipts.pop().unwrap().delivered();
        last.delivered();
        assert_eq!(seqs(&ledger), [Some(1)]);
        assert!(ledger.is_lost(0));
        assert_eq!(ledger.in_flight(), 0);
    }

    #[test]
    fn a_slow_branch_does_not_hold_another() {
        let ledger = Ledger::new(2);
        let mut first = ledger.open();
        ledger.mark(mark(1));
        first.remove(1).delivered();
        assert_eq!(seqs(&ledger), [None, Some(1)]);
        first.remove(0).delivered();
        assert_eq!(seqs(&ledger), [Some(1), Some(1)]);
    }

    #[test]
    fn what_a_replay_sends_again_came_after_the_look_before_the_mark() {
        let ledger = Ledger::new(1);
        assert_eq!(ledger.looks(), [0], "nobody knows how far an earlier run came");
        let first = ledger.open().remove(0);
        assert_eq!(ledger.looks(), [0], "everything would be sent again");
        ledger.mark(mark(7));
        first.delivered();
        assert_eq!(ledger.looks(), [u64::MAX], "nothing lies behind the mark");
        ledger.open().remove(0).delivered();
        assert_eq!(ledger.looks(), [7]);
    }

    #[test]
    fn a_newer_mark_behind_the_same_batch_is_taken() {
        let ledger = Ledger::new(1);
        ledger.open().remove(0).delivered();
        ledger.mark(mark(7));
        ledger.mark(Mark { position: "elsewhere".into(), ..mark(7) });
        assert_eq!(ledger.passed()[0].as_ref().unwrap().position, "elsewhere");
    }

    #[test]
    fn open_batches_without_marks_are_forgotten_once_settled() {
        let ledger = Ledger::new(1);
        for _ in 0..1000 {
            ledger.open().remove(0).delivered();
        }
        assert!(ledger.lock().open.is_empty());
    }

    proptest! {
        #[test]
        fn no_branch_is_ever_past_a_batch_that_is_not_settled(
            schedule in proptest::collection::vec((0usize..3, any::<prop::sample::Index>(), any::<bool>()), 1..80)
        ) {
            let ledger = Ledger::new(2);
            let mut out: Vec<(u64, Receipt)> = Vec::new();
            let mut unsettled = [std::collections::BTreeSet::new(), std::collections::BTreeSet::new()];
            let mut opened = 0u64;
            for (what, which, lose) in schedule {
                match what {
                    0 => {
                        opened += 1;
                        for (branch, receipt) in ledger.open().into_iter().enumerate() {
                            unsettled[branch].insert(opened);
                            out.push((opened, receipt));
                        }
                    }
                    1 if opened > 0 => ledger.mark(mark(opened)),
                    _ if !out.is_empty() => {
                        let (batch, receipt) = out.swap_remove(which.index(out.len()));
                        let branch = receipt.branch;
                        if lose {
                            drop(receipt);
                        } else {
                            unsettled[branch].remove(&batch);
                            receipt.delivered();
                        }
                    }
                    _ => {}
                }
                for (branch, passed) in seqs(&ledger).into_iter().enumerate() {
                    if let (Some(passed), Some(least)) = (passed, unsettled[branch].first()) {
                        prop_assert!(passed < *least);
                    }
                }
                prop_assert!(ledger.lock().marks.len() <= WAITING);
            }
        }
    }
}
