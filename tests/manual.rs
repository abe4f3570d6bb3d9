//! The manual and the JSON Schema are what the types say.
//!
//! `MCPP_BLESS=1 cargo test --test manual` writes them anew.
#![allow(clippy::unwrap_used)] // All of it is test code.

use std::fs;

use mcpp::plan::{Options, Plan, manual};

const PAGE: &str = "docs/pipeline.md";
const SCHEMA: &str = "docs/pipeline.schema.json";
const MARK: &str = "<!-- what follows is made from the types: MCPP_BLESS=1 cargo test --test manual -->\n";

fn bless() -> bool {
    std::env::var_os("MCPP_BLESS").is_some()
}

#[test]
fn the_reference_is_what_the_types_say() {
    let page = fs::read_to_string(PAGE).unwrap();
    let at = page.find(MARK).expect("the mark stands in the page") + MARK.len();
    let wanted = format!("{}\n{}", &page[..at], manual::reference());
    if bless() {
        fs::write(PAGE, wanted).unwrap();
        return;
    }
    assert!(page == wanted, "{PAGE} is out of step: MCPP_BLESS=1 cargo test --test manual");
}

#[test]
fn the_schema_is_what_the_types_say() {
    let wanted = serde_json::to_string_pretty(&manual::json_schema()).unwrap() + "\n";
    if bless() {
        fs::write(SCHEMA, wanted).unwrap();
        return;
    }
    let found = fs::read_to_string(SCHEMA).unwrap_or_default();
    assert!(found == wanted, "{SCHEMA} is out of step: MCPP_BLESS=1 cargo test --test manual");
}

#[test]
fn every_reference_in_the_schema_leads_somewhere() {
    fn check(value: &serde_json::Value, root: &serde_json::Value) {
        if let Some(target) = value.get("$ref").and_then(|t| t.as_str()) {
            assert!(root.pointer(&target[1..]).is_some(), "{target}");
        }
        match value {
            serde_json::Value::Object(members) => members.values().for_each(|v| check(v, root)),
            serde_json::Value::Array(items) => items.iter().for_each(|v| check(v, root)),
            _ => {}
        }
    }
    let schema = manual::json_schema();
    check(&schema, &schema);
}

/// The files in the page's own text: those that begin with `sources:` or a comment are whole pipelines.
#[test]
fn the_examples_of_the_page_are_good() {
    let page = fs::read_to_string(PAGE).unwrap();
    let written = page.split(MARK).next().unwrap();
    let mut count = 0;
    for block in written.split("```yaml\n").skip(1) {
        let text = block.split("```").next().unwrap();
        if !text.contains("sources:") || !text.contains("sinks:") {
            continue;
        }
        count += 1;
        let checked = Plan::from_text("example.yaml", text, &Options::default());
        assert!(checked.plan.is_some(), "{}", checked.report.to_text(Default::default()));
    }
    assert!(count > 0);
}

#[test]
fn the_expressions_of_the_page_are_good() {
    let page = fs::read_to_string(PAGE).unwrap();
    let mut count = 0;
    for block in page.split("```text\n").skip(1) {
        for line in block.split("```").next().unwrap().lines().filter(|line| line.starts_with("> ")) {
            count += 1;
            let found = mcpp::stages::expr::Expr::parse(&line[2..]);
            assert!(found.is_ok(), "{line}: {found:?}");
        }
    }
    assert!(count > 5);
}
