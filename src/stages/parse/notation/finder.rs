//! The work on one line: what the notations share.

use std::ops::Range;

use super::{Found, Parsed, clock::Stamp};
use crate::event::Level;

/// One line on its way into [`Parsed`].
pub(super) struct Finder<'a> {
    /// The line without the white space at its end.
    pub line: &'a [u8],
    pub out: &'a mut Parsed,
    /// Whether fields are wanted; only the head is, where a line is asked whether it begins a record.
    pub fields: bool,
}

/// A word that names a level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Word {
    pub level: Level,
    pub end: usize,
    pub case: Case,
}

/// How a word's letters are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Case {
    Upper,
    Lower,
    Title,
}

impl<'a> Finder<'a> {
    pub fn new(line: &'a [u8], out: &'a mut Parsed, fields: bool) -> Finder<'a> {
        out.clear();
        Finder { line: line.trim_ascii_end(), out, fields }
    }

    pub fn at(&self, at: usize) -> Option<u8> {
        self.line.get(at).copied()
    }

    pub fn starts(&self, at: usize, with: &[u8]) -> bool {
        self.line.get(at..).is_some_and(|rest| rest.starts_with(with))
    }

    /// Behind blanks and tabs.
    pub fn skip(&self, at: usize) -> usize {
        skip(self.line, at)
    }

    /// Where the word at `at` ends: at a blank, a tab or the line's end.
    pub fn word_end(&self, at: usize) -> usize {
        word_end(self.line, at)
    }

    /// The position of `byte` in the next `most` bytes.
    pub fn find(&self, at: usize, byte: u8, most: usize) -> Option<usize> {
        let end = self.line.len().min(at.saturating_add(most));
        Some(at + memchr::memchr(byte, self.line.get(at..end)?)?)
    }

    pub fn time(&mut self, stamp: Stamp) {
        self.out.time = Some(stamp.time);
    }

    pub fn level(&mut self, at: usize, word: Word) {
        self.out.level = Some(word.level);
        self.out.level_text = at..word.end;
    }

    pub fn has_level(&self) -> bool {
        self.out.level.is_some()
    }

    pub fn has_logger(&self) -> bool {
        !self.out.logger.is_empty()
    }

    pub fn logger(&mut self, range: Range<usize>) {
        self.out.logger = range;
    }

    /// Adds a field whose name the notation knows.
    pub fn named(&mut self, name: &'static str, value: Found) {
        if self.fields {
            self.out.named.push((name, value));
        }
    }

    /// Adds a field of text, unless it is empty.
    pub fn named_text(&mut self, name: &'static str, range: Range<usize>) {
        if !range.is_empty() {
            self.named(name, Found::Text(range));
        }
    }

    /// Adds a field of digits.
    pub fn named_number(&mut self, name: &'static str, range: Range<usize>) {
        if let Some(number) = super::clock::number(self.line, range.start, range.len()) {
            self.named(name, Found::Int(number));
        }
    }

    /// Adds where in the code a record was written: `main.go:120`, `src/main.rs:12:5`.
    pub fn code(&mut self, range: Range<usize>) {
        let Some((file, line)) = place(self.line, range.clone()) else { return };
        self.named_text("code.file", file);
        self.named_number("code.line", line);
    }

    /// What is left is the message; the line is understood.
    pub fn done(&mut self, notation: &'static str, message: usize) -> bool {
        let start = message.min(self.line.len());
        self.out.notation = notation;
        self.out.message = self.skip(start)..self.line.len();
        true
    }
}

pub(super) fn skip(b: &[u8], at: usize) -> usize {
    let mut at = at;
    while matches!(b.get(at), Some(b' ' | b'\t')) {
        at += 1;
    }
    at
}

pub(super) fn word_end(b: &[u8], at: usize) -> usize {
    let mut end = at;
    while !matches!(b.get(end), None | Some(b' ' | b'\t' | b'\n')) {
        end += 1;
    }
    end
}

/// A file and a line of it: `dir/main.go:12`, at times with a column behind it.
pub(super) fn place(b: &[u8], range: Range<usize>) -> Option<(Range<usize>, Range<usize>)> {
    let text = &b[range.clone()];
    let mut colon = text.iter().rposition(|c| *c == b':')?;
    let mut end = text.len();
    if let Some(before) = text[..colon].iter().rposition(|c| *c == b':')
        && digits(&text[before + 1..colon])
    {
        (end, colon) = (colon, before);
    }
    let file = &text[..colon];
    if !digits(&text[colon + 1..end]) || file.is_empty() || file.iter().any(|c| matches!(c, b' ' | b'\t')) {
        return None;
    }
    if !file.contains(&b'.') && !file.contains(&b'/') {
        return None;
    }
    Some((range.start..range.start + colon, range.start + colon + 1..range.start + end))
}

fn digits(b: &[u8]) -> bool {
    !b.is_empty() && b.len() < 10 && b.iter().all(u8::is_ascii_digit)
}

/// The level a whole word at `at` names.
pub(super) fn level_at(b: &[u8], at: usize) -> Option<Word> {
    let rest = b.get(at..)?;
    let len = rest.iter().take(12).take_while(|c| c.is_ascii_alphabetic()).count();
    if len < 3 || rest.get(len).is_some_and(|c| c.is_ascii_digit() || matches!(c, b'_' | b'\'' | 0x80..)) {
        return None;
    }
    let level = Level::parse(&rest[..len])?;
    Some(Word { level, end: at + len, case: case(&rest[..len])? })
}

fn case(word: &[u8]) -> Option<Case> {
    let upper = word.iter().filter(|c| c.is_ascii_uppercase()).count();
    match upper {
        0 => Some(Case::Lower),
        1 if word[0].is_ascii_uppercase() => Some(Case::Title),
        n if n == word.len() => Some(Case::Upper),
        _ => None,
    }
}

/// Levels whose names are also everyday words or components: only clear marks around them make them levels.
pub(super) fn everyday(word: &[u8]) -> bool {
    matches!(
        word.to_ascii_uppercase().as_slice(),
        b"ALL"
            | b"CONFIG"
            | b"FINE"
            | b"FINER"
            | b"FINEST"
            | b"SUCCESS"
            | b"ALERT"
            | b"PANIC"
            | b"NOTICE"
            | b"EMERGENCY"
            | b"SILLY"
            | b"VERBOSE"
            | b"INFORMATION"
            | b"CRT"
            | b"TRAC"
    )
}

/// Whether a name can be a logger's: letters, digits and the marks of modules, classes and packages.
pub(super) fn is_name(word: &[u8]) -> bool {
    let Some(first) = word.first() else { return false };
    (first.is_ascii_alphabetic() || matches!(first, b'_' | b'.' | b'o' | b'$'))
        && word.len() <= 200
        && word.iter().all(|c| {
            c.is_ascii_alphanumeric() || matches!(c, b'_' | b'.' | b'-' | b':' | b'$' | b'/' | b'@' | b'#')
        })
        && !matches!(word.last(), Some(b':' | b'.' | b'-'))
}
