//! Container engines that answer oddly, slowly or not at all, and what the commands make of that.
#![allow(clippy::unwrap_used)] // All of it is test code.

mod harness;

use std::fs::File;
use std::io::{BufReader, Write};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use harness::scripted::{self, Reply, Scripted};
use harness::{Done, Mcpp, mcpp};
use mcpp::platform::address::{Address, TlsFiles};
use mcpp::platform::client::{Patience, Wait};
use mcpp::platform::events::Action;
use mcpp::platform::{Client, ClientError};
use serde_json::{Value, json};

fn container(id: &str, name: &str, template: &str) -> Value {
    json!({ "Id": id, "Names": [format!("/{name}")], "Image": "demo:latest", "Created": 1_700_000_000,
        "State": "running", "Status": "Up 5 minutes", "Labels": { "template": template, "managed-by": "mcp-template" },
        "Ports": [{ "IP": "0.0.0.0", "PrivatePort": 7071, "PublicPort": 7071, "Type": "tcp" }] })
}

fn with(engine: &Scripted, args: &[&str]) -> Mcpp {
    mcpp(args).args(["--host", &engine.host()])
}

fn run(engine: &Scripted, args: &[&str]) -> Done {
    with(engine, args).done()
}

fn parsed(done: &Done) -> Value {
    serde_json::from_slice(&done.stdout).unwrap_or_else(|e| panic!("{e}: {}", done.text()))
}

/// That no value anywhere is null.
#[track_caller]
fn has_no_null(value: &Value) {
    match value {
        Value::Null => panic!("a value is null"),
        Value::Array(all) => all.iter().for_each(has_no_null),
        Value::Object(all) => all.values().for_each(has_no_null),
        _ => {}
    }
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

fn connect(engine: &Scripted) -> Client {
    let patience = Patience { silence: Duration::from_secs(1), ..Patience::default() };
    block_on(Client::connect(&Address::Unix(engine.socket()), patience)).unwrap()
}

#[test]
fn one_odd_container_hides_no_other() {
    let mut odd = container("bb22", "odd", "x");
    odd["State"] = json!("quantum");
    odd["Ports"] = json!({ "a": null });
    odd["Labels"] = json!({ "template": "x,y\nz=\u{1b}[31m", "n": 3 });
    odd["Created"] = json!("yesterday");
    let mut bare = json!({ "Id": "cc33cc33cc33cc33", "Names": null, "Labels": { "mcpp.collect": "true" } });
    bare["New"] = json!([{ "deep": [1, 2, { "er": null }] }]);
    let all =
        json!([container("aa11", "mcp-a", "a"), odd, bare, null, 7, [], {}, container("dd44", "mcp-d", "d")]);
    let engine = Scripted::with(all, |_| None);
    let done = run(&engine, &["list", "--format", "json"]).exits(0).quietly();
    let list = parsed(&done);
    has_no_null(&list);
    let ids: Vec<&str> = list.as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["cc33cc33cc33", "mcp-a", "mcp-d", "odd"]);
    assert_eq!((&list[3]["state"], &list[3]["health"]), (&json!("quantum"), &json!("unknown")));
    assert_eq!(list[3]["template"], "x,y\nz=\u{1b}[31m");
    assert_eq!(
        (&list[1]["ports"], &list[1]["endpoint"]),
        (&json!("7071->7071"), &json!("http://localhost:7071"))
    );
    let table = run(&engine, &["list"]).exits(0).quietly();
    assert!(!table.text().contains('\u{1b}') && table.text().contains("x,y z="), "{}", table.text());
}

#[test]
fn what_is_no_engine_is_an_error_that_says_so() {
    let html = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n<html>";
    for (bytes, part) in [
        ("220 mail.example ESMTP\r\n", "no container engine"),
        (html, "no container engine"),
        ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", "names no version"),
        ("HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n{", "cuts the connection"),
        ("", "cuts the connection"),
    ] {
        let engine = Scripted::start(move |_| Reply::Bytes(bytes.into()));
        run(&engine, &["list"]).exits(1).says("that --host names does not answer").says(part);
    }
    let old = Scripted::start(|_| Reply::Json(200, json!({ "Version": "1.9", "ApiVersion": "1.21" })));
    run(&old, &["list"]).exits(1).says("API 1.21").says("1.24 or later");
    let torn = Scripted::with(json!([]), |path| {
        path.starts_with("/containers/json").then(|| Reply::Bytes(html.into()))
    });
    run(&torn, &["status"]).exits(1).says("is not understood");
}

