//! Where a secret stands that something beside it tells of: a name, a URL, the head of a key.
//!
//! * Nothing is copied; every function looks at a bounded part of the text or goes over it once.

use std::ops::Range;

use super::mask::Mask;

/// Words behind a name that tell of a secret and give none.
const PROSE: &[&str] = &[
    "a",
    "an",
    "and",
    "are",
    "bad",
    "but",
    "cannot",
    "could",
    "does",
    "expired",
    "failed",
    "for",
    "found",
    "has",
    "have",
    "in",
    "incorrect",
    "invalid",
    "is",
    "missing",
    "must",
    "no",
    "none",
    "not",
    "null",
    "nil",
    "of",
    "ok",
    "on",
    "or",
    "provided",
    "required",
    "should",
    "still",
    "the",
    "to",
    "too",
    "true",
    "false",
    "undefined",
    "unexpected",
    "unknown",
    "unset",
    "was",
    "were",
    "will",
    "with",
    "wrong",
    "yes",
];

/// Schemes that stand before the secret in an `Authorization` header.
const SCHEMES: &[&str] = &["basic", "bearer", "token", "apikey", "negotiate", "ntlm", "bot", "key"];

/// Schemes whose parameters are secret together.
const LONG_SCHEMES: &[&str] = &["digest", "oauth", "hawk", "hmac", "signature", "aws4-hmac-sha256"];

/// Name characters to either side of a telling literal; longer names are not names.
const NAME_REACH: usize = 64;

fn is_name_byte(b: u8) -> bool {
    b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.')
}

/// The name that a literal is part of.
pub fn name_around(text: &[u8], literal: Range<usize>) -> Range<usize> {
    let before = text[..literal.start].iter().rev().take(NAME_REACH);
    let start = literal.start - before.take_while(|b| is_name_byte(**b)).count();
    let behind = text[literal.end..].iter().take(NAME_REACH);
    let end = literal.end + behind.take_while(|b| is_name_byte(**b)).count();
    // A full stop or a dash at the end belongs to the sentence.
    let trimmed = text[literal.end..end].iter().rev().take_while(|b| matches!(**b, b'.' | b'-')).count();
    start..end - trimmed
}

/// An opening quote: how many backslashes stand before it, and which it is.
#[derive(Clone, Copy)]
struct Quote {
    slashes: usize,
    mark: u8,
}

/// The quote that stands at `at`, and the offset behind it.
fn quote_at(text: &[u8], at: usize) -> Option<(Quote, usize)> {
    let slashes = text[at..].iter().take_while(|b| **b == b'\\').count();
    let mark = *text.get(at + slashes)?;
    matches!(mark, b'"' | b'\'' | b'`').then_some((Quote { slashes, mark }, at + slashes + 1))
}

fn blanks(text: &[u8], at: usize) -> usize {
    at + text[at..].iter().take_while(|b| matches!(**b, b' ' | b'\t')).count()
}

/// Finds the value that belongs to the name of a secret.
pub fn find_value(text: &[u8], name: Range<usize>, f: &mut dyn FnMut(Range<usize>, Mask)) {
    let mut at = name.end;
    let mut json_key = false;
    if let Some((quote, behind)) = quote_at(text, at) {
        json_key = quote.mark == b'"';
        at = behind;
    }
    let flag = text[..name.start].ends_with(b"--") || text[name.clone()].starts_with(b"--");
    // `["token"] = "x"`
    if text.get(at) == Some(&b']') {
        at += 1;
    }
    let gap = blanks(text, at);
    at = match text.get(gap..) {
        Some([b'=', b'>', ..] | [b':', b'=', ..]) => gap + 2,
        // `==` compares and `://` is a scheme.
        Some([b'=', b'=', ..]) | Some([b':', b'/', b'/', ..]) => return,
        Some([b'=' | b':', ..]) => gap + 1,
        _ if flag && gap > at => gap,
        _ => return,
    };
    at = blanks(text, at);
    if text[at..].starts_with(b"Some(") {
        at += 5;
    }
    let lower = text[name.clone()].to_ascii_lowercase();
    let header = lower.ends_with(b"authorization");
    let cookie = lower.ends_with(b"cookie");
    if let Some((quote, start)) = quote_at(text, at) {
        let end = closing(text, start, quote);
        let start = if header { behind_scheme(text, start, SCHEMES).min(end) } else { start };
        if end > start {
            f(start..end, Mask::Stars);
        }
        return;
    }
    match text.get(at) {
        Some(b'{' | b'[') => return find_nested(text, at, f),
        None => return,
        _ => {}
    }
    let short = if header { behind_scheme(text, at, SCHEMES) } else { at };
    let long = if header { behind_scheme(text, at, LONG_SCHEMES) } else { at };
    let start = short.max(long);
    let end = if long > at {
        // Quotes in it are its own, unless the whole header stands in quotes.
        let around =
            name.start.checked_sub(1).map(|before| text[before]).filter(|b| matches!(b, b'"' | b'\''));
        let stop = |b: &u8| matches!(b, b'\n' | b'\r') || around == Some(*b);
        start + text[start..].iter().position(stop).unwrap_or(text.len() - start)
    } else if cookie {
        end_of_header(text, start)
    } else {
        end_of_word(text, start)
    };
    if end == start || is_prose(&text[start..end]) {
        return;
    }
    let number = json_key && in_json_value(text, start..end);
    f(start..end, if number { Mask::Zero } else { Mask::Stars });
}

