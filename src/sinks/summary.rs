//! `summary`: the closing table of tools and of levels.
//!
//! * Counting is a plain sum of what `extract: tools` found: calls, errors and durations stand each on exactly one event.
//! * What a deployment's output cannot show is unknown, a dash, and never 0: calls and durations are known once the
//!   deployment has shown one; errors once it has shown one, or has closed a call with its outcome on the same line.
//! * Keys are bounded: beyond [`MOST`] of them the rest is summed up in one row.

use std::io;

use rustc_hash::FxHashMap;

use crate::config::{Diags, Settings};
use crate::event::{Batch, Cell, Column, Field, Flags, Row, Schema, Value};

use super::console::{Color, Output};
use super::{Built, Fold, Kind, SendError, Wants, settings};

mod durations;
mod table;

use durations::Durations;

/// Its line in the list of kinds.
pub const KIND: Kind = Kind {
    name: "summary",
    summary: "prints a table of tools and levels at the end",
    schema: || schemars::schema_for!(SummarySettings),
    build: |given, diags| Some(Built::Fold(Box::new(Summary::new(settings::read(given, diags)?)))),
};

/// Prints, at the end, how often each tool was called, failed and how long it took, and how many events of each level
/// there were. Needs `extract: tools` for the tools and `parse` for the levels.
#[derive(Clone, Copy, Debug, serde::Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SummarySettings {
    /// The table of tools: calls, errors, and the percentiles of their durations. A dash is what the deployment's
    /// output does not show.
    pub tools: bool,
    /// The table of levels.
    pub levels: bool,
    /// `table` for people, `json` for programs.
    pub format: SummaryFormat,
    /// Where to print it.
    pub output: Output,
}

impl Default for SummarySettings {
    fn default() -> Self {
        SummarySettings { tools: true, levels: true, format: SummaryFormat::Table, output: Output::Stdout }
    }
}

/// How a summary is printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum SummaryFormat {
    /// Columns for people.
    #[default]
    Table,
    /// One JSON object; what is not known is absent.
    Json,
}

/// Deployments, and tools of all deployments together, that have a row of their own.
pub const MOST: usize = 1_000;

/// Name of the row for the rest.
const OTHERS: &str = "(others)";

/// Bytes of a tool's name that tell it from others.
const LONGEST: usize = 256;

/// See the module.
#[derive(Clone, Copy, Debug)]
pub struct Summary {
    settings: SummarySettings,
}

/// What was counted: by deployment, then by tool.
#[derive(Debug, Default)]
pub struct Counts {
    deployments: Vec<Deployment>,
    index: FxHashMap<Box<str>, usize>,
    /// Tools of all deployments.
    tools: usize,
}

/// One deployment, or what has no deployment's name: a file.
#[derive(Debug, Default)]
struct Deployment {
    name: Box<str>,
    template: Box<str>,
    is_file: bool,
    /// Something was read of it since it was last emptied.
    seen: bool,
    /// By [`Level`](crate::event::Level); 0: no level.
    levels: [u64; 7],
    tools: Vec<Tool>,
    index: FxHashMap<Box<[u8]>, usize>,
    /// An event closed a call: success and failure can be told apart.
    shows_outcome: bool,
}

/// One tool of a deployment.
#[derive(Debug, Default)]
struct Tool {
    /// Empty: calls whose lines do not name their tool.
    name: Box<[u8]>,
    calls: u64,
    errors: u64,
    durations: Durations,
}

impl Tool {
    fn is_empty(&self) -> bool {
        self.calls == 0 && self.errors == 0 && self.durations.count() == 0
    }
}

impl Counts {
    /// The place of a deployment.
    fn deployment(&mut self, name: &str, template: &str, is_file: bool) -> usize {
        let full = self.deployments.len() >= MOST;
        let at = match self.index.get(name) {
            Some(at) => *at,
            None if full && let Some(at) = self.index.get(OTHERS) => *at,
            None => {
                let (name, template) = if full { (OTHERS, "") } else { (name, template) };
                self.deployments.push(Deployment {
                    name: name.into(),
                    template: template.into(),
                    is_file: is_file && !full,
                    ..Deployment::default()
                });
                self.index.insert(name.into(), self.deployments.len() - 1);
                self.deployments.len() - 1
            }
        };
        self.deployments[at].seen = true;
        at
    }

    /// The place of the deployment that a line is from.
    fn place(&mut self, batch: &Batch, origin: usize) -> usize {
        let origin = &batch.origins[origin].origin;
        let template = origin.template.as_deref().unwrap_or("");
        match &origin.deployment {
            Some(name) => self.deployment(name, template, false),
            None => self.deployment(&batch.partition.name, template, true),
        }
    }

    /// The place of a tool within a deployment.
    fn tool(&mut self, deployment: usize, name: &[u8]) -> usize {
        let full = self.tools >= MOST;
        let deployment = &mut self.deployments[deployment];
        match deployment.index.get(name) {
            Some(at) => *at,
            None if full && let Some(at) = deployment.index.get(OTHERS.as_bytes()) => *at,
            None => {
                self.tools += 1;
                let name = if full { OTHERS.as_bytes() } else { name };
                deployment.tools.push(Tool { name: name.into(), ..Tool::default() });
                deployment.index.insert(name.into(), deployment.tools.len() - 1);
                deployment.tools.len() - 1
            }
        }
    }

