//! Times as loggers write them.
//!
//! * A time is read from its first byte on; what stands behind it is the caller's.
//! * What is no time in any usual spelling is `None`, never a guess: months, days and hours are in range.
//! * Nothing here knows the present: a time without year, date or zone says so ([`LineTime`]).

use super::{LineTime, calendar};
use crate::event::time::days_from_civil;
use crate::event::{Nanos, SECOND};

/// How a time is spelled; some heads follow only one of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Spelling {
    /// `2026-11-22T19:46:55.123Z`, with anything from a blank to a `T` in the middle.
    Dashes,
    /// `2026/11/22 19:46:55`: Go's `log`, nginx.
    Slashes,
    /// A month by name: `Nov 22 19:46:55`, `22/Nov/2026:19:46:55 +0000`, `Sun Nov 22 19:46:55 2026`.
    Month,
    /// `11/22/26 19:46:55`, `11/22/2026, 7:46:55 PM`.
    MonthFirst,
    /// `19:46:55.123`, `7:46PM`.
    OfDay,
    /// A number since the epoch.
    Number,
}

/// A time found in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stamp {
    pub time: LineTime,
    /// Where it ends.
    pub end: usize,
    pub spelling: Spelling,
    /// Whether date and time are joined by a `T`.
    pub t: bool,
}

/// Reads a time at the start of a line, in brackets or not: what it says and where it ends, brackets included.
pub fn parse_time_prefix(line: &[u8]) -> Option<(LineTime, usize)> {
    if line.first() == Some(&b'[') {
        let stamp = stamp(line, 1)?;
        return (line.get(stamp.end) == Some(&b']')).then_some((stamp.time, stamp.end + 1));
    }
    stamp(line, 0).map(|stamp| (stamp.time, stamp.end))
}

/// The time that a whole text says: any spelling of [`parse_time_prefix`], a date alone, or a number since the epoch.
pub fn parse_time(text: &[u8]) -> Option<LineTime> {
    let text = text.trim_ascii();
    if let Some((time, end)) = parse_time_prefix(text)
        && end == text.len()
    {
        return Some(time);
    }
    let (date, _) = date(text, 0).filter(|(_, end)| *end == text.len())?;
    Some(LineTime::Local(date))
}

/// The time a whole number since the epoch says: seconds, milliseconds, microseconds or nanoseconds by its size.
///
/// Seconds reach to the year 5138 before they would be taken for milliseconds. Negative numbers are no times.
pub fn parse_epoch(number: i64) -> Option<LineTime> {
    let nanos = match number {
        0..100_000_000_000 => number * SECOND,
        100_000_000_000..100_000_000_000_000 => number * 1_000_000,
        100_000_000_000_000..100_000_000_000_000_000 => number * 1_000,
        100_000_000_000_000_000.. => number,
        _ => return None,
    };
    Some(LineTime::Known(nanos))
}

/// As [`parse_epoch`], for a number with a fraction.
pub fn parse_epoch_float(number: f64) -> Option<LineTime> {
    let unit = match number {
        n if !(0.0..9.2e18).contains(&n) => return None,
        n if n < 1e11 => 1e9,
        n if n < 1e14 => 1e6,
        n if n < 1e17 => 1e3,
        _ => 1.0,
    };
    let whole = number.trunc();
    // Apart, and rounded to microseconds: a float of seconds today holds no more.
    let fraction = ((number - whole) * unit / 1e3).round() as i64 * 1_000;
    (whole as i64).checked_mul(unit as i64)?.checked_add(fraction).map(LineTime::Known)
}

/// Reads a time at `at`.
pub(super) fn stamp(b: &[u8], at: usize) -> Option<Stamp> {
    match b.get(at)? {
        b'0'..=b'9' => numeric(b, at),
        b'A'..=b'Z' | b'a'..=b'z' => calendar::named(b, at),
        _ => None,
    }
}

