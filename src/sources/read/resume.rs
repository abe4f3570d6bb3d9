//! Where a saved position stands now, and which files come after it.

use std::collections::VecDeque;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

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
    /// Which file stood there when it was found; rotations move it on.
    pub(super) id: Option<Id>,
}

impl Pending {
    /// Whatever file stands at a path when it is opened.
    pub(super) fn new(path: &Path, start: Start) -> Pending {
        Pending { path: path.to_owned(), start, id: None }
    }
}

/// Device and inode.
type Id = (u64, u64);

/// A path and the file that stood there.
type Standing = (PathBuf, Id);

/// How often files are looked at again that a rotation is moving.
const LOOKS: usize = 20;

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
    pub(super) fn report(&self, found: &Found, position: u64) {
        READ.gaps.add(1);
        READ.gap_bytes.add(self.at_least);
        if let Some(gaps) = &found.gaps {
            // Whoever is told ends with the source.
            drop(gaps.send((found.key.clone(), self.at_least)));
        }
        tracing::warn!(
            partition = %found.name,
            position,
            size_at_least = self.at_least,
            gaps = READ.gaps.get(),
            "text was rotated away before it could be read"
        );
    }
}

fn id_of(path: &Path) -> Option<Id> {
    fs::metadata(path).ok().map(|there| (there.dev(), there.ino()))
}

/// The files beside a path, oldest first, and at the path, as they stand at one moment: a rotation that renames them
/// one by one would else give one twice and another not at all.
fn standing(path: &Path) -> Vec<Standing> {
    let look = || -> Vec<Standing> {
        let mut paths = siblings::beside(path);
        paths.push(path.to_owned());
        paths.into_iter().filter_map(|path| id_of(&path).map(|id| (path, id))).collect()
    };
    let mut last = look();
    for _ in 0..LOOKS {
        let again = look();
        if again == last && again.last().is_some_and(|(last, _)| last == path) {
            break;
        }
        std::thread::sleep(Duration::from_millis(1));
        last = again;
    }
    last
}

fn from_zero(files: &[Standing]) -> VecDeque<Pending> {
    files.iter().map(|(path, id)| Pending { path: path.clone(), start: Start::Zero, id: Some(*id) }).collect()
}

/// Opens a file to be read, wherever beside `path` it stands by now.
pub(super) fn open(pending: &Pending, path: &Path) -> io::Result<Body> {
    let Some(id) = pending.id else { return Body::open(&pending.path) };
    let is_it = |body: &Body| body.metadata().is_ok_and(|m| (m.dev(), m.ino()) == id);
    let mut first = Body::open(&pending.path);
    for _ in 0..LOOKS {
        match first {
            Ok(body) if is_it(&body) => return Ok(body),
            Err(cause) if cause.kind() != io::ErrorKind::NotFound => return Err(cause),
            _ => {}
        }
        let Some((now, _)) = standing(path).into_iter().find(|(_, there)| *there == id) else { break };
        first = Body::open(&now);
    }
    Err(io::ErrorKind::NotFound.into())
}

/// The files of a partition that was never read.
pub(super) fn afresh(found: &Found, from_now: bool) -> VecDeque<Pending> {
    let mut files = standing(&found.path);
    let at_path = files.pop_if(|(path, _)| *path == found.path);
    if from_now {
        files.clear();
    }
    if let Some(backlog) = &found.backlog {
        files.retain(|(path, _)| backlog.contains(path));
    }
    let mut pending = from_zero(&files);
    let start = if from_now { Start::End } else { Start::Zero };
    // Only rotated files may be left of it.
    if pending.is_empty() || at_path.is_some() {
        pending.push_back(Pending { path: found.path.clone(), start, id: at_path.map(|(_, id)| id) });
    }
    pending
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
    let mut files = standing(path);
    let mut best = best_of(place, &files);
    for _ in 0..LOOKS {
        if best.is_ok() {
            break;
        }
        files = standing(path);
        best = best_of(place, &files);
    }
    if let Ok(Some((_, at))) = best {
        let (path, id) = files[at].clone();
        let mut pending = from_zero(&files[at + 1..]);
        pending.push_front(Pending { path, start: Start::Place(Box::new(place.clone())), id: Some(id) });
        return Located { files: pending, exact: true, gap: None };
    }
    let empty = place.fingerprint.is_empty() && place.offset == 0;
    let at_least = place.size.saturating_sub(place.offset);
    // Files written to since then hold what came after; older ones were read.
    files.retain(|(candidate, _)| {
        candidate == path || modified(candidate) >= place.at.saturating_sub(2 * SECOND)
    });
    Located { files: from_zero(&files), exact: false, gap: (!empty).then_some(Gap { at_least }) }
}

/// A file was moved while it was looked at.
struct Moved;

/// The file that is most like that of a place; the youngest of those that are equally like it.
fn best_of(place: &Place, files: &[Standing]) -> Result<Option<(Likeness, usize)>, Moved> {
    let mut best: Option<(Likeness, usize)> = None;
    for (at, file) in files.iter().enumerate() {
        let Some(likeness) = likeness(place, file)? else { continue };
        if best.is_none_or(|(other, _)| likeness >= other) {
            best = Some((likeness, at));
        }
    }
    Ok(best)
}

fn likeness(place: &Place, (path, id): &Standing) -> Result<Option<Likeness>, Moved> {
    let mut body = match Body::open(path) {
        Ok(body) => body,
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => return Err(Moved),
        Err(_) => return Ok(None),
    };
    let Ok(metadata) = body.metadata() else { return Ok(None) };
    if (metadata.dev(), metadata.ino()) != *id {
        return Err(Moved);
    }
    let same = place.is_file(&body);
    if place.fingerprint.is_empty() {
        return Ok((same && place.offset == 0).then_some(Likeness::Same));
    }
    let long_enough = body.is_packed() || metadata.size() >= place.offset;
    let starts = |body: &mut Body| body.head(1024).is_ok_and(|head| place.fingerprint.starts(&head));
    if !long_enough || !starts(&mut body) {
        return Ok(None);
    }
    Ok(Some(if same { Likeness::Same } else { Likeness::Text }))
}

/// The files written after one that has lost its path and was last written to at `last`.
pub(super) fn after(place: &Place, last: Nanos, path: &Path) -> VecDeque<Pending> {
    let mut files = standing(path);
    let mut own = best_of(place, &files);
    for _ in 0..LOOKS {
        if own.is_ok() {
            break;
        }
        files = standing(path);
        own = best_of(place, &files);
    }
    match own {
        Ok(Some((_, at))) => {
            files.drain(..=at);
        }
        _ => files.retain(|(candidate, _)| candidate == path || modified(candidate) > last),
    }
    from_zero(&files)
}

fn modified(path: &Path) -> Nanos {
    fs::metadata(path).map_or(0, |m| m.mtime().saturating_mul(SECOND).saturating_add(m.mtime_nsec()))
}
