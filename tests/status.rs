//! What the commands say of real containers, beside what the engine's own client says.
#![allow(clippy::unwrap_used)] // All of it is test code.

mod harness;

use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use harness::services::{self, Engine};
use harness::{mcpp, wait_for, wait_until};
use serde_json::Value;

/// `mcpp ARGS… --format json` on an engine.
fn ask(engine: &Engine, args: &[&str]) -> Value {
    let done = mcpp(args).args(["--format", "json", "--host", engine.host()]).done().exits(0);
    serde_json::from_slice(&done.stdout).unwrap_or_else(|e| panic!("{e}: {}", done.text()))
}

fn bytes(text: &str) -> f64 {
    let split = text.find(|c: char| c.is_ascii_alphabetic()).unwrap();
    let unit = match &text[split..] {
        "B" => 1.0,
        "KiB" | "kB" => 1024.0,
        "MiB" | "MB" => 1024.0 * 1024.0,
        "GiB" | "GB" => 1024.0 * 1024.0 * 1024.0,
        other => panic!("{other}"),
    };
    text[..split].parse::<f64>().unwrap() * unit
}

/// Containers that run, end well and end badly, and what is said of each.
fn states(engine: &Engine) {
    let running = engine
        .deployment("eng-a", services::BUSYBOX)
        .command(["sleep", "600"])
        .option("--memory=64m")
        .start();
    let failed = engine.deployment("eng-b", services::BUSYBOX).command(["sh", "-c", "exit 3"]).start();
    assert_eq!(failed.wait(), 3);
    let created = engine.deployment("eng-c", services::BUSYBOX).create();
    let list = ask(engine, &["list"]);
    let names: Vec<&str> = list.as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap()).collect();
    for container in [&running, &failed, &created] {
        assert!(names.contains(&container.name()), "{names:?}");
    }
    let one = ask(engine, &["status", running.name()]);
    assert_eq!(
        (&one["status"]["health"], &one["status"]["state"]),
        (&"healthy".into(), &"running".into()),
        "{one}"
    );
    assert_eq!((&one["template"]["name"], &one["deployment_id"]), (&"eng-a".into(), &running.name().into()));
    let started = running.inspect("{{.State.StartedAt}}");
    assert!(one["status"]["uptime_seconds"].as_i64().unwrap() < 300, "started {started}: {one}");
    assert_eq!(one["container"]["memory_limit"], 64 << 20);
    assert!(running.id().starts_with(one["container"]["id"].as_str().unwrap()));
    let one = ask(engine, &["status", failed.name()]);
    assert_eq!(
        (&one["status"]["health"], &one["status"]["state"]),
        (&"critical".into(), &"failed".into()),
        "{one}"
    );
    assert_eq!(one["status"]["exit_code"], 3);
    let one = ask(engine, &["status", &created.id()[..20]]);
    assert_eq!(
        (&one["status"]["health"], &one["status"]["state"]),
        (&"unknown".into(), &"created".into()),
        "{one}"
    );
}

#[test]
fn docker_says_how_containers_are_doing() {
    states(&services::docker());
}

#[test]
fn podman_says_how_containers_are_doing() {
    states(&services::podman());
}

#[test]
fn figures_agree_with_dockers_own_client() {
    let docker = services::docker();
    let container =
        docker.deployment("eng-figures", services::BUSYBOX).option("--memory=64m").option("--cpus=0.2");
    let container = container.command(["sh", "-c", "while :; do :; done"]).start();
    // Shares of one second differ from those of the next: close is enough, as soon as they are.
    wait_for("figures that agree", || {
        let said =
            docker.ask(["stats", "--no-stream", "--format", "{{.CPUPerc}} {{.MemUsage}}", container.id()]);
        let words: Vec<&str> = said.split_whitespace().collect();
        let one = ask(&docker, &["status", container.name()]);
        let (cpu, memory) = (&one["container"]["cpu_percent"], &one["container"]["memory_usage"]);
        let theirs = (words[0].trim_end_matches('%').parse::<f64>().unwrap(), bytes(words[1]));
        let ours = (cpu.as_f64().unwrap(), memory.as_f64().unwrap());
        assert_eq!((words[3], &one["container"]["memory_limit"]), ("64MiB", &(64 << 20).into()));
        println!("CPU {} and {} %, memory {} and {}", theirs.0, ours.0, theirs.1, ours.1);
        let near = (theirs.0 - ours.0).abs() < 5.0 && (theirs.1 - ours.1).abs() < 512.0 * 1024.0;
        (near && ours.0 > 1.0).then_some(())
    });
    let one = ask(&docker, &["status", container.name(), "--detailed"]);
    assert_eq!(one["container"]["cpu_limit"], 0.2);
    let size = docker.ask(["inspect", "--size", "--format", "{{.SizeRw}}", container.id()]);
    assert_eq!(one["container"]["disk_usage"].to_string(), size);
    assert_eq!(one["status"]["restarts"].to_string(), container.inspect("{{.RestartCount}}"));
}

