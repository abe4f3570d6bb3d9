//! The rules of the house: who may name whom, how long files are, what stands in the lists.
#![allow(clippy::unwrap_used)] // All of it is test code.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Folder, and the other folders that it may name; the table in `docs/architecture.md`.
const MAY_NAME: &[(&str, &[&str])] = &[
    (
        "cli",
        &["ack", "config", "engine", "event", "plan", "platform", "sinks", "sources", "stages", "telemetry"],
    ),
    ("engine", &["ack", "config", "event", "plan", "sinks", "sources", "stages", "telemetry"]),
    ("plan", &["config", "event", "sinks", "sources", "stages"]),
    ("sources", &["ack", "config", "event", "platform", "telemetry"]),
    ("sinks", &["ack", "config", "event", "telemetry"]),
    ("stages", &["config", "event", "telemetry"]),
    ("platform", &["config", "event", "telemetry"]),
    ("event", &["ack"]),
    // Named points where a test ends the process.
    ("ack", &["telemetry"]),
    ("config", &[]),
    ("telemetry", &[]),
];

/// What stages must not name: time, files and sockets come as arguments or not at all.
const NOT_IN_STAGES: &[&str] = &[
    "tokio",
    "std::fs",
    "std::net",
    "std::thread",
    "std::time::Instant",
    "SystemTime",
    "Utc::now",
    "Local::now",
    "Instant::now",
    "File::open",
];

