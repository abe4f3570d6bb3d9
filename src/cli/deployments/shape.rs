//! The JSON shapes of deployments.
//!
//! | command | shape |
//! |---|---|
//! | `status` | `{"deployments": […], "backend_health": {…}, "summary": {…}}`, nested |
//! | `status NAME` | one such deployment |
//! | `list` | `[…]`, flat, `id` = the deployment's name |
//! | `list-deployments` | `[…]`, flat, `id` = the container's short id |

use crate::event::{Nanos, SECOND, time};
use crate::platform::deployment::{Check, Deployment, State};
use crate::platform::health::{Health, Level, Machine, Signs, Thresholds, judge, memory_limit};
use crate::platform::survey::Seen;
use crate::platform::{Client, deployment};

use super::node::{Node, Object};
use super::words;

/// What is written of a deployment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::cli) struct Depth {
    /// Health and state only.
    pub(in crate::cli) health_only: bool,
    /// Network, disk and the rest, too.
    pub(in crate::cli) detailed: bool,
}

/// The template's name; readers index it without asking whether it is there.
fn template(deployment: &Deployment) -> &str {
    deployment.template.as_deref().unwrap_or("unknown")
}

fn seconds(time: Nanos) -> i64 {
    time / SECOND
}

fn when(time: Option<Nanos>) -> Option<String> {
    time.map(time::to_rfc3339)
}

/// One deployment as `status` writes it.
pub(in crate::cli) fn nested(seen: &Seen, machine: Machine, client: &Client, depth: Depth) -> Node {
    let one = &seen.deployment;
    let details = one.details.as_deref();
    let usage = seen.usage.as_ref();
    let mut status = Object::default()
        .add("health", seen.health.level.as_str())
        .add("state", one.state_word())
        .maybe("uptime_seconds", seen.uptime().map(seconds))
        .list("reasons", seen.health.reasons.iter().map(String::as_str));
    if !depth.health_only {
        status = status
            .maybe("restarts", details.and_then(|details| details.restarts))
            .add("restarts_lately", i64::from(seen.restarts_lately))
            .maybe("exit_code", one.exit_code.filter(|_| one.state != State::Running))
            .maybe("check", one.health.as_ref().map(Check::as_str));
    }
    if depth.detailed {
        status = status
            .maybe("created", when(one.created))
            .maybe("started", when(details.and_then(|details| details.started)))
            .maybe("finished", when(details.and_then(|details| details.finished)));
    }
    let object = Object::default()
        .add("deployment_id", one.name.as_str())
        .add("template", Object::default().add("name", template(one)))
        .add("status", status);
    if depth.health_only {
        return object.into();
    }
    let mut container = Object::default()
        .add("id", one.short_id())
        .maybe("image", one.image.as_deref())
        .maybe("memory_usage", usage.and_then(|usage| usage.memory))
        .maybe("memory_limit", memory_limit(one, usage, machine))
        .maybe("cpu_percent", usage.and_then(|usage| usage.cpu_percent));
    if depth.detailed {
        let cpus = details.and_then(|details| details.nano_cpus).map(|nano| nano as f64 / 1e9);
        let cpus = cpus.or_else(|| usage.and_then(|usage| usage.cpus).map(f64::from));
        container = container
            .maybe("cpu_limit", cpus)
            .maybe("processes", usage.and_then(|usage| usage.processes))
            .maybe("network_rx_bytes", usage.and_then(|usage| usage.received))
            .maybe("network_tx_bytes", usage.and_then(|usage| usage.sent))
            .maybe("disk_usage", one.written)
            .maybe("disk_read_bytes", usage.and_then(|usage| usage.disk_read))
            .maybe("disk_write_bytes", usage.and_then(|usage| usage.disk_write))
            .maybe("log_driver", details.and_then(|details| details.log_driver.as_deref()))
            .maybe("ports", Some(words::ports(&one.ports)).filter(|ports| !ports.is_empty()))
            .list("networks", details.iter().flat_map(|details| &details.networks).map(String::as_str));
    }
    object.add("container", container).add("backend_type", client.product().as_str()).into()
}

