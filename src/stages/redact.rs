//! `redact`: secrets are overwritten with `*`, in place.
//!
//! * The raw record and every text field of every event are searched, so no span, dead letter or raw output shows a secret.
//! * Escaped text is searched by its meaning, through as many layers of escapes as there are (a JSON string inside a
//!   JSON string), and the escaped bytes are overwritten.
//! * A secret found in one text of an event is looked for in its other texts too: a copy without its context, and a
//!   record that was wrapped in the middle of it.
//! * JSON stays valid: escapes are overwritten whole, a number becomes 0.
//! * A record without any of the literals that secrets come with costs one search.
//!
//! It cannot know a secret that looks like any other word and stands behind no telling name.

use crate::config::{Diags, Settings};
use crate::event::{Batch, Cell, Field, Schema, Span, json};

use super::{Kind, Map, Stage, named};

mod mask;
mod names;
mod rules;
mod values;

use mask::{Found, Layers};
use rules::Rules;

/// `redact`
pub const KIND: Kind = Kind {
    name: "redact",
    summary: "overwrites keys, tokens, passwords and what patterns say",
    schema: || schemars::schema_for!(RedactSettings),
    build,
};

/// Overwrites secrets with `*`: API keys and tokens of the usual forms, passwords in `key=value`, JSON and URLs,
/// private keys. For example `redact: { email: true, patterns: ["CUST-[0-9]+"] }`; `redact: {}` is enough.
#[derive(Debug, Default, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RedactSettings {
    /// Whether e-mail addresses are secret too.
    #[serde(default)]
    email: bool,
    /// Regular expressions of further secrets. Where one has groups, only the first group is overwritten.
    #[serde(default)]
    patterns: Vec<String>,
    /// Further names whose values are secret, such as `x-session`; case, `_` and `-` do not matter.
    #[serde(default)]
    names: Vec<String>,
}

fn build(settings: &Settings<'_>, diags: &mut Diags) -> Option<Stage> {
    let read: RedactSettings = named::read(settings, diags)?;
    let mut patterns = Vec::new();
    for (at, pattern) in read.patterns.iter().enumerate() {
        match regex::bytes::Regex::new(pattern) {
            Ok(regex) if regex.is_match(b"") => {
                let range = settings.range_at(&["patterns", &at.to_string()]);
                let help = Some("write `+` or `{1,}` instead of `*`".to_owned());
                diags.error(range, "this pattern matches everywhere, even nothing", "this pattern", help);
            }
            Ok(regex) => patterns.push(regex),
            Err(error) => {
                let range = settings.range_at(&["patterns", &at.to_string()]);
                let reason = error.to_string();
                let last = reason.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
                diags.error(range, format!("not a regular expression: {last}"), "this pattern", None);
            }
        }
    }
    for (at, name) in read.names.iter().enumerate() {
        if names::plain(name).len() < 2 {
            let range = settings.range_at(&["names", &at.to_string()]);
            diags.error(range, format!("`{name}` is no name of a secret"), "too short", None);
        }
    }
    if diags.failed() {
        return None;
    }
    Some(Stage::Map(Box::new(Redact { rules: Rules::new(read.email, patterns, &read.names) })))
}

struct Redact {
    rules: Rules,
}

impl Map for Redact {
    fn check(&self, input: &Schema, _settings: &Settings<'_>, _diags: &mut Diags) -> Schema {
        input.clone()
    }

    fn hides(&self) -> bool {
        true
    }

    fn apply(&self, batch: &mut Batch) {
        let mut work = Work {
            rules: &self.rules,
            layers: Layers::default(),
            found: Vec::new(),
            secrets: Vec::new(),
            masked: 0,
        };
        let mut cells = cells_by_row(batch);
        let mut next = 0;
        for row in 0..batch.rows.len() {
            let first = next;
            while cells.get(next).is_some_and(|cell| cell.row as usize == row) {
                next += 1;
            }
            if batch.rows[row].alive() {
                work.row(batch, row, &mut cells[first..next]);
            }
        }
        batch.tally.redacted += work.masked;
    }
}

/// A value of a column.
struct ColumnCell {
    row: u32,
    field: Field,
    secret: bool,
    cell: Cell,
}

/// The columns' values, row by row.
fn cells_by_row(batch: &Batch) -> Vec<ColumnCell> {
    let mut cells = Vec::new();
    for (field, column) in batch.columns() {
        let crate::event::Column::Sparse(values) = column else { continue };
        let secret = field.known().is_none() && names::is_secret(field.name().as_bytes());
        for (row, cell) in values {
            cells.push(ColumnCell { row: *row, field: *field, secret, cell: *cell });
        }
    }
    cells.sort_by_key(|cell| cell.row);
    cells
}

/// Searches and overwrites the texts of one event after the other.
struct Work<'a> {
    rules: &'a Rules,
    layers: Layers,
    found: Vec<Found>,
    /// What was overwritten in the current event, as it reads without escapes.
    secrets: Vec<Vec<u8>>,
    masked: u64,
}

