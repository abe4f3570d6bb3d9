use super::super::testing::*;
use super::*;
use crate::event::SharedOrigin;
use serde_json::json;

fn named(batch: &Batch, row: usize, names: &[&str]) -> Vec<String> {
    names.iter().map(|name| show(batch, row, name)).collect()
}

#[test]
fn facts_of_the_container_and_the_settings_become_fields() {
    let mut batch = json_batch(&[r#"{"environment":"line"}"#, "{}"]);
    let settings = json!({
        "image": true, "labels": true, "host": true, "container": false,
        "fields": {"environment": "production", "shard": 3, "template": "other", "ratio": 0.5, "x": {"y": [1]}},
    });
    let (stage, schema) = stage_in("enrich", settings, std::path::Path::new("."), &open_schema()).unwrap();
    apply(&stage, &mut batch);
    for row in 0..2 {
        assert_eq!(
            named(
                &batch,
                row,
                &["image", "labels", "container", "template", "environment", "shard", "ratio", "x"]
            ),
            [
                "demo:1",
                r#"{"template":"demo","note":"a \"b\""}"#,
                "-",
                "other",
                "production",
                "3",
                "0.5",
                r#"{"y":[1]}"#
            ]
        );
        assert!(!show(&batch, row, "host").is_empty());
    }
    let shard = schema.get(Field::named("shard")).unwrap();
    assert_eq!((shard.ty, shard.presence), (Type::Int, Presence::Always));
    assert!(schema.get(Field::CONTAINER).is_none());
}

#[test]
fn rows_of_several_origins_get_each_their_own() {
    let mut batch = batch(&["a", "b", "c"]);
    batch.origins.push(SharedOrigin::new(Origin { image: Some("other:2".into()), ..Origin::default() }));
    batch.origins.push(SharedOrigin::new(Origin::default()));
    batch.rows[1].origin = 1;
    batch.rows[2].origin = 2;
    apply(&stage("enrich", json!({"image": true, "labels": true})).unwrap(), &mut batch);
    let images: Vec<String> = (0..3).map(|row| show(&batch, row, "image")).collect();
    assert_eq!(images, ["demo:1", "other:2", "-"]);
    assert_eq!(show(&batch, 1, "labels"), "-");
}

#[test]
fn fields_that_the_line_decides_are_refused() {
    for (fields, message) in [
        (json!({"level": "INFO"}), "`level` cannot be set: it is read from the line; see `rename`"),
        (json!({"tool.call": "yes"}), "`tool.call` cannot be set: it is bool, this is text"),
        (json!({"a": null}), "`a` cannot be set: it has no value"),
    ] {
        assert_eq!(stage("enrich", json!({"fields": fields})).err().unwrap(), [message]);
    }
}

fn with_file(name: &str, text: &str, lookup: serde_json::Value) -> Result<(Stage, Schema), Vec<String>> {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join(name), text).unwrap();
    stage_in("enrich", json!({"lookup": lookup}), folder.path(), &open_schema())
}

#[test]
fn a_file_gives_fields_by_key() {
    let files = [
        ("t.csv", "name,team,owner\nx,\"A, B\",\ny,C,me\n"),
        ("t.json", r#"[{"name":"x","team":"A, B"},{"name":"y","team":"C","owner":"me"}]"#),
        ("t.json", r#"{"x":{"team":"A, B"},"y":{"team":"C","owner":"me"}}"#),
        (
            "t.ndjson",
            "{\"name\":\"x\",\"team\":\"A, B\"}\n{\"name\":\"y\",\"team\":\"C\",\"owner\":\"me\"}\n",
        ),
    ];
    for (name, text) in files {
        let on = if text.starts_with(r#"{"x""#) { "key" } else { "name" };
        let lookup = json!({"file": name, "key": "service", "on": on, "fields": ["team", "owner"]});
        let (stage, schema) = with_file(name, text, lookup).unwrap();
        let mut batch = json_batch(&[
            r#"{"service":"y"}"#,
            r#"{"service":"x"}"#,
            r#"{"service":"z"}"#,
            "{}",
            r#"{"service":"\u0079"}"#,
        ]);
        apply(&stage, &mut batch);
        let rows: Vec<Vec<String>> = (0..5).map(|row| named(&batch, row, &["team", "owner"])).collect();
        let expected = [["C", "me"], ["A, B", "-"], ["-", "-"], ["-", "-"], ["C", "me"]];
        assert_eq!(rows, expected, "{text}");
        assert_eq!(schema.get(Field::named("team")).unwrap().ty, Type::Text);
    }
}

#[test]
fn the_key_may_be_a_name_of_the_container_or_a_number() {
    let text = r#"[{"deployment":"mcp-demo-0127-164730-abcdef12","tier":1},{"deployment":"7","tier":2}]"#;
    let (stage, schema) = with_file("t.json", text, json!({"file": "t.json", "key": "deployment"})).unwrap();
    let mut batch = batch(&["x"]);
    apply(&stage, &mut batch);
    assert_eq!(show(&batch, 0, "tier"), "1");
    assert_eq!(schema.get(Field::named("tier")).unwrap().ty, Type::Int);
    let (stage, _) =
        with_file("t.json", text, json!({"file": "t.json", "key": "n", "on": "deployment"})).unwrap();
    let mut batch = json_batch(&[r#"{"n":7}"#]);
    apply(&stage, &mut batch);
    assert_eq!(show(&batch, 0, "tier"), "2");
}

#[test]
fn mistakes_in_the_file_are_found_before_the_run() {
    let lookup = |on: &str| json!({"file": "t.csv", "key": "deployment", "on": on, "fields": ["team"]});
    let cases = [
        ("name,team\nx,A\n", "nam", "the file has no column `nam`"),
        ("name,tem\nx,A\n", "name", "the file has no column `team`"),
        ("name,team\nx\n", "name", "t.csv: record 2 has 1 columns, the head has 2"),
        ("", "name", "t.csv: the file is empty"),
        (
            "[1]",
            "name",
            "t.csv: not a list of objects: invalid type: integer `1`, expected a map at line 1 column 2",
        ),
    ];
    for (text, on, message) in cases {
        assert_eq!(with_file("t.csv", text, lookup(on)).err().unwrap(), [message], "{text}");
    }
    let missing = json!({"file": "none.csv", "key": "deployment"});
    assert!(with_file("t.csv", "a", missing).err().unwrap()[0].starts_with("cannot read "));
}
