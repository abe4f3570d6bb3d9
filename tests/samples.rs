//! Every recorded output of a real server, through `parse`, against what is known of it.
//!
//! `fixtures/samples/cases.json` says how many records an output has and which levels are written in it. Each is read
//! whole and in random pieces with a saved and restored Memory between them: the events must be the same.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use mcpp::event::{
    Batch, Buffer, End, Field, Flags, Identity, Key, Level, Memory, NO_TIME, Partition, Row, SharedOrigin,
    Span, Text, Value,
};
use mcpp::stages::Scan;
use mcpp::stages::needles::Needles;
use mcpp::stages::parse::{Parse, ParseMemory};
use serde_json::Value as Json;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/samples")
}

/// What a sink would see of an event.
#[derive(Clone, Debug, PartialEq)]
struct Event {
    key: Key,
    records: u32,
    level: Option<Level>,
    flags: Flags,
    timestamp: i64,
    message: String,
    raw: Vec<u8>,
    logger: String,
    fields: Vec<(String, String)>,
}

fn text_of(batch: &Batch, value: Value<'_>) -> String {
    let _ = batch;
    match value {
        Value::Escaped(text) => {
            let mut out = Vec::new();
            mcpp::event::escape::unescape_into(text, &mut out);
            String::from_utf8_lossy(&out).into_owned()
        }
        Value::Text(text) | Value::Json(text) => String::from_utf8_lossy(text).into_owned(),
        Value::Missing => String::new(),
        other => format!("{other:?}"),
    }
}

fn collect(batch: &Batch, out: &mut Vec<Event>) {
    let mut scratch = Vec::new();
    for at in batch.alive() {
        let row = &batch.rows[at];
        let fields = batch
            .rest(row)
            .iter()
            .map(|pair| {
                let key = String::from_utf8_lossy(batch.text.plain(pair.key, &mut scratch)).into_owned();
                (key, text_of(batch, batch.cell_value(pair.value)))
            })
            .collect();
        out.push(Event {
            key: row.key,
            records: row.records,
            level: row.level,
            flags: row.flags,
            timestamp: row.timestamp,
            message: text_of(batch, batch.value(at, Field::MESSAGE)),
            raw: batch.text.plain(row.raw, &mut scratch).to_vec(),
            logger: text_of(batch, batch.value(at, Field::LOGGER)),
            fields,
        });
    }
}

/// How lines are fed.
#[derive(Clone, Copy, Default)]
struct Feed<'a> {
    /// Lines in each batch; one batch when empty.
    pieces: &'a [usize],
    /// Engine time of each line; none when empty.
    times: &'a [i64],
    /// Lines are the inside of JSON strings, as in Docker's json-file.
    escaped: bool,
    /// Between batches the clock asks for what is over.
    clock: bool,
}

fn lines_of(text: &[u8]) -> Vec<&[u8]> {
    let mut lines: Vec<&[u8]> = text.split(|b| *b == b'\n').collect();
    if lines.last() == Some(&&b""[..]) {
        lines.pop();
    }
    lines
}

/// Feeds a text file's lines to `parse`, a batch for every piece.
fn run(parse: &Parse, text: &[u8], pieces: &[usize]) -> Vec<Event> {
    feed(parse, text, Feed { pieces, ..Feed::default() })
}

