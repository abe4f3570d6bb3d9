//! A partition as its lane keeps it: where it is, what it remembers, what its branches have seen.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;

use crate::ack::{Cut, Ledger, Mark};
use crate::event::memory::DynMemory;
use crate::event::{NO_TIME, Nanos, Partition};
use crate::plan::PlannedStage;
use crate::sources::{Delivery, DynDecoder, Opened};
use crate::stages::Stage;
use crate::telemetry::fault;

use super::Shared;
use super::skip::Skip;

/// Earlier positions that are kept for a Memory that holds something for long: a minute of marks, and some.
const ANCHORS: usize = 100;

/// One partition.
pub(super) struct Slot {
    pub(super) number: usize,
    pub(super) partition: Arc<Partition>,
    pub(super) decoder: Arc<dyn DynDecoder>,
    pub(super) memory: Memories,
    pub(super) skips: Vec<Skip>,
    pub(super) ledger: Arc<Ledger>,
    pub(super) position: serde_json::Value,
    /// Latest time that has left the stages.
    pub(super) frontier: Nanos,
    /// Highest number that a cut has had.
    pub(super) cuts: u64,
    /// Seq and position of earlier marks that Memory may still need.
    pub(super) anchors: VecDeque<(u64, serde_json::Value)>,
    /// Per branch: the highest order of a frame so far.
    pub(super) order: Vec<Nanos>,
    pub(super) marked: Instant,
    pub(super) unmarked: bool,
    /// A release of the batch under way has let something out.
    pub(super) released: bool,
    /// Per branch: events begun and held at the end of the last batch.
    pub(super) held: Vec<u64>,
    pub(super) ended: bool,
}

/// Everything a partition remembers, and where it is.
pub(super) struct Memories {
    /// Records read so far.
    pub(super) seq: u64,
    /// Number of the last cut.
    pub(super) cut: u64,
    /// Cuts of an earlier run, still ahead.
    pub(super) repeat: VecDeque<Cut>,
    pub(super) decoder: Box<dyn DynMemory>,
    /// `main`, then each branch; `None` for stages that keep nothing.
    pub(super) stages: Vec<Vec<Option<Box<dyn DynMemory>>>>,
}

impl Memories {
    pub(super) fn snapshot(&self) -> Memories {
        Memories {
            seq: self.seq,
            cut: self.cut,
            repeat: self.repeat.clone(),
            decoder: self.decoder.snapshot(),
            stages: self
                .stages
                .iter()
                .map(|path| path.iter().map(|m| m.as_ref().map(|m| m.snapshot())).collect())
                .collect(),
        }
    }

    /// Keys that the Memory on a branch's path has begun and not let out.
    pub(super) fn owed(&self, branch: usize) -> Vec<(u64, u32)> {
        let paths = self.stages[0].iter().chain(&self.stages[branch + 1]).flatten();
        let all = std::iter::once(&self.decoder).chain(paths);
        all.flat_map(|m| m.owed()).map(|key| (key.seq, key.index)).collect()
    }

    /// Records begun and held on a branch's path; events made later are counted when they are made.
    pub(super) fn held(&self, branch: usize) -> u64 {
        self.owed(branch).iter().filter(|(_, index)| *index == 0).count() as u64
    }
}

