//! The engine: lanes, sinks' threads, the merger, shutdown, and who waits for whom.
//!
//! * Only sources wait for memory; lanes and sinks never do.
//! * It knows no concrete kind of source, stage or sink.
//! * A drain runs in the direction of the data: sources stop, lanes run dry, sinks answer, the checkpoint is written.

mod deliver;
mod dry;
mod lane;
mod merger;
mod save;
mod skip;
mod slot;
mod stages;

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::sync::watch;

use crate::ack::checkpoint::{Saved, SavedPartition};
use crate::ack::store::StoreError;
use crate::ack::{Cut, Ledger};
use crate::event::{Partition, Tally};
use crate::plan::{Branch, Plan, PlannedStage};
use crate::sinks::dead_letter::DeadLetters;
use crate::sinks::{Built, SendError};
use crate::sources::emit::Watch;
use crate::sources::{Emit, RunMode, SourceError};
use crate::telemetry::{BranchCounters, Progress, fault};

use deliver::{Ended, GivingUp, Message, Way};
use save::Saver;

/// How often the checkpoint is written.
const SAVE_EVERY: Duration = Duration::from_secs(1);

/// How a run is to be made.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Stop at the end of what is there now.
    pub once: bool,
    /// Where positions and dead letters are kept; without it nothing is kept and dead letters go to stderr.
    pub data_dir: Option<PathBuf>,
    /// Show on stdout what would be sent; send and save nothing.
    pub dry_run: bool,
    /// A sink that cannot write ends the run at once instead of trying again: for commands that a person waits for.
    pub fail_fast: bool,
    /// What the run has done so far, for whoever shows it.
    pub progress: Arc<Progress>,
}

/// How a run ended.
#[derive(Debug, Default)]
pub struct Outcome {
    /// What failed for good, one line each.
    pub failed: Vec<String>,
    /// Whoever read a sink's output has gone.
    pub closed: bool,
    /// Events that were read and not delivered when the deadline passed; they are read again next time, where positions
    /// are kept.
    pub left: u64,
    /// Events that became dead letters.
    pub dead_letters: u64,
    /// Dead letters went to stderr, because there is no data directory.
    pub dead_letters_lost: bool,
    /// Per branch, by name, what became of its events.
    pub branches: Vec<(String, Arc<BranchCounters>)>,
}

