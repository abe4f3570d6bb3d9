//! What an engine answers, as far as we read it: every field may be missing.

use serde::Deserialize;

use super::loose;

/// `/version`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct Version {
    #[serde(deserialize_with = "loose::text")]
    pub(super) version: Option<String>,
    #[serde(deserialize_with = "loose::text")]
    pub(super) api_version: Option<String>,
    #[serde(rename = "MinAPIVersion", deserialize_with = "loose::text")]
    pub(super) min_api_version: Option<String>,
    #[serde(deserialize_with = "loose::objects")]
    pub(super) components: Vec<Component>,
}

/// A part of an engine.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct Component {
    #[serde(deserialize_with = "loose::text")]
    pub(super) name: Option<String>,
}

/// `/info`: the engine's machine.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct Info {
    /// Name of the machine.
    #[serde(deserialize_with = "loose::text")]
    pub name: Option<String>,
    /// Memory of the machine in bytes.
    #[serde(rename = "MemTotal", deserialize_with = "loose::number")]
    pub memory: Option<i64>,
    /// Processors of the machine.
    #[serde(rename = "NCPU", deserialize_with = "loose::number")]
    pub cpus: Option<i64>,
    /// Its clock, as RFC 3339.
    #[serde(rename = "SystemTime", deserialize_with = "loose::text")]
    pub time: Option<String>,
    /// Folder that the engine keeps everything in, containers' logs too.
    #[serde(rename = "DockerRootDir", deserialize_with = "loose::text")]
    pub folder: Option<String>,
    /// Driver of logs where a container names none.
    #[serde(rename = "LoggingDriver", deserialize_with = "loose::text")]
    pub log_driver: Option<String>,
}

/// An element of `/containers/json`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct Listed {
    #[serde(deserialize_with = "loose::text")]
    pub(super) id: Option<String>,
    #[serde(deserialize_with = "loose::texts")]
    pub(super) names: Vec<String>,
    #[serde(deserialize_with = "loose::text")]
    pub(super) image: Option<String>,
    /// Seconds since the epoch; Podman's own API writes a text.
    #[serde(deserialize_with = "loose::number")]
    pub(super) created: Option<i64>,
    #[serde(deserialize_with = "loose::text")]
    pub(super) state: Option<String>,
    #[serde(deserialize_with = "loose::text")]
    pub(super) status: Option<String>,
    #[serde(deserialize_with = "loose::pairs")]
    pub(super) labels: Vec<(String, String)>,
    #[serde(deserialize_with = "loose::objects")]
    pub(super) ports: Vec<ListedPort>,
    #[serde(deserialize_with = "loose::number")]
    pub(super) size_rw: Option<i64>,
}

/// A port of [`Listed`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct ListedPort {
    #[serde(rename = "IP", deserialize_with = "loose::text")]
    pub(super) address: Option<String>,
    #[serde(deserialize_with = "loose::number")]
    pub(super) private_port: Option<i64>,
    #[serde(deserialize_with = "loose::number")]
    pub(super) public_port: Option<i64>,
    #[serde(rename = "Type", deserialize_with = "loose::text")]
    pub(super) protocol: Option<String>,
}

/// `/containers/ID/json`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct Inspected {
    #[serde(deserialize_with = "loose::text")]
    pub(super) id: Option<String>,
    #[serde(deserialize_with = "loose::text")]
    pub(super) name: Option<String>,
    #[serde(deserialize_with = "loose::text")]
    pub(super) created: Option<String>,
    #[serde(deserialize_with = "loose::text")]
    pub(super) log_path: Option<String>,
    #[serde(deserialize_with = "loose::number")]
    pub(super) restart_count: Option<i64>,
    #[serde(deserialize_with = "loose::number")]
    pub(super) size_rw: Option<i64>,
    #[serde(deserialize_with = "loose::object")]
    pub(super) state: InspectedState,
    #[serde(deserialize_with = "loose::object")]
    pub(super) config: Config,
    #[serde(deserialize_with = "loose::object")]
    pub(super) host_config: HostConfig,
    #[serde(deserialize_with = "loose::object")]
    pub(super) network_settings: NetworkSettings,
}

