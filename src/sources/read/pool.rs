//! All files of a source, read by one thread.

use std::collections::HashMap;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use tokio::runtime::Handle;
use tokio::sync::mpsc::UnboundedSender;

use super::siblings;
use super::step::Step;
use super::tail::Tail;
use super::watch::{Wake, Waker, Watcher};
use crate::ack::machine::machine_id;
use crate::event::{Nanos, Origin};
use crate::sources::{Emit, RunMode, Shutdown, SourceError};
use crate::telemetry::read::READ;

/// How often files are looked at without being told: not every file system tells.
const POLL: Duration = Duration::from_secs(1);

/// How long text may gather after the first word of it: a batch costs more than a line.
const GATHER: Duration = Duration::from_millis(8);

/// How often quiet files get their turn while others keep the reader busy.
const TURN: Duration = Duration::from_millis(100);

/// How long to wait for room for one partition before looking at the others again.
const PATIENCE: Duration = Duration::from_millis(5);

/// Of so many quiet files not all are looked at each second, where the system tells of changes: each in its turn, within
/// so many seconds.
const MANY: usize = 64;
const TURNS: usize = 8;

/// How soon to look again at a file that was renamed, or is missing.
const RESTLESS: Duration = Duration::from_millis(250);

/// A text to be read: a path and what is known of it.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    /// The path that is written to.
    pub(crate) path: PathBuf,
    /// Key of the partition, without the source's name.
    pub(crate) key: String,
    /// Name for people.
    pub(crate) name: String,
    /// What is known of the container.
    pub(crate) origin: Origin,
    /// Seed of the ids, where the engine's times tell lines apart.
    pub(crate) container_seed: Option<u128>,
    /// Rotated files to be read before, oldest first; `None`: those beside the path.
    pub(crate) backlog: Option<Vec<PathBuf>>,
    /// When the path is gone no other text will stand there.
    pub(crate) ends_when_gone: bool,
    /// Positions hold the engine's own keys too.
    pub(crate) tracked: bool,
    /// Records before this time are not wanted.
    pub(crate) since: Option<Nanos>,
    /// Who is told of text that was gone before it could be read: the key, and how many bytes at least.
    pub(crate) gaps: Option<UnboundedSender<(String, u64)>>,
}

/// Says which files there are.
pub(crate) trait Finder: Send {
    /// The paths that are there now, sorted. Called every second.
    fn paths(&mut self) -> Vec<PathBuf>;

    /// Whether a path would be among them if it were there.
    fn wants(&self, path: &std::path::Path) -> bool;

    /// What is known of a path; `None`: it is not to be read. `backlog`: its rotated files among the paths.
    fn describe(&mut self, path: &std::path::Path, backlog: Vec<PathBuf>) -> Option<Found>;

    /// The path of a partition, by the key of a saved position.
    fn path_of(&self, key: &str, position: &serde_json::Value) -> Option<PathBuf>;

    /// Takes what wakes the reader when there may be new paths.
    fn take_waker(&mut self, _waker: Waker) {}

    /// Whether there may be new paths since the last call.
    fn has_new(&self) -> bool {
        false
    }
}

/// What every tail needs.
pub(super) struct Context<'a> {
    pub(super) emit: &'a Emit,
    pub(super) once: bool,
    pub(super) longest: usize,
    pub(super) machine: String,
}

impl Context<'_> {
    /// Nanoseconds since the epoch.
    pub(super) fn wall(&self) -> Nanos {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        i64::try_from(now.as_nanos()).unwrap_or(i64::MAX)
    }
}

/// Reads until the end (`once`) or the shutdown. Blocks; `handle` waits for room. `what` is for messages.
pub(crate) fn run(
    finder: Box<dyn Finder>,
    what: &str,
    longest: usize,
    emit: &Emit,
    mode: RunMode,
    shutdown: Shutdown,
    handle: &Handle,
) -> Result<(), SourceError> {
    let cx = Context { emit, once: mode.once, longest, machine: machine_id() };
    let watcher = Watcher::new(mode.once, shutdown.clone(), handle);
    let mut finder = finder;
    finder.take_waker(watcher.waker());
    let mut pool = Pool { finder, tails: Vec::new(), paths: HashMap::new(), watcher, turns: 0 };
    pool.discover(&cx, mode.from_now);
    pool.reclaim(&cx);
    for tail in &mut pool.tails {
        tail.tail.prepare(&cx);
        tail.tail.count_backlog();
    }
    emit.ready();
    if mode.once && pool.tails.is_empty() {
        return Err(SourceError::Nothing(format!("no file matches {what}")));
    }
    let failed = READ.failed.get();
    pool.read_all(&cx, &shutdown, handle);
    let read = pool.tails.iter().any(|tail| tail.was_read);
    if mode.once && !read && READ.failed.get() > failed && !*shutdown.borrow() {
        return Err(SourceError::Nothing(format!("none of the files can be read: {what}")));
    }
    Ok(())
}

struct Pool {
    finder: Box<dyn Finder>,
    tails: Vec<Slot>,
    /// Tails by the path that is written to.
    paths: HashMap<PathBuf, usize>,
    watcher: Watcher,
    /// Whose turn it is to be looked at.
    turns: usize,
}

struct Slot {
    tail: Tail,
    /// It may have something to read.
    active: bool,
    was_read: bool,
    ended: bool,
}

