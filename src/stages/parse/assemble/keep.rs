//! Text of records that are more than one line of one batch: joined lines, records held between batches, and the
//! columns that follow their rows.

use std::sync::Arc;

use super::super::memory::{Held, SLOTS, Slot};
use super::Work;
use crate::event::{Column, Field, Flags, Row, SharedOrigin, Span, Text, escape};

/// Bytes of all open records of a partition together.
const HELD: usize = 8 << 20;

/// Columns that `parse` itself makes.
pub(super) const PARSED: [Field; 6] = [
    Field::LOGGER,
    Field::LEVEL_TEXT,
    Field::TOOL_NAME,
    Field::TOOL_CALL,
    Field::TOOL_ERROR,
    Field::TOOL_DURATION,
];

impl Work<'_> {
    /// Lines of this batch become one text. The second value is the length of the first line.
    pub(super) fn join_lines(&mut self, slot: usize) -> (Row, usize) {
        let open = &mut self.desk.open[slot];
        let mut row = open.row;
        row.records = open.records;
        let (first, last) = (open.lines[0], open.lines[open.lines.len() - 1]);
        let buf = self.batch.text.buf();
        let together = !first.is_escaped()
            && !first.is_side()
            && open.lines.windows(2).all(|two| {
                let end = two[0].start() + two[0].len();
                !two[1].is_escaped() && !two[1].is_side() && two[1].start() == end + 1 && buf[end] == b'\n'
            });
        if together {
            row.raw = Span::in_buf(first.start(), last.start() + last.len());
            return (row, first.len());
        }
        self.desk.joined.clear();
        let mut length = 0;
        for (at, line) in open.lines.iter().enumerate() {
            if at > 0 {
                self.desk.joined.push(b'\n');
            }
            push_plain(&self.batch.text, *line, &mut self.desk.joined);
            if at == 0 {
                length = self.desk.joined.len();
            }
        }
        row.raw = self.batch.text.push(&self.desk.joined);
        (row, length)
    }

    /// A record that began in an earlier batch becomes a row of this one.
    pub(super) fn rebuild(&mut self, slot: usize, held: Held) -> (Row, usize) {
        let open = &self.desk.open[slot];
        let joined = &mut self.desk.joined;
        joined.clear();
        let mut first = held.first as usize;
        let mut escaped = held.escaped;
        if escaped && !open.lines.is_empty() {
            let mut stored = Vec::with_capacity(held.len());
            held.pieces.iter().for_each(|p| stored.extend_from_slice(p));
            escape::unescape_into(&stored, joined);
            (first, escaped) = (joined.len(), false);
        } else {
            held.pieces.iter().for_each(|p| joined.extend_from_slice(p));
        }
        for line in &open.lines {
            joined.push(b'\n');
            push_plain(&self.batch.text, *line, joined);
        }
        let mut raw = self.batch.text.push(joined);
        if escaped {
            // It comes from a file, perhaps.
            raw = self.batch.text.mark_escaped(raw);
        }
        let seed = match self.batch.seeds.iter().position(|s| *s == held.seed) {
            Some(at) => at,
            None => {
                self.batch.seeds.push(held.seed);
                self.batch.seeds.len() - 1
            }
        };
        let mut row = Row {
            raw,
            message: raw,
            engine_time: held.engine_time,
            timestamp: held.timestamp,
            key: held.key,
            place: held.place,
            records: open.records,
            seed: seed.min(usize::from(u8::MAX)) as u8,
            stream: self.memory.slots[slot].stream,
            origin: self.origin_index(held.origin.as_ref()),
            ..Row::default()
        };
        if held.cut {
            row.flags.set(Flags::CUT);
        }
        if held.partial {
            row.flags.set(Flags::PARTIAL);
        }
        (row, first)
    }

    fn origin_index(&mut self, origin: Option<&Arc<SharedOrigin>>) -> u16 {
        let Some(origin) = origin else { return 0 };
        let origins = &mut self.batch.origins;
        let at = match origins.iter().position(|o| o.origin == origin.origin) {
            Some(at) => at,
            None => {
                origins.push(origin.clone());
                origins.len() - 1
            }
        };
        u16::try_from(at).unwrap_or(0)
    }

    /// What the batch leaves open goes to the Memory.
    pub(super) fn hold(&mut self) {
        let slots = self.memory.slots.len();
        for slot in 0..slots {
            let open = &mut self.desk.open[slot];
            if !open.live {
                continue;
            }
            open.live = false;
            let state = open.state.expect("an open record has a state");
            let text = &self.batch.text;
            let mut held = match open.held.take() {
                Some(held) => held,
                None => {
                    let row = &open.row;
                    let several = !open.lines.is_empty();
                    let stored = text.stored(row.raw);
                    let mut first = Vec::with_capacity(stored.len());
                    if several {
                        push_plain(text, row.raw, &mut first);
                        open.lines.remove(0);
                    } else {
                        first.extend_from_slice(stored);
                    }
                    Held {
                        escaped: row.raw.is_escaped() && !several,
                        first: first.len() as u32,
                        pieces: vec![first.into()],
                        key: row.key,
                        place: row.place,
                        seed: self.batch.seeds[usize::from(row.seed)],
                        engine_time: row.engine_time,
                        timestamp: row.timestamp,
                        last_time: row.engine_time,
                        records: 0,
                        cut: false,
                        partial: row.flags.has(Flags::PARTIAL),
                        origin: (row.origin != 0)
                            .then(|| self.batch.origins[usize::from(row.origin)].clone()),
                        state,
                        seen_at: self.now,
                    }
                }
            };
            if !open.lines.is_empty() {
                held.make_plain();
                let mut more = Vec::with_capacity(open.lines.iter().map(|l| l.len() + 1).sum());
                for line in &open.lines {
                    more.push(b'\n');
                    push_plain(text, *line, &mut more);
                }
                held.push(more);
                held.seen_at = self.now;
            }
            held.cut |= open.row.flags.has(Flags::CUT) && held.key == open.row.key;
            held.records = open.records;
            held.last_time = open.last_time;
            held.state = state;
            open.lines.clear();
            self.memory.slots[slot].held = Some(held);
        }
    }

    /// Lets the longest unused slots go, and open records where all of them together are too long.
    pub(super) fn evict(&mut self) {
        let held =
            |slots: &[Slot]| slots.iter().filter_map(|s| s.held.as_ref()).map(Held::len).sum::<usize>();
        while self.memory.slots.len() > 1 && held(&self.memory.slots) > self.parse.longest.max(HELD) {
            let open = self.memory.slots.iter().enumerate().filter(|(_, slot)| slot.held.is_some());
            let Some(slot) = open.min_by_key(|(at, slot)| (slot.used, *at)).map(|(at, _)| at) else { break };
            self.let_go(slot);
            self.batch.tally.evicted += 1;
        }
        while self.memory.slots.len() > SLOTS {
            let oldest = self.memory.slots.iter().enumerate().min_by_key(|(at, slot)| (slot.used, *at));
            let Some(slot) = oldest.map(|(at, _)| at) else { return };
            self.let_go(slot);
            self.memory.slots.swap_remove(slot);
            self.desk.open.swap_remove(slot);
            self.batch.tally.evicted += 1;
        }
    }

    /// Lets out what a slot holds.
    fn let_go(&mut self, slot: usize) {
        let Some(held) = self.memory.slots[slot].held.take() else { return };
        let open = &mut self.desk.open[slot];
        open.live = true;
        open.lines.clear();
        open.state = Some(held.state);
        open.records = held.records;
        open.from = u32::MAX;
        open.held = Some(held);
        self.close(slot);
    }

    /// Cells of sparse columns follow their rows.
    pub(super) fn move_columns(&mut self) {
        let moved = &self.desk.moved;
        let sparse: Vec<(Field, Vec<_>)> = self
            .batch
            .columns()
            .iter()
            .filter_map(|(field, column)| match column {
                Column::Sparse(cells) if !PARSED.contains(field) => Some((*field, cells.clone())),
                _ => None,
            })
            .collect();
        for (field, cells) in sparse {
            let mut cells: Vec<_> = cells
                .into_iter()
                .filter_map(|(row, cell)| match moved.get(row as usize) {
                    Some(&u32::MAX) | None => None,
                    Some(&to) => Some((to, cell)),
                })
                .collect();
            cells.sort_unstable_by_key(|(row, _)| *row);
            self.batch.set_column(field, Column::Sparse(cells));
        }
    }
}

impl Held {
    /// Before a second line joins, the first one's escapes go.
    fn make_plain(&mut self) {
        if !self.escaped {
            return;
        }
        let stored = self.pieces.concat();
        let mut plain = Vec::with_capacity(stored.len());
        escape::unescape_into(&stored, &mut plain);
        self.first = plain.len() as u32;
        self.pieces = vec![plain.into()];
        self.escaped = false;
    }
}

pub(super) fn push_plain(text: &Text, span: Span, out: &mut Vec<u8>) {
    let stored = text.stored(span);
    if span.is_escaped() {
        escape::unescape_into(stored, out);
    } else {
        out.extend_from_slice(stored);
    }
}
