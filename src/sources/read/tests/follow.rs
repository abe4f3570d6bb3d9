//! Files read as they grow, are rotated, vanish and come back.

use super::*;

fn follow(dir: &Path, pattern: &str, saved: HashMap<String, SavedPartition>) -> Running {
    start(build("file", dir, paths(&[pattern])).unwrap(), RunMode::default(), saved)
}

/// What a run sees that begins at what another has saved, and reads what is there.
fn resumed(dir: &Path, pattern: &str, seen: &Seen) -> Seen {
    let source = build("file", dir, paths(&[pattern])).unwrap();
    let mode = RunMode { once: true, from_now: false };
    let (seen, result) = start(source, mode, seen.saved.clone()).join();
    result.unwrap();
    seen
}

fn seqs(seen: &Seen) -> Vec<u64> {
    seen.records.iter().map(|r| r.seq).collect()
}

#[test]
fn half_lines_wait_for_their_end() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.log");
    append(&path, "one\ntw");
    let run = follow(dir.path(), "a.log", HashMap::new());
    run.wait_for(&["one"]);
    append(&path, "o");
    std::thread::sleep(Duration::from_millis(100));
    append(&path, "\nthree\n");
    run.wait_for(&["one", "two", "three"]);
    run.stop();
}

#[test]
fn a_quiet_file_says_that_time_has_passed() {
    let dir = tempfile::tempdir().unwrap();
    append(dir.path().join("a.log"), "one\n");
    let run = follow(dir.path(), "a.log", HashMap::new());
    run.wait_for(&["one"]);
    let start = Instant::now();
    run.wait("two notices", |seen| seen.ends.len() == 2);
    let seen = run.stop();
    assert!(seen.ends.iter().all(|(_, end, _)| *end == End::Clock));
    let after: Vec<u128> = seen.ends.iter().map(|(_, _, at)| (*at - start).as_millis()).collect();
    assert!(after[0] >= 1000 && after[1] >= after[0] + 900, "{after:?}");
}

#[test]
fn a_renamed_file_is_drained_before_its_successor() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.log");
    append(&path, "one\n");
    let run = follow(dir.path(), "a.log", HashMap::new());
    run.wait_for(&["one"]);
    fs::rename(&path, dir.path().join("a.log.1")).unwrap();
    append(dir.path().join("a.log.1"), "late\n");
    append(&path, "two\n");
    append(dir.path().join("a.log.1"), "later\n");
    run.wait_for(&["one", "late", "later", "two"]);
    append(&path, "three\n");
    run.wait_for(&["one", "late", "later", "two", "three"]);
    let seen = run.stop();
    assert_eq!(seqs(&seen), [1, 2, 3, 4, 5]);
    assert_eq!(seen.opened, 1);
}

#[test]
fn a_truncated_file_is_read_from_its_start_and_its_copy_to_its_end() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.log");
    append(&path, "one\n");
    let run = follow(dir.path(), "a.log", HashMap::new());
    run.wait_for(&["one"]);
    append(&path, "two\n");
    fs::copy(&path, dir.path().join("a.log.1")).unwrap();
    fs::File::create(&path).unwrap();
    append(&path, "three is longer than all before it\n");
    run.wait_for(&["one", "two", "three is longer than all before it"]);
    let seen = run.stop();
    let ids: std::collections::HashSet<_> = seen.records.iter().map(|r| r.id).collect();
    assert_eq!(ids.len(), 3);
}

#[test]
fn a_file_that_begins_as_the_one_before_has_other_ids() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.log");
    append(&path, "banner\none\n");
    let run = follow(dir.path(), "a.log", HashMap::new());
    run.wait_for(&["banner", "one"]);
    fs::File::create(&path).unwrap();
    run.wait("the file is looked at", |_| true);
    std::thread::sleep(Duration::from_millis(1500));
    append(&path, "banner\n");
    run.wait_for(&["banner", "one", "banner"]);
    let seen = run.stop();
    assert_ne!(seen.records[0].id, seen.records[2].id);
}

#[test]
fn new_files_join_and_files_come_back() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.log");
    append(&path, "one\n");
    let run = follow(dir.path(), "*.log", HashMap::new());
    run.wait_for(&["one"]);
    append(dir.path().join("b.log"), "two\n");
    run.wait_for(&["one", "two"]);
    fs::remove_file(&path).unwrap();
    run.wait("the end of a life", |seen| seen.ends.iter().any(|(_, end, _)| *end == End::Life));
    append(&path, "three\n");
    run.wait_for(&["one", "two", "three"]);
    let seen = run.stop();
    assert_eq!(seqs(&seen), [1, 1, 2]);
}

