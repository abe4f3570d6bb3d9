//! Reading JSON without building values: members of an object as spans.
//!
//! * What [`members`] accepts is exactly what `serde_json` accepts as an object (a test holds the two together),
//!   so a member's text can be copied into another document as it stands.
//! * Nesting is limited to [`DEPTH`]; deeper text is no JSON for us, as for `serde_json`.
//! * Text must be UTF-8; that is the caller's to know.

use memchr::memchr2;

use super::value::Value;

/// Deepest nesting that is read. `serde_json` gives up at the same depth.
pub const DEPTH: usize = 127;

/// One member of an object: offsets into the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Member {
    /// First byte of the key, behind the quote.
    pub key: (usize, usize),
    /// The value, quotes of a string included.
    pub value: (usize, usize),
    /// What the value is.
    pub kind: Kind,
}

/// What a JSON value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A string.
    String,
    /// A number.
    Number,
    /// true or false.
    Bool,
    /// null.
    Null,
    /// An object.
    Object,
    /// An array.
    Array,
}

/// Calls `f` for each member of the object that starts `s` (white space before it is skipped).
///
/// Returns the offset behind the object, or `None` if no valid object stands there; `f` may have been called by then.
pub fn members(s: &[u8], mut f: impl FnMut(Member)) -> Option<usize> {
    let at = blank(s, 0);
    object(s, at, DEPTH, &mut f)
}

/// Whether `s` is one JSON object and nothing else but white space.
pub fn is_object(s: &[u8]) -> bool {
    members(s, |_| {}).is_some_and(|end| blank(s, end) == s.len())
}

fn blank(s: &[u8], mut at: usize) -> usize {
    while let Some(b' ' | b'\n' | b'\r' | b'\t') = s.get(at) {
        at += 1;
    }
    at
}

fn object(s: &[u8], at: usize, depth: usize, f: &mut impl FnMut(Member)) -> Option<usize> {
    if s.get(at) != Some(&b'{') || depth == 0 {
        return None;
    }
    let mut at = blank(s, at + 1);
    if s.get(at) == Some(&b'}') {
        return Some(at + 1);
    }
    loop {
        let key_end = string(s, at)?;
        let key = (at + 1, key_end - 1);
        at = blank(s, key_end);
        if s.get(at) != Some(&b':') {
            return None;
        }
        at = blank(s, at + 1);
        let (end, kind) = value(s, at, depth - 1)?;
        f(Member { key, value: (at, end), kind });
        at = blank(s, end);
        match s.get(at)? {
            b',' => at = blank(s, at + 1),
            b'}' => return Some(at + 1),
            _ => return None,
        }
    }
}

fn array(s: &[u8], at: usize, depth: usize) -> Option<usize> {
    if depth == 0 {
        return None;
    }
    let mut at = blank(s, at + 1);
    if s.get(at) == Some(&b']') {
        return Some(at + 1);
    }
    loop {
        let (end, _) = value(s, at, depth - 1)?;
        at = blank(s, end);
        match s.get(at)? {
            b',' => at = blank(s, at + 1),
            b']' => return Some(at + 1),
            _ => return None,
        }
    }
}

/// The end and kind of the value that starts at `at`.
pub fn value(s: &[u8], at: usize, depth: usize) -> Option<(usize, Kind)> {
    Some(match s.get(at)? {
        b'"' => (string(s, at)?, Kind::String),
        b'{' => (object(s, at, depth, &mut |_| {})?, Kind::Object),
        b'[' => (array(s, at, depth)?, Kind::Array),
        b't' => (literal(s, at, b"true")?, Kind::Bool),
        b'f' => (literal(s, at, b"false")?, Kind::Bool),
        b'n' => (literal(s, at, b"null")?, Kind::Null),
        _ => (number(s, at)?, Kind::Number),
    })
}

fn literal(s: &[u8], at: usize, word: &[u8]) -> Option<usize> {
    s[at..].starts_with(word).then_some(at + word.len())
}

fn number(s: &[u8], mut at: usize) -> Option<usize> {
    let digits = |mut at: usize| {
        let start = at;
        while s.get(at).is_some_and(u8::is_ascii_digit) {
            at += 1;
        }
        (at > start).then_some(at)
    };
    if s.get(at) == Some(&b'-') {
        at += 1;
    }
    at = if s.get(at) == Some(&b'0') { at + 1 } else { digits(at)? };
    if s.get(at) == Some(&b'.') {
        at = digits(at + 1)?;
    }
    if let Some(b'e' | b'E') = s.get(at) {
        at += 1;
        if let Some(b'+' | b'-') = s.get(at) {
            at += 1;
        }
        at = digits(at)?;
    }
    Some(at)
}

/// The offset behind the string that starts at `at` with its quote.
pub fn string(s: &[u8], at: usize) -> Option<usize> {
    if s.get(at) != Some(&b'"') {
        return None;
    }
    let mut from = at + 1;
    loop {
        let hit = from + memchr2(b'"', b'\\', s.get(from..)?)?;
        if has_control(&s[from..hit]) {
            return None;
        }
        if s[hit] == b'"' {
            return Some(hit + 1);
        }
        from = escape(s, hit)?;
    }
}

