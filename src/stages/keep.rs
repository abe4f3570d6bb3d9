//! `keep`: only these fields stay.
//!
//! * `timestamp`, `message` and `stream` stay in any case.
//! * A dotted name that reaches into an object keeps that member alone, under the dotted name.

use crate::config::{Diags, Settings};
use crate::event::{Batch, Field, Pair, Presence, Schema, Type};

use super::drop::{change_origins, clear};
use super::named::{self, Names};
use super::own::{self, Place};
use super::{Kind, Map, Stage};

/// `keep`
pub const KIND: Kind = Kind {
    name: "keep",
    summary: "takes away all fields but these",
    schema: || schemars::schema_for!(KeepSettings),
    build,
};

/// The only fields to keep, for example `keep: [level, deployment, tool.name]`. `timestamp`, `message` and `stream`
/// always stay.
#[derive(Debug, serde::Deserialize, schemars::JsonSchema)]
pub struct KeepSettings(Names);

fn build(settings: &Settings<'_>, diags: &mut Diags) -> Option<Stage> {
    let KeepSettings(names) = named::read(settings, diags)?;
    let fields = names.as_slice().iter().map(|name| Field::named(name)).collect();
    Some(Stage::Map(Box::new(Keep { names, fields })))
}

const ALWAYS: [Field; 6] =
    [Field::TIMESTAMP, Field::MESSAGE, Field::STREAM, Field::ENGINE_TIME, Field::RAW, Field::ID];

struct Keep {
    names: Names,
    fields: Vec<Field>,
}

impl Keep {
    fn keeps(&self, field: Field) -> bool {
        ALWAYS.contains(&field) || self.fields.contains(&field)
    }
}

impl Map for Keep {
    fn check(&self, input: &Schema, settings: &Settings<'_>, diags: &mut Diags) -> Schema {
        named::check_fields(&self.names, &[], input, settings, diags);
        let mut output = Schema::default();
        for field in input.iter().filter(|f| self.keeps(f.field)) {
            output.set(field.field, field.ty, field.presence, &field.from);
        }
        for &field in &self.fields {
            if output.get(field).is_none() {
                let ty = field.known().map_or(Type::Json, |known| known.ty);
                output.set(field, ty, Presence::Maybe, "keep");
            }
        }
        output
    }

    fn apply(&self, batch: &mut Batch) {
        let columns: Vec<Field> = batch.columns().iter().map(|(field, _)| *field).collect();
        for field in columns {
            if !self.keeps(field) {
                batch.remove_column(field);
            }
        }
        if !self.keeps(Field::LEVEL) {
            clear(batch, Field::LEVEL);
        }
        change_origins(batch, |origin| {
            for (field, value) in [
                (Field::DEPLOYMENT, &mut origin.deployment),
                (Field::TEMPLATE, &mut origin.template),
                (Field::CONTAINER, &mut origin.container),
            ] {
                if !self.keeps(field) {
                    *value = None;
                }
            }
        });
        for row in 0..batch.rows.len() {
            if batch.rows[row].rest_len > 0 && batch.rows[row].alive() {
                self.keep_own(batch, row);
            }
        }
    }
}

impl Keep {
    fn keep_own(&self, batch: &mut Batch, row: usize) {
        let names = self.names.as_slice();
        let mut inside = Vec::new();
        for name in names.iter().filter(|name| name.contains('.')) {
            if let Some(Place::Inside(_, value)) = own::find(batch, row, name) {
                inside.push((name, value));
            }
        }
        own::retain(batch, row, |batch, pair| names.iter().any(|name| own::is_called(batch, pair, name)));
        for (name, value) in inside {
            let key = batch.text.push(name.as_bytes());
            own::push(batch, row, Pair { key, value });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;
    use crate::event::{Column, Constant};
    use serde_json::json;

    #[test]
    fn only_what_is_named_stays() {
        let line = r#"{"level":"INFO","message":"m","a":1,"user":{"id":7,"name":"x"},"b":"t"}"#;
        let cases = [
            (json!(["b", "a"]), "a=1 b=t"),
            (json!("user.id"), "user.id=7"),
            (json!(["user.none", "user.name"]), "user.name=x"),
            (json!(["user"]), "user={\"id\":7,\"name\":\"x\"}"),
            (json!([]), ""),
        ];
        for (settings, expected) in cases {
            let mut batch = json_batch(&[line, line]);
            apply(&stage("keep", settings.clone()).unwrap(), &mut batch);
            assert_eq!(show_own(&batch, 0), expected, "{settings}");
            assert_eq!(show_own(&batch, 1), expected, "{settings}");
            assert_eq!(show(&batch, 0, "message"), "m");
            assert_eq!(show(&batch, 0, "level"), "-");
        }
    }

    #[test]
    fn columns_and_origins_leave_unless_named() {
        let mut batch = batch(&["x"]);
        batch.set_column(Field::HOST, Column::All(Constant::Text("h".into())));
        batch.set_column(Field::LOGGER, Column::All(Constant::Text("l".into())));
        apply(&stage("keep", json!(["host", "template"])).unwrap(), &mut batch);
        let shown: Vec<String> =
            ["host", "logger", "template", "deployment"].iter().map(|n| show(&batch, 0, n)).collect();
        assert_eq!(shown, ["h", "-", "demo", "-"]);
    }

    #[test]
    fn the_schema_is_closed_behind_it() {
        let (_, schema) =
            stage_in("keep", json!(["user.id", "level"]), std::path::Path::new("."), &open_schema()).unwrap();
        let names: Vec<&str> = schema.iter().map(|f| f.field.name()).collect();
        assert!(!schema.open);
        assert_eq!(names, ["timestamp", "level", "message", "stream", "engine_time", "raw", "id", "user.id"]);
    }
}
