//! A YAML (or JSON) document as a tree with spans. The only file that names the YAML crate.
//!
//! * Every node, key and byte of decoded text knows its place, so that a mistake inside a quoted, folded or literal
//!   text is underlined where it was written.
//! * What would make a file mean something else than it seems (anchors, tags, a second document, a key twice) is
//!   reported, never guessed.
//! * Depth is limited to [`DEPTH`]: trees are walked by recursion.

use std::collections::HashMap;
use std::ops::Range;

use saphyr_parser::{Event, Parser, ScalarStyle};

use super::Diags;
use super::offsets::{self, Style};

/// Deepest nesting of lists and maps; no pipeline needs a tenth of it.
pub const DEPTH: usize = 64;

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

    /// What it is, for messages.
    pub fn describe(&self) -> &'static str {
        match &self.value {
            NodeValue::Null => "nothing",
            NodeValue::Bool(_) => "true or false",
            NodeValue::Int(_) => "a whole number",
            NodeValue::Float(_) => "a number",
            NodeValue::Text { .. } => "text",
            NodeValue::List(_) => "a list",
            NodeValue::Map(_) => "a map",
        }
    }
}

/// Reads a document. Places are offsets in `text` plus `base`.
///
/// `None`: it is no YAML, or empty, or holds what is refused; `diags` says where.
pub fn parse(text: &str, base: usize, diags: &mut Diags) -> Option<Node> {
    let places = Places::new(text, base);
    let mut builder = Builder { text, places, open: Vec::new(), root: None, diags, documents: 0 };
    let mut parser = Parser::new_from_str(text);
    while let Some(event) = parser.next_event() {
        match event {
            Ok((event, span)) => {
                let range = builder.places.at(span.start.index())..builder.places.at(span.end.index());
                if !builder.take(event, range) {
                    return None;
                }
            }
            Err(error) => {
                let at = builder.places.at(error.marker().index());
                builder.report_syntax(at, error.info());
                return None;
            }
        }
    }
    let root = builder.root.take();
    if root.is_none() {
        diags.error(
            base..base,
            "the file is empty",
            "nothing here",
            Some("a pipeline has at least `sources:` and `sinks:`".into()),
        );
    }
    root
}

/// From the YAML crate's character offsets to bytes of all files.
struct Places {
    /// Byte offset of each character, where they differ.
    bytes: Option<Vec<usize>>,
    len: usize,
    base: usize,
}

impl Places {
    fn new(text: &str, base: usize) -> Places {
        let bytes = (!text.is_ascii()).then(|| text.char_indices().map(|(at, _)| at).collect());
        Places { bytes, len: text.len(), base }
    }

    fn at(&self, character: usize) -> usize {
        let byte = match &self.bytes {
            Some(bytes) => bytes.get(character).copied().unwrap_or(self.len),
            None => character.min(self.len),
        };
        self.base + byte
    }
}

/// A list or map that is not finished.
struct Open {
    start: usize,
    flow: bool,
    kind: OpenKind,
}

enum OpenKind {
    List(Vec<Node>),
    Map {
        entries: Vec<(String, Range<usize>, Node)>,
        key: Option<(String, Range<usize>)>,
        seen: HashMap<String, usize>,
    },
}

struct Builder<'a> {
    text: &'a str,
    places: Places,
    open: Vec<Open>,
    root: Option<Node>,
    diags: &'a mut Diags,
    documents: usize,
}

