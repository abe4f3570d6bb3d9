//! Every recorded output of a real server, through `parse` and `extract`, against what it shows of tool calls.
//!
//! `fixtures/samples/cases.json` says which calls, errors and durations an output shows with certainty. Structured
//! output of an author's own works without help; for plain text of an author's own the rules stand in [`RULES`].

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use mcpp::config::{Diags, Settings, document};
use mcpp::event::memory::DynMemory;
use mcpp::event::{
    Batch, Buffer, End, Field, Flags, Identity, Key, Level, NO_TIME, Partition, Row, SharedOrigin, Span,
    Text, Value,
};
use mcpp::stages::{DynScan, Stage, extract, parse};
use serde_json::Value as Json;

/// Rules for plain text of an author's own: at most three lines each.
const RULES: &[(&[&str], &str)] = &[
    (
        &[
            "mcp-go/http-hooks-log.stderr.log",
            "mcp-go/http-hooks-log-legacy.stderr.log",
            "mcp-go/stdio-hooks-log.stderr.log",
        ],
        r#"
- {regex: 'Calling tool "(?<tool>\w+)"', kind: call}
- {regex: '[tT]ool "(?<tool>\w+)" (?:failed|returned an error): (?<error>.+)', kind: error}
"#,
    ),
    (
        &["mcp-go/http-hooks-example.stderr.log"],
        r#"
- {regex: '^beforeCallTool: .*?\}\} map\[.*?\]\] \{(?<tool>\w+) map', kind: call}
- {regex: '^onError: tools/call.*?\}\} map\[.*?\]\] \{(?<tool>\w+) map.*\}\}, (?<error>.+)', kind: error}
"#,
    ),
    (
        &["mcp-go/http-middleware-log.stderr.log"],
        r#"
- {regex: 'tool (?<tool>\w+) failed after (?<duration>\S+): (?<error>.*)'}
- {regex: 'tool (?<tool>\w+) took (?<duration>\S+) \(isError=(?<outcome:error>\w+)\)'}
"#,
    ),
    (
        &["go-sdk/http-http-example.stderr.log"],
        r#"
- {regex: 'tools/call \| Status: (?<outcome>\w+) \| Duration: (?<duration>\S+)'}
"#,
    ),
    (
        &["ts-sdk/http-winston-printf.stdout.log"],
        r#"
- {regex: 'Tool called: (?<tool>\w+)', kind: start}
- {regex: 'Tool call finished: (?<tool>\w+) \((?<duration>\w+)\)'}
- {regex: 'Tool (?:call failed|returned error): (?<tool>\w+) \((?<duration>\w+)\) - (?<error>.+)'}
"#,
    ),
    (
        &["ts-sdk/http-console.stderr.log", "ts-sdk/stdio-console.stderr.log"],
        r#"
- {regex: '\[tool\] (?<tool>\w+) called with', kind: start}
- {regex: '\[tool\] (?<tool>\w+) completed in (?<duration>\w+)'}
- {regex: '\[tool\] (?<tool>\w+) (?:error|failed): (?<error>.+)'}
"#,
    ),
    (
        &["ts-sdk/http-debug.stderr.log"],
        r#"
- {regex: 'mcp:tool call (?<tool>\w+)', kind: start}
- {regex: 'mcp:tool done (?<tool>\w+) (?<duration>\w+)'}
- {regex: 'mcp:error (?<tool>\w+)(?: threw|:) (?<error>.+)'}
"#,
    ),
];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/samples")
}

fn read(file: &str) -> Vec<u8> {
    std::fs::read(folder().join(file)).unwrap_or_else(|e| panic!("{file}: {e}"))
}

fn build(kind: &mcpp::stages::Kind, yaml: &str) -> Box<dyn DynScan> {
    let mut diags = Diags::default();
    let node = document::parse(yaml, 0, &mut diags).expect("YAML");
    let settings = Settings { node: &node, folder: Path::new(".") };
    let stage = (kind.build)(&settings, &mut diags);
    assert!(!diags.failed(), "{yaml}: {diags:?}");
    match stage {
        Some(Stage::Scan(stage)) => stage,
        _ => panic!("{} is no Scan", kind.name),
    }
}

fn extract_with(rules: &str) -> Box<dyn DynScan> {
    if rules.is_empty() {
        return build(&extract::KIND, "tools");
    }
    assert!(rules.trim().lines().count() <= 3, "a rule has at most three lines: {rules}");
    let rules: Vec<String> = rules.trim().lines().map(|line| format!("  {line}\n")).collect();
    build(&extract::KIND, &format!("rules:\n{}", rules.concat()))
}

