//! `mcpp logs`: logs of files and standard input, readable, filtered, merged in time order.
//!
//! The flags are written as a pipeline, and that is checked and run like any other: there is no second way.

use std::io::IsTerminal;
use std::path::PathBuf;
use std::sync::Arc;

use clap::{Args, ValueEnum};
use serde_json::{Map, Value, json};
use tokio::sync::watch;

use crate::config::units;
use crate::engine::{self, Options};
use crate::event::Level;
use crate::plan::{self, Plan};
use crate::telemetry::Progress;

use super::run::{report, with_causes};
use super::{FAILED, INTERRUPTED, USAGE, check, fail, progress, signals};

/// Records shown on a terminal where nothing says how many.
const SHOWN: usize = 100;

const EXAMPLES: &str = "\
Examples:
  docker logs -t NAME 2>&1 | mcpp logs -
  mcpp logs --file server.log --filter 'ERROR|WARN'
  mcpp logs --file 'logs/*.log' old.log.gz --since 24h --format json > export.json
  mcpp logs --file server.log --where 'tool.duration > 500ms' --tools
  kubectl logs --prefix --timestamps -l app=mcp | mcpp logs - --level warn -C 2";

/// Arguments of `mcpp logs`.
#[derive(Clone, Debug, Default, Args)]
#[command(after_help = EXAMPLES)]
pub struct Logs {
    /// `-` reads standard input.
    #[arg(value_name = "-")]
    pub targets: Vec<String>,
    /// Files to read: text, NDJSON, JSON arrays, container engine logs; `.gz` and `.zst` too; globs in quotes.
    #[arg(long, value_name = "PATH", num_args = 1..)]
    pub file: Vec<String>,
    /// Only records whose level or message matches this regular expression, such as "ERROR|WARN".
    #[arg(long, value_name = "REGEX")]
    pub filter: Option<String>,
    /// Only records for which this expression holds, such as "level >= WARN and tool.duration > 1s".
    #[arg(long = "where", value_name = "EXPR")]
    pub where_: Option<String>,
    /// Only records from then on: 5m, 24h, 2026-01-27, 2026-01-27T16:47Z.
    #[arg(long, value_name = "TIME")]
    pub since: Option<String>,
    /// Only records up to then.
    #[arg(long, value_name = "TIME")]
    pub until: Option<String>,
    /// Only the last N records that pass.
    #[arg(long, short = 'n', visible_alias = "lines", value_name = "N")]
    pub tail: Option<usize>,
    /// Only records of this level or a more severe one.
    #[arg(long, value_name = "LEVEL")]
    pub level: Option<String>,
    /// Only records whose message matches this regular expression.
    #[arg(long, value_name = "REGEX")]
    pub grep: Option<String>,
    /// No records whose level or message matches this regular expression.
    #[arg(long, value_name = "REGEX")]
    pub exclude: Option<String>,
    /// Only events of this tool.
    #[arg(long, value_name = "NAME")]
    pub tool: Option<String>,
    /// Only tool events.
    #[arg(long)]
    pub tools: bool,
    /// Also N records after each that passes.
    #[arg(short = 'A', long = "after-context", value_name = "N")]
    pub after: Option<usize>,
    /// Also N records before each that passes.
    #[arg(short = 'B', long = "before-context", value_name = "N")]
    pub before: Option<usize>,
    /// Also N records before and after each that passes.
    #[arg(short = 'C', long = "context", value_name = "N")]
    pub context: Option<usize>,
    /// How records are written; auto: plain for people, with colours on a terminal.
    #[arg(long, value_enum, default_value = "auto")]
    pub format: Format,
    /// Times in UTC instead of local time.
    #[arg(long)]
    pub utc: bool,
    /// Colours: auto looks at the terminal, NO_COLOR and CLICOLOR_FORCE.
    #[arg(long, value_enum, default_value = "auto")]
    pub color: Color,
    /// The same as --color never.
    #[arg(long, overrides_with = "color")]
    pub no_color: bool,
    /// Write to this file instead of standard output.
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Name of the deployment that the lines are from, where they do not say it.
    #[arg(long = "as", value_name = "NAME")]
    pub name: Option<String>,
    /// Zone of times without one: UTC, +02:00, Europe/Berlin.
    #[arg(long, value_name = "ZONE")]
    pub timezone: Option<String>,
}

/// How records are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people.
    #[default]
    Auto,
    /// NDJSON: one object a record.
    Json,
    /// For people, without colours.
    Plain,
    /// As it was read.
    Raw,
}

