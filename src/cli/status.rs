//! `mcpp status`: how deployments are doing, once or again and again.

use std::io::IsTerminal;
use std::time::Duration;

use clap::{Args, ValueEnum};

use crate::config::units::Interval;
use crate::platform::deployment::State;
use crate::platform::health::{Level, Machine, Thresholds, memory_limit};
use crate::platform::survey::{Seen, Survey};
use crate::platform::{Client, Deployment};

use super::connect::{self, Engine};
use super::deployments::shape::Depth;
use super::deployments::table::{Cell, Colour, framed, pairs};
use super::deployments::{self, shape, words};
use super::list::terminal_width;
use super::logs::Color;
use super::{DONE, fail, print};

mod screen;

use screen::Screen;

const EXAMPLES: &str = "\
Examples:
  mcpp status
  mcpp status --watch --refresh 5
  mcpp status --health-only
  mcpp status filesystem-prod --detailed
  mcpp status --format json | jq '.deployments[] | select(.status.health == \"critical\")'

Health is that of the worst sign. critical: ended with an error, out of memory, dead, restarted 3 times in 10 minutes,
or its health check says unhealthy. warning: over 60 % of the processors or 80 % of the memory that it may use for a
minute, restarted in the last 10 minutes, or its health check is still starting. healthy: it runs, and none of these.
unknown: paused, never started, ended without an error, or the engine does not say. Processors and memory are measured
over a second; with --watch over the last minute.";

/// Arguments of `mcpp status`.
#[derive(Clone, Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Status {
    /// Deployments: names, ids or their beginnings, templates; without one every MCP deployment.
    #[arg(value_name = "NAME")]
    pub names: Vec<String>,
    /// Look again and again, until Ctrl-C.
    #[arg(long, short)]
    pub watch: bool,
    /// Seconds between two looks.
    #[arg(long, value_name = "N", default_value = "5", value_parser = parse_refresh)]
    pub refresh: Duration,
    /// Only how each is doing, and why.
    #[arg(long, conflicts_with = "detailed")]
    pub health_only: bool,
    /// Also network, disk, restarts, times.
    #[arg(long)]
    pub detailed: bool,
    /// How deployments are written; with --watch one JSON line, or one YAML document, a look.
    #[arg(long, value_enum, default_value = "table")]
    pub format: Format,
    /// Colours: auto looks at the terminal, NO_COLOR and CLICOLOR_FORCE.
    #[arg(long, value_enum, default_value = "auto")]
    pub color: Color,
    #[command(flatten)]
    engine: Engine,
    #[command(flatten)]
    limits: Limits,
}

/// From where on a sign is one.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Health")]
struct Limits {
    /// Warn above this share of the processors that a deployment may use.
    #[arg(long, value_name = "PERCENT", default_value = "60")]
    cpu_warning: f64,
    /// Warn above this share of the memory that a deployment may use.
    #[arg(long, value_name = "PERCENT", default_value = "80")]
    memory_warning: f64,
    /// How long it must be above.
    #[arg(long, value_name = "TIME", default_value = "1m", value_parser = parse_interval)]
    sustained: Duration,
    /// So many restarts are critical; fewer are a warning.
    #[arg(long, value_name = "N", default_value = "3", value_parser = clap::value_parser!(u32).range(1..))]
    restarts_critical: u32,
    /// Only restarts so long ago count.
    #[arg(long, value_name = "TIME", default_value = "10m", value_parser = parse_interval)]
    restart_window: Duration,
}

impl Limits {
    fn to_thresholds(&self) -> Thresholds {
        let nanos = |time: Duration| i64::try_from(time.as_nanos()).unwrap_or(i64::MAX);
        Thresholds {
            cpu: self.cpu_warning,
            memory: self.memory_warning,
            sustained: nanos(self.sustained),
            restarts: self.restarts_critical,
            restart_window: nanos(self.restart_window),
            ..Thresholds::default()
        }
    }
}

/// How deployments are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people.
    #[default]
    Table,
    /// JSON.
    Json,
    /// YAML.
    Yaml,
}

