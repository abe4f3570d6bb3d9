//! `mcpp logs` over a real container engine, as a user runs it.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod harness;

use std::collections::BTreeMap;
use std::io::Read;
use std::process::Stdio;

use harness::services::{self, BUSYBOX, Container, Engine};
use harness::{Mcpp, mcpp, wait_until};
use serde_json::Value;

/// A label that only containers of one test have.
const RUN: &str = "mcpp.test.logs";

/// `mcpp logs ARGS…` against an engine.
fn logs(engine: &Engine, args: &[&str]) -> Mcpp {
    mcpp(["--log", "warn", "logs", "--host", engine.host()]).args(args)
}

/// Prints lines `NAME out N` and `NAME err N` on both streams, one every `pause` seconds, then sleeps.
fn counter(name: &str, from: u32, to: u32, pause: &str) -> String {
    format!(
        "i={from}; while [ $i -lt {to} ]; do echo \"INFO <<{name}-out-$i>>\"; echo \"ERROR <<{name}-err-$i>>\" >&2; \
         i=$((i+1)); sleep {pause}; done; sleep 1000"
    )
}

fn start(engine: &Engine, run: &str, name: &str, script: &str) -> Container {
    engine.shell(services::unique(name), script).label("mcpp.collect", "true").label(RUN, run).start()
}

/// The numbers behind `<<NAME-`, in the order in which they stand.
fn numbers(text: &str, name: &str) -> Vec<u32> {
    let head = format!("<<{name}-");
    let found = text.split(&head).skip(1);
    found.map(|rest| rest.split(">>").next().unwrap().parse().unwrap()).collect()
}

#[track_caller]
fn counts(text: &str, name: &str, to: u32) {
    assert_eq!(numbers(text, name), (0..to).collect::<Vec<_>>(), "{name}");
}

fn waits_for_text(container: &Container, text: &str) {
    wait_until(text, || {
        let (out, err) = container.logs(Vec::<String>::new());
        out.contains(text) || err.contains(text)
    });
}

#[test]
fn deployments_are_merged_in_time_order_and_counted_tails_are_what_the_engine_says() {
    let engine = services::docker();
    let run = services::unique("run");
    let selected = format!("{RUN}={run}");
    let boxes: Vec<Container> = ["a", "b", "c"]
        .iter()
        .map(|name| start(&engine, &run, name, &counter(name, 0, 30, "0.02")))
        .collect();
    for (container, name) in boxes.iter().zip(["a", "b", "c"]) {
        waits_for_text(container, &format!("<<{name}-err-29>>"));
        waits_for_text(container, &format!("<<{name}-out-29>>"));
    }
    let done = logs(&engine, &["--all", "--label", &selected, "--format", "json"]).done().exits(0);
    let events = done.json();
    assert_eq!(events.len(), 3 * 30 * 2);
    // The two streams of a container may overtake each other on their way; nothing else does.
    let mut latest: BTreeMap<&str, &str> = BTreeMap::new();
    let times: Vec<&str> = events
        .iter()
        .map(|event| {
            let latest = latest.entry(event["deployment"].as_str().unwrap()).or_default();
            *latest = (*latest).max(event["timestamp"].as_str().unwrap());
            *latest
        })
        .collect();
    assert!(times.is_sorted(), "in time order");
    for name in ["a", "b", "c"] {
        counts(done.text(), &format!("{name}-out"), 30);
        counts(done.text(), &format!("{name}-err"), 30);
    }

    let (one, id) = (&boxes[0], boxes[0].id());
    let mut both: Vec<String> = Vec::new();
    let (out, err) = one.logs(["--timestamps"]);
    both.extend(out.lines().chain(err.lines()).map(str::to_owned));
    both.sort();
    for target in [one.name(), id, &id[..12]] {
        let raw = logs(&engine, &[target, "--format", "raw", "--timestamps"]).done().exits(0);
        let mut lines: Vec<&str> = raw.text().lines().collect();
        lines.sort_unstable();
        assert_eq!(lines.len(), both.len(), "{target}");
        for (line, theirs) in lines.iter().zip(&both) {
            assert_eq!(line.split_once(' ').unwrap().1, theirs.split_once(' ').unwrap().1);
        }
    }
    // Which of two lines of different streams is the last one may differ: a record is counted where it ends.
    let tail = logs(&engine, &[one.name(), "--format", "raw", "--tail", "7"]).done().exits(0);
    assert_eq!(tail.text().lines().count(), 7);
    let (out, err) = one.logs(["--tail=12"]);
    for (theirs, stream) in [(out, "-out-"), (err, "-err-")] {
        let ours: Vec<&str> = tail.text().lines().filter(|line| line.contains(stream)).collect();
        let theirs: Vec<&str> = theirs.lines().collect();
        assert!(theirs.ends_with(&ours), "{ours:?} {theirs:?}");
    }

    let middle = both[both.len() / 2].split_once(' ').unwrap().0;
    let (out, err) = one.logs(["--since", middle]);
    let since = logs(&engine, &[one.name(), "--format", "raw", "--since", middle]).done().exits(0);
    assert_eq!(since.text().lines().count(), out.lines().count() + err.lines().count());
    let (out, err) = one.logs(["--until", middle]);
    let until = logs(&engine, &[one.name(), "--format", "raw", "--until", middle]).done().exits(0);
    let theirs = out.lines().count() + err.lines().count();
    // Whether the line of that very time is in it differs between engines.
    assert!((theirs..=theirs + 2).contains(&until.text().lines().count()));
}