/// Lines of a file, tests apart.
const LONGEST: usize = 520;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Every file under a folder, in order; what is made, not written, is left out.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let entries = fs::read_dir(folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    for entry in entries {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if matches!(name.as_str(), ".git" | "target" | "bench-data") {
            continue;
        }
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// The Rust files of `src/` with their paths from there, without those that hold tests only.
fn sources() -> Vec<(String, String)> {
    let src = root().join("src");
    files(&src)
        .into_iter()
        .map(|path| (path.strip_prefix(&src).unwrap().to_string_lossy().into_owned(), path))
        .filter(|(name, _)| {
            name.ends_with(".rs")
                && !name.ends_with("tests.rs")
                && !name.contains("/tests/")
                && !name.ends_with("testing.rs")
        })
        .map(|(name, path)| (name, fs::read_to_string(path).unwrap()))
        .collect()
}

/// The code of a file: without its tests and without comments.
fn code(text: &str) -> String {
    let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    let lines = text.lines().map(|line| line.split("//").next().unwrap_or_default());
    lines.collect::<Vec<_>>().join("\n")
}

/// The folders of ours that a file's code names: `crate::x`, also in a list, and `super::` does not leave a folder.
fn named_folders(code: &str) -> BTreeSet<String> {
    let mut named = BTreeSet::new();
    for (at, found) in code.match_indices("crate::") {
        let rest = &code[at + found.len()..];
        let word = |text: &str| -> String {
            text.trim_start().chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect()
        };
        if let Some(list) = rest.strip_prefix('{') {
            let list = list.split('}').next().unwrap_or_default();
            named.extend(list.split(',').map(word).filter(|w| !w.is_empty()));
        } else {
            named.insert(word(rest));
        }
    }
    named
}

#[test]
fn folders_name_only_those_that_they_may() {
    let mut wrong = Vec::new();
    let mut seen = BTreeSet::new();
    for (name, text) in sources() {
        let Some((folder, _)) = name.split_once('/') else { continue };
        let Some((_, may)) = MAY_NAME.iter().find(|(f, _)| *f == folder) else {
            wrong.push(format!("src/{folder} does not stand in the table"));
            continue;
        };
        for named in named_folders(&code(&text)) {
            let folder_of_ours = MAY_NAME.iter().any(|(f, _)| *f == named);
            if folder_of_ours && named != folder && !may.contains(&named.as_str()) {
                wrong.push(format!("src/{name} names {named}"));
            }
            seen.insert(format!("{folder}/{named}"));
        }
    }
    assert!(seen.contains("stages/event"), "the scan finds nothing: {seen:?}");
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn stages_know_no_time_files_or_sockets() {
    let mut wrong = Vec::new();
    for (name, text) in sources().iter().filter(|(name, _)| name.starts_with("stages/")) {
        let code = code(text);
        wrong.extend(
            NOT_IN_STAGES.iter().filter(|w| code.contains(**w)).map(|w| format!("src/{name} names {w}")),
        );
    }
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn only_one_file_names_the_yaml_crate() {
    let users: Vec<String> = sources()
        .into_iter()
        .filter(|(_, text)| code(text).contains("saphyr"))
        .map(|(name, _)| name)
        .filter(|name| !name.starts_with("config/document"))
        .collect();
    assert_eq!(users, Vec::<String>::new());
}

#[test]
fn files_stay_short() {
    let long: Vec<String> = sources()
        .into_iter()
        .map(|(name, text)| {
            let tests = text.find("#[cfg(test)]\nmod tests {").unwrap_or(text.len());
            (name, text[..tests].lines().count())
        })
        .filter(|(_, lines)| *lines > LONGEST)
        .map(|(name, lines)| format!("src/{name} has {lines} lines"))
        .collect();
    assert_eq!(long, Vec::<String>::new());
}

/// The kinds that files of a folder declare, by file.
fn declared(folder: &str) -> BTreeSet<String> {
    sources()
        .into_iter()
        .filter(|(name, text)| name.starts_with(folder) && code(text).contains("pub const KIND: Kind"))
        .map(|(name, _)| {
            let name = name[folder.len() + 1..].trim_end_matches(".rs").trim_end_matches("/mod");
            name.to_owned()
        })
        .collect()
}

#[test]
fn every_kind_has_its_file_and_every_file_of_a_kind_is_listed() {
    let lists: [(&str, Vec<&str>); 3] = [
        ("sources", mcpp::sources::KINDS.iter().map(|kind| kind.name).collect()),
        ("stages", mcpp::stages::KINDS.iter().map(|kind| kind.name).collect()),
        ("sinks", mcpp::sinks::KINDS.iter().map(|kind| kind.name).collect()),
    ];
    for (folder, listed) in lists {
        let names: BTreeSet<String> = listed.iter().map(|name| (*name).to_owned()).collect();
        assert_eq!(names.len(), listed.len(), "a kind of src/{folder} is listed twice");
        assert_eq!(names, declared(folder), "src/{folder}");
    }
}

#[test]
fn every_dependency_says_what_for() {
    let manifest = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let (mut inside, mut count, mut silent) = (false, 0, Vec::new());
    for line in manifest.lines() {
        if line.starts_with('[') {
            inside = line.ends_with("dependencies]");
        } else if inside && line.contains('=') {
            count += 1;
            if !line.contains(" # ") {
                silent.push(line.to_owned());
            }
            assert!(!line.contains("git =") && !line.contains("\"*\""), "{line}");
        }
    }
    assert!(count > 20);
    assert_eq!(silent, Vec::<String>::new());
}

#[test]
fn the_project_speaks_of_itself_alone() {
    // In pieces, so that this file is not found.
    let words = [
        concat!("/wo", "rk/"),
        concat!("BRIEF", ".md"),
        concat!("crates", ".io-"),
        concat!("index.", "crates"),
        concat!("the ", "issue "),
        concat!("TO", "DO"),
        concat!("FIX", "ME"),
        concat!("for ", "now,"),
    ];
    let recorded = root().join("fixtures");
    let mut wrong = Vec::new();
    let mut read = 0;
    for path in files(&root()) {
        if path.starts_with(&recorded) || path.ends_with("Cargo.lock") {
            continue;
        }
        let Ok(text) = fs::read_to_string(&path) else { continue };
        read += 1;
        for word in words.iter().filter(|word| text.contains(**word)) {
            wrong.push(format!("{} says {word:?}", path.display()));
        }
    }
    assert!(read > 50);
    assert_eq!(wrong, Vec::<String>::new());
}
