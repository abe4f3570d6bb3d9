//! Docker's json-file: one JSON object per line, `{"log":"text\n","stream":"stdout","time":"…"}`.
//!
//! * The slow path, a JSON object with its keys in any order, is the specification; the fast path looks for the
//!   fixed tail at the line's end and answers only where it would answer the same (a test holds them together).
//! * Text stays escaped as it was written.
//! * A line that is no such object is kept as text, with the time of the line before it.
//! * Docker cuts long lines into parts of 16,384 bytes that share the first part's time. A part is joined to the next
//!   record of its stream only if it has no newline, is at least that long when decoded, and the times are equal:
//!   the last write of a container without a newline looks like a part too.

mod look;

use memchr::{memchr, memrchr};
use serde_json::{Value, json};

use look::{is_veiled, look};

use super::parts::{Part, Parts};
use super::{Ordinals, cut_at, place, put_back, row, take_text};
use crate::event::json::{self, Kind};
use crate::event::time::{TimeReader, parse_rfc3339};
use crate::event::{Batch, End, Flags, Key, Memory, NO_TIME, Nanos, Span, Stream, escape};
use crate::sources::Decoder;

/// Decoded bytes at which Docker cuts a line (`defaultBufSize` of its copier).
pub(super) const PART: usize = 16 * 1024;

/// Decodes json-file.
#[derive(Debug)]
pub struct Docker {
    longest: usize,
}

impl Docker {
    /// A decoder that cuts records longer than `longest` bytes.
    pub fn new(longest: usize) -> Docker {
        Docker { longest }
    }
}

/// What is remembered of a json-file.
#[derive(Clone, Debug)]
pub struct DockerMemory {
    pub(super) clock: TimeReader,
    pub(super) last: Nanos,
    pub(super) ordinals: Ordinals,
    pub(super) parts: Parts,
}

impl Default for DockerMemory {
    fn default() -> DockerMemory {
        DockerMemory {
            clock: TimeReader::default(),
            last: NO_TIME,
            ordinals: Ordinals::default(),
            parts: Parts::default(),
        }
    }
}

/// What a line says: the inside of `log` as written, the stream, the time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Line {
    /// Offsets in the line; the newline at its end is part of it.
    log: (usize, usize),
    stream: Stream,
    time: Nanos,
    /// See [`Batch::veiled`].
    veiled: bool,
}

impl Decoder for Docker {
    type Memory = DockerMemory;

    fn start(&self) -> DockerMemory {
        DockerMemory::default()
    }

    fn decode(&self, memory: &mut DockerMemory, batch: &mut Batch, mut seq: u64) -> u64 {
        let text = take_text(batch);
        let buf = text.buf();
        batch.veiled = false;
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

    fn release(&self, memory: &mut DockerMemory, batch: &mut Batch, now: Nanos, end: End) {
        memory.parts.release(batch, now, end);
    }
}

impl Docker {
    #[inline]
    fn line(
        &self,
        memory: &mut DockerMemory,
        batch: &mut Batch,
        buf: &[u8],
        at: usize,
        end: usize,
        seq: u64,
    ) {
        let line = &buf[at..end];
        let found = if line.len() <= self.longest {
            fast(line, &mut memory.clock).or_else(|| slow(line))
        } else {
            None
        };
        let Some(found) = found else {
            return self.broken(memory, batch, line, at, seq);
        };
        memory.last = found.time;
        batch.veiled |= found.veiled;
        let ordinal = memory.ordinals.next(found.stream, found.time);
        let place = place(batch, at, ordinal, seq);
        let (from, to) = found.log;
        let (length, whole) = without_newline(&line[from..to]);
        let span = Span::in_buf(at + from, at + from + length).escaped(true);
        let more = !whole && length >= PART && decoded_length(&line[from..to]) >= PART;
        if !more && memory.parts.is_idle(found.stream) {
            batch.rows.push(row(span, found.time, found.stream, seq, place));
            return;
        }
        let bytes = &line[from..from + length];
        let part = Part { bytes, span, time: found.time, stream: found.stream, seq, place, more };
        memory.parts.take(batch, &part, self.longest, |time| time == found.time);
    }

