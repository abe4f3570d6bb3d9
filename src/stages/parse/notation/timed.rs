//! What follows a time at the head of a line, and what follows a level: the layouts that Python, Java, Node and others
//! share.
//!
//! * A level is a word at its place: behind the time, in brackets of its own, between separators. Words in prose are none.
//! * A name is a logger only where a separator says so.

use std::ops::Range;

use super::clock::{Spelling, Stamp};
use super::finder::{Case, Finder, Word, everyday, is_name, level_at, place};
use super::{access, go, java, json_tail, pairs, rust, syslog};

/// Bytes in which the parts of a head must lie.
const HEAD: usize = 240;

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
    after(f, at, stamp)
}

/// Reads what follows a time and the separator behind it.
pub(super) fn after(f: &mut Finder, at: usize, stamp: Stamp) -> bool {
    let at = f.skip(at);
    let Some(first) = f.at(at) else { return false };
    match first {
        b'|' => return pipes(f, at + 1),
        b'-' if f.at(at + 1) == Some(b' ') => return dashes(f, at + 2),
        b'-' if f.starts(at, b"-- ") => return dashes(f, at + 3),
        b':' if f.at(at + 1) == Some(b' ') => return after(f, at + 2, stamp),
        _ => {}
    }
    if stamp.spelling == Spelling::Slashes {
        return go::log(f, at);
    }
    items(f, at, stamp)
}

/// Groups in brackets, a name and a level in any usual order, then the message.
fn items(f: &mut Finder, start: usize, stamp: Stamp) -> bool {
    let mut at = start;
    let mut groups: [Range<usize>; 4] = Default::default();
    let mut count = 0;
    let mut name = 0..0;
    loop {
        at = f.skip(at);
        match f.at(at) {
            Some(b'[') => {
                let Some(close) = f.find(at, b']', HEAD) else { break };
                let inner = trimmed(f.line, at + 1..close);
                at = close + 1;
                if level_group(f, inner.clone(), true) {
                    commit(f, &groups[..count], name);
                    return behind_group(f, at);
                }
                if count == groups.len() {
                    break;
                }
                groups[count] = inner;
                count += 1;
            }
            Some(b'<' | b'(') => {
                let Some(word) = level_at(f.line, at + 1) else { break };
                if !matches!(f.at(word.end), Some(b'>' | b')')) {
                    break;
                }
                f.level(at + 1, word);
                commit(f, &groups[..count], name);
                return behind_group(f, word.end + 1);
            }
            Some(_) => {
                if let Some(word) = bare_level(f, at, &stamp, count > 0 || !name.is_empty()) {
                    f.level(at, word);
                    commit(f, &groups[..count], name);
                    return behind_level(f, word.end, &stamp);
                }
                if !name.is_empty() || count == groups.len() {
                    break;
                }
                let end = f.word_end(at);
                if let Some(word) = monolog(f, at, end) {
                    f.level(word.0, word.1);
                    f.logger(at..word.0 - 1);
                    return json_tail::finish(f, "monolog", word.1.end + 1);
                }
                let candidate = bare_name(f.line, at..end);
                if candidate.is_empty() {
                    break;
                }
                (name, at) = (candidate, end);
            }
            None => break,
        }
    }
    if let Some(message) = java::spring(f, f.skip(start)) {
        return finish(f, "spring-boot", message, Tail::Keep);
    }
    if node_debug(f, start, &stamp) || stamp.t && syslog::rsyslog(f, start) {
        return true;
    }
    finish(f, "timestamp", start, Tail::Keep)
}

