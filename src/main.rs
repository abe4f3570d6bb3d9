//! The command `mcpp`.

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(mcpp::cli::main(std::env::args_os()))
}
