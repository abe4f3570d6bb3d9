//! A summary as columns for people, and as JSON.

use serde_json::{Map, Value, json};
use unicode_width::UnicodeWidthStr;

use crate::event::Level;
use crate::sinks::human::{ShortNames, clean, duration};

use super::{Counts, Deployment, SummarySettings, Tool};

/// What is not known.
const UNKNOWN: &str = "–";

/// A cell: its text, and whether it is red.
type Cell = (String, bool);

/// What a deployment's output has shown.
struct Shows {
    calls: bool,
    errors: bool,
}

impl Shows {
    fn of(deployment: &Deployment) -> Shows {
        Shows {
            calls: deployment.tools.iter().any(|tool| tool.calls > 0),
            errors: deployment.shows_outcome || deployment.tools.iter().any(|tool| tool.errors > 0),
        }
    }
}

/// Deployments by name; the tools of each by calls, then name.
fn sorted(total: &Counts) -> Vec<(&Deployment, Vec<&Tool>)> {
    let mut all: Vec<_> = total
        .deployments
        .iter()
        .map(|deployment| {
            let mut tools: Vec<_> = deployment.tools.iter().collect();
            tools.sort_by_key(|tool| (std::cmp::Reverse(tool.calls.max(tool.errors)), &tool.name));
            (deployment, tools)
        })
        .collect();
    all.sort_by_key(|(deployment, _)| &deployment.name);
    all
}

/// The tables, a blank line between them.
pub(super) fn as_table(total: &Counts, settings: &SummarySettings, colour: bool) -> String {
    let mut names = ShortNames::default();
    for deployment in &total.deployments {
        names.add(deployment.is_file, &deployment.name, &deployment.template);
    }
    let all = sorted(total);
    let mut out = String::new();
    if settings.tools {
        let mut rows = Vec::new();
        for (deployment, tools) in &all {
            let name = names.get(&deployment.name);
            if tools.is_empty() {
                rows.push(row_of_nothing(&name));
            }
            for tool in tools {
                rows.push(tool_row(&name, tool, &Shows::of(deployment)));
            }
        }
        let head = ["deployment", "tool", "calls", "errors", "error %", "p50", "p95", "p99", "max"];
        table(&head, 2, &rows, colour, &mut out);
    }
    if settings.levels {
        if settings.tools {
            out.push('\n');
        }
        // Most severe first; levels that nobody used need no column.
        let mut columns: Vec<usize> = (1..=Level::ALL.len()).rev().collect();
        columns.push(0);
        columns.retain(|level| all.iter().any(|(deployment, _)| deployment.levels[*level] > 0));
        let mut head = vec!["deployment"];
        head.extend(columns.iter().map(|level| level_name(*level)));
        let mut rows = Vec::new();
        for (deployment, _) in &all {
            let has_levels = deployment.levels[1..].iter().any(|count| *count > 0);
            let mut row = vec![(names.get(&deployment.name), false)];
            for level in &columns {
                let count = deployment.levels[*level];
                let red = *level >= Level::Error as usize && count > 0;
                let known = has_levels || *level == 0;
                row.push((if known { count.to_string() } else { UNKNOWN.to_owned() }, red));
            }
            rows.push(row);
        }
        table(&head, 1, &rows, colour, &mut out);
    }
    out
}

fn level_name(level: usize) -> &'static str {
    if level == 0 { "no level" } else { Level::ALL[level - 1].as_str() }
}

fn row_of_nothing(deployment: &str) -> Vec<Cell> {
    let mut row = vec![(deployment.to_owned(), false)];
    row.resize(9, (UNKNOWN.to_owned(), false));
    row
}

