//! `mcpp completions` and `mcpp man`: what shells and `man` read.

use std::path::PathBuf;

use clap::Args;
use clap_complete::Shell;

use super::{DONE, command, fail, print};

/// Arguments of `mcpp completions`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  mcpp completions bash > /etc/bash_completion.d/mcpp\n  mcpp completions zsh > ~/.zfunc/_mcpp"
)]
pub struct Completions {
    /// Which shell.
    shell: Shell,
}

/// Arguments of `mcpp man`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  mcpp man /usr/local/share/man/man1\n  man mcpp-logs")]
pub struct Man {
    /// Folder that the pages are written into: mcpp.1, mcpp-logs.1, …
    folder: PathBuf,
}

/// Writes a completion script to stdout.
pub fn run(args: &Completions) -> u8 {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut command(), "mcpp", &mut script);
    print(&String::from_utf8_lossy(&script))
}

/// Writes the manual pages.
pub fn man(args: &Man) -> u8 {
    if let Err(error) = std::fs::create_dir_all(&args.folder) {
        return fail(&format!("cannot create {}: {error}", args.folder.display()));
    }
    match clap_mangen::generate_to(command().name("mcpp"), &args.folder) {
        Ok(()) => DONE,
        Err(error) => fail(&format!("cannot write to {}: {error}", args.folder.display())),
    }
}
