//! Which lines belong to one record.
//!
//! * Decided by the bytes of the record so far and of the next line alone; times are the caller's business.
//! * A line is asked once, in order; the answer changes the [`State`], which is small, `Copy` and can be saved.
//! * What a head is, the notations say; it is asked only where bytes leave room for doubt.
//!
//! Continuations are of two sorts. Strong ones say so themselves: indentation, `Caused by:`, a stack frame, a closing
//! bracket. Weak ones are lines without any head behind a record that reports a failure, such as the second line of
//! an error's text; they must come at once.

mod begin;
mod marks;

use serde::{Deserialize, Serialize};

use marks::{
    is_art, is_frame, is_pair, is_register, is_strong, jul_second, opens, starts_record, starts_traceback,
};

use super::notation;
use super::rich;
use super::shape::{
    indent, is_blank, is_exception, is_go_function, is_goroutine, is_labelled, is_tool_line, names_error,
    speaks_of_failure, speaks_of_trouble, starts_box, trim_end,
};
use crate::event::Level;

/// Most lines that join without a strong reason.
const WEAK_LINES: u16 = 200;

/// Phase of a Node report that has come to its last line.
const NODE_OVER: u8 = 9;

/// What a record is, as far as joining cares.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Kind {
    /// A headed or plain line.
    Text,
    /// Nothing can follow: a JSON object on one line, the end of a report.
    Complete,
    /// White space only, so far.
    Blank,
    /// A JSON document over several lines.
    Json,
    /// A Python traceback; `phase` 0: frames, 1: the exception's text, 2: a chain's next part is announced.
    Traceback,
    /// A Go panic and its goroutines.
    GoPanic,
    /// A Rust panic.
    RustPanic,
    /// Node's report of an uncaught exception; `phase` counts the lines up to the caret.
    Node,
    /// Another report of a crash.
    Crash,
    /// A Rich record with level and message columns.
    Rich,
    /// A Rich record of the exception handler: text in the level's column.
    RichBare,
    /// A drawn box.
    Drawn,
    /// Letters made of signs.
    Banner,
    /// The first of the two lines of `java.util.logging`.
    Jul,
    /// What Python's `warnings` prints; `phase` 1: the source line was there.
    Warning,
}

/// What the first line says, found when first asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct About {
    /// A notation fits.
    pub headed: bool,
    /// Its level.
    pub level: Option<Level>,
    /// There is a head and nothing behind it.
    pub empty: bool,
    /// It speaks of a failure.
    pub failure: bool,
    /// It says that something is wrong, in words that only an error's level makes telling.
    pub trouble: bool,
    /// It names an error.
    pub error: bool,
    /// It announces a list of wrong arguments.
    pub validation: bool,
}

impl About {
    /// Reads a first line; `headed`, `level` and `message` come from its notation.
    pub fn read(headed: bool, level: Option<Level>, message: &[u8]) -> About {
        About {
            headed,
            level,
            empty: headed && is_blank(message),
            failure: speaks_of_failure(message),
            trouble: speaks_of_trouble(message),
            error: names_error(message),
            validation: memchr::memmem::find(message, b"validation error").is_some(),
        }
    }

    fn failing(&self) -> bool {
        match (self.headed, self.level) {
            (true, Some(Level::Error | Level::Fatal)) => self.failure || self.trouble,
            (true, Some(Level::Warn) | None) => self.failure,
            (true, Some(_)) => false,
            (false, _) => self.error,
        }
    }

    fn may_trace(&self) -> bool {
        matches!(self.level, Some(Level::Warn | Level::Error | Level::Fatal)) || self.failure || self.error
    }
}

/// A record under construction.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct State {
    /// What it is.
    pub kind: Kind,
    /// See [`Kind`].
    pub phase: u8,
    /// Blank lines at its end.
    blanks: u16,
    /// Lines joined for weak reasons.
    weak: u16,
    /// Blanks that its first line starts with.
    indent: u16,
    /// A bracket was opened at a line's end and not closed at the margin.
    opener: bool,
    /// A stack frame was seen.
    pub frames: bool,
    /// Rich: the column of level (or of the exception handler's text), in cells.
    pub column: u16,
    /// Rich: cells in the whole line.
    pub width: u16,
    /// Rich: where the text of the last line ends, in cells.
    last: u16,
    about: Option<About>,
}

impl State {
    /// Whether nothing can join any more.
    pub fn is_complete(&self) -> bool {
        self.kind == Kind::Complete
    }

    /// Whether the record is crash output (it has the level ERROR where none is written).
    pub fn is_crash(&self) -> bool {
        match self.kind {
            Kind::Traceback | Kind::GoPanic | Kind::RustPanic | Kind::Crash => true,
            Kind::Node => self.phase >= 2,
            _ => self.frames,
        }
    }