/// Why a run did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The data directory cannot be used.
    #[error("data directory")]
    Store(#[from] StoreError),
    /// A sink cannot be opened.
    #[error("sink {name}")]
    Sink {
        /// Its name in the pipeline file.
        name: String,
        /// Why.
        #[source]
        cause: SendError,
    },
    /// The system gives no threads.
    #[error("cannot start a thread")]
    Thread(#[source] std::io::Error),
}

/// What lanes, sinks and the checkpoint share.
struct Shared {
    stages: Vec<PlannedStage>,
    branches: Vec<Branch>,
    ways: Vec<Way>,
    counters: Vec<Arc<BranchCounters>>,
    progress: Arc<Progress>,
    saver: Option<Saver>,
    keeps_positions: bool,
    dead_letters: DeadLetters,
    dead: AtomicU64,
    giving_up: GivingUp,
    troubles: Mutex<Vec<String>>,
}

impl Shared {
    fn count(&self, tally: &Tally, bytes: u64) {
        let progress = &self.progress;
        progress.bytes.add(bytes);
        progress.records.add(tally.read);
        progress.unparsed.add(tally.unparsed);
        progress.misframed.add(tally.misframed);
        progress.cut.add(tally.cut);
        progress.type_misses.add(tally.type_misses);
        progress.implausible_times.add(tally.implausible_times);
        progress.redacted.add(tally.redacted);
        progress.evicted.add(tally.evicted);
    }

    fn register(&self, key: &str, ledger: &Arc<Ledger>, before: Option<SavedPartition>) {
        if let Some(saver) = &self.saver {
            saver.register(key, ledger, before);
        }
    }

    /// Saves where new partitions begin, before anything of them can be sent: a kill would else repeat it.
    fn save_beginnings(&self) {
        if self.saver.as_ref().is_some_and(Saver::has_unsaved) {
            self.save();
        }
    }

    /// Looks at the sinks' own states so far, for marks.
    fn looks(&self) -> u64 {
        self.saver.as_ref().map_or(0, Saver::looks)
    }

    fn store_cuts(&self, key: &str, cuts: &[Cut]) {
        if let Some(saver) = &self.saver
            && let Err(error) = saver.store_cuts(key, cuts)
        {
            self.trouble(format!("data directory: {}", deliver::with_cause(&error)));
        }
    }

    fn dead_letter(&self, branch: usize, body: &[u8], reason: &str) {
        self.dead.fetch_add(1, Ordering::Relaxed);
        let name = &self.branches[branch].name;
        if let Err(error) = self.dead_letters.write(name, body, reason) {
            self.trouble(format!("dead letter of sink {name}: {error}"));
        }
    }

    /// A record on which a stage panics: a dead letter of the branch that it does not reach, or of all.
    fn panicked(&self, partition: &Arc<Partition>, line: &[u8], branch: Option<usize>) {
        for (at, counters) in self.counters.iter().enumerate() {
            if branch.is_some_and(|branch| branch != at) {
                continue;
            }
            let stages = self.stages.iter().chain(&self.branches[at].stages);
            self.dead_letter(at, &stages::shown(partition, line, stages), "panic");
            counters.dead_lettered.add(1);
        }
        tracing::error!(partition = %partition.name, size = line.len(), "a stage panics on this record; it is a dead letter");
    }

    fn trouble(&self, text: String) {
        let mut troubles = self.troubles.lock().unwrap_or_else(|e| e.into_inner());
        if troubles.last() != Some(&text) {
            tracing::error!("{text}");
            troubles.push(text);
            troubles.truncate(100);
        }
    }

    fn save(&self) {
        let Some(saver) = &self.saver else { return };
        // A dead letter's receipt is settled: it must be on the disk before the position behind it.
        if let Err(error) = self.dead_letters.sync() {
            self.trouble(format!("cannot sync the dead letters: {error}"));
            return;
        }
        if let Err(error) = saver.save(&self.branches) {
            self.trouble(format!("cannot write the checkpoint: {}", deliver::with_cause(&error)));
        }
    }
}

impl Watch for Shared {
    fn opened(&self, number: usize, key: &str, start: &serde_json::Value) {
        if let Some(saver) = self.saver.as_ref().filter(|_| self.keeps_positions) {
            saver.opening(key, start);
        }
        for way in self.ways.iter().filter(|way| way.wants_frontiers) {
            way.tell(Message::Opened(number));
        }
    }
    fn ready(&self) {}
}

/// Tells the sinks that merge once the last source has opened what it knows of.
struct ReadyCount {
    shared: Arc<Shared>,
    missing: AtomicU64,
}

impl Watch for ReadyCount {
    fn opened(&self, number: usize, key: &str, start: &serde_json::Value) {
        self.shared.opened(number, key, start);
    }
    fn ready(&self) {
        if self.missing.fetch_sub(1, Ordering::SeqCst) == 1 {
            if let Some(saver) = &self.shared.saver {
                saver.ready();
            }
            // Before anything is read: a run that is killed at once begins where this one began.
            self.shared.save();
            for way in self.shared.ways.iter().filter(|way| way.wants_frontiers) {
                way.tell(Message::Ready);
            }
        }
    }
}

/// What the threads of a run report to the one that waits for them.
enum Report {
    Source(String, Result<(), SourceError>),
    Sink(usize, Ended),
}

/// Runs a plan until its sources end or `stop` becomes true, then drains it.
///
/// Blocks; makes its own runtime. `stop` is also set by the run itself when it cannot go on.
pub fn run(mut plan: Plan, mut options: Options, stop: &watch::Sender<bool>) -> Result<Outcome, StartError> {
    if options.dry_run {
        options.data_dir = None;
        let shown = |b: Branch| Branch { sink: dry::shown(&b.name, b.sink), ..b };
        plan.branches = plan.branches.into_iter().map(shown).collect();
    }
    let resumes = plan.sources.iter().all(|s| s.source.resumes());
    let (saver, mut saved) = match &options.data_dir {
        Some(dir) => {
            let (saver, saved) = Saver::open(dir, &plan.name, &plan.branches)?;
            (Some(saver), saved)
        }
        None => (None, Saved::default()),
    };
    let own = plan.branches.iter().flat_map(|b| &b.stages);
    save::settle(&mut saved, &plan.stages.iter().chain(own).collect::<Vec<_>>());
    let mut ways = Vec::new();
    let mut inboxes = Vec::new();
    for branch in &plan.branches {
        let (sender, inbox) = mpsc::channel();
        let (is_sink, merges) = match &branch.sink {
            Built::Sink(sink) => {
                let own = saved.sinks.get(&branch.name);
                sink.open(own).map_err(|cause| StartError::Sink { name: branch.name.clone(), cause })?;
                (true, sink.wants_frontiers())
            }
            Built::Fold(_) => (false, false),
        };
        ways.push(Way::new(is_sink.then_some(sender), merges));
        inboxes.push(is_sink.then_some(inbox));
    }
    let lanes = plan.run.lanes.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, |n| n.get()));
    let counters: Vec<_> = plan.branches.iter().map(|_| Arc::<BranchCounters>::default()).collect();
    let names = plan.branches.iter().map(|b| b.name.clone());
    // A second run with this progress would be the caller's mistake; the first one's counters stay.
    let _ = options.progress.branches.set(names.zip(counters.iter().cloned()).collect());
    let shared = Arc::new(Shared {
        stages: plan.stages,
        branches: plan.branches,
        ways,
        counters,
        progress: options.progress.clone(),
        keeps_positions: saver.is_some() && resumes,
        saver,
        dead_letters: DeadLetters::new(options.data_dir.as_deref()),
        dead: AtomicU64::new(0),
        giving_up: GivingUp::new(options.fail_fast),
        troubles: Mutex::default(),
    });
    // Before anything is sent: what a sink finds at its start is where the first replay would begin to send again.
    shared.save();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(StartError::Thread)?;

    let (reports, reported) = mpsc::channel();
    let mut senders = Vec::new();
    let mut lane_threads = Vec::new();
    for number in 0..lanes.max(1) {
        let (sender, deliveries) = mpsc::channel();
        senders.push(sender);
        let shared = shared.clone();
        let body = move || lane::run(shared, deliveries);
        lane_threads.push(spawn(&format!("lane-{number}"), body)?);
    }
    let mut sink_threads = 0;
    for (at, inbox) in inboxes.into_iter().enumerate() {
        let Some(inbox) = inbox else { continue };
        let (shared, reports, handle) = (shared.clone(), reports.clone(), runtime.handle().clone());
        let name = format!("sink-{}", shared.branches[at].name);
        let body = move || drop(reports.send(Report::Sink(at, deliver::run(&shared, at, inbox, &handle))));
        spawn(&name, body)?;
        sink_threads += 1;
    }
    let mode = RunMode { once: options.once, from_now: plan.run.from_now };
    // One for each source, and one for the way that theirs are made from.
    let watch = Arc::new(ReadyCount {
        shared: shared.clone(),
        missing: AtomicU64::new(plan.sources.len() as u64 + 1),
    });
    let emit = Emit::new(senders, plan.run.memory, saved.partitions, watch);
    let mut sources = plan.sources.len();
    for planned in plan.sources {
        let source = planned.source.run(emit.for_source(&planned.name), mode, stop.subscribe());
        let (name, reports) = (planned.name, reports.clone());
        runtime.spawn(async move {
            let result = source.await;
            drop(reports.send(Report::Source(name, result)));
        });
    }
    drop(emit);

    let mut waiting = Waiting {
        shared: &shared,
        stop,
        deadline: plan.run.shutdown,
        stopped: None,
        outcome: Outcome::default(),
    };
    let mut saved_at = Instant::now();
    while sources > 0 {
        match reported.recv_timeout(Duration::from_millis(100)) {
            Ok(Report::Source(name, result)) => {
                sources -= 1;
                if let Err(error) = result {
                    waiting.outcome.failed.push(format!("source {name}: {}", deliver::with_cause(&error)));
                }
            }
            Ok(Report::Sink(at, ended)) => {
                sink_threads -= 1;
                waiting.sink_ended(at, ended);
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => break,
        }
        waiting.look();
        if saved_at.elapsed() >= SAVE_EVERY {
            shared.save();
            saved_at = Instant::now();
        }
    }
    let totals = lane_threads
        .into_iter()
        .map(|thread| {
            thread.join().unwrap_or_else(|_| {
                shared.trouble("a lane ended in a panic".to_owned());
                shared.branches.iter().map(|_| None).collect()
            })
        })
        .collect();
    fault::point("lanes-done");
    for way in &shared.ways {
        way.close();
    }
    while sink_threads > 0 {
        match reported.recv_timeout(Duration::from_millis(100)) {
            Ok(Report::Sink(at, ended)) => {
                sink_threads -= 1;
                waiting.sink_ended(at, ended);
            }
            Ok(Report::Source(..)) | Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => break,
        }
        waiting.look();
        if saved_at.elapsed() >= SAVE_EVERY {
            shared.save();
            saved_at = Instant::now();
        }
    }
    fault::point("sinks-done");
    let mut outcome = std::mem::take(&mut waiting.outcome);
    for (name, error) in merger::finish(&shared.branches, totals) {
        match error {
            SendError::Closed { .. } => outcome.closed = true,
            error => outcome.failed.push(format!("sink {name}: {}", deliver::with_cause(&error))),
        }
    }
    shared.save();
    outcome.failed.append(&mut shared.troubles.lock().unwrap_or_else(|e| e.into_inner()));
    outcome.dead_letters = shared.dead.load(Ordering::Relaxed);
    outcome.dead_letters_lost = outcome.dead_letters > 0 && options.data_dir.is_none();
    outcome.left = shared.counters.iter().map(|c| c.in_flight.get()).sum();
    let names = shared.branches.iter().map(|b| b.name.clone());
    outcome.branches = names.zip(shared.counters.iter().cloned()).collect();
    // A reader that hangs in the system (a stalled network file) must not hold the exit.
    runtime.shutdown_background();
    Ok(outcome)
}

