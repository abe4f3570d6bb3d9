//! Lines of text that tell of tool calls: what frameworks, gateways and authors print.
//!
//! * Literals are case-sensitive and stand at the start of the message, or behind what looks like a log line's head;
//!   the same words inside a sentence or a stack trace are prose.
//! * Each function looks for one family and says nothing where it finds none.

use std::sync::OnceLock;

use memchr::memmem::{self, Finder};

use super::duration::{self, Unit};
use super::seen::{Class, Found, Notation, Phase, Seen, take_name};

/// A literal with what its search needs, made once.
struct Phrase {
    text: &'static str,
    finder: OnceLock<Finder<'static>>,
}

impl Phrase {
    const fn new(text: &'static str) -> Phrase {
        Phrase { text, finder: OnceLock::new() }
    }

    fn find(&self, text: &[u8]) -> Option<usize> {
        self.finder.get_or_init(|| Finder::new(self.text)).find(text)
    }
}

static TOOL: Phrase = Phrase::new("Tool ");
static REQUEST_TOOLS_CALL: Phrase = Phrase::new("Request tools/call ");
static ERROR_CALLING: Phrase = Phrase::new("Error calling tool ");
static INVALID_ARGUMENTS: Phrase = Phrase::new("Invalid arguments for tool ");
static ERROR_IN_CALL: Phrase = Phrase::new("Error in tools/call: ");
static HANDLER_CALLED: Phrase = Phrase::new("Handler called: call_tool ");
static PROCESSING: Phrase = Phrase::new("Processing request of type CallToolRequest");
static ERROR_EXECUTING: Phrase = Phrase::new("Error executing tool ");
static STARTING: Phrase = Phrase::new("Starting execution of tool: ");
static SUCCESSFUL: Phrase = Phrase::new("Successful execution of tool: ");
static CALLING: Phrase = Phrase::new("Calling tool ");

/// The text behind `phrase`, if the message says it as its own words: at its start or behind a head
/// (`INFO: `, `[x] `, `logger - `).
fn said<'a>(text: &'a [u8], phrase: &Phrase) -> Option<&'a [u8]> {
    let line = &text[..memchr::memchr(b'\n', text).unwrap_or(text.len())];
    let at = phrase.find(line)?;
    let head = &line[..at];
    let fits = match head.trim_ascii_end().last() {
        None => true,
        Some(b':' | b']' | b')' | b'-' | b'|' | b'>') => head.ends_with(b" ") || head.ends_with(b":"),
        _ => false,
    };
    // `ToolError: Error calling tool 'x'` quotes an error.
    let quotes = memmem::find(head, b"Error").is_some() || memmem::find(head, b"Exception").is_some();
    (fits && !quotes && head.len() <= 200).then(|| &text[at + phrase.text.len()..])
}

/// `'NAME'` at the start of the text, and what follows.
fn quoted(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let (name, end) = take_name(text).filter(|_| text.first() == Some(&b'\''))?;
    Some((name, &text[end..]))
}

/// `tool_call: NAME …`, `tool_error: NAME text`, `tool_duration: NAME 0.123s`, anywhere in a message.
pub fn document(text: &[u8], found: &mut Found<'_>) {
    let mut from = 0;
    while let Some(at) = memmem::find(&text[from..], b"tool_").map(|at| from + at) {
        from = at + 5;
        let own_word =
            at == 0 || !(text[at - 1].is_ascii_alphanumeric() || matches!(text[at - 1], b'_' | b'.' | b'-'));
        if !own_word {
            continue;
        }
        let rest = &text[from..];
        let (phase, rest) = if let Some(rest) = rest.strip_prefix(b"call:") {
            (Phase::Call, rest)
        } else if let Some(rest) = rest.strip_prefix(b"error:") {
            (Phase::Error, rest)
        } else if let Some(rest) = rest.strip_prefix(b"duration:") {
            (Phase::Duration, rest)
        } else {
            continue;
        };
        if document_line(phase, rest, found) {
            return;
        }
    }
}