fn parse_interval(text: &str) -> Result<Duration, String> {
    Interval::parse(text).map(|interval| interval.0)
}

/// Seconds, as a bare number or with a unit; at least one, which measuring takes.
fn parse_refresh(text: &str) -> Result<Duration, String> {
    let time = match text.parse::<f64>() {
        Ok(seconds) => {
            Duration::try_from_secs_f64(seconds).map_err(|_| "no time that can be waited".to_owned())?
        }
        Err(_) => parse_interval(text)?,
    };
    if time < Duration::from_secs(1) {
        return Err("at least one second, which measuring takes".to_owned());
    }
    Ok(time)
}

/// Shows how deployments are doing.
pub fn run(args: &Status) -> u8 {
    connect::block_on(show(args))
}

async fn show(args: &Status) -> Result<u8, u8> {
    let client = args.engine.connect().await?;
    let limits = args.limits.to_thresholds();
    let view = View {
        client: &client,
        limits,
        depth: Depth { health_only: args.health_only, detailed: args.detailed },
        format: args.format,
        single: args.names.len() == 1,
        watch: args.watch,
        colours: deployments::has_colour(args.color),
    };
    let mut chosen = deployments::choose(&client, &args.names).await?;
    let mut survey = Survey::start(&client, limits).await;
    if !args.watch {
        let seen = survey.look(chosen, args.detailed).await;
        return Ok(print(&view.text(&seen, survey.machine())));
    }
    let mut screen = Screen::new(args.format == Format::Table && std::io::stdout().is_terminal());
    loop {
        let begun = tokio::time::Instant::now();
        let seen = survey.look(chosen, args.detailed).await;
        let mut text = view.text(&seen, survey.machine());
        if args.format == Format::Table {
            text += &format!(
                "🔄 Auto-refresh: {}s    ⏰ Last Update: {}\n",
                args.refresh.as_secs_f64(),
                chrono::Utc::now().format("%Y-%m-%d %H:%M:%S UTC")
            );
        }
        match screen.show(&text) {
            Ok(()) => {}
            Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => return Ok(DONE),
            Err(error) => return Err(fail(&format!("cannot write to stdout: {error}"))),
        }
        tokio::time::sleep_until(begun + args.refresh).await;
        chosen = next(&client, &args.names, args.refresh).await;
    }
}

/// The deployments of the next look; an engine that is away is waited for, and said so once.
async fn next(client: &Client, names: &[String], refresh: Duration) -> Vec<Deployment> {
    let mut told = false;
    loop {
        let error = match client.containers(false).await {
            Ok(all) => return pick(all, names),
            Err(error) => error,
        };
        if !std::mem::replace(&mut told, true) {
            fail(&format!("{error}; waiting for it"));
        }
        tokio::time::sleep(refresh).await;
    }
}

/// Those that are chosen, whether or not all names are there still.
fn pick(all: Vec<Deployment>, names: &[String]) -> Vec<Deployment> {
    use crate::platform::select::Selection;
    let selection = Selection { all: names.is_empty(), targets: names.to_vec(), ..Selection::default() };
    let choice = selection.resolve(&all).unwrap_or_else(|_| selection.to_choice());
    let mut chosen: Vec<Deployment> = all.into_iter().filter(|one| choice.fits(one)).collect();
    chosen.sort_by(|a, b| a.name.cmp(&b.name));
    chosen
}

/// How what was seen is written.
struct View<'a> {
    client: &'a Client,
    limits: Thresholds,
    depth: Depth,
    format: Format,
    /// One name was asked for.
    single: bool,
    watch: bool,
    colours: bool,
}

