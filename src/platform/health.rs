//! How a deployment is doing, from the worst of its signs.
//!
//! | health | signs |
//! |---|---|
//! | `critical` | ended with an error, out of memory, dead, restarted 3 times in 10 minutes, its health check says unhealthy |
//! | `warning` | over 60 % of the processors or 80 % of the memory it may have, for a minute; restarted in the last 10 minutes; its health check is still starting; over 10 % of tool calls failing in 5 minutes |
//! | `healthy` | it runs, and none of these |
//! | `unknown` | paused, never started, ended without an error, or the engine does not say |
//!
//! * All figures are in [`Thresholds`], and can be set.
//! * "For a minute" means: in every sample of the last minute that there is. Who looks once has one sample, of a second.
//! * Restarts are counted from what the engine remembers: its events (Docker keeps the last 256 of everything), and the
//!   count of restarts together with the time of the last one. A restart that both have forgotten is not known.

use crate::event::{Nanos, SECOND};

use super::deployment::{Check, Deployment, State};
use super::events::{Action, Happening};
use super::usage::Usage;

/// How a deployment is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// It runs, and nothing is wrong.
    Healthy,
    /// Nobody can say.
    Unknown,
    /// Somebody should look.
    Warning,
    /// It is down or about to be.
    Critical,
}

impl Level {
    /// The word for it in output.
    pub fn as_str(self) -> &'static str {
        match self {
            Level::Healthy => "healthy",
            Level::Unknown => "unknown",
            Level::Warning => "warning",
            Level::Critical => "critical",
        }
    }
}

/// A level, and what it comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Health {
    /// The worst sign's.
    pub level: Level,
    /// Every sign that is as bad, in plain words.
    pub reasons: Vec<String>,
}

/// From where on a sign counts. All of them are flags of `mcpp status`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Thresholds {
    /// Percent of the processors that it may use.
    pub cpu: f64,
    /// Percent of the memory that it may use.
    pub memory: f64,
    /// How long it must use that much, in ns.
    pub sustained: Nanos,
    /// Restarts in the window that are critical.
    pub restarts: u32,
    /// The window for restarts, in ns.
    pub restart_window: Nanos,
    /// Percent of tool calls that fail.
    pub tool_errors: f64,
}

impl Default for Thresholds {
    fn default() -> Self {
        Thresholds {
            cpu: 60.0,
            memory: 80.0,
            sustained: 60 * SECOND,
            restarts: 3,
            restart_window: 600 * SECOND,
            tool_errors: 10.0,
        }
    }
}

/// Processors and memory at one moment, as shares of what it may use.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sample {
    /// When, in ns since the epoch.
    pub time: Nanos,
    /// Percent of the processors that it may use.
    pub cpu: Option<f64>,
    /// Percent of the memory that it may use.
    pub memory: Option<f64>,
}

impl Sample {
    /// Of what a deployment uses. `machine` has the machine's processors and memory.
    pub fn of(deployment: &Deployment, usage: &Usage, machine: Machine, time: Nanos) -> Sample {
        let cpus = allowance(deployment, usage, machine);
        let cpu = usage.cpu_percent.zip(cpus).map(|(percent, cpus)| percent / cpus);
        let limit = memory_limit(deployment, Some(usage), machine);
        let memory = usage.memory.zip(limit).map(|(used, limit)| used as f64 / limit as f64 * 100.0);
        Sample { time, cpu, memory }
    }
}

/// The engine's machine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Machine {
    /// Processors.
    pub cpus: Option<u32>,
    /// Memory in bytes.
    pub memory: Option<u64>,
}

/// Processors that a deployment may use.
pub fn allowance(deployment: &Deployment, usage: &Usage, machine: Machine) -> Option<f64> {
    let own = deployment.details.as_ref().and_then(|details| details.nano_cpus);
    let own = own.map(|nano| nano as f64 / 1e9);
    own.or_else(|| usage.cpus.or(machine.cpus).map(f64::from)).filter(|cpus| *cpus > 0.0)
}

