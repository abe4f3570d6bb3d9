//! Python's Rich handler: one record is wrapped into columns of time, level, message and path.
//!
//! * Widths are counted in cells of a terminal, as Rich does.
//! * The width is read off the head line, so that any console width works.
//! * What wrapping lost (runs of blanks at a line's end) stays lost; a JSON document that parsed before wrapping
//!   parses after.

use unicode_width::UnicodeWidthStr;

use super::notation::LineTime;
use super::shape::{indent, trim_end};
use crate::event::time::days_from_civil;
use crate::event::{Level, SECOND, json};

/// What FastMCP reports of an exception in a tool, through the handler without a level column.
pub const BARE_ERROR: &[u8] = b"Error calling tool '";

/// Most blanks in front of a level.
const WIDEST_TIME: usize = 40;

/// The beginning of a Rich record.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Head {
    /// Its time; `None`: that of the record before.
    pub time: Option<LineTime>,
    /// Its level; `None` for the exception handler's records.
    pub level: Option<Level>,
    /// Column of the level (or text), in cells; all before it is ASCII.
    pub column: u16,
    /// Column of the message.
    pub text: u16,
}

/// Reads the head of a Rich record.
pub fn head(line: &[u8]) -> Option<Head> {
    let (time, column) = match line.first()? {
        b'[' => {
            let close = line.iter().take(WIDEST_TIME).position(|b| *b == b']')?;
            let time = read_time(&line[1..close])?;
            if line.get(close + 1) != Some(&b' ') {
                return None;
            }
            (Some(time), close + 2)
        }
        b' ' => {
            let n = indent(line);
            if !(8..=WIDEST_TIME).contains(&n) {
                return None;
            }
            (None, n)
        }
        _ => return None,
    };
    let rest = line.get(column..)?;
    let level = read_level(rest);
    match (time, level) {
        (_, Some(level)) => {
            Some(Head { time, level: Some(level), column: column as u16, text: column as u16 + 9 })
        }
        // Without a level column the padding to the console's width is what tells Rich from other brackets.
        (Some(_), None) if rest.ends_with(b" ") && trim_end(rest).len() < rest.len() && !rest.is_empty() => {
            Some(Head { time, level: None, column: column as u16, text: column as u16 })
        }
        // With a blank time not even that; what FastMCP logs there itself is known by its words.
        (None, None) if rest.starts_with(BARE_ERROR) && rest.ends_with(b" ") => bare(line),
        _ => None,
    }
}

/// The head of a record that is nothing but text in the exception handler's column.
pub fn bare(line: &[u8]) -> Option<Head> {
    let n = indent(line);
    (n >= 8).then_some(Head { time: None, level: None, column: n as u16, text: n as u16 })
}

/// `INFO     `: the level's column is eight wide.
fn read_level(rest: &[u8]) -> Option<Level> {
    let field = rest.get(..9)?;
    if field[8] != b' ' {
        return None;
    }
    Some(match trim_end(field) {
        b"DEBUG" => Level::Debug,
        b"INFO" => Level::Info,
        b"WARNING" => Level::Warn,
        b"ERROR" => Level::Error,
        b"CRITICAL" => Level::Fatal,
        b"NOTSET" | b"TRACE" => Level::Trace,
        b"SUCCESS" | b"NOTICE" => Level::Info,
        _ => return None,
    })
}

/// `11/22/26 14:39:43`, `2026-11-22 14:39:43`, `14:39:43`, with or without a fraction.
fn read_time(text: &[u8]) -> Option<LineTime> {
    let number = |s: &[u8]| -> Option<i64> {
        if s.is_empty() || s.len() > 4 || !s.iter().all(u8::is_ascii_digit) {
            return None;
        }
        std::str::from_utf8(s).ok()?.parse().ok()
    };
    let (date, clock) = match text.iter().position(|b| *b == b' ') {
        Some(at) => (Some(&text[..at]), &text[at + 1..]),
        None => (None, text),
    };
    let (clock, part) = match clock.iter().position(|b| matches!(b, b'.' | b',')) {
        Some(at) => (&clock[..at], crate::event::time::fraction(&clock[at..])?),
        None => (clock, 0),
    };
    let mut parts = clock.split(|b| *b == b':');
    let (hour, minute, second) = (number(parts.next()?)?, number(parts.next()?)?, number(parts.next()?)?);
    if parts.next().is_some() || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let of_day = (hour * 3_600 + minute * 60 + second) * SECOND + part;
    let Some(date) = date else { return Some(LineTime::OfDay(of_day)) };
    let separator = if date.contains(&b'/') { b'/' } else { b'-' };
    let mut parts = date.split(|b| *b == separator);
    let (a, b, c) = (number(parts.next()?)?, number(parts.next()?)?, number(parts.next()?)?);
    if parts.next().is_some() {
        return None;
    }
    let (year, month, day) =
        if separator == b'/' { (if c < 100 { 2000 + c } else { c }, a, b) } else { (a, b, c) };
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) || !(1970..=2200).contains(&year) {
        return None;
    }
    Some(LineTime::Local(days_from_civil(year, month as u32, day as u32) * 86_400 * SECOND + of_day))
}

