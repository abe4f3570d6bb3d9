//! Where secrets stand in stored text, and their overwriting.
//!
//! * Text is searched layer by layer: as it is (if it is not the inside of a JSON string), then without one layer of
//!   escapes, then without two, as long as there are any. Each byte of a layer knows the stored bytes it is from.
//! * An escape is overwritten whole or not at all.

use std::ops::Range;

use crate::event::escape::unescape_into;
use crate::event::json;

use super::rules::{Rules, Suspicion};

/// Layers of escapes that are undone. Real logs have up to three: an engine's, a logger's, a payload's.
const LAYERS: usize = 4;

/// Shorter secrets are looked for elsewhere only where they are the whole of a value: as parts they hit other words.
const COPY_MIN: usize = 6;

/// How a place is overwritten.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mask {
    /// With `*`.
    Stars,
    /// A number in JSON: with a number of the same length that is 0.
    Zero,
}

/// A secret in stored text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Its stored bytes.
    pub stored: Range<usize>,
    /// As it reads without escapes.
    pub plain: Vec<u8>,
    /// How to overwrite it.
    pub mask: Mask,
}

/// Text without some layers of escapes.
#[derive(Debug, Default)]
struct Layer {
    bytes: Vec<u8>,
    /// The stored bytes that each byte is from.
    from: Vec<(u32, u32)>,
}

/// Room for layers, kept between texts.
#[derive(Debug, Default)]
pub struct Layers {
    last: Layer,
    next: Layer,
}

impl Layers {
    /// Calls `f` with each layer of a text, and with what turns a range of it into one of the stored text.
    fn each(
        &mut self,
        stored: &[u8],
        escaped: bool,
        mut f: impl FnMut(&[u8], &dyn Fn(&Range<usize>) -> Range<usize>),
    ) {
        let mut escapes = has_escapes(stored);
        if !(escaped && escapes) {
            f(stored, &|range| whole_escapes(stored, range));
        }
        for depth in 0..LAYERS {
            if !escapes {
                return;
            }
            let Layers { last, next } = self;
            if depth == 0 {
                unescape(stored, |range| (range.start as u32, range.end as u32), next);
            } else {
                unescape(&last.bytes, |range| (last.from[range.start].0, last.from[range.end - 1].1), next);
            }
            escapes = has_escapes(&next.bytes);
            f(&next.bytes, &|range| {
                let range = whole_escapes(&next.bytes, range);
                next.from[range.start].0 as usize..next.from[range.end - 1].1 as usize
            });
            std::mem::swap(last, next);
        }
    }

    /// Whether a text that has escapes needs a closer look in any of its layers.
    fn suspects(&mut self, rules: &Rules, stored: &[u8]) -> bool {
        let (last, next) = (&mut self.last.bytes, &mut self.next.bytes);
        last.clear();
        unescape_into(stored, last);
        for _ in 0..LAYERS {
            match rules.suspects(last) {
                Suspicion::None => return false,
                Suspicion::Some => return true,
                Suspicion::Escapes => {}
            }
            next.clear();
            unescape_into(last, next);
            if next == last {
                return false;
            }
            std::mem::swap(last, next);
        }
        true
    }
}

fn has_escapes(text: &[u8]) -> bool {
    memchr::memchr_iter(b'\\', text).any(|at| escape_len(text, at) > 1)
}

/// Length of the escape at a backslash; 1 if it is none.
fn escape_len(text: &[u8], at: usize) -> usize {
    let unit = |at: usize| {
        let digits = text.get(at..at + 6)?;
        let hex = digits.starts_with(b"\\u") && digits[2..].iter().all(u8::is_ascii_hexdigit);
        hex.then(|| digits[2..4].to_ascii_lowercase())
    };
    match text.get(at + 1) {
        Some(b'n' | b't' | b'r' | b'"' | b'\\' | b'/' | b'b' | b'f') => 2,
        Some(b'u') => match unit(at) {
            None => 1,
            Some(high) if matches!(&*high, [b'd', b'8'..=b'9' | b'a'..=b'b']) => match unit(at + 6) {
                Some(low) if matches!(&*low, [b'd', b'c'..=b'f']) => 12,
                _ => 6,
            },
            Some(_) => 6,
        },
        _ => 1,
    }
}

fn unescape(text: &[u8], from: impl Fn(Range<usize>) -> (u32, u32), layer: &mut Layer) {
    layer.bytes.clear();
    layer.from.clear();
    let mut at = 0;
    while at < text.len() {
        let len = if text[at] == b'\\' { escape_len(text, at) } else { 1 };
        if len == 1 {
            layer.bytes.push(text[at]);
        } else {
            unescape_into(&text[at..at + len], &mut layer.bytes);
        }
        layer.from.resize(layer.bytes.len(), from(at..at + len));
        at += len;
    }
}

