//! Reading what a `file` sink wrote, over its rotations.

use std::collections::{BTreeMap, HashSet};
use std::io::Read;
use std::path::{Path, PathBuf};

use serde_json::Value;

/// Lines of JSON; every line must be whole.
#[track_caller]
pub fn parse(bytes: &[u8]) -> Vec<Value> {
    assert!(bytes.is_empty() || bytes.ends_with(b"\n"), "the last line is not whole");
    let lines = bytes.split(|&b| b == b'\n').filter(|line| !line.is_empty());
    lines
        .map(|line| {
            serde_json::from_slice(line)
                .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(line)))
        })
        .collect()
}

/// Everything written to `path`, the oldest rotation first.
#[track_caller]
pub fn read(path: &Path) -> Vec<Value> {
    parse(&bytes(path))
}

/// The bytes of a file and its rotations (`PATH.1`, `PATH.2.gz`, …), the oldest first.
pub fn bytes(path: &Path) -> Vec<u8> {
    let mut all = Vec::new();
    for file in rotations(path) {
        let mut packed = Vec::new();
        // A file that was just packed stands under its other name.
        let Ok(mut opened) = std::fs::File::open(&file) else { continue };
        opened.read_to_end(&mut packed).unwrap();
        if file.extension().is_some_and(|extension| extension == "gz") {
            flate2::read::MultiGzDecoder::new(packed.as_slice()).read_to_end(&mut all).unwrap();
        } else {
            all.extend_from_slice(&packed);
        }
    }
    all.extend(std::fs::read(path).unwrap_or_default());
    all
}

/// The rotated files of a path by number. Where one stands plain and packed, the plain one is still whole.
pub fn rotations(path: &Path) -> Vec<PathBuf> {
    let stem = format!("{}.", path.file_name().unwrap().to_str().unwrap());
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(path.parent().unwrap()).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        let Some(rest) = name.strip_prefix(&stem) else { continue };
        let Ok(number) = rest.trim_end_matches(".gz").parse::<u64>() else { continue };
        if !rest.ends_with(".gz") || !found.contains_key(&number) {
            found.insert(number, entry.path());
        }
    }
    found.into_values().collect()
}

/// The message of an event.
#[track_caller]
pub fn message(event: &Value) -> &str {
    event["message"].as_str().unwrap_or_else(|| panic!("no message: {event}"))
}

/// The id of an event.
#[track_caller]
pub fn id(event: &Value) -> &str {
    event["id"].as_str().unwrap_or_else(|| panic!("no id: {event}"))
}

/// Checks that no id stands twice.
#[track_caller]
pub fn no_id_twice(events: &[Value]) {
    let mut seen = HashSet::new();
    for event in events {
        assert!(seen.insert(id(event)), "written twice: {event}");
    }
}

/// The numbers `<<N>>` of one writer in a text, in their order.
pub fn numbers(writer: &str, text: &str) -> Vec<u64> {
    let head = format!("<<{writer}-");
    let parts = text.split(head.as_str()).skip(1);
    parts.map(|rest| rest.split_once(">>").unwrap().0.parse().unwrap()).collect()
}

/// Checks that the messages hold every number of a writer below `end`, once and in order.
#[track_caller]
pub fn holds_all(events: &[Value], writer: &str, end: u64) {
    let mut next = 0;
    for event in events {
        for number in numbers(writer, message(event)) {
            assert!(number <= next, "{writer}: {next} to {number} are missing before {event}");
            assert!(number == next, "{writer}: {number} comes again behind {}: {event}", next - 1);
            next += 1;
        }
    }
    assert_eq!(next, end, "{writer}: lines at the end are missing");
}
