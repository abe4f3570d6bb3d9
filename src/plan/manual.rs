//! The reference of every kind and the JSON Schema of the file, made from the types' doc comments.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use super::build::kinds;
use crate::config::shape::{Kind, Run};

/// The JSON Schema of a pipeline file: for editors that complete and check.
pub fn json_schema() -> Value {
    let kinds = kinds();
    let mut definitions = Map::new();
    let stages = entries("stage", &kinds.stages, &Map::new(), &mut definitions);
    let list = json!({
        "description": "What happens to every event, in order.",
        "type": "array",
        "items": { "oneOf": stages },
    });
    let own = Map::from_iter([("stages".to_owned(), list.clone())]);
    let sources = entries("source", &kinds.sources, &Map::new(), &mut definitions);
    let sinks = entries("sink", &kinds.sinks, &own, &mut definitions);
    let run = schemars::schema_for!(Run).to_value();
    let mut properties = run["properties"].as_object().cloned().unwrap_or_default();
    lift(&run, "run", &mut properties, &mut definitions);
    let named = |description: &str, entries: Vec<Value>| {
        json!({
            "description": description,
            "type": "object",
            "minProperties": 1,
            "propertyNames": { "pattern": "^[A-Za-z0-9_-][A-Za-z0-9_.-]{0,63}$" },
            "additionalProperties": { "oneOf": entries },
        })
    };
    properties.insert("sources".to_owned(), named("Where lines come from, by name.", sources));
    properties.insert("stages".to_owned(), list);
    properties.insert("sinks".to_owned(), named("Where events go, by name.", sinks));
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A pipeline of mcpp",
        "type": "object",
        "required": ["sources", "sinks"],
        "properties": properties,
        "patternProperties": { "^x-": true },
        "additionalProperties": false,
        "$defs": definitions,
    })
}

/// One schema for each kind: an object with the kind's key.
fn entries(
    what: &str,
    kinds: &[Kind],
    beside: &Map<String, Value>,
    definitions: &mut Map<String, Value>,
) -> Vec<Value> {
    let mut entries = Vec::new();
    for kind in kinds {
        let schema = (kind.schema)().to_value();
        let mut own = schema.as_object().cloned().unwrap_or_default();
        own.remove("$schema");
        own.remove("title");
        let name = format!("{what}.{}", kind.name);
        lift(&schema, &name, &mut own, definitions);
        own.remove("$defs");
        definitions.insert(name.clone(), Value::Object(own));
        let mut properties = beside.clone();
        properties.insert(kind.name.to_owned(), json!({ "$ref": format!("#/$defs/{name}") }));
        entries.push(json!({
            "description": kind.summary,
            "type": "object",
            "required": [kind.name],
            "properties": properties,
            "additionalProperties": false,
        }));
    }
    entries
}

/// Moves the definitions of a part to those of the whole, under names that cannot meet.
fn lift(schema: &Value, prefix: &str, part: &mut Map<String, Value>, definitions: &mut Map<String, Value>) {
    let own = schema["$defs"].as_object().cloned().unwrap_or_default();
    let mut whole = Value::Object(std::mem::take(part));
    point_at(&mut whole, prefix);
    if let Value::Object(members) = whole {
        *part = members;
    }
    for (name, mut definition) in own {
        point_at(&mut definition, prefix);
        definitions.insert(format!("{prefix}.{name}"), definition);
    }
}

