//! `extract`: finds tool calls, their errors and durations in what servers print.
//!
//! * One call counts once, although several lines describe it; counters never go down; no line waits. See [`pairing`].
//! * A line that counts something carries it in its own fields. Where no line does (a beginning whose end is not
//!   printed), an event of its own comes at the limit, at the end of the input or of the container.
//! * What lines say is read in the message and the fields, never guessed from arrival times.
//! * A record without any of [`LITERALS`] yields nothing and changes nothing.
//! * Records of mcpp's own export hold the results already and are left as they are.

pub mod call;
pub mod duration;
pub mod library;
pub mod lines;
pub mod literals;
pub mod made;
pub mod memory;
pub mod otel;
pub mod pairing;
pub mod record;
pub mod rpc;
pub mod rule;
pub mod seen;
pub mod settings;
pub mod structured;

use super::needles::{Foresight, Needles};
use super::{Kind, Scan};
use crate::config::{Diags, Settings};
use crate::event::{Batch, End, Field, Flags, Level, NO_TIME, Nanos, Presence, Row, Schema};
use call::{NAMELESS, Place, clock};
pub use literals::LITERALS;
use literals::{Families, Search};
use made::{Made, Writer};
use memory::{Names, OPEN, ToolMemory, is_due};
use record::Record;
use rule::Rule;
use seen::{Found, Phase, Scratch};
use settings::{ExtractSettings, build};

/// The kind.
pub const KIND: Kind = Kind {
    name: "extract",
    summary: "finds tool calls, their errors and durations",
    schema: || schemars::schema_for!(ExtractSettings),
    build,
};

/// The stage.
#[derive(Debug)]
pub struct Extract {
    tools: bool,
    rules: Vec<Rule>,
    search: Search,
}

/// What `apply` needs while it walks a batch.
#[derive(Default)]
struct Walk {
    scratch: Scratch,
    made: Vec<Made>,
    /// Which container an origin of the batch is, by the origin's index.
    containers: Vec<Option<usize>>,
    /// Names found, with what they count.
    writer: Writer,
}

impl Extract {
    /// The stage with these rules, and the notations that are known or not.
    pub fn new(tools: bool, rules: Vec<Rule>) -> Extract {
        let all = rules.iter().any(|rule| rule.needles.is_none());
        let texts = rules.iter().filter_map(|rule| rule.needles.as_ref()).flat_map(|needles| &needles.texts);
        let texts: Vec<String> = texts.map(|text| text.to_string()).collect();
        let search = Search::new(tools, &texts, all);
        Extract { tools, rules, search }
    }

    /// `extract: tools`.
    pub fn tools() -> Extract {
        Extract::new(true, Vec::new())
    }

    /// The texts of which a record must hold one; `None` if a rule has none.
    pub fn needles(&self) -> Option<Needles> {
        let mut needles = if self.tools { Needles::texts(LITERALS) } else { Needles::default() };
        for rule in &self.rules {
            needles.or(rule.needles.as_ref()?);
        }
        Some(needles)
    }

    /// Looks at a record; what it says goes to the scratch.
    fn recognise(&self, batch: &Batch, row: &Row, scratch: &mut Scratch) {
        let Scratch { text, more, names, seen } = scratch;
        let mut found = Found { names, seen };
        let stored = batch.text.stored(row.message);
        if self.rules.is_empty() && stored.starts_with(b"tool_") && document_head(stored, &mut found) {
            return;
        }
        text.clear();
        let plain = batch.text.plain(row.message, more);
        if memchr::memchr(0x1b, plain).is_some() {
            record::strip_colours(plain, text);
        } else {
            text.extend_from_slice(plain);
        }
        if self.try_rules(batch, row, text, more, &mut found) || !self.tools {
            return;
        }
        let record = Record { batch, row, text };
        let is = self.search.families(batch, row);
        if is.any(Families::DOCUMENT) {
            lines::document(text, &mut found);
            if !found.seen.is_empty() {
                return;
            }
        }
        if is.any(Families::FRAMEWORK) && lines::framework(text, &mut found) {
            return;
        }
        if is.any(Families::METHOD) && structured::middleware(&record, &mut found) {
            return;
        }
        if is.any(Families::RPC) {
            rpc::messages(&record, &mut found);
            if !found.seen.is_empty() {
                return;
            }
        }
        if is.any(Families::METHOD.and(Families::FIELD)) && structured::mcp_go(&record, &mut found) {
            return;
        }
        if is.any(Families::RMCP) && library::rmcp(&record, &mut found) {
            return;
        }
        if is.any(Families::SPAN) && library::spans(&record, &mut found) {
            return;
        }
        if is.any(Families::OTEL) && otel::spans(&record, &mut found) {
            return;
        }
        if is.any(Families::GATEWAY) {
            lines::gateway(text, &mut found);
            lines::spring(text, &mut found);
            if !found.seen.is_empty() {
                return;
            }
        }
        if is.any(Families::FIELD.and(Families::METHOD)) {
            structured::record(&record, &mut found);
        }
    }

