//! The settings of `extract`.

use schemars::JsonSchema;
use serde::Deserialize;

use super::Extract;
use super::rule::{Rule, RuleSettings};
use crate::config::{Diags, Settings};
use crate::stages::Stage;

/// Finds tool calls, their errors and durations in what MCP servers print: JSON-RPC, FastMCP and the SDKs of five
/// languages, gateways, OpenTelemetry, structured records that name a tool, and `tool_call: NAME`. Written as
/// `extract: tools`, or with rules for lines of your own:
#[derive(Deserialize, JsonSchema, Debug)]
#[serde(untagged)]
pub enum ExtractSettings {
    /// Everything that is known.
    What(What),
    /// What is known, and rules.
    Rules(Rules),
}

/// What to find.
#[derive(Deserialize, JsonSchema, Debug, Clone, Copy)]
#[serde(rename_all = "lowercase")]
pub enum What {
    /// Tool calls.
    Tools,
}

/// What to find, with rules.
#[derive(Deserialize, JsonSchema, Debug)]
#[serde(deny_unknown_fields)]
pub struct Rules {
    /// Whether all notations that are known are looked for too. Default: true.
    pub tools: Option<bool>,
    /// Rules for lines of your own; the first that matches a line is taken, and counts before everything known.
    #[serde(default)]
    pub rules: Vec<RuleSettings>,
}

/// Builds the stage from its settings.
pub fn build(settings: &Settings<'_>, diags: &mut Diags) -> Option<Stage> {
    let decoded = match settings.decode::<ExtractSettings>() {
        Ok(decoded) => decoded,
        Err(error) => {
            diags.error(settings.range(), error, "these settings", None);
            return None;
        }
    };
    let (tools, rules) = match decoded {
        ExtractSettings::What(What::Tools) => (true, Vec::new()),
        ExtractSettings::Rules(rules) => (rules.tools.unwrap_or(true), rules.rules),
    };
    if !tools && rules.is_empty() {
        let help = Some("write `extract: tools`, or give `rules:`".to_owned());
        diags.error(settings.range(), "this stage finds nothing", "no tools, no rules", help);
        return None;
    }
    let mut ready = Vec::new();
    let before = diags.findings.len();
    for (at, rule) in rules.iter().enumerate() {
        let at = at.to_string();
        match Rule::new(rule) {
            Ok(rule) => ready.push(rule),
            Err((part, message, help)) => {
                let range = settings.range_in(&["rules", &at, "regex"], part);
                diags.error(range, message, "in this rule", help);
            }
        }
    }
    (diags.findings.len() == before).then(|| Stage::Scan(Box::new(Extract::new(tools, ready))))
}
