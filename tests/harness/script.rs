//! A source that delivers what a test wrote down, and a sink that keeps what it gets: for runs of the engine inside the
//! test's own process.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use mcpp::ack::checkpoint::SavedPartition;
use mcpp::config::{Diags, Settings};
use mcpp::engine::{self, Outcome};
use mcpp::event::{BoxFuture, End, Identity, Partition, Schema};
use mcpp::plan::{Branch, Plan, PlannedSource, PlannedStage};
use mcpp::sinks::{Built, Chunk, Event, From, SendError, Sink, Verdict, Verdicts};
use mcpp::sources::decode::{LONGEST, Layout, Lines};
use mcpp::sources::{Emit, Opened, RunMode, Shutdown, Source, SourceError};
use mcpp::stages::{Map, Stage};
use serde_json::{Value, json};
use tokio::sync::watch;

/// One thing that a source does.
#[derive(Clone, Debug)]
pub enum Step {
    /// Hands over a batch.
    Bytes(Vec<u8>),
    /// Says that so many seconds after the beginning there was nothing new.
    Quiet(u64),
}

/// Text in batches that end behind the given lines.
pub fn batches(text: &str, ends: &[usize]) -> Vec<Step> {
    let mut steps = vec![Vec::new()];
    for (at, line) in text.split_inclusive('\n').enumerate() {
        steps.last_mut().unwrap().extend_from_slice(line.as_bytes());
        if ends.contains(&at) {
            steps.push(Vec::new());
        }
    }
    steps.into_iter().filter(|bytes| !bytes.is_empty()).map(Step::Bytes).collect()
}

/// A source with one partition for each list of steps.
pub struct Script {
    /// The steps of each partition.
    pub partitions: Vec<Vec<Step>>,
    /// Whether the input ends behind the last step.
    pub ends: bool,
}

/// Anything may be in it.
fn schema() -> Schema {
    let mut schema = Schema::default();
    schema.open = true;
    schema
}

impl Source for Script {
    fn schema(&self) -> Schema {
        schema()
    }

    fn resumes(&self) -> bool {
        true
    }

    fn run(
        self: Box<Self>,
        emit: Emit,
        _mode: RunMode,
        _shutdown: Shutdown,
    ) -> BoxFuture<'static, Result<(), SourceError>> {
        Box::pin(async move {
            let mut open = Vec::new();
            for (number, steps) in self.partitions.into_iter().enumerate() {
                let key = format!("script/{number}");
                let saved = emit.resume(&key);
                let (step, offset, seq) = place(saved.as_ref());
                let opened = Opened {
                    decoder: Arc::new(Lines::new(Layout::default(), LONGEST)),
                    saved,
                    seq,
                    start: json!({ "step": 0, "offset": 0 }),
                };
                let partition =
                    Partition { name: key.clone(), key, identity: Identity::File, origin: Arc::default() };
                open.push((emit.open(partition, opened), steps, step, offset));
            }
            emit.ready();
            for (mut outlet, steps, first, mut offset) in open {
                for (at, step) in steps.iter().enumerate().skip(first) {
                    let position = |offset: u64| json!({ "step": at + 1, "offset": offset });
                    match step {
                        Step::Bytes(bytes) => {
                            let mut room = outlet.room(bytes.len()).await;
                            room.memory.clear();
                            room.memory.extend_from_slice(bytes);
                            let start = offset;
                            offset += bytes.len() as u64;
                            outlet.send(room, 7, start, 0, position(offset), None);
                        }
                        Step::Quiet(second) => {
                            outlet.notice(*second as i64 * 1_000_000_000, position(offset), End::Clock);
                        }
                    }
                }
                if self.ends {
                    let position = json!({ "step": steps.len(), "offset": offset });
                    outlet.notice(i64::MAX, position, End::Input);
                }
            }
            Ok(())
        })
    }
}

fn place(saved: Option<&SavedPartition>) -> (usize, u64, u64) {
    let Some(saved) = saved else { return (0, 0, 0) };
    let number = |key: &str| saved.position[key].as_u64().unwrap_or(0);
    (number("step") as usize, number("offset"), saved.seq)
}

/// What a [`Keep`] answers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Answer {
    /// Everything is stored.
    Stored,
    /// Nothing can be stored.
    Down,
    /// Of each chunk the frames whose body holds this are rejected, and every second other one is busy at first.
    Mixed(&'static str),
}

/// A sink that keeps the messages it gets, by id.
pub struct Keep {
    answer: Answer,
    kept: Kept,
    asked: AtomicU64,
}

/// What a [`Keep`] has: id and message, in the order in which they came.
pub type Kept = Arc<Mutex<Vec<(String, String)>>>;

/// A branch with such a sink.
pub fn keep(name: &str, answer: Answer) -> (Branch, Kept) {
    let kept = Kept::default();
    let sink = Keep { answer, kept: kept.clone(), asked: AtomicU64::new(0) };
    let branch =
        Branch { name: name.to_owned(), kind: "keep", stages: Vec::new(), sink: Built::Sink(Box::new(sink)) };
    (branch, kept)
}

