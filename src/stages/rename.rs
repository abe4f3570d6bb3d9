//! `rename`: fields get another name.
//!
//! * All renames of one stage happen at once, so that two fields can change names with each other.
//! * A value that the new name's type cannot hold stays under its old name and is counted as a type miss.

use std::collections::BTreeMap;

use crate::config::{Diags, Settings};
use crate::event::batch::is_core;
use crate::event::{
    Batch, Cell, Column, Constant, Field, Level, NO_TIME, Pair, Presence, Schema, Span, Type, Value, time,
};

use super::drop::{clear, why_it_stays};
use super::own::{self, Place};
use super::{Kind, Map, Stage, named};

/// `rename`
pub const KIND: Kind = Kind {
    name: "rename",
    summary: "gives fields other names",
    schema: || schemars::schema_for!(RenameSettings),
    build,
};

/// Old name to new name, for example `rename: { msg: message, request_id: trace.id }`. A dotted old name also
/// reaches into an object. A field that has the new name already is replaced.
#[derive(Debug, serde::Deserialize, schemars::JsonSchema)]
pub struct RenameSettings(BTreeMap<String, String>);

fn build(settings: &Settings<'_>, diags: &mut Diags) -> Option<Stage> {
    let RenameSettings(names) = named::read(settings, diags)?;
    let mut renames: Vec<Rename> = Vec::new();
    for (old, new) in names {
        let range = settings.range_at(&[&old]);
        if let Some(reason) = why_it_stays(&old) {
            diags.error(range, format!("`{old}` cannot be renamed: {reason}"), "stays", None);
            continue;
        }
        if let Some(reason) = why_nothing_becomes(&new) {
            diags.error(range, format!("nothing can be renamed to `{new}`: {reason}"), "not this name", None);
            continue;
        }
        if renames.iter().any(|other| other.new == new) {
            diags.error(range, format!("two fields are renamed to `{new}`"), "the second one", None);
            continue;
        }
        renames.push(Rename { from: Field::named(&old), to: Field::named(&new), old, new });
    }
    Some(Stage::Map(Box::new(Renames(renames))))
}

fn why_nothing_becomes(name: &str) -> Option<&'static str> {
    match name {
        "" => Some("a field has a name"),
        "stream" | "engine_time" | "id" | "raw" => Some("the source makes it"),
        "deployment" | "template" | "container" | "labels" => {
            Some("it says which container the line is from; see `enrich`")
        }
        "tool.duration" => Some("the unit is not known; see the rules of `extract`"),
        _ => None,
    }
}

struct Rename {
    old: String,
    new: String,
    from: Field,
    to: Field,
}

struct Renames(Vec<Rename>);

/// Whether a value of type `from` can be one of type `to`; JSON may be anything.
fn fits(from: Type, to: Type) -> bool {
    from == to || from == Type::Json || (from == Type::Text && matches!(to, Type::Level | Type::Time))
}

impl Map for Renames {
    fn check(&self, input: &Schema, settings: &Settings<'_>, diags: &mut Diags) -> Schema {
        let mut output = input.clone();
        let mut types = Vec::new();
        for rename in &self.0 {
            named::check_field(&rename.old, settings.range_at(&[&rename.old]), input, diags);
            let unknown = (Type::Json, Presence::Maybe);
            let (ty, presence) = input.get(rename.from).map_or(unknown, |f| (f.ty, f.presence));
            let ty = match rename.to.known() {
                Some(known) if fits(ty, known.ty) => known.ty,
                Some(known) => {
                    let message = format!("`{}` is {ty}, `{}` is {}", rename.old, rename.new, known.ty);
                    diags.error(settings.range_at(&[&rename.old]), message, "another type", None);
                    known.ty
                }
                None => ty,
            };
            types.push((rename, ty, presence));
            output.remove(rename.from);
        }
        for (rename, ty, presence) in types {
            output.set(rename.to, ty, presence, "rename");
        }
        output
    }

    fn apply(&self, batch: &mut Batch) {
        let made: Vec<Vec<(u32, Cell)>> = self.0.iter().map(|r| take_made(batch, r.from)).collect();
        let into_pairs: Vec<Option<Span>> = self.0.iter().map(|r| own_key(batch, r)).collect();
        let mut places: Vec<Option<Place>> = Vec::new();
        let mut values: Vec<(usize, Cell)> = Vec::new();
        for row in 0..batch.rows.len() {
            if !batch.rows[row].alive() {
                continue;
            }
            places.clear();
            values.clear();
            for (at, rename) in self.0.iter().enumerate() {
                match made[at].binary_search_by_key(&(row as u32), |(row, _)| *row) {
                    Ok(found) => {
                        values.push((at, made[at][found].1));
                        places.push(None);
                    }
                    Err(_) => places.push(own::find(batch, row, &rename.old)),
                }
            }
            if values.is_empty() && places.iter().all(Option::is_none) {
                continue;
            }
            self.take_own(batch, row, &places, &into_pairs, &mut values);
            for &(at, value) in &values {
                self.put(batch, row, &self.0[at], value);
            }
        }
    }
}

