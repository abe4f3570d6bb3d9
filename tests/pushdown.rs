//! Searching before parsing changes no answer: every recorded output, fifty filters, with and without it.
#![allow(clippy::unwrap_used)] // All of it is test code.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use mcpp::event::{
    Batch, Buffer, DynMemory, End, Field, Identity, Key, NO_TIME, Partition, Row, SharedOrigin, Span, Text,
    Value,
};
use mcpp::plan::{Options, Plan, PlannedStage};
use mcpp::stages::Stage;

const FILTERS: [&str; 50] = [
    "level >= WARN",
    "level == ERROR",
    "level in [INFO, ERROR]",
    "level < INFO",
    "not level >= INFO",
    "exists(level)",
    "message contains \"quota\"",
    "message contains \"Error\"",
    "message contains \"Processing request\"",
    "message contains \"CallToolRequest\"",
    "message contains \"tools/call\"",
    "message contains \"tool\" and level >= INFO",
    "message contains \"tool\" or level >= ERROR",
    "not message contains \"tool\"",
    "message contains \"Traceback (most recent call last)\"",
    "message contains \"read_file\"",
    "message contains \"\\\"method\\\"\"",
    "message contains \"jsonrpc\" and not message contains \"result\"",
    "message contains \"a\"",
    "message starts_with \"Starting\"",
    "message starts_with \"Tool \"",
    "message ends_with \"failed\"",
    "message ends_with \"]\"",
    "message matches \"(?i)error|fail\"",
    "message matches \"POST /mcp\"",
    "message matches \"[0-9]+ms\"",
    "message matches \"completed in [0-9.]+ms\"",
    "message matches \"^Call\"",
    "message matches \"HTTP/1.1\\\" (200|202|404)\"",
    "message matches \"session[_-]id|sessionId\"",
    "message == \"Application startup complete.\"",
    "message != \"Application startup complete.\"",
    "message in [\"Waiting for application startup.\", \"Application startup complete.\"]",
    "raw contains \"INFO\"",
    "raw contains \"uvicorn\"",
    "logger contains \"fastmcp\"",
    "logger == \"mcp.server.lowlevel.server\"",
    "exists(logger) and level == INFO",
    "exists(tool.name)",
    "tool.call",
    "exists(tool.error)",
    "tool.name == \"divide\"",
    "tool.duration > 1ms",
    "tool.name == \"divide\" or level >= ERROR",
    "exists(tool.name) and message contains \"failed\"",
    "exists(tool.name) or message contains \"startup\"",
    "tool == \"divide\"",
    "method == \"tools/call\" or event contains \"request\"",
    "level.text == \"info\"",
    "level >= WARN and message contains \"deprecat\"",
];

fn outputs() -> Vec<PathBuf> {
    fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|ending| ending == "log" || ending == "txt") {
                found.push(path);
            }
        }
    }
    let mut found = Vec::new();
    walk(Path::new("fixtures/samples"), &mut found);
    found.sort();
    assert!(found.len() > 100);
    found
}

fn plan(at: usize, filter: &str, pushdown: bool) -> (Vec<PlannedStage>, bool) {
    let extract = if at.is_multiple_of(2) || filter.contains("tool.") { "{ extract: tools }, " } else { "" };
    let filter = serde_json::to_string(filter).unwrap();
    let text = format!(
        "sources: {{ a: {{ file: {{ paths: [a.log] }} }} }}
stages: [ {{ parse: auto }}, {extract}{{ filter: {filter} }} ]
sinks: {{ out: {{ blackhole: {{}} }} }}\n"
    );
    let checked = Plan::from_text("pushdown.yaml", &text, &Options { pushdown, ..Options::default() });
    let searched = !checked.explain.to_json()["searched"].is_null();
    let look = Default::default();
    let plan = checked.plan.unwrap_or_else(|| panic!("{filter}: {}", checked.report.to_text(look)));
    (plan.stages, searched)
}

