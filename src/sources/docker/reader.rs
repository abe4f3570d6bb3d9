//! One container, read by the engine's API: a task of its own, with small buffers while nothing comes.
//!
//! * Where an answer ends or is cut, the next one begins a second before the last record, and what is known is skipped.
//! * A container that has ended is read again when it is started, and let go when it is removed.
//! * Only records that are complete are handed over.

use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::sync::watch;
use tokio::time::Instant;

use super::backoff::Backoff;
use super::frames::{Cursor, Splitter};
use super::life::Lives;
use super::position::{Position, by_api};
use crate::event::{End, Identity, NO_TIME, Nanos, Partition, SECOND, SharedOrigin};
use crate::platform::client::{Answer, Body, Wait, to_url};
use crate::platform::deployment::State;
use crate::platform::events::to_seconds;
use crate::platform::{Client, ClientError, Deployment, Product};
use crate::sources::decode::{Api, Since, Streams};
use crate::sources::read::container_seed;
use crate::sources::{DynDecoder, Emit, Opened, Outlet, Shutdown};
use crate::telemetry::fault;
use crate::telemetry::follow::FOLLOW;
use crate::telemetry::read::READ;

/// After the last record: when it is first said that time has passed, how often, and how long. With nothing at all to
/// read it is said earlier, so that nobody waits for a quiet container.
const QUIET_FIRST: Duration = Duration::from_millis(1200);
const QUIET_FRESH: Duration = Duration::from_millis(400);
const QUIET_EVERY: Duration = Duration::from_secs(1);
const QUIET_LAST: Duration = Duration::from_secs(35);

/// How long records may gather after the first: a batch costs more than a record.
const GATHER: Duration = Duration::from_millis(8);

/// How far back the next answer begins: the streams of a container run out of order between each other.
const BACK: Nanos = SECOND;

/// What all readers of a source share.
pub(super) struct Shared {
    pub(super) emit: Arc<Emit>,
    pub(super) client: Mutex<Client>,
    pub(super) shutdown: Shutdown,
    pub(super) once: bool,
    pub(super) longest: usize,
    pub(super) since: Option<Nanos>,
    pub(super) lives: Option<Lives>,
}

impl Shared {
    /// The engine, as it was reached last.
    pub(super) fn client(&self) -> Client {
        self.client.lock().unwrap_or_else(|e| e.into_inner()).clone()
    }
}

/// Nanoseconds since the epoch.
pub(super) fn wall() -> Nanos {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(now.as_nanos()).unwrap_or(i64::MAX)
}

/// What a reader is told of its container.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Life {
    /// Grows with every start, and whenever something may have been missed.
    pub(super) starts: u64,
    /// It was removed.
    pub(super) gone: bool,
}

/// How reading a container ended.
#[derive(Debug)]
pub(super) enum Outcome {
    /// It was read as far as it goes.
    Read,
    /// The engine does not give its log.
    Unreadable(String),
}

/// How an answer ended.
enum Ended {
    /// With everything that the engine has.
    Complete,
    /// The source is to stop, or the pipeline is gone.
    Stop,
}

/// Reads one container.
pub(super) struct Reader {
    shared: Arc<Shared>,
    id: String,
    name: String,
    cursor: Cursor,
    splitter: Splitter,
    way: Way,
    life: watch::Receiver<Life>,
    /// Where to begin if nothing is known.
    begin: Option<Nanos>,
    failing: bool,
}

/// The way to the lane, and what is said on it while nothing comes.
struct Way {
    outlet: Outlet,
    seed: u128,
    last: Instant,
    next: Option<Instant>,
    shutdown: Shutdown,
}

impl Way {
    fn heard(&mut self, first: Duration) {
        self.last = Instant::now();
        self.next = Some(self.last + first);
    }

    /// Waits for something, and says meanwhile that time passes; `None`: it is time to stop.
    async fn during<T>(&mut self, streams: &Streams, what: impl Future<Output = T>) -> Option<T> {
        tokio::pin!(what);
        loop {
            let far = Instant::now() + Duration::from_secs(86_400);
            tokio::select! {
                biased;
                done = &mut what => return Some(done),
                _ = self.shutdown.wait_for(|stop| *stop) => return None,
                () = tokio::time::sleep_until(self.next.unwrap_or(far)), if self.next.is_some() => {
                    if !self.outlet.notice(wall(), by_api(streams), End::Clock) {
                        return None;
                    }
                    let next = Instant::now() + QUIET_EVERY;
                    self.next = (next - self.last <= QUIET_LAST).then_some(next);
                }
            }
        }
    }
}

