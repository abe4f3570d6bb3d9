//! Every command of the README runs.
//!
//! Blocks marked `sh` run here, each line in one shell, in a copy of what they read. Blocks marked `console` need something that
//! not every machine has (an engine, a cluster, a gigabyte) and are not run.
#![allow(clippy::unwrap_used)] // All of it is test code.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// The blocks marked `sh`, by the heading they stand under.
fn blocks() -> Vec<(String, String)> {
    let text = fs::read_to_string(Path::new(ROOT).join("README.md")).unwrap();
    let (mut blocks, mut heading, mut block) = (Vec::new(), String::new(), None::<String>);
    for line in text.lines() {
        match &mut block {
            Some(_) if line == "```" => blocks.extend(block.take().map(|block| (heading.clone(), block))),
            Some(block) => {
                block.push_str(line);
                block.push('\n');
            }
            None if line == "```sh" => block = Some(String::new()),
            None => {
                if let Some(name) = line.strip_prefix("## ") {
                    heading = name.to_owned();
                }
            }
        }
    }
    blocks
}

/// Runs a block as it stands. `target/release/mcpp` and `mcpp` are the binary under test, and building it has been done.
fn run(block: &str, folder: &Path) -> (bool, String, String) {
    let binary = env!("CARGO_BIN_EXE_mcpp");
    for (link, to) in [("fixtures", "fixtures"), ("pipelines", "pipelines")] {
        let link = folder.join(link);
        if !link.exists() {
            std::os::unix::fs::symlink(Path::new(ROOT).join(to), link).unwrap();
        }
    }
    let release = folder.join("target/release");
    fs::create_dir_all(&release).unwrap();
    if !release.join("mcpp").exists() {
        std::os::unix::fs::symlink(binary, release.join("mcpp")).unwrap();
        fs::write(release.join("cargo"), "#!/bin/sh\n[ \"$*\" = \"build --release --locked\" ]\n").unwrap();
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        fs::set_permissions(release.join("cargo"), mode).unwrap();
    }
    let path = format!("{}:{}", release.display(), std::env::var("PATH").unwrap_or_default());
    let output = Command::new("bash")
        .args(["-euo", "pipefail", "-c", block])
        .current_dir(folder)
        .env("PATH", path)
        .env("TZ", "UTC")
        .env("HOME", folder)
        .env("OUTPUT", folder.join("export.ndjson"))
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    (output.status.success(), text(output.stdout), text(output.stderr))
}

#[test]
fn the_first_block_shows_the_servers_and_their_tools() {
    let blocks = blocks();
    assert_eq!(blocks[0].0, "Try it");
    let folder = tempfile::tempdir().unwrap();
    let (good, stdout, stderr) = run(&blocks[0].1, folder.path());
    assert!(good, "{stderr}");
    for word in ["read_file", "slow_query", "calls", "errors", "p50", "p95", "quota exceeded"] {
        assert!(stdout.contains(word), "{word} is not in\n{stdout}");
    }
}

#[test]
fn the_second_block_is_the_one_that_runs_these_tests() {
    let blocks = blocks();
    assert_eq!(blocks[1], ("Test it".to_owned(), "tests/services/up && tests/run\n".to_owned()));
}

#[test]
fn every_other_command_runs_and_says_something() {
    let folder = tempfile::tempdir().unwrap();
    let mut commands = 0;
    for (heading, block) in &blocks()[2..] {
        for command in block.lines() {
            let (good, stdout, stderr) = run(command, folder.path());
            assert!(good, "{heading}: {command}\n{stderr}");
            assert!(!stdout.trim().is_empty(), "{heading}: {command} prints nothing\n{stderr}");
            commands += 1;
        }
    }
    assert!(commands >= 8);
}

#[test]
fn links_lead_somewhere() {
    for page in ["README.md", "CONTRIBUTING.md"] {
        let text = fs::read_to_string(Path::new(ROOT).join(page)).unwrap();
        for (at, _) in text.match_indices("](") {
            // Pictures are for eyes.
            let line = text[..at].rfind('\n').map_or(0, |end| end + 1);
            if text[line..].starts_with("![") {
                continue;
            }
            let link = text[at + 2..].split(')').next().unwrap_or_default();
            assert!(link.contains("://") || Path::new(ROOT).join(link).exists(), "{page}: {link}");
        }
    }
}

/// The README's own pipeline, and those of the folder, have no mistake.
#[test]
fn pipelines_are_good() {
    let text = fs::read_to_string(Path::new(ROOT).join("README.md")).unwrap();
    let yaml = text.split("```yaml\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("readme.yaml"), yaml).unwrap();
    let (good, _, stderr) = run("mcpp check readme.yaml pipelines/*.yaml", folder.path());
    assert!(good, "{stderr}");
}