impl View<'_> {
    fn text(&self, seen: &[Seen], machine: Machine) -> String {
        let one = match seen {
            [one] if self.single => Some(one),
            _ => None,
        };
        if self.format == Format::Table {
            return match one {
                Some(one) => to_page(one, machine, self.depth, self.colours),
                None => {
                    to_table(seen, &self.limits, self.depth, terminal_width(), self.colours)
                        + &to_summary(seen)
                }
            };
        }
        let node = match one {
            Some(one) => shape::nested(one, machine, self.client, self.depth),
            None => shape::status(seen, machine, self.client, self.depth),
        };
        match (self.format, self.watch) {
            (Format::Yaml, true) => format!("---\n{}", node.to_yaml()),
            (Format::Yaml, false) => node.to_yaml(),
            (_, true) => node.to_json_line() + "\n",
            (_, false) => node.to_json(),
        }
    }
}

fn colour_of(level: Level) -> Colour {
    match level {
        Level::Healthy => Colour::Green,
        Level::Warning => Colour::Yellow,
        Level::Critical => Colour::Red,
        Level::Unknown => Colour::Faint,
    }
}

/// What it uses, or why it uses nothing.
fn resources(seen: &Seen, limits: &Thresholds) -> String {
    let mut parts = Vec::new();
    if let Some(usage) = &seen.usage {
        parts.extend(usage.cpu_percent.map(|share| format!("{} CPU", words::percent(share))));
        parts.extend(usage.memory.map(words::bytes));
    }
    if parts.is_empty() {
        return seen.deployment.status.clone().unwrap_or_else(|| seen.deployment.state_word().to_owned());
    }
    let light = seen.sample.map_or("", |sample| words::light(sample, limits));
    format!("{light} {}", parts.join(", "))
}

fn traffic(first: Option<u64>, second: Option<u64>) -> String {
    match (first, second) {
        (None, None) => String::new(),
        (first, second) => {
            let text = |count: Option<u64>| count.map_or_else(|| "-".to_owned(), words::bytes);
            format!("{} / {}", text(first), text(second))
        }
    }
}

/// A line for each deployment, and below them what is wrong.
pub(super) fn to_table(
    all: &[Seen],
    limits: &Thresholds,
    depth: Depth,
    width: Option<usize>,
    colours: bool,
) -> String {
    let mut head = vec!["Deployment", "Template", "Status"];
    if !depth.health_only {
        head.push("Resource Usage");
    }
    if depth.detailed {
        head.extend(["Uptime", "Restarts", "Network in / out", "Written"]);
    }
    let rows: Vec<Vec<Cell>> = all
        .iter()
        .map(|seen| {
            let one = &seen.deployment;
            let mut row = vec![
                Cell::new(&one.name),
                Cell::new(one.template.as_deref().unwrap_or_default()),
                Cell::coloured(words::level(seen.health.level), colour_of(seen.health.level)),
            ];
            if !depth.health_only {
                row.push(Cell::new(&resources(seen, limits)));
            }
            if depth.detailed {
                let usage = seen.usage.as_ref();
                let restarts = one.details.as_ref().and_then(|details| details.restarts);
                row.push(Cell::new(&seen.uptime().map(words::span).unwrap_or_default()));
                row.push(Cell::new(&restarts.map(|count| count.to_string()).unwrap_or_default()));
                let network = usage.map(|usage| traffic(usage.received, usage.sent));
                row.push(Cell::new(&network.unwrap_or_default()));
                row.push(Cell::new(&one.written.map(words::bytes).unwrap_or_default()));
            }
            row
        })
        .collect();
    let mut text = framed(&head, &rows, &[0, 1], width, colours);
    for seen in
        all.iter().filter(|seen| seen.health.level != Level::Healthy && !seen.health.reasons.is_empty())
    {
        let (sign, _) = words::level(seen.health.level).split_once(' ').unwrap_or_default();
        let reasons = words::clean(&seen.health.reasons.join("; "));
        let name = words::clean(&seen.deployment.name);
        text += &format!("{sign} {name}: {}\n", colour_of(seen.health.level).paint(&reasons, colours));
    }
    text
}

