//! Every pipeline file that ships runs, and does what its first lines say.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod harness;

use std::path::{Path, PathBuf};

use harness::services::{Container, Engine, deployment_name, docker, unique};
use harness::{Done, export, folder, mcpp, put};

/// The tests below, by the file that they run.
const RUN: &[&str] = &[
    "container-files",
    "offline-export",
    "quickstart",
    "quickstart-docker",
    "redact",
    "tail-all-errors",
    "tail-all-errors-docker",
];

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("pipelines/{name}.yaml"))
}

/// What it wrote to stdout.
fn shown(done: &Done) -> String {
    String::from_utf8(done.stdout.clone()).unwrap()
}

fn run(name: &str, folder: &Path, variables: &[(&str, &str)]) -> Done {
    let mut command = mcpp(["run"]).args([file(name)]).args(["--once"]).at(folder);
    for (key, value) in variables {
        command = command.env(key, value);
    }
    command.done()
}

/// A container's log as the engine writes it; returns the pattern that finds it.
fn containers(folder: &Path, lines: &[&str]) -> String {
    let id = "3f4e5d6c7b8a90123f4e5d6c7b8a90123f4e5d6c7b8a90123f4e5d6c7b8a9012";
    let text: String = lines
        .iter()
        .enumerate()
        .map(|(at, line)| {
            let time = format!("2026-01-27T16:47:{at:02}.000000001Z");
            serde_json::json!({ "log": format!("{line}\n"), "stream": "stderr", "time": time }).to_string()
                + "\n"
        })
        .collect();
    std::fs::create_dir_all(folder.join(id)).unwrap();
    put(folder, &format!("{id}/{id}-json.log"), text);
    let config = serde_json::json!({ "ID": id, "Name": "/mcp-demo-0127-164700-0a1b2c3d", "Config": {
        "Image": "demo:1", "Labels": { "template": "demo", "managed-by": "mcp-template" } } });
    put(folder, &format!("{id}/config.v2.json"), config.to_string());
    format!("{}/*/*-json.log", folder.display())
}

const LINES: &[&str] = &[
    "INFO ready",
    "INFO tool_call: read_file path=/tmp/a",
    "ERROR disk is full",
    "ERROR disk is full",
    "INFO idle",
    "WARNING slow",
];

#[test]
fn every_pipeline_file_is_run_here() {
    let folder = std::fs::read_dir(file("x").parent().unwrap()).unwrap();
    let mut names: Vec<String> = folder
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "yaml"))
        .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    names.sort();
    assert_eq!(names, RUN);
}

#[test]
fn quickstart_shows_servers_and_their_tools() {
    let dir = folder();
    let done = run("quickstart", dir.path(), &[]).exits(0);
    let shown = shown(&done);
    assert!(shown.contains("read_file") && shown.contains("p95"), "{shown}");
}

#[test]
fn tail_all_errors_shows_what_went_wrong_once_with_what_came_before() {
    let dir = folder();
    let logs = containers(dir.path(), LINES);
    // It follows from now on; what is there is read without that.
    let text =
        std::fs::read_to_string(file("tail-all-errors")).unwrap().replace("start: now", "start: oldest");
    let pipeline = put(dir.path(), "tail-all-errors.yaml", text);
    let done = mcpp(["run", &pipeline, "--once"]).env("LOGS", &logs).done().exits(0);
    let shown = shown(&done);
    assert_eq!(shown.matches("disk is full").count(), 1, "{shown}");
    assert!(shown.contains("ready") && shown.contains("read_file") && shown.contains("demo"), "{shown}");
    assert!(!shown.contains("idle") && !shown.contains("slow"), "{shown}");
}

/// A container in a real engine that has said `LINES`, and the value of its label `managed-by`.
fn server(engine: &Engine) -> (Container, String) {
    let (mark, text) = (unique("mark"), LINES.join("\n"));
    let server = engine.shell(deployment_name("demo"), &format!("echo '{text}'"));
    let server = server.label("template", "demo").label("managed-by", &mark).start();
    server.wait();
    (server, mark)
}

