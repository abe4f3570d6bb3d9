//! Requests as web servers log them: common and combined lines, uvicorn, morgan, gin, nginx's error log.
//!
//! * An access line has no level: none is written.
//! * The message begins at the request; who asked is in fields.

use std::ops::Range;

use super::clock::{self, Spelling};
use super::finder::{Finder, word_end};
use super::timed::trimmed;
use super::{Found, pairs};

/// `127.0.0.1 - - [22/Nov/2026:20:00:21 +0000] "POST /mcp HTTP/1.1" 200 237 "-" "agent"`, at times with the name of a
/// virtual host before it; and uvicorn's and morgan's shorter lines.
pub(super) fn line(f: &mut Finder) -> bool {
    let first = f.word_end(0);
    if f.at(first) != Some(b' ') {
        return false;
    }
    if f.starts(first, b" - \"") && address(&f.line[..first]) {
        let request = first + 3;
        if behind(f, request).is_none() {
            return false;
        }
        client(f, 0..first);
        return f.done("access", request);
    }
    let Some(open) = f.find(first, b'[', 200) else { return false };
    if !f.starts(open.saturating_sub(1), b" [") {
        return false;
    }
    let words = f.line[..open].iter().filter(|c| **c == b' ').count();
    let client_at = if words == 4 { first + 1 } else { 0 };
    let client_end = word_end(f.line, client_at);
    if !(3..=4).contains(&words) || client_end >= open || !host(&f.line[client_at..client_end]) {
        return false;
    }
    let Some(stamp) = clock::stamp(f.line, open + 1) else { return false };
    if f.at(stamp.end) != Some(b']') || !matches!(stamp.spelling, Spelling::Month | Spelling::Dashes) {
        return false;
    }
    let request = f.skip(stamp.end + 1);
    if f.at(request) != Some(b'"') || behind(f, request).is_none() {
        return false;
    }
    f.time(stamp);
    client(f, client_at..client_end);
    let user = word_end(f.line, (client_end + 1).min(open)) + 1;
    let name = trimmed(f.line, user.min(open)..open);
    if f.line[name.clone()] != b"-"[..] {
        f.named_text("user.name", name);
    }
    f.done("access", request)
}

/// Reads `"METHOD path HTTP/1.1" status bytes "referrer" "agent"` at `at`; `None` if it is none.
fn behind(f: &mut Finder, at: usize) -> Option<()> {
    let close = quote_end(f.line, at)?;
    let status = f.skip(close + 1);
    let digits = clock::run(f.line, status, 4);
    if digits != 3 {
        return None;
    }
    request(f, at + 1..close);
    f.named_number("http.status", status..status + 3);
    let bytes = status + 4;
    let digits = clock::run(f.line, bytes, 18);
    if digits == 0 && f.at(bytes) != Some(b'-') {
        return Some(()); // uvicorn: `200 OK`
    }
    f.named_number("http.bytes", bytes..bytes + digits);
    let referrer = f.skip(bytes + digits.max(1));
    let Some(referrer_end) = quote_end(f.line, referrer) else { return Some(()) };
    quoted(f, "http.referrer", referrer + 1..referrer_end);
    let agent = f.skip(referrer_end + 1);
    let Some(agent_end) = quote_end(f.line, agent) else { return Some(()) };
    quoted(f, "user_agent", agent + 1..agent_end);
    Some(())
}

fn quoted(f: &mut Finder, name: &'static str, range: Range<usize>) {
    if f.line[range.clone()] != b"-"[..] && !range.is_empty() {
        let value = pairs::text(f.line, range);
        f.named(name, value);
    }
}

/// The quote that closes the one at `at`.
fn quote_end(b: &[u8], at: usize) -> Option<usize> {
    if b.get(at) != Some(&b'"') {
        return None;
    }
    let mut next = at + 1;
    loop {
        next += memchr::memchr2(b'"', b'\\', b.get(next..)?)?;
        if b[next] == b'"' {
            return Some(next);
        }
        next += 2;
    }
}

/// `METHOD path HTTP/1.1`.
fn request(f: &mut Finder, range: Range<usize>) {
    let b = f.line;
    let method = range.start..word_end(b, range.start).min(range.end);
    if !is_method(&b[method.clone()]) {
        return;
    }
    let path = (method.end + 1).min(range.end);
    let path_end = word_end(b, path).min(range.end);
    f.named_text("http.method", method);
    f.named_text("http.path", path..path_end);
    if b[path_end..range.end].starts_with(b" HTTP/") {
        f.named_text("http.version", path_end + 6..range.end);
    }
}

fn is_method(word: &[u8]) -> bool {
    matches!(
        word,
        b"GET" | b"POST" | b"PUT" | b"PATCH" | b"DELETE" | b"HEAD" | b"OPTIONS" | b"CONNECT" | b"TRACE"
    )
}

/// Who asked: an address, at times with a port.
fn client(f: &mut Finder, range: Range<usize>) {
    let text = &f.line[range.clone()];
    let colon = text.iter().rposition(|c| *c == b':');
    let bracketed = text.starts_with(b"[");
    let one = text.iter().filter(|c| **c == b':').count() == 1;
    if let Some(colon) = colon
        && (one || bracketed)
    {
        let skip = usize::from(bracketed);
        f.named_text("client.ip", range.start + skip..range.start + colon - skip);
        f.named_number("client.port", range.start + colon + 1..range.end);
    } else {
        f.named_text("client.ip", range);
    }
}

