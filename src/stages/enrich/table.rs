//! The look-up of `enrich`: a CSV or JSON file, read once, found by a key.

use rustc_hash::FxHashMap;
use serde_json::{Map, Value as Json};

use crate::config::{Diags, Settings};
use crate::event::{Batch, Cell, Constant, Field, Presence, Schema, Type};

use super::super::named;
use super::{cell, type_of, write_text};

/// Fields from a CSV or JSON file, for example
/// `lookup: { file: teams.csv, key: deployment, on: name, fields: [team, owner] }`.
#[derive(Debug, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TableSettings {
    /// The file, from the folder of the pipeline file: CSV with a head line, a JSON array of objects, one object by key,
    /// or an object a line.
    file: String,
    /// The field of the event to look up, for example `deployment`.
    key: String,
    /// The column of the file to find it in. Without it: the column called like the field, else the first one of CSV,
    /// else the keys of an object of objects (that column is called `key`).
    #[serde(default)]
    on: Option<String>,
    /// The columns to add as fields; without it all others.
    #[serde(default)]
    fields: Option<Vec<String>>,
}

/// A file, read and indexed.
pub struct Table {
    key: Field,
    key_name: String,
    columns: Vec<(Field, Type)>,
    rows: FxHashMap<Box<[u8]>, u32>,
    values: Vec<Vec<Option<Constant>>>,
}

/// What a file holds: names of its columns, and its lines.
struct Lines {
    names: Vec<String>,
    /// Whether the first column is what lines are found by unless the settings say otherwise.
    first_is_key: bool,
    lines: Vec<Vec<Option<Constant>>>,
}

impl Table {
    /// Reads the file that the settings name; mistakes in either are findings.
    pub fn read(lookup: &TableSettings, settings: &Settings<'_>, diags: &mut Diags) -> Option<Table> {
        let place = |name: &str| settings.range_at(&["lookup", name]);
        let lines = settings.read_file(&lookup.file).and_then(|bytes| {
            let text = String::from_utf8(bytes).map_err(|_| format!("{} is not UTF-8", lookup.file))?;
            read_lines(text.trim_start_matches('\u{feff}')).map_err(|e| format!("{}: {e}", lookup.file))
        });
        let lines = match lines {
            Ok(lines) => lines,
            Err(reason) => {
                diags.error(place("file"), reason, "this file", None);
                return None;
            }
        };
        let find = |name: &str| lines.names.iter().position(|n| n == name);
        let on = match &lookup.on {
            Some(on) => find(on),
            None => find(&lookup.key).or(lines.first_is_key.then_some(0)),
        };
        let Some(on) = on else {
            let name = lookup.on.as_deref().unwrap_or(&lookup.key);
            report_column(place("on"), name, &lines.names, diags);
            return None;
        };
        let mut wanted = Vec::new();
        match &lookup.fields {
            None => wanted.extend((0..lines.names.len()).filter(|at| *at != on)),
            Some(fields) => {
                for (at, name) in fields.iter().enumerate() {
                    match find(name) {
                        Some(column) => wanted.push(column),
                        None => {
                            let range = settings.range_at(&["lookup", "fields", &at.to_string()]);
                            report_column(range, name, &lines.names, diags);
                        }
                    }
                }
            }
        }
        let mut columns = Vec::new();
        for &column in &wanted {
            let name = &lines.names[column];
            let field = Field::named(name);
            let ty = column_type(&lines.lines, column);
            if super::is_core(field) || matches!(name.as_str(), "deployment" | "template" | "container") {
                let message = format!("`{name}` of {} cannot be added", lookup.file);
                let help = Some("name the columns to add with `fields`".to_owned());
                diags.error(place("fields"), message, "the source makes that field", help);
            } else if let Some(known) = field.known()
                && known.ty != ty
            {
                let message = format!("`{name}` is {}, the file has {ty}", known.ty);
                diags.error(place("file"), message, "another type", None);
            }
            columns.push((field, ty));
        }
        let mut table = Table {
            key: Field::named(&lookup.key),
            key_name: lookup.key.clone(),
            columns,
            rows: FxHashMap::default(),
            values: Vec::new(),
        };
        let mut twice = None;
        for line in lines.lines {
            let Some(key) = line[on].as_ref() else { continue };
            let mut text = Vec::new();
            write_text(key.as_value(), &mut text);
            let values = wanted.iter().map(|column| line[*column].clone()).collect();
            if let Some(old) = table.rows.get(text.as_slice()) {
                twice.get_or_insert_with(|| String::from_utf8_lossy(&text).into_owned());
                table.values[*old as usize] = values;
            } else {
                table.rows.insert(text.into(), table.values.len() as u32);
                table.values.push(values);
            }
        }
        if let Some(key) = twice {
            let message = format!("{} has `{key}` more than once; the last one counts", lookup.file);
            diags.warning(place("file"), message, "this file", None);
        }
        Some(table)
    }