impl Reader {
    /// A reader for an inspected container; its partition is open then. `begin`: where to begin if nothing was saved.
    pub(super) fn new(
        shared: Arc<Shared>,
        container: &Deployment,
        life: watch::Receiver<Life>,
        begin: Option<Nanos>,
    ) -> Reader {
        let until_newline = shared.client().product() == Product::Podman;
        let terminal = container.details.as_ref().is_some_and(|details| details.tty);
        let saved = shared.emit.resume(&container.id);
        let (mut seq, mut streams) = (0, Streams::default());
        let saved = saved.and_then(|saved| {
            let position = Position::read(&saved.position);
            if position.by_file {
                FOLLOW.reader_changes.add(1);
                tracing::info!(container = %container.name, "its log file cannot be read any more: going on by the API");
            }
            let known = position.streams.filter(|streams| streams.latest != NO_TIME);
            if known.is_some() || saved.is_beginning() {
                (seq, streams) = (saved.seq, known.unwrap_or_default());
                return Some(saved);
            }
            seq = saved.branches.values().map(|branch| branch.seq).max().unwrap_or(0).max(saved.seq);
            None
        });
        let decoder: Arc<dyn DynDecoder> = Arc::new(Api::new(shared.longest, until_newline, streams));
        let decoder = match shared.since {
            Some(since) => Since::wrap(decoder, since),
            None => decoder,
        };
        let partition = Partition {
            key: container.id.clone(),
            name: container.name.clone(),
            identity: Identity::Container,
            origin: SharedOrigin::new(container.to_origin()),
        };
        let opened = Opened { decoder, saved, seq, start: by_api(&streams) };
        let mut way = Way {
            outlet: shared.emit.open(partition, opened),
            seed: container_seed(&container.id),
            last: Instant::now(),
            next: None,
            shutdown: shared.shutdown.clone(),
        };
        way.heard(QUIET_FRESH);
        Reader {
            splitter: Splitter::new(terminal, shared.longest),
            cursor: Cursor::after(streams),
            id: container.id.clone(),
            name: container.name.clone(),
            way,
            life,
            begin,
            failing: false,
            shared,
        }
    }

    /// Reads until the container is gone, the source stops, or (`once`) everything is read.
    pub(super) async fn read(mut self) -> Outcome {
        let mut backoff = Backoff::default();
        loop {
            let life = *self.life.borrow_and_update();
            let before = self.cursor.streams;
            let answered = self.attach().await;
            if self.cursor.streams != before {
                backoff.reset();
            }
            self.splitter.clear();
            let runs = match answered {
                Ok(Ended::Stop) => return Outcome::Read,
                Ok(Ended::Complete) => {
                    self.failing = false;
                    if self.shared.once || life.gone {
                        return self.end();
                    }
                    match self.runs().await {
                        Ok(Some(runs)) => runs,
                        Ok(None) => return self.end(),
                        Err(_) => true,
                    }
                }
                Err(ClientError::NotFound { .. } | ClientError::Conflict { .. }) => return self.end(),
                Err(error @ ClientError::Unsupported { .. }) => {
                    return self.give_up(error.message().unwrap_or_default().to_owned());
                }
                Err(error) if self.shared.once => return self.give_up(error.to_string()),
                Err(error) => {
                    if !std::mem::replace(&mut self.failing, true) && !error.is_passing() {
                        tracing::warn!(container = %self.name, %error, "cannot read a container's log; trying again");
                    }
                    true
                }
            };
            let (id, life_now) = (self.id.clone(), &mut self.life);
            let wait = backoff.next();
            let streams = self.cursor.streams;
            let again = async move {
                if runs {
                    tokio::time::sleep(wait).await;
                } else if life_now.wait_for(|now| *now != life).await.is_err() {
                    tracing::debug!(id, "nobody tells of the container any more");
                }
            };
            if self.way.during(&streams, again).await.is_none() {
                return Outcome::Read;
            }
            if self.life.borrow().gone && !runs {
                return self.end();
            }
            fault::point("docker-read-again");
        }
    }

    fn end(mut self) -> Outcome {
        self.way.outlet.notice(wall(), by_api(&self.cursor.streams), End::Input);
        Outcome::Read
    }

    fn give_up(mut self, why: String) -> Outcome {
        tracing::warn!(container = %self.name, why, "the engine does not give this container's log; the rest goes on");
        READ.failed.add(1);
        self.way.outlet.notice(wall(), by_api(&self.cursor.streams), End::Input);
        Outcome::Unreadable(self.name)
    }