/// Digits, dots and colons: an address and perhaps a port.
fn address(word: &[u8]) -> bool {
    word.len() >= 3
        && word.iter().all(|c| c.is_ascii_hexdigit() || matches!(c, b'.' | b':' | b'[' | b']'))
        && word.iter().any(|c| matches!(c, b'.' | b':'))
}

fn host(word: &[u8]) -> bool {
    word == b"-"
        || !word.is_empty()
            && word
                .iter()
                .all(|c| c.is_ascii_alphanumeric() || matches!(c, b'.' | b':' | b'-' | b'_' | b'[' | b']'))
}

/// The request inside a message (`127.0.0.1:53628 - "POST /mcp HTTP/1.1" 200 OK`): its parts become fields.
pub(super) fn message(f: &mut Finder, at: usize) {
    if !f.at(at).is_some_and(|c| c.is_ascii_digit() || c == b'[') {
        return;
    }
    let end = f.word_end(at);
    if f.starts(end, b" - \"") && address(&f.line[at..end]) && behind(f, end + 3).is_some() {
        client(f, at..end);
    }
}

/// morgan's `dev` and `tiny`: `POST /mcp 200 12.3 ms - 45`, `POST /mcp 200 237 - 1.2 ms`.
pub(super) fn morgan(f: &mut Finder) -> bool {
    let method = f.word_end(0);
    if !is_method(&f.line[..method]) || !matches!(f.at(method + 1), Some(b'/' | b'h' | b'*')) {
        return false;
    }
    let path = f.word_end(method + 1);
    let status = path + 1;
    if clock::run(f.line, status, 4) != 3 || f.at(status + 3) != Some(b' ') {
        return false;
    }
    let milliseconds = f.line[status + 4..].windows(3).any(|three| three == b" ms");
    if !milliseconds && f.at(status + 4) != Some(b'-') {
        return false;
    }
    request(f, 0..path);
    f.named_number("http.status", status..status + 3);
    let first = status + 4..f.word_end(status + 4);
    if f.starts(first.end, b" ms - ") {
        duration(f, first.clone());
        let bytes = first.end + 6;
        f.named_number("http.bytes", bytes..f.word_end(bytes));
    } else if f.starts(first.end, b" - ") {
        f.named_number("http.bytes", first.clone());
        let time = first.end + 3;
        duration(f, time..f.word_end(time));
    }
    f.done("access", 0)
}

fn duration(f: &mut Finder, range: Range<usize>) {
    match pairs::bare(f.line, range) {
        Found::Int(n) => f.named("http.duration_ms", Found::Float(n as f64)),
        found @ Found::Float(_) => f.named("http.duration_ms", found),
        _ => {}
    }
}

/// nginx's errors, behind the level: `12#12: *1 text, client: 10.0.0.1, …`. Where the message begins.
pub(super) fn nginx_error(f: &mut Finder, at: usize) -> Option<usize> {
    let at = f.skip(at);
    let pid = clock::run(f.line, at, 10);
    let thread = at + pid + 1;
    let digits = clock::run(f.line, thread, 10);
    if pid == 0 || digits == 0 || f.at(thread - 1) != Some(b'#') || f.at(thread + digits) != Some(b':') {
        return None;
    }
    f.named_number("process.pid", at..at + pid);
    f.named_number("thread.id", thread..thread + digits);
    let mut message = f.skip(thread + digits + 1);
    let connection = clock::run(f.line, message + 1, 18);
    if f.at(message) == Some(b'*') && connection > 0 {
        message = f.skip(message + 1 + connection);
    }
    let client_at =
        f.line[message..].windows(10).position(|ten| ten == b", client: ").map(|n| message + n + 10);
    if let Some(start) = client_at {
        let end =
            f.line[start..].iter().position(|c| matches!(c, b',' | b' ')).map_or(f.line.len(), |n| start + n);
        f.named_text("client.ip", start..end);
    }
    Some(message)
}

/// gin, at times behind `[GIN]`: `2026/11/22 - 19:46:55 | 200 |  1.2ms |  127.0.0.1 | POST     "/mcp"`, behind the time's bar.
pub(super) fn gin(f: &mut Finder, at: usize) -> bool {
    let start = f.skip(at);
    if clock::run(f.line, start, 4) != 3 {
        return false;
    }
    let mut parts = [0..0, 0..0, 0..0];
    let mut at = start;
    for part in &mut parts {
        let Some(bar) = f.find(at, b'|', 120) else { return false };
        *part = trimmed(f.line, at..bar);
        at = bar + 1;
    }
    let method = f.skip(at);
    let method_end = f.word_end(method);
    let path = f.skip(method_end);
    if !is_method(&f.line[method..method_end]) {
        return false;
    }
    let [status, _, ip] = parts;
    f.named_text("http.method", method..method_end);
    let quoted = usize::from(f.at(path) == Some(b'"') && f.line.len() > path + 1 && f.line.ends_with(b"\""));
    f.named_text("http.path", path + quoted..f.line.len() - quoted);
    f.named_number("http.status", status);
    client(f, ip);
    f.done("access", start)
}
