//! A look at a log text as it stands in the file: whether it is the inside of a JSON string, as nearly every one is.
//!
//! * What is said here is true; what is not said may be true all the same: ask the JSON reader then.
//! * Every byte is compared with its neighbours in blocks as wide as the processor's vectors, without a branch. The
//!   last block overlaps the one before it, so nothing is left over.

use fearless_simd::{Level, Simd, dispatch, prelude::*};
use memchr::memchr;

/// What a look says of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Look {
    /// It is the inside of a JSON string in UTF-8.
    pub(super) inside: bool,
    /// It may hold a character spelt as `\u....` that is neither `<`, `>` or `&` nor a control character other than ESC.
    pub(super) veiled: bool,
}

/// Looks at a text.
#[inline]
pub(super) fn look(log: &[u8]) -> Look {
    let level = Level::new();
    if log.len() >= 64 + UNIT {
        return dispatch!(level, simd => look_with(simd, log));
    }
    // A short text is looked at with blanks behind it, which say nothing.
    let mut padded = [b' '; 64 + UNIT];
    padded[..log.len()].copy_from_slice(log);
    dispatch!(level, simd => look_with(simd, &padded))
}

/// A text of at least the widest vector and an escape.
#[inline(always)]
fn look_with<S: Simd>(simd: S, log: &[u8]) -> Look {
    let shape = Shape::of(simd, log);
    let units = if shape.units { Units::of(simd, log) } else { Units { simple: true, veiled: false } };
    let utf8 = !shape.high || std::str::from_utf8(log).is_ok();
    Look { inside: shape.plain && utf8 && units.simple, veiled: !shape.plain || units.veiled }
}

/// What each byte and its successor say.
struct Shape {
    /// No control character; every quote behind a backslash; escapes of two bytes only, none of them `\\`, or `\u`.
    plain: bool,
    /// Bytes outside ASCII.
    high: bool,
    /// Escapes of the form `\u….`
    units: bool,
}

impl Shape {
    #[inline(always)]
    fn of<S: Simd>(simd: S, log: &[u8]) -> Shape {
        let last = log[log.len() - 1];
        let mut bad = S::mask8s::splat(simd, false);
        let mut units = bad;
        let mut low = S::u8s::splat(simd, last);
        let mut bits = low;
        let width = S::u8s::LEN;
        let end = log.len() - 1 - width;
        let mut at = 0;
        loop {
            let a = S::u8s::from_slice(simd, &log[at..at + width]);
            let b = S::u8s::from_slice(simd, &log[at + 1..at + 1 + width]);
            let (escapes, unit) = (a.simd_eq(b'\\'), b.simd_eq(b'u'));
            let letter = b.simd_eq(b'n') | b.simd_eq(b't') | b.simd_eq(b'r') | unit;
            // A quote without a backslash, or a backslash without a quote or one of the letters.
            bad |= (escapes ^ b.simd_eq(b'"')) & !letter;
            units |= escapes & unit;
            low = low.min(a);
            bits |= a;
            if at == end {
                break;
            }
            at = (at + width).min(end);
        }
        let bad = bad.any_true() || low.simd_lt(0x20).any_true() || log[0] == b'"' || last == b'\\';
        Shape { plain: !bad, high: bits.simd_ge(0x80).any_true(), units: units.any_true() }
    }
}

/// What the escapes `\u….` of a plain text are.
struct Units {
    /// All are `\u00..` with two digits and below 128: what container engines write for control characters and `<>&`.
    simple: bool,
    /// See [`Look::veiled`].
    veiled: bool,
}

/// Bytes of such an escape.
const UNIT: usize = 6;

impl Units {
    #[inline(always)]
    fn of<S: Simd>(simd: S, log: &[u8]) -> Units {
        let mut bad = S::mask8s::splat(simd, false);
        let mut veiled = bad;
        let width = S::u8s::LEN;
        let end = log.len() - (UNIT - 1) - width;
        let mut at = 0;
        loop {
            let byte = |n: usize| S::u8s::from_slice(simd, &log[at + n..at + n + width]);
            let unit = byte(0).simd_eq(b'\\') & byte(1).simd_eq(b'u');
            let zeros = byte(2).simd_eq(b'0') & byte(3).simd_eq(b'0');
            let (e, f) = (byte(4), byte(5));
            // The letters differ from lower case by one bit.
            let low = f | 0x20;
            let digit = (f - b'0').simd_lt(10) | (low - b'a').simd_lt(6);
            let simple = zeros & (e - b'0').simd_lt(8) & digit;
            let control = e.simd_eq(b'0') | e.simd_eq(b'1') & low.simd_ne(b'b');
            let angle = e.simd_eq(b'3') & (low.simd_eq(b'c') | low.simd_eq(b'e'));
            let ampersand = e.simd_eq(b'2') & f.simd_eq(b'6');
            bad |= unit & !simple;
            veiled |= unit & !(control | angle | ampersand);
            if at == end {
                break;
            }
            at = (at + width).min(end);
        }
        // One that begins in the last bytes is cut off.
        let cut = log[log.len() - (UNIT - 1)..].windows(2).any(|pair| pair == b"\\u");
        Units { simple: !cut && !bad.any_true(), veiled: veiled.any_true() }
    }
}