#[test]
fn a_server_that_says_nothing_is_given_up() {
    let engine = Scripted::start(|_| Reply::Silence(Vec::new()));
    run(&engine, &["list"]).exits(1).says("says nothing for 5 s");
}

#[test]
fn a_socket_that_may_not_be_opened_says_how_to() {
    let engine = Scripted::with(json!([]), |_| None);
    std::fs::set_permissions(engine.folder(), std::fs::Permissions::from_mode(0o755)).unwrap();
    std::fs::set_permissions(engine.socket(), std::fs::Permissions::from_mode(0o000)).unwrap();
    // Root may open everything; nobody else's program is reachable from everywhere.
    let program = engine.folder().join("mcpp");
    std::fs::copy(env!("CARGO_BIN_EXE_mcpp"), &program).unwrap();
    let is_root = std::os::unix::fs::MetadataExt::uid(&std::fs::metadata("/proc/self").unwrap()) == 0;
    let mut command = Command::new(if is_root { "setpriv".as_ref() } else { program.as_os_str() });
    if is_root {
        command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]).arg(&program);
    }
    let done = command.env_clear().args(["list", "--host", &engine.host()]).output().unwrap();
    let said = String::from_utf8_lossy(&done.stderr);
    assert_eq!(done.status.code(), Some(1), "{said}");
    assert!(said.contains("engine.sock: permission denied"), "{said}");
    assert!(said.contains("try: sudo usermod -aG docker $USER"), "{said}");
}

#[test]
fn who_chooses_an_engine_gets_no_other() {
    let engine = Scripted::with(json!([]), |_| None);
    let host = "unix:///nonexistent/other.sock";
    let done = mcpp(["list", "--host", host]).env("DOCKER_HOST", &engine.host()).done().exits(1);
    assert!(done.stderr.contains("/nonexistent/other.sock: no such socket"), "{}", done.stderr);
    assert!(!done.stderr.contains("/var/run/docker.sock"), "{}", done.stderr);
    mcpp(["list"]).env("DOCKER_HOST", &engine.host()).done().exits(0).quietly();
    mcpp(["list"]).env("MCPP_HOST", &engine.host()).done().exits(0).quietly();
    mcpp(["list"]).env("DOCKER_HOST", "ssh://me@there").done().exits(1).says("forward the socket");
    run(&engine, &["list", "--backend", "docker"]).exits(0).quietly();
    run(&engine, &["list", "--backend", "podman"]).exits(1).says("Docker answers there, not Podman");
    for command in ["list", "status", "list-deployments"] {
        run(&engine, &[command, "--backend", "kubernetes"]).exits(2).says("Docker and Podman");
    }
    let text = mcpp([""; 0]).env("DOCKER_HOST", &engine.host()).done().exits(0).text().to_owned();
    assert!(text.contains("Docker Engine 20.10.24 (API 1.41)"), "{text}");
}

#[test]
fn the_version_of_the_api_is_agreed_on() {
    for (newest, least, spoken) in
        [("1.41", "1.12", "/v1.41/"), ("1.52", "1.44", "/v1.47/"), ("1.30", "1.24", "/v1.30/")]
    {
        let engine = Scripted::start(move |path| match path {
            "/version" => {
                Reply::Json(200, json!({ "Version": "x", "ApiVersion": newest, "MinAPIVersion": least }))
            }
            _ => Reply::Json(200, json!([])),
        });
        run(&engine, &["list"]).exits(0).quietly();
        let asked = engine.asked();
        assert!(asked[1].starts_with(spoken), "{asked:?}");
    }
}