/// Whether to write colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// If the output is a terminal that has them.
    #[default]
    Auto,
    /// Yes.
    Always,
    /// No.
    Never,
}

/// What the surroundings say.
#[derive(Clone, Copy, Debug)]
pub struct Around {
    /// Now, in ns since the epoch.
    pub now: i64,
    /// Whether standard output is a terminal.
    pub terminal: bool,
}

impl Around {
    /// The surroundings of this process.
    pub fn here() -> Around {
        let now = chrono::Utc::now().timestamp_nanos_opt().unwrap_or(0);
        Around { now, terminal: std::io::stdout().is_terminal() }
    }
}

impl Logs {
    /// Whether only the last [`SHOWN`] records are shown, because nothing says how many.
    pub fn is_cut(&self, around: Around) -> bool {
        let says = self.since.is_some() || self.until.is_some() || self.tail.is_some();
        around.terminal && self.output.is_none() && !says
    }

    /// The flags as a pipeline, or what is wrong with them.
    pub fn to_pipeline(&self, around: Around) -> Result<Value, String> {
        let mut stages = vec![json!({ "parse": self.parse() }), json!({ "extract": "tools" })];
        if let Some(filter) = self.to_filter(around)? {
            stages.push(json!({ "filter": filter }));
        }
        Ok(json!({
            "name": "logs",
            "sources": { "input": self.to_source()? },
            "stages": stages,
            "sinks": { "output": self.to_sink(around) },
        }))
    }

    fn parse(&self) -> Value {
        match &self.timezone {
            Some(zone) => json!({ "format": "auto", "timezone": zone }),
            None => json!("auto"),
        }
    }

    fn to_source(&self) -> Result<Value, String> {
        let mut settings = Map::new();
        if let Some(name) = &self.name {
            settings.insert("deployment".to_owned(), json!(name));
        }
        match (self.targets.as_slice(), self.file.as_slice()) {
            ([], []) => {
                Err("nothing to read: name files with --file PATH, or `-` for standard input".to_owned())
            }
            ([dash], []) if dash == "-" => Ok(json!({ "stdin": settings })),
            ([], paths) => {
                settings.insert("paths".to_owned(), json!(paths));
                Ok(json!({ "file": settings }))
            }
            ([dash], _) if dash == "-" => Err("`-` and --file cannot be read together".to_owned()),
            ([other, ..], _) => Err(format!(
                "'{other}' cannot be read: name files with --file PATH, or `-` for standard input"
            )),
        }
    }

    fn to_filter(&self, around: Around) -> Result<Option<Value>, String> {
        let mut conditions = Vec::new();
        for (text, comparison) in [(&self.since, ">="), (&self.until, "<=")] {
            let Some(text) = text else { continue };
            let when = crate::event::time::to_rfc3339(units::parse_when(text, around.now, self.utc)?);
            // A line's own coarse time does not decide where the engine's is known; without any time it stays.
            conditions.push(format!(
                "(engine_time {comparison} {when} or not exists(engine_time) and (timestamp {comparison} {when} or not exists(timestamp)))"
            ));
        }
        if let Some(level) = &self.level {
            let known = Level::parse(level.as_bytes());
            let known = known.ok_or_else(|| {
                format!("unknown level '{level}'; write trace, debug, info, warn, error or fatal")
            })?;
            conditions.push(format!("level >= {known}"));
        }
        if let Some(grep) = &self.grep {
            conditions.push(format!("message matches {}", quoted(grep)));
        }
        if let Some(tool) = &self.tool {
            conditions.push(format!("tool.name == {}", quoted(tool)));
        }
        if self.tools {
            conditions.push("exists(tool.name)".to_owned());
        }
        if let Some(expression) = &self.where_ {
            conditions.push(format!("({expression})"));
        }
        let mut filter = Map::new();
        if !conditions.is_empty() {
            filter.insert("where".to_owned(), json!(conditions.join(" and ")));
        }
        for (key, regex) in [("match", &self.filter), ("exclude", &self.exclude)] {
            if let Some(regex) = regex {
                filter.insert(key.to_owned(), json!(regex));
            }
        }
        for (key, own) in [("before", self.before), ("after", self.after)] {
            if let Some(records) = own.or(self.context) {
                filter.insert(key.to_owned(), json!(records));
            }
        }
        Ok((!filter.is_empty()).then_some(Value::Object(filter)))
    }