    /// Whether the container runs; `None`: it is gone.
    async fn runs(&mut self) -> Result<Option<bool>, ClientError> {
        self.way.outlet.notice(wall(), by_api(&self.cursor.streams), End::Life);
        match self.shared.client().inspect(&self.id).await {
            Ok(container) => {
                let ended = matches!(container.state, State::Exited | State::Dead | State::Created);
                Ok(Some(!ended))
            }
            Err(ClientError::NotFound { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Asks for the log and reads the answer.
    async fn attach(&mut self) -> Result<Ended, ClientError> {
        let known = self.cursor.streams;
        // The clock has stepped back: what was written since may carry times before the last one. Twice is better than
        // never.
        let stepped = known.latest != NO_TIME && known.latest > wall().saturating_add(2 * SECOND);
        if stepped {
            tracing::warn!(container = %self.name, "the clock has stepped back: the log is read again from its start");
        }
        let resumes = known.latest != NO_TIME && !stepped;
        self.cursor.begin(resumes);
        let back = resumes.then(|| known.latest.saturating_sub(BACK));
        let since = back.or(self.begin).max(self.shared.since);
        let mut path = format!("/containers/{}/logs?stdout=1&stderr=1&timestamps=1", to_url(&self.id));
        if !self.shared.once {
            path += "&follow=1";
        }
        if let Some(since) = since {
            path += &format!("&since={}", to_seconds(since));
        }
        let client = self.shared.client();
        let wait = if self.shared.once { Wait::Answer } else { Wait::Endless };
        fault::point("docker-before-attach");
        let Some(answer) = self.way.during(&known, client.get(&path, wait)).await else {
            return Ok(Ended::Stop);
        };
        let Answer { mut body, .. } = answer?.checked().await?;
        loop {
            let piece = self.way.during(&self.cursor.streams, body.next()).await;
            let Some(piece) = piece else { return Ok(Ended::Stop) };
            let Some(piece) = piece? else { break };
            self.splitter.push(&piece);
            drop(piece);
            let ended = self.gather(&mut body).await;
            if !self.deliver().await {
                return Ok(Ended::Stop);
            }
            if ended? {
                break;
            }
        }
        let mut rest = Vec::new();
        self.splitter.finish(&mut rest, &mut self.cursor);
        let stop = !rest.is_empty() && !self.send(rest).await;
        Ok(if stop { Ended::Stop } else { Ended::Complete })
    }

    /// Takes what comes soon; `true`: the answer has ended.
    async fn gather(&mut self, body: &mut Body) -> Result<bool, ClientError> {
        let until = Instant::now() + GATHER;
        while self.splitter.waiting() < self.way.outlet.batch_size() {
            match tokio::time::timeout_at(until, body.next()).await {
                Ok(Ok(Some(piece))) => self.splitter.push(&piece),
                Ok(Ok(None)) => return Ok(true),
                Ok(Err(error)) => return Err(error),
                Err(_) => break,
            }
        }
        Ok(false)
    }

    /// Hands over the records that wait; `false`: the pipeline is gone.
    async fn deliver(&mut self) -> bool {
        loop {
            let size = self.way.outlet.batch_size();
            let mut room = tokio::select! {
                room = self.way.outlet.room(size.min(self.splitter.waiting().max(1))) => room,
                _ = self.way.shutdown.wait_for(|stop| *stop) => return false,
            };
            room.memory.clear();
            let more = self.splitter.take(&mut room.memory, size, &mut self.cursor);
            if !room.memory.is_empty() && !self.hand_over(room) {
                return false;
            }
            if !more {
                return true;
            }
        }
    }

    /// Hands over one record.
    async fn send(&mut self, record: Vec<u8>) -> bool {
        let mut room = self.way.outlet.room(record.len()).await;
        room.memory.clear();
        room.memory.extend_from_slice(&record);
        self.hand_over(room)
    }

    fn hand_over(&mut self, room: crate::sources::emit::Room) -> bool {
        if self.cursor.has_gap() {
            READ.gaps.add(1);
            tracing::warn!(
                container = %self.name,
                gaps = READ.gaps.get(),
                "text was rotated away before it could be read; the engine does not say how much"
            );
            if let Some(lives) = &self.shared.lives {
                lives.gap(
                    &self.id,
                    &self.name,
                    Some(self.way.outlet.partition().origin.origin.clone()),
                    None,
                );
            }
        }
        fault::point("docker-before-deliver");
        let position = by_api(&self.cursor.streams);
        if !self.way.outlet.send(room, self.way.seed, 0, wall(), position, None) {
            return false;
        }
        fault::point("docker-delivered");
        FOLLOW.read(&self.name);
        self.way.heard(QUIET_FIRST);
        true
    }
}
