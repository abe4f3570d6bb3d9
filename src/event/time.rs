//! Times: nanoseconds since the Unix epoch, and their RFC 3339 spelling.

use chrono::{DateTime, Datelike, Timelike};

/// Nanoseconds since the Unix epoch, UTC. [`NO_TIME`] where there is none.
pub type Nanos = i64;

/// The absence of a time.
pub const NO_TIME: Nanos = i64::MIN;

/// Nanoseconds in a second.
pub const SECOND: Nanos = 1_000_000_000;

/// Days from 1970-01-01 to a civil date.
///
/// Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", `days_from_civil`.
pub fn days_from_civil(year: i64, month: u32, day: u32) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year - era * 400;
    let shifted = i64::from((month + 9) % 12);
    let day_of_year = (153 * shifted + 2) / 5 + i64::from(day) - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// Reads the times of one partition: the date and minute of the last one are remembered.
#[derive(Clone, Debug, Default)]
pub struct TimeReader {
    /// `2025-01-27T16:47` of the last time read, and its meaning.
    minute: [u8; 16],
    base: Nanos,
}

fn two(b: &[u8]) -> Option<i64> {
    let (a, b) = (b[0].wrapping_sub(b'0'), b[1].wrapping_sub(b'0'));
    (a < 10 && b < 10).then(|| i64::from(a) * 10 + i64::from(b))
}

impl TimeReader {
    /// Reads an RFC 3339 time in UTC (`2025-01-27T16:47:30.124550668Z`), as container engines write it.
    ///
    /// Anything else, offsets included, is `None`: see [`parse_rfc3339`].
    #[inline]
    pub fn read_utc(&mut self, t: &[u8]) -> Option<Nanos> {
        let (body, end) = (t.get(..19)?, t.len() - 1);
        if t[end] != b'Z' || end < 19 {
            return None;
        }
        if self.minute != body[..16] {
            self.base = minute_start(body)?;
            self.minute.copy_from_slice(&body[..16]);
        }
        if body[16] != b':' {
            return None;
        }
        let second = two(&body[17..19])?;
        if second > 60 {
            return None;
        }
        Some(self.base + second * SECOND + fraction(&t[19..end])?)
    }
}

fn minute_start(b: &[u8]) -> Option<Nanos> {
    if b[4] != b'-' || b[7] != b'-' || !matches!(b[10], b'T' | b't' | b' ') || b[13] != b':' {
        return None;
    }
    let year = two(&b[0..2])? * 100 + two(&b[2..4])?;
    let (month, day) = (two(&b[5..7])? as u32, two(&b[8..10])? as u32);
    let (hour, minute) = (two(&b[11..13])?, two(&b[14..16])?);
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) || hour > 23 || minute > 59 {
        return None;
    }
    let seconds = days_from_civil(year, month, day) * 86_400 + hour * 3_600 + minute * 60;
    seconds.checked_mul(SECOND)
}

/// A fraction of a second with its point (`.5`, `,126`, or nothing), in nanoseconds; digits past the ninth are dropped.
pub fn fraction(f: &[u8]) -> Option<Nanos> {
    if f.is_empty() {
        return Some(0);
    }
    if !matches!(f[0], b'.' | b',') || f.len() < 2 {
        return None;
    }
    let (mut ns, mut scale) = (0, SECOND);
    for &c in &f[1..] {
        if !c.is_ascii_digit() {
            return None;
        }
        if scale > 1 {
            scale /= 10;
            ns += i64::from(c - b'0') * scale;
        }
    }
    Some(ns)
}

/// Reads any RFC 3339 time, with `Z` or an offset.
pub fn parse_rfc3339(t: &[u8]) -> Option<Nanos> {
    if let Some(ns) = TimeReader::default().read_utc(t) {
        return Some(ns);
    }
    let text = std::str::from_utf8(t).ok()?;
    DateTime::parse_from_rfc3339(text).ok()?.timestamp_nanos_opt()
}

/// Writes times in UTC; the second written last is remembered.
#[derive(Clone, Debug)]
pub struct TimeWriter {
    second: i64,
    text: [u8; 20],
}

impl Default for TimeWriter {
    fn default() -> Self {
        TimeWriter { second: i64::MIN, text: [0; 20] }
    }
}

impl TimeWriter {
    /// Appends `2025-01-27T16:47:30.124550668Z`: nine digits always, so that text order is time order.
    pub fn write(&mut self, t: Nanos, out: &mut Vec<u8>) {
        let (second, mut ns) = (t.div_euclid(SECOND), t.rem_euclid(SECOND));
        if self.second != second {
            let date = DateTime::from_timestamp(second, 0).unwrap_or_default();
            put(&mut self.text[0..4], date.year() as u32);
            self.text[4] = b'-';
            put(&mut self.text[5..7], date.month());
            self.text[7] = b'-';
            put(&mut self.text[8..10], date.day());
            self.text[10] = b'T';
            put(&mut self.text[11..13], date.hour());
            self.text[13] = b':';
            put(&mut self.text[14..16], date.minute());
            self.text[16] = b':';
            put(&mut self.text[17..19], date.second());
            self.text[19] = b'.';
            self.second = second;
        }
        out.extend_from_slice(&self.text);
        let mut digits = [b'0'; 10];
        for digit in digits[..9].iter_mut().rev() {
            *digit = b'0' + (ns % 10) as u8;
            ns /= 10;
        }
        digits[9] = b'Z';
        out.extend_from_slice(&digits);
    }
}

/// Fills `out` with the last digits of a number.
fn put(out: &mut [u8], mut number: u32) {
    for digit in out.iter_mut().rev() {
        *digit = b'0' + (number % 10) as u8;
        number /= 10;
    }
}

/// A time as [`TimeWriter`] writes it.
pub fn to_rfc3339(t: Nanos) -> String {
    let mut out = Vec::with_capacity(30);
    TimeWriter::default().write(t, &mut out);
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_no_time_is_none() {
        for bad in [
            "",
            "Z",
            "2025-01-27",
            "2025-13-27T16:47:30Z",
            "2025-01-27T16:47:30",
            "2025-01-27T16:47:30.Z",
            "2025-01-27T16:47:3xZ",
            "2025-01-27T16:47:30.12a4Z",
        ] {
            assert_eq!(TimeReader::default().read_utc(bad.as_bytes()), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn reading_agrees_with_chrono(ns in 0i64..4_000_000_000 * SECOND) {
            let text = to_rfc3339(ns);
            prop_assert_eq!(TimeReader::default().read_utc(text.as_bytes()), Some(ns));
            prop_assert_eq!(DateTime::parse_from_rfc3339(&text).unwrap().timestamp_nanos_opt(), Some(ns));
        }
    }
}
