//! JSON-RPC anywhere in a record: requests of `tools/call`, and the responses that their ids lead to.
//!
//! * Behind any prefix (`read: {…}`, `POST {…}`, `Received JSON message: {…}`), inside a field (`data="{…}"`), as the
//!   record itself, several in one record, batches.
//! * A response says nothing by itself: which request it answers is for the pairing to know.

use memchr::memmem;

use crate::event::json::{self, Kind};
use crate::event::{Cell, Value, escape};

use super::record::Record;
use super::seen::{Class, Found, Notation, Phase, Seen, hash, wording};

/// Tries at finding where a message begins; text with more braces before the first message is no log line.
const TRIES: usize = 48;

/// Most messages of one record.
const MESSAGES: usize = 100;

/// The word that every message holds.
pub const WORD: &[u8] = b"jsonrpc";

/// Looks for messages in a record.
pub fn messages(record: &Record<'_>, found: &mut Found<'_>) {
    if contains(record.text) {
        return scan(record.text, found);
    }
    let mut plain = Vec::new();
    let mut any = false;
    for pair in record.batch.rest(record.row) {
        match pair.value {
            Cell::Text(span) => {
                let stored = record.batch.text.stored(span);
                if contains(stored) {
                    any = true;
                    let text = record.batch.text.plain(span, &mut plain);
                    scan(text, found);
                }
            }
            Cell::Json(span) => {
                let text = record.batch.text.stored(span);
                if contains(text) {
                    any = true;
                    scan(text, found);
                }
            }
            _ => {}
        }
    }
    if !any {
        let mut raw = Vec::new();
        scan(record.batch.text.plain(record.row.raw, &mut raw), found);
    }
}

fn contains(text: &[u8]) -> bool {
    memmem::find(text, WORD).is_some()
}

/// Looks for messages in text without escapes; a message whose quotes are escaped once more is found too.
fn scan(text: &[u8], found: &mut Found<'_>) {
    let Some(word) = memmem::find(text, WORD) else { return };
    if text[word + WORD.len()..].starts_with(b"='") && python(text, found) {
        return;
    }
    // `data="{\"jsonrpc\":…"` of a field that was not unquoted.
    if text[..word].ends_with(b"\\\"") || text[..word].ends_with(b"\\u0022") {
        let from = memchr::memchr(b'{', text).unwrap_or(0);
        let mut plain = text[..from].to_vec();
        escape::unescape_into(&text[from..], &mut plain);
        if memmem::find(&plain, WORD).is_some_and(|at| !plain[..at].ends_with(b"\\\"")) {
            return messages_in(&plain, found);
        }
        return;
    }
    messages_in(text, found);
}

fn messages_in(text: &[u8], found: &mut Found<'_>) {
    let head = &text[..memchr::memchr2(b'{', b'[', text).unwrap_or(0)];
    let view = wording(Notation::Rpc, head) << 2 | direction(head);
    let (mut from, mut tries, mut count) = (0, 0, 0);
    while let Some(at) = memchr::memchr(b'{', &text[from..]).map(|at| from + at) {
        let Some(word) = memmem::find(&text[at..], WORD) else { return };
        tries += 1;
        if tries > TRIES || count > MESSAGES {
            return;
        }
        // The object that holds the word directly; one that holds it deeper is only wrapping.
        let mut message = Message::default();
        let end = json::members(&text[at..], |member| message.take(&text[at..], member));
        if message.is_rpc && end.is_some() {
            message.add(view, found);
            from = at + end.unwrap_or(1);
            (tries, count) = (0, count + 1);
            continue;
        }
        if end.is_none() && word < 400 && message.add_cut(&text[at..], view, found) {
            return;
        }
        if let Some(end) = end.filter(|end| *end <= word) {
            from = at + end;
        } else {
            from = at + 1;
        }
    }
}

/// Which way a message goes, as far as the words before it say: 1 in, 2 out, 0 unknown. Servers send requests too, and
/// number them on their own.
fn direction(head: &[u8]) -> u32 {
    let head = head[head.len().saturating_sub(60)..].to_ascii_lowercase();
    let has = |words: &[&str]| words.iter().any(|w| memmem::find(&head, w.as_bytes()).is_some());
    match (
        has(&["read", "recv", "receiv", "incoming", "stdin", "<-", "<<", "from client"]),
        has(&["write", "wrote", "send", "sent", "outgoing", "stdout", "->", ">>", "to client"]),
    ) {
        (true, false) => 1,
        (false, true) => 2,
        _ => 0,
    }
}

