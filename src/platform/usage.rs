//! What a container uses: processors, memory, network, its own layer.
//!
//! * Every figure is computed as Docker's own client does it, so that both show the same.
//! * A figure that the engine does not give is `None`; no figure is guessed.

use std::time::Duration;

use bollard::models::{ContainerCpuStats, ContainerMemoryStats, ContainerStatsResponse};

use super::client::{Client, ClientError, to_url};

/// Largest answer: every network and block device of one container.
const LARGEST: usize = 4 << 20;

/// Between two samples where the engine gives only one.
const BETWEEN: Duration = Duration::from_secs(1);

/// What a container used when it was looked at.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Usage {
    /// Share of one processor in percent: 200 is two of them, fully used.
    pub cpu_percent: Option<f64>,
    /// Processors of the machine that it may run on.
    pub cpus: Option<u32>,
    /// Memory in bytes, without what the system can take back at once (files read and not used).
    pub memory: Option<u64>,
    /// Limit of memory in bytes, as the engine says it; the machine's where the container has none.
    pub memory_limit: Option<u64>,
    /// Bytes received over all networks.
    pub received: Option<u64>,
    /// Bytes sent over all networks.
    pub sent: Option<u64>,
    /// Bytes read from block devices.
    pub disk_read: Option<u64>,
    /// Bytes written to block devices.
    pub disk_write: Option<u64>,
    /// Processes and threads.
    pub processes: Option<u64>,
}

impl Usage {
    /// Of a sample and the one before it, which the engine usually sends along.
    fn of(now: &ContainerStatsResponse, before: Option<&ContainerCpuStats>) -> Usage {
        let memory = now.memory_stats.as_ref();
        let networks = now.networks.as_ref();
        let over_all = |read: fn(&bollard::models::ContainerNetworkStats) -> Option<u64>| {
            networks.map(|all| all.values().filter_map(read).fold(0, u64::saturating_add))
        };
        let blocks = now.blkio_stats.as_ref().and_then(|all| all.io_service_bytes_recursive.as_ref());
        let moved = |direction: &str| {
            blocks.map(|all| {
                let those = all
                    .iter()
                    .filter(|one| one.op.as_deref().is_some_and(|op| op.eq_ignore_ascii_case(direction)));
                those.filter_map(|one| one.value).fold(0, u64::saturating_add)
            })
        };
        Usage {
            cpu_percent: cpu_percent(now.cpu_stats.as_ref(), before),
            cpus: now.cpu_stats.as_ref().and_then(online_cpus),
            memory: memory.and_then(used_memory),
            memory_limit: memory.and_then(|memory| memory.limit).filter(|limit| *limit > 0),
            received: over_all(|one| one.rx_bytes),
            sent: over_all(|one| one.tx_bytes),
            disk_read: moved("read"),
            disk_write: moved("write"),
            processes: now.pids_stats.as_ref().and_then(|pids| pids.current),
        }
    }
}

fn online_cpus(stats: &ContainerCpuStats) -> Option<u32> {
    let listed = || {
        let each = stats.cpu_usage.as_ref()?.percpu_usage.as_ref()?;
        u32::try_from(each.len()).ok()
    };
    stats.online_cpus.filter(|count| *count > 0).or_else(listed)
}

/// Docker's client, `calculateCPUPercentUnix`: the container's share of what the machine did in between, times the
/// number of processors.
fn cpu_percent(now: Option<&ContainerCpuStats>, before: Option<&ContainerCpuStats>) -> Option<f64> {
    let (now, before) = (now?, before?);
    let total = |stats: &ContainerCpuStats| stats.cpu_usage.as_ref().and_then(|usage| usage.total_usage);
    let used = total(now)? as f64 - total(before)? as f64;
    let system = now.system_cpu_usage? as f64 - before.system_cpu_usage? as f64;
    if used <= 0.0 || system <= 0.0 {
        return Some(0.0);
    }
    Some(used / system * f64::from(online_cpus(now)?) * 100.0)
}

