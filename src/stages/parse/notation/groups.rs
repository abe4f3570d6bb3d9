//! Parts of a head in brackets: levels, processes, threads, loggers, places in the code.

use std::ops::Range;

use super::finder::{Case, Finder, Word, is_name, level_at, place};
use super::separated::thread;
use super::timed::{HEAD, Tail, finish, named_message, trimmed};
use super::{clock, json_tail, pairs};

/// Keeps the groups and the names that stood before the level.
pub(super) fn commit(f: &mut Finder, groups: &[Range<usize>], host: Range<usize>, name: Range<usize>) {
    f.named_text("syslog.host", host);
    if !name.is_empty() {
        if f.line[name.start].is_ascii_digit() {
            f.named_number("process.pid", name.clone());
        } else if place(f.line, name.clone()).is_some() {
            f.code(name);
        } else {
            if f.at(name.end) == Some(b'[') {
                let pid = name.end + 1..name.end + 1 + clock::run(f.line, name.end + 1, 10);
                f.named_number("process.pid", pid);
            }
            f.logger(name);
        }
    }
    for group in groups {
        keep(f, group.clone(), false);
    }
}

/// Keeps what a pair of brackets says: a process, a place in the code, a logger with its line, a thread.
///
/// `logger`: a name is the logger, not the thread.
pub(super) fn keep(f: &mut Finder, group: Range<usize>, logger: bool) {
    let word = &f.line[group.clone()];
    if word.is_empty() {
        return;
    }
    if word.iter().all(u8::is_ascii_digit) {
        f.named_number("process.pid", group);
    } else if word.starts_with(b"pid ") || word.starts_with(b"client ") {
        apache(f, group);
    } else if place(f.line, group.clone()).is_some() {
        f.code(group);
    } else if logger && !f.has_logger() && is_name(word) && !thread(word) {
        let name = f.logger_line(group);
        f.logger(name);
    } else {
        f.named_text("thread.name", group);
    }
}

/// `[pid 12:tid 34]`, `[client 10.0.0.1:555]` of Apache's error log.
fn apache(f: &mut Finder, group: Range<usize>) {
    let word = &f.line[group.clone()];
    if word.starts_with(b"client ") {
        let address = group.start + 7..group.end;
        let port = f.line[address.clone()]
            .iter()
            .rposition(|c| *c == b':')
            .map_or(address.end, |n| address.start + n);
        f.named_text("client.ip", address.start..port);
        f.named_number("client.port", (port + 1).min(address.end)..address.end);
        return;
    }
    let pid = group.start + 4;
    let digits = clock::run(f.line, pid, 10);
    f.named_number("process.pid", pid..pid + digits);
    if f.starts(pid + digits, b":tid ") {
        f.named_number("thread.id", pid + digits + 5..group.end);
    }
}

/// A level in a group, and the name beside it.
struct Leveled {
    at: usize,
    word: Word,
    name: Range<usize>,
    /// What stands between the two; 0 where there is no name.
    separator: u8,
}

/// Takes a group that holds a level: `[INFO]`, `[info     ]`, `[INFO  target]`, `[FastMCP info]`, `[core:error]`,
/// `[INFO/MainProcess]`.
///
/// `close`: a level and a name must touch, so that prose in brackets is none.
pub(super) fn take_level(f: &mut Finder, group: Range<usize>, close: bool) -> bool {
    let Some(found) = leveled(f.line, group) else { return false };
    if close && found.separator == b' ' {
        return false;
    }
    f.level(found.at, found.word);
    if found.separator == b'/' {
        f.named_text("thread.name", found.name);
    } else {
        f.logger(found.name);
    }
    true
}

fn leveled(b: &[u8], group: Range<usize>) -> Option<Leveled> {
    let known = |word: &Word| word.case != Case::Title && !word.everyday;
    if let Some(word) = level_at(b, group.start).filter(|word| word.end <= group.end) {
        let at = group.start;
        if word.end == group.end {
            let spelled = &b[group];
            // `[config]` and `[all]` are parts of a program; `[SUCCESS]` and `[notice]` are levels.
            let part = [&b"config"[..], b"all", b"fine", b"alert", b"panic"]
                .iter()
                .any(|p| spelled.eq_ignore_ascii_case(p));
            return (!part).then_some(Leveled { at, word, name: 0..0, separator: 0 });
        }
        let separator = b[word.end];
        let name = trimmed(b, word.end + 1..group.end);
        let fits =
            matches!(separator, b' ' | b'/' | b':' | b'|') && known(&word) && is_name(&b[name.clone()]);
        return fits.then_some(Leveled { at, word, name, separator });
    }
    let before = b[group.clone()].iter().rposition(|c| matches!(c, b' ' | b'/' | b':'))?;
    let at = group.start + before + 1;
    let word = level_at(b, at).filter(|word| word.end == group.end && known(word))?;
    let name = trimmed(b, group.start..at - 1);
    is_name(&b[name.clone()]).then_some(Leveled { at, word, name, separator: b[at - 1] })
}

