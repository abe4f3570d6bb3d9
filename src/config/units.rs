//! Quantities as people write them: `4MiB`, `30s`, `5m ago`.
//!
//! A quantity always carries its unit, in the pipeline file, in expressions and on the command line.

use std::fmt;
use std::time::Duration;

use chrono::{DateTime, Local, NaiveDate, NaiveDateTime, TimeZone, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A size in bytes, written `4MiB`, `512KiB`, `1GB`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Hash)]
pub struct Size(pub u64);

/// A length of time, written `30s`, `500ms`, `5m`, `24h`, `7d`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Hash)]
pub struct Interval(pub Duration);

const SIZES: &[(&str, u64)] = &[
    ("B", 1),
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
    ("TiB", 1 << 40),
    ("kB", 1_000),
    ("KB", 1_000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
    ("TB", 1_000_000_000_000),
];

const INTERVALS: &[(&str, u64)] = &[
    ("ns", 1),
    ("us", 1_000),
    ("µs", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
    ("d", 86_400_000_000_000),
    ("w", 604_800_000_000_000),
];

/// What a unit measures.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Unit {
    /// Bytes.
    Bytes(u64),
    /// Nanoseconds.
    Nanos(u64),
}

/// The unit of this name; names are case-sensitive (`m` is a minute, `MB` a size).
pub fn unit(name: &str) -> Option<Unit> {
    if let Some((_, bytes)) = SIZES.iter().find(|(n, _)| *n == name) {
        return Some(Unit::Bytes(*bytes));
    }
    INTERVALS.iter().find(|(n, _)| *n == name).map(|(_, nanos)| Unit::Nanos(*nanos))
}

/// A decimal number times a unit, without floating point for whole numbers.
pub fn scale(number: &str, unit: u64) -> Option<u64> {
    if let Ok(whole) = number.parse::<u64>() {
        return whole.checked_mul(unit);
    }
    let (whole, fraction) = number.split_once('.')?;
    let digits = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
    if !digits(whole) || !digits(fraction) {
        return None;
    }
    let total = number.parse::<f64>().ok()? * unit as f64;
    (total < u64::MAX as f64).then_some(total.round() as u64)
}

/// Cuts `1.5GiB` into number and unit.
fn cut(text: &str) -> (&str, &str) {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    (&text[..end], text[end..].trim_start())
}

impl Size {
    /// Reads a size; the error says what to write.
    pub fn parse(text: &str) -> Result<Size, String> {
        const WRITE: &str = "write 512KiB, 4MiB, 1GB";
        let (number, name) = cut(text.trim());
        if number.is_empty() {
            return Err(format!("'{text}' is no size; {WRITE}"));
        }
        if name.is_empty() {
            return Err(format!("'{text}' has no unit; {WRITE}"));
        }
        let Some((_, unit)) = SIZES.iter().find(|(n, _)| *n == name) else {
            return Err(format!("unknown unit '{name}'; {WRITE}"));
        };
        scale(number, *unit).map(Size).ok_or_else(|| format!("'{text}' is no size; {WRITE}"))
    }
}

impl Interval {
    /// Reads a length of time, also of several parts (`1h30m`); the error says what to write.
    pub fn parse(text: &str) -> Result<Interval, String> {
        parse_nanos(text, "write 500ms, 30s, 5m, 24h, 7d").map(|ns| Interval(Duration::from_nanos(ns)))
    }
}

fn parse_nanos(text: &str, write: &str) -> Result<u64, String> {
    let mut rest = text.trim();
    let mut total = 0u64;
    while !rest.is_empty() || total == 0 {
        let (number, behind) = cut(rest);
        if number.is_empty() {
            return Err(format!("'{text}' is no length of time; {write}"));
        }
        let end = behind.find(|c: char| c.is_ascii_digit() || c == ' ').unwrap_or(behind.len());
        let name = &behind[..end];
        if name.is_empty() {
            return Err(format!("'{text}' has no unit; {write}"));
        }
        let Some((_, unit)) = INTERVALS.iter().find(|(n, _)| *n == name) else {
            return Err(format!("unknown unit '{name}'; {write}"));
        };
        total = scale(number, *unit)
            .and_then(|part| total.checked_add(part))
            .ok_or_else(|| format!("'{text}' is too long a time; {write}"))?;
        rest = behind[end..].trim_start();
        if rest.is_empty() {
            break;
        }
    }
    Ok(total)
}

/// A length of time in nanoseconds, read without allocating: for values in lines. One part, with its unit.
pub fn nanos_of(text: &str) -> Option<u64> {
    let (number, name) = cut(text.trim());
    let (_, unit) = INTERVALS.iter().find(|(n, _)| *n == name)?;
    scale(number, *unit)
}

/// A size in bytes, read without allocating: for values in lines.
pub fn bytes_of(text: &str) -> Option<u64> {
    let (number, name) = cut(text.trim());
    let (_, unit) = SIZES.iter().find(|(n, _)| *n == name)?;
    scale(number, *unit)
}

/// Reads `--since` and `--until`, in nanoseconds since the epoch: `5m` and `24h` before `now`, a date, a time of a date
/// with or without a zone, seconds since the epoch. Without a zone it is local time, or UTC if `utc`.
pub fn parse_when(text: &str, now: i64, utc: bool) -> Result<i64, String> {
    const WRITE: &str = "write 5m, 24h, 2026-01-27, 2026-01-27T16:47Z";
    let text = text.trim();
    if text.len() > 9
        && let Some(ns) = seconds(text)
    {
        return Ok(ns);
    }
    if text.len() > 4 && text.as_bytes()[..4].iter().all(u8::is_ascii_digit) && text.as_bytes()[4] == b'-' {
        return parse_time(text, utc).ok_or_else(|| format!("'{text}' is no time; {WRITE}"));
    }
    let before = parse_nanos(text, WRITE)?;
    i64::try_from(before)
        .ok()
        .and_then(|before| now.checked_sub(before))
        .ok_or_else(|| format!("'{text}' is too long a time; {WRITE}"))
}

fn seconds(text: &str) -> Option<i64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
    if !digits(whole) || !digits(fraction) || fraction.len() > 9 {
        return None;
    }
    let nanos: i64 = format!("{fraction:0<9}").parse().ok()?;
    whole.parse::<i64>().ok()?.checked_mul(1_000_000_000)?.checked_add(nanos)
}

