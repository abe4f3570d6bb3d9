use std::path::Path;
use std::sync::Arc;

use super::*;
use crate::event::{
    Buffer, Flags, Identity, Key, Level, Memory, NO_TIME, Origin, Partition, Row, SECOND, SharedOrigin, Span,
    Stream, Text, Value, escape,
};

/// A line to be fed: engine time, stream, text.
type Line<'a> = (Nanos, Stream, &'a str);

#[derive(Clone, Debug, PartialEq)]
struct Event {
    seq: u64,
    records: u32,
    level: Option<Level>,
    flags: Flags,
    time: Nanos,
    message: String,
}

fn batch_of(lines: &[Line<'_>], seq: u64) -> Batch {
    let partition = Arc::new(Partition {
        key: "p".into(),
        name: "p".into(),
        identity: Identity::Container,
        origin: Arc::new(SharedOrigin::default()),
    });
    let mut bytes = Vec::new();
    let mut rows = Vec::new();
    for (at, (time, stream, text)) in lines.iter().enumerate() {
        let start = bytes.len();
        bytes.extend_from_slice(text.as_bytes());
        let raw = Span::in_buf(start, bytes.len());
        bytes.push(b'\n');
        let seq = seq + at as u64 + 1;
        rows.push(Row {
            raw,
            message: raw,
            engine_time: *time,
            timestamp: *time,
            key: Key { seq, index: 0 },
            records: 1,
            stream: *stream,
            ..Row::default()
        });
    }
    let mut batch = Batch::new(partition, Text::new(Buffer { bytes, lease: None }));
    batch.rows = rows;
    batch
}

fn plain(batch: &Batch, value: Value<'_>) -> String {
    let _ = batch;
    match value {
        Value::Text(text) | Value::Json(text) => String::from_utf8_lossy(text).into_owned(),
        Value::Escaped(text) => {
            let mut out = Vec::new();
            escape::unescape_into(text, &mut out);
            String::from_utf8_lossy(&out).into_owned()
        }
        Value::Missing => String::new(),
        other => format!("{other:?}"),
    }
}

fn events_of(batch: &Batch) -> Vec<Event> {
    batch
        .alive()
        .map(|at| {
            let row = &batch.rows[at];
            Event {
                seq: row.key.seq,
                records: row.records,
                level: row.level,
                flags: row.flags,
                time: row.timestamp,
                message: plain(batch, batch.value(at, Field::MESSAGE)),
            }
        })
        .collect()
}

/// All events of lines that come in one batch, and of the end of input.
fn all(parse: &Parse, lines: &[Line<'_>]) -> Vec<Event> {
    let mut memory = parse.start();
    let mut batch = batch_of(lines, 0);
    parse.apply(&mut memory, &mut batch, 0);
    let mut events = events_of(&batch);
    let mut last = batch_of(&[], 0);
    parse.release(&mut memory, &mut last, 0, End::Input);
    events.extend(events_of(&last));
    events
}

fn messages(text: &str) -> Vec<String> {
    let lines: Vec<Line<'_>> = text.lines().map(|line| (NO_TIME, Stream::None, line)).collect();
    all(&Parse::default(), &lines).into_iter().map(|e| e.message).collect()
}

/// One line's event with its fields.
fn one(line: &str) -> (Event, Vec<(String, String)>, String) {
    let parse = Parse::default();
    let mut memory = parse.start();
    let mut batch = batch_of(&[(NO_TIME, Stream::None, line)], 0);
    parse.apply(&mut memory, &mut batch, 0);
    if batch.rows.is_empty() {
        parse.release(&mut memory, &mut batch, 0, End::Input);
    }
    let mut scratch = Vec::new();
    let fields = batch
        .rest(&batch.rows[0])
        .iter()
        .map(|pair| {
            let key = String::from_utf8_lossy(batch.text.plain(pair.key, &mut scratch)).into_owned();
            (key, plain(&batch, batch.cell_value(pair.value)))
        })
        .collect();
    (events_of(&batch).remove(0), fields, plain(&batch, batch.value(0, Field::LOGGER)))
}

#[test]
fn json_is_read_in_the_spellings_of_its_libraries() {
    const NOON: Nanos = 1_795_348_800 * SECOND;
    for (line, level, message, logger, fields) in [
        (
            r#"{"timestamp":"2026-11-22T12:00:00Z","level":"info","message":"a","logger":"x"}"#,
            Level::Info,
            "a",
            "x",
            0,
        ),
        (
            r#"{"time":1795348800000,"level":50,"pid":1,"hostname":"h","name":"app","msg":"a","n":1}"#,
            Level::Error,
            "a",
            "app",
            3,
        ),
        (
            r#"{"ts":1795348800.0,"level":"warn","logger":"z","caller":"a.go:1","msg":"a"}"#,
            Level::Warn,
            "a",
            "z",
            1,
        ),
        (
            r#"{"version":"1.1","host":"h","short_message":"a","timestamp":1795348800,"level":3}"#,
            Level::Error,
            "a",
            "",
            2,
        ),
        (
            r#"{"@timestamp":"2026-11-22T12:00:00.000Z","log.level":"ERROR","log.logger":"l","message":"a"}"#,
            Level::Error,
            "a",
            "l",
            0,
        ),
        (
            r#"{"@timestamp":"2026-11-22T12:00:00Z","log":{"level":"WARN","logger":"l"},"message":"a"}"#,
            Level::Warn,
            "a",
            "l",
            1,
        ),
        (
            r#"{"@t":"2026-11-22T12:00:00Z","@l":"Warning","@m":"a","SourceContext":"s"}"#,
            Level::Warn,
            "a",
            "s",
            0,
        ),
        (
            r#"{"timestamp":"2026-11-22T12:00:00Z","level":"INFO","fields":{"message":"a","id":7},"target":"t"}"#,
            Level::Info,
            "a",
            "t",
            1,
        ),
        (r#"{"severity":"CRITICAL","time":"2026-11-22T12:00:00Z","message":"a"}"#, Level::Fatal, "a", "", 0),
        (
            r#"{"asctime":"2026-11-22 12:00:00,000","levelname":"DEBUG","name":"py","message":"a"}"#,
            Level::Debug,
            "a",
            "py",
            0,
        ),
        (
            r#"{"event":"a","level":"info","timestamp":"2026-11-22T12:00:00Z","k":null}"#,
            Level::Info,
            "a",
            "",
            0,
        ),
        (r#"{"time":"2026-11-22T14:00:00+02:00","level":"INFO+2","msg":"a"}"#, Level::Info, "a", "", 0),
        (
            r#"{"text":"t","record":{"level":{"name":"ERROR","no":40},"message":"a","name":"m","time":{"timestamp":1795348800.0}}}"#,
            Level::Error,
            "a",
            "m",
            2,
        ),
        (
            r#"{"instant":{"epochSecond":1795348800,"nanoOfSecond":0},"level":"INFO","loggerName":"l","message":"a"}"#,
            Level::Info,
            "a",
            "l",
            0,
        ),
        (r#"{"MESSAGE":"a","PRIORITY":"4","timestamp":"2026-11-22T12:00:00Z"}"#, Level::Warn, "a", "", 0),
    ] {
        let (event, found, found_logger) = one(line);
        assert_eq!((event.level, &*event.message, event.time), (Some(level), message, NOON), "{line}");
        assert_eq!((&*found_logger, found.len()), (logger, fields), "{line}: {found:?}");
        assert!(event.flags.has(Flags::JSON), "{line}");
    }
}

#[test]
fn a_document_without_message_is_its_own() {
    let line = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"x"}}"#;
    let (event, fields, _) = one(line);
    assert_eq!(event.message, line);
    assert_eq!(fields[2], ("method".to_owned(), "tools/call".to_owned()));
    let (event, fields, _) = one(r#"{"event":"request_start","method":"tools/call"}"#);
    assert!(event.message.starts_with('{'));
    assert_eq!(fields.len(), 2);
}

#[test]
fn an_export_keeps_its_origin_and_its_results() {
    let line = r#"{"timestamp":"2026-11-22T12:00:00Z","level":"INFO","message":"m","deployment":"d","template":"t","container":"c","stream":"stderr","tool":"x","tool_call":true,"tool_duration_ms":1.5,"k":1}"#;
    let parse = Parse::default();
    let mut batch = batch_of(&[(NO_TIME, Stream::None, line)], 0);
    parse.apply(&mut parse.start(), &mut batch, 0);
    let row = batch.rows[0];
    assert!(row.flags.has(Flags::EXTRACTED));
    assert_eq!(row.stream, Stream::Stderr);
    assert_eq!(batch.value(0, Field::DEPLOYMENT), Value::Text(b"d"));
    assert_eq!(batch.value(0, Field::TOOL_CALL), Value::Bool(true));
    assert_eq!(batch.value(0, Field::TOOL_DURATION), Value::Duration(1_500_000));
    assert_eq!(plain(&batch, batch.value(0, Field::TOOL_NAME)), "x");
    assert_eq!(batch.rest(&row).len(), 1);
    // Another program's field of that name is a field.
    let (event, fields, _) = one(r#"{"level":"info","msg":"done","tool":"x"}"#);
    assert!(!event.flags.has(Flags::EXTRACTED));
    assert_eq!(fields, [("tool".to_owned(), "x".to_owned())]);
}

#[test]
fn what_belongs_together_is_one_record() {
    for (text, records) in [
        ("a\nb\nc", 3),
        ("ERROR: tool failed: x\nsecond line\nINFO: next", 2),
        ("INFO: fine\nprinted", 2),
        ("ERROR: not fatal\nprinted", 2),
        ("tool_error: x failed\ntool_call: y", 2),
        (
            "INFO: before\nTraceback (most recent call last):\n  File \"a.py\", line 1, in f\n    x\nKeyError: 'z'\nINFO: after",
            3,
        ),
        (
            "ERROR: failed\nTraceback (most recent call last):\n  File \"a.py\", line 1\nKeyError: 'z'\n\nDuring handling of the above exception, another exception occurred:\n\nTraceback (most recent call last):\n  File \"b.py\", line 1\nValueError: y\nINFO: after",
            2,
        ),
        ("  File \"a.py\", line 1\n    def main(:\n             ^\nSyntaxError: invalid syntax", 1),
        (
            "  + Exception Group Traceback (most recent call last):\n  |   File \"a.py\", line 1\n  | ExceptionGroup: x (2 sub-exceptions)\n  +-+---------------- 1 ----------------\n    | ValueError: 1\n    +------------------------------------\nINFO: a",
            2,
        ),
        (
            "2026-11-22 10:00:00 ERROR x - failed\njava.lang.IllegalStateException: no\n\tat a.B.c(B.java:1)\nCaused by: java.io.IOException: x\n\t... 3 more\n\tSuppressed: y\n2026-11-22 10:00:01 INFO x - next",
            2,
        ),
        (
            "panic: assignment to entry in nil map\n\ngoroutine 1 [running]:\nmain.main()\n\t/a/main.go:10 +0x1d\nexit status 2",
            1,
        ),
        (
            "2026/11/22 19:46:23 http: panic serving 1.2.3.4:5: boom\ngoroutine 7 [running]:\nnet/http.(*conn).serve.func1()\n\t/a/server.go:1 +0x1\n2026/11/22 19:46:24 next",
            2,
        ),
        (
            "thread 'main' panicked at src/main.rs:1:2:\nboom\nnote: run with `RUST_BACKTRACE=1` environment variable to display a backtrace",
            1,
        ),
        (
            "thread 'main' panicked at src/main.rs:1:2:\nboom\nstack backtrace:\n   0: std::panicking\n             at ./x.rs:1:2",
            1,
        ),
        (
            "/a/b.js:3\n    throw new Error('x')\n    ^\n\nError: x\n    at Object.<anonymous> (/a/b.js:3:9) {\n  code: 'E'\n}\n\nNode.js v20.1.0\nnext",
            2,
        ),
        ("Request body: {\n  a: 1,\n  b: {\n    c: 2\n  }\n}\nnext", 2),
        ("{\n  \"name\": \"x\",\n  \"level\": \"info\"\n}\n{\"a\":1}", 2),
        (
            "/a/b.py:38: RuntimeWarning: never awaited\n  work()\nRuntimeWarning: Enable tracemalloc\nWARNING: after",
            2,
        ),
        (
            "Nov 22, 2026 7:53:52 PM org.apache.A init\nINFO: Starting\nNov 22, 2026 7:53:53 PM org.apache.B init\nSEVERE: no",
            2,
        ),
        (
            "ERROR: 1 validation error for call[x]\npath\n  Missing required argument [type=missing]\n    For further information visit https://x\nINFO: n",
            2,
        ),
        ("\n\n╭───╮\n│ a │\n╰───╯\n\nINFO: x", 2),
        (" INFO a: one\n INFO a: two", 2),
        (
            "  2026-11-22T10:00:00.000000Z  INFO a: one, x: 1\n    at src/main.rs:1\n    in f with id: 1\n\n  2026-11-22T10:00:01.000000Z  INFO a: two\n    at src/main.rs:2\n",
            2,
        ),
        ("  item\n  item\n    more", 2),
    ] {
        let found = messages(text);
        assert_eq!(found.len(), records, "{text}\n→ {found:#?}");
    }
}

#[test]
fn a_bare_error_in_the_column_of_the_exception_handler_is_a_record_of_its_own() {
    let pad = |text: &str| format!("{:20}{text:60}", "");
    let drawn = pad("╭─────────── Traceback (most recent call last) ────────────╮");
    let text = [
        "INFO:mcp.server.lowlevel.server:Processing request of type CallToolRequest".to_owned(),
        pad("Error calling tool 'charge_card'"),
        drawn.clone(),
        pad("│ /srv/server.py:63 in charge_card                         │"),
        "INFO:     127.0.0.1:1 - \"POST /mcp HTTP/1.1\" 200 OK".to_owned(),
        pad("Error calling tool 'other'"),
        "INFO next".to_owned(),
    ]
    .join("\n");
    let messages = messages(&text);
    assert_eq!(messages.len(), 5, "{messages:?}");
    assert!(messages[1].starts_with("Error calling tool 'charge_card'\n╭──"), "{messages:?}");
    assert_eq!(messages[3], "Error calling tool 'other'");
}

#[test]
fn a_head_without_text_leaves_no_empty_line_before_what_it_says() {
    let text = "info: Mcp.Server[57]\n      Server (weather 1.0.0) handler called.\n      second\nfail: Kestrel[13]\n      boom";
    let expected = ["Server (weather 1.0.0) handler called.\n      second", "boom"];
    assert_eq!(messages(text), expected);
}

#[test]
fn crash_output_without_level_is_an_error() {
    for (text, level, crash) in [
        (
            "Traceback (most recent call last):\n  File \"a.py\", line 1\nKeyError: 'z'",
            Some(Level::Error),
            true,
        ),
        ("panic: boom\n\ngoroutine 1 [running]:", Some(Level::Error), true),
        ("Exception in thread \"main\" java.lang.X: y\n\tat a.B.c(B.java:1)", Some(Level::Error), true),
        ("thread 'main' panicked at a.rs:1:1:\nx", Some(Level::Error), true),
        ("just text", None, false),
        ("http://localhost:3000", None, false),
        ("/a/b.js:3", None, false),
    ] {
        let lines: Vec<Line<'_>> = text.lines().map(|line| (NO_TIME, Stream::None, line)).collect();
        let events = all(&Parse::default(), &lines);
        assert_eq!(events.len(), 1, "{text}");
        assert_eq!((events[0].level, events[0].flags.has(Flags::CRASH)), (level, crash), "{text}");
    }
}

#[test]
fn engine_times_end_records_and_streams_are_apart() {
    const T: Nanos = 1_795_348_800 * SECOND + 1;
    use Stream::{Stderr, Stdout};
    let parse = Parse::default();
    // A second and more between them: not one record, whatever the bytes say.
    let apart = [
        (T, Stdout, "Traceback (most recent call last):"),
        (T + 1_100_000_000, Stdout, "  File \"a\", line 1"),
    ];
    assert_eq!(all(&parse, &apart).len(), 2);
    // Whole seconds: up to three.
    let coarse = [(T - 1, Stdout, "ERROR: a failed"), (T - 1 + 2 * SECOND, Stdout, "  more")];
    assert_eq!(all(&parse, &coarse).len(), 1);
    // Weak reasons hold only for lines that come at once.
    let late = [(T, Stdout, "ERROR: a failed"), (T + 500_000_000, Stdout, "printed")];
    assert_eq!(all(&parse, &late).len(), 2);
    let mixed = [
        (T, Stderr, "Traceback (most recent call last):"),
        (T + 1, Stdout, "INFO: other"),
        (T + 2, Stderr, "  File \"a\", line 1"),
        (T + 3, Stdout, "INFO: other 2"),
        (T + 4, Stderr, "KeyError: 1"),
    ];
    let events = all(&parse, &mixed);
    let records: Vec<(u64, u32)> = events.iter().map(|e| (e.seq, e.records)).collect();
    assert_eq!(records, [(2, 1), (1, 3), (4, 1)]);
}

#[test]
fn what_the_clock_may_let_go_is_what_time_has_ended() {
    const T: Nanos = 1_795_348_800 * SECOND + 1;
    let parse = Parse::default();
    let mut memory = parse.start();
    let mut batch = batch_of(&[(T, Stream::Stdout, "INFO: a")], 0);
    parse.apply(&mut memory, &mut batch, T);
    assert!(batch.rows.is_empty());
    assert_eq!(memory.owed(), [Key { seq: 1, index: 0 }]);
    let mut out = batch_of(&[], 0);
    parse.release(&mut memory, &mut out, T + SECOND, End::Clock);
    assert!(out.rows.is_empty());
    parse.release(&mut memory, &mut out, T + SECOND + 1, End::Clock);
    assert_eq!(events_of(&out)[0].message, "a");
    assert!(memory.owed().is_empty());
}

#[test]
fn a_record_that_never_ends_is_cut_and_goes_on() {
    let parse = Parse { longest: 4096, ..Parse::default() };
    let lines: Vec<String> = std::iter::once("ERROR: failed".to_owned())
        .chain((0..1000).map(|n| format!("    line {n:06}")))
        .collect();
    let lines: Vec<Line<'_>> = lines.iter().map(|l| (NO_TIME, Stream::None, &**l)).collect();
    let events = all(&parse, &lines);
    assert!(events.len() > 3, "{}", events.len());
    assert_eq!(events.iter().map(|e| u64::from(e.records)).sum::<u64>(), 1001);
    assert!(events[0].flags.has(Flags::CUT));
    assert!(events.iter().all(|e| e.message.len() <= 4096));
    let many: Vec<Line<'_>> = std::iter::once("ERROR: failed")
        .chain(std::iter::repeat_n("  x", 25_000))
        .map(|l| (NO_TIME, Stream::None, l))
        .collect();
    let events = all(&Parse::default(), &many);
    assert_eq!(events[0].records, 10_000);
}

#[test]
fn bytes_that_are_no_text_survive_the_memory() {
    let parse = Parse::default();
    let mut memory = parse.start();
    let mut batch = batch_of(&[(NO_TIME, Stream::None, "x")], 0);
    let bytes = b"ERROR: \xff\xfe failed\x00".to_vec();
    let raw = Span::in_buf(0, bytes.len());
    batch.text = Text::new(Buffer { bytes: bytes.clone(), lease: None });
    (batch.rows[0].raw, batch.rows[0].message) = (raw, raw);
    parse.apply(&mut memory, &mut batch, 0);
    let mut memory = ParseMemory::restore(&memory.save()).unwrap();
    let mut out = batch_of(&[], 0);
    parse.release(&mut memory, &mut out, 0, End::Life);
    assert_eq!(out.text.stored(out.rows[0].raw), bytes);
    assert_eq!(out.rows[0].level, Some(Level::Error));
}

#[test]
fn a_foreign_memory_is_refused() {
    for bad in [
        serde_json::json!(null),
        serde_json::json!({"version": 99}),
        serde_json::json!({"version": 1, "batches": 0, "slots": [{"origin": "zz"}]}),
    ] {
        assert!(ParseMemory::restore(&bad).is_err(), "{bad}");
    }
}

#[test]
fn many_origins_are_bounded_and_their_records_come_out() {
    let parse = Parse::default();
    let mut memory = parse.start();
    let mut records = 0;
    for round in 0..3 {
        let lines: Vec<Line<'_>> = (0..600).map(|_| (NO_TIME, Stream::Stdout, "INFO: x")).collect();
        let mut batch = batch_of(&lines, round * 600);
        for (at, row) in batch.rows.iter_mut().enumerate() {
            let container = Some(format!("c{round}-{at}"));
            batch.origins.push(SharedOrigin::new(Origin { container, ..Origin::default() }));
            row.origin = at as u16 + 1;
        }
        parse.apply(&mut memory, &mut batch, 0);
        records += batch.rows.len();
        for row in &batch.rows {
            assert!(batch.origin(row).origin.container.is_some());
        }
    }
    assert_eq!(memory.slots.len(), memory::SLOTS);
    assert_eq!(records, 1800 - memory::SLOTS);
}

#[test]
fn rules_of_the_user_read_typed_fields() {
    let node = |json: serde_json::Value| crate::config::document::Node { range: 0..1, value: to_node(&json) };
    fn to_node(json: &serde_json::Value) -> crate::config::document::NodeValue {
        use crate::config::document::{Node, NodeValue};
        match json {
            serde_json::Value::String(text) => {
                NodeValue::Text { text: text.clone(), offsets: (0..=text.len()).collect() }
            }
            serde_json::Value::Object(map) => NodeValue::Map(
                map.iter().map(|(k, v)| (k.clone(), 0..1, Node { range: 0..1, value: to_node(v) })).collect(),
            ),
            _ => NodeValue::Null,
        }
    }
    for (settings, line, level, message, fields) in [
        (
            serde_json::json!({"pattern": "<timestamp> <level> [<logger>] <tool.name> took <took:duration>: <message>"}),
            "2026-11-22T12:00:00Z  WARN  [a.b] read_file took 1.5s: slow, very",
            Some(Level::Warn),
            "slow, very",
            "tool.name=read_file took=Duration(1500000000)",
        ),
        (
            serde_json::json!({"regex": r"^(?P<client>\S+) (?<status:int>\d+) (?P<size:bytes>\S+)$"}),
            "10.0.0.1 404 4KiB",
            None,
            "10.0.0.1 404 4KiB",
            "client=10.0.0.1 status=Int(404) size=Bytes(4096)",
        ),
    ] {
        let node = node(settings);
        let mut diags = Diags::default();
        let settings = Settings { node: &node, folder: Path::new(".") };
        let parse = Parse::from_settings(&settings, &mut diags).unwrap_or_else(|| panic!("{diags:?}"));
        let mut memory = parse.start();
        let mut batch = batch_of(&[(NO_TIME, Stream::None, line)], 0);
        parse.apply(&mut memory, &mut batch, 0);
        parse.release(&mut memory, &mut batch, 0, End::Input);
        let event = events_of(&batch).remove(0);
        assert_eq!((event.level, &*event.message), (level, message), "{line}");
        let found: Vec<String> = batch
            .rest(&batch.rows[0])
            .iter()
            .map(|p| {
                let key = String::from_utf8_lossy(batch.text.stored(p.key)).into_owned();
                format!("{key}={}", plain(&batch, batch.cell_value(p.value)))
            })
            .collect();
        assert_eq!(found.join(" "), fields, "{line}");
    }
}