/// Width in cells. Bytes that are no text count as one cell each.
pub fn cells(text: &[u8]) -> usize {
    if text.is_ascii() {
        return text.len();
    }
    match std::str::from_utf8(text) {
        Ok(text) => text.width(),
        Err(_) => String::from_utf8_lossy(text).width(),
    }
}

/// Appends the message of a wrapped record to `out`; `lines` are its physical lines.
pub fn unwrap(head: &Head, lines: &[&[u8]], out: &mut Vec<u8>) {
    let Some((first, rest)) = lines.split_first() else { return };
    let text = usize::from(head.text).min(first.len());
    let total = cells(first);
    let (body, width) = match head.level {
        Some(_) => strip_path(&first[text..], total.saturating_sub(text)),
        None => (trim_end(&first[text..]), total.saturating_sub(text)),
    };
    let start = out.len();
    let pieces: Vec<&[u8]> = std::iter::once(body)
        .chain(rest.iter().map(|line| {
            let line = trim_end(line);
            &line[indent(line).min(text)..]
        }))
        .collect();
    join(&pieces, width, out);
    while out.len() > start && out.last().is_some_and(u8::is_ascii_whitespace) {
        out.pop();
    }
    if out.get(start) == Some(&b'{') {
        mend(&pieces, width, start, out);
    }
}

/// The message part of a head line and the width of its column.
fn strip_path(text: &[u8], room: usize) -> (&[u8], usize) {
    let trimmed = trim_end(text);
    let Some(blank) = trimmed.iter().rposition(|b| *b == b' ') else { return (trimmed, room) };
    let path = &trimmed[blank + 1..];
    let is_path = path.len() == text.len() - blank - 1
        && path.iter().rposition(|b| *b == b':').is_some_and(|colon| {
            colon > 0 && colon + 1 < path.len() && path[colon + 1..].iter().all(u8::is_ascii_digit)
        });
    if !is_path {
        return (trimmed, room);
    }
    let body = &trimmed[..blank];
    (trim_end(body), room.saturating_sub(cells(path) + 1))
}

/// Undoes the wrapping: a full part without blank is a cut word; a next word that would have fitted means a newline
/// of the author's; anything else was one blank.
fn join(pieces: &[&[u8]], width: usize, out: &mut Vec<u8>) {
    for (at, piece) in pieces.iter().enumerate() {
        if at > 0 {
            match seam(pieces[at - 1], piece, width) {
                Seam::None => {}
                Seam::Blank => out.push(b' '),
                Seam::Newline => out.push(b'\n'),
            }
        }
        out.extend_from_slice(piece);
    }
}

#[derive(PartialEq)]
enum Seam {
    None,
    Blank,
    Newline,
}

fn seam(before: &[u8], after: &[u8], width: usize) -> Seam {
    let drawn = |line: &[u8]| super::shape::starts_box(line.trim_ascii_start());
    if drawn(after) || drawn(before) {
        return Seam::Newline;
    }
    let used = cells(before);
    if used == width && !before.contains(&b' ') {
        return Seam::None;
    }
    let word = after.split(|b| *b == b' ').next().unwrap_or(after);
    if after.is_empty() || before.is_empty() || after.starts_with(b" ") {
        return Seam::Newline;
    }
    if used + 1 + cells(word) <= width { Seam::Newline } else { Seam::Blank }
}

/// A JSON document holds no newline of its own: tries what else the seams may have been until it parses.
fn mend(pieces: &[&[u8]], width: usize, start: usize, out: &mut Vec<u8>) {
    if json::is_object(&out[start..]) && !out[start..].contains(&b'\n') {
        return;
    }
    let pieces: Vec<&[u8]> = pieces.iter().copied().filter(|p| !p.is_empty()).collect();
    // In this order: newlines dropped, newlines as blanks, every full part cut, nothing between at all.
    type IsBlank<'a> = &'a dyn Fn(&[u8], &[u8]) -> bool;
    let tries: [IsBlank<'_>; 4] = [
        &|before, after| seam(before, after, width) == Seam::Blank,
        &|before, after| seam(before, after, width) != Seam::None,
        &|before, _| cells(before) < width,
        &|_, _| false,
    ];
    let mut candidate = Vec::new();
    for blank in tries {
        candidate.clear();
        for (at, piece) in pieces.iter().enumerate() {
            if at > 0 && blank(pieces[at - 1], piece) {
                candidate.push(b' ');
            }
            candidate.extend_from_slice(piece);
        }
        if json::is_object(&candidate) {
            out.truncate(start);
            out.extend_from_slice(&candidate);
            return;
        }
    }
}

#[cfg(test)]
mod tests;
