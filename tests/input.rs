//! Input that is broken, hostile, huge or missing: nothing hangs, nothing is lost in silence, and one bad part does not
//! spoil the rest.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod harness;

use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Command, Stdio};

use base64::Engine as _;
use harness::{append, export, folder, mcpp, put, wait_until};
use serde_json::{Value, json};

/// `mcpp logs --file PATH --format json`.
fn json_of(path: &str) -> harness::Mcpp {
    mcpp(["logs", "--file", path, "--format", "json"])
}

#[track_caller]
fn has_messages(events: &[Value], expected: &[&str]) {
    let found: Vec<&str> = events.iter().map(export::message).collect();
    assert_eq!(found, expected);
}

/// A pipeline that follows `input` into `out.ndjson`.
fn following(dir: &Path, source: &Value) -> String {
    let pipeline = json!({
        "name": "input",
        "sources": { "in": source },
        "stages": [ { "parse": "auto" } ],
        "sinks": { "out": { "file": { "path": dir.join("out.ndjson") } } },
    });
    put(dir, "pipeline.yaml", pipeline.to_string())
}

#[test]
fn bytes_that_are_no_text_are_all_exported_and_shown_as_replaced() {
    let dir = folder();
    let line = b"caf\xe9 \xff\xfe ok \xf0\x9f\x92 end";
    let path = put(dir.path(), "a.log", [line.as_slice(), b"\nfine\n"].concat());
    let from_file = json_of(&path).done().exits(0);
    let from_stdin = mcpp(["logs", "-", "--format", "json"])
        .stdin([line.as_slice(), b"\nfine\n"].concat())
        .done()
        .exits(0);
    for done in [from_file, from_stdin] {
        let events = done.json();
        let shown = String::from_utf8_lossy(line).into_owned();
        has_messages(&events, &[&shown, "fine"]);
        let raw = events[0]["raw_base64"].as_str().unwrap();
        assert_eq!(base64::engine::general_purpose::STANDARD.decode(raw).unwrap(), line);
        assert_eq!(events[1].get("raw_base64"), None);
    }
    let raw = mcpp(["logs", "--file", &path, "--format", "raw"]).done().exits(0);
    assert_eq!(raw.stdout, [line.as_slice(), b"\nfine\n"].concat());
    let shown = mcpp(["logs", "--file", &path]).done().exits(0);
    assert!(shown.text().contains("caf\u{fffd}"), "{}", shown.text());
}

#[test]
fn nul_bytes_are_text_like_any_other() {
    let dir = folder();
    let path = put(dir.path(), "a.log", b"one\0two\n\0\0\0\nthree\n");
    let events = json_of(&path).done().exits(0).json();
    has_messages(&events, &["one\0two", "\0\0\0", "three"]);
    let shown = mcpp(["logs", "--file", &path, "--color", "always"]).done().exits(0);
    assert!(!shown.stdout.contains(&0), "{:?}", shown.text());
}

#[test]
fn a_line_of_100_mb_is_cut_marked_and_counted_in_bounded_memory() {
    let dir = folder();
    let path = dir.path().join("a.log");
    let mut file = std::fs::File::create(&path).unwrap();
    file.write_all(b"before\n").unwrap();
    let block = vec![b'x'; 1 << 20];
    for _ in 0..100 {
        file.write_all(&block).unwrap();
    }
    file.write_all(b"\nafter\n").unwrap();
    drop(file);
    let pipeline = following(dir.path(), &json!({ "file": { "paths": [path] } }));
    let out = dir.path().join("out.ndjson");
    let life = mcpp(["run", &pipeline, "--data-dir"]).args([dir.path().join("data")]).start();
    wait_until("the line behind it", || String::from_utf8_lossy(&export::bytes(&out)).contains("\"after\""));
    let peak = life.peak().unwrap();
    assert!(peak < 100 * 1024, "{peak} KiB");
    life.stop().exits(0);
    let events = export::read(&out);
    has_messages(&[events[0].clone(), events[2].clone()], &["before", "after"]);
    assert_eq!(events[1]["cut"], true, "{}", export::message(&events[1]).len());
    assert_eq!(export::message(&events[1]).len(), 1 << 20);
    assert_eq!(events.len(), 3);

    let mut life = mcpp(["logs", "-", "--format", "json"]).start_open(true);
    life.feed(b"before\n");
    for _ in 0..100 {
        life.feed(&block);
    }
    let peak = life.peak().unwrap();
    assert!(peak < 100 * 1024, "{peak} KiB");
    life.feed(b"\nafter\n");
    life.end_input();
    let events = life.wait().exits(0).json();
    assert_eq!(events.len(), 3);
    assert_eq!(events[1]["cut"], true);
    assert_eq!(export::message(&events[2]), "after");
}

