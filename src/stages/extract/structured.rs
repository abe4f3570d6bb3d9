//! Structured records: FastMCP's logging middleware, mcp-go's own records, and whatever names a tool in a field.

use memchr::memmem;

use crate::event::json::{self, Kind};
use crate::event::{Flags, Level, Value};

use super::duration::{self, Unit};
use super::lines::name_in_error;
use super::record::{Record, plain};
use super::seen::{Class, Found, Notation, Phase, Seen, hash, is_name, wording};

/// What a record's fields say, as far as it concerns tool calls.
#[derive(Default)]
struct Facts<'a> {
    tool: Vec<u8>,
    name: Option<Value<'a>>,
    event: Vec<u8>,
    method: bool,
    payload: Option<Value<'a>>,
    id: u64,
    /// The unit that the key names, and the value.
    duration: Option<(Option<Unit>, Value<'a>)>,
    /// An error that is told, with its text.
    error: Option<Class>,
    error_name: Vec<u8>,
    /// The record says how it went.
    went: Option<Went>,
    logger: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Went {
    Well,
    Badly,
    On,
}

fn tool_key(key: &[u8]) -> bool {
    matches!(
        key,
        b"tool"
            | b"tool_name"
            | b"toolName"
            | b"ToolName"
            | b"toolname"
            | b"mcp.tool.name"
            | b"gen_ai.tool.name"
            | b"tool.name"
            | b"mcp.tool"
            | b"mcp_tool"
            | b"mcp_tool_name"
            | b"mcpTool"
    )
}

fn id_key(key: &[u8]) -> bool {
    matches!(
        key,
        b"requestId"
            | b"request_id"
            | b"requestID"
            | b"RequestId"
            | b"reqId"
            | b"req_id"
            | b"rid"
            | b"request.id"
            | b"callId"
            | b"call_id"
            | b"tool_call_id"
            | b"toolCallId"
            | b"invocation_id"
            | b"invocationId"
            | b"correlationId"
            | b"correlation_id"
            | b"mcp.request.id"
            | b"jsonrpc.request.id"
            | b"gen_ai.tool.call.id"
    )
}

impl<'a> Facts<'a> {
    fn of(record: &Record<'a>) -> Facts<'a> {
        let mut facts = Facts::default();
        let mut scratch = Vec::new();
        record.each(&mut |key, value| facts.take(key, value, &mut scratch));
        facts
    }

    fn take(&mut self, key: &[u8], value: Value<'a>, scratch: &mut Vec<u8>) {
        if tool_key(key) {
            if self.tool.is_empty() && matches!(value, Value::Text(_) | Value::Escaped(_)) {
                self.tool.extend_from_slice(plain(value, scratch));
            }
            return;
        }
        if id_key(key) {
            if self.id == 0 {
                self.id = match value {
                    Value::Int(n) => hash(&n.to_le_bytes()),
                    value => Some(plain(value, scratch)).filter(|text| !text.is_empty()).map_or(0, hash),
                };
            }
            return;
        }
        match key {
            b"name" => self.name = self.name.or(Some(value)),
            b"hostname" | b"pid" => self.logger = true,
            b"event" if self.event.is_empty() => self.event.extend_from_slice(plain(value, scratch)),
            b"payload" => self.payload = self.payload.or(Some(value)),
            b"method" | b"mcp.method" | b"mcp.method.name" | b"rpc.method" | b"mcp_method" => {
                self.method |= plain(value, scratch) == b"tools/call";
            }
            b"error" | b"err" | b"exception" | b"error.type" | b"error_type" | b"error_message"
            | b"errorMessage" | b"error.message" => self.take_error(value, scratch),
            b"isError" | b"is_error" | b"iserror" | b"failed" => self.take_flag(value, scratch, false),
            b"success" | b"ok" | b"succeeded" => self.take_flag(value, scratch, true),
            b"outcome" | b"status" | b"result" | b"state" | b"phase" => {
                if let Some(went) = outcome_word(plain(value, scratch)) {
                    self.went = Some(self.went.filter(|old| *old == Went::Badly).unwrap_or(went));
                }
            }
            _ => {
                let scalar = !matches!(value, Value::Json(_) | Value::Missing | Value::Bool(_));
                if scalar
                    && self.duration.is_none()
                    && let Some(unit) = duration::of_key(key)
                {
                    self.duration = Some((unit, value));
                }
            }
        }
    }

    fn take_error(&mut self, value: Value<'a>, scratch: &mut Vec<u8>) {
        let class = match value {
            Value::Bool(true) => Class::Tool,
            Value::Int(n) if n != 0 => Class::Tool,
            value => {
                let text = plain(value, scratch);
                let nothing = matches!(
                    text,
                    b"" | b"nil" | b"<nil>" | b"null" | b"None" | b"none" | b"false" | b"{}" | b"[]"
                );
                if nothing {
                    return;
                }
                if self.error_name.is_empty() {
                    self.error_name.extend_from_slice(name_in_error(text).unwrap_or_default());
                }
                Class::parse(text).unwrap_or_else(|| Class::of_text(text))
            }
        };
        if matches!(self.error, None | Some(Class::Tool)) {
            self.error = Some(class);
        }
    }

    fn take_flag(&mut self, value: Value<'a>, scratch: &mut Vec<u8>, good: bool) {
        let yes = match value {
            Value::Bool(yes) => yes,
            value => match plain(value, scratch) {
                b"true" | b"True" => true,
                b"false" | b"False" => false,
                _ => return,
            },
        };
        let went = if yes == good { Went::Well } else { Went::Badly };
        self.went = Some(self.went.filter(|old| *old == Went::Badly).unwrap_or(went));
    }
}

fn outcome_word(word: &[u8]) -> Option<Went> {
    let mut buf = [0u8; 24];
    let lower = buf.get_mut(..word.len())?;
    lower.copy_from_slice(word);
    lower.make_ascii_lowercase();
    Some(match &*lower {
        b"ok" | b"success" | b"succeeded" | b"successful" | b"completed" | b"complete" | b"done"
        | b"finished" => Went::Well,
        b"error" | b"error_result" | b"failed" | b"failure" | b"fail" | b"exception" | b"timeout"
        | b"timed_out" | b"cancelled" | b"canceled" | b"aborted" | b"denied" | b"rejected" | b"invalid" => {
            Went::Badly
        }
        b"started" | b"start" | b"starting" | b"running" | b"pending" | b"begin" | b"in_progress"
        | b"called" => Went::On,
        _ => return None,
    })
}

/// What a message's words say of a call's course.
fn words(text: &[u8]) -> Option<Phase> {
    let head = text[..text.len().min(80)].to_ascii_lowercase();
    let has = |words: &[&str]| words.iter().any(|w| memmem::find(&head, w.as_bytes()).is_some());
    if has(&["fail", "error", "exception", "timed out", "timeout", "rejected", "denied"]) {
        return Some(Phase::Error);
    }
    if has(&[
        "finish", "complet", "succe", "done", "ended", "call end", "return", "result", "respon", "executed",
    ]) {
        return Some(Phase::End);
    }
    let start = [
        "start",
        "begin",
        "calling",
        "called",
        "tool call",
        "call_tool",
        "tool_call",
        "invok",
        "execut",
        "request",
        "receiv",
        "running tool",
    ];
    has(&start).then_some(Phase::Start)
}

/// FastMCP's logging middleware, JSON or `key=value`: `request_start`, `request_success`, `request_error` of
/// `tools/call`. Whether the record is one of these, of any method.
pub fn middleware(record: &Record<'_>, found: &mut Found<'_>) -> bool {
    let mut facts = Facts::of(record);
    let event = if facts.event.is_empty() { record.text.to_vec() } else { std::mem::take(&mut facts.event) };
    let word = &event[..event.iter().position(|b| *b == b' ').unwrap_or(event.len())];
    let phase = match word {
        b"request_start" => Phase::Start,
        b"request_success" | b"request_error" => Phase::End,
        _ => return false,
    };
    if !facts.method {
        return true;
    }
    let json = record.row.flags.has(Flags::JSON) || memchr::memchr(b'{', record.text) == Some(0);
    let mut seen = Seen::new(if json { Notation::Structured } else { Notation::KeyValue }, phase);
    if phase == Phase::Start {
        let name = facts.payload.map(name_in_payload).unwrap_or_default();
        found.add(seen, &name);
        return true;
    }
    seen.duration = facts.duration.and_then(|(unit, value)| duration::of_value(value, unit));
    if !json && let Some(at) = memmem::find(record.text, b" error=") {
        // Not quoted: it is the last, and goes on to the end.
        let text = &record.text[at + 7..];
        facts.error = Some(Class::of_text(text));
        facts.error_name = name_in_error(text).unwrap_or_default().to_vec();
    }
    let failed = (word == b"request_error").then_some(facts.error.unwrap_or(Class::Tool));
    found.add(seen.with_outcome(failed), &facts.error_name);
    true
}

/// The tool's name in the payload of a request, which may be cut.
fn name_in_payload(value: Value<'_>) -> Vec<u8> {
    let mut scratch = Vec::new();
    let text = plain(value, &mut scratch);
    let mut name = Vec::new();
    json::members(text, |member| {
        if &text[member.key.0..member.key.1] == b"name" && member.kind == Kind::String {
            name = text[member.value.0 + 1..member.value.1 - 1].to_vec();
        }
    });
    name
}

/// mcp-go's records: `mcp.tool` of a handler's run, `mcp.request` of any request.
pub fn mcp_go(record: &Record<'_>, found: &mut Found<'_>) -> bool {
    let text = record.text;
    let word = &text[..text.iter().position(|b| *b == b' ').unwrap_or(text.len())];
    if !matches!(word, b"mcp.tool" | b"mcp.request") {
        return false;
    }
    let facts = Facts::of(record);
    let took = facts.duration.and_then(|(unit, value)| duration::of_value(value, unit));
    let failed = (facts.went == Some(Went::Badly)).then_some(facts.error.unwrap_or(Class::Tool));
    if word == b"mcp.tool" {
        let seen = Seen::new(Notation::Library, Phase::End).with_outcome(failed).with_duration(took);
        found.add(seen, &facts.tool);
    } else if facts.method && failed == Some(Class::UnknownTool) {
        // No handler ran, so nothing else tells of this call; the request's time is not a tool's.
        found.add(Seen::new(Notation::Library, Phase::End).with_outcome(failed), &facts.error_name);
    } else if facts.method {
        found.add(
            Seen::new(Notation::Request, Phase::End).with_outcome(failed).with_duration(took),
            &facts.error_name,
        );
    }
    true
}

/// A record that names a tool in a field, or `tools/call` as its method.
pub fn record(record: &Record<'_>, found: &mut Found<'_>) {
    let facts = Facts::of(record);
    let says_calling = record.text.starts_with(b"Calling tool") || record.text.starts_with(b"calling tool");
    let mut scratch = Vec::new();
    let tool: &[u8] = match facts.name {
        _ if !facts.tool.is_empty() => &facts.tool,
        // slog's `msg="Calling tool" name=read_file`; elsewhere `name` is the logger's.
        Some(name) if says_calling && !facts.logger => plain(name, &mut scratch),
        _ => b"",
    };
    let level_failed = record.row.level.is_some_and(|level| level >= Level::Error);
    let told_failed = facts.went == Some(Went::Badly) || facts.error.is_some();
    let class = facts.error.filter(|_| told_failed || level_failed);
    let failed = (told_failed || level_failed).then(|| class.unwrap_or_else(|| Class::of_text(record.text)));
    let took = facts
        .duration
        .and_then(|(unit, value)| duration::of_value(value, unit.or_else(|| family_unit(record, value))));
    let ended = facts.duration.is_some() || failed.is_some() || facts.went == Some(Went::Well);
    if !is_name(tool) {
        if facts.method {
            method_only(record, &facts, ended, failed, took, found);
        }
        return;
    }
    let mut seen = Seen::new(Notation::Record, Phase::Start);
    seen.id = facts.id;
    seen.view = wording(Notation::Record, record.text);
    let says = words(record.text);
    if ended {
        seen.phase = Phase::End;
        seen.error = failed;
        seen.outcome = facts.went.is_some() || failed.is_some();
        seen.duration = took;
        seen.weak =
            !told_failed && facts.went.is_none() && facts.duration.is_none() && says != Some(Phase::Error);
    } else if facts.went == Some(Went::On) {
        seen.phase = Phase::Start;
    } else {
        match says {
            Some(Phase::Error) => {
                seen.phase = Phase::End;
                seen = seen.with_outcome(Some(Class::of_text(record.text)));
            }
            Some(Phase::End) => seen.phase = Phase::End,
            Some(_) => seen.phase = Phase::Start,
            None => seen.phase = Phase::Middle,
        }
    }
    found.add(seen, tool);
}

/// `method=tools/call` without a tool: a call of which only that is known, unless the error names it.
fn method_only(
    record: &Record<'_>,
    facts: &Facts<'_>,
    ended: bool,
    failed: Option<Class>,
    took: Option<i64>,
    found: &mut Found<'_>,
) {
    if ended {
        let mut seen = Seen::new(Notation::Request, Phase::End).with_duration(took);
        (seen.error, seen.outcome) = (failed, failed.is_some());
        seen.adopts = false;
        found.add(seen, &facts.error_name);
    } else if words(record.text) == Some(Phase::Start) {
        found.add(Seen::new(Notation::Bare, Phase::Start), b"");
    }
}

/// What a bare number counts, by the family of the logger, which its other keys tell.
fn family_unit(record: &Record<'_>, value: Value<'_>) -> Option<Unit> {
    if !matches!(value, Value::Int(_) | Value::Float(_)) {
        return None;
    }
    let raw = record.raw();
    if raw.trim_ascii_start().first() != Some(&b'{') {
        return console_unit(raw);
    }
    let has = |key: &str| has_key(raw, key);
    if has("pid") && has("hostname") || has("_meta") && has("logLevelId") {
        return Some(Unit::Ms); // pino, bunyan, tslog
    }
    if has("msg") && has("ts") {
        return Some(Unit::S); // zap
    }
    if has("msg") && has("time") && has("level") {
        return matches!(value, Value::Int(_)).then_some(Unit::Ns); // slog, logrus
    }
    if !has("message") || !has("level") || has("event") || has("target") || has("logger") || !lower_level(raw)
    {
        return None;
    }
    // zerolog has `time`, winston `timestamp` or nothing.
    (has("time") || !has("ts") && !has("@timestamp")).then_some(Unit::Ms)
}

/// zerolog's console form has three-letter levels, winston's simple form begins `info: `, zap's has tabs.
fn console_unit(raw: &[u8]) -> Option<Unit> {
    let mut plain = Vec::new();
    super::record::strip_colours(&raw[..raw.len().min(300)], &mut plain);
    let has = |word: &str| memmem::find(&plain, word.as_bytes()).is_some();
    if let Some(at) = memmem::find(&plain, b" (")
        && plain[at + 2..].iter().find(|b| !b.is_ascii_digit()) == Some(&b')')
        && plain.starts_with(b"[")
    {
        return Some(Unit::Ms); // pino-pretty: [16:47:30.123] INFO (25840): message
    }
    if [" INF ", " ERR ", " WRN ", " DBG ", " TRC ", " FTL "].iter().any(|w| has(w)) {
        return Some(Unit::Ms);
    }
    const NPM: [&str; 7] = ["error: ", "warn: ", "info: ", "http: ", "verbose: ", "debug: ", "silly: "];
    if NPM.iter().any(|level| plain.starts_with(level.as_bytes())) && has("{") {
        return Some(Unit::Ms);
    }
    (memchr::memchr(b'\t', &plain).is_some() && has("\t{")).then_some(Unit::S)
}

/// Whether a JSON text (or one that is escaped once more) has a member of this name.
fn has_key(raw: &[u8], key: &str) -> bool {
    memmem::find_iter(raw, key.as_bytes()).any(|at| {
        let behind = &raw[at + key.len()..];
        let behind = behind.strip_prefix(b"\\").unwrap_or(behind);
        at > 0
            && raw[at - 1] == b'"'
            && behind.strip_prefix(b"\"").is_some_and(|b| b.trim_ascii_start().first() == Some(&b':'))
    })
}

/// Whether the level is written in lower case.
fn lower_level(raw: &[u8]) -> bool {
    memmem::find(raw, b"level").is_some_and(|at| {
        raw[at + 5..].iter().find(|b| b.is_ascii_alphanumeric()).is_some_and(u8::is_ascii_lowercase)
    })
}