    fn try_rules(
        &self,
        batch: &Batch,
        row: &Row,
        text: &[u8],
        more: &mut Vec<u8>,
        found: &mut Found<'_>,
    ) -> bool {
        if self.rules.is_empty() {
            return false;
        }
        let mut plain = std::mem::take(more);
        let line = batch.text.plain(row.raw, &mut plain);
        let mut clean = Vec::new();
        let line = if memchr::memchr(0x1b, line).is_some() {
            record::strip_colours(line, &mut clean);
            &clean
        } else {
            line
        };
        let line = if line == text { &[] } else { line };
        let matched = self.rules.iter().any(|rule| rule.read(text, line, found));
        *more = plain;
        matched
    }

    /// What a record's findings count, and where that is written.
    fn note(&self, memory: &mut ToolMemory, batch: &mut Batch, at: usize, walk: &mut Walk) {
        let row = batch.rows[at];
        let Some(container) = self.container(memory, batch, &row, at, walk) else { return };
        let mut place = Place::of(batch, &row);
        let mut used = false;
        for seen in &walk.scratch.seen {
            let name = match &seen.name {
                Some(range) => match std::str::from_utf8(&walk.scratch.names[range.clone()]) {
                    Ok(name) => Names::number(&mut memory.names, name),
                    Err(_) => NAMELESS,
                },
                None => NAMELESS,
            };
            let before = memory.containers[container].open.len();
            let outcome = memory.containers[container].note(seen, name, &place);
            let after = memory.containers[container].open.len();
            memory.open = memory.open + after - before;
            if matches!(seen.phase, Phase::Start | Phase::Middle) {
                match place.clock() {
                    NO_TIME => {
                        memory.due_seq =
                            memory.due_seq.min(place.key.seq.saturating_add(pairing::LIMIT_RECORDS))
                    }
                    time => memory.due = memory.due.min(time.saturating_add(pairing::LIMIT)),
                }
            }
            if seen.error.is_some() && row.level.is_none() && !seen.deferred {
                batch.rows[at].level = Some(Level::Error);
            }
            let counts = outcome.call || outcome.error.is_some() || outcome.duration.is_some();
            if !used {
                walk.writer.write(batch, at, &outcome, &memory.names);
            } else if counts {
                let origin = memory.containers[container].origin.clone();
                walk.made.push(Made { before: at + 1, place, origin, outcome });
            }
            used |= counts;
            place.key.index += 1;
        }
        while memory.open > OPEN {
            self.evict(memory, batch, at, walk);
        }
    }

    /// The container that a row is from; makes room for a new one.
    fn container(
        &self,
        memory: &mut ToolMemory,
        batch: &mut Batch,
        row: &Row,
        at: usize,
        walk: &mut Walk,
    ) -> Option<usize> {
        let origin = usize::from(row.origin);
        if let Some(Some(known)) = walk.containers.get(origin) {
            return Some(*known);
        }
        let shared = batch.origins.get(origin)?.clone();
        let found = match memory.find(&shared.origin) {
            Some(found) => found,
            None => {
                if let Some(oldest) = memory.longest_unused() {
                    self.settle(memory, oldest, false, |_| true, at, &mut walk.made);
                    memory.containers.remove(oldest);
                    batch.tally.evicted += 1;
                    walk.containers.clear();
                    memory.refresh();
                }
                memory.add(&shared)
            }
        };
        if walk.containers.len() <= origin {
            walk.containers.resize(origin + 1, None);
        }
        walk.containers[origin] = Some(found);
        Some(found)
    }

    fn evict(&self, memory: &mut ToolMemory, batch: &mut Batch, at: usize, walk: &mut Walk) {
        let Some(container) = memory.containers.iter_mut().max_by_key(|c| c.open.len()) else { return };
        let origin = container.origin.clone();
        let made = &mut walk.made;
        container.evict(|call, class| made.push(Made::call(at, &origin, call, class)));
        memory.open = memory.open.saturating_sub(1);
        batch.tally.evicted += 1;
    }

