//! What one record says about a call: the common language between the notations and the pairing.

use std::ops::Range;

/// The ways in which output tells of tool calls, most complete first: a signal is counted from the first of them that
/// a container's output shows it in; the others only fill what that one leaves out.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Hash)]
#[repr(u8)]
pub enum Notation {
    /// A rule of the user.
    Rule,
    /// JSON-RPC messages, anywhere in a line.
    Rpc,
    /// `Tool 'NAME' completed in 1.2ms`.
    Timing,
    /// `{"event": "request_start", "method": "tools/call", …}`.
    Structured,
    /// `event=request_start method=tools/call …`.
    KeyValue,
    /// `tool_call: NAME`, `tool_error: NAME text`, `tool_duration: NAME 0.1s`.
    Document,
    /// What libraries print of themselves: mcp-go, rmcp, OpenTelemetry and tracing spans.
    Library,
    /// A structured record that names a tool.
    Record,
    /// Gateways: `Calling tool NAME with arguments: {…}`, `Calling tool NAME took: 1.2s`.
    Gateway,
    /// `Handler called: call_tool NAME with {…}`.
    Handler,
    /// `Request tools/call completed in 1.2ms`: everything but the name.
    Request,
    /// `Error in tools/call: TYPE: text`.
    Middleware,
    /// `Error calling tool 'NAME'` and its kin: errors only.
    Error,
    /// `Processing request of type CallToolRequest`: a call, and nothing else.
    Bare,
}

impl Notation {
    /// Every notation, most complete first.
    pub const ALL: [Notation; 14] = [
        Notation::Rule,
        Notation::Rpc,
        Notation::Timing,
        Notation::Structured,
        Notation::KeyValue,
        Notation::Document,
        Notation::Library,
        Notation::Record,
        Notation::Gateway,
        Notation::Handler,
        Notation::Request,
        Notation::Middleware,
        Notation::Error,
        Notation::Bare,
    ];

    /// Its place among the others; less is more complete.
    pub fn rank(self) -> u8 {
        self as u8
    }

    /// Its bit in a set of notations.
    pub fn bit(self) -> u16 {
        1 << self as u8
    }

    /// Whether every call shows in one line of its own, so that lines of worse notations are of no use for it.
    pub fn is_whole(self) -> bool {
        matches!(self, Notation::Timing | Notation::Request)
    }

    /// Whether an end without its beginning still is a call: the beginning was not printed, or is cut away.
    pub fn ends_alone(self) -> bool {
        !matches!(self, Notation::Rpc)
    }
}

/// How a call failed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// The tool said so.
    Tool,
    /// The protocol's own error.
    Protocol,
    /// The arguments do not fit.
    InvalidParams,
    /// There is no such tool.
    UnknownTool,
    /// It took too long.
    Timeout,
    /// The container ended before the call did.
    Lost,
}

impl Class {
    /// Every class.
    pub const ALL: [Class; 6] =
        [Class::Tool, Class::Protocol, Class::InvalidParams, Class::UnknownTool, Class::Timeout, Class::Lost];

