//! Commands as people type them: what they print, and how they exit.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod harness;

use std::path::Path;

use harness::{Done, export, mcpp, put};

/// Two deployments: one prints JSON, the other Python's and its own lines about tools.
fn logs(dir: &Path) -> [String; 2] {
    let weather = "\
{\"time\":\"2026-01-27T16:47:00.000Z\",\"level\":\"info\",\"message\":\"started\"}\n\
{\"time\":\"2026-01-27T16:47:02.000Z\",\"level\":\"warn\",\"message\":\"slow upstream\",\"ms\":1200}\n\
{\"time\":\"2026-01-27T16:47:04.000Z\",\"level\":\"error\",\"message\":\"upstream gone\"}\n\
{\"time\":\"2026-01-27T16:47:06.000Z\",\"level\":\"info\",\"message\":\"upstream back\"}\n";
    let files = "\
2026-01-27T16:47:01.000Z INFO tool_call: read_file path=/etc/hosts\n\
2026-01-27T16:47:03.000Z INFO Tool 'read_file' completed in 1201.57ms\n\
2026-01-27T16:47:05.000Z ERROR Tool 'list_files' failed after 66.21ms: quota exceeded\n\
Traceback (most recent call last):\n  File \"/a.py\", line 1, in f\nValueError: quota exceeded\n\
2026-01-27T16:47:07.000Z DEBUG idle\n";
    [
        put(dir, "mcp-weather-0127-164700-0a1b2c3d.log", weather),
        put(dir, "mcp-files-0127-164700-1b2c3d4e.log", files),
    ]
}

/// Runs `mcpp logs --format json` over both with more flags.
fn with(flags: &[&str]) -> Done {
    let dir = harness::folder();
    let [weather, files] = logs(dir.path());
    mcpp(["logs", "--format", "json"]).args(flags).args(["--file", &weather, &files]).done()
}

/// The first line of each message.
#[track_caller]
fn heads(done: &Done) -> Vec<String> {
    done.messages().iter().map(|message| message.lines().next().unwrap_or("").to_owned()).collect()
}

#[test]
fn mcpp_alone_prints_one_screen() {
    let done = mcpp([""; 0]).done().exits(0).quietly();
    let text = done.text();
    assert!(text.contains(env!("CARGO_PKG_VERSION")) && text.contains("/nonexistent/engine.sock"), "{text}");
    assert!(text.lines().count() <= 24, "{text}");
}

#[test]
fn every_command_has_help_with_examples() {
    let help = mcpp(["--help"]).done().exits(0).quietly();
    let text = help.text().to_owned();
    let commands = text.lines().skip_while(|line| *line != "Commands:").skip(1);
    let names: Vec<&str> = commands
        .take_while(|line| !line.trim().is_empty())
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
        .map(|line| line.split_whitespace().next().unwrap())
        .collect();
    for expected in ["logs", "run", "check", "completions", "man"] {
        assert!(names.contains(&expected), "{names:?}");
    }
    for name in names {
        let help = mcpp([name, "--help"]).done().exits(0).quietly();
        let example = format!("mcpp {name}");
        let found = help.text().split_once("Examples:").is_some_and(|(_, rest)| rest.contains(&example));
        assert!(found, "{}", help.text());
    }
}

#[test]
fn every_flag_has_a_variable() {
    let help = mcpp(["logs", "--help"]).done().exits(0);
    for flag in ["since", "tail", "filter", "where", "level", "grep", "exclude", "tool", "format", "utc"] {
        let variable = format!("[env: MCPP_{}", flag.to_uppercase());
        assert!(help.text().contains(&variable), "{variable} is not in the help");
    }
    let dir = harness::folder();
    let [weather, _] = logs(dir.path());
    let done =
        mcpp(["logs", "--file", &weather, "--format", "json"]).env("MCPP_LEVEL", "error").done().exits(0);
    assert_eq!(heads(&done), ["upstream gone"]);
}

#[test]
fn completions_and_manual_pages_are_written() {
    for shell in ["bash", "zsh", "fish"] {
        let done = mcpp(["completions", shell]).done().exits(0).quietly();
        assert!(done.text().contains("mcpp") && done.text().contains("since"), "{shell}");
    }
    let dir = harness::folder();
    mcpp(["man"]).args([dir.path().join("man1")]).done().exits(0).quietly();
    for page in ["mcpp.1", "mcpp-logs.1", "mcpp-run.1"] {
        let text = std::fs::read_to_string(dir.path().join("man1").join(page)).unwrap();
        assert!(text.contains(".SH"), "{page}");
    }
}

