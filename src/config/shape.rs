//! The shape of a pipeline file: names, kinds and their settings, walked and ready to build.
//!
//! * One file is one pipeline.
//! * Every entry has exactly one kind.
//! * Keys that begin with `x-` are the user's own and not looked at.

use std::collections::HashMap;
use std::ops::Range;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::document::{Node, NodeValue};
use super::walk::Walker;
use super::{Diags, Interval, Settings, Size, near};

/// One kind of source, stage or sink, as far as the file's shape goes.
#[derive(Clone, Copy)]
pub struct Kind {
    /// Its key.
    pub name: &'static str,
    /// One line for the manual.
    pub summary: &'static str,
    /// JSON Schema of its settings.
    pub schema: fn() -> schemars::Schema,
}

/// The kinds there are.
#[derive(Clone, Default)]
pub struct Kinds {
    /// Of sources.
    pub sources: Vec<Kind>,
    /// Of stages.
    pub stages: Vec<Kind>,
    /// Of sinks.
    pub sinks: Vec<Kind>,
}

/// Where a run begins if no position is saved.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Start {
    /// With the oldest line there is.
    #[default]
    Oldest,
    /// With what comes from now on.
    Now,
}

/// Settings of the run, at the top of the file beside `sources`, `stages` and `sinks`.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Run {
    /// Name of the pipeline, which its saved positions belong to. Default: the file's name without its ending.
    pub name: Option<String>,
    /// Where to begin if no position is saved: `oldest` (default) reads what there is, `now` only what comes.
    pub start: Option<Start>,
    /// Bytes of lines that may be on their way between source and sink. Default: 32MiB.
    pub memory: Option<Size>,
    /// Threads that parse and filter. Default: one per core.
    #[schemars(range(min = 1, max = 1024))]
    pub lanes: Option<usize>,
    /// How long a stop may take to finish what is on its way. Default: 20s.
    pub shutdown: Option<Interval>,
}

/// A source, stage or sink of a file.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Its name; empty for stages.
    pub name: String,
    /// Index of its kind in the list of kinds.
    pub kind: usize,
    /// Place of the kind's key.
    pub place: Range<usize>,
    /// What stands behind it, walked.
    pub settings: Node,
    /// Where relative paths start from.
    pub folder: PathBuf,
    /// Whether its settings have no mistake, so that it can be built.
    pub good: bool,
    /// Stages of its own; sinks only.
    pub stages: Vec<Entry>,
}

impl Entry {
    /// The settings, for building and checking.
    pub fn settings(&self) -> Settings<'_> {
        Settings { node: &self.settings, folder: &self.folder }
    }
}

/// A pipeline as its file writes it.
#[derive(Clone, Debug, Default)]
pub struct Shape {
    /// Settings of the run.
    pub run: Run,
    /// Where lines come from.
    pub sources: Vec<Entry>,
    /// What happens to them.
    pub stages: Vec<Entry>,
    /// Where they go.
    pub sinks: Vec<Entry>,
    /// Whether an entry had to be left out: what follows may have fields that nothing here makes.
    pub incomplete: bool,
    places: HashMap<String, Range<usize>>,
}

impl Shape {
    /// Place of a setting of the run.
    pub fn place_of(&self, key: &str) -> Range<usize> {
        self.places.get(key).cloned().unwrap_or_default()
    }
}

const KEYS: [&str; 3] = ["sources", "stages", "sinks"];

/// Reads shapes.
pub struct Reader<'a> {
    /// Walks settings.
    pub walker: Walker<'a>,
    /// The kinds there are.
    pub kinds: &'a Kinds,
}

/// What an entry is, for messages.
#[derive(Clone, Copy, PartialEq, Eq)]
enum What {
    Source,
    Stage,
    Sink,
}

impl What {
    fn name(self) -> &'static str {
        match self {
            What::Source => "source",
            What::Stage => "stage",
            What::Sink => "sink",
        }
    }

    fn example(self) -> &'static str {
        match self {
            What::Source => "write NAME: { file: … }",
            What::Stage => "write - filter: level >= WARN",
            What::Sink => "write NAME: { console: … }",
        }
    }
}

