//! What libraries in Rust print of themselves: rmcp at debug, `tracing` spans that close.
//!
//! rmcp tells requests and responses by id, as JSON-RPC does. A span stands for a call if it names a tool in its
//! fields, or if it is a handler's own span right under rmcp's `serve_inner`; spans inside such a span are part of
//! the same call.

use memchr::memmem;

use crate::event::{Flags, Level, Value};

use super::duration;
use super::record::{Record, pairs, plain, strip_colours};
use super::seen::{Class, Found, Notation, Phase, Seen, hash};

/// rmcp's `received request`, `response message`, `response error`. Whether the record is one of these.
pub fn rmcp(record: &Record<'_>, found: &mut Found<'_>) -> bool {
    let text = record.text;
    let phase = if text.starts_with(b"received request") {
        Phase::Start
    } else if text.starts_with(b"response message") || text.starts_with(b"response error") {
        Phase::End
    } else {
        return false;
    };
    let mut scratch = Vec::new();
    let id = match record.field(&[b"id", b"fields.id"]) {
        Value::Int(n) => hash(n.to_string().as_bytes()),
        value => Some(plain(value, &mut scratch)).filter(|id| !id.is_empty()).map_or(0, hash),
    };
    if id == 0 {
        return false;
    }
    let mut seen = Seen::new(Notation::Library, phase);
    seen.id = id;
    let mut whole = Vec::new();
    let body: &[u8] = match record.field(&[
        b"request",
        b"fields.request",
        b"result",
        b"fields.result",
        b"error",
        b"fields.error",
    ]) {
        // A value with blanks that was cut at the first one: the message has all of it.
        Value::Text(part) if memmem::find(text, part).is_some() => text,
        Value::Missing | Value::Json(_) => text,
        value => plain(value, &mut whole),
    };
    let debug = |word: &str| memmem::find(body, word.as_bytes());
    if phase == Phase::Start {
        let Some(at) = debug("CallToolRequest(") else { return true };
        let name = memmem::find(&body[at..], b"name: \"").map(|n| &body[at + n + 7..]);
        let name = name.and_then(|rest| rest.get(..memchr::memchr(b'"', rest)?)).unwrap_or_default();
        seen.view = hash(&body[at..]) as u32;
        found.add(seen, name);
    } else if text.starts_with(b"response error") {
        let code = debug("ErrorCode(").and_then(|at| number(&body[at + 10..])).unwrap_or(0);
        found.add(seen.with_outcome(Some(Class::of_code(code, body))), b"");
    } else if debug("CallToolResult").is_some() {
        let failed = debug("is_error: Some(true)").map(|_| Class::of_text(body));
        found.add(seen.with_outcome(failed), b"");
    }
    true
}

fn number(text: &[u8]) -> Option<i64> {
    let end = text.iter().position(|b| !(b.is_ascii_digit() || *b == b'-'))?;
    std::str::from_utf8(&text[..end]).ok()?.parse().ok()
}

/// Requests of rmcp's services that are no tools.
const HANDLERS: [&[u8]; 16] = [
    b"serve_inner",
    b"call_tool",
    b"list_tools",
    b"initialize",
    b"ping",
    b"list_resources",
    b"list_resource_templates",
    b"read_resource",
    b"subscribe",
    b"unsubscribe",
    b"list_prompts",
    b"get_prompt",
    b"complete",
    b"set_level",
    b"on_initialized",
    b"on_cancelled",
];

/// The innermost span of a record, and what is around it.
#[derive(Default)]
struct Span {
    name: Vec<u8>,
    parent: Vec<u8>,
    target: Vec<u8>,
    tool: Vec<u8>,
    /// `Some(true)`: it says that it failed.
    failed: Option<bool>,
}

