//! Reading real files, with a consumer that decodes and saves as the engine does.

use std::collections::HashMap;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::sync::watch;

use crate::ack::checkpoint::SavedPartition;
use crate::config::document::{Node, NodeValue};
use crate::config::{Diags, Settings};
use crate::event::{Batch, DynMemory, End, EventId, Text};
use crate::sources::emit::Watch;
use crate::sources::{Delivery, DynDecoder, Emit, KINDS, RunMode, Source, SourceError};

struct Unwatched;

impl Watch for Unwatched {
    fn opened(&self, _: usize, _: &str, _: &serde_json::Value) {}
    fn ready(&self) {}
}

/// One record as it arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::sources) struct Arrived {
    pub(in crate::sources) partition: String,
    pub(in crate::sources) deployment: Option<String>,
    pub(in crate::sources) text: String,
    pub(in crate::sources) seq: u64,
    pub(in crate::sources) id: EventId,
    pub(in crate::sources) cut: bool,
}

/// What a run has delivered so far.
#[derive(Default)]
pub(in crate::sources) struct Seen {
    pub(in crate::sources) records: Vec<Arrived>,
    /// State after each delivery of a partition.
    pub(in crate::sources) saved: HashMap<String, SavedPartition>,
    pub(in crate::sources) ends: Vec<(String, End, Instant)>,
    pub(in crate::sources) largest: usize,
    pub(in crate::sources) gone: Vec<String>,
    pub(in crate::sources) opened: usize,
    /// What the run began with.
    pub(in crate::sources) began: HashMap<String, SavedPartition>,
    /// All of `saved` after each delivery.
    pub(in crate::sources) history: Vec<HashMap<String, SavedPartition>>,
}

/// A source that runs.
pub(in crate::sources) struct Running {
    pub(in crate::sources) seen: Arc<Mutex<Seen>>,
    stop: watch::Sender<bool>,
    ended: std::thread::JoinHandle<Result<(), SourceError>>,
    consumer: std::thread::JoinHandle<()>,
}

fn node(value: &serde_json::Value) -> Node {
    let value = match value {
        serde_json::Value::String(text) => {
            NodeValue::Text { text: text.clone(), offsets: vec![0; text.len() + 1] }
        }
        serde_json::Value::Bool(b) => NodeValue::Bool(*b),
        serde_json::Value::Array(items) => NodeValue::List(items.iter().map(node).collect()),
        serde_json::Value::Object(map) => {
            NodeValue::Map(map.iter().map(|(k, v)| (k.clone(), 0..1, node(v))).collect())
        }
        _ => NodeValue::Null,
    };
    Node { value, range: 0..1 }
}

pub(in crate::sources) fn build(
    kind: &str,
    folder: &Path,
    settings: serde_json::Value,
) -> Result<Box<dyn Source>, Diags> {
    let node = node(&settings);
    let mut diags = Diags::default();
    let kind = KINDS.iter().find(|k| k.name == kind).unwrap();
    (kind.build)(&Settings { node: &node, folder }, &mut diags).ok_or(diags)
}

fn consume(deliveries: Receiver<Delivery>, seen: &Mutex<Seen>) {
    type Reading = (Arc<dyn DynDecoder>, Box<dyn DynMemory>, u64);
    let mut open: HashMap<usize, Reading> = HashMap::new();
    for delivery in deliveries {
        let mut seen = seen.lock().unwrap();
        if let Some(opened) = delivery.opened {
            seen.opened += 1;
            let memory = match opened.saved.as_ref().and_then(|s| s.memory.first()) {
                Some((_, saved)) => opened.decoder.restore(saved).unwrap(),
                None => opened.decoder.start(),
            };
            open.insert(delivery.number, (opened.decoder, memory, opened.seq));
        }
        let key = delivery.partition.key.clone();
        if delivery.gone {
            seen.gone.push(key);
            open.remove(&delivery.number);
            continue;
        }
        let (decoder, memory, seq) = open.get_mut(&delivery.number).unwrap();
        seen.largest = seen.largest.max(delivery.buffer.bytes.len());
        let mut batch = Batch::new(delivery.partition.clone(), Text::new(delivery.buffer));
        batch.seeds[0] = delivery.seed;
        batch.offset = delivery.offset;
        if !batch.text.buf().is_empty() {
            *seq = decoder.decode(memory.as_mut(), &mut batch, *seq);
        }
        if let Some(end) = delivery.end {
            decoder.release(memory.as_mut(), &mut batch, delivery.read_at, end);
            seen.ends.push((key.clone(), end, Instant::now()));
        }
        let mut scratch = Vec::new();
        for row in &batch.rows {
            let text = batch.text.plain(row.message, &mut scratch);
            seen.records.push(Arrived {
                partition: delivery.partition.name.clone(),
                deployment: batch.origin(row).origin.deployment.clone(),
                text: String::from_utf8_lossy(text).into_owned(),
                seq: row.key.seq,
                id: EventId::of(&batch, row),
                cut: row.flags.has(crate::event::Flags::CUT),
            });
        }
        let saved = SavedPartition {
            position: serde_json::from_str(&delivery.position.to_string()).unwrap(),
            seq: *seq,
            memory: vec![("decoder".to_owned(), memory.save())],
            ..SavedPartition::default()
        };
        seen.saved.insert(key, saved);
        let now = seen.saved.clone();
        if seen.history.len() < 10_000 {
            seen.history.push(now);
        }
    }
}

