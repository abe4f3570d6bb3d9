//! How records begin: what the first line says about the lines to come.

use super::super::shape::{
    indent, is_blank, is_goroutine, is_python_warning, is_script_line, starts_box, trim_end,
};
use super::super::{notation, rich};
use super::marks::{is_art, is_frame, opens, starts_traceback};
use super::{Kind, State};

impl State {
    /// A record that starts with this line.
    pub fn begin(line: &[u8]) -> State {
        let mut state = State::of(Kind::Text);
        state.kind = state.classify(line);
        state
    }

    /// A record that starts with any line.
    pub fn of(kind: Kind) -> State {
        State {
            kind,
            phase: 0,
            blanks: 0,
            weak: 0,
            indent: 0,
            opener: false,
            frames: false,
            column: 0,
            width: 0,
            last: 0,
            about: None,
        }
    }

    fn classify(&mut self, line: &[u8]) -> Kind {
        let Some(&first) = line.first() else { return Kind::Blank };
        match first {
            b'{' | b'[' => {
                let end = trim_end(line);
                if first == b'{' && end.last() == Some(&b'}') && end.len() > 1 {
                    return Kind::Complete;
                }
                if end.len() == 1 {
                    self.opener = true;
                    return Kind::Json;
                }
                if first == b'['
                    && let Some(head) = rich::head(line)
                {
                    return self.start_rich(&head, line);
                }
            }
            b' ' | b'\t' => {
                if is_blank(line) {
                    return Kind::Blank;
                }
                self.indent = indent(line).min(usize::from(u16::MAX)) as u16;
                let rest = &line[usize::from(self.indent)..];
                if let Some(head) = rich::head(line) {
                    return self.start_rich(&head, line);
                }
                if starts_traceback(rest) || is_frame(rest) && rest.starts_with(b"File ") {
                    self.frames = true;
                    return Kind::Traceback;
                }
                if starts_box(rest) {
                    return Kind::Drawn;
                }
                if is_art(rest) {
                    return Kind::Banner;
                }
            }
            b'T' if starts_traceback(line) => {
                self.frames = true;
                return Kind::Traceback;
            }
            b'T' if line.starts_with(b"Task exception was never retrieved") => return Kind::Crash,
            b'p' if line.starts_with(b"panic: ") => return Kind::GoPanic,
            b'f' if line.starts_with(b"fatal error: ") => return Kind::GoPanic,
            b'S' if line.starts_with(b"SIG")
                && memchr::memmem::find(line, b": ").is_some_and(|at| at < 12) =>
            {
                return Kind::GoPanic;
            }
            b'g' if is_goroutine(line) => {
                self.frames = true;
                return Kind::GoPanic;
            }
            b't' if line.starts_with(b"thread '")
                && memchr::memmem::find(line, b" panicked at ").is_some() =>
            {
                return Kind::RustPanic;
            }
            b'/' | b'<' | b'n' | b'e' | b'A'..=b'Z' if is_script_line(trim_end(line)) => return Kind::Node,
            b'f' if line.starts_with(b"file:") && is_script_line(trim_end(line)) => return Kind::Node,
            b'E' | b'U' | b'F' | b'u' | b't' | b'm' | b'f' | b'#' | b'P' if is_crash_line(line) => {
                return Kind::Crash;
            }
            0xE2 if starts_box(line) => return Kind::Drawn,
            _ => {}
        }
        if !first.is_ascii_digit() && is_python_warning(line) {
            return Kind::Warning;
        }
        if first.is_ascii_uppercase() && notation::is_jul_first(line) {
            return Kind::Jul;
        }
        self.opener = opens(line);
        Kind::Text
    }

    fn start_rich(&mut self, head: &rich::Head, line: &[u8]) -> Kind {
        self.column = head.column;
        self.width = rich::cells(line) as u16;
        self.last = rich::cells(trim_end(line)) as u16;
        if head.level.is_some() { Kind::Rich } else { Kind::RichBare }
    }
}

/// First lines of crash reports that have no shape of their own.
fn is_crash_line(line: &[u8]) -> bool {
    const STARTS: [&[u8]; 17] = [
        b"Exception in thread ",
        b"Exception ignored in",
        b"Exception caught by ",
        b"Unhandled exception",
        b"Unhandled Exception",
        b"Unhandled rejection",
        b"Unhandled promise rejection",
        b"Uncaught ",
        b"uncaught exception",
        b"Fatal Python error: ",
        b"FATAL ERROR: ",
        b"fatal runtime error: ",
        b"terminate called after throwing",
        b"memory allocation of ",
        b"PHP Fatal error: ",
        b"Fatal error: ",
        b"# A fatal error has been detected",
    ];
    STARTS.iter().any(|start| line.starts_with(start))
}
