//! Walks settings against the JSON Schema of their type and reports every mistake with its place.
//!
//! * What the walk accepts, serde decodes: the schema comes from the same type. Derived serde alone stops at the first
//!   mistake, and knows no places.
//! * A key that nobody knows is an error with a near miss, never ignored.
//! * Two things are made easy: a kind or map without any setting may be left empty, and a value that is wholly a
//!   variable (`${PORT}`) is read as the number or yes and no that the setting wants.

use std::ops::Range;

use serde_json::{Map, Value};

use super::document::{Node, NodeValue, resolve_plain};
use super::expand::Secrets;
use super::files::Files;
use super::{Diags, near, units};

/// Walks trees of one pipeline.
#[derive(Clone, Copy)]
pub struct Walker<'a> {
    /// Where the values were written.
    pub files: &'a Files,
    /// What was put in for variables.
    pub secrets: &'a Secrets,
}

/// One JSON Schema with its definitions.
#[derive(Clone, Copy)]
struct Scheme<'a> {
    root: &'a Value,
}

impl Walker<'_> {
    /// Walks settings; `name` is the place of what they belong to, to be underlined where something is missing.
    pub fn walk(&self, schema: &Value, node: &mut Node, name: &Range<usize>, diags: &mut Diags) {
        self.value(Scheme { root: schema }, schema, node, name, diags);
    }

    fn value(
        &self,
        scheme: Scheme<'_>,
        schema: &Value,
        node: &mut Node,
        name: &Range<usize>,
        diags: &mut Diags,
    ) {
        let schema = scheme.resolve(schema);
        let Some(rules) = schema.as_object() else { return };
        for part in list(rules, "allOf") {
            self.value(scheme, part, node, name, diags);
        }
        let alternatives: Vec<&Value> = list(rules, "anyOf").iter().chain(list(rules, "oneOf")).collect();
        if !alternatives.is_empty() {
            self.alternatives(scheme, &alternatives, node, name, diags);
            return;
        }
        self.make_easy(scheme, rules, node);
        let place = if node.range.is_empty() { name.clone() } else { node.range.clone() };
        if !scheme.takes(schema, node) {
            let expected = scheme.describe(schema);
            let message = format!("expected {expected}, found {}", node.describe());
            diags.error(place, message, format!("not {expected}"), self.help_for_type(scheme, schema, node));
            return;
        }
        match &mut node.value {
            NodeValue::Text { .. } => self.text(rules, node, &place, diags),
            NodeValue::Int(n) => check_number(rules, *n as f64, place, diags),
            NodeValue::Float(n) => check_number(rules, *n, place, diags),
            NodeValue::List(items) => {
                check_length(rules, items.len(), &place, diags);
                if let Some(schema) = rules.get("items") {
                    for item in items {
                        let own = item.range.clone();
                        self.value(scheme, schema, item, &own, diags);
                    }
                }
            }
            NodeValue::Map(_) => self.map(scheme, rules, node, name, diags),
            NodeValue::Null | NodeValue::Bool(_) => {}
        }
    }

    /// An empty value becomes an empty map, a value that is wholly a variable the scalar that is wanted.
    fn make_easy(&self, scheme: Scheme<'_>, rules: &Map<String, Value>, node: &mut Node) {
        let wanted = scheme.types(rules);
        match &node.value {
            NodeValue::Null if wanted == ["object"] && list(rules, "required").is_empty() => {
                node.value = NodeValue::Map(Vec::new());
            }
            NodeValue::Text { text, .. }
                if !wanted.is_empty()
                    && !wanted.contains(&"string")
                    && self.secrets.is_expanded(&node.range) =>
            {
                if let Some(value) = resolve_plain(text.trim()) {
                    node.value = value;
                }
            }
            _ => {}
        }
    }

    fn help_for_type(&self, scheme: Scheme<'_>, schema: &Value, node: &Node) -> Option<String> {
        let rules = schema.as_object()?;
        let wanted = scheme.types(rules);
        let source = self.files.source(&node.range);
        let format = rules.get("format").and_then(Value::as_str);
        match &node.value {
            NodeValue::Int(_) | NodeValue::Float(_) if format == Some("size") => {
                Some(format!("write the unit: {source}B, {source}KiB, {source}MiB"))
            }
            NodeValue::Int(_) | NodeValue::Float(_) if format == Some("interval") => {
                Some(format!("write the unit: {source}ms, {source}s, {source}m"))
            }
            NodeValue::Bool(_) | NodeValue::Int(_) | NodeValue::Float(_) if wanted.contains(&"string") => {
                Some(format!("quote it: \"{source}\""))
            }
            NodeValue::Text { text, .. } if wanted.contains(&"boolean") => match text.to_lowercase().as_str()
            {
                "yes" | "on" => Some("write true".into()),
                "no" | "off" => Some("write false".into()),
                _ => Some("write true or false".into()),
            },
            NodeValue::Text { text, .. } if resolve_plain(text).is_some() => {
                Some("leave out the quotes".into())
            }
            NodeValue::Text { .. } if wanted.contains(&"array") => Some(format!("write a list: [{source}]")),
            NodeValue::Null => Some("write a value".into()),
            _ => None,
        }
    }

    fn text(&self, rules: &Map<String, Value>, node: &Node, place: &Range<usize>, diags: &mut Diags) {
        let NodeValue::Text { text, .. } = &node.value else { return };
        if let Some(values) = allowed(rules) {
            if !values.contains(&text.as_str()) {
                let message = format!("`{text}` is no value of this setting");
                diags.error(place.clone(), message, "not known", near::help(text, values.iter().copied()));
            }
            return;
        }
        let wrong = match rules.get("format").and_then(Value::as_str) {
            Some("size") => units::Size::parse(text).err(),
            Some("interval") => units::Interval::parse(text).err(),
            _ => None,
        };
        if let Some(wrong) = wrong {
            let (message, help) = wrong.split_once("; ").unwrap_or((&wrong, ""));
            diags.error(place.clone(), message, "here", (!help.is_empty()).then(|| help.to_owned()));
            return;
        }
        if text.is_empty() && rules.get("minLength").and_then(Value::as_u64).is_some_and(|least| least > 0) {
            diags.error(place.clone(), "this must not be empty", "empty", Some("write a value".into()));
            return;
        }
        let formatted = rules.contains_key("format");
        if let Some(pattern) = rules.get("pattern").and_then(Value::as_str)
            && !formatted
            && let Ok(regex) = regex::Regex::new(pattern)
            && !regex.is_match(text)
        {
            let help = Some(format!("it must match {pattern}"));
            diags.error(place.clone(), format!("`{text}` does not fit here"), "does not fit", help);
        }
    }

    fn map(
        &self,
        scheme: Scheme<'_>,
        rules: &Map<String, Value>,
        node: &mut Node,
        name: &Range<usize>,
        diags: &mut Diags,
    ) {
        let NodeValue::Map(entries) = &mut node.value else { return };
        let empty = Map::new();
        let properties = rules.get("properties").and_then(Value::as_object).unwrap_or(&empty);
        let others = rules.get("additionalProperties").or_else(|| rules.get("unevaluatedProperties"));
        for (key, range, value) in entries.iter_mut() {
            match (properties.get(key), others) {
                (Some(schema), _) => self.value(scheme, schema, value, range, diags),
                (None, Some(Value::Bool(false))) => {
                    self.unknown_key(key, range, value, properties.keys().map(String::as_str), diags);
                }
                (None, Some(schema)) => self.value(scheme, schema, value, range, diags),
                (None, None) => {}
            }
        }
        for required in list(rules, "required").iter().filter_map(Value::as_str) {
            if !entries.iter().any(|(key, _, _)| key == required) {
                let schema = properties.get(required).map(|schema| scheme.describe(scheme.resolve(schema)));
                let help = schema.map(|what| format!("write {required}: and {what}"));
                diags.error(name.clone(), format!("`{required}` is missing"), "needs it", help);
            }
        }
    }

    /// Reports a key that is no setting.
    pub fn unknown_key<'k>(
        &self,
        key: &str,
        range: &Range<usize>,
        value: &Node,
        known: impl Iterator<Item = &'k str> + Clone,
        diags: &mut Diags,
    ) {
        let is_word = key.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.'));
        if !is_word && value.value == NodeValue::Null && value.range.is_empty() {
            let help = Some("quote the whole value".into());
            diags.error(range.clone(), "`,` ends an unquoted value here", "read as a key of its own", help);
            return;
        }
        diags.error(range.clone(), format!("unknown key `{key}`"), "not known here", near::help(key, known));
    }

    fn alternatives(
        &self,
        scheme: Scheme<'_>,
        alternatives: &[&Value],
        node: &mut Node,
        name: &Range<usize>,
        diags: &mut Diags,
    ) {
        let mut best: Option<(usize, Diags)> = None;
        for alternative in alternatives {
            let (mut copy, mut found) = (node.clone(), Diags::default());
            self.value(scheme, alternative, &mut copy, name, &mut found);
            if found.findings.is_empty() {
                *node = copy;
                return;
            }
            let fit = scheme.fit(scheme.resolve(alternative), node);
            if fit > 0 && best.as_ref().is_none_or(|(old, _)| fit > *old) {
                best = Some((fit, found));
            }
        }
        let place = if node.range.is_empty() { name.clone() } else { node.range.clone() };
        if let NodeValue::Text { text, .. } = &node.value {
            let values: Vec<&str> = alternatives
                .iter()
                .filter_map(|a| allowed(scheme.resolve(a).as_object()?))
                .flatten()
                .collect();
            if !values.is_empty() {
                let message = format!("`{text}` is no value of this setting");
                diags.error(place, message, "not known", near::help(text, values));
                return;
            }
        }
        if let (NodeValue::Map(entries), Some(keys)) = (&node.value, scheme.tags(alternatives))
            && let Some((key, range, value)) =
                entries.iter().find(|(key, _, _)| !keys.contains(&key.as_str()))
        {
            self.unknown_key(key, range, value, keys.into_iter(), diags);
            return;
        }
        if let Some((_, found)) = best {
            diags.findings.extend(found.findings);
            return;
        }
        let mut expected: Vec<String> = alternatives
            .iter()
            .map(|a| scheme.describe(scheme.resolve(a)))
            .filter(|d| d != "nothing")
            .collect();
        expected.dedup();
        let expected = expected.join(" or ");
        let message = format!("expected {expected}, found {}", node.describe());
        let help = match alternatives {
            [one, ..] => self.help_for_type(scheme, scheme.resolve(one), node),
            [] => None,
        };
        diags.error(place, message, format!("not {expected}"), help);
    }
}