/// Reads a date, or a time of a date: `2026-01-27`, `2026-01-27T16:47`, with seconds, fractions and a zone if wanted.
///
/// Nanoseconds since the epoch. Without a zone it is local time, or UTC if `utc`.
pub fn parse_time(text: &str, utc: bool) -> Option<i64> {
    let text = text.replacen(' ', "T", 1);
    if let Ok(time) = DateTime::parse_from_rfc3339(&text) {
        return time.timestamp_nanos_opt();
    }
    let (body, zone) = split_zone(&text);
    let naive = if let Ok(date) = NaiveDate::parse_from_str(body, "%Y-%m-%d") {
        date.and_hms_opt(0, 0, 0)?
    } else {
        ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%dT%H"]
            .iter()
            .find_map(|format| NaiveDateTime::parse_from_str(body, format).ok())?
    };
    if let Some(zone) = zone {
        let time = DateTime::parse_from_rfc3339(&format!("1970-01-01T00:00:00{zone}")).ok()?;
        return naive.and_local_timezone(*time.offset()).single()?.timestamp_nanos_opt();
    }
    if utc {
        return Utc.from_utc_datetime(&naive).timestamp_nanos_opt();
    }
    Local.from_local_datetime(&naive).earliest()?.timestamp_nanos_opt()
}

/// Cuts `Z`, `+01:00` or `-0500` off the end of a time.
fn split_zone(text: &str) -> (&str, Option<String>) {
    if let Some(body) = text.strip_suffix(['Z', 'z']) {
        return (body, Some("Z".into()));
    }
    let Some(at) = text.rfind(['+', '-']).filter(|at| *at > 10) else {
        return (text, None);
    };
    let zone = &text[at..];
    let zone = if zone.len() == 5 && zone.is_ascii() {
        format!("{}:{}", &zone[..3], &zone[3..])
    } else {
        zone.to_owned()
    };
    (&text[..at], Some(zone))
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, unit) in [("TiB", 1u64 << 40), ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)] {
            if self.0 >= unit && self.0.is_multiple_of(unit) {
                return write!(f, "{}{name}", self.0 / unit);
            }
        }
        write!(f, "{}B", self.0)
    }
}

impl fmt::Display for Interval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ns = self.0.as_nanos();
        for (name, unit) in [
            ("d", 86_400_000_000_000u128),
            ("h", 3_600_000_000_000),
            ("m", 60_000_000_000),
            ("s", 1_000_000_000),
            ("ms", 1_000_000),
            ("us", 1_000),
        ] {
            if ns >= unit && ns.is_multiple_of(unit) {
                return write!(f, "{}{name}", ns / unit);
            }
        }
        write!(f, "{ns}ns")
    }
}

impl<'de> Deserialize<'de> for Size {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Size, D::Error> {
        Size::parse(&String::deserialize(d)?).map_err(serde::de::Error::custom)
    }
}

impl<'de> Deserialize<'de> for Interval {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Interval, D::Error> {
        Interval::parse(&String::deserialize(d)?).map_err(serde::de::Error::custom)
    }
}

impl Serialize for Size {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl Serialize for Interval {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl schemars::JsonSchema for Size {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Size".into()
    }
    fn inline_schema() -> bool {
        true
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string", "format": "size", "pattern": r"^[0-9]+(\.[0-9]+)? ?([kKMGT]i?B|B)$",
        })
    }
}