/// Bytes of memory that a deployment may use: its limit, or the machine's memory where it has none. Never 0.
pub fn memory_limit(deployment: &Deployment, usage: Option<&Usage>, machine: Machine) -> Option<u64> {
    let own = deployment.details.as_ref().and_then(|details| details.memory_limit);
    let limit = own.or_else(|| usage.and_then(|usage| usage.memory_limit)).or(machine.memory)?;
    // No limit is written as a number beyond every machine.
    Some(limit.min(machine.memory.unwrap_or(u64::MAX))).filter(|limit| *limit > 0)
}

/// What happened to a deployment lately, from the engine's events.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lately {
    /// Times of restarts: starts behind an end, by policy or by hand.
    pub restarts: Vec<Nanos>,
    /// When one of its processes was killed for want of memory.
    pub out_of_memory: Option<Nanos>,
    /// It ended, and has not started since.
    ended: bool,
}

impl Lately {
    /// Adds an event; they come in the order of time.
    pub fn add(&mut self, happening: &Happening) {
        let Some(time) = happening.time else { return };
        match happening.action {
            Action::Die => self.ended = true,
            Action::Start if std::mem::take(&mut self.ended) => self.restarts.push(time),
            Action::OutOfMemory => self.out_of_memory = Some(time),
            _ => {}
        }
    }
}

/// Tool calls of a deployment in the last five minutes, as its log shows them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ToolCalls {
    /// Calls.
    pub calls: u64,
    /// Those that failed.
    pub errors: u64,
}

/// Everything that health is judged by.
#[derive(Clone, Copy, Debug)]
pub struct Signs<'a> {
    /// The deployment, with its details where they are known.
    pub deployment: &'a Deployment,
    /// What it used, oldest first; empty where nothing was measured.
    pub samples: &'a [Sample],
    /// What happened to it in the window for restarts; `None` where the engine does not say.
    pub lately: Option<&'a Lately>,
    /// Its tool calls; `None` where nobody read its log.
    pub tools: Option<ToolCalls>,
    /// Now, in ns since the epoch.
    pub now: Nanos,
}

/// Signs found so far.
struct Found(Vec<(Level, String)>);

impl Found {
    fn add(&mut self, level: Level, reason: impl Into<String>) {
        self.0.push((level, reason.into()));
    }
}

/// How a deployment is doing.
pub fn judge(signs: &Signs<'_>, limits: &Thresholds) -> Health {
    let deployment = signs.deployment;
    let mut found = Found(Vec::new());
    judge_state(deployment, &mut found);
    if is_alive(&deployment.state) {
        judge_check(deployment, &mut found);
        judge_usage(signs, limits, &mut found);
        judge_tools(signs, limits, &mut found);
    }
    judge_past(signs, limits, &mut found);
    let level = found.0.iter().map(|(level, _)| *level).max().unwrap_or(Level::Unknown);
    let reasons = found.0.into_iter().filter(|(own, reason)| *own == level && !reason.is_empty());
    Health { level, reasons: reasons.map(|(_, reason)| reason).collect() }
}

fn is_alive(state: &State) -> bool {
    matches!(state, State::Running | State::Restarting)
}

fn judge_state(deployment: &Deployment, found: &mut Found) {
    match &deployment.state {
        State::Running => found.add(Level::Healthy, ""),
        // How bad that is depends on how often it happened.
        State::Restarting => found.add(
            Level::Warning,
            match deployment.exit_code {
                Some(code) if code != 0 => format!("ended with {} and is being started again", exit(code)),
                _ => "is being started again".to_owned(),
            },
        ),
        State::Dead => found.add(Level::Critical, "dead: the engine can neither start nor remove it"),
        State::Exited => match deployment.exit_code {
            Some(0) => found.add(Level::Unknown, "ended without an error"),
            Some(code) => found.add(Level::Critical, format!("ended with {}", exit(code))),
            None => found.add(Level::Unknown, "ended; the engine does not say how"),
        },
        State::Created => match deployment.details.as_ref().and_then(|details| details.error.as_deref()) {
            Some(error) => found.add(Level::Critical, format!("could not be started: {error}")),
            None => found.add(Level::Unknown, "never started"),
        },
        State::Paused => found.add(Level::Unknown, "paused"),
        State::Removing => found.add(Level::Unknown, "being removed"),
        State::Other(word) => found.add(Level::Unknown, format!("the engine says '{word}'")),
        State::Unknown => found.add(Level::Unknown, "the engine does not say what it does"),
    }
}

