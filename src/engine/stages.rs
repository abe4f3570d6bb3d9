//! Running a batch through stages, and finding the events on which one panics.
//!
//! * An event that panics on its own is taken out before the stage that cannot bear it; the others go on.
//! * Which one it is, is asked of copies: nothing that was tried is left in Memory.
//! * What is shown of it has passed every stage that hides text.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use std::sync::Arc;

use crate::event::memory::DynMemory;
use crate::event::{Batch, Buffer, Flags, Partition, Row, Span, Text};
use crate::plan::PlannedStage;
use crate::stages::Stage;

use super::lane::Feed;

/// Every branch: the event never came to where they part.
pub(super) const ALL: usize = usize::MAX;

/// An event on which a stage panics.
pub(super) struct Culprit {
    /// The record as it was read.
    pub(super) text: Vec<u8>,
    /// The branch in which it happened, [`ALL`], or not known yet.
    pub(super) branch: Option<usize>,
}

/// Runs a batch through stages; returns whether a release has let something out. With `culprits` events on which a
/// stage panics are put there and taken out.
pub(super) fn run(
    stages: &[PlannedStage],
    memory: &mut [Option<Box<dyn DynMemory>>],
    batch: &mut Batch,
    feed: Feed,
    mut culprits: Option<&mut Vec<Culprit>>,
) -> bool {
    let mut released = false;
    for (planned, memory) in stages.iter().zip(memory) {
        match &mut culprits {
            Some(culprits) => apply_carefully(&planned.stage, memory, batch, feed, culprits),
            None => apply(&planned.stage, memory, batch, feed),
        }
        if let (Stage::Scan(stage), Some(memory), Some(end)) = (&planned.stage, memory, feed.end) {
            let before = batch.rows.len();
            stage.release(memory.as_mut(), batch, feed.read_at, end);
            released |= batch.rows.len() > before;
        }
    }
    released
}

fn apply(stage: &Stage, memory: &mut Option<Box<dyn DynMemory>>, batch: &mut Batch, feed: Feed) {
    if batch.rows.is_empty() {
        return;
    }
    match (stage, memory) {
        (Stage::Map(stage), _) => stage.apply(batch),
        (Stage::Scan(stage), Some(memory)) => stage.apply(memory.as_mut(), batch, feed.came),
        (Stage::Scan(_), None) => unreachable!("every Scan has a Memory"),
    }
}

fn apply_carefully(
    stage: &Stage,
    memory: &mut Option<Box<dyn DynMemory>>,
    batch: &mut Batch,
    feed: Feed,
    culprits: &mut Vec<Culprit>,
) {
    let snapshot = |memory: &Option<Box<dyn DynMemory>>| memory.as_ref().map(|memory| memory.snapshot());
    let (memory_before, batch_before) = (snapshot(memory), batch.clone());
    let Err(panic) = catch_unwind(AssertUnwindSafe(|| apply(stage, memory, batch, feed))) else { return };
    let alive: Vec<usize> = batch_before.alive().collect();
    let mut cleared = batch_before.clone();
    let mut found = false;
    for at in &alive {
        let mut alone = batch_before.clone();
        for other in alive.iter().filter(|other| *other != at) {
            alone.rows[*other].flags.set(Flags::DEAD);
        }
        let mut memory = snapshot(&memory_before);
        if catch_unwind(AssertUnwindSafe(|| apply(stage, &mut memory, &mut alone, feed))).is_err() {
            found = true;
            cleared.rows[*at].flags.set(Flags::DEAD);
            let mut scratch = Vec::new();
            let text = batch_before.text.plain(batch_before.rows[*at].raw, &mut scratch).to_vec();
            culprits.push(Culprit { text, branch: None });
        }
    }
    if !found {
        // No event alone: the caller gives up the line that led to it.
        resume_unwind(panic);
    }
    (*memory, *batch) = (memory_before, cleared);
    apply(stage, memory, batch, feed);
}

/// A record on which a stage panics, as a dead letter may show it.
pub(super) fn shown<'a>(
    partition: &Arc<Partition>,
    record: &[u8],
    stages: impl Iterator<Item = &'a PlannedStage>,
) -> Vec<u8> {
    let mut batch = Batch::new(partition.clone(), Text::new(Buffer { bytes: record.to_vec(), lease: None }));
    let all = Span::in_buf(0, record.len());
    batch.rows.push(Row { raw: all, message: all, records: 1, ..Row::default() });
    for planned in stages {
        let Stage::Map(stage) = &planned.stage else { continue };
        if stage.hides() && catch_unwind(AssertUnwindSafe(|| stage.apply(&mut batch))).is_err() {
            return format!("[{} bytes on which {} panics]", record.len(), planned.kind).into_bytes();
        }
    }
    batch.text.plain(batch.rows[0].raw, &mut Vec::new()).to_vec()
}
