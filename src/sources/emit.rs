//! How sources hand bytes to the lanes, and what they wait for.
//!
//! * Memory is one budget of bytes in flight; only sources wait for it, so nothing downstream can deadlock on it.
//! * A partition has at most [`IN_FLIGHT`] batches under way, so that one busy partition cannot keep the others out
//!   and a merge in time order always finds room for the partition it waits for.
//! * A batch's share is given back when its buffer *and* everything encoded from it are gone.
//! * A partition always goes to the same lane: its order is kept without locks.

use std::collections::HashMap;
use std::hash::BuildHasher;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex};

use rustc_hash::FxBuildHasher;
use serde_json::Value;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

use crate::ack::checkpoint::SavedPartition;
use crate::event::{Buffer, End, Lease, NO_TIME, Nanos, Partition};

use super::DynDecoder;

/// Batches of one partition that may be under way: one in the lane, one being read, one being written.
pub const IN_FLIGHT: usize = 3;

/// Largest batch, in bytes; a longer record makes a larger one.
pub const BATCH: usize = 512 * 1024;

/// Smallest batch, in bytes, however many partitions share the budget.
pub const BATCH_MIN: usize = 4 * 1024;

/// Bytes that one permit of the budget stands for.
const GRAIN: usize = 1024;

/// Tells sources to stop.
pub type Shutdown = watch::Receiver<bool>;

/// What a source hands to a lane.
pub struct Delivery {
    /// Number that [`Emit`] gave the partition.
    pub number: usize,
    /// Whose bytes these are.
    pub partition: Arc<Partition>,
    /// Only with the first delivery of a partition: how to read it, and where it stood.
    pub opened: Option<Opened>,
    /// The bytes, cut at a record boundary; empty for a notice that time has passed or that the input ended.
    pub buffer: Buffer,
    /// First input of the event ids of these records.
    pub seed: u128,
    /// Offset of the first byte in the uncompressed text of its file.
    pub offset: u64,
    /// Wall time of reading.
    pub read_at: Nanos,
    /// Where to resume after these bytes.
    pub position: Value,
    /// What ends with these bytes; `Some(End::Clock)`: the source has looked and there is nothing more now.
    pub end: Option<End>,
    /// The source has let go of the partition; nothing more comes in this run.
    pub gone: bool,
}

/// A partition's beginning.
pub struct Opened {
    /// Its decoder.
    pub decoder: Arc<dyn DynDecoder>,
    /// What was saved of it, if it goes on from there exactly.
    pub saved: Option<SavedPartition>,
    /// Number of records before the first one that will be read.
    pub seq: u64,
    /// Where a partition begins that was never read: saved before anything of it is sent. `null` where nobody can go back.
    pub start: Value,
}

/// Who wants to know which partitions there are before anything is read: a merge in time order.
pub trait Watch: Send + Sync {
    /// A partition is open: its number in this run, its key, and where it begins if nothing was saved of it.
    fn opened(&self, number: usize, key: &str, start: &Value);
    /// A source has opened every partition that it knows of at its start.
    fn ready(&self);
}

/// A source's way to the lanes.
pub struct Emit {
    shared: Arc<Shared>,
    /// `SOURCE/`: what the keys of its partitions start with.
    prefix: String,
    ready: AtomicBool,
}

struct Shared {
    lanes: Vec<Sender<Delivery>>,
    budget: Arc<Semaphore>,
    budget_bytes: usize,
    pool: Arc<Pool>,
    reading: AtomicUsize,
    numbers: AtomicUsize,
    saved: Mutex<HashMap<String, SavedPartition>>,
    watch: Arc<dyn Watch>,
}

/// Emptied buffers, for the next read: fresh pages cost more than the work.
#[derive(Debug, Default)]
struct Pool {
    free: Mutex<Vec<Vec<u8>>>,
}

