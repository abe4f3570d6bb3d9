//! An engine's answer, cut into frames that hold a record each.
//!
//! * Without a terminal the engine writes frames; with one it writes lines, which become frames here. Which of them it is,
//!   is told, never guessed.
//! * What is held is bounded: a longer record is cut, and its rest skipped.
//! * Records at or before the ones that are known are skipped.

use memchr::memchr;

use crate::event::time::TimeReader;
use crate::event::{NO_TIME, Stream};
use crate::sources::decode::Streams;
use crate::sources::decode::api::{HEAD, stream_of, time_of};
use crate::telemetry::read::READ;

/// Bytes before the text of a record: its time and a space.
const TIME: usize = 64;

/// Bytes of text at which Docker cuts a line.
const PART: usize = 16 * 1024;

/// Which records were delivered, and which of those that come are skipped.
#[derive(Debug, Default)]
pub(super) struct Cursor {
    /// The last ones delivered.
    pub(super) streams: Streams,
    /// The last ones known when this answer began.
    known: Streams,
    /// The last ones in this answer.
    window: Streams,
    skipping: [bool; 3],
    /// The last known record was in this answer.
    met: bool,
    /// Nothing of this answer has been delivered.
    fresh: bool,
    clock: TimeReader,
}

/// What became of a record.
#[derive(Debug, PartialEq, Eq)]
enum Fate {
    Skip,
    Deliver,
}

impl Cursor {
    /// Behind these records.
    pub(super) fn after(streams: Streams) -> Cursor {
        Cursor { streams, fresh: true, ..Cursor::default() }
    }

    /// A new answer begins. `repeats`: it begins before the last known record.
    pub(super) fn begin(&mut self, repeats: bool) {
        self.known = self.streams;
        self.window = Streams::default();
        self.skipping = [repeats; 3];
        self.met = !repeats;
        self.fresh = true;
    }

    /// Whether records after the last known one are gone: something was delivered, and that one did not come before.
    pub(super) fn has_gap(&mut self) -> bool {
        let gap = !self.met && !self.fresh;
        self.met |= gap;
        gap
    }

    fn take(&mut self, stream: Stream, record: &[u8]) -> Fate {
        let Some(time) = time_of(&mut self.clock, record) else { return Fate::Deliver };
        let ordinal = self.window.take(stream, time);
        self.met |= time == self.known.latest;
        if self.skipping[stream as usize] {
            let (last, _) = self.known.last[stream as usize];
            // Of a stream that was not read yet all that the answer holds is new.
            if last != NO_TIME && self.known.covers(stream, time, ordinal) {
                return Fate::Skip;
            }
            self.skipping[stream as usize] = false;
        }
        self.fresh = false;
        self.streams.last[stream as usize] = (time, ordinal);
        self.streams.latest = time;
        Fate::Deliver
    }
}

/// Cuts an answer.
#[derive(Debug)]
pub(super) struct Splitter {
    terminal: bool,
    longest: usize,
    held: Vec<u8>,
    /// Bytes at the start of `held` that are done.
    done: usize,
    /// Bytes of a frame that are still to be skipped.
    skip: usize,
    /// The rest of a line is to be skipped.
    skip_line: bool,
    /// How much of the first line has been searched for its end.
    looked: usize,
}

impl Splitter {
    /// For a container with or without a terminal; records longer than `longest` are cut.
    pub(super) fn new(terminal: bool, longest: usize) -> Splitter {
        Splitter {
            terminal,
            longest: longest + TIME,
            held: Vec::new(),
            done: 0,
            skip: 0,
            skip_line: false,
            looked: 0,
        }
    }

    /// Takes a piece of the answer.
    pub(super) fn push(&mut self, mut piece: &[u8]) {
        if self.skip > 0 {
            let skipped = self.skip.min(piece.len());
            self.skip -= skipped;
            READ.skipped.add(skipped as u64);
            piece = &piece[skipped..];
        }
        if self.skip_line {
            let end = memchr(b'\n', piece);
            self.skip_line = end.is_none();
            let skipped = end.map_or(piece.len(), |at| at + 1);
            READ.skipped.add(skipped as u64);
            piece = &piece[skipped..];
        }
        self.held.drain(..self.done);
        self.done = 0;
        self.held.extend_from_slice(piece);
    }