#[test]
fn refusals_are_told_apart() {
    let engine = Scripted::with(json!([]), |path| {
        let status = path.strip_prefix("/containers/")?.split('/').next()?.parse().ok()?;
        Some(Reply::Json(status, json!({ "message": "because" })))
    });
    let client = connect(&engine);
    for status in [404, 409, 501, 500, 304] {
        let path = format!("/containers/{status}/logs?stdout=1");
        let answer = block_on(client.get(&path, Wait::Answer)).unwrap();
        assert_eq!(answer.status, status);
        let error = block_on(answer.checked()).err().unwrap();
        let right = match status {
            404 => matches!(error, ClientError::NotFound { .. }),
            409 => matches!(error, ClientError::Conflict { .. }),
            501 => matches!(error, ClientError::Unsupported { .. }),
            _ => matches!(error, ClientError::Refused { status: s, .. } if s == status),
        };
        assert!(right, "{status}: {error:?}");
        assert_eq!(error.is_passing(), status == 500);
        assert!(error.to_string().contains(&path), "{error}");
        assert_eq!(error.message(), (status != 304).then_some("because").or(Some("")));
    }
    assert!(matches!(block_on(client.inspect("../a b")), Err(ClientError::NotFound { .. })));
    assert!(engine.asked().last().unwrap().ends_with("/containers/..%2Fa%20b/json"));
}

#[test]
fn an_answer_is_limited_in_silence_and_size_unless_it_is_followed() {
    let engine = Scripted::with(json!([]), |path| {
        let head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n".to_vec();
        match path {
            "/silent" => Some(Reply::Silence(head)),
            "/cut" => Some(Reply::Bytes(head)),
            "/large" => Some(Reply::Json(200, json!("x".repeat(100_000)))),
            _ => None,
        }
    });
    let client = connect(&engine);
    block_on(async {
        let mut answer = client.get("/silent", Wait::Answer).await.unwrap();
        assert_eq!(answer.body.next().await.unwrap().as_deref(), Some(&b"hello"[..]));
        assert!(matches!(answer.body.next().await, Err(ClientError::Silent { .. })));
        let mut answer = client.get("/silent", Wait::Endless).await.unwrap();
        assert_eq!(answer.body.next().await.unwrap().as_deref(), Some(&b"hello"[..]));
        // Longer than the silence that an answer may keep.
        let next = tokio::time::timeout(Duration::from_millis(1500), answer.body.next()).await;
        assert!(next.is_err(), "a stream that is followed may be silent");
        let mut answer = client.get("/cut", Wait::Endless).await.unwrap();
        assert!(answer.body.next().await.unwrap().is_some());
        assert!(matches!(answer.body.next().await, Err(ClientError::Cut { .. })));
        let large = client.get_json::<Value>("/large", 100_001).await;
        assert!(matches!(large, Err(ClientError::TooLarge { limit: 100_001, .. })), "{large:?}");
        assert!(client.get_json::<Value>("/large", 100_002).await.is_ok());
    });
}

#[test]
fn events_come_one_by_one_and_odd_ones_are_skipped() {
    let line = |action: &str| {
        json!({ "Type": "container", "Action": action, "Actor": { "ID": "ab", "Attributes": { "name": "x" } },
            "scope": "galactic", "timeNano": 1_700_000_000_000_000_000i64 })
    };
    let body = format!(
        "{}\nno JSON\n\n{}\n{}\n{}",
        line("start"),
        json!({ "Type": "network", "Action": "connect" }),
        "x".repeat(3 << 20),
        line("die")
    );
    let engine = Scripted::with(json!([]), move |path| {
        let head = "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n";
        path.starts_with("/events?").then(|| Reply::Bytes(format!("{head}{body}").into_bytes()))
    });
    let client = connect(&engine);
    let actions = block_on(async {
        let mut events = client.events(Some(1_700_000_000_000_000_001), None).await.unwrap();
        let mut actions = Vec::new();
        while let Some(happening) = events.next().await.unwrap() {
            assert_eq!((happening.id.as_str(), happening.name.as_deref()), ("ab", Some("x")));
            actions.push(happening.action);
        }
        actions
    });
    assert_eq!(actions, [Action::Start, Action::Die]);
    assert!(engine.asked().last().unwrap().ends_with("&since=1700000000.000000001"));
}