/// An event that counts something.
#[derive(Clone, Debug, PartialEq)]
struct Event {
    key: Key,
    made: bool,
    level: Option<Level>,
    tool: String,
    call: bool,
    error: String,
    duration: Option<i64>,
    message: String,
}

fn text(value: Value<'_>) -> String {
    let mut out = Vec::new();
    match value {
        Value::Escaped(text) => mcpp::event::escape::unescape_into(text, &mut out),
        Value::Text(text) => out.extend_from_slice(text),
        _ => {}
    }
    String::from_utf8_lossy(&out).into_owned()
}

fn collect(batch: &Batch, out: &mut Vec<Event>) {
    for at in batch.alive() {
        let row = &batch.rows[at];
        out.push(Event {
            key: row.key,
            made: row.flags.has(Flags::MADE),
            level: row.level,
            tool: text(batch.value(at, Field::TOOL_NAME)),
            call: batch.value(at, Field::TOOL_CALL) == Value::Bool(true),
            error: text(batch.value(at, Field::TOOL_ERROR)),
            duration: match batch.value(at, Field::TOOL_DURATION) {
                Value::Duration(ns) => Some(ns),
                _ => None,
            },
            message: text(batch.value(at, Field::MESSAGE)),
        });
    }
}

fn run(extract: &dyn DynScan, input: &[u8], pieces: &[usize]) -> Vec<Event> {
    let parse = build(&parse::KIND, "auto");
    let stages: [&dyn DynScan; 2] = [&*parse, extract];
    let mut memory: Vec<Box<dyn DynMemory>> = stages.iter().map(|stage| stage.start()).collect();
    let partition = Arc::new(Partition {
        key: "test".into(),
        name: "test".into(),
        identity: Identity::File,
        origin: Arc::new(SharedOrigin::default()),
    });
    let mut lines: Vec<&[u8]> = input.split(|b| *b == b'\n').collect();
    if lines.last() == Some(&&b""[..]) {
        lines.pop();
    }
    let mut events = Vec::new();
    let (mut seq, mut at) = (0, 0);
    let mut pieces = pieces.iter().copied();
    while at < lines.len() {
        let end = pieces.next().map_or(lines.len(), |n| (at + n.max(1)).min(lines.len()));
        let (mut bytes, mut rows) = (Vec::new(), Vec::new());
        for line in &lines[at..end] {
            let raw = Span::in_buf(bytes.len(), bytes.len() + line.len());
            bytes.extend_from_slice(line);
            bytes.push(b'\n');
            seq += 1;
            rows.push(Row {
                raw,
                message: raw,
                engine_time: NO_TIME,
                timestamp: NO_TIME,
                key: Key { seq, index: 0 },
                place: seq,
                records: 1,
                ..Row::default()
            });
        }
        let mut batch = Batch::new(partition.clone(), Text::new(Buffer { bytes, lease: None }));
        batch.rows = rows;
        for (stage, memory) in stages.iter().zip(&mut memory) {
            let saved = memory.save();
            *memory = stage.restore(&saved).expect("what was saved can be restored");
            stage.apply(memory.as_mut(), &mut batch, 0);
        }
        collect(&batch, &mut events);
        at = end;
    }
    let mut batch = Batch::new(partition, Text::default());
    for (stage, memory) in stages.iter().zip(&mut memory) {
        if !batch.rows.is_empty() {
            stage.apply(memory.as_mut(), &mut batch, 0);
        }
        stage.release(memory.as_mut(), &mut batch, 0, End::Input);
    }
    collect(&batch, &mut events);
    events
}

fn cases() -> Vec<Json> {
    serde_json::from_slice(&read("cases.json")).expect("cases.json is JSON")
}

fn rules_of(file: &str) -> &'static str {
    RULES.iter().find(|(files, _)| files.contains(&file)).map_or("", |(_, rules)| rules)
}

type Counts = BTreeMap<String, u64>;

/// Per tool; calls without a name under the empty one.
fn count(events: &[Event], counts: impl Fn(&Event) -> bool) -> Counts {
    let mut found = Counts::new();
    for event in events.iter().filter(|event| counts(event)) {
        *found.entry(event.tool.clone()).or_default() += 1;
    }
    found
}

