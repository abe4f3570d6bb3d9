//! `console`: events on standard output, for people and for pipes.
//!
//! * Nothing that a log says reaches a terminal as a control, in any format; a pipe gets JSON and raw text byte by byte.
//! * A reader that has gone (`mcpp … | head`) ends the sink quietly.
//! * What could not be written is kept and written first: a repeated attempt shows nothing twice.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use regex::Regex;
use serde_json::Value;

use crate::config::{Diags, Settings};
use crate::event::time::to_rfc3339;
use crate::event::{BoxFuture, NO_TIME, Nanos, Schema};

use crate::telemetry::follow::take_terminal;

use super::human::{Human, Printer, Zone, clean_bytes};
use super::line::Line;
use super::merge::{Merge, Tail};
use super::{Built, Chunk, Event, Frame, From, Kind, SendError, Sink, Verdicts};

mod settings;
pub use settings::{Color, ConsoleSettings, Order, Output};

/// Its line in the list of kinds.
pub const KIND: Kind = Kind {
    name: "console",
    summary: "shows events on standard output",
    schema: || schemars::schema_for!(ConsoleSettings),
    build,
};

/// How a console sink writes events.
#[derive(Debug)]
pub enum Format {
    /// For people.
    Human,
    /// Lines of another kind.
    Line(Line),
}

fn build(given: &Settings<'_>, diags: &mut Diags) -> Option<Built> {
    let settings: ConsoleSettings = super::settings::read(given, diags)?;
    let format = match settings.format.as_str() {
        "human" => Some(Format::Human),
        other => Line::read(other, given, "human, ", diags).map(Format::Line),
    };
    let mut highlight = Vec::new();
    for (at, pattern) in settings.highlight.iter().enumerate() {
        // The GNU spelling of "or" is taken too, as filters take it.
        match Regex::new(&pattern.replace("\\|", "|")) {
            Ok(regex) => highlight.push(regex),
            Err(error) => {
                let message = format!("this is no regular expression: {}", reason(&error));
                diags.error(given.range_at(&["highlight", &at.to_string()]), message, "here", None);
            }
        }
    }
    if highlight.len() < settings.highlight.len() {
        return None;
    }
    Some(Built::Sink(Box::new(Console::new(&settings, format?, highlight, given.folder))))
}

/// Now, in ns since the epoch.
fn wall() -> Nanos {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(now.as_nanos()).unwrap_or(i64::MAX)
}

/// What is wrong with a pattern, on one line.
fn reason(error: &regex::Error) -> String {
    let text = error.to_string();
    text.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned()
}

/// What a console knows of the end of its stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Screen {
    /// No terminal: nothing is wrapped.
    None,
    /// A terminal; its width is asked for at every chunk.
    Live(Output),
    /// Of a fixed width.
    #[cfg(test)]
    Fixed(usize),
}

/// See the module.
pub struct Console {
    format: Format,
    human: Human,
    id: bool,
    timestamps: bool,
    merges: bool,
    screen: Screen,
    destination: String,
    /// The file to write, if it is none of the process's own streams.
    path: Option<PathBuf>,
    state: Mutex<State>,
}

struct State {
    out: Box<dyn Write + Send>,
    terminal: bool,
    merge: Merge,
    tail: Option<Tail>,
    printer: Printer,
    /// What could not be written yet.
    unwritten: Vec<u8>,
}

impl Console {
    /// A console on a stream of this process, or on a file. `folder` is where a relative path starts.
    pub fn new(settings: &ConsoleSettings, format: Format, highlight: Vec<Regex>, folder: &Path) -> Console {
        let stream = settings.stream;
        let path = settings.path.as_ref().map(|path| folder.join(path));
        let terminal = path.is_none() && stream.is_terminal();
        let colour = settings.color.is_on(terminal, |name| std::env::var(name).ok());
        let screen = if terminal { Screen::Live(stream) } else { Screen::None };
        let mut console = Console::with(settings, format, highlight, screen, colour, stream.writer());
        if let Some(path) = &path {
            console.destination = path.display().to_string();
        }
        console.path = path;
        console
    }