impl schemars::JsonSchema for Interval {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Interval".into()
    }
    fn inline_schema() -> bool {
        true
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string", "format": "interval", "pattern": r"^([0-9]+(\.[0-9]+)? ?(ns|us|µs|ms|s|m|h|d|w) ?)+$",
        })
    }
}

impl std::str::FromStr for Size {
    type Err = String;
    fn from_str(text: &str) -> Result<Size, String> {
        Size::parse(text)
    }
}

impl std::str::FromStr for Interval {
    type Err = String;
    fn from_str(text: &str) -> Result<Interval, String> {
        Interval::parse(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_and_written() {
        for (text, bytes) in
            [("0B", 0), ("512KiB", 524_288), ("4MiB", 4 << 20), ("1GB", 1_000_000_000), ("1.5 KiB", 1536)]
        {
            assert_eq!(Size::parse(text), Ok(Size(bytes)), "{text}");
            assert_eq!(Size::parse(&Size(bytes).to_string()), Ok(Size(bytes)));
        }
        assert_eq!(Size(4 << 20).to_string(), "4MiB");
    }

    #[test]
    fn intervals_are_read_and_written() {
        for (text, ms) in [
            ("500ms", 500),
            ("30s", 30_000),
            ("5m", 300_000),
            ("24h", 86_400_000),
            ("1h30m", 5_400_000),
            ("0s", 0),
        ] {
            assert_eq!(Interval::parse(text), Ok(Interval(Duration::from_millis(ms))), "{text}");
        }
        assert_eq!(Interval(Duration::from_secs(86_400)).to_string(), "1d");
        assert_eq!(Interval(Duration::from_millis(1500)).to_string(), "1500ms");
    }

    #[test]
    fn what_is_no_quantity_says_what_to_write() {
        for (text, error) in [
            ("4", "'4' has no unit; write 512KiB, 4MiB, 1GB"),
            ("4Mib", "unknown unit 'Mib'; write 512KiB, 4MiB, 1GB"),
            ("much", "'much' is no size; write 512KiB, 4MiB, 1GB"),
            ("99999999999TiB", "'99999999999TiB' is no size; write 512KiB, 4MiB, 1GB"),
        ] {
            assert_eq!(Size::parse(text), Err(error.to_owned()));
        }
        for (text, error) in [
            ("30", "'30' has no unit; write 500ms, 30s, 5m, 24h, 7d"),
            ("30sec", "unknown unit 'sec'; write 500ms, 30s, 5m, 24h, 7d"),
            ("", "'' is no length of time; write 500ms, 30s, 5m, 24h, 7d"),
            ("1h x", "'1h x' is no length of time; write 500ms, 30s, 5m, 24h, 7d"),
        ] {
            assert_eq!(Interval::parse(text), Err(error.to_owned()));
        }
    }

    #[test]
    fn times_are_read_in_every_form() {
        let now = 1_800_000_000_000_000_000;
        let at = |rfc: &str| DateTime::parse_from_rfc3339(rfc).unwrap().timestamp_nanos_opt().unwrap();
        for (text, expected) in [
            ("5m", now - 300_000_000_000),
            ("1h30m", now - 5_400_000_000_000),
            ("2026-01-27", at("2026-01-27T00:00:00Z")),
            ("2026-01-27T16:47Z", at("2026-01-27T16:47:00Z")),
            ("2026-01-27 16:47", at("2026-01-27T16:47:00Z")),
            ("2026-01-27T16:47:01.5+01:00", at("2026-01-27T15:47:01.5Z")),
            ("2026-01-27T16:47+0100", at("2026-01-27T15:47:00Z")),
            ("1769532420", 1_769_532_420_000_000_000),
        ] {
            assert_eq!(parse_when(text, now, true), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_is_no_time_says_what_to_write() {
        for (text, error) in [
            ("5mn", "unknown unit 'mn'; write 5m, 24h, 2026-01-27, 2026-01-27T16:47Z"),
            ("5", "'5' has no unit; write 5m, 24h, 2026-01-27, 2026-01-27T16:47Z"),
            ("2026-13-27", "'2026-13-27' is no time; write 5m, 24h, 2026-01-27, 2026-01-27T16:47Z"),
            ("soon", "'soon' is no length of time; write 5m, 24h, 2026-01-27, 2026-01-27T16:47Z"),
        ] {
            assert_eq!(parse_when(text, 0, true), Err(error.to_owned()));
        }
    }

    proptest::proptest! {
        #[test]
        fn no_text_breaks_the_readers(text in "\\PC{0,20}") {
            let _ = (Size::parse(&text), Interval::parse(&text), parse_when(&text, 0, true));
        }
    }
}