    /// The value of `tool.error`.
    pub fn as_str(self) -> &'static str {
        match self {
            Class::Tool => "tool",
            Class::Protocol => "protocol",
            Class::InvalidParams => "invalid_params",
            Class::UnknownTool => "unknown_tool",
            Class::Timeout => "timeout",
            Class::Lost => "lost",
        }
    }

    /// The class of that name.
    pub fn parse(word: &[u8]) -> Option<Class> {
        Class::ALL.into_iter().find(|class| class.as_str().as_bytes() == word)
    }

    /// What the text of an error says about its cause.
    pub fn of_text(text: &[u8]) -> Class {
        // The beginning says it; the rest is arguments and stack traces.
        let head = text[..text.len().min(400)].to_ascii_lowercase();
        let has = |word: &str| memchr::memmem::find(&head, word.as_bytes()).is_some();
        if ["unknown tool", "no such tool", "tool not found", "not found: tool", "tool not registered"]
            .iter()
            .any(|w| has(w))
            || (has("tool") && has("' not found"))
            || (has("tool") && has("\" not found"))
            || has("notfounderror: unknown")
        {
            return Class::UnknownTool;
        }
        let invalid = [
            "validation error",
            "validationerror",
            "invalid argument",
            "invalid param",
            "invalid input",
            "invalid_argument",
            "missing required",
            "required argument",
            "rejected arguments",
            "failed to deserialize param",
            "-32602",
            "validating \"arguments\"",
            "validating arguments",
        ];
        if invalid.iter().any(|w| has(w)) {
            return Class::InvalidParams;
        }
        if ["timed out", "timeout", "deadline exceeded", "etimedout"].iter().any(|w| has(w)) {
            return Class::Timeout;
        }
        Class::Tool
    }

    /// The class of a JSON-RPC error: its code, else its text. MCP: -32602 also for unknown tools, -32001 for time-outs.
    pub fn of_code(code: i64, text: &[u8]) -> Class {
        match (code, Class::of_text(text)) {
            (_, Class::UnknownTool) | (-32601, _) => Class::UnknownTool,
            (-32602, _) => Class::InvalidParams,
            (-32001, _) => Class::Timeout,
            _ => Class::Protocol,
        }
    }
}

/// What a record says of a call's course.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Phase {
    /// It happens, or happened: counted at once.
    Call,
    /// It begins: counted when more is known.
    Start,
    /// Something happens while it runs; opens a call only where nothing better tells of beginnings.
    Middle,
    /// It is over.
    End,
    /// It failed.
    Error,
    /// It took so long.
    Duration,
}

/// One thing that a record says about a call.
#[derive(Clone, Debug)]
pub struct Seen {
    /// How it is said.
    pub notation: Notation,
    /// What is said.
    pub phase: Phase,
    /// Hash of the record's wording: two wordings of one notation describe one call, the same wording another.
    pub view: u32,
    /// The tool, in the scratch's names.
    pub name: Option<Range<usize>>,
    /// Hash of the request's id; 0 if there is none.
    pub id: u64,
    /// It failed.
    pub error: Option<Class>,
    /// The record says whether it failed, so its silence means success.
    pub outcome: bool,
    /// How long it took, in nanoseconds.
    pub duration: Option<i64>,
    /// An end without a name takes the one of the beginning it is paired with.
    pub adopts: bool,
    /// An error that waits for the line that ends its call.
    pub deferred: bool,
    /// Only the level says that it failed: while the call runs it is a line of the tool's own.
    pub weak: bool,
    /// Hash of the enclosing span's id (OpenTelemetry); 0 if there is none.
    pub parent: u64,
}

impl Seen {
    /// A thing said, with nothing known.
    pub fn new(notation: Notation, phase: Phase) -> Seen {
        Seen {
            notation,
            phase,
            view: notation as u32,
            name: None,
            id: 0,
            error: None,
            outcome: false,
            duration: None,
            adopts: true,
            deferred: false,
            weak: false,
            parent: 0,
        }
    }

    /// With a failure, or with the statement that there was none.
    pub fn with_outcome(mut self, error: Option<Class>) -> Seen {
        self.error = error;
        self.outcome = true;
        self
    }

    /// With a duration, if it is known.
    pub fn with_duration(mut self, duration: Option<i64>) -> Seen {
        self.duration = duration;
        self
    }
}

/// What recognising a record needs beside it; reused within a batch.
#[derive(Debug, Default)]
pub struct Scratch {
    /// The record's message without escapes and colours.
    pub text: Vec<u8>,
    /// More text without escapes.
    pub more: Vec<u8>,
    /// Names of tools found.
    pub names: Vec<u8>,
    /// What was found.
    pub seen: Vec<Seen>,
}

impl Scratch {
    /// Forgets the last record.
    pub fn clear(&mut self) {
        self.names.clear();
        self.seen.clear();
    }
}