/// Widens a range that begins or ends inside an escape.
fn whole_escapes(text: &[u8], range: &Range<usize>) -> Range<usize> {
    let (mut start, mut end) = (range.start, range.end);
    // Escapes are found from the left: go back over everything that may belong to one, at most a surrogate pair
    // and the backslashes before it.
    let mut at = start.saturating_sub(12);
    while at > 0 && text[at - 1] == b'\\' {
        at -= 1;
    }
    while at < end {
        let len = if text[at] == b'\\' { escape_len(text, at) } else { 1 };
        if at < start && at + len > start {
            start = at;
        }
        if at < end && at + len > end {
            end = at + len;
        }
        at += len;
    }
    start..end
}

/// Adds the secrets of a text. `true`: it has something that secrets come with.
pub fn search(
    rules: &Rules,
    stored: &[u8],
    escaped: bool,
    layers: &mut Layers,
    found: &mut Vec<Found>,
) -> bool {
    let clean = match rules.suspects(stored) {
        Suspicion::None => true,
        Suspicion::Escapes => !layers.suspects(rules, stored),
        Suspicion::Some => false,
    };
    if clean {
        return false;
    }
    layers.each(stored, escaped, |text, to_stored| {
        rules.find(text, &mut |range, mask| add(text, range, mask, to_stored, found));
    });
    true
}

fn add(
    text: &[u8],
    range: Range<usize>,
    mask: Mask,
    to_stored: &dyn Fn(&Range<usize>) -> Range<usize>,
    found: &mut Vec<Found>,
) {
    let plain = &text[range.clone()];
    let masked = match mask {
        Mask::Stars => plain.iter().all(|b| *b == b'*'),
        Mask::Zero => plain.iter().all(|b| matches!(b, b'0' | b'.' | b'-')),
    };
    if !masked {
        found.push(Found { stored: to_stored(&range), plain: plain.to_vec(), mask });
    }
}

/// Adds the whole of a text.
pub fn all(stored: &[u8], escaped: bool, found: &mut Vec<Found>) {
    if stored.is_empty() || stored.iter().all(|b| *b == b'*') {
        return;
    }
    let mut plain = stored.to_vec();
    if escaped {
        plain.clear();
        unescape_into(stored, &mut plain);
    }
    found.push(Found { stored: 0..stored.len(), plain, mask: Mask::Stars });
}

/// Adds every string and number of a JSON value; keys stay.
pub fn all_values(text: &[u8], found: &mut Vec<Found>) {
    let whole = |range: &Range<usize>| range.clone();
    let mut at = 0;
    while at < text.len() {
        match text[at] {
            b'"' => {
                let Some(end) = json::string(text, at) else { return };
                let blank = text[end..].iter().take_while(|b| b.is_ascii_whitespace()).count();
                let key = text.get(end + blank) == Some(&b':');
                if !key && end - at > 2 {
                    add(text, at + 1..end - 1, Mask::Stars, &whole, found);
                }
                at = end;
            }
            b'-' | b'0'..=b'9' => {
                let number = |b: &&u8| matches!(b, b'0'..=b'9' | b'.' | b'-' | b'+' | b'e' | b'E');
                let end = at + text[at..].iter().take_while(number).count();
                add(text, at..end, Mask::Zero, &whole, found);
                at = end;
            }
            _ => at += 1,
        }
    }
}

/// Adds the places where secrets found in another text of the event stand in this one.
pub fn copies(
    stored: &[u8],
    escaped: bool,
    secrets: &[Vec<u8>],
    whole: bool,
    layers: &mut Layers,
    found: &mut Vec<Found>,
) {
    layers.each(stored, escaped, |text, to_stored| {
        for secret in secrets {
            if secret.len() < COPY_MIN {
                if whole && text == secret {
                    add(text, 0..text.len(), Mask::Stars, to_stored, found);
                }
                continue;
            }
            let Some(first) = secret.first() else { continue };
            for start in memchr::memchr2_iter(*first, b'*', text) {
                if text[start] == b'*' && start > 0 && text[start - 1] == b'*' {
                    continue;
                }
                if let Some(parts) = wrapped(text, start, secret) {
                    for part in parts {
                        let mask = if in_json_number(text, &part) { Mask::Zero } else { Mask::Stars };
                        add(text, part, mask, to_stored, found);
                    }
                }
            }
        }
    });
}

