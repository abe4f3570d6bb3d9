//! `mcpp logs`: logs of deployments, files and standard input, readable, filtered, merged in time order.
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
use crate::telemetry::read::READ;

use super::connect::Engine;
use super::run::{report, with_causes};
use super::{DONE, FAILED, INTERRUPTED, MATCHED, USAGE, check, fail, progress, signals};

mod screen;
mod targets;

/// Records shown on a terminal where nothing says how many.
const SHOWN: usize = 100;

/// How long a new record waits for earlier ones of others while following.
const REORDER: &str = "300ms";

/// The sink that shows records, and the one that counts those of `--fail-on`.
const OUTPUT: &str = "output";
const FAIL_ON: &str = "fail_on";

const EXAMPLES: &str = "\
Examples:
  mcpp logs --all --follow --filter 'ERROR|WARN'
  mcpp logs filesystem github --since 1h --tools
  mcpp logs --all --since 10m --fail-on 'level >= ERROR'
  docker logs -t NAME 2>&1 | mcpp logs -
  mcpp logs --file server.log --filter 'ERROR|WARN'
  mcpp logs --file 'logs/*.log' old.log.gz --since 24h --format json > export.json
  mcpp logs --file server.log --where 'tool.duration > 500ms' --tools
  kubectl logs --prefix --timestamps -l app=mcp | mcpp logs - --level warn -C 2";

/// Arguments of `mcpp logs`.
#[derive(Clone, Debug, Default, Args)]
#[command(after_help = EXAMPLES)]
pub struct Logs {
    /// Deployments: names, patterns of names, ids, templates (all deployments of it). `-` reads standard input.
    #[arg(value_name = "TARGET")]
    pub targets: Vec<String>,
    /// Every MCP deployment: containers labelled managed-by=mcp-template, template, or mcpp.collect=true.
    #[arg(long)]
    pub all: bool,
    /// Go on with what comes, new deployments included.
    #[arg(long, short)]
    pub follow: bool,
    /// Only containers with this label: KEY=VALUE, or KEY with any value. All of them, if given several times.
    #[arg(long, value_name = "KEY=VALUE")]
    pub label: Vec<String>,
    /// Only containers of this compose project.
    #[arg(long, value_name = "NAME")]
    pub project: Vec<String>,
    /// Which container engine.
    #[command(flatten)]
    pub engine: Engine,
    /// Also starts, exits, restarts and changes of health, as records of their own.
    #[arg(long)]
    pub events: bool,
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
    /// Whole times, with date and nanoseconds; before raw records the engine's.
    #[arg(long, short = 't')]
    pub timestamps: bool,
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
    /// While following: how long a new record waits for earlier ones of other deployments.
    #[arg(long, value_name = "DURATION", default_value = REORDER, hide_short_help = true)]
    pub reorder: String,
    /// Exit with 4 if this expression holds for any record; without other filters only such records are shown.
    #[arg(long, value_name = "EXPR")]
    pub fail_on: Option<String>,
    /// Exit with 1 if anything cannot be read, not only if nothing can.
    #[arg(long)]
    pub strict: bool,
    /// Nothing on stderr about who joins and leaves, or how it stands.
    #[arg(long, short)]
    pub quiet: bool,
}