#[test]
fn several_files_are_merged_in_time_order() {
    let done = with(&[]).exits(0).quietly();
    assert_eq!(
        heads(&done),
        [
            "started",
            "tool_call: read_file path=/etc/hosts",
            "slow upstream",
            "Tool 'read_file' completed in 1201.57ms",
            "upstream gone",
            "Tool 'list_files' failed after 66.21ms: quota exceeded",
            "upstream back",
            "idle",
        ]
    );
    let events = done.json();
    assert_eq!(events[0]["deployment"], "mcp-weather-0127-164700-0a1b2c3d");
    assert_eq!(events[1]["template"], "files");
    assert_eq!(events[0]["timestamp"], "2026-01-27T16:47:00.000000000Z");
    assert!(events.iter().all(|event| event.get("id").is_none()));
}

#[test]
fn many_files_with_many_lines_come_out_in_time_order() {
    let dir = harness::folder();
    let mut expected = Vec::new();
    for file in 0..7u64 {
        let mut text = String::new();
        for line in 0..3000 {
            let ms = line * 7 + file;
            let message = format!("m{ms}");
            text += &format!(
                "2026-01-27T16:{:02}:{:02}.{:03}Z INFO {message}\n",
                ms / 60_000,
                ms / 1000 % 60,
                ms % 1000
            );
            expected.push((ms, message));
        }
        put(dir.path(), &format!("{file}.log"), text);
    }
    expected.sort();
    let pattern = dir.path().join("*.log");
    let done = mcpp(["logs", "--format", "json", "--file"]).args([pattern]).done().exits(0);
    assert_eq!(done.messages(), expected.into_iter().map(|(_, message)| message).collect::<Vec<_>>());
}

#[test]
fn conditions_choose_records() {
    for (flags, expected) in [
        (&["--tail", "2"] as &[&str], &["upstream back", "idle"] as &[&str]),
        (&["-n", "1"], &["idle"]),
        (&["--filter", "ERROR|WARN"], &["slow upstream", "upstream gone", "Tool 'list_files'"]),
        (&["--filter", "WARNING"], &["slow upstream"]),
        (&["--filter", r"gone\| back"], &["upstream gone", "upstream back"]),
        (&["--level", "warning"], &["slow upstream", "upstream gone", "Tool 'list_files'"]),
        (&["--where", "ms > 1000"], &["slow upstream"]),
        (&["--where", "tool.duration > 500ms"], &["Tool 'read_file' completed"]),
        (&["--where", "level == DEBUG or message contains \"started\""], &["started", "idle"]),
        (&["--grep", "^upstream"], &["upstream gone", "upstream back"]),
        (&["--grep", "(?i)VALUEERROR"], &["Tool 'list_files'"]),
        (
            &["--exclude", "upstream|ERROR", "--level", "info"],
            &["started", "tool_call", "Tool 'read_file' completed"],
        ),
        (&["--tool", "list_files"], &["Tool 'list_files'"]),
        (&["--tools"], &["tool_call", "Tool 'read_file' completed", "Tool 'list_files'"]),
        (&["--since", "2026-01-27T16:47:06Z"], &["upstream back", "idle"]),
        (&["--until", "2026-01-27T16:47:01Z"], &["started", "tool_call"]),
        (
            &["--since", "2026-01-27T16:47:02Z", "--until", "2026-01-27T16:47:03Z"],
            &["slow", "Tool 'read_file'"],
        ),
        (&["--grep", "gone", "-A", "1"], &["upstream gone", "upstream back"]),
        (&["--grep", "gone", "-B", "1"], &["slow upstream", "upstream gone"]),
        (&["--grep", "gone", "-C", "1"], &["slow upstream", "upstream gone", "upstream back"]),
        (&["--grep", "nothing like it"], &[]),
    ] {
        let done = with(flags).exits(0).quietly();
        let found = heads(&done);
        assert_eq!(found.len(), expected.len(), "{flags:?} {found:?}");
        for (found, expected) in found.iter().zip(expected) {
            assert!(found.starts_with(expected), "{flags:?}: {found} is not {expected}");
        }
    }
}

#[test]
fn tool_events_are_exported_with_their_counts() {
    let events = with(&["--tools"]).exits(0).json();
    let tools: Vec<&str> = events.iter().map(|event| event["tool"].as_str().unwrap()).collect();
    assert_eq!(tools, ["read_file", "read_file", "list_files"]);
    let failed = events.last().unwrap();
    assert_eq!(failed["tool_error"], "tool");
    assert_eq!(failed["tool_duration_ms"], 66.21);
    assert!(export::message(failed).ends_with("ValueError: quota exceeded"), "{failed}");
    let calls = events.iter().filter(|event| event.get("tool_call").is_some()).count();
    assert_eq!(calls, 2);
}