    /// Adds the columns to the schema.
    pub fn check(&self, input: &Schema, output: &mut Schema, settings: &Settings<'_>, diags: &mut Diags) {
        named::check_field(&self.key_name, settings.range_at(&["lookup", "key"]), input, diags);
        for (field, ty) in &self.columns {
            output.set(*field, *ty, Presence::Maybe, "enrich");
        }
    }

    /// Adds the values of each row's line.
    pub fn apply(&self, batch: &mut Batch) {
        let mut made: FxHashMap<u32, Vec<Cell>> = FxHashMap::default();
        let mut text = Vec::new();
        for row in 0..batch.rows.len() {
            if !batch.rows[row].alive() {
                continue;
            }
            text.clear();
            if !write_text(batch.value(row, self.key), &mut text) {
                continue;
            }
            let Some(&line) = self.rows.get(text.as_slice()) else { continue };
            let cells = made.entry(line).or_insert_with(|| {
                let values = self.values[line as usize].iter();
                values.map(|value| value.as_ref().map_or(Cell::Missing, |c| cell(batch, c))).collect()
            });
            for ((field, _), value) in self.columns.iter().zip(cells) {
                if *value != Cell::Missing {
                    batch.set(row, *field, *value);
                }
            }
        }
    }
}

fn report_column(range: std::ops::Range<usize>, name: &str, names: &[String], diags: &mut Diags) {
    let help = format!("it has {}", names.join(", "));
    diags.error(range, format!("the file has no column `{name}`"), "no such column", Some(help));
}

/// The type that all values of a column have, else JSON.
fn column_type(lines: &[Vec<Option<Constant>>], column: usize) -> Type {
    let mut types = lines.iter().filter_map(|line| line[column].as_ref()).map(type_of);
    let Some(first) = types.next() else { return Type::Text };
    if types.all(|ty| ty == first) { first } else { Type::Json }
}

/// A JSON value as a constant; null is none.
pub fn constant(json: &Json) -> Option<Constant> {
    Some(match json {
        Json::Null => return None,
        Json::String(text) => Constant::Text(text.as_str().into()),
        Json::Bool(b) => Constant::Bool(*b),
        Json::Number(n) => match n.as_i64() {
            Some(n) => Constant::Int(n),
            None => Constant::Float(n.as_f64()?),
        },
        Json::Array(_) | Json::Object(_) => Constant::Json(json.to_string().into()),
    })
}

fn read_lines(text: &str) -> Result<Lines, String> {
    let (objects, by_key) = match text.trim_start().chars().next() {
        None => return Err("the file is empty".to_owned()),
        Some('[') => {
            let objects = serde_json::from_str(text).map_err(|e| format!("not a list of objects: {e}"))?;
            (objects, false)
        }
        Some('{') => json_objects(text)?,
        Some(_) => return csv_lines(text),
    };
    let mut names: Vec<String> = by_key.then(|| KEY.to_owned()).into_iter().collect();
    for object in &objects {
        for name in object.keys() {
            if !names.contains(name) {
                names.push(name.clone());
            }
        }
    }
    let line = |object: &Map<String, Json>| names.iter().map(|n| constant(object.get(n)?)).collect();
    let lines = objects.iter().map(line).collect();
    if names.is_empty() {
        return Err("the file has no fields".to_owned());
    }
    Ok(Lines { names, lines, first_is_key: by_key })
}