#[test]
fn a_containers_end_is_the_end_of_its_log() {
    let dir = tempfile::tempdir().unwrap();
    let id = "4f1c0f6c0a9a4d3db3c8f7a5d2e1b0c94f1c0f6c0a9a4d3db3c8f7a5d2e1b0c9";
    let path = dir.path().join(format!("{id}-json.log"));
    append(&path, "{\"log\":\"one\\n\",\"stream\":\"stdout\",\"time\":\"2025-01-27T16:47:30.1Z\"}\n");
    let source = build("container_files", dir.path(), paths(&["*-json.log"])).unwrap();
    let run = start(source, RunMode::default(), HashMap::new());
    run.wait_for(&["one"]);
    append(&path, "{\"log\":\"two\\n\",\"stream\":\"stdout\",\"time\":\"2025-01-27T16:47:30.1Z\"}\n");
    fs::remove_file(&path).unwrap();
    run.wait("the end", |seen| seen.ends.iter().any(|(_, end, _)| *end == End::Input));
    run.wait("closed", |seen| seen.gone.len() == 1);
    assert_eq!(run.texts(), ["one", "two"]);
    run.stop();
}

#[test]
fn reading_may_begin_at_the_end() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.log");
    append(&path, "old\nhal");
    let source = build("file", dir.path(), paths(&["*.log"])).unwrap();
    let run = start(source, RunMode { once: false, from_now: true }, HashMap::new());
    run.wait("open", |seen| seen.opened == 1 || !seen.ends.is_empty());
    append(&path, "f\nnew\n");
    append(dir.path().join("b.log"), "other\n");
    run.wait("both", |seen| seen.records.len() == 3);
    let mut texts = run.texts();
    texts.sort();
    assert_eq!(texts, ["half", "new", "other"]);
    run.stop();
}

#[test]
fn reading_goes_on_exactly_where_it_stopped() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.log");
    append(&path, "one\ntwo\n");
    let first = once("file", dir.path(), paths(&["a.log"]));
    append(&path, "three\n");
    let second = resumed(dir.path(), "a.log", &first);
    assert_eq!(texts(&second), ["three"]);
    assert_eq!(seqs(&second), [3]);
    let third = resumed(dir.path(), "a.log", &second);
    assert!(third.records.is_empty());
    assert_eq!(third.ends.len(), 1, "what is held is let go");
}

#[test]
fn a_file_rotated_while_nobody_read_is_read_on() {
    for packed in [false, true] {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.log");
        append(&path, "one\n");
        let first = once("file", dir.path(), paths(&["a.log"]));
        append(&path, "two\n");
        fs::rename(&path, dir.path().join("a.log.2")).unwrap();
        if packed {
            fs::write(dir.path().join("a.log.2.gz"), gzip(b"one\ntwo\n")).unwrap();
            fs::remove_file(dir.path().join("a.log.2")).unwrap();
        }
        append(dir.path().join("a.log.1"), "three\n");
        append(&path, "four\n");
        let second = resumed(dir.path(), "a.log", &first);
        assert_eq!(texts(&second), ["two", "three", "four"], "packed: {packed}");
        assert_eq!(seqs(&second), [2, 3, 4]);
    }
}

#[test]
fn a_file_renamed_and_not_replaced_is_read_to_its_end() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.log");
    append(&path, "one\n");
    append(dir.path().join("b.log"), "other\n");
    let first = once("file", dir.path(), paths(&["*.log"]));
    append(&path, "two\n");
    fs::rename(&path, dir.path().join("a.log.1")).unwrap();
    let second = resumed(dir.path(), "*.log", &first);
    assert_eq!(texts(&second), ["two"]);
}

#[test]
fn a_copy_made_while_nobody_read_is_read_on() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.log");
    append(&path, "one\n");
    let first = once("file", dir.path(), paths(&["a.log"]));
    append(&path, "two\n");
    fs::copy(&path, dir.path().join("a.log.1")).unwrap();
    fs::File::create(&path).unwrap();
    append(&path, "three\n");
    let second = resumed(dir.path(), "a.log", &first);
    assert_eq!(texts(&second), ["two", "three"]);
    assert_eq!(seqs(&second), [2, 3]);
}

#[test]
fn what_is_gone_is_a_gap_and_the_rest_is_read() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.log");
    append(&path, "one\n");
    let mut first = once("file", dir.path(), paths(&["a.log"]));
    let saved = first.saved.values_mut().next().unwrap();
    saved.branches.insert("out".into(), crate::ack::checkpoint::SavedBranch { seq: 7, owed: Vec::new() });
    fs::remove_file(&path).unwrap();
    append(dir.path().join("unrelated"), "x\n");
    append(&path, "two\n");
    let gaps = crate::telemetry::read::READ.gaps.get();
    let second = resumed(dir.path(), "a.log", &first);
    assert_eq!(texts(&second), ["two"]);
    assert_eq!(seqs(&second), [8], "above every branch");
    assert!(crate::telemetry::read::READ.gaps.get() > gaps);
}

#[test]
fn a_cut_line_is_skipped_to_its_end_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.log");
    append(&path, &"x".repeat(2 << 20));
    let run = follow(dir.path(), "a.log", HashMap::new());
    run.wait("cut", |seen| seen.records.len() == 1);
    let first = run.stop();
    assert!(first.records[0].cut);
    append(&path, "rest\nnext\n");
    let second = resumed(dir.path(), "a.log", &first);
    assert_eq!(texts(&second), ["next"]);
}