    /// Adds another's counts and empties it. Its names stay, so that the next batch finds them without an allocation.
    fn take(&mut self, from: &mut Counts) {
        for theirs in from.deployments.iter_mut().filter(|theirs| theirs.seen) {
            theirs.seen = false;
            let place = self.deployment(&theirs.name, &theirs.template, theirs.is_file);
            let mine = &mut self.deployments[place];
            mine.shows_outcome |= std::mem::take(&mut theirs.shows_outcome);
            for (mine, theirs) in mine.levels.iter_mut().zip(&mut theirs.levels) {
                *mine += std::mem::take(theirs);
            }
            for tool in theirs.tools.iter_mut().filter(|tool| !tool.is_empty()) {
                let at = self.tool(place, &tool.name);
                let mine = &mut self.deployments[place].tools[at];
                mine.calls += std::mem::take(&mut tool.calls);
                mine.errors += std::mem::take(&mut tool.errors);
                mine.durations.take(&mut tool.durations);
            }
        }
    }
}

impl Summary {
    /// A summary that prints as the settings say.
    pub fn new(settings: SummarySettings) -> Summary {
        Summary { settings }
    }

    /// What it would print.
    pub fn text(&self, total: &Counts, colour: bool) -> String {
        match self.settings.format {
            SummaryFormat::Table => table::as_table(total, &self.settings, colour),
            SummaryFormat::Json => table::as_json(total, &self.settings),
        }
    }

    fn absorb_levels(&self, counts: &mut Counts, batch: &Batch) {
        let mut places = vec![None; batch.origins.len()];
        for row in batch.rows.iter().filter(|row| row.alive() && !row.flags.has(Flags::MADE)) {
            let origin = usize::from(row.origin);
            let place = *places[origin].get_or_insert_with(|| counts.place(batch, origin));
            counts.deployments[place].levels[row.level.map_or(0, |level| level as usize)] += 1;
        }
    }
}

/// Calls `f` for every living row that has a value in a column.
fn each(batch: &Batch, field: Field, mut f: impl FnMut(u32, &Row, Cell)) {
    let Some((_, Column::Sparse(cells))) = batch.columns().iter().find(|(name, _)| *name == field) else {
        return;
    };
    for (number, cell) in cells {
        let row = &batch.rows[*number as usize];
        if row.alive() && *cell != Cell::Missing {
            f(*number, row, *cell);
        }
    }
}

impl Fold for Summary {
    type Scratch = Counts;
    type Total = Counts;

    fn check(&self, input: &Schema, given: &Settings<'_>, diags: &mut Diags) {
        let has = |field| input.get(field).is_some();
        if self.settings.tools && !has(Field::TOOL_CALL) && !has(Field::TOOL_ERROR) && !input.open {
            let help = Some("add the stage 'extract: tools', or set 'tools: false'".to_owned());
            diags.warning(
                given.range(),
                "no event here says anything of a tool",
                "the table stays empty",
                help,
            );
        }
        if self.settings.levels && !has(Field::LEVEL) {
            let help = Some("add the stage 'parse: auto', or set 'levels: false'".to_owned());
            diags.warning(given.range(), "no event here has a level", "the table stays empty", help);
        }
    }

    fn wants(&self) -> Wants {
        if self.settings.levels { Wants::Everything } else { Wants::ToolEvents }
    }

    fn absorb(&self, scratch: &mut Counts, batch: &Batch) {
        if self.settings.levels {
            self.absorb_levels(scratch, batch);
        } else if !batch.rows.is_empty() || batch.tally.read > 0 {
            // What has no tools is named too: its output shows none.
            for origin in 0..batch.origins.len() {
                scratch.place(batch, origin);
            }
        }
        if !self.settings.tools {
            return;
        }
        let mut plain = Vec::new();
        let mut places = vec![None; batch.origins.len()];
        let mut find = |counts: &mut Counts, number: u32, row: &Row| {
            let origin = usize::from(row.origin);
            let place = *places[origin].get_or_insert_with(|| counts.place(batch, origin));
            plain.clear();
            super::template::write_value(batch.value(number as usize, Field::TOOL_NAME), &mut plain);
            (place, counts.tool(place, &plain[..plain.len().min(LONGEST)]))
        };
        each(batch, Field::TOOL_CALL, |number, row, cell| {
            if cell == Cell::Bool(true) {
                let (place, tool) = find(scratch, number, row);
                scratch.deployments[place].tools[tool].calls += 1;
            }
        });
        each(batch, Field::TOOL_ERROR, |number, row, _| {
            let (place, tool) = find(scratch, number, row);
            scratch.deployments[place].tools[tool].errors += 1;
        });
        each(batch, Field::TOOL_DURATION, |number, row, cell| {
            let Cell::Duration(ns) = cell else { return };
            let (place, tool) = find(scratch, number, row);
            let deployment = &mut scratch.deployments[place];
            deployment.tools[tool].durations.add(ns.max(0) as u64);
            let closes = batch.value(number as usize, Field::TOOL_CALL) == Value::Bool(true);
            deployment.shows_outcome |= closes;
        });
    }

    fn commit(&self, total: &mut Counts, scratch: &mut Counts) {
        total.take(scratch);
    }

    fn merge(&self, into: &mut Counts, mut from: Counts) {
        into.take(&mut from);
    }

    fn finish(&self, total: &Counts) -> Result<(), SendError> {
        let output = self.settings.output;
        let colour = Color::Auto.is_on(output.is_terminal(), |name| std::env::var(name).ok());
        let text = self.text(total, colour);
        let destination = output.name().to_owned();
        let written = io::Write::write_all(&mut output.writer(), text.as_bytes());
        written.map_err(|cause| match cause.kind() {
            io::ErrorKind::BrokenPipe => SendError::Closed { destination },
            _ => SendError::Unreachable { destination, cause },
        })
    }
}

#[cfg(test)]
mod tests;
