//! Batches for the tests of stages.

use std::sync::Arc;

use crate::config::document::{Node, NodeValue};
use crate::config::{Diags, Settings};
use crate::event::json::{self, Kind};
use crate::event::{
    Batch, Buffer, Cell, DynMemory, Field, Identity, Key, Level, NO_TIME, Origin, Pair, Partition, Row,
    Schema, SharedOrigin, Span, Text, Value,
};
use crate::stages::Stage;

/// A partition of a container called `mcp-demo-0127-164730-abcdef12`.
pub fn partition() -> Arc<Partition> {
    let origin = Origin {
        deployment: Some("mcp-demo-0127-164730-abcdef12".into()),
        template: Some("demo".into()),
        container: Some("c0ffee".into()),
        image: Some("demo:1".into()),
        labels: vec![("template".into(), "demo".into()), ("note".into(), "a \"b\"".into())],
    };
    Arc::new(Partition {
        key: "test/demo".into(),
        name: "demo".into(),
        identity: Identity::Container,
        origin: SharedOrigin::new(origin),
    })
}

/// A batch of one row per line; nothing is parsed, no time is known.
pub fn batch<S: AsRef<[u8]>>(lines: &[S]) -> Batch {
    let mut bytes = Vec::new();
    let mut spans = Vec::new();
    for line in lines {
        let start = bytes.len();
        bytes.extend_from_slice(line.as_ref());
        spans.push(Span::in_buf(start, bytes.len()));
        bytes.push(b'\n');
    }
    let mut batch = Batch::new(partition(), Text::new(Buffer { bytes, lease: None }));
    for (at, span) in spans.into_iter().enumerate() {
        batch.rows.push(Row {
            raw: span,
            message: span,
            engine_time: NO_TIME,
            timestamp: NO_TIME,
            key: Key { seq: at as u64 + 1, index: 0 },
            place: at as u64 + 1,
            records: 1,
            rest_at: batch.pairs.len() as u32,
            ..Row::default()
        });
    }
    batch
}

/// A batch of JSON records: `level` and `message` are read, every other member is an own field.
pub fn json_batch(lines: &[&str]) -> Batch {
    let mut batch = batch(lines);
    for at in 0..batch.rows.len() {
        let raw = batch.rows[at].raw;
        let text = batch.text.stored(raw).to_vec();
        batch.rows[at].rest_at = batch.pairs.len() as u32;
        let mut pairs = Vec::new();
        let mut row = batch.rows[at];
        json::members(&text, |m| {
            let span = raw.slice(m.value.0, m.value.1);
            let inner = match m.kind {
                Kind::String => raw.slice(m.value.0 + 1, m.value.1 - 1).escaped(true),
                _ => span,
            };
            match &text[m.key.0..m.key.1] {
                b"message" => row.message = inner,
                b"level" => row.level = Level::parse(batch.text.stored(inner)),
                _ => pairs.push(Pair {
                    key: raw.slice(m.key.0, m.key.1).escaped(true),
                    value: match json::as_value(&text, m) {
                        Value::Escaped(_) => Cell::Text(inner),
                        Value::Int(n) => Cell::Int(n),
                        Value::Float(n) => Cell::Float(n),
                        Value::Bool(b) => Cell::Bool(b),
                        Value::Json(_) => Cell::Json(span),
                        _ => Cell::Missing,
                    },
                }),
            }
        });
        row.rest_len = pairs.len() as u16;
        batch.pairs.extend(pairs);
        batch.rows[at] = row;
    }
    batch
}

/// A field's value as text.
pub fn show(batch: &Batch, row: usize, name: &str) -> String {
    show_value(batch.value(row, Field::named(name)))
}

/// A value as text: `-` is missing.
pub fn show_value(value: Value<'_>) -> String {
    let lossy = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    match value {
        Value::Missing => "-".into(),
        Value::Text(t) | Value::Json(t) => lossy(t),
        Value::Escaped(t) => {
            let mut out = Vec::new();
            crate::event::escape::unescape_into(t, &mut out);
            lossy(&out)
        }
        Value::Int(n) => n.to_string(),
        Value::Float(n) => n.to_string(),
        Value::Bool(b) => b.to_string(),
        Value::Level(l) => l.to_string(),
        Value::Time(t) | Value::Duration(t) => t.to_string(),
        Value::Bytes(n) => n.to_string(),
    }
}

