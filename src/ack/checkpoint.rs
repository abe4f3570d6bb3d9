//! The saved state of a pipeline: where each branch stands in each partition.

use std::collections::HashMap;

use serde_json::Value;

use super::Cut;

/// A partition as it was saved.
#[derive(Debug, Clone, Default, serde::Serialize, serde::Deserialize, PartialEq)]
pub struct SavedPartition {
    /// Where the least branch stands: the source resumes here.
    pub position: Value,
    /// Records before that position.
    pub seq: u64,
    /// Memory of the decoder and the stages there, by key.
    pub memory: Vec<(String, Value)>,
    /// Per branch, by name: its own seq and the keys owed to it.
    pub branches: HashMap<String, SavedBranch>,
    /// Position and seq to resume at if the Memory cannot be used: before everything that it holds.
    pub fallback: Option<(Value, u64)>,
    /// Number of the last cut before that position.
    pub cut: u64,
    /// Cuts behind that position, to be repeated. Kept in the journal, not in the checkpoint.
    #[serde(skip)]
    pub cuts: Vec<Cut>,
}

impl SavedPartition {
    /// Whether the partition begins at its beginning: nothing lies before, and nothing is remembered.
    pub fn is_beginning(&self) -> bool {
        self.seq == 0 && self.memory.is_empty()
    }
}

/// A branch's position in a partition: it skips a key whose `seq` is not above and that is not owed.
#[derive(Debug, Clone, Default, serde::Serialize, serde::Deserialize, PartialEq)]
pub struct SavedBranch {
    /// The mark's seq.
    pub seq: u64,
    /// Keys that Memory had begun and not yet let out at the mark.
    pub owed: Vec<(u64, u32)>,
}

/// Everything saved of one pipeline.
#[derive(Debug, Clone, Default, serde::Serialize, serde::Deserialize, PartialEq)]
pub struct Saved {
    /// Partitions by their key.
    pub partitions: HashMap<String, SavedPartition>,
    /// What sinks keep for themselves, by name (the file sink: the length it has made durable).
    pub sinks: HashMap<String, Value>,
}
