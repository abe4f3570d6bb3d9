//! How an event becomes a line where it is not for people: JSON, the raw record, or a template.

use crate::config::{Diags, Settings};
use crate::event::{EventId, Schema};

use super::template::Template;
use super::{Event, ndjson};

/// A format that needs nothing but the event.
#[derive(Clone, Debug, PartialEq)]
pub enum Line {
    /// NDJSON, see [`ndjson`].
    Json,
    /// The record as it was read, without the source's framing.
    Raw,
    /// Chosen fields.
    Template(Template),
}

impl Line {
    /// Reads the setting `format`: `json`, `raw`, or anything with a field in braces. Mistakes are reported.
    pub fn read(text: &str, given: &Settings<'_>, others: &str, diags: &mut Diags) -> Option<Line> {
        match text {
            "json" => Some(Line::Json),
            "raw" => Some(Line::Raw),
            _ if !text.contains(['{', '}']) => {
                let help = format!(
                    "write {others}json, raw, or a template such as \"{{timestamp}} {{level}} {{message}}\""
                );
                diags.error(
                    given.range_at(&["format"]),
                    format!("unknown format '{text}'"),
                    "this",
                    Some(help),
                );
                None
            }
            _ => match Template::parse(text) {
                Ok(template) => Some(Line::Template(template)),
                Err((bytes, error)) => {
                    diags.error(given.range_in(&["format"], bytes), error, "in this template", None);
                    None
                }
            },
        }
    }

    /// Reports fields of a template that no event has.
    pub fn check(&self, input: &Schema, given: &Settings<'_>, diags: &mut Diags) {
        if let Line::Template(template) = self {
            template.check(input, given, "format", diags);
        }
    }

    /// Appends an event's line, newline included. `id` is written by JSON only.
    pub fn write(&self, event: &Event<'_>, id: Option<EventId>, out: &mut Vec<u8>) {
        match self {
            Line::Json => ndjson::encode(event, id, out),
            Line::Raw => {
                let raw = event.row().raw;
                let stored = event.batch.text.stored(raw);
                if raw.is_escaped() {
                    crate::event::escape::unescape_into(stored, out);
                } else {
                    out.extend_from_slice(stored);
                }
                end_line(out);
            }
            Line::Template(template) => {
                template.write(event, out);
                end_line(out);
            }
        }
    }
}

fn end_line(out: &mut Vec<u8>) {
    if out.last() != Some(&b'\n') {
        out.push(b'\n');
    }
}
