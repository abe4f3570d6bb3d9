//! What mcpp says about itself: counters and its own log.
//!
//! * Counters are added to once a batch, never once an event.
//! * Per branch, read together at a batch boundary:
//!   `read + made = delivered + absorbed + joined + dropped + replayed + dead_lettered + held + in_flight`.

pub mod fault;
pub mod follow;
pub mod read;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

/// What a run has done so far; read by progress lines and by the closing report.
#[derive(Debug, Default)]
pub struct Progress {
    /// Bytes that lanes have taken from sources.
    pub bytes: Counter,
    /// Physical records read.
    pub records: Counter,
    /// Lines kept as text because no notation fits.
    pub unparsed: Counter,
    /// Lines that are not what the source's framing says, kept as text.
    pub misframed: Counter,
    /// Records cut at the limit.
    pub cut: Counter,
    /// Cells missing because their value breaks the type.
    pub type_misses: Counter,
    /// Times over a day from engine time, replaced by it.
    pub implausible_times: Counter,
    /// Places masked.
    pub redacted: Counter,
    /// Memory entries that left because it was full.
    pub evicted: Counter,
    /// Batches run again after a panic.
    pub panics: Counter,
    /// Per branch, by name, what became of its events; there once the run has begun.
    pub branches: OnceLock<Vec<(String, Arc<BranchCounters>)>>,
}

/// What became of the events of one branch.
#[derive(Debug, Default)]
pub struct BranchCounters {
    /// Records read for it.
    pub read: Counter,
    /// Events made from others.
    pub made: Counter,
    /// Stored by the destination.
    pub delivered: Counter,
    /// Taken in by a fold.
    pub absorbed: Counter,
    /// Records that became part of another's event.
    pub joined: Counter,
    /// Taken out on purpose, for any reason.
    pub dropped: Counter,
    /// Seen before the last restart.
    pub replayed: Counter,
    /// Refused by the destination for good, or lost to a panic; kept as dead letters.
    pub dead_lettered: Counter,
    /// Handed to the sink and not answered yet.
    pub in_flight: Counter,
    /// Begun and still held in Memory.
    pub held: Counter,
}

impl BranchCounters {
    /// Events that went in and came out nowhere: 0, or something is wrong.
    pub fn unaccounted(&self) -> i64 {
        let inward = self.read.get() + self.made.get();
        let outward = [
            &self.delivered,
            &self.absorbed,
            &self.joined,
            &self.dropped,
            &self.replayed,
            &self.dead_lettered,
            &self.in_flight,
            &self.held,
        ];
        inward as i64 - outward.iter().map(|c| c.get()).sum::<u64>() as i64
    }
}

/// A counter that many threads add to.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// A counter at 0.
    pub const fn new() -> Counter {
        Counter(AtomicU64::new(0))
    }

    /// Adds `n`.
    pub fn add(&self, n: u64) {
        if n > 0 {
            self.0.fetch_add(n, Ordering::Relaxed);
        }
    }

    /// Takes `n` away (counters of what is under way).
    pub fn sub(&self, n: u64) {
        self.0.fetch_sub(n, Ordering::Relaxed);
    }

    /// Replaces the value.
    pub fn set(&self, n: u64) {
        self.0.store(n, Ordering::Relaxed);
    }

    /// The value.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}
