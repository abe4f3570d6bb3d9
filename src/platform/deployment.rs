//! Deployments: containers as the engine lists and inspects them, in plain words.
//!
//! * A deployment is a container, and its name is the container's.
//! * What the engine does not say, or says in a way that is not understood, is `None`; nothing else suffers for it.
//! * A list alone fills the first part; [`Client::inspect`] fills the rest.

use std::fmt;

use crate::event::{Nanos, Origin, SECOND, template_of, time};

use super::answers::{Inspected, Listed, ListedPort};
use super::client::{Client, ClientError, to_url};

/// Largest list: ten thousand containers with every label take a tenth of it.
const LIST: usize = 256 << 20;

/// Largest answer about one container.
const ONE: usize = 8 << 20;

/// Label that holds the template.
pub const TEMPLATE: &str = "template";

/// A container, under the name that people know it by.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Deployment {
    /// Full id of the container.
    pub id: String,
    /// Its name, without the slash that engines put before it; the short id where it has none.
    pub name: String,
    /// The label `template`, else what a name of the platform's shape says.
    pub template: Option<String>,
    /// The image as the container was made from it.
    pub image: Option<String>,
    /// Labels in the engine's order.
    pub labels: Vec<(String, String)>,
    /// Project of compose.
    pub project: Option<String>,
    /// Service of compose.
    pub service: Option<String>,
    /// What it does.
    pub state: State,
    /// The engine's sentence about it, such as `Up 5 minutes (healthy)`.
    pub status: Option<String>,
    /// What its health check says; `None` where it has none or nothing is known.
    pub health: Option<Check>,
    /// When it was made, in ns since the epoch.
    pub created: Option<Nanos>,
    /// Ports.
    pub ports: Vec<Port>,
    /// Bytes that it has written to its own layer, where they were asked for.
    pub written: Option<u64>,
    /// How its last run ended; 0 also while it runs.
    pub exit_code: Option<i64>,
    /// What only [`Client::inspect`] tells.
    pub details: Option<Box<Details>>,
}

/// What an engine tells of one container only.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Details {
    /// How often the engine has started it again by its restart policy.
    pub restarts: Option<u64>,
    /// Whether its last run was ended for want of memory.
    pub out_of_memory: bool,
    /// Why it could not be started.
    pub error: Option<String>,
    /// When its last run began, in ns since the epoch.
    pub started: Option<Nanos>,
    /// When its last run ended, in ns since the epoch.
    pub finished: Option<Nanos>,
    /// Whether it writes to a terminal: one stream, without frames.
    pub tty: bool,
    /// Whether its standard input is open: a server that speaks over it.
    pub open_stdin: bool,
    /// Whether it is removed at its end, with its log.
    pub auto_remove: bool,
    /// Driver of its log, such as `json-file`.
    pub log_driver: Option<String>,
    /// File of its log on the engine's machine.
    pub log_path: Option<String>,
    /// Limit of memory in bytes; `None` = the machine's.
    pub memory_limit: Option<u64>,
    /// Processors that it may use, in billionths of one; `None` = the machine's.
    pub nano_cpus: Option<u64>,
    /// Environment variable `MCP_TRANSPORT`.
    pub transport: Option<String>,
    /// Networks that it is in.
    pub networks: Vec<String>,
    /// What the last runs of its health check printed, the latest last.
    pub checks: Vec<String>,
}

/// What a container does.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum State {
    /// It was made and never ran.
    Created,
    /// It runs.
    Running,
    /// It is frozen.
    Paused,
    /// It ended and is being started again.
    Restarting,
    /// It is being removed.
    Removing,
    /// It ended.
    Exited,
    /// It could not be removed, and cannot be started.
    Dead,
    /// Anything else, as the engine writes it.
    Other(String),
    /// The engine does not say.
    #[default]
    Unknown,
}

impl State {
    /// Reads Docker's words and Podman's.
    pub fn parse(text: &str) -> State {
        match text {
            "created" | "configured" | "initialized" => State::Created,
            "running" => State::Running,
            "paused" => State::Paused,
            "restarting" => State::Restarting,
            "removing" => State::Removing,
            "exited" | "stopped" => State::Exited,
            "dead" => State::Dead,
            "" => State::Unknown,
            other => State::Other(other.to_owned()),
        }
    }

