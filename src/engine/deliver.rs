//! A sink's own thread: takes chunks from the lanes, sends them, settles their receipts.
//!
//! * Chunks go out in the order they came; a chunk is sent until it is stored or rejected.
//! * A rejected event is a dead letter; only then its receipt is settled.
//! * A sink that merges in time order gets nothing before it knows of every partition.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::runtime::Handle;

use crate::ack::Receipt;
use crate::event::{Lease, NO_TIME};
use crate::sinks::{Built, Chunk, From, SendError, Sink, Verdict, Verdicts};
use crate::telemetry::fault;

use super::Shared;

/// First wait before a chunk is sent again; doubles up to [`RETRY_MOST`].
const RETRY_FIRST: Duration = Duration::from_millis(100);
const RETRY_MOST: Duration = Duration::from_secs(10);

/// Emptied chunks kept for the lanes.
const KEPT: usize = 8;

/// One chunk under way.
pub(super) struct Parcel {
    pub(super) chunk: Chunk,
    pub(super) from: From,
    pub(super) receipt: Receipt,
    /// The batch's share of the budget: encoded bytes take it over.
    pub(super) lease: Option<Arc<dyn Lease>>,
}

/// What a sink's thread is told.
pub(super) enum Message {
    Parcel(Box<Parcel>),
    /// A partition is open.
    Opened(usize),
    /// Every partition known at the start is open.
    Ready,
}

/// The lanes' way to one sink.
pub(super) struct Way {
    sender: Mutex<Option<Sender<Message>>>,
    empty: Mutex<Vec<Chunk>>,
    pub(super) wants_frontiers: bool,
}

impl Way {
    pub(super) fn new(sender: Option<Sender<Message>>, wants_frontiers: bool) -> Way {
        Way { sender: Mutex::new(sender), empty: Mutex::default(), wants_frontiers }
    }

    /// Hands a parcel over. If the sink's thread is gone the receipt is lost with it, which is the truth.
    pub(super) fn send(&self, parcel: Parcel) {
        self.tell(Message::Parcel(Box::new(parcel)));
    }

    pub(super) fn tell(&self, message: Message) {
        if let Some(sender) = &*self.sender.lock().unwrap_or_else(|e| e.into_inner()) {
            drop(sender.send(message));
        }
    }

    /// No more parcels will come.
    pub(super) fn close(&self) {
        self.sender.lock().unwrap_or_else(|e| e.into_inner()).take();
    }

    pub(super) fn empty_chunk(&self) -> Chunk {
        self.empty.lock().unwrap_or_else(|e| e.into_inner()).pop().unwrap_or_default()
    }

    fn recycle(&self, mut chunk: Chunk) {
        let mut empty = self.empty.lock().unwrap_or_else(|e| e.into_inner());
        if empty.len() < KEPT && chunk.bytes.capacity() <= 2 << 20 {
            chunk.clear();
            empty.push(chunk);
        }
    }
}

/// How a sink ended.
#[derive(Debug)]
pub(super) enum Ended {
    /// Everything handed to it is settled.
    Done,
    /// Its reader is gone (a closed pipe).
    Closed,
    /// It failed for good, or was told to give up with something left.
    Failed(SendError),
}

/// Runs one sink until its lanes are gone.
pub(super) fn run(shared: &Arc<Shared>, at: usize, messages: Receiver<Message>, runtime: &Handle) -> Ended {
    let Built::Sink(sink) = &shared.branches[at].sink else {
        return Ended::Done;
    };
    let mut worker = Worker { shared, at, sink: sink.as_ref(), runtime, waiting: Some(Vec::new()) };
    if !shared.ways[at].wants_frontiers {
        worker.waiting = None;
    }
    loop {
        let wait = sink.due().map(|due| due.saturating_duration_since(Instant::now()));
        let message = match wait {
            Some(wait) => messages.recv_timeout(wait),
            None => messages.recv().map_err(|_| RecvTimeoutError::Disconnected),
        };
        let taken = match message {
            Ok(message) => worker.take(message),
            Err(RecvTimeoutError::Timeout) => worker.tick(),
            Err(RecvTimeoutError::Disconnected) => break,
        };
        if let Err(ended) = taken {
            return ended;
        }
    }
    for parcel in worker.waiting.take().unwrap_or_default() {
        if let Err(ended) = worker.send(parcel) {
            return ended;
        }
    }
    match runtime.block_on(sink.close()) {
        Ok(()) => Ended::Done,
        Err(SendError::Closed { .. }) => Ended::Closed,
        Err(error) => Ended::Failed(error),
    }
}

struct Worker<'a> {
    shared: &'a Arc<Shared>,
    at: usize,
    sink: &'a dyn Sink,
    runtime: &'a Handle,
    /// Parcels that came before every partition was known.
    waiting: Option<Vec<Parcel>>,
}

