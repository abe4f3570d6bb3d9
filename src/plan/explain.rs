//! A plan in words, for `check --explain`.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::Plan;
use super::build::Inputs;
use super::pushdown::Decision;
use crate::config::expand::Secrets;
use crate::event::{Presence, Schema};

/// What is known of a plan.
#[derive(Clone, Debug, Default)]
pub struct Explain {
    name: String,
    sources: Vec<(String, &'static str)>,
    main: Way,
    branches: Vec<(String, &'static str, Way)>,
    needles: Option<(String, String)>,
    reasons: Vec<String>,
}

/// Stages with the schemas between them.
#[derive(Clone, Debug, Default)]
struct Way {
    stages: Vec<&'static str>,
    schemas: Vec<Schema>,
}

impl Explain {
    pub(super) fn fill(&mut self, plan: &Plan, inputs: &[Inputs], pushdown: Decision, secrets: &Secrets) {
        self.name.clone_from(&plan.name);
        self.sources = plan.sources.iter().map(|source| (source.name.clone(), source.kind)).collect();
        let way = |stages: &[super::PlannedStage], inputs: Option<&Inputs>| Way {
            stages: stages.iter().map(|stage| stage.kind).collect(),
            schemas: inputs.map(|inputs| inputs.schemas.clone()).unwrap_or_default(),
        };
        self.main = way(&plan.stages, inputs.first());
        self.branches = plan
            .branches
            .iter()
            .enumerate()
            .map(|(at, branch)| (branch.name.clone(), branch.kind, way(&branch.stages, inputs.get(at + 1))))
            .collect();
        self.needles = pushdown.guarded.map(|(at, needles)| {
            (format!("stage {} ({})", at + 1, plan.stages[at].kind), secrets.mask(&needles.to_string()))
        });
        self.reasons = pushdown.reasons.iter().map(|reason| secrets.mask(reason)).collect();
    }

    /// The pipeline's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// For people.
    pub fn to_text(&self) -> String {
        let mut out = String::new();
        let _ = writeln!(out, "pipeline {}", self.name);
        for (name, kind) in &self.sources {
            let _ = writeln!(out, "  source {name}: {kind}");
        }
        write_schema(&mut out, "  ", self.main.schemas.first());
        write_stages(&mut out, "  ", &self.main);
        for (name, kind, way) in &self.branches {
            let _ = writeln!(out, "  sink {name}: {kind}");
            write_stages(&mut out, "    ", way);
        }
        match &self.needles {
            Some((stage, needles)) => {
                let _ = writeln!(out, "  searched before parsing, by {stage}: {needles}");
            }
            None => out.push_str("  searched before parsing: nothing\n"),
        }
        for reason in &self.reasons {
            let _ = writeln!(out, "    not searched: {reason}");
        }
        out
    }

    /// For programs.
    pub fn to_json(&self) -> Value {
        let way = |way: &Way| -> Vec<Value> {
            way.stages
                .iter()
                .enumerate()
                .map(|(at, kind)| json!({ "kind": kind, "schema": way.schemas.get(at + 1).map(schema_to_json) }))
                .collect()
        };
        let sinks: Vec<Value> = self
            .branches
            .iter()
            .map(|(name, kind, own)| json!({ "name": name, "kind": kind, "stages": way(own) }))
            .collect();
        let sources: Vec<Value> =
            self.sources.iter().map(|(name, kind)| json!({ "name": name, "kind": kind })).collect();
        json!({
            "name": self.name,
            "sources": sources,
            "schema": self.main.schemas.first().map(schema_to_json),
            "stages": way(&self.main),
            "sinks": sinks,
            "searched": self.needles.as_ref().map(|(stage, needles)| json!({ "by": stage, "needles": needles })),
            "not_searched": self.reasons,
        })
    }
}

fn write_stages(out: &mut String, indent: &str, way: &Way) {
    for (at, kind) in way.stages.iter().enumerate() {
        let _ = writeln!(out, "{indent}stage {}: {kind}", at + 1);
        let (before, after) = (way.schemas.get(at), way.schemas.get(at + 1));
        if before == after {
            let _ = writeln!(out, "{indent}  the same fields");
        } else {
            write_schema(out, indent, after);
        }
    }
}

fn write_schema(out: &mut String, indent: &str, schema: Option<&Schema>) {
    let Some(schema) = schema else { return };
    for field in schema.iter() {
        let presence = match field.presence {
            Presence::Always => "",
            Presence::Maybe => "?",
        };
        let name = format!("{}{presence}", field.field.name());
        let _ = writeln!(out, "{indent}  {name:<16} {:<9} {}", field.ty, field.from);
    }
    if schema.open {
        let _ = writeln!(out, "{indent}  and the lines' own fields");
    }
}

fn schema_to_json(schema: &Schema) -> Value {
    let fields: Vec<Value> = schema
        .iter()
        .map(|field| {
            json!({
                "name": field.field.name(),
                "type": field.ty,
                "always": field.presence == Presence::Always,
                "from": field.from,
            })
        })
        .collect();
    json!({ "fields": fields, "open": schema.open })
}
