//! `parse`: lines become events. One record is one event: wrapped and continued lines are joined.
//!
//! * Results depend on the records and their engine times alone, never on where batches were cut.
//! * Nothing is lost: a line that no notation fits stays, as text, and is counted.
//! * A joined record is bounded in bytes and lines; what is over is cut, marked and counted.
//!
//! [`assemble`] groups lines ([`join`] decides), [`record`] reads a record: [`json`], [`logfmt`], [`rich`], a
//! [`notation`] or the user's [`rule`].

mod ansi;
mod assemble;
mod guard;
mod join;
mod json;
mod logfmt;
mod memory;
pub mod notation;
mod record;
mod rich;
mod rule;
mod settings;
mod shape;
mod times;

use std::cell::RefCell;
use std::sync::Arc;

use regex::bytes::Regex;

pub use guard::Guard;
pub use memory::ParseMemory;
pub use settings::{Multiline, ParseMap, ParseSettings};

use super::needles::Needles;
use super::{Kind, Scan, Stage};
use crate::config::units::Size;
use crate::config::{Diags, Settings};
use crate::event::{Batch, End, Field, Nanos, Presence, Schema};
use assemble::{Desk, Work};
use rule::{Rule, RuleError};
use settings::Format;
use times::Zone;

/// The kind.
pub const KIND: Kind = Kind {
    name: "parse",
    summary: "joins lines to records and finds their time, level, message and fields",
    schema: || schemars::schema_for!(ParseSettings),
    build,
};

/// Longest record that lines are joined to, unless the settings say otherwise.
const LONGEST: usize = 1 << 20;

thread_local! {
    /// One a lane: a partition's Memory is cloned at every batch, so what can be made anew is not kept there.
    static DESK: RefCell<Desk> = RefCell::default();
}

/// The stage.
#[derive(Clone, Debug)]
pub struct Parse {
    format: Format,
    zone: Zone,
    longest: usize,
    multiline: Multiline,
    /// What a record starts with, if the settings say it.
    starts: Option<Regex>,
    guard: Option<Guard>,
}

impl Default for Parse {
    fn default() -> Parse {
        Parse {
            format: Format::Auto,
            zone: Zone::Fixed(0),
            longest: LONGEST,
            multiline: Multiline::Auto,
            starts: None,
            guard: None,
        }
    }
}

fn build(settings: &Settings<'_>, diags: &mut Diags) -> Option<Stage> {
    Parse::from_settings(settings, diags).map(|parse| Stage::Scan(Box::new(parse)))
}