impl Worker<'_> {
    fn take(&mut self, message: Message) -> Result<(), Ended> {
        match message {
            Message::Opened(partition) => {
                let from = From { partition, frontier: NO_TIME, ended: false, lease: None, caught_up: false };
                let empty = Chunk::default();
                match self.runtime.block_on(self.sink.send(&from, &empty)) {
                    Ok(_) => Ok(()),
                    Err(SendError::Closed { .. }) => Err(Ended::Closed),
                    Err(error) => Err(Ended::Failed(error)),
                }
            }
            Message::Ready => {
                for parcel in self.waiting.take().unwrap_or_default() {
                    self.send(parcel)?;
                }
                Ok(())
            }
            Message::Parcel(parcel) => match &mut self.waiting {
                Some(waiting) => {
                    waiting.push(*parcel);
                    Ok(())
                }
                None => self.send(*parcel),
            },
        }
    }

    fn tick(&mut self) -> Result<(), Ended> {
        match self.runtime.block_on(self.sink.tick()) {
            Ok(()) => Ok(()),
            Err(SendError::Closed { .. }) => Err(Ended::Closed),
            Err(error) if self.shared.giving_up.load(Ordering::Relaxed) => Err(Ended::Failed(error)),
            Err(error) => {
                tracing::warn!(sink = %self.shared.branches[self.at].name, "{}", with_cause(&error));
                self.pause(RETRY_FIRST);
                Ok(())
            }
        }
    }

    /// Sends one chunk until every event of it is stored or a dead letter.
    fn send(&mut self, parcel: Parcel) -> Result<(), Ended> {
        let Parcel { mut chunk, from, receipt, lease } = parcel;
        let counters = &self.shared.counters[self.at];
        let mut wait = RETRY_FIRST;
        loop {
            fault::point("before-send");
            let answer = self.runtime.block_on(self.sink.send(&from, &chunk));
            fault::point("after-send");
            let events = chunk.frames.len() as u64 + chunk.count;
            let left = match answer {
                Ok(Verdicts::AllStored) => {
                    counters.delivered.add(events);
                    counters.in_flight.sub(events);
                    None
                }
                Ok(Verdicts::Each(verdicts)) => self.judge(&chunk, &verdicts),
                Err(SendError::Closed { .. }) => return Err(Ended::Closed),
                Err(SendError::Refused { reason, .. }) => {
                    let all = vec![Verdict::Rejected(reason); chunk.frames.len()];
                    self.judge(&chunk, &all)
                }
                Err(error @ SendError::Unreachable { .. }) => {
                    if self.shared.giving_up.load(Ordering::Relaxed) {
                        return Err(Ended::Failed(error));
                    }
                    tracing::warn!(sink = %self.shared.branches[self.at].name, delay = ?wait, "{}", with_cause(&error));
                    Some(None)
                }
            };
            let Some(left) = left else { break };
            if let Some(left) = left {
                chunk = left;
            }
            self.pause(wait);
            wait = (wait * 2).min(RETRY_MOST);
        }
        receipt.delivered();
        fault::point("after-settle");
        drop(lease);
        self.shared.ways[self.at].recycle(chunk);
        Ok(())
    }

    /// Counts what is stored, dead-letters what is rejected, and returns what is to be sent again.
    fn judge(&self, chunk: &Chunk, verdicts: &[Verdict]) -> Option<Option<Chunk>> {
        let counters = &self.shared.counters[self.at];
        let mut again = Chunk { groups: chunk.groups.clone(), ..Chunk::default() };
        for (at, frame) in chunk.frames.iter().enumerate() {
            match verdicts.get(at).unwrap_or(&Verdict::Busy) {
                Verdict::Stored => {
                    counters.delivered.add(1);
                    counters.in_flight.sub(1);
                }
                Verdict::Rejected(reason) => {
                    self.shared.dead_letter(self.at, chunk.body(at), reason);
                    counters.dead_lettered.add(1);
                    counters.in_flight.sub(1);
                }
                Verdict::Busy => {
                    again.bytes.extend_from_slice(chunk.body(at));
                    again.frames.push(crate::sinks::Frame { end: again.bytes.len() as u32, ..*frame });
                }
            }
        }
        (!again.frames.is_empty()).then_some(Some(again))
    }

    /// Waits, but not past the moment when the pipeline gives up.
    fn pause(&self, wait: Duration) {
        let step = Duration::from_millis(50);
        let mut left = wait;
        while !left.is_zero() && !self.shared.giving_up.load(Ordering::Relaxed) {
            let now = left.min(step);
            std::thread::park_timeout(now);
            left = left.saturating_sub(now);
        }
    }
}

/// An error with its causes, on one line.
pub(super) fn with_cause(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        next = cause.source();
    }
    text
}

/// Set once the deadline has passed: sinks stop trying.
pub(super) type GivingUp = AtomicBool;
