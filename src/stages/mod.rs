//! Stages: what happens to events between source and sink. CPU only: no clocks, files or sockets.

pub mod dedupe;
pub mod drop;
pub mod enrich;
pub mod expr;
pub mod extract;
pub mod filter;
pub mod keep;
mod keyed;
mod named;
pub mod needles;
mod own;
pub mod parse;
pub mod redact;
pub mod rename;
pub mod sample;
#[cfg(test)]
mod testing;
pub mod throttle;

use serde_json::Value;

use crate::config::{Diags, Settings};
use crate::event::memory::{self, DynMemory, End, Memory};
use crate::event::{Batch, Nanos, Schema};
use needles::{Foresight, MadeBy, Needles};

const UNKNOWN: Foresight = Foresight::Opaque("it may look at every record");

/// The kinds of stages: the one list that the manual, the JSON Schema, near misses and tests follow from.
pub const KINDS: &[Kind] = &[
    parse::KIND, //
    extract::KIND,
    filter::KIND,
    enrich::KIND,
    redact::KIND,
    sample::KIND,
    throttle::KIND,
    dedupe::KIND,
    drop::KIND,
    keep::KIND,
    rename::KIND,
];

/// One kind of stage.
pub struct Kind {
    /// Its key in the pipeline file.
    pub name: &'static str,
    /// One line for the manual.
    pub summary: &'static str,
    /// JSON Schema of its settings, from their types' doc comments.
    pub schema: fn() -> schemars::Schema,
    /// Reads the settings; mistakes go to `diags` and give `None`. The schema walk has passed already.
    pub build: fn(&Settings<'_>, &mut Diags) -> Option<Stage>,
}

/// A stage, built and shared by the lanes.
pub enum Stage {
    /// Needs no memory.
    Map(Box<dyn Map>),
    /// Remembers something per partition.
    Scan(Box<dyn DynScan>),
}

impl Stage {
    /// The schema after this stage, given the one before it. Reports what cannot work; never fails.
    pub fn check(&self, input: &Schema, settings: &Settings<'_>, diags: &mut Diags) -> Schema {
        match self {
            Stage::Map(stage) => stage.check(input, settings, diags),
            Stage::Scan(stage) => stage.check(input, settings, diags),
        }
    }

    /// What can be said of records before they are parsed; `input` is the schema before this stage.
    pub fn foresight(&self, input: &Schema, made_by: MadeBy<'_>) -> Foresight {
        match self {
            Stage::Map(stage) => stage.foresight(input, made_by),
            Stage::Scan(stage) => stage.foresight(input),
        }
    }

    /// See [`Scan::guard`].
    pub fn guard(&mut self, needles: &Needles) -> bool {
        match self {
            Stage::Map(_) => false,
            Stage::Scan(stage) => stage.guard(needles),
        }
    }
}

/// A stage without memory.
pub trait Map: Send + Sync {
    /// The schema after this stage.
    fn check(&self, input: &Schema, settings: &Settings<'_>, diags: &mut Diags) -> Schema;

    /// Changes a batch.
    fn apply(&self, batch: &mut Batch);

    /// Whether it takes out of text what nobody is to see: then a dead letter with a raw record passes it too.
    fn hides(&self) -> bool {
        false
    }

    /// What can be said of records before they are parsed; `input` is the schema before this stage.
    fn foresight(&self, _input: &Schema, _made_by: MadeBy<'_>) -> Foresight {
        UNKNOWN
    }
}

/// A stage that remembers: one Memory per partition, inside it one entry per origin.
///
/// The stage itself is shared and unchanging; everything that changes lives in the Memory, so that a snapshot of it
/// and a position are enough to go on after a kill.
pub trait Scan: Send + Sync {
    /// What it remembers of one partition. Bounded in bytes and entries.
    type Memory: Memory;

    /// The schema after this stage.
    fn check(&self, input: &Schema, settings: &Settings<'_>, diags: &mut Diags) -> Schema;

    /// An empty Memory.
    fn start(&self) -> Self::Memory;

    /// Changes a batch: events pass, are dropped with a reason, gain fields, are joined, held back or made.
    ///
    /// Results may depend only on the records and their engine times, never on `now` or on where batches were cut.
    fn apply(&self, memory: &mut Self::Memory, batch: &mut Batch, now: Nanos);

    /// Appends to `batch` (which holds what earlier stages let go, or nothing) what must not wait longer.
    ///
    /// The lane writes down every release that let something out (behind which record, with which `now` and `end`) and
    /// repeats it there in a replay, so that the same events come again; the stage need not remember.
    fn release(&self, memory: &mut Self::Memory, batch: &mut Batch, now: Nanos, end: End);

    /// What can be said of records before they are parsed; `input` is the schema before this stage.
    fn foresight(&self, _input: &Schema) -> Foresight {
        UNKNOWN
    }

    /// Only records that have one of these needles matter to what comes behind: the stage that parses may drop the
    /// others unread (as filtered). False if it does not make use of that.
    fn guard(&mut self, _needles: &Needles) -> bool {
        false
    }
}

/// [`Scan`] of any Memory, as the engine runs it.
pub trait DynScan: Send + Sync {
    /// See [`Scan::check`].
    fn check(&self, input: &Schema, settings: &Settings<'_>, diags: &mut Diags) -> Schema;
    /// See [`Scan::start`].
    fn start(&self) -> Box<dyn DynMemory>;
    /// See [`Memory::restore`].
    fn restore(&self, saved: &Value) -> Result<Box<dyn DynMemory>, String>;
    /// See [`Scan::apply`].
    fn apply(&self, memory: &mut dyn DynMemory, batch: &mut Batch, now: Nanos);
    /// See [`Scan::release`].
    fn release(&self, memory: &mut dyn DynMemory, batch: &mut Batch, now: Nanos, end: End);
    /// See [`Scan::foresight`].
    fn foresight(&self, input: &Schema) -> Foresight;
    /// See [`Scan::guard`].
    fn guard(&mut self, needles: &Needles) -> bool;
}

impl<S: Scan> DynScan for S {
    fn check(&self, input: &Schema, settings: &Settings<'_>, diags: &mut Diags) -> Schema {
        Scan::check(self, input, settings, diags)
    }
    fn start(&self) -> Box<dyn DynMemory> {
        Box::new(Scan::start(self))
    }
    fn restore(&self, saved: &Value) -> Result<Box<dyn DynMemory>, String> {
        Ok(Box::new(<S::Memory as Memory>::restore(saved)?))
    }
    fn apply(&self, memory: &mut dyn DynMemory, batch: &mut Batch, now: Nanos) {
        Scan::apply(self, memory::own(memory), batch, now);
    }
    fn release(&self, memory: &mut dyn DynMemory, batch: &mut Batch, now: Nanos, end: End) {
        Scan::release(self, memory::own(memory), batch, now, end);
    }
    fn foresight(&self, input: &Schema) -> Foresight {
        Scan::foresight(self, input)
    }
    fn guard(&mut self, needles: &Needles) -> bool {
        Scan::guard(self, needles)
    }
}
