//! Deployments as commands show them: as tables, JSON and YAML.
//!
//! * What is not known is left out: a key is absent, a cell is empty; nothing is ever null.
//! * What comes from an engine is shown without its control characters.

pub(super) mod node;
pub(super) mod shape;
pub(super) mod table;
pub(super) mod words;

use std::io::IsTerminal;

use clap::ValueEnum;

use crate::platform::select::{Selection, is_mcp};
use crate::platform::{Client, Deployment};

use super::logs::Color;
use super::{FAILED, fail};

/// How deployments are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people.
    #[default]
    Table,
    /// JSON.
    Json,
}

/// Whether to write colours on standard output.
pub(super) fn has_colour(color: Color) -> bool {
    let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty() && value != "0");
    match color {
        Color::Always => true,
        Color::Never => false,
        Color::Auto if set("CLICOLOR_FORCE") => true,
        Color::Auto => std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none(),
    }
}

/// The deployments that targets name, or every MCP deployment, by name; or the exit code.
pub(super) async fn choose(client: &Client, targets: &[String]) -> Result<Vec<Deployment>, u8> {
    let all = client.containers(false).await.map_err(|error| fail(&error.to_string()))?;
    let selection = Selection { all: targets.is_empty(), targets: targets.to_vec(), ..Selection::default() };
    let choice = selection.resolve(&all).map_err(|misses| {
        for miss in misses {
            fail(&miss.to_string());
        }
        FAILED
    })?;
    let mut chosen: Vec<Deployment> = all.iter().filter(|one| choice.fits(one)).cloned().collect();
    chosen.sort_by(|a, b| a.name.cmp(&b.name));
    if chosen.is_empty() && std::io::stderr().is_terminal() {
        eprintln!("{}", to_hint(&all));
    }
    Ok(chosen)
}

/// What to say where there is no MCP deployment.
fn to_hint(all: &[Deployment]) -> String {
    let others: Vec<&str> =
        all.iter().filter(|one| !is_mcp(one)).take(3).map(|one| one.name.as_str()).collect();
    let Some(first) = others.first() else { return "mcpp: no containers here".to_owned() };
    format!(
        "mcpp: no MCP deployments among {} containers ({}{}); any of them by name: mcpp status {first}; \
         always: give it the label mcpp.collect=true",
        all.len(),
        others.join(", "),
        if all.len() > others.len() { ", …" } else { "" },
    )
}
