//! Files read once.

use super::*;

#[test]
fn files_are_read_to_their_ends() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("a.log"), "one\ntwo\nlast without newline").unwrap();
    fs::write(dir.path().join("b.log"), "three\r\nfour\n").unwrap();
    fs::write(dir.path().join("empty.log"), "").unwrap();
    fs::write(dir.path().join("c.txt"), "no\n").unwrap();
    let seen = once("file", dir.path(), paths(&["*.log"]));
    let mut got = texts(&seen);
    got.sort();
    assert_eq!(got, ["four", "last without newline", "one", "three", "two"]);
    assert_eq!(seen.ends.len(), 2);
    assert!(seen.ends.iter().all(|(_, end, _)| *end == End::Input));
    assert_eq!(seen.gone.len(), 2);
}

#[test]
fn packed_files_and_arrays_are_read_as_text() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("a"), gzip(b"one\ntwo\n")).unwrap();
    fs::write(dir.path().join("b"), zstd::encode_all(&b"three\nfour"[..], 1).unwrap()).unwrap();
    fs::write(dir.path().join("c"), "[\n {\"m\": \"five\"},\n {\"m\": \"six\"}\n]\n").unwrap();
    fs::write(dir.path().join("d"), gzip(b"[{\"m\":7}]")).unwrap();
    let two = [gzip(b"eight\nni"), gzip(b"ne\n")].concat();
    fs::write(dir.path().join("e"), two).unwrap();
    let seen = once("file", dir.path(), paths(&["*"]));
    let mut got: Vec<_> = texts(&seen).into_iter().filter(|t| !t.is_empty()).collect();
    got.sort();
    assert_eq!(
        got,
        [
            "eight",
            "four",
            "nine",
            "one",
            "three",
            "two",
            "{\"m\": \"five\"}",
            "{\"m\": \"six\"}",
            "{\"m\":7}"
        ]
    );
}

#[test]
fn a_truncated_gz_is_read_as_far_as_it_goes() {
    let dir = tempfile::tempdir().unwrap();
    let text: String = (0..20_000).map(|n| format!("line {n} {}\n", n * 7919 % 1000)).collect();
    let packed = gzip(text.as_bytes());
    fs::write(dir.path().join("a.gz"), &packed[..packed.len() / 2]).unwrap();
    fs::write(dir.path().join("b.log"), "other\n").unwrap();
    let seen = once("file", dir.path(), paths(&["*"]));
    let got: Vec<_> = seen.records.iter().filter(|r| r.text != "other").collect();
    assert!(got.len() > 1000, "{}", got.len());
    let expected: Vec<&str> = text.lines().collect();
    for (n, record) in got.iter().enumerate().take(got.len() - 1) {
        assert_eq!(record.text, expected[n]);
    }
    assert!(seen.records.iter().any(|r| r.text == "other"));
}

#[test]
fn an_unreadable_file_among_others_is_left_out() {
    let dir = tempfile::tempdir().unwrap();
    for n in 0..9 {
        fs::write(dir.path().join(format!("{n}.log")), format!("{n}\n")).unwrap();
    }
    fs::write(dir.path().join("bad.log"), b"\x28\xb5\x2f\xfd\xff\xff not zstd").unwrap();
    let seen = once("file", dir.path(), paths(&["*.log"]));
    assert_eq!(seen.records.len(), 9);
}

#[test]
fn nothing_to_read_is_an_error() {
    let dir = tempfile::tempdir().unwrap();
    let source = build("file", dir.path(), paths(&["no.log"])).unwrap();
    let (_, result) = start(source, RunMode { once: true, from_now: false }, HashMap::new()).join();
    assert!(matches!(result, Err(SourceError::Nothing(_))));
}

#[test]
fn rotated_files_are_the_beginning_of_the_one_they_were() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("a.log.2.gz"), gzip(b"one\n")).unwrap();
    fs::write(dir.path().join("a.log.1"), "two\n").unwrap();
    fs::write(dir.path().join("a.log"), "three\n").unwrap();
    let seen = once("file", dir.path(), paths(&["a.log*"]));
    assert_eq!(texts(&seen), ["one", "two", "three"]);
    assert_eq!(seen.opened, 1);
    assert_eq!(seen.records.iter().map(|r| r.seq).collect::<Vec<_>>(), [1, 2, 3]);
    let only = once("file", dir.path(), paths(&["a.log"]));
    assert_eq!(texts(&only), ["three"]);
}

#[test]
fn a_line_of_a_hundred_megabytes_is_cut_and_does_not_fill_memory() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.log");
    let mut file = fs::File::create(&path).unwrap();
    file.write_all(b"before\n").unwrap();
    let piece = vec![b'x'; 1 << 20];
    for _ in 0..100 {
        file.write_all(&piece).unwrap();
    }
    file.write_all(b"\nafter\n").unwrap();
    let seen = once("file", dir.path(), paths(&["a.log"]));
    let lengths: Vec<_> = seen.records.iter().map(|r| (r.text.len(), r.cut)).collect();
    assert_eq!(lengths, [(6, false), (1 << 20, true), (5, false)]);
    assert!(seen.largest <= (1 << 20) + 1, "{}", seen.largest);
}

#[test]
fn ids_of_lines_are_their_files_and_offsets() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("a.log"), "same\nsame\n").unwrap();
    fs::write(dir.path().join("b.log"), "same\n").unwrap();
    let first = once("file", dir.path(), paths(&["*.log"]));
    let second = once("file", dir.path(), paths(&["*.log"]));
    let ids = |seen: &Seen| {
        let mut ids: Vec<_> = seen.records.iter().map(|r| r.id).collect();
        ids.sort();
        ids
    };
    assert_eq!(ids(&first), ids(&second));
    let distinct: std::collections::HashSet<_> = ids(&first).into_iter().collect();
    assert_eq!(distinct.len(), 3);
}

#[test]
fn a_thousand_files_fit_a_small_budget() {
    let dir = tempfile::tempdir().unwrap();
    for n in 0..1000 {
        fs::write(dir.path().join(format!("{n}.log")), format!("{n}\n").repeat(50)).unwrap();
    }
    let source = build("file", dir.path(), paths(&["*.log"])).unwrap();
    let mode = RunMode { once: true, from_now: false };
    let (seen, result) = start_with(source, mode, HashMap::new(), 64 << 10).join();
    result.unwrap();
    assert_eq!(seen.records.len(), 50_000);
}