    fn with(
        settings: &ConsoleSettings,
        format: Format,
        highlight: Vec<Regex>,
        screen: Screen,
        colour: bool,
        out: Box<dyn Write + Send>,
    ) -> Console {
        let zone = if settings.utc { Zone::Utc } else { Zone::Local };
        let mut merge = Merge::new(settings.order == Order::Time);
        if let Some(window) = settings.window {
            merge = merge.with_window(window.0, wall());
        }
        Console {
            format,
            human: Human {
                highlight: if colour { highlight } else { Vec::new() },
                terminal: screen != Screen::None,
            },
            id: settings.id,
            timestamps: settings.timestamps,
            merges: settings.order == Order::Time || settings.tail.is_some(),
            screen,
            destination: settings.stream.name().to_owned(),
            path: None,
            state: Mutex::new(State {
                out,
                terminal: matches!(screen, Screen::Live(_)),
                merge,
                tail: settings.tail.map(Tail::new),
                printer: Printer::new(zone, colour).with_full_times(settings.timestamps),
                unwritten: Vec::new(),
            }),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(|e| e.into_inner())
    }

    fn width(&self) -> Option<usize> {
        match self.screen {
            Screen::None => None,
            Screen::Live(output) => output.width(),
            #[cfg(test)]
            Screen::Fixed(width) => Some(width),
        }
    }

    fn error(&self, cause: io::Error) -> SendError {
        let destination = self.destination.clone();
        match cause.kind() {
            io::ErrorKind::BrokenPipe => SendError::Closed { destination },
            _ => SendError::Unreachable { destination, cause },
        }
    }
}

impl State {
    /// Shows what a chunk brings, as far as it is its turn.
    fn show(&mut self, human: bool, width: Option<usize>, from: &From, chunk: &Chunk) {
        if human {
            for at in 0..chunk.frames.len() {
                self.printer.announce(chunk.body(at));
            }
        }
        let State { merge, tail, printer, unwritten, .. } = self;
        merge.add(from, chunk, |frame, body| match tail {
            Some(tail) => tail.push(frame, body),
            None => render(printer, human, width, frame, body, unwritten),
        });
        if self.tail.is_some() && self.merge.has_caught_up() {
            self.end_tail(human, width);
        }
    }

    /// Shows what has waited long enough.
    fn look(&mut self, human: bool, width: Option<usize>) {
        let State { merge, tail, printer, unwritten, .. } = self;
        merge.look(Instant::now(), |frame, body| match tail {
            Some(tail) => tail.push(frame, body),
            None => render(printer, human, width, frame, body, unwritten),
        });
    }

    fn end_tail(&mut self, human: bool, width: Option<usize>) {
        let Some(tail) = self.tail.take() else { return };
        for (frame, body) in tail.iter() {
            render(&mut self.printer, human, width, frame, body, &mut self.unwritten);
        }
    }

    fn finish(&mut self, human: bool, width: Option<usize>) {
        let State { merge, tail, printer, unwritten, .. } = self;
        merge.finish(|frame, body| match tail {
            Some(tail) => tail.push(frame, body),
            None => render(printer, human, width, frame, body, unwritten),
        });
        self.end_tail(human, width);
    }

    fn write(&mut self) -> io::Result<()> {
        let _alone = self.terminal.then(take_terminal);
        let mut done = 0;
        let result = loop {
            if done == self.unwritten.len() {
                break self.out.flush();
            }
            match self.out.write(&self.unwritten[done..]) {
                Ok(0) => break Err(io::ErrorKind::WriteZero.into()),
                Ok(written) => done += written,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                // A terminal that another program has made non-blocking.
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    std::thread::sleep(Duration::from_millis(5));
                }
                Err(error) => break Err(error),
            }
        };
        self.unwritten.drain(..done);
        result
    }
}

