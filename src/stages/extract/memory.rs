//! What `extract` remembers of one partition: its containers, their calls, the names of their tools.
//!
//! * Cloned at every batch: calls are plain data, names are shared until a new one comes.
//! * Bounded: [`OPEN`] running calls, [`CONTAINERS`] containers, [`NAMES`] names; what leaves is settled and counted.

use std::sync::Arc;

use rustc_hash::FxHashMap;
use serde_json::{Value, json};

use crate::event::{Key, Memory, NO_TIME, Nanos, Origin, SharedOrigin};

use super::call::{Call, NAMELESS};
use super::pairing::{Container, LIMIT, LIMIT_RECORDS, Signal};

/// Most running calls of a partition.
pub const OPEN: usize = 10_000;

/// Most containers of a partition (lines that name their container: `docker compose logs`).
pub const CONTAINERS: usize = 1_000;

/// Most names of tools before those out of use are forgotten.
pub const NAMES: usize = 16_384;

/// Version of the saved form.
const VERSION: u64 = 1;

/// Names of tools by number.
#[derive(Clone, Debug, Default)]
pub struct Names {
    list: Vec<Arc<str>>,
    numbers: FxHashMap<Arc<str>, u32>,
}

impl Names {
    /// The name of a number, if it is one.
    pub fn get(&self, number: u32) -> Option<&str> {
        self.list.get(number as usize).map(|name| &**name)
    }

    /// The number of a name; a new one is added.
    pub fn number(this: &mut Arc<Names>, name: &str) -> u32 {
        if let Some(number) = this.numbers.get(name) {
            return *number;
        }
        let names = Arc::make_mut(this);
        let number = names.list.len() as u32;
        let name: Arc<str> = name.into();
        names.list.push(name.clone());
        names.numbers.insert(name, number);
        number
    }
}

/// What is remembered of one partition.
#[derive(Clone, Debug)]
pub struct ToolMemory {
    /// Names of tools.
    pub names: Arc<Names>,
    /// Containers, in order of appearance.
    pub containers: Vec<Container>,
    /// Running calls of all containers, at most.
    pub open: usize,
    /// When the first waiting beginning is due, in the time that limits count in.
    pub due: Nanos,
    /// The same for beginnings without any time, as the number of a record.
    pub due_seq: u64,
    /// Names that there may be before those out of use are forgotten.
    room: usize,
}

impl Default for ToolMemory {
    fn default() -> Self {
        ToolMemory {
            names: Arc::default(),
            containers: Vec::new(),
            open: 0,
            due: Nanos::MAX,
            due_seq: u64::MAX,
            room: NAMES,
        }
    }
}

/// The key of a container: its id, else its deployment's name, else empty (all of the partition).
pub fn container_key(origin: &Origin) -> &str {
    origin.container.as_deref().or(origin.deployment.as_deref()).unwrap_or("")
}

/// Whether a beginning has waited long enough, at this time and record.
pub fn is_due(call: &Call, clock: Nanos, seq: u64) -> bool {
    match call.place.clock() {
        NO_TIME => seq.saturating_sub(call.place.key.seq) >= LIMIT_RECORDS,
        at => clock != NO_TIME && clock.saturating_sub(at) >= LIMIT,
    }
}

impl ToolMemory {
    /// The container of an origin, if it is known.
    pub fn find(&self, origin: &Origin) -> Option<usize> {
        let key = container_key(origin);
        self.containers.iter().position(|container| &*container.key == key)
    }

    /// Adds a container. There must be room: see [`ToolMemory::longest_unused`].
    pub fn add(&mut self, origin: &Arc<SharedOrigin>) -> usize {
        self.containers.push(Container::new(container_key(&origin.origin).into(), origin.clone()));
        self.containers.len() - 1
    }

    /// The container to let go of when there are too many.
    pub fn longest_unused(&self) -> Option<usize> {
        if self.containers.len() < CONTAINERS {
            return None;
        }
        (0..self.containers.len()).min_by_key(|at| self.containers[*at].used)
    }

