//! Drafts as lines: times of day, names, levels, indented and wrapped.

use chrono::{Datelike, FixedOffset, Local, NaiveDate, Offset, SecondsFormat, TimeZone};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::event::{Level, NO_TIME, Nanos, SECOND};

use super::names::Names;
use super::{Draft, label, mark};

/// Text narrower than this is not put beside its head any more.
const NARROW: usize = 24;

const MINUTE: i64 = 60;
const DAY: i64 = 24 * 60 * MINUTE;

/// Which time of day is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Zone {
    /// The machine's.
    Local,
    /// UTC.
    Utc,
    /// This many seconds east of UTC.
    Fixed(i32),
}

/// Makes lines of drafts, in the order they are shown.
#[derive(Debug)]
pub struct Printer {
    zone: Zone,
    colour: bool,
    /// Whole times instead of times of day.
    full: bool,
    names: Names,
    /// Day of the last event, from the epoch in the zone.
    day: Option<i64>,
    /// The offset found last, and the quarter of an hour that it holds for.
    offset: Option<(i64, i32)>,
}

/// Where the text of a line may stand.
struct Room {
    /// Columns before the text of the first line, and before those that follow.
    first: usize,
    indent: usize,
    /// Columns of the terminal.
    width: Option<usize>,
}

/// A time as RFC 3339 writes it, with nanoseconds; at most 35 columns.
fn full_time(time: Nanos, offset: i32) -> String {
    let zone = FixedOffset::east_opt(offset).unwrap_or(FixedOffset::east_opt(0).expect("0 is an offset"));
    zone.timestamp_nanos(time).to_rfc3339_opts(SecondsFormat::Nanos, offset == 0)
}

impl Printer {
    /// A printer that has shown nothing.
    pub fn new(zone: Zone, colour: bool) -> Printer {
        Printer { zone, colour, full: false, names: Names::default(), day: None, offset: None }
    }

    /// With `full` date, nanoseconds and offset stand on every line.
    pub fn with_full_times(self, full: bool) -> Printer {
        Printer { full, ..self }
    }

    /// Takes note of a draft's deployment before it is its turn, so that names are told apart from the beginning.
    pub fn announce(&mut self, draft: &[u8]) {
        if let Some(draft) = Draft::read(draft)
            && draft.kind != label::NONE
        {
            self.names.add(draft.kind, draft.name, draft.template);
        }
    }

    /// Appends the lines of a draft. `width`: columns of the terminal, `None` where it is none.
    pub fn print(&mut self, draft: &[u8], time: Nanos, width: Option<usize>, out: &mut Vec<u8>) {
        let Some(draft) = Draft::read(draft) else { return };
        let mut columns = self.time(time, out);
        if draft.kind != label::NONE {
            let at = self.names.add(draft.kind, draft.name, draft.template);
            if let Some(name) = self.names.get(at) {
                let blanks = self.names.width.saturating_sub(name.short.width());
                styled(out, self.colour, &[name.colour], name.short.as_bytes());
                pad(out, blanks + 1);
            }
        }
        if self.names.width > 0 {
            if draft.kind == label::NONE {
                pad(out, self.names.width + 1);
            }
            columns += self.names.width + 1;
        }
        let level = draft.level.map_or("", Level::as_str);
        let style: &[u8] = match draft.level {
            Some(Level::Error | Level::Fatal) => &[1, 31],
            Some(Level::Warn) => &[33],
            Some(Level::Debug | Level::Trace) => &[2],
            _ => &[],
        };
        styled(out, self.colour, style, level.as_bytes());
        pad(out, 6 - level.len());
        columns += 6;
        let indent = match width {
            Some(width) if width < columns + NARROW => 4.min(width / 2),
            _ => columns,
        };
        self.text(draft.text, &Room { first: columns, indent, width }, out);
        // A head without text leaves no blanks behind.
        while out.last() == Some(&b' ') {
            out.pop();
        }
        out.push(b'\n');
    }

    /// Appends the time of day, after the date where it is another day. Returns its columns.
    fn time(&mut self, time: Nanos, out: &mut Vec<u8>) -> usize {
        let columns = if self.full { 36 } else { 13 };
        if time == NO_TIME {
            pad(out, columns);
            return columns;
        }
        let seconds = time.div_euclid(SECOND);
        let offset = self.offset(seconds);
        if self.full {
            let text = full_time(time, offset);
            styled(out, self.colour, &[2], text.as_bytes());
            pad(out, columns - text.len().min(columns - 1));
            return columns;
        }
        let local = seconds + i64::from(offset);
        let (day, second) = (local.div_euclid(DAY), local.rem_euclid(DAY));
        if self.day != Some(day) {
            self.day = Some(day);
            let date = NaiveDate::from_num_days_from_ce_opt((day + 719_163) as i32).unwrap_or_default();
            let zone = match (self.zone, offset / 60) {
                (Zone::Utc, _) => "UTC".to_owned(),
                (_, minutes) => format!(
                    "{}{:02}:{:02}",
                    if minutes < 0 { '-' } else { '+' },
                    minutes.abs() / 60,
                    minutes.abs() % 60
                ),
            };
            let line = format!("── {date} {} {zone} ──", date.weekday());
            styled(out, self.colour, &[2], line.as_bytes());
            out.push(b'\n');
        }
        let text = format!(
            "{:02}:{:02}:{:02}.{:03}",
            second / 3600,
            second / MINUTE % 60,
            second % 60,
            time.rem_euclid(SECOND) / 1_000_000
        );
        styled(out, self.colour, &[2], text.as_bytes());
        out.push(b' ');
        columns
    }

