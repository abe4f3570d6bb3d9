//! A YAML (or JSON) document as a tree with spans. The only file that names the YAML crate.

use std::ops::Range;

/// A value with its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// What it is.
    pub value: NodeValue,
    /// Its bytes in the file.
    pub range: Range<usize>,
}

/// What a [`Node`] is.
#[derive(Clone, Debug, PartialEq)]
pub enum NodeValue {
    /// `null`, `~` or nothing.
    Null,
    /// true or false.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A number.
    Float(f64),
    /// Text. `offsets[i]` is the file offset of decoded byte `i`, one more for the end.
    Text {
        /// The decoded text.
        text: String,
        /// Where each byte of it stands in the file.
        offsets: Vec<usize>,
    },
    /// A list.
    List(Vec<Node>),
    /// A map, in the file's order: key text, key range, value.
    Map(Vec<(String, Range<usize>, Node)>),
}

impl Node {
    /// The child of a map with this key.
    pub fn get(&self, key: &str) -> Option<&Node> {
        match &self.value {
            NodeValue::Map(entries) => entries.iter().find(|(k, _, _)| k == key).map(|(_, _, v)| v),
            _ => None,
        }
    }

    /// The same without places.
    pub fn to_json(&self) -> serde_json::Value {
        use serde_json::Value;
        match &self.value {
            NodeValue::Null => Value::Null,
            NodeValue::Bool(b) => (*b).into(),
            NodeValue::Int(n) => (*n).into(),
            NodeValue::Float(n) => (*n).into(),
            NodeValue::Text { text, .. } => text.clone().into(),
            NodeValue::List(items) => items.iter().map(Node::to_json).collect(),
            NodeValue::Map(entries) => {
                Value::Object(entries.iter().map(|(k, _, v)| (k.clone(), v.to_json())).collect())
            }
        }
    }
}
