//! `mcpp run` is killed wherever it hurts, and nothing is lost and nothing stands twice.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod harness;

use std::collections::BTreeSet;
use std::path::Path;

use harness::writer::{Framing, Log, grow};
use harness::{export, mcpp, needs_faults, wait_until};

/// How often the process is ended at a named point.
const LIVES: usize = 50;

/// Points that are passed only when a run ends.
const AT_THE_END: &[&str] = &["lanes-done", "sinks-done"];

/// Every point that the program names, read from its source so that none is forgotten.
fn points() -> Vec<String> {
    let mut found = BTreeSet::new();
    collect(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut found);
    // Those of the engine's source are passed where there is an engine: tests/docker.rs.
    found.into_iter().filter(|point| !point.starts_with("docker-")).collect()
}

fn collect(folder: &Path, found: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = std::fs::read_to_string(&path).unwrap();
            let calls = text.split("fault::point(\"").skip(1);
            found.extend(calls.map(|rest| rest.split('"').next().unwrap().to_owned()));
        }
    }
}

/// A pipeline from a file and a container's log into one rotated file.
fn pipeline(folder: &Path) -> String {
    let root = folder.display();
    harness::put(
        folder,
        "pipeline.yaml",
        format!(
            "name: kill\n\
             sources:\n\
             \x20 app: {{ file: {{ paths: ['{root}/app.log'] }} }}\n\
             \x20 boxes: {{ container_files: {{ paths: ['{root}/containers/*/*-json.log'] }} }}\n\
             stages:\n\
             \x20 - parse: auto\n\
             sinks:\n\
             \x20 out: {{ file: {{ path: '{root}/out.ndjson', rotate: {{ size: 256KiB, gzip: true }} }} }}\n"
        ),
    )
}

fn logs(folder: &Path, per_file: u64) -> Vec<Log> {
    let id = "3f4e5d6c7b8a90123f4e5d6c7b8a90123f4e5d6c7b8a90123f4e5d6c7b8a9012";
    let boxed = folder.join(format!("containers/{id}/{id}-json.log"));
    vec![
        Log::new(&folder.join("app.log"), "app", Framing::Text, per_file, true),
        Log::new(&boxed, "box", Framing::JsonFile, per_file, true),
    ]
}

fn run(folder: &Path, pipeline: &str) -> harness::Mcpp {
    mcpp(["run", pipeline, "--data-dir"]).args([folder.join("data")])
}

/// Lets a last, undisturbed life read the rest; then everything is there, once and in order.
fn all_is_there(folder: &Path, pipeline: &str, logs: &[Log]) {
    let out = folder.join("out.ndjson");
    let life = run(folder, pipeline).start();
    let last: Vec<(String, u64)> =
        logs.iter().flat_map(Log::counts).filter(|(_, count)| *count > 0).collect();
    wait_until("the last lines", || {
        let text = String::from_utf8(export::bytes(&out)).unwrap();
        last.iter().all(|(name, count)| text.contains(&format!("<<{name}-{}>>", count - 1)))
    });
    life.stop().exits(0);
    let events = export::read(&out);
    export::no_id_twice(&events);
    for (name, count) in last {
        export::holds_all(&events, &name, count);
    }
}

#[test]
fn undisturbed_it_reads_every_line_over_rotations() {
    let dir = harness::folder();
    let pipeline = pipeline(dir.path());
    let writer = grow(logs(dir.path(), 500), 20);
    let life = run(dir.path(), &pipeline).start();
    wait_until("rotations", || writer.rotations() >= 8);
    let logs = writer.finish();
    println!("{}", life.stop().exits(0).stderr);
    all_is_there(dir.path(), &pipeline, &logs);
}

#[test]
fn killed_at_every_named_point_it_loses_nothing_and_writes_nothing_twice() {
    needs_faults();
    let dir = harness::folder();
    let pipeline = pipeline(dir.path());
    let writer = grow(logs(dir.path(), 3000), 20);
    let points = points();
    assert!(points.len() >= 20, "{points:?}");
    for life in 0..LIVES.max(points.len()) {
        let point = &points[life % points.len()];
        let count = 1 + (life / points.len()) as u32;
        if life % 10 == 5 {
            // Down for longer than it takes to rotate twice.
            let before = writer.rotations();
            wait_until("two rotations", || writer.rotations() >= before + 2);
        }
        // Only silence makes the clock cut a record.
        let silent = point.contains("cut");
        writer.pause(silent);
        let count = if silent { 1 } else { count };
        let started = run(dir.path(), &pipeline).fault(point, count).start();
        if AT_THE_END.contains(&point.as_str()) {
            let before = writer.rotations();
            wait_until("a rotation", || writer.rotations() > before);
            started.signal("TERM");
        }
        let done = started.wait();
        print!("{}", done.stderr);
        done.ends_at_a_point(&format!("{point}:{count}"));
        writer.pause(false);
    }
    all_is_there(dir.path(), &pipeline, &writer.finish());
}

#[test]
fn killed_at_any_moment_it_loses_nothing_and_writes_nothing_twice() {
    let dir = harness::folder();
    let pipeline = pipeline(dir.path());
    let writer = grow(logs(dir.path(), 1500), 20);
    let seed = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap().as_nanos() as u64 | 1;
    println!("seed {seed}");
    let mut random = seed;
    for _ in 0..12 {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        let life = run(dir.path(), &pipeline).start();
        std::thread::sleep(std::time::Duration::from_millis(random % 2000));
        print!("{}", life.kill().stderr);
    }
    all_is_there(dir.path(), &pipeline, &writer.finish());
}