impl Renames {
    /// Takes a row's own fields from their old names; those that stay own fields get the new one at once.
    fn take_own(
        &self,
        batch: &mut Batch,
        row: usize,
        places: &[Option<Place>],
        into_pairs: &[Option<Span>],
        values: &mut Vec<(usize, Cell)>,
    ) {
        let pairs = own::range(batch, row);
        let mut end = pairs.start;
        for pair in pairs {
            let mut kept = batch.pairs[pair];
            if let Some(at) = places.iter().position(|place| *place == Some(Place::Pair(pair))) {
                match into_pairs[at] {
                    Some(key) => kept.key = key,
                    None => {
                        values.push((at, kept.value));
                        continue;
                    }
                }
            } else if self.0.iter().enumerate().any(|(at, rename)| {
                let moves = places[at].is_some() || values.iter().any(|(with, _)| *with == at);
                moves
                    && (own::is_called(batch, pair, &rename.old) || own::is_called(batch, pair, &rename.new))
            }) {
                continue;
            }
            batch.pairs[end] = kept;
            end += 1;
        }
        batch.rows[row].rest_len = (end - batch.rows[row].rest_at as usize) as u16;
        for (at, place) in places.iter().enumerate() {
            if let Some(Place::Inside(_, value)) = place {
                own::remove(batch, row, &self.0[at].old);
                values.push((at, *value));
            }
        }
    }

    /// Gives a row a value under its new name, or back under the old one if it does not fit.
    fn put(&self, batch: &mut Batch, row: usize, rename: &Rename, value: Cell) {
        let fits = match (rename.to, value) {
            (Field::MESSAGE, Cell::Text(span)) => {
                batch.rows[row].message = span;
                true
            }
            (Field::LEVEL, _) => match as_level(batch.cell_value(value)) {
                Some(level) => {
                    batch.rows[row].level = Some(level);
                    true
                }
                None => false,
            },
            (Field::TIMESTAMP, _) => match as_time(batch.cell_value(value)) {
                Some(time) => {
                    batch.rows[row].timestamp = time;
                    true
                }
                None => false,
            },
            (Field::MESSAGE, _) => false,
            (to, _) => match (to.known().map(|known| known.ty), value) {
                (Some(Type::Text), Cell::Text(_)) | (Some(Type::Bool), Cell::Bool(_)) => {
                    batch.set(row, to, value);
                    true
                }
                (Some(_), _) => false,
                (None, _) if batch.columns().iter().any(|(field, _)| *field == to) => {
                    batch.set(row, to, value);
                    true
                }
                (None, _) => {
                    let key = batch.text.push(rename.new.as_bytes());
                    own::push(batch, row, Pair { key, value })
                }
            },
        };
        if !fits {
            batch.tally.type_misses += 1;
            let key = batch.text.push(rename.old.as_bytes());
            own::push(batch, row, Pair { key, value });
        }
    }
}

/// The key that own fields get, if a renamed own field stays one. A column of the new name is made ready for it.
fn own_key(batch: &mut Batch, rename: &Rename) -> Option<Span> {
    if let Some((_, Column::All(constant))) = batch.columns().iter().find(|(field, _)| *field == rename.to) {
        let constant = constant.clone();
        let cells = spread(batch, &constant);
        batch.set_column(rename.to, Column::Sparse(cells));
        return None;
    }
    let stays = rename.to.known().is_none() && !batch.columns().iter().any(|(field, _)| *field == rename.to);
    stays.then(|| batch.text.push(rename.new.as_bytes()))
}

/// Takes what the source and stages made of a field: rows in ascending order.
fn take_made(batch: &mut Batch, field: Field) -> Vec<(u32, Cell)> {
    let of_origin = matches!(field, Field::DEPLOYMENT | Field::TEMPLATE | Field::CONTAINER);
    if !is_core(field) && !of_origin {
        return match batch.remove_column(field) {
            None => Vec::new(),
            Some(Column::Sparse(cells)) => cells.into_iter().filter(|(_, c)| *c != Cell::Missing).collect(),
            Some(Column::All(constant)) => spread(batch, &constant),
        };
    }
    let mut cells = Vec::new();
    let mut names: Vec<Option<Cell>> = vec![None; batch.origins.len()];
    for row in 0..batch.rows.len() {
        let r = batch.rows[row];
        let cell = match field {
            Field::LEVEL => r.level.map_or(Cell::Missing, Cell::Level),
            Field::TIMESTAMP if r.timestamp != NO_TIME => Cell::Time(r.timestamp),
            _ if of_origin => *names[usize::from(r.origin)].get_or_insert_with(|| {
                let Value::Text(name) = batch.value(row, field) else { return Cell::Missing };
                let name = name.to_vec();
                Cell::Text(batch.text.push(&name))
            }),
            _ => Cell::Missing,
        };
        if cell != Cell::Missing {
            cells.push((row as u32, cell));
        }
    }
    clear(batch, field);
    cells
}

