//! Real FastMCP servers in real containers, called by a real client: what their logs show of the calls is found, and nothing else.
//!
//! The servers run in the ways to log that FastMCP itself has. What each of those prints differs: [`SETTINGS`] says what can be
//! known from it. Where names or outcomes are not printed, none may be found.
#![allow(clippy::unwrap_used)] // All of it is test code.

mod harness;

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use harness::services::{self, Container};
use harness::{mcpp, wait_until};

type Counts = BTreeMap<String, u64>;

/// The calls that the client makes, and those of them that fail.
const CALLS: &[(&str, u64)] =
    &[("build_report", 2), ("charge_card", 2), ("refund_order", 1), ("search_orders", 4)];
const ERRORS: &[(&str, u64)] = &[("charge_card", 2), ("refund_order", 1), ("search_orders", 1)];

/// How much an output shows.
enum Shown {
    /// Every one, with its tool.
    All,
    /// Every one; the tool is known of some.
    Total,
    /// These.
    Only(&'static [(&'static str, u64)]),
    /// None at all.
    Nothing,
}

use Shown::{All, Nothing, Only, Total};

/// A way to log: the generation of FastMCP, `LOGGING` of `server.py`, further variables, and what it shows.
struct Setting {
    generation: u32,
    logging: &'static str,
    env: &'static [(&'static str, &'static str)],
    calls: Shown,
    errors: Shown,
    durations: Shown,
}

const DEBUG: &[(&str, &str)] = &[("FASTMCP_LOG_LEVEL", "DEBUG")];
const PLAIN: &[(&str, &str)] = &[("FASTMCP_ENABLE_RICH_LOGGING", "false"), ("NO_COLOR", "1")];

/// FastMCP 2 logs neither a tool's own kind of error nor wrong arguments; 3 and 4 log no unknown tool.
const OF_2: Shown = Only(&[("charge_card", 1), ("refund_order", 1)]);
const OF_3: Shown = Only(&[("charge_card", 2), ("search_orders", 1)]);

#[rustfmt::skip]
const SETTINGS: &[Setting] = &[
    Setting { generation: 2, logging: "default",              env: &[],   calls: Nothing, errors: OF_2,  durations: Nothing },
    Setting { generation: 2, logging: "default",              env: DEBUG, calls: All,     errors: OF_2,  durations: Nothing },
    Setting { generation: 2, logging: "structured",           env: &[],   calls: All,     errors: All,   durations: Total },
    Setting { generation: 2, logging: "detailed-timing",      env: &[],   calls: All,     errors: All,   durations: All },
    Setting { generation: 2, logging: "all",                  env: &[],   calls: All,     errors: All,   durations: All },
    Setting { generation: 3, logging: "default",              env: &[],   calls: Nothing, errors: OF_3,  durations: Nothing },
    Setting { generation: 3, logging: "default",              env: DEBUG, calls: All,     errors: OF_3,  durations: Nothing },
    Setting { generation: 3, logging: "structured",           env: PLAIN, calls: All,     errors: All,   durations: Total },
    Setting { generation: 3, logging: "timing",               env: &[],   calls: Total,   errors: All,   durations: Total },
    Setting { generation: 4, logging: "default",              env: &[],   calls: Nothing, errors: OF_3,  durations: Nothing },
    Setting { generation: 4, logging: "structured",           env: &[],   calls: All,     errors: All,   durations: Total },
    Setting { generation: 4, logging: "structured-nopayload", env: PLAIN, calls: Total,   errors: Total, durations: Total },
    Setting { generation: 4, logging: "detailed-timing",      env: &[],   calls: All,     errors: All,   durations: All },
    Setting { generation: 4, logging: "errors",               env: &[],   calls: Nothing, errors: All,   durations: Nothing },
];

impl Setting {
    fn name(&self) -> String {
        format!("FastMCP {} {} {:?}", self.generation, self.logging, self.env)
    }
}

fn counts(pairs: &[(&str, u64)]) -> Counts {
    pairs.iter().map(|(tool, n)| ((*tool).to_owned(), *n)).collect()
}

/// How many events have something, by tool; the empty name is for those that have none.
fn count(events: &[Value], has: impl Fn(&Value) -> bool) -> Counts {
    let mut found = Counts::new();
    for event in events.iter().filter(|event| has(event)) {
        *found.entry(event["tool"].as_str().unwrap_or_default().to_owned()).or_default() += 1;
    }
    found
}

/// Compares what was found with what is shown of the truth.
fn compare(what: &str, found: &Counts, shown: &Shown, truth: &[(&str, u64)], wrong: &mut Vec<String>) {
    let truth = counts(truth);
    let good = match shown {
        All => *found == truth,
        Only(these) => *found == counts(these),
        Nothing => found.is_empty(),
        Total => {
            let within = found
                .iter()
                .all(|(tool, n)| tool.is_empty() || truth.get(tool).is_some_and(|most| n <= most));
            within && found.values().sum::<u64>() == truth.values().sum::<u64>()
        }
    };
    if !good {
        wrong.push(format!("{what}: {found:?}"));
    }
}