/// Docker's client, `calculateMemUsageUnixNoCache`: what is used, without inactive files, which are `total_inactive_file`
/// in the first version of control groups and `inactive_file` in the second.
fn used_memory(stats: &ContainerMemoryStats) -> Option<u64> {
    let used = stats.usage?;
    let stat = |key: &str| stats.stats.as_ref().and_then(|all| all.get(key)).copied();
    let inactive = ["total_inactive_file", "inactive_file"]
        .iter()
        .find_map(|key| stat(key).filter(|bytes| *bytes < used));
    Some(used - inactive.unwrap_or(0))
}

impl Client {
    /// What a running container uses now. Takes a second or two, since processors are measured between two samples.
    pub async fn usage(&self, id: &str) -> Result<Usage, ClientError> {
        let path = format!("/containers/{}/stats?stream=false", to_url(id));
        let first: ContainerStatsResponse = self.get_json(&path, LARGEST).await?;
        let has_before = |stats: &ContainerStatsResponse| {
            stats.precpu_stats.as_ref().and_then(|cpu| cpu.system_cpu_usage).is_some_and(|time| time > 0)
        };
        if has_before(&first) {
            return Ok(Usage::of(&first, first.precpu_stats.as_ref()));
        }
        // Podman sends one sample; the second makes a rate of it.
        tokio::time::sleep(BETWEEN).await;
        let second: ContainerStatsResponse = self.get_json(&path, LARGEST).await?;
        Ok(Usage::of(&second, first.cpu_stats.as_ref()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(json: &str) -> ContainerStatsResponse {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn processors_are_the_share_of_what_the_machine_did() {
        let stats = sample(
            r#"{"read":"2026-11-23T00:04:24.690191222Z","preread":"0001-01-01T00:00:00Z",
            "cpu_stats":{"cpu_usage":{"total_usage":3940097027,"percpu_usage":[1,2]},"system_cpu_usage":27292520000000,"online_cpus":2},
            "precpu_stats":{"cpu_usage":{"total_usage":3438160445},"system_cpu_usage":27290510000000}}"#,
        );
        let usage = Usage::of(&stats, stats.precpu_stats.as_ref());
        let percent = usage.cpu_percent.unwrap();
        assert!((percent - 49.943_938).abs() < 0.001, "{percent}");
        assert_eq!(usage.cpus, Some(2));
        // Without a count, as many as are listed.
        let listed = sample(
            r#"{"cpu_stats":{"cpu_usage":{"total_usage":2,"percpu_usage":[1,1,1,1]},"system_cpu_usage":8}}"#,
        );
        let before = sample(r#"{"cpu_stats":{"cpu_usage":{"total_usage":0},"system_cpu_usage":0}}"#);
        assert_eq!(Usage::of(&listed, before.cpu_stats.as_ref()).cpu_percent, Some(100.0));
        // A counter that falls, as after a restart, is no use.
        assert_eq!(Usage::of(&before, listed.cpu_stats.as_ref()).cpu_percent, Some(0.0));
        assert_eq!(Usage::of(&listed, None).cpu_percent, None);
    }

    #[test]
    fn memory_is_without_inactive_files() {
        for (stats, used) in [
            (r#""total_inactive_file":100,"inactive_file":7"#, 900),
            (r#""inactive_file":7,"file":1"#, 993),
            (r#""inactive_file":5000"#, 1000),
            ("", 1000),
        ] {
            let stats =
                sample(&format!(r#"{{"memory_stats":{{"usage":1000,"limit":0,"stats":{{{stats}}}}}}}"#));
            let usage = Usage::of(&stats, None);
            assert_eq!((usage.memory, usage.memory_limit), (Some(used), None));
        }
        assert_eq!(Usage::of(&sample("{}"), None), Usage::default());
    }

    #[test]
    fn networks_and_devices_add_up() {
        let stats = sample(
            r#"{"networks":{"a":{"rx_bytes":1,"tx_bytes":2},"b":{"rx_bytes":10,"tx_bytes":20}},"pids_stats":{"current":3},
            "blkio_stats":{"io_service_bytes_recursive":[{"major":8,"minor":0,"op":"Read","value":5},{"op":"write","value":6},
            {"op":"Total","value":11},{"op":"read","value":1}]}}"#,
        );
        let usage = Usage::of(&stats, None);
        assert_eq!((usage.received, usage.sent), (Some(11), Some(22)));
        assert_eq!((usage.disk_read, usage.disk_write, usage.processes), (Some(6), Some(6), Some(3)));
    }
}
