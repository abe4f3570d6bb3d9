//! Dates with the name of a month, and dates that do not begin with the year.

use super::LineTime;
use super::clock::{Spelling, Stamp, midnight, number, of_day, offset, run, zoned};
use crate::event::SECOND;

/// `22/Nov/2026:19:46:55 +0000`, `22 Nov 2026 19:46:55`, `22-Nov-2026 19:46:55`, `11/22/2026 19:46:55`.
pub(super) fn day_first(b: &[u8], at: usize, digits: usize) -> Option<Stamp> {
    let first = number(b, at, digits)?;
    let (separator, mut next) = (b[at + digits], at + digits + 1);
    let (month, day, spelling) = if let Some(month) = month(b, next) {
        next += 3;
        (month, first, Spelling::Month)
    } else {
        if separator != b'/' {
            return None;
        }
        let digits = run(b, next, 2);
        let second = number(b, next, digits)?;
        next += digits;
        let (month, day) = if first > 12 { (second, first) } else { (first, second) };
        (month, day, Spelling::MonthFirst)
    };
    if b.get(next) != Some(&separator) {
        return None;
    }
    let digits = run(b, next + 1, 4);
    let year = match digits {
        2 => 2000 + number(b, next + 1, 2)?,
        4 => number(b, next + 1, 4)?,
        _ => return None,
    };
    next += 1 + digits;
    if !matches!(b.get(next)?, b' ' | b':' | b',' | b'T') {
        return None;
    }
    next += 1;
    while b.get(next) == Some(&b' ') {
        next += 1;
    }
    let (of_day, end, _) = of_day(b, next)?;
    let (time, end) = zoned(b, midnight(year, month, day)? + of_day, end);
    Some(Stamp { time, end, spelling, t: false })
}

/// Times that begin with the name of a month or a day of the week.
pub(super) fn named(b: &[u8], at: usize) -> Option<Stamp> {
    let mut next = at;
    let mut weekday = false;
    if let Some(end) = day_of_week(b, at) {
        weekday = true;
        next = end;
        if b.get(next).is_some_and(u8::is_ascii_digit) {
            let digits = run(b, next, 2); // RFC 1123: `Sun, 22 Nov 2026 19:46:55 GMT`
            return day_first(b, next, digits);
        }
    }
    let month = month(b, next)?;
    next += 3;
    while b.get(next).is_some_and(u8::is_ascii_lowercase) {
        next += 1; // the rest of a full name
    }
    next += usize::from(b.get(next) == Some(&b'.'));
    next = blanks(b, next)?;
    let digits = run(b, next, 2);
    let day = number(b, next, digits)?;
    next += digits;
    let mut year = None;
    if b.get(next) == Some(&b',') {
        next = blanks(b, next + 1)?; // Java: `Nov 22, 2026 7:46:55 PM`
        year = Some(number(b, next, 4)?);
        next += 4;
        if b.get(next) == Some(&b',') {
            next += 1;
        }
    } else if run(b, next + 1, 5) == 4 && b.get(next + 5) == Some(&b' ') {
        year = Some(number(b, next + 1, 4)?); // `Nov 22 2026 19:46:55`
        next += 5;
    }
    next = blanks(b, next)?;
    let (of_day, mut end, _) = of_day(b, next)?;
    let mut zone = None;
    if year.is_none() {
        // ctime and `date`: the year stands last, at times behind a zone.
        let mut behind = end;
        if let Some((offset, after)) = offset(b, end) {
            (zone, behind) = (Some(offset), after);
        }
        let behind = behind + 1;
        let is_year = b.get(behind - 1) == Some(&b' ') && run(b, behind, 5) == 4;
        if is_year && weekday && b.get(behind + 4).is_none_or(|c| !c.is_ascii_alphanumeric()) {
            year = number(b, behind, 4);
            end = behind + 4;
        } else {
            zone = None;
        }
    }
    let Some(year) = year else {
        midnight(1972, month, day)?; // 1972 was a leap year
        let time = LineTime::NoYear { month: month as u8, day: day as u8, of_day };
        return Some(Stamp { time, end, spelling: Spelling::Month, t: false });
    };
    let local = midnight(year, month, day)? + of_day;
    let (time, end) = match zone {
        Some(offset) => (LineTime::Known(local - offset * SECOND), end),
        None => zoned(b, local, end),
    };
    Some(Stamp { time, end, spelling: Spelling::Month, t: false })
}

/// The digits of a month's or weekday's name at `at`: three letters, then no letter unless the name goes on.
fn month(b: &[u8], at: usize) -> Option<i64> {
    let name = b.get(at..at + 3)?;
    let at = [b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec"]
        .iter()
        .position(|month| name.eq_ignore_ascii_case(*month))?;
    Some(at as i64 + 1)
}

/// Where the text behind a day of the week goes on.
fn day_of_week(b: &[u8], at: usize) -> Option<usize> {
    let name = b.get(at..at + 3)?;
    if ![b"Mon", b"Tue", b"Wed", b"Thu", b"Fri", b"Sat", b"Sun"].iter().any(|day| name == *day) {
        return None;
    }
    let comma = usize::from(b.get(at + 3) == Some(&b','));
    blanks(b, at + 3 + comma)
}

/// Behind one blank or two; a day below ten is padded.
fn blanks(b: &[u8], at: usize) -> Option<usize> {
    match (b.get(at)?, b.get(at + 1)) {
        (b' ', Some(b' ')) => Some(at + 2),
        (b' ', _) => Some(at + 1),
        _ => None,
    }
}