/// Checks what was found in one server's log; says what is wrong.
fn check(setting: &Setting, events: &[Value], wrong: &mut Vec<String>) {
    let mut say = Vec::new();
    let calls = count(events, |event| event["tool_call"] == true);
    compare("calls", &calls, &setting.calls, CALLS, &mut say);
    let errors = count(events, |event| event["tool_error"].is_string());
    compare("errors", &errors, &setting.errors, ERRORS, &mut say);
    let measured = |event: &Value| event["tool_duration_ms"].as_f64();
    let durations = count(events, |event| measured(event).is_some());
    compare("durations", &durations, &setting.durations, CALLS, &mut say);

    // The client waits 600 ms in one report and 300 ms in the other; nothing else takes that long on any machine.
    let mut long: Vec<f64> = match setting.durations {
        All => events.iter().filter(|event| event["tool"] == "build_report").filter_map(measured).collect(),
        Total => events.iter().filter_map(measured).collect(),
        _ => Vec::new(),
    };
    long.sort_by(|a, b| b.total_cmp(a));
    if let [first, second, ..] = long[..]
        && !(first >= 599.0 && second >= 299.0)
    {
        say.push(format!("the longest took {first} ms and {second} ms"));
    }
    for event in events.iter().filter(|event| event["tool_error"].is_string()) {
        // INFO too: a level that is written stands.
        if !event["level"].is_string() {
            say.push(format!("an error without a level: {event}"));
        }
    }
    wrong.extend(say.into_iter().map(|what| format!("{}: {what}", setting.name())));
}

/// Starts the servers of one generation in containers that share a network of their own, each on its port.
fn start(settings: &[&Setting]) -> Vec<Container> {
    let docker = services::docker();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/services");
    let mut containers: Vec<Container> = Vec::new();
    for (index, setting) in settings.iter().enumerate() {
        let mut new = docker
            .deployment("orders", services::FASTMCP)
            .file(folder.join("server.py"), "/srv/server.py")
            .file(folder.join("client.py"), "/srv/client.py")
            .env("LOGGING", setting.logging)
            .env("PORT", &port(index))
            .env("PYTHONUNBUFFERED", "1")
            .env("FASTMCP_CHECK_FOR_UPDATES", "off")
            .command([format!("/opt/fastmcp{}/bin/python", setting.generation), "/srv/server.py".to_owned()]);
        for (key, value) in setting.env {
            new = new.env(key, value);
        }
        if let Some(first) = containers.first() {
            new = new.network(format!("container:{}", first.id()));
        }
        containers.push(new.start());
    }
    containers
}

fn port(index: usize) -> String {
    (8000 + index).to_string()
}

/// Runs the client inside; it must see what this test expects to find.
fn call(settings: &[&Setting], containers: &[Container]) {
    let mut command = vec![format!("/opt/fastmcp{}/bin/python", settings[0].generation)];
    command.push("/srv/client.py".to_owned());
    command.extend((0..settings.len()).map(port));
    let seen = containers[0].exec(&command);
    assert_eq!(seen.lines().count(), settings.len(), "{seen}");
    for line in seen.lines() {
        let seen: Value = serde_json::from_str(line).unwrap();
        assert_eq!(seen["calls"], serde_json::to_value(counts(CALLS)).unwrap());
        assert_eq!(seen["errors"], serde_json::to_value(counts(ERRORS)).unwrap());
    }
}

/// What mcpp finds in a container's log, asked for by its name.
fn events(container: &Container) -> Vec<Value> {
    let docker = services::docker();
    let output =
        mcpp(["logs", "--format", "json", container.name()]).env("DOCKER_HOST", docker.host()).done();
    let events = output.exits(0).quietly().json();
    assert!(events.iter().all(|e| e["deployment"] == container.name() && e["template"] == "orders"));
    events
}

fn generation(generation: u32) {
    let settings: Vec<&Setting> = SETTINGS.iter().filter(|s| s.generation == generation).collect();
    assert!(settings.len() >= 4);
    let containers = start(&settings);
    call(&settings, &containers);
    let mut wrong = Vec::new();
    for (setting, container) in settings.iter().zip(&containers) {
        container.kill();
        wait_until("the end of a server", || container.inspect("{{.State.Running}}") == "false");
        let before = wrong.len();
        check(setting, &events(container), &mut wrong);
        if wrong.len() > before {
            let (stdout, stderr) = container.logs([""; 0]);
            println!("--- {}\n{stdout}\n{stderr}", setting.name());
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn fastmcp_2_shows_what_it_shows() {
    generation(2);
}

#[test]
fn fastmcp_3_shows_what_it_shows() {
    generation(3);
}

#[test]
fn fastmcp_4_shows_what_it_shows() {
    generation(4);
}
