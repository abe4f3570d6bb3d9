//! Rules of the user: regular expressions whose named groups say what a line tells of a call.

use regex::bytes::{Captures, Regex};
use schemars::JsonSchema;
use serde::Deserialize;

use super::duration::{self, Unit};
use super::seen::{Class, Found, Notation, Phase, Seen, hash};
use crate::stages::needles::Needles;

/// Recognises tool calls in lines of your own, by a regular expression with named groups:
///
/// - `tool`: the tool's name.
/// - `duration`: how long the call took. `(?<duration:ms>\d+)` counts milliseconds (`ns us ms s m h`); without a unit
///   in the group's name the text must have one (`1.2s`).
/// - `error`: the text of an error; a line in which it matches is a failed call.
/// - `outcome`: a word that says how it went: `error`, `failed`, `true` of `isError=(?<outcome:error>\w+)`.
/// - `id`: the request's id, for pairing a start with its end. Without it pairing goes by name and order.
///
/// A line that a rule matches is not looked at further.
#[derive(Deserialize, JsonSchema, Debug, Clone)]
#[serde(deny_unknown_fields)]
pub struct RuleSettings {
    /// The regular expression. It is tried on the message, and where that has no match on the whole line.
    pub regex: String,
    /// What a matching line says. Default: `end` if there is a group `duration`, `error` or `outcome`, else `call`.
    pub kind: Option<RuleKind>,
}

/// What a line says of a call.
#[derive(Deserialize, JsonSchema, Debug, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum RuleKind {
    /// It is a call, and counts at once.
    Call,
    /// A call begins; it counts when its end comes, or after 30 s.
    Start,
    /// A call is over: with a `start` before it the same call, else a call of its own.
    End,
    /// A call failed; counts an error, and no call.
    Error,
    /// A duration and nothing else.
    Duration,
}

/// A rule, ready to be tried.
#[derive(Debug)]
pub struct Rule {
    regex: Regex,
    phase: Phase,
    tool: Option<usize>,
    id: Option<usize>,
    error: Option<usize>,
    duration: Option<(usize, Option<Unit>)>,
    /// The group, and whether its `true` means failure.
    outcome: Option<(usize, bool)>,
    /// What every matching line holds.
    pub needles: Option<Needles>,
}

/// What is wrong with a rule: bytes of the expression, what, and what to write instead.
pub type RuleError = (std::ops::Range<usize>, String, Option<String>);

impl Rule {
    /// Reads a rule.
    pub fn new(settings: &RuleSettings) -> Result<Rule, RuleError> {
        let text = &settings.regex;
        let (pattern, groups) = split_groups(text)?;
        let regex = Regex::new(&pattern).map_err(|error| {
            let (message, help) = crate::stages::expr::regex_error(&error);
            (0..text.len(), message, help)
        })?;
        let mut rule = Rule {
            regex,
            phase: Phase::Call,
            tool: None,
            id: None,
            error: None,
            duration: None,
            outcome: None,
            needles: crate::stages::expr::literals::of_pattern(&pattern).ok(),
        };
        let mut number = 0;
        let names: Vec<Option<String>> =
            rule.regex.capture_names().map(|name| name.map(str::to_owned)).collect();
        for (at, name) in names.iter().enumerate() {
            let Some(name) = name else { continue };
            let (range, ty) = groups.get(number).cloned().unwrap_or((0..text.len(), String::new()));
            number += 1;
            rule.take_group(name, &ty, at, range)?;
        }
        let ends = rule.duration.is_some() || rule.error.is_some() || rule.outcome.is_some();
        rule.phase = match settings.kind {
            Some(RuleKind::Call) => Phase::Call,
            Some(RuleKind::Start) => Phase::Start,
            Some(RuleKind::End) => Phase::End,
            Some(RuleKind::Error) => Phase::Error,
            Some(RuleKind::Duration) => Phase::Duration,
            None if ends => Phase::End,
            None => Phase::Call,
        };
        if rule.phase == Phase::Duration && rule.duration.is_none() {
            let help = Some("name the group that holds it: (?<duration:ms>\\d+)".to_owned());
            return Err((
                0..text.len(),
                "a rule of kind `duration` has no group `duration`".to_owned(),
                help,
            ));
        }
        Ok(rule)
    }