    fn to_sink(&self, around: Around) -> Value {
        let format = match self.format {
            Format::Auto | Format::Plain => "human",
            Format::Json => "json",
            Format::Raw => "raw",
        };
        let color = match (self.color, self.format) {
            _ if self.no_color || self.format == Format::Plain || self.output.is_some() => "never",
            (Color::Always, _) => "always",
            (Color::Never, _) => "never",
            (Color::Auto, _) => "auto",
        };
        let mut console = json!({ "format": format, "color": color, "utc": self.utc, "order": "time" });
        let tail = self.tail.or_else(|| self.is_cut(around).then_some(SHOWN));
        if let Some(tail) = tail {
            console["tail"] = json!(tail);
        }
        if let Some(path) = &self.output {
            console["path"] = json!(path);
        }
        let highlight = self.filter.as_ref().or(self.grep.as_ref());
        if let Some(highlight) = highlight {
            console["highlight"] = json!([highlight]);
        }
        json!({ "console": console })
    }
}

/// Runs the flags' pipeline.
pub fn run(args: &Logs) -> u8 {
    let around = Around::here();
    let pipeline = match args.to_pipeline(around) {
        Ok(pipeline) => pipeline,
        Err(message) => {
            fail(&message);
            return USAGE;
        }
    };
    // What is typed is text: no variable stands in it.
    let pipeline = pipeline.to_string().replace("${", "$${");
    let checked = Plan::from_text("logs", &pipeline, &plan::Options::default());
    check::show(&checked.report);
    let Some(plan) = checked.plan else {
        return USAGE;
    };
    if args.is_cut(around) {
        eprintln!("mcpp: the last {SHOWN} records; --tail N or --since TIME shows others");
    }
    let (stop, _) = watch::channel(false);
    let caught = match signals::listen(stop.clone(), INTERRUPTED) {
        Ok(caught) => caught,
        Err(error) => return fail(&format!("cannot listen for signals: {error}")),
    };
    let progress = Arc::new(Progress::default());
    let line = progress::show(progress.clone());
    let options = Options { once: true, fail_fast: true, progress, ..Options::default() };
    let ended = engine::run(plan, options, &stop);
    drop(line);
    match ended {
        Ok(_) if caught.interrupted() => INTERRUPTED,
        Ok(outcome) => report(&outcome).min(FAILED),
        Err(error) => fail(&with_causes(&error)),
    }
}

/// Text as an expression writes it.
fn quoted(text: &str) -> String {
    json!(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    const AROUND: Around = Around { now: 1_700_000_000_000_000_000, terminal: false };

    #[test]
    fn flags_become_a_pipeline() {
        let logs = Logs {
            file: vec!["a.log".into()],
            filter: Some("ERROR|WARN".into()),
            level: Some("warning".into()),
            tool: Some("read\"file".into()),
            context: Some(2),
            before: Some(1),
            ..Logs::default()
        };
        let pipeline = logs.to_pipeline(AROUND).unwrap();
        assert_eq!(pipeline["sources"], json!({ "input": { "file": { "paths": ["a.log"] } } }));
        let filter = json!({
            "where": "level >= WARN and tool.name == \"read\\\"file\"",
            "match": "ERROR|WARN", "before": 1, "after": 2,
        });
        assert_eq!(pipeline["stages"][2]["filter"], filter);
    }

    #[test]
    fn what_cannot_be_read_says_what_can() {
        for (targets, file, part) in [
            (vec![], vec![], "nothing to read"),
            (vec!["-"], vec!["a"], "together"),
            (vec!["github"], vec![], "'github' cannot be read"),
        ] {
            let logs = Logs {
                targets: targets.into_iter().map(str::to_owned).collect(),
                file: file.into_iter().map(str::to_owned).collect(),
                ..Logs::default()
            };
            assert!(logs.to_pipeline(AROUND).unwrap_err().contains(part));
        }
    }

    #[test]
    fn a_terminal_gets_the_last_records_unless_told_otherwise() {
        let terminal = Around { terminal: true, ..AROUND };
        let logs = Logs { targets: vec!["-".into()], ..Logs::default() };
        assert_eq!(logs.to_pipeline(terminal).unwrap()["sinks"]["output"]["console"]["tail"], 100);
        let all = Logs { since: Some("24h".into()), ..logs };
        assert_eq!(all.to_pipeline(terminal).unwrap()["sinks"]["output"]["console"]["tail"], Value::Null);
        assert_eq!(all.to_pipeline(AROUND).unwrap()["sinks"]["output"]["console"]["tail"], Value::Null);
    }
}
