//! One partition: the files that hold its text, read one after the other.
//!
//! * A file is closed only when it is drained and cannot grow: packed, rotated, gone, or read `once`.
//! * Whether a file is still the one it was is checked whenever it has been quiet.

use std::collections::VecDeque;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use memchr::{memchr, memrchr};
use tokio::runtime::Handle;

use super::before::Before;
use super::body::Body;
use super::place::Place;
use super::pool::{Context, Found};
use super::resume::{self, Pending};
use super::step::Step;
use crate::event::End;
use crate::sources::Outlet;
use crate::sources::decode::Format;
use crate::sources::emit::Room;
use crate::telemetry::fault;
use crate::telemetry::follow::FOLLOW;
use crate::telemetry::read::READ;

mod opening;

/// A renamed file is read on for this long after its successor has its first text: writers reopen one by one.
const ROTATION_GRACE: Duration = Duration::from_millis(500);

/// A file must be missing for this long before it counts as gone: between the two renames of a rotation it is missing.
const MISSING_GRACE: Duration = Duration::from_millis(1500);

/// After the last text: when it is first said that time has passed, how often, and how long (past every limit that
/// stages wait for).
const QUIET_FIRST: Duration = Duration::from_millis(1200);
const QUIET_EVERY: Duration = Duration::from_secs(1);
const QUIET_LAST: Duration = Duration::from_secs(35);

/// How long a file that cannot be read is left alone.
const RETRY: Duration = Duration::from_secs(1);

/// Bytes of a text that tell its format.
const SNIFF: usize = 64 * 1024;

/// One partition.
pub(super) struct Tail {
    pub(super) found: Found,
    /// Files to be read, oldest first.
    files: VecDeque<Pending>,
    open: Option<Open>,
    outlet: Option<Outlet>,
    /// Only until the outlet is open.
    saved: Option<Opening>,
    format: Option<Format>,
    /// The seed and generation of the last file.
    last: (u128, u32),
    room: Option<Room>,
    wanted: usize,
    place: Option<Place>,
    last_text: Instant,
    next_notice: Option<Instant>,
    /// Its end has not been reached since something was read.
    fresh: bool,
    /// The file read before, and when it was last written to, if others come after it.
    previous: Option<Before>,
    missing_since: Option<Instant>,
    replaced_since: Option<Instant>,
    /// The end of a life has been said, and no file has been there since.
    said_gone: bool,
    /// A file that cannot be read has been reported.
    warned: bool,
    /// Not before this is a file tried again that could not be read.
    retry: Option<Instant>,
    ended: bool,
}

struct Opening {
    saved: Option<crate::ack::checkpoint::SavedPartition>,
    seq: u64,
}

/// The file being read.
struct Open {
    body: Body,
    place: Place,
    /// Where it was found.
    path: PathBuf,
    /// Bytes at its end that are a half line.
    half: usize,
    /// Bytes to read for a whole line.
    want: usize,
    /// It will not grow: a half line at its end is a line.
    last: bool,
    /// What the file is known by is fixed.
    identified: bool,
}

impl Tail {
    /// A tail for what was found; positions of an earlier run are asked for here.
    pub(super) fn new(found: Found, cx: &Context<'_>, from_now: bool) -> Tail {
        let saved = cx.emit.resume(&found.key);
        let mut tail = Tail {
            files: VecDeque::new(),
            open: None,
            outlet: None,
            saved: Some(Opening { saved: None, seq: 0 }),
            format: None,
            last: (0, 0),
            room: None,
            wanted: 0,
            place: None,
            last_text: Instant::now(),
            next_notice: None,
            fresh: false,
            previous: None,
            missing_since: None,
            replaced_since: None,
            said_gone: false,
            warned: false,
            retry: None,
            ended: false,
            found,
        };
        let Some(saved) = saved else {
            tail.files = resume::afresh(&tail.found, from_now);
            return tail;
        };
        let above = saved.branches.values().map(|branch| branch.seq).max().unwrap_or(0).max(saved.seq);
        let Ok(place) = serde_json::from_value::<Place>(saved.position.clone()) else {
            // The engine knows no place before everything that it would need: what is read again goes above, unless
            // it saved nothing but cuts behind the beginning.
            tail.files = resume::afresh(&tail.found, false);
            let beginning = saved.is_beginning();
            let seq = if beginning { 0 } else { above };
            tail.saved = Some(Opening { saved: beginning.then_some(saved), seq });
            return tail;
        };
        tail.format = Some(place.format);
        tail.last = (place.seed, place.generation);
        let found = resume::locate(&place, &tail.found.path);
        tail.files = found.files;
        if let Some(gap) = &found.gap {
            gap.report(&tail.found, place.offset);
        }
        if found.gap.is_none() {
            tail.previous = Some(Before::At(place.clone()));
        }
        let seq = if found.exact { saved.seq } else { above };
        tail.saved = Some(Opening { saved: found.exact.then_some(saved), seq });
        tail.place = Some(place);
        tail
    }

