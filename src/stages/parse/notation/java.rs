//! Java: Spring Boot's layout and `java.util.logging` in two lines. Logback, log4j2 and slf4j-simple share their
//! layouts with others: see [`timed`](super::timed).

use super::clock::{self, Spelling};
use super::finder::{Finder, level_at};
use super::timed::{Tail, finish, trimmed};

/// Spring Boot, behind the level: `PID --- [app] [thread] logger : text`. Where the message begins.
pub(super) fn spring(f: &mut Finder, at: usize) -> Option<usize> {
    let digits = clock::run(f.line, at, 10);
    let dashes = if digits > 0 { f.skip(at + digits) } else { at };
    if !f.starts(dashes, b"--- ") {
        return None;
    }
    let mut next = f.skip(dashes + 4);
    let mut groups = 0;
    let mut thread = 0..0;
    while f.at(next) == Some(b'[') && groups < 4 {
        // The thread stands behind the application; a trace's identifiers may stand behind both.
        let close = f.find(next, b']', 300)?;
        let group = trimmed(f.line, next + 1..close);
        if groups == 0 || !trace(&f.line[group.clone()]) {
            thread = group;
        }
        next = f.skip(close + 1);
        groups += 1;
    }
    let end = f.word_end(next);
    let colon = f.skip(end);
    if f.at(colon) != Some(b':') {
        return None;
    }
    f.named_number("process.pid", at..at + digits);
    f.named_text("thread.name", thread);
    f.logger(next..end);
    Some(colon + 1)
}

/// Whether a group is a trace's and a span's identifier, or the blanks in their place.
fn trace(group: &[u8]) -> bool {
    group.len() != 1 && group.iter().all(|c| c.is_ascii_hexdigit() || matches!(c, b'-' | b',' | b' '))
}

/// Whether this is the first of the two lines of `java.util.logging`:
/// `Nov 22, 2026 7:46:55 PM org.acme.Server start`.
pub fn is_jul_first(line: &[u8]) -> bool {
    first(line.trim_ascii_end()).is_some()
}

/// The time, then the class, and where the method begins.
fn first(line: &[u8]) -> Option<(clock::Stamp, usize, usize)> {
    if !line.first()?.is_ascii_alphabetic() {
        return None;
    }
    let stamp = clock::stamp(line, 0).filter(|stamp| stamp.spelling == Spelling::Month)?;
    // Others write `Nov 22 19:46:55 host …`: Java's has a year and half days.
    let half = &line[..stamp.end];
    if !(half.ends_with(b"M") || half.ends_with(b"m")) || line.get(stamp.end) != Some(&b' ') {
        return None;
    }
    let class = stamp.end + 1;
    let end = super::finder::word_end(line, class);
    let method = &line[end..];
    let named = super::finder::is_name(&line[class..end]);
    (named && method.iter().filter(|c| **c == b' ').count() <= 1).then_some((stamp, class, end))
}

/// Both lines of `java.util.logging`, joined by a newline: the second is `LEVEL: text`.
pub(super) fn jul(f: &mut Finder) -> bool {
    let break_at = memchr::memchr(b'\n', f.line).unwrap_or(f.line.len());
    let Some((stamp, class, end)) = first(f.line[..break_at].trim_ascii_end()) else { return false };
    f.time(stamp);
    f.logger(class..end);
    f.named_text("code.function", trimmed(f.line, end..f.line[..break_at].trim_ascii_end().len().max(end)));
    if break_at == f.line.len() {
        return f.done("jul", break_at);
    }
    let level = break_at + 1;
    let Some(word) = level_at(f.line, level).filter(|word| f.at(word.end) == Some(b':')) else {
        f.done("jul", level);
        return true;
    };
    f.level(level, word);
    finish(f, "jul", word.end + 1, Tail::Keep)
}
