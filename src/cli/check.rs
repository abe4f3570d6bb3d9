//! `mcpp check`: reads pipeline files and says everything that is wrong with them. Nothing is opened or connected.

use std::io::IsTerminal;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use serde_json::{Value, json};

use super::{BAD_FILE, FAILED};
use crate::config::report::{Look, Report};
use crate::plan::{LoadError, Options, Plan};

const EXAMPLES: &str = "\
Examples:
  mcpp check mcpp.yaml
  mcpp check pipelines/*.yaml
  mcpp check mcpp.yaml --explain
  mcpp check mcpp.yaml --format json";

/// Arguments of `mcpp check`.
#[derive(Clone, Debug, Default, Args)]
#[command(after_help = EXAMPLES)]
pub struct Check {
    /// Pipeline files, each a pipeline of its own; `-` reads standard input. Default: ./mcpp.yaml, else /etc/mcpp/*.yaml.
    #[arg(value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Also show the plan: the fields behind each stage, and what is searched before parsing and why not more.
    #[arg(long)]
    pub explain: bool,
    /// How findings are written.
    #[arg(long, value_enum, default_value = "text")]
    pub format: Format,
}

/// How findings are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people: findings on stderr, the plan on stdout.
    #[default]
    Text,
    /// For programs: one JSON document on stdout.
    Json,
}

/// Checks the files; returns the exit code: 0 if all are good, 78 if one is bad, 1 if one cannot be read.
pub fn run(args: &Check) -> u8 {
    let all = match Plan::load(&args.files, &Options::default()) {
        Ok(all) => all,
        Err(error) => {
            super::fail(&explain(&error));
            return if matches!(error, LoadError::NotFound) { BAD_FILE } else { FAILED };
        }
    };
    let (mut out, mut files) = (String::new(), Vec::new());
    let mut failed = false;
    for checked in &all {
        failed |= checked.report.failed();
        let name = checked.report.files.all().first().map_or("", |file| file.name.as_str());
        if args.format == Format::Json {
            let mut entry = checked.report.to_json();
            entry["file"] = json!(name);
            if args.explain && checked.plan.is_some() {
                entry["plan"] = checked.explain.to_json();
            }
            files.push(entry);
            continue;
        }
        show(&checked.report);
        if checked.plan.is_none() {
            continue;
        }
        if args.explain {
            out.push_str(&checked.explain.to_text());
        } else {
            out.push_str(&format!("{name}: good\n"));
        }
    }
    if args.format == Format::Json {
        let ok = !failed;
        out = serde_json::to_string_pretty(&json!({ "ok": ok, "files": Value::Array(files) }))
            .unwrap_or_default();
        out.push('\n');
    }
    let printed = super::print(&out);
    if failed { BAD_FILE } else { printed }
}

/// Shows on stderr what was found.
pub fn show(report: &Report) {
    let terminal = std::io::stderr().is_terminal();
    let look = Look {
        color: terminal && std::env::var_os("NO_COLOR").is_none(),
        width: terminal
            .then(|| terminal_size::terminal_size().map(|(width, _)| usize::from(width.0)))
            .flatten(),
    };
    eprint!("{}", report.to_text(look));
}

/// An error with its causes, in one line.
fn explain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text = format!("{text}: {inner}");
        cause = inner.source();
    }
    text
}