/// All deployments as `status` writes them.
pub(in crate::cli) fn status(all: &[Seen], machine: Machine, client: &Client, depth: Depth) -> Node {
    let each = all.iter().map(|seen| nested(seen, machine, client, depth)).collect();
    let count = |level: Level| all.iter().filter(|seen| seen.health.level == level).count() as i64;
    let running = all.iter().filter(|seen| seen.deployment.state == State::Running).count() as i64;
    let backend = Object::default().add("status", "healthy").add("deployment_count", all.len() as i64);
    Object::default()
        .add("deployments", Node::List(each))
        .add("backend_health", Object::default().add(client.product().as_str(), backend))
        .add(
            "summary",
            Object::default()
                .add("total_deployments", all.len() as i64)
                .add("running_deployments", running)
                .add("healthy", count(Level::Healthy))
                .add("warning", count(Level::Warning))
                .add("critical", count(Level::Critical))
                .add("unknown", count(Level::Unknown)),
        )
        .into()
}

/// What a list alone says of health: nothing was measured, and nothing is known of the past.
pub(in crate::cli) fn listed_health(deployment: &Deployment) -> Health {
    let signs = Signs { deployment, samples: &[], lately: None, tools: None, now: 0 };
    judge(&signs, &Thresholds::default())
}

fn flat(one: &Deployment, id: &str, health: Level, client: &Client) -> Object {
    let ports = words::ports(&one.ports);
    let outside = one.ports.iter().find_map(|port| port.outside.as_ref().map(|(_, port)| *port));
    let transport = one.details.as_ref().and_then(|details| details.transport.as_deref());
    // As the platform deploys: a server without ports speaks over standard input.
    let guessed = if one.ports.is_empty() { "stdio" } else { "http" };
    let since = one.status.as_deref().and_then(|status| status.strip_prefix("Up "));
    let since = since.map(|since| since.split(" (").next().unwrap_or(since));
    Object::default()
        .add("id", id)
        .add("name", one.name.as_str())
        .add("template", template(one))
        .add("state", one.state_word())
        .maybe("status", one.status.as_deref())
        .add("running", one.state == State::Running)
        .maybe("created", when_created(one))
        .maybe("since", since)
        .maybe("image", one.image.as_deref())
        .add("ports", ports)
        .maybe("endpoint", outside.map(|port| format!("http://localhost:{port}")))
        .add("transport", transport.unwrap_or(guessed))
        .add("health", health.as_str())
        .add("backend_type", client.product().as_str())
}

/// `2026-11-22 12:00:01 +0000 UTC`, as the platform writes it.
fn when_created(one: &Deployment) -> Option<String> {
    let time = chrono::DateTime::from_timestamp(one.created?.div_euclid(SECOND), 0)?;
    Some(time.format("%Y-%m-%d %H:%M:%S +0000 UTC").to_string())
}

/// `list --format json`.
pub(in crate::cli) fn list(all: &[Deployment], client: &Client) -> Node {
    let each = all.iter().map(|one| flat(one, &one.name, listed_health(one).level, client).into());
    Node::List(each.collect())
}

/// `list --status --format json`: the same, with what `status` found.
pub(in crate::cli) fn list_status(all: &[Seen], machine: Machine, client: &Client) -> Node {
    let each = all.iter().map(|seen| {
        let usage = seen.usage.as_ref();
        flat(&seen.deployment, &seen.deployment.name, seen.health.level, client)
            .list("reasons", seen.health.reasons.iter().map(String::as_str))
            .maybe("uptime_seconds", seen.uptime().map(seconds))
            .maybe("cpu_percent", usage.and_then(|usage| usage.cpu_percent))
            .maybe("memory_usage", usage.and_then(|usage| usage.memory))
            .maybe("memory_limit", memory_limit(&seen.deployment, usage, machine))
            .into()
    });
    Node::List(each.collect())
}

/// `list-deployments --format json`.
pub(in crate::cli) fn list_deployments(all: &[deployment::Deployment], client: &Client) -> Node {
    let each = all.iter().map(|one| flat(one, one.short_id(), listed_health(one).level, client).into());
    Node::List(each.collect())
}
