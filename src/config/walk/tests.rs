use std::path::Path;

use schemars::JsonSchema;
use serde::Deserialize;

use super::*;
use crate::config::{Interval, Size, document, expand};

#[derive(Deserialize, JsonSchema, Debug)]
#[serde(deny_unknown_fields)]
#[allow(dead_code)]
struct Sample {
    path: String,
    #[serde(default)]
    count: Option<u8>,
    #[serde(default)]
    follow: bool,
    #[serde(default)]
    limit: Option<Size>,
    #[serde(default)]
    wait: Option<Interval>,
    #[serde(default)]
    mode: Mode,
    #[serde(default)]
    names: Vec<String>,
    #[serde(default)]
    either: Either,
    #[serde(default)]
    output: Option<Output>,
    #[serde(default)]
    fields: std::collections::BTreeMap<String, i32>,
}

#[derive(Deserialize, JsonSchema, Debug, Default)]
#[serde(rename_all = "lowercase")]
enum Mode {
    /// One.
    #[default]
    Fast,
    /// Two.
    Slow,
}

#[derive(Deserialize, JsonSchema, Debug)]
#[serde(untagged)]
#[allow(dead_code)]
enum Either {
    Word(String),
    More(More),
}

impl Default for Either {
    fn default() -> Either {
        Either::Word(String::new())
    }
}

#[derive(Deserialize, JsonSchema, Debug)]
#[serde(deny_unknown_fields)]
#[allow(dead_code)]
struct More {
    level: i32,
}

#[derive(Deserialize, JsonSchema, Debug)]
#[serde(rename_all = "lowercase")]
#[allow(dead_code)]
enum Output {
    File(More),
    Pipe(More),
    Null,
}

fn walk(text: &str) -> Vec<String> {
    let mut diags = Diags::default();
    let mut node = document::parse(text, 0, &mut diags).unwrap();
    let (mut files, mut secrets) = (Files::default(), Secrets::default());
    files.add("x", Path::new("."), text.to_owned());
    let variables = |name: &str| Some(if name == "N" { "7" } else { "x" }.to_owned());
    expand::expand(&mut node, Path::new("."), &variables, &mut secrets, &mut diags);
    let schema = schemars::schema_for!(Sample).to_value();
    Walker { files: &files, secrets: &secrets }.walk(&schema, &mut node, &(0..0), &mut diags);
    let decoded = serde_json::from_value::<Sample>(node.to_json());
    assert_eq!(decoded.is_ok(), diags.findings.is_empty(), "{text}: {decoded:?} but {:?}", diags.findings);
    diags
        .findings
        .iter()
        .map(|f| {
            let help = f.help.as_ref().map(|help| format!(" ({help})")).unwrap_or_default();
            format!("{}: {}{help}", &text[f.range.clone()], f.message)
        })
        .collect()
}

#[test]
fn what_is_right_is_accepted_and_decodes() {
    for text in [
        "path: x",
        "{path: x, count: 3, follow: true, limit: 4MiB, wait: 30s, mode: slow, names: [a, b]}",
        "{path: x, count: null, either: word, output: null}",
        "{path: x, either: {level: 3}, output: {file: {level: 1}}, fields: {a: 1}}",
        "path: x\ncount: ${N}\nfields:\n",
        "{path: '${N}'}",
    ] {
        assert_eq!(walk(text), Vec::<String>::new(), "{text}");
    }
}

#[test]
fn every_mistake_has_its_place_and_help() {
    for (text, expected) in [
        ("{}", ": `path` is missing (write path: and text)"),
        ("{path: x, folow: true}", "folow: unknown key `folow` (did you mean `follow`?)"),
        ("{path: x, follow: yes}", "yes: expected true or false, found text (write true)"),
        ("{path: 5}", "5: expected text, found a whole number (quote it: \"5\")"),
        ("{path: }", "path: expected text, found nothing (write a value)"),
        ("{path: x, count: 300}", "300: 300 is out of range (write at most 255)"),
        ("{path: x, count: -1}", "-1: -1 is out of range (write at least 0)"),
        ("{path: x, count: '3'}", "'3': expected a whole number, found text (leave out the quotes)"),
        (
            "{path: x, limit: 4}",
            "4: expected a size such as 4MiB, found a whole number (write the unit: 4B, 4KiB, 4MiB)",
        ),
        ("{path: x, limit: 4Mib}", "4Mib: unknown unit 'Mib' (write 512KiB, 4MiB, 1GB)"),
        ("{path: x, wait: 30sec}", "30sec: unknown unit 'sec' (write 500ms, 30s, 5m, 24h, 7d)"),
        ("{path: x, mode: slwo}", "slwo: `slwo` is no value of this setting (did you mean `slow`?)"),
        ("{path: x, names: a}", "a: expected a list, found text (write a list: [a])"),
        ("{path: x, names: [a, 2]}", "2: expected text, found a whole number (quote it: \"2\")"),
        ("{path: x, either: true}", "true: expected text or a map, found true or false (quote it: \"true\")"),
        ("{path: x, either: {level: a}}", "a: expected a whole number, found text"),
        ("{path: x, output: {flie: {level: 1}}}", "flie: unknown key `flie` (did you mean `file`?)"),
        ("{path: x, output: {file: {level: a}}}", "a: expected a whole number, found text"),
        ("{path: x, output: pip}", "pip: `pip` is no value of this setting (there are: null)"),
        ("{path: x, fields: {a: b}}", "b: expected a whole number, found text"),
        ("{path: a == 1, b == 2}", "b == 2: `,` ends an unquoted value here (quote the whole value)"),
    ] {
        assert_eq!(walk(text), [expected.to_owned()], "{text}");
    }
}

#[test]
fn all_mistakes_come_in_one_walk() {
    let found = walk("{folow: true, count: 300, limit: 4, mode: x, names: [1, 2], fields: {a: b}}");
    assert_eq!(found.len(), 8, "{found:#?}");
}