#[test]
fn ten_thousand_containers_are_listed() {
    let all: Vec<Value> = (0..10_000)
        .map(|n| {
            let mut one = container(&format!("{n:064x}"), &format!("mcp-load-{n:05}"), "load");
            // About as long as a real one.
            one["Command"] = json!("python -m server --with --many --options".repeat(4));
            one["NetworkSettings"] =
                json!({ "Networks": { "bridge": { "NetworkID": "f".repeat(64), "Gateway": "" } } });
            one["Mounts"] = json!([{ "Type": "volume", "Name": "v".repeat(64), "Destination": "/data" }]);
            one
        })
        .collect();
    let body = scripted::to_bytes(200, &json!(all));
    let engine = Scripted::with(json!([]), move |path| {
        path.starts_with("/containers/json").then(|| Reply::Bytes(body.clone()))
    });
    let begun = Instant::now();
    let done = run(&engine, &["list", "--format", "json"]).exits(0).quietly();
    println!("10,000 containers listed in {:?}", begun.elapsed());
    assert_eq!(parsed(&done).as_array().unwrap().len(), 10_000);
    let table = run(&engine, &["list"]).exits(0).quietly();
    assert_eq!(table.text().lines().count(), 10_004);
    // Scripts written for the platform ask for all.
    let flat = run(&engine, &["list-deployments", "--all", "--format", "json"]).exits(0).quietly();
    assert_eq!(parsed(&flat)[0]["id"], "000000000000");
}

/// One that runs and is measured, one that ended badly, one about which nothing more can be said.
fn three() -> Scripted {
    let mut failed = container("bb22", "mcp-b", "b");
    failed["State"] = json!("exited");
    failed["Status"] = json!("Exited (137) 5 minutes ago");
    let mut silent = container("cc33", "mcp-c", "c");
    silent["Labels"] = json!({ "mcpp.collect": "true" });
    let all = json!([container("aa11", "mcp-a", "a"), failed, silent]);
    Scripted::with(all, |path| {
        let body = match path.split('?').next().unwrap() {
            "/containers/aa11/json" => {
                json!({ "Id": "aa11", "Name": "/mcp-a", "RestartCount": 2, "SizeRw": 4096,
                "State": { "Status": "running", "StartedAt": "2026-01-01T00:00:00Z", "ExitCode": 0 },
                "HostConfig": { "Memory": 0, "NanoCpus": 500_000_000, "LogConfig": { "Type": "json-file" } } })
            }
            "/containers/aa11/stats" => json!({
                "cpu_stats": { "cpu_usage": { "total_usage": 1_400_000_000u64 }, "system_cpu_usage": 14_000_000_000u64, "online_cpus": 4 },
                "precpu_stats": { "cpu_usage": { "total_usage": 1_000_000_000u64 }, "system_cpu_usage": 10_000_000_000u64 },
                "memory_stats": { "usage": 1_000_000, "limit": 0, "stats": { "inactive_file": 400_000 } },
                "networks": { "eth0": { "rx_bytes": 10, "tx_bytes": 20 } } }),
            "/containers/bb22/json" => json!({ "Id": "bb22", "Name": "/mcp-b",
                "State": { "Status": "exited", "ExitCode": 137, "OOMKilled": true } }),
            path if path.starts_with("/containers/cc33") => {
                return Some(Reply::Json(500, json!({ "message": "disk on fire" })));
            }
            _ => return None,
        };
        Some(Reply::Json(200, body))
    })
}

