//! The log format of Kubernetes' container runtimes: `TIME STREAM TAGS TEXT`, a line each.
//!
//! * Tag `P`: the line goes on in the stream's next record; `F`: it is whole. Other tags, behind a colon, are skipped.
//! * The text is as the program wrote it, any bytes.
//! * A line of another form is kept as text, with the time of the line before it.

use memchr::memchr;
use serde_json::{Value, json};

use super::parts::{Part, Parts};
use super::{Ordinals, cut_at, place, put_back, row, take_text};
use crate::event::time::{TimeReader, parse_rfc3339};
use crate::event::{Batch, End, Flags, Key, Memory, NO_TIME, Nanos, Span, Stream};
use crate::sources::Decoder;

/// Decodes the container runtimes' format.
#[derive(Debug)]
pub struct Cri {
    longest: usize,
}

impl Cri {
    /// A decoder that cuts records longer than `longest` bytes.
    pub fn new(longest: usize) -> Cri {
        Cri { longest }
    }
}

/// What is remembered of such a log.
#[derive(Clone, Debug)]
pub struct CriMemory {
    clock: TimeReader,
    last: Nanos,
    ordinals: Ordinals,
    parts: Parts,
}

pub(super) struct Line {
    pub(super) time: Nanos,
    pub(super) stream: Stream,
    more: bool,
    text: usize,
}

impl Decoder for Cri {
    type Memory = CriMemory;

    fn start(&self) -> CriMemory {
        CriMemory {
            clock: TimeReader::default(),
            last: NO_TIME,
            ordinals: Ordinals::default(),
            parts: Parts::default(),
        }
    }

    fn decode(&self, memory: &mut CriMemory, batch: &mut Batch, mut seq: u64) -> u64 {
        let text = take_text(batch);
        let buf = text.buf();
        let mut at = 0;
        while at < buf.len() {
            let end = memchr(b'\n', &buf[at..]).map_or(buf.len(), |length| at + length);
            seq += 1;
            self.line(memory, batch, buf, at, end, seq);
            at = end + 1;
        }
        put_back(batch, text);
        seq
    }

    fn release(&self, memory: &mut CriMemory, batch: &mut Batch, now: Nanos, end: End) {
        memory.parts.release(batch, now, end);
    }
}

impl Cri {
    fn line(&self, memory: &mut CriMemory, batch: &mut Batch, buf: &[u8], at: usize, end: usize, seq: u64) {
        let line = &buf[at..end];
        let found = read(line, &mut memory.clock);
        let (time, stream) = found.as_ref().map_or((memory.last, Stream::None), |f| (f.time, f.stream));
        memory.last = time;
        let ordinal = memory.ordinals.next(stream, time);
        let place = place(batch, at, ordinal, seq);
        let more = found.as_ref().is_some_and(|f| f.more);
        // The carriage return of a terminal ends a line, not a part.
        let mut length = if more { line.len() } else { line.strip_suffix(b"\r").unwrap_or(line).len() };
        let from = found.as_ref().map_or(0, |f| f.text).min(length);
        let mut flags = Flags::default();
        if length > self.longest {
            length = cut_at(line, self.longest).max(from);
            flags.set(Flags::CUT);
            batch.tally.cut += 1;
        }
        let span = Span::in_buf(at + from, at + length);
        batch.tally.misframed += u64::from(found.is_none());
        if flags.has(Flags::CUT) || (!more && memory.parts.is_idle(stream)) {
            let mut row = row(span, time, stream, seq, place);
            row.flags = flags;
            batch.rows.push(row);
            return;
        }
        let part = Part { bytes: &line[from..length], span, time, stream, seq, place, more };
        memory.parts.take(batch, &part, self.longest, |_| true);
    }
}

/// Reads the head of a line.
pub(super) fn read(line: &[u8], clock: &mut TimeReader) -> Option<Line> {
    let time_end = memchr(b' ', line.get(..40.min(line.len()))?)?;
    let head = &line[..time_end];
    if !head.first()?.is_ascii_digit() {
        return None;
    }
    let rest = line.get(time_end + 1..)?;
    let (stream, rest) = match rest.strip_prefix(b"stdout ") {
        Some(rest) => (Stream::Stdout, rest),
        None => (Stream::Stderr, rest.strip_prefix(b"stderr ")?),
    };
    let tags = &rest[..memchr(b' ', rest).unwrap_or(rest.len())];
    let more = match tags {
        [b'F'] | [b'F', b':', ..] => false,
        [b'P'] | [b'P', b':', ..] => true,
        // A carriage return can only stand behind an empty text.
        [b'F', b'\r'] => false,
        _ => return None,
    };
    let text = (line.len() - rest.len() + tags.len() + 1).min(line.len());
    let time = clock.read_utc(head).or_else(|| parse_rfc3339(head))?;
    Some(Line { time, stream, more, text })
}

impl Memory for CriMemory {
    fn owed(&self) -> Vec<Key> {
        self.parts.owed()
    }

    fn save(&self) -> Value {
        json!({
            "version": 1,
            "last": self.last,
            "ordinals": self.ordinals.save(),
            "parts": self.parts.save(),
        })
    }

    fn restore(saved: &Value) -> Result<CriMemory, String> {
        let memory = || {
            Some(CriMemory {
                clock: TimeReader::default(),
                last: saved["last"].as_i64()?,
                ordinals: Ordinals::restore(&saved["ordinals"])?,
                parts: Parts::restore(&saved["parts"])?,
            })
        };
        if saved["version"] != 1 {
            return Err(format!("unknown version {} of the decoder's memory", saved["version"]));
        }
        memory().ok_or_else(|| "the decoder's memory is not readable".to_owned())
    }
}

#[cfg(test)]
mod tests;
