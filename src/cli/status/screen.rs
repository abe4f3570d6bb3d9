//! A text that is shown again and again in the same place.
//!
//! * On a terminal each line is written over the one before it and cleared to its end: nothing flickers.
//! * The last state stays when the command ends. Elsewhere one text follows another.

use std::io::Write;

use terminal_size::{Height, terminal_size};

/// Where the text is shown.
pub(super) struct Screen {
    terminal: bool,
    begun: bool,
}

impl Screen {
    pub(super) fn new(terminal: bool) -> Screen {
        Screen { terminal, begun: false }
    }

    /// Shows the next state.
    pub(super) fn show(&mut self, text: &str) -> std::io::Result<()> {
        let mut out = std::io::stdout().lock();
        if !self.terminal {
            out.write_all(text.as_bytes())?;
            return out.flush();
        }
        let height = terminal_size().map(|(_, Height(height))| usize::from(height));
        let first = !std::mem::replace(&mut self.begun, true);
        out.write_all(frame(text, height, first).as_bytes())?;
        out.flush()
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        if self.terminal && self.begun {
            // The cursor and long lines come back; a terminal that is gone needs neither.
            drop(std::io::stdout().lock().write_all(b"\x1b[?7h\x1b[?25h"));
        }
    }
}

/// What to write for one state: the cursor goes home, and nothing scrolls.
fn frame(text: &str, height: Option<usize>, first: bool) -> String {
    // The cursor is hidden, or it would be seen running over the screen; lines do not wrap, or they could not be counted.
    let mut out = String::from(if first { "\x1b[?25l\x1b[?7l\x1b[2J\x1b[H" } else { "\x1b[H" });
    let lines: Vec<&str> = text.lines().collect();
    // The last line stays free: the cursor stands there.
    let room = height.map_or(lines.len(), |height| height.saturating_sub(1).max(2));
    let shown = if lines.len() <= room {
        lines.len()
    } else {
        // One line says how many are missing, and the last one is always there.
        room - 2
    };
    for line in &lines[..shown] {
        out += &format!("{line}\x1b[K\n");
    }
    if shown < lines.len() {
        out += &format!("… {} more lines\x1b[K\n", lines.len() - shown - 1);
        out += &format!("{}\x1b[K\n", lines[lines.len() - 1]);
    }
    out + "\x1b[J"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_written_over_each_other() {
        assert_eq!(frame("a\nb\n", None, true), "\x1b[?25l\x1b[?7l\x1b[2J\x1b[Ha\x1b[K\nb\x1b[K\n\x1b[J");
        assert_eq!(frame("a\n", Some(24), false), "\x1b[Ha\x1b[K\n\x1b[J");
    }

    #[test]
    fn what_does_not_fit_is_counted_and_the_last_line_stays() {
        let text = frame("1\n2\n3\n4\n5\nlast\n", Some(5), false);
        assert_eq!(text, "\x1b[H1\x1b[K\n2\x1b[K\n… 3 more lines\x1b[K\nlast\x1b[K\n\x1b[J");
        assert_eq!(frame("1\n2\n3\n4\n", Some(5), false).matches('\n').count(), 4);
        assert_eq!(frame("1\n2\n3\n", Some(0), false), "\x1b[H… 2 more lines\x1b[K\n3\x1b[K\n\x1b[J");
    }
}
