//! A lane: one thread that runs decoder, stages and encoders over one batch at a time.
//!
//! * A partition lives in one lane; everything it remembers is in its [`Slot`].
//! * A batch is done completely or not at all: until every branch has encoded it nothing is handed on.
//! * After a panic Memory is what it was before the batch, and the batch is run again line by line; the line that
//!   panics is a dead letter, the others go on.
//! * The lane knows no time of its own: what the clock decides comes as a notice of the source. A release that let
//!   something out is written down before that leaves the lane, and repeated in a replay.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::time::Duration;

use rustc_hash::FxHashMap;

use crate::ack::Cut;
use crate::event::memory::End;
use crate::event::{Batch, Buffer, Flags, Lease, NO_TIME, Nanos, Partition, Tally, Text};
use crate::sinks::{AnyState, Built, Chunk, Event, From};
use crate::sources::Delivery;
use crate::telemetry::fault;

use super::deliver::Parcel;
use super::slot::Slot;
use super::stages::{self, Culprit};
use super::{Shared, merger::Totals};

mod rerun;

/// How often a partition that is being read becomes a mark.
const MARK_EVERY: Duration = Duration::from_secs(1);

/// Runs until every source has gone; returns what the folds of this lane have counted.
pub(super) fn run(shared: Arc<Shared>, deliveries: Receiver<Delivery>) -> Totals {
    let mut lane = Lane::new(shared);
    while let Ok(delivery) = deliveries.recv() {
        lane.take(delivery);
    }
    lane.finish();
    lane.totals
}

struct Lane {
    shared: Arc<Shared>,
    slots: FxHashMap<usize, Slot>,
    /// Reused for every batch.
    batch: Batch,
    /// Per branch: what it has encoded of the batch under way.
    outs: Vec<Out>,
    /// Per branch: what its fold has counted.
    totals: Totals,
    /// While a batch is run again: the events on which a stage panics.
    culprits: Option<Vec<Culprit>>,
}

/// A branch's share of the batch under way.
struct Out {
    what: What,
    /// Events skipped because the branch has seen them before the last restart.
    replayed: u64,
    /// What its own stages counted.
    own: Tally,
}

enum What {
    Sink { chunk: Chunk },
    Fold { scratch: AnyState, absorbed: u64 },
}

impl Lane {
    fn new(shared: Arc<Shared>) -> Lane {
        let outs = shared
            .branches
            .iter()
            .map(|branch| {
                let what = match &branch.sink {
                    Built::Sink(_) => What::Sink { chunk: Chunk::default() },
                    Built::Fold(fold) => What::Fold { scratch: fold.scratch(), absorbed: 0 },
                };
                Out { what, replayed: 0, own: Tally::default() }
            })
            .collect();
        let totals = shared
            .branches
            .iter()
            .map(|branch| match &branch.sink {
                Built::Sink(_) => None,
                Built::Fold(fold) => Some(fold.total()),
            })
            .collect();
        let nobody = Arc::new(Partition {
            key: String::new(),
            name: String::new(),
            identity: crate::event::Identity::Stream,
            origin: Arc::default(),
        });
        let batch = Batch::new(nobody, Text::default());
        Lane { shared, slots: FxHashMap::default(), batch, outs, totals, culprits: None }
    }

    fn take(&mut self, mut delivery: Delivery) {
        fault::point("lane-before");
        if let Some(opened) = delivery.opened.take() {
            self.shared.save_beginnings();
            let slot = Slot::new(&self.shared, &delivery, opened);
            self.slots.insert(delivery.number, slot);
        }
        let Some(mut slot) = self.slots.remove(&delivery.number) else {
            tracing::error!(partition = %delivery.partition.name, "batch of a partition that is not open");
            return;
        };
        if delivery.buffer.bytes.is_empty() && delivery.end.is_none() && !delivery.gone {
            self.slots.insert(delivery.number, slot);
            return;
        }
        let bytes = delivery.buffer.bytes.len() as u64;
        let lease = delivery.buffer.lease.clone();
        let feed = Feed {
            seed: delivery.seed,
            offset: delivery.offset,
            read_at: delivery.read_at,
            end: delivery.end,
            came: delivery.read_at,
        };
        let before = slot.memory.snapshot();
        let text = Text::new(delivery.buffer);
        // A stage that overwrites text (redact) then works on a copy, and a rerun sees what was read.
        let kept = text.clone();
        let whole = catch_unwind(AssertUnwindSafe(|| self.run(&mut slot, text, feed)));
        if whole.is_err() {
            self.rerun(&mut slot, before, kept.buf(), feed);
        }
        drop(kept);
        fault::point("lane-encoded");
        if !delivery.gone {
            slot.position = delivery.position;
        }
        slot.ended |= delivery.gone || matches!(feed.end, Some(End::Input));
        self.hand_on(&mut slot, feed, bytes, lease);
        fault::point("lane-handed-on");
        self.batch.clear();
        let due = slot.marked.elapsed() >= MARK_EVERY || feed.end.is_some() || delivery.gone;
        if self.shared.keeps_positions && due && slot.unmarked {
            slot.mark(&self.shared);
        }
        if !delivery.gone {
            self.slots.insert(delivery.number, slot);
        }
    }

