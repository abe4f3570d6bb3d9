//! `container_files`: reads the log files of container engines where they lie; no engine is asked.
//!
//! * Name, labels and image come from Docker's `config.v2.json` beside the log, for Kubernetes from the path.
//! * Rotated files beside a log are read before it.
//! * A container whose log is gone has ended; mcpp's own container is never read.

mod metadata;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use glob::Pattern;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;
use tokio::runtime::Handle;

use super::matching::{Paths, longest, read_longest};
use super::read::{self, Finder, Found, Place, container_seed};
use super::{Emit, Kind, RunMode, Shutdown, Source, SourceError, text_schema};
use crate::config::units::Size;
use crate::config::{Diags, Settings};
use crate::event::{BoxFuture, Schema};

/// Its line in the list of kinds.
pub const KIND: Kind = Kind {
    name: "container_files",
    summary: "reads the log files of container engines, without asking the engine",
    schema: || schemars::schema_for!(ContainerFilesSettings),
    build,
};

/// Reads the log files of Docker, Kubernetes and Podman where they lie, without asking an engine. Name, labels and image
/// of a container come from the files beside its log or from the path.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ContainerFilesSettings {
    /// Paths and patterns of the log files; rotated files beside them (`*.log.1`, `*.log.2.gz`) are read before.
    #[serde(default = "paths")]
    pub paths: Vec<String>,
    /// Paths and patterns of files to leave out.
    #[serde(default)]
    pub exclude: Vec<String>,
    /// Only containers with one of these names; patterns such as `mcp-*`.
    #[serde(default)]
    pub names: Vec<String>,
    /// Only containers with all of these labels, such as `managed-by: mcp-template`; an empty value takes any. Containers
    /// whose labels are not known, as in Kubernetes, do not have them.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    /// Longest line, from `128KiB` to `64MiB`: a longer one is cut there, marked and counted.
    #[serde(default = "longest")]
    pub longest_line: Size,
}

fn paths() -> Vec<String> {
    ["/var/lib/docker/containers/*/*-json.log", "/var/log/pods/*/*/*.log"].map(str::to_owned).to_vec()
}

fn build(given: &Settings<'_>, diags: &mut Diags) -> Option<Box<dyn Source>> {
    let settings: ContainerFilesSettings = match given.decode() {
        Ok(settings) => settings,
        Err(error) => {
            diags.error(given.range(), error, "these settings", None);
            return None;
        }
    };
    let longest = read_longest(given, diags, settings.longest_line);
    let paths = Paths::read(given, diags, ("paths", &settings.paths), ("exclude", &settings.exclude));
    let mut names = Vec::new();
    for (at, text) in settings.names.iter().enumerate() {
        match Pattern::new(text) {
            Ok(pattern) => names.push(pattern),
            Err(error) => {
                let range = given.range_at(&["names", &at.to_string()]);
                diags.error(range, "this is no pattern of names", error.msg, None);
            }
        }
    }
    if names.len() < settings.names.len() {
        return None;
    }
    Some(Box::new(ContainerFiles { paths: paths?, names, labels: settings.labels, longest: longest? }))
}

/// See the module.
#[derive(Debug)]
pub struct ContainerFiles {
    paths: Paths,
    names: Vec<Pattern>,
    labels: BTreeMap<String, String>,
    longest: usize,
}

impl Source for ContainerFiles {
    fn schema(&self) -> Schema {
        text_schema("container_files")
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
        let what = self.paths.shown();
        let longest = self.longest;
        Box::pin(async move {
            let handle = Handle::current();
            let task = move || read::run(self, &what, longest, &emit, mode, shutdown, &handle);
            match tokio::task::spawn_blocking(task).await {
                Ok(result) => result,
                Err(error) => std::panic::resume_unwind(error.into_panic()),
            }
        })
    }
}

impl Finder for ContainerFiles {
    fn paths(&mut self) -> Vec<PathBuf> {
        self.paths.now()
    }

    fn wants(&self, path: &Path) -> bool {
        self.paths.wants(path)
    }

    fn describe(&mut self, path: &Path, _backlog: Vec<PathBuf>) -> Option<Found> {
        let known = metadata::of(path);
        if metadata::is_own(&known.key) {
            return None;
        }
        let name = known.origin.deployment.clone().unwrap_or_default();
        let wanted = self.names.is_empty() || self.names.iter().any(|pattern| pattern.matches(&name));
        let labelled = self.labels.iter().all(|(key, value)| {
            known.origin.labels.iter().any(|(k, v)| k == key && (value.is_empty() || v == value))
        });
        (wanted && labelled).then(|| Found {
            path: path.to_owned(),
            name,
            container_seed: Some(container_seed(&known.key)),
            key: known.key,
            origin: known.origin,
            backlog: None,
            ends_when_gone: true,
            tracked: false,
            since: None,
            gaps: None,
        })
    }

    fn path_of(&self, _key: &str, position: &Value) -> Option<PathBuf> {
        Place::path_of(position)
    }
}

#[cfg(test)]
mod tests;