/// What stands behind the colon; whether it makes sense.
pub fn document_line(phase: Phase, rest: &[u8], found: &mut Found<'_>) -> bool {
    let rest = rest.trim_ascii_start();
    let Some((name, end)) = take_name(rest) else { return false };
    let rest = &rest[end..];
    let mut seen = Seen::new(Notation::Document, phase);
    match phase {
        Phase::Error => seen.error = Some(Class::of_text(rest)),
        Phase::Duration => {
            let rest = rest.trim_ascii_start();
            let rest = rest
                .strip_prefix(b"=")
                .or_else(|| rest.strip_prefix(b":"))
                .unwrap_or(rest)
                .trim_ascii_start();
            let rest = rest.strip_prefix(b"\"").or_else(|| rest.strip_prefix(b"'")).unwrap_or(rest);
            let rest = rest.strip_prefix(b"duration=").unwrap_or(rest);
            seen.duration = duration::take(rest, Some(Unit::S)).map(|(ns, _)| ns);
            if seen.duration.is_none() {
                return false;
            }
        }
        _ => {}
    }
    found.add(seen, name);
    true
}

/// FastMCP and the SDK: `Tool 'NAME' completed in …`, `Error calling tool 'NAME'`, `Processing request of type …` and
/// their kin. Whether one was found.
pub fn framework(text: &[u8], found: &mut Found<'_>) -> bool {
    let before = found.seen.len();
    if let Some((name, rest)) = said(text, &TOOL).and_then(quoted) {
        tool_quoted(name, rest, found);
    } else if let Some(rest) = said(text, &REQUEST_TOOLS_CALL) {
        request_timing(rest, found);
    } else if let Some((name, rest)) = said(text, &ERROR_CALLING).and_then(quoted) {
        if matches!(rest.first(), None | Some(b':' | b'\n' | b' ' | b'\r')) {
            failure(Class::of_text(rest), name, found);
        }
    } else if let Some((name, rest)) = said(text, &INVALID_ARGUMENTS).and_then(quoted) {
        if matches!(rest.first(), None | Some(b':' | b'\n' | b' ' | b'\r')) {
            failure(Class::InvalidParams, name, found);
        }
    } else if let Some(rest) = said(text, &ERROR_IN_CALL) {
        let mut seen = Seen::new(Notation::Middleware, Phase::Error);
        seen.error = Some(Class::of_text(first_line(rest)));
        found.add(seen, name_in_error(rest).unwrap_or_default());
    } else if let Some(rest) = said(text, &HANDLER_CALLED) {
        if let Some((name, end)) = take_name(rest)
            && rest[end..].starts_with(b" with ")
        {
            found.add(Seen::new(Notation::Handler, Phase::Start), name);
        }
    } else if let Some(rest) = said(text, &PROCESSING) {
        if !rest.first().is_some_and(|b| b.is_ascii_alphanumeric()) {
            found.add(Seen::new(Notation::Bare, Phase::Start), b"");
        }
    } else if let Some(rest) = said(text, &ERROR_EXECUTING)
        && let Some((name, end)) = take_name(rest)
        && matches!(rest.get(end), None | Some(b':' | b'\n'))
    {
        failure(Class::of_text(rest), name, found);
    }
    found.seen.len() > before
}

fn failure(class: Class, name: &[u8], found: &mut Found<'_>) {
    let mut seen = Seen::new(Notation::Error, Phase::Error);
    seen.error = Some(class);
    found.add(seen, name);
}