fn spawn<T: Send + 'static>(
    name: &str,
    body: impl FnOnce() -> T + Send + 'static,
) -> Result<std::thread::JoinHandle<T>, StartError> {
    std::thread::Builder::new().name(name.to_owned()).spawn(body).map_err(StartError::Thread)
}

/// What the waiting thread keeps an eye on.
struct Waiting<'a> {
    shared: &'a Shared,
    stop: &'a watch::Sender<bool>,
    deadline: Duration,
    stopped: Option<Instant>,
    outcome: Outcome,
}

impl Waiting<'_> {
    fn sink_ended(&mut self, at: usize, ended: Ended) {
        match ended {
            Ended::Done => {}
            Ended::Closed => {
                self.outcome.closed = true;
                self.stop.send_replace(true);
            }
            Ended::Failed(error) => {
                let name = &self.shared.branches[at].name;
                self.outcome.failed.push(format!("sink {name}: {}", deliver::with_cause(&error)));
                self.stop.send_replace(true);
            }
        }
    }

    /// Three quarters of the deadline after the stop the sinks give up.
    fn look(&mut self) {
        if !*self.stop.borrow() {
            return;
        }
        let since = *self.stopped.get_or_insert_with(Instant::now);
        if since.elapsed() >= self.deadline * 3 / 4 {
            self.shared.giving_up.store(true, Ordering::Relaxed);
        }
    }
}