impl Emit {
    /// A way to `lanes` with a budget in bytes and what was saved of earlier runs.
    pub fn new(
        lanes: Vec<Sender<Delivery>>,
        budget: usize,
        saved: HashMap<String, SavedPartition>,
        watch: Arc<dyn Watch>,
    ) -> Emit {
        Emit {
            shared: Arc::new(Shared {
                lanes,
                budget: Arc::new(Semaphore::new((budget / GRAIN).max(1))),
                budget_bytes: budget,
                pool: Arc::default(),
                reading: AtomicUsize::new(0),
                numbers: AtomicUsize::new(0),
                saved: Mutex::new(saved),
                watch,
            }),
            prefix: String::new(),
            ready: AtomicBool::new(false),
        }
    }

    /// The same way for the source of this name: the keys of its partitions start with it, so that two sources may
    /// read the same files.
    pub fn for_source(&self, name: &str) -> Emit {
        Emit { shared: self.shared.clone(), prefix: format!("{name}/"), ready: AtomicBool::new(false) }
    }

    /// Says that every partition known at the start is open. A merge in time order waits for it, so each source says
    /// it once, as early as it can and before it waits for anything; a source that ends has said it.
    pub fn ready(&self) {
        if !self.ready.swap(true, Ordering::Relaxed) {
            self.shared.watch.ready();
        }
    }

    /// What was saved of a partition, by its key without the source's name. Asked once, when it is opened.
    pub fn resume(&self, key: &str) -> Option<SavedPartition> {
        self.shared.saved.lock().unwrap_or_else(|e| e.into_inner()).remove(&format!("{}{key}", self.prefix))
    }

    /// Keys of this source's saved partitions that it has not opened yet, without its name.
    pub fn unclaimed(&self) -> Vec<String> {
        let saved = self.shared.saved.lock().unwrap_or_else(|e| e.into_inner());
        saved.keys().filter_map(|key| key.strip_prefix(&self.prefix)).map(str::to_owned).collect()
    }

    /// The position saved under one of those keys.
    pub fn peek(&self, key: &str) -> Option<Value> {
        let saved = self.shared.saved.lock().unwrap_or_else(|e| e.into_inner());
        saved.get(&format!("{}{key}", self.prefix)).map(|partition| partition.position.clone())
    }

    /// Opens a partition; its key is without the source's name.
    pub fn open(&self, mut partition: Partition, opened: Opened) -> Outlet {
        partition.key.insert_str(0, &self.prefix);
        self.shared.reading.fetch_add(1, Ordering::Relaxed);
        let lane = FxBuildHasher.hash_one(&partition.key) as usize % self.shared.lanes.len();
        let number = self.shared.numbers.fetch_add(1, Ordering::Relaxed);
        let start = if opened.saved.is_none() && opened.seq == 0 { &opened.start } else { &Value::Null };
        self.shared.watch.opened(number, &partition.key, start);
        Outlet {
            shared: self.shared.clone(),
            number,
            lane,
            partition: Arc::new(partition),
            opened: Some(opened),
            slots: Arc::new(Semaphore::new(IN_FLIGHT)),
        }
    }
}

impl Drop for Emit {
    fn drop(&mut self) {
        self.ready();
    }
}

/// One open partition's way to its lane. Dropping it closes the partition.
pub struct Outlet {
    shared: Arc<Shared>,
    number: usize,
    lane: usize,
    partition: Arc<Partition>,
    opened: Option<Opened>,
    slots: Arc<Semaphore>,
}

/// A place for one batch: an empty buffer and its share of the budget.
pub struct Room {
    /// Memory to read into. It still holds what was in it before: whoever reads replaces that, which costs less than
    /// emptying it and filling it with zeros for the next read.
    pub memory: Vec<u8>,
    share: Arc<Share>,
}

#[derive(Debug)]
struct Share {
    _slot: OwnedSemaphorePermit,
    _budget: Option<OwnedSemaphorePermit>,
    pool: Arc<Pool>,
}

impl Lease for Share {
    fn recycle(&self, bytes: Vec<u8>) {
        if bytes.capacity() <= 2 * BATCH {
            let mut free = self.pool.free.lock().unwrap_or_else(|e| e.into_inner());
            if free.len() < 16 {
                free.push(bytes);
            }
        }
    }
}

