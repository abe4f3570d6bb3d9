//! What reading files met, over all sources of the process.

use super::Counter;

/// The counters.
#[derive(Debug)]
pub struct ReadCounters {
    /// Bytes of text that there were to read when the sources began.
    pub backlog: Counter,
    /// Files of the backlog whose text is longer than they are: compressed ones.
    pub backlog_unknown: Counter,
    /// Files opened.
    pub files: Counter,
    /// Files that could not be read, or not to their end.
    pub failed: Counter,
    /// Renamed files that were drained before their successor.
    pub rotations: Counter,
    /// Files that were cut off or written anew while they were read.
    pub truncations: Counter,
    /// Times that text was gone before it could be read.
    pub gaps: Counter,
    /// Bytes that are known to be lost in gaps.
    pub gap_bytes: Counter,
    /// Lines cut by the reader because they were longer than the longest record.
    pub cut: Counter,
    /// Bytes of such lines that were skipped.
    pub skipped: Counter,
}

/// The counters of this process.
pub static READ: ReadCounters = ReadCounters {
    backlog: Counter::new(),
    backlog_unknown: Counter::new(),
    files: Counter::new(),
    failed: Counter::new(),
    rotations: Counter::new(),
    truncations: Counter::new(),
    gaps: Counter::new(),
    gap_bytes: Counter::new(),
    cut: Counter::new(),
    skipped: Counter::new(),
};
