//! Lines that are nothing but `key=value` (logfmt, slog's text handler, logrus without a terminal).
//!
//! * Every word must be a pair, quotes must close, and one of the pairs must say that it is a log record
//!   (`level=`, `msg=`, `time=`); prose with an equals sign in it is not logfmt.
//! * Values in quotes hold JSON escapes and stay escaped.

use std::ops::Range;

use super::notation;
use super::notation::{Found, Parsed};
use crate::event::Level;

/// Reads a line. `whole`: the settings say it is logfmt, so no telling key is needed.
pub fn read(line: &[u8], whole: bool, out: &mut Parsed) -> bool {
    // Cheap no: the first word has no `=`.
    let word = line.iter().take(64).position(|b| !is_key(*b));
    if !word.is_some_and(|at| at > 0 && line[at] == b'=') {
        return false;
    }
    out.clear();
    let (mut at, mut telling) = (0, 0);
    let mut message = None;
    while at < line.len() {
        let Some((key, value, end)) = pair(line, at) else { return false };
        at = end;
        while line.get(at) == Some(&b' ') {
            at += 1;
        }
        let text = match &value {
            Found::Text(range) | Found::Escaped(range) | Found::Json(range) => range.clone(),
            _ => 0..0,
        };
        match &line[key.clone()] {
            b"time" | b"ts" | b"timestamp" | b"t" | b"@timestamp" if out.time.is_none() => {
                out.time = notation::parse_time(&line[text.clone()]).or_else(|| epoch(&line[text]));
                if out.time.is_some() {
                    telling += 1;
                    continue;
                }
            }
            b"level" | b"lvl" | b"severity" | b"loglevel" if out.level.is_none() => {
                out.level = word_level(&line[text.clone()]);
                if out.level.is_some() {
                    out.level_text = text;
                    telling += 1;
                    continue;
                }
            }
            b"msg" | b"message" if message.is_none() => {
                message = Some(text);
                telling += 1;
                continue;
            }
            b"logger" | b"component" | b"logger_name"
                if out.logger.is_empty() && !matches!(value, Found::Escaped(_)) =>
            {
                out.logger = text;
                continue;
            }
            _ => {}
        }
        out.fields.push((key, value));
    }
    if !whole && (telling == 0 || telling + out.fields.len() < 2) {
        return false;
    }
    out.notation = "logfmt";
    out.message = message.unwrap_or(0..line.len());
    true
}

/// Whether a message range stands in quotes, so that it holds escapes.
pub fn is_quoted(line: &[u8], message: &Range<usize>) -> bool {
    message.start > 0 && line[message.start - 1] == b'"' && line.get(message.end) == Some(&b'"')
}

fn is_key(b: u8) -> bool {
    b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-' | b'@' | b'/' | b':')
}

/// The pair at `at`: its key, its value, the offset behind.
fn pair(line: &[u8], at: usize) -> Option<(Range<usize>, Found, usize)> {
    let mut end = at;
    while end < line.len() && is_key(line[end]) {
        end += 1;
    }
    if end == at || line.get(end) != Some(&b'=') {
        return None;
    }
    let key = at..end;
    let start = end + 1;
    if line.get(start) == Some(&b'"') {
        let mut close = start + 1;
        loop {
            close += memchr::memchr2(b'"', b'\\', line.get(close..)?)?;
            if line[close] == b'"' {
                break;
            }
            close += 2;
        }
        if !matches!(line.get(close + 1), None | Some(b' ')) {
            return None;
        }
        let inside = start + 1..close;
        let value =
            if is_json_string(&line[inside.clone()]) { Found::Escaped(inside) } else { Found::Text(inside) };
        return Some((key, value, close + 1));
    }
    let mut end = start;
    while end < line.len() && line[end] != b' ' {
        if line[end] == b'"' {
            return None;
        }
        end += 1;
    }
    Some((key, plain_value(line, start..end), end))
}

/// A bare value: a number, true or false as JSON, else text.
fn plain_value(line: &[u8], range: Range<usize>) -> Found {
    let text = &line[range.clone()];
    let json = match text.first() {
        Some(b'0'..=b'9' | b'-') => is_number(text),
        Some(b't') => text == b"true",
        Some(b'f') => text == b"false",
        _ => false,
    };
    if json { Found::Json(range) } else { Found::Text(range) }
}

fn is_number(text: &[u8]) -> bool {
    crate::event::json::value(text, 0, 1).is_some_and(|(end, _)| end == text.len())
}

/// Go quotes as JSON does but for `\x1b`, `\a` and the like; such a value stays as it stands.
fn is_json_string(inside: &[u8]) -> bool {
    let mut at = 0;
    while let Some(hit) = memchr::memchr(b'\\', &inside[at..]) {
        let Some(next) = crate::event::json::escape(inside, at + hit) else { return false };
        at = next;
    }
    inside.iter().all(|b| *b >= 0x20)
}

fn word_level(word: &[u8]) -> Option<Level> {
    Level::parse(word).or_else(|| {
        let letters = word.iter().position(|b| !b.is_ascii_alphabetic())?;
        matches!(word[letters], b'+' | b'-').then(|| Level::parse(&word[..letters]))?
    })
}

fn epoch(text: &[u8]) -> Option<super::notation::LineTime> {
    match crate::event::json::parse_number(text) {
        crate::event::Value::Int(n) => notation::parse_epoch(n),
        crate::event::Value::Float(n) => notation::parse_epoch_float(n),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Option<Parsed> {
        let mut out = Parsed::default();
        read(line.as_bytes(), false, &mut out).then_some(out)
    }

    #[test]
    fn records_of_pairs_are_read_and_prose_is_not() {
        let line =
            r#"time=2026-11-22T19:46:55.898Z level=INFO msg="tool \"x\" done" tool=read_file n=3 ok=true"#;
        let parsed = parse(line).unwrap();
        assert_eq!(parsed.level, Some(Level::Info));
        assert_eq!(&line[parsed.message.clone()], r#"tool \"x\" done"#);
        assert!(is_quoted(line.as_bytes(), &parsed.message));
        assert_eq!(parsed.fields.len(), 3);
        for prose in [
            "a=b",
            "x=1 then text",
            "event=request_start method=ping",
            "level=",
            "msg=\"open",
            "k=\"v\"x level=info",
        ] {
            assert!(parse(prose).is_none(), "{prose}");
        }
    }
}