fn numeric(b: &[u8], at: usize) -> Option<Stamp> {
    let rest = &b[at..];
    if rest.len() < 6 {
        return None;
    }
    let digits = rest.iter().take(20).take_while(|c| c.is_ascii_digit()).count();
    match (digits, rest.get(digits).copied().unwrap_or(b'\0')) {
        (4, b'-' | b'/' | b'.') => dated(b, at),
        (1 | 2, b':') => {
            let (of_day, end, _) = of_day(b, at)?;
            Some(Stamp { time: LineTime::OfDay(of_day), end, spelling: Spelling::OfDay, t: false })
        }
        (1 | 2, b'/' | b'-' | b' ') => calendar::day_first(b, at, digits),
        (8, b' ' | b'T' | b'-' | b'_') => compact(b, at),
        _ => None,
    }
    .or_else(|| epoch(b, at, digits))
}

/// `2026-11-22 …` and `2026/11/22 …`.
fn dated(b: &[u8], at: usize) -> Option<Stamp> {
    if let Some(stamp) = usual(b, at) {
        return Some(stamp);
    }
    let (day, end) = date(b, at)?;
    let mut clock = end;
    let t = match b.get(clock)? {
        b'T' | b't' => true,
        b' ' | b'_' | b',' | b':' => false,
        _ => return None,
    };
    clock += 1;
    if b[clock..].starts_with(b"- ") {
        clock += 2; // gin: `2026/11/22 - 19:46:55`
    } else if b.get(clock) == Some(&b' ') {
        clock += 1;
    }
    let (of_day, end, _) = of_day(b, clock)?;
    let (time, end) = zoned(b, day + of_day, end);
    let spelling = if b[at + 4] == b'/' { Spelling::Slashes } else { Spelling::Dashes };
    Some(Stamp { time, end, spelling, t })
}

/// The fast way of [`dated`]: nineteen bytes in their usual places. What is not there may still be a time.
fn usual(b: &[u8], at: usize) -> Option<Stamp> {
    let d: &[u8; 19] = b.get(at..at + 19)?.try_into().ok()?;
    if d[4] != d[7]
        || !matches!(d[4], b'-' | b'/')
        || !matches!(d[10], b' ' | b'T')
        || d[13] != b':'
        || d[16] != b':'
    {
        return None;
    }
    let mut digits = true;
    for at in [0, 1, 2, 3, 5, 6, 8, 9, 11, 12, 14, 15, 17, 18] {
        digits &= d[at].is_ascii_digit();
    }
    if !digits {
        return None;
    }
    let two = |at: usize| i64::from(d[at] & 15) * 10 + i64::from(d[at + 1] & 15);
    let day = midnight(two(0) * 100 + two(2), two(5), two(8))?;
    let of_day = clock_nanos(two(11), two(14), two(17))?;
    let (nanos, end) = fraction(b, at + 19);
    // Behind it may stand half of the day, or a digit that makes it none: rare enough for the slow way.
    let next = b.get(end).copied().unwrap_or(b'\n');
    let behind = if next == b' ' { b.get(end + 1).copied().unwrap_or(b'\n') } else { next };
    if next.is_ascii_digit()
        || next > 0x7f
        || matches!(behind | 0x20, b'a' | b'p') && half_day(b, end).is_some()
    {
        return None;
    }
    let local = day + of_day + nanos;
    let (time, end) = match next {
        b'Z' | b' ' | b'+' | b'-' | b'z' | b'U' | b'G' => zoned(b, local, end),
        _ => (LineTime::Local(local), end),
    };
    let spelling = if d[4] == b'/' { Spelling::Slashes } else { Spelling::Dashes };
    Some(Stamp { time, end, spelling, t: d[10] == b'T' })
}

/// A date, year first, in nanoseconds, and where it ends.
fn date(b: &[u8], at: usize) -> Option<(Nanos, usize)> {
    let d = b.get(at..at + 10)?;
    if d[4] != d[7] || !matches!(d[4], b'-' | b'/' | b'.') {
        return None;
    }
    let year = two(d, 0)? * 100 + two(d, 2)?;
    Some((midnight(year, two(d, 5)?, two(d, 8)?)?, at + 10))
}

