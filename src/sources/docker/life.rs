//! What happens to containers, as events of their own.
//!
//! * Each container has a partition for them, `ID/life`, opened when there is something to say.
//! * Ids are made of the container, the engine's time and what happened: the same however often it is told.

use std::collections::HashMap;

use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::reader::wall;
use crate::event::{Identity, Nanos, Origin, Partition, SharedOrigin};
use crate::platform::events::{Action, Happening};
use crate::sources::decode::LifeLines;
use crate::sources::read::container_seed;
use crate::sources::{Emit, Opened, Outlet};
use crate::telemetry::fault;
use std::sync::Arc;

/// Something to be told.
struct Told {
    id: String,
    name: String,
    time: Nanos,
    line: Value,
    origin: Option<Origin>,
    last: bool,
}

/// Where what happens is told.
#[derive(Clone)]
pub(super) struct Lives {
    sender: mpsc::UnboundedSender<Told>,
}

/// What is told of a happening: kind, severity and words; `None`: nothing.
fn words(happening: &Happening, name: &str) -> Option<(&'static str, &'static str, String)> {
    let told = match &happening.action {
        Action::Start => ("container_start", "INFO", format!("{name} started")),
        Action::Die => match happening.exit_code() {
            Some(0) => ("container_exit", "INFO", format!("{name} exited with code 0")),
            Some(code) => ("container_exit", "WARN", format!("{name} exited with code {code}")),
            None => ("container_exit", "INFO", format!("{name} exited")),
        },
        Action::OutOfMemory => ("container_oom", "ERROR", format!("{name} ran out of memory")),
        Action::Restart => ("container_restart", "INFO", format!("{name} was restarted")),
        Action::Destroy => ("container_remove", "INFO", format!("{name} was removed")),
        Action::Health(health) => {
            let level = if health == "unhealthy" { "WARN" } else { "INFO" };
            ("container_health", level, format!("{name} is {health}"))
        }
        _ => return None,
    };
    Some(told)
}

impl Lives {
    /// Tells the pipeline through `emit`, in a task of its own that ends with the last of these.
    pub(super) fn new(emit: Arc<Emit>) -> Lives {
        let (sender, mut told) = mpsc::unbounded_channel::<Told>();
        tokio::spawn(async move {
            let mut open: HashMap<String, (Outlet, Nanos)> = HashMap::new();
            while let Some(told) = told.recv().await {
                let id = told.id.clone();
                let last = told.last;
                if !tell(&emit, &mut open, told).await {
                    return;
                }
                if last {
                    open.remove(&id);
                }
            }
        });
        Lives { sender }
    }

    /// Tells what has happened to a container.
    pub(super) fn tell(&self, happening: &Happening, name: &str, origin: Origin) {
        let Some((kind, level, text)) = words(happening, name) else { return };
        let time = happening.time.unwrap_or_else(wall);
        let line = json!({ "time": time, "kind": kind, "level": level, "text": text });
        let (id, name) = (happening.id.clone(), name.to_owned());
        let last = happening.action == Action::Destroy;
        // The task ends with the pipeline only.
        drop(self.sender.send(Told { id, name, time, line, origin: Some(origin), last }));
    }

    /// Tells that text of a container is lost, and how many bytes at least, if that is known.
    pub(super) fn gap(&self, id: &str, name: &str, origin: Option<Origin>, bytes: Option<u64>) {
        let time = wall();
        let size = bytes.map(|bytes| format!(", {bytes} bytes at least")).unwrap_or_default();
        let text = format!("text of {name} was rotated away before it could be read{size}");
        let line = json!({ "time": time, "kind": "gap", "level": "WARN", "text": text });
        let (id, name) = (id.to_owned(), name.to_owned());
        drop(self.sender.send(Told { id, name, time, line, origin, last: false }));
    }
}

async fn tell(emit: &Emit, open: &mut HashMap<String, (Outlet, Nanos)>, told: Told) -> bool {
    let (outlet, last) = match open.remove(&told.id) {
        Some(open) => open,
        None => {
            let key = format!("{}/life", told.id);
            let saved = emit.resume(&key);
            let last = saved.as_ref().and_then(|saved| saved.position["life"].as_i64()).unwrap_or(i64::MIN);
            let seq = saved.as_ref().map_or(0, |saved| saved.seq);
            let origin = told.origin.clone().unwrap_or_else(|| Origin {
                deployment: Some(told.name.clone()),
                container: Some(told.id.clone()),
                ..Origin::default()
            });
            let partition = Partition {
                key,
                name: format!("{} (life)", told.name),
                identity: Identity::Container,
                origin: SharedOrigin::new(origin),
            };
            let start = json!({ "life": i64::MIN });
            (emit.open(partition, Opened { decoder: Arc::new(LifeLines), saved, seq, start }), last)
        }
    };
    let mut outlet = outlet;
    let mut last = last;
    // The engine tells its past again after a restart of ours.
    if told.time > last {
        let mut room = outlet.room(1024).await;
        room.memory.clear();
        room.memory.extend_from_slice(told.line.to_string().as_bytes());
        room.memory.push(b'\n');
        last = told.time;
        let seed = container_seed(&format!("{}/life", told.id));
        fault::point("docker-before-life");
        if !outlet.send(room, seed, 0, wall(), json!({ "life": last }), None) {
            return false;
        }
        // Nothing follows that it could have to wait for.
        if !outlet.notice(wall(), json!({ "life": last }), crate::event::End::Life) {
            return false;
        }
    }
    open.insert(told.id, (outlet, last));
    true
}