#[test]
fn deep_json_is_read_as_far_as_it_is_sound_and_never_ends_the_process() {
    let dir = folder();
    let deep = |open: &str, close: &str, depth: usize| {
        format!("{{\"message\":\"deep\",\"a\":{}1{}}}\n", open.repeat(depth), close.repeat(depth))
    };
    let mut text = String::new();
    for depth in [10, 1_000, 100_000] {
        text += &deep("[", "]", depth);
        text += &deep("{\"b\":", "}", depth);
    }
    text += &"[".repeat(500_000);
    text += "\n{\"message\":\"after\"}\n";
    let path = put(dir.path(), "a.log", text);
    let done = mcpp(["logs", "--file", &path, "--format", "raw"]).done().exits(0);
    assert_eq!(done.stdout.iter().filter(|b| **b == b'\n').count(), 8);
    let done = json_of(&path).done().exits(0);
    let lines: Vec<&[u8]> = done.stdout.split(|b| *b == b'\n').collect();
    assert_eq!(lines.len(), 9);
    assert!(lines[7].windows(7).any(|part| part == b"\"after\""));
}

#[test]
fn broken_json_file_lines_are_kept_as_text_and_the_rest_goes_on() {
    let dir = folder();
    let good = |n: u32| {
        format!("{{\"log\":\"line {n}\\n\",\"stream\":\"stdout\",\"time\":\"2026-01-27T16:47:0{n}Z\"}}\n")
    };
    let broken = [
        "{\"log\":\"torn by a full di\n",
        "\n",
        "not json at all\n",
        "{\"log\":42,\"stream\":\"stdout\",\"time\":\"2026-01-27T16:47:03Z\"}\n",
        "{\"log\":\"no time\\n\",\"stream\":\"stdout\"}\n",
    ];
    let mut text = good(1) + &good(2);
    for part in broken {
        text += part;
    }
    text += &good(4);
    text += &good(5);
    let path = put(dir.path(), "a-json.log", text);
    let done = mcpp(["logs", "--file", &path, "--format", "json"]).done().exits(0);
    let all = done.messages().join("\n");
    for part in
        ["line 1", "line 2", "torn by a full di", "not json at all", "42", "no time", "line 4", "line 5"]
    {
        assert!(all.contains(part), "{part} is not in {all}");
    }
}

#[test]
fn a_key_that_stands_twice_gives_valid_json_and_loses_nothing() {
    let dir = folder();
    let line = r#"{"message":"first","message":"second","a":1,"a":2,"level":"info","level":"error"}"#;
    let path = put(dir.path(), "a.log", format!("{line}\n"));
    let done = json_of(&path).done().exits(0);
    let events = done.json();
    assert_eq!(events.len(), 1);
    assert!(["first", "second"].contains(&export::message(&events[0])));
    let text = String::from_utf8(done.stdout).unwrap();
    let keys = ["\"message\":", "\"level\":", "\"a\":"];
    for key in keys {
        assert_eq!(text.matches(key).count(), 1, "{text}");
    }
    let raw = mcpp(["logs", "--file", &path, "--format", "raw"]).done().exits(0);
    assert_eq!(raw.text().trim_end(), line);
}

