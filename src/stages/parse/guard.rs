//! Literals searched in a whole batch before anything is parsed.
//!
//! * A record is skipped only if no record lacking every literal can pass the filter behind: what the literals are
//!   is the planner's to prove; that skipping cannot change the answer is kept here.
//! * Doubt runs the normal path: terminal codes may cut a word in two, JSON may spell a letter `\u0065`.

use aho_corasick::{AhoCorasick, MatchKind};

/// A set of literals of which every record that matters holds at least one.
#[derive(Clone, Debug)]
pub struct Guard {
    search: AhoCorasick,
    literals: Vec<String>,
}

impl Guard {
    /// Most literals that are worth searching.
    pub const MOST: usize = 64;

    /// A guard over literals; `None` if they are no use: none at all, an empty or a very short one, one that JSON may
    /// escape in ways that a search cannot follow (quotes behind the beginning, backslashes, control characters, non-ASCII
    /// letters).
    pub fn new<S: AsRef<str>>(literals: &[S], ignore_case: bool) -> Option<Guard> {
        if literals.is_empty() || literals.len() > Guard::MOST {
            return None;
        }
        let mut patterns: Vec<String> = Vec::new();
        for literal in literals {
            let literal = literal.as_ref();
            // A quote that begins one is found behind the backslash that JSON puts before it.
            let rest = literal.strip_prefix('"').unwrap_or(literal);
            if literal.len() < 3
                || !rest.bytes().all(|b| (0x20..0x7f).contains(&b) && b != b'"' && b != b'\\')
            {
                return None;
            }
            patterns.push(literal.to_owned());
        }
        // Spellings of the literals' own characters that JSON allows beside the plain one.
        let mut doubts: Vec<String> = vec!["\u{1b}".to_owned(), "\\u001b".to_owned(), "\\u001B".to_owned()];
        for byte in patterns.iter().flat_map(|p| p.bytes()) {
            let nibble = byte >> 4;
            match byte {
                b'/' => doubts.extend(["\\/".to_owned(), "\\u002f".to_owned(), "\\u002F".to_owned()]),
                0x20..=0x3f => doubts.extend([format!("\\u{byte:04x}"), format!("\\u{byte:04X}")]),
                _ => doubts.push(format!("\\u00{nibble:x}")),
            }
            if ignore_case && byte.is_ascii_alphabetic() {
                doubts.push(format!("\\u00{:x}", nibble ^ 2));
            }
        }
        patterns.extend(doubts);
        patterns.sort_unstable();
        patterns.dedup();
        let search = AhoCorasick::builder()
            .match_kind(MatchKind::Standard)
            .ascii_case_insensitive(ignore_case)
            .build(&patterns)
            .ok()?;
        let literals = literals.iter().map(|l| l.as_ref().to_owned()).collect();
        Some(Guard { search, literals })
    }

    /// The literals, for `--explain`.
    pub fn literals(&self) -> &[String] {
        &self.literals
    }

    /// Writes where in `text` a literal or a doubt stands, ascending.
    pub fn search(&self, text: &[u8], hits: &mut Vec<u32>) {
        hits.clear();
        hits.extend(self.search.find_iter(text).map(|found| found.start() as u32));
    }
}

/// Walks the hits of a batch along with its records.
#[derive(Debug, Default)]
pub struct Hits {
    /// Where they stand, ascending.
    pub at: Vec<u32>,
    next: usize,
}

impl Hits {
    /// Starts over.
    pub fn rewind(&mut self) {
        self.next = 0;
    }

    /// Whether one stands in `start..end`; asked with falling `start` it searches, with rising it walks.
    pub fn within(&mut self, start: usize, end: usize) -> bool {
        if self.next > 0 && self.at[self.next - 1] as usize >= start {
            self.next = self.at.partition_point(|at| (*at as usize) < start);
        }
        while self.at.get(self.next).is_some_and(|at| (*at as usize) < start) {
            self.next += 1;
        }
        self.at.get(self.next).is_some_and(|at| (*at as usize) < end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hit(guard: &Guard, text: &str) -> bool {
        let mut hits = Vec::new();
        guard.search(text.as_bytes(), &mut hits);
        !hits.is_empty()
    }

    #[test]
    fn literals_that_json_may_hide_are_refused() {
        for bad in ["", "ab", "a\"bc", "a\\bc", "für", "a\nbc"] {
            assert!(Guard::new(&[bad], false).is_none(), "{bad}");
        }
        assert!(Guard::new::<&str>(&[], false).is_none());
    }

    #[test]
    fn doubt_counts_as_a_hit() {
        let guard = Guard::new(&["tools/call", "ERROR"], false).unwrap();
        for yes in ["x ERROR y", "tools/call", r"tools\/call", r"\u0045RROR", "ERR\x1b[0mOR", r"\u001b[1mERR"]
        {
            assert!(hit(&guard, yes), "{yes}");
        }
        for no in ["error", r"\u003cb\u003e", r"\n\t", "plain"] {
            assert!(!hit(&guard, no), "{no}");
        }
        let guard = Guard::new(&["\"tool"], false).unwrap();
        for yes in [r#"{"tool":1}"#, r#"{\"tool\":1}"#, r"\u0022tool", r#"\\\"tools"#] {
            assert!(hit(&guard, yes), "{yes}");
        }
        let guard = Guard::new(&["error"], true).unwrap();
        for yes in ["ERROR", "Error", r"\u0045rror", r"\u0065rror"] {
            assert!(hit(&guard, yes), "{yes}");
        }
    }

    #[test]
    fn hits_are_found_in_any_order() {
        let mut hits = Hits { at: vec![5, 20, 40], next: 0 };
        assert!(!hits.within(0, 5));
        assert!(hits.within(5, 6));
        assert!(hits.within(0, 6));
        assert!(!hits.within(6, 20));
        assert!(hits.within(30, 41));
        assert!(hits.within(10, 30));
        assert!(!hits.within(41, 100));
        assert!(hits.within(0, 100));
    }
}
