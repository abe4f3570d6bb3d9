//! Durations as text: a number and its unit. A number whose unit nobody knows is no duration.

use crate::event::Value;

/// What a number without a unit counts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Unit {
    /// Nanoseconds.
    Ns,
    /// Microseconds.
    Us,
    /// Milliseconds.
    Ms,
    /// Seconds.
    S,
    /// Minutes.
    M,
    /// Hours.
    H,
}

impl Unit {
    /// Nanoseconds in one.
    pub fn nanos(self) -> f64 {
        match self {
            Unit::Ns => 1.0,
            Unit::Us => 1e3,
            Unit::Ms => 1e6,
            Unit::S => 1e9,
            Unit::M => 60e9,
            Unit::H => 3600e9,
        }
    }

    /// The unit that a word names: `ms`, `µs`, `seconds`.
    pub fn parse(word: &[u8]) -> Option<Unit> {
        Some(match word {
            b"ns" | b"nsec" | b"nanos" | b"nanosecond" | b"nanoseconds" => Unit::Ns,
            b"us" | b"\xc2\xb5s" | b"\xce\xbcs" | b"usec" | b"micros" | b"microsecond" | b"microseconds" => {
                Unit::Us
            }
            b"ms" | b"msec" | b"msecs" | b"millis" | b"millisecond" | b"milliseconds" => Unit::Ms,
            b"s" | b"sec" | b"secs" | b"second" | b"seconds" => Unit::S,
            b"m" | b"min" | b"mins" | b"minute" | b"minutes" => Unit::M,
            b"h" | b"hr" | b"hour" | b"hours" => Unit::H,
            _ => return None,
        })
    }
}

/// `count` units in nanoseconds; what is negative, not finite or over 292 years is no duration.
pub fn of(count: f64, unit: Unit) -> Option<i64> {
    let ns = count * unit.nanos();
    (ns.is_finite() && (0.0..9.2e18).contains(&ns)).then_some(ns.round() as i64)
}

/// The length of the number at the start of `text`: digits, a point, an exponent.
fn number(text: &[u8]) -> usize {
    let digits = |mut at: usize| {
        while text.get(at).is_some_and(u8::is_ascii_digit) {
            at += 1;
        }
        at
    };
    let mut at = digits(0);
    if text.get(at) == Some(&b'.') && text.get(at + 1).is_some_and(u8::is_ascii_digit) {
        at = digits(at + 1);
    }
    if at > 0 && matches!(text.get(at), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(text.get(at + 1), Some(b'+' | b'-')));
        if text.get(at + 1 + sign).is_some_and(u8::is_ascii_digit) {
            at = digits(at + 1 + sign);
        }
    }
    at
}

/// The duration at the start of `text` and the offset behind it: `1.2s`, `941ns`, `54.9µs`, `1m2.5s`, `3 ms`.
/// A number without a unit counts `bare`, or is no duration.
pub fn take(text: &[u8], bare: Option<Unit>) -> Option<(i64, usize)> {
    let mut total = 0i64;
    let mut at = 0;
    loop {
        let digits = number(&text[at..]);
        if digits == 0 {
            return (at > 0).then_some((total, at));
        }
        let count: f64 = std::str::from_utf8(&text[at..at + digits]).ok()?.parse().ok()?;
        let mut word = at + digits;
        if at == 0 && text.get(word) == Some(&b' ') && unit_word(&text[word + 1..]).is_some() {
            word += 1;
        }
        let (unit, end) = match unit_word(&text[word..]) {
            Some((unit, len)) => (unit, word + len),
            None if at > 0 => return Some((total, at)),
            None if text.get(word).is_some_and(|b| b.is_ascii_alphanumeric() || *b == b':') => return None,
            None => (bare?, at + digits),
        };
        total = total.checked_add(of(count, unit)?)?;
        at = end;
        // Go writes the parts of one duration without a blank: 1h2m3.5s.
        if !matches!(unit, Unit::H | Unit::M) {
            return Some((total, at));
        }
    }
}

fn unit_word(text: &[u8]) -> Option<(Unit, usize)> {
    let len = text
        .iter()
        .take(13)
        .position(|&b| !(b.is_ascii_alphabetic() || b >= 0x80))
        .unwrap_or(text.len().min(13));
    Unit::parse(&text[..len]).map(|unit| (unit, len))
}

/// The duration that is the whole of `text`.
pub fn parse(text: &[u8], bare: Option<Unit>) -> Option<i64> {
    let text = text.trim_ascii();
    take(text, bare).and_then(|(ns, end)| (end == text.len()).then_some(ns))
}