impl Work<'_> {
    fn row(&mut self, batch: &mut Batch, row: usize, cells: &mut [ColumnCell]) {
        self.secrets.clear();
        let r = batch.rows[row];
        let first = r.rest_at as usize;
        let pairs = first..first + usize::from(r.rest_len);
        let suspicious = self.search(batch, r.raw);
        if !self.covered(r.raw, r.message) {
            self.search(batch, r.message);
        }
        for pair in pairs.clone() {
            let key = batch.pairs[pair].key;
            let clean = self.covered(r.raw, key) && !suspicious;
            let secret = !clean && self.is_secret_name(batch, key);
            if !self.covered(r.raw, key) {
                self.search(batch, key);
            }
            let cell = batch.pairs[pair].value;
            batch.pairs[pair].value = self.value(batch, r.raw, cell, secret);
        }
        for cell in cells.iter_mut() {
            let new = self.value(batch, r.raw, cell.cell, cell.secret);
            if new != cell.cell {
                cell.cell = new;
                batch.set(row, cell.field, new);
            }
        }
        if self.secrets.is_empty() {
            return;
        }
        self.look_elsewhere(batch, row, cells);
        for pair in pairs {
            batch.pairs[pair].value = valid(batch, batch.pairs[pair].value);
        }
        for cell in cells {
            let new = valid(batch, cell.cell);
            if new != cell.cell {
                batch.set(row, cell.field, new);
            }
        }
    }

    /// Whether searching the raw record has searched this text too.
    fn covered(&self, raw: Span, span: Span) -> bool {
        !self.rules.has_patterns() && inside(raw, span)
    }

    /// Searches a text and overwrites what is found. `true`: it has something that secrets come with.
    fn search(&mut self, batch: &mut Batch, span: Span) -> bool {
        self.found.clear();
        let suspicious = mask::search(
            self.rules,
            batch.text.stored(span),
            span.is_escaped(),
            &mut self.layers,
            &mut self.found,
        );
        self.overwrite(batch, span);
        suspicious
    }

    /// Overwrites what was found in a text.
    fn overwrite(&mut self, batch: &mut Batch, span: Span) {
        if self.found.is_empty() {
            return;
        }
        let merged = mask::merge(&mut self.found, &mut self.secrets);
        let stored = batch.text.stored_mut(span);
        for (range, how) in merged {
            mask::overwrite(&mut stored[range], how);
            self.masked += 1;
        }
    }

    fn is_secret_name(&self, batch: &Batch, key: Span) -> bool {
        let mut scratch = Vec::new();
        self.rules.is_secret_name(batch.text.plain(key, &mut scratch))
    }

    /// The value of a field after its text was searched; all of it goes if its name says so.
    fn value(&mut self, batch: &mut Batch, raw: Span, cell: Cell, secret: bool) -> Cell {
        match cell {
            Cell::Text(span) if secret => {
                self.found.clear();
                mask::all(batch.text.stored(span), span.is_escaped(), &mut self.found);
                self.overwrite(batch, span);
            }
            Cell::Json(span) if secret => {
                self.found.clear();
                mask::all_values(batch.text.stored(span), &mut self.found);
                self.overwrite(batch, span);
            }
            Cell::Text(span) | Cell::Json(span) if !self.covered(raw, span) => {
                self.search(batch, span);
            }
            Cell::Int(n) if n != 0 && (secret || self.rules.is_secret_number(&n.to_string())) => {
                self.masked += 1;
                self.secrets.push(n.to_string().into_bytes());
                return Cell::Int(0);
            }
            Cell::Float(n) if n != 0.0 && (secret || self.rules.is_secret_number(&n.to_string())) => {
                self.masked += 1;
                return Cell::Float(0.0);
            }
            _ => {}
        }
        cell
    }

    /// Overwrites copies of what was found: in texts that were made from the record, and in a record that was wrapped.
    fn look_elsewhere(&mut self, batch: &mut Batch, row: usize, cells: &[ColumnCell]) {
        let secrets = std::mem::take(&mut self.secrets);
        let r = batch.rows[row];
        self.copies(batch, r.raw, &secrets, false);
        if !inside(r.raw, r.message) {
            self.copies(batch, r.message, &secrets, false);
        }
        let own = batch.rest(&r).iter().map(|pair| pair.value);
        let values: Vec<Cell> = own.chain(cells.iter().map(|cell| cell.cell)).collect();
        for value in values {
            if let Cell::Text(span) | Cell::Json(span) = value
                && !inside(r.raw, span)
            {
                self.copies(batch, span, &secrets, true);
            }
        }
    }

    fn copies(&mut self, batch: &mut Batch, span: Span, secrets: &[Vec<u8>], whole: bool) {
        self.found.clear();
        mask::copies(
            batch.text.stored(span),
            span.is_escaped(),
            secrets,
            whole,
            &mut self.layers,
            &mut self.found,
        );
        self.overwrite(batch, span);
    }
}

/// Whether `span` is a part of `raw`.
fn inside(raw: Span, span: Span) -> bool {
    raw.is_side() == span.is_side()
        && raw.start() <= span.start()
        && span.start() + span.len() <= raw.start() + raw.len()
}

/// JSON that a pattern took apart becomes text, which encoders escape.
fn valid(batch: &Batch, cell: Cell) -> Cell {
    let Cell::Json(span) = cell else { return cell };
    let text = batch.text.stored(span);
    match json::value(text, 0, json::DEPTH) {
        Some((end, _)) if end == text.len() => cell,
        _ => Cell::Text(span),
    }
}

#[cfg(test)]
mod tests;
