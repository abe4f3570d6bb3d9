//! The container that this process runs in, which must never read its own output.

use std::path::Path;
use std::sync::OnceLock;

/// What is known of our own container.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Own {
    /// Its full id.
    id: Option<String>,
    /// The beginning of its id, as its hostname.
    hostname: Option<String>,
}

impl Own {
    fn here() -> Own {
        let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
        let inside = ["/.dockerenv", "/run/.containerenv"].iter().any(|path| Path::new(path).exists());
        Own::from(&read("/proc/self/mountinfo"), &read("/proc/self/cgroup"), &read("/etc/hostname"), inside)
    }

    fn from(mounts: &str, cgroup: &str, hostname: &str, inside: bool) -> Own {
        // The engine mounts the container's own hostname from its folder, `…/containers/ID/hostname`.
        let mounts = mounts.lines().filter(|line| line.contains("/hostname "));
        let mut words = mounts.chain(cgroup.lines()).flat_map(|line| line.split(['/', ' ', '-', '.']));
        let id = words.find(|word| is_full_id(word)).map(str::to_owned);
        let hostname = hostname.trim();
        let is_id = inside && hostname.len() == 12 && hostname.bytes().all(|b| b.is_ascii_hexdigit());
        Own { id, hostname: is_id.then(|| hostname.to_owned()) }
    }

    fn is(&self, id: &str) -> bool {
        match &self.id {
            Some(own) => own == id,
            None => self.hostname.as_deref().is_some_and(|start| id.starts_with(start)),
        }
    }
}

fn is_full_id(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|b| b.is_ascii_hexdigit())
}

/// Whether a full id is that of the container that this process runs in.
pub fn is_own(id: &str) -> bool {
    static OWN: OnceLock<Own> = OnceLock::new();
    OWN.get_or_init(Own::here).is(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_own_container_is_known_by_its_mounts_its_group_or_its_hostname() {
        let id = "0123456789ab".to_owned() + &"c".repeat(52);
        let mounts = format!(
            "612 600 0:1 / / rw - overlay overlay rw\n\
             620 612 254:1 /var/lib/docker/containers/{id}/hostname /etc/hostname rw - ext4 /dev/vda1 rw\n"
        );
        let group = format!("0::/system.slice/docker-{id}.scope\n");
        let other = "0123456789ab".to_owned() + &"d".repeat(52);
        for own in [
            Own::from(&mounts, "0::/\n", "x\n", true),
            Own::from("", &group, "x\n", true),
            Own::from("", &format!("0::/docker/{id}\n"), "", true),
        ] {
            assert!(own.is(&id) && !own.is(&other), "{own:?}");
        }
        let by_name = Own::from("", "0::/\n", "0123456789ab\n", true);
        assert!(by_name.is(&id) && !by_name.is(&"d".repeat(64)));
    }

    #[test]
    fn outside_of_containers_nothing_is_ours() {
        let own =
            Own::from("22 1 8:1 / / rw - ext4 /dev/sda rw\n", "0::/user.slice\n", "0123456789ab\n", false);
        assert_eq!(own, Own::default());
        assert!(!own.is(&"0".repeat(64)));
    }
}
