//! One batch through `parse`: lines are grouped to records, records are read.
//!
//! * A record comes out where it ends: at the line that starts the next one of its origin and stream, or at the line
//!   whose engine time shows that it ended. So the order, too, follows from bytes and engine times alone.
//! * Lines that stay alone are not copied; joined lines are one span where they stand together in a text file.
//! * What the batch's end leaves open goes to the Memory.

mod keep;

use std::borrow::Cow;

use memchr::{memchr, memmem};

use super::Parse;
use super::ansi::{self, ESC};
use super::guard::Hits;
use super::join::{Kind, State};
use super::json::Extra;
use super::memory::{Held, ParseMemory, origin_hash};
use super::notation::Parsed;
use super::record::{Context, Reader, conclude, read_about};
use super::settings::{Format, Multiline};
use crate::event::{Batch, Column, End, Field, Flags, NO_TIME, Nanos, Reason, Row, SECOND, Span, Stream};

/// Lines that come at once were written at once: the parts of one write reach the engine microseconds apart.
const AT_ONCE: Nanos = 100_000_000;

/// A line further from the one before starts a new record.
const GAP: Nanos = SECOND;

/// The same where engine times have whole seconds.
const COARSE_GAP: Nanos = 3 * SECOND;

/// Most physical lines in a record.
const MOST_LINES: u32 = 10_000;

/// What is used again from batch to batch; one a lane.
#[derive(Default)]
pub struct Desk {
    reader: Reader,
    about: Parsed,
    rows: Vec<Row>,
    /// By slot of the Memory.
    open: Vec<Open>,
    /// Slot by origin of the batch and stream.
    slots: Vec<[u32; 3]>,
    hits: Hits,
    view: Vec<u8>,
    joined: Vec<u8>,
    /// New row of each old one, where columns must follow.
    moved: Vec<u32>,
}

/// A record that may go on.
#[derive(Default)]
struct Open {
    live: bool,
    row: Row,
    /// Text and key, if it began in an earlier batch; `row` is of no use then.
    held: Option<Held>,
    /// Its lines in this batch, the first one included once there are two.
    lines: Vec<Span>,
    state: Option<State>,
    last_time: Nanos,
    bytes: usize,
    records: u32,
    /// Something the guard looks for stands in its first line.
    hit: bool,
    /// Number of its row before.
    from: u32,
}

/// The lane's work on one batch.
pub struct Work<'a> {
    parse: &'a Parse,
    memory: &'a mut ParseMemory,
    batch: &'a mut Batch,
    desk: &'a mut Desk,
    now: Nanos,
    codes: bool,
    guarded: bool,
    /// No other record can have ended before this engine time.
    deadline: Nanos,
    tracked: bool,
}

fn gap_after(last: Nanos) -> Nanos {
    if last % SECOND == 0 { COARSE_GAP } else { GAP }
}

/// The line as joining looks at it: without terminal codes, without escapes where they would hide its beginning.
fn view_of<'a>(stored: &'a [u8], escaped: bool, codes: bool, scratch: &'a mut Vec<u8>) -> Cow<'a, [u8]> {
    if escaped {
        // Of dates and documents the first bytes tell enough; most lines are such.
        let plain = matches!(stored.first(), None | Some(b'0'..=b'9' | b'{')) && !codes;
        if !plain && memchr(b'\\', stored).is_some() {
            scratch.clear();
            crate::event::escape::unescape_into(stored, scratch);
            if codes && memchr(ESC, scratch).is_some() {
                let mut clean = Vec::with_capacity(scratch.len());
                ansi::strip_into(scratch, &mut clean);
                return Cow::Owned(clean);
            }
            return Cow::Borrowed(scratch);
        }
        return Cow::Borrowed(stored);
    }
    if codes && memchr(ESC, stored).is_some() {
        scratch.clear();
        ansi::strip_into(stored, scratch);
        return Cow::Borrowed(scratch);
    }
    Cow::Borrowed(stored)
}