#[test]
fn the_human_form_has_time_name_level_and_message() {
    let dir = harness::folder();
    let [weather, files] = logs(dir.path());
    let run = |flags: &[&str]| mcpp(["logs"]).args(flags).args(["--file", &weather, &files]);
    let shown = run(&[]).env("TZ", "Europe/Berlin").done().exits(0).quietly();
    let text = shown.text();
    assert!(text.contains("17:47:02.000 weather WARN  slow upstream"), "{text}");
    assert!(text.contains("✗ list_files 66 ms quota exceeded"), "{text}");
    assert!(!text.contains('\u{1b}'), "{text}");
    let utc = run(&["--utc"]).env("TZ", "Europe/Berlin").done().exits(0);
    assert!(utc.text().contains("16:47:02.000 weather WARN  slow upstream"), "{}", utc.text());
    let colored = run(&["--color", "always"]).done().exits(0);
    assert!(colored.text().contains('\u{1b}'));
    for (flags, variable) in
        [(&["--no-color"] as &[&str], "CLICOLOR_FORCE"), (&["--format", "plain"], "CLICOLOR_FORCE")]
    {
        let plain = run(flags).env(variable, "1").done().exits(0);
        assert!(!plain.text().contains('\u{1b}'), "{flags:?}");
    }
}

#[test]
fn raw_is_what_was_read() {
    let dir = harness::folder();
    let [_, files] = logs(dir.path());
    let done = mcpp(["logs", "--file", &files, "--format", "raw"]).done().exits(0);
    assert_eq!(done.stdout, std::fs::read(&files).unwrap());
}

#[test]
fn output_goes_into_a_file() {
    let dir = harness::folder();
    let [weather, _] = logs(dir.path());
    let out = dir.path().join("out.txt");
    let to = |format: &str| {
        let done =
            mcpp(["logs", "--file", &weather, "--format", format, "--output"]).args([&out]).done().exits(0);
        assert_eq!(done.text(), "");
        std::fs::read_to_string(&out).unwrap()
    };
    assert_eq!(export::parse(to("json").as_bytes()).len(), 4);
    let human = to("auto");
    assert!(human.contains("upstream gone") && !human.contains('{'), "the file is written anew: {human}");
}

#[test]
fn as_names_the_deployment_of_lines_that_do_not() {
    let done = mcpp(["logs", "-", "--as", "mcp-demo-0127-164700-0a1b2c3d", "--format", "json"])
        .stdin("one\ntwo")
        .done()
        .exits(0)
        .quietly();
    let events = done.json();
    assert_eq!(done.messages(), ["one", "two"]);
    assert_eq!(events[1]["deployment"], "mcp-demo-0127-164700-0a1b2c3d");
    assert_eq!(events[1]["template"], "demo");
}

#[test]
fn text_of_flags_is_taken_as_it_is() {
    let done = mcpp([
        "logs",
        "-",
        "--as",
        "a${HOME}b",
        "--format",
        "json",
        "--grep",
        r"\$\{HOME\}",
        "--exclude",
        r"\$\{X:-y\}|^y",
    ])
    .stdin("is ${HOME} expanded?\nno\ny ${HOME}\n")
    .env("X", "is")
    .done()
    .exits(0)
    .quietly();
    let events = done.json();
    assert_eq!(events[0]["deployment"], "a${HOME}b");
    assert_eq!(events[0]["message"], "is ${HOME} expanded?");
}

#[test]
fn prefixes_of_other_tools_give_name_and_time() {
    let text = "\
mcp-weather-0127-164700-0a1b2c3d  | 2026-01-27T16:47:00.5Z started\n\
mcp-files-0127-164700-1b2c3d4e    | 2026-01-27T16:47:01.5Z started too\n";
    let events = mcpp(["logs", "-", "--format", "json"]).stdin(text).done().exits(0).json();
    assert_eq!(events[1]["deployment"], "mcp-files-0127-164700-1b2c3d4e");
    assert_eq!(events[1]["message"], "started too");
    assert_eq!(events[1]["timestamp"], "2026-01-27T16:47:01.500000000Z");
}