    /// Whether `line` belongs to this record; then the state has taken it in.
    ///
    /// `near`: the line came at once (or nobody knows). `about` reads the record's first line.
    pub fn joins(&mut self, line: &[u8], near: bool, mut about: impl FnMut() -> About) -> bool {
        if self.kind == Kind::Complete || self.kind == Kind::Node && self.phase == NODE_OVER {
            return false;
        }
        let first = match line.first() {
            None | Some(b' ' | b'\t' | b'\r') if is_blank(line) => {
                self.blanks = self.blanks.saturating_add(1);
                return true;
            }
            Some(&first) => first,
            None => return false,
        };
        if self.kind == Kind::Blank {
            return self.follow_blank(line);
        }
        let yes = match first {
            b' ' | b'\t' => self.joins_indented(line, &mut about),
            b'}' | b')' | b']' => self.joins_closer(line),
            _ => self.joins_margin(line, first, near, &mut about),
        };
        if yes {
            self.blanks = 0;
            self.last = if self.width > 0 { rich::cells(trim_end(line)) as u16 } else { 0 };
        }
        yes
    }

    /// Blank lines belong to the banner or crash report that follows them.
    fn follow_blank(&mut self, line: &[u8]) -> bool {
        let next = State::begin(line);
        let yes = matches!(
            next.kind,
            Kind::Drawn | Kind::Banner | Kind::Traceback | Kind::GoPanic | Kind::RustPanic | Kind::Crash
        );
        if yes {
            *self = next;
        }
        yes
    }

    fn about(&mut self, about: &mut dyn FnMut() -> About) -> About {
        *self.about.get_or_insert_with(about)
    }

    fn joins_indented(&mut self, line: &[u8], about: &mut dyn FnMut() -> About) -> bool {
        let n = indent(line);
        let rest = &line[n..];
        let is_rich = matches!(self.kind, Kind::Rich | Kind::RichBare);
        if !is_rich && n >= 8 && rich::head(line).is_some() {
            return false;
        }
        match self.kind {
            Kind::Rich | Kind::RichBare => {
                let column = usize::from(self.column);
                if n == column {
                    return match self.kind {
                        Kind::Rich => false,
                        _ => {
                            let goes_on = rich::head(line).is_none_or(|head| head.level.is_none());
                            goes_on && !self.is_bare_error(rest)
                        }
                    };
                }
                return n > column;
            }
            Kind::Traceback | Kind::GoPanic | Kind::RustPanic | Kind::Node | Kind::Json | Kind::Crash => {
                self.frames |= is_frame(rest);
                if self.kind == Kind::Node && trim_end(rest).iter().all(|b| *b == b'^') {
                    self.phase = self.phase.max(2);
                }
                return true;
            }
            Kind::Drawn => return true,
            Kind::Banner => return !self.is_indented_head(line, n, rest),
            Kind::Warning => {
                self.phase = 1;
                return true;
            }
            _ => {}
        }
        if self.is_indented_head(line, n, rest) {
            return false;
        }
        if is_frame(rest) {
            let starts_crash = n == 2 && rest.starts_with(b"File \"");
            if starts_crash && !self.frames && !self.about(about).may_trace() {
                return false;
            }
            self.frames = true;
            return true;
        }
        if starts_traceback(rest) && !self.about(about).may_trace() {
            return false;
        }
        if n <= usize::from(self.indent) && !self.opener {
            return false;
        }
        self.opener |= opens(line);
        true
    }

    /// Rust's short heads are indented by a blank or two.
    fn is_indented_head(&self, line: &[u8], n: usize, rest: &[u8]) -> bool {
        let may = match rest {
            [b'0'..=b'9', b'0'..=b'9', ..] => n <= 4,
            [b'T' | b'D' | b'I' | b'W' | b'E', b'A'..=b'Z', ..] => n <= 2,
            _ => false,
        };
        may && (notation::is_head(line) || notation::is_head(rest))
    }

    /// FastMCP's bare report of a ToolError: a record of its own if the line above had room for its first word.
    fn is_bare_error(&self, rest: &[u8]) -> bool {
        let text = trim_end(rest);
        text.starts_with(rich::BARE_ERROR) && text.ends_with(b"'") && self.last + 6 <= self.width
    }

    fn joins_closer(&mut self, line: &[u8]) -> bool {
        match self.kind {
            Kind::Json => {
                self.kind = Kind::Complete;
                true
            }
            Kind::Node | Kind::Crash => true,
            Kind::Rich | Kind::RichBare | Kind::Drawn => false,
            _ if self.opener => {
                self.opener = opens(line);
                true
            }
            _ => self.frames && trim_end(line).len() <= 3,
        }
    }