/// `20261122T194655Z`, `20261122 19:46:55`.
fn compact(b: &[u8], at: usize) -> Option<Stamp> {
    let year = two(b, at)? * 100 + two(b, at + 2)?;
    let day = midnight(year, two(b, at + 4)?, two(b, at + 6)?)?;
    let t = b[at + 8] == b'T';
    let (of_day, end) = match of_day(b, at + 9) {
        Some((of_day, end, _)) => (of_day, end),
        None => {
            let of_day = clock_nanos(two(b, at + 9)?, two(b, at + 11)?, two(b, at + 13)?)?;
            let (fraction, end) = fraction(b, at + 15);
            (of_day + fraction, end)
        }
    };
    let (time, end) = zoned(b, day + of_day, end);
    Some(Stamp { time, end, spelling: Spelling::Dashes, t })
}

/// `1795377555`, `1795377555.870`, `1795377555870`, microseconds, nanoseconds.
fn epoch(b: &[u8], at: usize, digits: usize) -> Option<Stamp> {
    let mut end = at + digits;
    let mut time = match digits {
        10 | 13 | 16 | 19 => parse_epoch(
            b[at..end].iter().fold(0i64, |n, c| n.wrapping_mul(10).wrapping_add(i64::from(c - b'0'))),
        )?,
        1 => return exponent(b, at),
        _ => return None,
    };
    if b.get(end) == Some(&b'.') && digits < 19 {
        let (nanos, after) = fraction(b, end);
        let LineTime::Known(whole) = time else { return None };
        let unit = [SECOND, 1_000_000, 1_000][(digits - 10) / 3];
        time = LineTime::Known(whole + nanos / (SECOND / unit));
        end = after;
    }
    if b.get(end).is_some_and(|c| c.is_ascii_alphanumeric() || matches!(c, b'.' | b':' | b'-' | b'_' | b'/'))
    {
        return None;
    }
    Some(Stamp { time, end, spelling: Spelling::Number, t: false })
}

/// `1.7953775578e+09`: seconds as zap's console writes them.
fn exponent(b: &[u8], at: usize) -> Option<Stamp> {
    let digits = run(b, at + 2, 18);
    let end = at + 2 + digits;
    if b.get(at + 1) != Some(&b'.') || b.get(end..end + 4) != Some(b"e+09") {
        return None;
    }
    let seconds: f64 = std::str::from_utf8(&b[at..end + 4]).ok()?.parse().ok()?;
    Some(Stamp { time: parse_epoch_float(seconds)?, end: end + 4, spelling: Spelling::Number, t: false })
}

/// A time of day in nanoseconds, where it ends, and whether seconds are written.
pub(super) fn of_day(b: &[u8], at: usize) -> Option<(Nanos, usize, bool)> {
    let digits = run(b, at, 2);
    if digits == 0 || b.get(at + digits) != Some(&b':') {
        return None;
    }
    let (mut hour, mut end) = (number(b, at, digits)?, at + digits + 1);
    let minute = two(b, end)?;
    end += 2;
    let (mut second, mut nanos, mut seconds) = (0, 0, false);
    if b.get(end) == Some(&b':') && run(b, end + 1, 2) == 2 {
        second = two(b, end + 1)?;
        (nanos, end) = fraction(b, end + 3);
        seconds = true;
    }
    if let Some((afternoon, after)) = half_day(b, end) {
        if hour == 0 || hour > 12 {
            return None;
        }
        hour = hour % 12 + if afternoon { 12 } else { 0 };
        end = after;
    } else if !seconds
        && b.get(end).is_some_and(|c| c.is_ascii_alphanumeric() && !matches!(c, b'Z' | b'z') || *c == b':')
    {
        return None;
    }
    if b.get(end).is_some_and(u8::is_ascii_digit) {
        return None;
    }
    Some((clock_nanos(hour, minute, second)? + nanos, end, seconds))
}

