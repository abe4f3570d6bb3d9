//! What follows a time at the head of a line, and what follows a level: the layouts that Python, Java, Node and others
//! share.
//!
//! * A level is a word at its place: behind the time, in brackets of its own, between separators. Words in prose are none.
//! * A name is a logger only where a separator says so.

use std::ops::Range;

use super::clock::{Spelling, Stamp};
use super::finder::{Case, Finder, Word, is_name, level_at, place};
use super::separated::{dashes, pipes, thread};
use super::{access, go, groups, java, json_tail, leveled, node, pairs, rust, syslog};

/// Bytes in which the parts of a head must lie.
pub(super) const HEAD: usize = 240;

/// What becomes of `key=value` behind the message.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Tail {
    /// Fields, and no part of the message: the logger wrote them.
    Cut,
    /// Fields, and part of the message: the author wrote them.
    Keep,
}

/// Reads what follows a time at the line's start.
pub(super) fn read(f: &mut Finder, stamp: Stamp) -> bool {
    f.time(stamp);
    let at = match f.at(stamp.end) {
        Some(b'\t') => {
            return if go::zap(f, stamp.end + 1) { true } else { after(f, stamp.end + 1, stamp) };
        }
        Some(b' ' | b'[') => stamp.end,
        Some(b'|' | b';') => return pipes(f, stamp.end + 1),
        Some(b':' | b',') => stamp.end + 1,
        _ => return false,
    };
    // `time:name:LEVEL:text`
    if f.at(stamp.end) == Some(b':')
        && let Some(colon) = f.find(at, b':', 120)
        && is_name(&f.line[at..colon])
        && let Some(word) = level_at(f.line, colon + 1).filter(|word| f.at(word.end) == Some(b':'))
    {
        f.logger(at..colon);
        f.level(colon + 1, word);
        return finish(f, "python", word.end + 1, Tail::Keep);
    }
    after(f, at, stamp)
}

/// Whether a head follows the time for certain: whatever stands there, [`read`] makes something of it.
pub(super) fn is_head(f: &Finder, stamp: &Stamp) -> bool {
    matches!(f.at(stamp.end), Some(b' ' | b'\t' | b'|' | b';' | b'['))
        && f.at(f.skip(stamp.end + 1)).is_some_and(|c| c != b':')
}

/// Reads what follows a time and the separator behind it.
pub(super) fn after(f: &mut Finder, at: usize, stamp: Stamp) -> bool {
    let at = f.skip(at);
    let Some(first) = f.at(at) else { return false };
    match first {
        b'|' if stamp.spelling == Spelling::Slashes && access::gin(f, at + 1) => return true,
        b'|' => return pipes(f, at + 1),
        b'-' if f.at(at + 1) == Some(b' ') => return dashes(f, at + 2),
        b'-' if f.starts(at, b"-- ") => return dashes(f, at + 3),
        _ => {}
    }
    let at = if first == b':' && f.at(at + 1) == Some(b' ') { f.skip(at + 2) } else { at };
    if f.at(at).is_none() {
        return false;
    }
    if stamp.spelling == Spelling::Slashes {
        return go::log(f, at);
    }
    items(f, at, stamp)
}