/// `State` of [`Inspected`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct InspectedState {
    #[serde(deserialize_with = "loose::text")]
    pub(super) status: Option<String>,
    #[serde(rename = "OOMKilled", deserialize_with = "loose::flag")]
    pub(super) oom_killed: Option<bool>,
    #[serde(deserialize_with = "loose::number")]
    pub(super) exit_code: Option<i64>,
    #[serde(deserialize_with = "loose::text")]
    pub(super) error: Option<String>,
    #[serde(deserialize_with = "loose::text")]
    pub(super) started_at: Option<String>,
    #[serde(deserialize_with = "loose::text")]
    pub(super) finished_at: Option<String>,
    #[serde(deserialize_with = "loose::object")]
    pub(super) health: InspectedHealth,
}

/// `Health` of [`InspectedState`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct InspectedHealth {
    #[serde(deserialize_with = "loose::text")]
    pub(super) status: Option<String>,
    #[serde(deserialize_with = "loose::number")]
    pub(super) failing_streak: Option<i64>,
    #[serde(deserialize_with = "loose::objects")]
    pub(super) log: Vec<HealthEntry>,
}

/// One run of a health check.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct HealthEntry {
    #[serde(deserialize_with = "loose::number")]
    pub(super) exit_code: Option<i64>,
    #[serde(deserialize_with = "loose::text")]
    pub(super) output: Option<String>,
}

/// `Config` of [`Inspected`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct Config {
    #[serde(deserialize_with = "loose::flag")]
    pub(super) tty: Option<bool>,
    #[serde(deserialize_with = "loose::flag")]
    pub(super) open_stdin: Option<bool>,
    #[serde(deserialize_with = "loose::text")]
    pub(super) image: Option<String>,
    #[serde(deserialize_with = "loose::pairs")]
    pub(super) labels: Vec<(String, String)>,
    #[serde(deserialize_with = "loose::texts")]
    pub(super) env: Vec<String>,
}

/// `HostConfig` of [`Inspected`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct HostConfig {
    #[serde(deserialize_with = "loose::object")]
    pub(super) log_config: LogConfig,
    #[serde(deserialize_with = "loose::number")]
    pub(super) memory: Option<i64>,
    #[serde(deserialize_with = "loose::number")]
    pub(super) nano_cpus: Option<i64>,
    #[serde(deserialize_with = "loose::number")]
    pub(super) cpu_quota: Option<i64>,
    #[serde(deserialize_with = "loose::number")]
    pub(super) cpu_period: Option<i64>,
    #[serde(deserialize_with = "loose::text")]
    pub(super) cpuset_cpus: Option<String>,
    #[serde(deserialize_with = "loose::flag")]
    pub(super) auto_remove: Option<bool>,
}

/// `LogConfig` of [`HostConfig`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct LogConfig {
    #[serde(rename = "Type", deserialize_with = "loose::text")]
    pub(super) driver: Option<String>,
    #[serde(deserialize_with = "loose::text")]
    pub(super) path: Option<String>,
}

/// `NetworkSettings` of [`Inspected`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct NetworkSettings {
    #[serde(deserialize_with = "loose::names")]
    pub(super) networks: Vec<String>,
}

/// A line of `/events`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(super) struct EventLine {
    #[serde(rename = "Type", deserialize_with = "loose::text")]
    pub(super) kind: Option<String>,
    #[serde(rename = "Action", deserialize_with = "loose::text")]
    pub(super) action: Option<String>,
    #[serde(deserialize_with = "loose::text")]
    pub(super) status: Option<String>,
    #[serde(deserialize_with = "loose::text")]
    pub(super) id: Option<String>,
    #[serde(rename = "Actor", deserialize_with = "loose::object")]
    pub(super) actor: Actor,
    #[serde(deserialize_with = "loose::number")]
    pub(super) time: Option<i64>,
    #[serde(rename = "timeNano", deserialize_with = "loose::number")]
    pub(super) time_nano: Option<i64>,
}

/// `Actor` of [`EventLine`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(super) struct Actor {
    #[serde(rename = "ID", deserialize_with = "loose::text")]
    pub(super) id: Option<String>,
    #[serde(rename = "Attributes", deserialize_with = "loose::pairs")]
    pub(super) attributes: Vec<(String, String)>,
}

/// An engine's error: Docker has `message`, Podman `message` and `cause`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(super) struct Complaint {
    #[serde(deserialize_with = "loose::text")]
    pub(super) message: Option<String>,
}
