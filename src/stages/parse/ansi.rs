//! Terminal codes inside lines: colours, cursor movement, hyperlinks.
//!
//! * What is left is what a person would have read; the raw record keeps the codes.
//! * Text without the escape byte is never touched.

use memchr::memchr;

/// The byte every code starts with.
pub const ESC: u8 = 0x1b;

/// Appends `text` without its terminal codes to `out`.
///
/// Knows CSI (`ESC [ … letter`), OSC (`ESC ] … BEL` or `ESC \`) and the two-byte codes; a code that the text's end cuts
/// off is dropped with the rest of it.
pub fn strip_into(mut text: &[u8], out: &mut Vec<u8>) {
    while let Some(at) = memchr(ESC, text) {
        out.extend_from_slice(&text[..at]);
        text = &text[at + code_len(&text[at..])..];
    }
    out.extend_from_slice(text);
}

/// Length of the code that starts `text`.
fn code_len(text: &[u8]) -> usize {
    match text.get(1) {
        Some(b'[') => {
            for (at, &byte) in text.iter().enumerate().skip(2) {
                match byte {
                    0x40..=0x7e => return at + 1,
                    0x20..=0x3f => {}
                    // Not a code after all: only the introducer goes.
                    _ => return 2,
                }
            }
            text.len()
        }
        Some(b']') => {
            for (at, &byte) in text.iter().enumerate().skip(2) {
                match byte {
                    0x07 => return at + 1,
                    ESC if text.get(at + 1) == Some(&b'\\') => return at + 2,
                    _ => {}
                }
            }
            // An unfinished title must not swallow the record.
            2
        }
        Some(b'(' | b')' | b'#' | b'%') => text.len().min(3),
        Some(0x30..=0x7e) => 2,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_disappear_and_text_stays() {
        for (coloured, plain) in [
            ("\x1b[32mINFO\x1b[0m done", "INFO done"),
            ("\x1b[38;5;12mx\x1b[m", "x"),
            ("\x1b]8;;http://a\x1b\\link\x1b]8;;\x07", "link"),
            ("a\x1b", "a"),
            ("a\x1b[1", "a"),
            ("\x1b]never ends", "never ends"),
            ("\x1b[\u{1}x", "\u{1}x"),
            ("\x1b(Btext", "text"),
            ("no codes", "no codes"),
        ] {
            let mut out = Vec::new();
            strip_into(coloured.as_bytes(), &mut out);
            assert_eq!(String::from_utf8_lossy(&out), plain, "{coloured:?}");
        }
    }
}
