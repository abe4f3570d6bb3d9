//! What happens to containers, as the engine tells it.
//!
//! * A line that is not understood is skipped, never the end of the stream.
//! * The stream ends with the engine; going on where it stopped is its reader's work (`since`).

use crate::event::Nanos;

use super::answers::EventLine;
use super::client::{Answer, Body, Client, ClientError, Wait, to_url};

/// Longest line that is read.
const LONGEST: usize = 1 << 20;

/// Something that happened to a container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Happening {
    /// Full id of the container.
    pub id: String,
    /// Name of the container, if told.
    pub name: Option<String>,
    /// What happened.
    pub action: Action,
    /// When, by the engine's clock, in ns since the epoch.
    pub time: Option<Nanos>,
    /// Everything else that the engine tells: labels, `exitCode`, `signal`.
    pub attributes: Vec<(String, String)>,
}

impl Happening {
    /// An attribute by its name.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.attributes.iter().find(|(k, _)| k == key).map(|(_, value)| value.as_str())
    }

    /// The exit code, where one is told.
    pub fn exit_code(&self) -> Option<i64> {
        self.get("exitCode").or_else(|| self.get("containerExitCode"))?.parse().ok()
    }

    fn from_line(line: &[u8]) -> Option<Happening> {
        let line: EventLine = match serde_json::from_slice(line) {
            Ok(line) => line,
            Err(cause) => {
                tracing::debug!(%cause, "a line of the engine's events is not understood");
                return None;
            }
        };
        if line.kind.is_some_and(|kind| kind != "container") {
            return None;
        }
        let attributes = line.actor.attributes;
        let seconds = || line.time?.checked_mul(crate::event::SECOND);
        Some(Happening {
            id: line.actor.id.or(line.id)?,
            name: attributes.iter().find(|(key, _)| key == "name").map(|(_, name)| name.clone()),
            action: Action::parse(&line.action.or(line.status)?),
            time: line.time_nano.filter(|time| *time != 0).or_else(seconds),
            attributes,
        })
    }
}

/// What can happen to a container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// It is there, and does not run yet.
    Create,
    /// It runs.
    Start,
    /// It ended; the attribute `exitCode` says how.
    Die,
    /// The machine killed one of its processes for want of memory.
    OutOfMemory,
    /// It was stopped on purpose; `die` comes before.
    Stop,
    /// It was stopped and started on purpose; `die` and `start` come before.
    Restart,
    /// A signal was sent to it; the attribute `signal` says which.
    Kill,
    /// It is frozen.
    Pause,
    /// It goes on.
    Unpause,
    /// It has another name.
    Rename,
    /// Its health check says something else: `healthy`, `unhealthy`, `starting`.
    Health(String),
    /// It is gone, with its log.
    Destroy,
    /// Anything else, as the engine writes it.
    Other(String),
}

impl Action {
    /// Reads Docker's words and Podman's.
    pub fn parse(text: &str) -> Action {
        if let Some(health) = text.strip_prefix("health_status") {
            let health = health.trim_start_matches(':').trim();
            return Action::Health(health.to_owned());
        }
        match text {
            "create" => Action::Create,
            "start" => Action::Start,
            "die" | "died" => Action::Die,
            "oom" => Action::OutOfMemory,
            "stop" => Action::Stop,
            "restart" => Action::Restart,
            "kill" => Action::Kill,
            "pause" => Action::Pause,
            "unpause" => Action::Unpause,
            "rename" => Action::Rename,
            "destroy" | "remove" | "removed" => Action::Destroy,
            other => Action::Other(other.to_owned()),
        }
    }
}

/// The engine's events, one after another. Dropping it ends them.
pub struct Events {
    body: Body,
    pending: Vec<u8>,
    /// How much of `pending` has been looked through for an end of line.
    looked: usize,
    /// The line is longer than [`LONGEST`]; the rest of it is skipped.
    skipping: bool,
}