/// Groups in brackets, names and a level in any usual order, then the message.
fn items(f: &mut Finder, start: usize, stamp: Stamp) -> bool {
    let mut at = start;
    let mut seen: [Range<usize>; 4] = Default::default();
    let mut count = 0;
    let (mut host, mut name) = (0..0, 0..0);
    for _ in 0..8 {
        at = f.skip(at);
        let Some(first) = f.at(at) else { break };
        if first == b'[' {
            let Some(close) = f.find(at, b']', HEAD) else { break };
            let inner = trimmed(f.line, at + 1..close);
            at = close + 1;
            if groups::take_level(f, inner.clone(), true) {
                groups::commit(f, &seen[..count], host, name);
                return groups::behind(f, at);
            }
            if count == seen.len() {
                break;
            }
            (seen[count], count) = (inner, count + 1);
            continue;
        }
        if matches!(first, b'<' | b'(') {
            let Some(word) =
                level_at(f.line, at + 1).filter(|word| matches!(f.at(word.end), Some(b'>' | b')')))
            else {
                break;
            };
            f.level(at + 1, word);
            groups::commit(f, &seen[..count], host, name);
            return groups::behind(f, word.end + 1);
        }
        if first == b'-' && f.at(at + 1) == Some(b' ') && count > 0 {
            at += 2;
            continue;
        }
        if let Some(word) = bare_level(f, at, &stamp, count > 0 || !name.is_empty()) {
            f.level(at, word);
            groups::commit(f, &seen[..count], host, name);
            return behind_level(f, word.end, &stamp);
        }
        let end = f.word_end(at);
        if let Some((dot, word)) = monolog(f, at, end) {
            f.level(dot, word);
            f.logger(at..dot - 1);
            return json_tail::finish(f, "monolog", word.end + 1, Tail::Cut);
        }
        if stamp.spelling == Spelling::OfDay && name.is_empty() && groups::metadata(f, at..end) {
            at = end;
            continue;
        }
        let candidate = bare_name(f.line, at..end);
        // A second name is a process on the host that the first one is.
        let second = !name.is_empty() && host.is_empty() && f.line[at..end].ends_with(b"]");
        if candidate.is_empty() || !name.is_empty() && !second || count == seen.len() {
            break;
        }
        if second {
            host = name;
        }
        (name, at) = (candidate, end);
    }
    f.out.fields.clear();
    if leveled::dotnet_at(f, f.skip(start)) {
        return true;
    }
    f.out.level = None;
    f.out.level_text = 0..0;
    if let Some(message) = java::spring(f, f.skip(start)) {
        return finish(f, "spring-boot", message, Tail::Keep);
    }
    if node::debug(f, start, &stamp) || stamp.t && syslog::rsyslog(f, start) {
        return true;
    }
    finish(f, "timestamp", start, Tail::Keep)
}

/// A name that may stand before a level without separators: `mcp.server`, `app[12]`, `worker:`, `1234`.
fn bare_name(b: &[u8], range: Range<usize>) -> Range<usize> {
    let mut end = range.end;
    if b[range.clone()].ends_with(b":") {
        end -= 1;
    }
    if b[range.start..end].ends_with(b"]")
        && let Some(open) = b[range.start..end].iter().position(|c| *c == b'[')
    {
        end = range.start + open;
    }
    let word = &b[range.start..end];
    let module = word.iter().any(|c| matches!(c, b'.' | b'_' | b':' | b'-'));
    let digits = !word.is_empty() && word.iter().all(u8::is_ascii_digit);
    if digits || is_name(word) && (module || word[0].is_ascii_lowercase()) { range.start..end } else { 0..0 }
}

/// `channel.LEVEL:` as PHP's Monolog writes it: the level and where it begins.
fn monolog(f: &Finder, at: usize, end: usize) -> Option<(usize, Word)> {
    let word = &f.line[at..end];
    let dot = word.strip_suffix(b":")?.iter().rposition(|c| *c == b'.')?;
    let level = level_at(f.line, at + dot + 1)?;
    (dot > 0 && level.case == Case::Upper && level.end == end - 1).then_some((at + dot + 1, level))
}

/// A level in a word of its own behind a time (or behind a name or group that follows one).
fn bare_level(f: &Finder, at: usize, stamp: &Stamp, behind_name: bool) -> Option<Word> {
    if f.starts(at, b"LOG:  ") {
        // PostgreSQL
        return Some(Word {
            level: crate::event::Level::Info,
            end: at + 3,
            case: Case::Upper,
            everyday: false,
        });
    }
    let word = level_at(f.line, at)?;
    let next = f.at(word.end);
    let marked = match next {
        None | Some(b'|' | b'\t' | b']' | b')') => true,
        // `Error: text` is an exception's name or prose.
        Some(b':') => word.case != Case::Title,
        Some(b' ') => matches!(f.at(word.end + 1), Some(b' ' | b'[' | b'(' | b'|' | b'-' | b':')),
        Some(b'[' | b'/' | b',') => word.case == Case::Upper,
        _ => return None,
    };
    let accepted = match word.case {
        Case::Upper => marked || !word.everyday,
        Case::Lower => !word.everyday && (marked || !behind_name && (stamp.t || exact(f.line, stamp))),
        Case::Title => !word.everyday && marked,
    };
    accepted.then_some(word)
}

/// Whether a time is written with a fraction: a logger wrote it, no author.
fn exact(b: &[u8], stamp: &Stamp) -> bool {
    let end = &b[stamp.end.saturating_sub(14)..stamp.end];
    stamp.spelling == Spelling::Dashes && end.iter().any(|c| matches!(c, b'.' | b','))
}