fn feed(parse: &Parse, text: &[u8], how: Feed<'_>) -> Vec<Event> {
    let partition = Arc::new(Partition {
        key: "test".into(),
        name: "test".into(),
        identity: Identity::File,
        origin: Arc::new(SharedOrigin::default()),
    });
    let lines = lines_of(text);
    let mut memory = parse.start();
    let mut events = Vec::new();
    let (mut at, mut dropped) = (0, 0);
    let mut pieces = how.pieces.iter().copied();
    while at < lines.len() {
        let end = pieces.next().map_or(lines.len(), |n| (at + n.max(1)).min(lines.len()));
        let mut bytes = Vec::new();
        let mut rows = Vec::new();
        for (index, line) in lines.iter().enumerate().take(end).skip(at) {
            let start = bytes.len();
            if how.escaped {
                mcpp::event::escape::escape_into(line, &mut bytes);
            } else {
                bytes.extend_from_slice(line);
            }
            let raw = Span::in_buf(start, bytes.len()).escaped(how.escaped);
            bytes.push(b'\n');
            let time = how.times.get(index).copied().unwrap_or(NO_TIME);
            let seq = index as u64 + 1;
            rows.push(Row {
                raw,
                message: raw,
                engine_time: time,
                timestamp: time,
                key: Key { seq, index: 0 },
                place: seq,
                records: 1,
                ..Row::default()
            });
        }
        let mut batch = Batch::new(partition.clone(), Text::new(Buffer { bytes, lease: None }));
        batch.rows = rows;
        let saved = memory.save();
        memory = ParseMemory::restore(&saved).expect("what was saved can be restored");
        parse.apply(&mut memory, &mut batch, 0);
        collect(&batch, &mut events);
        dropped += batch.rows.iter().filter(|row| !row.alive()).count() as u64;
        if how.clock
            && let Some(next) = how.times.get(end)
        {
            // The clock is somewhere before the next line.
            let mut batch = Batch::new(partition.clone(), Text::default());
            parse.release(&mut memory, &mut batch, next - 1, End::Clock);
            collect(&batch, &mut events);
        }
        at = end;
    }
    let mut batch = Batch::new(partition, Text::default());
    parse.release(&mut memory, &mut batch, 0, End::Input);
    collect(&batch, &mut events);
    let records: u64 = events.iter().map(|e| u64::from(e.records)).sum();
    assert_eq!(records + dropped, lines.len() as u64, "every line is in one event");
    events
}

fn cases() -> Vec<Json> {
    let text = std::fs::read(folder().join("cases.json")).expect("fixtures/samples/cases.json is there");
    serde_json::from_slice(&text).expect("cases.json is JSON")
}

fn read(file: &str) -> Vec<u8> {
    std::fs::read(folder().join(file)).unwrap_or_else(|e| panic!("{file}: {e}"))
}

fn number(value: &Json) -> usize {
    value.as_u64().expect("a number") as usize
}

/// A small generator of numbers, the same in every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }
}