    /// Runs what was read through everything. What it leaves is in `self.outs` and `self.batch.tally`.
    fn run(&mut self, slot: &mut Slot, text: Text, feed: Feed) {
        if slot.memory.repeat.is_empty() {
            self.run_batch(slot, text, feed);
        } else {
            self.run_with_cuts(slot, text, feed);
        }
    }

    /// Runs one batch through everything.
    fn run_batch(&mut self, slot: &mut Slot, text: Text, feed: Feed) {
        let batch = &mut self.batch;
        batch.reset(slot.partition.clone(), text);
        batch.seeds[0] = feed.seed;
        batch.offset = feed.offset;
        batch.read_at = feed.read_at;
        let memory = &mut slot.memory;
        if !batch.text.buf().is_empty() {
            let before = memory.seq;
            memory.seq = slot.decoder.decode(memory.decoder.as_mut(), batch, before);
            batch.tally.read += memory.seq - before;
        }
        if let Some(end) = feed.end {
            slot.decoder.release(memory.decoder.as_mut(), batch, feed.read_at, end);
        }
        self.through(slot, feed);
    }

    /// Runs record by record, and repeats every release of an earlier run behind the record that it came behind.
    fn run_with_cuts(&mut self, slot: &mut Slot, text: Text, feed: Feed) {
        let mut tally = Tally::default();
        let mut done = 0;
        while done < text.buf().len() {
            self.repeat_cuts(slot, feed, &mut tally);
            let rest = &text.buf()[done..];
            let (piece, came) = if slot.memory.repeat.is_empty() {
                (rest, feed.came)
            } else {
                (&rest[..slot.decoder.first_record(rest)], 0)
            };
            let own = Feed { offset: feed.offset + done as u64, came, end: None, ..feed };
            done += piece.len();
            self.run_batch(slot, Text::new(Buffer { bytes: piece.to_vec(), lease: None }), own);
            tally.add(&self.batch.tally);
        }
        self.repeat_cuts(slot, feed, &mut tally);
        if feed.end.is_some() {
            self.run_batch(slot, Text::default(), feed);
            tally.add(&self.batch.tally);
        }
        self.batch.tally = tally;
    }

    /// Repeats the releases that came behind the last record. They are in the journal already.
    fn repeat_cuts(&mut self, slot: &mut Slot, feed: Feed, tally: &mut Tally) {
        let released = slot.released;
        while let Some(cut) = slot.memory.repeat.pop_front_if(|cut| cut.seq <= slot.memory.seq) {
            slot.memory.cut = cut.number;
            let again = Feed { read_at: cut.now, end: Some(end_of(cut)), came: 0, ..feed };
            self.run_batch(slot, Text::default(), again);
            tally.add(&self.batch.tally);
        }
        slot.released = released;
    }

    /// Runs the rows of the batch through stages and branches.
    fn through(&mut self, slot: &mut Slot, feed: Feed) {
        let rows = self.batch.rows.len();
        let released = stages::run(
            &self.shared.stages,
            &mut slot.memory.stages[0],
            &mut self.batch,
            feed,
            self.culprits.as_mut(),
        );
        slot.released |= released || (feed.end.is_some() && rows > 0);
        for row in &self.batch.rows {
            let time = if row.engine_time == NO_TIME { row.timestamp } else { row.engine_time };
            slot.frontier = slot.frontier.max(time);
        }
        if let Some(culprits) = &mut self.culprits {
            for culprit in culprits.iter_mut().filter(|culprit| culprit.branch.is_none()) {
                culprit.branch = Some(stages::ALL);
            }
        }
        for at in 0..self.outs.len() {
            self.branch(slot, at, feed);
        }
    }

    /// Runs a branch's own stages over its own view of the batch, and encodes.
    fn branch(&mut self, slot: &mut Slot, at: usize, feed: Feed) {
        let branch = &self.shared.branches[at];
        let skips = slot.skips[at].touches(&self.batch);
        let out = &mut self.outs[at];
        let mut view;
        let batch = if branch.stages.is_empty() && !skips {
            &self.batch
        } else {
            view = self.batch.clone();
            view.tally = Tally::default();
            let memories = &mut slot.memory.stages[at + 1];
            slot.released |= stages::run(&branch.stages, memories, &mut view, feed, self.culprits.as_mut());
            for culprit in self.culprits.iter_mut().flatten().filter(|culprit| culprit.branch.is_none()) {
                culprit.branch = Some(at);
            }
            out.own.add(&view.tally);
            if skips {
                for row in &mut view.rows {
                    if row.alive() && slot.skips[at].skips(row.key) {
                        row.flags.set(Flags::DEAD);
                        out.replayed += 1;
                    }
                }
            }
            &view
        };
        match (&branch.sink, &mut out.what) {
            (Built::Sink(sink), What::Sink { chunk }) => {
                for index in batch.alive() {
                    sink.encode(Event { batch, index }, chunk);
                }
            }
            (Built::Fold(fold), What::Fold { scratch, absorbed }) => {
                *absorbed += batch.alive().count() as u64;
                fold.absorb(scratch, batch);
            }
            _ => unreachable!("outs are made from the branches"),
        }
    }

