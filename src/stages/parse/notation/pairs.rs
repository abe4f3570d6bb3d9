//! `key=value` behind a message.
//!
//! * Strict tails (slog, structlog, zerolog) are pairs to the end of the line; anything else there is message.
//! * Tails of Rust's `tracing` hold values with blanks: a value ends where the next ` key=` begins outside of brackets
//!   and quotes.
//! * Every search is linear in the line: hostile lines get fewer fields, never more time.

use std::ops::Range;

use super::Found;

/// Fields kept of one line; more are left in the record's text.
pub(super) const MOST: usize = 64;
/// Starts of a strict tail that are tried; prose with many `=` has none that fits.
const TRIES: usize = 8;

type Pairs = Vec<(Range<usize>, Found)>;

/// Finds the strict tail of `b[from..end]`: where it begins; its pairs go to `out`.
pub(super) fn strict(b: &[u8], from: usize, end: usize, out: &mut Pairs) -> Option<usize> {
    let mut search = from;
    let before = out.len();
    for _ in 0..TRIES {
        let (start, _) = next_key(b, search, end)?;
        if pairs(b, start, end, out) {
            return Some(start);
        }
        out.truncate(before);
        search = start + 1;
    }
    None
}

/// Whether `b[start..end]` is pairs throughout.
fn pairs(b: &[u8], start: usize, end: usize, out: &mut Pairs) -> bool {
    let mut at = start;
    while at < end {
        let Some(equals) = key_end(b, at, end) else { return false };
        let Some((value, next)) = strict_value(b, equals + 1, end) else { return false };
        if next < end && b[next] != b' ' {
            return false;
        }
        if out.len() < MOST {
            out.push((at..equals, value));
        }
        at = next;
        while at < end && b[at] == b' ' {
            at += 1;
        }
    }
    true
}

fn strict_value(b: &[u8], at: usize, end: usize) -> Option<(Found, usize)> {
    match b[..end].get(at) {
        None => Some((Found::Text(at..at), at)),
        Some(quote @ (b'"' | b'\'')) => {
            let close = closing_quote(b, at + 1, end, *quote)?;
            Some((text(b, at + 1..close), close + 1))
        }
        Some(b'{' | b'[' | b'(') => {
            let close = closing_bracket(b, at, end)?;
            let mut next = close + 1;
            while next < end && b[next] != b' ' {
                next += 1;
            }
            Some((Found::Text(at..next), next))
        }
        Some(_) => {
            let next = memchr::memchr(b' ', &b[at..end]).map_or(end, |n| at + n);
            Some((bare(b, at..next), next))
        }
    }
}

/// Finds the first ` key=` of a loose tail in `b[from..end]` and reads from there on: where it begins.
pub(super) fn loose(b: &[u8], from: usize, end: usize, out: &mut Pairs) -> Option<usize> {
    let (start, mut equals) = next_key(b, from, end)?;
    let mut key = start;
    loop {
        let value = equals + 1;
        let (stop, next) = match loose_end(b, value, end) {
            Some((stop, key, equals)) => (stop, Some((key, equals))),
            None => (end, None),
        };
        if out.len() < MOST {
            out.push((key..equals, loose_value(b, value..stop)));
        }
        let Some(after) = next else { return Some(start) };
        (key, equals) = after;
    }
}

/// Where a loose value ends and the next pair's key begins and ends.
fn loose_end(b: &[u8], from: usize, end: usize) -> Option<(usize, usize, usize)> {
    let (mut at, mut depth) = (from, 0usize);
    while at < end {
        match b[at] {
            b'"' => at = closing_quote(b, at + 1, end, b'"')?,
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth = depth.saturating_sub(1),
            b' ' if depth == 0 => {
                if let Some(equals) = key_end(b, at + 1, end) {
                    return Some((at, at + 1, equals));
                }
            }
            _ => {}
        }
        at += 1;
    }
    None
}

fn loose_value(b: &[u8], range: Range<usize>) -> Found {
    let value = &b[range.clone()];
    if value.len() >= 2
        && value[0] == b'"'
        && closing_quote(b, range.start + 1, range.end, b'"') == Some(range.end - 1)
    {
        return text(b, range.start + 1..range.end - 1);
    }
    bare(b, range)
}

/// The pairs inside the braces of a span, `tool=read_file id=4`.
pub(super) fn span(b: &[u8], range: Range<usize>, out: &mut Pairs) {
    if key_end(b, range.start, range.end).is_some() {
        loose(b, range.start, range.end, out);
    }
}

