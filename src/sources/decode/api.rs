//! An engine's stream of logs: frames of a head of eight bytes (stream, three zeros, length in big endian) and a record,
//! `TIME text\n`.
//!
//! * The source cuts the stream into such frames, those of a terminal too, and bounds their length.
//! * Rows and ids are those of the log file that the engine reads from.
//! * Parts are joined as in [`Docker`](super::Docker), or, where times have whole seconds, until a newline comes.

use memchr::memchr;

use super::docker::{DockerMemory, PART};
use super::parts::Part;
use super::{Ordinals, Streams, cut_at, place, put_back, row, take_text};
use crate::event::time::parse_rfc3339;
use crate::event::{Batch, End, Flags, Nanos, Span, Stream};
use crate::sources::Decoder;

/// Bytes of a frame before its record.
pub const HEAD: usize = 8;

/// Decodes frames.
#[derive(Debug)]
pub struct Api {
    longest: usize,
    until_newline: bool,
    begin: Streams,
}

impl Api {
    /// A decoder that cuts records longer than `longest` bytes. `until_newline`: parts are joined until a newline comes,
    /// whatever their times. `begin`: the last records before the first one.
    pub fn new(longest: usize, until_newline: bool, begin: Streams) -> Api {
        Api { longest, until_newline, begin }
    }

    fn frame(&self, memory: &mut DockerMemory, batch: &mut Batch, frame: &[u8], at: usize, seq: u64) {
        let stream = stream_of(frame[0]);
        let record = &frame[HEAD..];
        let (body, whole) = match record.strip_suffix(b"\n") {
            Some(body) => (body.strip_suffix(b"\r").unwrap_or(body), true),
            None => (record, false),
        };
        let space = memchr(b' ', &body[..body.len().min(40)]).unwrap_or(body.len());
        let head = &body[..space];
        let time = memory.clock.read_utc(head).or_else(|| parse_rfc3339(head));
        let from = if time.is_some() { (space + 1).min(body.len()) } else { 0 };
        batch.tally.misframed += u64::from(time.is_none());
        let time = time.unwrap_or(memory.last);
        memory.last = time;
        let ordinal = memory.ordinals.next(stream, time);
        let place = place(batch, at, ordinal, seq);
        let (mut text, mut flags) = (&body[from..], Flags::default());
        if text.len() > self.longest {
            text = &text[..cut_at(text, self.longest)];
            flags.set(Flags::CUT);
            batch.tally.cut += 1;
        }
        let start = at + HEAD + from;
        let span = Span::in_buf(start, start + text.len());
        let more = !whole && (self.until_newline || text.len() >= PART);
        if flags.has(Flags::CUT) || !more && memory.parts.is_idle(stream) {
            let mut row = row(span, time, stream, seq, place);
            row.flags = flags;
            batch.rows.push(row);
            return;
        }
        let part = Part { bytes: text, span, time, stream, seq, place, more };
        memory.parts.take(batch, &part, self.longest, |first| self.until_newline || first == time);
    }
}

/// The stream of a frame.
pub fn stream_of(byte: u8) -> Stream {
    match byte {
        1 => Stream::Stdout,
        2 => Stream::Stderr,
        _ => Stream::None,
    }
}

/// The time at the start of a record.
pub fn time_of(clock: &mut crate::event::time::TimeReader, record: &[u8]) -> Option<Nanos> {
    let head = &record[..record.len().min(40)];
    let end = memchr::memchr3(b' ', b'\n', b'\r', head).unwrap_or(head.len());
    clock.read_utc(&head[..end]).or_else(|| parse_rfc3339(&head[..end]))
}

/// How long the first frame of `bytes` is: at most `bytes.len()`, and above 0 if there are any.
fn length(bytes: &[u8]) -> usize {
    let Some(head) = bytes.first_chunk::<HEAD>() else { return bytes.len() };
    let length = u32::from_be_bytes([head[4], head[5], head[6], head[7]]) as usize;
    HEAD.saturating_add(length).min(bytes.len())
}

impl Decoder for Api {
    type Memory = DockerMemory;

    fn start(&self) -> DockerMemory {
        DockerMemory { ordinals: Ordinals::after(&self.begin), ..DockerMemory::default() }
    }

    fn decode(&self, memory: &mut DockerMemory, batch: &mut Batch, mut seq: u64) -> u64 {
        let text = take_text(batch);
        let buf = text.buf();
        let mut at = 0;
        while at < buf.len() {
            let end = at + length(&buf[at..]);
            if end - at >= HEAD {
                seq += 1;
                self.frame(memory, batch, &buf[at..end], at, seq);
            }
            at = end;
        }
        put_back(batch, text);
        seq
    }

    fn release(&self, memory: &mut DockerMemory, batch: &mut Batch, now: Nanos, end: End) {
        memory.parts.release(batch, now, end);
    }

    fn first_record(&self, bytes: &[u8]) -> usize {
        length(bytes)
    }
}

#[cfg(test)]
mod tests;
