//! `docker`: follows containers of Docker or Podman through their engine.
//!
//! * The engine says what there is and what happens; the text comes from its log files where they can be read, else from
//!   its API: the same events with the same ids.
//! * Containers are followed as they appear, restart and go, and the engine as well, for ever.
//! * A position holds the place in the file and the last record of each stream, so either reader can go on.
//! * One container that cannot be read never stops the others.
//!
//! [`engine`] keeps the list of containers, [`files`] is what the reader of files asks for, [`reader`] reads one container
//! by the API, which [`frames`] cuts into records; [`life`] tells what happens.

mod backoff;
mod engine;
mod files;
mod frames;
mod life;
mod position;
mod reader;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::matching::{longest, read_longest};
use super::{Emit, Kind, RunMode, Shutdown, Source, SourceError, text_schema};
use crate::config::units::{Size, parse_when};
use crate::config::{Diags, Settings};
use crate::event::{BoxFuture, Field, Nanos, Presence, Schema};
use crate::platform::Product;
use crate::platform::engine::Wanted;
use crate::platform::select::{Label, Selection};

/// Its line in the list of kinds.
pub const KIND: Kind = Kind {
    name: "docker",
    summary: "follows containers of Docker or Podman through their engine",
    schema: || schemars::schema_for!(DockerSettings),
    build,
};

/// Follows the containers of a Docker or Podman engine as they appear, restart and go. Their log files are read where that is
/// possible, else the engine's API: the same events either way. mcpp's own container is never read.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DockerSettings {
    /// Every MCP deployment: containers with the label `managed-by=mcp-template`, `template` or `mcpp.collect=true`. Holds
    /// also where nothing else is selected.
    #[serde(default)]
    pub all: bool,
    /// Names of containers, patterns such as `mcp-*`, ids of at least twelve digits, templates.
    #[serde(default)]
    pub targets: Vec<String>,
    /// Only containers with all of these labels; an empty value takes any.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    /// Only containers in one of these projects of compose.
    #[serde(default)]
    pub projects: Vec<String>,
    /// Names, patterns, ids and templates to leave out.
    #[serde(default)]
    pub exclude: Vec<String>,
    /// Address of the engine, such as `unix:///var/run/docker.sock` or `tcp://machine:2376`. Without it: `DOCKER_HOST`,
    /// Docker's context, then the usual sockets of Docker and Podman.
    pub host: Option<String>,
    /// Take only an engine of this kind.
    pub backend: Option<Backend>,
    /// Tell also what happens to the containers (start, exit, out of memory, restart, health, gaps) as events with
    /// `event.kind`.
    #[serde(default)]
    pub events: bool,
    /// How the text is read.
    #[serde(default)]
    pub read: Read,
    /// Read nothing older: `5m` before now, `2026-01-27T16:47Z`.
    pub since: Option<String>,
    /// Longest line, from `128KiB` to `64MiB`: a longer one is cut there, marked and counted.
    #[serde(default = "longest")]
    pub longest_line: Size,
}

/// Which engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Backend {
    /// Docker.
    Docker,
    /// Podman.
    Podman,
}

/// How the text of containers is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Read {
    /// From the log file where it can be read, else by the API.
    #[default]
    Auto,
    /// From log files only.
    File,
    /// By the API only.
    Api,
}

fn build(given: &Settings<'_>, diags: &mut Diags) -> Option<Box<dyn Source>> {
    let settings: DockerSettings = match given.decode() {
        Ok(settings) => settings,
        Err(error) => {
            diags.error(given.range(), error, "these settings", None);
            return None;
        }
    };
    let longest = read_longest(given, diags, settings.longest_line);
    let mut since = None;
    if let Some(text) = &settings.since {
        match parse_when(text, reader::wall(), false) {
            Ok(time) => since = Some(time),
            Err(why) => {
                diags.error(given.range_at(&["since"]), why, "no time", None);
                return None;
            }
        }
    }
    let label = |(key, value): (&String, &String)| Label {
        key: key.clone(),
        value: (!value.is_empty()).then(|| value.clone()),
    };
    let mut selection = Selection {
        all: settings.all,
        targets: settings.targets,
        labels: settings.labels.iter().map(label).collect(),
        projects: settings.projects,
        exclude: settings.exclude,
    };
    selection.all |= selection.is_empty();
    let product = settings.backend.map(|backend| match backend {
        Backend::Docker => Product::Docker,
        Backend::Podman => Product::Podman,
    });
    Some(Box::new(Docker {
        selection,
        wanted: Wanted { host: settings.host, product },
        events: settings.events,
        read: settings.read,
        since,
        longest: longest?,
    }))
}

/// See the module.
#[derive(Debug)]
pub struct Docker {
    selection: Selection,
    wanted: Wanted,
    events: bool,
    read: Read,
    since: Option<Nanos>,
    longest: usize,
}

impl Source for Docker {
    fn schema(&self) -> Schema {
        let mut schema = text_schema("docker");
        if self.events {
            schema.set_known(Field::EVENT_KIND, Presence::Maybe, "docker");
        }
        schema
    }

    fn resumes(&self) -> bool {
        true
    }

    fn run(
        self: Box<Self>,
        emit: Emit,
        mode: RunMode,
        shutdown: Shutdown,
    ) -> BoxFuture<'static, Result<(), SourceError>> {
        Box::pin(engine::run(*self, emit, mode, shutdown))
    }
}
