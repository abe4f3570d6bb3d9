//! The container engines and images that `tests/services/up` has made ready, and containers that go away with their test.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

/// A static busybox with its applets, in Docker and in Podman.
pub const BUSYBOX: &str = "mcpp-test/busybox";

/// Python with FastMCP 2, 3 and 4 in `/opt/fastmcp2/bin/python` and so on; in Docker only.
pub const FASTMCP: &str = "mcpp-test/fastmcp";

/// Set on every container of a test: `docker ps --filter label=mcpp.test` shows what one that was killed left behind.
const MARK: &str = "mcpp.test";

/// An engine that answers.
#[derive(Clone, Debug)]
pub struct Engine {
    host: String,
    podman: bool,
}

/// Where an engine is, as `tests/services/up` has written it, else as a variable says.
fn host(key: &str) -> String {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/test-services.env");
    let text = std::fs::read_to_string(file).unwrap_or_default();
    let written = text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('='));
    match written.map(str::to_owned).or_else(|| std::env::var(key).ok()) {
        Some(host) => host,
        None => panic!("no {key}: run tests/services/up"),
    }
}

/// The Docker engine.
pub fn docker() -> Engine {
    Engine { host: host("MCPP_TEST_DOCKER"), podman: false }
}

/// Podman's service.
pub fn podman() -> Engine {
    Engine { host: host("MCPP_TEST_PODMAN"), podman: true }
}

/// An engine that a test has started by itself.
pub fn engine_at(host: impl Into<String>) -> Engine {
    Engine { host: host.into(), podman: false }
}

impl Engine {
    /// Its address, as `DOCKER_HOST` and `--host` want it.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// A call of Docker's client, which also talks to Podman's service.
    pub fn client<S: AsRef<std::ffi::OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Command {
        let mut command = Command::new("docker");
        command.env_remove("DOCKER_CONTEXT").arg("--host").arg(&self.host).args(args).stdin(Stdio::null());
        command
    }

    /// Calls Docker's client, whatever comes of it.
    pub fn call<S: AsRef<std::ffi::OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Output {
        self.client(args).output().expect("docker can be started: run tests/services/up")
    }

    /// Calls Docker's client, which must succeed, and gives its standard output without the last newline.
    #[track_caller]
    pub fn ask<S: AsRef<std::ffi::OsStr>>(&self, args: impl IntoIterator<Item = S>) -> String {
        let args: Vec<_> = args.into_iter().map(|arg| arg.as_ref().to_owned()).collect();
        let output = self.call(&args);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "docker --host {} {args:?}: {said}", self.host);
        String::from_utf8_lossy(&output.stdout).trim_end_matches('\n').to_owned()
    }

    /// A container to be, without network; see [`New::start`].
    pub fn container(&self, name: impl Into<String>, image: &str) -> New {
        let mut options = Vec::new();
        if self.podman {
            // Its defaults are above what machines of tests allow.
            options.extend(["--ulimit=nofile=1024:1024", "--ulimit=nproc=1024:1024"].map(str::to_owned));
        }
        New {
            engine: self.clone(),
            name: name.into(),
            image: image.to_owned(),
            network: "none".to_owned(),
            labels: BTreeMap::new(),
            options,
            files: Vec::new(),
            command: Vec::new(),
        }
    }

    /// A busybox that runs a shell script.
    pub fn shell(&self, name: impl Into<String>, script: &str) -> New {
        self.container(name, BUSYBOX).command(["sh", "-c", script])
    }

    /// A container named and labelled as the platform does.
    pub fn deployment(&self, template: &str, image: &str) -> New {
        self.container(deployment_name(template), image)
            .label("template", template)
            .label("managed-by", "mcp-template")
    }
}

/// A name that no other test uses.
pub fn unique(prefix: &str) -> String {
    format!("{prefix}-{:08x}", number())
}

/// `mcp-<template>-<MMDD-HHMMSS>-<8 hex>`, as the platform names containers.
pub fn deployment_name(template: &str) -> String {
    let now = chrono::Utc::now().format("%m%d-%H%M%S");
    format!("mcp-{template}-{now}-{:08x}", number())
}

/// Another one for every process and call.
fn number() -> u32 {
    static CALLS: AtomicU32 = AtomicU32::new(0);
    let calls = CALLS.fetch_add(1, Ordering::Relaxed);
    let nanos = chrono::Utc::now().timestamp_subsec_nanos();
    (std::process::id() << 16) ^ nanos.rotate_left(7) ^ calls
}

