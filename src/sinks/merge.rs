//! Frames of all partitions in the order of their times.
//!
//! * Frames go out in the order of (time, partition, key). A partition's own order is never changed.
//! * A frame goes out as soon as no other partition can still bring an earlier one: each has a frame waiting, has told a
//!   frontier behind it, has ended, or is idle.
//! * A partition is idle when its source has looked and found nothing more: nobody waits for it until it speaks again.
//!   What it brings then goes out at once.
//! * With a window nothing that is new waits longer than that for others: what is older than the merge itself is the
//!   backlog, and waits until it is sure.
//! * It holds the lease of what it holds, so that a partition that is far ahead stops being read. What it holds is
//!   bounded by the budget that leases are shares of.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustc_hash::FxHashMap;

use crate::event::{Lease, NO_TIME, Nanos};

use super::{Chunk, Frame, From};

/// Frames that wait for their turn.
#[derive(Debug, Default)]
pub struct Merge {
    /// Whether to wait at all; else frames go out as they come.
    in_order: bool,
    parts: FxHashMap<usize, Part>,
    /// First waiting frame of every partition that has one.
    heads: BinaryHeap<Reverse<(Nanos, usize)>>,
    /// How far partitions without a waiting frame are, those that have to be waited for.
    awaited: BTreeSet<(Nanos, usize)>,
    window: Option<Window>,
}

/// How long new frames wait.
#[derive(Debug)]
struct Window {
    longest: Duration,
    /// Frames from then on are new.
    new_from: Nanos,
    /// When the next frame has waited long enough.
    due: Option<Instant>,
}

#[derive(Debug, Default)]
struct Part {
    waiting: VecDeque<Segment>,
    frontier: Nanos,
    ended: bool,
    idle: bool,
}

/// What is left of a chunk.
#[derive(Debug)]
struct Segment {
    bytes: Vec<u8>,
    frames: Vec<Frame>,
    next: usize,
    came: Instant,
    /// Given back with the last frame.
    _lease: Option<Arc<dyn Lease>>,
}

impl Segment {
    fn body(&self) -> &[u8] {
        let start = if self.next == 0 { 0 } else { self.frames[self.next - 1].end as usize };
        &self.bytes[start..self.frames[self.next].end as usize]
    }
}

impl Part {
    fn head(&self) -> Option<Nanos> {
        self.waiting.front().map(|segment| segment.frames[segment.next].order)
    }

    fn is_awaited(&self) -> bool {
        self.waiting.is_empty() && !self.ended && !self.idle
    }
}

impl Merge {
    /// A merge without partitions. Without `in_order` it only looks who is idle.
    pub fn new(in_order: bool) -> Merge {
        Merge { in_order, ..Merge::default() }
    }

    /// Lets frames with times from `new_from` on wait for others no longer than `longest`.
    pub fn with_window(self, longest: Duration, new_from: Nanos) -> Merge {
        Merge { window: Some(Window { longest, new_from, due: None }), ..self }
    }

    /// When [`Merge::look`] is to be called, if no chunk comes before.
    pub fn due(&self) -> Option<Instant> {
        self.window.as_ref()?.due
    }

    /// Calls `each` for every frame that has waited long enough at `now`, and for those that come before it.
    pub fn look(&mut self, now: Instant, mut each: impl FnMut(&Frame, &[u8])) {
        let Some(window) = &mut self.window else { return };
        window.due = None;
        let (mut until, mut due) = (None, None::<Instant>);
        for segment in self.parts.values().flat_map(|part| &part.waiting) {
            let Some(last) = segment.frames.last().filter(|last| last.order >= window.new_from) else {
                continue;
            };
            let over = segment.came + window.longest;
            if over <= now {
                until = until.max(Some(last.order));
            } else {
                due = Some(due.map_or(over, |due| due.min(over)));
            }
        }
        window.due = due;
        self.advance(until, &mut each);
    }

    /// Whether what there was has been seen: every partition has ended, is idle or brings what is new, and nothing old
    /// waits.
    pub fn has_caught_up(&self) -> bool {
        let new_from = self.window.as_ref().map_or(Nanos::MAX, |window| window.new_from);
        let done = |part: &Part| part.ended || part.idle || part.frontier >= new_from;
        let waits = self.heads.peek().is_some_and(|Reverse((order, _))| *order < new_from);
        !self.parts.is_empty() && !waits && self.parts.values().all(done)
    }

