use std::sync::Arc;

use proptest::prelude::*;
use serde_json::{Map, Value as Json, json};

use super::*;
use crate::event::{Level, Origin};
use crate::sinks::sample::{Sample, TIME};

fn line(sample: &Sample, index: usize) -> String {
    let mut out = Vec::new();
    encode(&Event { batch: &sample.batch, index }, None, &mut out);
    String::from_utf8(out).unwrap()
}

/// The keys in order and their values; panics where a key stands twice.
fn read(line: &str) -> (Vec<String>, Map<String, Json>) {
    let map: Map<String, Json> = serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}"));
    let mut keys = Vec::new();
    crate::event::json::members(line.as_bytes(), |m| {
        keys.push(serde_json::from_str(&format!("\"{}\"", &line[m.key.0..m.key.1])).unwrap());
    })
    .unwrap();
    assert_eq!(keys.len(), map.len(), "a key stands twice: {line}");
    (keys, map)
}

#[test]
fn an_event_with_everything_has_the_keys_in_order() {
    let mut sample = Sample::of("mcp-demo-0127-164730-0a1b2c3d", "demo");
    sample.say(Level::Error, "Tool 'read_file' failed: \"quota\"\nsecond");
    let row = sample.batch.rows.last_mut().unwrap();
    row.timestamp = TIME;
    row.flags.set(Flags::CUT);
    let custom = sample.span("eu");
    sample.set(Field::named("region"), Cell::Text(custom));
    let logger = sample.span("server.tools");
    sample.set(Field::LOGGER, Cell::Text(logger));
    sample.tool("read_file", true, Some("tool"), Some(66_210_000));
    sample.own("user", "7");
    let mut out = Vec::new();
    encode(&Event { batch: &sample.batch, index: 0 }, Some(EventId(0xabc)), &mut out);
    assert_eq!(
        String::from_utf8(out).unwrap(),
        concat!(
            r#"{"timestamp":"2026-01-27T16:47:30.124550668Z","level":"ERROR","#,
            r#""message":"Tool 'read_file' failed: \"quota\"\nsecond","#,
            r#""deployment":"mcp-demo-0127-164730-0a1b2c3d","template":"demo","container":"0123abc","#,
            r#""stream":"stdout","tool":"read_file","tool_call":true,"tool_error":"tool","#,
            r#""tool_duration_ms":66.21,"cut":true,"logger":"server.tools","region":"eu","user":"7","#,
            r#""id":"00000000000000000000000000000abc"}"#,
            "\n"
        )
    );
}

#[test]
fn what_is_not_known_is_absent() {
    let mut sample = Sample::of("", "");
    let row = sample.row(b"");
    row.engine_time = NO_TIME;
    row.stream = crate::event::Stream::None;
    sample.own_json("gone", "null");
    sample.own("kept", "");
    let key = sample.span("nan");
    sample.pair(key, Cell::Float(f64::NAN));
    assert_eq!(line(&sample, 0), "{\"message\":\"\",\"kept\":\"\"}\n");
}

#[test]
fn numbers_of_milliseconds_have_no_trailing_zeros() {
    for (ns, text) in [
        (0, "0"),
        (1, "0.000001"),
        (941, "0.000941"),
        (54_900, "0.0549"),
        (1_000_000, "1"),
        (1_201_570_000, "1201.57"),
        (-1_500_000, "-1.5"),
        (i64::MAX, "9223372036854.775807"),
        (i64::MIN, "-9223372036854.775808"),
    ] {
        let mut out = Vec::new();
        milliseconds(ns, &mut out);
        assert_eq!(String::from_utf8(out).unwrap(), text);
    }
}