/// A container that is not created yet.
#[derive(Clone, Debug)]
pub struct New {
    engine: Engine,
    name: String,
    image: String,
    network: String,
    labels: BTreeMap<String, String>,
    options: Vec<String>,
    files: Vec<(PathBuf, String)>,
    command: Vec<String>,
}

impl New {
    /// Sets a label.
    pub fn label(mut self, key: &str, value: &str) -> New {
        self.labels.insert(key.to_owned(), value.to_owned());
        self
    }

    /// Adds an option of `docker create`, such as `--tty` or `--log-opt=max-size=1m`.
    pub fn option(mut self, option: impl Into<String>) -> New {
        self.options.push(option.into());
        self
    }

    /// Sets a variable inside.
    pub fn env(self, key: &str, value: &str) -> New {
        self.option(format!("--env={key}={value}"))
    }

    /// Connects it to a network: `bridge`, or `container:ID` for that of another container.
    pub fn network(mut self, network: impl Into<String>) -> New {
        self.network = network.into();
        self
    }

    /// Copies a file in before it starts.
    pub fn file(mut self, from: impl Into<PathBuf>, to: &str) -> New {
        self.files.push((from.into(), to.to_owned()));
        self
    }

    /// What it runs.
    pub fn command<S: Into<String>>(mut self, command: impl IntoIterator<Item = S>) -> New {
        self.command = command.into_iter().map(Into::into).collect();
        self
    }

    /// Creates it.
    #[track_caller]
    pub fn create(self) -> Container {
        let mut args = vec!["create".to_owned(), format!("--name={}", self.name)];
        args.push(format!("--network={}", self.network));
        args.push(format!("--label={MARK}={}", std::process::id()));
        args.extend(self.labels.iter().map(|(key, value)| format!("--label={key}={value}")));
        args.extend(self.options);
        args.push(self.image);
        args.extend(self.command);
        let id = self.engine.ask(&args);
        let container = Container { engine: self.engine, id, name: self.name };
        for (from, to) in &self.files {
            let from = from.to_str().expect("paths of tests are UTF-8");
            container.engine.ask(["cp", from, &format!("{}:{to}", container.id)]);
        }
        container
    }

    /// Creates and starts it.
    #[track_caller]
    pub fn start(self) -> Container {
        let container = self.create();
        container.engine.ask(["start", &container.id]);
        container
    }
}

/// A container of a test; removed when dropped.
#[derive(Debug)]
pub struct Container {
    engine: Engine,
    id: String,
    name: String,
}

impl Container {
    /// Its full id.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Runs a command inside, which must succeed, and gives what it prints on standard output.
    #[track_caller]
    pub fn exec<S: AsRef<str>>(&self, command: impl IntoIterator<Item = S>) -> String {
        let mut args = vec!["exec".to_owned(), self.id.clone()];
        args.extend(command.into_iter().map(|arg| arg.as_ref().to_owned()));
        self.engine.ask(args)
    }

    /// A part of what inspecting it says, by a Go template such as `{{.State.Pid}}`.
    #[track_caller]
    pub fn inspect(&self, template: &str) -> String {
        self.engine.ask(["inspect", "--type=container", "--format", template, &self.id])
    }

    /// The engine's own log file.
    #[track_caller]
    pub fn log_path(&self) -> PathBuf {
        PathBuf::from(self.inspect("{{.LogPath}}"))
    }

    /// What it printed, as the engine's client tells it: standard output and standard error.
    #[track_caller]
    pub fn logs<S: AsRef<str>>(&self, options: impl IntoIterator<Item = S>) -> (String, String) {
        let mut args = vec!["logs".to_owned()];
        args.extend(options.into_iter().map(|arg| arg.as_ref().to_owned()));
        args.push(self.id.clone());
        let output = self.engine.call(args);
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        (text(output.stdout), text(output.stderr))
    }

    /// Waits for its end and gives its exit code.
    #[track_caller]
    pub fn wait(&self) -> i32 {
        self.engine.ask(["wait", &self.id]).parse().expect("an exit code")
    }

    /// Starts it, again too.
    #[track_caller]
    pub fn start(&self) {
        self.engine.ask(["start", &self.id]);
    }

    /// Stops it at once.
    #[track_caller]
    pub fn kill(&self) {
        self.engine.ask(["kill", &self.id]);
    }

    /// Restarts it without waiting for a graceful end.
    #[track_caller]
    pub fn restart(&self) {
        self.engine.ask(["restart", "--time=0", &self.id]);
    }

    /// Removes it, running or not.
    pub fn remove(self) {}
}

impl Drop for Container {
    fn drop(&mut self) {
        // It may be gone already: created with `--rm`, or removed by the test.
        self.engine.call(["rm", "--force", "--volumes", &self.id]);
    }
}
