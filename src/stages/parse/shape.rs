//! Shapes of lines: what a line looks like on its own, before anything is parsed.
//!
//! Everything here looks at a few bytes and answers at once; it is asked for every line.

use memchr::memmem;

/// Number of blanks and tabs a line starts with.
pub fn indent(line: &[u8]) -> usize {
    line.iter().take_while(|b| matches!(b, b' ' | b'\t')).count()
}

/// Whether a line holds nothing but white space.
pub fn is_blank(line: &[u8]) -> bool {
    line.iter().all(u8::is_ascii_whitespace)
}

/// The line without white space at its end.
pub fn trim_end(line: &[u8]) -> &[u8] {
    line.trim_ascii_end()
}

/// Whether `line` is `word`, a colon or nothing behind it, where `word` names an exception: `ValueError: no`,
/// `java.io.UncheckedIOException: lookup failed`, `KeyboardInterrupt`.
pub fn is_exception(line: &[u8]) -> bool {
    let end = line.iter().position(|b| !is_dotted(*b)).unwrap_or(line.len());
    let (name, rest) = line.split_at(end);
    if name.is_empty() || !(rest.is_empty() || rest.starts_with(b":") || rest == b" ") {
        return false;
    }
    let last = name.rsplit(|b| *b == b'.').next().unwrap_or(name);
    const WHOLE: [&[u8]; 5] =
        [b"SystemExit", b"StopIteration", b"StopAsyncIteration", b"GeneratorExit", b"ExceptionGroup"];
    const ENDS: [&[u8]; 7] =
        [b"Error", b"Exception", b"Throwable", b"Interrupt", b"Failure", b"Warning", b"Fault"];
    if !last.first().is_some_and(u8::is_ascii_uppercase) {
        return false;
    }
    // `Error: text` alone is how programs report on their own, so it takes more than that word.
    WHOLE.contains(&last)
        || ENDS.iter().any(|end| last.ends_with(end) && (last.len() > end.len() || name.len() > last.len()))
}

fn is_dotted(b: u8) -> bool {
    b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'$')
}

/// Whether a line is a Go function of a stack trace: `main.main()`, `net/http.(*conn).serve(0xc0, {0x1})`,
/// `created by net/http.(*Server).Serve in goroutine 1`.
pub fn is_go_function(line: &[u8]) -> bool {
    if line.starts_with(b"created by ") {
        return true;
    }
    let name = line.split(|b| *b == b'(').next().unwrap_or(line);
    let name = if name.is_empty() { line } else { name };
    if name.contains(&b' ') || name.contains(&b'"') || name.contains(&b'=') || name.len() < 3 {
        return false;
    }
    let dot = name.iter().rposition(|b| *b == b'.');
    // A sentence's end is no function, and neither is an address.
    dot.is_some_and(|at| at > 0 && (at + 1 < name.len() || line.get(at + 1) == Some(&b'(')))
        && line.iter().all(|b| !b.is_ascii_control())
        && name[0].is_ascii_alphabetic()
        && !name.contains(&b':')
}

/// `goroutine 7 [running]:`
pub fn is_goroutine(line: &[u8]) -> bool {
    line.strip_prefix(b"goroutine ").is_some_and(|rest| {
        rest.first().is_some_and(u8::is_ascii_digit) && memmem::find(rest, b" [").is_some()
    })
}

/// `/srv/app/server.mjs:12`, `node:internal/process:288`, `<anonymous_script>:1`: where Node's reports begin.
pub fn is_script_line(line: &[u8]) -> bool {
    let Some(colon) = line.iter().rposition(|b| *b == b':') else { return false };
    let (path, number) = (&line[..colon], &line[colon + 1..]);
    if number.is_empty() || number.len() > 7 || !number.iter().all(u8::is_ascii_digit) {
        return false;
    }
    const ENDS: [&[u8]; 7] = [b".js", b".mjs", b".cjs", b".ts", b".mts", b".cts", b".tsx"];
    path.starts_with(b"node:")
        || path.starts_with(b"<anonymous")
        || path.starts_with(b"evalmachine.<")
        || path == b"[eval]"
        || ((path.starts_with(b"/") || path.starts_with(b"file://") || path.get(1) == Some(&b':'))
            && ENDS.iter().any(|end| path.ends_with(end)))
}

/// `/srv/app.py:38: RuntimeWarning: text`: the first line of what Python's `warnings` prints.
pub fn is_python_warning(line: &[u8]) -> bool {
    // Asked of nearly every line: the colon with its number goes first.
    let Some(colon) = memchr::memchr(b':', line) else { return false };
    let rest = &line[colon + 1..];
    let digits = rest.iter().take_while(|b| b.is_ascii_digit()).count();
    if colon == 0 || digits == 0 || !rest[digits..].starts_with(b": ") {
        return false;
    }
    let category = &rest[digits + 2..];
    let end =
        category.iter().position(|b| !b.is_ascii_alphanumeric() && *b != b'.').unwrap_or(category.len());
    category[..end].ends_with(b"Warning") && category[end..].starts_with(b": ")
}

