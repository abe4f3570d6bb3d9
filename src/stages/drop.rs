//! `drop`: fields are taken away.
//!
//! * What stages made and what the line itself says are taken alike, wherever the name stands.
//! * What an event's identity is made of stays, so that ids are the same with and without this stage.

use crate::config::{Diags, Settings};
use crate::event::{Batch, Field, NO_TIME, Origin, Schema, SharedOrigin};

use super::named::{self, Names};
use super::{Kind, Map, Stage, own};

/// `drop`
pub const KIND: Kind = Kind {
    name: "drop",
    summary: "takes fields away",
    schema: || schemars::schema_for!(DropSettings),
    build,
};

/// The fields to take away, for example `drop: [request_id, user.email]`. A dotted name also reaches into an
/// object. `message` and `stream` always stay.
#[derive(Debug, serde::Deserialize, schemars::JsonSchema)]
pub struct DropSettings(Names);

fn build(settings: &Settings<'_>, diags: &mut Diags) -> Option<Stage> {
    let DropSettings(names) = named::read(settings, diags)?;
    for (at, name) in names.as_slice().iter().enumerate() {
        if let Some(reason) = why_it_stays(name) {
            let range = names.range(settings, &[], at);
            diags.error(range, format!("`{name}` cannot be dropped: {reason}"), "stays", None);
        }
    }
    let fields = names.as_slice().iter().map(|name| (Field::named(name), name.clone())).collect();
    Some(Stage::Map(Box::new(Drop { names, fields })))
}

/// Why a field cannot be taken away or renamed.
pub(super) fn why_it_stays(name: &str) -> Option<&'static str> {
    match name {
        "message" => Some("every event has a message"),
        "stream" | "engine_time" | "id" => Some("the identity of events is made of it"),
        "raw" => Some("it is what dead letters and raw output are made of"),
        _ => None,
    }
}

struct Drop {
    names: Names,
    fields: Vec<(Field, String)>,
}

impl Map for Drop {
    fn check(&self, input: &Schema, settings: &Settings<'_>, diags: &mut Diags) -> Schema {
        named::check_fields(&self.names, &[], input, settings, diags);
        let mut output = input.clone();
        for (field, _) in &self.fields {
            output.remove(*field);
        }
        output
    }

    fn apply(&self, batch: &mut Batch) {
        for (field, _) in &self.fields {
            clear(batch, *field);
        }
        for row in 0..batch.rows.len() {
            if batch.rows[row].rest_len == 0 || !batch.rows[row].alive() {
                continue;
            }
            for (_, name) in &self.fields {
                own::remove(batch, row, name);
            }
        }
    }
}

/// Takes away what stages or the source made of a field; a record's own field of that name stays.
pub(super) fn clear(batch: &mut Batch, field: Field) {
    match field {
        Field::LEVEL => batch.rows.iter_mut().for_each(|row| row.level = None),
        Field::TIMESTAMP => batch.rows.iter_mut().for_each(|row| row.timestamp = NO_TIME),
        Field::DEPLOYMENT => change_origins(batch, |origin| origin.deployment = None),
        Field::TEMPLATE => change_origins(batch, |origin| origin.template = None),
        Field::CONTAINER => change_origins(batch, |origin| origin.container = None),
        _ => drop(batch.remove_column(field)),
    }
}

/// Changes what is known of the containers behind a batch.
pub(super) fn change_origins(batch: &mut Batch, change: impl Fn(&mut Origin)) {
    for shared in &mut batch.origins {
        let mut origin = shared.origin.clone();
        change(&mut origin);
        if origin != shared.origin {
            *shared = SharedOrigin::new(origin);
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
    fn fields_leave_wherever_they_stand() {
        let line = r#"{"level":"INFO","message":"m","a":1,"user":{"id":7,"name":"x"},"a":2,"user.id":8}"#;
        let cases = [
            (json!("a"), "user={\"id\":7,\"name\":\"x\"} user.id=8"),
            (json!(["a", "user.id"]), "user={\"name\":\"x\"}"),
            (json!(["user"]), "a=1 a=2 user.id=8"),
            (json!([]), "a=1 user={\"id\":7,\"name\":\"x\"} a=2 user.id=8"),
        ];
        for (settings, expected) in cases {
            let mut batch = json_batch(&[line, line]);
            apply(&stage("drop", settings.clone()).unwrap(), &mut batch);
            assert_eq!(show_own(&batch, 0), expected, "{settings}");
            assert_eq!(show_own(&batch, 1), expected, "{settings}");
            assert_eq!(show(&batch, 0, "level"), "INFO");
        }
    }

    #[test]
    fn what_stages_and_sources_made_leaves_too() {
        let mut batch = json_batch(&[r#"{"level":"INFO","message":"m","host":"own"}"#]);
        batch.set_column(Field::HOST, Column::All(Constant::Text("made".into())));
        apply(&stage("drop", json!(["level", "host", "template"])).unwrap(), &mut batch);
        for name in ["level", "host", "template"] {
            assert_eq!(show(&batch, 0, name), "-", "{name}");
        }
        assert_eq!(show(&batch, 0, "deployment"), "mcp-demo-0127-164730-abcdef12");
        assert_eq!(
            batch.origins[0].json,
            br#","deployment":"mcp-demo-0127-164730-abcdef12","container":"c0ffee""#
        );
    }

    #[test]
    fn what_ids_are_made_of_stays() {
        for name in ["message", "stream", "raw", "id", "engine_time"] {
            let Err(findings) = stage("drop", json!([name])) else { panic!("{name} was dropped") };
            assert!(findings[0].starts_with(&format!("`{name}` cannot be dropped")), "{findings:?}");
        }
    }

    #[test]
    fn a_dropped_field_is_gone_from_the_schema() {
        let (_, schema) =
            stage_in("drop", json!("level"), std::path::Path::new("."), &open_schema()).unwrap();
        assert!(schema.get(Field::LEVEL).is_none() && schema.get(Field::MESSAGE).is_some());
    }
}