#[test]
fn status_is_nested_and_knows_no_null() {
    let engine = three();
    let status = parsed(&run(&engine, &["status", "--format", "json"]).exits(0));
    has_no_null(&status);
    let all = &status["deployments"];
    let [a, b, c] = [&all[0], &all[1], &all[2]];
    assert_eq!((&a["deployment_id"], &a["template"]["name"]), (&json!("mcp-a"), &json!("a")));
    assert_eq!((&a["status"]["health"], &a["status"]["state"]), (&json!("warning"), &json!("running")));
    assert_eq!(a["status"]["reasons"], json!(["uses 80 % of the processors that it may use"]));
    assert!(a["status"]["uptime_seconds"].as_i64().unwrap() > 0);
    // 0.4 s of the 4 s that four processors had together: 40 % of one.
    assert_eq!(a["container"]["cpu_percent"], 40.0);
    assert_eq!(a["container"]["memory_usage"], 600_000);
    assert_eq!(a["container"]["memory_limit"], 8_000_000_000u64);
    assert_eq!((&b["status"]["health"], &b["status"]["state"]), (&json!("critical"), &json!("failed")));
    assert_eq!(b["status"]["reasons"], json!(["ended with exit code 137 (SIGKILL)", "ran out of memory"]));
    assert_eq!((b["status"].get("uptime_seconds"), b["container"].get("memory_usage")), (None, None));
    assert_eq!((&c["template"]["name"], c["status"].get("uptime_seconds")), (&json!("unknown"), None));
    assert_eq!(c["container"].get("cpu_percent"), None);
    let summary = json!({ "total_deployments": 3, "running_deployments": 2, "healthy": 1, "warning": 1,
        "critical": 1, "unknown": 0 });
    assert_eq!(status["summary"], summary);
}

#[test]
fn the_status_of_one_is_one_object() {
    let engine = three();
    let one =
        parsed(&run(&engine, &["status", "mcp-a", "--detailed", "--format", "json"]).exits(0).quietly());
    has_no_null(&one);
    assert_eq!(one["deployment_id"], "mcp-a");
    assert_eq!(one["container"]["cpu_limit"], 0.5);
    assert_eq!(
        (&one["container"]["network_rx_bytes"], &one["container"]["disk_usage"]),
        (&json!(10), &json!(4096))
    );
    assert!(engine.asked().iter().any(|path| path.ends_with("/containers/aa11/json?size=1")));
    let by_template = parsed(&run(&engine, &["status", "a", "--format", "json"]).exits(0));
    assert_eq!(by_template["deployment_id"], "mcp-a");
    let yaml = run(&engine, &["status", "mcp-b", "--format", "yaml"]).exits(0).quietly();
    assert!(
        yaml.text().starts_with("deployment_id: mcp-b\ntemplate:\n  name: b\nstatus:\n  health: critical\n")
    );
    let page = run(&engine, &["status", "mcp-a"]).exits(0).quietly();
    let text = page.text();
    assert!(text.starts_with("⚠️ Warning  mcp-a\n  uses 80 %"), "{text}");
    assert!(text.contains("CPU        40.00% of one processor (80% of what it may use)"), "{text}");
}

#[test]
fn thresholds_can_be_set() {
    let engine = three();
    let health = |flags: &[&str]| {
        let args = [&["status", "mcp-a", "--format", "json"], flags].concat();
        parsed(&run(&engine, &args).exits(0))["status"]["health"].clone()
    };
    assert_eq!(health(&["--cpu-warning", "90"]), "healthy");
    assert_eq!(health(&["--cpu-warning", "79"]), "warning");
    let set =
        with(&engine, &["status", "mcp-a", "--health-only"]).env("MCPP_CPU_WARNING", "90").done().exits(0);
    assert_eq!(set.text(), "✅ Healthy  mcp-a\n");
    run(&engine, &["status", "--refresh", "0"]).exits(2);
    run(&engine, &["status", "--health-only", "--detailed"]).exits(2);
}

