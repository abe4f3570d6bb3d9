//! Literals searched in a whole batch before anything is parsed.
//!
//! * A record is skipped only if no record lacking every literal can pass the filter behind: what the literals are
//!   is the planner's to prove; that skipping cannot change the answer is kept here.
//! * Doubt runs the normal path: terminal codes may cut a word in two, JSON may spell a letter `\u0065`.

mod search;

use memchr::{memchr_iter, memmem};

use search::Search;

/// A set of literals of which every record that matters holds at least one.
#[derive(Clone, Debug)]
pub struct Guard {
    search: Search,
    /// Characters that JSON may spell as `\u00XX` and that would hide a literal, by their code.
    hidden: Box<[bool; 256]>,
    /// A literal holds a slash, which JSON may escape.
    slash: bool,
    literals: Vec<String>,
}

impl Guard {
    /// Most literals that are worth searching.
    pub const MOST: usize = 64;

    /// A guard over literals; `None` if they are no use: none at all, an empty or a very short one, one that JSON may
    /// escape in ways that a search cannot follow (quotes behind the beginning, backslashes, control characters, non-ASCII
    /// letters).
    pub fn new<S: AsRef<str>>(literals: &[S]) -> Option<Guard> {
        if literals.is_empty() || literals.len() > Guard::MOST {
            return None;
        }
        let literals: Vec<String> = literals.iter().map(|l| l.as_ref().to_owned()).collect();
        let mut hidden = Box::new([false; 256]);
        for literal in &literals {
            let bytes = literal.as_bytes();
            // A quote that begins one is found behind the backslash that JSON puts before it.
            let rest = bytes.strip_prefix(b"\"").unwrap_or(bytes);
            if bytes.len() < 3 || !rest.iter().all(|b| (0x20..0x7f).contains(b) && *b != b'"' && *b != b'\\')
            {
                return None;
            }
            bytes.iter().for_each(|b| hidden[usize::from(*b)] = true);
        }
        // Terminal codes may stand inside a word.
        hidden[0x1b] = true;
        let slash = hidden[usize::from(b'/')];
        let sought: Vec<&[u8]> = literals.iter().map(|literal| rarest_end(literal.as_bytes())).collect();
        let search = Search::new(&sought);
        Some(Guard { search, hidden, slash, literals })
    }

    /// The literals, for `--explain`.
    pub fn literals(&self) -> &[String] {
        &self.literals
    }

    /// Writes where in `text` a literal or a doubt begins, ascending.
    ///
    /// `veiled`: see [`Batch::veiled`](crate::event::Batch::veiled).
    pub fn search(&self, text: &[u8], veiled: bool, hits: &mut Vec<u32>) {
        hits.clear();
        self.search.find(text, hits);
        // Engines spell these so in any text.
        if !veiled && !b"<>&".iter().any(|b| self.hidden[usize::from(*b)]) {
            return;
        }
        let found = hits.len();
        for at in memmem::find_iter(text, b"\\u00") {
            let code = text.get(at + 4..at + 6).and_then(|hex| std::str::from_utf8(hex).ok());
            let code = code.and_then(|hex| u8::from_str_radix(hex, 16).ok());
            if code.is_some_and(|code| self.hidden[usize::from(code)]) {
                hits.push(at as u32);
            }
        }
        if self.slash {
            hits.extend(memmem::find_iter(text, b"\\/").map(|at| at as u32));
        }
        hits.extend(memchr_iter(0x1b, text).map(|at| at as u32));
        if hits.len() > found {
            hits.sort_unstable();
        }
    }
}

/// The end of a literal that begins with its four rarest bytes. The vector search looks at four bytes first, and logs
/// are full of `tool`, `serv` and `time`; more hits than the whole literal has do no harm, fewer would.
fn rarest_end(literal: &[u8]) -> &[u8] {
    // Lower case letters and slashes are what paths and prose are made of.
    let rarity = |byte: &u8| match byte {
        b'a'..=b'z' | b'/' => 1,
        b' ' | b'.' | b'0'..=b'9' => 2,
        b'A'..=b'Z' | b'_' => 3,
        _ => 4,
    };
    let starts = 0..=literal.len().saturating_sub(4);
    // Of equals the first, so that the longest end is sought.
    let best = starts.rev().max_by_key(|&at| literal[at..].iter().take(4).map(rarity).sum::<u32>());
    &literal[best.unwrap_or(0)..]
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
        guard.search(text.as_bytes(), true, &mut hits);
        !hits.is_empty()
    }

    #[test]
    fn literals_that_json_may_hide_are_refused() {
        for bad in ["", "ab", "a\"bc", "a\\bc", "für", "a\nbc"] {
            assert!(Guard::new(&[bad]).is_none(), "{bad}");
        }
        assert!(Guard::new::<&str>(&[]).is_none());
    }

    #[test]
    fn what_is_sought_is_rare_in_paths_and_prose() {
        for (literal, sought) in [
            ("serve_inner", "ve_inner"),
            ("\"tool", "\"tool"),
            ("tool=", "ool="),
            ("toolName", "oolName"),
            ("abc", "abc"),
        ] {
            let end = rarest_end(literal.as_bytes());
            assert!(literal.as_bytes().ends_with(end), "{literal}");
            assert!(end.len() >= sought.len().min(4), "{literal}");
        }
        assert_eq!(rarest_end(b"tool="), b"ool=");
    }

    #[test]
    fn doubt_counts_as_a_hit() {
        let guard = Guard::new(&["tools/call", "ERROR"]).unwrap();
        for yes in ["x ERROR y", "tools/call", r"tools\/call", r"\u0045RROR", "ERR\x1b[0mOR", r"\u001b[1mERR"]
        {
            assert!(hit(&guard, yes), "{yes}");
        }
        for no in ["error", r"\u003cb\u003e", r"\n\t", "plain"] {
            assert!(!hit(&guard, no), "{no}");
        }
        let guard = Guard::new(&["\"tool"]).unwrap();
        for yes in [r#"{"tool":1}"#, r#"{\"tool\":1}"#, r"\u0022tool", r#"\\\"tools"#] {
            assert!(hit(&guard, yes), "{yes}");
        }
    }

    #[test]
    fn a_literal_that_begins_with_the_frame_does_not_hide_the_one_behind_it() {
        let guard = Guard::new(&["\"tool", "tool_"]).unwrap();
        let text = br#"{"log":"tool_call: x\n"}"#;
        let mut hits = Hits::default();
        guard.search(text, true, &mut hits.at);
        assert!(hits.within(8, 22));
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