/// The messages alone.
pub fn messages(kept: &Kept) -> Vec<String> {
    kept.lock().unwrap().iter().map(|(_, message)| message.clone()).collect()
}

impl Sink for Keep {
    fn check(&self, _: &Schema, _: &Settings<'_>, _: &mut Diags) {}

    fn encode(&self, event: Event<'_>, chunk: &mut Chunk) {
        let mut scratch = Vec::new();
        let plain = event.batch.text.plain(event.row().message, &mut scratch);
        chunk.bytes.extend_from_slice(plain);
        chunk.end_frame(&event, Some(event.id()));
    }

    fn open(&self, _: Option<&Value>) -> Result<(), SendError> {
        Ok(())
    }

    fn send<'a>(&'a self, _: &'a From, chunk: &'a Chunk) -> BoxFuture<'a, Result<Verdicts, SendError>> {
        let asked = self.asked.fetch_add(1, Ordering::Relaxed);
        let take = |at: usize| {
            let id = chunk.frames[at].id.unwrap().to_string();
            self.kept.lock().unwrap().push((id, String::from_utf8_lossy(chunk.body(at)).into_owned()));
            Verdict::Stored
        };
        let verdict = |at: usize| match self.answer {
            Answer::Mixed(bad) if String::from_utf8_lossy(chunk.body(at)).contains(bad) => {
                Verdict::Rejected("bad".to_owned())
            }
            Answer::Mixed(_) if at % 2 == 1 && asked.is_multiple_of(2) => Verdict::Busy,
            _ => take(at),
        };
        let answer = match self.answer {
            Answer::Down => Err(SendError::Unreachable {
                destination: "nowhere".to_owned(),
                cause: std::io::ErrorKind::ConnectionRefused.into(),
            }),
            _ => Ok(Verdicts::Each((0..chunk.frames.len()).map(verdict).collect())),
        };
        Box::pin(std::future::ready(answer))
    }

    fn close(&self) -> BoxFuture<'_, Result<(), SendError>> {
        Box::pin(std::future::ready(Ok(())))
    }
}

/// The plan of a pipeline whose source is replaced.
#[track_caller]
pub fn plan(text: &str, script: Script) -> Plan {
    let checked = Plan::from_text("script.yaml", text, &mcpp::plan::Options::default());
    let Some(mut plan) = checked.plan else {
        panic!("{}", checked.report.to_text(mcpp::config::report::Look::default()))
    };
    plan.sources =
        vec![PlannedSource { name: "script".to_owned(), kind: "script", source: Box::new(script) }];
    plan
}

/// A stage that panics on events whose message holds a word.
pub fn panics_on(word: &'static str) -> PlannedStage {
    struct Panics(&'static str);
    impl Map for Panics {
        fn check(&self, input: &Schema, _: &Settings<'_>, _: &mut Diags) -> Schema {
            input.clone()
        }
        fn apply(&self, batch: &mut mcpp::event::Batch) {
            for at in batch.alive() {
                let mut scratch = Vec::new();
                let message = batch.text.plain(batch.rows[at].message, &mut scratch);
                let found = message.windows(self.0.len()).any(|part| part == self.0.as_bytes());
                assert!(!found, "a marked line");
            }
        }
    }
    PlannedStage {
        kind: "panics",
        key: "main/panics/0/0".to_owned(),
        stage: Stage::Map(Box::new(Panics(word))),
        schema: schema(),
    }
}

/// Runs a plan to the end of its sources; every branch must account for every event.
#[track_caller]
pub fn run(plan: Plan, data_dir: Option<&Path>) -> Outcome {
    let (stop, _) = watch::channel(false);
    run_with(plan, data_dir, &stop)
}

/// The same with the stop given at once: sinks that cannot send give up as soon as the plan's deadline says.
#[track_caller]
pub fn run_until_stopped(plan: Plan, data_dir: &Path) -> Outcome {
    let (stop, _) = watch::channel(true);
    run_with(plan, Some(data_dir), &stop)
}

#[track_caller]
fn run_with(plan: Plan, data_dir: Option<&Path>, stop: &watch::Sender<bool>) -> Outcome {
    let options =
        engine::Options { once: true, data_dir: data_dir.map(Path::to_owned), ..engine::Options::default() };
    let outcome = engine::run(plan, options, stop).unwrap();
    for (name, counters) in &outcome.branches {
        assert_eq!(counters.unaccounted(), 0, "{name}: {counters:?}");
    }
    outcome
}

/// A counter of a branch by its name.
#[track_caller]
pub fn counted(outcome: &Outcome, branch: &str) -> Arc<mcpp::telemetry::BranchCounters> {
    let found = outcome.branches.iter().find(|(name, _)| name == branch);
    found.unwrap_or_else(|| panic!("no branch {branch}")).1.clone()
}