/// Whether an unquoted value behind a quoted key is a JSON number.
fn in_json_value(text: &[u8], range: Range<usize>) -> bool {
    let number = std::str::from_utf8(&text[range]).ok().and_then(|t| t.parse::<f64>().ok());
    number.is_some_and(f64::is_finite)
}

fn is_prose(word: &[u8]) -> bool {
    let Ok(word) = std::str::from_utf8(word) else { return false };
    let word = word.trim_end_matches(['.', '!', '?', ':']);
    word.is_empty() || PROSE.iter().any(|prose| word.eq_ignore_ascii_case(prose))
}

/// The offset behind a scheme and its blank, if one stands at `at`.
fn behind_scheme(text: &[u8], at: usize, schemes: &[&str]) -> usize {
    let len = text[at..].iter().take(20).take_while(|b| b.is_ascii_alphanumeric() || **b == b'-').count();
    let word = &text[at..at + len];
    if schemes.iter().any(|scheme| word.eq_ignore_ascii_case(scheme.as_bytes())) {
        let behind = blanks(text, at + len);
        if behind > at + len {
            return behind;
        }
    }
    at
}

/// The offset of the quote that closes a value, else of the end of its line.
fn closing(text: &[u8], start: usize, quote: Quote) -> usize {
    let mut slashes = 0;
    for (at, byte) in text.iter().enumerate().skip(start) {
        match *byte {
            b'\\' => slashes += 1,
            mark if mark == quote.mark => {
                // With n backslashes before the opening quote an inner quote has more, an outer one fewer.
                let inner = if quote.slashes == 0 { slashes % 2 == 1 } else { slashes > quote.slashes };
                if !inner {
                    return at - slashes.min(quote.slashes);
                }
                slashes = 0;
            }
            _ => slashes = 0,
        }
    }
    start + memchr::memchr(b'\n', &text[start..]).unwrap_or(text.len() - start)
}

/// Finds the strings and numbers of an object or list that belongs to the name of a secret; keys stay.
fn find_nested(text: &[u8], open: usize, f: &mut dyn FnMut(Range<usize>, Mask)) {
    let (mut at, mut depth) = (open, 0usize);
    while at < text.len() {
        if let Some((quote, start)) = quote_at(text, at) {
            let end = closing(text, start, quote);
            let behind = (end + quote.slashes + 1).min(text.len());
            if text.get(blanks(text, behind)) != Some(&b':') && end > start {
                f(start..end, Mask::Stars);
            }
            at = behind;
            continue;
        }
        match text[at] {
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            b'0'..=b'9' => {
                let digits = text[at..].iter().take_while(|b| b.is_ascii_digit() || **b == b'.').count();
                f(at..at + digits, Mask::Zero);
                at += digits - 1;
            }
            _ => {}
        }
        at += 1;
        if depth == 0 {
            return;
        }
    }
}

/// The end of a header's value: of its line, or the quote around the header.
fn end_of_header(text: &[u8], start: usize) -> usize {
    let stop = |at: &usize| {
        matches!(text[*at], b'\n' | b'\r' | b'"' | b'\'')
            || text[*at] == b'\\' && matches!(text.get(at + 1), Some(b'n' | b'r' | b'"' | b'\''))
    };
    (start..text.len()).find(stop).unwrap_or(text.len())
}