impl Builder<'_> {
    /// Takes one event; false ends the reading.
    fn take(&mut self, event: Event<'_>, range: Range<usize>) -> bool {
        match event {
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => {}
            Event::DocumentStart(_) => {
                self.documents += 1;
                if self.documents > 1 {
                    self.diags.error(
                        range,
                        "a pipeline file holds one document",
                        "a second one begins here",
                        Some("put it into a file of its own".into()),
                    );
                    return false;
                }
            }
            Event::Alias(_) => {
                self.diags.error(
                    range.clone(),
                    "aliases are not read",
                    "an alias",
                    Some("write the value out".into()),
                );
                self.add(Node { value: NodeValue::Null, range });
            }
            Event::Scalar(text, style, anchor, tag) => {
                self.refuse_marks(&range, anchor, tag.is_some());
                let node = self.scalar(&text, style, range);
                self.add(node);
            }
            Event::SequenceStart(anchor, tag) => {
                self.refuse_marks(&range, anchor, tag.is_some());
                return self.begin(range, OpenKind::List(Vec::new()));
            }
            Event::MappingStart(anchor, tag) => {
                self.refuse_marks(&range, anchor, tag.is_some());
                let kind = OpenKind::Map { entries: Vec::new(), key: None, seen: HashMap::new() };
                return self.begin(range, kind);
            }
            Event::SequenceEnd | Event::MappingEnd => self.end(range),
        }
        true
    }

    fn source(&self, range: &Range<usize>) -> &str {
        self.text.get(range.start - self.places.base..range.end - self.places.base).unwrap_or("")
    }

    fn refuse_marks(&mut self, range: &Range<usize>, anchor: usize, tag: bool) {
        if anchor != 0 {
            self.diags.error(
                range.clone(),
                "anchors are not read",
                "an anchor",
                Some("write the value out where it is needed".into()),
            );
        }
        if tag {
            self.diags.error(
                range.clone(),
                "tags are not read",
                "a tag",
                Some("leave it out; quote a value that is to be text".into()),
            );
        }
    }

    fn begin(&mut self, range: Range<usize>, kind: OpenKind) -> bool {
        if self.open.len() == DEPTH {
            self.diags.error(range, "too deeply nested", format!("more than {DEPTH} levels"), None);
            return false;
        }
        if let Some(Open { kind: OpenKind::Map { key: None, .. }, .. }) = self.open.last() {
            let end = range.end.max(range.start + 1);
            self.diags.error(range.start..end, "a key must be text", "a list or map as key", None);
            return false;
        }
        let flow = matches!(self.source(&range).bytes().next(), Some(b'[' | b'{'));
        self.open.push(Open { start: range.start, flow, kind });
        true
    }

    fn end(&mut self, range: Range<usize>) {
        let open = self.open.pop().expect("the parser pairs starts and ends");
        let (value, children) = match open.kind {
            OpenKind::List(items) => {
                let span = items.first().zip(items.last()).map(|(a, b)| a.range.start..b.range.end);
                (NodeValue::List(items), span)
            }
            OpenKind::Map { entries, .. } => {
                let span = entries.first().zip(entries.last()).map(|(a, b)| {
                    let end = if b.2.range.is_empty() { b.1.end } else { b.2.range.end };
                    a.1.start..end
                });
                (NodeValue::Map(entries), span)
            }
        };
        let range =
            if open.flow { open.start..range.end } else { children.unwrap_or(open.start..range.start) };
        self.add(Node { value, range });
    }

    /// Puts a finished node where it belongs: a key, a value, an item or the root.
    fn add(&mut self, node: Node) {
        let Some(open) = self.open.last_mut() else {
            self.root = Some(node);
            return;
        };
        match &mut open.kind {
            OpenKind::List(items) => items.push(node),
            OpenKind::Map { entries, key, seen } => match key.take() {
                Some((text, range)) => entries.push((text, range, node)),
                None => {
                    // A key stands as it is written: `1:` is the key "1".
                    let text = match node.value {
                        NodeValue::Text { text, .. } => text,
                        _ => {
                            let base = self.places.base;
                            let source = self.text.get(node.range.start - base..node.range.end - base);
                            source.unwrap_or("").to_owned()
                        }
                    };
                    if text.is_empty() {
                        self.diags.error(node.range.clone(), "a key is empty", "no key", None);
                    } else if text == "<<" {
                        self.diags.error(
                            node.range.clone(),
                            "merge keys are not read",
                            "a merge key",
                            Some("write the values out".into()),
                        );
                    } else if let Some(first) = seen.get(&text) {
                        let line = self.text[..*first].bytes().filter(|b| *b == b'\n').count() + 1;
                        self.diags.error(
                            node.range.clone(),
                            format!("the key `{text}` stands twice"),
                            "again here",
                            Some(format!("it is first on line {line}; keep one of them")),
                        );
                    }
                    seen.entry(text.clone()).or_insert(node.range.start - self.places.base);
                    *key = Some((text, node.range));
                }
            },
        }
    }

    fn scalar(&self, text: &str, style: ScalarStyle, range: Range<usize>) -> Node {
        let style = match style {
            ScalarStyle::Plain => Style::Plain,
            ScalarStyle::SingleQuoted => Style::Single,
            ScalarStyle::DoubleQuoted => Style::Double,
            ScalarStyle::Literal | ScalarStyle::Folded => Style::Block,
        };
        if style == Style::Plain {
            if text.is_empty() {
                return Node { value: NodeValue::Null, range: range.start..range.start };
            }
            if let Some(value) = resolve_plain(text) {
                return Node { value, range };
            }
        }
        let source = self.source(&range);
        let offsets = offsets::map(source, text, style, range.start);
        let trimmed = range.start + source.trim_end().len();
        let value = NodeValue::Text { text: text.to_owned(), offsets };
        Node { value, range: range.start..trimmed.max(range.start) }
    }

    fn report_syntax(&mut self, at: usize, info: &str) {
        let rest = &self.text[at - self.places.base..];
        let before = &self.text[..at - self.places.base];
        let line_start = before.rfind('\n').map_or(0, |n| n + 1);
        let line = self.text[line_start..].lines().next().unwrap_or("");
        let indent = &line[..line.len() - line.trim_start().len()];
        let in_flow = self.open.last().is_some_and(|open| open.flow);
        let (message, help) = if info.contains("recursion") {
            ("too deeply nested", "flatten it")
        } else if indent.contains('\t') {
            ("a tab in the indentation", "indent with blanks")
        } else if info.contains("quoted scalar") && info.contains("escape") {
            ("an escape that YAML does not know", "write \\\\ for a backslash, or use single quotes")
        } else if info.contains("quoted scalar") {
            ("a quote is not closed", "close it")
        } else if info.contains("unexpected character") {
            ("a value cannot begin with this character", "quote it")
        } else if in_flow && rest.trim_start().is_empty() {
            ("a `[` or `{` is not closed", "close it")
        } else if in_flow {
            ("`,` `[` `]` `{` `}` end an unquoted value here", "quote it")
        } else if info.contains("mapping values") {
            ("a `:` that cannot stand here", "quote a value that holds `: `, and check the indentation")
        } else if info.contains("unknown anchor") {
            ("aliases are not read", "write the value out; quote a value that begins with `*`")
        } else {
            ("this is no YAML", "check the indentation and the quotes")
        };
        let width = rest.chars().next().filter(|c| *c != '\n').map_or(0, char::len_utf8);
        // What the YAML crate says is shown only where we have no words of our own.
        let label = if message == "this is no YAML" { info } else { "here" };
        self.diags.error(at..at + width, message, label, Some(help.into()));
    }
}

/// What an unquoted scalar is in YAML's core schema; text is `None`.
pub fn resolve_plain(text: &str) -> Option<NodeValue> {
    match text {
        "null" | "Null" | "NULL" | "~" => return Some(NodeValue::Null),
        "true" | "True" | "TRUE" => return Some(NodeValue::Bool(true)),
        "false" | "False" | "FALSE" => return Some(NodeValue::Bool(false)),
        _ => {}
    }
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    if let Some(hex) = text.strip_prefix("0x") {
        return i64::from_str_radix(hex, 16).ok().map(NodeValue::Int);
    }
    if let Some(octal) = text.strip_prefix("0o") {
        return i64::from_str_radix(octal, 8).ok().map(NodeValue::Int);
    }
    if !digits.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
        return None;
    }
    if let Ok(n) = text.parse() {
        return Some(NodeValue::Int(n));
    }
    let numeric = digits.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'e' | b'E' | b'-' | b'+'));
    if !numeric {
        return None;
    }
    text.parse().ok().map(NodeValue::Float)
}

#[cfg(test)]
mod tests;
