//! The engines that the other tests need: they answer, run containers, and keep what those print.
#![allow(clippy::unwrap_used)] // All of it is test code.

mod harness;

use harness::services::{self, Engine};

/// Runs a container that prints on both streams, and checks what the engine has kept of it.
fn prints(engine: &Engine) {
    let name = services::unique("mcpp-test-prints");
    let container = engine.shell(&name, "echo out; echo err >&2; exit 3").label("a", "b,c\nd").start();
    assert_eq!(container.wait(), 3);
    assert_eq!(container.logs([""; 0]), ("out\n".to_owned(), "err\n".to_owned()));
    assert_eq!(container.inspect(r#"{{index .Config.Labels "a"}}"#), "b,c\nd");
    let id = container.id().to_owned();
    assert!(engine.call(["inspect", &id]).status.success());
    container.remove();
    assert!(!engine.call(["inspect", &id]).status.success(), "a container is left behind");
}

#[test]
fn docker_runs_a_container_and_keeps_its_output() {
    prints(&services::docker());
}

#[test]
fn podman_runs_a_container_and_keeps_its_output() {
    prints(&services::podman());
}

#[test]
fn python_is_there_with_three_generations_of_fastmcp() {
    let docker = services::docker();
    let container = docker.container(services::unique("mcpp-test-versions"), services::FASTMCP);
    let container = container.command(["sleep", "60"]).start();
    for generation in ["2", "3", "4"] {
        let python = format!("/opt/fastmcp{generation}/bin/python");
        let script = "import importlib.metadata as m; print(m.version('fastmcp'))";
        let version = container.exec([&python, "-c", script]);
        assert!(version.starts_with(&format!("{generation}.")), "{version}");
    }
}