/// The parts of `secret` from `start` on if it stands there, in one piece or cut by ends of lines.
///
/// Behind a cut come what stands right of the column (behind blanks, to the end of the line) and the indent or frame of the next one.
fn wrapped(text: &[u8], start: usize, secret: &[u8]) -> Option<Vec<Range<usize>>> {
    let mut parts = Vec::new();
    let (mut at, mut part, mut have) = (start, start, 0);
    while have < secret.len() {
        let byte = text.get(at)?;
        // The part in front of a cut may be masked already.
        if *byte == secret[have] || *byte == b'*' {
            at += 1;
            have += 1;
            continue;
        }
        if !matches!(byte, b' ' | b'\n' | b'\r') || at == part {
            return None;
        }
        parts.push(part..at);
        at += memchr::memchr(b'\n', &text[at..])? + 1;
        loop {
            match text.get(at..)? {
                [b' ' | b'\t' | b'|', ..] => at += 1,
                // The frame of a box: U+2502.
                [0xE2, 0x94, 0x82, ..] => at += 3,
                _ => break,
            }
        }
        // Where the line ended between two words the join made a blank.
        if secret[have] == b' ' {
            have += 1;
        }
        part = at;
    }
    parts.push(part..at);
    Some(parts)
}

/// Whether a range is a whole number of a JSON text.
pub fn in_json_number(text: &[u8], range: &Range<usize>) -> bool {
    let number = |b: &u8| matches!(b, b'0'..=b'9' | b'.' | b'-' | b'+' | b'e' | b'E');
    let blank = |b: &&u8| b.is_ascii_whitespace();
    if !text[range.clone()].iter().all(number) {
        return false;
    }
    let before = text[..range.start].iter().rev().find(|b| !blank(b));
    let behind = text[range.end..].iter().find(|b| !blank(b));
    let starts = text.iter().find(|b| !blank(b));
    matches!(starts, Some(b'{' | b'['))
        && matches!(before, Some(b':' | b'[' | b','))
        && matches!(behind, Some(b',' | b']' | b'}'))
}

/// What was found as ranges that do not overlap, in order; what they read goes to `secrets`.
pub fn merge(found: &mut Vec<Found>, secrets: &mut Vec<Vec<u8>>) -> Vec<(Range<usize>, Mask)> {
    found.sort_by_key(|f| (f.stored.start, f.stored.end));
    let mut merged: Vec<(Range<usize>, Mask)> = Vec::new();
    for f in found.drain(..) {
        match merged.last_mut() {
            Some((last, mask)) if f.stored.start < last.end => {
                last.end = last.end.max(f.stored.end);
                if f.mask != *mask {
                    *mask = Mask::Stars;
                }
            }
            _ => merged.push((f.stored, f.mask)),
        }
        // More than a few secrets in one record is a flood; each was overwritten where it was found.
        if secrets.len() < 64 && !secrets.contains(&f.plain) {
            secrets.push(f.plain);
        }
    }
    merged
}

/// Overwrites stored bytes.
pub fn overwrite(stored: &mut [u8], mask: Mask) {
    match mask {
        Mask::Stars => stored.fill(b'*'),
        Mask::Zero => {
            stored.fill(b'0');
            match stored {
                [sign, _] => *sign = b'-',
                [_, point, _, ..] => *point = b'.',
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layers_lead_back_to_the_stored_bytes() {
        let stored = br#"a\\nb\u0041\"x"#;
        let mut seen = Vec::new();
        Layers::default().each(stored, true, |text, to_stored| {
            let all: Vec<String> = (0..text.len())
                .map(|at| String::from_utf8_lossy(&stored[to_stored(&(at..at + 1))]).into_owned())
                .collect();
            seen.push((String::from_utf8_lossy(text).into_owned(), all.join(" ")));
        });
        let expected = [(r#"a\nbA"x"#, r#"a \\n \\n b \u0041 \" x"#), ("a\nbA\"x", r#"a \\n b \u0041 \" x"#)];
        let expected: Vec<(String, String)> =
            expected.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect();
        assert_eq!(seen, expected);
    }

    #[test]
    fn numbers_become_zero_of_the_same_length() {
        for (number, zero) in [("7", "0"), ("42", "-0"), ("123", "0.0"), ("-1.5e3", "0.0000")] {
            let mut bytes = number.as_bytes().to_vec();
            overwrite(&mut bytes, Mask::Zero);
            assert_eq!(String::from_utf8(bytes.clone()).unwrap(), zero);
            assert_eq!(serde_json::from_slice::<f64>(&bytes).unwrap().abs(), 0.0);
        }
    }

    #[test]
    fn a_secret_cut_by_line_ends_is_found() {
        let text = b"INFO  key sk-abc        server.py:12\n      defgh rest";
        let parts = wrapped(text, 10, b"sk-abcdefgh").unwrap();
        let read: Vec<&[u8]> = parts.into_iter().map(|part| &text[part]).collect();
        assert_eq!(read, [b"sk-abc".as_slice(), b"defgh"]);
        assert!(wrapped(text, 10, b"sk-abX").is_none());
    }
}
