//! Settings of the console: what is shown, where, in which order.

use std::io::{self, IsTerminal as _, Write};

use crate::config::units::Interval;

/// Shows events on standard output: readable, as JSON, or as they were.
#[derive(Clone, Debug, serde::Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ConsoleSettings {
    /// `human` (time, deployment, level, message), `json` (a JSON object a line), `raw` (the record as it was read), or
    /// a template such as `"{timestamp} {level} {message}"`.
    pub format: String,
    /// Whether to use colours. `auto`: on a terminal, unless `NO_COLOR` is set; `CLICOLOR_FORCE` turns them on elsewhere.
    pub color: Color,
    /// Show times in UTC instead of the machine's zone.
    pub utc: bool,
    /// Show whole times, to the nanosecond: in the human form instead of times of day, before each `raw` record that of
    /// the container engine.
    pub timestamps: bool,
    /// Where to write.
    pub stream: Output,
    /// Write to this file instead; what it held before is gone. For a file that goes on growing see `file`.
    pub path: Option<String>,
    /// `arrival`: as events come, each partition in its own order. `time`: all partitions merged by time.
    pub order: Order,
    /// With `order: time`: how long a new event waits for earlier ones of others, such as `300ms`. Without it, until it
    /// is sure that none comes, which takes a second or two where others are quiet.
    pub window: Option<Interval>,
    /// Show only the last so many events of what there is, then whatever comes.
    pub tail: Option<usize>,
    /// Regular expressions whose matches are highlighted in the human form.
    pub highlight: Vec<String>,
    /// Write the event's id as the last key `id` of the JSON.
    pub id: bool,
}

impl Default for ConsoleSettings {
    fn default() -> Self {
        ConsoleSettings {
            format: "human".to_owned(),
            color: Color::Auto,
            utc: false,
            timestamps: false,
            stream: Output::Stdout,
            path: None,
            order: Order::Arrival,
            window: None,
            tail: None,
            highlight: Vec::new(),
            id: false,
        }
    }
}

/// Whether to use colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Color {
    /// On a terminal.
    #[default]
    Auto,
    /// Yes.
    Always,
    /// No.
    Never,
}

/// Where a sink that talks to people writes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Output {
    /// Standard output.
    #[default]
    Stdout,
    /// Standard error.
    Stderr,
}

impl Output {
    /// Whether a terminal is at its end.
    pub fn is_terminal(self) -> bool {
        match self {
            Output::Stdout => io::stdout().is_terminal(),
            Output::Stderr => io::stderr().is_terminal(),
        }
    }

    /// Columns of the terminal at its end, now.
    pub(super) fn width(self) -> Option<usize> {
        let size = match self {
            Output::Stdout => terminal_size::terminal_size_of(io::stdout()),
            Output::Stderr => terminal_size::terminal_size_of(io::stderr()),
        };
        size.map(|(width, _)| usize::from(width.0)).filter(|width| *width > 0)
    }

    /// The stream itself.
    pub fn writer(self) -> Box<dyn Write + Send> {
        match self {
            Output::Stdout => Box::new(io::stdout()),
            Output::Stderr => Box::new(io::stderr()),
        }
    }

    /// Name for messages.
    pub fn name(self) -> &'static str {
        match self {
            Output::Stdout => "standard output",
            Output::Stderr => "standard error",
        }
    }
}

/// In which order events of several partitions are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Order {
    /// As they come.
    #[default]
    Arrival,
    /// By time.
    Time,
}

impl Color {
    /// Whether to use colours, given where the output goes and what the environment says.
    pub fn is_on(self, terminal: bool, env: impl Fn(&str) -> Option<String>) -> bool {
        let set = |name| env(name).is_some_and(|value| !value.is_empty());
        match self {
            Color::Always => true,
            Color::Never => false,
            Color::Auto if set("NO_COLOR") => false,
            Color::Auto if env("CLICOLOR_FORCE").is_some_and(|v| !v.is_empty() && v != "0") => true,
            Color::Auto => terminal && env("TERM").as_deref() != Some("dumb"),
        }
    }
}
