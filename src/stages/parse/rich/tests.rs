use super::*;
use proptest::prelude::*;

/// Wraps as Rich does: words at blanks, longer words folded, columns padded, the path at the right.
fn wrap(message: &str, console: usize, path: &str) -> Vec<String> {
    let width = console - 29 - 1 - path.len();
    let mut rows: Vec<String> = Vec::new();
    for paragraph in message.split('\n') {
        let mut row = String::new();
        for word in paragraph.split(' ') {
            let mut word: String = word.to_owned();
            if word.chars().count() > width {
                if !row.is_empty() {
                    rows.push(std::mem::take(&mut row));
                }
                while word.chars().count() > width {
                    rows.push(word.chars().take(width).collect());
                    word = word.chars().skip(width).collect();
                }
                row = word;
            } else if row.is_empty() {
                row = word;
            } else if row.chars().count() + 1 + word.chars().count() <= width {
                row.push(' ');
                row.push_str(&word);
            } else {
                rows.push(std::mem::replace(&mut row, word));
            }
        }
        rows.push(row);
    }
    rows.iter()
        .enumerate()
        .map(|(at, row)| {
            let pad = " ".repeat(width - row.chars().count());
            match at {
                0 => format!("[11/22/26 14:39:43] INFO     {row}{pad} {path}"),
                _ => format!("{}{row}{pad}{}", " ".repeat(29), " ".repeat(path.len() + 1)),
            }
        })
        .collect()
}

fn undo(lines: &[String]) -> String {
    let lines: Vec<&[u8]> = lines.iter().map(|l| l.as_bytes()).collect();
    let head = head(lines[0]).unwrap();
    let mut out = Vec::new();
    unwrap(&head, &lines, &mut out);
    String::from_utf8(out).unwrap()
}

#[test]
fn heads_are_known_and_other_brackets_are_not() {
    for (line, level, column) in [
        ("[11/22/26 14:39:43] INFO     Starting         server.py:1", Some(Level::Info), 20),
        ("[14:39:43] WARNING  careful                    a.py:1", Some(Level::Warn), 11),
        ("[2026-11-22 14:39:43] CRITICAL gone            a.py:1", Some(Level::Fatal), 22),
        ("                    DEBUG    more              a.py:1", Some(Level::Debug), 20),
        ("[11/22/26 14:39:43] Error calling tool 'broken'        ", None, 20),
    ] {
        let head = head(line.as_bytes()).unwrap_or_else(|| panic!("{line}"));
        assert_eq!((head.level, head.column), (level, column), "{line}");
    }
    for line in [
        "[tool] x",
        "[11/22/26 14:39:43] plain",
        "[12:00] INFO     x",
        "    INFO     x",
        "[99/99/26 14:39:43] INFO     x",
    ] {
        assert_eq!(head(line.as_bytes()), None, "{line}");
    }
}

#[test]
fn newlines_of_the_author_stay() {
    let lines = wrap("first line\nsecond line", 80, "server.py:12");
    assert_eq!(undo(&lines), "first line\nsecond line");
}

#[test]
fn a_drawn_line_that_fills_its_column_is_no_cut_word() {
    // 29 before the message, a blank and the path behind it, two corners.
    let message = format!("broken\n╰{}╯\nKeyError: 'zzz'", "─".repeat(80 - 29 - 1 - 11 - 2));
    assert_eq!(undo(&wrap(&message, 80, "server.py:1")), message);
}

#[test]
fn wide_letters_count_as_two_cells() {
    assert_eq!(cells("日本".as_bytes()), 4);
    assert_eq!(cells(b"\xff\xfe"), 2);
}

proptest! {
    #[test]
    fn documents_parse_again_at_any_width(
        words in proptest::collection::vec("[a-z0-9_:/.\\\\-]{1,90}", 1..12),
        console in 70usize..220,
    ) {
        let value: serde_json::Map<String, serde_json::Value> = words
            .iter()
            .enumerate()
            .map(|(at, word)| (format!("k{at}"), serde_json::Value::from(word.as_str())))
            .collect();
        // As Python writes it: a blank behind every colon and comma.
        let text = serde_json::to_string(&value).unwrap().replace("\",\"", "\", \"").replace("\":\"", "\": \"");
        let undone = undo(&wrap(&text, console, "logging.py:122"));
        prop_assert!(json::is_object(undone.as_bytes()), "{}\n{}", text, undone);
    }

    #[test]
    fn words_come_back(words in proptest::collection::vec("[a-zA-Z]{1,12}", 1..40), console in 70usize..160) {
        let text = words.join(" ");
        prop_assert_eq!(undo(&wrap(&text, console, "server.py:1")), text);
    }

    #[test]
    fn anything_is_survived(lines in proptest::collection::vec("\\PC{0,60}", 1..6)) {
        let mut lines = lines;
        lines[0] = format!("[11/22/26 14:39:43] INFO     {}", lines[0]);
        let _ = undo(&lines);
    }
}
