//! Heads whose parts stand between bars or dashes: loguru, and formats of Python, .NET and others.
//!
//! * Parts are taken in any order until one is text: a level, a name, a process, a thread, a place in the code.
//! * Without a level among them there is no head: all is message.

use std::ops::Range;

use super::finder::{Finder, Word, is_name, level_at, place};
use super::timed::{HEAD, Tail, colons, finish, name_at, trimmed};

/// Parts between bars: loguru, and formats of Python, .NET and others.
pub(super) fn pipes(f: &mut Finder, at: usize) -> bool {
    let (first, mut at) = (at, at);
    for _ in 0..5 {
        at = f.skip(at);
        let loguru = f.has_level() && loguru(f, at);
        if loguru {
            return true;
        }
        let Some(bar) = f.find(at, b'|', HEAD) else { break };
        let part = trimmed(f.line, at..bar);
        if !segment(f, part) {
            break;
        }
        at = bar + 1;
    }
    if !f.has_level() {
        f.out.logger = 0..0;
        f.out.named.clear();
        return f.out.time.is_some() && finish(f, "timestamp", first, Tail::Keep);
    }
    let start = f.skip(at);
    if !f.has_logger()
        && let Some((name, message)) = name_at(f, start)
        && f.at(name.end) == Some(b' ')
    {
        f.logger(name);
        return finish(f, "bars", message, Tail::Keep);
    }
    finish(f, "bars", start, Tail::Keep)
}

/// `module:function:line - text`.
fn loguru(f: &mut Finder, at: usize) -> bool {
    let end = f.word_end(at);
    let word = &f.line[at..end];
    if !f.starts(end, b" - ") && f.line[end..] != b" -"[..] {
        return false;
    }
    let Some(second) = word.iter().rposition(|c| *c == b':') else { return false };
    let Some(first) = word[..second].iter().rposition(|c| *c == b':') else { return false };
    if !word[second + 1..].iter().all(u8::is_ascii_digit) {
        return false;
    }
    f.logger(at..at + first);
    f.named_text("code.function", at + first + 1..at + second);
    f.named_number("code.line", at + second + 1..end);
    finish(f, "loguru", end + 2, Tail::Keep)
}

/// Parts between dashes: `asctime - name - LEVEL - text` in any order.
pub(super) fn dashes(f: &mut Finder, at: usize) -> bool {
    let start = at;
    let mut at = at;
    for part in 0..6 {
        at = f.skip(at);
        let dash = f.find_text(at, b" - ", HEAD);
        if !f.has_level()
            && let Some(word) = level_at(f.line, at)
            && matches!(f.at(word.end), Some(b':'))
        {
            f.level(at, word);
            return colons(f, "python", word.end + 1);
        }
        let end = dash.unwrap_or(f.line.len());
        let segment_range = trimmed(f.line, at..end);
        let whole = dash.is_none();
        if whole && (f.has_level() || level_in(f, segment_range.clone()).is_none()) {
            break;
        }
        // A first part may be any name; behind the level only what looks like one.
        let loose = part == 0 && !f.has_level() && next_is_level(f, end + 3);
        if loose && !level_segment(f, segment_range.clone()) {
            f.logger(segment_range);
        } else if !segment(f, segment_range) {
            break;
        }
        at = (end + 3).min(f.line.len());
    }
    if !f.has_level() {
        if f.out.time.is_none() {
            return false;
        }
        // No level, no head: what looked like names was text.
        f.out.logger = 0..0;
        f.out.named.clear();
        return finish(f, "timestamp", start, Tail::Keep);
    }
    finish(f, "python", at, Tail::Keep)
}

fn next_is_level(f: &Finder, at: usize) -> bool {
    let at = f.skip(at.min(f.line.len()));
    level_at(f.line, at).is_some_and(|word| matches!(f.at(word.end), None | Some(b' ' | b':')))
        || f.at(at) == Some(b'[') && level_at(f.line, at + 1).is_some_and(|word| f.at(word.end) == Some(b']'))
}

fn level_in(f: &Finder, part: Range<usize>) -> Option<Word> {
    level_at(f.line, part.start).filter(|word| word.end == part.end)
}

fn level_segment(f: &Finder, part: Range<usize>) -> bool {
    level_in(f, part.clone()).is_some()
        || f.line[part.clone()].starts_with(b"[") && level_in(f, part.start + 1..part.end - 1).is_some()
}

/// Takes one part between separators; `false` if it is text.
fn segment(f: &mut Finder, part: Range<usize>) -> bool {
    let mut part = part;
    if f.line[part.clone()].starts_with(b"[") && f.line[part.clone()].ends_with(b"]") && part.len() > 2 {
        part = trimmed(f.line, part.start + 1..part.end - 1);
    }
    let word = &f.line[part.clone()];
    if !f.has_level()
        && let Some(level) = level_in(f, part.clone())
    {
        f.level(part.start, level);
        return true;
    }
    if word.is_empty() {
        return true;
    }
    if word.iter().all(u8::is_ascii_digit) {
        f.named_number("process.pid", part);
    } else if place(f.line, part.clone()).is_some() {
        f.code(part);
    } else if thread(word) {
        f.named_text("thread.name", part);
    } else if !is_name(word) || f.has_logger() && f.has_level() {
        return false; // text, or what may be a text of one word
    } else if f.has_logger() {
        f.named_text("thread.name", part);
    } else {
        f.logger(part);
    }
    true
}

pub(super) fn thread(word: &[u8]) -> bool {
    match word.first() {
        Some(b'M') => word.starts_with(b"MainThread") || word.starts_with(b"MainProcess"),
        Some(b'T') => word.starts_with(b"Thread-") || word.starts_with(b"ThreadPool"),
        Some(b'a' | b'A') => word.starts_with(b"asyncio_") || word.starts_with(b"AnyIO worker"),
        _ => false,
    }
}
