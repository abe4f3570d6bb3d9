//! `enrich`: fields that the line does not have: of its container, of this machine, from the settings, from a file.
//!
//! * What is the same for all rows is one value for the batch; what is the same for a container is made once for it.
//! * Files are read when the pipeline is checked, so that a mistake in them shows before anything runs.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use crate::config::{Diags, Settings};
use crate::event::batch::is_core;
use crate::event::escape::escape_into;
use crate::event::partition::Origin;
use crate::event::{Batch, Cell, Column, Constant, Field, Presence, Schema, Type, Value};

use super::drop::change_origins;
use super::needles::{Foresight, MadeBy};
use super::{Kind, Map, Stage, named};

mod table;

use table::{Table, TableSettings};

/// `enrich`
pub const KIND: Kind = Kind {
    name: "enrich",
    summary: "adds fields of the container, of this machine, from the settings or from a file",
    schema: || schemars::schema_for!(EnrichSettings),
    build,
};

/// Adds fields, for example `enrich: { host: true, fields: { environment: production } }`.
#[derive(Debug, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EnrichSettings {
    /// The deployment (= the container's name). Known from the source; `false` leaves it out.
    #[serde(default = "yes")]
    deployment: bool,
    /// The template of the deployment. Known from the source; `false` leaves it out.
    #[serde(default = "yes")]
    template: bool,
    /// The container's id. Known from the source; `false` leaves it out.
    #[serde(default = "yes")]
    container: bool,
    /// The container's image, as `image`.
    #[serde(default)]
    image: bool,
    /// The container's labels, as `labels`.
    #[serde(default)]
    labels: bool,
    /// The name of the machine mcpp runs on, as `host`.
    #[serde(default)]
    host: bool,
    /// Fields that are the same for all events. They replace what the line itself says.
    #[serde(default)]
    fields: BTreeMap<String, Json>,
    /// Fields from a CSV or JSON file.
    #[serde(default)]
    lookup: Option<TableSettings>,
}

fn yes() -> bool {
    true
}

fn build(settings: &Settings<'_>, diags: &mut Diags) -> Option<Stage> {
    let read: EnrichSettings = named::read(settings, diags)?;
    let mut constants = Vec::new();
    let mut names = OriginNames::default();
    for (name, json) in &read.fields {
        match name.as_str() {
            "deployment" => names.deployment = text_of(json),
            "template" => names.template = text_of(json),
            "container" => names.container = text_of(json),
            _ => match constant(name, json) {
                Ok(constant) => constants.push((Field::named(name), constant)),
                Err(reason) => {
                    let range = settings.range_at(&["fields", name]);
                    diags.error(range, format!("`{name}` cannot be set: {reason}"), "this field", None);
                }
            },
        }
    }
    if read.host {
        let host = hostname::get().unwrap_or_default().to_string_lossy().into_owned();
        constants.push((Field::HOST, Constant::Text(host.into())));
    }
    let table = match &read.lookup {
        Some(lookup) => Some(Table::read(lookup, settings, diags)?),
        None => None,
    };
    Some(Stage::Map(Box::new(Enrich { read, constants, names, table })))
}

fn text_of(json: &Json) -> Option<String> {
    match json {
        Json::String(text) => Some(text.clone()),
        Json::Null => None,
        other => Some(other.to_string()),
    }
}

/// A setting as the value of all rows.
fn constant(name: &str, json: &Json) -> Result<Constant, String> {
    let field = Field::named(name);
    if is_core(field) {
        return Err("it is read from the line; see `rename`".to_owned());
    }
    let constant = table::constant(json).ok_or("it has no value")?;
    let ty = type_of(&constant);
    match field.known() {
        Some(known) if known.ty != ty => Err(format!("it is {}, this is {ty}", known.ty)),
        _ => Ok(constant),
    }
}

fn type_of(constant: &Constant) -> Type {
    match constant {
        Constant::Text(_) => Type::Text,
        Constant::Json(_) => Type::Json,
        Constant::Int(_) => Type::Int,
        Constant::Float(_) => Type::Float,
        Constant::Bool(_) => Type::Bool,
    }
}

/// Names that replace what the source knows of a line's container.
#[derive(Default)]
struct OriginNames {
    deployment: Option<String>,
    template: Option<String>,
    container: Option<String>,
}

struct Enrich {
    read: EnrichSettings,
    constants: Vec<(Field, Constant)>,
    names: OriginNames,
    table: Option<Table>,
}

