//! Answers for one row.

use std::cmp::Ordering;

use super::{Compare, Expr, Literal, Literally, Node, Op};
use crate::config::units;
use crate::event::{Batch, Level, Value, escape, time};

/// Memory that evaluation uses again from row to row.
#[derive(Debug, Default)]
pub struct Scratch {
    text: Vec<u8>,
}

impl Expr {
    /// Whether a row satisfies the condition.
    pub fn eval(&self, batch: &Batch, row: usize, scratch: &mut Scratch) -> bool {
        holds(&self.root, batch, row, scratch)
    }
}

fn holds(node: &Node, batch: &Batch, row: usize, scratch: &mut Scratch) -> bool {
    match node {
        Node::Or(nodes) => nodes.iter().any(|node| holds(node, batch, row, scratch)),
        Node::And(nodes) => nodes.iter().all(|node| holds(node, batch, row, scratch)),
        Node::Not(node) => !holds(node, batch, row, scratch),
        Node::Exists(name) => batch.value_named(row, name.field, &name.text) != Value::Missing,
        Node::Is(name) => match batch.value_named(row, name.field, &name.text) {
            Value::Bool(is) => is,
            Value::Text(text) | Value::Escaped(text) => text == b"true",
            _ => false,
        },
        Node::Compare(compare) => {
            let value = batch.value_named(row, compare.name.field, &compare.name.text);
            compares(value, compare, scratch)
        }
        Node::Bad => false,
    }
}

fn compares(value: Value<'_>, compare: &Compare, scratch: &mut Scratch) -> bool {
    let value = match value {
        Value::Missing => return false,
        Value::Escaped(text) if memchr::memchr(b'\\', text).is_some() => {
            scratch.text.clear();
            escape::unescape_into(text, &mut scratch.text);
            Value::Text(&scratch.text)
        }
        Value::Escaped(text) => Value::Text(text),
        other => other,
    };
    if compare.op.is_textual() {
        let (Value::Text(text) | Value::Json(text)) = value else {
            return false;
        };
        return inside(text, compare);
    }
    let mut orders = compare.literals.iter().map(|literal| order(value, literal));
    match compare.op {
        Op::In => orders.any(|order| order == Some(Ordering::Equal)),
        Op::NotIn => orders.all(|order| order != Some(Ordering::Equal)),
        op => match orders.next().flatten() {
            // Values that cannot be compared are unequal, and neither less nor greater.
            None => op == Op::Ne,
            Some(order) => match op {
                Op::Eq => order.is_eq(),
                Op::Ne => order.is_ne(),
                Op::Lt => order.is_lt(),
                Op::Le => order.is_le(),
                Op::Gt => order.is_gt(),
                _ => order.is_ge(),
            },
        },
    }
}

fn inside(text: &[u8], compare: &Compare) -> bool {
    if let Some(finder) = &compare.finder {
        return finder.find(text).is_some();
    }
    if let Some(regex) = &compare.regex {
        return regex.is_match(text);
    }
    let Some(Literal { value: Literally::Text { text: part, .. }, .. }) = compare.literals.first() else {
        return false;
    };
    match compare.op {
        Op::StartsWith => text.starts_with(part),
        _ => text.ends_with(part),
    }
}

/// How a value stands to a literal; `None` if they cannot be compared.
fn order(value: Value<'_>, literal: &Literal) -> Option<Ordering> {
    match (value, &literal.value) {
        (Value::Text(a) | Value::Json(a), Literally::Text { text: b, .. }) => Some(a.cmp(b)),
        (Value::Text(a), other) => order_text(a, other),
        // A number of a JSON line is kept as it was written; it has no unit that a duration could be compared with.
        (
            Value::Json(a),
            other @ (Literally::Int(_) | Literally::Float(_) | Literally::Bool(_) | Literally::Size(_)),
        ) => order_text(a, other),
        (Value::Level(a), Literally::Level(b) | Literally::Text { level: Some(b), .. }) => Some(a.cmp(b)),
        (Value::Bool(a), Literally::Bool(b)) => Some(a.cmp(b)),
        (Value::Duration(a), Literally::Duration(b) | Literally::Int(b)) => Some(a.cmp(b)),
        (Value::Bytes(a), Literally::Size(b)) => Some(a.cmp(b)),
        (Value::Bytes(a), Literally::Int(b)) => Some(i128::from(a).cmp(&i128::from(*b))),
        (Value::Int(a), Literally::Size(b)) => Some(i128::from(a).cmp(&i128::from(*b))),
        (Value::Time(a), Literally::Time(b) | Literally::Text { time: Some(b), .. }) => Some(a.cmp(b)),
        (Value::Int(a), Literally::Int(b)) => Some(a.cmp(b)),
        (Value::Int(a), Literally::Float(b) | Literally::Text { number: Some(b), .. }) => {
            (a as f64).partial_cmp(b)
        }
        (Value::Float(a), Literally::Float(b) | Literally::Text { number: Some(b), .. }) => a.partial_cmp(b),
        (Value::Float(a), Literally::Int(b)) => a.partial_cmp(&(*b as f64)),
        _ => None,
    }
}

/// A line's text is read as what the literal is: `status=500` in logfmt is text and a number.
fn order_text(text: &[u8], literal: &Literally) -> Option<Ordering> {
    if let Literally::Level(b) = literal {
        return Some(Level::parse(text)?.cmp(b));
    }
    if let Literally::Time(b) = literal {
        return Some(time::parse_rfc3339(text)?.cmp(b));
    }
    let text = std::str::from_utf8(text).ok()?;
    match literal {
        Literally::Int(b) => match text.parse::<i64>() {
            Ok(a) => Some(a.cmp(b)),
            Err(_) => text.parse::<f64>().ok()?.partial_cmp(&(*b as f64)),
        },
        Literally::Float(b) => text.parse::<f64>().ok()?.partial_cmp(b),
        Literally::Bool(b) => Some(text.parse::<bool>().ok()?.cmp(b)),
        Literally::Duration(b) => Some(i64::try_from(units::nanos_of(text)?).ok()?.cmp(b)),
        Literally::Size(b) => Some(units::bytes_of(text)?.cmp(b)),
        _ => None,
    }
}