#[test]
fn own_fields_keep_their_text_and_the_last_of_equal_keys_wins() {
    let mut sample = Sample::of("", "");
    sample.row(b"m");
    sample.own("a", "first");
    let escaped = sample.span(r"caf\u00e9 \/ \n").escaped(true);
    let key = sample.span("b");
    sample.pair(key, Cell::Text(escaped));
    sample.own_json("n", "1.50e3");
    sample.own_json("o", "{\"x\": [1,\n2]}");
    sample.own("a", "last");
    let line = line(&sample, 0);
    assert!(line.contains(r#""b":"caf\u00e9 \/ \n","n":1.50e3,"o":{"x": [1, 2]},"a":"last"}"#), "{line}");
    assert!(!line.contains("first"));
}

#[test]
fn equal_keys_are_found_through_escapes() {
    let mut sample = Sample::of("", "");
    sample.row(b"m");
    sample.own("name", "first");
    let key = sample.span(r"n\u0061me").escaped(true);
    let value = sample.span("last");
    sample.pair(key, Cell::Text(value));
    let (_, map) = read(&line(&sample, 0));
    assert_eq!(map["name"], "last");
}

#[test]
fn own_keys_that_collide_are_kept_under_another_name() {
    let mut sample = Sample::of("demo", "");
    sample.say(Level::Info, "m");
    for key in ["level", "record.level", "tool_call", "template", "host", "id", "record.free"] {
        sample.own(key, key);
    }
    sample.batch.set_column(Field::HOST, Column::All(Constant::Text(Arc::from("here"))));
    let (keys, map) = read(&line(&sample, 0));
    assert_eq!(map["level"], "INFO");
    assert_eq!(map["host"], "here");
    assert_eq!(
        keys[7..],
        [
            "record.level",
            "record.record.level",
            "record.tool_call",
            "record.template",
            "record.host",
            "record.id",
            "record.free"
        ]
        .map(str::to_owned)
    );
    assert_eq!(map["record.record.level"], "record.level");
}

#[test]
fn our_own_export_read_again_keeps_its_names() {
    let mut sample = Sample::of("demo", "");
    sample.say(Level::Info, "m").flags.set(Flags::EXTRACTED);
    for key in ["tool", "tool_call", "level", "deployment", "id"] {
        sample.own(key, "own");
    }
    let (keys, _) = read(&line(&sample, 0));
    assert_eq!(
        keys[6..],
        ["tool", "tool_call", "record.level", "record.deployment", "id"].map(str::to_owned)
    );
}

#[test]
fn no_byte_is_lost_where_text_is_not_utf8() {
    let mut sample = Sample::of("", "");
    let row = sample.row(b"INFO caf\xe9 \xff\x00");
    row.message = row.message.slice(5, 12);
    let (_, map) = read(&line(&sample, 0));
    assert_eq!(map["message"], "caf\u{fffd} \u{fffd}\0");
    let raw = STANDARD.decode(map["raw_base64"].as_str().unwrap()).unwrap();
    assert_eq!(raw, b"INFO caf\xe9 \xff\x00");

    sample.row(b"fine");
    let key = sample.span("k");
    let value = sample.batch.text.push(b"\xff");
    sample.pair(key, Cell::Text(value));
    let (_, map) = read(&line(&sample, 1));
    assert_eq!((&map["k"], &map["raw_base64"]), (&json!("\u{fffd}"), &json!("ZmluZQ==")));
}

#[test]
fn what_is_no_inside_of_a_string_is_not_marked_escaped() {
    for broken in ["a\\", "a\"b", "a\u{1}b", r"\ud800", r"\x41", r"\u12"] {
        let mut sample = Sample::of("", "");
        let span = sample.row(broken.as_bytes()).message;
        sample.batch.rows[0].message = sample.batch.text.mark_escaped(span);
        let (_, map) = read(&line(&sample, 0));
        assert!(map["message"].is_string(), "{broken}");
    }
}

#[test]
fn thousands_of_own_fields_take_no_quadratic_time() {
    let mut sample = Sample::of("", "");
    sample.row(b"m");
    for n in 0..60_000u32 {
        sample.own(&format!("key{}", n % 30_000), "v");
    }
    let (keys, _) = read(&line(&sample, 0));
    assert_eq!(keys.len(), 30_000 + 3);
}

fn any_bytes() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        "\\PC{0,60}".prop_map(String::into_bytes),
        proptest::collection::vec(any::<u8>(), 0..60),
        proptest::collection::vec(proptest::sample::select(b"ab\\\"\n\x1b u00e9".to_vec()), 0..60),
    ]
}

fn any_cell(sample: &mut Sample, kind: u8, bytes: &[u8]) -> (Cell, Option<Json>) {
    let lossy = String::from_utf8_lossy(bytes).into_owned();
    match kind % 8 {
        0 => (Cell::Text(sample.batch.text.push(bytes)), Some(json!(lossy))),
        1 => (Cell::Int(bytes.len() as i64 - 7), Some(json!(bytes.len() as i64 - 7))),
        2 => (Cell::Float(0.5), Some(json!(0.5))),
        3 => (Cell::Bool(true), Some(json!(true))),
        4 => {
            let text = serde_json::to_string_pretty(&json!({"k": [lossy]})).unwrap();
            (Cell::Json(sample.span(&text)), Some(json!({"k": [lossy]})))
        }
        5 => (Cell::Duration(1_500_000), Some(json!(1.5))),
        6 => {
            let quoted = serde_json::to_string(&lossy).unwrap();
            let span = sample.span(&quoted[1..quoted.len() - 1]).escaped(true);
            (Cell::Text(span), Some(json!(lossy)))
        }
        _ => (Cell::Missing, None),
    }
}

proptest! {
    #[test]
    fn every_line_parses_and_the_fields_read_back(
        message in any_bytes(),
        escaped in any::<bool>(),
        fields in proptest::collection::vec(
            (prop_oneof![
                any_bytes(),
                proptest::sample::select(&["level", "record.level", "id", "a", "b", "record.record.level"][..])
                    .prop_map(|s| s.as_bytes().to_vec()),
            ], any::<u8>(), any_bytes()), 0..40),
    ) {
        let mut sample = Sample::from(Origin { deployment: Some("d".to_owned()), ..Origin::default() });
        let row = sample.row(&message);
        row.level = Some(Level::Warn);
        if escaped {
            let span = sample.batch.rows[0].message;
            sample.batch.rows[0].message = sample.batch.text.mark_escaped(span);
        }
        let mut expected = Map::new();
        for (key, kind, value) in &fields {
            let span = sample.batch.text.push(key);
            let (cell, json) = any_cell(&mut sample, *kind, value);
            sample.pair(span, cell);
            let key = String::from_utf8_lossy(key).into_owned();
            expected.remove(&key);
            if let Some(json) = json {
                expected.insert(key, json);
            }
        }
        let line = line(&sample, 0);
        prop_assert_eq!(line.matches('\n').count(), 1);
        let (_, map) = read(&line);
        let mut plain = Vec::new();
        if escaped {
            crate::event::escape::unescape_into(&message, &mut plain);
        } else {
            plain = message.clone();
        }
        prop_assert_eq!(map["message"].as_str().unwrap(), String::from_utf8_lossy(&plain));
        for (key, json) in expected {
            let found = [key.clone(), format!("record.{key}")].iter().any(|k| map.get(k) == Some(&json));
            prop_assert!(found, "{} {}", key, line);
        }
    }
}