#[test]
fn tables_are_as_on_the_platforms_page() {
    let engine = three();
    let done = run(&engine, &["status"]).exits(0);
    for line in [
        "┌────────────┬──────────┬─────────────┬───────────────────────────┐",
        "│ Deployment │ Template │ Status      │ Resource Usage            │",
        "│ mcp-a      │ a        │ ⚠️ Warning  │ 🟡 40% CPU, 585.9KiB      │",
        "│ mcp-b      │ b        │ ❌ Critical │ Exited (137) 5 minutes ago │",
        "❌ mcp-b: ended with exit code 137 (SIGKILL); ran out of memory",
    ] {
        // The frame is as wide as the widest cell.
        let squeezed = |text: &str| text.replace(['─', ' '], "");
        assert!(squeezed(done.text()).contains(&squeezed(line)), "{line}\n{}", done.text());
    }
    let only = run(&engine, &["status", "--health-only"]).exits(0);
    assert!(
        !only.text().contains("Resource Usage") && only.text().contains("❌ Critical"),
        "{}",
        only.text()
    );
    let coloured = run(&engine, &["list", "--status", "--color", "always"]).exits(0);
    assert!(coloured.text().contains("\u{1b}[31m❌ Critical\u{1b}[0m"), "{}", coloured.text());
}

#[test]
fn names_that_do_not_exist_say_what_may_have_been_meant() {
    let engine = Scripted::with(
        json!([
            container("aa11", "mcp-filesystem-1", "filesystem"),
            container("aa22", "mcp-filesystem-2", "filesystem")
        ]),
        |_| None,
    );
    let done = run(&engine, &["status", "filesytem"]).exits(1);
    assert_eq!(done.stderr, "mcpp: no deployment 'filesytem'; did you mean 'filesystem' (2 running)?\n");
    run(&engine, &["status", "aa"]).exits(1).says("'aa' is the beginning of 2 ids");
}

#[test]
fn nothing_deployed_is_an_empty_list() {
    let engine = Scripted::with(json!([]), |_| None);
    assert_eq!(run(&engine, &["list", "--format", "json"]).exits(0).quietly().text(), "[]\n");
    let status = parsed(&run(&engine, &["status", "--format", "json"]).exits(0).quietly());
    assert_eq!(status["deployments"], json!([]));
    run(&engine, &["list-deployments"]).exits(0).quietly();
}

#[test]
fn the_flat_list_has_the_platforms_keys() {
    let engine = three();
    let list = parsed(&run(&engine, &["list-deployments", "--format", "json"]).exits(0).quietly());
    has_no_null(&list);
    let expected = json!({ "id": "aa11", "name": "mcp-a", "template": "a", "state": "running",
        "status": "Up 5 minutes", "running": true, "created": "2023-11-14 22:13:20 +0000 UTC", "since": "5 minutes",
        "image": "demo:latest", "ports": "7071->7071", "endpoint": "http://localhost:7071", "transport": "http",
        "health": "healthy", "backend_type": "docker" });
    assert_eq!(list[0], expected);
    assert_eq!((&list[1]["state"], &list[1]["running"]), (&json!("failed"), &json!(false)));
}

#[test]
fn watching_goes_on_until_it_is_interrupted() {
    let engine = three();
    let watching = with(&engine, &["status", "--watch", "--refresh", "1", "--format", "json"]).start();
    let looks = || engine.asked().iter().filter(|path| path.ends_with("/aa11/json")).count();
    harness::wait_until("a third look", || looks() >= 3);
    watching.signal("INT");
    let done = watching.wait().exits(130);
    let lines: Vec<Value> = done.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(lines.len() >= 2);
    assert!(lines.iter().all(|line| line["deployments"].as_array().unwrap().len() == 3));
    let yaml = with(&engine, &["status", "mcp-b", "--watch", "--refresh", "1", "--format", "yaml"]).start();
    let looks = || engine.asked().iter().filter(|path| path.ends_with("/bb22/json")).count();
    let before = looks();
    harness::wait_until("two more looks", || looks() >= before + 2);
    yaml.signal("INT");
    assert!(yaml.wait().exits(130).text().starts_with("---\ndeployment_id: mcp-b\n"));
}