/// Runs an output through stages in pieces of so many lines; what comes out, as text.
fn run(stages: &[PlannedStage], text: &[u8], lines_each: usize) -> Vec<String> {
    let partition = Arc::new(Partition {
        key: "test".into(),
        name: "test".into(),
        identity: Identity::File,
        origin: Arc::new(SharedOrigin::default()),
    });
    let mut memories: Vec<Option<Box<dyn DynMemory>>> = stages
        .iter()
        .map(|stage| match &stage.stage {
            Stage::Map(_) => None,
            Stage::Scan(scan) => Some(scan.start()),
        })
        .collect();
    let lines: Vec<&[u8]> = text.split_inclusive(|b| *b == b'\n').collect();
    let (mut shown, mut seq) = (Vec::new(), 0);
    for piece in lines.chunks(lines_each) {
        let mut bytes = Vec::new();
        let mut rows = Vec::new();
        for line in piece {
            let raw = Span::in_buf(bytes.len(), bytes.len() + line.strip_suffix(b"\n").unwrap_or(line).len());
            bytes.extend_from_slice(line);
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
        pass(stages, &mut memories, &mut batch, None);
        show(&batch, &mut shown);
    }
    let mut batch = Batch::new(partition, Text::default());
    pass(stages, &mut memories, &mut batch, Some(End::Input));
    show(&batch, &mut shown);
    shown
}

fn pass(
    stages: &[PlannedStage],
    memories: &mut [Option<Box<dyn DynMemory>>],
    batch: &mut Batch,
    end: Option<End>,
) {
    for (stage, memory) in stages.iter().zip(memories) {
        match (&stage.stage, memory) {
            (Stage::Map(map), _) => map.apply(batch),
            (Stage::Scan(scan), Some(memory)) => {
                scan.apply(&mut **memory, batch, 0);
                if let Some(end) = end {
                    scan.release(&mut **memory, batch, 0, end);
                }
            }
            (Stage::Scan(_), None) => panic!("a Scan has a Memory"),
        }
    }
}

fn show(batch: &Batch, shown: &mut Vec<String>) {
    let fields = [
        Field::MESSAGE,
        Field::TIMESTAMP,
        Field::TOOL_NAME,
        Field::TOOL_CALL,
        Field::TOOL_ERROR,
        Field::TOOL_DURATION,
    ];
    for row in batch.alive() {
        let mut text = format!("{:?} {:?}", batch.rows[row].key, batch.rows[row].level);
        for field in fields {
            let value = batch.value(row, field);
            let part = match value {
                Value::Text(text) => String::from_utf8_lossy(text).into_owned(),
                Value::Escaped(text) => {
                    let mut plain = Vec::new();
                    mcpp::event::escape::unescape_into(text, &mut plain);
                    String::from_utf8_lossy(&plain).into_owned()
                }
                other => format!("{other:?}"),
            };
            text.push_str(" | ");
            text.push_str(&part);
        }
        shown.push(text);
    }
}

#[test]
fn searching_before_parsing_changes_no_answer() {
    let outputs: Vec<(PathBuf, Vec<u8>)> =
        outputs().into_iter().map(|path| (path.clone(), std::fs::read(&path).unwrap())).collect();
    let (mut searched, mut passed, mut wrong) = (0, 0, Vec::new());
    for (at, filter) in FILTERS.iter().enumerate() {
        let (with, is_searched) = plan(at, filter, true);
        let (without, never) = plan(at, filter, false);
        assert!(!never);
        searched += usize::from(is_searched);
        for (path, text) in &outputs {
            // Pieces of all sizes, the whole file among them.
            let lines_each = [usize::MAX, 1, 7, 40][at % 4];
            let expected = run(&without, text, lines_each);
            passed += expected.len();
            let found = run(&with, text, lines_each);
            if found != expected {
                let first = expected.iter().zip(&found).find(|(a, b)| a != b);
                wrong.push(format!(
                    "{filter} on {} ({} instead of {}): {first:?}",
                    path.display(),
                    found.len(),
                    expected.len()
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
    assert!(searched >= 10, "only {searched} of the filters are searched for");
    assert!(passed > 10_000, "the filters let nearly nothing pass: {passed}");
}
