//! Lines that begin with a level, and plain lines in which one stands at a clear place.
//!
//! * `ERROR: text` and `error: text` are levels; `Error: text` is an exception's name and `Status: ERROR` a status.
//! * In a line without head only a name may stand before the level, and separators around it.

use super::clock::{self, Spelling, Stamp};
use super::finder::{Case, Finder, Word, is_name, level_at, place};
use super::timed::{self, Tail, behind_level, colons, finish, trimmed};
use super::{Found, LineTime, go, groups, json_tail, rust, separated};
use crate::event::Level;

/// A stamp for lines that have none.
const NONE: Stamp = Stamp { time: LineTime::OfDay(0), end: 0, spelling: Spelling::MonthFirst, t: false };

/// A line whose first word is a level.
pub(super) fn line(f: &mut Finder) -> bool {
    let Some(word) = level_at(f.line, 0) else { return dotnet(f) };
    let spelled = &f.line[..word.end];
    match f.at(word.end) {
        Some(b':') => {
            let accepted = match word.case {
                Case::Upper => true,
                Case::Lower => {
                    !word.everyday && spelled.len() > 3 || spelled == b"verbose" || spelled == b"silly"
                }
                Case::Title => false,
            };
            if !accepted {
                return false;
            }
            if !f.fields && word.case == Case::Upper {
                return true;
            }
            f.level(0, word);
            if word.case == Case::Lower {
                return winston(f, word.end + 1);
            }
            let start = f.skip(word.end + 1);
            if let Some(stamp) = date(f, start) {
                f.time(stamp);
                return behind_date(f, stamp);
            }
            let uvicorn = f.starts(word.end + 1, b"  ");
            colons(f, if uvicorn { "uvicorn" } else { "python" }, word.end + 1)
        }
        Some(b'[') if go::logrus(f) => true,
        Some(b' ' | b'\t' | b'|' | b'[' | b'/') if word.case == Case::Upper && !word.everyday => {
            if f.at(word.end) == Some(b' ') && rust::untimed(f) {
                return true;
            }
            f.level(0, word);
            if f.at(word.end) == Some(b'\t') && go::zap_fields(f, word.end + 1) {
                return true;
            }
            let start = f.skip(word.end);
            let bracket = usize::from(f.at(start) == Some(b'['));
            if let Some(stamp) = date(f, start + bracket)
                && (bracket == 0 || f.at(stamp.end) == Some(b']'))
            {
                f.time(stamp);
                return behind_date(f, Stamp { end: stamp.end + bracket, ..stamp });
            }
            behind_level(f, word.end, &NONE) && {
                f.out.notation = if f.out.notation == "timestamp" { "leveled" } else { f.out.notation };
                true
            }
        }
        Some(b' ')
            if matches!(
                (f.at(f.skip(word.end)), f.at(f.skip(word.end) + 1)),
                (Some(b'-' | b'|'), Some(b' '))
            ) =>
        {
            let accepted = !word.everyday && word.case != Case::Title;
            if accepted {
                f.level(0, word);
            }
            accepted && behind_level(f, word.end, &NONE)
        }
        _ => false,
    }
}

/// A full date and time.
fn date(f: &Finder, at: usize) -> Option<Stamp> {
    clock::stamp(f.line, at).filter(|stamp| !matches!(stamp.spelling, Spelling::OfDay | Spelling::Number))
}

/// Behind `LEVEL time`: separators, a name, the message. Django adds module, process and thread.
fn behind_date(f: &mut Finder, stamp: Stamp) -> bool {
    let mut at = f.skip(stamp.end);
    if stamp.spelling == Spelling::Slashes && f.starts(stamp.end, b" ") {
        return go::log(f, at); // `log` with the level as its prefix
    }
    if matches!(f.at(at), Some(b'-' | b':' | b'|' | b']')) {
        at = f.skip(at + 1);
    }
    let name = at..f.word_end(at);
    let pid = f.skip(name.end);
    let pid_digits = clock::run(f.line, pid, 10);
    let thread = f.skip(pid + pid_digits);
    let thread_digits = clock::run(f.line, thread, 18);
    if pid_digits > 0
        && thread_digits > 5
        && f.at(thread + thread_digits) == Some(b' ')
        && is_name(&f.line[name.clone()])
    {
        f.logger(name);
        f.named_number("process.pid", pid..pid + pid_digits);
        f.named_number("thread.id", thread..thread + thread_digits);
        return finish(f, "python", thread + thread_digits, Tail::Keep);
    }
    timed::named_level(f, "python", at)
}

/// `info: text {"key": …}` of winston, `info: Category[14]` of .NET.
fn winston(f: &mut Finder, at: usize) -> bool {
    if !matches!(f.at(at), None | Some(b' ' | b'\t')) {
        return false;
    }
    if category(f, at) {
        return true;
    }
    json_tail::finish(f, "winston", at, Tail::Cut)
}