    /// Opens the partition if there is something to read, so that it is known before anything is read.
    pub(super) fn prepare(&mut self, cx: &Context<'_>) {
        while self.open.is_none() && self.open_next(cx) {
            // An empty file before others says nothing of the format.
            let empty = |open: &Open| open.body.available(open.place.offset).is_ok_and(|n| n == 0);
            if !self.files.is_empty() && self.open.as_ref().is_some_and(empty) {
                self.open = None;
            }
        }
        if self.place.is_some() || self.open.as_mut().is_some_and(|open| open.has_line(cx)) {
            self.tell_format();
            if self.identify(cx).is_ok() {
                self.ensure_outlet(cx);
            }
        }
    }

    /// The device and inode of the open file.
    pub(super) fn identity(&self) -> Option<(u64, u64)> {
        self.open.as_ref().map(|open| (open.place.dev, open.place.inode))
    }

    /// Whether a partition is open and its end has not been said.
    pub(super) fn is_open(&self) -> bool {
        self.outlet.is_some() && !self.ended
    }

    /// Reads one batch.
    pub(super) fn step(&mut self, cx: &Context<'_>) -> Step {
        if self.ended {
            return Step::Ended;
        }
        if self.open.is_none() {
            return if self.open_next(cx) { Step::Progress } else { self.without_file(cx) };
        }
        match self.read(cx) {
            Ok(step) => step,
            Err(cause) => {
                let open = self.open.take();
                let path = open.map_or_else(|| self.found.path.clone(), |open| open.path);
                self.failed(&path, &cause);
                Step::Progress
            }
        }
    }

    /// Waits a little for room for the batch that had none.
    pub(super) fn reserve(&mut self, handle: &Handle, patience: Duration) {
        let Some(outlet) = &self.outlet else { return };
        let room = outlet.room(self.wanted);
        self.room = handle.block_on(async { tokio::time::timeout(patience, room).await.ok() });
    }

    /// Whether it is to be said that time has passed.
    pub(super) fn is_due(&self, now: Instant) -> bool {
        self.next_notice.is_some_and(|due| now >= due)
    }

    /// Says that time has passed, if that is due; returns when it is next.
    pub(super) fn tick(&mut self, cx: &Context<'_>, now: Instant) -> Option<Instant> {
        let due = self.next_notice?;
        if now < due {
            return Some(due);
        }
        let (Some(outlet), Some(place)) = (&mut self.outlet, &self.place) else {
            self.next_notice = None;
            return None;
        };
        outlet.notice(cx.wall(), place.to_json(), End::Clock);
        self.next_notice = Some(due.max(now - QUIET_EVERY) + QUIET_EVERY)
            .filter(|next| next.duration_since(self.last_text) <= QUIET_LAST);
        self.next_notice
    }