/// Whether the inside of a JSON string is veiled, by its escapes one after the other. It says so of `\/`, too.
pub(super) fn is_veiled(mut log: &[u8]) -> bool {
    while let Some(at) = memchr(b'\\', log) {
        let used = match log.get(at + 1) {
            Some(b'u') => match log.get(at + 2..at + UNIT) {
                Some(b"003c" | b"003C" | b"003e" | b"003E" | b"0026") => UNIT,
                Some([b'0', b'0', b'0', _]) => UNIT,
                Some([b'0', b'0', b'1', low]) if !matches!(low, b'b' | b'B') => UNIT,
                _ => return true,
            },
            Some(b'/') | None => return true,
            Some(_) => 2,
        };
        log = &log[at + used..];
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    use crate::event::escape;
    use crate::event::json;

    /// The specification: the JSON reader's word.
    fn is_inside(log: &[u8]) -> bool {
        let quoted = [b"\"", log, b"\""].concat();
        std::str::from_utf8(log).is_ok() && json::string(&quoted, 0) == Some(quoted.len())
    }

    fn agree(log: &[u8]) {
        let seen = look(log);
        let shown = String::from_utf8_lossy(log);
        assert!(!seen.inside || is_inside(log), "{shown}");
        if seen.inside {
            assert_eq!(seen.veiled, is_veiled(log), "{shown}");
        }
        if is_inside(log) && !is_veiled(log) {
            // Where nothing is veiled, letters, quotes and ESC stand as they are.
            let mut plain = Vec::new();
            escape::unescape_into(log, &mut plain);
            let count = |text: &[u8], b: u8| text.iter().filter(|x| **x == b).count();
            assert!(!plain.contains(&0x1b), "{shown}");
            for b in (0x21..0x7f).filter(|b| !b"<>&\\ntru0123456789abcdefABCDEF".contains(b)) {
                assert_eq!(count(&plain, b), count(log, b), "{} in {shown}", char::from(b));
            }
        }
    }

    #[test]
    fn what_engines_write_is_seen_at_a_look() {
        let long = "x".repeat(100);
        for log in ["", "a", r"a \u0009 b\n", r#"{\"a\":\"b\u003c\u003e\u0026\"}\r\n"#, "Grüße", &long] {
            assert_eq!(look(log.as_bytes()), Look { inside: true, veiled: false }, "{log}");
            let log = format!("{long}{log}");
            assert_eq!(look(log.as_bytes()), Look { inside: true, veiled: false }, "{log}");
        }
        for log in [r"\u001b[1m", r"\u0041", r"\u001B", r"\u0022tool"] {
            assert_eq!(look(log.as_bytes()), Look { inside: true, veiled: true }, "{log}");
            let log = format!("{long}{log}{long}");
            assert_eq!(look(log.as_bytes()), Look { inside: true, veiled: true }, "{log}");
        }
        for log in [r"\u00e9", r"\u12", "\\", "a\"b", "\t", r"\x", r"a\/b", r"\u0", "\u{1b}"] {
            assert!(!look(log.as_bytes()).inside, "{log}");
            assert!(look(log.as_bytes()).veiled || !log.contains('\u{1b}'), "{log}");
        }
    }

    proptest! {
        #[test]
        fn a_look_agrees_with_the_json_reader(pieces in proptest::collection::vec(
            proptest::sample::select(vec![
                "a", "u", "\\u0009", "\\u003c", "\\u001b", "\\u0041", "\\u00e9", "\\\"", "\\n", "\\t", "\\\\", "\"", "\\",
                "0", "\t", "é", "xxxxxxxxxxxxxxxx", "\\u", "tool",
            ]), 0..24))
        {
            agree(pieces.concat().as_bytes());
        }

        #[test]
        fn any_bytes_agree(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
            agree(&bytes);
        }
    }
}
