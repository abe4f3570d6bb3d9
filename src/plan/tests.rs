use super::*;
use crate::config::report::Look;

const HEAD: &str = "sources: { a: { file: { paths: [a.log] } } }\n";
const TAIL: &str = "\nsinks: { out: { blackhole: {} } }\n";

fn build(text: &str) -> Checked {
    let variables = |name: &str| (name == "NEEDLE").then(|| "secretword".to_owned());
    Plan::from_text("test.yaml", text, &Options { variables: &variables, pushdown: true })
}

fn good(text: &str) -> Checked {
    let checked = build(text);
    assert!(checked.plan.is_some(), "{text}\n{}", checked.report.to_text(Look::default()));
    checked
}

fn with_stages(stages: &str) -> String {
    format!("{HEAD}stages: {stages}{TAIL}")
}

#[test]
fn a_file_becomes_a_plan() {
    let text = "
name: demo
start: now
memory: 8MiB
lanes: 2
shutdown: 5s
sources: { a: { file: { paths: [a.log] } }, b: { stdin: {} } }
stages: [ { parse: auto }, { filter: level >= WARN }, { filter: level >= ERROR } ]
sinks:
  out: { blackhole: {} }
  other: { stages: [ { filter: level == FATAL } ], blackhole: {} }
";
    let plan = good(text).plan.unwrap();
    assert_eq!(plan.name, "demo");
    assert_eq!(
        plan.run,
        RunSettings { from_now: true, memory: 8 << 20, lanes: Some(2), shutdown: Duration::from_secs(5) }
    );
    let sources: Vec<(&str, &str)> = plan.sources.iter().map(|s| (s.name.as_str(), s.kind)).collect();
    assert_eq!(sources, [("a", "file"), ("b", "stdin")]);
    let keys: Vec<&str> =
        plan.stages.iter().chain(&plan.branches[1].stages).map(|s| s.key.as_str()).collect();
    let heads = ["main/parse/0/", "main/filter/0/", "main/filter/1/", "other/filter/0/"];
    assert!(keys.iter().zip(heads).all(|(key, head)| key.starts_with(head)), "{keys:?}");
    assert_eq!(keys.len(), heads.len());
    assert_eq!(plan.branches[0].name, "out");
}

#[test]
fn the_key_of_a_memory_changes_with_the_settings_only() {
    let key = |text: &str| good(text).plan.unwrap().stages[0].key.clone();
    let first = key(&with_stages("[ { filter: message contains 'abc' } ]"));
    assert_eq!(
        first,
        key(&format!("# moved\n\n{}", with_stages("[ { filter: \"message contains 'abc'\" } ]")))
    );
    assert_ne!(first, key(&with_stages("[ { filter: message contains 'abd' } ]")));
}

#[test]
fn without_a_name_the_files_is_taken() {
    let text = with_stages("[]");
    assert_eq!(good(&text).plan.unwrap().name, "test");
    let document = |name: &str| Document { name: name.into(), folder: "".into(), text: text.clone() };
    for (file, name) in [("/etc/my pipe.yaml", "my_pipe"), ("..", "pipeline"), ("-", "-")] {
        let plan = Plan::build(&document(file), &Options::default()).plan.unwrap();
        assert_eq!(plan.name, name);
    }
}

#[test]
fn two_files_of_one_name_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let text = format!("name: same\n{}", with_stages("[]"));
    let paths = ["a.yaml", "b.yaml"].map(|name| dir.path().join(name));
    for path in &paths {
        std::fs::write(path, &text).unwrap();
    }
    let all = Plan::load(&paths, &Options::default()).unwrap();
    assert!(all[0].plan.is_some() && all[1].plan.is_none());
    assert!(all[1].report.to_text(Look::default()).contains("is called `same` too"));
}

#[test]
fn a_file_that_cannot_be_read_is_an_error_of_its_own() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("bytes.yaml");
    std::fs::write(&path, [0xff, 0xfe]).unwrap();
    for path in [path, dir.path().join("none.yaml"), dir.path().to_owned()] {
        let found = Plan::load(&[path], &Options::default());
        assert!(matches!(found, Err(LoadError::Unreadable { .. })));
    }
}

#[test]
fn only_what_cannot_change_the_answer_is_searched_before_parsing() {
    let tools = "{ parse: auto }, { extract: tools }";
    for (stages, searched) in [
        ("{ parse: auto }, { filter: message contains 'quota exceeded' }", Some("\"quota exceeded\"")),
        (
            "{ parse: auto }, { filter: level >= WARN and message matches 'alpha|beta' }",
            Some("\"alpha\", \"beta\""),
        ),
        ("{ parse: auto }, { enrich: {} }, { filter: message contains 'abc' }", Some("\"abc\"")),
        (
            "{ parse: auto }, { filter: not message contains 'x' }, { filter: message contains 'abc' }",
            Some("\"abc\""),
        ),
        ("{ parse: auto }, { dedupe: { within: 1m } }, { filter: message contains 'abc' }", None),
        ("{ parse: auto }, { filter: { match: abc, before: 1 } }", None),
        ("{ parse: auto }, { filter: not message contains 'abc' }", None),
        ("{ parse: auto }", None),
    ] {
        let checked = good(&with_stages(&format!("[ {stages} ]")));
        let plan = checked.explain.to_json();
        assert_eq!(plan["searched"]["needles"].as_str(), searched, "{stages}: {plan:#}");
        assert!(searched.is_some() || !plan["not_searched"].as_array().unwrap().is_empty(), "{stages}");
    }
    // What `extract` may make is searched beside the text.
    let checked = good(&with_stages(&format!(
        "[ {tools}, {{ filter: message contains 'abc' or exists(tool.name) }} ]"
    )));
    let needles = checked.explain.to_json()["searched"]["needles"].as_str().unwrap_or("").to_owned();
    assert!(needles.contains("\"abc\"") && needles.contains("s/call"), "{needles}");
}

#[test]
fn filters_of_all_sinks_together_are_searched() {
    let text = format!(
        "{HEAD}stages: [ {{ parse: auto }} ]\nsinks:
  a: {{ stages: [ {{ filter: message contains 'alpha' }} ], blackhole: {{}} }}
  b: {{ stages: [ {{ filter: message contains 'beta' }} ], blackhole: {{}} }}\n"
    );
    let plan = good(&text).explain.to_json();
    assert_eq!(plan["searched"]["needles"], "\"alpha\", \"beta\"");
    let all = format!("{text}  c: {{ blackhole: {{}} }}\n");
    let plan = good(&all).explain.to_json();
    assert_eq!(plan["searched"], serde_json::Value::Null);
    assert!(plan["not_searched"].to_string().contains("c: the sink takes every event"), "{plan:#}");
}

#[test]
fn explanations_hide_what_variables_hold() {
    let checked = good(&with_stages("[ { parse: auto }, { filter: \"message contains '${NEEDLE}'\" } ]"));
    let text = checked.explain.to_text();
    assert!(text.contains("searched before parsing, by stage 1 (parse): \"${NEEDLE}\""), "{text}");
    assert!(!text.contains("secretword"));
    assert!(!checked.explain.to_json().to_string().contains("secretword"));
}

#[test]
fn what_comes_behind_a_bad_stage_is_not_blamed() {
    let checked = build(&with_stages("[ { prase: auto }, { filter: level >= WARN and tool.call } ]"));
    assert_eq!(checked.report.findings.len(), 1, "{}", checked.report.to_text(Look::default()));
}
