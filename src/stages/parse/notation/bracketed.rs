//! Lines that begin with a bracket.

use super::clock::{self, Spelling, Stamp};
use super::finder::{Case, Finder, Word, is_name, level_at};
use super::groups::{self, take_level};
use super::timed::{self, Tail, behind_level, finish, trimmed};
use super::{LineTime, go, node, rust};

/// A line whose first byte is `[`.
pub(super) fn line(f: &mut Finder) -> bool {
    if let Some(stamp) = clock::stamp(f.line, 1) {
        if f.at(stamp.end) == Some(b']') {
            return timed_group(f, stamp);
        }
        return rust::env_logger(f, &stamp);
    }
    if letter(f) {
        return true;
    }
    if let Some((stamp, end)) = clock::split(f.line) {
        return timed_group(f, Stamp { end, ..stamp });
    }
    let Some(close) = f.find(0, b']', 200) else { return false };
    let group = trimmed(f.line, 1..close);
    if group.is_empty() {
        return false;
    }
    if f.starts(0, b"[Nest] ") && node::nest(f, close + 1) {
        return true;
    }
    if take_level(f, group.clone(), false) {
        return leveled(f, close + 1);
    }
    let next = f.skip(close + 1);
    if next == close + 1 && f.at(next) != Some(b'[') && f.at(next) != Some(b':') {
        return false;
    }
    named_group(f, group, close + 1)
}

/// `[time] …`.
fn timed_group(f: &mut Finder, stamp: Stamp) -> bool {
    f.time(stamp);
    let at = f.skip(stamp.end + 1);
    match f.at(at) {
        None => return false,
        // Whatever follows a time, something is made of it.
        Some(first) if !f.fields && first != b':' => return true,
        Some(_) => {}
    }
    let inside = Stamp {
        spelling: if stamp.spelling == Spelling::Slashes { Spelling::Dashes } else { stamp.spelling },
        ..stamp
    };
    timed::after(f, at, inside)
}

/// Behind `[LEVEL]`: at times the time, groups, a name.
fn leveled(f: &mut Finder, at: usize) -> bool {
    let mut at = at;
    let start = f.skip(at);
    let bracket = usize::from(f.at(start) == Some(b'['));
    if let Some(stamp) = clock::stamp(f.line, start + bracket)
        && !matches!(stamp.spelling, Spelling::Number)
        && (bracket == 0 || f.at(stamp.end) == Some(b']'))
    {
        f.time(stamp);
        at = stamp.end + bracket;
        at = match f.at(at) {
            Some(b':' | b',') => at + 1,
            _ => at,
        };
        let dash = f.skip(at);
        if f.starts(dash, b"- ") {
            at = dash + 2;
        }
    }
    if f.has_logger() && f.out.time.is_none() {
        // `[INFO target] text`, `[FastMCP info] text`
        let at = if f.at(at) == Some(b':') { at + 1 } else { at };
        return finish(f, "brackets", at, Tail::Keep);
    }
    groups::behind(f, at)
}

/// `123 [main] INFO logger - text`: milliseconds since the start, then as [`line()`].
pub(super) fn counted(f: &mut Finder) -> bool {
    let open = clock::run(f.line, 0, 10) + 1;
    if !f.starts(open - 1, b" [") {
        return false;
    }
    let Some(close) = f.find(open, b']', 200) else { return false };
    let level = f.skip(close + 1);
    upper_level(f, level).is_some() && named_group(f, trimmed(f.line, open + 1..close), close + 1)
}

/// `[main] INFO logger - text`, `[mcp-server] 2026/11/22 …`, `[name] text`.
fn named_group(f: &mut Finder, group: std::ops::Range<usize>, at: usize) -> bool {
    let name = is_name(&f.line[group.clone()]);
    let start = f.skip(at);
    if let Some(stamp) = clock::stamp(f.line, start).filter(|stamp| stamp.spelling != Spelling::Number) {
        f.time(stamp);
        let understood = timed::after(f, stamp.end, stamp);
        if understood && !f.has_logger() && name {
            f.logger(group);
        }
        return understood;
    }
    if f.at(start) == Some(b'[')
        && let Some(close) = f.find(start, b']', 200)
    {
        let second = trimmed(f.line, start + 1..close);
        if let Some(stamp) = clock::stamp(f.line, second.start).filter(|stamp| stamp.end == second.end) {
            f.time(stamp);
            if name {
                f.logger(group);
            }
            return timed::after(f, close + 1, Stamp { spelling: Spelling::Dashes, ..stamp });
        }
        if take_level(f, second, true) {
            groups::keep(f, group, true);
            return leveled(f, close + 1);
        }
    }
    if let Some(word) = upper_level(f, start) {
        f.level(start, word);
        // What stands before a level without separators is the thread if a logger follows, else the logger.
        let stamp = Stamp { time: LineTime::OfDay(0), end: start, spelling: Spelling::MonthFirst, t: false };
        behind_level(f, word.end, &stamp);
        f.out.notation = if f.has_logger() { "slf4j-simple" } else { "brackets" };
        let logger = !f.has_logger();
        groups::keep(f, group, logger);
        return true;
    }
    if !name || f.at(start).is_none() || f.line[group.start].is_ascii_digit() {
        return false;
    }
    // The tag stays in the message: what follows may make sense only with it.
    f.logger(group);
    f.done("tagged", 0)
}

fn upper_level(f: &Finder, at: usize) -> Option<Word> {
    let word = level_at(f.line, at)?;
    let marked = f.at(word.end) == Some(b':');
    let accepted = match word.case {
        Case::Upper => !word.everyday && matches!(f.at(word.end), None | Some(b' ' | b':' | b'[')) || marked,
        Case::Lower => marked && !word.everyday,
        Case::Title => false,
    };
    accepted.then_some(word)
}

/// `[I 2026-11-22 19:46:55.123 ServerApp] text`, `[W 261122 19:46:55 web:2250] text`: Jupyter and Tornado.
fn letter(f: &mut Finder) -> bool {
    let Some(level) = f.at(1).and_then(go::klog_level).filter(|_| f.at(2) == Some(b' ')) else {
        return false;
    };
    let (time, end) = if let Some(stamp) = clock::stamp(f.line, 3) {
        (stamp.time, stamp.end)
    } else if let Some(short) = clock::short_date(f.line, 3) {
        short
    } else {
        return false;
    };
    let Some(close) = f.find(end, b']', 200) else { return false };
    let name = trimmed(f.line, end..close);
    f.out.time = Some(time);
    f.out.level = Some(level);
    f.out.level_text = 1..2;
    if super::finder::place(f.line, name.clone()).is_some() {
        f.code(name);
    } else {
        let name = f.logger_line(name);
        f.logger(name);
    }
    f.done("tornado", close + 1)
}