impl Span {
    fn take(&mut self, key: &[u8], value: Value<'_>, scratch: &mut Vec<u8>) {
        let text = plain(value, scratch);
        match key {
            b"tool" | b"tool_name" | b"tool.name" | b"mcp.tool.name" | b"gen_ai.tool.name" => {
                self.tool = text.to_vec();
                if self.tool.first() == Some(&b'"') {
                    self.tool.retain(|b| *b != b'"');
                }
            }
            b"status" | b"outcome" | b"otel.status_code" | b"is_error" | b"isError" | b"error"
            | b"success" => {
                let word = text.trim_ascii_start().strip_prefix(b"\"").unwrap_or(text);
                let yes = value == Value::Bool(true) || word.starts_with(b"true");
                let no = value == Value::Bool(false) || word.starts_with(b"false");
                let bad = match key {
                    b"is_error" | b"isError" | b"error" => {
                        yes || (!no && key == b"error" && !word.is_empty())
                    }
                    b"success" => no,
                    _ => [&b"err"[..], b"ERR", b"Err", b"fail", b"FAIL"].iter().any(|w| word.starts_with(w)),
                };
                self.failed = Some(self.failed == Some(true) || bad);
            }
            _ => {}
        }
    }

    /// The tool that the span stands for.
    fn tool(&self) -> Option<&[u8]> {
        if !self.tool.is_empty() {
            return Some(&self.tool);
        }
        if let Some(tool) =
            self.name.strip_prefix(b"execute_tool ").or_else(|| self.name.strip_prefix(b"tools/call "))
        {
            return Some(tool);
        }
        let own = self.parent == b"serve_inner"
            && self.target != b"rmcp"
            && !self.target.starts_with(b"rmcp::")
            && !HANDLERS.contains(&&*self.name);
        own.then_some(&self.name)
    }
}

/// `tracing` spans: `close time.busy=… time.idle=…` is a call with its duration; an `#[instrument(err)]` event inside
/// one says that it failed. Whether the record is one of these.
pub fn spans(record: &Record<'_>, found: &mut Found<'_>) -> bool {
    let failed = record.row.level.is_some_and(|level| level >= Level::Error);
    let closes = record.text.starts_with(b"close") || record.text.starts_with(b"time.busy");
    if !closes && !failed {
        return false;
    }
    let mut scratch = Vec::new();
    let read = |key: &[u8], nested: &[u8], scratch: &mut Vec<u8>| {
        let value = record.field(&[key, nested]);
        duration::of_value(value, None).or_else(|| duration::parse(plain(value, scratch), None))
    };
    let busy = if closes { read(b"time.busy", b"fields.time.busy", &mut scratch) } else { None };
    let idle = if closes { read(b"time.idle", b"fields.time.idle", &mut scratch) } else { None };
    if closes && (busy.is_none() || idle.is_none()) {
        return false;
    }
    let Some(span) = span_of(record) else { return false };
    if closes {
        let Some(tool) = span.tool() else { return true };
        let took = busy.zip(idle).and_then(|(busy, idle)| busy.checked_add(idle));
        let mut seen = Seen::new(Notation::Library, Phase::End).with_duration(took);
        seen.outcome = span.failed.is_some();
        seen.error = (span.failed == Some(true)).then_some(Class::Tool);
        found.add(seen, tool);
        return true;
    }
    // The event that #[instrument(err)] writes has an error and no message.
    let json = record.row.flags.has(Flags::JSON);
    let bare = record.text.is_empty()
        || record.text.starts_with(b"error=")
        || json && memmem::find(record.raw(), b"message").is_none();
    if bare
        && record.field(&[b"error", b"fields.error"]) != Value::Missing
        && let Some(tool) = span.tool()
    {
        let mut seen = Seen::new(Notation::Library, Phase::Error);
        seen.deferred = true;
        seen.error = Some(Class::of_text(plain(record.field(&[b"error", b"fields.error"]), &mut scratch)));
        found.add(seen, tool);
        return true;
    }
    false
}

fn span_of(record: &Record<'_>) -> Option<Span> {
    let mut scratch = Vec::new();
    let mut span = Span::default();
    if let Value::Json(object) = record.batch.own_value(record.row, b"span") {
        crate::event::json::members(object, |member| {
            let key = &object[member.key.0..member.key.1];
            let value = crate::event::json::as_value(object, member);
            if key == b"name" {
                span.name = plain(value, &mut scratch).to_vec();
            } else {
                span.take(key, value, &mut scratch);
            }
        });
        span.parent = parent_in(record, &span.name);
        span.target = target(record);
        return Some(span);
    }
    let mut raw = Vec::new();
    let line = record.batch.text.plain(record.row.raw, &mut scratch);
    strip_colours(&line[..memchr::memchr(b'\n', line).unwrap_or(line.len())], &mut raw);
    path(&raw, &mut span).then_some(span)
}

