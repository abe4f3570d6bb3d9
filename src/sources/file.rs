//! `file`: reads files of text, NDJSON, JSON arrays or container engines' logs, once or as they grow.
//!
//! * What a file holds, and whether it is compressed, is told by its content.
//! * Rotated files among the paths (`a.log.1`, `a.log-20250127.gz`) are the beginning of the one they were.
//! * A file that cannot be read is a warning; the others go on.

use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;
use tokio::runtime::Handle;

use super::decode::template_of;
use super::matching::{Paths, longest, read_longest};
use super::read::{self, Finder, Found, Place};
use super::{Emit, Kind, RunMode, Shutdown, Source, SourceError, text_schema};
use crate::config::units::Size;
use crate::config::{Diags, Settings};
use crate::event::{BoxFuture, Origin, Schema};

/// Its line in the list of kinds.
pub const KIND: Kind = Kind {
    name: "file",
    summary: "reads files, once or as they grow",
    schema: || schemars::schema_for!(FileSettings),
    build,
};

/// Reads files: text, NDJSON, JSON arrays, Docker's json-file and Kubernetes' logs, also `.gz` and `.zst`; what a file
/// is, is told by its content. Prefixes that tools add (`docker logs -t`, `docker compose logs`,
/// `kubectl logs --prefix --timestamps`, `stern`) are taken off and give deployment and time.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FileSettings {
    /// Paths and patterns (`logs/*.log`, `**/*.log.gz`); relative ones start from the pipeline file's folder. Rotated
    /// files among them (`a.log.1`, `a.log.2.gz`, `a.log-20250127`) are read before the file they were.
    pub paths: Vec<String>,
    /// Paths and patterns of files to leave out.
    #[serde(default)]
    pub exclude: Vec<String>,
    /// Wait for more at the end of the files and for new files. With `false`, and with `--once`, reading ends there.
    #[serde(default = "yes")]
    pub follow: bool,
    /// Name of the deployment that the lines are from, where they do not say it themselves.
    pub deployment: Option<String>,
    /// Longest line, from `128KiB` to `64MiB`: a longer one is cut there, marked and counted.
    #[serde(default = "longest")]
    pub longest_line: Size,
}

fn yes() -> bool {
    true
}

fn build(given: &Settings<'_>, diags: &mut Diags) -> Option<Box<dyn Source>> {
    let settings: FileSettings = match given.decode() {
        Ok(settings) => settings,
        Err(error) => {
            diags.error(given.range(), error, "these settings", None);
            return None;
        }
    };
    let longest = read_longest(given, diags, settings.longest_line);
    let paths = Paths::read(given, diags, ("paths", &settings.paths), ("exclude", &settings.exclude));
    Some(Box::new(FileSource {
        paths: paths?,
        follow: settings.follow,
        deployment: settings.deployment,
        longest: longest?,
    }))
}

/// See the module.
#[derive(Debug)]
pub struct FileSource {
    paths: Paths,
    follow: bool,
    deployment: Option<String>,
    longest: usize,
}

impl Source for FileSource {
    fn schema(&self) -> Schema {
        text_schema("file")
    }

    fn resumes(&self) -> bool {
        true
    }

    fn run(
        self: Box<Self>,
        emit: Emit,
        mut mode: RunMode,
        shutdown: Shutdown,
    ) -> BoxFuture<'static, Result<(), SourceError>> {
        mode.once |= !self.follow;
        for name in self.paths.missing() {
            tracing::warn!(path = name, once = mode.once, "no such file");
        }
        let what = self.paths.shown();
        let longest = self.longest;
        let finder = Files { paths: self.paths, deployment: self.deployment };
        Box::pin(async move {
            let handle = Handle::current();
            let task = move || read::run(Box::new(finder), &what, longest, &emit, mode, shutdown, &handle);
            match tokio::task::spawn_blocking(task).await {
                Ok(result) => result,
                Err(error) => std::panic::resume_unwind(error.into_panic()),
            }
        })
    }
}

struct Files {
    paths: Paths,
    deployment: Option<String>,
}

impl Finder for Files {
    fn paths(&mut self) -> Vec<PathBuf> {
        self.paths.now()
    }

    fn wants(&self, path: &Path) -> bool {
        self.paths.wants(path)
    }

    fn describe(&mut self, path: &Path, backlog: Vec<PathBuf>) -> Option<Found> {
        let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        let named = template_of(&stem).is_some().then_some(stem);
        let deployment = self.deployment.clone().or(named);
        let origin = Origin {
            template: deployment.as_deref().and_then(template_of).map(str::to_owned),
            deployment,
            ..Origin::default()
        };
        let key = path.to_string_lossy().into_owned();
        Some(Found {
            path: path.to_owned(),
            name: key.clone(),
            key,
            origin,
            container_seed: None,
            backlog: Some(backlog),
            ends_when_gone: false,
            tracked: false,
            since: None,
            gaps: None,
        })
    }

    fn path_of(&self, _key: &str, position: &Value) -> Option<PathBuf> {
        Place::path_of(position)
    }
}