fn tool_quoted(name: &[u8], rest: &[u8], found: &mut Found<'_>) {
    if let Some(rest) = rest.strip_prefix(b" completed in ") {
        let took = duration::take(rest, None).map(|(ns, _)| ns);
        found.add(Seen::new(Notation::Timing, Phase::End).with_outcome(None).with_duration(took), name);
    } else if let Some(rest) = rest.strip_prefix(b" failed after ") {
        let took = duration::take(rest, None);
        let class = Class::of_text(took.map_or(rest, |(_, end)| &rest[end..]));
        let seen = Seen::new(Notation::Timing, Phase::End).with_outcome(Some(class));
        found.add(seen.with_duration(took.map(|(ns, _)| ns)), name);
    } else if rest.starts_with(b" raised an unexpected exception") {
        // The same failure may be told by another line too.
        failure(Class::Tool, name, found);
        if let Some(seen) = found.seen.last_mut() {
            seen.view = u32::MAX;
        }
    } else if let Some(rest) = rest.strip_prefix(b" failed: ") {
        failure(Class::of_text(rest), name, found);
    } else if rest.starts_with(b" rejected arguments") {
        failure(Class::InvalidParams, name, found);
    } else if rest.starts_with(b" not listed") {
        failure(Class::UnknownTool, name, found);
    }
}

fn request_timing(rest: &[u8], found: &mut Found<'_>) {
    let seen = Seen::new(Notation::Request, Phase::End);
    if let Some(rest) = rest.strip_prefix(b"completed in ") {
        let took = duration::take(rest, None).map(|(ns, _)| ns);
        found.add(seen.with_outcome(None).with_duration(took), b"");
    } else if let Some(rest) = rest.strip_prefix(b"failed after ") {
        let took = duration::take(rest, None);
        let text = took.map_or(rest, |(_, end)| &rest[end..]);
        let seen = seen.with_outcome(Some(Class::of_text(text))).with_duration(took.map(|(ns, _)| ns));
        found.add(seen, name_in_error(text).unwrap_or_default());
    }
}

/// Spring AI: `Starting execution of tool: NAME`, `Successful execution of tool: NAME`; a failure has no line.
pub fn spring(text: &[u8], found: &mut Found<'_>) {
    for (phrase, phase) in [(&STARTING, Phase::Start), (&SUCCESSFUL, Phase::End)] {
        if let Some((name, _)) = said(text, phrase).and_then(take_name) {
            return found.add(Seen::new(Notation::Gateway, phase), name);
        }
    }
}

/// Gateways: `- Calling tool NAME with arguments: {…}`, `> Calling tool NAME took: 1.2s`.
pub fn gateway(text: &[u8], found: &mut Found<'_>) {
    let Some(rest) = said(text, &CALLING) else { return };
    let Some((name, end)) = take_name(rest) else { return };
    let rest = &rest[end..];
    if let Some(rest) = rest.strip_prefix(b" took: ").or_else(|| rest.strip_prefix(b" took ")) {
        let took = duration::take(rest, None).map(|(ns, _)| ns);
        found.add(Seen::new(Notation::Gateway, Phase::End).with_duration(took), name);
    } else if rest.starts_with(b" with arguments") {
        found.add(Seen::new(Notation::Gateway, Phase::Start), name);
    }
}

fn first_line(text: &[u8]) -> &[u8] {
    &text[..memchr::memchr(b'\n', text).unwrap_or(text.len())]
}

/// The tool that the text of an error names: `Error calling tool 'x'`, `Unknown tool: 'x'`, `tool "x" not found`,
/// pydantic's `2 validation errors for call[x]`.
pub fn name_in_error(text: &[u8]) -> Option<&[u8]> {
    let line = first_line(text);
    if let Some(at) = memmem::find(line, b" for call[") {
        let rest = &line[at + 10..];
        return rest.get(..memchr::memchr(b']', rest)?).filter(|name| super::seen::is_name(name));
    }
    for literal in [
        "Error calling tool ",
        "nknown tool: ",
        "nknown tool ",
        "Error executing tool ",
        "arguments for tool ",
    ] {
        if let Some(at) = memmem::find(line, literal.as_bytes())
            && let Some((name, _)) = take_name(&line[at + literal.len()..])
        {
            return Some(name);
        }
    }
    for literal in ["tool '", "tool \"", "Tool '", "Tool \""] {
        if let Some(at) = memmem::find(line, literal.as_bytes())
            && let Some((name, end)) = take_name(&line[at + 5..])
            && line[at + 5 + end..].starts_with(b" not found")
        {
            return Some(name);
        }
    }
    None
}