impl Map for Enrich {
    fn check(&self, input: &Schema, settings: &Settings<'_>, diags: &mut Diags) -> Schema {
        let mut output = input.clone();
        if let Some(table) = &self.table {
            table.check(input, &mut output, settings, diags);
        }
        for (field, constant) in &self.constants {
            output.set(*field, type_of(constant), Presence::Always, "enrich");
        }
        for (field, wanted, set) in [
            (Field::DEPLOYMENT, self.read.deployment, &self.names.deployment),
            (Field::TEMPLATE, self.read.template, &self.names.template),
            (Field::CONTAINER, self.read.container, &self.names.container),
        ] {
            if set.is_some() {
                output.set_known(field, Presence::Always, "enrich");
            } else if !wanted {
                output.remove(field);
            }
        }
        for (field, wanted) in [(Field::IMAGE, self.read.image), (Field::LABELS, self.read.labels)] {
            if wanted {
                output.set_known(field, Presence::Maybe, "enrich");
            }
        }
        output
    }

    fn foresight(&self, _input: &Schema, _made_by: MadeBy<'_>) -> Foresight {
        Foresight::Adds
    }

    fn apply(&self, batch: &mut Batch) {
        // The table first: its key may be a name that the settings replace or leave out.
        if let Some(table) = &self.table {
            table.apply(batch);
        }
        if self.read.image {
            set_of_origin(batch, Field::IMAGE, |origin| {
                origin.image.as_deref().map(|image| Constant::Text(image.into()))
            });
        }
        if self.read.labels {
            set_of_origin(batch, Field::LABELS, |origin| {
                (!origin.labels.is_empty()).then(|| Constant::Json(labels_json(origin).into()))
            });
        }
        for (field, constant) in &self.constants {
            batch.set_column(*field, Column::All(constant.clone()));
        }
        change_origins(batch, |origin| {
            for (value, wanted, set) in [
                (&mut origin.deployment, self.read.deployment, &self.names.deployment),
                (&mut origin.template, self.read.template, &self.names.template),
                (&mut origin.container, self.read.container, &self.names.container),
            ] {
                if set.is_some() {
                    value.clone_from(set);
                } else if !wanted {
                    *value = None;
                }
            }
        });
    }
}

/// Sets a field that depends on the origin alone: one value for the batch where there is one origin.
fn set_of_origin(batch: &mut Batch, field: Field, make: impl Fn(&Origin) -> Option<Constant>) {
    let made: Vec<Option<Constant>> = batch.origins.iter().map(|shared| make(&shared.origin)).collect();
    if let [only] = made.as_slice() {
        if let Some(constant) = only {
            batch.set_column(field, Column::All(constant.clone()));
        }
        return;
    }
    let cells: Vec<Cell> =
        made.iter().map(|made| made.as_ref().map_or(Cell::Missing, |c| cell(batch, c))).collect();
    for row in 0..batch.rows.len() {
        let cell = cells[usize::from(batch.rows[row].origin)];
        if cell != Cell::Missing {
            batch.set(row, field, cell);
        }
    }
}

/// A constant as the value of some rows.
fn cell(batch: &mut Batch, constant: &Constant) -> Cell {
    match constant {
        Constant::Text(text) => Cell::Text(batch.text.push(text.as_bytes())),
        Constant::Json(json) => Cell::Json(batch.text.push(json.as_bytes())),
        Constant::Int(n) => Cell::Int(*n),
        Constant::Float(n) => Cell::Float(*n),
        Constant::Bool(b) => Cell::Bool(*b),
    }
}

fn labels_json(origin: &Origin) -> String {
    let mut out = vec![b'{'];
    for (at, (name, value)) in origin.labels.iter().enumerate() {
        out.extend_from_slice(if at == 0 { b"\"" } else { b",\"" });
        escape_into(name.as_bytes(), &mut out);
        out.extend_from_slice(b"\":\"");
        escape_into(value.as_bytes(), &mut out);
        out.push(b'"');
    }
    out.push(b'}');
    String::from_utf8_lossy(&out).into_owned()
}

/// A value as the text that a table's keys are compared with; `false`: it has none.
fn write_text(value: Value<'_>, out: &mut Vec<u8>) -> bool {
    match value {
        Value::Text(text) | Value::Json(text) => out.extend_from_slice(text),
        Value::Escaped(text) => crate::event::escape::unescape_into(text, out),
        Value::Int(n) => out.extend_from_slice(n.to_string().as_bytes()),
        Value::Float(n) => out.extend_from_slice(n.to_string().as_bytes()),
        Value::Bool(b) => out.extend_from_slice(b.to_string().as_bytes()),
        Value::Level(level) => out.extend_from_slice(level.as_str().as_bytes()),
        Value::Missing | Value::Time(_) | Value::Duration(_) | Value::Bytes(_) => return false,
    }
    true
}

#[cfg(test)]
mod tests;
