//! Scripts written for the platform's own client work unchanged against mcpp, through the Python package in `contrib`.
//!
//! Those in `fixtures/scripts` stand as their author's page prints them; they call `python -m mcp_platform …`.
#![allow(clippy::unwrap_used)] // All of it is test code.

mod harness;

use std::path::{Path, PathBuf};
use std::process::Command;

use harness::services::{self, Container};
use harness::{folder, put};

/// What a server prints whose author writes the lines that the scripts look for.
const PRINTS: &str = r#"
echo 'INFO: tool_call: read_file {"path": "/etc/hosts"}'
echo 'INFO: tool_duration: read_file 0.012s'
echo 'INFO: tool_call: read_file {}'
echo 'ERROR: tool_error: read_file no such file'
echo 'INFO: tool_call: list_folder'
echo 'WARNING: the disk is nearly full' >&2
echo 'ERROR: cannot write' >&2
sleep 600
"#;

/// A folder whose `python` is the machine's Python; with `prometheus_client` as far as the scripts use it.
fn machine(folder: &Path) -> PathBuf {
    let python = Command::new("python3").args(["-c", "import sys; print(sys.executable)"]).output().unwrap();
    let python = String::from_utf8(python.stdout).unwrap();
    std::os::unix::fs::symlink(python.trim(), folder.join("python")).unwrap();
    put(
        folder,
        "prometheus_client.py",
        r#"
class Metric:
    def __init__(self, name, help, labels):
        self.name = name

    def labels(self, **labels):
        self.of = " ".join(f"{key}={value}" for key, value in labels.items())
        return self

    def inc(self):
        print(self.name, self.of, "inc")

    def set(self, value):
        print(self.name, self.of, value)

    observe = set


Gauge = Counter = Histogram = Metric


def start_http_server(port):
    pass
"#,
    );
    folder.to_owned()
}

/// `python ARGS…` as on a machine where mcpp and the shim are installed, and the engine is that of the tests.
fn python(machine: &Path) -> Command {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let path = format!("{}:{}", machine.display(), std::env::var("PATH").unwrap());
    let modules = [&root.join("contrib"), &root.join("fixtures/scripts"), machine];
    let modules: Vec<String> = modules.iter().map(|path| path.display().to_string()).collect();
    let mut command = Command::new(machine.join("python"));
    command
        .env("PATH", path)
        .env("PYTHONPATH", modules.join(":"))
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("PYTHONIOENCODING", "utf-8")
        .env("MCPP_BIN", env!("CARGO_BIN_EXE_mcpp"))
        .env_remove("DOCKER_CONTEXT");
    command
}

/// Runs a script against the engine, which must succeed, and gives what it prints.
fn run(machine: &Path, args: &[&str]) -> String {
    let output = python(machine).args(args).env("DOCKER_HOST", services::docker().host()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{args:?}: {said}");
    assert_eq!(said, "", "{args:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// Two deployments that have printed everything.
fn deployments() -> Vec<Container> {
    let docker = services::docker();
    let start = |template: &str| {
        let container = docker.deployment(template, services::BUSYBOX);
        container.command(["sh", "-c", PRINTS]).start()
    };
    let containers = vec![start("filesystem"), start("github")];
    for container in &containers {
        harness::wait_until("the last lines", || {
            let (stdout, stderr) = container.logs([""; 0]);
            stdout.contains("list_folder") && stderr.contains("cannot write")
        });
    }
    containers
}

/// What the analysis of a deployment says.
fn analysis(name: &str) -> String {
    format!(
        "📊 Log Analysis for {name} (last 24h)\n📝 Total entries: 7\n❌ Errors: 2\n⚠️  Warnings: 1\n\
         \n🛠️  Tool Usage:\n   read_file: 2 calls\n   list_folder: 1 calls\n"
    )
}

fn script(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/scripts").join(name);
    path.to_str().unwrap().to_owned()
}

#[test]
fn the_log_analyzer_tells_of_one_deployment_and_of_all() {
    let folder = folder();
    let machine = machine(folder.path());
    let containers = deployments();
    let name = containers[0].name();
    assert_eq!(run(&machine, &[&script("log_analyzer.py"), name]), analysis(name));
    let all = run(&machine, &[&script("log_analyzer.py")]);
    for container in &containers {
        assert!(all.contains(&analysis(container.name())), "{} is not in\n{all}", container.name());
    }
}

#[test]
fn the_metrics_script_collects_status_and_tools() {
    let folder = folder();
    let machine = machine(folder.path());
    let containers = deployments();
    let all = run(&machine, &["-c", "import custom_metrics; custom_metrics.collect_metrics()"]);
    for (container, template) in containers.iter().zip(["filesystem", "github"]) {
        let of = format!("deployment={}", container.name());
        let lines: Vec<&str> = all.lines().filter(|line| line.contains(&of)).collect();
        let count = |start: &str| lines.iter().filter(|line| line.starts_with(start)).count();
        let of_tool = |metric: &str, tool: &str| count(&format!("{metric} {of} tool={tool} "));
        assert_eq!(count(&format!("mcp_deployment_status {of} template={template} 1.0")), 1, "{all}");
        let value = |metric: &str| -> f64 {
            let start = format!("{metric} {of} ");
            let line = lines.iter().find_map(|line| line.strip_prefix(&start));
            line.unwrap_or_else(|| panic!("no {metric} in\n{all}")).parse().unwrap()
        };
        assert!(value("mcp_deployment_uptime_seconds") >= 0.0);
        assert!(value("mcp_deployment_memory_bytes") > 0.0);
        assert!(value("mcp_deployment_cpu_percent") >= 0.0);
        assert_eq!(of_tool("mcp_tool_calls_total", "read_file"), 2, "{all}");
        assert_eq!(of_tool("mcp_tool_calls_total", "list_folder"), 1, "{all}");
        assert_eq!(of_tool("mcp_tool_errors_total", "read_file"), 1, "{all}");
        let took = format!("mcp_tool_duration_seconds {of} tool=read_file 0.012");
        assert!(lines.contains(&took.as_str()), "{all}");
    }
}

#[test]
fn output_and_exit_code_pass_through() {
    let folder = folder();
    let machine = machine(folder.path());
    let call = |args: &[&str]| python(&machine).args(["-m", "mcp_platform"]).args(args).output().unwrap();
    let version = call(&["--version"]);
    assert!(version.status.success() && version.stdout.starts_with(b"mcpp "));
    let wrong = call(&["logs", "--no-such-flag"]);
    assert_eq!(wrong.status.code(), Some(2));
    assert!(wrong.stdout.is_empty() && !wrong.stderr.is_empty());

    let missing = python(&machine).args(["-m", "mcp_platform"]).env("MCPP_BIN", "/nonexistent/mcpp").output();
    let missing = missing.unwrap();
    assert_eq!(missing.status.code(), Some(126));
    assert!(String::from_utf8_lossy(&missing.stderr).contains("/nonexistent/mcpp"));
}