pub(in crate::sources) fn start(
    source: Box<dyn Source>,
    mode: RunMode,
    saved: HashMap<String, SavedPartition>,
) -> Running {
    start_with(source, mode, saved, 32 << 20)
}

pub(in crate::sources) fn start_with(
    source: Box<dyn Source>,
    mode: RunMode,
    saved: HashMap<String, SavedPartition>,
    budget: usize,
) -> Running {
    let (stop, shutdown) = watch::channel(false);
    let seen = Arc::new(Mutex::new(Seen { began: saved.clone(), ..Seen::default() }));
    let (sender, receiver) = channel();
    let shared = seen.clone();
    let consumer = std::thread::spawn(move || consume(receiver, &shared));
    let ended = std::thread::spawn(move || {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let emit = Emit::new(vec![sender], budget, saved, Arc::new(Unwatched)).for_source("s");
        runtime.block_on(source.run(emit, mode, shutdown))
    });
    Running { seen, stop, ended, consumer }
}

/// Runs a reader that blocks, to its end.
pub(in crate::sources) fn run_with(
    read: impl FnOnce(Emit, crate::sources::Shutdown, tokio::runtime::Handle) -> Result<(), SourceError>
    + Send
    + 'static,
) -> Seen {
    struct Blocking<F>(F);
    impl<F> Source for Blocking<F>
    where
        F: FnOnce(Emit, crate::sources::Shutdown, tokio::runtime::Handle) -> Result<(), SourceError>
            + Send
            + 'static,
    {
        fn schema(&self) -> crate::event::Schema {
            crate::event::Schema::default()
        }
        fn resumes(&self) -> bool {
            false
        }
        fn run(
            self: Box<Self>,
            emit: Emit,
            _: RunMode,
            shutdown: crate::sources::Shutdown,
        ) -> crate::event::BoxFuture<'static, Result<(), SourceError>> {
            Box::pin(async move {
                let handle = tokio::runtime::Handle::current();
                tokio::task::spawn_blocking(move || (self.0)(emit, shutdown, handle)).await.unwrap()
            })
        }
    }
    let (seen, result) = start(Box::new(Blocking(read)), RunMode::default(), HashMap::new()).join();
    result.unwrap();
    seen
}

impl Running {
    /// Waits until a condition holds; fails after ten seconds.
    pub(in crate::sources) fn wait(&self, what: &str, condition: impl Fn(&Seen) -> bool) {
        let start = Instant::now();
        while !condition(&self.seen.lock().unwrap()) {
            let texts = || self.texts();
            assert!(start.elapsed() < Duration::from_secs(10), "{what}: {:?}", texts());
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    pub(in crate::sources) fn texts(&self) -> Vec<String> {
        self.seen.lock().unwrap().records.iter().map(|r| r.text.clone()).collect()
    }

    pub(in crate::sources) fn wait_for(&self, texts: &[&str]) {
        self.wait(&format!("{texts:?}"), |seen| seen.records.len() >= texts.len());
        assert_eq!(self.texts(), texts);
    }

    pub(in crate::sources) fn stop(self) -> Seen {
        self.stop.send(true).unwrap();
        self.join().0
    }

    pub(in crate::sources) fn join(self) -> (Seen, Result<(), SourceError>) {
        let result = self.ended.join().unwrap();
        self.consumer.join().unwrap();
        (std::mem::take(&mut *self.seen.lock().unwrap()), result)
    }
}

pub(in crate::sources) fn once(kind: &str, folder: &Path, settings: serde_json::Value) -> Seen {
    let source = build(kind, folder, settings).unwrap();
    let (seen, result) = start(source, RunMode { once: true, from_now: false }, HashMap::new()).join();
    result.unwrap();
    seen
}

pub(in crate::sources) fn append(path: impl AsRef<Path>, text: &str) {
    let mut file = fs::OpenOptions::new().append(true).create(true).open(path).unwrap();
    file.write_all(text.as_bytes()).unwrap();
}

fn texts(seen: &Seen) -> Vec<&str> {
    seen.records.iter().map(|r| r.text.as_str()).collect()
}

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

fn paths(paths: &[&str]) -> serde_json::Value {
    serde_json::json!({ "paths": paths })
}

mod follow;
mod random;
mod whole;