/// What may be found: what is stated, or another right reading.
fn allowed(case: &Json, key: &str) -> Vec<Counts> {
    let read = |value: &Json| -> Option<Counts> {
        let counts = value.as_object()?.iter();
        Some(counts.map(|(tool, n)| (tool.clone(), n.as_u64().expect("a number"))).collect())
    };
    // null: the text does not record them, so none may be found.
    let mut all = vec![read(&case[key]).unwrap_or_default()];
    if let Some(others) = case["acceptable"][key].as_array() {
        all.extend(others.iter().filter_map(read));
    }
    all
}

fn check(case: &Json, events: &[Event], wrong: &mut Vec<String>) {
    let file = case["file"].as_str().expect("a file");
    let mut say = |what: String| wrong.push(format!("{file}: {what}"));
    let unnamed = |key: &str| case["unnamed"][key].as_u64().unwrap_or(0);
    for (key, mut found) in
        [("calls", count(events, |e| e.call)), ("errors", count(events, |e| !e.error.is_empty()))]
    {
        let nameless = found.remove("").unwrap_or(0);
        if nameless > unnamed(key) {
            say(format!("{nameless} {key} without a name, stated {}", unnamed(key)));
        }
        let allowed = allowed(case, key);
        if !allowed.contains(&found) {
            say(format!("{key} {found:?}, stated {allowed:?}"));
        }
    }
    let found = count(events, |e| e.duration.is_some());
    let (named, nameless): (u64, u64) = (
        found.iter().filter(|(tool, _)| !tool.is_empty()).map(|(_, n)| n).sum(),
        found.get("").copied().unwrap_or(0),
    );
    let stated = case["durations"].as_u64().unwrap_or(0);
    let others = case["acceptable"]["durations"].as_array().into_iter().flatten().filter_map(Json::as_u64);
    let right = named == stated
        || others.into_iter().any(|n| n == named)
        || named + nameless == stated + unnamed("durations");
    if nameless > unnamed("durations") || !right {
        say(format!("{named} durations and {nameless} without a name, stated {stated}"));
    }
    for (tool, seconds) in case["seconds"].as_object().into_iter().flatten() {
        let mut stated: Vec<f64> =
            seconds.as_array().expect("a list").iter().filter_map(Json::as_f64).collect();
        let of_tool = events.iter().filter(|e| e.tool == *tool);
        let mut found: Vec<f64> = of_tool.filter_map(|e| e.duration).map(|ns| ns as f64 / 1e9).collect();
        stated.sort_by(f64::total_cmp);
        found.sort_by(f64::total_cmp);
        let same =
            stated.len() == found.len() && stated.iter().zip(&found).all(|(a, b)| (a - b).abs() < 1.1e-9);
        if !same {
            say(format!("{tool} took {found:?}, stated {stated:?}"));
        }
    }
    for event in events.iter().filter(|event| !event.error.is_empty()) {
        if event.level.is_none() {
            say(format!("an error without a level: {}", event.message));
        }
    }
}

#[test]
fn calls_errors_and_durations_of_every_case_are_as_stated() {
    let mut wrong = Vec::new();
    for case in cases() {
        let file = case["file"].as_str().expect("a file");
        let extract = extract_with(rules_of(file));
        check(&case, &run(&*extract, &read(file), &[]), &mut wrong);
        if let Some(with) = case["with_stdin"].as_object() {
            let mut input = read(with["stdin"].as_str().expect("a file"));
            input.extend(read(file));
            let mut case = Json::Object(with.clone());
            case["file"] = format!("{file} with its input").into();
            check(&case, &run(&*extract, &input, &[]), &mut wrong);
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

/// A small generator of numbers, the same in every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }
}

fn all_logs() -> Vec<String> {
    let mut files = Vec::new();
    for folder in std::fs::read_dir(folder()).expect("fixtures").flatten().filter(|f| f.path().is_dir()) {
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
fn where_batches_are_cut_changes_no_call() {
    let mut dice = Dice(11);
    for file in all_logs() {
        let extract = extract_with(rules_of(&file));
        let text = read(&file);
        let whole = run(&*extract, &text, &[]);
        for most in [1, 30] {
            let pieces: Vec<usize> = (0..text.len()).map(|_| 1 + dice.roll(most) as usize).collect();
            assert!(run(&*extract, &text, &pieces) == whole, "{file}, pieces of {most}");
        }
    }
}

#[test]
fn records_without_a_literal_say_nothing() {
    // A rule without a literal that matches nothing: every record is looked at.
    let thorough = extract_with("- {regex: '[^\\s\\S]'}");
    let plain = extract_with("");
    for file in all_logs() {
        let text = read(&file);
        assert!(run(&*plain, &text, &[]) == run(&*thorough, &text, &[]), "{file}");
    }
}