    /// Seconds east of UTC at a time. Clocks are changed at quarters of an hour.
    fn offset(&mut self, seconds: i64) -> i32 {
        match self.zone {
            Zone::Utc => 0,
            Zone::Fixed(offset) => offset,
            Zone::Local => {
                let quarter = seconds.div_euclid(15 * MINUTE);
                if let Some((known, offset)) = self.offset
                    && known == quarter
                {
                    return offset;
                }
                let offset = Local
                    .timestamp_opt(seconds, 0)
                    .single()
                    .map_or(0, |time| time.offset().fix().local_minus_utc());
                self.offset = Some((quarter, offset));
                offset
            }
        }
    }

    /// Appends text with its styles, lines behind the first indented, wrapped where there is a width.
    fn text(&self, text: &str, room: &Room, out: &mut Vec<u8>) {
        let mut style = mark::PLAIN;
        for (number, line) in text.split('\n').enumerate() {
            if number > 0 {
                self.next_line(style, if line.is_empty() { 0 } else { room.indent }, out);
            }
            let start = if number == 0 { room.first } else { room.indent };
            match room.width {
                Some(width) if start + line.width() >= width => {
                    self.wrapped(line, start, room, &mut style, out)
                }
                _ => self.piece(line, &mut style, out),
            }
        }
        self.set(mark::PLAIN, &mut style, out);
    }

    fn wrapped(&self, line: &str, start: usize, room: &Room, style: &mut u8, out: &mut Vec<u8>) {
        let width = room.width.unwrap_or(usize::MAX);
        let (mut rest, mut start) = (line, start);
        loop {
            let space = width.saturating_sub(start).max(1);
            let cut = cut_at(rest, space);
            let (now, then) = rest.split_at(cut);
            self.piece(now, style, out);
            if then.is_empty() {
                return;
            }
            while out.last() == Some(&b' ') {
                out.pop();
            }
            self.next_line(*style, room.indent, out);
            rest = then;
            start = room.indent;
        }
    }

    /// Begins a line; a style does not colour the blanks before it.
    fn next_line(&self, style: u8, indent: usize, out: &mut Vec<u8>) {
        let mut now = style;
        self.set(mark::PLAIN, &mut now, out);
        out.push(b'\n');
        pad(out, indent);
        self.set(style, &mut now, out);
    }

    /// Appends a piece of a line: marks become colours, or nothing.
    fn piece(&self, text: &str, style: &mut u8, out: &mut Vec<u8>) {
        let bytes = text.as_bytes();
        let mut done = 0;
        for (at, &byte) in bytes.iter().enumerate() {
            if (mark::MATCH..=mark::PLAIN).contains(&byte) {
                out.extend_from_slice(&bytes[done..at]);
                done = at + 1;
                self.set(byte, style, out);
            }
        }
        out.extend_from_slice(&bytes[done..]);
    }

    fn set(&self, to: u8, style: &mut u8, out: &mut Vec<u8>) {
        if self.colour && *style != to {
            out.extend_from_slice(match to {
                mark::MATCH => b"\x1b[0;30;43m",
                mark::DIM => b"\x1b[0;2m",
                mark::RED => b"\x1b[0;1;31m",
                mark::GREEN => b"\x1b[0;32m",
                mark::BOLD => b"\x1b[0;1m",
                _ => b"\x1b[0m",
            });
        }
        *style = to;
    }
}

/// Where to cut a line so that its first part fits: behind the last blank that fits, else behind the last character.
fn cut_at(line: &str, space: usize) -> usize {
    let (mut width, mut blank) = (0, None);
    for (at, c) in line.char_indices() {
        if c == ' ' {
            // A blank may hang over the edge: it is not shown.
            blank = Some(at + 1);
        }
        width += c.width().unwrap_or(0);
        if width > space && c != ' ' {
            // At least one character, or it would never end.
            let here = if at == 0 { c.len_utf8() } else { at };
            return blank.filter(|&blank| blank > 0 && blank <= at).unwrap_or(here);
        }
    }
    line.len()
}

fn pad(out: &mut Vec<u8>, blanks: usize) {
    out.resize(out.len() + blanks, b' ');
}

fn styled(out: &mut Vec<u8>, colour: bool, style: &[u8], text: &[u8]) {
    if !colour || style.is_empty() || text.is_empty() {
        out.extend_from_slice(text);
        return;
    }
    out.extend_from_slice(b"\x1b[");
    for (at, number) in style.iter().enumerate() {
        if at > 0 {
            out.push(b';');
        }
        out.extend_from_slice(number.to_string().as_bytes());
    }
    out.push(b'm');
    out.extend_from_slice(text);
    out.extend_from_slice(b"\x1b[0m");
}
