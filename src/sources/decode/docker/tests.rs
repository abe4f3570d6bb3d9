use super::*;
use crate::event::Identity;
use crate::sources::decode::tests::{batch, decode, seen};
use proptest::prelude::*;

/// The specification of the specification: what `serde_json` and chrono make of a line.
fn reference(line: &[u8]) -> Option<(Vec<u8>, Stream, Nanos)> {
    let value: serde_json::Map<String, Value> = serde_json::from_slice(line).ok()?;
    let text = |key: &str| match value.get(key) {
        None | Some(Value::Null) => Some(None),
        Some(Value::String(text)) => Some(Some(text.clone())),
        Some(_) => None,
    };
    let stream = match text("stream")?.as_deref() {
        None => Stream::None,
        Some("stdout") => Stream::Stdout,
        Some("stderr") => Stream::Stderr,
        Some(_) => return None,
    };
    let time = parse_rfc3339(text("time")??.as_bytes())?;
    Some((text("log")?.unwrap_or_default().into_bytes(), stream, time))
}

fn meaning(line: &[u8], found: Line) -> (Vec<u8>, Stream, Nanos) {
    let mut text = Vec::new();
    escape::unescape_into(&line[found.log.0..found.log.1], &mut text);
    (text, found.stream, found.time)
}

fn agree(line: &[u8]) {
    let shown = String::from_utf8_lossy(line);
    let slow = slow(line);
    assert_eq!(slow.map(|l| meaning(line, l)), reference(line), "{shown}");
    if let Some(fast) = fast(line, &mut TimeReader::default()) {
        assert_eq!(Some(fast), slow, "{shown}");
    }
}

#[test]
fn what_docker_writes_takes_the_fast_path() {
    for line in [
        r#"{"log":"hello\n","stream":"stdout","time":"2025-01-27T16:47:30.124550668Z"}"#,
        r#"{"log":"","stream":"stderr","time":"2025-01-27T16:47:30Z"}"#,
        r#"{"log":"a \"b\" \\ \u003c\u0009 é 文 🚀\n","stream":"stdout","time":"2025-01-27T16:47:30.1Z"}"#,
    ] {
        assert!(fast(line.as_bytes(), &mut TimeReader::default()).is_some(), "{line}");
        agree(line.as_bytes());
    }
}

