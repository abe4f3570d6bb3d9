//! What is read of lines, notation by notation, and what must hold for any bytes.

mod by_name;
mod go;
mod java;
mod layouts;
mod loguru;
mod node;
mod plain;
mod python;
mod rust;
mod samples;
mod servers;
mod structlog;
mod times;
mod uvicorn;
mod warnings;

use super::*;
use crate::event::time::to_rfc3339;
use proptest::prelude::*;

/// What is read of a line, as one line: notation, time, level, [logger], message, fields; `none` if nothing is.
fn shown(line: &[u8]) -> String {
    let mut parsed = Parsed::default();
    if !parse_line(line, &mut parsed) {
        return "none".into();
    }
    check(line, &parsed);
    let text = |range: &Range<usize>| String::from_utf8_lossy(&line[range.clone()]).replace('\n', "\\n");
    let value = |found: &Found| match found {
        Found::Text(range) => text(range),
        Found::Escaped(range) => format!("escaped {}", text(range)),
        Found::Json(range) => format!("json {}", text(range)),
        Found::Int(number) => format!("int {number}"),
        Found::Float(number) => format!("float {number}"),
    };
    let of_day =
        |nanos: i64| to_rfc3339(nanos)[11..29].trim_end_matches('0').trim_end_matches('.').to_owned();
    let full = |nanos: i64| format!("{}T{}", &to_rfc3339(nanos)[..10], of_day(nanos));
    let time = parsed.time.map_or("-".into(), |time| match time {
        LineTime::Known(nanos) => full(nanos) + "Z",
        LineTime::Local(nanos) => full(nanos),
        LineTime::NoYear { month, day, of_day: nanos } => format!("{month}-{day}T{}", of_day(nanos)),
        LineTime::OfDay(nanos) => of_day(nanos),
    });
    let level = parsed.level.map_or("-", Level::as_str);
    let mut shown =
        format!("{} {time} {level} [{}] {}", parsed.notation, text(&parsed.logger), text(&parsed.message));
    for (name, found) in &parsed.fields {
        shown += &format!(" | {}={}", text(name), value(found));
    }
    for (name, found) in &parsed.named {
        shown += &format!(" | {name}: {}", value(found));
    }
    shown
}

fn table(lines: &[(&str, &str)]) {
    for (line, expected) in lines {
        assert_eq!(shown(line.as_bytes()), *expected, "{line}");
        assert_eq!(is_head(line.as_bytes()), *expected != "none", "{line}");
    }
}

const LINES: &[&str] = &[
    "2025-01-27 16:47:30,126 ERROR server: text",
    "2026-11-22 14:41:20,239 - docket.worker - INFO - Starting a=b",
    "2026-11-22 19:52:34,084 | INFO     | uvicorn.access | 127.0.0.1:42826 - \"POST /mcp HTTP/1.1\" 200",
    "[2026-11-22 19:56:36 +0000] [25003] [INFO] Starting gunicorn 27.0.1",
    "2026-11-22 14:42:09.530 | INFO     | __main__:app_log:69 - reading file",
    "2026-11-22 19:58:54 [error    ] tool call failed     [my.logger] duration_ms=92.15 tool='a b'",
    "/srv/crash.py:57: DeprecationWarning: the 'old' option is deprecated",
    "2026/11/22 19:46:04 INFO mcp.tool mcp.tool.name=read_file duration_s=2.043e-06 error=\"a\\nb\"",
    "[mcp-server] 2026/11/22 19:45:53.640372 main.go:118: tool broken failed after 941ns",
    "2026-11-22T19:46:55.898Z\tINFO\tsdk/main.go:208\tserver started\t{\"addr\": \"127.0.0.1:21839\", \"n\": [1, {}]}",
    "I1122 19:46:55.123456       1 file.go:12] \"msg here\" a=\"b\"",
    "2026-11-22T19:46:46.624312Z  INFO tools/call{tool=read_file}:read_file{path=\"/etc/hosts\"}: rmcp_server: reading file path=/etc/hosts",
    "2026-11-22T19:51:00.427+01:00  INFO 20837 --- [mcp-demo] [   main] demo.App   : Starting",
    "Nov 22, 2026 7:54:28 PM org.apache.coyote.AbstractProtocol init\nINFO: Initializing",
    "127.0.0.1 - - [22/Nov/2026:20:00:21 +0000] \"POST /mcp HTTP/1.1\" 400 105 \"-\" \"agent\"",
    "<165>1 2026-10-11T22:14:15.003Z host app 12 ID47 [id@3 iut=\"3\" a=\"b\\]\"] An event",
    "2026/11/22 - 19:46:55 | 200 |  1.2ms |  127.0.0.1 | POST     \"/mcp\"",
    "[Nest] 123  - 11/22/2026, 7:46:55 PM     LOG [NestFactory] Starting",
];

