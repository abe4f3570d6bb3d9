//! Framing: the bytes of a partition become rows.
//!
//! * A record is one physical line as the engine or the program wrote it; a part of a long line is a record too.
//! * Nothing is lost: a line that is not what its framing says is kept as text and counted.
//! * Which framing it is, is told by content ([`sniff`]), never by a name.
//! * A record longer than the limit is cut there, whether or not its end was read.
//! * Decoding depends on the bytes and the Memory only, never on where batches were cut.

pub mod api;
mod cri;
pub mod docker;
mod format;
mod life;
mod lines;
mod parts;
mod prefix;
mod since;
mod streams;

pub(crate) use crate::event::template_of;
pub use api::Api;
pub use cri::{Cri, CriMemory};
pub use docker::{Docker, DockerMemory};
pub use format::{Format, sniff};
pub use life::LifeLines;
pub use lines::{Lines, LinesMemory};
pub(crate) use prefix::owner_of_pod;
pub use prefix::{Layout, Naming};
pub use since::Since;
pub use streams::Streams;

use crate::event::{Batch, Flags, Identity, Key, NO_TIME, Nanos, Row, Span, Stream, Text};

/// Longest record in bytes, unless the settings say otherwise.
pub const LONGEST: usize = 1 << 20;

/// Shortest limit that can be asked for: a part of 16 KiB that an engine cuts has up to six bytes of JSON for each.
pub const LONGEST_MIN: usize = 128 << 10;

/// Longest record that can be asked for: spans hold 29 bits of length, and batches are kept whole.
pub const LONGEST_MAX: usize = 64 << 20;

/// The records of one stream that carry the same engine time are numbered from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Ordinals {
    last: [(Nanos, u64); 3],
}

impl Default for Ordinals {
    fn default() -> Self {
        Ordinals { last: [(NO_TIME, u64::MAX); 3] }
    }
}

impl Ordinals {
    fn next(&mut self, stream: Stream, time: Nanos) -> u64 {
        let (last, ordinal) = &mut self.last[stream as usize];
        *ordinal = if *last == time { ordinal.wrapping_add(1) } else { 0 };
        *last = time;
        *ordinal
    }

    /// As they are behind the last records of the streams.
    fn after(streams: &Streams) -> Ordinals {
        let last = streams
            .last
            .map(|(time, ordinal)| if time == NO_TIME { (time, u64::MAX) } else { (time, ordinal) });
        Ordinals { last }
    }

    fn save(&self) -> serde_json::Value {
        self.last.iter().map(|(time, ordinal)| serde_json::json!([time, ordinal])).collect()
    }

    fn restore(saved: &serde_json::Value) -> Option<Ordinals> {
        let mut last = <[(Nanos, u64); 3]>::default();
        for (at, slot) in last.iter_mut().enumerate() {
            *slot = (saved.get(at)?.get(0)?.as_i64()?, saved.get(at)?.get(1)?.as_u64()?);
        }
        Some(Ordinals { last })
    }
}

/// Where the first byte of a line that is longer than the limit must end: not inside a character.
fn cut_at(line: &[u8], longest: usize) -> usize {
    let mut end = longest.min(line.len());
    // A character has at most three bytes behind its first.
    for back in 0..4.min(end) {
        let byte = line[end - back - 1];
        if byte < 0x80 {
            break;
        }
        if byte >= 0xC0 {
            let whole = match byte {
                0xF0.. => 4,
                0xE0.. => 3,
                _ => 2,
            };
            if back + 1 < whole {
                end -= back + 1;
            }
            break;
        }
    }
    end
}

/// The row of one line that stands in the buffer.
fn row(span: Span, time: Nanos, stream: Stream, seq: u64, place: u64) -> Row {
    Row {
        raw: span,
        message: span,
        engine_time: time,
        timestamp: time,
        key: Key { seq, index: 0 },
        place,
        records: 1,
        stream,
        flags: Flags::default(),
        ..Row::default()
    }
}

/// What the place of a record is in this batch: an offset in a file, an ordinal in a container, else its seq.
fn place(batch: &Batch, at: usize, ordinal: u64, seq: u64) -> u64 {
    match batch.partition.identity {
        Identity::Container => ordinal,
        Identity::File => batch.offset + at as u64,
        Identity::Stream => seq,
    }
}

/// Takes the text out of a batch, so that rows and side text can be added while the buffer is read. The side text
/// stays in the batch; [`put_back`] ends it.
fn take_text(batch: &mut Batch) -> Text {
    let mut text = std::mem::take(&mut batch.text);
    batch.text.side = std::mem::take(&mut text.side);
    text
}

fn put_back(batch: &mut Batch, mut text: Text) {
    text.side = std::mem::take(&mut batch.text.side);
    batch.text = text;
}

#[cfg(test)]
mod tests;