impl Parse {
    /// Reads the settings; every mistake is reported in its place.
    pub fn from_settings(settings: &Settings<'_>, diags: &mut Diags) -> Option<Parse> {
        let (map, name): (ParseMap, Option<String>) = match settings.decode() {
            Ok(ParseSettings::Name(name)) => (ParseMap::default(), Some(name)),
            Ok(ParseSettings::Map(map)) => (map, None),
            Err(error) => {
                diags.error(settings.range(), error, "these settings", None);
                return None;
            }
        };
        let before = diags.findings.len();
        let mut parse = Parse::default();
        let path: &[&str] = if name.is_some() { &[] } else { &["format"] };
        if let Some(name) = name.as_ref().or(map.format.as_ref()) {
            match format_named(name) {
                Some(format) => parse.format = format,
                None => diags.error(
                    settings.range_at(path),
                    format!("unknown notation '{name}'"),
                    "this name",
                    Some(format!("write auto, json, logfmt, text, or one of {}", notation::NAMES.join(", "))),
                ),
            }
        }
        let rules = [("regex", &map.regex), ("pattern", &map.pattern)];
        for (key, text) in rules {
            let Some(text) = text else { continue };
            let rule = if key == "regex" { Rule::from_regex(text) } else { Rule::from_pattern(text) };
            match rule {
                Ok(rule) => parse.format = Format::Rule(Arc::new(rule)),
                Err(RuleError { part, message, help }) => {
                    diags.error(settings.range_in(&[key], part), message, "here", Some(help));
                }
            }
        }
        let given = [map.format.is_some(), map.regex.is_some(), map.pattern.is_some()];
        if given.iter().filter(|given| **given).count() > 1 {
            diags.error(
                settings.range(),
                "format, regex and pattern exclude each other",
                "more than one of them",
                Some("keep one".to_owned()),
            );
        }
        if let Some(zone) = &map.timezone {
            match Zone::parse(zone) {
                Some(zone) => parse.zone = zone,
                None => diags.error(
                    settings.range_at(&["timezone"]),
                    format!("unknown zone '{zone}'"),
                    "this zone",
                    Some("write UTC, +02:00 or a name such as Europe/Berlin".to_owned()),
                ),
            }
        }
        if let Some(Size(bytes)) = map.max_record {
            if (1024..=64 << 20).contains(&bytes) {
                parse.longest = bytes as usize;
            } else {
                diags.error(
                    settings.range_at(&["max_record"]),
                    "a record is at least 1KiB and at most 64MiB long",
                    "this size",
                    None,
                );
            }
        }
        if let Some(multiline) = map.multiline {
            if let Multiline::Start(pattern) = &multiline {
                match Regex::new(pattern) {
                    Ok(regex) => parse.starts = Some(regex),
                    Err(error) => diags.error(
                        settings.range_at(&["multiline", "start"]),
                        error.to_string().lines().last().unwrap_or("no regular expression").to_owned(),
                        "this regular expression",
                        None,
                    ),
                }
            }
            parse.multiline = multiline;
        }
        (diags.findings.len() == before).then_some(parse)
    }

    /// Records without any of the guard's literals are dropped unread, see [`Guard`].
    pub fn set_guard(&mut self, guard: Guard) {
        self.guard = Some(guard);
    }

    fn work(&self, memory: &mut ParseMemory, batch: &mut Batch, now: Nanos, f: impl FnOnce(Work<'_>)) {
        // Taken out and put back: a panic leaves an empty desk, never a half-used one.
        let mut desk = DESK.with(|desk| desk.take());
        f(Work::new(self, memory, batch, &mut desk, now));
        DESK.with(|kept| kept.replace(desk));
    }
}

fn format_named(name: &str) -> Option<Format> {
    Some(match name {
        "auto" => Format::Auto,
        "json" => Format::Json,
        "logfmt" => Format::Logfmt,
        "text" => Format::Text,
        _ => Format::Notation((*notation::NAMES.iter().find(|n| **n == name)?).to_owned()),
    })
}

impl Scan for Parse {
    type Memory = ParseMemory;

    fn check(&self, input: &Schema, _settings: &Settings<'_>, _diags: &mut Diags) -> Schema {
        let mut schema = input.clone();
        for field in [Field::TIMESTAMP, Field::LEVEL, Field::LEVEL_TEXT, Field::LOGGER] {
            schema.set_known(field, Presence::Maybe, "parse");
        }
        schema.set_known(Field::MESSAGE, Presence::Always, "parse");
        match &self.format {
            Format::Rule(rule) => rule.describe(&mut schema),
            Format::Text => {}
            _ => schema.open = true,
        }
        schema
    }

    fn start(&self) -> ParseMemory {
        ParseMemory::default()
    }

    fn apply(&self, memory: &mut ParseMemory, batch: &mut Batch, now: Nanos) {
        self.work(memory, batch, now, |work| work.apply());
    }

    fn release(&self, memory: &mut ParseMemory, batch: &mut Batch, now: Nanos, end: End) {
        self.work(memory, batch, now, |work| work.release(end));
    }

    fn guard(&mut self, needles: &Needles) -> bool {
        // A level has more spellings (numbers, letters, what crash reports imply) than searching pays for.
        if !needles.levels.is_empty() || matches!(self.format, Format::Rule(_) | Format::Text) {
            return false;
        }
        let texts: Vec<&str> = needles.texts.iter().map(|text| &**text).collect();
        self.guard = Guard::new(&texts);
        self.guard.is_some()
    }
}

#[cfg(test)]
mod tests;
