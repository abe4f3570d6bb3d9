//! OpenTelemetry spans printed as JSON: Python's and JavaScript's console exporters, Go's `stdouttrace`, OTLP.
//!
//! A span of `tools/call` is a call; one inside another of the same call (a client's inside a server's, a middleware's)
//! is the same one, which the ids of spans tell.

use memchr::memmem;
use serde_json::Value;

use crate::event::time::parse_rfc3339;

use super::record::Record;
use super::seen::{Class, Found, Notation, Phase, Seen, hash};

/// Most spans that are read of one record.
const SPANS: usize = 100;

/// Looks for spans in a record that mentions a tool.
pub fn spans(record: &Record<'_>, found: &mut Found<'_>) -> bool {
    let mut plain = Vec::new();
    let raw = record.batch.text.plain(record.row.raw, &mut plain);
    let is_span = |text: &[u8]| {
        [
            "\"start_time\"",
            "\"StartTime\"",
            "\"startTimeUnixNano\"",
            "\"startTime\"",
            "\"start_time_unix_nano\"",
        ]
        .iter()
        .any(|key| memmem::find(text, key.as_bytes()).is_some())
    };
    let text = if is_span(record.text) { record.text } else { raw };
    if !is_span(text) {
        return false;
    }
    let Some(at) = memchr::memchr(b'{', text) else { return false };
    let mut documents = serde_json::Deserializer::from_slice(&text[at..]).into_iter::<Value>();
    let Some(Ok(document)) = documents.next() else { return false };
    let mut left = SPANS;
    walk(&document, &mut left, found);
    true
}

fn walk(value: &Value, left: &mut usize, found: &mut Found<'_>) {
    for key in ["resourceSpans", "scopeSpans", "spans", "resource_spans", "scope_spans"] {
        if let Some(Value::Array(list)) = value.get(key) {
            for value in list {
                walk(value, left, found);
            }
            return;
        }
    }
    if *left > 0 {
        *left -= 1;
        span(value, found);
    }
}

fn span(span: &Value, found: &mut Found<'_>) {
    let name = text(span, &["name", "Name"]);
    let method = attribute(span, &["mcp.method.name", "mcp.method", "rpc.method"]);
    let operation = attribute(span, &["gen_ai.operation.name"]);
    let mut tool = attribute(span, &["gen_ai.tool.name", "mcp.tool.name", "tool.name"]);
    for prefix in ["tools/call ", "execute_tool "] {
        if tool.is_empty()
            && let Some(rest) = name.strip_prefix(prefix)
        {
            tool = rest.to_owned();
        }
    }
    let is_call = method == "tools/call"
        || (method.is_empty() && (name.starts_with("tools/call") || name.starts_with("execute_tool")))
        || (method.is_empty() && operation == "execute_tool");
    if !is_call {
        return;
    }
    let start =
        time(span, &["start_time", "StartTime", "startTimeUnixNano", "start_time_unix_nano", "startTime"]);
    let end = time(span, &["end_time", "EndTime", "endTimeUnixNano", "end_time_unix_nano", "endTime"]);
    let took = start.zip(end).and_then(|(start, end)| end.checked_sub(start)).filter(|took| *took >= 0);
    let mut seen = Seen::new(Notation::Library, Phase::End).with_duration(took);
    seen.outcome = true;
    let status = status(span);
    let kind = attribute(span, &["error.type", "exception.type"]);
    if status || !kind.is_empty() {
        let description =
            ["status", "Status"].iter().find_map(|key| span.get(key)).map_or(String::new(), Value::to_string);
        let class = Class::of_text(format!("{kind} {description}").as_bytes());
        seen.error = Some(class);
    }
    let ids = ["context", "SpanContext"].iter().find_map(|key| span.get(key)).unwrap_or(span);
    seen.id = id(&text(ids, &["span_id", "SpanID", "spanId", "id"]));
    let parent =
        ["Parent", "parent"].iter().find_map(|key| span.get(key)).map(|p| text(p, &["SpanID", "span_id"]));
    let parent = parent
        .filter(|p| !p.is_empty())
        .unwrap_or_else(|| text(span, &["parent_id", "parentSpanId", "parentId"]));
    // 1: known to have none.
    seen.parent = id(&parent).max(1);
    if seen.id == 0 {
        seen.id = 1;
    }
    found.add(seen, tool.as_bytes());
}

fn id(text: &str) -> u64 {
    let digits = text.strip_prefix("0x").unwrap_or(text);
    if digits.is_empty() || digits.bytes().all(|b| b == b'0') { 0 } else { hash(digits.as_bytes()) }
}

fn text(value: &Value, keys: &[&str]) -> String {
    let found = keys.iter().find_map(|key| value.get(key));
    found.and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// An attribute: of an object, or of a list of `{key, value}`.
fn attribute(span: &Value, names: &[&str]) -> String {
    let Some(attributes) = ["attributes", "Attributes"].iter().find_map(|key| span.get(key)) else {
        return String::new();
    };
    let as_text = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Object(_) => ["stringValue", "Value", "string_value"]
            .iter()
            .find_map(|key| value.get(key)?.as_str())
            .map(str::to_owned),
        _ => None,
    };
    for name in names {
        let found = match attributes {
            Value::Object(map) => map.get(*name).and_then(as_text),
            Value::Array(list) => list
                .iter()
                .find(|entry| text(entry, &["key", "Key"]) == **name)
                .and_then(|entry| entry.get("value").or_else(|| entry.get("Value")))
                .and_then(as_text),
            _ => None,
        };
        if let Some(found) = found {
            return found;
        }
    }
    String::new()
}

fn time(span: &Value, keys: &[&str]) -> Option<i64> {
    match keys.iter().find_map(|key| span.get(key))? {
        Value::String(text) => text.parse().ok().or_else(|| parse_rfc3339(text.as_bytes())),
        Value::Number(n) => n.as_i64().filter(|n| *n > 1_000_000_000_000_000_000),
        // JavaScript: [seconds, nanoseconds].
        Value::Array(parts) => {
            parts.first()?.as_i64()?.checked_mul(1_000_000_000)?.checked_add(parts.get(1)?.as_i64()?)
        }
        _ => None,
    }
}

/// Whether the status is an error: Python `ERROR`, Go `Error`, OTLP 2 or `STATUS_CODE_ERROR`.
fn status(span: &Value) -> bool {
    let Some(status) = ["status", "Status"].iter().find_map(|key| span.get(key)) else { return false };
    let Some(code) = ["status_code", "Code", "code"].iter().find_map(|key| status.get(key)) else {
        return false;
    };
    match code {
        Value::String(code) => code.to_ascii_uppercase().ends_with("ERROR"),
        code => code.as_i64() == Some(2),
    }
}