#[test]
fn watching_waits_for_an_engine_that_is_away() {
    let away = Arc::new(AtomicBool::new(false));
    let gone = away.clone();
    let engine = Scripted::with(json!([container("aa11", "mcp-a", "a")]), move |path| {
        if path == "/containers/aa11/json" {
            return Some(Reply::Json(200, json!({ "Id": "aa11", "State": { "Status": "running" } })));
        }
        let hides = gone.load(Ordering::SeqCst) && path.starts_with("/containers/json");
        hides.then(|| Reply::Bytes(Vec::new()))
    });
    let watching = with(&engine, &["status", "--watch", "--refresh", "1", "--health-only"]).start();
    let lists = || engine.asked().iter().filter(|path| path.contains("/containers/json")).count();
    harness::wait_until("a look", || lists() >= 2);
    away.store(true, Ordering::SeqCst);
    let before = lists();
    harness::wait_until("two looks in vain", || lists() >= before + 3);
    away.store(false, Ordering::SeqCst);
    let before = lists();
    harness::wait_until("two more looks", || lists() >= before + 3);
    watching.signal("INT");
    let done = watching.wait().exits(130);
    // Once, however often it is tried.
    assert_eq!(done.stderr.matches("waiting for it").count(), 1, "{}", done.stderr);
    let looks = done.text().matches("✅ Healthy │").count();
    assert!(looks >= 3, "{}", done.text());
}

fn certificates() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/tls")
}

/// An engine behind TLS that wants to know who asks; answers some connections.
fn behind_tls() -> u16 {
    use tokio_rustls::rustls;
    let read = |name: &str| BufReader::new(File::open(certificates().join(name)).unwrap());
    use rustls::pki_types::pem::PemObject;
    use rustls::pki_types::{CertificateDer, PrivateKeyDer};
    let all = |name: &str| -> Vec<CertificateDer<'static>> {
        CertificateDer::pem_reader_iter(read(name)).collect::<Result<_, _>>().unwrap()
    };
    let key = PrivateKeyDer::from_pem_reader(read("server-key.pem")).unwrap();
    let mut roots = rustls::RootCertStore::empty();
    all("ca.pem").into_iter().for_each(|one| roots.add(one).unwrap());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let verifier =
        rustls::server::WebPkiClientVerifier::builder_with_provider(roots.into(), provider.clone())
            .build()
            .unwrap();
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_client_cert_verifier(verifier)
        .with_single_cert(all("server.pem"), key)
        .unwrap();
    let config = Arc::new(config);
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for tcp in listener.incoming() {
            let (Ok(mut tcp), Ok(mut tls)) = (tcp, rustls::ServerConnection::new(config.clone())) else {
                return;
            };
            let mut stream = rustls::Stream::new(&mut tls, &mut tcp);
            let Some(path) = scripted::read_path(&mut stream) else { continue };
            let body = if path == "/version" { scripted::version() } else { json!([]) };
            drop(stream.write_all(&scripted::to_bytes(200, &body)));
        }
    });
    port
}

#[test]
fn an_engine_behind_tls_is_trusted_by_its_own_ca_and_told_who_asks() {
    let port = behind_tls();
    let folder = tempfile::tempdir().unwrap();
    for (from, to) in [("ca.pem", "ca.pem"), ("client.pem", "cert.pem"), ("client-key.pem", "key.pem")] {
        std::fs::copy(certificates().join(from), folder.path().join(to)).unwrap();
    }
    let list = || {
        mcpp(["list", "--format", "json", "--host", &format!("tcp://localhost:{port}")])
            .env("DOCKER_TLS_VERIFY", "1")
            .env("DOCKER_CERT_PATH", folder.path().to_str().unwrap())
    };
    assert_eq!(list().done().exits(0).quietly().text(), "[]\n");
    // Nobody that is trusted has signed for this one.
    std::fs::copy(certificates().join("other-ca.pem"), folder.path().join("ca.pem")).unwrap();
    list().done().exits(1).says("certificate");
    std::fs::write(folder.path().join("ca.pem"), "nothing").unwrap();
    list().done().exits(1).says("ca.pem: it holds no certificate");
    // Without certificates of our own it does not talk to us.
    let files = TlsFiles { ca: Some(certificates().join("ca.pem")), client: None };
    let address = Address::Tls { host: "localhost".into(), port, files };
    assert!(block_on(Client::connect(&address, Patience::default())).is_err());
}