    fn read(&mut self, cx: &Context<'_>) -> io::Result<Step> {
        if !self.skip_rest()? {
            return self.at_end(cx);
        }
        let Some(open) = &mut self.open else { return Ok(Step::Progress) };
        let available = open.body.available(open.place.offset)?;
        if available <= open.half as u64 && !(open.last && available > 0) {
            return self.at_end(cx);
        }
        if self.outlet.is_none() && !open.has_line(cx) {
            open.half = usize::try_from(available).unwrap_or(usize::MAX);
            return self.at_end(cx);
        }
        self.tell_format();
        self.identify(cx)?;
        self.ensure_outlet(cx);
        let (Some(outlet), Some(open)) = (&mut self.outlet, &mut self.open) else { return Ok(Step::Idle) };
        let want = outlet.batch_size().max(open.want).min(usize::try_from(available).unwrap_or(usize::MAX));
        let room = self.room.take().or_else(|| outlet.try_room(want));
        let Some(mut room) = room else {
            self.wanted = want;
            return Ok(Step::Blocked);
        };
        let (offset, bytes) = (open.place.offset, &mut room.memory);
        let got = open.body.read_at(offset, want, bytes)?;
        // Looked at behind the read: what was read before the file was written anew is good.
        if !open.is_same()? {
            return Ok(self.truncated());
        }
        let line_end = memrchr(b'\n', bytes).map(|at| at + 1);
        let used = match line_end {
            Some(used) => used,
            // Longer than any record may be: its start is the record.
            None if got > cx.longest => {
                open.place.skipping = true;
                READ.cut.add(1);
                cx.longest + 1
            }
            None if got < want || available == got as u64 => {
                if !open.last || got == 0 {
                    open.body.give_back(offset, bytes);
                    open.half = got;
                    return self.at_end(cx);
                }
                got
            }
            None => {
                open.body.give_back(offset, bytes);
                open.want = want.saturating_mul(4).min(cx.longest + 1).max(want + 1);
                return Ok(Step::Progress);
            }
        };
        open.body.give_back(offset + used as u64, &bytes[used..]);
        bytes.truncate(used);
        open.place.offset += used as u64;
        (open.half, open.want) = (0, 0);
        Ok(self.send(cx, room, offset))
    }

    fn send(&mut self, cx: &Context<'_>, room: Room, offset: u64) -> Step {
        let (Some(outlet), Some(open)) = (&mut self.outlet, &mut self.open) else { return Step::Idle };
        open.place.at = cx.wall();
        if let Some(streams) = &mut open.place.streams {
            streams.take_lines(open.place.format, &room.memory);
            FOLLOW.read(&self.found.name);
        }
        fault::point("source-before-deliver");
        // When it came: not after the last writing, if that is known.
        let came =
            Some(open.body.modified()).filter(|at| *at > 0).unwrap_or(open.place.at).min(open.place.at);
        if !outlet.send(room, open.place.seed, offset, came, open.place.to_json(), None) {
            return Step::Closed;
        }
        self.place = Some(open.place.clone());
        self.last_text = Instant::now();
        self.next_notice = Some(self.last_text + QUIET_FIRST);
        self.fresh = true;
        self.replaced_since = None;
        self.warned = false;
        Step::Progress
    }

    /// Skips the rest of a line that was cut; `false`: its end is not there yet.
    fn skip_rest(&mut self) -> io::Result<bool> {
        let Some(open) = &mut self.open else { return Ok(true) };
        let mut scratch = Vec::new();
        while open.place.skipping {
            scratch.clear();
            let offset = open.place.offset;
            let got = open.body.read_at(offset, 64 * 1024, &mut scratch)?;
            let used = memchr(b'\n', &scratch).map_or(got, |at| at + 1);
            open.body.give_back(offset + used as u64, &scratch[used..]);
            open.place.offset += used as u64;
            READ.skipped.add(used as u64);
            if got == 0 {
                return Ok(false);
            }
            open.place.skipping = scratch[used - 1] != b'\n';
        }
        Ok(true)
    }

    /// Everything that is there has been read.
    fn at_end(&mut self, cx: &Context<'_>) -> io::Result<Step> {
        let Some(open) = &mut self.open else { return Ok(Step::Progress) };
        if open.last {
            // While it was read the files behind it may have been renamed.
            self.previous = (!cx.once && !self.files.is_empty())
                .then(|| Before::After(open.place.clone(), open.body.modified()));
            self.open = None;
            fault::point("source-drained");
            return Ok(Step::Progress);
        }
        if cx.once || open.body.is_packed() || !self.files.is_empty() {
            open.last = true;
            return Ok(Step::Progress);
        }
        if !open.is_same()? {
            return Ok(self.truncated());
        }
        let now = Instant::now();
        if std::mem::take(&mut self.fresh)
            && cx.wall() - open.body.modified() >= QUIET_FIRST.as_nanos() as i64
        {
            // Written long ago: time need not pass once more.
            self.next_notice = self.next_notice.map(|_| now);
        }
        match fs::metadata(&self.found.path) {
            Ok(there) if (there.dev(), there.ino()) == (open.place.dev, open.place.inode) => {
                (self.missing_since, self.replaced_since) = (None, None);
            }
            Ok(there) => {
                self.missing_since = None;
                let next = resume::after(&open.place, open.body.modified(), &self.found.path);
                // Until a successor has text the writer may still write here.
                let has_text = there.size() > 0 || next.len() > 1;
                if has_text && now - *self.replaced_since.get_or_insert(now) >= ROTATION_GRACE {
                    self.replaced_since = None;
                    self.files = next;
                    open.last = true;
                    READ.rotations.add(1);
                    fault::point("source-rotation-seen");
                    return Ok(Step::Progress);
                }
            }
            Err(e) if e.kind() == io::ErrorKind::NotFound => {
                if now - *self.missing_since.get_or_insert(now) >= MISSING_GRACE {
                    open.last = true;
                    return Ok(Step::Progress);
                }
            }
            Err(_) => {}
        }
        Ok(Step::Idle)
    }