impl<'a> Work<'a> {
    /// Sets the desk up for a batch.
    pub fn new(
        parse: &'a Parse,
        memory: &'a mut ParseMemory,
        batch: &'a mut Batch,
        desk: &'a mut Desk,
        now: Nanos,
    ) -> Work<'a> {
        desk.reader.next_batch();
        memory.batches += 1;
        let buf = batch.text.buf();
        let codes = memchr(ESC, &batch.text.side).is_some()
            || batch.veiled
                && (memchr(ESC, buf).is_some()
                    || memmem::find_iter(buf, b"\\u001")
                        .any(|at| matches!(buf.get(at + 5), Some(b'b' | b'B'))));
        let guarded = match &parse.guard {
            Some(guard) if !batch.rows.is_empty() => {
                guard.search(buf, batch.veiled, &mut desk.hits.at);
                desk.hits.rewind();
                true
            }
            _ => false,
        };
        while desk.open.len() < memory.slots.len() {
            desk.open.push(Open::default());
        }
        let mut deadline = Nanos::MAX;
        for (slot, open) in memory.slots.iter_mut().zip(&mut desk.open) {
            open.live = false;
            open.lines.clear();
            let Some(held) = slot.held.take() else { continue };
            open.live = true;
            open.state = Some(held.state);
            open.last_time = held.last_time;
            open.bytes = held.len();
            open.records = held.records;
            open.hit = true;
            if held.last_time != NO_TIME {
                deadline = deadline.min(held.last_time + gap_after(held.last_time));
            }
            open.held = Some(held);
        }
        desk.slots.clear();
        let tracked = batch.columns().iter().any(|(_, column)| matches!(column, Column::Sparse(_)));
        Work { parse, memory, batch, desk, now, codes, guarded, deadline, tracked }
    }

    /// Groups and reads the rows of the batch.
    pub fn apply(mut self) {
        let rows = std::mem::replace(&mut self.batch.rows, std::mem::take(&mut self.desk.rows));
        self.batch.rows.clear();
        // Made anew below, by the numbers of the new rows.
        for field in keep::PARSED {
            self.batch.remove_column(field);
        }
        self.desk.moved.clear();
        if self.tracked {
            self.desk.moved.resize(rows.len(), u32::MAX);
        }
        for (at, row) in rows.iter().enumerate() {
            self.take(at as u32, row);
        }
        self.hold();
        if self.tracked {
            self.move_columns();
        }
        self.desk.rows = rows;
        self.evict();
    }

    /// Lets out what must not wait longer.
    pub fn release(mut self, end: End) {
        let mut due: Vec<(u64, usize)> = Vec::new();
        for (slot, open) in self.desk.open.iter().enumerate().take(self.memory.slots.len()) {
            let Some(held) = open.held.as_ref().filter(|_| open.live) else { continue };
            let over = match end {
                End::Clock if held.last_time != NO_TIME => {
                    self.now > held.last_time.saturating_add(gap_after(held.last_time))
                }
                End::Clock => self.now > held.seen_at.saturating_add(GAP),
                End::Life | End::Input => true,
            };
            if over {
                due.push((held.key.seq, slot));
            }
        }
        due.sort_unstable();
        self.guarded = false;
        for (_, slot) in due {
            self.close(slot);
        }
        self.hold();
    }

    fn slot(&mut self, row: &Row) -> usize {
        let origin = usize::from(row.origin);
        while self.desk.slots.len() <= origin {
            self.desk.slots.push([u32::MAX; 3]);
        }
        let known = self.desk.slots[origin][row.stream as usize];
        if known != u32::MAX {
            return known as usize;
        }
        let hash = match origin {
            0 => 0,
            _ => origin_hash(&self.batch.origins[origin].origin),
        };
        let slot = match self.memory.find(hash, row.stream) {
            Some(slot) => slot,
            None => self.memory.add(hash, row.stream),
        };
        self.memory.slots[slot].used = self.memory.batches;
        while self.desk.open.len() <= slot {
            self.desk.open.push(Open::default());
        }
        self.desk.slots[origin][row.stream as usize] = slot as u32;
        slot
    }

    /// Takes the next physical record.
    fn take(&mut self, at: u32, row: &Row) {
        // What no line stands for has been said whole.
        if !row.alive() || row.flags.has(Flags::MADE) {
            self.put(at, *row);
            return;
        }
        let slot = self.slot(row);
        let time = row.engine_time;
        if time != NO_TIME && time > self.deadline {
            self.expire(time, slot);
        }
        let mut scratch = std::mem::take(&mut self.desk.view);
        let stored = self.batch.text.stored(row.raw);
        let view = view_of(stored, row.raw.is_escaped(), self.codes, &mut scratch);
        let open = &mut self.desk.open[slot];
        let mut joins = false;
        let mut cut = false;
        if open.live {
            let last = open.last_time;
            let distance = if time == NO_TIME || last == NO_TIME { 0 } else { time - last };
            let state = open.state.as_mut().expect("an open record has a state");
            if distance <= gap_after(last) || distance == 0 {
                let near = distance <= AT_ONCE;
                joins = match &self.parse.starts {
                    Some(start) => !start.is_match(&view),
                    None => {
                        let (held, text) = (&open.held, &self.batch.text);
                        let (first_raw, codes, about) = (open.row.raw, self.codes, &mut self.desk.about);
                        state.joins(&view, near, || {
                            let mut scratch = Vec::new();
                            match held {
                                Some(held) => {
                                    let first = &held.pieces[0][..held.first as usize];
                                    let first = view_of(first, held.escaped, true, &mut scratch);
                                    read_about(&first, about)
                                }
                                None => {
                                    let first = text.stored(first_raw);
                                    let plain =
                                        plain_view(first, first_raw.is_escaped(), codes, &mut scratch);
                                    read_about(&plain, about)
                                }
                            }
                        })
                    }
                };
            }
            if joins && (open.bytes + row.raw.len() + 1 > self.parse.longest || open.records >= MOST_LINES) {
                (joins, cut) = (false, true);
            }
        }
        if joins {
            if open.held.is_none() && open.lines.is_empty() {
                open.lines.push(open.row.raw);
            }
            open.lines.push(row.raw);
            open.bytes += row.raw.len() + 1;
            open.records += row.records.max(1);
            open.last_time = if time == NO_TIME { open.last_time } else { time };
            if time != NO_TIME {
                self.deadline = self.deadline.min(time + gap_after(time));
            }
            if row.flags.has(Flags::CUT) {
                open.row.flags.set(Flags::CUT);
                if let Some(held) = &mut open.held {
                    held.cut = true;
                }
            }
            self.batch.tally.joined += u64::from(row.records.max(1));
            self.desk.view = scratch;
            return;
        }
        let state = match (&self.parse.starts, &self.parse.multiline) {
            (None, Multiline::Off) => State::of(Kind::Complete),
            (Some(_), _) => State::of(Kind::Text),
            _ => State::begin(&view),
        };
        let live = open.live;
        self.desk.view = scratch;
        if live {
            if cut {
                self.mark_cut(slot);
            }
            self.close(slot);
        }
        let hit = !self.guarded
            || row.raw.is_side()
            || self.desk.hits.within(row.raw.start(), row.raw.start() + row.raw.len());
        let open = &mut self.desk.open[slot];
        open.live = true;
        open.row = *row;
        open.held = None;
        open.lines.clear();
        open.state = Some(state);
        open.last_time = time;
        open.bytes = row.raw.len();
        open.records = row.records.max(1);
        open.hit = hit;
        open.from = at;
        if state.is_complete() {
            self.close(slot);
        } else if time != NO_TIME {
            self.deadline = self.deadline.min(time + gap_after(time));
        }
    }

    fn mark_cut(&mut self, slot: usize) {
        let open = &mut self.desk.open[slot];
        open.row.flags.set(Flags::CUT);
        if let Some(held) = &mut open.held {
            held.cut = true;
        }
        self.batch.tally.cut += 1;
    }

    /// Closes the records of other slots that engine time has passed.
    fn expire(&mut self, time: Nanos, mine: usize) {
        let mut deadline = Nanos::MAX;
        let mut due: Vec<(u64, usize)> = Vec::new();
        for (slot, open) in self.desk.open.iter().enumerate().take(self.memory.slots.len()) {
            if !open.live || open.last_time == NO_TIME || slot == mine {
                continue;
            }
            let end = open.last_time + gap_after(open.last_time);
            if time > end {
                let seq = open.held.as_ref().map_or(open.row.key.seq, |h| h.key.seq);
                due.push((seq, slot));
            } else {
                deadline = deadline.min(end);
            }
        }
        due.sort_unstable();
        for (_, slot) in due {
            self.close(slot);
        }
        self.deadline = deadline;
    }

    /// A record ends: it is read and becomes a row.
    fn close(&mut self, slot: usize) {
        let open = &mut self.desk.open[slot];
        open.live = false;
        let state = open.state.expect("an open record has a state");
        let format = &self.parse.format;
        let cx = Context { format, zone: self.parse.zone, codes: self.codes || open.held.is_some() };
        let from = open.from;
        let alone = open.lines.is_empty();
        if open.held.is_none() && alone {
            let mut row = open.row;
            let clock = &mut self.memory.slots[slot].clock;
            if !open.hit
                && clock.warm
                && !clock.partial
                && matches!(state.kind, Kind::Text | Kind::Complete)
                && matches!(format, Format::Auto | Format::Json | Format::Logfmt | Format::Notation(_))
            {
                row.flags.set(Flags::DEAD);
                self.batch.tally.dropped[Reason::Filtered as usize] += 1;
                self.put(from, row);
                return;
            }
            // A Rich record that was not wrapped reads like one that was.
            let extra = match (format, state.kind) {
                (Format::Auto, Kind::Rich | Kind::RichBare) => self.read_joined(slot, &mut row, 0, &state),
                _ => self.desk.reader.read_line(self.batch, &mut row, clock, cx),
            };
            conclude(self.batch, &mut row, &state);
            self.emit(from, row, extra);
            return;
        }
        let (mut row, first) = match open.held.take() {
            Some(held) => self.rebuild(slot, held),
            None => self.join_lines(slot),
        };
        let single = row.records == 1 && alone;
        let extra = if single && !matches!(state.kind, Kind::Rich | Kind::RichBare) {
            let clock = &mut self.memory.slots[slot].clock;
            self.desk.reader.read_line(self.batch, &mut row, clock, cx)
        } else {
            self.read_joined(slot, &mut row, first, &state)
        };
        conclude(self.batch, &mut row, &state);
        self.emit(from, row, extra);
    }

    fn read_joined(&mut self, slot: usize, row: &mut Row, first: usize, state: &State) -> Extra {
        let cx = Context { format: &self.parse.format, zone: self.parse.zone, codes: true };
        let raw = row.raw;
        if raw.is_escaped() {
            row.raw = self.batch.text.make_plain(raw);
        }
        let first = if first == 0 { row.raw.len() } else { first };
        let clock = &mut self.memory.slots[slot].clock;
        let extra = self.desk.reader.read_lines(self.batch, row, first, state, clock, cx);
        row.raw = raw;
        extra
    }

    /// Adds an event to the batch, with the columns that belong to it.
    fn emit(&mut self, from: u32, row: Row, extra: Extra) {
        let at = self.batch.rows.len();
        self.put(from, row);
        use crate::event::Cell;
        if !extra.logger.is_empty() {
            self.batch.set(at, Field::LOGGER, Cell::Text(extra.logger));
        }
        if !extra.level_text.is_empty() {
            self.batch.set(at, Field::LEVEL_TEXT, Cell::Text(extra.level_text));
        }
        let Some(tool) = extra.tool else { return };
        let fields = [Field::TOOL_NAME, Field::TOOL_CALL, Field::TOOL_ERROR, Field::TOOL_DURATION];
        for (field, cell) in fields.into_iter().zip(tool) {
            if cell != Cell::Missing {
                self.batch.set(at, field, cell);
            }
        }
    }

    fn put(&mut self, from: u32, row: Row) {
        if let Some(moved) = self.desk.moved.get_mut(from as usize) {
            *moved = self.batch.rows.len() as u32;
        }
        self.batch.rows.push(row);
    }
}

/// A first line as its notation sees it.
fn plain_view<'a>(stored: &'a [u8], escaped: bool, codes: bool, scratch: &'a mut Vec<u8>) -> Cow<'a, [u8]> {
    if escaped && memchr(b'\\', stored).is_some() {
        scratch.clear();
        crate::event::escape::unescape_into(stored, scratch);
        if codes && memchr(ESC, scratch).is_some() {
            let mut clean = Vec::with_capacity(scratch.len());
            ansi::strip_into(scratch, &mut clean);
            return Cow::Owned(clean);
        }
        return Cow::Borrowed(scratch);
    }
    view_of(stored, false, codes, scratch)
}

/// Which streams there are, as an index.
const _: () = assert!(Stream::Stderr as usize == 2);