/// The end of a value without quotes. A comma or bracket that is followed by more of the value belongs to it.
fn end_of_word(text: &[u8], start: usize) -> usize {
    let mut at = start;
    while let Some(byte) = text.get(at) {
        match byte {
            b'"' | b'\'' | b'`' | b'<' | b'>' => break,
            b if b.is_ascii_whitespace() => break,
            b'\\' if matches!(text.get(at + 1), Some(b'n' | b'r' | b't' | b'"' | b'\'')) => break,
            b'&' | b',' | b';' if begins_next(text, at + 1) => break,
            b')' | b']' | b'}' if closes(text, at + 1) => break,
            _ => at += 1,
        }
    }
    at
}

/// Whether another key, a blank or the end follows a separator.
fn begins_next(text: &[u8], at: usize) -> bool {
    match text.get(at) {
        None => true,
        Some(b) if b.is_ascii_whitespace() || matches!(b, b'"' | b'\'' | b'\\' | b'{' | b'[') => true,
        Some(_) => {
            let name = text[at..].iter().take(NAME_REACH).take_while(|b| is_name_byte(**b)).count();
            name > 0 && matches!(text.get(at + name), Some(b'=' | b':'))
        }
    }
}

/// Whether a bracket closes something around the value.
fn closes(text: &[u8], at: usize) -> bool {
    match text.get(at) {
        None => true,
        Some(b) => {
            b.is_ascii_whitespace() || matches!(b, b',' | b';' | b'.' | b')' | b']' | b'}' | b'"' | b'\'')
        }
    }
}

/// The password of a URL, or its user if that is all and looks made by a machine. `at` is behind `://`.
pub fn in_url(text: &[u8], at: usize) -> Option<Range<usize>> {
    let word_end = |b: &u8| b.is_ascii_whitespace() || matches!(b, b'"' | b'\'' | b'<' | b'>' | b'`' | b'\\');
    let rest = &text[at..];
    let rest = &rest[..rest.iter().take(2048).position(word_end).unwrap_or(rest.len().min(2048))];
    let authority = rest.iter().position(|b| matches!(b, b'/' | b'?' | b'#')).unwrap_or(rest.len());
    let end = match memchr::memrchr(b'@', &rest[..authority]) {
        Some(end) => end,
        None => {
            // A password with an unescaped `/`, unless what stands behind the colon is a port.
            let colon = memchr::memchr(b':', &rest[..authority])?;
            if rest[0] == b'[' || rest[colon + 1..authority].iter().all(u8::is_ascii_digit) {
                return None;
            }
            memchr::memchr(b'@', rest)?
        }
    };
    match memchr::memchr(b':', &rest[..end]) {
        Some(colon) if colon + 1 < end => Some(at + colon + 1..at + end),
        Some(_) => None,
        None => (end >= 16 && looks_made(&rest[..end])).then(|| at..at + end),
    }
}

/// The body of a private key, line by line; `at` is behind its head.
pub fn in_pem(text: &[u8], at: usize, f: &mut dyn FnMut(Range<usize>, Mask)) {
    let head = text[..at].len().saturating_sub(64);
    if memchr::memmem::find(&text[head..at], b"BEGIN").is_none() {
        return;
    }
    let end = memchr::memmem::find(&text[at..], b"-----END").map_or(text.len(), |end| at + end);
    let mut start = at;
    while start < end {
        // The `n` of a written `\n` is no part of the key.
        let slashes = text[start..end].iter().take_while(|b| **b == b'\\').count();
        if slashes > 0 {
            start += slashes + 1;
            continue;
        }
        let base64 = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'=');
        let len = text[start..end].iter().take_while(|b| base64(b)).count();
        if len >= 16 || (len > 1 && start > at && memchr::memchr2(b'=', b'\n', &text[start..end]).is_some()) {
            f(start..start + len, Mask::Stars);
        }
        start += len.max(1);
    }
}

/// Whether a machine made a word: prose has no digits, and capitals only in front.
pub fn looks_made(word: &[u8]) -> bool {
    let digit = word.iter().any(u8::is_ascii_digit);
    let inner_capital = word.windows(2).any(|two| two[0].is_ascii_lowercase() && two[1].is_ascii_uppercase());
    digit || inner_capital || word.ends_with(b"=") || word.len() >= 48
}
