//! The time of an event: from its line if plausible, else the engine's.
//!
//! * A line's time never reorders anything: order is engine time's.
//! * A time without zone takes the offset, in quarter hours, nearest to engine time; it is remembered, so that
//!   a line that was buffered for minutes keeps it. Without engine time the `timezone:` setting holds.
//! * What a line leaves out (year, date) comes from engine time, else from the last full time, else from reading.
//! * A time more than a day from engine time is replaced by it, and counted.

use chrono::{DateTime, Datelike, LocalResult, NaiveDate, NaiveDateTime, TimeZone};

use super::memory::Clock;
use super::notation::LineTime;
use crate::event::time::{days_from_civil, fraction};
use crate::event::{NO_TIME, Nanos, SECOND};

const MINUTE: Nanos = 60 * SECOND;
const QUARTER: Nanos = 15 * MINUTE;
const DAY: Nanos = 86_400 * SECOND;

/// How far a line may lie from engine time before its remembered offset is doubted: over the usual buffering,
/// under the hour that a change to summer time makes.
const DRIFT: Nanos = 40 * MINUTE;

/// Zones differ from UTC by -12 to +14 hours.
const WIDEST_OFFSET: Nanos = 15 * 3_600 * SECOND;

/// The zone of times that name none, where no engine time tells.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Zone {
    /// A fixed offset, in seconds east of UTC.
    Fixed(i32),
    /// A zone with rules.
    Named(chrono_tz::Tz),
}

impl Zone {
    /// `UTC`, `+02:00`, `-0530` or a name such as `Europe/Berlin`.
    pub fn parse(text: &str) -> Option<Zone> {
        if let Some((sign, rest)) =
            text.strip_prefix('+').map(|r| (1, r)).or_else(|| text.strip_prefix('-').map(|r| (-1, r)))
        {
            let digits: String = rest.chars().filter(|c| *c != ':').collect();
            if !matches!(digits.len(), 2 | 4) || !digits.bytes().all(|b| b.is_ascii_digit()) {
                return None;
            }
            let number: i32 = digits.parse().ok()?;
            let (hours, minutes) = if digits.len() == 4 { (number / 100, number % 100) } else { (number, 0) };
            return (hours <= 15 && minutes < 60)
                .then_some(Zone::Fixed(sign * (hours * 3_600 + minutes * 60)));
        }
        if text.eq_ignore_ascii_case("utc") || text == "Z" {
            return Some(Zone::Fixed(0));
        }
        text.parse().ok().map(Zone::Named)
    }

    /// The point in time of a local one (given as if it were UTC).
    fn to_utc(self, local: Nanos) -> Nanos {
        let zone = match self {
            Zone::Fixed(offset) => return local - i64::from(offset) * SECOND,
            Zone::Named(zone) => zone,
        };
        let naive = DateTime::from_timestamp_nanos(local).naive_utc();
        let time = match zone.from_local_datetime(&naive) {
            LocalResult::Single(time) | LocalResult::Ambiguous(time, _) => time,
            // Skipped by a change to summer time: an hour earlier exists.
            LocalResult::None => {
                match zone.from_local_datetime(&(naive - chrono::Duration::hours(1))).earliest() {
                    Some(time) => time + chrono::Duration::hours(1),
                    None => return local,
                }
            }
        };
        time.timestamp_nanos_opt().unwrap_or(local)
    }

    /// The local time (as if it were UTC) of a point in time.
    fn to_local(self, time: Nanos) -> Nanos {
        match self {
            Zone::Fixed(offset) => time + i64::from(offset) * SECOND,
            Zone::Named(zone) => {
                let naive: NaiveDateTime =
                    DateTime::from_timestamp_nanos(time).with_timezone(&zone).naive_local();
                naive.and_utc().timestamp_nanos_opt().unwrap_or(time)
            }
        }
    }
}

/// The time of an event. `None`: nobody knows. The flag says that the line's own time was implausible.
pub fn resolve(
    time: LineTime,
    engine: Nanos,
    read_at: Nanos,
    zone: Zone,
    clock: &mut Clock,
) -> (Option<Nanos>, bool) {
    clock.warm = true;
    let found = match time {
        LineTime::Known(t) => Some(t),
        LineTime::Local(local) => Some(to_utc(local, engine, zone, clock)),
        LineTime::NoYear { month, day, of_day } => {
            clock.partial = true;
            let reference = reference(engine, read_at, zone, clock);
            reference
                .and_then(|r| with_year(month, day, of_day, r))
                .map(|local| to_utc(local, engine, zone, clock))
        }
        LineTime::OfDay(of_day) => {
            clock.partial = true;
            reference(engine, read_at, zone, clock)
                .map(|r| to_utc(with_date(of_day, r, engine, clock), engine, zone, clock))
        }
    };
    let Some(found) = found else { return (None, false) };
    if engine == NO_TIME {
        clock.last = found;
        return (Some(found), false);
    }
    if (found.saturating_sub(engine)).saturating_abs() > DAY {
        return (Some(engine), true);
    }
    clock.last = found;
    (Some(found), false)
}

/// The local time that completes a time with parts missing, as if it were UTC.
fn reference(engine: Nanos, read_at: Nanos, zone: Zone, clock: &Clock) -> Option<Nanos> {
    if engine != NO_TIME {
        return Some(engine + i64::from(clock.offset.unwrap_or(0)) * QUARTER);
    }
    let known = if clock.last != NO_TIME { clock.last } else { read_at };
    (known != NO_TIME).then(|| zone.to_local(known))
}

