//! Sinks: where events go. Encoding is CPU and runs in the lane; sending is I/O and runs beside it.

pub mod blackhole;
pub mod console;
pub mod dead_letter;
pub mod file;
pub mod human;
pub mod line;
pub mod merge;

use std::sync::Arc;
use std::time::Instant;

use serde_json::Value;

use crate::config::{Diags, Settings};
use crate::event::BoxFuture;
use crate::event::{Batch, EventId, Key, Lease, NO_TIME, Nanos, Row, Schema};

pub mod ndjson;
#[cfg(test)]
pub(crate) mod sample;
pub mod settings;
pub mod summary;
pub mod template;

/// The kinds of sinks.
#[rustfmt::skip]
pub const KINDS: &[Kind] = &[
    blackhole::KIND,
    console::KIND,
    file::KIND,
    summary::KIND,
];

/// One kind of sink.
pub struct Kind {
    /// Its key in the pipeline file.
    pub name: &'static str,
    /// One line for the manual.
    pub summary: &'static str,
    /// JSON Schema of its settings.
    pub schema: fn() -> schemars::Schema,
    /// Reads the settings; connects to nothing.
    pub build: fn(&Settings<'_>, &mut Diags) -> Option<Built>,
}

/// A sink, built and not yet started.
pub enum Built {
    /// Encodes events and sends them somewhere.
    Sink(Box<dyn Sink>),
    /// Keeps counts and prints or serves them.
    Fold(Box<dyn DynFold>),
}

impl Built {
    /// Which events it can make use of.
    pub fn wants(&self) -> Wants {
        match self {
            Built::Sink(sink) => sink.wants(),
            Built::Fold(fold) => fold.wants(),
        }
    }
}

/// Which events a sink can make use of; what it does not want may never be parsed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Wants {
    /// All.
    #[default]
    Everything,
    /// Only events with a tool's name, call, error or duration; its result is the same without the others.
    ToolEvents,
}

/// One event for an encoder.
#[derive(Clone, Copy)]
pub struct Event<'a> {
    /// Its batch.
    pub batch: &'a Batch,
    /// Its place there.
    pub index: usize,
}

impl<'a> Event<'a> {
    /// What every event has.
    pub fn row(&self) -> &'a Row {
        &self.batch.rows[self.index]
    }

    /// Its id.
    pub fn id(&self) -> EventId {
        EventId::of(self.batch, self.row())
    }
}

/// One encoded event: the end of its bytes in [`Chunk::bytes`] and what grouping and skipping need.
#[derive(Clone, Copy, Debug)]
pub struct Frame {
    /// Offset behind its last byte.
    pub end: u32,
    /// Index in [`Chunk::groups`]: frames of one request have one group (index, topic, URL).
    pub group: u16,
    /// Order and index names: the event's own time, else engine time.
    pub time: Nanos,
    /// Order among frames of all partitions: engine time, else the event's own; the lane sees to it that it never falls
    /// within a partition.
    pub order: Nanos,
    /// Key within the partition.
    pub key: Key,
    /// Identity, where the sink asked for it.
    pub id: Option<EventId>,
}

/// The encoded events of one batch for one sink.
#[derive(Debug, Default)]
pub struct Chunk {
    /// Bodies, one behind the other.
    pub bytes: Vec<u8>,
    /// One for each event.
    pub frames: Vec<Frame>,
    /// Names of the groups that frames belong to; most sinks have one, the empty name.
    pub groups: Vec<String>,
    /// Events counted by a sink that keeps no bodies.
    pub count: u64,
    /// Sums that a sink keeps instead of bodies, by its own meaning.
    pub sums: [u64; 4],
    /// Scratch that encoders may use; not sent.
    pub scratch: Vec<u8>,
}

impl Chunk {
    /// Ends the frame whose body was just appended to `bytes`.
    pub fn end_frame(&mut self, event: &Event<'_>, id: Option<EventId>) {
        let row = event.row();
        let (own, engine) = (row.timestamp, row.engine_time);
        self.frames.push(Frame {
            end: self.bytes.len() as u32,
            group: 0,
            time: if own == NO_TIME { engine } else { own },
            order: if engine == NO_TIME { own } else { engine },
            key: row.key,
            id,
        });
    }

    /// The body of a frame.
    pub fn body(&self, frame: usize) -> &[u8] {
        let start = if frame == 0 { 0 } else { self.frames[frame - 1].end as usize };
        &self.bytes[start..self.frames[frame].end as usize]
    }

    /// Makes it empty and keeps the memory.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.frames.clear();
        self.groups.clear();
        self.count = 0;
        self.sums = [0; 4];
    }
}

/// What a destination said of one frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It has it, durably.
    Stored,
    /// Not now; send it again.
    Busy,
    /// Never: bad for this destination, whatever the reason says.
    Rejected(String),
}

/// What a destination said of a chunk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdicts {
    /// Every frame is stored.
    AllStored,
    /// One verdict per frame, in order.
    Each(Vec<Verdict>),
}

/// Why a request did not reach its destination.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// It may work later: the connection, the disk.
    #[error("cannot write to {destination}")]
    Unreachable {
        /// Path or address.
        destination: String,
        /// Why.
        #[source]
        cause: std::io::Error,
    },
    /// The reader is gone (a closed pipe): end quietly.
    #[error("{destination} is closed")]
    Closed {
        /// Path or address.
        destination: String,
    },
    /// No number of retries will help.
    #[error("{destination} refused: {reason}")]
    Refused {
        /// Path or address.
        destination: String,
        /// Why.
        reason: String,
    },
}

