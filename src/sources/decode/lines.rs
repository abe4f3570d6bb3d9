//! Plain text or NDJSON: a record per line, perhaps behind the prefix of a tool.
//!
//! * Any bytes are kept: invalid UTF-8, NUL. Only the line's end, `\n` or `\r\n`, is framing.
//! * A prefix gives the line its origin and engine time; a line without the prefix of its text is kept whole, counted,
//!   and takes the time of the line before it.
//! * Without a prefix no line has an engine time.

use std::sync::Arc;

use memchr::memchr;
use serde_json::{Value, json};

use super::prefix::{Layout, Naming, Prefix, owner_of_pod};
use super::template_of;
use super::{cut_at, put_back, row, take_text};
use crate::event::time::TimeReader;
use crate::event::{
    Batch, End, Flags, Identity, Key, Memory, NO_TIME, Nanos, Origin, SharedOrigin, Span, Stream,
};
use crate::sources::Decoder;

/// Names that are remembered with their rendered origin; more are rendered anew in each batch.
const NAMES: usize = 1024;

/// Decodes lines.
#[derive(Debug)]
pub struct Lines {
    layout: Layout,
    longest: usize,
}

impl Lines {
    /// A decoder for lines with that prefix, that cuts records longer than `longest` bytes.
    pub fn new(layout: Layout, longest: usize) -> Lines {
        Lines { layout, longest }
    }
}

/// What is remembered of a text.
#[derive(Clone, Debug)]
pub struct LinesMemory {
    clock: TimeReader,
    last: Nanos,
    /// Name, container and origin of earlier lines.
    names: Arc<Vec<Name>>,
}

#[derive(Clone, Debug)]
struct Name {
    name: Box<[u8]>,
    container: Box<[u8]>,
    origin: Arc<SharedOrigin>,
}

impl Decoder for Lines {
    type Memory = LinesMemory;

    fn start(&self) -> LinesMemory {
        LinesMemory { clock: TimeReader::default(), last: NO_TIME, names: Arc::default() }
    }

    fn decode(&self, memory: &mut LinesMemory, batch: &mut Batch, mut seq: u64) -> u64 {
        let text = take_text(batch);
        let buf = text.buf();
        let plain = self.layout == Layout::default();
        let mut at = 0;
        while at < buf.len() {
            let end = memchr(b'\n', &buf[at..]).map_or(buf.len(), |length| at + length);
            seq += 1;
            let line = &buf[at..end];
            let mut length = line.strip_suffix(b"\r").unwrap_or(line).len();
            let mut flags = Flags::default();
            if length > self.longest {
                length = cut_at(line, self.longest);
                flags.set(Flags::CUT);
                batch.tally.cut += 1;
            }
            let (mut from, mut origin) = (0, 0);
            if !plain {
                match self.layout.read(&line[..length], &mut memory.clock) {
                    Some(prefix) => {
                        from = prefix.text.min(length);
                        origin = self.origin(memory, batch, &prefix);
                        if prefix.time != NO_TIME {
                            memory.last = prefix.time;
                        }
                    }
                    None => batch.tally.misframed += 1,
                }
            }
            let place = match batch.partition.identity {
                Identity::Stream => seq,
                Identity::File | Identity::Container => batch.offset + at as u64,
            };
            let mut row = row(Span::in_buf(at + from, at + length), memory.last, Stream::None, seq, place);
            row.origin = origin;
            row.flags = flags;
            batch.rows.push(row);
            at = end + 1;
        }
        put_back(batch, text);
        seq
    }

    fn release(&self, _memory: &mut LinesMemory, _batch: &mut Batch, _now: Nanos, _end: End) {}
}

impl Lines {
    /// The index of the line's origin in the batch.
    fn origin(&self, memory: &mut LinesMemory, batch: &mut Batch, prefix: &Prefix<'_>) -> u16 {
        if self.layout.naming == Naming::None {
            return 0;
        }
        let known =
            memory.names.iter().find(|n| *n.name == *prefix.name && *n.container == *prefix.container);
        let shared = match known {
            Some(known) => known.origin.clone(),
            None => {
                let shared = SharedOrigin::new(self.named(prefix));
                if memory.names.len() < NAMES {
                    Arc::make_mut(&mut memory.names).push(Name {
                        name: prefix.name.into(),
                        container: prefix.container.into(),
                        origin: shared.clone(),
                    });
                }
                shared
            }
        };
        // The line's own name is mostly that of the line before.
        if let Some(at) = batch.origins.iter().rposition(|o| Arc::ptr_eq(o, &shared)) {
            return at as u16;
        }
        if batch.origins.len() > usize::from(u16::MAX) {
            return 0;
        }
        batch.origins.push(shared);
        (batch.origins.len() - 1) as u16
    }

    fn named(&self, prefix: &Prefix<'_>) -> Origin {
        let name = String::from_utf8_lossy(prefix.name).into_owned();
        match self.layout.naming {
            Naming::None => Origin::default(),
            Naming::Compose => Origin {
                template: template_of(&name).map(str::to_owned),
                container: Some(name.clone()),
                deployment: Some(name),
                ..Origin::default()
            },
            Naming::Kubectl | Naming::Stern => {
                let owner = owner_of_pod(&name);
                Origin {
                    template: template_of(owner).map(str::to_owned),
                    deployment: Some(owner.to_owned()),
                    container: Some(format!("{name}/{}", String::from_utf8_lossy(prefix.container))),
                    ..Origin::default()
                }
            }
        }
    }
}

impl Memory for LinesMemory {
    fn owed(&self) -> Vec<Key> {
        Vec::new()
    }

    fn save(&self) -> Value {
        json!({ "version": 1, "last": self.last })
    }

    fn restore(saved: &Value) -> Result<LinesMemory, String> {
        if saved["version"] != 1 {
            return Err(format!("unknown version {} of the decoder's memory", saved["version"]));
        }
        let last = saved["last"].as_i64().ok_or("the decoder's memory is not readable")?;
        Ok(LinesMemory { clock: TimeReader::default(), last, names: Arc::default() })
    }
}

#[cfg(test)]
mod tests;