/// The duration that a field's value is; a bare number counts `bare`.
pub fn of_value(value: Value<'_>, bare: Option<Unit>) -> Option<i64> {
    match value {
        Value::Duration(ns) => Some(ns),
        Value::Int(n) => of(n as f64, bare?),
        Value::Float(n) => of(n, bare?),
        // `µ` may be escaped in JSON.
        Value::Escaped(text) if memchr::memchr(b'\\', text).is_some() => {
            let mut plain = Vec::new();
            crate::event::escape::unescape_into(text, &mut plain);
            parse(&plain, bare)
        }
        Value::Text(text) | Value::Escaped(text) => parse(text, bare),
        _ => None,
    }
}

/// Splits the name of a field that holds a duration: the unit that its ending names, if any. `None`: the field is
/// about something else.
pub fn of_key(key: &[u8]) -> Option<Option<Unit>> {
    let mut buf = [0u8; 48];
    if key.len() > buf.len() {
        return None;
    }
    // `responseTime` → `responsetime`, `duration-ms` → `duration_ms`; where a capital begins a new word is remembered.
    let lower = &mut buf[..key.len()];
    for (to, &from) in lower.iter_mut().zip(key) {
        *to = if matches!(from, b'-' | b'.') { b'_' } else { from.to_ascii_lowercase() };
    }
    let base = |name: &[u8]| {
        let name = name.strip_suffix(b"_").unwrap_or(name);
        let name = [&b"tool_call_"[..], b"tool_", b"call_", b"mcp_", b"request_", b"total_", b"event_"]
            .iter()
            .fold(name, |name, prefix| name.strip_prefix(*prefix).unwrap_or(name));
        matches!(
            name,
            b"duration"
                | b"elapsed"
                | b"took"
                | b"latency"
                | b"responsetime"
                | b"response_time"
                | b"execution_time"
                | b"executiontime"
                | b"execution"
                | b"exec_time"
                | b"processing_time"
                | b"processingtime"
                | b"time_taken"
                | b"timetaken"
                | b"runtime"
                | b"run_time"
                | b"elapsed_time"
                | b"elapsedtime"
                | b"dur"
        )
    };
    if base(lower) {
        return Some(None);
    }
    const ENDINGS: [(&[u8], Unit); 16] = [
        (b"_milliseconds", Unit::Ms),
        (b"milliseconds", Unit::Ms),
        (b"_millis", Unit::Ms),
        (b"millis", Unit::Ms),
        (b"_microseconds", Unit::Us),
        (b"_micros", Unit::Us),
        (b"micros", Unit::Us),
        (b"_nanoseconds", Unit::Ns),
        (b"_nanos", Unit::Ns),
        (b"nanos", Unit::Ns),
        (b"_seconds", Unit::S),
        (b"seconds", Unit::S),
        (b"_secs", Unit::S),
        (b"_sec", Unit::S),
        (b"_s", Unit::S),
        (b"sec", Unit::S),
    ];
    const SHORT: [(&[u8], Unit); 3] = [(b"ms", Unit::Ms), (b"us", Unit::Us), (b"ns", Unit::Ns)];
    for (ending, unit) in ENDINGS.iter().chain(&SHORT) {
        if let Some(name) = lower.strip_suffix(*ending)
            && (base(name) || matches!(name, b"time_" | b"elapsed_time_in_" | b"duration_in_"))
        {
            return Some(Some(*unit));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_need_a_unit() {
        for (text, bare, ns) in [
            ("1201.57ms", None, Some(1_201_570_000)),
            ("1.200139099s", None, Some(1_200_139_099)),
            ("941ns", None, Some(941)),
            ("54.9µs", None, Some(54_900)),
            ("54.9μs", None, Some(54_900)),
            ("1m2.5s", None, Some(62_500_000_000)),
            ("2m", None, Some(120_000_000_000)),
            ("3 ms", None, Some(3_000_000)),
            ("0.123", None, None),
            ("0.123", Some(Unit::S), Some(123_000_000)),
            ("5.51e-7", Some(Unit::S), Some(551)),
            ("12:30", Some(Unit::S), None),
            ("3x", Some(Unit::S), None),
            ("-1s", None, None),
            ("1e999s", None, None),
            ("", Some(Unit::S), None),
        ] {
            assert_eq!(parse(text.as_bytes(), bare), ns, "{text}");
        }
    }

    #[test]
    fn keys_name_their_unit() {
        for (key, unit) in [
            ("duration", Some(None)),
            ("duration_ms", Some(Some(Unit::Ms))),
            ("durationMs", Some(Some(Unit::Ms))),
            ("duration_s", Some(Some(Unit::S))),
            ("elapsed_seconds", Some(Some(Unit::S))),
            ("durationNanos", Some(Some(Unit::Ns))),
            ("responseTime", Some(None)),
            ("latency_us", Some(Some(Unit::Us))),
            ("tool_duration_ms", Some(Some(Unit::Ms))),
            ("timeout_ms", None),
            ("uptime_seconds", None),
            ("seconds", None),
            ("start_time_ms", None),
            ("status", None),
        ] {
            assert_eq!(of_key(key.as_bytes()), unit, "{key}");
        }
    }
}