/// One line about all of them.
fn to_summary(all: &[Seen]) -> String {
    let count = |level: Level| all.iter().filter(|seen| seen.health.level == level).count();
    let memory: u64 = all.iter().filter_map(|seen| seen.usage.as_ref()?.memory).fold(0, u64::saturating_add);
    format!(
        "🚀 Deployments: {}    ✅ Healthy: {}    ⚠️ Warning: {}    ❌ Critical: {}    ❔ Unknown: {}    📊 Memory: {}\n",
        all.len(),
        count(Level::Healthy),
        count(Level::Warning),
        count(Level::Critical),
        count(Level::Unknown),
        words::bytes(memory)
    )
}

/// Everything about one deployment.
fn to_page(seen: &Seen, machine: Machine, depth: Depth, colours: bool) -> String {
    let one = &seen.deployment;
    let level = seen.health.level;
    let mut text =
        format!("{}  {}\n", colour_of(level).paint(words::level(level), colours), words::clean(&one.name));
    for reason in &seen.health.reasons {
        text += &format!("  {}\n", colour_of(level).paint(&words::clean(reason), colours));
    }
    if depth.health_only {
        return text;
    }
    let details = one.details.as_deref();
    let usage = seen.usage.clone().unwrap_or_default();
    let mut rows: Vec<(&str, String)> = Vec::new();
    let mut add = |name: &'static str, value: Option<String>| {
        rows.extend(value.filter(|value| !value.is_empty()).map(|value| (name, value)));
    };
    add("Template", one.template.clone());
    let uptime = seen.uptime().map(|time| format!(", up {}", words::span(time)));
    add("State", Some(format!("{}{}", one.state_word(), uptime.unwrap_or_default())));
    add("Image", one.image.clone());
    add("Container", Some(one.short_id().to_owned()));
    add("Ports", Some(words::ports(&one.ports)));
    let of = |share: Option<f64>| {
        share.map(|share| format!(" ({} of what it may use)", words::percent(share))).unwrap_or_default()
    };
    let (cpu, memory) = seen.sample.map_or((None, None), |sample| (sample.cpu, sample.memory));
    add("CPU", usage.cpu_percent.map(|share| format!("{share:.2}% of one processor{}", of(cpu))));
    let limit = memory_limit(one, Some(&usage), machine);
    add(
        "Memory",
        usage.memory.map(|used| match limit {
            Some(limit) => format!("{} / {}{}", words::bytes(used), words::bytes(limit), of(memory)),
            None => words::bytes(used),
        }),
    );
    if let Some(restarts) = details.and_then(|details| details.restarts) {
        add("Restarts", Some(format!("{restarts} by the engine, {} lately", seen.restarts_lately)));
    }
    add("Exit code", one.exit_code.filter(|_| one.state != State::Running).map(|code| code.to_string()));
    if depth.detailed {
        let when = |time: Option<i64>| time.map(crate::event::time::to_rfc3339);
        add("Created", when(one.created));
        add("Started", when(details.and_then(|details| details.started)));
        add("Finished", when(details.and_then(|details| details.finished)));
        add("Health check", one.health.as_ref().map(|check| check.as_str().to_owned()));
        add("Network in / out", Some(traffic(usage.received, usage.sent)));
        add("Devices read / written", Some(traffic(usage.disk_read, usage.disk_write)));
        add("Written to its layer", one.written.map(words::bytes));
        add("Processes", usage.processes.map(|count| count.to_string()));
        add("Log driver", details.and_then(|details| details.log_driver.clone()));
        add("Networks", details.map(|details| details.networks.join(", ")));
        add("Compose", one.project.as_ref().zip(one.service.as_ref()).map(|(a, b)| format!("{a} / {b}")));
    }
    text + &pairs(&rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refresh_is_seconds_and_at_least_one() {
        for (text, expected) in [
            ("5", Some(5_000)),
            ("1.5", Some(1_500)),
            ("2s", Some(2_000)),
            ("1m", Some(60_000)),
            ("0", None),
            ("500ms", None),
            ("-3", None),
            ("NaN", None),
            ("1e300", None),
            ("soon", None),
        ] {
            let parsed = parse_refresh(text).ok().map(|time| time.as_millis());
            assert_eq!(parsed, expected, "{text}");
        }
    }
}
