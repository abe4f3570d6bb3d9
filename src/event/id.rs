//! Event ids: stable 128-bit hashes of where an event comes from.
//!
//! An id depends on origin and place only, never on the text, the time of reading, the batch or the way it was
//! read, so that an event made again after a restart has the id it had. Version 1; the inputs, little endian, are:
//! `b"mcpp1"`, the seed of the origin (16 bytes), stream (1), engine time or 0 (8), place (8), records joined (4),
//! index (4). The hash is XXH3-128.

use std::fmt;

use xxhash_rust::xxh3::xxh3_128;

use super::batch::{Batch, Row};
use super::partition::Identity;

/// The identity of an event, the same however often it is read.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EventId(pub u128);

impl EventId {
    /// The id of a row of a batch.
    pub fn of(batch: &Batch, row: &Row) -> EventId {
        let seed = batch.seeds[usize::from(row.seed)];
        let mut input = [0u8; 46];
        input[..5].copy_from_slice(b"mcpp1");
        input[5..21].copy_from_slice(&seed.to_le_bytes());
        let time = match batch.partition.identity {
            Identity::Container => row.engine_time,
            Identity::File | Identity::Stream => 0,
        };
        input[21] = row.stream as u8;
        input[22..30].copy_from_slice(&time.to_le_bytes());
        input[30..38].copy_from_slice(&row.place.to_le_bytes());
        input[38..42].copy_from_slice(&row.records.to_le_bytes());
        input[42..46].copy_from_slice(&row.key.index.to_le_bytes());
        EventId(xxh3_128(&input))
    }

    /// The id that 32 hexadecimal digits spell.
    pub fn parse(text: &str) -> Option<EventId> {
        (text.len() == 32).then(|| u128::from_str_radix(text, 16).ok().map(EventId))?
    }
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl fmt::Debug for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