/// Redis: `1:M 22 Nov 2026 19:46:55.123 * Ready to accept connections`.
pub(super) fn redis(f: &mut Finder) -> bool {
    let digits = clock::run(f.line, 0, 10);
    if f.at(digits) != Some(b':')
        || !matches!(f.at(digits + 1), Some(b'M' | b'S' | b'C' | b'X'))
        || f.at(digits + 2) != Some(b' ')
    {
        return false;
    }
    let Some(stamp) = clock::stamp(f.line, digits + 3).filter(|stamp| stamp.spelling == Spelling::Month)
    else {
        return false;
    };
    let level = match f.at(stamp.end + 1) {
        Some(b'.') => Level::Debug,
        Some(b'-' | b'*') => Level::Info,
        Some(b'#') => Level::Warn,
        _ => return false,
    };
    if f.at(stamp.end + 2) != Some(b' ') {
        return false;
    }
    f.time(stamp);
    f.out.level = Some(level);
    f.out.level_text = stamp.end + 1..stamp.end + 2;
    f.named_number("process.pid", 0..digits);
    f.done("redis", stamp.end + 3)
}

/// .NET's console: `fail: Acme.Category[14]`, and the text on lines of its own.
fn dotnet(f: &mut Finder) -> bool {
    dotnet_at(f, 0)
}

/// The same behind a time.
pub(super) fn dotnet_at(f: &mut Finder, at: usize) -> bool {
    let level = match f.line.get(at..at + 5) {
        Some(b"trce:") => Level::Trace,
        Some(b"dbug:") => Level::Debug,
        Some(b"fail:") => Level::Error,
        Some(b"crit:") => Level::Fatal,
        _ => return false,
    };
    f.level(at, Word { level, end: at + 4, case: Case::Lower, everyday: false });
    category(f, at + 5)
}

pub(super) fn category(f: &mut Finder, at: usize) -> bool {
    let start = f.skip(at);
    let end = f.word_end(start);
    let word = &f.line[start..end];
    let Some(open) = word.iter().position(|c| *c == b'[').filter(|_| word.ends_with(b"]")) else {
        return false;
    };
    let digits = start + open + 1..end - 1;
    if digits.is_empty() || !f.line[digits.clone()].iter().all(u8::is_ascii_digit) || !is_name(&word[..open])
    {
        return false;
    }
    f.logger(start..start + open);
    f.named_number("event.code", digits);
    let text = if f.at(end) == Some(b'\n') { end + 1 } else { end };
    f.done("dotnet", text)
}

/// Ruby: `I, [2026-11-22T19:46:55.123456 #1234]  INFO -- prog: text`.
pub(super) fn ruby(f: &mut Finder) -> bool {
    if !f.starts(1, b", [") {
        return false;
    }
    let Some(stamp) = clock::stamp(f.line, 4) else { return false };
    let pid = stamp.end + 2;
    let digits = clock::run(f.line, pid, 10);
    if !f.starts(stamp.end, b" #") || digits == 0 || f.at(pid + digits) != Some(b']') {
        return false;
    }
    let level = f.skip(pid + digits + 1);
    let Some(word) = level_at(f.line, level).filter(|word| f.starts(word.end, b" -- ")) else { return false };
    f.time(stamp);
    f.level(level, word);
    f.named_number("process.pid", pid..pid + digits);
    let name = word.end + 4;
    let end = f.word_end(name);
    if f.line[name.min(end)..end].ends_with(b":") {
        f.logger(name..end - 1);
        return finish(f, "ruby", end, Tail::Keep);
    }
    finish(f, "ruby", name, Tail::Keep)
}

/// A line without head: a level that stands at a clear place, or a head without level.
pub(super) fn plain(f: &mut Finder) -> bool {
    warning(f) || named(f) || npm(f) || go_prefix(f) || pairs_level(f)
}

/// `path.py:10: DeprecationWarning: text` and `(node:12) Warning: text`. A category is no level.
fn warning(f: &mut Finder) -> bool {
    let window = &f.line[..f.line.len().min(400)];
    let Some(found) = f.find_text(0, b"Warning: ", 400) else { return false };
    let Some(blank) = window[..found].iter().rposition(|c| *c == b' ') else { return false };
    if !window[blank + 1..found].iter().all(u8::is_ascii_alphanumeric) {
        return false;
    }
    if f.starts(0, b"(node:") {
        let digits = clock::run(f.line, 6, 10);
        if digits == 0 || f.at(6 + digits) != Some(b')') {
            return false;
        }
        f.named_number("process.pid", 6..6 + digits);
        return f.done("node-warning", 8 + digits);
    }
    let python = window[blank - 1] == b':' && place(f.line, 0..blank - 1).is_some();
    if !python {
        return false;
    }
    f.code(0..blank - 1);
    f.done("python-warning", blank + 1)
}

