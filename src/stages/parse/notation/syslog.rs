//! Syslog: RFC 3164 with and without priority, RFC 5424, and the RFC 3339 head of rsyslog and journalctl.
//!
//! * The level is the priority's severity; without priority there is none but what the text says.
//! * Parameters of structured data are fields.

use super::clock;
use super::finder::{Finder, is_name, level_at, word_end};
use super::timed::{Tail, finish};
use super::{Found, LineTime, pairs};
use crate::event::Level;

/// `<165>…`: both RFCs.
pub(super) fn priority(f: &mut Finder) -> bool {
    let digits = clock::run(f.line, 1, 4);
    if digits == 0 || digits > 3 || f.at(1 + digits) != Some(b'>') {
        return false;
    }
    let Some(priority) = clock::number(f.line, 1, digits).filter(|priority| *priority < 192) else {
        return false;
    };
    f.out.level = Level::from_syslog((priority % 8) as u8);
    f.out.level_text = 1..1 + digits;
    let at = digits + 2;
    if f.starts(at, b"1 ") && rfc5424(f, at + 2) {
        f.named("syslog.facility", Found::Int(priority / 8));
        return true;
    }
    let Some(stamp) = clock::stamp(f.line, at) else { return tagged(f, at, false) };
    f.named("syslog.facility", Found::Int(priority / 8));
    f.out.time = Some(stamp.time);
    f.at(stamp.end) == Some(b' ') && tagged(f, stamp.end + 1, true)
}

/// `Nov 22 19:46:55 host app[12]: text`, behind the time.
pub(super) fn unprioritised(f: &mut Finder, at: usize) -> bool {
    tagged(f, at, true) && f.has_logger()
}

/// `host app[12]: text` or `app[12]: text`.
fn tagged(f: &mut Finder, at: usize, host: bool) -> bool {
    let start = f.skip(at);
    let first = f.word_end(start);
    if level_at(f.line, start).is_none() && tag(f, start, first) {
        return said(f, first);
    }
    let second = f.skip(first);
    let end = f.word_end(second);
    if host && level_at(f.line, start).is_none() && tag(f, second, end) {
        f.named_text("syslog.host", start..first);
        return said(f, end);
    }
    said(f, start)
}

/// `app[12]:`; a name alone needs the colon.
fn tag(f: &mut Finder, at: usize, end: usize) -> bool {
    let Some(word) = f.line[at..end].strip_suffix(b":") else { return false };
    let name = word.iter().position(|c| *c == b'[').unwrap_or(word.len());
    if name == 0 || !word[..name].iter().all(|c| c.is_ascii_graphic() && *c != b':' && *c != b'=') {
        return false;
    }
    if name < word.len() {
        if !word.ends_with(b"]") {
            return false;
        }
        f.named_number("process.pid", at + name + 1..end - 2);
    }
    f.logger(at..at + name);
    true
}

/// The text; without a priority it may begin with a level.
fn said(f: &mut Finder, at: usize) -> bool {
    let start = f.skip(at);
    if !f.has_level() {
        if let Some(word) = level_at(f.line, start).filter(|word| f.at(word.end) == Some(b':')) {
            f.level(start, word);
            return finish(f, "syslog", word.end + 1, Tail::Keep);
        }
        if let Some(word) = level_at(f.line, start + 1)
            && matches!((f.at(start), f.at(word.end)), (Some(b'['), Some(b']')) | (Some(b'<'), Some(b'>')))
        {
            f.level(start + 1, word);
            return finish(f, "syslog", word.end + 1, Tail::Keep);
        }
    }
    finish(f, "syslog", start, Tail::Keep)
}

/// Behind the version: `TIME HOST APP PROCID MSGID [id key="value"] text`.
fn rfc5424(f: &mut Finder, at: usize) -> bool {
    let time_end = f.word_end(at);
    if f.line[at..time_end] != b"-"[..] {
        let Some(time) = clock::parse_time(&f.line[at..time_end]) else { return false };
        if !matches!(time, LineTime::Known(_) | LineTime::Local(_)) {
            return false;
        }
        f.out.time = Some(time);
    }
    let mut parts = [0..0, 0..0, 0..0, 0..0];
    let mut end = time_end;
    for part in &mut parts {
        if f.at(end) != Some(b' ') {
            return false;
        }
        let start = end + 1;
        end = word_end(f.line, start);
        let nil = f.line[start..end] == b"-"[..];
        *part = if nil { start..start } else { start..end };
    }
    let [host, app, process, message_id] = parts;
    f.named_text("syslog.host", host);
    f.logger(app);
    if !process.is_empty() && f.line[process.clone()].iter().all(u8::is_ascii_digit) {
        f.named_number("process.pid", process);
    } else {
        f.named_text("syslog.procid", process);
    }
    f.named_text("syslog.msgid", message_id);
    let mut at = (end + 1).min(f.line.len());
    if f.at(at) == Some(b'-') {
        at += 1;
    } else {
        while f.at(at) == Some(b'[') {
            let Some(next) = element(f, at) else { break };
            at = next;
        }
    }
    at = f.skip(at);
    if f.starts(at, b"\xef\xbb\xbf") {
        at += 3;
    }
    f.done("syslog", at)
}

/// One element of structured data: where it ends.
fn element(f: &mut Finder, at: usize) -> Option<usize> {
    let mut next = at + 1;
    while !matches!(f.at(next)?, b' ' | b']') {
        next += 1;
    }
    while f.at(next)? == b' ' {
        let key = next + 1;
        let equals = f.find(key, b'=', 64)?;
        if f.at(equals + 1) != Some(b'"') {
            return None;
        }
        let value = equals + 2;
        let mut close = value;
        loop {
            close += memchr::memchr2(b'"', b'\\', f.line.get(close..)?)?;
            if f.line[close] == b'"' {
                break;
            }
            close += 2;
        }
        if f.fields && f.out.fields.len() < pairs::MOST {
            let found = pairs::text(f.line, value..close);
            f.out.fields.push((key..equals, found));
        }
        next = close + 1;
    }
    (f.at(next) == Some(b']')).then_some(next + 1)
}

/// `host app[12]: text` behind an RFC 3339 time, as rsyslog and journalctl write it.
pub(super) fn rsyslog(f: &mut Finder, at: usize) -> bool {
    let start = f.skip(at);
    let first = f.word_end(start);
    let second = f.skip(first);
    let end = f.word_end(second);
    if !f.line[second..end].ends_with(b"]:") || !is_name(&f.line[start..first]) || !tag(f, second, end) {
        return false;
    }
    f.named_text("syslog.host", start..first);
    said(f, end)
}