fn target(record: &Record<'_>) -> Vec<u8> {
    let mut scratch = Vec::new();
    let value = record.field(&[b"target"]);
    if value != Value::Missing {
        return plain(value, &mut scratch).to_vec();
    }
    // Parsing may have taken it as the logger.
    let raw = record.raw();
    for key in [&b"\"target\":\""[..], b"\\\"target\\\":\\\""] {
        if let Some(at) = memmem::find(raw, key) {
            let rest = &raw[at + key.len()..];
            let end = rest.iter().position(|b| matches!(b, b'"' | b'\\')).unwrap_or(rest.len());
            return rest[..end].to_vec();
        }
    }
    Vec::new()
}

/// The name of the last span around `name` in the list of spans, which may or may not hold `name` itself.
fn parent_in(record: &Record<'_>, name: &[u8]) -> Vec<u8> {
    let Value::Json(list) = record.batch.own_value(record.row, b"spans") else { return Vec::new() };
    let Ok(serde_json::Value::Array(list)) = serde_json::from_slice(list) else { return Vec::new() };
    let mut names: Vec<&str> = list.iter().filter_map(|span| span["name"].as_str()).collect();
    if names.last().is_some_and(|last| last.as_bytes() == name) {
        names.pop();
    }
    names.last().map_or(Vec::new(), |name| name.as_bytes().to_vec())
}

/// Reads `… LEVEL outer:inner{a=1 b="x"}: target: message`.
fn path(line: &[u8], span: &mut Span) -> bool {
    const LEVELS: [&[u8]; 5] = [b"TRACE ", b"DEBUG ", b"INFO ", b"WARN ", b"ERROR "];
    let Some(mut at) = LEVELS
        .iter()
        .filter_map(|l| memmem::find(&line[..line.len().min(80)], l).map(|at| at + l.len()))
        .min()
    else {
        return false;
    };
    while line.get(at) == Some(&b' ') {
        at += 1;
    }
    let mut fields: &[u8] = b"";
    let mut depth = 0;
    loop {
        let rest = &line[at..];
        let Some(end) = rest.iter().position(|b| matches!(b, b':' | b'{' | b' ')) else { return false };
        if rest[end] == b' ' || end == 0 || rest[end..].starts_with(b"::") {
            break;
        }
        span.parent = std::mem::take(&mut span.name);
        span.name = rest[..end].to_vec();
        depth += 1;
        fields = b"";
        at += end;
        if line[at] == b'{' {
            let Some(close) = closing(&line[at..]) else { return false };
            fields = &line[at + 1..at + close];
            at += close + 1;
        }
        if line.get(at) != Some(&b':') {
            return false;
        }
        at += 1;
        if line.get(at) == Some(&b' ') {
            at += 1;
            break;
        }
    }
    if depth == 0 {
        return false;
    }
    let rest = &line[at..];
    span.target = rest[..memmem::find(rest, b": ").unwrap_or(0)].to_vec();
    let mut scratch = Vec::new();
    pairs(fields, &mut |key, value| span.take(key, value, &mut scratch));
    if fields.is_empty() {
        // The compact form writes the fields of spans behind the message.
        pairs(rest, &mut |key, value| span.take(key, value, &mut scratch));
    }
    true
}

/// The offset of the brace that closes the one at the start; braces in quotes do not count.
fn closing(text: &[u8]) -> Option<usize> {
    let (mut depth, mut quoted, mut at) = (0usize, false, 0);
    while at < text.len() {
        match text[at] {
            b'\\' if quoted => at += 1,
            b'"' => quoted = !quoted,
            b'{' if !quoted => depth += 1,
            b'}' if !quoted => {
                depth -= 1;
                if depth == 0 {
                    return Some(at);
                }
            }
            _ => {}
        }
        at += 1;
    }
    None
}