/// `name - LEVEL - text`, `name | LEVEL | text`, `name: LEVEL: text`, `name [LEVEL] text`, `name:LEVEL:text`.
fn named(f: &mut Finder) -> bool {
    let end = f.word_end(0);
    let word = &f.line[..end];
    let next = f.skip(end);
    let clear = |f: &Finder, at: usize| {
        level_at(f.line, at).filter(|word| word.case != Case::Title && !word.everyday)
    };
    if is_name(word) {
        let dash = f.starts(end, b" - ") || f.starts(end, b" | ");
        if dash
            && let Some(level) = clear(f, end + 3)
            && f.at(f.skip(level.end)) == f.at(end + 1)
        {
            return if f.at(end + 1) == Some(b'-') {
                separated::dashes(f, 0)
            } else {
                separated::pipes(f, 0)
            };
        }
        if f.at(next) == Some(b'[')
            && let Some(level) = clear(f, next + 1)
            && f.at(level.end) == Some(b']')
        {
            f.logger(0..end);
            f.level(next + 1, level);
            return groups::behind(f, level.end + 1);
        }
    }
    if let Some(name) = word.strip_suffix(b":")
        && is_name(name)
    {
        let bracket = usize::from(f.at(next) == Some(b'['));
        if let Some(level) = clear(f, next + bracket)
            && matches!((bracket, f.at(level.end)), (0, Some(b':')) | (1, Some(b']')))
            && level.case == Case::Upper
        {
            f.logger(0..end - 1);
            f.level(next + bracket, level);
            return finish(f, "python", level.end + 1, Tail::Keep);
        }
    }
    let Some(colon) = word.iter().position(|c| *c == b':').filter(|colon| *colon > 0) else { return false };
    let Some(level) =
        clear(f, colon + 1).filter(|level| level.case == Case::Upper && f.at(level.end) == Some(b':'))
    else {
        return false;
    };
    if !is_name(&f.line[..colon]) {
        return false;
    }
    f.logger(0..colon);
    f.level(colon + 1, level);
    finish(f, "python", level.end + 1, Tail::Keep)
}

/// `npm WARN deprecated …`, `npm ERR! …`.
fn npm(f: &mut Finder) -> bool {
    if !f.starts(0, b"npm ") {
        return false;
    }
    let Some(word) = level_at(f.line, 4).filter(|word| matches!(f.at(word.end), Some(b' ' | b'!'))) else {
        return false;
    };
    f.level(4, word);
    f.logger(0..3);
    f.done("npm", word.end + usize::from(f.at(word.end) == Some(b'!')))
}

/// `prefix: 2026/11/22 19:46:55 text`: Go's `log` with a prefix.
pub(super) fn go_prefix(f: &mut Finder) -> bool {
    let mut at = 0;
    for _ in 0..4 {
        let Some(slash) = f.find(at, b'/', 64 - at.min(64)) else { return false };
        at = slash + 1;
        let Some(start) = slash.checked_sub(4) else { continue };
        let Some(stamp) = clock::stamp(f.line, start) else { continue };
        if stamp.spelling != Spelling::Slashes || f.at(stamp.end) != Some(b' ') {
            continue;
        }
        let prefix = trimmed(f.line, 0..start);
        let name =
            trimmed(f.line, prefix.start..prefix.end - usize::from(f.line[..prefix.end].ends_with(b":")));
        f.time(stamp);
        if let Some(word) = level_at(f.line, name.start).filter(|word| word.end == name.end) {
            f.level(name.start, word);
            return finish(f, "go-log", stamp.end, Tail::Keep);
        }
        return f.word_end(name.start) >= name.end && go::log(f, f.skip(stamp.end)) && {
            f.logger(name);
            true
        };
    }
    false
}

/// Text that ends in `key=value`, one of them the level.
fn pairs_level(f: &mut Finder) -> bool {
    let mut at = f.word_end(0);
    if f.line[..at].contains(&b'=') {
        return false; // logfmt throughout
    }
    loop {
        let Some(equals) = f.find(at, b'=', usize::MAX) else { return false };
        if f.line[..equals].ends_with(b" level") || f.line[..equals].ends_with(b" lvl") {
            break;
        }
        at = equals + 1;
    }
    let fields = f.fields;
    f.fields = true;
    finish(f, "pairs", 0, Tail::Keep);
    f.fields = fields;
    let level = f.out.fields.iter().find_map(|(key, value)| {
        let Found::Text(range) = value else { return None };
        let named = matches!(&f.line[key.clone()], b"level" | b"lvl");
        Some((range.clone(), Level::parse(&f.line[range.clone()])?)).filter(|_| named)
    });
    if !fields {
        f.out.fields.clear();
    }
    let Some((range, level)) = level else { return false };
    f.out.level = Some(level);
    f.out.level_text = range;
    true
}