/// A name that may stand before a level without separators: `mcp.server`, `app[12]`, `worker:`.
fn bare_name(b: &[u8], range: Range<usize>) -> Range<usize> {
    let mut end = range.end;
    if end > range.start && b[end - 1] == b':' {
        end -= 1;
    }
    if end > range.start
        && b[end - 1] == b']'
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

/// `2026-11-22T19:59:30.273Z mcp:tool call read_file`: Node's `debug` without a terminal.
fn node_debug(f: &mut Finder, at: usize, stamp: &Stamp) -> bool {
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
pub(super) fn node_debug_terminal(f: &mut Finder) -> bool {
    let start = f.skip(0);
    let end = f.word_end(start);
    let Some(plus) = f.line.iter().rposition(|c| *c == b'+') else { return false };
    let digits = super::clock::run(f.line, plus + 1, 12);
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

/// A level in a word of its own behind a time (or behind a name or group that follows one).
fn bare_level(f: &Finder, at: usize, stamp: &Stamp, behind_name: bool) -> Option<Word> {
    let word = level_at(f.line, at)?;
    let next = f.at(word.end);
    let marked = match next {
        None | Some(b'|' | b'\t' | b']' | b')') => true,
        Some(b':') => true,
        Some(b' ') => matches!(f.at(word.end + 1), Some(b' ' | b'[' | b'(' | b'|' | b'-' | b':')),
        Some(b'[' | b'/' | b',') => word.case == Case::Upper,
        _ => return None,
    };
    let everyday = everyday(&f.line[at..word.end]);
    let accepted = match word.case {
        Case::Upper => marked || !everyday,
        Case::Lower => !everyday && (marked || !behind_name && (stamp.t || exact(f.line, stamp))),
        Case::Title => !everyday && marked,
    };
    accepted.then_some(word)
}

/// Whether a time is written with a fraction: a logger wrote it, no author.
fn exact(b: &[u8], stamp: &Stamp) -> bool {
    stamp.spelling == Spelling::Dashes
        && b[stamp.end.saturating_sub(14)..stamp.end].iter().any(|c| matches!(c, b'.' | b','))
}

/// Keeps the groups and the name that stood before the level.
fn commit(f: &mut Finder, groups: &[Range<usize>], name: Range<usize>) {
    if !name.is_empty() {
        if f.line[name.start].is_ascii_digit() {
            f.named_number("process.pid", name);
        } else {
            f.logger(name);
        }
    }
    for group in groups {
        keep_group(f, group.clone(), false);
    }
}

/// Keeps what a pair of brackets says: a process, a place in the code, a thread or a logger.
fn keep_group(f: &mut Finder, group: Range<usize>, logger: bool) {
    let word = &f.line[group.clone()];
    if word.is_empty() {
        return;
    }
    if word.iter().all(u8::is_ascii_digit) {
        f.named_number("process.pid", group);
    } else if place(f.line, group.clone()).is_some() {
        f.code(group);
    } else if logger && !f.has_logger() && is_name(word) {
        f.logger(group);
    } else {
        f.named_text("thread.name", group);
    }
}

/// A group that holds a level: `[INFO]`, `[info     ]`, `[INFO  target]`, `[FastMCP info]`, `[INFO/MainProcess]`.
///
/// `alone` refuses a level that has company in the group.
pub(super) fn level_group(f: &mut Finder, group: Range<usize>, alone: bool) -> bool {
    let Some(word) = group_level(f.line, group.clone()) else { return false };
    let (at, word, rest) = word;
    if alone && !rest.is_empty() && f.line[word.end.min(group.end - 1)] != b'/' {
        return false;
    }
    f.level(at, word);
    if !rest.is_empty() {
        f.logger(rest);
    }
    true
}

/// The level in a group, where it stands, and the name beside it.
fn group_level(b: &[u8], group: Range<usize>) -> Option<(usize, Word, Range<usize>)> {
    if let Some(word) = level_at(b, group.start).filter(|word| word.end <= group.end) {
        if word.end == group.end {
            let spelled = &b[group.clone()];
            // `[config]` and `[all]` are parts of a program; `[SUCCESS]` and `[notice]` are levels.
            let component = matches!(
                spelled.to_ascii_uppercase().as_slice(),
                b"CONFIG" | b"ALL" | b"FINE" | b"ALERT" | b"PANIC"
            );
            return (!component).then_some((group.start, word, 0..0));
        }
        if matches!(b[word.end], b' ' | b'/' | b':' | b'|')
            && !(word.case == Case::Title || everyday(&b[group.start..word.end]))
        {
            let rest = trimmed(b, word.end + 1..group.end);
            return (is_name(&b[rest.clone()])).then_some((group.start, word, rest));
        }
        return None;
    }
    let blank = b[group.clone()].iter().rposition(|c| matches!(c, b' ' | b'/' | b':'))?;
    let at = group.start + blank + 1;
    let word = level_at(b, at)
        .filter(|word| word.end == group.end && !everyday(&b[at..word.end]) && word.case != Case::Title)?;
    let rest = trimmed(b, group.start..at - 1);
    is_name(&b[rest.clone()]).then_some((at, word, rest))
}

/// Behind a level in brackets: more groups, a name, the message.
pub(super) fn behind_group(f: &mut Finder, at: usize) -> bool {
    let mut at = at;
    if f.at(at) == Some(b':') {
        return finish(f, "winston", at + 1, Tail::Keep);
    }
    let padded = f.line[f.out.level_text.end..].starts_with(b" ");
    if padded || structlog_level(f) {
        return structlog(f, at);
    }
    loop {
        at = f.skip(at);
        if f.at(at) != Some(b'[') {
            break;
        }
        let Some(close) = f.find(at, b']', HEAD) else { break };
        let inner = trimmed(f.line, at + 1..close);
        let word = &f.line[inner.clone()];
        if !word.iter().all(u8::is_ascii_digit) && !is_name(word) && place(f.line, inner.clone()).is_none() {
            break;
        }
        keep_group(f, inner, true);
        at = close + 1;
        if f.at(at) == Some(b':') {
            at += 1;
        }
    }
    named_message(f, "brackets", at)
}

/// structlog writes its levels in lower case behind a date and a blank.
fn structlog_level(f: &Finder) -> bool {
    let level = f.out.level_text.clone();
    f.out.time.is_some()
        && level.start >= 20
        && f.line[level.start].is_ascii_lowercase()
        && f.at(level.end) == Some(b']')
}

/// `event      [logger] key=value`.
fn structlog(f: &mut Finder, at: usize) -> bool {
    finish(f, "structlog", at, Tail::Cut);
    let message = f.out.message.clone();
    if f.line[message.clone()].ends_with(b"]")
        && let Some(open) = f.line[message.clone()].iter().rposition(|c| *c == b'[')
    {
        let name = message.start + open + 1..message.end - 1;
        if open > 1 && f.line[message.start + open - 1] == b' ' && is_name(&f.line[name.clone()]) {
            f.logger(name);
            f.out.message = trimmed(f.line, message.start..message.start + open);
        }
    }
    true
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
    if stamp.spelling == Spelling::Dashes && rust::tracing(f, at, stamp.t) {
        return true;
    }
    named_level(f, notation, at)
}

/// Behind a level and blanks, where the notation is one of many.
pub(super) fn named_level(f: &mut Finder, notation: &'static str, at: usize) -> bool {
    match f.at(at) {
        Some(b'[') => {
            let mut at = at;
            while f.at(at) == Some(b'[') {
                let Some(close) = f.find(at, b']', HEAD) else { break };
                let inner = trimmed(f.line, at + 1..close);
                let word = &f.line[inner.clone()];
                if word.len() > 80 || word.iter().any(|c| matches!(c, b'"' | b'{' | b'\'' | b',')) {
                    break;
                }
                let last = !followed_by_name(f, close + 1);
                keep_group(f, inner, last);
                at = f.skip(close + 1);
            }
            if f.at(at) == Some(b':') {
                at += 1;
            }
            if f.at(at) == Some(b'(')
                && f.has_logger()
                && let Some(close) = f.find(at, b')', 80)
            {
                f.named_text("thread.name", at + 1..close); // Quarkus: `INFO  [io.quarkus] (main) text`
                at = close + 1;
            }
            named_message(f, notation, at)
        }
        Some(b'(') => {
            // pino-pretty: `INFO (123): text`, `INFO (name/123 on host): text`
            let Some(close) = f.find(at, b')', 80).filter(|close| f.at(close + 1) == Some(b':')) else {
                return finish(f, notation, at, Tail::Keep);
            };
            let inner = trimmed(f.line, at + 1..close);
            let text = &f.line[inner.clone()];
            let on = text.windows(4).position(|four| four == b" on ").unwrap_or(text.len());
            let slash = text[..on].iter().rposition(|c| *c == b'/').map_or(0, |slash| slash + 1);
            let start = inner.start;
            f.named_number("process.pid", start + slash..start + on);
            if slash > 1 {
                f.logger(start..start + slash - 1);
            }
            f.done("pino-pretty", close + 2)
        }
        Some(b'|') => pipes(f, at + 1),
        Some(b'-') if f.at(at + 1) == Some(b' ') => dashes(f, at + 2),
        Some(b'-') if f.starts(at, b"-- ") => finish(f, notation, at + 3, Tail::Keep),
        Some(b':') if f.at(at + 1) == Some(b' ') => finish(f, notation, at + 2, Tail::Keep),
        _ => named_message(f, notation, at),
    }
}

/// Whether a logger's name and a separator follow.
fn followed_by_name(f: &Finder, at: usize) -> bool {
    let at = f.skip(at);
    name_at(f, at).is_some() || f.at(at) == Some(b'[')
}

/// A logger's name with the separator behind it: `name - `, `name -- `, `name: `, `name : `. Gives the name and where
/// the message begins.
fn name_at(f: &Finder, at: usize) -> Option<(Range<usize>, usize)> {
    let end = f.word_end(at);
    let word = &f.line[at..end];
    if let Some(name) = word.strip_suffix(b":") {
        let marked = name.iter().any(|c| matches!(c, b'.' | b'_' | b'$' | b'-'));
        let plain = name.first().is_some_and(u8::is_ascii_lowercase);
        return (is_name(name) && (marked || plain)).then_some((at..end - 1, end));
    }
    let behind = f.skip(end);
    let separator = [&b"- "[..], b"-- ", b": ", b"| "].into_iter().find(|s| f.starts(behind, s));
    let length = match separator {
        Some(separator) => separator.len(),
        None if matches!(&f.line[behind..], b"-" | b":") => 1,
        None => return None,
    };
    (end > at && is_name(word)).then_some((at..end, behind + length))
}

/// A logger's name if one follows, then the message.
fn named_message(f: &mut Finder, notation: &'static str, at: usize) -> bool {
    let at = f.skip(at);
    let mut message = at;
    if f.starts(at, b"in ")
        && let end = f.word_end(at + 3)
        && f.line[at + 3..end].ends_with(b":")
        && is_name(&f.line[at + 3..end - 1])
    {
        f.logger(at + 3..end - 1); // Flask: `ERROR in app: text`
        return finish(f, "flask", end, Tail::Keep);
    }
    if let Some((name, after)) = name_at(f, at) {
        message = after;
        let name = logger_line(f, name);
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

/// `org.acme.Main:42`: the name, without the line that is kept beside it.
fn logger_line(f: &mut Finder, name: Range<usize>) -> Range<usize> {
    let text = &f.line[name.clone()];
    let Some(colon) = text.iter().rposition(|c| *c == b':') else { return name };
    let line = name.start + colon + 1..name.end;
    if colon == 0 || line.is_empty() || !f.line[line.clone()].iter().all(u8::is_ascii_digit) {
        return name;
    }
    f.named_number("code.line", line);
    name.start..name.start + colon
}

/// Behind `LEVEL:`.
pub(super) fn colons(f: &mut Finder, notation: &'static str, at: usize) -> bool {
    if matches!(f.at(at), None | Some(b' ' | b'\t')) {
        return finish(f, notation, at, Tail::Keep);
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

/// Parts between bars: loguru, and formats of Python, .NET and others.
pub(super) fn pipes(f: &mut Finder, at: usize) -> bool {
    let mut at = at;
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
    if !f.has_level() && f.out.time.is_none() {
        return false;
    }
    let start = f.skip(at);
    if f.has_level()
        && !f.has_logger()
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
        let window = f.line.len().min(at + HEAD);
        let dash = f.line[at..window].windows(3).position(|three| three == b" - ").map(|dash| at + dash);
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
    let (mut part, whole) = (part.clone(), part);
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
    } else if is_name(word) {
        if thread(word) || f.has_logger() {
            f.named_text("thread.name", part);
        } else {
            f.logger(part);
        }
    } else {
        return thread(word) && !whole.is_empty();
    }
    true
}

fn thread(word: &[u8]) -> bool {
    [&b"MainThread"[..], b"MainProcess", b"Thread-", b"ThreadPool", b"asyncio_", b"AnyIO worker"]
        .iter()
        .any(|start| word.starts_with(start))
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
