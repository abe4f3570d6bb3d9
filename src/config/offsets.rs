//! Where each byte of a decoded scalar stands in the file.
//!
//! * The map has one entry per decoded byte and one for the end, never descending.
//! * Escapes, doubled quotes and folded line ends are stepped over as their notation says; if decoded text and source
//!   do not agree after all, the rest points at the place where they parted.

/// How a scalar is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Style {
    /// Without quotes.
    Plain,
    /// In single quotes.
    Single,
    /// In double quotes.
    Double,
    /// A literal or folded block.
    Block,
}

/// The map of `text` as decoded from `source`, which begins at offset `base`.
pub fn map(source: &str, text: &str, style: Style, base: usize) -> Vec<usize> {
    let quoted = matches!(style, Style::Single | Style::Double);
    let inner = if quoted { source.get(1..source.len().saturating_sub(1)).unwrap_or("") } else { source };
    let base = base + usize::from(quoted);
    let mut aligner = Aligner { source: inner, at: 0, base, out: Vec::with_capacity(text.len() + 1) };
    let mut rest = text;
    while !rest.is_empty() {
        let Some(used) = aligner.step(rest, style) else { break };
        rest = &rest[used..];
    }
    let end = if rest.is_empty() && style != Style::Block { aligner.at } else { aligner.last_end() };
    let Aligner { mut out, .. } = aligner;
    let end = (base + end).max(out.last().copied().unwrap_or(base));
    out.resize(text.len() + 1, end);
    out
}

struct Aligner<'a> {
    source: &'a str,
    at: usize,
    base: usize,
    out: Vec<usize>,
}

impl Aligner<'_> {
    fn last_end(&self) -> usize {
        self.at.min(self.source.trim_end().len())
    }

    fn push(&mut self, bytes: usize) {
        let place = self.base + self.at;
        self.out.extend(std::iter::repeat_n(place, bytes));
    }

    /// Aligns the next piece of decoded text; returns how many bytes of it.
    fn step(&mut self, text: &str, style: Style) -> Option<usize> {
        let source = &self.source[self.at..];
        let first = source.chars().next()?;
        if first.is_ascii_whitespace() {
            return self.blanks(text, style);
        }
        let decoded = text.chars().next()?;
        if style == Style::Double && first == '\\' {
            let width = match source.as_bytes().get(1)? {
                b'x' => 4,
                b'u' => 6,
                b'U' => 10,
                b'\n' | b'\r' => {
                    // An escaped line end stands for nothing, and so does the indentation behind it.
                    let rest = &source[1..];
                    self.at += 1 + rest.len() - rest.trim_start().len();
                    return Some(0);
                }
                _ => 2,
            };
            self.push(decoded.len_utf8());
            self.at += width;
            return self
                .source
                .is_char_boundary(self.at.min(self.source.len()))
                .then_some(decoded.len_utf8());
        }
        if decoded != first {
            return None;
        }
        self.push(decoded.len_utf8());
        self.at += first.len_utf8() + usize::from(style == Style::Single && source.starts_with("''"));
        Some(decoded.len_utf8())
    }

    /// Aligns a run of white space, which may hold folded line ends.
    fn blanks(&mut self, text: &str, style: Style) -> Option<usize> {
        let source = &self.source[self.at..];
        let written = source.len() - source.trim_start_matches([' ', '\t', '\n', '\r']).len();
        let decoded = text.len() - text.trim_start_matches([' ', '\t', '\n', '\r']).len();
        let lines = source[..written].matches('\n').count();
        let wanted = match (style, lines) {
            (Style::Block, _) => decoded,
            (_, 0) => written,
            (_, 1) => 1,
            (_, lines) => lines - 1,
        };
        // Before an escaped line end blanks stay, and the run is followed by nothing decoded.
        let taken = wanted.min(decoded);
        for at in 0..taken {
            self.out.push(self.base + self.at + at.min(written - 1));
        }
        self.at += written;
        (taken == wanted).then_some(taken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The source text that decoded bytes `part` point at.
    fn at<'a>(source: &'a str, text: &str, style: Style, part: &str) -> &'a str {
        let offsets = map(source, text, style, 0);
        assert_eq!(offsets.len(), text.len() + 1);
        assert!(offsets.is_sorted(), "{offsets:?}");
        let start = text.find(part).unwrap();
        &source[offsets[start]..offsets[start + part.len()]]
    }

    #[test]
    fn every_style_leads_back_to_what_was_written() {
        for (source, text, style, part, written) in [
            ("level >= WARM", "level >= WARM", Style::Plain, "WARM", "WARM"),
            ("a\n   b == c", "a b == c", Style::Plain, "c", "c"),
            ("'it''s x'", "it's x", Style::Single, "x", "x"),
            ("'it''s x'", "it's x", Style::Single, "it's", "it''s"),
            (r#""a \"q\" WARM""#, "a \"q\" WARM", Style::Double, "WARM", "WARM"),
            (r#""\u00e9\x41 b""#, "éA b", Style::Double, "b", "b"),
            ("\"one\\\n   two\"", "onetwo", Style::Double, "two", "two"),
            ("\"one \\\n   two\"", "one two", Style::Double, "two", "two"),
            ("\"one\n\n   two\"", "one\ntwo", Style::Double, "two", "two"),
            ("a\n  b\n\n", "a\nb\n", Style::Block, "b", "b"),
            ("a\n    b\n  c\n", "a\n  b\nc\n", Style::Block, "c", "c"),
            ("f1\n  f2\n\n  f3\n", "f1 f2\nf3", Style::Block, "f3", "f3"),
        ] {
            assert_eq!(at(source, text, style, part), written, "{source:?}");
        }
    }

    #[test]
    fn what_does_not_agree_still_has_a_place() {
        assert_eq!(map("abc", "axx", Style::Plain, 10), [10, 11, 11, 11]);
        assert_eq!(map("", "xy", Style::Block, 3), [3, 3, 3]);
        assert!(map(":\t ", ":\t ", Style::Block, 0).is_sorted());
    }
}