/// Whether a byte below 32 stands in `s`; a loop that the compiler turns into vector code.
fn has_control(s: &[u8]) -> bool {
    s.iter().fold(false, |any, &b| any | (b < 32))
}

/// The offset behind the escape at `at` (its backslash), if it is one that JSON knows.
/// A surrogate must be one half of a pair, as `serde_json` demands.
pub fn escape(s: &[u8], at: usize) -> Option<usize> {
    match s.get(at + 1)? {
        b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => Some(at + 2),
        b'u' => match unit(s, at)? {
            0xDC00..=0xDFFF => None,
            0xD800..=0xDBFF => match unit(s, at + 6)? {
                0xDC00..=0xDFFF => Some(at + 12),
                _ => None,
            },
            _ => Some(at + 6),
        },
        _ => None,
    }
}

fn unit(s: &[u8], at: usize) -> Option<u32> {
    if s.get(at..at + 2)? != b"\\u" {
        return None;
    }
    let mut value = 0;
    for &c in s.get(at + 2..at + 6)? {
        value = value << 4 | (c as char).to_digit(16)?;
    }
    Some(value)
}

/// The value that a dotted path (`user.id`) leads to inside an object's text.
///
/// A key that holds dots itself is found too: the longest key that fits is tried first.
pub fn walk<'a>(object: &'a [u8], path: &[u8]) -> Value<'a> {
    let mut exact = None;
    let mut deeper = Value::Missing;
    members(object, |m| {
        let key = &object[m.key.0..m.key.1];
        if key == path {
            exact = Some(m);
        } else if m.kind == Kind::Object
            && path.len() > key.len()
            && path.starts_with(key)
            && path[key.len()] == b'.'
        {
            let found = walk(&object[m.value.0..m.value.1], &path[key.len() + 1..]);
            if found != Value::Missing {
                deeper = found;
            }
        }
    });
    exact.map_or(deeper, |m| as_value(object, m))
}

/// A member's value for reading: numbers become `Int` or `Float`, null is missing.
pub fn as_value(s: &[u8], m: Member) -> Value<'_> {
    let text = &s[m.value.0..m.value.1];
    match m.kind {
        Kind::String => Value::Escaped(&text[1..text.len() - 1]),
        Kind::Bool => Value::Bool(text == b"true"),
        Kind::Null => Value::Missing,
        Kind::Object | Kind::Array => Value::Json(text),
        Kind::Number => parse_number(text),
    }
}

/// A JSON number as `Int` if it is a whole number of 64 bits, else as `Float`.
pub fn parse_number(text: &[u8]) -> Value<'_> {
    let Ok(text) = std::str::from_utf8(text) else {
        return Value::Missing;
    };
    if let Ok(n) = text.parse() {
        return Value::Int(n);
    }
    text.parse().map_or(Value::Missing, Value::Float)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn agree(s: &str) {
        let theirs = serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(s);
        // `1e999` is a number for the grammar and out of range for serde_json's f64.
        let out_of_range = matches!(&theirs, Err(e) if e.to_string().contains("out of range"));
        assert!(is_object(s.as_bytes()) == theirs.is_ok() || out_of_range, "{s}");
    }

    #[test]
    fn objects_are_what_serde_json_says() {
        for s in [
            "{}",
            " { } ",
            "{",
            "}",
            "[]",
            "{\"a\":1}",
            "{\"a\":01}",
            "{\"a\":-}",
            "{\"a\":1.}",
            "{\"a\":1e5}",
            "{\"a\":\"\\u12\"}",
            "{\"a\":\"\\ud800\"}",
            "{\"a\":\"\\ud83d\\ude80\"}",
            "{\"a\":\"\t\"}",
            "{\"a\":tru}",
            "{\"a\":[1,{\"b\":[]}],}",
            "{\"a\" : null , \"a\":{}}",
            "{\"a\":1}x",
        ] {
            agree(s);
        }
        agree(&format!("{{\"a\":{}1{}}}", "[".repeat(126), "]".repeat(126)));
        agree(&format!("{{\"a\":{}1{}}}", "[".repeat(127), "]".repeat(127)));
        agree(&format!("{{\"a\":{}1{}}}", "[".repeat(128), "]".repeat(128)));
    }

    #[test]
    fn paths_lead_into_objects() {
        let s = br#"{"user":{"id":7,"name":"x\"y","a.b":true},"user.id":8}"#;
        assert_eq!(walk(s, b"user.id"), Value::Int(8));
        assert_eq!(walk(s, b"user.name"), Value::Escaped(br#"x\"y"#));
        assert_eq!(walk(s, b"user.a.b"), Value::Bool(true));
        assert_eq!(walk(s, b"user.none"), Value::Missing);
    }

    proptest! {
        #[test]
        fn mutated_objects_agree(mut s in proptest::collection::vec(
            proptest::sample::select(r#"{}[]":,\ue1-.0 tfn"#.as_bytes().to_vec()), 0..24)) {
            agree(std::str::from_utf8(&s).unwrap());
            s.insert(0, b'{');
            s.push(b'}');
            agree(std::str::from_utf8(&s).unwrap());
        }
    }
}