/// Behind a level in brackets: more groups, a name, the message.
pub(super) fn behind(f: &mut Finder, at: usize) -> bool {
    let mut at = at;
    if f.at(at) == Some(b':') {
        return json_tail::finish(f, "winston", at + 1, Tail::Keep);
    }
    if structlog(f, at) {
        return true;
    }
    at = kept(f, at);
    if f.has_logger() && f.at(at) == Some(b'[') {
        return finish(f, "brackets", at, Tail::Keep);
    }
    named_message(f, "brackets", at)
}

/// Takes the groups at `at` that are part of a head, and says where they end.
///
/// A tag such as `[tool]` names the logger and stays in the message: what follows may make sense only with it.
pub(super) fn kept(f: &mut Finder, at: usize) -> usize {
    let mut at = at;
    for _ in 0..4 {
        let open = f.skip(at);
        if f.at(open) != Some(b'[') {
            break;
        }
        let Some(close) = f.find(open, b']', HEAD) else { break };
        let inner = trimmed(f.line, open + 1..close);
        let word = &f.line[inner.clone()];
        let digits = word.iter().all(u8::is_ascii_digit);
        let server = word.starts_with(b"pid ") || word.starts_with(b"client ");
        let code = place(f.line, inner.clone()).is_some();
        if !digits && !server && !code {
            let next = f.skip(close + 1);
            let followed = f.at(next) == Some(b'[') || super::timed::name_at(f, next).is_some();
            if !is_name(word) && !followed {
                break;
            }
            let group = f.at(next) == Some(b'[');
            let dotted =
                group && f.find(next, b']', HEAD).is_some_and(|end| is_dotted(&f.line[next + 1..end]));
            if followed && !word.contains(&b'.') && (!group || dotted) {
                f.named_text("thread.name", inner);
                at = close + 1;
                continue;
            }
            let colon = f.at(close + 1) == Some(b':');
            let package = word.iter().any(|c| matches!(c, b'.' | b':'));
            if !(colon || package || f.at(next) == Some(b'[') || f.at(next) == Some(b'(') || thread(word)) {
                if !f.has_logger() {
                    f.logger(inner);
                }
                return open;
            }
        }
        keep(f, inner, true);
        at = close + 1;
        if f.at(at) == Some(b':') {
            at += 1;
        }
    }
    at
}

/// Whether a name is a package's or a module's.
fn is_dotted(name: &[u8]) -> bool {
    is_name(name) && name.contains(&b'.') && !name.contains(&b':')
}

/// `[info     ] event      [logger] key=value`.
///
/// structlog pads its levels, which are in lower case; where it does not, it still pads the event.
fn structlog(f: &mut Finder, at: usize) -> bool {
    let level = f.out.level_text.clone();
    let lower = f.line[level.start].is_ascii_lowercase();
    let padded = f.at(level.end) == Some(b' ');
    if !lower || !padded && (f.line[0] == b'[' || f.out.time.is_none()) {
        return false;
    }
    if !f.fields {
        return padded && f.done("structlog", at);
    }
    let message = f.skip(at)..f.line.len();
    let mut fields = std::mem::take(&mut f.out.fields);
    let before = fields.len();
    let start = pairs::strict(f.line, message.start.min(message.end), message.end, &mut fields);
    f.out.fields = fields;
    let gap = start.is_none_or(|start| start < 2 || f.line[start - 2] != b' ');
    if !padded && gap {
        f.out.fields.truncate(before);
        return false;
    }
    f.done("structlog", at);
    if let Some(start) = start.filter(|start| *start > f.out.message.start) {
        f.out.message = trimmed(f.line, f.out.message.start..start);
    }
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

/// A pair of Elixir's metadata before the level: `request_id=abc`.
pub(super) fn metadata(f: &mut Finder, word: Range<usize>) -> bool {
    let Some(equals) = f.line[word.clone()].iter().position(|c| *c == b'=') else { return false };
    let key = word.start..word.start + equals;
    if !is_name(&f.line[key.clone()]) {
        return false;
    }
    if f.fields && f.out.fields.len() < pairs::MOST {
        let value = pairs::bare(f.line, key.end + 1..word.end);
        f.out.fields.push((key, value));
    }
    true
}
