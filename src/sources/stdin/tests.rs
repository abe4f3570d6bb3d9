use super::*;
use crate::sources::read::tests::run_with;

fn read(input: &'static [u8], id: Option<&str>) -> crate::sources::read::tests::Seen {
    let stdin = Stdin { id: id.map(str::to_owned), deployment: Some("demo".to_owned()), longest: 128 << 10 };
    run_with(move |emit, shutdown, handle| stdin.read(input, emit, &shutdown, &handle))
}

#[test]
fn input_is_read_to_its_end() {
    let seen = read(b"one\ntwo\r\nlast", None);
    let texts: Vec<_> = seen.records.iter().map(|r| (r.text.as_str(), r.seq)).collect();
    assert_eq!(texts, [("one", 1), ("two", 2), ("last", 3)]);
    assert!(seen.records.iter().all(|r| r.deployment.as_deref() == Some("demo")));
    assert_eq!(seen.ends.last().unwrap().1, End::Input);
}

#[test]
fn empty_input_is_no_error() {
    assert!(read(b"", None).records.is_empty());
}

#[test]
fn a_named_input_has_the_same_ids_in_every_run() {
    let ids = |id| read(b"one\none\n", id).records.iter().map(|r| r.id).collect::<Vec<_>>();
    assert_eq!(ids(Some("x")), ids(Some("x")));
    assert_ne!(ids(Some("x")), ids(Some("y")));
    assert_ne!(ids(None), ids(None));
    assert_ne!(ids(Some("x"))[0], ids(Some("x"))[1]);
}

#[test]
fn a_line_without_end_is_cut_and_its_rest_skipped() {
    let mut text = vec![b'x'; 5 << 20];
    text.extend_from_slice(b"\nafter\n");
    let seen = read(text.leak(), None);
    let got: Vec<_> = seen.records.iter().map(|r| (r.text.len(), r.cut, r.seq)).collect();
    assert_eq!(got, [(128 << 10, true, 1), (5, false, 2)]);
    assert!(seen.largest < 512 << 10);
}

#[test]
fn prefixes_are_taken_off() {
    let seen = read(b"web-1    | hello\nqueue-1  | you\n", None);
    let got: Vec<_> =
        seen.records.iter().map(|r| (r.deployment.as_deref().unwrap(), r.text.as_str())).collect();
    assert_eq!(got, [("web-1", "hello"), ("queue-1", "you")]);
}