/// Behind a level.
pub(super) fn behind_level(f: &mut Finder, end: usize, stamp: &Stamp) -> bool {
    let notation = match stamp.spelling {
        Spelling::OfDay => "logback",
        Spelling::Dashes => "python",
        _ => "timestamp",
    };
    match f.at(end) {
        None => return f.done(notation, end),
        Some(b':') => return colons(f, notation, end + 1),
        Some(b'|') => return pipes(f, end + 1),
        Some(b'\t') if go::zap_fields(f, end + 1) => return true,
        Some(b'/') => {
            let stop = f.word_end(end);
            let name = end + 1..stop - usize::from(f.line[stop - 1] == b':');
            if name.start < name.end {
                f.named_text("thread.name", name);
            }
            return finish(f, notation, stop, Tail::Keep);
        }
        Some(b' ' | b'[' | b'\t') => {}
        _ => return finish(f, notation, end, Tail::Keep),
    }
    if go::zerolog(f, end) {
        return true;
    }
    let at = f.skip(end);
    if let Some(message) = java::spring(f, at) {
        return finish(f, "spring-boot", message, Tail::Keep);
    }
    // A comma before the milliseconds is Python's or Java's.
    let comma = stamp.end >= 4 && f.line[stamp.end - 4] == b',';
    if stamp.spelling == Spelling::Dashes && !comma && rust::tracing(f, at, stamp.t) {
        return true;
    }
    if stamp.spelling == Spelling::Month
        && f.at(at) == Some(b'[')
        && let Some(close) = f.find(at, b']', HEAD)
        && let class = (f.skip(close + 1)..f.word_end(f.skip(close + 1)))
        && f.line[class.clone()].iter().filter(|c| **c == b'.').count() > 1
        && is_name(&f.line[class.clone()])
    {
        // Tomcat: `22-Nov-2026 19:46:55.123 INFO [main] org.apache.catalina.startup.Catalina.start text`
        f.named_text("thread.name", at + 1..close);
        f.logger(class.clone());
        return finish(f, "tomcat", class.end, Tail::Keep);
    }
    named_level(f, notation, at)
}

/// Behind a level and blanks, where the notation is one of many.
pub(super) fn named_level(f: &mut Finder, notation: &'static str, at: usize) -> bool {
    match f.at(at) {
        Some(b'[') => {
            let mut at = groups::kept(f, at);
            let close = f.skip(at);
            if f.at(close) == Some(b'(')
                && f.has_logger()
                && let Some(end) = f.find(close, b')', 80)
            {
                f.named_text("thread.name", close + 1..end); // Quarkus: `INFO  [io.quarkus] (main) text`
                at = end + 1;
            }
            if f.at(at) == Some(b'[') {
                return finish(f, notation, at, Tail::Keep);
            }
            named_message(f, notation, at)
        }
        Some(b'(') => {
            if node::pino_pretty(f, at) {
                return true;
            }
            finish(f, notation, at, Tail::Keep)
        }
        Some(b'|') => pipes(f, at + 1),
        Some(b'-') if f.at(at + 1) == Some(b' ') => dashes(f, at + 2),
        Some(b'-') if f.starts(at, b"-- ") => finish(f, notation, at + 3, Tail::Keep),
        Some(b':') if f.at(at + 1) == Some(b' ') => finish(f, notation, at + 2, Tail::Keep),
        _ => named_message(f, notation, at),
    }
}

/// A logger's name with the separator behind it: `name - `, `name -- `, `name: `, `name : `. Gives the name and where
/// the message begins.
pub(super) fn name_at(f: &Finder, at: usize) -> Option<(Range<usize>, usize)> {
    let end = f.word_end(at);
    let word = &f.line[at..end];
    if let Some(name) = word.strip_suffix(b":") {
        let marked = name.iter().any(|c| matches!(c, b'.' | b'_' | b'$' | b'-'));
        let plain = name.first().is_some_and(u8::is_ascii_lowercase);
        return (is_name(name) && (marked || plain)).then_some((at..end - 1, end));
    }
    let mut behind = f.skip(end);
    if f.at(behind) == Some(b'[')
        && let Some(close) = f.find(behind, b']', HEAD)
        && f.starts(close + 1, b" - ")
    {
        behind = close + 2; // log4j2's context: `org.acme.Main [] - text`
    }
    let separator = [&b"- "[..], b"-- ", b": ", b"| "].into_iter().find(|s| f.starts(behind, s));
    let length = match separator {
        Some(separator) => separator.len(),
        None if matches!(&f.line[behind..], b"-" | b":") => 1,
        None => return None,
    };
    (end > at && is_name(word)).then_some((at..end, behind + length))
}

