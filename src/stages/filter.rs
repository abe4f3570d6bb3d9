//! `filter`: keeps the events that a condition or a pattern wants.
//!
//! * Filtering marks events; nothing is moved.
//! * A pattern is tried on three texts, each for itself: the level as normalised (`WARN` also as `WARNING`), the level
//!   as it was written, and the whole joined message.

mod context;
mod kept;

use regex::bytes::Regex;
use schemars::JsonSchema;
use serde::Deserialize;

use super::expr::{Expr, Scratch, regex_error, report};
use super::needles::{Foresight, MadeBy, Needles};
use super::{Kind, Map, Stage};
use crate::config::document::NodeValue;
use crate::config::{Diags, Settings};
use crate::event::{Batch, Field, Level, Reason, Schema, Value, escape};
use crate::stages::expr::literals::of_pattern;
use context::Context;

/// The kind.
pub const KIND: Kind = Kind {
    name: "filter",
    summary: "keeps the events that a condition or a pattern wants",
    schema: || schemars::schema_for!(FilterSettings),
    build,
};

/// Keeps the events that a condition or a pattern wants. Written as an expression (`filter: level >= WARN`) or as:
#[derive(Deserialize, JsonSchema, Debug)]
#[serde(untagged)]
pub enum FilterSettings {
    /// An expression: events of which it is true stay.
    Expression(String),
    /// Patterns and an expression: an event stays if all that is given lets it.
    Patterns(Patterns),
}

/// Patterns and an expression.
#[derive(Deserialize, JsonSchema, Debug, Default)]
#[serde(deny_unknown_fields)]
pub struct Patterns {
    /// A regular expression: events stay whose level (normalised or as written) or message it matches. GNU's `|`, with a
    /// backslash in front, is read too.
    #[serde(rename = "match")]
    pub matching: Option<String>,
    /// A regular expression: events go whose level or message it matches.
    pub exclude: Option<String>,
    /// An expression: events stay of which it is true.
    #[serde(rename = "where")]
    pub condition: Option<String>,
    /// Also keep this many events in front of each that is wanted, of the same container or file. Default: 0.
    #[schemars(range(max = 1000))]
    pub before: Option<usize>,
    /// Also keep this many events behind each that is wanted, of the same container or file. Default: 0.
    #[schemars(range(max = 100000))]
    pub after: Option<usize>,
}

/// What is wanted.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    matching: Option<Pattern>,
    exclude: Option<Pattern>,
    condition: Option<Expr>,
    /// Where the condition stands in the settings.
    path: &'static [&'static str],
}

fn build(settings: &Settings<'_>, diags: &mut Diags) -> Option<Stage> {
    let filter = Filter::from_settings(settings, diags)?;
    let number = |key| match settings.node.get(key).map(|node| &node.value) {
        Some(NodeValue::Int(n)) => usize::try_from(*n).unwrap_or(0),
        _ => 0,
    };
    let (before, after) = (number("before"), number("after"));
    if before + after > 0 {
        return Some(Stage::Scan(Box::new(Context { filter, before, after })));
    }
    Some(Stage::Map(Box::new(filter)))
}