    #[cold]
    fn broken(&self, memory: &mut DockerMemory, batch: &mut Batch, line: &[u8], at: usize, seq: u64) {
        batch.veiled = true;
        let ordinal = memory.ordinals.next(Stream::None, memory.last);
        let place = place(batch, at, ordinal, seq);
        let mut flags = Flags::default();
        let mut length = line.strip_suffix(b"\r").unwrap_or(line).len();
        if length > self.longest {
            length = cut_at(line, self.longest);
            flags.set(Flags::CUT);
            batch.tally.cut += 1;
        }
        batch.tally.misframed += 1;
        let mut row = row(Span::in_buf(at, at + length), memory.last, Stream::None, seq, place);
        row.flags = flags;
        batch.rows.push(row);
    }
}

/// Reads a line as Docker writes it nearly always. `None`: ask [`slow`].
#[inline]
fn fast(line: &[u8], clock: &mut TimeReader) -> Option<Line> {
    const HEAD: usize = br#"{"log":""#.len();
    let rest = line.strip_suffix(b"\"}")?;
    if !rest.starts_with(br#"{"log":""#) {
        return None;
    }
    // The longest time has nine digits of a fraction.
    let quote = memrchr(b'"', &rest[rest.len().saturating_sub(36)..])? + rest.len().saturating_sub(36);
    let time = &rest[quote + 1..];
    if !time.first().is_some_and(u8::is_ascii_digit) {
        return None;
    }
    let time = clock.read_utc(time)?;
    let rest = rest[..quote].strip_suffix(br#"","time":"#)?;
    let (stream, rest) = match rest.strip_suffix(b"stdout") {
        Some(rest) => (Stream::Stdout, rest),
        None => (Stream::Stderr, rest.strip_suffix(b"stderr")?),
    };
    let rest = rest.strip_suffix(br#"","stream":""#)?;
    let log = rest.get(HEAD..)?;
    let veiled = is_log(line, HEAD, HEAD + log.len())?;
    Some(Line { log: (HEAD, rest.len()), stream, time, veiled })
}

/// Whether `line[from..to]` is the whole inside of a JSON string in UTF-8, and whether it is veiled.
#[inline]
fn is_log(line: &[u8], from: usize, to: usize) -> Option<bool> {
    let seen = look(&line[from..to]);
    if seen.inside {
        return Some(seen.veiled);
    }
    is_inside_of_string(line, from, to).then(|| is_veiled(&line[from..to]))
}

/// Whether `line[from..to]` is the whole inside of a JSON string in UTF-8.
fn is_inside_of_string(line: &[u8], from: usize, to: usize) -> bool {
    std::str::from_utf8(&line[from..to]).is_ok() && json::string(line, from - 1) == Some(to + 1)
}

/// Reads a line as JSON: the specification. `None`: it is no line of json-file.
///
/// `time` must be there; `log` may be missing (an empty line), and so may `stream`; other keys are skipped; of equal
/// keys the last counts, as in Go.
fn slow(line: &[u8]) -> Option<Line> {
    if std::str::from_utf8(line).is_err() {
        return None;
    }
    let (mut log, mut stream, mut time) = (Some((0, 0)), Some(Stream::None), None);
    let mut scratch = Vec::new();
    let end = json::members(line, |member| {
        scratch.clear();
        escape::unescape_into(&line[member.key.0..member.key.1], &mut scratch);
        let inside = (member.value.0 + 1, member.value.1.wrapping_sub(1));
        match &*scratch {
            b"log" => {
                log = match member.kind {
                    Kind::String => Some(inside),
                    Kind::Null => Some((0, 0)),
                    _ => None,
                }
            }
            b"stream" => {
                stream = match (member.kind, plain(line, inside, member.kind).as_slice()) {
                    (Kind::String, b"stdout") => Some(Stream::Stdout),
                    (Kind::String, b"stderr") => Some(Stream::Stderr),
                    (Kind::Null, _) => Some(Stream::None),
                    _ => None,
                }
            }
            b"time" => time = parse_rfc3339(&plain(line, inside, member.kind)),
            _ => {}
        }
    })?;
    let blank = line[end..].iter().all(|b| matches!(b, b' ' | b'\t' | b'\r'));
    if !blank {
        return None;
    }
    let log: (usize, usize) = log?;
    Some(Line { log, stream: stream?, time: time?, veiled: is_veiled(&line[log.0..log.1]) })
}

/// The time and the stream of a line.
pub(super) fn time_and_stream(line: &[u8], clock: &mut TimeReader) -> Option<(Nanos, Stream)> {
    fast(line, clock).or_else(|| slow(line)).map(|line| (line.time, line.stream))
}

/// Whether a line is one of json-file and nothing else: what programs write themselves has a `time` too, but no `log`.
pub(super) fn is_line(line: &[u8]) -> bool {
    let mut has_text = false;
    let whole = json::members(line, |member| has_text |= &line[member.key.0..member.key.1] == b"log");
    has_text && whole.is_some() && slow(line).is_some()
}

fn plain(line: &[u8], inside: (usize, usize), kind: Kind) -> Vec<u8> {
    let mut out = Vec::new();
    if kind == Kind::String {
        escape::unescape_into(&line[inside.0..inside.1], &mut out);
    }
    out
}

/// The length of escaped text without the newline (and the carriage return of a terminal) at its end, and whether
/// there was one.
#[inline]
fn without_newline(log: &[u8]) -> (usize, bool) {
    let Some(length) = without_escape(log, b'n', b"000a") else {
        return (log.len(), false);
    };
    (without_escape(&log[..length], b'r', b"000d").unwrap_or(length), true)
}

/// The length without an escape at the end: `\n`, or `\u000a` in either case.
#[inline]
fn without_escape(log: &[u8], letter: u8, code: &[u8]) -> Option<usize> {
    let length = match log {
        [.., b'\\', last] if *last == letter => log.len() - 2,
        [.., b'\\', b'u', a, b, c, d] if [*a, *b, *c, *d].eq_ignore_ascii_case(code) => log.len() - 6,
        _ => return None,
    };
    // An even number of backslashes before it are escapes of their own.
    let before = log[..length].iter().rev().take_while(|&&b| b == b'\\').count();
    before.is_multiple_of(2).then_some(length)
}

/// Bytes of escaped text when decoded.
fn decoded_length(log: &[u8]) -> usize {
    let mut out = Vec::with_capacity(log.len());
    escape::unescape_into(log, &mut out);
    out.len()
}

impl Memory for DockerMemory {
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

    fn restore(saved: &Value) -> Result<DockerMemory, String> {
        let memory = || {
            Some(DockerMemory {
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
