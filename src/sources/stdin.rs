//! `stdin`: reads standard input to its end.
//!
//! * What is read cannot be read again: after a kill it is gone, and `run` says so at the start.
//! * Ids are made of the input's name, `id`, and the number of the line; without a name a random one is drawn for each
//!   run.

use std::hash::{BuildHasher, RandomState};
use std::io::Read;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use memchr::{memchr, memrchr};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::runtime::Handle;
use xxhash_rust::xxh3::xxh3_128;

use super::decode::{sniff, template_of};
use super::matching::{longest, read_longest};
use super::{Emit, Kind, Opened, Outlet, RunMode, Shutdown, Source, SourceError, text_schema};
use crate::config::units::Size;
use crate::config::{Diags, Settings};
use crate::event::{BoxFuture, End, Identity, Nanos, Origin, Partition, Schema, SharedOrigin};
use crate::telemetry::read::READ;

/// Its line in the list of kinds.
pub const KIND: Kind = Kind {
    name: "stdin",
    summary: "reads standard input",
    schema: || schemars::schema_for!(StdinSettings),
    build,
};

/// Reads standard input to its end: text, NDJSON or container engines' logs, with or without the prefixes that tools
/// add. It cannot be read again: what was read and not delivered when mcpp is killed is lost.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StdinSettings {
    /// Names the input: with it the same lines get the same event ids in every run. Without it each run has its own.
    pub id: Option<String>,
    /// Name of the deployment that the lines are from, where they do not say it themselves.
    pub deployment: Option<String>,
    /// Longest line, from `128KiB` to `64MiB`: a longer one is cut there, marked and counted.
    #[serde(default = "longest")]
    pub longest_line: Size,
}

/// Bytes read at a time.
const PIECE: usize = 64 * 1024;

/// Pieces that may wait: what a pipe's writer is ahead.
const PIECES: usize = 4;

/// How long the first lines may take to come together: the format is told by them.
const FIRST: Duration = Duration::from_millis(100);

/// How long to wait for room or input before looking at the shutdown.
const LOOK: Duration = Duration::from_millis(100);

/// After the last line: when it is first said that time has passed, and how long it is repeated, every second.
const QUIET_FIRST: Duration = Duration::from_millis(1200);
const QUIET_LAST: Duration = Duration::from_secs(35);

fn build(given: &Settings<'_>, diags: &mut Diags) -> Option<Box<dyn Source>> {
    let settings: StdinSettings = match given.decode() {
        Ok(settings) => settings,
        Err(error) => {
            diags.error(given.range(), error, "these settings", None);
            return None;
        }
    };
    let longest = read_longest(given, diags, settings.longest_line)?;
    Some(Box::new(Stdin { id: settings.id, deployment: settings.deployment, longest }))
}

/// See the module.
#[derive(Debug)]
pub struct Stdin {
    id: Option<String>,
    deployment: Option<String>,
    longest: usize,
}

impl Source for Stdin {
    fn schema(&self) -> Schema {
        text_schema("stdin")
    }

    fn resumes(&self) -> bool {
        false
    }

    fn run(
        self: Box<Self>,
        emit: Emit,
        _mode: RunMode,
        shutdown: Shutdown,
    ) -> BoxFuture<'static, Result<(), SourceError>> {
        Box::pin(async move {
            let handle = Handle::current();
            let task = move || self.read(std::io::stdin(), emit, &shutdown, &handle);
            match tokio::task::spawn_blocking(task).await {
                Ok(result) => result,
                Err(error) => std::panic::resume_unwind(error.into_panic()),
            }
        })
    }
}

type Piece = std::io::Result<Vec<u8>>;

/// Reads ahead, in a thread of its own because a read cannot be interrupted; it dies with the process.
fn pieces(mut input: impl Read + Send + 'static) -> std::io::Result<Receiver<Piece>> {
    let (sender, receiver): (SyncSender<Piece>, _) = sync_channel(PIECES);
    let body = move || loop {
        let mut piece = vec![0; PIECE];
        let got = match input.read(&mut piece) {
            Ok(n) => {
                piece.truncate(n);
                Ok(piece)
            }
            Err(e) if e.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(e) => Err(e),
        };
        let last = !matches!(&got, Ok(piece) if !piece.is_empty());
        if sender.send(got).is_err() || last {
            return;
        }
    };
    std::thread::Builder::new().name("stdin".to_owned()).spawn(body)?;
    Ok(receiver)
}

fn wall() -> Nanos {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(now.as_nanos()).unwrap_or(i64::MAX)
}

/// What has been read and not handed over.
struct Input {
    pieces: Receiver<Piece>,
    held: Vec<u8>,
    /// Bytes handed over or skipped.
    offset: u64,
    skipping: bool,
    ended: bool,
    failed: Option<std::io::Error>,
}

impl Input {
    /// Waits for input; `false`: none came.
    fn wait(&mut self, patience: Duration) -> bool {
        match self.pieces.recv_timeout(patience) {
            Ok(Ok(piece)) => {
                self.ended = piece.is_empty();
                self.take(piece);
            }
            Ok(Err(cause)) => {
                self.ended = true;
                self.failed = Some(cause);
            }
            Err(RecvTimeoutError::Timeout) => return false,
            Err(RecvTimeoutError::Disconnected) => self.ended = true,
        }
        true
    }

