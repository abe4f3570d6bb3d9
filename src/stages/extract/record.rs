//! A record as the recognisers read it: its message, and its fields wherever they are written.

use crate::event::json::{self, Kind};
use crate::event::{Batch, Cell, Row, Value, escape};

/// Deepest nesting of objects that is searched for fields.
const DEPTH: usize = 4;

/// A record.
#[derive(Clone, Copy)]
pub struct Record<'a> {
    /// Its batch.
    pub batch: &'a Batch,
    /// Its row.
    pub row: &'a Row,
    /// Its message without escapes and colours.
    pub text: &'a [u8],
}

/// Objects whose members are a record's own fields: what loggers and authors bundle them in.
const BUNDLES: [&[u8]; 19] = [
    b"fields",
    b"extra",
    b"context",
    b"ctx",
    b"data",
    b"attributes",
    b"attrs",
    b"meta",
    b"metadata",
    b"props",
    b"properties",
    b"labels",
    b"record",
    b"details",
    b"mdc",
    b"contextMap",
    b"event",
    b"1",
    b"@fields",
];

/// Objects that are part of a name: `mcp.tool.name`.
const NAMESPACES: [&[u8]; 4] = [b"mcp", b"gen_ai", b"tool", b"request"];

impl<'a> Record<'a> {
    /// The bytes as they were read.
    pub fn raw(&self) -> &'a [u8] {
        self.batch.text.stored(self.row.raw)
    }

    /// Calls `f` with every field: the parsed ones, those of a JSON document in the message, `key=value` in its first line.
    pub fn each(&self, f: &mut dyn FnMut(&[u8], Value<'a>)) {
        let mut key = Vec::new();
        for pair in self.batch.rest(self.row) {
            let name = self.batch.text.plain(pair.key, &mut key);
            match pair.value {
                Cell::Json(span) => nested(name, self.batch.text.stored(span), DEPTH, f),
                cell => f(name, self.batch.cell_value(cell)),
            }
        }
        if let Some((at, end)) = document(self.text) {
            object(b"", &self.text[at..end], DEPTH, f);
            pairs(&self.text[..at], f);
        } else if let Some(at) = python_dict(self.text) {
            dict(&self.text[at..], f);
            pairs(&self.text[..at], f);
        } else {
            pairs(self.text, f);
        }
        below(self.text, f);
    }

    /// The value of one field, `a.b` leading into objects; the first of `names` that there is.
    pub fn field(&self, names: &[&[u8]]) -> Value<'a> {
        for name in names {
            let value = self.batch.own_value(self.row, name);
            if value != Value::Missing {
                return as_number(value);
            }
        }
        let mut found = Value::Missing;
        pairs(self.text, &mut |key, value| {
            if found == Value::Missing && names.contains(&key) {
                found = value;
            }
        });
        found
    }
}

/// A JSON object in the message: the whole of it, or its end.
fn document(text: &[u8]) -> Option<(usize, usize)> {
    let end = text.trim_ascii_end().len();
    if end == 0 || text[end - 1] != b'}' {
        return None;
    }
    let mut from = 0;
    for _ in 0..4 {
        let at = from + memchr::memchr(b'{', &text[from..end])?;
        if json::members(&text[at..end], |_| {}) == Some(end - at) {
            return Some((at, end));
        }
        from = at + 1;
    }
    None
}

fn nested<'a>(name: &[u8], text: &'a [u8], depth: usize, f: &mut dyn FnMut(&[u8], Value<'a>)) {
    if depth > 0 && text.first() == Some(&b'{') {
        if BUNDLES.contains(&name) {
            return object(b"", text, depth - 1, f);
        }
        let last = name.rsplit(|b| *b == b'.').next().unwrap_or(name);
        if NAMESPACES.contains(&last) {
            object(name, text, depth - 1, f);
        }
    }
    f(name, as_number(Value::Json(text)));
}