    /// Whether its file is open and nothing has come for long.
    pub(super) fn is_quiet(&self) -> bool {
        self.open.is_some() && self.next_notice.is_none()
    }

    /// Whether a look is due soon although nothing is written.
    pub(super) fn is_restless(&self) -> bool {
        (self.missing_since.is_some() && !self.said_gone) || self.replaced_since.is_some()
    }

    /// The open file was cut off or written anew: what was copied away before is read first.
    fn truncated(&mut self) -> Step {
        let Some(open) = self.open.take() else { return Step::Progress };
        READ.truncations.add(1);
        let found = resume::locate(&open.place, &self.found.path);
        match &found.gap {
            Some(gap) if gap.at_least > 0 => gap.report(&self.found, open.place.offset),
            Some(_) => {
                tracing::info!(partition = %self.found.name, "the file was truncated and is read from its start")
            }
            None => {
                tracing::info!(partition = %self.found.name, "the file was truncated; its copy is read to the end")
            }
        }
        self.files = found.files;
        if found.gap.is_none() {
            self.previous = Some(Before::At(open.place));
        }
        Step::Progress
    }

    /// No file is left: the end, or a wait for the next one.
    fn without_file(&mut self, cx: &Context<'_>) -> Step {
        if cx.once {
            return self.end(cx);
        }
        let now = Instant::now();
        if self.retry.is_some_and(|retry| now < retry) {
            return Step::Idle;
        }
        self.retry = None;
        if let Ok(there) = fs::metadata(&self.found.path)
            && there.is_file()
        {
            (self.missing_since, self.said_gone) = (None, false);
            self.files = self.restart(&there);
            return if self.open_next(cx) && self.open.is_some() { Step::Progress } else { Step::Idle };
        }
        if now - *self.missing_since.get_or_insert(now) < MISSING_GRACE {
            return Step::Idle;
        }
        if self.found.ends_when_gone {
            return self.end(cx);
        }
        if !std::mem::replace(&mut self.said_gone, true)
            && let (Some(outlet), Some(place)) = (&mut self.outlet, &self.place)
        {
            outlet.notice(cx.wall(), place.to_json(), End::Life);
            self.next_notice = None;
        }
        Step::Idle
    }

    fn end(&mut self, cx: &Context<'_>) -> Step {
        self.ended = true;
        self.next_notice = None;
        if let (Some(outlet), Some(place)) = (&mut self.outlet, &self.place) {
            outlet.notice(cx.wall(), place.to_json(), End::Input);
        }
        // Closes the partition.
        self.outlet = None;
        Step::Ended
    }
}

impl Open {
    /// Whether the file still holds the text that was read, and was not cut off or written anew.
    fn is_same(&mut self) -> io::Result<bool> {
        if self.body.is_packed() {
            return Ok(true);
        }
        let size = self.body.metadata()?.size();
        Ok(size >= self.place.offset && self.place.fingerprint.starts(&self.body.head(1024)?))
    }

    /// Whether the format can be told: a whole line is there, or as much as is looked at, or all there will be.
    fn has_line(&mut self, cx: &Context<'_>) -> bool {
        if self.place.offset > 0 {
            return true;
        }
        let Ok(head) = self.body.head(SNIFF) else { return false };
        let whole = head.len() >= SNIFF || memchr(b'\n', &head).is_some();
        whole || (!head.is_empty() && (cx.once || self.last || self.body.is_packed()))
    }
}