/// What a recogniser adds to: names and things said.
#[derive(Debug)]
pub struct Found<'a> {
    /// See [`Scratch::names`].
    pub names: &'a mut Vec<u8>,
    /// See [`Scratch::seen`].
    pub seen: &'a mut Vec<Seen>,
}

impl Found<'_> {
    /// Adds a thing said about a tool; an empty or impossible name is none.
    pub fn add(&mut self, mut seen: Seen, name: &[u8]) {
        if is_name(name) {
            let at = self.names.len();
            self.names.extend_from_slice(name);
            seen.name = Some(at..self.names.len());
        }
        self.seen.push(seen);
    }
}

/// Longest name of a tool that is believed. MCP says 128; some prefix them with a server's name.
pub const NAME_MAX: usize = 256;

/// Whether this can be the name of a tool.
pub fn is_name(name: &[u8]) -> bool {
    !name.is_empty()
        && name.len() <= NAME_MAX
        && name.iter().all(|&b| b > b' ' && b != 0x7f && !matches!(b, b'"' | b'\\'))
        && (name.is_ascii() || std::str::from_utf8(name).is_ok())
}

/// The name of a tool at the start of a text: in quotes, or up to the first byte that no name holds. Returns it and
/// the offset behind it.
pub fn take_name(text: &[u8]) -> Option<(&[u8], usize)> {
    if let Some(&quote @ (b'\'' | b'"' | b'`')) = text.first() {
        let end = 1 + memchr::memchr(quote, &text[1..])?;
        let name = &text[1..end];
        return is_name(name).then_some((name, end + 1));
    }
    let mut end = text
        .iter()
        .position(|&b| {
            !(b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.' | b'/' | b':' | b'@') || b >= 0x80)
        })
        .unwrap_or(text.len());
    while end > 0 && matches!(text[end - 1], b'.' | b':' | b'/') {
        end -= 1;
    }
    let name = &text[..end];
    is_name(name).then_some((name, end))
}

/// A short hash of bytes, for ids and wordings; not 0.
pub fn hash(bytes: &[u8]) -> u64 {
    xxhash_rust::xxh3::xxh3_64(bytes).max(1)
}

/// A hash of a record's wording: numbers do not count.
pub fn wording(notation: Notation, text: &[u8]) -> u32 {
    let mut h = notation as u32 ^ 0x9e37_79b9;
    for &b in text.iter().take(80) {
        if !b.is_ascii_digit() {
            h = (h ^ u32::from(b)).wrapping_mul(0x0100_0193);
        }
    }
    h
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_end_where_no_name_goes_on() {
        for (text, name) in [
            ("read_file id=3", "read_file"),
            ("read_file=0.1s", "read_file"),
            ("'my tool' x", ""),
            ("'read_file': x", "read_file"),
            ("\"a.b/c-d\" with", "a.b/c-d"),
            ("fs:read_file: done", "fs:read_file"),
            ("read_file.", "read_file"),
            ("{}", ""),
            ("", ""),
            ("'open", ""),
            ("Größe(1)", "Größe"),
        ] {
            let found = take_name(text.as_bytes()).map_or("", |(n, _)| std::str::from_utf8(n).unwrap());
            assert_eq!(found, name, "{text}");
        }
    }

    #[test]
    fn texts_tell_their_class() {
        for (text, class) in [
            ("no such key", Class::Tool),
            ("Unknown tool: 'x'", Class::UnknownTool),
            ("tool 'x' not found: tool not found", Class::UnknownTool),
            ("unknown tool \"x\"", Class::UnknownTool),
            ("2 validation errors for call[read_file]", Class::InvalidParams),
            ("MCP error -32602: Invalid arguments: path is required", Class::InvalidParams),
            ("Request timed out", Class::Timeout),
            ("file not found", Class::Tool),
        ] {
            assert_eq!(Class::of_text(text.as_bytes()), class, "{text}");
        }
    }
}