/// Whether a response may answer a request, by the ways that their messages go.
pub fn may_answer(request: u32, response: u32) -> bool {
    request & 3 == 0 || request & 3 != response & 3
}

/// Python's own form of a message: `JSONRPCRequest(method='tools/call', params={'name': 'x'}, jsonrpc='2.0', id=4)`.
fn python(text: &[u8], found: &mut Found<'_>) -> bool {
    let has = |word: &str| memmem::find(text, word.as_bytes());
    let id = memmem::find_iter(text, b"id=").find_map(|at| {
        let own = at == 0 || !text[at - 1].is_ascii_alphanumeric() && text[at - 1] != b'_';
        let rest = &text[at + 3..];
        let end = rest.iter().position(|b| matches!(b, b',' | b')' | b' '))?;
        own.then(|| hash(&rest[..end]))
    });
    let Some(id) = id else { return false };
    let mut seen = Seen::new(Notation::Rpc, Phase::End);
    seen.id = id;
    if has("JSONRPCRequest(").is_some() {
        if has("method='tools/call'").is_none() {
            return true;
        }
        seen.phase = Phase::Start;
        let name = ["'name': '", " name='", "(name='"].iter().find_map(|key| {
            let rest = &text[has(key)? + key.len()..];
            rest.get(..memchr::memchr(b'\'', rest)?)
        });
        found.add(seen, name.unwrap_or_default());
    } else if has("JSONRPCResponse(").is_some() {
        let failed = has("'isError': True")
            .or_else(|| has("isError=True"))
            .map(|at| Class::of_text(&text[at.saturating_sub(400)..at]));
        found.add(seen.with_outcome(failed), b"");
    } else if let Some(at) = has("JSONRPCError(") {
        let code = has("code=").and_then(|at| {
            let rest = &text[at + 5..];
            let end = rest.iter().position(|b| !(b.is_ascii_digit() || *b == b'-'))?;
            std::str::from_utf8(&rest[..end]).ok()?.parse().ok()
        });
        found.add(seen.with_outcome(Some(Class::of_code(code.unwrap_or(0), &text[at..]))), b"");
    } else {
        return false;
    }
    true
}

/// The members of a message that matter.
#[derive(Default)]
struct Message<'a> {
    is_rpc: bool,
    method: &'a [u8],
    id: u64,
    params: &'a [u8],
    result: &'a [u8],
    error: &'a [u8],
}

impl<'a> Message<'a> {
    fn take(&mut self, text: &'a [u8], member: json::Member) {
        let value = &text[member.value.0..member.value.1];
        match (&text[member.key.0..member.key.1], member.kind) {
            (b"jsonrpc", _) => self.is_rpc = true,
            (b"method", Kind::String) => self.method = &value[1..value.len() - 1],
            (b"id", Kind::String | Kind::Number) => self.id = hash(value),
            (b"params", Kind::Object) => self.params = value,
            (b"result", _) => self.result = value,
            (b"error", Kind::Object | Kind::String) => self.error = value,
            _ => {}
        }
    }

    fn add(&self, view: u32, found: &mut Found<'_>) {
        if self.id == 0 {
            return;
        }
        if matches!(self.method, b"tools/call" | br"tools\/call") {
            let mut seen = Seen::new(Notation::Rpc, Phase::Start);
            (seen.id, seen.view) = (self.id, view);
            let Value::Escaped(name) = json::walk(self.params, b"name") else {
                return found.add(seen, b"");
            };
            let mut plain = Vec::new();
            escape::unescape_into(name, &mut plain);
            return found.add(seen, &plain);
        }
        if !self.method.is_empty() || (self.result.is_empty() && self.error.is_empty()) {
            return;
        }
        let mut seen = Seen::new(Notation::Rpc, Phase::End);
        (seen.id, seen.view, seen.outcome) = (self.id, view, true);
        if !self.error.is_empty() {
            let code = match json::walk(self.error, b"code") {
                Value::Int(code) => code,
                _ => 0,
            };
            seen.error = Some(Class::of_code(code, self.error));
        } else if json::walk(self.result, b"isError") == Value::Bool(true) {
            seen.error = Some(Class::of_text(&self.result[..self.result.len().min(600)]));
        }
        found.add(seen, b"");
    }