/// The next `key=` at the start of a word: where the key begins, and its `=`.
fn next_key(b: &[u8], from: usize, end: usize) -> Option<(usize, usize)> {
    let mut at = from;
    loop {
        let equals = at + memchr::memchr(b'=', b.get(at..end)?)?;
        let mut start = equals;
        while start > from && is_key(b[start - 1]) {
            start -= 1;
        }
        if start < equals
            && begins_key(b[start])
            && (start == from || matches!(b[start - 1], b' ' | b'\t'))
            && b.get(equals + 1) != Some(&b'=')
        {
            return Some((start, equals));
        }
        at = equals + 1;
    }
}

/// The `=` of a key that begins at `at`.
fn key_end(b: &[u8], at: usize, end: usize) -> Option<usize> {
    if !b[..end].get(at).copied().is_some_and(begins_key) {
        return None;
    }
    let mut equals = at + 1;
    while equals < end && is_key(b[equals]) {
        equals += 1;
    }
    (equals < end && b[equals] == b'=' && b[..end].get(equals + 1) != Some(&b'=')).then_some(equals)
}

fn begins_key(c: u8) -> bool {
    c.is_ascii_alphabetic() || matches!(c, b'_' | b'@' | b'$')
}

fn is_key(c: u8) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, b'_' | b'.' | b'-' | b'/' | b'@' | b'$' | b'#')
}

fn closing_quote(b: &[u8], from: usize, end: usize, quote: u8) -> Option<usize> {
    let mut at = from;
    while at < end {
        at += memchr::memchr2(quote, b'\\', &b[at..end])?;
        if b[at] == quote {
            return Some(at);
        }
        at += 2;
    }
    None
}

/// The bracket that closes the one at `at`; quoted text inside is skipped.
pub(super) fn closing_bracket(b: &[u8], at: usize, end: usize) -> Option<usize> {
    let (mut at, mut depth) = (at, 0usize);
    while at < end {
        match b[at] {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    return Some(at);
                }
            }
            quote @ b'"' => at = closing_quote(b, at + 1, end, quote)?,
            _ => {}
        }
        at += 1;
    }
    None
}

/// The inside of quotes: escaped where all of its escapes are JSON's, else as it stands.
pub(super) fn text(b: &[u8], range: Range<usize>) -> Found {
    let inside = &b[range.clone()];
    let mut at = 0;
    let mut escapes = false;
    while let Some(next) = memchr::memchr(b'\\', &inside[at..]) {
        escapes = true;
        at += next + 1;
        match inside.get(at) {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => at += 1,
            Some(b'u')
                if inside.get(at + 1..at + 5).is_some_and(|hex| hex.iter().all(u8::is_ascii_hexdigit)) =>
            {
                at += 5
            }
            _ => return Found::Text(range),
        }
    }
    if escapes && quotes_escaped(inside) { Found::Escaped(range) } else { Found::Text(range) }
}

fn quotes_escaped(inside: &[u8]) -> bool {
    let mut at = 0;
    while at < inside.len() {
        match inside[at] {
            b'\\' => at += 2,
            b'"' | 0..b' ' => return false,
            _ => at += 1,
        }
    }
    true
}

/// A value without quotes: a number, true or false where it is written so, else text.
pub(super) fn bare(b: &[u8], range: Range<usize>) -> Found {
    let value = &b[range.clone()];
    if matches!(value, b"true" | b"false") {
        return Found::Json(range);
    }
    number(value).unwrap_or(Found::Text(range))
}

fn number(value: &[u8]) -> Option<Found> {
    let digits = value.strip_prefix(b"-").unwrap_or(value);
    if !digits.first()?.is_ascii_digit() || value.len() > 32 {
        return None;
    }
    if digits.len() > 1 && digits[0] == b'0' && digits[1].is_ascii_digit() {
        return None; // an identifier such as 0042
    }
    let text = std::str::from_utf8(value).ok()?;
    if digits.iter().all(u8::is_ascii_digit) {
        return text.parse().ok().map(Found::Int);
    }
    let signed = |pair: &[u8]| matches!(pair[0], b'e' | b'E') && matches!(pair[1], b'-' | b'+');
    if !digits.iter().all(|c| c.is_ascii_digit() || matches!(c, b'.' | b'e' | b'E' | b'-' | b'+')) {
        return None;
    }
    if !digits.contains(&b'.') && !digits.windows(2).any(signed) {
        return None; // hexadecimal identifiers: 12e5
    }
    text.parse().ok().filter(|n: &f64| n.is_finite()).map(Found::Float)
}
