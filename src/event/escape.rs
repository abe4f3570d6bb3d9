//! JSON string escapes: undoing and making them.
//!
//! * [`unescape_into`] never fails: what is no valid escape is kept as it stands, a lone surrogate
//!   becomes U+FFFD, as container engines and browsers do.
//! * [`escape_into`] writes valid JSON for any bytes; what is not UTF-8 becomes U+FFFD.

use memchr::memchr;

/// Appends the meaning of a JSON string's inside to `out`.
pub fn unescape_into(mut s: &[u8], out: &mut Vec<u8>) {
    while let Some(at) = memchr(b'\\', s) {
        out.extend_from_slice(&s[..at]);
        let Some(&kind) = s.get(at + 1) else {
            out.push(b'\\');
            return;
        };
        let mut used = at + 2;
        match kind {
            b'n' => out.push(b'\n'),
            b't' => out.push(b'\t'),
            b'r' => out.push(b'\r'),
            b'"' | b'\\' | b'/' => out.push(kind),
            b'b' => out.push(8),
            b'f' => out.push(12),
            b'u' => match hex4(&s[used..]) {
                Some(unit) => {
                    used += 4;
                    let mut code = unit;
                    if (0xD800..0xDC00).contains(&unit)
                        && s.get(used..used + 2) == Some(b"\\u")
                        && let Some(low) = hex4(&s[used + 2..])
                        && (0xDC00..0xE000).contains(&low)
                    {
                        code = 0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00);
                        used += 6;
                    }
                    let c = char::from_u32(code).unwrap_or('\u{fffd}');
                    out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
                }
                None => out.extend_from_slice(b"\\u"),
            },
            other => out.extend_from_slice(&[b'\\', other]),
        }
        s = &s[used..];
    }
    out.extend_from_slice(s);
}

fn hex4(s: &[u8]) -> Option<u32> {
    let mut value = 0;
    for &c in s.get(..4)? {
        value = value << 4 | (c as char).to_digit(16)?;
    }
    Some(value)
}

/// Bytes that a JSON string may hold only escaped.
const SPECIAL: [bool; 256] = {
    let mut table = [false; 256];
    let mut i = 0;
    while i < 32 {
        table[i] = true;
        i += 1;
    }
    table[b'"' as usize] = true;
    table[b'\\' as usize] = true;
    table
};

/// Appends `s` to `out` as the inside of a JSON string.
pub fn escape_into(s: &[u8], out: &mut Vec<u8>) {
    match std::str::from_utf8(s) {
        Ok(_) => escape_valid_into(s, out),
        Err(_) => escape_valid_into(String::from_utf8_lossy(s).as_bytes(), out),
    }
}

/// Bytes looked at together: a width that compilers turn into vector code.
const BLOCK: usize = 32;

/// Whether a block holds nothing that a JSON string must escape.
fn is_clean(block: &[u8]) -> bool {
    !block.iter().fold(false, |any, &b| any | (b < 32) | (b == b'"') | (b == b'\\'))
}

fn escape_valid_into(s: &[u8], out: &mut Vec<u8>) {
    let (mut done, mut at) = (0, 0);
    while at < s.len() {
        let end = (at + BLOCK).min(s.len());
        if end - at == BLOCK && is_clean(&s[at..end]) {
            at = end;
            continue;
        }
        for (at, &byte) in s[at..end].iter().enumerate().map(|(i, byte)| (at + i, byte)) {
            if SPECIAL[byte as usize] {
                out.extend_from_slice(&s[done..at]);
                done = at + 1;
                push_escaped(byte, out);
            }
        }
        at = end;
    }
    out.extend_from_slice(&s[done..]);
}

fn push_escaped(byte: u8, out: &mut Vec<u8>) {
    match byte {
        b'"' => out.extend_from_slice(b"\\\""),
        b'\\' => out.extend_from_slice(b"\\\\"),
        b'\n' => out.extend_from_slice(b"\\n"),
        b'\r' => out.extend_from_slice(b"\\r"),
        b'\t' => out.extend_from_slice(b"\\t"),
        other => {
            const HEX: &[u8; 16] = b"0123456789abcdef";
            out.extend_from_slice(b"\\u00");
            out.push(HEX[usize::from(other >> 4)]);
            out.push(HEX[usize::from(other & 15)]);
        }
    }
}

/// Whether `s` can stand between the quotes of a JSON string as it is: UTF-8, every escape known, no bare quote or
/// control character.
pub fn is_escaped(s: &[u8]) -> bool {
    if std::str::from_utf8(s).is_err() {
        return false;
    }
    let mut at = 0;
    while at < s.len() {
        let end = (at + BLOCK).min(s.len());
        if end - at == BLOCK && is_clean(&s[at..end]) {
            at = end;
            continue;
        }
        while at < end {
            match s[at] {
                b'\\' => match super::json::escape(s, at) {
                    Some(next) => at = next,
                    None => return false,
                },
                byte if SPECIAL[byte as usize] => return false,
                _ => at += 1,
            }
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn escapes_mean_what_json_says() {
        let cases: [(&str, &str); 6] = [
            (r"a\nb", "a\nb"),
            (r"\u003c\u00e9\ud83d\ude80", "<é🚀"),
            (r"\ud83d x", "\u{fffd} x"),
            (r"\q", "\\q"),
            (r"\u12", "\\u12"),
            ("tail\\", "tail\\"),
        ];
        for (escaped, plain) in cases {
            let mut out = Vec::new();
            unescape_into(escaped.as_bytes(), &mut out);
            assert_eq!(String::from_utf8_lossy(&out), plain, "{escaped}");
        }
    }

    proptest! {
        #[test]
        fn escaped_text_is_what_serde_json_reads(
            s in proptest::collection::vec(proptest::sample::select(
                b"\\\\\\\\\"nud83e0 abcdefgh\n\xc3\xa9\x07".to_vec()), 0..80)
        ) {
            let mut json = vec![b'"'];
            json.extend_from_slice(&s);
            json.push(b'"');
            prop_assert_eq!(is_escaped(&s), serde_json::from_slice::<String>(&json).is_ok());
        }

        #[test]
        fn what_is_escaped_reads_back(s in "\\PC*|[\\x00-\\x7f]*") {
            let mut json = vec![b'"'];
            escape_into(s.as_bytes(), &mut json);
            json.push(b'"');
            prop_assert_eq!(serde_json::from_slice::<String>(&json).unwrap(), s.clone());
            let mut back = Vec::new();
            unescape_into(&json[1..json.len() - 1], &mut back);
            prop_assert_eq!(back, s.into_bytes());
        }
    }
}
