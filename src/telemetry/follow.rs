//! What following containers met, over all sources of the process: for whoever shows it to a person.
//!
//! * Sources write here once a batch and once a change, never once a line.
//! * Notes that nobody takes do not gather: the oldest go.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Mutex, MutexGuard};
use std::time::Instant;

use super::Counter;

/// Notes that wait for somebody to show them.
const WAITING: usize = 256;

/// Something that a person who follows wants to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Note {
    /// A deployment is read from now on.
    Joined(String),
    /// A deployment has exited; with its code, if the engine says it.
    Exited(String, Option<i64>),
    /// A deployment is gone for good.
    Removed(String),
    /// The engine does not answer any more.
    EngineLost(String),
    /// The engine answers again.
    EngineBack,
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Note::Joined(name) => write!(f, "{name} joined"),
            Note::Exited(name, None) => write!(f, "{name} exited"),
            Note::Exited(name, Some(code)) => write!(f, "{name} exited with code {code}"),
            Note::Removed(name) => write!(f, "{name} was removed"),
            Note::EngineLost(why) => write!(f, "the container engine does not answer: {why}"),
            Note::EngineBack => f.write_str("the container engine is back"),
        }
    }
}

/// What is known now.
#[derive(Debug)]
pub struct Follow {
    /// Deployments that are read now.
    pub deployments: Counter,
    /// Containers that went on by another reader (the engine's API for its log file) than before.
    pub reader_changes: Counter,
    /// Times that the engine was reached again after it was lost.
    pub reconnects: Counter,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    notes: VecDeque<Note>,
    last: Option<(String, Instant)>,
}

/// That of this process.
pub static FOLLOW: Follow = Follow {
    deployments: Counter::new(),
    reader_changes: Counter::new(),
    reconnects: Counter::new(),
    state: Mutex::new(State { notes: VecDeque::new(), last: None }),
};

/// Whether a line without an end stands on the terminal. Who writes there holds it, and takes the line away first.
static LINE: Mutex<bool> = Mutex::new(false);

/// Keeps others from writing to the terminal while it lives; a line that is rewritten in place is left there. It holds
/// whether there is one.
pub fn lock_terminal() -> MutexGuard<'static, bool> {
    LINE.lock().unwrap_or_else(|e| e.into_inner())
}

/// The same; a line that is rewritten in place is taken away.
pub fn take_terminal() -> MutexGuard<'static, bool> {
    let mut shown = lock_terminal();
    if std::mem::take(&mut *shown) {
        eprint!("\r\x1b[K");
    }
    shown
}

impl Follow {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(|e| e.into_inner())
    }

    /// Leaves a note.
    pub fn note(&self, note: Note) {
        let notes = &mut self.lock().notes;
        if notes.len() == WAITING {
            notes.pop_front();
        }
        notes.push_back(note);
    }

    /// Takes the notes that wait, oldest first.
    pub fn take_notes(&self) -> Vec<Note> {
        self.lock().notes.drain(..).collect()
    }

    /// Lines of a deployment were read now.
    pub fn read(&self, name: &str) {
        let last = &mut self.lock().last;
        match last {
            Some((known, at)) => {
                if known != name {
                    name.clone_into(known);
                }
                *at = Instant::now();
            }
            None => *last = Some((name.to_owned(), Instant::now())),
        }
    }

    /// The deployment whose lines were read last, and when.
    pub fn last_read(&self) -> Option<(String, Instant)> {
        self.lock().last.clone()
    }
}
