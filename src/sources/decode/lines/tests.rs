use super::*;
use crate::sources::decode::tests::decode;
use proptest::prelude::*;

fn run(layout: Layout, input: &[u8]) -> (Vec<(String, Option<String>, Nanos)>, u64) {
    let (rows, tallies) = decode(&Lines::new(layout, 1 << 20), Identity::File, input, 1 << 20);
    let rows = rows
        .into_iter()
        .map(|r| (String::from_utf8_lossy(&r.text).into_owned(), r.deployment, r.time))
        .collect();
    (rows, tallies.iter().map(|t| t.misframed).sum())
}

#[test]
fn plain_lines_have_no_time() {
    let (rows, misframed) = run(Layout::default(), b"one\r\ntwo\n\nlast");
    let texts: Vec<_> = rows.iter().map(|r| r.0.as_str()).collect();
    assert_eq!(texts, ["one", "two", "", "last"]);
    assert!(rows.iter().all(|r| r.2 == NO_TIME && r.1.is_none()));
    assert_eq!(misframed, 0);
}

#[test]
fn prefixes_give_name_and_time() {
    let ns = 1_737_996_450_124_550_668;
    let layout = |naming, timed| Layout { naming, timed };
    for (layout, line, text, name, time) in [
        (layout(Naming::None, true), "2025-01-27T16:47:30.124550668Z hello you", "hello you", None, ns),
        (layout(Naming::Compose, false), "web-1  | hello", "hello", Some("web-1"), NO_TIME),
        (layout(Naming::Compose, false), "\x1b[36mweb-1  |\x1b[0m hello", "hello", Some("web-1"), NO_TIME),
        (
            layout(Naming::Compose, true),
            "web-1  | 2025-01-27T16:47:30.124550668Z hello",
            "hello",
            Some("web-1"),
            ns,
        ),
        (
            layout(Naming::Kubectl, true),
            "[pod/demo-7d4b9c6f88-x7k2p/app] 2025-01-27T16:47:30.124550668Z hello",
            "hello",
            Some("demo"),
            ns,
        ),
        (layout(Naming::Kubectl, false), "[pod/demo-0/app] [x] hello", "[x] hello", Some("demo"), NO_TIME),
        (layout(Naming::Stern, false), "demo-7d4b9c6f88-x7k2p app hello", "hello", Some("demo"), NO_TIME),
    ] {
        let (rows, misframed) = run(layout, line.as_bytes());
        assert_eq!(rows, [(text.to_owned(), name.map(str::to_owned), time)], "{line}");
        assert_eq!(misframed, 0, "{line}");
    }
}

#[test]
fn a_line_without_the_prefix_is_kept_whole() {
    let layout = Layout { naming: Naming::None, timed: true };
    let (rows, misframed) = run(layout, b"2025-01-27T16:47:30.124550668Z a\nno time\n");
    assert_eq!(rows[1], ("no time".to_owned(), None, 1_737_996_450_124_550_668));
    assert_eq!(misframed, 1);
}

#[test]
fn many_names_stay_bounded() {
    let input: String = (0..3000).map(|n| format!("web-{n}  | x\n")).collect();
    let (rows, _) = run(Layout { naming: Naming::Compose, timed: false }, input.as_bytes());
    assert_eq!(rows[2999].1.as_deref(), Some("web-2999"));
}

#[test]
fn a_long_line_is_cut_and_counted() {
    let input = [vec![b'x'; 5000], b"\nshort\n".to_vec()].concat();
    let (rows, tallies) = decode(&Lines::new(Layout::default(), 1000), Identity::File, &input, 1 << 20);
    assert_eq!((rows[0].text.len(), rows[0].cut), (1000, true));
    assert_eq!((rows[1].text.as_slice(), rows[1].cut, rows[1].place), (&b"short"[..], false, 5001));
    assert_eq!(tallies[0].cut, 1);
}

proptest! {
    #[test]
    fn no_byte_is_lost(lines in proptest::collection::vec(
        proptest::collection::vec(any::<u8>().prop_filter("framing", |b| !b"\n\r".contains(b)), 0..30), 1..20),
        step in 1..100usize) {
        let mut input = lines.join(&b'\n');
        input.push(b'\n');
        let (rows, _) = decode(&Lines::new(Layout::default(), 1 << 20), Identity::File, &input, step);
        let texts: Vec<_> = rows.iter().map(|r| r.text.clone()).collect();
        prop_assert_eq!(texts, lines);
    }

    #[test]
    fn no_prefix_is_looked_for_past_the_end(line in "(\x1b\\[3?|\\[pod/|[a-z]-?[0-9]?|\\||\\]|/| |2025-01-27T16:47:30.1Z){0,12}") {
        for naming in [Naming::None, Naming::Compose, Naming::Kubectl, Naming::Stern] {
            for timed in [false, true] {
                run(Layout { naming, timed }, line.as_bytes());
            }
        }
    }
}
