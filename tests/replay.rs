//! After a kill the same events come again: the same records joined and cut in the same places, with the same ids, and
//! each sink gets what it has not had.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod harness;

use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use harness::{Life, append, export, mcpp, needs_faults, put, wait_until};
use serde_json::Value;

/// A run of its own over a log that others read too.
struct Run {
    folder: PathBuf,
    pipeline: String,
}

impl Run {
    /// Sinks `good` and `late`, a folder each run.
    fn new(folder: &Path, name: &str, log: &str, parse: &str) -> Run {
        let folder = folder.join(name);
        std::fs::create_dir(&folder).unwrap();
        let run = Run { pipeline: folder.join("pipeline.yaml").to_str().unwrap().to_owned(), folder };
        run.configure(name, log, parse);
        run
    }

    fn configure(&self, name: &str, log: &str, parse: &str) {
        let root = self.folder.display();
        let text = format!(
            "name: {name}\n\
             sources: {{ in: {{ file: {{ paths: ['{log}'] }} }} }}\n\
             stages:\n  - parse: {parse}\n\
             sinks:\n\
             \x20 good: {{ file: {{ path: '{root}/good.ndjson' }} }}\n\
             \x20 late: {{ file: {{ path: '{root}/late.ndjson' }} }}\n"
        );
        put(&self.folder, "pipeline.yaml", text);
    }

    fn command(&self) -> harness::Mcpp {
        mcpp(["--log", "error", "run", &self.pipeline, "--data-dir"]).args([self.folder.join("data")])
    }

    fn start(&self) -> Life {
        self.command().start()
    }

    /// Lives until it passes the point.
    fn dies_at(&self, point: &str, count: u32) {
        self.command().fault(point, count).done().ends_at_a_point(point);
    }

    fn path(&self, sink: &str) -> PathBuf {
        self.folder.join(format!("{sink}.ndjson"))
    }

    fn events(&self, sink: &str) -> Vec<Value> {
        export::read(&self.path(sink))
    }

    fn wait_for(&self, sink: &str, text: &str) {
        let path = self.path(sink);
        wait_until(&format!("{text} in {}", path.display()), || {
            String::from_utf8_lossy(&export::bytes(&path)).contains(text)
        });
    }

    /// From now on `late` cannot be written.
    fn break_late(&self) {
        let path = self.path("late");
        if path.exists() {
            std::fs::rename(&path, self.folder.join("late.kept")).unwrap();
        }
        symlink("/dev/full", path).unwrap();
    }

    /// From now on it can, and what was there before is there again.
    fn mend_late(&self) {
        let path = self.path("late");
        std::fs::remove_file(&path).unwrap();
        if self.folder.join("late.kept").exists() {
            std::fs::rename(self.folder.join("late.kept"), path).unwrap();
        }
    }
}

fn line(number: u64) -> String {
    format!("2026-01-27T16:47:00Z INFO line <<a-{number}>>\n")
}

const HEAD: &str = "2026-01-27T16:47:00Z ERROR failed\nTraceback (most recent call last):\n";
const BODY: &str = "  File \"/app/server.py\", line 7, in call\n    return await handler(request)\n";
const FOOT: &str = "ValueError: quota exceeded\n";

#[track_caller]
fn same(found: &[Value], expected: &[Value]) {
    for (at, (found, expected)) in found.iter().zip(expected).enumerate() {
        assert_eq!(found, expected, "event {at}");
    }
    assert_eq!(found.len(), expected.len());
}

/// Kills a run around the cuts of two records and compares it with one that nobody disturbs. With `had` both sinks
/// have got something before one of them fails.
fn cut_records_come_again_as_they_were(had: bool) {
    needs_faults();
    let dir = harness::folder();
    let log = put(dir.path(), "app.log", line(0) + &line(1));
    let calm = Run::new(dir.path(), "calm", &log, "auto");
    let hurt = Run::new(dir.path(), "hurt", &log, "auto");
    let undisturbed = calm.start();
    if had {
        let life = hurt.start();
        hurt.wait_for("late", "<<a-0>>");
        life.stop().exits(0);
    }
    hurt.break_late();

    // A record that is cut by the clock; then a kill when the cut is written down and nothing has left the lane.
    append(&log, line(2) + HEAD + BODY);
    calm.wait_for("good", "return await");
    hurt.dies_at("after-cut", 1);
    append(&log, "    and so it goes on\n".to_owned() + &line(3) + HEAD);

    // The continuation is there now; the record cut before must not take it. Another record is open at the kill.
    hurt.dies_at("before-cut", 1);
    calm.wait_for("good", "<<a-3>>");
    let open = || String::from_utf8_lossy(&export::bytes(&calm.path("good"))).matches("Traceback").count();
    wait_until("the second cut", || open() == 2);

    // A life that cuts it like the undisturbed one, and is killed.
    let life = hurt.start();
    let path = hurt.path("good");
    wait_until("the second cut", || {
        String::from_utf8_lossy(&export::bytes(&path)).matches("Traceback").count() == 2
    });
    life.kill();
    append(&log, BODY.to_owned() + FOOT + &line(4) + &line(5));

    hurt.mend_late();
    let life = hurt.start();
    for run in [&calm, &hurt] {
        for sink in ["good", "late"] {
            run.wait_for(sink, "<<a-5>>");
        }
    }
    life.stop().exits(0);
    undisturbed.stop().exits(0);
    let expected = calm.events("good");
    export::holds_all(&expected, "a", 6);
    same(&hurt.events("good"), &expected);
    same(&hurt.events("late"), &expected);
}