/// `PM` behind a time, at times behind a blank: whether afternoon, and where it ends.
fn half_day(b: &[u8], at: usize) -> Option<(bool, usize)> {
    let mut at = at;
    if b.get(at) == Some(&b' ') {
        at += 1;
    } else if b[at..].starts_with("\u{202f}".as_bytes()) {
        at += 3; // Java since 20
    }
    let afternoon = match b.get(at..at + 2)? {
        b"PM" | b"pm" => true,
        b"AM" | b"am" => false,
        _ => return None,
    };
    b.get(at + 2).is_none_or(|c| !c.is_ascii_alphanumeric()).then_some((afternoon, at + 2))
}

/// The fraction behind seconds and where it ends: `.123456`, `,126`, `:126`.
fn fraction(b: &[u8], at: usize) -> (Nanos, usize) {
    let (mut end, mut nanos, mut scale) = (at + 1, 0, SECOND);
    match b.get(at) {
        Some(b'.' | b',') => {}
        Some(b':') if run(b, at + 1, 4) == 3 => {}
        _ => return (0, at),
    }
    while let Some(digit) = b.get(end).filter(|c| c.is_ascii_digit()) {
        if scale > 1 {
            scale /= 10;
            nanos += i64::from(digit - b'0') * scale;
        }
        end += 1;
    }
    if end == at + 1 { (0, at) } else { (nanos, end) }
}

/// A local time with the zone that stands behind it, if one does.
pub(super) fn zoned(b: &[u8], local: Nanos, end: usize) -> (LineTime, usize) {
    match offset(b, end) {
        Some((offset, end)) => (LineTime::Known(local - offset * SECOND), end),
        None => (LineTime::Local(local), end),
    }
}

/// Zones by name that mean one thing in logs, with their offset in minutes.
const ZONES: [(&[u8], i64); 16] = [
    (b"UTC", 0),
    (b"GMT", 0),
    (b"WET", 0),
    (b"CET", 60),
    (b"CEST", 120),
    (b"EET", 120),
    (b"EEST", 180),
    (b"MSK", 180),
    (b"JST", 540),
    (b"EST", -300),
    (b"EDT", -240),
    (b"CDT", -300),
    (b"MST", -420),
    (b"MDT", -360),
    (b"PST", -480),
    (b"PDT", -420),
];

/// A zone at `at`, at times behind a blank: its offset from UTC in seconds and where it ends.
pub(super) fn offset(b: &[u8], at: usize) -> Option<(i64, usize)> {
    let (blank, at) = match b.get(at)? {
        b' ' => (true, at + 1),
        b'Z' | b'z' if b.get(at + 1).is_none_or(|c| !c.is_ascii_alphanumeric()) => return Some((0, at + 1)),
        b'+' | b'-' | b'U' | b'G' => (false, at),
        _ => return None,
    };
    let sign = match b.get(at)? {
        b'+' => 1,
        b'-' => -1,
        b'A'..=b'Z' => {
            let letters = b[at..].iter().take(5).take_while(|c| c.is_ascii_uppercase()).count();
            if !matches!(letters, 3 | 4) || !matches!(b[at + letters - 1], b'T' | b'C' | b'K') {
                return None;
            }
            let name = &b[at..at + letters];
            let (_, minutes) = ZONES.iter().find(|(zone, _)| *zone == name)?;
            let end = at + letters;
            return b.get(end).is_none_or(|c| !c.is_ascii_alphanumeric()).then_some((minutes * 60, end));
        }
        _ => return None,
    };
    let hours = two(b, at + 1)?;
    let (minutes, mut end) = match (run(b, at + 1, 5), b.get(at + 3)) {
        (4, _) => (two(b, at + 3)?, at + 5),
        (2, Some(b':')) if run(b, at + 4, 3) == 2 => (two(b, at + 4)?, at + 6),
        (2, _) if !blank => (0, at + 3),
        _ => return None,
    };
    if hours > 14 || minutes > 59 {
        return None;
    }
    if blank && b.get(end) == Some(&b' ') {
        // Go prints a zone's name behind its offset.
        end += if b[end..].starts_with(b" UTC") { 4 } else { 0 };
    }
    if b.get(end) == Some(&b'[')
        && let Some(close) = b[end..].iter().take(40).position(|c| *c == b']')
        && b[end..end + close].contains(&b'/')
    {
        end += close + 1; // Java: `+01:00[Europe/Berlin]`
    }
    Some((sign * (hours * 3_600 + minutes * 60), end))
}