/// A JSON number as what it counts.
fn as_number(value: Value<'_>) -> Value<'_> {
    match value {
        Value::Json(text) if text.first().is_some_and(|b| b.is_ascii_digit() || *b == b'-') => {
            json::parse_number(text)
        }
        other => other,
    }
}

fn object<'a>(prefix: &[u8], text: &'a [u8], depth: usize, f: &mut dyn FnMut(&[u8], Value<'a>)) {
    json::members(text, |member| {
        let key = &text[member.key.0..member.key.1];
        let joined: Vec<u8>;
        let name = if prefix.is_empty() {
            key
        } else {
            joined = [prefix, b".", key].concat();
            &joined
        };
        match member.kind {
            Kind::Object => nested(name, &text[member.value.0..member.value.1], depth, f),
            _ => f(name, json::as_value(text, member)),
        }
    });
}

/// Where Python's own form of a dictionary that ends the first line begins: `{'tool': 'read_file', 'n': 3}`.
fn python_dict(text: &[u8]) -> Option<usize> {
    let line = &text[..memchr::memchr(b'\n', text).unwrap_or(text.len())];
    let at = memchr::memmem::find(line, b"{'")?;
    line.trim_ascii_end().ends_with(b"}").then_some(at)
}

/// Calls `f` for every entry of such a dictionary whose value is plain; nested ones are left out.
fn dict<'a>(text: &'a [u8], f: &mut dyn FnMut(&[u8], Value<'a>)) {
    let (mut at, mut depth) = (0, 0usize);
    let mut key: Option<&[u8]> = None;
    while at < text.len() && text[at] != b'\n' {
        match text[at] {
            b'{' | b'[' | b'(' => depth += 1,
            b'}' | b']' | b')' => depth = depth.saturating_sub(1),
            b',' if depth == 1 => key = None,
            quote @ (b'\'' | b'"') => {
                let Some(end) = quote_end(text, at, quote) else { return };
                let inside = &text[at + 1..end];
                at = end;
                if depth == 1 {
                    match key {
                        None => key = Some(inside),
                        Some(name) => f(name, Value::Text(inside)),
                    }
                }
            }
            b if depth == 1 && key.is_some() && (b.is_ascii_alphanumeric() || b == b'-') => {
                let len = text[at..]
                    .iter()
                    .position(|b| matches!(b, b',' | b'}' | b' '))
                    .unwrap_or(text.len() - at);
                let value = match &text[at..at + len] {
                    b"True" => Value::Bool(true),
                    b"False" => Value::Bool(false),
                    b"None" => Value::Missing,
                    word => json::parse_number(word),
                };
                if let Some(name) = key {
                    f(name, value);
                }
                at += len - 1;
            }
            _ => {}
        }
        at += 1;
    }
}

fn quote_end(text: &[u8], at: usize, quote: u8) -> Option<usize> {
    let mut end = at + 1;
    while *text.get(end)? != quote {
        end += if text[end] == b'\\' { 2 } else { 1 };
    }
    Some(end)
}

/// Calls `f` for every indented `key: value` below the first line, as pino-pretty writes fields.
fn below<'a>(text: &'a [u8], f: &mut dyn FnMut(&[u8], Value<'a>)) {
    for line in text.split(|b| *b == b'\n').skip(1).take(40) {
        let inner = line.trim_ascii();
        let indent = line.len() - line.trim_ascii_start().len();
        let Some(colon) = memchr::memchr(b':', inner) else { continue };
        let key = &inner[..colon];
        let named = !key.is_empty()
            && key.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-'));
        if !(2..=4).contains(&indent) || !named || inner.get(colon + 1) != Some(&b' ') {
            continue;
        }
        let value = &inner[colon + 2..];
        match value {
            [b'"', inside @ .., b'"'] => f(key, Value::Escaped(inside)),
            b"true" => f(key, Value::Bool(true)),
            b"false" => f(key, Value::Bool(false)),
            [b'0'..=b'9' | b'-', ..] => f(key, json::parse_number(value)),
            _ => {}
        }
    }
}

/// Calls `f` for every `key=value` of the first line; values may be quoted, or JSON objects.
pub fn pairs<'a>(text: &'a [u8], f: &mut dyn FnMut(&[u8], Value<'a>)) {
    let line = &text[..memchr::memchr(b'\n', text).unwrap_or(text.len())];
    let mut from = 0;
    while let Some(equals) = memchr::memchr(b'=', &line[from..]).map(|at| from + at) {
        let word = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-' | b'@');
        let start = equals - line[from..equals].iter().rev().take_while(|b| word(b)).count();
        from = equals + 1;
        let clean = start == 0 || matches!(line[start - 1], b' ' | b'\t' | b'{' | b'[' | b'(' | b',' | b'|');
        if start == equals || !clean {
            continue;
        }
        let rest = &line[from..];
        let (value, used) = take_value(rest);
        f(&line[start..equals], value);
        from += used;
    }
}

fn take_value(rest: &[u8]) -> (Value<'_>, usize) {
    match rest.first() {
        Some(quote @ (b'"' | b'\'')) => {
            let mut end = 1;
            while end < rest.len() && rest[end] != *quote {
                end += if rest[end] == b'\\' { 2 } else { 1 };
            }
            if end < rest.len() {
                let inside = &rest[1..end];
                let value = if *quote == b'"' { Value::Escaped(inside) } else { Value::Text(inside) };
                return (value, end + 1);
            }
        }
        Some(b'{') => {
            if let Some(end) = json::members(rest, |_| {}) {
                return (Value::Json(&rest[..end]), end);
            }
        }
        _ => {}
    }
    let end = rest.iter().position(|b| matches!(b, b' ' | b'\t')).unwrap_or(rest.len());
    let word = &rest[..end];
    let trimmed =
        word.len() - word.iter().rev().take_while(|b| matches!(b, b',' | b';' | b')' | b'}' | b']')).count();
    let word = if word.first() == Some(&b'{') { word } else { &word[..trimmed] };
    let value = match word {
        b"" => Value::Missing,
        b"true" => Value::Bool(true),
        b"false" => Value::Bool(false),
        _ if word[0].is_ascii_digit() || word[0] == b'-' => match json::parse_number(word) {
            Value::Missing => Value::Text(word),
            number => number,
        },
        _ => Value::Text(word),
    };
    (value, end)
}

/// The text of a value, without escapes; empty for anything that is no text.
pub fn plain<'a>(value: Value<'a>, scratch: &'a mut Vec<u8>) -> &'a [u8] {
    match value {
        Value::Text(text) | Value::Json(text) => text,
        Value::Escaped(text) => {
            if memchr::memchr(b'\\', text).is_none() {
                return text;
            }
            scratch.clear();
            escape::unescape_into(text, scratch);
            scratch
        }
        _ => b"",
    }
}

/// Appends `text` to `to` without ANSI escape sequences (CSI and OSC), which never hide anything from us.
pub fn strip_colours(text: &[u8], to: &mut Vec<u8>) {
    let mut rest = text;
    while let Some(at) = memchr::memchr(0x1b, rest) {
        to.extend_from_slice(&rest[..at]);
        rest = &rest[at + 1..];
        match rest.first() {
            Some(b'[') => {
                let end = rest[1..].iter().position(|b| (0x40..=0x7e).contains(b));
                rest = end.map_or(&[][..], |end| &rest[end + 2..]);
            }
            Some(b']') => {
                let end = rest.iter().position(|b| matches!(b, 0x07 | 0x1b | b'\n'));
                rest = end.map_or(&[][..], |end| &rest[end..]);
                rest = rest.strip_prefix(b"\x07").or_else(|| rest.strip_prefix(b"\x1b\\")).unwrap_or(rest);
            }
            Some(_) => rest = &rest[1..],
            None => {}
        }
    }
    to.extend_from_slice(rest);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_found_in_text() {
        let text = br#"tool call finished tool=read_file duration="75.8 ms" n=3 ok=true p={"a": 1} x='y z' a==b c=, msg="a\"b=c""#;
        let mut found = Vec::new();
        pairs(text, &mut |key, value| found.push((String::from_utf8(key.to_vec()).unwrap(), value)));
        assert_eq!(
            found,
            [
                ("tool".to_owned(), Value::Text(b"read_file")),
                ("duration".to_owned(), Value::Escaped(b"75.8 ms")),
                ("n".to_owned(), Value::Int(3)),
                ("ok".to_owned(), Value::Bool(true)),
                ("p".to_owned(), Value::Json(br#"{"a": 1}"#)),
                ("x".to_owned(), Value::Text(b"y z")),
                ("a".to_owned(), Value::Text(b"=b")),
                ("c".to_owned(), Value::Missing),
                ("msg".to_owned(), Value::Escaped(br#"a\"b=c"#)),
            ]
        );
    }

    #[test]
    fn colours_go_and_text_stays() {
        let mut out = Vec::new();
        strip_colours(
            b"\x1b[2m2026\x1b[0m \x1b[1mtool\x1b[0m=x \x1b]8;;http://a\x07link\x1b]8;;\x1b\\ end\x1b[",
            &mut out,
        );
        assert_eq!(out, b"2026 tool=x link end");
    }
}