impl Filter {
    /// Reads the settings; mistakes in patterns and expressions are reported in their place.
    pub fn from_settings(settings: &Settings<'_>, diags: &mut Diags) -> Option<Filter> {
        let (patterns, path): (Patterns, &'static [&'static str]) = match settings.decode() {
            Ok(FilterSettings::Expression(text)) => {
                (Patterns { condition: Some(text), ..Patterns::default() }, &[])
            }
            Ok(FilterSettings::Patterns(patterns)) => (patterns, &["where"]),
            Err(error) => {
                diags.error(settings.range(), error, "these settings", None);
                return None;
            }
        };
        let mut filter = Filter { path, ..Filter::default() };
        let before = diags.findings.len();
        for (text, key, slot) in [
            (&patterns.matching, "match", &mut filter.matching),
            (&patterns.exclude, "exclude", &mut filter.exclude),
        ] {
            let Some(text) = text else { continue };
            match Pattern::new(text) {
                Ok(pattern) => *slot = Some(pattern),
                Err(error) => {
                    let (message, help) = regex_error(&error);
                    diags.error(settings.range_at(&[key]), message, "this pattern", help);
                }
            }
        }
        if let Some(text) = &patterns.condition {
            filter.condition = Expr::from_setting(text, settings, path, diags);
        }
        if patterns.matching.is_none() && patterns.exclude.is_none() && patterns.condition.is_none() {
            let help = Some("write match:, exclude: or where:".into());
            diags.error(settings.range(), "this filter keeps everything", "nothing to look for", help);
        }
        (diags.findings.len() == before).then_some(filter)
    }

    /// Whether a row stays.
    pub fn keeps(&self, batch: &Batch, row: usize, scratch: &mut FilterScratch) -> bool {
        if let Some(condition) = &self.condition
            && !condition.eval(batch, row, &mut scratch.expr)
        {
            return false;
        }
        if let Some(pattern) = &self.matching
            && !pattern.hits(batch, row, &mut scratch.text)
        {
            return false;
        }
        self.exclude.as_ref().is_none_or(|pattern| !pattern.hits(batch, row, &mut scratch.text))
    }
}

/// Memory that filters use again from row to row.
#[derive(Debug, Default)]
pub struct FilterScratch {
    expr: Scratch,
    text: Vec<u8>,
}

/// A regular expression tried on level and message.
#[derive(Debug, Clone)]
pub struct Pattern {
    regex: Regex,
    /// Which normalised levels it matches, by number.
    levels: [bool; Level::ALL.len()],
}

impl Pattern {
    /// Compiles a pattern; the GNU spelling `\|` is read as `|`.
    pub fn new(text: &str) -> Result<Pattern, regex::Error> {
        let regex = Regex::new(&from_gnu(text))?;
        let levels = Level::ALL.map(|level| {
            regex.is_match(level.as_str().as_bytes()) || level == Level::Warn && regex.is_match(b"WARNING")
        });
        Ok(Pattern { regex, levels })
    }

    /// Whether it matches the level or the message of a row.
    pub fn hits(&self, batch: &Batch, row: usize, scratch: &mut Vec<u8>) -> bool {
        if let Some(level) = batch.rows[row].level {
            if self.levels[level as usize - 1] {
                return true;
            }
            let written = batch.value_named(row, Field::LEVEL_TEXT, "level.text");
            if let Value::Text(text) | Value::Escaped(text) = written
                && self.regex.is_match(text)
            {
                return true;
            }
        }
        match batch.value_named(row, Field::MESSAGE, "message") {
            Value::Escaped(text) if memchr::memchr(b'\\', text).is_some() => {
                scratch.clear();
                escape::unescape_into(text, scratch);
                self.regex.is_match(scratch)
            }
            Value::Text(text) | Value::Escaped(text) => self.regex.is_match(text),
            _ => false,
        }
    }

    /// What a record must have to be hit.
    pub fn needles(&self) -> Result<Needles, String> {
        let mut needles = of_pattern(self.regex.as_str())?;
        needles.or(&Needles::levels(Level::ALL.into_iter().filter(|level| self.levels[*level as usize - 1])));
        Ok(needles)
    }
}

/// `\|` of GNU's basic regular expressions becomes `|`; a backslash that is escaped itself stays one.
fn from_gnu(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        match chars.next() {
            Some('|') => out.push('|'),
            Some(other) => out.extend(['\\', other]),
            None => out.push('\\'),
        }
    }
    out
}

impl Map for Filter {
    fn check(&self, input: &Schema, settings: &Settings<'_>, diags: &mut Diags) -> Schema {
        if let Some(condition) = &self.condition {
            report(condition.check(input), settings, self.path, diags);
        }
        input.clone()
    }

