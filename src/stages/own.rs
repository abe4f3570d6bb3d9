//! A record's own fields, changed: found, taken out, added, by name.
//!
//! * A name finds the pair that is called so, or `b` inside an object `a` for `a.b`.
//! * Of equal names the last one counts, as for every reader of JSON that keeps one.
//! * What is taken out of an object leaves valid JSON behind.

use crate::event::json::{self, Member};
use crate::event::{Batch, Cell, Pair, Span, Value};

/// Where one of a record's own fields stands.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Place {
    /// This pair, counted in [`Batch::pairs`].
    Pair(usize),
    /// Inside the object of this pair.
    Inside(usize, Cell),
}

/// The pairs of a row.
pub fn range(batch: &Batch, row: usize) -> std::ops::Range<usize> {
    let row = &batch.rows[row];
    let start = row.rest_at as usize;
    start..start + usize::from(row.rest_len)
}

/// Whether a pair is called `name`.
pub fn is_called(batch: &Batch, pair: usize, name: &str) -> bool {
    let key = batch.pairs[pair].key;
    if !key.is_escaped() {
        return batch.text.stored(key) == name.as_bytes();
    }
    batch.text.plain(key, &mut Vec::new()) == name.as_bytes()
}

/// Finds a field of a row by name.
pub fn find(batch: &Batch, row: usize, name: &str) -> Option<Place> {
    for pair in range(batch, row).rev() {
        if is_called(batch, pair, name) {
            return Some(Place::Pair(pair));
        }
    }
    for (dot, _) in name.match_indices('.') {
        for pair in range(batch, row).rev() {
            let Cell::Json(object) = batch.pairs[pair].value else { continue };
            if is_called(batch, pair, &name[..dot])
                && let Some(cell) = inside(batch, object, &name.as_bytes()[dot + 1..])
            {
                return Some(Place::Inside(pair, cell));
            }
        }
    }
    None
}

/// The value of a member of an object's text, by path.
fn inside(batch: &Batch, object: Span, path: &[u8]) -> Option<Cell> {
    let text = batch.text.stored(object);
    let (mut exact, mut deeper) = (None, None);
    json::members(text, |m| {
        let key = &text[m.key.0..m.key.1];
        if key == path {
            exact = Some(m);
        } else if m.kind == json::Kind::Object && leads_into(path, key) {
            let found = inside(batch, object.slice(m.value.0, m.value.1), &path[key.len() + 1..]);
            deeper = found.or(deeper);
        }
    });
    exact.map(|m| as_cell(text, object, m)).or(deeper)
}

fn leads_into(path: &[u8], key: &[u8]) -> bool {
    path.len() > key.len() && path.starts_with(key) && path[key.len()] == b'.'
}

/// The value of a member, stored.
fn as_cell(text: &[u8], object: Span, m: Member) -> Cell {
    let (start, end) = m.value;
    match m.kind {
        json::Kind::String => Cell::Text(object.slice(start + 1, end - 1).escaped(true)),
        json::Kind::Object | json::Kind::Array => Cell::Json(object.slice(start, end)),
        json::Kind::Null => Cell::Missing,
        json::Kind::Bool => Cell::Bool(&text[start..end] == b"true"),
        json::Kind::Number => match json::parse_number(&text[start..end]) {
            Value::Int(n) => Cell::Int(n),
            Value::Float(n) => Cell::Float(n),
            _ => Cell::Missing,
        },
    }
}

/// Keeps those of a row's pairs that `keep` says; it may look at the batch and at the pair's number.
pub fn retain(batch: &mut Batch, row: usize, mut keep: impl FnMut(&Batch, usize) -> bool) {
    let pairs = range(batch, row);
    let mut end = pairs.start;
    for pair in pairs {
        if keep(batch, pair) {
            batch.pairs[end] = batch.pairs[pair];
            end += 1;
        }
    }
    let row = &mut batch.rows[row];
    row.rest_len = (end - row.rest_at as usize) as u16;
}

/// Gives a row one pair more. `false`: it has as many as a row can have.
pub fn push(batch: &mut Batch, row: usize, pair: Pair) -> bool {
    let old = range(batch, row);
    if batch.rows[row].rest_len == u16::MAX {
        return false;
    }
    if old.end != batch.pairs.len() {
        batch.rows[row].rest_at = batch.pairs.len() as u32;
        batch.pairs.extend_from_within(old);
    }
    batch.pairs.push(pair);
    batch.rows[row].rest_len += 1;
    true
}

/// Takes a field out of a row, wherever it stands and however often.
pub fn remove(batch: &mut Batch, row: usize, name: &str) {
    retain(batch, row, |batch, pair| !is_called(batch, pair, name));
    for (dot, _) in name.match_indices('.') {
        for pair in range(batch, row) {
            let Cell::Json(object) = batch.pairs[pair].value else { continue };
            if !is_called(batch, pair, &name[..dot]) {
                continue;
            }
            let mut rest = Vec::new();
            if without(batch.text.stored(object), &name.as_bytes()[dot + 1..], &mut rest) {
                batch.pairs[pair].value = Cell::Json(batch.text.push(&rest));
            }
        }
    }
}

/// Writes an object without the member a path leads to. `false`: it has none.
fn without(object: &[u8], path: &[u8], out: &mut Vec<u8>) -> bool {
    let (mut removed, mut first) = (false, true);
    out.push(b'{');
    json::members(object, |m| {
        let key = &object[m.key.0..m.key.1];
        if key == path {
            removed = true;
            return;
        }
        if !first {
            out.push(b',');
        }
        first = false;
        out.push(b'"');
        out.extend_from_slice(key);
        out.extend_from_slice(b"\":");
        let value = &object[m.value.0..m.value.1];
        let mark = out.len();
        if m.kind == json::Kind::Object && leads_into(path, key) {
            if without(value, &path[key.len() + 1..], out) {
                removed = true;
                return;
            }
            out.truncate(mark);
        }
        out.extend_from_slice(value);
    });
    out.push(b'}');
    removed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_without_a_member_is_valid_and_has_the_rest() {
        let cases = [
            (r#"{"a":1,"b":2}"#, "a", r#"{"b":2}"#),
            (r#"{"a":1}"#, "a", "{}"),
            (r#"{ "a" : {"b":[1,{}],"c":"x\"y"} , "d":null}"#, "a.b", r#"{"a":{"c":"x\"y"},"d":null}"#),
            (r#"{"a.b":1,"a":{"b":2}}"#, "a.b", r#"{"a":{}}"#),
        ];
        for (object, path, expected) in cases {
            let mut out = Vec::new();
            assert!(without(object.as_bytes(), path.as_bytes(), &mut out), "{object}");
            assert_eq!(String::from_utf8(out).unwrap(), expected, "{object} without {path}");
        }
        assert!(!without(br#"{"a":{"c":1}}"#, b"a.b", &mut Vec::new()));
    }
}