    fn take_group(
        &mut self,
        name: &str,
        ty: &str,
        at: usize,
        range: std::ops::Range<usize>,
    ) -> Result<(), RuleError> {
        let wrong_type = |help: &str| {
            let message = format!("a group `{name}` cannot be of type `{ty}`");
            Err((range.clone(), message, Some(help.to_owned())))
        };
        match name {
            "duration" => match (ty, Unit::parse(ty.as_bytes())) {
                ("", _) => self.duration = Some((at, None)),
                (_, Some(unit)) => self.duration = Some((at, Some(unit))),
                _ => return wrong_type("write one of ns us ms s m h, or nothing if the text has a unit"),
            },
            "outcome" => match ty {
                "" => self.outcome = Some((at, false)),
                "error" => self.outcome = Some((at, true)),
                _ => return wrong_type("write nothing, or `error` if `true` means that it failed"),
            },
            _ if !ty.is_empty() => return wrong_type("only `duration` and `outcome` have types"),
            "tool" => self.tool = Some(at),
            "id" => self.id = Some(at),
            "error" => self.error = Some(at),
            _ => {
                let known = ["tool", "id", "duration", "error", "outcome"];
                let near = known.iter().find(|known| strsim::damerau_levenshtein(known, name) <= 2);
                let help = match near {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("groups with a meaning are {}", known.join(", ")),
                };
                return Err((range, format!("no rule knows a group `{name}`"), Some(help)));
            }
        }
        Ok(())
    }

    /// Tries the rule on a message, then on the whole line. Whether it matched.
    pub fn read(&self, message: &[u8], line: &[u8], found: &mut Found<'_>) -> bool {
        let Some(captures) = self
            .regex
            .captures(message)
            .or_else(|| if line.is_empty() { None } else { self.regex.captures(line) })
        else {
            return false;
        };
        self.take(&captures, found);
        true
    }

    fn take(&self, captures: &Captures<'_>, found: &mut Found<'_>) {
        let group = |at: usize| captures.get(at).map(|m| m.as_bytes());
        let mut seen = Seen::new(Notation::Rule, self.phase);
        if let Some(text) = self.error.and_then(group).filter(|text| !text.is_empty()) {
            seen.error = Some(Class::parse(text).unwrap_or_else(|| Class::of_text(text)));
        }
        if let Some((at, inverse)) = self.outcome
            && let Some(word) = group(at)
        {
            let word = word.to_ascii_lowercase();
            let good = matches!(
                &*word,
                b"ok" | b"success" | b"succeeded" | b"successful" | b"completed" | b"done" | b"finished"
            );
            let yes = matches!(&*word, b"true" | b"yes" | b"1");
            let no = matches!(&*word, b"false" | b"no" | b"0");
            let failed = if inverse { !no && !good } else { !yes && !good };
            if failed && seen.error.is_none() {
                seen.error = Some(Class::parse(&word).unwrap_or(Class::Tool));
            }
        }
        seen.outcome = self.error.is_some() || self.outcome.is_some();
        if let Some((at, unit)) = self.duration {
            seen.duration = group(at).and_then(|text| duration::parse(text, unit));
        }
        if let Some(id) = self.id.and_then(group) {
            seen.id = hash(id);
        }
        if self.phase == Phase::Error && seen.error.is_none() {
            seen.error = Some(Class::of_text(captures.get(0).map_or(b"", |m| m.as_bytes())));
        }
        found.add(seen, self.tool.and_then(group).unwrap_or_default());
    }
}

/// Where a group's name stands, and its type.
type Group = (std::ops::Range<usize>, String);

/// The expression without the types of its groups, and for each named group its place and type.
fn split_groups(text: &str) -> Result<(String, Vec<Group>), RuleError> {
    let bytes = text.as_bytes();
    let mut pattern = String::with_capacity(text.len());
    let mut groups = Vec::new();
    let (mut at, mut done, mut in_class) = (0, 0, false);
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 1,
            b'[' => in_class = true,
            b']' => in_class = false,
            b'(' if !in_class => {
                let rest = &text[at..];
                let open = if rest.starts_with("(?P<") { 4 } else { 3 };
                let named = open == 4
                    || rest.starts_with("(?<") && !rest.starts_with("(?<=") && !rest.starts_with("(?<!");
                if named {
                    let start = at + open;
                    let Some(end) = text[start..].find('>').map(|end| start + end) else {
                        return Err((
                            at..text.len(),
                            "a group's name is not closed".into(),
                            Some("write (?<tool>…)".into()),
                        ));
                    };
                    let name = &text[start..end];
                    let (name_end, ty) = match name.find(':') {
                        Some(colon) => (start + colon, &name[colon + 1..]),
                        None => (end, ""),
                    };
                    pattern.push_str(&text[done..name_end]);
                    done = end;
                    groups.push((start..end, ty.to_owned()));
                    at = end;
                }
            }
            _ => {}
        }
        at += 1;
    }
    pattern.push_str(&text[done.min(text.len())..]);
    Ok((pattern, groups))
}
