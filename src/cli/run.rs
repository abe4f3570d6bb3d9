//! `mcpp run`: runs a pipeline file.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use tokio::sync::watch;

use crate::engine::{self, Options, Outcome};
use crate::plan::{self, LoadError, Plan};
use crate::telemetry::Progress;

use super::{BAD_FILE, DONE, FAILED, LEFT, check, fail, progress, signals};

const EXAMPLES: &str = "\
Examples:
  mcpp run pipeline.yaml
  mcpp run pipelines/quickstart.yaml --once
  mcpp run pipeline.yaml --dry-run --once
  mcpp run            (reads ./mcpp.yaml, else /etc/mcpp/*.yaml)

SIGTERM and Ctrl-C drain and exit 0, or 3 if something was left; a second one ends at once.";

/// Arguments of `mcpp run`.
#[derive(Clone, Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Run {
    /// Pipeline files; without one ./mcpp.yaml, then /etc/mcpp/*.yaml.
    #[arg(value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Read what is there now, then stop.
    #[arg(long)]
    pub once: bool,
    /// Read and show what would be sent; send and save nothing.
    #[arg(long)]
    pub dry_run: bool,
    /// Folder for positions and dead letters. Without --once it is $XDG_STATE_HOME/mcpp, or /var/lib/mcpp for root.
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
}

/// Runs until the sources end or a signal comes.
pub fn run(args: &Run) -> u8 {
    let checked = match Plan::load(&args.files, &plan::Options::default()) {
        Ok(checked) => checked,
        Err(error) => {
            fail(&with_causes(&error));
            return if matches!(error, LoadError::NotFound) { BAD_FILE } else { FAILED };
        }
    };
    let mut plans = Vec::new();
    for one in checked {
        check::show(&one.report);
        let name = one.report.files.all().first().map_or("", |file| file.name.as_str());
        if args.files.is_empty() {
            eprintln!("mcpp: running {name}");
        }
        match one.plan {
            Some(plan) => plans.push(plan),
            None => return BAD_FILE,
        }
    }
    let data_dir = match (&args.data_dir, args.once || args.dry_run) {
        (Some(dir), _) => Some(dir.clone()),
        (None, true) => None,
        (None, false) => match default_data_dir(|name| std::env::var_os(name).map(PathBuf::from)) {
            Some(dir) => Some(dir),
            None => return fail("no folder for positions: HOME is not set; name one with --data-dir"),
        },
    };
    let (stop, _) = watch::channel(false);
    if let Err(error) = signals::listen(stop.clone(), LEFT) {
        return fail(&format!("cannot listen for signals: {error}"));
    }
    let progress = Arc::new(Progress::default());
    let line = if args.once { progress::show(progress.clone()) } else { None };
    let several = plans.len() > 1;
    let mut threads = Vec::new();
    for plan in plans {
        let resumes = plan.sources.iter().find(|source| !source.source.resumes());
        if let (Some(source), Some(_)) = (resumes, &data_dir) {
            let name = &source.name;
            eprintln!("mcpp: source {name} cannot be read again: what is under way at a kill is lost");
        }
        let own = data_dir.as_ref().map(|dir| if several { dir.join(&plan.name) } else { dir.clone() });
        let options = Options {
            once: args.once,
            dry_run: args.dry_run,
            fail_fast: false,
            data_dir: own,
            progress: progress.clone(),
        };
        let stop = stop.clone();
        threads.push(std::thread::spawn(move || engine::run(plan, options, &stop)));
    }
    let mut code = DONE;
    for thread in threads {
        let ended = thread.join();
        code = code.max(match ended {
            Ok(Ok(outcome)) => report(&outcome),
            Ok(Err(error)) => {
                // The other pipelines must not go on as if all were well.
                stop.send_replace(true);
                fail(&with_causes(&error))
            }
            Err(_) => fail("a pipeline ended in a panic"),
        });
    }
    drop(line);
    code
}

/// Says how a run ended; returns the exit code.
pub(super) fn report(outcome: &Outcome) -> u8 {
    for failed in &outcome.failed {
        eprintln!("mcpp: {failed}");
    }
    for (name, counters) in &outcome.branches {
        let lost = counters.unaccounted();
        if lost != 0 {
            tracing::error!(sink = %name, events = lost, "events are not accounted for");
        }
    }
    if outcome.dead_letters > 0 {
        eprintln!("mcpp: {} events are dead letters", outcome.dead_letters);
    }
    // What was meant for a reader who has gone is nobody's loss.
    if outcome.left > 0 && !outcome.closed {
        eprintln!("mcpp: stopped with {} events not delivered", outcome.left);
        return LEFT;
    }
    if !outcome.failed.is_empty() || outcome.dead_letters_lost {
        return FAILED;
    }
    DONE
}

/// An error with its causes, on one line.
pub(super) fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text += ": ";
        text += &cause.to_string();
        next = cause.source();
    }
    text
}

/// `/var/lib/mcpp` for root, else below the state folder of the XDG base directories.
fn default_data_dir(env: impl Fn(&str) -> Option<PathBuf>) -> Option<PathBuf> {
    // Root is who may write there; asking for the user id would need code that this program forbids itself.
    let system = Path::new("/var/lib");
    let is_root = std::fs::metadata("/proc/self").is_ok_and(|m| std::os::unix::fs::MetadataExt::uid(&m) == 0);
    if is_root {
        return Some(system.join("mcpp"));
    }
    let state = env("XDG_STATE_HOME").filter(|p| p.is_absolute());
    Some(state.or_else(|| Some(env("HOME")?.join(".local/state")))?.join("mcpp"))
}