impl Pool {
    /// Makes tails for paths that have none.
    fn discover(&mut self, cx: &Context<'_>, from_now: bool) {
        let all = self.finder.paths();
        let mut bases: Vec<PathBuf> = Vec::new();
        let mut rotated: HashMap<PathBuf, Vec<PathBuf>> = HashMap::new();
        for path in all {
            // The path itself is missing for a moment while it is rotated.
            match siblings::origin_of(&path).filter(|origin| self.finder.wants(origin)) {
                Some(origin) => rotated.entry(origin).or_default().push(path),
                None => bases.push(path),
            }
        }
        let missing = rotated.keys().filter(|origin| bases.binary_search(origin).is_err()).cloned();
        let missing: Vec<PathBuf> = missing.collect();
        bases.extend(missing);
        for path in bases {
            if self.paths.contains_key(&path) || self.is_being_read(&path) {
                continue;
            }
            let backlog = siblings::in_order(&path, rotated.remove(&path).unwrap_or_default());
            if let Some(found) = self.finder.describe(&path, backlog) {
                self.add(Tail::new(found, cx, from_now));
            }
        }
    }

    /// Makes tails for saved partitions whose path is gone: the rest of their text may stand beside it.
    fn reclaim(&mut self, cx: &Context<'_>) {
        for key in cx.emit.unclaimed() {
            let Some(position) = cx.emit.peek(&key) else { continue };
            let Some(path) = self.finder.path_of(&key, &position) else { continue };
            if self.paths.contains_key(&path) {
                continue;
            }
            if let Some(found) = self.finder.describe(&path, Vec::new()).filter(|found| found.key == key) {
                self.add(Tail::new(found, cx, false));
            }
        }
    }

    fn add(&mut self, tail: Tail) {
        self.watcher.watch(&tail.found.path);
        self.paths.insert(tail.found.path.clone(), self.tails.len());
        self.tails.push(Slot { tail, active: true, was_read: false, ended: false });
    }

    /// Whether a path is another name of a file that is being read.
    fn is_being_read(&self, path: &std::path::Path) -> bool {
        let Ok(there) = std::fs::metadata(path) else { return false };
        let identity = Some((there.dev(), there.ino()));
        self.tails.iter().any(|slot| slot.tail.identity() == identity)
    }

    fn read_all(&mut self, cx: &Context<'_>, shutdown: &Shutdown, handle: &Handle) {
        let (mut looked, mut turned) = (Instant::now(), Instant::now());
        loop {
            if *shutdown.borrow() {
                return;
            }
            let (mut progress, mut blocked) = (false, None);
            for (at, slot) in self.tails.iter_mut().enumerate() {
                if !slot.active {
                    continue;
                }
                match slot.tail.step(cx) {
                    Step::Progress => {
                        progress = true;
                        slot.was_read |= slot.tail.is_open();
                    }
                    Step::Idle => slot.active = false,
                    Step::Blocked => blocked = Some(at),
                    Step::Ended => (slot.active, slot.ended) = (false, true),
                    Step::Closed => return,
                }
            }
            if (progress || blocked.is_some()) && turned.elapsed() >= TURN {
                turned = Instant::now();
                self.turn(cx);
            }
            if let Some(at) = blocked {
                if !progress {
                    self.tails[at].tail.reserve(handle, PATIENCE);
                }
            } else if !progress {
                if cx.once && self.tails.iter().all(|slot| slot.ended) {
                    return;
                }
                self.rest(cx, looked);
            }
            if self.finder.has_new() {
                self.discover(cx, false);
            }
            if !cx.once && looked.elapsed() >= POLL {
                looked = Instant::now();
                self.look(cx);
            }
        }
    }

    /// While others are read: notes what was written to, and says of the rest that time has passed.
    fn turn(&mut self, cx: &Context<'_>) {
        self.note_written(&self.watcher.more());
        let now = Instant::now();
        for slot in self.tails.iter_mut().filter(|slot| !slot.active && !slot.ended) {
            if slot.tail.is_due(now) {
                // What it says must be true now: it is said behind a look that finds nothing.
                match slot.tail.step(cx) {
                    Step::Idle => drop(slot.tail.tick(cx, now)),
                    Step::Ended => slot.ended = true,
                    _ => slot.active = true,
                }
            }
        }
    }

    fn note_written(&mut self, paths: &[PathBuf]) {
        for path in paths {
            if let Some(&at) = self.paths.get(path) {
                self.tails[at].active = true;
            }
        }
    }

    /// Waits until a file is written to, a notice is due or it is time to look.
    fn rest(&mut self, cx: &Context<'_>, looked: Instant) {
        let now = Instant::now();
        let mut until = looked + POLL;
        for slot in &mut self.tails {
            if let Some(due) = slot.tail.tick(cx, now) {
                until = until.min(due);
            }
            if slot.tail.is_restless() {
                until = until.min(now + RESTLESS);
            }
        }
        match self.watcher.wait(until.saturating_duration_since(Instant::now())) {
            Wake::Stop => return,
            Wake::Quiet => {}
            Wake::Written(first) => {
                std::thread::sleep(GATHER);
                self.note_written(&first);
                self.note_written(&self.watcher.more());
            }
        }
        for slot in &mut self.tails {
            slot.active |= slot.tail.is_restless();
        }
    }

    /// Looks at every file, and for new ones.
    fn look(&mut self, cx: &Context<'_>) {
        let mut ended = false;
        self.turns = (self.turns + 1) % TURNS;
        let spread = self.tails.len() > MANY && self.watcher.is_told();
        for (at, slot) in self.tails.iter_mut().enumerate() {
            if !spread || at % TURNS == self.turns || !slot.tail.is_quiet() {
                slot.active = !slot.ended;
            }
            ended |= slot.ended;
        }
        if ended {
            self.tails.retain(|slot| !slot.ended);
            self.paths =
                self.tails.iter().enumerate().map(|(at, slot)| (slot.tail.found.path.clone(), at)).collect();
        }
        self.discover(cx, false);
    }
}