#[test]
fn quickstart_docker_shows_deployments_and_their_tools() {
    let engine = docker();
    let (_server, mark) = server(&engine);
    let pipeline = file("quickstart-docker");
    let command = mcpp(["run"]).args([pipeline]).args(["--once"]);
    let done = command.env("DOCKER_HOST", engine.host()).env("MANAGED_BY", &mark).done().exits(0);
    let shown = shown(&done);
    assert!(shown.contains("read_file") && shown.contains("p95"), "{shown}");
    assert!(shown.contains("disk is full") && shown.contains("demo"), "{shown}");
}

#[test]
fn tail_all_errors_docker_shows_what_went_wrong_once_with_what_came_before() {
    let (engine, dir) = (docker(), folder());
    let (_server, mark) = server(&engine);
    let text = std::fs::read_to_string(file("tail-all-errors-docker"))
        .unwrap()
        .replace("start: now", "start: oldest");
    let pipeline = put(dir.path(), "tail-all-errors-docker.yaml", text);
    let command = mcpp(["run", &pipeline, "--once"]);
    let done = command.env("DOCKER_HOST", engine.host()).env("MANAGED_BY", &mark).done().exits(0);
    let shown = shown(&done);
    assert_eq!(shown.matches("disk is full").count(), 1, "{shown}");
    assert!(shown.contains("ready") && shown.contains("read_file"), "{shown}");
    assert!(!shown.contains("idle") && !shown.contains("slow"), "{shown}");
}

#[test]
fn container_files_keeps_everything_and_what_is_noteworthy() {
    let dir = folder();
    let logs = containers(dir.path(), LINES);
    let out = dir.path().to_str().unwrap().to_owned();
    run("container-files", dir.path(), &[("LOGS", &logs), ("OUT", &out), ("ENVIRONMENT", "test")]).exits(0);
    let all = export::read(&dir.path().join("all.ndjson"));
    let messages: Vec<&str> = all.iter().map(export::message).collect();
    assert_eq!(messages.len(), LINES.len(), "{messages:?}");
    for event in &all {
        assert_eq!(event["deployment"], "mcp-demo-0127-164700-0a1b2c3d");
        assert_eq!((&event["template"], &event["environment"]), (&"demo".into(), &"test".into()));
    }
    let noteworthy = export::read(&dir.path().join("noteworthy.ndjson"));
    assert_eq!(noteworthy.len(), 4, "{noteworthy:?}");
}

#[test]
fn offline_export_writes_each_event_once_with_its_tool() {
    let dir = folder();
    let input = put(dir.path(), "in.log", LINES.join("\n") + "\n");
    let out = dir.path().join("out.ndjson");
    let variables = [("INPUT", input.as_str()), ("OUTPUT", out.to_str().unwrap())];
    for _ in 0..2 {
        let done = run("offline-export", dir.path(), &variables).exits(0);
        assert!(done.stderr.contains("ERROR"), "the table of levels: {}", done.stderr);
        let events = export::read(&out);
        export::no_id_twice(&events);
        assert_eq!(events.len(), LINES.len());
        assert_eq!(events.iter().filter(|event| event["tool"] == "read_file").count(), 1);
    }
}

#[test]
fn redact_shows_no_secret() {
    let dir = folder();
    let line = "INFO login of ann@example.com password=hunter2hunter2 for CUST-12345\n";
    let input = put(dir.path(), "in.log", line);
    let done = run("redact", dir.path(), &[("INPUT", &input)]).exits(0);
    let shown = shown(&done);
    assert!(shown.contains("login of"), "{shown}");
    for secret in ["ann@", "hunter2", "CUST-12345"] {
        assert!(!shown.contains(secret), "{shown}");
    }
}
