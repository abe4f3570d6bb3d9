//! The user's own notation: a regular expression with named, typed groups, or a pattern of placeholders.
//!
//! * A rule is tried on the whole record, joined lines included; what does not match stays text.
//! * `timestamp`, `level`, `message` and `logger` fill those fields; every other name becomes a field of the record.
//! * A value that is not of its type is missing, and counted.

use regex::bytes::Regex;

use super::json::Extra;
use super::memory::Clock;
use super::notation;
use super::record::{Context, set_time};
use crate::config::units::{bytes_of, nanos_of};
use crate::event::{Batch, Cell, Field, Flags, Level, Pair, Presence, Row, Schema, Span, Type};

/// What a group fills.
#[derive(Clone, Debug, PartialEq)]
enum Target {
    Timestamp,
    Level,
    Message,
    Logger,
    Own(String, Type),
}

/// A rule, ready to read.
#[derive(Clone, Debug)]
pub struct Rule {
    regex: Regex,
    /// By group number, from 1.
    groups: Vec<(usize, Target)>,
}

/// What is wrong with a rule: where in its text, and what.
#[derive(Clone, Debug, PartialEq)]
pub struct RuleError {
    /// Bytes of the rule's text.
    pub part: std::ops::Range<usize>,
    /// What is wrong.
    pub message: String,
    /// What to write instead.
    pub help: String,
}

const TYPES: &str = "text, int, float, bool, duration, bytes, time, level";

fn type_of(name: &str) -> Option<Type> {
    Some(match name {
        "text" => Type::Text,
        "int" => Type::Int,
        "float" => Type::Float,
        "bool" => Type::Bool,
        "duration" => Type::Duration,
        "bytes" => Type::Bytes,
        "time" => Type::Time,
        "level" => Type::Level,
        _ => return None,
    })
}

fn target(name: &str, ty: Type) -> Target {
    match name {
        "timestamp" => Target::Timestamp,
        "level" => Target::Level,
        "message" => Target::Message,
        "logger" => Target::Logger,
        _ => Target::Own(name.to_owned(), ty),
    }
}

/// A name and its type, as a group or placeholder writes them: `status:int`.
fn named(text: &str, at: usize) -> Result<(String, Type), RuleError> {
    let (name, ty) = text.split_once(':').unwrap_or((text, "text"));
    let valid = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.'));
    if !valid {
        return Err(RuleError {
            part: at..at + text.len(),
            message: format!("'{name}' is no name of a field"),
            help: "names are letters, digits, '_' and '.', and begin with a letter".to_owned(),
        });
    }
    let Some(ty) = type_of(ty) else {
        return Err(RuleError {
            part: at + name.len() + 1..at + text.len(),
            message: format!("unknown type '{ty}'"),
            help: format!("write one of {TYPES}"),
        });
    };
    Ok((name.to_owned(), ty))
}

impl Rule {
    /// Reads a regular expression whose named groups may be typed: `(?P<status:int>\d+)`, `(?<tool.name>\w+)`.
    pub fn from_regex(text: &str) -> Result<Rule, RuleError> {
        let mut plain = String::with_capacity(text.len());
        let mut targets = Vec::new();
        let (mut rest, mut at) = (text, 0);
        while let Some(open) = rest.find("(?") {
            let escaped = rest[..open].bytes().rev().take_while(|b| *b == b'\\').count() % 2 == 1;
            let after = &rest[open + 2..];
            let start = if after.starts_with("P<") {
                2
            } else if after.starts_with('<') && !after.starts_with("<=") && !after.starts_with("<!") {
                1
            } else {
                0
            };
            if escaped || start == 0 {
                plain.push_str(&rest[..open + 2]);
                (rest, at) = (after, at + open + 2);
                continue;
            }
            let name_at = at + open + 2 + start;
            let Some(close) = after.find('>') else { break };
            let (name, ty) = named(&after[start..close], name_at)?;
            plain.push_str(&rest[..open]);
            plain.push_str(&format!("(?P<g{}>", targets.len()));
            targets.push(target(&name, ty));
            (rest, at) = (&after[close + 1..], at + open + 2 + close + 1);
        }
        plain.push_str(rest);
        let regex = Regex::new(&plain).map_err(|e| RuleError {
            part: 0..text.len(),
            message: e.to_string().lines().last().unwrap_or("no regular expression").to_owned(),
            help: "the syntax is that of the Rust crate regex; groups are (?P<name:type>…)".to_owned(),
        })?;
        if targets.is_empty() {
            return Err(RuleError {
                part: 0..text.len(),
                message: "no group has a name, so nothing would be read".to_owned(),
                help: "write (?P<name>…) around what is wanted".to_owned(),
            });
        }
        let groups = targets
            .into_iter()
            .enumerate()
            .filter_map(|(n, target)| {
                let name = format!("g{n}");
                let group = regex.capture_names().position(|c| c == Some(&name))?;
                Some((group, target))
            })
            .collect();
        Ok(Rule { regex, groups })
    }

