//! A batch that panicked, again: line by line, so that only what panics on its own is lost.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::{Feed, Lane, Out, What};
use crate::engine::slot::{Memories, Slot};
use crate::engine::stages;
use crate::event::{Buffer, Tally, Text};
use crate::sinks::Built;

impl Lane {
    /// Runs a batch that panicked again, line by line; lines that panic on their own are dead letters.
    pub(super) fn rerun(&mut self, slot: &mut Slot, before: Memories, bytes: &[u8], feed: Feed) {
        self.shared.progress.panics.add(1);
        tracing::error!(partition = %slot.partition.name, offset = feed.offset, "a stage panicked; running the batch again line by line");
        slot.memory = before;
        self.reset_outs();
        let mut done = 0;
        let mut tally = Tally::default();
        while done < bytes.len() {
            let end = done + slot.decoder.first_record(&bytes[done..]);
            let line = &bytes[done..end];
            let feed = Feed { offset: feed.offset + done as u64, end: None, ..feed };
            self.guarded(slot, line, feed, &mut tally);
            done = end;
        }
        if feed.end.is_some() {
            self.guarded(slot, &[], feed, &mut tally);
        }
        self.batch.tally = tally;
    }

    fn guarded(&mut self, slot: &mut Slot, line: &[u8], feed: Feed, tally: &mut Tally) {
        let before = slot.memory.snapshot();
        let marks: Vec<OutMark> = self.outs.iter().map(OutMark::of).collect();
        let text = Text::new(Buffer { bytes: line.to_vec(), lease: None });
        self.culprits = Some(Vec::new());
        let own = catch_unwind(AssertUnwindSafe(|| self.run(slot, text, feed)));
        let culprits = self.culprits.take().unwrap_or_default();
        if own.is_ok() {
            for culprit in culprits {
                self.shared.panicked(
                    &slot.partition,
                    &culprit.text,
                    culprit.branch.filter(|at| *at != stages::ALL),
                );
            }
            tally.add(&self.batch.tally);
            for (at, out) in self.outs.iter_mut().enumerate() {
                // A fold's scratch holds one batch; what this line added is final now.
                self.shared.commit(at, out, &mut self.totals[at]);
            }
            return;
        }
        slot.memory = before;
        for (at, mark) in marks.into_iter().enumerate() {
            self.restore(at, mark);
        }
        if !line.is_empty() {
            slot.memory.seq += 1;
            tally.read += 1;
            self.shared.panicked(&slot.partition, line, None);
        }
    }

    fn reset_outs(&mut self) {
        for at in 0..self.outs.len() {
            self.restore(at, OutMark::default());
        }
    }

    /// Takes back what a branch has done since `mark`; a fold's scratch holds nothing that was done before it.
    fn restore(&mut self, at: usize, mark: OutMark) {
        let out = &mut self.outs[at];
        match (&mut out.what, &self.shared.branches[at].sink) {
            (What::Sink { chunk }, _) => {
                chunk.bytes.truncate(mark.bytes);
                chunk.frames.truncate(mark.frames);
                chunk.count = mark.count;
                chunk.sums = mark.sums;
            }
            (What::Fold { scratch, absorbed }, Built::Fold(fold)) => {
                *scratch = fold.scratch();
                *absorbed = 0;
            }
            (What::Fold { .. }, Built::Sink(_)) => unreachable!("outs are made from the branches"),
        }
        out.replayed = mark.replayed;
        out.own = mark.own;
    }
}

/// How far an out was before a line that may panic.
#[derive(Default)]
struct OutMark {
    bytes: usize,
    frames: usize,
    count: u64,
    sums: [u64; 4],
    replayed: u64,
    own: Tally,
}

impl OutMark {
    fn of(out: &Out) -> OutMark {
        let mark = OutMark { replayed: out.replayed, own: out.own.clone(), ..OutMark::default() };
        match &out.what {
            What::Sink { chunk } => OutMark {
                bytes: chunk.bytes.len(),
                frames: chunk.frames.len(),
                count: chunk.count,
                sums: chunk.sums,
                ..mark
            },
            What::Fold { .. } => mark,
        }
    }
}