#[test]
fn our_own_export_reads_back_as_it_was_written() {
    let first = with(&[]).exits(0);
    let dir = harness::folder();
    let path = put(dir.path(), "export.json", &first.stdout);
    let again = mcpp(["logs", "--file", &path, "--format", "json"]).done().exits(0);
    assert_eq!(String::from_utf8_lossy(&again.stdout), String::from_utf8_lossy(&first.stdout));
    let array = format!("[{}]", first.text().trim_end().replace('\n', ",\n"));
    let path = put(dir.path(), "array.json", array);
    let again = mcpp(["logs", "--file", &path, "--format", "json"]).done().exits(0);
    assert_eq!(String::from_utf8_lossy(&again.stdout), String::from_utf8_lossy(&first.stdout));
}

#[test]
fn what_is_typed_wrong_is_a_usage_error() {
    let dir = harness::folder();
    let [weather, _] = logs(dir.path());
    for (args, part) in [
        (&["logs", "-", "--file", &weather] as &[&str], "together"),
        (&["logs", "weather", "--file", &weather], "--file and deployments"),
        (&["logs", "--all", "--backend", "kubernetes"], "kubectl"),
        (&["logs", "--all", "--reorder", "5mn"], "--reorder"),
        (&["logs", "--file", &weather, "--level", "loud"], "unknown level 'loud'"),
        (&["logs", "--file", &weather, "--where", "level >="], "level >="),
        (&["logs", "--file", &weather, "--filter", "(["], "(["),
        (&["logs", "--file", &weather, "--format", "xml"], "xml"),
        (&["logs", "--file", &weather, "--tail", "many"], "many"),
        (&["logz"], "logs"),
    ] {
        mcpp(args).done().exits(2).says(part);
    }
}

#[test]
fn without_an_engine_every_place_that_was_tried_is_told() {
    for args in [&["logs"] as &[&str], &["logs", "--all", "--follow"]] {
        let done = mcpp(args).done().exits(1);
        done.says("DOCKER_HOST").says("/nonexistent/engine.sock: no such socket");
    }
}

#[test]
fn fail_on_shows_what_it_found_and_exits_with_4() {
    let dir = harness::folder();
    let path = put(dir.path(), "a.log", "INFO fine\nERROR broken\nWARN slow\n");
    let logs = |more: &[&str]| mcpp(["logs", "--file", &path, "--format", "raw"]).args(more).done();
    assert_eq!(logs(&["--fail-on", "level >= ERROR"]).exits(4).text(), "ERROR broken\n");
    assert_eq!(logs(&["--fail-on", "level >= FATAL"]).exits(0).text(), "");
    let both = logs(&["--filter", "WARN|ERROR", "--fail-on", "level >= ERROR"]).exits(4);
    assert_eq!(both.text(), "ERROR broken\nWARN slow\n");
    logs(&["--filter", "WARN", "--fail-on", "level >= ERROR"]).exits(0);
    let dated = put(dir.path(), "b.log", "2026-01-27T16:47:00.5Z INFO fine\n");
    let done = mcpp(["logs", "--file", &dated, "--timestamps", "--utc"]).done().exits(0);
    assert!(done.text().starts_with("2026-01-27T16:47:00.500000000Z "), "{}", done.text());
}

#[test]
fn run_and_check_tell_a_bad_pipeline_from_a_missing_one() {
    let dir = harness::folder();
    let bad = put(
        dir.path(),
        "bad.yaml",
        "sources:\n  in: { fil: { paths: [a] } }\nsinks:\n  out: { blackhole: {} }\n",
    );
    for command in ["run", "check"] {
        mcpp([command, &bad]).done().exits(78).says("bad.yaml:2:").says("`file`");
        mcpp([command, "missing.yaml"]).at(dir.path()).done().exits(1).says("missing.yaml");
        mcpp([command]).at(dir.path()).done().exits(78).says("mcpp.yaml");
    }
}

#[test]
fn a_pipeline_runs_once_dry_or_for_good() {
    let dir = harness::folder();
    let [weather, _] = logs(dir.path());
    let out = dir.path().join("out.ndjson");
    let text = format!(
        "sources:\n  in: {{ file: {{ paths: [{weather:?}] }} }}\nstages:\n  - parse: auto\n  - filter: level >= WARN\n\
         sinks:\n  out: {{ file: {{ path: {out:?} }} }}\n"
    );
    put(dir.path(), "mcpp.yaml", text);
    let dry = mcpp(["run", "--once", "--dry-run"]).at(dir.path()).done().exits(0);
    assert_eq!(dry.text().lines().count(), 2, "{}", dry.text());
    assert!(dry.text().lines().all(|line| line.starts_with("out <- {")), "{}", dry.text());
    assert!(!out.exists());
    mcpp(["run", "--once"]).at(dir.path()).done().exits(0).says("mcpp.yaml");
    let events = export::read(&out);
    assert_eq!(events.len(), 2);
    export::no_id_twice(&events);
}
