//! Settings of `parse`.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::Deserialize;

use super::rule::Rule;
use crate::config::units::Size;

/// Joins the lines of a record (stack traces, wrapped and indented lines) and finds its time, level, logger, message and
/// fields. Written as a name (`parse: auto`) or as a map.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum ParseSettings {
    /// What lines are: `auto` (decided for every line on its own), `json`, `logfmt`, `text` (nothing is read), or the name
    /// of one notation of lines, such as `syslog`, `python`, `klog`.
    Name(String),
    /// A notation and what else there is to say about it.
    Map(ParseMap),
}

/// `parse` in full.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ParseMap {
    /// What lines are. `auto` decides for every line on its own and copes with several notations in one container;
    /// any other name is tried alone, and a line that it does not fit stays text. Default: `auto`.
    pub format: Option<String>,
    /// A regular expression with named groups, tried on every record: `(?P<client>\S+) (?P<status:int>\d+)`.
    /// A group's type stands behind its name: text (default), int, float, bool, duration, bytes, time or level.
    /// Groups called `timestamp`, `level`, `message` and `logger` fill those fields. Records that do not match stay text.
    pub regex: Option<String>,
    /// The same without regular expressions: text with placeholders, `<timestamp> <level> [<logger>] <message>`.
    /// `<name>` takes what stands before the text that follows it, `<name:int>` types it, `<_>` skips it; the last
    /// placeholder takes the rest of the record.
    pub pattern: Option<String>,
    /// Zone of times that name none, used where the container engine gives no time to compare with:
    /// `UTC`, `+02:00` or a name such as `Europe/Berlin`. Default: `UTC`.
    pub timezone: Option<String>,
    /// Longest record that lines are joined to. Default: `1MiB`. Longer ones are cut, marked and counted.
    pub max_record: Option<Size>,
    /// Which lines belong together.
    pub multiline: Option<Multiline>,
}

/// Which lines belong together.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Multiline {
    /// Stack traces, wrapped and indented lines are joined (default).
    Auto,
    /// A line is an event.
    Off,
    /// A line that this regular expression matches starts a record; all others belong to the one before.
    Start(String),
}

/// What the settings say lines are.
#[derive(Clone, Debug, Default)]
pub enum Format {
    /// Decided for every line.
    #[default]
    Auto,
    /// JSON objects.
    Json,
    /// `key=value`.
    Logfmt,
    /// Nothing is read; lines are joined.
    Text,
    /// One notation of lines, by name.
    Notation(String),
    /// The user's own.
    Rule(Arc<Rule>),
}