/// A logger's name if one follows, then the message.
pub(super) fn named_message(f: &mut Finder, notation: &'static str, at: usize) -> bool {
    let mut at = f.skip(at);
    if f.starts(at, b"in ")
        && let end = f.word_end(at + 3)
        && f.line[at + 3..end].ends_with(b":")
        && is_name(&f.line[at + 3..end - 1])
    {
        f.logger(at + 3..end - 1); // Flask: `ERROR in app: text`
        return finish(f, "flask", end, Tail::Keep);
    }
    let mut end = f.word_end(at);
    if thread(&f.line[at..end]) && end < f.line.len() {
        f.named_text("thread.name", at..end);
        at = f.skip(end);
        end = f.word_end(at);
    }
    let mut message = at;
    if let Some(after) = code_word(f, at, end) {
        message = after;
    } else if let Some((name, after)) = name_at(f, at) {
        message = after;
        let name = f.logger_line(name);
        if f.has_logger() {
            f.named_text("thread.name", name);
        } else {
            f.logger(name);
        }
    } else if matches!(f.at(at), Some(b'-' | b':')) && matches!(f.at(at + 1), Some(b' ')) {
        message = at + 2;
    }
    finish(f, notation, message, Tail::Keep)
}

/// A place in the code before the message: `server.py:42: `, `main.go:42 - `, pytest's `logger:server.py:42 `. Where it
/// ends.
fn code_word(f: &mut Finder, at: usize, end: usize) -> Option<usize> {
    let stop = end - usize::from(f.line[at..end].ends_with(b":"));
    place(f.line, at..stop)?;
    let text = &f.line[at..stop];
    let colon = text.iter().position(|c| *c == b':').map(|colon| at + colon);
    let file = match colon.filter(|colon| place(f.line, colon + 1..stop).is_some()) {
        Some(colon) if is_name(&f.line[at..colon]) => {
            f.logger(at..colon);
            colon + 1
        }
        _ => at,
    };
    f.code(file..stop);
    let next = f.skip(end);
    Some(if f.starts(next, b"- ") || f.starts(next, b"| ") { next + 2 } else { next })
}

/// Behind `LEVEL:`.
pub(super) fn colons(f: &mut Finder, notation: &'static str, at: usize) -> bool {
    if matches!(f.at(at), None | Some(b' ' | b'\t')) {
        if f.line[f.out.level_text.start].is_ascii_lowercase() {
            return leveled::category(f, at) || json_tail::finish(f, "winston", at, Tail::Keep);
        }
        return node::bunyan(f, at) || finish(f, notation, at, Tail::Keep);
    }
    if let Some(stamp) = super::clock::stamp(f.line, at).filter(|stamp| f.at(stamp.end) == Some(b':')) {
        f.time(stamp); // `LEVEL:time:text`
        return finish(f, notation, stamp.end + 1, Tail::Keep);
    }
    if let Some(colon) = f.find(at, b':', 200)
        && is_name(&f.line[at..colon])
        && !f.starts(colon, b"://")
        && !f.starts(colon, b"::")
    {
        f.logger(at..colon);
        return finish(f, notation, colon + 1, Tail::Keep);
    }
    finish(f, notation, at, Tail::Keep)
}

/// The message begins at `at`; `key=value` at its end become fields.
pub(super) fn finish(f: &mut Finder, notation: &'static str, at: usize, tail: Tail) -> bool {
    f.done(notation, at);
    if !f.fields {
        return true;
    }
    let message = f.out.message.clone();
    access::message(f, message.start);
    let end = memchr::memchr(b'\n', &f.line[message.clone()]).map_or(message.end, |n| message.start + n);
    if let Some(start) = pairs::strict(f.line, message.start, end, &mut f.out.fields)
        && tail == Tail::Cut
        && start > message.start
    {
        f.out.message = trimmed(f.line, message.start..start);
    }
    true
}

/// A range without the blanks around it.
pub(super) fn trimmed(b: &[u8], range: Range<usize>) -> Range<usize> {
    let (mut start, mut end) = (range.start, range.end.max(range.start));
    while start < end && matches!(b[start], b' ' | b'\t') {
        start += 1;
    }
    while end > start && matches!(b[end - 1], b' ' | b'\t') {
        end -= 1;
    }
    start..end
}
