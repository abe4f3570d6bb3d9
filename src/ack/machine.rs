//! Which machine this is: part of the ids of lines read from files.

use std::fs;

/// The machine's id: what the system keeps for this purpose, else the host's name.
pub fn machine_id() -> String {
    for path in ["/etc/machine-id", "/var/lib/dbus/machine-id"] {
        if let Ok(id) = fs::read_to_string(path) {
            let id = id.trim();
            if !id.is_empty() {
                return id.to_owned();
            }
        }
    }
    hostname::get().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_machine_has_one_id() {
        assert_eq!(super::machine_id(), super::machine_id());
        assert!(!super::machine_id().is_empty());
    }
}
