//! A JSON object behind a message: winston, zap, Monolog.
//!
//! * The object must be whole and end the line (Monolog's empty `[]` behind it apart); else it stays in the message.
//! * Its keys become fields; values stay as they are written.

use std::ops::Range;

use super::finder::Finder;
use super::pairs::{MOST, closing_bracket, text};
use super::timed::{Tail, trimmed};
use super::{Found, clock};

/// The message begins at `at`; the keys of a JSON object that ends it become fields. [`Tail::Keep`] leaves the object
/// in the message as well: the author may have put it there.
pub(super) fn finish(f: &mut Finder, notation: &'static str, at: usize, tail: Tail) -> bool {
    f.done(notation, at);
    if !f.fields {
        return true;
    }
    let message = f.out.message.clone();
    let mut end = message.end;
    if f.line[message.clone()].ends_with(b" []") {
        end = trimmed(f.line, message.start..end - 3).end;
    }
    if end == message.start || f.line[end - 1] != b'}' {
        return super::timed::finish(f, notation, at, Tail::Keep);
    }
    let Some(start) = object_start(f.line, message.start, end) else { return true };
    if start == message.start {
        return true;
    }
    let before = f.out.fields.len();
    if !object(f.line, start..end, &mut f.out.fields) {
        f.out.fields.truncate(before);
        return true;
    }
    let mut kept = before;
    for at in before..f.out.fields.len() {
        let (key, value) = f.out.fields[at].clone();
        if f.out.time.is_none()
            && matches!(&f.line[key.clone()], b"timestamp" | b"time")
            && let Found::Text(range) = &value
            && let Some(time) = clock::parse_time(&f.line[range.clone()])
        {
            f.out.time = Some(time);
        } else {
            f.out.fields.swap(kept, at);
            kept += 1;
        }
    }
    f.out.fields.truncate(kept);
    if tail == Tail::Cut {
        f.out.message = trimmed(f.line, message.start..start);
    }
    true
}

/// The first ` {"` from which on a JSON object reaches to `end`.
fn object_start(b: &[u8], from: usize, end: usize) -> Option<usize> {
    let mut at = from;
    for _ in 0..8 {
        let open = at + memchr::memchr(b'{', &b[at..end])?;
        let opens = open == from || matches!(b[open - 1], b' ' | b'\t');
        if opens
            && matches!(b.get(open + 1), Some(b'"' | b'}'))
            && closing_bracket(b, open, end) == Some(end - 1)
        {
            return Some(open);
        }
        at = open + 1;
    }
    None
}

/// The keys and values of the object in `range`; false if it is none.
fn object(b: &[u8], range: Range<usize>, out: &mut Vec<(Range<usize>, Found)>) -> bool {
    let end = range.end - 1;
    let mut at = white(b, range.start + 1, end);
    if at == end {
        return true;
    }
    loop {
        if b[at] != b'"' {
            return false;
        }
        let Some(key_end) = string_end(b, at + 1, end) else { return false };
        let key = at + 1..key_end;
        at = white(b, key_end + 1, end);
        if at >= end || b[at] != b':' {
            return false;
        }
        at = white(b, at + 1, end);
        if at >= end {
            return false;
        }
        let value = match b[at] {
            b'"' => {
                let Some(close) = string_end(b, at + 1, end) else { return false };
                let value = text(b, at + 1..close);
                at = close + 1;
                Some(value)
            }
            b'{' | b'[' => {
                let Some(close) = closing_bracket(b, at, end) else { return false };
                let value = at..close + 1;
                at = close + 1;
                // Whether it is JSON inside decides how it is kept.
                Some(if serde_json::from_slice::<serde::de::IgnoredAny>(&b[value.clone()]).is_ok() {
                    Found::Json(value)
                } else {
                    Found::Text(value)
                })
            }
            _ => {
                let start = at;
                while at < end && !matches!(b[at], b',' | b' ' | b'\t') {
                    at += 1;
                }
                match &b[start..at] {
                    b"null" => None,
                    b"true" | b"false" => Some(Found::Json(start..at)),
                    number => match std::str::from_utf8(number).ok().and_then(number_value) {
                        Some(number) => Some(number),
                        None => return false,
                    },
                }
            }
        };
        if let Some(value) = value
            && out.len() < MOST
        {
            out.push((key, value));
        }
        at = white(b, at, end);
        if at == end {
            return true;
        }
        if b[at] != b',' {
            return false;
        }
        at = white(b, at + 1, end);
        if at >= end {
            return false;
        }
    }
}

fn number_value(text: &str) -> Option<Found> {
    if let Ok(number) = text.parse() {
        return Some(Found::Int(number));
    }
    text.parse().ok().filter(|n: &f64| n.is_finite()).map(Found::Float)
}

fn white(b: &[u8], at: usize, end: usize) -> usize {
    let mut at = at;
    while at < end && matches!(b[at], b' ' | b'\t') {
        at += 1;
    }
    at
}

fn string_end(b: &[u8], from: usize, end: usize) -> Option<usize> {
    let mut at = from;
    while at < end {
        at += memchr::memchr2(b'"', b'\\', &b[at..end])?;
        if b[at] == b'"' {
            return Some(at);
        }
        at += 2;
    }
    None
}
