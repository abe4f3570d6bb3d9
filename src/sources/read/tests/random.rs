//! Any order of writing, rotating and restarting: every line arrives once, by id and by seq.

use super::*;
use proptest::prelude::*;

#[derive(Clone, Debug)]
enum Act {
    Append(usize),
    Half,
    Rename,
    RenameAndPack,
    CopyAndTruncate,
    /// Kill and start again from what was saved so many deliveries ago.
    Restart(usize),
    Wait,
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        4 => (1..200usize).prop_map(Act::Append),
        1 => Just(Act::Half),
        1 => Just(Act::Rename),
        1 => Just(Act::RenameAndPack),
        1 => Just(Act::CopyAndTruncate),
        2 => (0..4usize).prop_map(Act::Restart),
        1 => Just(Act::Wait),
    ]
}

fn shift(dir: &Path) {
    for n in (1..20).rev() {
        for end in ["", ".gz"] {
            let from = dir.join(format!("a.log.{n}{end}"));
            if from.exists() {
                fs::rename(from, dir.join(format!("a.log.{}{end}", n + 1))).unwrap();
            }
        }
    }
}

fn run(acts: &[Act]) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.log");
    append(&path, "line 0\n");
    let mut written = vec!["line 0".to_owned()];
    let mut half = false;
    let begin =
        |saved| start(build("file", dir.path(), paths(&["a.log*"])).unwrap(), RunMode::default(), saved);
    let mut running = begin(HashMap::new());
    running.wait("the first line", |seen| !seen.records.is_empty());
    let mut all: Vec<Arrived> = Vec::new();
    let mut copied = false;
    for act in acts {
        if half && !matches!(act, Act::Restart(_) | Act::Wait) {
            append(&path, " end\n");
            half = false;
        }
        match act {
            Act::Append(lines) => {
                let mut text = String::new();
                for _ in 0..*lines {
                    let line = format!("line {} {}", written.len(), "x".repeat(written.len() * 31 % 50));
                    text.push_str(&line);
                    text.push('\n');
                    written.push(line);
                }
                append(&path, &text);
            }
            Act::Half => {
                let line = format!("line {}", written.len());
                append(&path, &line);
                written.push(format!("{line} end"));
                half = true;
            }
            Act::Rename | Act::RenameAndPack => {
                shift(dir.path());
                let to = dir.path().join("a.log.1");
                fs::rename(&path, &to).unwrap();
                fs::File::create(&path).unwrap();
                if matches!(act, Act::RenameAndPack) {
                    copied = true;
                    fs::write(dir.path().join("a.log.1.gz"), gzip(&fs::read(&to).unwrap())).unwrap();
                    fs::remove_file(to).unwrap();
                }
            }
            Act::CopyAndTruncate => {
                // What was never seen before it was cut off could be any file's.
                let last = written.last().unwrap().clone();
                running.wait("what is copied", |seen| {
                    seen.records.iter().any(|r| r.text == last) || all.iter().any(|r| r.text == last)
                });
                copied = true;
                shift(dir.path());
                fs::copy(&path, dir.path().join("a.log.1")).unwrap();
                fs::File::create(&path).unwrap();
            }
            Act::Restart(back) => {
                let seen = running.stop();
                // Before anything is saved a packed file is another file: its lines would have other ids.
                let first = if seen.began.is_empty() { seen.history.first() } else { Some(&seen.began) };
                // A copy of a file that no saved position knows is another file too.
                let back = if copied { 0 } else { *back };
                let saved = seen.history.iter().rev().nth(back).or(first).cloned().unwrap_or_default();
                all.extend(seen.records);
                running = begin(saved);
            }
            Act::Wait => std::thread::sleep(Duration::from_millis(50)),
        }
    }
    if half {
        append(&path, " end\n");
    }
    let last = written.last().unwrap().clone();
    running.wait("the last line", |seen| {
        seen.records.iter().any(|r| r.text == last) || all.iter().any(|r| r.text == last)
    });
    all.extend(running.stop().records);
    let mut by_id: HashMap<EventId, &Arrived> = HashMap::new();
    for record in &all {
        let first = by_id.entry(record.id).or_insert(record);
        assert_eq!((&first.text, first.seq), (&record.text, record.seq), "made again it is the same");
    }
    let mut once: Vec<(u64, &str)> = by_id.values().map(|r| (r.seq, r.text.as_str())).collect();
    once.sort();
    let expected: Vec<(u64, &str)> =
        written.iter().enumerate().map(|(n, text)| (n as u64 + 1, text.as_str())).collect();
    // The whole lists would fill the screen.
    let wrong: Vec<_> = once.iter().zip(&expected).filter(|(a, b)| a != b).take(3).collect();
    assert!(
        wrong.is_empty() && once.len() == expected.len(),
        "{wrong:?}, {} of {}",
        once.len(),
        expected.len()
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, max_shrink_iters: 0, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_line_arrives_once(acts in proptest::collection::vec(act(), 1..14)) {
        run(&acts);
    }
}

#[test]
fn two_quick_rotations_lose_nothing() {
    use Act::*;
    run(&[
        Append(100),
        Rename,
        Append(50),
        Rename,
        Append(3),
        RenameAndPack,
        Append(7),
        Restart(1),
        Append(2),
    ]);
    run(&[Append(9), CopyAndTruncate, Append(50), CopyAndTruncate, Append(3), Restart(0), Append(2)]);
}