fn tool_row(deployment: &str, tool: &Tool, shows: &Shows) -> Vec<Cell> {
    let known = |known: bool, text: String| if known { text } else { UNKNOWN.to_owned() };
    let share = 100.0 * tool.errors as f64 / tool.calls.max(1) as f64;
    let length = |ns: Option<u64>| {
        (ns.map_or(UNKNOWN.to_owned(), |ns| duration(i64::try_from(ns).unwrap_or(i64::MAX))), false)
    };
    vec![
        (deployment.to_owned(), false),
        (tool_name(tool), false),
        (known(shows.calls, tool.calls.to_string()), false),
        (known(shows.errors, tool.errors.to_string()), tool.errors > 0),
        (known(shows.errors && shows.calls && tool.calls > 0, format!("{share:.1}")), tool.errors > 0),
        length(tool.durations.percentile(50.0)),
        length(tool.durations.percentile(95.0)),
        length(tool.durations.percentile(99.0)),
        length(tool.durations.max()),
    ]
}

fn tool_name(tool: &Tool) -> String {
    if tool.name.is_empty() {
        return "(not named)".to_owned();
    }
    clean(&tool.name, true).replace('\n', "␤")
}

/// Columns two blanks apart; the first `left` of them stand left, numbers right.
fn table(head: &[&str], left: usize, rows: &[Vec<Cell>], colour: bool, out: &mut String) {
    let mut widths: Vec<usize> = head.iter().map(|text| text.width()).collect();
    for row in rows {
        for (width, (text, _)) in widths.iter_mut().zip(row) {
            *width = (*width).max(text.width());
        }
    }
    let head: Vec<Cell> = head.iter().map(|text| ((*text).to_owned(), false)).collect();
    for (number, row) in std::iter::once(&head).chain(rows).enumerate() {
        let mut line = String::new();
        for (at, (text, red)) in row.iter().enumerate() {
            let blanks = " ".repeat(widths[at] - text.width());
            let style = match (number, red) {
                _ if !colour => None,
                (0, _) => Some("2"),
                (_, true) => Some("31"),
                _ => None,
            };
            let text = style.map_or(text.clone(), |style| format!("\x1b[{style}m{text}\x1b[0m"));
            let gap = if at == 0 { "" } else { "  " };
            line.push_str(&if at < left {
                format!("{gap}{text}{blanks}")
            } else {
                format!("{gap}{blanks}{text}")
            });
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
}

/// One object: `tools` and `levels`; what is not known is absent.
pub(super) fn as_json(total: &Counts, settings: &SummarySettings) -> String {
    let (mut tools, mut levels) = (Vec::new(), Vec::new());
    for (deployment, own) in sorted(total) {
        let shows = Shows::of(deployment);
        for tool in own {
            let mut entry = Map::new();
            entry.insert("deployment".into(), json!(deployment.name));
            if !tool.name.is_empty() {
                entry.insert("tool".into(), json!(String::from_utf8_lossy(&tool.name)));
            }
            if shows.calls {
                entry.insert("calls".into(), json!(tool.calls));
            }
            if shows.errors {
                entry.insert("errors".into(), json!(tool.errors));
            }
            if tool.durations.count() > 0 {
                entry.insert("durations".into(), json!(tool.durations.count()));
            }
            let lengths = [
                ("p50_ms", tool.durations.percentile(50.0)),
                ("p95_ms", tool.durations.percentile(95.0)),
                ("p99_ms", tool.durations.percentile(99.0)),
                ("max_ms", tool.durations.max()),
            ];
            for (key, ns) in lengths {
                if let Some(ns) = ns {
                    entry.insert(key.into(), json!(ns as f64 / 1e6));
                }
            }
            tools.push(Value::Object(entry));
        }
        let mut entry = Map::new();
        entry.insert("deployment".into(), json!(deployment.name));
        for (level, count) in deployment.levels.iter().enumerate().filter(|(_, count)| **count > 0) {
            let key = if level == 0 { "none" } else { level_name(level) };
            entry.insert(key.into(), json!(count));
        }
        levels.push(Value::Object(entry));
    }
    let mut all = Map::new();
    if settings.tools {
        all.insert("tools".into(), Value::Array(tools));
    }
    if settings.levels {
        all.insert("levels".into(), Value::Array(levels));
    }
    format!("{}\n", Value::Object(all))
}