    /// Reads a pattern of placeholders: `<timestamp> <level> [<logger>] <message>`.
    pub fn from_pattern(text: &str) -> Result<Rule, RuleError> {
        let mut regex = String::from("(?s-u)^");
        let mut groups = Vec::new();
        let (mut rest, mut at, mut open) = (text, 0, false);
        while !rest.is_empty() {
            if let Some(escaped) = rest.strip_prefix("<<") {
                regex.push_str(if open { "?<" } else { "<" });
                (rest, at, open) = (escaped, at + 2, false);
                continue;
            }
            if let Some(inner) = rest.strip_prefix('<') {
                let Some(close) = inner.find('>') else {
                    return Err(RuleError {
                        part: at..text.len(),
                        message: "this placeholder is not closed".to_owned(),
                        help: "write <name>, or << for a < of the text".to_owned(),
                    });
                };
                if open {
                    return Err(RuleError {
                        part: at..at + close + 2,
                        message: "two placeholders stand together, so nothing says where the first one ends"
                            .to_owned(),
                        help: "put the text between them that stands in the lines".to_owned(),
                    });
                }
                let name = &inner[..close];
                if name == "_" {
                    regex.push_str(".+");
                } else {
                    let (name, ty) = named(name, at + 1)?;
                    groups.push((groups.len() + 1, target(&name, ty)));
                    regex.push_str("(.+");
                }
                open = true;
                (rest, at) = (&inner[close + 1..], at + close + 2);
                let named = name != "_";
                // Up to the text that follows, or the record's end.
                if rest.is_empty() {
                    regex.push_str(if named { ")$" } else { "$" });
                } else {
                    regex.push_str(if named { "?)" } else { "?" });
                }
                continue;
            }
            let literal = rest.find('<').unwrap_or(rest.len());
            for piece in rest[..literal].split_inclusive(' ') {
                match piece.strip_suffix(' ') {
                    // Columns are padded.
                    Some(word) => regex.push_str(&format!("{} +", regex::escape(word))),
                    None => regex.push_str(&regex::escape(piece)),
                }
            }
            (rest, at, open) = (&rest[literal..], at + literal, false);
        }
        if groups.is_empty() {
            return Err(RuleError {
                part: 0..text.len(),
                message: "no placeholder, so nothing would be read".to_owned(),
                help: "write <timestamp> <level> <message>".to_owned(),
            });
        }
        let regex = Regex::new(&regex).map_err(|e| RuleError {
            part: 0..text.len(),
            message: e.to_string(),
            help: "write a shorter pattern".to_owned(),
        })?;
        Ok(Rule { regex, groups })
    }

    /// Adds the rule's fields to a schema.
    pub fn describe(&self, schema: &mut Schema) {
        for (_, target) in &self.groups {
            if let Target::Own(name, ty) = target {
                schema.set(Field::named(name), *ty, Presence::Maybe, "parse");
            }
        }
    }