/// Whether the first character is one of those that boxes are drawn with (U+2500…U+259F).
pub fn starts_box(line: &[u8]) -> bool {
    matches!(line, [0xE2, 0x94..=0x96, ..])
}

/// Whether a text speaks of something that went wrong.
pub fn speaks_of_failure(text: &[u8]) -> bool {
    // Only the beginning: what comes later is payload.
    let text = &text[..text.len().min(400)];
    for at in memchr::memchr3_iter(b'r', b'e', b'a', text) {
        let rest = &text[at..];
        let found = match rest[0] {
            b'r' => {
                rest.len() >= 3
                    && rest[1..3].eq_ignore_ascii_case(b"or")
                    && at >= 2
                    && text[at - 1].eq_ignore_ascii_case(&b'r')
            }
            b'e' => rest.starts_with(b"exception") || rest.starts_with(b"eption"),
            _ => {
                (rest.starts_with(b"ailed") || rest.starts_with(b"ailure"))
                    && at >= 1
                    && text[at - 1].eq_ignore_ascii_case(&b'f')
            }
        };
        if found {
            return true;
        }
    }
    memmem::find(text, b"ERROR").is_some() || memmem::find(text, b"FAILED").is_some()
}

/// Whether the text of an error says what is wrong (rather than that something is).
pub fn speaks_of_trouble(text: &[u8]) -> bool {
    const WORDS: [&[u8]; 12] = [
        b"no such",
        b"not found",
        b"annot ",
        b"ould not",
        b"nable to",
        b"nvalid",
        b"xceeded",
        b"efused",
        b"enied",
        b"imed out",
        b"imeout",
        b"nknown",
    ];
    let text = &text[..text.len().min(400)];
    WORDS.iter().any(|word| memmem::find(text, word).is_some())
}

/// Whether a line without head names an error as its subject: `Error: no such key`, `tool_error: x`.
pub fn names_error(text: &[u8]) -> bool {
    let text = &text[..text.len().min(400)];
    memmem::find(text, b"rror: ").is_some() || memmem::find(text, b"xception: ").is_some()
}

/// Whether a line begins with one word and a colon: `tool_error: x`, `onError: ping`.
pub fn is_labelled(line: &[u8]) -> bool {
    let end = line.iter().position(|b| !(b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.')));
    end.is_some_and(|end| end > 0 && line[end] == b':')
}

/// Whether a line begins with a word in snake case and a colon, or names a tool event in the plain words of
/// servers' authors: such lines are records of their own wherever they stand.
pub fn is_tool_line(line: &[u8]) -> bool {
    let end = line.iter().position(|b| !(b.is_ascii_alphanumeric() || *b == b'_')).unwrap_or(line.len());
    line.get(end) == Some(&b':') && line[..end].contains(&b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exceptions_are_known_by_their_names() {
        for yes in [
            "KeyError: 'zzz'",
            "KeyboardInterrupt",
            "java.io.UncheckedIOException: lookup failed",
            "fastmcp.exceptions.ToolError: x",
            "builtins.Error: x",
            "System.InvalidOperationException: no",
        ] {
            assert!(is_exception(yes.as_bytes()), "{yes}");
        }
        for no in ["Error: x", "ERROR: x", "some text", "An Exception", "tool_error: x", "Warning: x", ""] {
            assert!(!is_exception(no.as_bytes()), "{no}");
        }
    }

    #[test]
    fn go_functions_are_told_from_text() {
        for yes in [
            "main.main()",
            "main.main.func10",
            "github.com/x/go-sdk/mcp.(*ServerSession).handle",
            "net/http.(*conn).serve(0xc000, {0x1, 0x2})",
            "created by main.main in goroutine 1",
            "github.com/x/mcp.handleReceive[...]",
        ] {
            assert!(is_go_function(yes.as_bytes()), "{yes}");
        }
        for no in ["done.", "a sentence. With more", "http://x.y/z", "127.0.0.1:80", "key=a.b", ""] {
            assert!(!is_go_function(no.as_bytes()), "{no}");
        }
    }

    #[test]
    fn failure_is_heard_in_usual_words() {
        for yes in ["tool failed: x", "an Error occurred", "ERROR x", "Failure", "UncheckedException"] {
            assert!(speaks_of_failure(yes.as_bytes()), "{yes}");
        }
        for no in ["slow query", "Invalid HTTP request received.", "", "reading terrain"] {
            assert!(!speaks_of_failure(no.as_bytes()), "{no}");
        }
    }

    #[test]
    fn scripts_and_warnings_are_known() {
        assert!(is_script_line(b"/srv/server.mjs:152"));
        assert!(is_script_line(b"node:internal/process/promises:288"));
        assert!(is_script_line(b"<anonymous_script>:1"));
        assert!(!is_script_line(b"http://localhost:3000"));
        assert!(!is_script_line(b"localhost:3000"));
        assert!(is_python_warning(b"/srv/a.py:38: RuntimeWarning: x"));
        assert!(is_python_warning(b"<string>:1: DeprecationWarning: x"));
        assert!(!is_python_warning(b"2026-11-22 10:00:00 Warning: x"));
    }
}
