//! `mcpp list` and `mcpp list-deployments`: what is deployed.

use clap::Args;
use terminal_size::{Width, terminal_size};

use crate::platform::deployment::{Deployment, State};
use crate::platform::health::{Level, Thresholds};
use crate::platform::survey::Survey;

use super::connect::{self, Engine};
use super::deployments::table::{Cell, Colour, framed};
use super::deployments::{self, Format, shape, words};
use super::logs::Color;
use super::{print, status};

const EXAMPLES: &str = "\
Examples:
  mcpp list
  mcpp list --status
  mcpp list --format json | jq -r '.[].id'";

const FLAT_EXAMPLES: &str = "\
Examples:
  mcpp list-deployments
  mcpp list-deployments --format json
  mcpp list-deployments --backend podman";

/// Arguments of `mcpp list`.
#[derive(Clone, Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct List {
    /// Also how each is doing: health, processors, memory. Takes two seconds, which are measured.
    #[arg(long)]
    pub status: bool,
    /// How deployments are written.
    #[arg(long, value_enum, default_value = "table")]
    pub format: Format,
    /// Colours: auto looks at the terminal, NO_COLOR and CLICOLOR_FORCE.
    #[arg(long, value_enum, default_value = "auto")]
    pub color: Color,
    #[command(flatten)]
    engine: Engine,
}

/// Arguments of `mcpp list-deployments`.
#[derive(Clone, Debug, Args)]
#[command(after_help = FLAT_EXAMPLES)]
pub struct ListDeployments {
    /// Also those that do not run. They never are left out; scripts written for the platform ask for them.
    #[arg(long, hide = true)]
    pub all: bool,
    /// How deployments are written.
    #[arg(long, value_enum, default_value = "table")]
    pub format: Format,
    #[command(flatten)]
    engine: Engine,
}

/// Lists the deployments.
pub fn run(args: &List) -> u8 {
    connect::block_on(list(args))
}

/// Lists the deployments in the platform's flat shape.
pub fn run_flat(args: &ListDeployments) -> u8 {
    connect::block_on(list_flat(args))
}

async fn list(args: &List) -> Result<u8, u8> {
    let client = args.engine.connect().await?;
    let all = deployments::choose(&client, &[]).await?;
    let colours = deployments::has_colour(args.color);
    if !args.status {
        return Ok(print(&match args.format {
            Format::Json => shape::list(&all, &client).to_json(),
            Format::Table => to_table(&all, colours),
        }));
    }
    let limits = Thresholds::default();
    let mut survey = Survey::start(&client, limits).await;
    let seen = survey.look(all, false).await;
    Ok(print(&match args.format {
        Format::Json => shape::list_status(&seen, survey.machine(), &client).to_json(),
        Format::Table => status::to_table(&seen, &limits, shape::Depth::default(), terminal_width(), colours),
    }))
}

async fn list_flat(args: &ListDeployments) -> Result<u8, u8> {
    let client = args.engine.connect().await?;
    let all = deployments::choose(&client, &[]).await?;
    if args.format == Format::Json {
        return Ok(print(&shape::list_deployments(&all, &client).to_json()));
    }
    let rows: Vec<Vec<Cell>> = all
        .iter()
        .map(|one| {
            let cells = [
                one.short_id(),
                &one.name,
                one.template.as_deref().unwrap_or_default(),
                one.state_word(),
                one.image.as_deref().unwrap_or_default(),
                &words::ports(&one.ports),
                client.product().as_str(),
            ];
            cells.map(Cell::new).to_vec()
        })
        .collect();
    let head = ["ID", "Name", "Template", "State", "Image", "Ports", "Backend"];
    Ok(print(&framed(&head, &rows, &[4, 1], terminal_width(), false)))
}

/// Columns of the terminal that standard output is, if it is one.
pub(super) fn terminal_width() -> Option<usize> {
    use std::io::IsTerminal;
    if !std::io::stdout().is_terminal() {
        return None;
    }
    terminal_size().map(|(Width(width), _)| usize::from(width))
}

fn to_table(all: &[Deployment], colours: bool) -> String {
    let rows: Vec<Vec<Cell>> = all
        .iter()
        .map(|one| {
            let colour = match shape::listed_health(one).level {
                Level::Critical => Colour::Red,
                Level::Warning => Colour::Yellow,
                Level::Healthy => Colour::Green,
                Level::Unknown => Colour::Faint,
            };
            let doing = one.status.as_deref().unwrap_or_default();
            // The engine's sentence about what runs is long enough.
            let doing = if one.state == State::Running { doing.trim_start_matches("Up ") } else { doing };
            vec![
                Cell::new(&one.name),
                Cell::new(one.template.as_deref().unwrap_or_default()),
                Cell::coloured(one.state_word(), colour),
                Cell::new(doing),
                Cell::new(one.image.as_deref().unwrap_or_default()),
                Cell::new(&words::ports(&one.ports)),
            ]
        })
        .collect();
    let head = ["Deployment", "Template", "State", "Since", "Image", "Ports"];
    framed(&head, &rows, &[4, 0], terminal_width(), colours)
}
