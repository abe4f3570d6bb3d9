//! What is searched in raw text before it is parsed, and why not more.
//!
//! * Only what cannot change the answer: a record without the needles would be dropped on every way anyhow.
//! * A stage that may look at every record ends the search for needles; so does a sink that takes every event.

use std::collections::HashMap;

use super::build::Inputs;
use super::{Plan, PlannedStage};
use crate::sinks::Wants;
use crate::stages::needles::{Foresight, Needles};

/// What was decided for a plan.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Decision {
    /// The stage that searches (its number in the pipeline, from 0) and what.
    pub guarded: Option<(usize, Needles)>,
    /// Why some conditions are not searched for.
    pub reasons: Vec<String>,
}

/// Looks for needles behind each stage of the pipeline and hands them to the first that makes use of them.
pub(super) fn decide(plan: &mut Plan, inputs: &[Inputs]) -> Decision {
    let mut decision = Decision::default();
    let Some((main, branches)) = inputs.split_first() else { return decision };
    for at in 0..plan.stages.len() {
        let mut path = Path::default();
        let needles = match path.pass(&plan.stages[at + 1..], &main.schemas[at + 1..]) {
            Step::Found(needles) => Some(needles),
            Step::Blocked => None,
            Step::Through => in_every_branch(plan, branches, &path),
        };
        let (needles, reasons) = match needles {
            Some(needles) => (needles, path.reasons),
            None => (Needles::default(), path.reasons_with(plan, branches)),
        };
        if needles.is_empty() {
            if decision.reasons.is_empty() {
                decision.reasons = reasons;
            }
            continue;
        }
        if plan.stages[at].stage.guard(&needles) {
            return Decision { guarded: Some((at, needles)), reasons };
        }
        // The first stage that could not make use of what is known of its input tells why not more.
        if decision.reasons.is_empty() {
            decision.reasons.push(format!("{}: does not search for {needles}", plan.stages[at].kind));
        }
    }
    if decision.reasons.is_empty() && !plan.stages.is_empty() {
        decision.reasons.push("no stage searches before it parses".to_owned());
    }
    decision
}

/// The needles of all branches, if each has some.
fn in_every_branch(plan: &Plan, inputs: &[Inputs], path: &Path) -> Option<Needles> {
    let mut all = Needles::default();
    for (branch, input) in plan.branches.iter().zip(inputs) {
        let mut own = path.clone();
        match own.pass(&branch.stages, &input.schemas) {
            Step::Found(needles) => all.or(&needles),
            Step::Through if branch.sink.wants() == Wants::ToolEvents && !own.passed.is_empty() => {
                all.or(&own.passed);
            }
            Step::Through | Step::Blocked => return None,
        }
    }
    (!all.is_empty()).then_some(all)
}

enum Step {
    /// Every record without these is dropped.
    Found(Needles),
    /// Nothing more can be said.
    Blocked,
    /// The end is reached; nothing is dropped.
    Through,
}

/// What is known on the way behind a stage.
#[derive(Clone, Default)]
struct Path {
    /// Records that have one of these may be changed on the way.
    passed: Needles,
    /// The same by kind of stage, for fields that it makes.
    made: HashMap<&'static str, Needles>,
    reasons: Vec<String>,
}

impl Path {
    fn pass(&mut self, stages: &[PlannedStage], schemas: &[crate::event::Schema]) -> Step {
        for (stage, input) in stages.iter().zip(schemas) {
            let made = &self.made;
            match stage.stage.foresight(input, &|kind| made.get(kind).cloned()) {
                Foresight::Adds => {}
                Foresight::Passes(needles) => {
                    self.passed.or(&needles);
                    self.made.insert(stage.kind, needles);
                }
                Foresight::Drops(Ok(mut needles)) => {
                    needles.or(&self.passed);
                    return Step::Found(needles);
                }
                Foresight::Drops(Err(reason)) => self.reasons.push(format!("{}: {reason}", stage.kind)),
                Foresight::Opaque(reason) => {
                    self.reasons.push(format!("{}: {reason}", stage.kind));
                    return Step::Blocked;
                }
            }
        }
        Step::Through
    }

    /// The reasons, with those of the branches.
    fn reasons_with(mut self, plan: &Plan, inputs: &[Inputs]) -> Vec<String> {
        let before = self.reasons.len();
        for (branch, input) in plan.branches.iter().zip(inputs) {
            let mut own = Path { reasons: Vec::new(), ..self.clone() };
            let step = own.pass(&branch.stages, &input.schemas);
            self.reasons.extend(own.reasons.into_iter().map(|reason| format!("{}: {reason}", branch.name)));
            if matches!(step, Step::Through) && branch.sink.wants() == Wants::Everything && before == 0 {
                self.reasons.push(format!("{}: the sink takes every event", branch.name));
            }
        }
        self.reasons
    }
}
