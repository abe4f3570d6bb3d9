//! The files of one pipeline, laid end to end: one offset names a place in any of them.

use std::path::{Path, PathBuf};

/// One file.
#[derive(Clone, Debug)]
pub struct File {
    /// Its name in messages, as the user wrote it.
    pub name: String,
    /// The folder that relative paths in it start from.
    pub folder: PathBuf,
    /// What it says.
    pub text: String,
    /// Offset of its first byte.
    pub start: usize,
}

/// A place as people count: from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Line.
    pub line: usize,
    /// Column, in characters.
    pub column: usize,
}

/// The files, in the order they were named.
#[derive(Clone, Debug, Default)]
pub struct Files {
    files: Vec<File>,
}

impl Files {
    /// Adds a file; returns its index.
    pub fn add(&mut self, name: &str, folder: &Path, text: String) -> usize {
        let start = self.files.last().map_or(0, |file| file.start + file.text.len() + 1);
        self.files.push(File { name: name.to_owned(), folder: folder.to_owned(), text, start });
        self.files.len() - 1
    }

    /// All of them.
    pub fn all(&self) -> &[File] {
        &self.files
    }

    /// The file that an offset lies in.
    pub fn of(&self, offset: usize) -> Option<&File> {
        self.files.iter().rev().find(|file| file.start <= offset)
    }

    /// The bytes as they stand in their file.
    pub fn source(&self, range: &std::ops::Range<usize>) -> &str {
        let Some(file) = self.of(range.start) else { return "" };
        file.text.get(range.start - file.start..range.end.saturating_sub(file.start)).unwrap_or("")
    }
}

impl File {
    /// Line and column of an offset.
    pub fn place(&self, offset: usize) -> Place {
        let mut at = offset.saturating_sub(self.start).min(self.text.len());
        while !self.text.is_char_boundary(at) {
            at -= 1;
        }
        let before = &self.text[..at];
        let line_start = before.rfind('\n').map_or(0, |n| n + 1);
        Place {
            line: before.bytes().filter(|b| *b == b'\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_lead_back_to_file_line_and_column() {
        let mut files = Files::default();
        files.add("a.yaml", Path::new("."), "é: 1\nb".into());
        files.add("b.yaml", Path::new("."), "c\nd".into());
        let second = files.all()[1].start;
        assert_eq!(files.of(3).unwrap().name, "a.yaml");
        assert_eq!(files.of(3).unwrap().place(3), Place { line: 1, column: 3 });
        assert_eq!(files.of(second + 2).unwrap().name, "b.yaml");
        assert_eq!(files.of(second + 2).unwrap().place(second + 2), Place { line: 2, column: 1 });
        assert_eq!(files.source(&(second + 2..second + 3)), "d");
    }
}