#[test]
fn other_forms_take_the_slow_path() {
    let time = 1_737_996_450_100_000_000;
    for (line, text, stream) in [
        (r#"{"stream":"stdout","time":"2025-01-27T16:47:30.1Z"}"#, "", Stream::Stdout),
        (r#"{"time":"2025-01-27T16:47:30.1Z","log":"x\n","stream":"stderr"}"#, "x\n", Stream::Stderr),
        (
            r#"{"log":"x","stream":"stdout","attrs":{"tag":"a\"b"},"time":"2025-01-27T16:47:30.1Z"}"#,
            "x",
            Stream::Stdout,
        ),
        (r#" {"log":"x","stream":"std\u006fut","time":"2025-01-27T17:47:30.1+01:00"} "#, "x", Stream::Stdout),
        (r#"{"log":"x","log":"y","stream":"stdout","time":"2025-01-27T16:47:30.1Z"}"#, "y", Stream::Stdout),
        (r#"{"log":null,"stream":null,"time":"2025-01-27T16:47:30.1Z"}"#, "", Stream::None),
    ] {
        let found = fast(line.as_bytes(), &mut TimeReader::default()).or_else(|| slow(line.as_bytes()));
        let found = found.unwrap_or_else(|| panic!("{line}"));
        assert_eq!(meaning(line.as_bytes(), found), (text.as_bytes().to_vec(), stream, time), "{line}");
        agree(line.as_bytes());
    }
}

#[test]
fn what_json_refuses_is_refused() {
    let tail = br#"","stream":"stdout","time":"2025-01-27T16:47:30.1Z"}"#;
    for text in [
        &b"bad \\q"[..],
        b"bad \\u12",
        b"lone \\ud800 half",
        b"lone \\udc00 half",
        b"raw \t tab",
        b"raw \x00",
        b"not \xff UTF-8",
        b"cut \xe2\x82",
        b"a \" quote",
        b"\" first",
        b"a quote last\"",
        b"a backslash last\\",
        b"three \\\\\\",
    ] {
        let line = [br#"{"log":""#, text, tail].concat();
        assert_eq!(fast(&line, &mut TimeReader::default()), None, "{}", String::from_utf8_lossy(text));
        assert_eq!(slow(&line), None, "{}", String::from_utf8_lossy(text));
        agree(&line);
    }
}

#[test]
fn a_broken_line_is_kept_as_text() {
    let input = concat!(
        "{\"log\":\"a\\n\",\"stream\":\"stdout\",\"time\":\"2025-01-27T16:47:30.1Z\"}\n",
        "{\"log\":\"b\\n\",\"stream\":\"std\n",
        "{\"log\":5,\"time\":\"2025-01-27T16:47:30.1Z\"}\n",
        "{\"log\":\"c\\\\n\",\"stream\":\"stdout\",\"time\":\"2025-01-27T16:47:30.1Z\"}\n",
    );
    let (rows, tallies) =
        decode(&Docker::new(1 << 20), Identity::Container, input.as_bytes(), usize::MAX / 2);
    assert_eq!(tallies[0].misframed, 2);
    let texts: Vec<_> = rows.iter().map(|r| String::from_utf8_lossy(&r.text).into_owned()).collect();
    assert_eq!(
        texts,
        [
            "a",
            "{\"log\":\"b\\n\",\"stream\":\"std",
            "{\"log\":5,\"time\":\"2025-01-27T16:47:30.1Z\"}",
            "c\\n"
        ]
    );
    assert_eq!(rows.iter().map(|r| r.place).collect::<Vec<_>>(), [0, 0, 1, 1]);
    assert_eq!(rows.iter().map(|r| r.seq).collect::<Vec<_>>(), [1, 2, 3, 4]);
}

#[test]
fn the_end_of_a_line_is_no_text() {
    for (log, text) in [
        (r"a\n", "a"),
        (r"a\r\n", "a"),
        (r"a\u000a", "a"),
        (r"a\u000D\u000A", "a"),
        (r"a\\n", "a\\n"),
        (r"a\\\n", "a\\"),
        (r"a\r", "a\r"),
        (r"\n\n", "\n"),
        (r"\n", ""),
        ("", ""),
    ] {
        let line =
            format!("{{\"log\":\"{log}\",\"stream\":\"stdout\",\"time\":\"2025-01-27T16:47:30.1Z\"}}\n");
        let (rows, _) = decode(&Docker::new(1 << 20), Identity::Container, line.as_bytes(), 1 << 20);
        assert_eq!(String::from_utf8_lossy(&rows[0].text), text, "{log}");
    }
}

fn line(text: &str, stream: &str, second: u32) -> String {
    let log = serde_json::to_string(text).unwrap();
    format!("{{\"log\":{log},\"stream\":\"{stream}\",\"time\":\"2025-01-27T16:47:{second:02}.5Z\"}}\n")
}

#[test]
fn parts_are_joined_only_where_docker_cut() {
    let part = "x".repeat(PART);
    let short = "y".repeat(PART - 1);
    let wide = "é".repeat(PART / 2);
    // Name, lines, and of each joined record its length and number of parts.
    type Case = (&'static str, Vec<String>, Vec<(usize, u32)>);
    let cases: [Case; 7] = [
        ("two", vec![line(&part, "stdout", 1), line("end\n", "stdout", 1)], vec![(PART + 3, 2)]),
        (
            "three with another stream between",
            vec![
                line(&part, "stdout", 1),
                line("other\n", "stderr", 1),
                line(&part, "stdout", 1),
                line("\n", "stdout", 1),
            ],
            vec![(5, 1), (2 * PART, 3)],
        ),
        (
            "another time: a restarted container",
            vec![line(&part, "stdout", 1), line("new\n", "stdout", 2)],
            vec![(PART, 1), (3, 1)],
        ),
        (
            "too short: a last write",
            vec![line(&short, "stdout", 1), line("new\n", "stdout", 1)],
            vec![(PART - 1, 1), (3, 1)],
        ),
        (
            "whole",
            vec![line(&format!("{part}\n"), "stdout", 1), line("new\n", "stdout", 1)],
            vec![(PART, 1), (3, 1)],
        ),
        (
            "bytes, not characters",
            vec![line(&wide, "stdout", 1), line("end\n", "stdout", 1)],
            vec![(PART + 3, 2)],
        ),
        (
            "escapes do not count",
            vec![line(&"\"".repeat(PART / 2), "stdout", 1), line("new\n", "stdout", 1)],
            vec![(PART / 2, 1), (3, 1)],
        ),
    ];
    for (name, lines, expected) in cases {
        for step in [1, 1 << 20] {
            let (rows, tallies) =
                decode(&Docker::new(1 << 20), Identity::Container, lines.concat().as_bytes(), step);
            let got: Vec<_> = rows.iter().map(|r| (r.text.len(), r.records)).collect();
            assert_eq!(got, expected, "{name}, step {step}");
            let joined: u64 = tallies.iter().map(|t| t.joined).sum();
            assert_eq!(joined + rows.len() as u64, lines.len() as u64, "{name}");
        }
    }
}

#[test]
fn a_joined_record_has_key_and_place_of_its_first_part() {
    let part = "x".repeat(PART);
    let input = [
        line("a\n", "stdout", 1),
        line(&part, "stdout", 1),
        line("o\n", "stderr", 1),
        line("z\n", "stdout", 1),
    ];
    let (rows, _) = decode(&Docker::new(1 << 20), Identity::Container, input.concat().as_bytes(), 1);
    assert_eq!(rows.iter().map(|r| (r.seq, r.place)).collect::<Vec<_>>(), [(1, 0), (3, 0), (2, 1)]);
}

#[test]
fn joined_parts_end_at_the_longest_record() {
    let part = "x".repeat(PART);
    let mut input: Vec<String> = (0..12).map(|_| line(&part, "stdout", 1)).collect();
    input.push(line("end\n", "stdout", 1));
    let (rows, tallies) = decode(&Docker::new(128 << 10), Identity::Container, input.concat().as_bytes(), 1);
    assert_eq!(rows.len(), 1);
    assert_eq!((rows[0].text.len(), rows[0].records, rows[0].cut), (128 << 10, 13, true));
    assert_eq!(tallies.iter().map(|t| t.cut).sum::<u64>(), 1);
}

#[test]
fn a_part_waits_for_the_clock() {
    let decoder = Docker::new(1 << 20);
    let part = line(&"x".repeat(PART), "stdout", 1);
    let mut memory = decoder.start();
    let mut first = batch(Identity::Container, part.as_bytes(), 0);
    decoder.decode(&mut memory, &mut first, 0);
    assert!(first.rows.is_empty());
    assert_eq!(Memory::owed(&memory), [Key { seq: 1, index: 0 }]);
    let time = reference(part.trim_end().as_bytes()).unwrap().2;
    decoder.release(&mut memory, &mut first, time + 900_000_000, End::Clock);
    assert!(first.rows.is_empty(), "not yet");
    decoder.release(&mut memory, &mut first, time + 1_100_000_000, End::Clock);
    assert!(first.rows[0].flags.has(Flags::PARTIAL));
    assert_eq!(Memory::owed(&memory), []);
    let mut second = batch(Identity::Container, line("end\n", "stdout", 1).as_bytes(), 0);
    decoder.decode(&mut memory, &mut second, 1);
    assert_eq!(seen(&second)[0].text, b"end");
}

#[test]
fn a_file_is_known_by_its_offsets() {
    let input = [line("a\n", "stdout", 1), line("b\n", "stdout", 1)];
    let (rows, _) = decode(&Docker::new(1 << 20), Identity::File, input.concat().as_bytes(), 1 << 20);
    assert_eq!(rows[1].place, input[0].len() as u64);
}

fn log_text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[ -~]{0,40}",
        "[\\x00-\\x7f]{0,40}",
        "\\PC{0,20}",
        "([a-z\"\\\\/<>&\n\r\t]|é|🚀){0,40}",
        Just("\\\\\\\"\\n".to_owned()),
    ]
}

fn whole_line() -> impl Strategy<Value = Vec<u8>> {
    (log_text(), any::<bool>(), "(\\.[0-9]{1,9})?", 0u32..70, 0usize..4).prop_map(
        |(text, err, fraction, second, order)| {
            let log = serde_json::to_string(&text).unwrap();
            let stream = if err { "stderr" } else { "stdout" };
            let time = format!("2025-01-27T16:47:{second:02}{fraction}Z");
            match order {
                0 => format!("{{\"stream\":\"{stream}\",\"log\":{log},\"time\":\"{time}\"}}"),
                1 => format!(
                    "{{\"log\":{log},\"stream\":\"{stream}\",\"attrs\":{{\"a\":{log}}},\"time\":\"{time}\"}}"
                ),
                _ => format!("{{\"log\":{log},\"stream\":\"{stream}\",\"time\":\"{time}\"}}"),
            }
            .into_bytes()
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn fast_and_slow_agree_on_lines(line in whole_line()) {
        agree(&line);
    }

    #[test]
    fn fast_and_slow_agree_on_mutated_lines(
        mut line in whole_line(),
        changes in proptest::collection::vec((any::<prop::sample::Index>(), 0..4u8, prop_oneof![
            proptest::sample::select(b"\"\\u{}n:,\x00\x1f\xff\xc3ZTd8".to_vec()), any::<u8>()]), 1..4),
    ) {
        for (at, kind, byte) in changes {
            let at = at.index(line.len());
            match kind {
                0 => line[at] = byte,
                1 => line.insert(at, byte),
                2 if line.len() > 1 => { line.remove(at); }
                _ => line.insert(at, b'\\'),
            }
        }
        agree(&line);
    }

    #[test]
    fn cuts_between_batches_change_nothing(
        lines in proptest::collection::vec((0..4usize, any::<bool>(), 0..2u32), 1..12),
        step in 1..60_000usize,
    ) {
        let input: String = lines
            .iter()
            .map(|&(kind, err, second)| {
                let text = ["short\n".to_owned(), "x".repeat(PART), "end".to_owned(), "\u{1}".repeat(PART)];
                line(&text[kind], if err { "stderr" } else { "stdout" }, second)
            })
            .collect();
        let decoder = Docker::new(1 << 20);
        let (whole, _) = decode(&decoder, Identity::File, input.as_bytes(), usize::MAX / 2);
        let (cut, _) = decode(&decoder, Identity::File, input.as_bytes(), step);
        prop_assert_eq!(whole, cut);
    }
}