    /// Takes a chunk and calls `each` for every frame whose turn it is.
    pub fn add(&mut self, from: &From, chunk: &Chunk, mut each: impl FnMut(&Frame, &[u8])) {
        let number = from.partition;
        let part = self.parts.entry(number).or_insert_with(|| Part { frontier: NO_TIME, ..Part::default() });
        if part.is_awaited() {
            self.awaited.remove(&(part.frontier, number));
        }
        part.idle = from.caught_up;
        part.ended |= from.ended;
        if !self.in_order {
            for (at, frame) in chunk.frames.iter().enumerate() {
                each(frame, chunk.body(at));
            }
            part.frontier = part.frontier.max(from.frontier);
            return;
        }
        if !chunk.frames.is_empty() {
            let mut frames = chunk.frames.clone();
            // The lane has seen to it already; what follows relies on it.
            let mut least = part.frontier;
            for frame in &mut frames {
                least = least.max(frame.order);
                frame.order = least;
            }
            if part.waiting.is_empty() {
                self.heads.push(Reverse((frames[0].order, number)));
            }
            let bytes = chunk.bytes.clone();
            let came = Instant::now();
            if let Some(window) = &mut self.window
                && least >= window.new_from
            {
                window.due = window.due.or(Some(came + window.longest));
            }
            part.waiting.push_back(Segment { bytes, frames, next: 0, came, _lease: from.lease.clone() });
            part.frontier = part.frontier.max(least);
        }
        part.frontier = part.frontier.max(from.frontier);
        if part.is_awaited() {
            self.awaited.insert((part.frontier, number));
        }
        self.advance(None, &mut each);
    }

    /// Calls `each` for every frame that is left: nothing more will come.
    pub fn finish(&mut self, mut each: impl FnMut(&Frame, &[u8])) {
        self.advance(Some(Nanos::MAX), &mut each);
    }

    /// Calls `each` for the frames whose turn it is; nobody is waited for with those up to `until`.
    fn advance(&mut self, until: Option<Nanos>, each: &mut impl FnMut(&Frame, &[u8])) {
        let hurried = |order| until.is_some_and(|until| order <= until);
        while let Some(&Reverse((order, number))) = self.heads.peek() {
            let awaited = self.awaited.first().copied().filter(|_| !hurried(order));
            if awaited.is_some_and(|awaited| awaited <= (order, number)) {
                return;
            }
            self.heads.pop();
            let next = self.heads.peek().map(|Reverse(head)| *head);
            let limit = [awaited, next].into_iter().flatten().min();
            let Some(part) = self.parts.get_mut(&number) else { continue };
            // As many of this partition as come before anyone else's.
            while let Some(head) = part.head() {
                if limit.is_some_and(|limit| (head, number) >= limit) || (hurried(order) && !hurried(head)) {
                    self.heads.push(Reverse((head, number)));
                    break;
                }
                let Some(segment) = part.waiting.front_mut() else { break };
                each(&segment.frames[segment.next], segment.body());
                segment.next += 1;
                if segment.next == segment.frames.len() {
                    part.waiting.pop_front();
                }
            }
            if part.is_awaited() {
                self.awaited.insert((part.frontier, number));
            }
        }
    }
}

/// The last frames of a stream.
#[derive(Debug)]
pub struct Tail {
    most: usize,
    frames: VecDeque<(Frame, Vec<u8>)>,
    bytes: usize,
    dropped: u64,
}

/// Bytes that a tail keeps at most; then the first go, however few they are.
const TAIL_BYTES: usize = 64 << 20;

impl Tail {
    /// Keeps the last `most` frames.
    pub fn new(most: usize) -> Tail {
        Tail { most, frames: VecDeque::new(), bytes: 0, dropped: 0 }
    }

    /// Adds a frame; the first one goes if there are too many.
    pub fn push(&mut self, frame: &Frame, body: &[u8]) {
        let mut room = Vec::new();
        while self.frames.len() >= self.most.max(1) || self.bytes + body.len() > TAIL_BYTES {
            let Some((_, old)) = self.frames.pop_front() else { break };
            self.bytes -= old.len();
            self.dropped += 1;
            room = old;
        }
        if self.most == 0 {
            self.dropped += 1;
            return;
        }
        room.clear();
        room.extend_from_slice(body);
        self.bytes += room.len();
        self.frames.push_back((*frame, room));
    }

    /// The frames, first to last.
    pub fn iter(&self) -> impl Iterator<Item = (&Frame, &[u8])> {
        self.frames.iter().map(|(frame, body)| (frame, &body[..]))
    }

    /// How many came before them.
    pub fn dropped(&self) -> u64 {
        self.dropped
    }
}

#[cfg(test)]
mod tests;
