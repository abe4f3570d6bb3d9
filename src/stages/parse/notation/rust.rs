//! Rust: `tracing` (full, compact, the first line of pretty) and env_logger.
//!
//! * A context is spans, then the target: `outer:inner{tool=read_file}: my_crate::module: text key=value`.
//! * The event's own fields come first, then those of its spans, the innermost first; a name that is there already is
//!   not added again.

use std::ops::Range;

use super::clock::{self, Spelling, Stamp};
use super::finder::{Finder, is_tool_word, level_at, place};
use super::groups;
use super::pairs;
use super::timed::{self, trimmed};

/// Reads what stands behind the level, if it is tracing's. `t`: the time is RFC 3339, which is tracing's own.
pub(super) fn tracing(f: &mut Finder, at: usize, t: bool) -> bool {
    let mut start = at;
    let word = f.word_end(at);
    let id = if f.starts(at, b"ThreadId(") { at } else { (word + 1).min(f.line.len()) };
    if f.starts(id, b"ThreadId(")
        && let Some(close) = f.find(id, b')', 30)
    {
        f.named_text("thread.name", trimmed(f.line, at..id));
        f.named_number("thread.id", id + 9..close);
        start = f.skip(close + 1);
    }
    let threaded = start != at;
    let Some(first) = context(f.line, start) else {
        return threaded && timed::finish(f, "tracing", start, timed::Tail::Cut);
    };
    if place(f.line, start..first.end).is_some() {
        return false;
    }
    let behind = first.end + 2;
    let second = context(f.line, behind).filter(|second| path(&f.line[behind..second.end]));
    let spans_first = first.spans
        || second.as_ref().is_some_and(|second| {
            let name = &f.line[behind..second.end];
            !f.line[start..first.end].windows(2).any(|pair| pair == b"::")
                && (name.windows(2).any(|pair| pair == b"::")
                    || name.contains(&b'_') && plain(&f.line[start..first.end]))
        });
    let rust_like = spans_first || f.line[start..first.end].windows(2).any(|pair| pair == b"::");
    if !rust_like && !t && !threaded {
        return false;
    }
    let mut spans = 0..0;
    let mut message = behind;
    if spans_first {
        spans = start..first.end;
        if let Some(second) = second {
            f.logger(behind..second.end);
            message = second.end + 2;
        }
    } else if target(&f.line[start..first.end]) {
        f.logger(start..first.end);
    } else {
        return false;
    }
    let end = f.word_end(message);
    if end > message + 4 && f.line[end - 1] == b':' && place(f.line, message..end - 1).is_some() {
        f.code(message..end - 1);
        message = end + 1;
    }
    f.done("tracing", message);
    if !f.fields {
        return true;
    }
    f.named_text("span", spans.clone());
    tail(f);
    span_fields(f, spans);
    true
}

/// Cuts the event's fields from the message; a message of nothing but fields stays.
fn tail(f: &mut Finder) {
    let message = f.out.message.clone();
    if let Some(start) = pairs::loose(f.line, message.start, message.end, &mut f.out.fields)
        && start > message.start
    {
        f.out.message = trimmed(f.line, message.start..start);
    }
}

/// Spans whose fields are kept.
const SPANS: usize = 16;

fn span_fields(f: &mut Finder, spans: Range<usize>) {
    let mut found = [(0, 0); SPANS];
    let (mut count, mut at) = (0, spans.start);
    while at < spans.end && count < SPANS {
        let Some(open) = f.find(at, b'{', spans.end - at) else { break };
        let Some(close) = pairs::closing_bracket(f.line, open, spans.end) else { break };
        found[count] = (open + 1, close);
        (count, at) = (count + 1, close + 1);
    }
    for (open, close) in found[..count].iter().rev() {
        let before = f.out.fields.len();
        pairs::span(f.line, *open..*close, &mut f.out.fields);
        let mut kept = before;
        for at in before..f.out.fields.len() {
            let key = &f.line[f.out.fields[at].0.clone()];
            if !f.out.fields[..kept].iter().any(|(known, _)| &f.line[known.clone()] == key) {
                f.out.fields.swap(kept, at);
                kept += 1;
            }
        }
        f.out.fields.truncate(kept);
    }
}

struct Context {
    /// Where it ends, before its last `: `.
    end: usize,
    /// Whether it holds what only spans hold: fields, or several names.
    spans: bool,
}