/// Which partition a chunk is from and how far its events go, for sinks that merge in time order.
#[derive(Clone, Debug)]
pub struct From {
    /// Number of the partition in this run.
    pub partition: usize,
    /// No later frame of this partition will have a lower [`Frame::order`].
    pub frontier: Nanos,
    /// The batch's share of the budget. A sink that keeps frames after its answer keeps a clone of it as long as the
    /// frames: that is what makes the partition's source wait.
    pub lease: Option<Arc<dyn Lease>>,
    /// Nothing more will come from it.
    pub ended: bool,
    /// Its source has looked and found nothing more, now.
    pub caught_up: bool,
}

/// A destination.
pub trait Sink: Send + Sync {
    /// Reports what cannot work with the events it would get.
    fn check(&self, input: &Schema, settings: &Settings<'_>, diags: &mut Diags);

    /// Appends an event to a chunk. CPU only; runs in the lane.
    fn encode(&self, event: Event<'_>, chunk: &mut Chunk);

    /// Opens what it needs, told what it saved of itself before. Called once, before the first `send`.
    fn open(&self, saved: Option<&Value>) -> Result<(), SendError>;

    /// Sends a chunk; returns when the destination has answered. Called for one chunk at a time, in order of arrival.
    fn send<'a>(&'a self, from: &'a From, chunk: &'a Chunk) -> BoxFuture<'a, Result<Verdicts, SendError>>;

    /// All input has ended, or the pipeline stops: write what is held back, flush, close.
    fn close(&self) -> BoxFuture<'_, Result<(), SendError>>;

    /// What it wants to find again after a restart. Asked *before* the positions of a checkpoint are read.
    fn save(&self) -> Option<Value> {
        None
    }

    /// Makes durable (fsync) everything that it has answered as stored. Asked after the positions of a checkpoint are read
    /// and before they are written.
    fn sync(&self) -> Result<(), SendError> {
        Ok(())
    }

    /// Which events it can make use of.
    fn wants(&self) -> Wants {
        Wants::Everything
    }

    /// Whether chunks without frames are to be sent too (a merge needs their frontier). Such a sink first gets an empty
    /// chunk with the frontier [`NO_TIME`] for every partition that is known at the start.
    fn wants_frontiers(&self) -> bool {
        false
    }

    /// When [`Sink::tick`] is to be called, if nothing is sent before.
    fn due(&self) -> Option<Instant> {
        None
    }

    /// Time has passed: let out what was held back until now.
    fn tick(&self) -> BoxFuture<'_, Result<(), SendError>> {
        Box::pin(std::future::ready(Ok(())))
    }
}

/// A sink that counts: what it absorbs in the lanes is added up at the merger.
pub trait Fold: Send + Sync {
    /// What one batch adds. Emptied, not freed, between batches.
    type Scratch: Send + Default + 'static;
    /// The sum.
    type Total: Send + Default + 'static;

    /// Reports what cannot work with the events it would get.
    fn check(&self, input: &Schema, settings: &Settings<'_>, diags: &mut Diags);

    /// Reads a batch into a scratch. Nothing else changes, so that a panic leaves no half a batch behind.
    fn absorb(&self, scratch: &mut Self::Scratch, batch: &Batch);

    /// Adds a scratch to the lane's total and empties it.
    fn commit(&self, total: &mut Self::Total, scratch: &mut Self::Scratch);

    /// Adds a lane's total to another's.
    fn merge(&self, into: &mut Self::Total, from: Self::Total);

    /// Which events it can make use of.
    fn wants(&self) -> Wants {
        Wants::Everything
    }

    /// All input has ended, or the pipeline stops: show the sum.
    fn finish(&self, total: &Self::Total) -> Result<(), SendError>;
}

/// A lane's part of a fold, or the sum of them.
pub type AnyState = Box<dyn std::any::Any + Send>;

/// [`Fold`] of any state, as the engine runs it.
pub trait DynFold: Send + Sync {
    /// See [`Fold::wants`].
    fn wants(&self) -> Wants;
    /// See [`Fold::check`].
    fn check(&self, input: &Schema, settings: &Settings<'_>, diags: &mut Diags);
    /// An empty scratch.
    fn scratch(&self) -> AnyState;
    /// An empty total.
    fn total(&self) -> AnyState;
    /// See [`Fold::absorb`].
    fn absorb(&self, scratch: &mut AnyState, batch: &Batch);
    /// See [`Fold::commit`].
    fn commit(&self, total: &mut AnyState, scratch: &mut AnyState);
    /// See [`Fold::merge`].
    fn merge(&self, into: &mut AnyState, from: AnyState);
    /// See [`Fold::finish`].
    fn finish(&self, total: &AnyState) -> Result<(), SendError>;
}

const OWN: &str = "the lane hands every fold the state it made";

impl<F: Fold> DynFold for F {
    fn wants(&self) -> Wants {
        Fold::wants(self)
    }
    fn check(&self, input: &Schema, settings: &Settings<'_>, diags: &mut Diags) {
        Fold::check(self, input, settings, diags);
    }
    fn scratch(&self) -> AnyState {
        Box::new(F::Scratch::default())
    }
    fn total(&self) -> AnyState {
        Box::new(F::Total::default())
    }
    fn absorb(&self, scratch: &mut AnyState, batch: &Batch) {
        Fold::absorb(self, scratch.downcast_mut().expect(OWN), batch);
    }
    fn commit(&self, total: &mut AnyState, scratch: &mut AnyState) {
        Fold::commit(self, total.downcast_mut().expect(OWN), scratch.downcast_mut().expect(OWN));
    }
    fn merge(&self, into: &mut AnyState, from: AnyState) {
        Fold::merge(self, into.downcast_mut().expect(OWN), *from.downcast().expect(OWN));
    }
    fn finish(&self, total: &AnyState) -> Result<(), SendError> {
        Fold::finish(self, total.downcast_ref().expect(OWN))
    }
}
