//! Sources: where lines come from. A source only does I/O; its decoder runs in the lane.
//!
//! * A source hands over bytes cut at a record boundary, with the position behind them; it never reads past what the
//!   budget allows and never looks into the text.
//! * Positions are the source's own: any JSON value that it can resume from exactly.

use serde_json::Value;

use crate::config::{Diags, Settings};
use crate::event::memory::{self, DynMemory, End, Memory};
use crate::event::{Batch, BoxFuture, Field, Nanos, Presence, Schema};

pub mod container_files;
pub mod decode;
pub mod docker;
pub mod emit;
pub mod file;
mod matching;
mod read;
pub mod stdin;

pub use emit::{Delivery, Emit, Opened, Outlet, Shutdown};

/// The kinds of sources.
pub const KINDS: &[Kind] = &[
    file::KIND, //
    container_files::KIND,
    docker::KIND,
    stdin::KIND,
];

/// One kind of source.
pub struct Kind {
    /// Its key in the pipeline file.
    pub name: &'static str,
    /// One line for the manual.
    pub summary: &'static str,
    /// JSON Schema of its settings.
    pub schema: fn() -> schemars::Schema,
    /// Reads the settings; opens nothing.
    pub build: fn(&Settings<'_>, &mut Diags) -> Option<Box<dyn Source>>,
}

/// The schema of lines of text of which nothing more is known.
fn text_schema(source: &str) -> Schema {
    let mut schema = Schema::default();
    for field in [Field::MESSAGE, Field::RAW, Field::ID] {
        schema.set_known(field, Presence::Always, source);
    }
    let maybe = [
        Field::TIMESTAMP,
        Field::ENGINE_TIME,
        Field::STREAM,
        Field::DEPLOYMENT,
        Field::TEMPLATE,
        Field::CONTAINER,
    ];
    for field in maybe {
        schema.set_known(field, Presence::Maybe, source);
    }
    schema
}

/// Settings of a run that every source is told.
#[derive(Clone, Copy, Debug, Default)]
pub struct RunMode {
    /// Stop at the end of what is there now (`--once`).
    pub once: bool,
    /// Without a saved position begin at the end (`start: now`).
    pub from_now: bool,
}

/// What went wrong for a whole source. Trouble with one partition is a warning and an entry in telemetry.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// Nothing that the settings name can be read.
    #[error("{0}")]
    Nothing(String),
    /// Reading failed for good.
    #[error("cannot read {name}")]
    Read {
        /// Path or address.
        name: String,
        /// Why.
        #[source]
        cause: std::io::Error,
    },
}

/// Something that lines come from.
pub trait Source: Send {
    /// The schema of the events it makes.
    fn schema(&self) -> Schema;

    /// Whether a partition can be read again from a saved position (a file) or not (standard input).
    fn resumes(&self) -> bool;

    /// Reads until the end (`once`), the shutdown or an error. Resumes each partition through [`Emit::resume`].
    fn run(
        self: Box<Self>,
        emit: Emit,
        mode: RunMode,
        shutdown: Shutdown,
    ) -> BoxFuture<'static, Result<(), SourceError>>;
}

/// Turns the bytes of a partition into rows. Runs in the lane; one for each partition, told apart by content.
pub trait Decoder: Send + Sync {
    /// What it remembers between batches: unfinished parts, ordinals, the last time.
    type Memory: Memory;

    /// An empty Memory.
    fn start(&self) -> Self::Memory;

    /// Adds a row per record of `batch.text.buf()`, which ends at a record boundary.
    ///
    /// Sets `raw`, `message` (= `raw`), `engine_time`, `timestamp` (= engine time), `key.seq` (counted on from `seq`, the
    /// number of records before this batch), `place`, `records`, `stream`, `origin`, flags. Returns the new `seq`.
    fn decode(&self, memory: &mut Self::Memory, batch: &mut Batch, seq: u64) -> u64;

    /// Adds rows for what must not wait longer (an unfinished part).
    fn release(&self, memory: &mut Self::Memory, batch: &mut Batch, now: Nanos, end: End);

    /// Where the first record of `bytes` ends: at most `bytes.len()`, and above 0 if there are any.
    fn first_record(&self, bytes: &[u8]) -> usize {
        memchr::memchr(b'\n', bytes).map_or(bytes.len(), |at| at + 1)
    }
}

/// [`Decoder`] of any Memory, as the engine runs it.
pub trait DynDecoder: Send + Sync {
    /// See [`Decoder::start`].
    fn start(&self) -> Box<dyn DynMemory>;
    /// See [`Memory::restore`].
    fn restore(&self, saved: &Value) -> Result<Box<dyn DynMemory>, String>;
    /// See [`Decoder::decode`].
    fn decode(&self, memory: &mut dyn DynMemory, batch: &mut Batch, seq: u64) -> u64;
    /// See [`Decoder::release`].
    fn release(&self, memory: &mut dyn DynMemory, batch: &mut Batch, now: Nanos, end: End);
    /// See [`Decoder::first_record`].
    fn first_record(&self, bytes: &[u8]) -> usize;
}

impl<D: Decoder> DynDecoder for D {
    fn start(&self) -> Box<dyn DynMemory> {
        Box::new(Decoder::start(self))
    }
    fn restore(&self, saved: &Value) -> Result<Box<dyn DynMemory>, String> {
        Ok(Box::new(<D::Memory as Memory>::restore(saved)?))
    }
    fn decode(&self, memory: &mut dyn DynMemory, batch: &mut Batch, seq: u64) -> u64 {
        Decoder::decode(self, memory::own(memory), batch, seq)
    }
    fn release(&self, memory: &mut dyn DynMemory, batch: &mut Batch, now: Nanos, end: End) {
        Decoder::release(self, memory::own(memory), batch, now, end);
    }
    fn first_record(&self, bytes: &[u8]) -> usize {
        Decoder::first_record(self, bytes)
    }
}