impl Outlet {
    /// The partition.
    pub fn partition(&self) -> &Arc<Partition> {
        &self.partition
    }

    /// How many bytes to read at a time now: the budget over all partitions being read.
    pub fn batch_size(&self) -> usize {
        let reading = self.shared.reading.load(Ordering::Relaxed).max(1);
        (self.shared.budget_bytes / (2 * reading)).clamp(BATCH_MIN, BATCH)
    }

    /// Waits for room for `size` bytes.
    pub async fn room(&self, size: usize) -> Room {
        let slot = self.slots.clone().acquire_owned().await.expect("never closed");
        if self.is_first() {
            return self.fill(size, slot, None);
        }
        let budget =
            self.shared.budget.clone().acquire_many_owned(self.grains(size)).await.expect("never closed");
        self.fill(size, slot, Some(budget))
    }

    /// Room for `size` bytes if there is some now: a reader of many partitions turns to another one.
    pub fn try_room(&self, size: usize) -> Option<Room> {
        let slot = self.slots.clone().try_acquire_owned().ok()?;
        if self.is_first() {
            return Some(self.fill(size, slot, None));
        }
        let budget = self.shared.budget.clone().try_acquire_many_owned(self.grains(size)).ok()?;
        Some(self.fill(size, slot, Some(budget)))
    }

    /// A partition with nothing under way may overdraw the budget by one batch: a merge in time order that waits for
    /// this partition would else wait for ever while the others hold everything.
    fn is_first(&self) -> bool {
        self.slots.available_permits() == IN_FLIGHT - 1
    }

    fn grains(&self, size: usize) -> u32 {
        size.min(self.shared.budget_bytes).div_ceil(GRAIN).max(1) as u32
    }

    fn fill(&self, size: usize, slot: OwnedSemaphorePermit, budget: Option<OwnedSemaphorePermit>) -> Room {
        let free = self.shared.pool.free.lock().unwrap_or_else(|e| e.into_inner()).pop();
        let mut memory = free.unwrap_or_default();
        memory.reserve(size.saturating_sub(memory.len()));
        Room {
            memory,
            share: Arc::new(Share { _slot: slot, _budget: budget, pool: self.shared.pool.clone() }),
        }
    }

    /// Hands bytes over. `false`: the pipeline is gone, stop reading.
    pub fn send(
        &mut self,
        room: Room,
        seed: u128,
        offset: u64,
        read_at: Nanos,
        position: Value,
        end: Option<End>,
    ) -> bool {
        let buffer = Buffer { bytes: room.memory, lease: Some(room.share) };
        self.deliver(buffer, seed, offset, read_at, position, end)
    }

    /// Says that there is nothing new (`End::Clock`) or that a life or the input has ended.
    pub fn notice(&mut self, read_at: Nanos, position: Value, end: End) -> bool {
        self.deliver(Buffer::default(), 0, 0, read_at, position, Some(end))
    }

    fn deliver(
        &mut self,
        buffer: Buffer,
        seed: u128,
        offset: u64,
        read_at: Nanos,
        position: Value,
        end: Option<End>,
    ) -> bool {
        let delivery = Delivery {
            number: self.number,
            partition: self.partition.clone(),
            opened: self.opened.take(),
            buffer,
            seed,
            offset,
            read_at,
            position,
            end,
            gone: false,
        };
        self.shared.lanes[self.lane].send(delivery).is_ok()
    }
}

impl Drop for Outlet {
    fn drop(&mut self) {
        self.shared.reading.fetch_sub(1, Ordering::Relaxed);
        let delivery = Delivery {
            number: self.number,
            partition: self.partition.clone(),
            opened: self.opened.take(),
            buffer: Buffer::default(),
            seed: 0,
            offset: 0,
            read_at: NO_TIME,
            position: Value::Null,
            end: None,
            gone: true,
        };
        // Without a lane the pipeline is gone too, and nobody is left to tell.
        drop(self.shared.lanes[self.lane].send(delivery));
    }
}