#[test]
fn cut_records_come_again_as_they_were_for_a_sink_that_had_nothing() {
    cut_records_come_again_as_they_were(false);
}

#[test]
fn cut_records_come_again_as_they_were_for_sinks_at_different_positions() {
    cut_records_come_again_as_they_were(true);
}

#[test]
fn a_record_open_at_the_kill_is_joined_with_what_comes_after_it() {
    needs_faults();
    let dir = harness::folder();
    let log = put(dir.path(), "app.log", line(0) + &line(1));
    let hurt = Run::new(dir.path(), "hurt", &log, "auto");
    let life = hurt.start();
    hurt.wait_for("late", "<<a-0>>");
    life.stop().exits(0);
    hurt.break_late();
    for (number, part) in [HEAD, BODY, BODY].into_iter().enumerate() {
        append(&log, part);
        // Silence makes it want to cut the record; it is killed before it does.
        hurt.dies_at("before-cut", 1);
        assert!(
            !String::from_utf8_lossy(&export::bytes(&hurt.path("good"))).contains("Traceback"),
            "{number}"
        );
    }
    append(&log, FOOT.to_owned() + &line(2) + &line(3));
    hurt.mend_late();
    let life = hurt.start();
    hurt.wait_for("good", "<<a-3>>");
    hurt.wait_for("late", "<<a-3>>");
    life.stop().exits(0);

    let calm = Run::new(dir.path(), "calm", &log, "auto");
    calm.command().args(["--once"]).done().exits(0);
    let expected = calm.events("good");
    assert!(expected.iter().any(|event| export::message(event).ends_with("ValueError: quota exceeded")));
    same(&hurt.events("good"), &expected);
    same(&hurt.events("late"), &expected);
}

#[test]
fn with_other_settings_of_a_stage_nothing_is_missed() {
    needs_faults();
    let dir = harness::folder();
    let log = put(dir.path(), "app.log", line(0) + &line(1));
    let run = Run::new(dir.path(), "run", &log, "auto");
    let life = run.start();
    run.wait_for("good", "<<a-0>>");
    life.stop().exits(0);
    append(&log, line(2) + &HEAD.replace("failed", "failed <<a-3>>") + &BODY.replace("7", "7 <<a-4>>"));
    // Lines are on their way, the record is held.
    run.dies_at("before-cut", 1);
    for (number, parse) in
        ["{ format: auto, multiline: off }", "{ format: auto, max_record: 64KiB }"].iter().enumerate()
    {
        run.configure("run", &log, parse);
        let next = 5 + number as u64 * 2;
        append(&log, format!("  still indented <<a-{next}>>\n") + &line(next + 1));
        let life = run.start();
        run.wait_for("good", &format!("<<a-{}>>", next + 1));
        life.kill();
    }
    run.configure("run", &log, "auto");
    run.command().args(["--once"]).done().exits(0);
    for sink in ["good", "late"] {
        let mut seen: Vec<u64> =
            run.events(sink).iter().flat_map(|event| export::numbers("a", export::message(event))).collect();
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen, (0..9).collect::<Vec<_>>(), "{sink}");
    }
}

#[test]
fn a_cut_behind_the_last_record_that_is_there_is_repeated_without_the_records_before_it() {
    needs_faults();
    let dir = harness::folder();
    let log = put(dir.path(), "app.log", (0..3).map(line).collect::<String>());
    let run = Run::new(dir.path(), "cut-at-the-end", &log, "auto");
    run.dies_at("after-cut", 1);
    let again = run.start();
    run.wait_for("good", "<<a-2>>");
    again.stop().exits(0);
    let events = run.events("good");
    export::no_id_twice(&events);
    assert_eq!(events.len(), 3);
}

#[test]
fn a_part_of_a_long_line_that_was_let_out_is_let_out_again() {
    needs_faults();
    let dir = harness::folder();
    let part = |text: String, end: &str| {
        format!("{{\"log\":\"{text}{end}\",\"stream\":\"stdout\",\"time\":\"2026-01-27T16:47:00.5Z\"}}\n")
    };
    let log = put(dir.path(), "box-json.log", part("short".to_owned(), "\\n") + &part("a".repeat(16384), ""));
    let run = Run::new(dir.path(), "parts", &log, "auto");
    run.dies_at("after-cut", 1);
    append(&log, part("the rest <<a-0>>".to_owned(), "\\n"));
    let again = run.start();
    run.wait_for("good", "<<a-0>>");
    again.stop().exits(0);
    let events = run.events("good");
    export::no_id_twice(&events);
    let lengths: Vec<usize> = events.iter().map(|event| export::message(event).len()).collect();
    assert_eq!(lengths, [5, 16384, 16]);
}
