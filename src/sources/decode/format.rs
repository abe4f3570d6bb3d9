//! Which decoder a text needs, told by its first bytes.

use std::sync::Arc;

use super::prefix::Layout;
use super::{Cri, Docker, Lines, cri, docker};
use crate::event::time::TimeReader;
use crate::sources::DynDecoder;

/// Lines that are looked at.
const LINES: usize = 100;

/// Bytes that are looked at.
const HEAD: usize = 64 * 1024;

/// How the records of a text are framed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// Docker's json-file.
    Docker,
    /// The container runtimes' `TIME STREAM TAG TEXT`.
    Cri,
    /// Lines of text or NDJSON, perhaps with a prefix.
    Lines(Layout),
}

impl Format {
    /// Its decoder; records longer than `longest` bytes are cut.
    pub fn decoder(self, longest: usize) -> Arc<dyn DynDecoder> {
        match self {
            Format::Docker => Arc::new(Docker::new(longest)),
            Format::Cri => Arc::new(Cri::new(longest)),
            Format::Lines(layout) => Arc::new(Lines::new(layout, longest)),
        }
    }

    /// Whether the text names engine times and streams, so that ids need no offset.
    pub fn is_engine(self) -> bool {
        matches!(self, Format::Docker | Format::Cri)
    }
}

/// Which format a text has, by its first bytes. A last line that may be unfinished is not looked at, unless it is the
/// only one.
pub fn sniff(head: &[u8]) -> Format {
    let head = &head[..head.len().min(HEAD)];
    let mut lines: Vec<&[u8]> = head.split(|&b| b == b'\n').take(LINES + 1).collect();
    if lines.len() > 1 {
        lines.pop();
    }
    for line in &mut lines {
        *line = line.strip_suffix(b"\r").unwrap_or(line);
    }
    lines.retain(|line| !line.is_empty());
    let most = |some: usize| some > 0 && some * 2 >= lines.len();
    let mut clock = TimeReader::default();
    if most(lines.iter().filter(|line| docker::is_line(line)).count()) {
        return Format::Docker;
    }
    if most(lines.iter().filter(|line| cri::read(line, &mut clock).is_some()).count()) {
        return Format::Cri;
    }
    Format::Lines(Layout::sniff(&lines))
}

#[cfg(test)]
mod tests;
