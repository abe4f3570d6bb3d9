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
    /// Whether it is also an everyday word, or a part of a program: only clear marks around it make it a level.
    pub everyday: bool,
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

    /// Whether `what` stands in the next `most` bytes; where.
    pub fn find_text(&self, at: usize, what: &[u8], most: usize) -> Option<usize> {
        let mut at = at;
        let end = self.line.len().min(at.saturating_add(most));
        loop {
            at = self.find(at, what[0], end.checked_sub(at)?)?;
            if self.starts(at, what) {
                return Some(at);
            }
            at += 1;
        }
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
        // The first one counts: a second thread or process is a group nobody can name.
        if self.fields && !self.out.named.iter().any(|(known, _)| *known == name) {
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

    /// `org.acme.Main:42`: the name, without the line that is kept beside it.
    pub fn logger_line(&mut self, name: Range<usize>) -> Range<usize> {
        let text = &self.line[name.clone()];
        if !text.last().is_some_and(u8::is_ascii_digit) {
            return name;
        }
        let Some(colon) = text.iter().rposition(|c| *c == b':') else { return name };
        let line = name.start + colon + 1..name.end;
        if colon == 0 || line.is_empty() || !self.line[line.clone()].iter().all(u8::is_ascii_digit) {
            return name;
        }
        self.named_number("code.line", line);
        name.start..name.start + colon
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
    if !text.last()?.is_ascii_digit() {
        return None;
    }
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
    let made = file[0] == b'<' && file.ends_with(b">"); // Python's `<string>`
    if !(made || source(file) || file.iter().any(|c| matches!(c, b'/' | b'\\'))) {
        return None;
    }
    Some((range.start..range.start + colon, range.start + colon + 1..range.start + end))
}

/// Endings of source files; `mcp.server:42` is a logger and its line.
const SOURCES: [&[u8]; 28] = [
    b"py", b"pyx", b"go", b"rs", b"js", b"mjs", b"cjs", b"ts", b"mts", b"cts", b"tsx", b"jsx", b"java",
    b"kt", b"scala", b"rb", b"php", b"c", b"cc", b"cpp", b"cxx", b"h", b"hpp", b"cs", b"swift", b"ex",
    b"exs", b"erl",
];

fn source(file: &[u8]) -> bool {
    let Some(dot) = file.iter().rposition(|c| *c == b'.') else { return false };
    dot > 0 && SOURCES.contains(&&file[dot + 1..])
}

fn digits(b: &[u8]) -> bool {
    !b.is_empty() && b.len() < 10 && b.iter().all(u8::is_ascii_digit)
}

/// The level a whole word at `at` names.
pub(super) fn level_at(b: &[u8], at: usize) -> Option<Word> {
    let rest = b.get(at..)?;
    // Most words are no levels: two letters tell.
    if rest.len() < 3
        || !matches!(rest[0] | 0x20, b'a' | b'c'..=b'f' | b'i' | b'n' | b'p' | b's'..=b't' | b'v' | b'w')
    {
        return None;
    }
    let (mut len, mut upper, mut name) = (0, 0, 0u64);
    while let Some(letter) = rest.get(len).filter(|c| c.is_ascii_alphabetic()) {
        name = name << 8 | u64::from(letter | 0x20);
        upper += usize::from(*letter < b'a');
        len += 1;
        if len > 11 {
            return None;
        }
    }
    if rest.get(len).is_some_and(|c| c.is_ascii_digit() || matches!(c, b'_' | b'\'' | 0x80..)) {
        return None;
    }
    let (level, everyday) = if len > 8 { (Level::parse(&rest[..len])?, true) } else { level(name)? };
    let case = match upper {
        0 => Case::Lower,
        n if n == len => Case::Upper,
        1 if rest[0].is_ascii_uppercase() => Case::Title,
        _ => return None,
    };
    Some(Word { level, end: at + len, case, everyday })
}

/// A word of up to eight letters as a number, in lower case.
const fn key(word: &[u8]) -> u64 {
    let (mut number, mut at) = (0, 0);
    while at < word.len() {
        number = number << 8 | (word[at] | 0x20) as u64;
        at += 1;
    }
    number
}

/// As [`Level::parse`] for a [`key`], and whether the level is also an everyday word or a part of a program.
fn level(name: u64) -> Option<(Level, bool)> {
    macro_rules! keys {
        ($($name:ident $word:literal;)*) => { $(const $name: u64 = key($word);)* };
    }
    keys! {
        TRACE b"trace"; TRC b"trc"; TRAC b"trac"; FINER b"finer"; FINEST b"finest"; SILLY b"silly"; VERBOSE b"verbose";
        ALL b"all"; DEBUG b"debug"; DBG b"dbg"; DEBU b"debu"; FINE b"fine"; INFO b"info"; INF b"inf"; NOTICE b"notice";
        SUCCESS b"success"; CONFIG b"config"; WARN b"warn"; WARNING b"warning"; WRN b"wrn"; ERROR b"error"; ERR b"err";
        ERRO b"erro"; EROR b"eror"; SEVERE b"severe"; FATAL b"fatal"; FTL b"ftl"; FATA b"fata"; CRITICAL b"critical";
        CRIT b"crit"; CRT b"crt"; PANIC b"panic"; PNC b"pnc"; ALERT b"alert"; EMERG b"emerg"; DPANIC b"dpanic";
    }
    Some(match name {
        INFO | INF => (Level::Info, false),
        DEBUG | DBG | DEBU => (Level::Debug, false),
        ERROR | ERR | ERRO | EROR | SEVERE => (Level::Error, false),
        WARN | WARNING | WRN => (Level::Warn, false),
        TRACE | TRC => (Level::Trace, false),
        FATAL | FTL | FATA | CRITICAL | CRIT | PNC | DPANIC | EMERG => (Level::Fatal, false),
        TRAC | FINER | FINEST | SILLY | VERBOSE | ALL => (Level::Trace, true),
        FINE => (Level::Debug, true),
        NOTICE | SUCCESS | CONFIG => (Level::Info, true),
        CRT | PANIC | ALERT => (Level::Fatal, true),
        _ => return None,
    })
}

/// Which bytes names hold.
const NAME: [bool; 256] = {
    let mut table = [false; 256];
    let mut c = 0u8;
    while c < 128 {
        table[c as usize] =
            c.is_ascii_alphanumeric() || matches!(c, b'_' | b'.' | b'-' | b':' | b'$' | b'/' | b'@' | b'#');
        c += 1;
    }
    table
};

/// Whether a name can be a logger's: letters, digits and the marks of modules, classes and packages.
pub(super) fn is_name(word: &[u8]) -> bool {
    let Some(first) = word.first() else { return false };
    (first.is_ascii_alphabetic() || matches!(first, b'_' | b'.' | b'o' | b'$'))
        && word.len() <= 200
        && word.iter().all(|c| NAME[usize::from(*c)])
        && !matches!(word.last(), Some(b':' | b'.' | b'-'))
        && !is_tool_word(word)
}

/// Whether a word begins a line about a tool (`tool_call: NAME …`): it is text and never a logger.
pub(super) fn is_tool_word(word: &[u8]) -> bool {
    matches!(word, b"tool_call" | b"tool_error" | b"tool_duration")
}
