//! What the path of a log file and the files beside it say of its container.

use std::fs;
use std::path::Path;
use std::sync::OnceLock;

use serde_json::Value;

use crate::event::Origin;
use crate::sources::decode::{owner_of_pod, template_of};

/// What is known of a container.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Known {
    /// Names the container for ever: its full id, or namespace, pod, uid, container and restart.
    pub(super) key: String,
    pub(super) origin: Origin,
}

/// What is known of the container that writes to a path.
pub(super) fn of(path: &Path) -> Known {
    if let Some(id) = engine_id(path) {
        return engine(path, id);
    }
    if let Some(known) = pod(path) {
        return known;
    }
    let key = path.to_string_lossy().into_owned();
    let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    let origin = Origin {
        template: template_of(&stem).map(str::to_owned),
        container: Some(stem.clone()),
        deployment: Some(stem),
        ..Origin::default()
    };
    Known { key, origin }
}

fn is_id(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|b| b.is_ascii_hexdigit())
}

/// The container's id in the path: the file's name (`ID-json.log`) or the nearest folder's.
fn engine_id(path: &Path) -> Option<&str> {
    let name = path.file_name()?.to_str()?;
    let from_name = name.split(['-', '.']).next().filter(|part| is_id(part));
    from_name.or_else(|| path.iter().rev().filter_map(|part| part.to_str()).find(|part| is_id(part)))
}

fn engine(path: &Path, id: &str) -> Known {
    let config = path.with_file_name("config.v2.json");
    let config: Value = match fs::read(&config) {
        Ok(bytes) => serde_json::from_slice(&bytes).unwrap_or_default(),
        Err(cause) => {
            if cause.kind() != std::io::ErrorKind::NotFound {
                tracing::warn!(path = %config.display(), %cause, "cannot read a container's name and labels");
            }
            Value::Null
        }
    };
    let name =
        config["Name"].as_str().map(|name| name.trim_start_matches('/')).filter(|name| !name.is_empty());
    let labels: Vec<(String, String)> = config["Config"]["Labels"]
        .as_object()
        .into_iter()
        .flatten()
        .filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned())))
        .collect();
    let labelled = labels.iter().find(|(key, value)| key == "template" && !value.is_empty());
    let template = labelled.map(|(_, value)| value.clone());
    let origin = Origin {
        template: template.or_else(|| name.and_then(template_of).map(str::to_owned)),
        // An engine's short id, where nothing says the name.
        deployment: Some(name.unwrap_or(&id[..12]).to_owned()),
        container: Some(id.to_owned()),
        image: config["Config"]["Image"].as_str().map(str::to_owned),
        labels,
    };
    Known { key: id.to_owned(), origin }
}

/// `…/NAMESPACE_POD_UID/CONTAINER/RESTART.log`
fn pod(path: &Path) -> Option<Known> {
    let restart = path.file_stem()?.to_str()?;
    let container = path.parent()?.file_name()?.to_str()?;
    let folder = path.parent()?.parent()?.file_name()?.to_str()?;
    let mut parts = folder.splitn(3, '_');
    let (namespace, pod, uid) = (parts.next()?, parts.next()?, parts.next()?);
    if !restart.bytes().all(|b| b.is_ascii_digit()) || uid.contains('_') {
        return None;
    }
    let owner = owner_of_pod(pod);
    let labels = [
        ("io.kubernetes.pod.namespace", namespace),
        ("io.kubernetes.pod.name", pod),
        ("io.kubernetes.pod.uid", uid),
        ("io.kubernetes.container.name", container),
    ];
    let origin = Origin {
        template: template_of(owner).map(str::to_owned),
        deployment: Some(owner.to_owned()),
        container: Some(format!("{pod}/{container}")),
        image: None,
        labels: labels.map(|(key, value)| (key.to_owned(), value.to_owned())).to_vec(),
    };
    Some(Known { key: format!("{folder}/{container}/{restart}"), origin })
}

/// Whether a key is that of the container that this process runs in.
pub(super) fn is_own(key: &str) -> bool {
    static OWN: OnceLock<Option<String>> = OnceLock::new();
    let own = OWN.get_or_init(|| {
        // The engine mounts the container's own hostname and resolv.conf from its folder.
        let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
        let own = mounts.lines().filter(|line| line.contains("/containers/") && line.contains("/hostname "));
        own.flat_map(|line| line.split(['/', ' '])).find(|part| is_id(part)).map(str::to_owned)
    });
    own.as_deref() == Some(key)
}
