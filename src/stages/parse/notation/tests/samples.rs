//! Recorded output of real servers: the levels that are read of its lines are those that stand there.

use std::collections::BTreeMap;
use std::path::Path;

use crate::stages::parse::notation::{Parsed, parse_line};

/// A line without its colours.
fn plain(line: &[u8]) -> Vec<u8> {
    let (mut out, mut at) = (Vec::new(), 0);
    while at < line.len() {
        if line[at..].starts_with(b"\x1b[") {
            at += 2;
            while at < line.len() && !line[at].is_ascii_alphabetic() {
                at += 1;
            }
        } else {
            out.push(line[at]);
        }
        at += 1;
    }
    out
}

/// Whether a line is JSON, logfmt or of Rich's columns: read elsewhere.
fn foreign(line: &[u8]) -> bool {
    let rich = line.len() > 19 && line[0] == b'[' && line[3] == b'/' && line[6] == b'/';
    rich || [&b"{"[..], b"time=", b"level="].iter().any(|start| line.starts_with(start))
}

#[test]
fn the_levels_of_recorded_output_are_those_written() {
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/samples");
    let cases = std::fs::read(samples.join("cases.json")).unwrap();
    let cases: Vec<serde_json::Value> = serde_json::from_slice(&cases).unwrap();
    let mut walked = 0;
    let mut parsed = Parsed::default();
    for case in cases.iter().filter(|case| case["levels"].is_object()) {
        let file = case["file"].as_str().unwrap();
        let text = std::fs::read(samples.join(file)).unwrap();
        let lines: Vec<Vec<u8>> = text.split(|c| *c == b'\n').map(plain).collect();
        if lines.iter().any(|line| foreign(line)) {
            continue;
        }
        let mut levels = BTreeMap::new();
        for line in &lines {
            if parse_line(line, &mut parsed)
                && let Some(level) = parsed.level
            {
                *levels.entry(level.as_str().to_owned()).or_insert(0) += 1;
            }
        }
        let stated: BTreeMap<String, u64> = serde_json::from_value(case["levels"].clone()).unwrap();
        let stated: BTreeMap<String, u64> = stated.into_iter().filter(|(_, count)| *count > 0).collect();
        assert_eq!(levels, stated, "{file}");
        walked += 1;
    }
    assert!(walked >= 50, "only {walked} outputs walked");
}