    fn joins_margin(&mut self, line: &[u8], first: u8, near: bool, about: &mut dyn FnMut() -> About) -> bool {
        match self.kind {
            Kind::Text => return self.joins_text(line, first, near, about),
            Kind::Traceback => return self.joins_traceback(line, near),
            Kind::Rich | Kind::RichBare => return false,
            Kind::Drawn => return starts_box(line),
            Kind::Banner => return is_art(line) && !notation::is_head(line),
            Kind::Json => {
                // A document without indentation goes on with members and elements.
                return matches!(first, b'"' | b'{' | b'[');
            }
            Kind::Jul => {
                let Some((level, message)) = jul_second(line) else { return false };
                self.kind = Kind::Text;
                self.about = Some(About::read(true, Some(level), message));
                return true;
            }
            Kind::Warning => {
                if is_exception(line) && self.phase == 1 {
                    return true;
                }
                return self.phase == 0 && near && self.joins_weakly(line, first, true);
            }
            Kind::GoPanic => {
                if is_goroutine(line) {
                    self.frames = true;
                    return true;
                }
                if line.starts_with(b"[signal ")
                    || line.starts_with(b"exit status ")
                    || line.starts_with(b"goroutine ")
                    || self.frames && (is_go_function(line) || is_register(line))
                {
                    return true;
                }
                return !self.frames && near && self.joins_weakly(line, first, true);
            }
            Kind::RustPanic => {
                if line.starts_with(b"note: ") || line.starts_with(b"stack backtrace:") {
                    self.frames = true;
                    return true;
                }
                return near && self.blanks == 0 && self.joins_weakly(line, first, true);
            }
            Kind::Node => {
                if self.phase == 0 {
                    self.phase = 1;
                    return true;
                }
                if line.starts_with(b"Node.js v") {
                    self.phase = NODE_OVER;
                    return true;
                }
                if trim_end(line).iter().all(|b| *b == b'^') {
                    self.phase = 2;
                    return true;
                }
                return near && (self.phase < 2 || !notation::is_head(line));
            }
            Kind::Crash => {
                if is_strong(line) || is_exception(line) {
                    self.frames |= starts_traceback(line);
                    if starts_traceback(line) {
                        self.kind = Kind::Traceback;
                        self.phase = 0;
                    }
                    return true;
                }
                return near && self.joins_weakly(line, first, true);
            }
            Kind::Complete | Kind::Blank => {}
        }
        false
    }

    fn joins_traceback(&mut self, line: &[u8], near: bool) -> bool {
        if line.starts_with(b"During handling of the above exception")
            || line.starts_with(b"The above exception was the direct cause")
        {
            self.phase = 2;
            return true;
        }
        if starts_traceback(line) {
            // A second one without the announcement is another crash.
            let yes = self.phase == 2;
            self.phase = 0;
            return yes;
        }
        if self.phase == 0 {
            if line.starts_with(b"> File ") {
                return true;
            }
            if is_exception(line) || !notation::is_head(line) {
                self.phase = 1;
                return true;
            }
            return false;
        }
        near && self.blanks == 0 && self.joins_weakly(line, line[0], true)
    }

    fn joins_text(&mut self, line: &[u8], first: u8, near: bool, about: &mut dyn FnMut() -> About) -> bool {
        // What most lines start with: a date, a document, a bracket.
        if matches!(first, b'0'..=b'9' | b'{' | b'[' | b'<' | b'"' | b'(') {
            return self.about.is_some_and(|a| a.empty) && !notation::is_head(line);
        }
        if is_tool_line(line) {
            return false;
        }
        if is_strong(line) {
            if starts_traceback(line) {
                if !self.frames && self.weak == 0 && !self.about(about).may_trace() {
                    return false;
                }
                self.kind = Kind::Traceback;
                self.phase = 0;
            }
            if is_goroutine(line) {
                self.kind = Kind::GoPanic;
            }
            self.frames |= !line.starts_with(b"future: <");
            self.weak += 1;
            return true;
        }
        let about = self.about(about);
        if about.headed && self.weak == 0 && line.contains(&b'.') && is_exception(line) {
            self.weak += 1;
            self.frames = true;
            return true;
        }
        if about.empty {
            return !is_pair(line) && !notation::is_head(line);
        }
        if !about.failing() {
            return false;
        }
        if is_exception(line) || first == b'#' && line.get(1).is_some_and(u8::is_ascii_digit) {
            return true;
        }
        if about.headed && is_go_function(line) && !notation::is_head(line) {
            self.frames = true;
            return true;
        }
        if about.validation && !line.contains(&b' ') && !notation::is_head(line) {
            return true;
        }
        near && self.blanks == 0 && self.joins_weakly(line, first, about.headed)
    }

    fn joins_weakly(&mut self, line: &[u8], first: u8, headed: bool) -> bool {
        if self.weak >= WEAK_LINES
            || matches!(first, b'0'..=b'9' | b'{' | b'[' | b'<')
            || is_tool_line(line)
            || !headed && is_labelled(line)
            || starts_record(line)
            || is_pair(line)
            || notation::is_head(line)
        {
            return false;
        }
        self.weak += 1;
        true
    }
}