    /// Docker's word for it.
    pub fn as_str(&self) -> &str {
        match self {
            State::Created => "created",
            State::Running => "running",
            State::Paused => "paused",
            State::Restarting => "restarting",
            State::Removing => "removing",
            State::Exited => "exited",
            State::Dead => "dead",
            State::Other(word) => word,
            State::Unknown => "unknown",
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What a health check says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Check {
    /// It has not run often enough to say.
    Starting,
    /// All is well.
    Healthy,
    /// Something is wrong.
    Unhealthy,
    /// Anything else, as the engine writes it.
    Other(String),
}

impl Check {
    /// Reads an engine's word; no check is `None`.
    pub fn parse(text: &str) -> Option<Check> {
        match text {
            "" | "none" => None,
            "starting" => Some(Check::Starting),
            "healthy" => Some(Check::Healthy),
            "unhealthy" => Some(Check::Unhealthy),
            other => Some(Check::Other(other.to_owned())),
        }
    }

    /// The engine's word for it.
    pub fn as_str(&self) -> &str {
        match self {
            Check::Starting => "starting",
            Check::Healthy => "healthy",
            Check::Unhealthy => "unhealthy",
            Check::Other(word) => word,
        }
    }

    /// Reads `Up 5 minutes (health: starting)`.
    fn from_status(status: &str) -> Option<Check> {
        let inside = status.strip_suffix(')')?.rsplit_once('(')?.1;
        let word = inside.strip_prefix("health: ").unwrap_or(inside);
        matches!(word, "starting" | "healthy" | "unhealthy").then(|| Check::parse(word)).flatten()
    }
}

/// A port of a container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Port {
    /// Inside.
    pub inside: u16,
    /// `tcp` or `udp`.
    pub protocol: String,
    /// Outside, with the address it listens at, if it is open there.
    pub outside: Option<(String, u16)>,
}

impl Port {
    fn from_listed(port: &ListedPort) -> Option<Port> {
        let number = |n: Option<i64>| n.and_then(|n| u16::try_from(n).ok()).filter(|n| *n > 0);
        Some(Port {
            inside: number(port.private_port)?,
            protocol: port.protocol.clone().unwrap_or_else(|| "tcp".to_owned()),
            outside: number(port.public_port).map(|n| (port.address.clone().unwrap_or_default(), n)),
        })
    }
}

impl Deployment {
    /// The first twelve digits of the id.
    pub fn short_id(&self) -> &str {
        self.id.get(..12).unwrap_or(&self.id)
    }

    /// A label by its name.
    pub fn label(&self, key: &str) -> Option<&str> {
        self.labels.iter().find(|(k, _)| k == key).map(|(_, value)| value.as_str())
    }

    /// Whether it ended with an error, and nothing starts it again.
    pub fn has_failed(&self) -> bool {
        let with_error = self.exit_code.is_some_and(|code| code != 0);
        self.state == State::Exited && with_error || self.state == State::Dead
    }

    /// The word for its state: the engine's, with `failed` for an end with an error.
    pub fn state_word(&self) -> &str {
        if self.has_failed() { "failed" } else { self.state.as_str() }
    }

    /// Since when it runs, if it does and the engine told.
    pub fn running_since(&self) -> Option<Nanos> {
        let runs = matches!(self.state, State::Running | State::Paused);
        self.details.as_ref()?.started.filter(|_| runs)
    }

    /// What an event of this container carries.
    pub fn to_origin(&self) -> Origin {
        Origin {
            deployment: Some(self.name.clone()),
            template: self.template.clone(),
            container: Some(self.id.clone()),
            image: self.image.clone(),
            labels: self.labels.clone(),
        }
    }

    /// What a list says; `None` without an id, by which alone it can be asked about.
    fn from_listed(listed: Listed) -> Option<Deployment> {
        let id = listed.id?;
        let status = listed.status;
        let mut deployment = Deployment {
            // A container has further names, `/other/alias`, where legacy links point to it.
            name: own_name(&listed.names, &id),
            image: listed.image,
            state: State::parse(listed.state.as_deref().unwrap_or_default()),
            health: status.as_deref().and_then(Check::from_status),
            exit_code: status.as_deref().and_then(exit_code_in),
            status,
            created: listed.created.and_then(|seconds| seconds.checked_mul(SECOND)),
            ports: listed.ports.iter().filter_map(Port::from_listed).collect(),
            written: listed.size_rw.and_then(|bytes| u64::try_from(bytes).ok()),
            id,
            ..Deployment::default()
        };
        deployment.set_labels(listed.labels);
        Some(deployment)
    }

    fn set_labels(&mut self, labels: Vec<(String, String)>) {
        self.labels = labels;
        let known = |keys: &[&str]| {
            let value = keys.iter().find_map(|key| self.label(key));
            value.filter(|value| !value.is_empty()).map(str::to_owned)
        };
        let template = known(&[TEMPLATE]).or_else(|| template_of(&self.name).map(str::to_owned));
        let project = known(&["com.docker.compose.project", "io.podman.compose.project"]);
        let service = known(&["com.docker.compose.service", "io.podman.compose.service"]);
        (self.template, self.project, self.service) = (template, project, service);
    }

    /// Takes over what inspecting says; what it leaves out stays as it was.
    fn take(&mut self, seen: Inspected) {
        if let Some(name) = &seen.name {
            self.name = own_name(std::slice::from_ref(name), &self.id);
        }
        if let Some(state) = &seen.state.status {
            self.state = State::parse(state);
        }
        let listed = std::mem::take(&mut self.labels);
        self.set_labels(if seen.config.labels.is_empty() { listed } else { seen.config.labels });
        self.image = seen.config.image.or_else(|| self.image.take());
        self.exit_code = seen.state.exit_code.or(self.exit_code);
        self.created = seen.created.as_deref().and_then(read_time).or(self.created);
        let written = seen.size_rw.and_then(|bytes| u64::try_from(bytes).ok());
        self.written = written.or(self.written);
        if let Some(word) = &seen.state.health.status {
            self.health = Check::parse(word);
        }
        let host = seen.host_config;
        let positive = |n: Option<i64>| n.and_then(|n| u64::try_from(n).ok()).filter(|n| *n > 0);
        let quota = || {
            let period = positive(host.cpu_period).unwrap_or(100_000);
            Some((u128::from(positive(host.cpu_quota)?) * 1_000_000_000 / u128::from(period)) as u64)
        };
        let set = || host.cpuset_cpus.as_deref().and_then(cpus_in).map(|n| n * 1_000_000_000);
        let transport = seen.config.env.iter().find_map(|line| line.strip_prefix("MCP_TRANSPORT="));
        self.details = Some(Box::new(Details {
            restarts: seen.restart_count.and_then(|n| u64::try_from(n).ok()),
            out_of_memory: seen.state.oom_killed.unwrap_or(false),
            error: seen.state.error,
            started: seen.state.started_at.as_deref().and_then(read_time),
            finished: seen.state.finished_at.as_deref().and_then(read_time),
            tty: seen.config.tty.unwrap_or(false),
            open_stdin: seen.config.open_stdin.unwrap_or(false),
            auto_remove: host.auto_remove.unwrap_or(false),
            log_driver: host.log_config.driver,
            // Podman's file is not the `LogPath` of Docker.
            log_path: seen.log_path.or(host.log_config.path),
            memory_limit: positive(host.memory),
            nano_cpus: positive(host.nano_cpus).or_else(quota).or_else(set),
            transport: transport.map(str::to_owned),
            networks: seen.network_settings.networks,
            checks: seen.state.health.log.into_iter().filter_map(|run| run.output).collect(),
        }));
    }
}

fn own_name(names: &[String], id: &str) -> String {
    let plain = |name: &String| {
        let name = name.strip_prefix('/').unwrap_or(name);
        (!name.is_empty() && !name.contains('/')).then(|| name.to_owned())
    };
    names.iter().find_map(plain).unwrap_or_else(|| id.get(..12).unwrap_or(id).to_owned())
}

/// Reads `Exited (137) 5 minutes ago`; a restarting container has ended too.
fn exit_code_in(status: &str) -> Option<i64> {
    let rest = status.strip_prefix("Exited (").or_else(|| status.strip_prefix("Restarting ("))?;
    rest.split_once(')')?.0.parse().ok()
}

/// A time of the engine's; the year 1 stands for none.
fn read_time(text: &str) -> Option<Nanos> {
    if text.starts_with("0001-") {
        return None;
    }
    time::parse_rfc3339(text.as_bytes())
}

/// How many processors `0-3,7` names.
fn cpus_in(set: &str) -> Option<u64> {
    let mut count = 0u64;
    for part in set.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last): (u64, u64) = (first.trim().parse().ok()?, last.trim().parse().ok()?);
        count = count.saturating_add(last.checked_sub(first)?.saturating_add(1));
    }
    (1..=1 << 16).contains(&count).then_some(count)
}

