//! Looking at deployments, once or again and again: details, use, what happened lately, health.
//!
//! * A container that goes away meanwhile is left out; one that cannot be looked at closer keeps what the list said.
//! * What was measured stays for as long as a sign must last, so that who looks again knows more.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::event::{Nanos, SECOND, time};

use super::client::{Client, ClientError, Patience};
use super::deployment::{Deployment, State};
use super::health::{Health, Lately, Machine, Sample, Signs, Thresholds, judge, restarts_since};
use super::usage::Usage;

/// Containers that are looked at at the same time. Most of that is waiting for a second sample.
const AT_ONCE: usize = 256;

/// How long past events are read; a clock that runs before the engine's would make that endless.
const EVENTS: Duration = Duration::from_secs(3);

/// How long one container may keep everybody waiting.
const PATIENCE: Patience = Patience { connect: Duration::from_secs(5), silence: Duration::from_secs(10) };

/// Clocks that differ by less are the same.
const SAME_CLOCK: Nanos = 2 * SECOND;

/// A deployment that was looked at.
#[derive(Clone, Debug)]
pub struct Seen {
    /// What it is.
    pub deployment: Deployment,
    /// What it uses, if it runs and the engine says.
    pub usage: Option<Usage>,
    /// The same as shares of what it may use.
    pub sample: Option<Sample>,
    /// How it is doing.
    pub health: Health,
    /// Restarts in the window of [`Thresholds`].
    pub restarts_lately: u32,
    /// When it was looked at, by the engine's clock, in ns since the epoch.
    pub at: Nanos,
}

impl Seen {
    /// How long it has been running, in ns.
    pub fn uptime(&self) -> Option<Nanos> {
        self.deployment.running_since().map(|since| self.at.saturating_sub(since).max(0))
    }
}

/// Looks at deployments of one engine.
pub struct Survey {
    client: Client,
    limits: Thresholds,
    machine: Machine,
    /// What to add to our clock to get the engine's, in ns.
    clock: Nanos,
    history: HashMap<String, Vec<Sample>>,
}

impl Survey {
    /// Asks the engine about its machine.
    pub async fn start(client: &Client, limits: Thresholds) -> Survey {
        let client = client.clone().with_patience(PATIENCE);
        let info = client.info().await.unwrap_or_else(|cause| {
            tracing::warn!(%cause, "the engine says nothing of its machine");
            super::Info::default()
        });
        let theirs = info.time.as_deref().and_then(|text| time::parse_rfc3339(text.as_bytes()));
        let clock = theirs.map(|theirs| theirs.saturating_sub(now())).unwrap_or(0);
        let machine = Machine {
            cpus: info.cpus.and_then(|count| u32::try_from(count).ok()).filter(|count| *count > 0),
            memory: info.memory.and_then(|bytes| u64::try_from(bytes).ok()).filter(|bytes| *bytes > 0),
        };
        let clock = if clock.abs() < SAME_CLOCK { 0 } else { clock };
        Survey { client, limits, machine, clock, history: HashMap::new() }
    }

    /// The engine's machine.
    pub fn machine(&self) -> Machine {
        self.machine
    }

    /// Looks at the deployments of a list; with `sizes` also at what they have written to their own layers.
    pub async fn look(&mut self, listed: Vec<Deployment>, sizes: bool) -> Vec<Seen> {
        let now = now().saturating_add(self.clock);
        let since = now.saturating_sub(self.limits.restart_window);
        let (lately, looked) =
            tokio::join!(lately(&self.client, since, now), look_at(&self.client, listed, sizes));
        let at = self::now().saturating_add(self.clock);
        let mut history = HashMap::new();
        let mut seen = Vec::with_capacity(looked.len());
        for (deployment, usage) in looked {
            let mut samples = self.history.remove(&deployment.id).unwrap_or_default();
            samples.retain(|sample| sample.time >= at.saturating_sub(self.limits.sustained));
            let sample = usage.as_ref().map(|usage| Sample::of(&deployment, usage, self.machine, at));
            samples.extend(sample);
            let nothing = Lately::default();
            let own = lately.as_ref().map(|all| all.get(&deployment.id).unwrap_or(&nothing));
            let signs =
                Signs { deployment: &deployment, samples: &samples, lately: own, tools: None, now: at };
            let health = judge(&signs, &self.limits);
            let restarts_lately = restarts_since(&signs, since);
            history.insert(deployment.id.clone(), samples);
            seen.push(Seen { deployment, usage, sample, health, restarts_lately, at });
        }
        self.history = history;
        seen
    }
}

/// Now by our own clock.
fn now() -> Nanos {
    chrono::Utc::now().timestamp_nanos_opt().unwrap_or(0)
}

/// What happened to every container between two times; `None` where the engine does not say.
async fn lately(client: &Client, since: Nanos, now: Nanos) -> Option<HashMap<String, Lately>> {
    let mut all: HashMap<String, Lately> = HashMap::new();
    let read = async {
        let mut events = client.events(Some(since), Some(now)).await?;
        while let Some(happening) = events.next().await? {
            all.entry(happening.id.clone()).or_default().add(&happening);
        }
        Ok::<_, ClientError>(())
    };
    match tokio::time::timeout(EVENTS, read).await {
        Ok(Err(cause)) => {
            tracing::warn!(%cause, "the engine does not say what happened lately");
            None
        }
        Ok(Ok(())) | Err(_) => Some(all),
    }
}

/// Details and use of many containers, in the order of the list.
async fn look_at(client: &Client, listed: Vec<Deployment>, sizes: bool) -> Vec<(Deployment, Option<Usage>)> {
    let limit = Arc::new(Semaphore::new(AT_ONCE));
    let mut tasks = JoinSet::new();
    for (place, mut deployment) in listed.into_iter().enumerate() {
        let (client, limit) = (client.clone(), limit.clone());
        tasks.spawn(async move {
            let _turn = limit.acquire().await.expect("nobody closes it");
            match client.inspect_into(&mut deployment, sizes).await {
                Ok(()) => {}
                Err(ClientError::NotFound { .. }) => return None,
                Err(cause) => tracing::warn!(deployment = deployment.name, %cause, "cannot look closer"),
            }
            let runs = matches!(deployment.state, State::Running | State::Paused);
            let usage = if runs {
                client.usage(&deployment.id).await
            } else {
                return Some((place, deployment, None));
            };
            let usage = usage.inspect_err(|cause| {
                tracing::info!(deployment = deployment.name, %cause, "what it uses is not known");
            });
            Some((place, deployment, usage.ok()))
        });
    }
    let mut looked: Vec<_> = tasks.join_all().await.into_iter().flatten().collect();
    looked.sort_by_key(|(place, ..)| *place);
    looked.into_iter().map(|(_, deployment, usage)| (deployment, usage)).collect()
}
