//! Any order of writing, rotating and restarting: every line arrives once, by id and by seq.

use super::*;

#[derive(Clone, Debug)]
enum Act {
    Append(usize),
    Rename,
    RenameAndPack,
    CopyAndTruncate,
    /// Kill and start again from what was saved so many deliveries ago.
    Restart(usize),
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
    let begin =
        |saved| start(build("file", dir.path(), paths(&["a.log*"])).unwrap(), RunMode::default(), saved);
    let mut running = begin(HashMap::new());
    running.wait("the first line", |seen| !seen.records.is_empty());
    let mut all: Vec<Arrived> = Vec::new();
    for act in acts {
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
            Act::Rename | Act::RenameAndPack => {
                shift(dir.path());
                let to = dir.path().join("a.log.1");
                fs::rename(&path, &to).unwrap();
                fs::File::create(&path).unwrap();
                if matches!(act, Act::RenameAndPack) {
                    fs::write(dir.path().join("a.log.1.gz"), gzip(&fs::read(&to).unwrap())).unwrap();
                    fs::remove_file(to).unwrap();
                }
            }
            Act::CopyAndTruncate => {
                shift(dir.path());
                fs::copy(&path, dir.path().join("a.log.1")).unwrap();
                fs::File::create(&path).unwrap();
            }
            Act::Restart(back) => {
                let seen = running.stop();
                // Before anything is saved a packed file is another file: its lines would have other ids.
                let first = if seen.began.is_empty() { seen.history.first() } else { Some(&seen.began) };
                let saved = seen.history.iter().rev().nth(*back).or(first).cloned().unwrap_or_default();
                all.extend(seen.records);
                running = begin(saved);
            }
        }
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