    /// Works out anew when something is due, and how much is open.
    pub fn refresh(&mut self) {
        self.due = Nanos::MAX;
        self.due_seq = u64::MAX;
        self.open = 0;
        for container in &self.containers {
            self.open += container.open.len();
            let Some(call) = container.waiting() else { continue };
            match call.place.clock() {
                NO_TIME => self.due_seq = self.due_seq.min(call.place.key.seq.saturating_add(LIMIT_RECORDS)),
                at => self.due = self.due.min(at.saturating_add(LIMIT)),
            }
        }
    }

    /// Forgets names that nothing uses any more, if there are many. Numbers change: between batches only.
    pub fn tidy(&mut self) {
        if self.names.list.len() <= self.room {
            return;
        }
        let old = std::mem::take(&mut self.names);
        let mut names = Arc::new(Names::default());
        for container in &mut self.containers {
            for call in container.open.iter_mut().chain(container.done.iter_mut()) {
                call.name = old.get(call.name).map_or(NAMELESS, |name| Names::number(&mut names, name));
            }
        }
        // Where most are in use, the next time is far away.
        self.room = NAMES.max(2 * names.list.len());
        self.names = names;
    }

    /// What the container's output can show: calls, errors, durations. What it cannot is not zero but unknown.
    pub fn coverage(&self, origin: &Origin) -> [bool; 3] {
        self.find(origin).map_or([false; 3], |at| self.containers[at].authority.map(|best| best != u8::MAX))
    }

    /// How often a more complete notation took over a signal.
    pub fn authority_changes(&self) -> u64 {
        self.containers.iter().map(|container| container.changes).sum()
    }
}

impl Memory for ToolMemory {
    fn owed(&self) -> Vec<Key> {
        let mut keys = Vec::new();
        for container in &self.containers {
            let best = container.authority[Signal::Calls as usize];
            let waits = |call: &&Call| !call.counted && call.best() <= best;
            keys.extend(container.open.iter().filter(waits).map(|call| call.place.key));
        }
        keys.sort_unstable();
        keys
    }

    fn save(&self) -> Value {
        let containers: Vec<Value> = self
            .containers
            .iter()
            .map(|c| {
                let origin = &c.origin.origin;
                json!({
                    "key": &*c.key,
                    "origin": {
                        "deployment": origin.deployment, "template": origin.template,
                        "container": origin.container, "image": origin.image, "labels": origin.labels,
                    },
                    "used": c.used, "authority": c.authority, "changes": c.changes, "told": c.told,
                    "ended": c.ended, "worded": c.worded, "open": c.open, "done": c.done,
                })
            })
            .collect();
        let names: Vec<&str> = self.names.list.iter().map(|name| &**name).collect();
        json!({ "version": VERSION, "names": names, "containers": containers })
    }

    fn restore(saved: &Value) -> Result<Self, String> {
        #[derive(serde::Deserialize)]
        struct SavedOrigin {
            deployment: Option<String>,
            template: Option<String>,
            container: Option<String>,
            image: Option<String>,
            labels: Vec<(String, String)>,
        }
        #[derive(serde::Deserialize)]
        struct SavedContainer {
            key: String,
            origin: SavedOrigin,
            used: u64,
            authority: [u8; 3],
            changes: u64,
            told: u16,
            ended: u16,
            worded: bool,
            open: std::collections::VecDeque<Call>,
            done: std::collections::VecDeque<Call>,
        }
        #[derive(serde::Deserialize)]
        struct Saved {
            names: Vec<String>,
            containers: Vec<SavedContainer>,
        }
        match saved["version"].as_u64() {
            Some(VERSION) => {}
            version => return Err(format!("tool calls saved as version {version:?}, not {VERSION}")),
        }
        let saved = <Saved as serde::Deserialize>::deserialize(saved).map_err(|e| e.to_string())?;
        let mut memory = ToolMemory::default();
        for name in &saved.names {
            Names::number(&mut memory.names, name);
        }
        for c in saved.containers {
            let SavedOrigin { deployment, template, container, image, labels } = c.origin;
            let origin = SharedOrigin::new(Origin { deployment, template, container, image, labels });
            memory.containers.push(Container {
                key: c.key.into(),
                origin,
                used: c.used,
                authority: c.authority,
                changes: c.changes,
                told: c.told,
                ended: c.ended,
                worded: c.worded,
                open: c.open,
                done: c.done,
            });
        }
        memory.refresh();
        Ok(memory)
    }
}