#[test]
fn records_and_levels_of_every_case_are_as_stated() {
    let parse = Parse::default();
    let mut wrong = Vec::new();
    for case in cases() {
        let file = case["file"].as_str().expect("a file");
        let events = run(&parse, &read(file), &[]);
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for event in &events {
            if let Some(level) = event.level
                && !event.flags.has(Flags::CRASH)
            {
                *counts.entry(level.as_str()).or_default() += 1;
            }
        }
        if let Some(levels) = case["levels"].as_object() {
            for level in ["DEBUG", "INFO", "WARN", "ERROR"] {
                let stated = levels.get(level).map_or(0, number);
                let found = counts.get(level).copied().unwrap_or(0);
                if stated != found {
                    wrong.push(format!("{file}: {level} {found}, stated {stated}"));
                }
            }
        }
        if let Some(records) = case["records"].as_u64() {
            let records = records as usize;
            let plain = case["plain"].as_u64().unwrap_or(0) as usize;
            let mut allowed = vec![records, records + plain];
            if let Some(others) = case["acceptable"]["records"].as_array() {
                for other in others {
                    allowed.push(number(other));
                    allowed.push(number(other) + plain);
                }
            }
            if !allowed.contains(&events.len()) {
                wrong.push(format!("{file}: {} records, stated {records} and {plain} plain", events.len()));
            }
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

fn all_logs() -> Vec<String> {
    let mut files = Vec::new();
    for folder in std::fs::read_dir(folder()).expect("fixtures").flatten() {
        if !folder.path().is_dir() {
            continue;
        }
        for file in std::fs::read_dir(folder.path()).expect("a folder of fixtures").flatten() {
            let name =
                format!("{}/{}", folder.file_name().to_string_lossy(), file.file_name().to_string_lossy());
            if name.ends_with(".log") {
                files.push(name);
            }
        }
    }
    files.sort();
    assert!(files.len() > 200, "{}", files.len());
    files
}

#[test]
fn where_batches_are_cut_changes_nothing() {
    let parse = Parse::default();
    let mut dice = Dice(7);
    for file in all_logs() {
        let text = read(&file);
        let whole = run(&parse, &text, &[]);
        for most in [1, 3, 20] {
            let pieces: Vec<usize> = (0..text.len()).map(|_| 1 + dice.roll(most) as usize).collect();
            let cut = run(&parse, &text, &pieces);
            assert_eq!(whole.len(), cut.len(), "{file}, pieces of {most}");
            for (a, b) in whole.iter().zip(&cut) {
                assert_eq!(a, b, "{file}, pieces of {most}");
            }
        }
    }
}

#[test]
fn delays_and_the_clock_change_nothing_where_the_engine_gives_times() {
    let parse = Parse::default();
    let mut dice = Dice(11);
    for file in all_logs() {
        let text = read(&file);
        let mut now = 1_795_377_060_000_000_000;
        let times: Vec<i64> = lines_of(&text)
            .iter()
            .map(|_| {
                now += if dice.roll(20) == 0 { 5_000_000_000 } else { 1_234 };
                now
            })
            .collect();
        let whole = feed(&parse, &text, Feed { times: &times, ..Feed::default() });
        let pieces: Vec<usize> = times.iter().map(|_| 1 + dice.roll(4) as usize).collect();
        let cut = feed(&parse, &text, Feed { times: &times, pieces: &pieces, clock: true, escaped: false });
        assert_eq!(whole, cut, "{file}");
    }
}

#[test]
fn escaped_lines_read_like_plain_ones() {
    let parse = Parse::default();
    for file in all_logs() {
        let text = read(&file);
        let Ok(valid) = std::str::from_utf8(&text) else { continue };
        let plain = feed(&parse, valid.as_bytes(), Feed::default());
        let escaped = feed(&parse, valid.as_bytes(), Feed { escaped: true, ..Feed::default() });
        assert_eq!(plain.len(), escaped.len(), "{file}");
        for (a, b) in plain.iter().zip(&escaped) {
            assert_eq!(a, b, "{file}");
        }
    }
}

#[test]
fn what_is_searched_before_parsing_changes_no_answer() {
    let parse = Parse::default();
    let words =
        ["tools/call", "read_file", "Error calling tool", "duration", "Traceback", "zzz", "quota exceeded"];
    let mut skipped = 0;
    for word in words {
        let mut guarded = Parse::default();
        assert!(guarded.guard(&Needles::texts(&[word])), "{word}");
        for file in all_logs() {
            let text = read(&file);
            for escaped in [false, true] {
                let wanted = |events: Vec<Event>| -> Vec<Event> {
                    events.into_iter().filter(|e| e.message.contains(word)).collect()
                };
                let how = Feed { escaped, ..Feed::default() };
                let all = feed(&parse, &text, how);
                let some = feed(&guarded, &text, how);
                skipped += all.len() - some.len();
                assert_eq!(wanted(all), wanted(some), "{file}: {word}");
            }
        }
    }
    assert!(skipped > 10_000, "the search is of use: {skipped}");
}

#[test]
fn every_json_record_in_wrapped_output_parses() {
    let parse = Parse::default();
    let (mut found, mut bad) = (0, Vec::new());
    for file in all_logs() {
        if !file.starts_with("fastmcp") {
            continue;
        }
        for event in run(&parse, &read(&file), &[]) {
            // Rich heads: the raw text has columns, the message none.
            let wrapped = event.raw.starts_with(b"[") || event.raw.starts_with(b"        ");
            if wrapped && event.message.starts_with('{') {
                found += 1;
                if serde_json::from_str::<Json>(&event.message).is_err() || !event.flags.has(Flags::JSON) {
                    bad.push(format!("{file}: {}", event.message));
                }
            }
        }
    }
    assert!(found >= 340, "{found}");
    assert!(bad.is_empty(), "{} of {found}:\n{}", bad.len(), bad.join("\n"));
}
