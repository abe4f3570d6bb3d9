//! `blackhole`: events are counted and gone. For measuring, and for trying a pipeline out.
//!
//! * Of every event the time, the stream and the message are looked at and summed, so that a measurement measures a
//!   pipeline that finds them.
//! * No text is copied. A message's length is that of its text as the source wrote it: escapes are not undone.

use std::sync::Mutex;

use serde_json::Value;

use crate::config::{Diags, Settings};
use crate::event::{BoxFuture, NO_TIME, Schema, Stream};

use super::{Built, Chunk, Event, From, Kind, SendError, Sink, Verdicts, settings};

/// Its line in the list of kinds.
pub const KIND: Kind = Kind {
    name: "blackhole",
    summary: "counts events and throws them away",
    schema: || schemars::schema_for!(BlackholeSettings),
    build: |given, diags| Some(Built::Sink(Box::new(Blackhole::new(settings::read(given, diags)?)))),
};

/// Counts events, the bytes of their messages and how many have a time and a stream, then throws them away.
#[derive(Clone, Debug, Default, serde::Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct BlackholeSettings {
    /// Print the sums to standard error at the end.
    pub print: bool,
}

/// See the module.
#[derive(Debug)]
pub struct Blackhole {
    settings: BlackholeSettings,
    sums: Mutex<Sums>,
}

/// What a blackhole has swallowed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sums {
    /// Events.
    pub events: u64,
    /// Bytes of their messages, as stored.
    pub message_bytes: u64,
    /// Events with a time.
    pub with_time: u64,
    /// Events of standard output.
    pub stdout: u64,
    /// Events of standard error.
    pub stderr: u64,
}

impl Blackhole {
    /// A blackhole that has swallowed nothing.
    pub fn new(settings: BlackholeSettings) -> Blackhole {
        Blackhole { settings, sums: Mutex::default() }
    }

    /// What it has swallowed so far.
    pub fn sums(&self) -> Sums {
        *self.sums.lock().unwrap_or_else(|e| e.into_inner())
    }
}

impl Sink for Blackhole {
    fn check(&self, _: &Schema, _: &Settings<'_>, _: &mut Diags) {}

    fn encode(&self, event: Event<'_>, chunk: &mut Chunk) {
        let row = event.row();
        chunk.count += 1;
        chunk.sums[0] += event.batch.text.stored(row.message).len() as u64;
        chunk.sums[1] += u64::from(row.timestamp != NO_TIME || row.engine_time != NO_TIME);
        chunk.sums[2] += u64::from(row.stream == Stream::Stdout);
        chunk.sums[3] += u64::from(row.stream == Stream::Stderr);
    }

    fn open(&self, _: Option<&Value>) -> Result<(), SendError> {
        Ok(())
    }

    fn send<'a>(&'a self, _: &'a From, chunk: &'a Chunk) -> BoxFuture<'a, Result<Verdicts, SendError>> {
        Box::pin(async move {
            let mut sums = self.sums.lock().unwrap_or_else(|e| e.into_inner());
            sums.events += chunk.count;
            sums.message_bytes += chunk.sums[0];
            sums.with_time += chunk.sums[1];
            sums.stdout += chunk.sums[2];
            sums.stderr += chunk.sums[3];
            Ok(Verdicts::AllStored)
        })
    }

    fn close(&self) -> BoxFuture<'_, Result<(), SendError>> {
        Box::pin(async move {
            if self.settings.print {
                let Sums { events, message_bytes, with_time, stdout, stderr } = self.sums();
                eprintln!(
                    "events {events} message_bytes {message_bytes} with_time {with_time} stdout {stdout} stderr {stderr}"
                );
            }
            Ok(())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sinks::sample::Sample;

    #[test]
    fn what_is_swallowed_is_counted() {
        let sink = Blackhole::new(BlackholeSettings::default());
        let mut sample = Sample::of("demo", "");
        sample.row(b"four");
        let row = sample.row(b"seventy");
        row.stream = Stream::Stderr;
        row.engine_time = NO_TIME;
        let mut chunk = Chunk::default();
        for index in 0..2 {
            sink.encode(Event { batch: &sample.batch, index }, &mut chunk);
        }
        let from = From { partition: 0, frontier: 0, lease: None, ended: false, caught_up: false };
        assert_eq!(settings::wait(sink.send(&from, &chunk)).unwrap(), Verdicts::AllStored);
        let expected = Sums { events: 2, message_bytes: 11, with_time: 1, stdout: 1, stderr: 1 };
        assert_eq!(sink.sums(), expected);
        assert!(chunk.frames.is_empty() && chunk.bytes.is_empty());
    }
}
