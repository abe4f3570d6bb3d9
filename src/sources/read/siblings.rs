//! Rotated files: which belong to a path, and in which order they were written.
//!
//! * Known are a number (`a.log.1`) and a date or time (`a.log-20250127`, `0.log.20250127-164730`), with or without
//!   `.gz` or `.zst` behind.
//! * Files with a date come first, by date; then numbers, the highest first; last the path itself.
//! * Of a file and its compressed copy only the file counts.

use std::fs;
use std::path::{Path, PathBuf};

/// How old a rotated file is: less is older.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Age {
    Dated(String),
    Numbered(std::cmp::Reverse<u32>),
}

/// The age that the end of a name tells (`.1`, `-20250127.gz`), if it is that of a rotated file.
fn age(suffix: &str) -> Option<Age> {
    let suffix = suffix.strip_suffix(".gz").or_else(|| suffix.strip_suffix(".zst")).unwrap_or(suffix);
    let inside = suffix.strip_prefix(['.', '-'])?;
    if !inside.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    if inside.len() <= 5 {
        return inside.parse().ok().map(|number| Age::Numbered(std::cmp::Reverse(number)));
    }
    let dated = inside.len() >= 8
        && inside.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'-' | b'_' | b'T' | b':' | b'.'));
    dated.then(|| Age::Dated(inside.to_owned()))
}

/// The path that a rotated file was, if its name tells.
pub(super) fn origin_of(path: &Path) -> Option<PathBuf> {
    let name = path.file_name()?.to_str()?;
    name.char_indices().skip(1).find_map(|(at, c)| {
        (matches!(c, '.' | '-') && age(&name[at..]).is_some()).then(|| path.with_file_name(&name[..at]))
    })
}

/// Sorts the rotated files of `path` among `others`, oldest first.
pub(super) fn in_order(path: &Path, others: impl IntoIterator<Item = PathBuf>) -> Vec<PathBuf> {
    let Some(base) = path.file_name().and_then(|n| n.to_str()) else { return Vec::new() };
    let mut found: Vec<(Age, bool, PathBuf)> = others
        .into_iter()
        .filter_map(|other| {
            let name = other.file_name()?.to_str()?;
            let packed = name.ends_with(".gz") || name.ends_with(".zst");
            Some((age(name.strip_prefix(base)?)?, packed, other))
        })
        .collect();
    found.sort();
    found.dedup_by(|later, first| later.0 == first.0);
    found.into_iter().map(|(_, _, path)| path).collect()
}

/// The rotated files that stand beside `path`, oldest first. A folder that cannot be read has none.
pub(super) fn beside(path: &Path) -> Vec<PathBuf> {
    let Some(folder) = path.parent() else { return Vec::new() };
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    in_order(path, entries.flatten().map(|entry| path.with_file_name(entry.file_name())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rotated_files_stand_in_the_order_of_writing() {
        let names = [
            "a.log",
            "a.log.1",
            "a.log.10.gz",
            "a.log.2.gz",
            "a.log.2",
            "a.log-20250127",
            "a.log-20250126.gz",
            "a.log.20250127-164730",
            "a.log.bak",
            "b.log.1",
            "a.log.gz",
            "a.log.1.tmp",
        ];
        let got = in_order(Path::new("/x/a.log"), names.iter().map(|n| PathBuf::from(format!("/x/{n}"))));
        let got: Vec<_> = got.iter().map(|p| p.file_name().unwrap().to_str().unwrap()).collect();
        assert_eq!(
            got,
            [
                "a.log-20250126.gz",
                "a.log-20250127",
                "a.log.20250127-164730",
                "a.log.10.gz",
                "a.log.2",
                "a.log.1"
            ]
        );
    }

    #[test]
    fn a_rotated_file_names_its_origin() {
        for (name, origin) in [
            ("a.log.1", Some("a.log")),
            ("a.log.2.gz", Some("a.log")),
            ("0.log.20250127-164730", Some("0.log")),
            ("a.log", None),
            ("a.log.gz", None),
            ("app-12345-json.log", None),
        ] {
            assert_eq!(origin_of(Path::new(name)), origin.map(PathBuf::from), "{name}");
        }
    }
}
