//! What the settings of a stage name: fields, read and checked against the schema.
//!
//! * A field that no event can have is an error, with the nearest name or with what makes it.
//! * Where fields cannot be known before they are read (an open schema), any name is right.

use std::ops::Range;

use serde::de::DeserializeOwned;

use crate::config::near::near_miss;
use crate::config::{Diags, Settings};
use crate::event::{Field, Schema};

/// One name or several.
#[derive(Clone, Debug, serde::Deserialize, schemars::JsonSchema)]
#[serde(untagged)]
pub enum Names {
    /// One name.
    One(String),
    /// Several names.
    Many(Vec<String>),
}

impl Names {
    /// The names, in order.
    pub fn as_slice(&self) -> &[String] {
        match self {
            Names::One(name) => std::slice::from_ref(name),
            Names::Many(names) => names,
        }
    }

    /// The place of a name in the file; `path` leads to the setting that holds the names.
    pub fn range(&self, settings: &Settings<'_>, path: &[&str], at: usize) -> Range<usize> {
        match self {
            Names::One(_) => settings.range_at(path),
            Names::Many(_) => {
                let index = at.to_string();
                let mut path = path.to_vec();
                path.push(&index);
                settings.range_at(&path)
            }
        }
    }
}

/// Settings as their type, or a finding.
pub fn read<T: DeserializeOwned>(settings: &Settings<'_>, diags: &mut Diags) -> Option<T> {
    match settings.decode() {
        Ok(read) => Some(read),
        Err(reason) => {
            diags.error(settings.range(), "these settings cannot be read", reason, None);
            None
        }
    }
}

/// Reports a field that no event has at this point.
pub fn check_field(name: &str, range: Range<usize>, input: &Schema, diags: &mut Diags) {
    if input.open || exists(name, input) {
        return;
    }
    let help = match Field::named(name).known() {
        Some(known) => Some(format!("`{name}` is made by `{}`; put that before this stage", known.from)),
        None => near_miss(name, input.names().iter().map(String::as_str))
            .map(|near| format!("did you mean `{near}`?")),
    };
    diags.error(range, format!("no event has a field `{name}` here"), "unknown field", help);
}

/// Reports every name that no event has.
pub fn check_fields(
    names: &Names,
    path: &[&str],
    input: &Schema,
    settings: &Settings<'_>,
    diags: &mut Diags,
) {
    for (at, name) in names.as_slice().iter().enumerate() {
        check_field(name, names.range(settings, path, at), input, diags);
    }
}

/// Whether the schema knows the field, or an object that may hold it.
fn exists(name: &str, input: &Schema) -> bool {
    let known = |name: &str| input.iter().any(|field| field.field.name() == name);
    known(name) || name.match_indices('.').any(|(dot, _)| known(&name[..dot]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Presence, Type};

    #[test]
    fn a_field_that_nobody_makes_is_reported_with_help() {
        let mut schema = Schema::default();
        schema.set_known(Field::MESSAGE, Presence::Always, "file");
        schema.set(Field::named("user"), Type::Json, Presence::Maybe, "parse");
        let cases: [(&str, Option<&str>); 5] = [
            ("message", None),
            ("user.id", None),
            ("mesage", Some("did you mean `message`?")),
            ("tool.name", Some("`tool.name` is made by `extract`; put that before this stage")),
            ("qqqqqq", Some("")),
        ];
        for (name, help) in cases {
            let mut diags = Diags::default();
            check_field(name, 0..1, &schema, &mut diags);
            let found = diags.findings.first().map(|f| f.help.clone().unwrap_or_default());
            assert_eq!(found.as_deref(), help, "{name}");
        }
        schema.open = true;
        let mut diags = Diags::default();
        check_field("anything", 0..1, &schema, &mut diags);
        assert!(diags.findings.is_empty());
    }
}