fn to_utc(local: Nanos, engine: Nanos, zone: Zone, clock: &mut Clock) -> Nanos {
    if engine == NO_TIME {
        return zone.to_utc(local);
    }
    if let Some(offset) = clock.offset {
        let time = local.saturating_sub(i64::from(offset) * QUARTER);
        if time.saturating_sub(engine).saturating_abs() <= DRIFT {
            return time;
        }
    }
    let distance = local.saturating_sub(engine);
    if distance.saturating_abs() > WIDEST_OFFSET {
        return local;
    }
    let offset = (distance + distance.signum() * QUARTER / 2) / QUARTER;
    clock.offset = Some(offset as i16);
    local - offset * QUARTER
}

/// The year that brings a date nearest to `reference`.
fn with_year(month: u8, day: u8, of_day: Nanos, reference: Nanos) -> Option<Nanos> {
    let year = DateTime::from_timestamp_nanos(reference).year();
    let mut best: Option<Nanos> = None;
    for year in [year, year - 1, year + 1] {
        if NaiveDate::from_ymd_opt(year, u32::from(month), u32::from(day)).is_none() {
            continue;
        }
        let days = days_from_civil(i64::from(year), u32::from(month), u32::from(day));
        let Some(time) = days.checked_mul(DAY).and_then(|t| t.checked_add(of_day)) else { continue };
        if best.is_none_or(|b| (time - reference).abs() < (b - reference).abs()) {
            best = Some(time);
        }
    }
    best
}

/// The day that brings a time of day nearest to `reference` (local, as if it were UTC).
fn with_date(of_day: Nanos, reference: Nanos, engine: Nanos, clock: &Clock) -> Nanos {
    let mut distance = (of_day - reference.rem_euclid(DAY)).rem_euclid(DAY);
    if distance > DAY / 2 {
        distance -= DAY;
    }
    // The offset is not known yet: east of UTC goes to +14 hours, and nothing says which day it is.
    if engine != NO_TIME && clock.offset.is_none() && distance < -(DAY / 2) + 2 * QUARTER {
        distance += DAY;
    }
    reference + distance
}

/// Reads ISO 8601 times, the most usual spelling: `2026-11-22T19:46:55.898Z`, `2026-11-22 19:46:55,898`,
/// `2026-11-22T19:46:55+02:00`. The minute read last is remembered.
#[derive(Clone, Debug, Default)]
pub struct IsoReader {
    minute: [u8; 16],
    base: Nanos,
}

impl IsoReader {
    /// Reads a time that fills `t`.
    pub fn read(&mut self, t: &[u8]) -> Option<LineTime> {
        let body = t.get(..19)?;
        if self.minute != body[..16] {
            self.base = minute(body)?;
            self.minute.copy_from_slice(&body[..16]);
        }
        if body[16] != b':' {
            return None;
        }
        let (a, b) = (body[17].wrapping_sub(b'0'), body[18].wrapping_sub(b'0'));
        if a > 6 || b > 9 {
            return None;
        }
        let second = self.base + i64::from(a * 10 + b) * SECOND;
        let rest = &t[19..];
        let digits = match rest.first() {
            Some(b'.' | b',') => 1 + rest[1..].iter().take_while(|b| b.is_ascii_digit()).count(),
            _ => 0,
        };
        let local = second + fraction(&rest[..digits])?;
        let zone = rest[digits..].strip_prefix(b" ").unwrap_or(&rest[digits..]);
        match zone {
            b"" => Some(LineTime::Local(local)),
            b"Z" | b"z" | b"UTC" | b"GMT" => Some(LineTime::Known(local)),
            [sign @ (b'+' | b'-'), zone @ ..] => {
                let (hours, minutes) = match zone {
                    [a, b, b':', c, d] | [a, b, c, d] => (pair(*a, *b)?, pair(*c, *d)?),
                    [a, b] => (pair(*a, *b)?, 0),
                    _ => return None,
                };
                let offset = (hours * 60 + minutes) * MINUTE;
                Some(LineTime::Known(if *sign == b'+' { local - offset } else { local + offset }))
            }
            _ => None,
        }
    }
}

fn pair(a: u8, b: u8) -> Option<i64> {
    (a.is_ascii_digit() && b.is_ascii_digit()).then(|| i64::from(a - b'0') * 10 + i64::from(b - b'0'))
}

fn minute(b: &[u8]) -> Option<Nanos> {
    if b[4] != b'-' || b[7] != b'-' || !matches!(b[10], b'T' | b't' | b' ' | b'_') || b[13] != b':' {
        return None;
    }
    let year = pair(b[0], b[1])? * 100 + pair(b[2], b[3])?;
    let (month, day) = (pair(b[5], b[6])?, pair(b[8], b[9])?);
    let (hour, minute) = (pair(b[11], b[12])?, pair(b[14], b[15])?);
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) || hour > 24 || minute > 59 {
        return None;
    }
    let seconds = days_from_civil(year, month as u32, day as u32) * 86_400 + hour * 3_600 + minute * 60;
    seconds.checked_mul(SECOND)
}

#[cfg(test)]
mod tests;