impl<'a> Scheme<'a> {
    fn resolve(self, schema: &'a Value) -> &'a Value {
        let mut schema = schema;
        // Definitions point at definitions at most a few times; a loop would be a mistake in a type.
        for _ in 0..16 {
            let Some(target) = schema.get("$ref").and_then(Value::as_str) else { break };
            let Some(found) = target.strip_prefix('#').and_then(|pointer| self.root.pointer(pointer)) else {
                break;
            };
            schema = found;
        }
        schema
    }

    /// The JSON types that a schema names; none if any will do.
    fn types(self, rules: &'a Map<String, Value>) -> Vec<&'a str> {
        match rules.get("type") {
            Some(Value::String(one)) => vec![one],
            Some(Value::Array(several)) => several.iter().filter_map(Value::as_str).collect(),
            _ => match rules.get("const").or_else(|| list(rules, "enum").first()) {
                Some(Value::String(_)) => vec!["string"],
                _ => Vec::new(),
            },
        }
    }

    /// Whether a node is of a type that the schema takes.
    fn takes(self, schema: &'a Value, node: &Node) -> bool {
        let Some(rules) = schema.as_object() else { return true };
        let types = self.types(rules);
        let whole = rules.get("format").and_then(Value::as_str);
        types.is_empty()
            || match &node.value {
                NodeValue::Null => types.contains(&"null"),
                NodeValue::Bool(_) => types.contains(&"boolean"),
                NodeValue::Int(_) => types.contains(&"integer") || types.contains(&"number"),
                NodeValue::Float(_) => types.contains(&"number"),
                NodeValue::Text { .. } => types.contains(&"string") || whole == Some("any"),
                NodeValue::List(_) => types.contains(&"array"),
                NodeValue::Map(_) => types.contains(&"object"),
            }
    }

    /// How well a schema suits a node that it refuses: 0 not at all, more for every key that it knows.
    fn fit(self, schema: &'a Value, node: &Node) -> usize {
        if !self.takes(schema, node) {
            return 0;
        }
        let NodeValue::Map(entries) = &node.value else { return 1 };
        let properties = schema.get("properties").and_then(Value::as_object);
        1 + entries.iter().filter(|(key, _, _)| properties.is_some_and(|p| p.contains_key(key))).count()
    }

    /// The keys of alternatives that are all told apart by their one required key.
    fn tags(self, alternatives: &[&'a Value]) -> Option<Vec<&'a str>> {
        let mut keys = Vec::new();
        for alternative in alternatives {
            let rules = self.resolve(alternative).as_object()?;
            if !self.types(rules).contains(&"object") {
                continue;
            }
            let [Value::String(key)] = list(rules, "required") else { return None };
            if rules.get("properties")?.as_object()?.len() != 1 {
                return None;
            }
            keys.push(key.as_str());
        }
        (!keys.is_empty()).then_some(keys)
    }

    /// What a schema takes, for messages.
    fn describe(self, schema: &'a Value) -> String {
        let Some(rules) = schema.as_object() else { return "any value".into() };
        if let Some(values) = allowed(rules) {
            return values.iter().map(|v| format!("`{v}`")).collect::<Vec<_>>().join(" or ");
        }
        let alternatives: Vec<String> = list(rules, "anyOf")
            .iter()
            .chain(list(rules, "oneOf"))
            .map(|a| self.describe(self.resolve(a)))
            .filter(|d| d != "nothing")
            .collect();
        if !alternatives.is_empty() {
            return alternatives.join(" or ");
        }
        match rules.get("format").and_then(Value::as_str) {
            Some("size") => return "a size such as 4MiB".into(),
            Some("interval") => return "a length of time such as 30s".into(),
            _ => {}
        }
        let names: Vec<&str> = self
            .types(rules)
            .into_iter()
            .filter(|ty| *ty != "null")
            .map(|ty| match ty {
                "string" => "text",
                "integer" => "a whole number",
                "number" => "a number",
                "boolean" => "true or false",
                "array" => "a list",
                "object" => "a map",
                _ => "a value",
            })
            .collect();
        match names.as_slice() {
            [] if self.types(rules) == ["null"] => "nothing".into(),
            [] => "any value".into(),
            names => names.join(" or "),
        }
    }
}

fn list<'a>(rules: &'a Map<String, Value>, key: &str) -> &'a [Value] {
    rules.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// The words that a schema allows, if it lists them.
fn allowed(rules: &Map<String, Value>) -> Option<Vec<&str>> {
    if let Some(one) = rules.get("const").and_then(Value::as_str) {
        return Some(vec![one]);
    }
    let values = list(rules, "enum");
    (!values.is_empty()).then(|| values.iter().filter_map(Value::as_str).collect())
}

fn check_number(rules: &Map<String, Value>, n: f64, place: Range<usize>, diags: &mut Diags) {
    let bound = |key: &str| rules.get(key).and_then(Value::as_f64);
    let least = bound("minimum").filter(|least| n < *least);
    let above = bound("exclusiveMinimum").filter(|above| n <= *above);
    let most = bound("maximum").filter(|most| n > *most);
    let below = bound("exclusiveMaximum").filter(|below| n >= *below);
    let help = match (least, above, most, below) {
        (Some(least), ..) => format!("write at least {least}"),
        (_, Some(above), ..) => format!("write more than {above}"),
        (_, _, Some(most), _) => format!("write at most {most}"),
        (_, _, _, Some(below)) => format!("write less than {below}"),
        _ => return,
    };
    diags.error(place, format!("{n} is out of range"), "out of range", Some(help));
}

fn check_length(rules: &Map<String, Value>, length: usize, place: &Range<usize>, diags: &mut Diags) {
    let bound = |key: &str| rules.get(key).and_then(Value::as_u64).map(|n| n as usize);
    if bound("minItems").is_some_and(|least| length < least) {
        diags.error(place.clone(), "the list is too short", "too few", Some("write at least one".into()));
    }
    if let Some(most) = bound("maxItems").filter(|most| length > *most) {
        diags.error(place.clone(), "the list is too long", "too many", Some(format!("write at most {most}")));
    }
}

#[cfg(test)]
mod tests;