impl Reader<'_> {
    /// Reads a file's tree; what a pipeline must have and has not is reported too.
    pub fn read(&self, root: Node, folder: &std::path::Path, diags: &mut Diags) -> Shape {
        let mut shape = Shape::default();
        let range = root.range.clone();
        let described = root.describe();
        let NodeValue::Map(entries) = root.value else {
            let help = Some("a pipeline has `sources:`, `stages:` and `sinks:`".into());
            diags.error(range, format!("expected a map, found {described}"), "not a map", help);
            return shape;
        };
        let schema = schemars::schema_for!(Run).to_value();
        let properties = schema["properties"].as_object().cloned().unwrap_or_default();
        let mut run = serde_json::Map::new();
        for (key, range, mut node) in entries {
            if key.starts_with("x-") {
                continue;
            }
            let known = properties.keys().map(String::as_str).chain(KEYS);
            if !KEYS.contains(&key.as_str()) && !properties.contains_key(&key) {
                self.walker.unknown_key(&key, &range, &node, known, diags);
                continue;
            }
            shape.places.insert(key.clone(), range.clone());
            match key.as_str() {
                "sources" => self.named(What::Source, node, &range, folder, &mut shape, diags),
                "sinks" => self.named(What::Sink, node, &range, folder, &mut shape, diags),
                "stages" => {
                    let before = diags.findings.len();
                    shape.stages.extend(self.stages(node, &range, folder, diags));
                    shape.incomplete |= diags.findings.len() > before;
                }
                _ => {
                    let before = diags.findings.len();
                    self.walker.walk(&with_root(&schema, &properties[&key]), &mut node, &range, diags);
                    if diags.findings.len() == before {
                        run.insert(key, node.to_json());
                    }
                }
            }
        }
        match serde_json::from_value(Value::Object(run)) {
            Ok(run) => shape.run = run,
            Err(error) => diags.error(range.clone(), error.to_string(), "in this file", None),
        }
        if let Some(name) = &shape.run.name {
            check_name(name, &shape.place_of("name"), diags);
        }
        check_whole(&shape, range.start, diags);
        shape
    }

    /// `sources:` or `sinks:`, a map from name to entry.
    fn named(
        &self,
        what: What,
        node: Node,
        key: &Range<usize>,
        folder: &std::path::Path,
        shape: &mut Shape,
        diags: &mut Diags,
    ) {
        let described = node.describe();
        let NodeValue::Map(entries) = node.value else {
            let message = format!("expected a map, found {described}");
            let place = if node.range.is_empty() { key.clone() } else { node.range };
            diags.error(place, message, "not a map of names", Some(what.example().into()));
            return;
        };
        if entries.is_empty() {
            let message = format!("there is no {}", what.name());
            diags.error(key.clone(), message, "empty", Some(what.example().into()));
        }
        for (name, range, node) in entries {
            check_name(&name, &range, diags);
            if what == What::Sink && name == "main" {
                let help = Some("give it another name".into());
                diags.error(
                    range.clone(),
                    "a sink cannot be called `main`",
                    "kept for the stages of all",
                    help,
                );
            }
            let entry = self.entry(what, node, &range, folder, diags);
            shape.incomplete |= entry.is_none();
            if let Some(mut entry) = entry {
                entry.name = name;
                match what {
                    What::Source => shape.sources.push(entry),
                    _ => shape.sinks.push(entry),
                }
            }
        }
    }

    fn stages(
        &self,
        node: Node,
        key: &Range<usize>,
        folder: &std::path::Path,
        diags: &mut Diags,
    ) -> Vec<Entry> {
        let place = if node.range.is_empty() { key.clone() } else { node.range.clone() };
        let described = node.describe();
        let items = match node.value {
            NodeValue::List(items) => items,
            NodeValue::Null => return Vec::new(),
            _ => {
                let message = format!("expected a list, found {described}");
                diags.error(place, message, "not a list", Some("begin every stage with `- `".into()));
                return Vec::new();
            }
        };
        let mut stages = Vec::new();
        for item in items {
            let own = item.range.clone();
            stages.extend(self.entry(What::Stage, item, &own, folder, diags));
        }
        stages
    }

    /// `{kind: settings}`, for sinks with `stages` beside it.
    fn entry(
        &self,
        what: What,
        node: Node,
        name: &Range<usize>,
        folder: &std::path::Path,
        diags: &mut Diags,
    ) -> Option<Entry> {
        let kinds = match what {
            What::Source => &self.kinds.sources,
            What::Stage => &self.kinds.stages,
            What::Sink => &self.kinds.sinks,
        };
        let names = || kinds.iter().map(|kind| kind.name);
        let place = if node.range.is_empty() { name.clone() } else { node.range.clone() };
        let described = node.describe();
        let NodeValue::Map(entries) = node.value else {
            let help = match &node.value {
                NodeValue::Text { text, .. } if names().any(|kind| kind == text) => {
                    format!("write {text}: and its settings")
                }
                _ => what.example().to_owned(),
            };
            let message = format!("expected a {}, found {described}", what.name());
            diags.error(place, message, "no kind here", Some(help));
            return None;
        };
        let mut stages = Vec::new();
        let mut found: Option<(usize, Range<usize>, Node)> = None;
        let mut unknown = Vec::new();
        for (key, range, node) in entries {
            let kind = kinds.iter().position(|kind| kind.name == key);
            if what == What::Sink && key == "stages" {
                stages = self.stages(node, &range, folder, diags);
            } else if let Some(kind) = kind {
                if let Some((first, _, _)) = &found {
                    let message =
                        format!("two kinds in one {}: `{}` and `{key}`", what.name(), kinds[*first].name);
                    let help = match what {
                        What::Stage => "begin the second one with `- `",
                        _ => "give each a name of its own",
                    };
                    diags.error(range, message, "a second kind", Some(help.into()));
                    continue;
                }
                found = Some((kind, range, node));
            } else {
                unknown.push((key, range, node));
            }
        }
        let Some((kind, place, mut settings)) = found else {
            self.report_no_kind(what, unknown, kinds, place, diags);
            return None;
        };
        let schema = (kinds[kind].schema)().to_value();
        for (key, range, node) in unknown {
            let is_setting = schema["properties"].get(&key).is_some();
            if is_setting {
                let kind = kinds[kind].name;
                let help = Some(format!("indent it below `{kind}:`"));
                diags.error(range, format!("`{key}` is a setting of `{kind}`"), "not at this place", help);
            } else {
                let extra = (what == What::Sink).then_some("stages");
                self.walker.unknown_key(&key, &range, &node, names().chain(extra), diags);
            }
        }
        let before = diags.findings.len();
        self.walker.walk(&schema, &mut settings, &place, diags);
        let good = diags.findings.len() == before;
        if settings.range.is_empty() {
            settings.range = place.clone();
        }
        Some(Entry { name: String::new(), kind, place, settings, folder: folder.to_owned(), good, stages })
    }

    fn report_no_kind(
        &self,
        what: What,
        unknown: Vec<(String, Range<usize>, Node)>,
        kinds: &[Kind],
        place: Range<usize>,
        diags: &mut Diags,
    ) {
        let names: Vec<&str> = kinds.iter().map(|kind| kind.name).collect();
        if unknown.is_empty() {
            let help = Some(format!("there are: {}", names.join(", ")));
            diags.error(place, format!("this {} has no kind", what.name()), "no kind here", help);
        }
        for (key, range, node) in unknown {
            let is_word = key.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.'));
            if !is_word {
                self.walker.unknown_key(&key, &range, &node, names.iter().copied(), diags);
                continue;
            }
            let message = format!("there is no kind of {} called `{key}`", what.name());
            diags.error(range, message, "not known", near::help(&key, names.iter().copied()));
        }
    }
}

/// Whether a name may hold this letter: names become folders and files.
pub fn fits_name(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-' | '.')
}

fn check_name(name: &str, range: &Range<usize>, diags: &mut Diags) {
    if !name.chars().all(fits_name) || name.starts_with('.') || name.is_empty() || name.len() > 64 {
        let help = Some("use letters, digits, `_`, `-` and `.`, at most 64".into());
        diags.error(range.clone(), format!("`{name}` cannot be a name"), "this name", help);
    }
}

/// Reports what every pipeline must have.
fn check_whole(shape: &Shape, start: usize, diags: &mut Diags) {
    for what in [What::Source, What::Sink] {
        let key = format!("{}s", what.name());
        if !shape.places.contains_key(&key) {
            let help = Some(format!("a pipeline has at least one {}: {}", what.name(), what.example()));
            diags.error(start..start, format!("`{key}` is missing"), "nowhere in this file", help);
        }
    }
}

/// A schema of a part, with the definitions of the whole.
fn with_root(root: &Value, part: &Value) -> Value {
    let mut part = part.clone();
    if let (Some(rules), Some(definitions)) = (part.as_object_mut(), root.get("$defs")) {
        rules.insert("$defs".to_owned(), definitions.clone());
    }
    part
}
