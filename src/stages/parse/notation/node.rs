//! Node: `debug`, pino-pretty, bunyan's viewer, Nest. winston shares its layouts with others.

use super::clock::{self, Stamp};
use super::finder::{Case, Finder, Word, is_name, level_at, place};
use super::json_tail;
use super::timed::{Tail, trimmed};

/// `2026-11-22T19:59:30.273Z mcp:tool call read_file`: Node's `debug` without a terminal.
pub(super) fn debug(f: &mut Finder, at: usize, stamp: &Stamp) -> bool {
    let end = f.word_end(f.skip(at));
    let start = f.skip(at);
    let word = &f.line[start..end];
    let inner = word.iter().position(|c| *c == b':').is_some_and(|colon| colon > 0 && colon + 1 < word.len());
    if !stamp.t
        || !inner
        || !is_name(word)
        || end == f.line.len()
        || word.windows(2).any(|pair| pair == b"//" || pair == b"::")
    {
        return false;
    }
    if place(f.line, start..end).is_some() {
        return false;
    }
    f.logger(start..end);
    f.done("debug", end)
}

/// `  mcp:tool call read_file +2ms`: Node's `debug` on a terminal, its colours stripped.
pub(super) fn debug_terminal(f: &mut Finder) -> bool {
    if !f.starts(0, b"  ") || f.at(2) == Some(b' ') {
        return false;
    }
    let start = 2;
    let end = f.word_end(start);
    let Some(plus) = f.line.iter().rposition(|c| *c == b'+') else { return false };
    let digits = clock::run(f.line, plus + 1, 12);
    let unit = matches!(&f.line[plus + 1 + digits..], b"ms" | b"s" | b"m" | b"h" | b"d");
    if start != 2
        || digits == 0
        || !unit
        || plus <= end
        || f.line[plus - 1] != b' '
        || !is_name(&f.line[start..end])
    {
        return false;
    }
    f.logger(start..end);
    f.done("debug", end);
    f.out.message = trimmed(f.line, f.out.message.start..plus);
    true
}

/// `[Nest] 123  - 11/22/2026, 7:46:55 PM     LOG [Context] text`.
pub(super) fn nest(f: &mut Finder, at: usize) -> bool {
    let pid = f.skip(at);
    let digits = clock::run(f.line, pid, 10);
    let dash = f.skip(pid + digits);
    if digits == 0 || !f.starts(dash, b"- ") {
        return false;
    }
    let Some(stamp) = clock::stamp(f.line, f.skip(dash + 2)) else { return false };
    let level = f.skip(stamp.end);
    let end = f.word_end(level);
    if let Some(word) = level_at(f.line, level).filter(|word| word.end == end) {
        f.level(level, word);
    } else if f.line[level..end] == b"LOG"[..] {
        f.level(level, Word { level: crate::event::Level::Info, end, case: Case::Upper, everyday: false });
    } else {
        return false;
    }
    f.time(stamp);
    f.named_number("process.pid", pid..pid + digits);
    let mut message = f.skip(end);
    if f.at(message) == Some(b'[')
        && let Some(close) = f.find(message, b']', 120)
    {
        f.logger(message + 1..close);
        message = close + 1;
    }
    f.done("nest", message)
}

/// `INFO (123): text`, `INFO (name/123 on host): text`; behind the level.
pub(super) fn pino_pretty(f: &mut Finder, at: usize) -> bool {
    let Some(close) = f.find(at, b')', 80).filter(|close| f.at(close + 1) == Some(b':')) else {
        return false;
    };
    writer(f, at + 1, close);
    json_tail::finish(f, "pino-pretty", close + 2, Tail::Keep)
}

/// `[time]  INFO: name/123 on host: text`; behind the level's colon.
pub(super) fn bunyan(f: &mut Finder, at: usize) -> bool {
    let at = f.skip(at);
    let Some(colon) = f.find(at, b':', 120).filter(|colon| f.at(colon + 1) == Some(b' ')) else {
        return false;
    };
    let text = &f.line[at..colon];
    let Some(on) = text.windows(4).position(|four| four == b" on ") else { return false };
    let slash = text[..on].iter().rposition(|c| *c == b'/').map_or(0, |slash| slash + 1);
    let pid = &text[slash..on];
    if pid.is_empty() || slash < 2 || !pid.iter().all(u8::is_ascii_digit) {
        return false;
    }
    writer(f, at, colon);
    f.done("bunyan", colon + 1)
}

/// `name/123 on host`, or parts of it.
fn writer(f: &mut Finder, start: usize, end: usize) {
    let text = &f.line[start..end];
    let on = text.windows(4).position(|four| four == b" on ").unwrap_or(text.len());
    let slash = text[..on].iter().rposition(|c| *c == b'/').map_or(0, |slash| slash + 1);
    f.named_number("process.pid", start + slash..start + on);
    if slash > 1 {
        f.logger(start..start + slash - 1);
    }
}