#[test]
fn times_that_jump_and_times_of_other_ages_lose_no_line() {
    let dir = folder();
    let times = [
        "2026-01-27T16:47:00Z",
        "2026-01-27T15:00:00Z",
        "1970-01-01T00:00:00Z",
        "2100-12-31T23:59:59Z",
        "0001-01-01T00:00:00Z",
        "9999-12-31T23:59:59.999999999Z",
        "2026-02-30T25:61:61Z",
        "2026-01-27T16:47:01Z",
    ];
    let mut text = String::new();
    let mut boxed = String::new();
    for (number, time) in times.iter().enumerate() {
        writeln!(text, "{time} INFO line {number}").unwrap();
        writeln!(boxed, r#"{{"log":"line {number}\n","stream":"stdout","time":"{time}"}}"#).unwrap();
    }
    for (name, text) in [("a.log", text), ("box-json.log", boxed)] {
        let path = put(dir.path(), name, text);
        let done = json_of(&path).done().exits(0);
        let all = done.messages().join("\n");
        for number in 0..times.len() {
            assert_eq!(all.matches(&format!("line {number}")).count(), 1, "{name}: {all}");
        }
        for format in ["plain", "raw"] {
            let done = mcpp(["logs", "--file", &path, "--format", format]).done().exits(0);
            let shown = done.text().lines().filter(|line| line.contains("line ")).count();
            assert_eq!(shown, times.len(), "{name}: {}", done.text());
        }
    }
}

#[test]
fn an_empty_file_gives_nothing_and_is_no_failure() {
    let dir = folder();
    let path = put(dir.path(), "empty.log", "");
    let done = json_of(&path).done().exits(0).quietly();
    assert_eq!(done.text(), "");
    let done = mcpp(["logs", "-"]).stdin("").done().exits(0).quietly();
    assert_eq!(done.text(), "");
}

#[test]
fn of_a_truncated_gz_everything_that_can_be_read_is_read_and_the_rest_is_told() {
    let dir = folder();
    let mut text = String::new();
    for number in 0..20_000 {
        writeln!(text, "2026-01-27T16:47:00Z INFO line {number} {}", number * 7919 % 10_007).unwrap();
    }
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(text.as_bytes()).unwrap();
    let packed = encoder.finish().unwrap();
    let whole = put(dir.path(), "whole.log.gz", &packed);
    let done = json_of(&whole).done().exits(0).quietly();
    assert_eq!(done.json().len(), 20_000);
    let torn = put(dir.path(), "torn.log.gz", &packed[..packed.len() / 2]);
    let good = put(dir.path(), "good.log", "2026-01-27T16:47:00Z INFO good\n");
    let done = mcpp(["logs", "--format", "json", "--file", &torn, &good]).done().exits(0).says("torn.log.gz");
    let messages = done.messages();
    assert!(messages.len() > 5_000, "{}", messages.len());
    assert!(messages.iter().any(|message| message == "good"));
}

#[test]
fn two_notations_in_one_file_are_both_understood() {
    let dir = folder();
    let text = "\
{\"time\":\"2026-01-27T16:47:00Z\",\"level\":\"warn\",\"message\":\"as json\"}\n\
2026-01-27 16:47:01,123 - server - ERROR - as python\n\
level=info ts=2026-01-27T16:47:02Z msg=\"as logfmt\"\n\
just text\n";
    let path = put(dir.path(), "a.log", text);
    let events = json_of(&path).done().exits(0).json();
    has_messages(&events, &["as json", "as python", "as logfmt", "just text"]);
    let levels: Vec<&Value> = events.iter().map(|event| &event["level"]).collect();
    assert_eq!(levels, [&json!("WARN"), &json!("ERROR"), &json!("INFO"), &Value::Null]);
}

#[test]
fn an_unreadable_file_among_ten_is_a_warning() {
    let dir = folder();
    for number in 0..9 {
        put(
            dir.path(),
            &format!("{number}.log"),
            format!("2026-01-27T16:47:0{number}Z INFO line {number}\n"),
        );
    }
    std::fs::create_dir(dir.path().join("folder.log")).unwrap();
    // Reading it fails for root too.
    symlink("/proc/self/mem", dir.path().join("mem.log")).unwrap();
    let pattern = dir.path().join("*.log");
    let done = json_of(pattern.to_str().unwrap()).done().exits(0).says("mem.log");
    assert_eq!(done.messages(), (0..9).map(|number| format!("line {number}")).collect::<Vec<_>>());
}

#[test]
fn more_files_than_a_shell_lets_a_program_open_are_all_read() {
    let dir = folder();
    for number in 0..200 {
        put(dir.path(), &format!("{number}.log"), format!("2026-01-27T16:47:00Z INFO line {number}\n"));
    }
    let output = Command::new("sh")
        .args(["-c", "ulimit -Sn 64 && exec \"$0\" logs --file \"$1\" --format json"])
        .arg(env!("CARGO_BIN_EXE_mcpp"))
        .arg(dir.path().join("*.log"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(export::parse(&output.stdout).len(), 200);
}

#[test]
fn a_link_that_leads_nowhere_is_a_warning() {
    let dir = folder();
    put(dir.path(), "b.log", "INFO here\n");
    symlink("/nonexistent", dir.path().join("a.log")).unwrap();
    let done = json_of(&format!("{}/*.log", dir.path().display())).done().exits(0).says("a.log");
    has_messages(&export::parse(&done.stdout), &["here"]);
}

#[test]
fn a_file_that_is_named_and_missing_is_a_failure() {
    let dir = folder();
    let missing = dir.path().join("missing.log");
    let done = json_of(missing.to_str().unwrap()).done().exits(1).says("missing.log");
    assert_eq!(done.text(), "");
    let nothing = dir.path().join("*.nothing");
    json_of(nothing.to_str().unwrap()).done().exits(1).says("*.nothing");
}

#[test]
fn a_full_disk_under_output_fails_with_its_reason() {
    let dir = folder();
    let path = put(dir.path(), "a.log", "line\n".repeat(100_000));
    let done = mcpp(["logs", "--file", &path, "--output", "/dev/full"]).done().exits(1);
    done.says("/dev/full").says("No space left on device");
    let out = put(dir.path(), "x", "");
    let done = mcpp(["logs", "--file", &path, "--output", &format!("{out}/y")]).done().exits(1);
    done.says("/x/y");
}

#[test]
fn a_closed_pipe_is_the_end_and_no_failure() {
    let dir = folder();
    let path = put(dir.path(), "a.log", "2026-01-27T16:47:00Z INFO line\n".repeat(200_000));
    for format in ["plain", "json", "raw"] {
        let mut child = Command::new(env!("CARGO_BIN_EXE_mcpp"))
            .args(["logs", "--file", &path, "--format", format])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut first = String::new();
        BufReader::with_capacity(64, child.stdout.take().unwrap()).read_line(&mut first).unwrap();
        assert!(!first.is_empty());
        let done = child.wait_with_output().unwrap();
        assert_eq!(done.status.code(), Some(0), "{}", String::from_utf8_lossy(&done.stderr));
        assert!(done.stderr.is_empty(), "{}", String::from_utf8_lossy(&done.stderr));
    }
}

#[test]
fn an_unknown_unit_is_told_with_what_can_be_written() {
    let dir = folder();
    let path = put(dir.path(), "a.log", "line\n");
    let done = mcpp(["logs", "--file", &path, "--since", "5mn"]).done().exits(2);
    done.says("unknown unit 'mn'; write 5m, 24h, 2026-01-27, 2026-01-27T16:47Z");
}

#[test]
fn a_misspelt_field_is_told_with_its_near_miss() {
    let dir = folder();
    let path = put(dir.path(), "a.log", "line\n");
    // A line may have a field of that name: it is told, and not refused.
    let done = mcpp(["logs", "--file", &path, "--where", "tool.duratoin > 1s"]).done().exits(0);
    done.says("tool.duratoin").says("did you mean `tool.duration`?");
}

#[test]
fn sigterm_drains_and_a_second_signal_ends_at_once() {
    let dir = folder();
    let path = put(dir.path(), "a.log", "2026-01-27T16:47:00Z INFO line\n".repeat(50_000));
    let pipeline = following(dir.path(), &json!({ "file": { "paths": [path] } }));
    let out = dir.path().join("out.ndjson");
    let life = mcpp(["run", &pipeline, "--data-dir"]).args([dir.path().join("data")]).start();
    wait_until("the first lines", || !export::bytes(&out).is_empty());
    life.stop().exits(0);
    let first = export::read(&out).len();
    let life = mcpp(["run", &pipeline, "--data-dir"]).args([dir.path().join("data")]).start();
    wait_until("all lines", || export::bytes(&out).iter().filter(|b| **b == b'\n').count() >= 50_000);
    life.stop().exits(0);
    let events = export::read(&out);
    assert_eq!(events.len(), 50_000, "{first} before the stop");
    export::no_id_twice(&events);

    // A sink that cannot write keeps the drain waiting.
    let stuck = json!({
        "name": "stuck",
        "sources": { "in": { "file": { "paths": [path] } } },
        "sinks": { "out": { "file": { "path": "/dev/full" } } },
    });
    let stuck = put(dir.path(), "stuck.yaml", stuck.to_string());
    let life = mcpp(["--log", "warn", "run", &stuck, "--data-dir"]).args([dir.path().join("data2")]).start();
    wait_until("the checkpoint of the start", || {
        dir.path().join("data2").read_dir().is_ok_and(|mut entries| entries.next().is_some())
    });
    life.signal("TERM");
    // Two signals of one kind that come together are one to the kernel: ask until it is heard.
    let mut life = life;
    wait_until("the second signal", || {
        life.signal_if_running("INT");
        !life.is_running()
    });
    life.wait().exits(3);
}

#[test]
fn a_busy_file_makes_progress_beside_1000_quiet_ones_with_unfinished_lines() {
    let dir = folder();
    for number in 0..1000 {
        put(
            dir.path(),
            &format!("quiet-{number}.log"),
            format!("2026-01-27T16:47:00Z INFO whole <<q-{number}>>\nhalf"),
        );
    }
    let busy = put(dir.path(), "busy.log", "");
    let pattern = dir.path().join("*.log");
    let pipeline = following(dir.path(), &json!({ "file": { "paths": [pattern] } }));
    let out = dir.path().join("out.ndjson");
    let life = mcpp(["run", &pipeline, "--data-dir"]).args([dir.path().join("data")]).start();
    let mut next = 0;
    for round in 1..=20u64 {
        let mut text = String::new();
        while next < round * 2000 {
            writeln!(text, "2026-01-27T16:47:00Z INFO busy <<busy-{next}>>").unwrap();
            next += 1;
        }
        append(&busy, text);
    }
    wait_until("the busy file's lines", || {
        String::from_utf8_lossy(&export::bytes(&out)).contains(&format!("<<busy-{}>>", next - 2))
    });
    for number in 0..1000 {
        append(dir.path().join(format!("quiet-{number}.log")), " done\n");
    }
    wait_until("the quiet files' lines", || {
        String::from_utf8_lossy(&export::bytes(&out)).matches("half done").count() == 1000
    });
    let peak = life.peak().unwrap();
    life.stop().exits(0);
    assert!(peak < 200 * 1024, "{peak} KiB");
    let events = export::read(&out);
    export::no_id_twice(&events);
    export::holds_all(&events, "busy", next);
}

#[test]
fn a_hundred_halves_of_900_kib_make_progress() {
    let dir = folder();
    let half = "x".repeat(900 * 1024);
    for number in 0..100 {
        put(dir.path(), &format!("{number}.log"), format!("<<h-{number}>>{half}"));
    }
    let pattern = dir.path().join("*.log");
    let pipeline = following(dir.path(), &json!({ "file": { "paths": [pattern] } }));
    let out = dir.path().join("out.ndjson");
    let life = mcpp(["run", &pipeline, "--data-dir"]).args([dir.path().join("data")]).start();
    for number in 0..100 {
        append(dir.path().join(format!("{number}.log")), "end\n");
    }
    wait_until("all lines", || export::bytes(&out).iter().filter(|b| **b == b'\n').count() == 100);
    let peak = life.peak().unwrap();
    life.stop().exits(0);
    assert!(peak < 200 * 1024, "{peak} KiB");
    for event in export::read(&out) {
        let message = export::message(&event);
        assert!(message.ends_with("xend") && message.starts_with("<<h-"), "{}", message.len());
    }
}