    fn settle(
        &self,
        memory: &mut ToolMemory,
        container: usize,
        lost: bool,
        due: impl Fn(&call::Call) -> bool,
        before: usize,
        made: &mut Vec<Made>,
    ) {
        let container = &mut memory.containers[container];
        let origin = container.origin.clone();
        container.settle(lost, due, |call, class| made.push(Made::call(before, &origin, call, class)));
    }

    /// Lets go of what is due, before row `at`.
    fn expire(&self, memory: &mut ToolMemory, time: Nanos, seq: u64, at: usize, made: &mut Vec<Made>) {
        let first = made.len();
        for container in 0..memory.containers.len() {
            self.settle(memory, container, false, |call| is_due(call, time, seq), at, made);
        }
        made[first..].sort_by_key(|made| made.place.key);
        memory.refresh();
    }
}

/// `tool_call: `, `tool_error: `, `tool_duration: ` at the start of a message, which may still be escaped.
fn document_head(text: &[u8], found: &mut Found<'_>) -> bool {
    let (phase, rest) = match text {
        [_, _, _, _, _, b'c', b'a', b'l', b'l', b':', rest @ ..] => (Phase::Call, rest),
        [_, _, _, _, _, b'e', b'r', b'r', b'o', b'r', b':', rest @ ..] => (Phase::Error, rest),
        _ => match text.strip_prefix(b"tool_duration:") {
            Some(rest) => (Phase::Duration, rest),
            None => return false,
        },
    };
    lines::document_line(phase, rest, found)
}

impl Scan for Extract {
    type Memory = ToolMemory;

    fn check(&self, input: &Schema, _settings: &Settings<'_>, _diags: &mut Diags) -> Schema {
        let mut schema = input.clone();
        for field in
            [Field::TOOL_NAME, Field::TOOL_CALL, Field::TOOL_ERROR, Field::TOOL_DURATION, Field::EVENT_KIND]
        {
            schema.set_known(field, Presence::Maybe, KIND.name);
        }
        schema
    }

    fn start(&self) -> ToolMemory {
        ToolMemory::default()
    }

    fn apply(&self, memory: &mut ToolMemory, batch: &mut Batch, _now: Nanos) {
        memory.tidy();
        let mut walk = Walk::default();
        let mut hits = self.search.hits();
        for at in 0..batch.rows.len() {
            let row = batch.rows[at];
            if !row.alive() || row.flags.has(Flags::MADE) {
                continue;
            }
            let time = clock(row.engine_time, row.timestamp);
            if (time != NO_TIME && time >= memory.due) || row.key.seq >= memory.due_seq {
                self.expire(memory, time, row.key.seq, at, &mut walk.made);
            }
            if row.flags.has(Flags::EXTRACTED) || !hits.any(batch, &row) {
                continue;
            }
            walk.scratch.clear();
            self.recognise(batch, &row, &mut walk.scratch);
            if !walk.scratch.seen.is_empty() {
                self.note(memory, batch, at, &mut walk);
            }
        }
        made::insert(batch, walk.made, &mut walk.writer, &memory.names);
    }

    fn release(&self, memory: &mut ToolMemory, batch: &mut Batch, now: Nanos, end: End) {
        let mut made = Vec::new();
        let at = batch.rows.len();
        for container in 0..memory.containers.len() {
            match end {
                // Only the engine's time is the clock's; a line's own time may be anyone's.
                End::Clock => self.settle(
                    memory,
                    container,
                    false,
                    |call| call.place.engine_time != NO_TIME && is_due(call, now, 0),
                    at,
                    &mut made,
                ),
                End::Input => self.settle(memory, container, false, |_| true, at, &mut made),
                End::Life => {
                    self.settle(memory, container, true, |_| true, at, &mut made);
                    memory.containers[container].forget();
                }
            }
        }
        if end == End::Clock && made.is_empty() {
            return;
        }
        made.sort_by_key(|made| made.place.key);
        memory.refresh();
        made::insert(batch, made, &mut Writer::default(), &memory.names);
    }

    fn foresight(&self, _input: &Schema) -> Foresight {
        match self.needles() {
            Some(needles) => Foresight::Passes(needles),
            None => Foresight::Opaque("a rule of `extract` has no text that every match holds"),
        }
    }
}

#[cfg(test)]
mod tests;