/// Where records are read from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Input {
    Stdin,
    Files,
    Engine,
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
        let mut sinks = json!({ OUTPUT: self.to_sink(around) });
        if let Some(expression) = &self.fail_on {
            sinks[FAIL_ON] = json!({ "stages": [{ "filter": { "where": expression } }], "blackhole": {} });
        }
        Ok(json!({
            "name": "logs",
            "sources": { "input": self.to_source(around)? },
            "stages": stages,
            "sinks": sinks,
        }))
    }

    /// Where the flags say to read from; the error is a sentence about wrong usage.
    fn input(&self) -> Result<Input, String> {
        let dash = self.targets.iter().any(|target| target == "-");
        let engine = self.all
            || self.targets.iter().any(|target| target != "-")
            || !self.label.is_empty()
            || !self.project.is_empty();
        match (dash, !self.file.is_empty(), engine) {
            (true, true, _) => Err("`-` and --file cannot be read together".to_owned()),
            (true, _, true) => Err("`-` and deployments cannot be read together".to_owned()),
            (_, true, true) => Err("--file and deployments cannot be read together".to_owned()),
            (true, ..) => Ok(Input::Stdin),
            (_, true, _) => Ok(Input::Files),
            _ => Ok(Input::Engine),
        }
    }

    fn parse(&self) -> Value {
        match &self.timezone {
            Some(zone) => json!({ "format": "auto", "timezone": zone }),
            None => json!("auto"),
        }
    }

    fn to_source(&self, around: Around) -> Result<Value, String> {
        let mut settings = Map::new();
        if let Some(name) = &self.name {
            settings.insert("deployment".to_owned(), json!(name));
        }
        match self.input()? {
            Input::Stdin => Ok(json!({ "stdin": settings })),
            Input::Files => {
                settings.insert("paths".to_owned(), json!(self.file));
                Ok(json!({ "file": settings }))
            }
            Input::Engine => {
                let mut settings = self.to_docker();
                if let Some(since) = &self.since {
                    let when = units::parse_when(since, around.now, self.utc)?;
                    settings.insert("since".to_owned(), json!(crate::event::time::to_rfc3339(when)));
                }
                Ok(json!({ "docker": settings }))
            }
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
        if let (true, Some(expression)) = (filter.is_empty(), &self.fail_on) {
            filter.insert("where".to_owned(), json!(expression));
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
        let mut console = json!({
            "format": format, "color": color, "utc": self.utc, "order": "time", "timestamps": self.timestamps,
        });
        if self.follow {
            console["window"] = json!(self.reorder);
        }
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
    let mut args = args.clone();
    let prepared = args.input().and_then(|input| {
        if let Err(message) = units::Interval::parse(&args.reorder) {
            return Err(format!("--reorder: {message}"));
        }
        args.engine.to_wanted()?;
        // Before an engine is asked: what is mistyped needs none.
        args.to_pipeline(around).map(|_| input)
    });
    let chosen = match prepared {
        Ok(Input::Engine) => targets::choose(&mut args),
        Ok(_) => Ok(()),
        Err(message) => {
            fail(&message);
            return USAGE;
        }
    };
    match chosen.map(|()| args.to_pipeline(around)) {
        Ok(Ok(pipeline)) => run_pipeline(&args, around, &pipeline),
        Ok(Err(message)) => {
            fail(&message);
            USAGE
        }
        Err(code) => code,
    }
}

fn run_pipeline(args: &Logs, around: Around, pipeline: &Value) -> u8 {
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
    let line = (!args.follow && !args.quiet).then(|| progress::show(progress.clone())).flatten();
    let screen = (args.follow && !args.quiet).then(|| screen::show(progress.clone(), OUTPUT));
    let options = Options { once: !args.follow, fail_fast: true, progress, ..Options::default() };
    let ended = engine::run(plan, options, &stop);
    drop((line, screen));
    match ended {
        Ok(_) if caught.interrupted() => INTERRUPTED,
        Ok(outcome) => {
            let failed_on = outcome.branches.iter().any(|(name, c)| name == FAIL_ON && c.delivered.get() > 0);
            match report(&outcome).min(FAILED) {
                DONE if failed_on => MATCHED,
                DONE if args.strict && READ.failed.get() > 0 => FAILED,
                code => code,
            }
        }
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
    fn what_cannot_be_read_together_is_refused() {
        for (targets, file, part) in [
            (vec!["-"], vec!["a"], "together"),
            (vec!["-", "github"], vec![], "together"),
            (vec!["github"], vec!["a"], "--file and deployments"),
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
    fn targets_become_a_source_and_fail_on_a_sink() {
        let logs = Logs {
            targets: vec!["github".into()],
            label: vec!["a=b=c".into(), "d".into()],
            follow: true,
            reorder: "1s".into(),
            fail_on: Some("level >= ERROR".into()),
            ..Logs::default()
        };
        let pipeline = logs.to_pipeline(AROUND).unwrap();
        let docker = &pipeline["sources"]["input"]["docker"];
        assert_eq!((&docker["targets"], &docker["all"]), (&json!(["github"]), &json!(false)));
        assert_eq!(docker["labels"], json!({ "a": "b=c", "d": "" }));
        assert_eq!(pipeline["stages"][2]["filter"], json!({ "where": "level >= ERROR" }));
        assert_eq!(pipeline["sinks"]["fail_on"]["stages"][0]["filter"]["where"], "level >= ERROR");
        assert_eq!(pipeline["sinks"]["output"]["console"]["window"], "1s");
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
