//! Notations asked for by name.

use super::{check, shown};
use crate::event::Level;
use crate::stages::parse::notation::{NAMES, Parsed, parse_as, parse_line};

#[test]
fn a_named_notation_takes_its_own_lines_and_refuses_others() {
    let lines = [
        ("access", "127.0.0.1 - - [22/Nov/2026:20:00:21 +0000] \"GET / HTTP/1.1\" 200 12"),
        ("klog", "I1122 19:46:55.123456       1 file.go:12] msg"),
        ("zap", "2026-11-22T19:46:55.898Z\tINFO\tserver started"),
        ("syslog", "<34>Oct 11 22:14:15 mymachine su[230]: failed"),
        ("logrus", "INFO[0000] started"),
        ("monolog", "[2026-11-22T19:46:55.123456+00:00] app.ERROR: boom"),
        ("nest", "[Nest] 123  - 11/22/2026, 7:46:55 PM     LOG [X] Starting"),
        ("spring-boot", "2026-11-22 19:51:00.427  WARN 1 --- [  main] o.a.Main : careful"),
        ("zerolog", "7:46PM INF started"),
        ("ruby", "I, [2026-11-22T19:46:55.123456 #1234]  INFO -- prog: msg"),
    ];
    let mut parsed = Parsed::default();
    for (name, line) in lines {
        for (other, _) in lines {
            assert_eq!(parse_as(other, line.as_bytes(), &mut parsed), other == name, "{line} as {other}");
        }
        assert!(parse_as(name, line.as_bytes(), &mut parsed), "{line}");
        assert_eq!(parsed.notation, name);
        check(line.as_bytes(), &parsed);
    }
}

#[test]
fn a_name_decides_where_a_line_is_ambiguous() {
    let line = b"2026-11-22 19:46:45  INFO server: text a=b c d=e";
    let mut parsed = Parsed::default();
    assert!(parse_line(line, &mut parsed));
    assert_eq!((parsed.notation, &line[parsed.message.clone()]), ("python", &b"text a=b c d=e"[..]));
    assert!(parse_as("tracing", line, &mut parsed));
    assert_eq!((parsed.level, &line[parsed.message.clone()]), (Some(Level::Info), &b"text"[..]));
    assert_eq!(parsed.fields.len(), 2);
}

#[test]
fn an_unknown_name_reads_nothing() {
    let mut parsed = Parsed::default();
    assert!(!parse_as("nothing", b"ERROR: text", &mut parsed));
    assert_eq!(parsed, Parsed::default());
    assert!(!NAMES.contains(&"nothing") && NAMES.is_sorted());
}

#[test]
fn every_name_reads_something() {
    let samples = [
        "2026-11-22 19:46:55,123 - a.b - INFO - text",
        "127.0.0.1 - - [22/Nov/2026:20:00:21 +0000] \"GET / HTTP/1.1\" 200 12",
        "[Sun Nov 22 19:46:55 2026] [core:error] [pid 12] AH00124: x",
        "[2026-11-22T19:46:55.123Z]  INFO: server/123 on host: started",
        "2026-11-22T19:59:31.488Z mcp:tool call broken",
        "info: Acme.Server[0] started",
        "[2026-11-22T19:46:55Z INFO  my_app::target] msg",
        "[2026-11-22 19:46:55,123] ERROR in app: boom",
        "2026/11/22 19:46:04 INFO text a=b",
        "Nov 22, 2026 7:54:28 PM org.acme.Server start",
        "I1122 19:46:55.123456       1 file.go:12] msg",
        "INFO[0000] started",
        "2026-11-22 14:42:09.530 | INFO     | __main__:app_log:69 - text",
        "[2026-11-22T19:46:55.123456+00:00] app.ERROR: boom",
        "[Nest] 123  - 11/22/2026, 7:46:55 PM     LOG [X] Starting",
        "[19:46:55.123] INFO (123): msg",
        "I, [2026-11-22T19:46:55.123456 #1234]  INFO -- prog: msg",
        "[19:46:55 INF] text",
        "[main] INFO demo.Main - text",
        "2026-11-22 19:51:00.427  WARN 1 --- [  main] o.a.Main : careful",
        "2026-11-22 19:58:54 [error    ] tool call failed   a=b",
        "<34>Oct 11 22:14:15 mymachine su[230]: failed",
        "2026-11-22T19:46:45.060702Z  INFO rmcp_server: text",
        "INFO:     text",
        "error: text {\"a\":1}",
        "2026-11-22T19:46:55.898Z\tINFO\tserver started",
        "7:46PM INF started",
    ];
    let mut parsed = Parsed::default();
    for name in NAMES {
        assert!(samples.iter().any(|line| parse_as(name, line.as_bytes(), &mut parsed)), "{name}");
    }
    for line in samples {
        assert_ne!(shown(line.as_bytes()), "none", "{line}");
    }
}