/// The ranges of everything found lie in the line.
fn check(line: &[u8], parsed: &Parsed) {
    let found = |value: &Found| match value {
        Found::Text(range) | Found::Escaped(range) | Found::Json(range) => range.clone(),
        Found::Int(_) | Found::Float(_) => 0..0,
    };
    let mut ranges = vec![parsed.level_text.clone(), parsed.logger.clone(), parsed.message.clone()];
    ranges.extend(parsed.fields.iter().flat_map(|(key, value)| [key.clone(), found(value)]));
    ranges.extend(parsed.named.iter().map(|(_, value)| found(value)));
    for range in ranges {
        assert!(
            range.start <= range.end && range.end <= line.len(),
            "{range:?} of {}",
            String::from_utf8_lossy(line)
        );
    }
    assert!(!parsed.notation.is_empty());
}

fn holds(line: &[u8]) {
    let mut parsed = Parsed::default();
    let understood = parse_line(line, &mut parsed);
    assert_eq!(understood, is_head(line), "{}", String::from_utf8_lossy(line));
    if understood {
        check(line, &parsed);
    } else {
        assert_eq!(parsed, Parsed::default());
    }
    is_jul_first(line);
    parse_time(line);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn any_bytes_are_read_without_panic(line in proptest::collection::vec(any::<u8>(), 0..80)) {
        holds(&line);
    }

    #[test]
    fn any_marks_are_read_without_panic(line in r#"[\[\]<>(){}"'=:|,./ \-+T0-9A-Za-z\\\t\n]{0,60}"#) {
        holds(line.as_bytes());
    }

    #[test]
    fn cut_and_changed_heads_are_read_without_panic(
        line in 0..LINES.len(), other in 0..LINES.len(), cut in 0usize..120, from in 0usize..120, at in 0usize..120, byte: u8,
    ) {
        let (line, other) = (LINES[line].as_bytes(), LINES[other].as_bytes());
        let mut mixed = line[..cut.min(line.len())].to_vec();
        holds(&mixed);
        mixed.extend_from_slice(&other[from.min(other.len())..]);
        holds(&mixed);
        if at < mixed.len() {
            mixed[at] = byte;
        }
        holds(&mixed);
    }
}

#[test]
fn every_head_is_understood_and_begins_a_record() {
    for line in LINES {
        assert!(is_head(line.as_bytes()), "{line}");
        holds(line.as_bytes());
    }
}

#[test]
fn long_hostile_lines_are_read_without_panic_or_recursion() {
    let heads = [
        "",
        "INFO ",
        "INFO:",
        "info: ",
        "[",
        "[INFO] ",
        "2026-11-22 19:46:55 ",
        "2026-11-22T19:46:55Z  INFO ",
        "2026/11/22 19:46:55 INFO ",
        "2026-11-22 19:46:55 | INFO | ",
        "2026-11-22 19:46:55 - ",
        "127.0.0.1 - - [22/Nov/2026:20:00:21 +0000] ",
        "<34>1 2026-10-11T22:14:15.003Z h a 1 m ",
        "  ",
        "2026-11-22T19:46:55Z\tINFO\t",
        "[main] INFO ",
        "error: x ",
        "2026-11-22 19:46:55 [info     ] ",
    ];
    let parts = [
        "=",
        "a=",
        "a=\"",
        "a=b ",
        "a=\" ",
        " a={",
        "[",
        "] ",
        "{",
        "{\"",
        " {\"a\":1",
        "a:",
        "a: ",
        ": ",
        " - ",
        " | ",
        "MainThread ",
        "[a] ",
        "[1] ",
        "\\",
        "\"",
        "\\\"",
        "x{a=b}:",
        "2026/",
        "level=",
        " level=x",
        "(",
        "a ",
        "1",
        ",",
        "/",
        "-",
        "T",
        "INFO ",
        "a/1 on ",
    ];
    for head in heads {
        for part in parts {
            for tail in ["", "}", "\"", " x"] {
                // Long enough to overflow a stack that grew with the line.
                let times = if tail.is_empty() { 200_000 } else { 4_000 } / part.len();
                holds(format!("{head}{}{tail}", part.repeat(times)).as_bytes());
            }
        }
    }
}