/// The column that the keys of an object of objects become.
const KEY: &str = "key";

/// One object of objects (then the keys become a column), or an object a line.
fn json_objects(text: &str) -> Result<(Vec<Map<String, Json>>, bool), String> {
    let mut objects = Vec::new();
    for document in serde_json::Deserializer::from_str(text).into_iter::<Map<String, Json>>() {
        objects.push(document.map_err(|e| format!("not an object: {e}"))?);
    }
    if let [by_key] = objects.as_slice()
        && !by_key.is_empty()
        && by_key.values().all(Json::is_object)
    {
        let with_key = |(key, value): (&String, &Json)| {
            let mut object = value.as_object().cloned().unwrap_or_default();
            object.insert(KEY.to_owned(), key.clone().into());
            object
        };
        return Ok((by_key.iter().map(with_key).collect(), true));
    }
    Ok((objects, false))
}

fn csv_lines(text: &str) -> Result<Lines, String> {
    let mut rows = csv(text)?.into_iter();
    let names = rows.next().ok_or("the file is empty")?;
    let mut lines = Vec::new();
    for (at, row) in rows.enumerate() {
        if row.len() == 1 && row[0].is_empty() {
            continue;
        }
        if row.len() != names.len() {
            return Err(format!("record {} has {} columns, the head has {}", at + 2, row.len(), names.len()));
        }
        let values = row.into_iter().map(|v| (!v.is_empty()).then(|| Constant::Text(v.into())));
        lines.push(values.collect());
    }
    Ok(Lines { names, lines, first_is_key: true })
}

/// Records of CSV text as RFC 4180 has them: quotes hold commas, newlines and doubled quotes.
fn csv(text: &str) -> Result<Vec<Vec<String>>, String> {
    let (mut rows, mut row, mut value) = (Vec::new(), Vec::new(), String::new());
    let (mut quoted, mut was_quoted) = (false, false);
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' if quoted && chars.peek() == Some(&'"') => {
                chars.next();
                value.push('"');
            }
            '"' if quoted => quoted = false,
            _ if quoted => value.push(c),
            '"' if value.is_empty() && !was_quoted => (quoted, was_quoted) = (true, true),
            ',' => {
                row.push(std::mem::take(&mut value));
                was_quoted = false;
            }
            '\r' if chars.peek() == Some(&'\n') => {}
            '\n' => {
                row.push(std::mem::take(&mut value));
                rows.push(std::mem::take(&mut row));
                was_quoted = false;
            }
            _ => value.push(c),
        }
    }
    if quoted {
        return Err("a quote is not closed".to_owned());
    }
    if !value.is_empty() || !row.is_empty() || was_quoted {
        row.push(value);
        rows.push(row);
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn csv_is_read_as_rfc_4180_says() {
        let cases: [(&str, &[&[&str]]); 6] = [
            ("a,b\n1,2\n", &[&["a", "b"], &["1", "2"]]),
            ("a,b\r\n1,2", &[&["a", "b"], &["1", "2"]]),
            ("\"a,x\",\"b\"\"y\"\n", &[&["a,x", "b\"y"]]),
            ("\"a\nb\",\n", &[&["a\nb", ""]]),
            ("a,\"\"", &[&["a", ""]]),
            ("", &[]),
        ];
        for (text, expected) in cases {
            assert_eq!(csv(text).unwrap(), expected, "{text}");
        }
        assert!(csv("\"a").is_err());
    }
}