impl Slot {
    pub(super) fn new(shared: &Shared, delivery: &Delivery, opened: Opened) -> Slot {
        let saved = opened.saved.as_ref();
        let find = |key: &str| saved.and_then(|s| s.memory.iter().find(|(k, _)| k == key).map(|(_, v)| v));
        let warn = |key: &str, why: String| {
            tracing::warn!(partition = %delivery.partition.name, stage = key, "saved Memory starts empty: {why}");
        };
        let decoder = match find("decoder").map(|saved| opened.decoder.restore(saved)) {
            Some(Ok(memory)) => memory,
            Some(Err(why)) => {
                warn("decoder", why);
                opened.decoder.start()
            }
            None => opened.decoder.start(),
        };
        let start = |planned: &PlannedStage| match &planned.stage {
            Stage::Map(_) => None,
            Stage::Scan(stage) => Some(match find(&planned.key).map(|saved| stage.restore(saved)) {
                Some(Ok(memory)) => memory,
                Some(Err(why)) => {
                    warn(&planned.key, why);
                    stage.start()
                }
                None => {
                    if saved.is_some_and(|s| !s.is_beginning()) {
                        warn(&planned.key, "its settings are new".to_owned());
                    }
                    stage.start()
                }
            }),
        };
        let mut stages = vec![shared.stages.iter().map(start).collect()];
        for branch in &shared.branches {
            stages.push(branch.stages.iter().map(start).collect());
        }
        let anchors = saved
            .map(|s| {
                let before = s.fallback.iter().map(|(position, seq)| (*seq, position.clone()));
                before.chain([(s.seq, s.position.clone())]).collect()
            })
            .unwrap_or_default();
        let position = saved.map_or(serde_json::Value::Null, |s| s.position.clone());
        let repeat: VecDeque<Cut> = saved.map(|s| s.cuts.iter().copied().collect()).unwrap_or_default();
        let cut = saved.map_or(0, |s| s.cut);
        let cuts = repeat.iter().fold(cut, |highest, cut| highest.max(cut.number));
        let memory = Memories { seq: opened.seq, cut, repeat, decoder, stages };
        // What an earlier run read and this one will let out goes in here.
        let held: Vec<u64> = (0..shared.branches.len()).map(|at| memory.held(at)).collect();
        for (counters, held) in shared.counters.iter().zip(&held) {
            counters.read.add(*held);
            counters.held.add(*held);
        }
        let names = shared.branches.iter().map(|b| b.name.as_str());
        let skips = names.map(|name| Skip::new(saved.and_then(|s| s.branches.get(name)))).collect();
        let ledger = Ledger::new(shared.branches.len());
        if shared.keeps_positions {
            shared.register(&delivery.partition.key, &ledger, opened.saved);
        }
        Slot {
            number: delivery.number,
            partition: delivery.partition.clone(),
            decoder: opened.decoder,
            memory,
            skips,
            ledger,
            position,
            frontier: NO_TIME,
            cuts,
            anchors,
            order: vec![NO_TIME; shared.branches.len()],
            marked: Instant::now(),
            unmarked: false,
            released: false,
            held,
            ended: false,
        }
    }

    pub(super) fn mark(&mut self, shared: &Shared) {
        let mut memory = vec![("decoder".to_owned(), self.memory.decoder.save())];
        let paths = std::iter::once(&shared.stages).chain(shared.branches.iter().map(|b| &b.stages));
        for (stages, memories) in paths.zip(&self.memory.stages) {
            for (planned, kept) in stages.iter().zip(memories) {
                if let Some(kept) = kept {
                    memory.push((planned.key.clone(), kept.save()));
                }
            }
        }
        let owed: Vec<_> = (0..shared.branches.len()).map(|at| self.memory.owed(at)).collect();
        let least = owed.iter().flatten().map(|(seq, _)| *seq).min().unwrap_or(u64::MAX);
        self.anchors.push_back((self.memory.seq, self.position.clone()));
        while self.anchors.len() > 1 && (self.anchors[1].0 < least || self.anchors.len() > ANCHORS) {
            self.anchors.pop_front();
        }
        let fallback =
            self.anchors.front().filter(|(seq, _)| *seq < least).map(|(seq, at)| (at.clone(), *seq));
        self.ledger.mark(Mark {
            batch: 0,
            serial: 0,
            position: self.position.clone(),
            seq: self.memory.seq,
            memory,
            owed,
            fallback,
            cut: self.memory.cut,
            look: shared.looks(),
        });
        self.marked = Instant::now();
        self.unmarked = false;
        fault::point("lane-marked");
    }
}
