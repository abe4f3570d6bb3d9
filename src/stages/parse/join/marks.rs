//! Marks by which a line says that it goes on with a record, or that it cannot.
//!
//! * Each looks at one line alone; what it means for the record is the [`State`](super::State)'s to say.

use super::super::shape::{is_goroutine, is_python_warning, starts_box, trim_end};
use crate::event::Level;

/// Whether a line begins with a pair, as logfmt does: `time=… level=…`.
pub(super) fn is_pair(line: &[u8]) -> bool {
    let end = line.iter().position(|b| !(b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'@')));
    end.is_some_and(|end| end > 0 && line[end] == b'=')
}

/// Whether a line starts a report of its own wherever it stands.
pub(super) fn starts_record(line: &[u8]) -> bool {
    starts_traceback(line) || line.starts_with(b"panic: ") || starts_box(line) || is_python_warning(line)
}

pub(super) fn starts_traceback(line: &[u8]) -> bool {
    line.starts_with(b"Traceback (most recent call last)")
        || line.starts_with(b"+ Exception Group Traceback (most recent call last)")
        || line.starts_with(b"Exception Group Traceback (most recent call last)")
}

/// Lines that continue whatever stands before them.
pub(super) fn is_strong(line: &[u8]) -> bool {
    match line[0] {
        b'C' => line.starts_with(b"Caused by:"),
        b'T' => starts_traceback(line) || line.starts_with(b"The above exception was"),
        b'D' => line.starts_with(b"During handling of the above exception"),
        b'S' => {
            line.starts_with(b"Suppressed:")
                || line.starts_with(b"Stack trace:")
                || line.starts_with(b"Stacktrace:")
        }
        b's' => line.starts_with(b"stack backtrace:"),
        b'n' => line.starts_with(b"note: run with `RUST_BACKTRACE"),
        b'f' => line.starts_with(b"future: <"),
        b'g' => is_goroutine(line),
        b'W' => line.starts_with(b"Wrapped by:"),
        b'.' => line.starts_with(b"... ") && line.ends_with(b" more"),
        _ => false,
    }
}

/// `at f (file:1:2)`, `File "x", line 1`, `/srv/main.go:12`, `0: std::panicking`, behind the indentation.
pub(super) fn is_frame(rest: &[u8]) -> bool {
    match rest.first() {
        Some(b'a') => rest.starts_with(b"at ") && memchr::memchr3(b'(', b':', b'.', rest).is_some(),
        Some(b'F') => rest.starts_with(b"File \"") || rest.starts_with(b"File '"),
        _ => false,
    }
}

pub(super) fn is_register(line: &[u8]) -> bool {
    let end = line.iter().position(|b| *b == b' ').unwrap_or(line.len());
    end <= 6 && line[end..].trim_ascii_start().starts_with(b"0x")
}

/// Whether a line's end opens something that following lines fill.
pub(super) fn opens(line: &[u8]) -> bool {
    matches!(trim_end(line).last(), Some(b'{' | b'[' | b'('))
}

/// `INFO: Starting service`: the second line of `java.util.logging`.
pub(super) fn jul_second(line: &[u8]) -> Option<(Level, &[u8])> {
    let end = line.iter().position(|b| !b.is_ascii_uppercase())?;
    let level = Level::parse(&line[..end])?;
    let rest = line[end..].strip_prefix(b":")?;
    Some((level, rest.trim_ascii_start()))
}

/// Whether a line is drawn with signs rather than written.
pub(super) fn is_art(line: &[u8]) -> bool {
    let (mut letters, mut signs) = (0, 0);
    for b in line {
        match b {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => letters += 1,
            b' ' | b'\t' => {}
            _ => signs += 1,
        }
    }
    signs >= 3 && signs > letters
}
