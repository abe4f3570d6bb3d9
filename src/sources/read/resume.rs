//! Where a saved position stands now, and which files come after it.

use std::collections::VecDeque;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::body::Body;
use super::place::Place;
use super::pool::Found;
use super::siblings;
use crate::event::{Nanos, SECOND};
use crate::telemetry::read::READ;

/// A file to be read.
#[derive(Debug)]
pub(super) struct Pending {
    pub(super) path: PathBuf,
    pub(super) start: Start,
}

/// Where to begin in a file.
#[derive(Debug)]
pub(super) enum Start {
    Zero,
    /// Behind the last whole line.
    End,
    Place(Box<Place>),
}

/// What a saved position leads to.
pub(super) struct Located {
    pub(super) files: VecDeque<Pending>,
    /// The first byte read is the one behind the position.
    pub(super) exact: bool,
    /// Text that can no longer be read.
    pub(super) gap: Option<Gap>,
}

/// Text that was gone before it could be read.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Gap {
    /// Bytes that are known to be lost; there may have been more.
    pub(super) at_least: u64,
}

impl Gap {
    pub(super) fn report(&self, partition: &str, position: u64) {
        READ.gaps.add(1);
        READ.gap_bytes.add(self.at_least);
        tracing::warn!(
            partition,
            position,
            size_at_least = self.at_least,
            gaps = READ.gaps.get(),
            "text was rotated away before it could be read"
        );
    }
}

/// The files of a partition that was never read.
pub(super) fn afresh(found: &Found, from_now: bool) -> VecDeque<Pending> {
    let mut files = VecDeque::new();
    if !from_now {
        let backlog = match &found.backlog {
            Some(backlog) => backlog.clone(),
            None => siblings::beside(&found.path),
        };
        files.extend(backlog.into_iter().map(|path| Pending { path, start: Start::Zero }));
    }
    let start = if from_now { Start::End } else { Start::Zero };
    files.push_back(Pending { path: found.path.clone(), start });
    files
}

/// How a file answers to a saved position.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Likeness {
    /// Its text starts as that one did.
    Text,
    /// It is that very file.
    Same,
}

/// Finds the file of a position: the one at the path, a renamed or a copied one.
pub(super) fn locate(place: &Place, path: &Path) -> Located {
    let mut paths = siblings::beside(path);
    paths.push(path.to_owned());
    let mut best: Option<(Likeness, usize)> = None;
    for (at, candidate) in paths.iter().enumerate() {
        let Some(likeness) = likeness(place, candidate) else { continue };
        // The youngest of those that are equally like it.
        if best.is_none_or(|(other, _)| likeness >= other) {
            best = Some((likeness, at));
        }
    }
    let newer = |paths: &[PathBuf]| -> VecDeque<Pending> {
        paths.iter().map(|path| Pending { path: path.clone(), start: Start::Zero }).collect()
    };
    if let Some((_, at)) = best {
        let mut files = newer(&paths[at + 1..]);
        files.push_front(Pending { path: paths[at].clone(), start: Start::Place(Box::new(place.clone())) });
        return Located { files, exact: true, gap: None };
    }
    let empty = place.fingerprint.is_empty() && place.offset == 0;
    let at_least = place.size.saturating_sub(place.offset);
    // Files written to since then hold what came after; older ones were read.
    paths.retain(|candidate| candidate == path || modified(candidate) >= place.at.saturating_sub(2 * SECOND));
    Located { files: newer(&paths), exact: false, gap: (!empty).then_some(Gap { at_least }) }
}

fn likeness(place: &Place, path: &Path) -> Option<Likeness> {
    let mut body = Body::open(path).ok()?;
    let same = place.is_file(&body);
    if place.fingerprint.is_empty() {
        return (same && place.offset == 0).then_some(Likeness::Same);
    }
    let long_enough = body.is_packed() || body.metadata().ok()?.size() >= place.offset;
    if !long_enough || !place.fingerprint.starts(&body.head(1024).ok()?) {
        return None;
    }
    Some(if same { Likeness::Same } else { Likeness::Text })
}

/// The files written after one that has lost its path and was last written to at `last`.
pub(super) fn after(place: &Place, last: Nanos, path: &Path) -> VecDeque<Pending> {
    let mut paths = siblings::beside(path);
    paths.push(path.to_owned());
    let own = paths.iter().rposition(|candidate| likeness(place, candidate) == Some(Likeness::Same));
    let own = own.or_else(|| paths.iter().rposition(|candidate| likeness(place, candidate).is_some()));
    match own {
        Some(at) => {
            paths.drain(..=at);
        }
        None => paths.retain(|candidate| candidate == path || modified(candidate) > last),
    }
    paths.into_iter().map(|path| Pending { path, start: Start::Zero }).collect()
}

fn modified(path: &Path) -> Nanos {
    fs::metadata(path).map_or(0, |m| m.mtime().saturating_mul(SECOND).saturating_add(m.mtime_nsec()))
}