/// An exit code, with the signal that it stands for.
fn exit(code: i64) -> String {
    let signal = match code {
        129 => " (SIGHUP)",
        130 => " (SIGINT)",
        132 => " (SIGILL)",
        134 => " (SIGABRT)",
        135 => " (SIGBUS)",
        136 => " (SIGFPE)",
        137 => " (SIGKILL)",
        139 => " (SIGSEGV)",
        143 => " (SIGTERM)",
        _ => "",
    };
    format!("exit code {code}{signal}")
}

fn judge_check(deployment: &Deployment, found: &mut Found) {
    match &deployment.health {
        Some(Check::Unhealthy) => {
            let last = deployment.details.as_ref().and_then(|details| details.checks.last());
            let said = last.and_then(|text| text.lines().map(str::trim).find(|line| !line.is_empty()));
            found.add(
                Level::Critical,
                match said {
                    Some(said) => format!("its health check fails: {said}"),
                    None => "its health check fails".to_owned(),
                },
            );
        }
        Some(Check::Starting) => found.add(Level::Warning, "its health check is still starting"),
        Some(Check::Healthy | Check::Other(_)) | None => {}
    }
}

fn judge_usage(signs: &Signs<'_>, limits: &Thresholds, found: &mut Found) {
    let since = signs.now.saturating_sub(limits.sustained);
    // A little earlier than a minute ago is a minute ago: samples come when they come.
    let recent: Vec<&Sample> = signs.samples.iter().filter(|sample| sample.time >= since).collect();
    let Some(last) = recent.last() else { return };
    let over = |read: fn(&Sample) -> Option<f64>, limit: f64| {
        recent.iter().all(|sample| read(sample).is_some_and(|value| value > limit))
    };
    if let Some(cpu) = last.cpu.filter(|_| over(|sample| sample.cpu, limits.cpu)) {
        found.add(Level::Warning, format!("uses {cpu:.0} % of the processors that it may use"));
    }
    if let Some(memory) = last.memory.filter(|_| over(|sample| sample.memory, limits.memory)) {
        found.add(Level::Warning, format!("uses {memory:.0} % of the memory that it may use"));
    }
}

fn judge_tools(signs: &Signs<'_>, limits: &Thresholds, found: &mut Found) {
    let Some(ToolCalls { calls, errors }) = signs.tools.filter(|tools| tools.calls > 0) else { return };
    if errors as f64 * 100.0 > limits.tool_errors * calls as f64 {
        found.add(Level::Warning, format!("{errors} of {calls} tool calls failed"));
    }
}

fn judge_past(signs: &Signs<'_>, limits: &Thresholds, found: &mut Found) {
    let deployment = signs.deployment;
    let since = signs.now.saturating_sub(limits.restart_window);
    let minutes = limits.restart_window / (60 * SECOND);
    let details = deployment.details.as_deref();
    let lately = signs.lately;
    let ran_out = lately.and_then(|lately| lately.out_of_memory).is_some_and(|time| time >= since);
    if details.is_some_and(|details| details.out_of_memory) || ran_out {
        found.add(Level::Critical, "ran out of memory");
    }
    let restarts = restarts_since(signs, since);
    if restarts == 0 || !is_alive(&deployment.state) {
        return;
    }
    let times = if restarts == 1 { "restarted".to_owned() } else { format!("restarted {restarts} times") };
    let level = if restarts >= limits.restarts.max(1) { Level::Critical } else { Level::Warning };
    found.add(level, format!("{times} in the last {minutes} minutes"));
}

/// Restarts that are known to have happened since a time.
pub fn restarts_since(signs: &Signs<'_>, since: Nanos) -> u32 {
    let told = signs.lately.map_or(0, |lately| lately.restarts.iter().filter(|time| **time >= since).count());
    let details = signs.deployment.details.as_deref();
    let counted = details.and_then(|details| {
        let count = details.restarts?;
        if signs.deployment.created.is_some_and(|created| created >= since) {
            // All of them are younger than the container.
            return Some(count);
        }
        Some(u64::from(count > 0 && details.started.is_some_and(|started| started >= since)))
    });
    let counted = counted.and_then(|count| u32::try_from(count).ok()).unwrap_or(0);
    u32::try_from(told).unwrap_or(u32::MAX).max(counted)
}

#[cfg(test)]
mod tests;