    fn take(&mut self, piece: Vec<u8>) {
        let mut new = piece.as_slice();
        if self.skipping {
            let end = memchr(b'\n', new).map(|at| at + 1);
            self.skipping = end.is_none();
            let skipped = end.unwrap_or(new.len());
            READ.skipped.add(skipped as u64);
            self.offset += skipped as u64;
            new = &new[skipped..];
        }
        self.held.extend_from_slice(new);
    }

    /// How many bytes can be handed over: whole lines, the start of one that is too long, or all at the end.
    fn ready(&self, longest: usize) -> usize {
        match memrchr(b'\n', &self.held) {
            Some(at) => at + 1,
            None if self.held.len() > longest => longest + 1,
            None if self.ended => self.held.len(),
            None => 0,
        }
    }
}

impl Stdin {
    fn read(
        self,
        input: impl Read + Send + 'static,
        emit: Emit,
        shutdown: &Shutdown,
        handle: &Handle,
    ) -> Result<(), SourceError> {
        let failed = |cause| SourceError::Read { name: "standard input".to_owned(), cause };
        let pieces = pieces(input).map_err(failed)?;
        let mut input =
            Input { pieces, held: Vec::new(), offset: 0, skipping: false, ended: false, failed: None };
        // A merge in time order waits for the first line anyway; nothing else of this source will come before it.
        while !input.ended && input.ready(self.longest) == 0 && !*shutdown.borrow() {
            input.wait(LOOK);
        }
        let first = Instant::now();
        while !input.ended && input.held.len() < PIECE && first.elapsed() < FIRST {
            input.wait(FIRST.saturating_sub(first.elapsed()));
        }
        if input.held.is_empty() {
            return input.failed.map_or(Ok(()), |cause| Err(failed(cause)));
        }
        let seed = self.seed();
        let mut outlet = self.open(&emit, &input.held);
        emit.ready();
        let mut last = Instant::now();
        let mut notice = None;
        while !*shutdown.borrow() {
            let ready = input.ready(self.longest);
            if ready > 0 {
                if !self.hand_over(&mut input, &mut outlet, ready, seed, shutdown, handle) {
                    return Ok(());
                }
                last = Instant::now();
                notice = Some(last + QUIET_FIRST);
            } else if input.ended {
                break;
            }
            if let Some(due) = notice
                && Instant::now() >= due
            {
                outlet.notice(wall(), position(&input), End::Clock);
                let next = due + Duration::from_secs(1);
                notice = (next.duration_since(last) <= QUIET_LAST).then_some(next);
            }
            if !input.ended && input.ready(self.longest) == 0 {
                input.wait(LOOK);
            }
        }
        if input.ended {
            outlet.notice(wall(), position(&input), End::Input);
        }
        input.failed.map_or(Ok(()), |cause| Err(failed(cause)))
    }

    fn hand_over(
        &self,
        input: &mut Input,
        outlet: &mut Outlet,
        ready: usize,
        seed: u128,
        shutdown: &Shutdown,
        handle: &Handle,
    ) -> bool {
        let room = loop {
            if let Some(room) = outlet.try_room(ready) {
                break room;
            }
            let wait = outlet.room(ready);
            if let Ok(room) = handle.block_on(async { tokio::time::timeout(LOOK, wait).await }) {
                break room;
            }
            if *shutdown.borrow() {
                return false;
            }
        };
        let mut room = room;
        room.memory.clear();
        room.memory.extend_from_slice(&input.held[..ready]);
        let offset = input.offset;
        input.held.drain(..ready);
        input.offset += ready as u64;
        if room.memory.last() != Some(&b'\n') && !input.ended {
            READ.cut.add(1);
            input.skipping = true;
            let rest = std::mem::take(&mut input.held);
            input.take(rest);
        }
        outlet.send(room, seed, offset, wall(), position(input), None)
    }

    fn seed(&self) -> u128 {
        match &self.id {
            Some(id) => xxh3_128(format!("stream1\0{id}").as_bytes()),
            None => {
                let random = RandomState::new();
                let half = |n: u64| u128::from(random.hash_one((n, wall(), std::process::id())));
                half(1) << 64 | half(2)
            }
        }
    }

    fn open(&self, emit: &Emit, head: &[u8]) -> Outlet {
        let origin = Origin {
            template: self.deployment.as_deref().and_then(template_of).map(str::to_owned),
            deployment: self.deployment.clone(),
            ..Origin::default()
        };
        let partition = Partition {
            key: "stdin".to_owned(),
            name: "stdin".to_owned(),
            identity: Identity::Stream,
            origin: SharedOrigin::new(origin),
        };
        let decoder = sniff(head).decoder(self.longest);
        emit.open(partition, Opened { decoder, saved: None, seq: 0, start: Value::Null })
    }
}

fn position(input: &Input) -> Value {
    json!({ "offset": input.offset })
}

#[cfg(test)]
mod tests;