fn render(
    printer: &mut Printer,
    human: bool,
    width: Option<usize>,
    frame: &Frame,
    body: &[u8],
    out: &mut Vec<u8>,
) {
    if human {
        printer.print(body, frame.time, width, out);
    } else {
        out.extend_from_slice(body);
    }
}

/// Makes a line of JSON safe for a terminal: the controls that JSON does not escape become escapes.
fn escape_controls(line: &mut Vec<u8>) {
    if !line.iter().any(|&b| b == 0x7f || b == 0xc2 || b == 0xe2) {
        return;
    }
    let text = String::from_utf8_lossy(line).into_owned();
    line.clear();
    for c in text.chars() {
        match c {
            '\x7f'
            | '\u{80}'..='\u{9f}'
            | '\u{200e}'
            | '\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2066}'..='\u{2069}' => line.extend_from_slice(format!("\\u{:04x}", c as u32).as_bytes()),
            c => line.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
}

impl Sink for Console {
    fn check(&self, input: &Schema, given: &Settings<'_>, diags: &mut Diags) {
        if let Format::Line(line) = &self.format {
            line.check(input, given, diags);
        }
    }

    fn encode(&self, event: Event<'_>, chunk: &mut Chunk) {
        let id = self.id.then(|| event.id());
        let start = chunk.bytes.len();
        match &self.format {
            Format::Human => self.human.encode(&event, &mut chunk.bytes),
            Format::Line(line) => {
                if self.timestamps && *line == Line::Raw {
                    let row = event.row();
                    let known = if row.engine_time == NO_TIME { row.timestamp } else { row.engine_time };
                    if known != NO_TIME {
                        chunk.bytes.extend_from_slice(to_rfc3339(known).as_bytes());
                        chunk.bytes.push(b' ');
                    }
                }
                line.write(&event, id, &mut chunk.bytes);
                if self.screen != Screen::None {
                    let mut body = chunk.bytes.split_off(start);
                    match line {
                        Line::Json => escape_controls(&mut body),
                        _ => body = clean_bytes(&body),
                    }
                    chunk.bytes.extend_from_slice(&body);
                }
            }
        }
        chunk.end_frame(&event, id);
    }

    fn open(&self, _: Option<&Value>) -> Result<(), SendError> {
        if let Some(path) = &self.path {
            let file = File::create(path).map_err(|cause| self.error(cause))?;
            self.lock().out = Box::new(file);
        }
        Ok(())
    }

    fn send<'a>(&'a self, from: &'a From, chunk: &'a Chunk) -> BoxFuture<'a, Result<Verdicts, SendError>> {
        Box::pin(async move {
            let mut state = self.lock();
            // Something unwritten: this chunk was taken in already, and only writing it failed.
            if state.unwritten.is_empty() {
                state.show(matches!(self.format, Format::Human), self.width(), from, chunk);
            }
            if !state.unwritten.is_empty() {
                state.write().map_err(|cause| self.error(cause))?;
            }
            Ok(Verdicts::AllStored)
        })
    }

    fn close(&self) -> BoxFuture<'_, Result<(), SendError>> {
        Box::pin(async move {
            let mut state = self.lock();
            state.finish(matches!(self.format, Format::Human), self.width());
            state.write().map_err(|cause| self.error(cause))
        })
    }

    fn wants_frontiers(&self) -> bool {
        self.merges
    }

    fn due(&self) -> Option<Instant> {
        self.lock().merge.due()
    }

    fn tick(&self) -> BoxFuture<'_, Result<(), SendError>> {
        Box::pin(async move {
            let mut state = self.lock();
            state.look(matches!(self.format, Format::Human), self.width());
            state.write().map_err(|cause| self.error(cause))
        })
    }
}

#[cfg(test)]
mod tests;