#[test]
fn following_misses_nothing_while_containers_restart_go_and_appear() {
    let engine = services::docker();
    let run = services::unique("run");
    let selected = format!("{RUN}={run}");
    let forever = |name: &str| counter(name, 0, 1_000_000, "0.005");
    let stays = start(&engine, &run, "stays", &forever("stays"));
    let restarts = start(&engine, &run, "restarts", &forever("restarts"));
    let goes = start(&engine, &run, "goes", &counter("goes", 0, 40, "0.005"));
    let dir = harness::folder();
    let out = dir.path().join("out.txt");
    let life = logs(&engine, &["--all", "--follow", "--filter", "ERROR|WARN", "--label", &selected])
        .args(["--format", "raw", "--output"])
        .args([&out])
        .start();
    let text = || std::fs::read_to_string(&out).unwrap_or_default();
    wait_until("the first lines", || {
        ["stays", "restarts"].iter().all(|n| text().contains(&format!("<<{n}-err-20>>")))
    });
    wait_until("the end of one", || text().contains("<<goes-err-39>>"));
    restarts.restart();
    goes.remove();
    let late = start(&engine, &run, "late", &forever("late"));
    wait_until("the new one", || text().contains("<<late-err-60>>"));
    wait_until("a second count", || text().matches("<<restarts-err-60>>").count() >= 1);
    for container in [&stays, &restarts, &late] {
        container.kill();
    }
    let expected: BTreeMap<&str, String> = [("stays", &stays), ("restarts", &restarts), ("late", &late)]
        .map(|(n, c)| (n, c.logs(["--tail=all"]).1))
        .into();
    for (name, theirs) in &expected {
        let head = format!("{name}-err");
        wait_until(name, || numbers(&text(), &head).len() >= numbers(theirs, &head).len());
    }
    let done = life.stop();
    let text = text();
    assert!(!text.contains("-out-"), "filtered");
    for (name, theirs) in &expected {
        let head = format!("{name}-err");
        assert_eq!(numbers(&text, &head), numbers(theirs, &head), "{name}: every line, once, in order");
    }
    counts(&text, "goes-err", 40);
    for (part, name) in [("joined", late.name()), ("exited", restarts.name())] {
        let found = done.stderr.lines().any(|line| line.contains(part) && line.contains(name));
        assert!(found, "{name} {part}: {}", done.stderr);
    }
}

