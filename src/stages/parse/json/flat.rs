//! Objects of plain members in escaped text, read where they stand: what a program's line of JSON is inside a container
//! engine's line of JSON.
//!
//! * There every quote stands behind a backslash. If nothing else does, no string inside has an escape of its own, and
//!   the members can be told without undoing any.
//! * Members are strings, numbers, `true`, `false` and `null`. Whatever else a text is, `None` is the answer: undo its
//!   escapes and ask the JSON reader then, which is the specification.

use fearless_simd::{Level, Simd, dispatch, prelude::*};

use crate::event::json::{self, Kind, Member};

/// Calls `f` for each member of the object that fills `text`, the inside of a valid JSON string. The inside of a string's
/// value is where it is in a [`Member`] of plain text: behind its first byte and before its last.
///
/// `f` may have been called for some members when the answer is `None`. `marks` is used again from call to call.
pub(super) fn members(text: &[u8], marks: &mut Vec<u32>, mut f: impl FnMut(Member)) -> Option<()> {
    if text.first() != Some(&b'{') {
        return None;
    }
    marks.clear();
    let level = Level::new();
    dispatch!(level, simd => find_backslashes(simd, text, marks));
    let mut marks = marks.iter();
    // Where the next quote begins, with its backslash.
    let mut quote = || {
        let at = *marks.next()? as usize;
        (text.get(at + 1) == Some(&b'"')).then_some(at)
    };
    let mut at = blank(text, 1);
    loop {
        if quote()? != at {
            return None;
        }
        let key = (at + 2, quote()?);
        at = blank(text, key.1 + 2);
        if text.get(at) != Some(&b':') {
            return None;
        }
        at = blank(text, at + 1);
        let (value, kind) = match text.get(at)? {
            b'\\' => {
                if quote()? != at {
                    return None;
                }
                let end = quote()?;
                ((at + 1, end + 1), Kind::String)
            }
            b'{' | b'[' => return None,
            _ => {
                let (end, kind) = json::value(text, at, 1)?;
                ((at, end), kind)
            }
        };
        f(Member { key, value, kind });
        at = blank(text, value.1 + usize::from(kind == Kind::String));
        match text.get(at)? {
            b',' => at = blank(text, at + 1),
            b'}' => break,
            _ => return None,
        }
    }
    (blank(text, at + 1) == text.len()).then_some(())
}

fn blank(text: &[u8], mut at: usize) -> usize {
    while text.get(at) == Some(&b' ') {
        at += 1;
    }
    at
}

/// Appends the offsets of all backslashes.
#[inline(always)]
fn find_backslashes<S: Simd>(simd: S, text: &[u8], marks: &mut Vec<u32>) {
    let width = S::u8s::LEN;
    let mut at = 0;
    while at + width <= text.len() {
        let block = S::u8s::from_slice(simd, &text[at..at + width]);
        let mut found = block.simd_eq(b'\\').to_bitmask();
        while found != 0 {
            marks.push((at + found.trailing_zeros() as usize) as u32);
            found &= found - 1;
        }
        at += width;
    }
    let rest = text[at..].iter().zip(at as u32..);
    marks.extend(rest.filter(|(b, _)| **b == b'\\').map(|(_, at)| at));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::escape;
    use proptest::prelude::*;

    type Seen = (String, String, Kind);

    /// What the JSON reader makes of the text without its escapes; strings without their quotes.
    fn reference(text: &[u8]) -> Option<Vec<Seen>> {
        let mut plain = Vec::new();
        escape::unescape_into(text, &mut plain);
        let mut seen = Vec::new();
        let end = json::members(&plain, |m| seen.push(shown(&plain, m)))?;
        plain[end..].iter().all(u8::is_ascii_whitespace).then_some(seen)
    }

    fn shown(text: &[u8], m: Member) -> Seen {
        let text = |(from, to): (usize, usize)| String::from_utf8(text[from..to].to_vec()).unwrap();
        let quotes = usize::from(m.kind == Kind::String);
        (text(m.key), text((m.value.0 + quotes, m.value.1 - quotes)), m.kind)
    }

    fn flat(text: &[u8]) -> Option<Vec<Seen>> {
        let mut seen = Vec::new();
        members(text, &mut vec![7], |m| seen.push(shown(text, m))).map(|()| seen)
    }

    fn escaped(text: &str) -> Vec<u8> {
        let mut out = Vec::new();
        escape::escape_into(text.as_bytes(), &mut out);
        out
    }

    #[test]
    fn plain_members_are_read_where_they_stand() {
        let long = "x".repeat(150);
        for text in [
            r#"{"a":"b","n":-1.5e3, "t": true,"f":false ,"z":null}"#,
            r#"{ "":"" } "#,
            r#"{"größe":"文","a":"{[,:]}"}"#,
            &format!(r#"{{"{long}":"{long}","a":1}}"#),
        ] {
            let text = escaped(text);
            assert!(flat(&text).is_some(), "{}", String::from_utf8_lossy(&text));
            assert_eq!(flat(&text), reference(&text));
        }
    }

    #[test]
    fn anything_else_is_left_to_the_json_reader() {
        for text in [
            "",
            "{",
            "{}",
            "[]",
            r#"{"a":{}}"#,
            r#"{"a":[1]}"#,
            r#"{"a":"b\n"}"#,
            r#"{"a":"b\"c"}"#,
            "{\"a\":1\n}",
            r#"{"a":1}x"#,
            r#"{"a":1"#,
            r#"{"a"}"#,
            r#"{"a":01}"#,
            r#"{"a":1,}"#,
            r#"{a:1}"#,
            r#"{"a":tru}"#,
        ] {
            assert_eq!(flat(&escaped(text)), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_read_is_what_the_json_reader_reads(pieces in proptest::collection::vec(
            proptest::sample::select(vec![
                "{", "}", "\"", "\"", "\":", "\":\"", "\",\"", "\\", ",", ":", " ", "1", "-2.5", "true", "null", "[", "]", "a", "é",
                "\n", "<", "xxxxxxxxxxxxxxxxxxxxxxxx",
            ]), 0..24))
        {
            let mut text = pieces.concat();
            for text in [text.clone(), { text.insert_str(0, "{\"a\":"); text.push('}'); text }] {
                let text = escaped(&text);
                if let Some(seen) = flat(&text) {
                    prop_assert_eq!(Some(seen), reference(&text));
                }
            }
        }

        #[test]
        fn members_of_any_text_are_found(members in proptest::collection::vec(
            ("[a-z_.é{:,]{0,9}", prop_oneof!["\"[ -!#-\\[\\]-~]{0,70}\"", "-?[1-9][0-9]{0,5}", Just("true".to_owned())]), 1..9))
        {
            let text: Vec<String> = members.iter().map(|(key, value)| format!("\"{key}\":{value}")).collect();
            let text = escaped(&format!("{{{}}}", text.join(",")));
            prop_assert!(flat(&text).is_some());
            prop_assert_eq!(flat(&text), reference(&text));
        }
    }
}
