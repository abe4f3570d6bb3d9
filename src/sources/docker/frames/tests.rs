use proptest::prelude::*;

use super::*;

fn frame(stream: u8, record: &str) -> Vec<u8> {
    let mut out = Vec::new();
    push_frame(&mut out, stream, record.as_bytes());
    out
}

fn at(second: u32, text: &str) -> String {
    format!("2026-01-27T16:47:{second:02}.000000001Z {text}\n")
}

/// Everything that comes out when `bytes` come in pieces of this size.
fn split(terminal: bool, bytes: &[u8], piece: usize, cursor: &mut Cursor) -> Vec<u8> {
    let mut splitter = Splitter::new(terminal, 128 << 10);
    let mut out = Vec::new();
    for piece in bytes.chunks(piece.max(1)) {
        splitter.push(piece);
        while splitter.take(&mut out, usize::MAX, cursor) {}
        assert!(splitter.waiting() <= (128 << 10) + TIME + HEAD + piece.len());
    }
    splitter.finish(&mut out, cursor);
    out
}

#[test]
fn frames_come_out_as_they_came_in_whatever_the_pieces() {
    let all = [frame(1, &at(1, "a")), frame(2, &at(1, &"b".repeat(40_000))), frame(1, &at(2, ""))].concat();
    for piece in [1, 7, 8, 9, 100, all.len()] {
        let mut cursor = Cursor::after(Streams::default());
        cursor.begin(false);
        assert!(split(false, &all, piece, &mut cursor) == all, "{piece}");
    }
}

#[test]
fn a_terminal_that_prints_a_head_of_a_frame_does_no_harm() {
    let line = "2026-01-27T16:47:01.000000001Z \u{1}\0\0\0";
    let mut bytes = line.as_bytes().to_vec();
    bytes.extend_from_slice(b"\xff\xff\xff\xff\r\n");
    bytes.extend_from_slice(at(2, "next").as_bytes());
    for piece in [1, 9, 1000] {
        let mut cursor = Cursor::after(Streams::default());
        cursor.begin(false);
        let out = split(true, &bytes, piece, &mut cursor);
        let first = bytes.len() - at(2, "next").len();
        let mut expected = vec![1, 0, 0, 0];
        expected.extend_from_slice(&(first as u32).to_be_bytes());
        expected.extend_from_slice(&bytes[..first]);
        expected.extend_from_slice(&frame(1, &at(2, "next")));
        assert_eq!(out, expected);
    }
}

#[test]
fn parts_of_a_long_line_of_a_terminal_are_told_apart() {
    let time = "2026-01-27T16:47:01.000000001Z ";
    let (part, rest) = (format!("{time}{}", "x".repeat(PART)), format!("{time}yz\r\n"));
    let mut cursor = Cursor::after(Streams::default());
    cursor.begin(false);
    let out = split(true, format!("{part}{rest}").as_bytes(), 1000, &mut cursor);
    assert!(out == [frame(1, &part), frame(1, &rest)].concat());
}

#[test]
fn a_frame_or_line_that_is_too_long_is_cut_and_the_next_one_is_whole() {
    let long = at(1, &"x".repeat(300_000));
    for terminal in [false, true] {
        for piece in [1000, 1_000_000] {
            let next = at(2, "next");
            let bytes = match terminal {
                true => [long.as_bytes(), next.as_bytes()].concat(),
                false => [frame(1, &long), frame(1, &next)].concat(),
            };
            let mut cursor = Cursor::after(Streams::default());
            cursor.begin(false);
            let out = split(terminal, &bytes, piece, &mut cursor);
            let kept = &long.as_bytes()[..(128 << 10) + TIME];
            let mut expected = Vec::new();
            push_frame(&mut expected, 1, kept);
            expected.extend_from_slice(&frame(1, &next));
            assert!(out == expected, "{terminal} {piece}");
        }
    }
}

#[test]
fn what_is_known_is_skipped_though_the_streams_run_out_of_order() {
    let records = [
        frame(2, &at(3, "e1")),
        frame(1, &at(2, "o1")),
        frame(1, &at(2, "o2")),
        frame(2, &at(3, "e2")),
        frame(1, &at(2, "o3")),
        frame(1, &at(4, "o4")),
        frame(2, &at(3, "e3")),
    ];
    for known in 1..=records.len() {
        let mut cursor = Cursor::after(Streams::default());
        cursor.begin(false);
        let first = split(false, &records[..known].concat(), 10, &mut cursor);
        assert!(first == records[..known].concat());
        // An answer that begins a second early holds all of them here.
        cursor.begin(true);
        let rest = split(false, &records.concat(), 10, &mut cursor);
        assert!(rest == records[known..].concat(), "{known}");
        assert!(!cursor.has_gap());
    }
}

#[test]
fn a_last_record_that_is_not_there_any_more_is_a_gap() {
    let mut cursor = Cursor::after(Streams::default());
    cursor.begin(false);
    split(false, &frame(1, &at(2, "old")), 10, &mut cursor);
    assert!(!cursor.has_gap());
    cursor.begin(true);
    assert!(!cursor.has_gap(), "nothing came yet");
    split(false, &frame(1, &at(9, "new")), 10, &mut cursor);
    assert!(cursor.has_gap());
    assert!(!cursor.has_gap(), "told once");
}

proptest! {
    #[test]
    fn any_bytes_do_no_harm(bytes in prop::collection::vec(any::<u8>(), 0..400), terminal: bool, piece in 1..50usize) {
        let mut cursor = Cursor::after(Streams::default());
        cursor.begin(false);
        split(terminal, &bytes, piece, &mut cursor);
    }
}