/// Names joined by colons, each at times with fields in braces, ended by `: ` or a colon at the line's end.
fn context(b: &[u8], at: usize) -> Option<Context> {
    let (start, mut at, mut spans) = (at, at, false);
    loop {
        match b.get(at)? {
            b':' if b.get(at + 1) == Some(&b':') => at += 2,
            b':' => {
                if at == start {
                    return None;
                }
                match b.get(at + 1) {
                    None | Some(b' ') => return Some(Context { end: at, spans }),
                    Some(_) => (at, spans) = (at + 1, true),
                }
            }
            b'{' => {
                at = pairs::closing_bracket(b, at, b.len())? + 1;
                if b.get(at) != Some(&b':') {
                    return None;
                }
                spans = true;
            }
            b' ' | b'\t' | b'\n' | b'"' | b'=' | b',' | b'(' | b'[' | b'\'' => return None,
            _ => at += 1,
        }
    }
}

/// Whether a text is a path of Rust names.
fn path(name: &[u8]) -> bool {
    name.first().is_some_and(|c| c.is_ascii_alphabetic() || *c == b'_')
        && name.iter().all(|c| c.is_ascii_alphanumeric() || matches!(c, b'_' | b':' | b'-' | b'.' | b'/'))
}

/// Whether a text can be a target: a crate's name begins in lower case, `Error: text` is a message.
fn target(name: &[u8]) -> bool {
    path(name)
        && !is_tool_word(name)
        && (!name[0].is_ascii_uppercase() || name.windows(2).any(|pair| pair == b"::"))
}

fn plain(name: &[u8]) -> bool {
    name.iter().all(|c| c.is_ascii_alphanumeric() || matches!(c, b'_' | b'-' | b'/'))
}

/// ` INFO target: text`: tracing without a time pads its levels to five.
pub(super) fn untimed(f: &mut Finder) -> bool {
    let at = usize::from(f.at(0) == Some(b' '));
    let Some(word) = level_at(f.line, at).filter(|word| word.end == 5 && f.at(5) == Some(b' ')) else {
        return false;
    };
    f.level(at, word);
    let start = f.skip(6);
    let end = f.word_end(start);
    if at == 1 && f.starts(end, b" > ") && path(&f.line[start..end]) {
        f.logger(start..end); // pretty_env_logger
        return timed::finish(f, "env_logger", end + 3, timed::Tail::Keep);
    }
    tracing(f, 6, at == 1)
}

/// `[2026-11-22T19:46:55Z INFO  target] text`, behind the time: env_logger and others that put the level in there.
pub(super) fn env_logger(f: &mut Finder, stamp: &Stamp) -> bool {
    let Some(close) = f.find(stamp.end, b']', 240) else { return false };
    let mut start = stamp.end;
    while matches!(f.at(start), Some(b' ' | b':' | b'|' | b',')) {
        start += 1;
    }
    if start >= close || !groups::take_level(f, start..trimmed(f.line, start..close).end, false) {
        return false;
    }
    f.out.time = Some(stamp.time);
    let at = close + 1;
    let at = if f.at(at) == Some(b':') { at + 1 } else { at };
    let notation = match stamp.spelling {
        Spelling::OfDay => "serilog",
        _ if stamp.t => "env_logger",
        _ => "brackets",
    };
    timed::finish(f, notation, at, timed::Tail::Keep)
}

/// `   0.001234567s  INFO target: text`: tracing with the time since the start.
pub(super) fn uptime(f: &mut Finder) -> bool {
    let start = f.skip(0);
    let digits = clock::run(f.line, start, 9);
    let fraction = start + digits + 1;
    let end = fraction + clock::run(f.line, fraction, 10);
    if digits == 0 || f.at(fraction - 1) != Some(b'.') || end == fraction || !f.starts(end, b"s ") {
        return false;
    }
    let level = f.skip(end + 1);
    let Some(word) = level_at(f.line, level).filter(|word| f.at(word.end) == Some(b' ')) else {
        return false;
    };
    f.level(level, word);
    tracing(f, f.skip(word.end), true)
}

/// `  2026-11-22T19:46:45.060702Z  INFO target: text, key: value`: the first line of tracing's pretty form.
pub(super) fn pretty(f: &mut Finder) -> bool {
    let at = f.skip(0);
    let Some(stamp) = clock::stamp(f.line, at).filter(|stamp| stamp.t && at <= 4) else { return false };
    let level = f.skip(stamp.end);
    let Some(word) = level_at(f.line, level).filter(|word| matches!(f.at(word.end), None | Some(b' ')))
    else {
        return false;
    };
    f.time(stamp);
    f.level(level, word);
    let at = f.skip(word.end);
    let Some(target) = context(f.line, at).filter(|target| path(&f.line[at..target.end])) else {
        return f.done("tracing-pretty", at);
    };
    f.logger(at..target.end);
    f.done("tracing-pretty", target.end + 1)
}