/// A constant as the value of each row.
fn spread(batch: &mut Batch, constant: &Constant) -> Vec<(u32, Cell)> {
    let cell = match constant {
        Constant::Text(text) => Cell::Text(batch.text.push(text.as_bytes())),
        Constant::Json(json) => Cell::Json(batch.text.push(json.as_bytes())),
        Constant::Int(n) => Cell::Int(*n),
        Constant::Float(n) => Cell::Float(*n),
        Constant::Bool(b) => Cell::Bool(*b),
    };
    (0..batch.rows.len() as u32).map(|row| (row, cell)).collect()
}

fn as_level(value: Value<'_>) -> Option<Level> {
    match value {
        Value::Level(level) => Some(level),
        Value::Text(word) | Value::Escaped(word) => Level::parse(word),
        _ => None,
    }
}

fn as_time(value: Value<'_>) -> Option<time::Nanos> {
    match value {
        Value::Time(time) => Some(time),
        Value::Text(text) | Value::Escaped(text) => time::parse_rfc3339(text),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;
    use serde_json::json;

    #[test]
    fn own_fields_get_their_new_names() {
        let line = r#"{"level":"INFO","message":"m","a":1,"b":"t","user":{"id":7,"n":"x"}}"#;
        let cases = [
            (json!({"a": "z"}), "z=1 b=t user={\"id\":7,\"n\":\"x\"}"),
            (json!({"a": "b", "b": "a"}), "b=1 a=t user={\"id\":7,\"n\":\"x\"}"),
            (json!({"a": "b"}), "b=1 user={\"id\":7,\"n\":\"x\"}"),
            (json!({"user.id": "uid"}), "a=1 b=t user={\"n\":\"x\"} uid=7"),
            (json!({"none": "z"}), "a=1 b=t user={\"id\":7,\"n\":\"x\"}"),
        ];
        for (settings, expected) in cases {
            let mut batch = json_batch(&[line, line]);
            apply(&stage("rename", settings.clone()).unwrap(), &mut batch);
            assert_eq!(show_own(&batch, 0), expected, "{settings}");
            assert_eq!(show_own(&batch, 1), expected, "{settings}");
        }
    }

    #[test]
    fn fields_that_every_event_has_take_part() {
        let line = r#"{"level":"INFO","message":"m","msg":"real","sev":"warn","at":"2025-01-27T16:47:30Z","t":"x","n":1}"#;
        let mut batch = json_batch(&[line]);
        let settings = json!({"msg": "message", "level": "was", "sev": "level", "at": "timestamp",
            "t": "tool.name", "n": "logger", "deployment": "service"});
        apply(&stage("rename", settings).unwrap(), &mut batch);
        let shown: Vec<String> =
            ["message", "was", "level", "timestamp", "tool.name", "logger", "n", "deployment", "service"]
                .iter()
                .map(|name| show(&batch, 0, name))
                .collect();
        let expected = ["real", "INFO", "WARN", "1737996450000000000", "x", "-", "1", "-"];
        assert_eq!(shown[..8], expected);
        assert_eq!(shown[8], "mcp-demo-0127-164730-abcdef12");
        assert_eq!(batch.tally.type_misses, 1, "a number is no logger");
    }

    #[test]
    fn constants_of_other_stages_are_renamed_and_replaced_row_by_row() {
        let mut batch = json_batch(&[r#"{"x":"own"}"#, "{}"]);
        batch.set_column(Field::named("env"), Column::All(Constant::Text("prod".into())));
        apply(&stage("rename", json!({"x": "env"})).unwrap(), &mut batch);
        assert_eq!([show(&batch, 0, "env"), show(&batch, 1, "env")], ["own", "prod"]);
        apply(&stage("rename", json!({"env": "stage"})).unwrap(), &mut batch);
        assert_eq!([show(&batch, 0, "stage"), show(&batch, 1, "stage")], ["own", "prod"]);
        assert_eq!([show(&batch, 0, "env"), show(&batch, 1, "env")], ["-", "-"]);
    }

    #[test]
    fn what_cannot_be_renamed_is_refused() {
        for (settings, message) in [
            (json!({"message": "m"}), "`message` cannot be renamed: every event has a message"),
            (json!({"a": "id"}), "nothing can be renamed to `id`: the source makes it"),
            (json!({"a": "c", "b": "c"}), "two fields are renamed to `c`"),
            (json!({"timestamp": "level"}), "`timestamp` is time, `level` is level"),
        ] {
            let Err(findings) = stage("rename", settings.clone()) else { panic!("{settings}") };
            assert_eq!(findings[0], message, "{settings}");
        }
    }
}
