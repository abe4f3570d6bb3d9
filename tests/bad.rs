//! Bad pipeline files: what `mcpp check` says of each, to the letter.
//!
//! `MCPP_BLESS=1 cargo test --test bad` writes the expected output anew; read the difference before you commit it.
#![allow(clippy::unwrap_used)] // All of it is test code.

use std::path::{Path, PathBuf};

use mcpp::config::report::Look;
use mcpp::plan::{Document, Options, Plan};

fn fixtures() -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = std::fs::read_dir("fixtures/bad")
        .expect("the fixtures are part of the project")
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "yaml"))
        .collect();
    files.sort();
    files
}

/// The report of a file, with the same variables on every machine.
fn report(path: &Path) -> String {
    let variables = |name: &str| match name {
        "SECRET" => Some("hunter2-is-secret".to_owned()),
        "EXPRESSION" => Some("password == hunter3".to_owned()),
        _ => None,
    };
    let document = Document {
        name: path.display().to_string(),
        folder: path.parent().unwrap().to_owned(),
        text: std::fs::read_to_string(path).unwrap(),
    };
    let checked = Plan::build(&document, &Options { variables: &variables, pushdown: true });
    assert!(checked.plan.is_none() || !checked.report.failed());
    checked.report.to_text(Look::default())
}

#[test]
fn every_bad_file_is_reported_as_written_down() {
    let files = fixtures();
    assert!(files.len() >= 25, "only {} files", files.len());
    let bless = std::env::var_os("MCPP_BLESS").is_some();
    let mut wrong = Vec::new();
    for path in files {
        let found = report(&path);
        assert!(!found.is_empty(), "{} is not bad", path.display());
        let golden = path.with_extension("stderr");
        if bless {
            std::fs::write(&golden, &found).unwrap();
        } else if std::fs::read_to_string(&golden).unwrap_or_default() != found {
            wrong.push(format!("{}:\n{found}", path.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_report_names_file_line_and_column_and_underlines() {
    for path in fixtures() {
        let found = report(&path);
        let name = path.display().to_string();
        assert!(found.matches(&format!("[{name}:")).count() >= 1, "{found}");
        assert!(found.contains('╰'), "{found}");
    }
}

#[test]
fn a_file_with_ten_mistakes_gives_ten_reports() {
    let found = report(Path::new("fixtures/bad/ten-mistakes.yaml"));
    assert!(found.ends_with("10 errors\n"), "{found}");
}

#[test]
fn no_report_shows_a_secret() {
    for path in fixtures() {
        let found = report(&path);
        assert!(!found.contains("hunter"), "{found}");
    }
}

#[test]
fn the_program_exits_78_and_writes_the_same() {
    let path = "fixtures/bad/ten-mistakes.yaml";
    let output =
        std::process::Command::new(env!("CARGO_BIN_EXE_mcpp")).args(["check", path]).output().unwrap();
    assert_eq!(output.status.code(), Some(78));
    assert_eq!(String::from_utf8_lossy(&output.stderr), report(Path::new(path)));
    assert!(output.stdout.is_empty());
}