    /// Bytes that wait.
    pub(super) fn waiting(&self) -> usize {
        self.held.len() - self.done
    }

    /// Moves whole records to `out`, until it holds `limit` bytes or none is left; `false`: none is left.
    pub(super) fn take(&mut self, out: &mut Vec<u8>, limit: usize, cursor: &mut Cursor) -> bool {
        while out.len() < limit {
            let more = if self.terminal { self.take_line(out, cursor) } else { self.take_frame(out, cursor) };
            if !more {
                if self.done == self.held.len() && self.held.capacity() > 4 * PART {
                    // A quiet container holds no memory.
                    self.held = Vec::new();
                    self.done = 0;
                }
                return false;
            }
        }
        true
    }

    fn take_frame(&mut self, out: &mut Vec<u8>, cursor: &mut Cursor) -> bool {
        let held = &self.held[self.done..];
        let Some(head) = held.first_chunk::<HEAD>() else { return false };
        let length = u32::from_be_bytes([head[4], head[5], head[6], head[7]]) as usize;
        let kept = length.min(self.longest);
        let Some(record) = held.get(HEAD..HEAD + kept) else { return false };
        if cursor.take(stream_of(head[0]), record) == Fate::Deliver {
            if kept == length {
                out.extend_from_slice(&held[..HEAD + kept]);
            } else {
                push_frame(out, head[0], record);
            }
        }
        let there = (HEAD + length).min(held.len());
        if kept < length {
            READ.cut.add(1);
            READ.skipped.add((there - HEAD - kept) as u64);
        }
        self.skip = HEAD + length - there;
        self.done += there;
        true
    }

    fn take_line(&mut self, out: &mut Vec<u8>, cursor: &mut Cursor) -> bool {
        let held = &self.held[self.done..];
        let found = memchr(b'\n', &held[self.looked.min(held.len())..]).map(|at| self.looked + at + 1);
        self.looked = held.len();
        let (mut length, mut cut) = match found {
            Some(length) if length <= self.longest => (length, false),
            None if held.len() <= self.longest => return false,
            _ => (self.longest, true),
        };
        // Parts of a long line follow each other without a newline, each with the same time.
        if let Some(space) = memchr(b' ', &held[..length.min(TIME)]) {
            let next = space + 1 + PART;
            if held[..length].get(next..next + space + 1) == Some(&held[..=space]) {
                (length, cut) = (next, false);
            }
        }
        if cursor.take(Stream::Stdout, &held[..length]) == Fate::Deliver {
            push_frame(out, 1, &held[..length]);
        }
        self.done += length;
        self.looked = 0;
        if cut {
            READ.cut.add(1);
            let rest = self.held.split_off(self.done);
            self.skip_line = true;
            self.push(&rest);
        }
        true
    }

    /// The answer is complete: what is left of a line is a record, what is left of a frame is not.
    pub(super) fn finish(&mut self, out: &mut Vec<u8>, cursor: &mut Cursor) {
        let held = &self.held[self.done..];
        if self.terminal && !held.is_empty() && cursor.take(Stream::Stdout, held) == Fate::Deliver {
            push_frame(out, 1, held);
        }
        self.clear();
    }

    /// The answer was cut off: what is left of a record comes again.
    pub(super) fn clear(&mut self) {
        self.held.clear();
        (self.done, self.skip, self.skip_line, self.looked) = (0, 0, false, 0);
    }
}

fn push_frame(out: &mut Vec<u8>, stream: u8, record: &[u8]) {
    out.extend_from_slice(&[stream, 0, 0, 0]);
    let length = u32::try_from(record.len()).expect("records are shorter than the longest line");
    out.extend_from_slice(&length.to_be_bytes());
    out.extend_from_slice(record);
}

#[cfg(test)]
mod tests;