fn point_at(value: &mut Value, prefix: &str) {
    match value {
        Value::Object(members) => {
            for (key, value) in members.iter_mut() {
                match value {
                    Value::String(target) if key == "$ref" => {
                        if let Some(name) = target.strip_prefix("#/$defs/") {
                            *target = format!("#/$defs/{prefix}.{name}");
                        }
                    }
                    other => point_at(other, prefix),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| point_at(item, prefix)),
        _ => {}
    }
}

/// The reference: settings of the run, then every kind of source, stage and sink.
pub fn reference() -> String {
    let kinds = kinds();
    let mut out = String::from(
        "## Settings of the run\n\nAt the top of the file, beside `sources`, `stages` and `sinks`.\n\n",
    );
    let run = schemars::schema_for!(Run).to_value();
    write_settings(&mut out, &run, &run);
    let lists = [("Source", &kinds.sources), ("Stage", &kinds.stages), ("Sink", &kinds.sinks)];
    for (what, list) in lists {
        let _ = writeln!(out, "## {what}s\n");
        out.push_str("| kind | what it does |\n| --- | --- |\n");
        for kind in list {
            let anchor = format!("{}-{}", what.to_lowercase(), kind.name);
            let _ = writeln!(out, "| [`{}`](#{anchor}) | {} |", kind.name, cell(kind.summary));
        }
        out.push('\n');
        for kind in list {
            write_kind(&mut out, what, kind);
        }
    }
    while out.ends_with("\n\n") {
        out.pop();
    }
    out
}

fn write_kind(out: &mut String, what: &str, kind: &Kind) {
    let _ = writeln!(out, "### {what} `{}`\n", kind.name);
    let schema = (kind.schema)().to_value();
    match schema["description"].as_str() {
        Some(text) => {
            let _ = writeln!(out, "{}\n", text.trim());
        }
        None => {
            let _ = writeln!(out, "{}.\n", sentence(kind.summary));
        }
    }
    write_settings(out, &schema, &schema);
}

/// The table of a map's settings; for alternatives, one after the other.
fn write_settings(out: &mut String, schema: &Value, root: &Value) {
    let schema = resolve(schema, root);
    let alternatives = alternatives(schema);
    if !alternatives.is_empty() {
        for alternative in alternatives {
            let own = resolve(alternative, root);
            let text = alternative["description"].as_str().or(own["description"].as_str()).unwrap_or("");
            if own.get("properties").is_some() {
                let _ = writeln!(out, "As a map. {}\n", one_line(text));
                write_settings(out, own, root);
            } else {
                let _ = writeln!(out, "As {}. {}\n", describe(own, root), one_line(text));
            }
        }
        return;
    }
    let Some(properties) = schema["properties"].as_object().filter(|properties| !properties.is_empty())
    else {
        if schema.get("properties").is_some() {
            out.push_str("It has no settings: `{}`.\n\n");
        }
        return;
    };
    let required: Vec<&str> =
        schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    out.push_str("| setting | value | meaning |\n| --- | --- | --- |\n");
    let is_required = |name: &String| required.contains(&name.as_str());
    let first = properties.iter().filter(|(name, _)| is_required(name));
    for (name, property) in first.chain(properties.iter().filter(|(name, _)| !is_required(name))) {
        let own = resolve(property, root);
        let text = property["description"].as_str().or(own["description"].as_str()).unwrap_or("");
        let mut text = one_line(text);
        if is_required(name) {
            text = format!("**Required.** {text}");
        } else if let Some(default) = property.get("default")
            && !default.is_null()
            && !text.contains("efault")
        {
            text = format!("{text} Default: `{}`.", bare(default));
        }
        let _ = writeln!(out, "| `{name}` | {} | {} |", cell(&describe(property, root)), cell(text.trim()));
    }
    out.push('\n');
    for (name, property) in properties {
        write_nested(out, name, property, root);
    }
}

/// The settings of a setting that is a map itself.
fn write_nested(out: &mut String, name: &str, property: &Value, root: &Value) {
    let own = resolve(property, root);
    let mut maps: Vec<(&Value, &str)> = Vec::new();
    for candidate in std::iter::once(own).chain(alternatives(own)) {
        let candidate = resolve(candidate, root);
        let items = resolve(&candidate["items"], root);
        let values = resolve(&candidate["additionalProperties"], root);
        for (map, how) in [(candidate, ""), (items, " (each of the list)"), (values, " (each of the map)")] {
            if map["properties"].as_object().is_some_and(|properties| !properties.is_empty()) {
                maps.push((map, how));
            }
        }
    }
    for (map, how) in maps {
        let _ = writeln!(out, "In `{name}`{how}:\n");
        write_settings(out, map, root);
    }
}

fn alternatives(schema: &Value) -> Vec<&Value> {
    let list = |key: &str| schema[key].as_array().into_iter().flatten();
    list("anyOf").chain(list("oneOf")).filter(|a| a["type"] != "null").collect()
}

fn resolve<'a>(schema: &'a Value, root: &'a Value) -> &'a Value {
    let target = schema["$ref"].as_str().and_then(|target| target.strip_prefix('#'));
    match target.and_then(|pointer| root.pointer(pointer)) {
        Some(found) => resolve(found, root),
        None => schema,
    }
}

/// What a setting takes, for the table.
fn describe(schema: &Value, root: &Value) -> String {
    let schema = resolve(schema, root);
    if let Some(word) = schema["const"].as_str() {
        return format!("`{word}`");
    }
    if let Some(words) = schema["enum"].as_array() {
        let words: Vec<String> =
            words.iter().filter(|w| !w.is_null()).map(|w| format!("`{}`", bare(w))).collect();
        return words.join(", ");
    }
    let alternatives = alternatives(schema);
    if !alternatives.is_empty() {
        let mut all: Vec<String> = alternatives.into_iter().map(|a| describe(a, root)).collect();
        all.dedup();
        return all.join(", ");
    }
    match schema["format"].as_str() {
        Some("size") => return "size".to_owned(),
        Some("interval") => return "time".to_owned(),
        _ => {}
    }
    let types: Vec<&str> = match &schema["type"] {
        Value::String(one) => vec![one],
        Value::Array(several) => {
            several.iter().filter_map(Value::as_str).filter(|ty| *ty != "null").collect()
        }
        _ => Vec::new(),
    };
    let names: Vec<String> = types
        .iter()
        .map(|ty| match *ty {
            "string" => "text".to_owned(),
            "integer" => "whole number".to_owned(),
            "boolean" => "`true`, `false`".to_owned(),
            "array" => format!("list of {}", describe(&schema["items"], root)),
            "object" => "map".to_owned(),
            other => other.to_owned(),
        })
        .collect();
    if names.is_empty() { "any".to_owned() } else { names.join(", ") }
}

fn bare(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or(String::new(), |first| first.to_uppercase().chain(letters).collect())
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Text as a cell of a table.
fn cell(text: &str) -> String {
    one_line(text).replace('|', "\\|")
}
