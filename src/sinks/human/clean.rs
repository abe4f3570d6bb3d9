//! Making the text of logs safe for a terminal.

use std::borrow::Cow;

/// Text without anything that a terminal would obey.
///
/// Newlines stay, tabs too unless `terminal` is set; a carriage return before a newline and sequences that only set
/// colours go; other controls are shown (`␛`, `\x9b`, `\u202e`); what is not UTF-8 is replaced.
pub fn clean(text: &[u8], terminal: bool) -> Cow<'_, str> {
    let harmless = text.iter().fold(true, |all, &b| all & (b == b'\n' || (32..127).contains(&b)));
    match std::str::from_utf8(text) {
        Ok(text) if harmless => Cow::Borrowed(text),
        _ => Cow::Owned(clean_slowly(&String::from_utf8_lossy(text), terminal)),
    }
}

fn clean_slowly(text: &str, terminal: bool) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let behind = &rest[c.len_utf8()..];
        rest = behind;
        match c {
            '\n' => out.push('\n'),
            '\t' if terminal => out.push_str("    "),
            '\t' => out.push('\t'),
            '\r' if behind.is_empty() || behind.starts_with('\n') => {}
            '\x1b' => match colour(behind) {
                Some(length) => rest = &behind[length..],
                None => out.push('␛'),
            },
            '\x7f' => out.push('␡'),
            '\0'..='\x1f' => out.push(char::from_u32(0x2400 + c as u32).unwrap_or('\u{fffd}')),
            '\u{80}'..='\u{9f}' => out.push_str(&format!("\\x{:02x}", c as u32)),
            '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
                out.push_str(&format!("\\u{:04x}", c as u32));
            }
            c => out.push(c),
        }
    }
    out
}

/// The length of `[…m` at the start of `text`.
fn colour(text: &str) -> Option<usize> {
    let inside = text.strip_prefix('[')?;
    let length = inside.bytes().take_while(|b| b.is_ascii_digit() || matches!(b, b';' | b':')).count();
    (inside.as_bytes().get(length) == Some(&b'm')).then_some(length + 2)
}

/// Bytes for a terminal that show everything else as it is: the raw and template forms.
pub fn clean_bytes(text: &[u8]) -> Vec<u8> {
    clean(text, false).into_owned().into_bytes()
}