impl Events {
    /// The next one; `None` when the engine ends the stream. May be cancelled.
    pub async fn next(&mut self) -> Result<Option<Happening>, ClientError> {
        loop {
            if let Some(end) = memchr::memchr(b'\n', &self.pending[self.looked..]) {
                let end = self.looked + end;
                let line: Vec<u8> = self.pending.drain(..=end).collect();
                self.looked = 0;
                if std::mem::take(&mut self.skipping) || line.trim_ascii().is_empty() {
                    continue;
                }
                if let Some(happening) = Happening::from_line(&line) {
                    return Ok(Some(happening));
                }
                continue;
            }
            self.looked = self.pending.len();
            if self.pending.len() > LONGEST {
                self.pending.clear();
                (self.looked, self.skipping) = (0, true);
            }
            match self.body.next().await? {
                Some(piece) => self.pending.extend_from_slice(&piece),
                None => {
                    let line = std::mem::take(&mut self.pending);
                    self.looked = 0;
                    return Ok((!self.skipping).then(|| Happening::from_line(&line)).flatten());
                }
            }
        }
    }
}

impl Client {
    /// What happens to containers from `since` on (ns since the epoch; `None` = from now), up to `until` or for ever. The
    /// engine keeps some hundreds of past events.
    pub async fn events(&self, since: Option<Nanos>, until: Option<Nanos>) -> Result<Events, ClientError> {
        let mut path = format!("/events?filters={}", to_url(r#"{"type":["container"]}"#));
        for (key, time) in [("since", since), ("until", until)] {
            if let Some(time) = time {
                path += &format!("&{key}={}", to_seconds(time));
            }
        }
        let wait = if until.is_some() { Wait::Answer } else { Wait::Endless };
        let Answer { body, .. } = self.get(&path, wait).await?.checked().await?;
        Ok(Events { body, pending: Vec::new(), looked: 0, skipping: false })
    }
}

/// A time as engines take it: seconds and nanoseconds.
pub fn to_seconds(time: Nanos) -> String {
    let second = crate::event::SECOND;
    format!("{}.{:09}", time.div_euclid(second), time.rem_euclid(second))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_both_engines_are_read() {
        let docker = br#"{"status":"die","id":"ab","from":"busybox","Type":"container","Action":"die","Actor":{"ID":"ab","Attributes":{"exitCode":"137","image":"busybox","name":"x","template":"demo"}},"scope":"local","time":1700000000,"timeNano":1700000000123456789}"#;
        let died = Happening::from_line(docker).unwrap();
        assert_eq!((died.id.as_str(), died.name.as_deref(), died.exit_code()), ("ab", Some("x"), Some(137)));
        assert_eq!((died.action.clone(), died.time), (Action::Die, Some(1_700_000_000_123_456_789)));
        assert_eq!(died.get("template"), Some("demo"));
        let podman = br#"{"Type":"container","Action":"died","Actor":{"ID":"cd","Attributes":{"containerExitCode":"0"}},"time":1700000000}"#;
        let died = Happening::from_line(podman).unwrap();
        assert_eq!((died.action.clone(), died.exit_code()), (Action::Die, Some(0)));
        assert_eq!(died.time, Some(1_700_000_000_000_000_000));
    }

    #[test]
    fn odd_lines_are_skipped_and_odd_actions_are_kept() {
        for odd in [
            "",
            "[]",
            "{",
            r#"{"Type":"network","Action":"connect","Actor":{"ID":"n"}}"#,
            r#"{"Action":"die"}"#,
        ] {
            assert_eq!(Happening::from_line(odd.as_bytes()), None, "{odd}");
        }
        let new =
            Happening::from_line(br#"{"Type":"container","Action":"teleport","scope":7,"id":"ab"}"#).unwrap();
        assert_eq!(new.action, Action::Other("teleport".to_owned()));
        assert_eq!(Action::parse("health_status: unhealthy"), Action::Health("unhealthy".to_owned()));
        assert_eq!(Action::parse("health_status"), Action::Health(String::new()));
    }

    #[test]
    fn times_go_out_as_seconds_and_nanoseconds() {
        assert_eq!(to_seconds(1_700_000_000_000_000_042), "1700000000.000000042");
        assert_eq!(to_seconds(-1), "-1.999999999");
    }
}
