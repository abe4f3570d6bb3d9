//! Choosing deployments: by name, id, template, label and project.
//!
//! * An exact name wins over an id, and that over a template; a name is never matched by its beginning.
//! * Targets and `--all` add up; labels and projects narrow what they choose, or choose alone.
//! * The container that this process runs in is never chosen.

use std::fmt;

use crate::config::near;

use super::deployment::{Deployment, State, TEMPLATE};
use super::own;

/// What is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// Every MCP deployment: labelled `managed-by=mcp-template`, or `template`, or `mcpp.collect=true`.
    pub all: bool,
    /// Names, globs of names, ids, the beginnings of ids, templates.
    pub targets: Vec<String>,
    /// Labels that all must be there: with a value (`K=V`) or with any (`K`).
    pub labels: Vec<Label>,
    /// Projects of compose, one of which it must be in.
    pub projects: Vec<String>,
    /// Names, globs of names, ids, templates that are left out.
    pub exclude: Vec<String>,
}

/// A label that must be there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// Its name.
    pub key: String,
    /// Its value; `None` = any.
    pub value: Option<String>,
}

impl Label {
    /// Reads `K=V` or `K`; the value may hold `=`, commas and newlines.
    pub fn parse(text: &str) -> Label {
        match text.split_once('=') {
            Some((key, value)) => Label { key: key.to_owned(), value: Some(value.to_owned()) },
            None => Label { key: text.to_owned(), value: None },
        }
    }

    fn fits(&self, deployment: &Deployment) -> bool {
        let found = deployment.label(&self.key);
        found.is_some_and(|found| self.value.as_deref().is_none_or(|value| value == found))
    }
}

/// Whether a deployment is one of the platform's, or asks to be collected.
pub fn is_mcp(deployment: &Deployment) -> bool {
    deployment.label("managed-by") == Some("mcp-template")
        || deployment.label(TEMPLATE).is_some_and(|template| !template.is_empty())
        || deployment.label("mcpp.collect") == Some("true")
}

/// One target that names something.
#[derive(Clone, Debug)]
enum Target {
    Name(String),
    Glob(glob::Pattern),
    Id(String),
    Template(String),
    /// Not looked up: any of them.
    Word(String),
}

impl Target {
    fn fits(&self, deployment: &Deployment) -> bool {
        match self {
            Target::Name(name) => deployment.name == *name,
            Target::Glob(pattern) => pattern.matches(&deployment.name),
            Target::Id(start) => deployment.id.starts_with(start.as_str()),
            Target::Template(template) => deployment.template.as_ref() == Some(template),
            Target::Word(word) => {
                deployment.name == *word
                    || deployment.template.as_ref() == Some(word)
                    || word.len() >= 12 && is_hex(word) && deployment.id.starts_with(word.as_str())
            }
        }
    }

    /// A target of which it is not known whether anything of that name runs.
    fn loosely(text: &str) -> Target {
        to_glob(text).map_or_else(|| Target::Word(text.to_owned()), Target::Glob)
    }
}

fn to_glob(text: &str) -> Option<glob::Pattern> {
    if !text.contains(['*', '?', '[']) {
        return None;
    }
    glob::Pattern::new(text).ok()
}

fn is_hex(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

/// A selection whose targets are known to name something, or are not asked to.
#[derive(Clone, Debug)]
pub struct Choice {
    all: bool,
    targets: Vec<Target>,
    labels: Vec<Label>,
    projects: Vec<String>,
    exclude: Vec<Target>,
}

impl Choice {
    /// Whether a deployment is chosen; asked for those that appear later, too.
    pub fn fits(&self, deployment: &Deployment) -> bool {
        if own::is_own(&deployment.id) || self.exclude.iter().any(|target| target.fits(deployment)) {
            return false;
        }
        let narrowed = !self.labels.is_empty() || !self.projects.is_empty();
        let chosen = if self.all || !self.targets.is_empty() {
            self.all && is_mcp(deployment) || self.targets.iter().any(|target| target.fits(deployment))
        } else {
            narrowed
        };
        chosen
            && self.labels.iter().all(|label| label.fits(deployment))
            && (self.projects.is_empty()
                || deployment.project.as_ref().is_some_and(|project| self.projects.contains(project)))
    }
}

/// A target that names nothing, or too much.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Miss {
    /// Nothing has that name.
    Nothing {
        /// What was asked for.
        target: String,
        /// What may have been meant, and what that does: `2 running`.
        near: Option<(String, String)>,
    },
    /// The beginning of more than one id.
    Several {
        /// What was asked for.
        target: String,
        /// Names of those that fit.
        names: Vec<String>,
    },
}