#[test]
fn restarts_are_counted_from_what_the_engine_remembers() {
    let docker = services::docker();
    let container = docker.deployment("eng-restarts", services::BUSYBOX).command(["sleep", "600"]).start();
    assert_eq!(ask(&docker, &["status", container.name()])["status"]["health"], "healthy");
    for (times, health) in [(1, "warning"), (2, "warning"), (3, "critical")] {
        container.restart();
        let one = ask(&docker, &["status", container.name()]);
        assert_eq!(one["status"]["restarts_lately"], times, "{one}");
        assert_eq!(one["status"]["health"], health, "{one}");
    }
    let crashing = docker.deployment("eng-crashing", services::BUSYBOX).option("--restart=always");
    let crashing = crashing.command(["sh", "-c", "exit 1"]).start();
    wait_until("three restarts", || crashing.inspect("{{.RestartCount}}").parse::<u32>().unwrap() >= 3);
    assert_eq!(ask(&docker, &["status", crashing.name()])["status"]["health"], "critical");
}

#[test]
fn health_checks_are_signs() {
    let docker = services::docker();
    let checked = |name: &str, check: &str| {
        let new = docker.deployment(name, services::BUSYBOX).command(["sleep", "600"]);
        new.option(format!("--health-cmd={check}"))
            .option("--health-interval=1s")
            .option("--health-retries=1")
            .start()
    };
    let (well, sick) = (checked("eng-well", "true"), checked("eng-sick", "echo no database; exit 1"));
    let health = |name: &str| ask(&docker, &["status", name])["status"].clone();
    wait_until("a healthy one", || health(well.name())["health"] == "healthy");
    wait_until("a sick one", || health(sick.name())["health"] == "critical");
    assert_eq!(health(sick.name())["reasons"][0], "its health check fails: no database");
}

/// What scripts run, with `python -m mcp_platform` that calls mcpp.
const SCRIPT: &str = r#"
import json, subprocess, sys

def call(*args):
    return subprocess.run(['python', '-m', 'mcp_platform', *args], capture_output=True, text=True)

wanted = sys.argv[1]
listed = json.loads(call('list', '--format', 'json').stdout)
assert wanted in [dep['id'] for dep in listed], listed
status = call('status', '--format', 'json')
assert status.returncode == 0, status.stderr
for deployment in json.loads(status.stdout).get('deployments', []):
    deployment_id, template = deployment['deployment_id'], deployment['template']['name']
    health, state = deployment['status']['health'], deployment['status']['state']
    container = deployment.get('container', {})
    usage = container.get('memory_usage', 0) / container.get('memory_limit', 1024*1024*1024)
    float(deployment['status'].get('uptime_seconds', 0)) + float(container.get('cpu_percent', 0)) + usage
    if deployment_id == wanted:
        print(template, health, state)
one = json.loads(call('status', wanted, '--format', 'json').stdout)
assert one['deployment_id'] == wanted
for args in [(wanted, '--since', '24h'), ('--all', '--since', '5m')]:
    result = call('logs', *args, '--format', 'json')
    assert result.returncode == 0, result.stderr
    logs = [json.loads(line) for line in result.stdout.strip().split('\n') if line]
    logs = [log for log in logs if log.get('deployment', 'unknown') == wanted]
    assert [log.get('level') for log in logs] == ['INFO', 'ERROR', 'WARN'], logs
    assert logs[0].get('message', '').split('tool_call:')[1].split()[0] == 'read_file', logs
missing = call('status', 'no-such-deployment')
assert missing.returncode == 1 and 'no deployment' in missing.stderr, missing
piped = subprocess.run(['python', '-m', 'mcp_platform', 'logs', '-', '--format', 'json'],
                       input='tool_call: read_file\n', capture_output=True, text=True)
assert json.loads(piped.stdout)['tool'] == 'read_file', piped
"#;

#[test]
fn scripts_that_call_the_python_package_work() {
    let docker = services::docker();
    let container = docker.deployment("eng-script", services::BUSYBOX);
    let printing = "echo INFO tool_call: read_file; echo ERROR it broke; echo WARNING slow; sleep 600";
    let container = container.command(["sh", "-c", printing]).start();
    wait_until("three lines", || container.logs([""; 0]).0.lines().count() == 3);
    let folder = harness::folder();
    // Scripts say `python`, which not every machine has.
    let python = harness::put(folder.path(), "python", "#!/bin/sh\nexec python3 \"$@\"\n");
    std::fs::set_permissions(python, std::fs::Permissions::from_mode(0o755)).unwrap();
    let path = std::env::var("PATH").unwrap();
    let done = Command::new("python3")
        .args(["-c", SCRIPT, container.name()])
        .env("PATH", format!("{}:{path}", folder.path().display()))
        .env("PYTHONPATH", concat!(env!("CARGO_MANIFEST_DIR"), "/contrib"))
        .env("MCPP_BIN", env!("CARGO_BIN_EXE_mcpp"))
        .env("DOCKER_HOST", docker.host())
        .env_remove("DOCKER_CONTEXT")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{said}");
    assert_eq!(String::from_utf8_lossy(&done.stdout).trim(), "eng-script healthy running");
}