#[test]
fn a_target_that_is_not_there_is_told_with_its_near_miss() {
    let engine = services::docker();
    let template = services::unique("filesystem");
    let there = engine.deployment(&template, BUSYBOX).command(["sleep", "1000"]).start();
    let wrong = template.replace("filesystem", "filesytem");
    let done = logs(&engine, &[&wrong]).done().exits(1);
    done.says(&format!("no deployment '{wrong}'; did you mean '{template}' (1 running)?"));
    let done = logs(&engine, &[]).done().exits(2).says(there.name());
    done.says("mcpp logs");
    logs(&engine, &["--label", "no.such=label"]).done().exits(0).says("no container here");
}

#[test]
fn a_driver_that_cannot_be_read_is_a_warning_unless_it_is_all_there_is() {
    let engine = services::docker();
    let run = services::unique("run");
    let selected = format!("{RUN}={run}");
    let mute = engine
        .shell(services::unique("mute"), "echo hidden")
        .label("mcpp.collect", "true")
        .label(RUN, &run)
        .option("--log-driver=none")
        .start();
    mute.wait();
    logs(&engine, &["--all", "--label", &selected]).done().exits(1).says(mute.name());
    let open = start(&engine, &run, "open", "echo shown");
    open.wait();
    let args = ["--all", "--label", selected.as_str(), "--format", "raw"];
    assert_eq!(logs(&engine, &args).done().exits(0).says(mute.name()).text(), "shown\n");
    logs(&engine, &args).args(["--strict"]).done().exits(1);
}

#[test]
fn lives_are_shown_as_events_when_asked_for() {
    let engine = services::docker();
    let run = services::unique("run");
    let selected = format!("{RUN}={run}");
    let first = start(&engine, &run, "first", "echo ready; sleep 1000");
    let dir = harness::folder();
    let out = dir.path().join("out.ndjson");
    let text = || std::fs::read_to_string(&out).unwrap_or_default();
    let life = logs(
        &engine,
        &["--all", "--label", &selected, "--follow", "--events", "--format", "json", "--output"],
    )
    .args([&out])
    .start();
    wait_until("the first line", || text().contains("ready"));
    let second = start(&engine, &run, "second", "sleep 0.3; exit 3");
    wait_until("its end", || text().contains("exited with code 3"));
    life.stop();
    let text = text();
    let events: Vec<Value> = text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let of = |container: &Container| -> Vec<String> {
        let own = events.iter().filter(|event| event["deployment"] == container.name());
        own.filter_map(|event| event["event.kind"].as_str().map(str::to_owned)).collect()
    };
    let kinds = of(&second).join(" ");
    assert!(
        kinds.contains("start")
            && (kinds.contains("stop") || kinds.contains("exit") || kinds.contains("die")),
        "{kinds} {events:?}"
    );
    drop(first);
}

#[test]
fn ctrl_c_exits_with_130_and_a_closed_pipe_with_0() {
    let engine = services::docker();
    let run = services::unique("run");
    let selected = format!("{RUN}={run}");
    let busy = start(&engine, &run, "busy", &counter("busy", 0, 1_000_000, "0.01"));
    waits_for_text(&busy, "<<busy-err-3>>");
    let dir = harness::folder();
    let out = dir.path().join("out.txt");
    let life = logs(&engine, &["--all", "--label", &selected, "--follow", "--output"]).args([&out]).start();
    wait_until("a line", || std::fs::metadata(&out).is_ok_and(|file| file.len() > 0));
    life.signal("INT");
    life.wait().exits(130);

    let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_mcpp"))
        .args(["logs", "--host", engine.host(), "--all", "--label", &selected, "--follow"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut some = [0; 16];
    child.stdout.take().unwrap().read_exact(&mut some).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn on_a_terminal_a_quiet_stream_says_how_it_stands() {
    let engine = services::docker();
    let run = services::unique("run");
    let quiet = start(&engine, &run, "quiet", "echo INFO nothing; sleep 1000");
    waits_for_text(&quiet, "nothing");
    let mcpp = env!("CARGO_BIN_EXE_mcpp");
    let command = format!(
        "timeout -s INT 12 {mcpp} logs --host {} --all --label {RUN}={run} --follow --filter ERROR",
        engine.host()
    );
    let output = std::process::Command::new("script").args(["-qec", &command, "/dev/null"]).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(text.contains("following 1 deployment · 1 line read, 0 match · last line"), "{text:?}");
}