impl Client {
    /// Every container, running or not; with `sizes` the engine also adds up what each has written, which takes it long.
    pub async fn containers(&self, sizes: bool) -> Result<Vec<Deployment>, ClientError> {
        #[derive(Default)]
        struct All(Vec<Listed>);
        impl<'de> serde::Deserialize<'de> for All {
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                super::loose::objects(from).map(All)
            }
        }
        let path = if sizes { "/containers/json?all=1&size=1" } else { "/containers/json?all=1" };
        let All(listed) = self.get_json(path, LIST).await?;
        Ok(listed.into_iter().filter_map(Deployment::from_listed).collect())
    }

    /// One container, by id or name, with all details. One that is gone is [`ClientError::NotFound`].
    pub async fn inspect(&self, id: &str) -> Result<Deployment, ClientError> {
        let seen: Inspected = self.get_json(&format!("/containers/{}/json", to_url(id)), ONE).await?;
        let id = seen.id.clone().unwrap_or_else(|| id.to_owned());
        let mut deployment = Deployment { id, ..Deployment::default() };
        deployment.take(seen);
        Ok(deployment)
    }

    /// Fills in the details of a listed container; with `size` also what it has written, which takes the engine long.
    pub async fn inspect_into(&self, deployment: &mut Deployment, size: bool) -> Result<(), ClientError> {
        let size = if size { "?size=1" } else { "" };
        let path = format!("/containers/{}/json{size}", to_url(&deployment.id));
        let seen = self.get_json(&path, ONE).await?;
        deployment.take(seen);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
