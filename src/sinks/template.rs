//! A line made to measure: `"{timestamp} {level} {message}"`.
//!
//! * `{name}` is the field of that name, or nothing where an event has none; `{{` and `}}` are braces.
//! * Text is written as it is, bytes and all; who writes to a terminal cleans it.

use std::io::Write as _;
use std::ops::Range;

use crate::config::{Diags, Settings};
use crate::event::escape::unescape_into;
use crate::event::time::TimeWriter;
use crate::event::{Field, NO_TIME, Schema, Value};

use super::{Event, ndjson};

/// A parsed template.
#[derive(Clone, Debug, PartialEq)]
pub struct Template {
    parts: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq)]
enum Part {
    Text(String),
    /// A field and the bytes of the template that name it.
    Field(Field, Range<usize>),
}

impl Template {
    /// Reads a template; the error says what is wrong with which bytes of it.
    pub fn parse(text: &str) -> Result<Template, (Range<usize>, String)> {
        let mut parts = Vec::new();
        let mut plain = String::new();
        let mut at = 0;
        while let Some(brace) = text[at..].find(['{', '}']).map(|n| at + n) {
            plain.push_str(&text[at..brace]);
            let twice = text[brace + 1..].starts_with(&text[brace..=brace]);
            if twice {
                plain.push_str(&text[brace..=brace]);
                at = brace + 2;
                continue;
            }
            if text.as_bytes()[brace] == b'}' {
                return Err((
                    brace..brace + 1,
                    "a brace is closed that was not opened; write '}}'".to_owned(),
                ));
            }
            let Some(end) = text[brace..].find('}').map(|n| brace + n) else {
                return Err((brace..text.len(), "a brace is opened and not closed; write '{{'".to_owned()));
            };
            let name = text[brace + 1..end].trim();
            if name.is_empty() {
                return Err((brace..end + 1, "the name of a field is missing".to_owned()));
            }
            if !plain.is_empty() {
                parts.push(Part::Text(std::mem::take(&mut plain)));
            }
            parts.push(Part::Field(Field::named(name), brace + 1..end));
            at = end + 1;
        }
        plain.push_str(&text[at..]);
        if !plain.is_empty() {
            parts.push(Part::Text(plain));
        }
        Ok(Template { parts })
    }

    /// Reports fields that no event has. `key` is the setting that holds the template.
    pub fn check(&self, input: &Schema, given: &Settings<'_>, key: &str, diags: &mut Diags) {
        for part in &self.parts {
            let Part::Field(field, bytes) = part else { continue };
            if *field == Field::ID || input.open || input.get(*field).is_some() {
                continue;
            }
            let name = field.name();
            let near = input
                .iter()
                .map(|known| known.field.name())
                .max_by(|a, b| strsim::jaro_winkler(a, name).total_cmp(&strsim::jaro_winkler(b, name)))
                .filter(|near| strsim::jaro_winkler(near, name) > 0.8)
                .map(|near| format!("perhaps '{near}'"));
            diags.error(
                given.range_in(&[key], bytes.clone()),
                format!("no event has a field '{name}' here"),
                "unknown field",
                near,
            );
        }
    }

    /// Appends an event's line, without a newline.
    pub fn write(&self, event: &Event<'_>, out: &mut Vec<u8>) {
        for part in &self.parts {
            match part {
                Part::Text(text) => out.extend_from_slice(text.as_bytes()),
                Part::Field(Field::ID, _) => ndjson::hex(event.id(), out),
                Part::Field(Field::TIMESTAMP, _) => {
                    let row = event.row();
                    let time = if row.timestamp == NO_TIME { row.engine_time } else { row.timestamp };
                    if time != NO_TIME {
                        TimeWriter::default().write(time, out);
                    }
                }
                Part::Field(field, _) => write_value(event.batch.value(event.index, *field), out),
            }
        }
    }
}

/// Appends a value as text: without quotes, durations in milliseconds, times in RFC 3339.
pub fn write_value(value: Value<'_>, out: &mut Vec<u8>) {
    match value {
        Value::Missing => {}
        Value::Text(text) | Value::Json(text) => out.extend_from_slice(text),
        Value::Escaped(text) => unescape_into(text, out),
        Value::Int(n) => write!(out, "{n}").expect("a Vec takes every byte"),
        Value::Bytes(n) => write!(out, "{n}").expect("a Vec takes every byte"),
        Value::Float(n) => write!(out, "{n:?}").expect("a Vec takes every byte"),
        Value::Bool(yes) => write!(out, "{yes}").expect("a Vec takes every byte"),
        Value::Level(level) => out.extend_from_slice(level.as_str().as_bytes()),
        Value::Time(NO_TIME) => {}
        Value::Time(t) => TimeWriter::default().write(t, out),
        Value::Duration(ns) => ndjson::milliseconds(ns, out),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Level, Presence};
    use crate::sinks::sample::{Sample, TIME};

    #[test]
    fn fields_stand_where_they_are_named() {
        let mut sample = Sample::of("demo", "");
        sample.say(Level::Warn, "slow").timestamp = TIME;
        sample.own("user", "7");
        sample.tool("read_file", false, None, Some(1_500_000));
        let event = Event { batch: &sample.batch, index: 0 };
        for (template, line) in [
            ("{timestamp} {level} {message}", "2026-01-27T16:47:30.124550668Z WARN slow"),
            ("{{{user}}} {none}|{tool.duration} {deployment}", "{7} |1.5 demo"),
            ("plain", "plain"),
        ] {
            let mut out = Vec::new();
            Template::parse(template).unwrap().write(&event, &mut out);
            assert_eq!(String::from_utf8(out).unwrap(), line);
        }
    }

    #[test]
    fn what_is_no_template_is_refused_with_its_place() {
        for (template, range) in [("a}", 1..2), ("a {b", 2..4), ("{}", 0..2), ("{ }x", 0..3)] {
            assert_eq!(Template::parse(template).unwrap_err().0, range, "{template}");
        }
    }

    #[test]
    fn unknown_fields_are_reported_with_a_near_one() {
        let node =
            crate::config::document::Node { value: crate::config::document::NodeValue::Null, range: 0..1 };
        let given = Settings { node: &node, folder: std::path::Path::new(".") };
        let mut schema = Schema::default();
        schema.set_known(Field::MESSAGE, Presence::Always, "source");
        let template = Template::parse("{mesage} {id}").unwrap();
        let mut diags = Diags::default();
        template.check(&schema, &given, "format", &mut diags);
        assert_eq!(diags.findings.len(), 1);
        assert_eq!(diags.findings[0].help.as_deref(), Some("perhaps 'message'"));
        schema.open = true;
        let mut diags = Diags::default();
        template.check(&schema, &given, "format", &mut diags);
        assert!(!diags.failed());
    }
}
