//! What can be searched in raw text before any parsing.
//!
//! * [`Needles`] never change an answer: a record that has none of them cannot matter to what comes behind.
//! * Their texts are made of characters that no JSON encoder escapes, so they are found in escaped text too; one may
//!   begin with a quote, for the backslash that escapes it stands before it.
//! * They speak of the record as it will be, after joining and unwrapping. Whoever searches bytes must take the normal
//!   path where the bytes may differ: wrapped notations, colour codes, records cut into parts, an open record.

use std::collections::BTreeSet;
use std::fmt;

use crate::event::Level;

/// Shortest text worth searching: shorter ones are in nearly every batch.
const SHORTEST: usize = 3;

/// A record can matter only if its text holds one of the texts, or if its level is one of the levels.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Needles {
    /// Found in the record's raw text as they stand, ASCII, case-sensitive.
    pub texts: BTreeSet<Box<str>>,
    /// Levels, in any spelling, also where the parser gives them (crash output is ERROR).
    pub levels: BTreeSet<Level>,
}

impl Needles {
    /// The needle for a text that a record must hold: its longest piece that no encoder escapes.
    pub fn text(text: &[u8]) -> Option<Needles> {
        let safe = |b: &u8| b.is_ascii_alphanumeric() || b" _-.:,;=()[]{}#@!?*+|~^%$".contains(b);
        let piece = text.split(|b| !safe(b)).max_by_key(|piece| piece.len())?;
        // Blanks at the ends may become line ends.
        let piece = piece.trim_ascii();
        if piece.len() < SHORTEST {
            return None;
        }
        let piece = std::str::from_utf8(piece).ok()?;
        Some(Needles { texts: BTreeSet::from([piece.into()]), levels: BTreeSet::new() })
    }

    /// The needles of many fixed texts.
    pub fn texts(texts: &[&str]) -> Needles {
        Needles { texts: texts.iter().map(|&text| text.into()).collect(), levels: BTreeSet::new() }
    }

    /// The needles of levels.
    pub fn levels(levels: impl IntoIterator<Item = Level>) -> Needles {
        Needles { texts: BTreeSet::new(), levels: levels.into_iter().collect() }
    }

    /// Whether nothing is to be searched.
    pub fn is_empty(&self) -> bool {
        self.texts.is_empty() && self.levels.is_empty()
    }

    /// Adds another condition's: either may matter.
    pub fn or(&mut self, other: &Needles) {
        self.texts.extend(other.texts.iter().cloned());
        self.levels.extend(other.levels.iter().copied());
    }

    /// How rare they are, roughly: of two sets that are both necessary the higher one is searched.
    pub fn worth(&self) -> usize {
        // A level has many spellings; any text is better.
        if !self.levels.is_empty() {
            return 0;
        }
        let shortest = self.texts.iter().map(|text| text.len()).min().unwrap_or(0);
        (shortest * 4).saturating_sub(self.texts.len()).max(1)
    }
}

impl fmt::Display for Needles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut separator = "";
        for text in &self.texts {
            write!(f, "{separator}{text:?}")?;
            separator = ", ";
        }
        for level in &self.levels {
            write!(f, "{separator}level {level}")?;
            separator = ", ";
        }
        Ok(())
    }
}

/// What the stage of this kind must find in a record to give it fields; `None` if it needs nothing.
pub type MadeBy<'a> = &'a dyn Fn(&str) -> Option<Needles>;

/// What a stage lets be said about a record before it is parsed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Foresight {
    /// Its result depends on every record it gets, or changes what later stages look at: nothing can be said. With why.
    Opaque(&'static str),
    /// Lets every event pass, and leaves text and level of a record that has none of these as they are.
    ///
    /// Fields that it makes are known by the schema; an event gets them only if the record has one of these.
    Passes(Needles),
    /// Lets every event pass and adds fields to each; text and level stay.
    Adds,
    /// Drops every record that has none of these; or why that is not known.
    Drops(Result<Needles, String>),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_needle_is_the_longest_piece_that_is_never_escaped() {
        for (text, needle) in [
            ("quota exceeded", Some("quota exceeded")),
            ("say \"hello there\"", Some("hello there")),
            ("a/b/path_to", Some("path_to")),
            ("größe", None),
            ("a", None),
            ("", None),
        ] {
            let found = Needles::text(text.as_bytes());
            let found = found.as_ref().and_then(|needles| needles.texts.first()).map(|text| &**text);
            assert_eq!(found, needle, "{text}");
        }
    }
}
