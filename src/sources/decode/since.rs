//! Records before a time, left out.

use std::sync::Arc;

use serde_json::Value;

use crate::event::memory::DynMemory;
use crate::event::{Batch, End, NO_TIME, Nanos, Reason};
use crate::sources::DynDecoder;

/// A decoder whose records before a time are filtered; one without a time stays.
pub struct Since {
    decoder: Arc<dyn DynDecoder>,
    since: Nanos,
}

impl Since {
    /// `decoder` from a time on.
    pub fn wrap(decoder: Arc<dyn DynDecoder>, since: Nanos) -> Arc<dyn DynDecoder> {
        Arc::new(Since { decoder, since })
    }

    fn filter(&self, batch: &mut Batch, from: usize) {
        for row in from..batch.rows.len() {
            let time = batch.rows[row].engine_time;
            if time != NO_TIME && time < self.since {
                batch.drop_row(row, Reason::Filtered);
            }
        }
    }
}

impl DynDecoder for Since {
    fn start(&self) -> Box<dyn DynMemory> {
        self.decoder.start()
    }
    fn restore(&self, saved: &Value) -> Result<Box<dyn DynMemory>, String> {
        self.decoder.restore(saved)
    }
    fn decode(&self, memory: &mut dyn DynMemory, batch: &mut Batch, seq: u64) -> u64 {
        let from = batch.rows.len();
        let seq = self.decoder.decode(memory, batch, seq);
        self.filter(batch, from);
        seq
    }
    fn release(&self, memory: &mut dyn DynMemory, batch: &mut Batch, now: Nanos, end: End) {
        let from = batch.rows.len();
        self.decoder.release(memory, batch, now, end);
        self.filter(batch, from);
    }
    fn first_record(&self, bytes: &[u8]) -> usize {
        self.decoder.first_record(bytes)
    }
}