    fn apply(&self, batch: &mut Batch) {
        let mut scratch = FilterScratch::default();
        for row in 0..batch.rows.len() {
            if batch.rows[row].alive() && !self.keeps(batch, row, &mut scratch) {
                batch.drop_row(row, Reason::Filtered);
            }
        }
    }

    fn foresight(&self, input: &Schema, made_by: MadeBy<'_>) -> Foresight {
        let condition = self.condition.as_ref().map(|condition| condition.literals(input, made_by));
        let pattern = self.matching.as_ref().map(Pattern::needles);
        Foresight::Drops(match (condition, pattern) {
            (None, None) => Err("an exclusion alone needs no literal".into()),
            (Some(one), None) | (None, Some(one)) => one,
            (Some(Ok(a)), Some(Ok(b))) => Ok(if a.worth() > b.worth() { a } else { b }),
            (Some(Ok(one)), _) | (_, Some(Ok(one))) => Ok(one),
            (Some(Err(a)), Some(Err(b))) => Err(format!("{a}; {b}")),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::Arc;

    use super::*;
    use crate::config::document;
    use crate::event::{Cell, Identity, Partition, Row, SharedOrigin, Text};

    /// Which of these (level, level as written, message) a filter keeps.
    fn kept(settings: &str) -> Vec<usize> {
        let mut diags = Diags::default();
        let node = document::parse(settings, 0, &mut diags).unwrap();
        let settings = Settings { node: &node, folder: Path::new(".") };
        let filter = Filter::from_settings(&settings, &mut diags).unwrap_or_else(|| panic!("{diags:?}"));
        let partition = Partition {
            key: "s/p".into(),
            name: "p".into(),
            identity: Identity::Stream,
            origin: SharedOrigin::new(Default::default()),
        };
        let mut batch = Batch::new(Arc::new(partition), Text::default());
        for (at, (level, written, message)) in [
            (Some(Level::Warn), "warning", "disk is filling"),
            (Some(Level::Error), "50", "ERR: \\\"no\\\" space"),
            (Some(Level::Info), "INFO", "Tool 'x' failed\\n  ERROR below"),
            (None, "", "plain|text"),
        ]
        .into_iter()
        .enumerate()
        {
            let message = batch.text.push(message.as_bytes()).escaped(true);
            batch.rows.push(Row { raw: message, message, level, ..Row::default() });
            if level.is_some() {
                let written = batch.text.push(written.as_bytes());
                batch.set(at, Field::LEVEL_TEXT, Cell::Text(written));
            }
        }
        filter.apply(&mut batch);
        assert_eq!(batch.alive().count() as u64 + batch.tally.dropped[0], 4);
        batch.alive().collect()
    }

    #[test]
    fn filters_keep_what_they_say() {
        for (settings, rows) in [
            ("level >= WARN", vec![0, 1]),
            ("match: ERROR|WARN", vec![0, 1, 2]),
            (r"match: 'ERROR\|WARN'", vec![0, 1, 2]),
            ("match: WARNING", vec![0]),
            ("match: ^WARN$", vec![0]),
            ("match: ^warning$", vec![0]),
            ("match: '^50$'", vec![1]),
            (r#"{match: '"no" space'}"#, vec![1]),
            (r"match: 'failed\n +ERROR'", vec![2]),
            ("match: 'plain[|]text'", vec![3]),
            ("exclude: ERROR", vec![0, 3]),
            ("{match: WARN|ERROR, exclude: filling, where: level < ERROR}", vec![2]),
        ] {
            assert_eq!(kept(settings), rows, "{settings}");
        }
    }

    #[test]
    fn a_pattern_needs_its_literals_or_the_levels_it_matches() {
        for (pattern, needles) in [
            ("ERROR|WARN", Some("\"ERROR\", \"WARN\", level WARN, level ERROR")),
            ("quota", Some("\"quota\"")),
            (".*", None),
        ] {
            let found = Pattern::new(pattern).unwrap().needles().ok().map(|needles| needles.to_string());
            assert_eq!(found.as_deref(), needles, "{pattern}");
        }
    }
}
