//! Figures, times and states in a few words.

use crate::event::{Nanos, SECOND};
use crate::platform::deployment::Port;
use crate::platform::health::{Level, Sample, Thresholds};

/// Bytes with four digits, as Docker's client writes them: `176.5MiB`.
pub(in crate::cli) fn bytes(count: u64) -> String {
    const UNITS: [&str; 6] = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
    let mut value = count as f64;
    let mut unit = 0;
    while value >= 1024.0 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    let decimals = match value {
        v if v >= 1000.0 => 0,
        v if v >= 100.0 => 1,
        v if v >= 10.0 => 2,
        _ => 3,
    };
    let text = format!("{value:.decimals$}");
    let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    format!("{text}{}", UNITS[unit])
}

/// A share: `15%`, and below ten with one decimal.
pub(in crate::cli) fn percent(value: f64) -> String {
    if value >= 9.95 || value == 0.0 { format!("{value:.0}%") } else { format!("{value:.1}%") }
}

/// A span of time with its two greatest units: `3d 4h`.
pub(in crate::cli) fn span(time: Nanos) -> String {
    let seconds = time.max(0) / SECOND;
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds}s"),
        (0, 0, _) => format!("{minutes}m {}s", seconds % 60),
        (0, _, _) => format!("{hours}h {minutes}m"),
        _ => format!("{days}d {hours}h"),
    }
}

/// A sign for a level, and the word for people.
pub(in crate::cli) fn level(level: Level) -> &'static str {
    match level {
        Level::Healthy => "✅ Healthy",
        Level::Warning => "⚠️ Warning",
        Level::Critical => "❌ Critical",
        Level::Unknown => "❔ Unknown",
    }
}

/// A sign for how much of what it may use a deployment uses.
pub(in crate::cli) fn light(sample: Sample, limits: &Thresholds) -> &'static str {
    let over = |cpu: f64, memory: f64| {
        sample.cpu.is_some_and(|share| share > cpu) || sample.memory.is_some_and(|share| share > memory)
    };
    // Almost nothing is left.
    if over(90.0, 90.0) {
        "🔴"
    } else if over(limits.cpu, limits.memory) {
        "🟡"
    } else {
        "🟢"
    }
}

/// Ports as `OUTSIDE->INSIDE`, those that are open outside first, each once.
pub(in crate::cli) fn ports(ports: &[Port]) -> String {
    let mut texts: Vec<String> = Vec::new();
    let open = ports.iter().filter_map(|port| Some((port, port.outside.as_ref()?.1)));
    let open = open.map(|(port, outside)| format!("{outside}->{}{}", port.inside, protocol(port)));
    let closed = ports.iter().filter(|port| port.outside.is_none());
    for text in open.chain(closed.map(|port| format!("{}{}", port.inside, protocol(port)))) {
        // IPv4 and IPv6 are two entries of one port.
        if !texts.contains(&text) {
            texts.push(text);
        }
    }
    texts.join(", ")
}

fn protocol(port: &Port) -> String {
    if port.protocol == "tcp" { String::new() } else { format!("/{}", port.protocol) }
}

/// Text of an engine without its control characters.
pub(in crate::cli) fn clean(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_have_few_digits() {
        for (count, text) in [
            (0, "0B"),
            (999, "999B"),
            (1023, "1023B"),
            (1024, "1KiB"),
            (860_160, "840KiB"),
            (185_073_664, "176.5MiB"),
            (25_275_996_078, "23.54GiB"),
            (u64::MAX, "16384PiB"),
        ] {
            assert_eq!(bytes(count), text);
        }
        assert_eq!([0.0, 0.08, 9.94, 9.96, 150.4].map(percent), ["0%", "0.1%", "9.9%", "10%", "150%"]);
    }

    #[test]
    fn spans_have_two_units() {
        let text = [-5, 0, 59, 61, 3_600, 90_061].map(|seconds| span(seconds * SECOND));
        assert_eq!(text, ["0s", "0s", "59s", "1m 1s", "1h 0m", "1d 1h"]);
    }

    #[test]
    fn a_port_of_both_families_is_one() {
        let port = |inside, outside: Option<(&str, u16)>, protocol: &str| Port {
            inside,
            protocol: protocol.to_owned(),
            outside: outside.map(|(address, port)| (address.to_owned(), port)),
        };
        let all = [
            port(9, None, "udp"),
            port(7071, Some(("0.0.0.0", 7071)), "tcp"),
            port(7071, Some(("::", 7071)), "tcp"),
        ];
        assert_eq!(ports(&all), "7071->7071, 9/udp");
    }
}