    /// Reads a record whose plain text is `span`.
    pub fn read(
        &self,
        batch: &mut Batch,
        row: &mut Row,
        span: Span,
        clock: &mut Clock,
        cx: Context<'_>,
    ) -> Extra {
        let mut extra = Extra::default();
        row.message = span;
        let mut found = Vec::with_capacity(self.groups.len());
        {
            let Some(captures) = self.regex.captures(batch.text.stored(span)) else { return extra };
            for (group, target) in &self.groups {
                if let Some(part) = captures.get(*group) {
                    found.push((part.start()..part.end(), target));
                }
            }
        }
        row.flags.set(Flags::PARSED);
        let start = batch.pairs.len();
        for (range, target) in found {
            let part = span.slice(range.start, range.end);
            let text = batch.text.stored(part);
            match target {
                Target::Message => row.message = part,
                Target::Logger => extra.logger = part,
                Target::Level => match read_level(text) {
                    Some(level) => {
                        row.level = Some(level);
                        extra.level_text = part;
                    }
                    None => batch.tally.type_misses += 1,
                },
                Target::Timestamp => match notation::parse_time(text) {
                    Some(time) => set_time(batch, row, Some(time), clock, cx),
                    None => batch.tally.type_misses += 1,
                },
                Target::Own(name, ty) => match to_cell(text, part, *ty) {
                    Some(value) => {
                        let key = batch.text.push(name.as_bytes());
                        batch.pairs.push(Pair { key, value });
                    }
                    None => batch.tally.type_misses += 1,
                },
            }
        }
        row.rest_at = start as u32;
        row.rest_len = (batch.pairs.len() - start).min(usize::from(u16::MAX)) as u16;
        extra
    }
}

fn read_level(text: &[u8]) -> Option<Level> {
    let text = text.trim_ascii();
    Level::parse(text).or_else(|| {
        // Single letters and numbers are levels here, because the user says so.
        Some(match text {
            b"T" | b"V" => Level::Trace,
            b"D" => Level::Debug,
            b"I" | b"N" => Level::Info,
            b"W" => Level::Warn,
            b"E" => Level::Error,
            b"F" | b"C" => Level::Fatal,
            _ => {
                let number: i64 = std::str::from_utf8(text).ok()?.parse().ok()?;
                return match number {
                    0..=7 => Level::from_syslog(number as u8),
                    _ => Level::from_pino(number),
                };
            }
        })
    })
}

fn to_cell(text: &[u8], part: Span, ty: Type) -> Option<Cell> {
    if ty == Type::Text {
        return Some(Cell::Text(part));
    }
    let text = std::str::from_utf8(text).ok()?.trim();
    Some(match ty {
        Type::Int => Cell::Int(text.parse().ok()?),
        Type::Float => Cell::Float(text.parse::<f64>().ok().filter(|n| n.is_finite())?),
        Type::Bool => Cell::Bool(match text {
            "true" | "True" | "TRUE" | "yes" | "1" => true,
            "false" | "False" | "FALSE" | "no" | "0" => false,
            _ => return None,
        }),
        Type::Duration => Cell::Duration(i64::try_from(nanos_of(text)?).ok()?),
        Type::Bytes => Cell::Bytes(text.parse().ok().or_else(|| bytes_of(text))?),
        Type::Level => Cell::Level(read_level(text.as_bytes())?),
        Type::Time => match notation::parse_time(text.as_bytes())? {
            notation::LineTime::Known(time) | notation::LineTime::Local(time) => Cell::Time(time),
            _ => return None,
        },
        Type::Text | Type::Json => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mistakes_in_rules_have_places() {
        for (rule, part, word) in [
            ("<level> <status:number>", 16..22, "unknown type"),
            ("<a><b>", 3..6, "together"),
            ("<open", 0..5, "not closed"),
            ("no placeholder", 0..14, "no placeholder"),
        ] {
            let error = Rule::from_pattern(rule).unwrap_err();
            assert_eq!(error.part, part, "{rule}");
            assert!(error.message.contains(word), "{rule}: {}", error.message);
        }
        for (rule, part, word) in [
            (r"(?P<n:integer>\d+)", 6..13, "unknown type"),
            (r"(\d+)", 0..5, "no group"),
            (r"(?P<a>[)", 0..8, ""),
        ] {
            let error = Rule::from_regex(rule).unwrap_err();
            assert_eq!(error.part, part, "{rule}");
            assert!(error.message.contains(word), "{rule}: {}", error.message);
        }
    }
}