    /// The batch is done: counts it, makes its cuts durable, opens its receipts and hands the chunks to the sinks.
    fn hand_on(&mut self, slot: &mut Slot, feed: Feed, bytes: u64, lease: Option<Arc<dyn Lease>>) {
        let shared = &self.shared;
        shared.count(&self.batch.tally, bytes);
        if std::mem::take(&mut slot.released) && shared.keeps_positions {
            let end = feed.end.map_or(0, code_of);
            slot.cuts += 1;
            slot.memory.cut = slot.cuts;
            // Those that are still to be repeated lie before what has been read by now, or nowhere.
            slot.memory.repeat.clear();
            let cut = Cut { number: slot.cuts, seq: slot.memory.seq, now: feed.read_at, end };
            shared.store_cuts(&slot.partition.key, &[cut]);
        }
        let receipts = slot.ledger.open();
        slot.unmarked = true;
        for (at, (out, receipt)) in self.outs.iter_mut().zip(receipts).enumerate() {
            let counters = &shared.counters[at];
            let (tally, own) = (&self.batch.tally, std::mem::take(&mut out.own));
            counters.read.add(tally.read);
            counters.made.add(tally.made + own.made);
            counters.joined.add(tally.joined + own.joined);
            counters.dropped.add(tally.dropped.iter().chain(&own.dropped).sum());
            counters.replayed.add(std::mem::take(&mut out.replayed));
            let held = slot.memory.held(at);
            counters.held.add(held);
            counters.held.sub(std::mem::replace(&mut slot.held[at], held));
            match &mut out.what {
                What::Fold { .. } => {
                    shared.commit(at, out, &mut self.totals[at]);
                    receipt.delivered();
                }
                What::Sink { chunk } => {
                    let events = chunk.frames.len() as u64 + chunk.count;
                    let way = &shared.ways[at];
                    if events == 0 && !way.wants_frontiers {
                        receipt.delivered();
                        continue;
                    }
                    counters.in_flight.add(events);
                    let order = &mut slot.order[at];
                    for frame in &mut chunk.frames {
                        *order = frame.order.max(*order);
                        frame.order = *order;
                    }
                    *order = slot.frontier.max(*order);
                    let from = From {
                        partition: slot.number,
                        frontier: *order,
                        ended: slot.ended,
                        caught_up: matches!(feed.end, Some(End::Clock)),
                        lease: lease.clone(),
                    };
                    let chunk = std::mem::replace(chunk, way.empty_chunk());
                    way.send(Parcel { chunk, from, receipt, lease: lease.clone() });
                }
            }
        }
    }

    /// All sources have gone. What is still held goes out where it cannot be found again, else it stays in Memory.
    fn finish(&mut self) {
        let numbers: Vec<usize> = self.slots.keys().copied().collect();
        for number in numbers {
            let Some(mut slot) = self.slots.remove(&number) else { continue };
            if !slot.ended && !self.shared.keeps_positions {
                let feed =
                    Feed { seed: 0, offset: 0, read_at: NO_TIME, end: Some(End::Input), came: NO_TIME };
                let before = slot.memory.snapshot();
                let done = catch_unwind(AssertUnwindSafe(|| self.run(&mut slot, Text::default(), feed)));
                if done.is_err() {
                    self.rerun(&mut slot, before, &[], feed);
                }
                slot.ended = true;
                self.hand_on(&mut slot, feed, 0, None);
                self.batch.clear();
            }
            if self.shared.keeps_positions && slot.unmarked {
                slot.mark(&self.shared);
            }
        }
    }
}

/// What a batch brings along besides its bytes.
#[derive(Clone, Copy)]
pub(super) struct Feed {
    seed: u128,
    offset: u64,
    pub(super) read_at: Nanos,
    pub(super) end: Option<End>,
    /// When stages are told that the records came: long ago while cuts are still to be repeated, because what a cut let
    /// out had come before it.
    pub(super) came: Nanos,
}

impl Shared {
    /// Adds what a fold took in of the batch to the lane's total.
    fn commit(&self, at: usize, out: &mut Out, total: &mut Option<AnyState>) {
        let (Built::Fold(fold), What::Fold { scratch, absorbed }, Some(total)) =
            (&self.branches[at].sink, &mut out.what, total)
        else {
            return;
        };
        fold.commit(total, scratch);
        self.counters[at].absorbed.add(std::mem::take(absorbed));
    }
}

fn end_of(cut: Cut) -> End {
    match cut.end {
        1 => End::Life,
        2 => End::Input,
        _ => End::Clock,
    }
}

fn code_of(end: End) -> u8 {
    match end {
        End::Clock => 0,
        End::Life => 1,
        End::Input => 2,
    }
}