/// A row's own fields, `name=value` with blanks between.
pub fn show_own(batch: &Batch, row: usize) -> String {
    let mut scratch = Vec::new();
    let shown: Vec<String> = batch
        .rest(&batch.rows[row])
        .iter()
        .map(|pair| {
            let key = String::from_utf8_lossy(batch.text.plain(pair.key, &mut scratch)).into_owned();
            format!("{key}={}", show_value(batch.cell_value(pair.value)))
        })
        .collect();
    shown.join(" ")
}

/// Settings as a document would hold them.
pub fn node(json: &serde_json::Value) -> Node {
    use serde_json::Value as Json;
    let value = match json {
        Json::Null => NodeValue::Null,
        Json::Bool(b) => NodeValue::Bool(*b),
        Json::Number(n) => {
            n.as_i64().map_or_else(|| NodeValue::Float(n.as_f64().expect("a number")), NodeValue::Int)
        }
        Json::String(s) => NodeValue::Text { text: s.clone(), offsets: (0..=s.len()).collect() },
        Json::Array(items) => NodeValue::List(items.iter().map(node).collect()),
        Json::Object(members) => {
            NodeValue::Map(members.iter().map(|(k, v)| (k.clone(), 0..0, node(v))).collect())
        }
    };
    Node { value, range: 0..1 }
}

/// A stage of a kind, built from settings; the messages of the findings if that fails.
pub fn stage(kind: &str, settings: serde_json::Value) -> Result<Stage, Vec<String>> {
    stage_in(kind, settings, std::path::Path::new("."), &open_schema()).map(|(stage, _)| stage)
}

/// A stage built and checked, and the schema behind it; the messages of the findings if that fails.
pub fn stage_in(
    kind: &str,
    settings: serde_json::Value,
    folder: &std::path::Path,
    input: &Schema,
) -> Result<(Stage, Schema), Vec<String>> {
    let node = node(&settings);
    let settings = Settings { node: &node, folder };
    let kind = super::KINDS.iter().find(|k| k.name == kind).expect("a kind");
    let mut diags = Diags::default();
    let built = (kind.build)(&settings, &mut diags);
    let checked = built.map(|stage| {
        let schema = stage.check(input, &settings, &mut diags);
        (stage, schema)
    });
    if diags.failed() || checked.is_none() {
        return Err(diags.findings.into_iter().map(|f| f.message).collect());
    }
    Ok(checked.expect("just looked"))
}

/// What stands behind `parse`: the source's fields and any others.
pub fn open_schema() -> Schema {
    let mut schema = Schema::default();
    schema.open = true;
    for known in crate::event::field::KNOWN.iter().filter(|k| k.from == "source" || k.from == "parse") {
        schema.set_known(Field::named(known.name), crate::event::Presence::Maybe, known.from);
    }
    schema
}

/// Runs a stage over a batch, starting with an empty Memory if it needs one.
pub fn apply(stage: &Stage, batch: &mut Batch) {
    let mut memory = start(stage);
    apply_with(stage, &mut memory, batch);
}

/// An empty Memory, for [`apply_with`].
pub fn start(stage: &Stage) -> Option<Box<dyn DynMemory>> {
    match stage {
        Stage::Map(_) => None,
        Stage::Scan(scan) => Some(scan.start()),
    }
}

/// Runs a stage over a batch with a Memory.
pub fn apply_with(stage: &Stage, memory: &mut Option<Box<dyn DynMemory>>, batch: &mut Batch) {
    match stage {
        Stage::Map(map) => map.apply(batch),
        Stage::Scan(scan) => scan.apply(memory.as_mut().expect("a Memory").as_mut(), batch, 0),
    }
}

/// The raw text of the rows that are alive.
pub fn alive(batch: &Batch) -> Vec<String> {
    batch
        .alive()
        .map(|row| String::from_utf8_lossy(batch.text.stored(batch.rows[row].raw)).into_owned())
        .collect()
}