    /// A request that was cut before its end: what stands before the cut is enough if it names the tool.
    fn add_cut(&mut self, text: &[u8], view: u32, found: &mut Found<'_>) -> bool {
        if !self.is_rpc || self.method != b"tools/call" || self.id == 0 {
            return false;
        }
        let Some(params) = memmem::find(text, b"\"params\"") else { return false };
        let Some(at) = memmem::find(&text[params..], b"\"name\"").map(|at| params + at + 6) else {
            return false;
        };
        let rest = text[at..].trim_ascii_start();
        let Some(rest) = rest.strip_prefix(b":").map(<[u8]>::trim_ascii_start) else { return false };
        let Some(end) = json::string(rest, 0) else { return false };
        let mut seen = Seen::new(Notation::Rpc, Phase::Start);
        (seen.id, seen.view) = (self.id, view);
        found.add(seen, &rest[1..end - 1]);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<(Phase, String, Option<Class>)> {
        let (mut names, mut seen) = (Vec::new(), Vec::new());
        scan(text.as_bytes(), &mut Found { names: &mut names, seen: &mut seen });
        seen.into_iter()
            .map(|s| {
                let name = s.name.map_or(String::new(), |r| String::from_utf8(names[r].to_vec()).unwrap());
                (s.phase, name, s.error)
            })
            .collect()
    }

    #[test]
    fn messages_stand_anywhere() {
        let call = r#"{"jsonrpc":"2.0","id":5,"method":"tools/call","params":{"name":"read_file","arguments":{"path":"/x"}}}"#;
        let start = [(Phase::Start, "read_file".to_owned(), None)];
        assert_eq!(read(call), start);
        assert_eq!(read(&format!("POST {call}")), start);
        assert_eq!(read(&format!("{{braces}} Received JSON message: {call} (123 bytes)")), start);
        assert_eq!(read(&format!(r#"{{"level":"debug","body":{call}}}"#)), start);
        assert_eq!(read(&format!(r#"data="{}""#, call.replace('"', "\\\""))), start);
        assert_eq!(read(&format!("[{call},{call}]")).len(), 2);
        assert_eq!(read(&call[..call.len() - 6]), start, "cut");
        let last = r#"read: {"method":"tools/call","params":{"name":"a","_meta":{"x":{}}},"jsonrpc":"2.0","id":"q-1"}"#;
        assert_eq!(read(last), [(Phase::Start, "a".to_owned(), None)]);
    }

    #[test]
    fn responses_tell_success_and_failure() {
        for (text, error) in [
            (r#"{"jsonrpc":"2.0","id":1,"result":{"content":[]}}"#, None),
            (r#"{"jsonrpc":"2.0","id":1,"result":{"content":[],"isError":false}}"#, None),
            (r#"{"jsonrpc":"2.0","id":1,"result":{"content":[],"isError":true}}"#, Some(Class::Tool)),
            (r#"{"jsonrpc":"2.0","id":1,"error":{"code":-32602,"message":"x"}}"#, Some(Class::InvalidParams)),
            (
                r#"{"jsonrpc":"2.0","id":1,"error":{"code":-32602,"message":"Unknown tool: x"}}"#,
                Some(Class::UnknownTool),
            ),
            (r#"{"jsonrpc":"2.0","id":1,"error":{"code":-32603,"message":"x"}}"#, Some(Class::Protocol)),
        ] {
            assert_eq!(read(text), [(Phase::End, String::new(), error)], "{text}");
        }
    }

    #[test]
    fn messages_of_python_are_read_too() {
        let text = "Received message: root=JSONRPCRequest(method='tools/call', params={'name': 'a', 'arguments': {}}, jsonrpc='2.0', id=4)";
        assert_eq!(read(text), [(Phase::Start, "a".to_owned(), None)]);
        let text = "root=JSONRPCResponse(jsonrpc='2.0', id=4, result={'content': [], 'isError': True})";
        assert_eq!(read(text), [(Phase::End, String::new(), Some(Class::Tool))]);
        let text =
            "JSONRPCError(jsonrpc='2.0', id=4, error=ErrorData(code=-32602, message='bad', data=None))";
        assert_eq!(read(text), [(Phase::End, String::new(), Some(Class::InvalidParams))]);
        assert_eq!(read("root=JSONRPCRequest(method='tools/list', jsonrpc='2.0', id=4)"), []);
    }

    #[test]
    fn other_messages_say_nothing() {
        for text in [
            r#"{"jsonrpc":"2.0","method":"notifications/message","params":{"name":"x"}}"#,
            r#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#,
            "jsonrpc",
            "{{{{ jsonrpc",
            "",
        ] {
            assert_eq!(read(text), [], "{text}");
        }
    }
}
