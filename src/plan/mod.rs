//! A pipeline, checked, typed and ready to run: the only thing the engine sees.

pub mod build;
pub mod explain;
pub mod manual;
pub mod pushdown;

use std::time::Duration;

use crate::event::Schema;
use crate::sinks::Built;
use crate::sources::Source;
use crate::stages::Stage;

pub use build::{Checked, Document, LoadError, Options};

/// A pipeline that has passed every check.
pub struct Plan {
    /// Name that positions belong to: `name:` of the file, else its stem.
    pub name: String,
    /// Where lines come from.
    pub sources: Vec<PlannedSource>,
    /// What happens to every event, in order.
    pub stages: Vec<PlannedStage>,
    /// Where events go; each is a branch with positions of its own.
    pub branches: Vec<Branch>,
    /// Settings of the run that the file may hold.
    pub run: RunSettings,
}

/// A source of a plan.
pub struct PlannedSource {
    /// Its name in the file.
    pub name: String,
    /// Its kind.
    pub kind: &'static str,
    /// Built, not started.
    pub source: Box<dyn Source>,
}

/// A stage of a plan.
pub struct PlannedStage {
    /// Its kind.
    pub kind: &'static str,
    /// Key of its Memory: path (`main` or the sink's name), kind, ordinal of that kind in the path, hash of its settings.
    pub key: String,
    /// Built.
    pub stage: Stage,
    /// What is known of the events behind it.
    pub schema: Schema,
}

/// A sink of a plan, with the stages only it has.
pub struct Branch {
    /// Its name in the file.
    pub name: String,
    /// Its kind.
    pub kind: &'static str,
    /// Stages between the pipeline's and this sink.
    pub stages: Vec<PlannedStage>,
    /// Built, not started.
    pub sink: Built,
}

/// Settings of a run that a pipeline file may hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunSettings {
    /// Begin at the end of what there is (`start: now`) where no position is saved.
    pub from_now: bool,
    /// Bytes in flight.
    pub memory: usize,
    /// Lanes; by default one per core.
    pub lanes: Option<usize>,
    /// How long a drain may take.
    pub shutdown: Duration,
}

impl Default for RunSettings {
    fn default() -> Self {
        RunSettings { from_now: false, memory: 32 << 20, lanes: None, shutdown: Duration::from_secs(20) }
    }
}

#[cfg(test)]
mod tests;
