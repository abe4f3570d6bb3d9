//! `sample`: a part of the events, the same part in every run.
//!
//! * The choice is a hash of the event's id, or of a field, so that it does not depend on batches, lanes or restarts, and
//!   that events of one value of the field stay or go together.
//! * Errors pass unless the settings say otherwise.

use xxhash_rust::xxh3::xxh3_64;

use crate::config::{Diags, Settings};
use crate::event::{Batch, EventId, Field, Level, Reason, Schema, Value};

use super::{Kind, Map, Stage, keyed, named};

/// `sample`
pub const KIND: Kind = Kind {
    name: "sample",
    summary: "lets a part of the events pass, the same part in every run",
    schema: || schemars::schema_for!(SampleSettings),
    build,
};

/// Lets a part of the events pass, the same part in every run, for example `sample: { rate: 0.1, by: request_id }`.
#[derive(Debug, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SampleSettings {
    /// The part that passes, from 0 (none) to 1 (all).
    #[schemars(range(min = 0.0, max = 1.0))]
    rate: f64,
    /// A field whose value decides, so that all events of one value stay or go together. Without it, and for events
    /// that lack it, the event's id decides.
    #[serde(default)]
    by: Option<String>,
    /// Whether errors (level ERROR and above, failed tool calls) always pass.
    #[serde(default = "yes")]
    keep_errors: bool,
}

fn yes() -> bool {
    true
}

fn build(settings: &Settings<'_>, diags: &mut Diags) -> Option<Stage> {
    let read: SampleSettings = named::read(settings, diags)?;
    if !(0.0..=1.0).contains(&read.rate) {
        let help = Some("write 0.1 for every tenth event".to_owned());
        diags.error(settings.range_at(&["rate"]), "a rate is between 0 and 1", "not a rate", help);
        return None;
    }
    let by = read.by.map(|name| (Field::named(&name), name));
    Some(Stage::Map(Box::new(Sample { rate: read.rate, by, keep_errors: read.keep_errors })))
}

struct Sample {
    rate: f64,
    by: Option<(Field, String)>,
    keep_errors: bool,
}

impl Map for Sample {
    fn check(&self, input: &Schema, settings: &Settings<'_>, diags: &mut Diags) -> Schema {
        if let Some((_, name)) = &self.by {
            named::check_field(name, settings.range_at(&["by"]), input, diags);
        }
        input.clone()
    }

    fn apply(&self, batch: &mut Batch) {
        let mut scratch = Vec::new();
        for row in 0..batch.rows.len() {
            if !batch.rows[row].alive() || self.keep_errors && is_error(batch, row) {
                continue;
            }
            scratch.clear();
            if let Some((field, _)) = &self.by {
                keyed::write_value(batch.value(row, *field), &mut scratch);
            }
            if scratch.is_empty() {
                scratch.extend_from_slice(&EventId::of(batch, &batch.rows[row]).0.to_le_bytes());
            }
            if !passes(xxh3_64(&scratch), self.rate) {
                batch.drop_row(row, Reason::Sampled);
            }
        }
    }
}

fn is_error(batch: &Batch, row: usize) -> bool {
    batch.rows[row].level >= Some(Level::Error) || batch.value(row, Field::TOOL_ERROR) != Value::Missing
}

/// Whether a hash is in the lower `rate` of all hashes.
fn passes(hash: u64, rate: f64) -> bool {
    // 53 bits are exact in an f64, so 1 passes all and 0 none.
    ((hash >> 11) as f64) < rate * (1u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use serde_json::json;

    fn passed(settings: serde_json::Value, lines: &[String]) -> Vec<String> {
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        let mut batch = json_batch(&lines);
        apply(&stage("sample", settings).unwrap(), &mut batch);
        alive(&batch)
    }

    #[test]
    fn about_the_rate_passes_and_always_the_same() {
        let lines: Vec<String> = (0..10_000).map(|n| format!(r#"{{"n":{n}}}"#)).collect();
        for (rate, low, high) in [(0.0, 0, 0), (0.1, 900, 1_100), (0.5, 4_800, 5_200), (1.0, 10_000, 10_000)]
        {
            let first = passed(json!({"rate": rate}), &lines);
            assert!((low..=high).contains(&first.len()), "{rate}: {}", first.len());
            assert_eq!(first, passed(json!({"rate": rate}), &lines));
        }
    }

    #[test]
    fn events_of_one_value_stay_together() {
        let lines: Vec<String> = (0..1_000).map(|n| format!(r#"{{"r":"{}","n":{n}}}"#, n % 10)).collect();
        let left = passed(json!({"rate": 0.5, "by": "r"}), &lines);
        assert!(!left.is_empty() && left.len() < 1_000 && left.len().is_multiple_of(100), "{}", left.len());
    }

    #[test]
    fn errors_pass_unless_told_otherwise() {
        let lines: Vec<String> =
            (0..100).map(|n| format!(r#"{{"level":"{}","n":{n}}}"#, ["ERROR", "INFO"][n % 2])).collect();
        assert_eq!(passed(json!({"rate": 0.0}), &lines).len(), 50);
        assert_eq!(passed(json!({"rate": 0.0, "keep_errors": false}), &lines).len(), 0);
    }

    #[test]
    fn a_rate_above_one_is_refused() {
        assert_eq!(stage("sample", json!({"rate": 10})).err().unwrap(), ["a rate is between 0 and 1"]);
    }
}