impl fmt::Display for Miss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Miss::Nothing { target, near } => {
                write!(f, "no deployment '{target}'")?;
                match near {
                    Some((near, doing)) => write!(f, "; did you mean '{near}' ({doing})?"),
                    None => Ok(()),
                }
            }
            Miss::Several { target, names } => {
                write!(f, "'{target}' is the beginning of {} ids: {}", names.len(), names.join(", "))
            }
        }
    }
}

impl Selection {
    /// Whether nothing is asked for at all.
    pub fn is_empty(&self) -> bool {
        !self.all && self.targets.is_empty() && self.labels.is_empty() && self.projects.is_empty()
    }

    /// Looks every target up among what is there now; the error has all that are not.
    pub fn resolve(&self, all: &[Deployment]) -> Result<Choice, Vec<Miss>> {
        let (mut targets, mut misses) = (Vec::new(), Vec::new());
        for text in &self.targets {
            match look_up(text, all) {
                Ok(target) => targets.push(target),
                Err(miss) => misses.push(miss),
            }
        }
        if !misses.is_empty() {
            return Err(misses);
        }
        Ok(Choice { targets, ..self.to_choice() })
    }

    /// Takes targets as they are, whether or not anything of that name runs yet: a name, a template, or at least twelve
    /// digits of an id.
    pub fn to_choice(&self) -> Choice {
        Choice {
            all: self.all,
            targets: self.targets.iter().map(|text| Target::loosely(text)).collect(),
            labels: self.labels.clone(),
            projects: self.projects.clone(),
            exclude: self.exclude.iter().map(|text| Target::loosely(text)).collect(),
        }
    }
}

fn look_up(text: &str, all: &[Deployment]) -> Result<Target, Miss> {
    if all.iter().any(|deployment| deployment.name == text) {
        return Ok(Target::Name(text.to_owned()));
    }
    if all.iter().any(|deployment| deployment.id == text) {
        return Ok(Target::Id(text.to_owned()));
    }
    if all.iter().any(|deployment| deployment.template.as_deref() == Some(text)) {
        return Ok(Target::Template(text.to_owned()));
    }
    if let Some(pattern) = to_glob(text).filter(|pattern| all.iter().any(|d| pattern.matches(&d.name))) {
        return Ok(Target::Glob(pattern));
    }
    let lower = text.to_ascii_lowercase();
    if is_hex(&lower) {
        let fitting: Vec<&Deployment> = all.iter().filter(|d| d.id.starts_with(&lower)).collect();
        match fitting.as_slice() {
            [] => {}
            [one] => return Ok(Target::Id(one.id.clone())),
            several => {
                let names = several.iter().take(5).map(|d| d.name.clone()).collect();
                return Err(Miss::Several { target: text.to_owned(), names });
            }
        }
    }
    let names = all.iter().filter(|d| !own::is_own(&d.id)).flat_map(|d| {
        let template = d.template.as_deref();
        template.into_iter().chain([d.name.as_str()])
    });
    let near = near::near_miss(text, names).map(|near| (near.to_owned(), doing(near, all)));
    Err(Miss::Nothing { target: text.to_owned(), near })
}

/// What the deployments of a name or template do: `running`, `2 running`, `2 of 3 running`.
fn doing(word: &str, all: &[Deployment]) -> String {
    if let Some(one) = all.iter().find(|deployment| deployment.name == word) {
        return one.state_word().to_owned();
    }
    let those = all.iter().filter(|deployment| deployment.template.as_deref() == Some(word));
    let (total, running) = those.fold((0, 0), |(total, running), deployment| {
        (total + 1, running + usize::from(deployment.state == State::Running))
    });
    match (total, running) {
        (total, running) if total == running => format!("{running} running"),
        (total, 0) => format!("{total}, none running"),
        (total, running) => format!("{running} of {total} running"),
    }
}

#[cfg(test)]
mod tests;