pub(super) fn two(b: &[u8], at: usize) -> Option<i64> {
    let pair = b.get(at..at + 2)?;
    let (tens, ones) = (pair[0].wrapping_sub(b'0'), pair[1].wrapping_sub(b'0'));
    (tens < 10 && ones < 10).then(|| i64::from(tens) * 10 + i64::from(ones))
}

/// How many of the next `most` bytes are digits.
pub(super) fn run(b: &[u8], at: usize, most: usize) -> usize {
    b.get(at..).map_or(0, |b| b.iter().take(most).take_while(|c| c.is_ascii_digit()).count())
}

/// The number in `digits` digits at `at`; `None` if there are none.
pub(super) fn number(b: &[u8], at: usize, digits: usize) -> Option<i64> {
    if digits == 0 || digits > 18 {
        return None;
    }
    b.get(at..at + digits)?
        .iter()
        .try_fold(0, |n, c| c.is_ascii_digit().then(|| n * 10 + i64::from(c - b'0')))
}

pub(super) fn midnight(year: i64, month: i64, day: i64) -> Option<Nanos> {
    let days = match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    if day < 1 || day > days || !(1700..=2261).contains(&year) {
        return None;
    }
    Some(days_from_civil(year, month as u32, day as u32) * 86_400 * SECOND)
}

fn clock_nanos(hour: i64, minute: i64, second: i64) -> Option<Nanos> {
    (hour < 24 && minute < 60 && second <= 60).then(|| (hour * 3_600 + minute * 60 + second) * SECOND)
}

/// klog's `1122 19:46:55.123456`, and with a year `20261122 19:46:55.123456`.
pub(super) fn month_day(b: &[u8], at: usize) -> Option<(LineTime, usize)> {
    if run(b, at, 9) == 8 {
        let stamp = compact(b, at).filter(|_| b.get(at + 8) == Some(&b' '))?;
        return Some((stamp.time, stamp.end));
    }
    let (month, day) = (two(b, at)?, two(b, at + 2)?);
    midnight(1972, month, day)?;
    if b.get(at + 4) != Some(&b' ') {
        return None;
    }
    let (of_day, end, seconds) = of_day(b, at + 5)?;
    let time = LineTime::NoYear { month: month as u8, day: day as u8, of_day };
    seconds.then_some((time, end))
}

/// Tornado's `261122 19:46:55`.
pub(super) fn short_date(b: &[u8], at: usize) -> Option<(LineTime, usize)> {
    if run(b, at, 7) != 6 || b.get(at + 6) != Some(&b' ') {
        return None;
    }
    let day = midnight(2000 + two(b, at)?, two(b, at + 2)?, two(b, at + 4)?)?;
    let (of_day, end, seconds) = of_day(b, at + 7)?;
    seconds.then_some((LineTime::Local(day + of_day), end))
}

/// `[2026-11-22][19:46:55]`: date and time in brackets of their own, at the line's start. Where the second ends.
pub(super) fn split(b: &[u8]) -> Option<(Stamp, usize)> {
    let (day, end) = date(b, 1)?;
    let clock = end + if b.get(end + 1) == Some(&b' ') { 3 } else { 2 };
    if b.get(end) != Some(&b']') || b.get(clock - 1) != Some(&b'[') {
        return None;
    }
    let (of_day, end, _) = of_day(b, clock)?;
    let (time, end) = zoned(b, day + of_day, end);
    (b.get(end) == Some(&b']')).then_some((Stamp { time, end, spelling: Spelling::Dashes, t: false }, end))
}
