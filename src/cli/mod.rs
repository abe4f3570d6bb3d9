//! The command line: one file a command; each is load, call, print.

pub mod check;
pub mod completions;
pub mod connect;
mod deployments;
pub mod list;
pub mod logs;
pub mod overview;
mod progress;
pub mod run;
mod signals;
pub mod status;

use std::ffi::OsString;
use std::io::{IsTerminal, Write};

use clap::{Args, Command, CommandFactory, FromArgMatches, Parser, Subcommand};

/// Done, also when nothing matched.
pub const DONE: u8 = 0;
/// Failed.
pub const FAILED: u8 = 1;
/// The command line is wrong.
pub const USAGE: u8 = 2;
/// `run` stopped with something left.
pub const LEFT: u8 = 3;
/// A record matched `--fail-on`.
pub const MATCHED: u8 = 4;
/// The pipeline file is bad.
pub const BAD_FILE: u8 = 78;
/// Ended by Ctrl-C.
pub const INTERRUPTED: u8 = 130;

/// Turns the logs of MCP servers in containers into something useful.
#[derive(Debug, Parser)]
#[command(name = "mcpp", version, disable_help_subcommand = true, max_term_width = 100)]
struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Option<Sub>,
}

/// What every command takes.
#[derive(Clone, Debug, Args)]
struct Global {
    /// How much mcpp says about itself on stderr: error, warn, info, debug, trace, or a filter such as `mcpp::sources=debug`.
    #[arg(long, global = true, value_name = "LEVEL", default_value = "warn", hide_default_value = true)]
    log: String,
}

#[derive(Debug, Subcommand)]
enum Sub {
    /// Show logs: of files and of standard input, readable, filtered, merged in time order.
    Logs(Box<logs::Logs>),
    /// Run a pipeline file.
    Run(run::Run),
    /// Say everything that is wrong with a pipeline file, without running it.
    Check(check::Check),
    /// List the MCP deployments of a container engine.
    List(list::List),
    /// List the MCP deployments in the platform's own shape.
    ListDeployments(list::ListDeployments),
    /// Show how deployments are doing: health, processors, memory.
    Status(Box<status::Status>),
    /// Write a shell's completion script to stdout.
    Completions(completions::Completions),
    /// Write the manual pages into a folder.
    Man(completions::Man),
}

/// Runs a command line; returns the exit code.
pub fn main(args: impl IntoIterator<Item = OsString>) -> u8 {
    let matches = match command().try_get_matches_from(args) {
        Ok(matches) => matches,
        Err(error) => {
            let code = if error.use_stderr() { USAGE } else { DONE };
            // A closed pipe behind --help is no failure.
            drop(error.print());
            return code;
        }
    };
    let cli = match Cli::from_arg_matches(&matches) {
        Ok(cli) => cli,
        Err(error) => {
            drop(error.print());
            return USAGE;
        }
    };
    start_log(&cli.global.log);
    // A reader holds a file for every container; soft limits are made for programs that select().
    if let Err(cause) = rlimit::increase_nofile_limit(u64::MAX) {
        tracing::debug!(%cause, "the limit of open files stays as it is");
    }
    match cli.command {
        None => overview::run(),
        Some(Sub::Logs(args)) => logs::run(&args),
        Some(Sub::Run(args)) => run::run(&args),
        Some(Sub::Check(args)) => check::run(&args),
        Some(Sub::List(args)) => list::run(&args),
        Some(Sub::ListDeployments(args)) => list::run_flat(&args),
        Some(Sub::Status(args)) => status::run(&args),
        Some(Sub::Completions(args)) => completions::run(&args),
        Some(Sub::Man(args)) => completions::man(&args),
    }
}

/// The whole command line: as derived, with an `MCPP_` variable for every flag.
pub fn command() -> Command {
    with_variables(Cli::command())
}

fn with_variables(command: Command) -> Command {
    let command = command.mut_args(|arg| match arg.get_long() {
        Some(long) if !matches!(long, "help" | "version") => {
            let variable = format!("MCPP_{}", long.replace('-', "_").to_uppercase());
            arg.env(variable).hide_env_values(true)
        }
        _ => arg,
    });
    command.mut_subcommands(with_variables)
}

/// mcpp's own log: to stderr, one line an entry.
fn start_log(filter: &str) {
    use tracing_subscriber::EnvFilter;
    let filter = EnvFilter::try_new(filter).unwrap_or_else(|_| EnvFilter::new("warn"));
    let colour = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    let started = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(colour)
        .with_target(false)
        .try_init();
    // Only a second start in one process (a test) fails, and then the first one stands.
    drop(started);
}

/// Writes to stdout; a closed pipe is the end, quietly.
fn print(text: &str) -> u8 {
    match std::io::stdout().lock().write_all(text.as_bytes()) {
        Ok(()) => DONE,
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => DONE,
        Err(error) => fail(&format!("cannot write to stdout: {error}")),
    }
}

/// Says on stderr what failed.
fn fail(message: &str) -> u8 {
    eprintln!("mcpp: {message}");
    FAILED
}
