//! A stage that panics costs exactly the lines on which it panics.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod harness;

use harness::export;
use harness::script::{self, Answer, Script, Step, batches, counted, keep, messages, panics_on};

const PIPELINE: &str = "\
name: panic
sources:
  in: { stdin: {} }
stages:
  - parse: auto
sinks:
  counts: { summary: {} }
";

/// Lines `from..to`, of which those in `marked` make the stage panic, and exceptions of four lines behind every tenth.
fn text(from: u64, to: u64, marked: &[u64]) -> String {
    let mut text = String::new();
    for number in from..to {
        let word = if marked.contains(&number) { "boom" } else { "fine" };
        text += &format!("2026-01-27T16:00:00Z INFO {word} <<a-{number}>>\n");
        if number % 10 == 9 {
            text += "Traceback (most recent call last):\n  File \"/a.py\", line 1, in f\n    g()\nValueError: x\n";
        }
    }
    text
}

/// Runs the lines of two partitions through the pipeline with the stage that panics; returns what the sink kept.
fn run(partitions: Vec<Vec<Step>>, dead: &std::path::Path) -> (mcpp::engine::Outcome, Vec<String>) {
    let mut plan = script::plan(PIPELINE, Script { partitions, ends: true });
    plan.stages.push(panics_on("boom"));
    let (branch, kept) = keep("kept", Answer::Stored);
    plan.branches.push(branch);
    let outcome = script::run(plan, Some(dead));
    let kept = messages(&kept);
    (outcome, kept)
}

#[test]
fn only_the_line_that_panics_is_lost_and_it_is_a_dead_letter() {
    let dir = harness::folder();
    let marked = [3, 20, 21, 57];
    let first = batches(&text(0, 100, &marked), &[10, 11, 30, 64, 90]);
    let second = batches(&text(1000, 1050, &[]), &[20]);
    let (outcome, kept) = run(vec![first, second], dir.path());

    let mut found: Vec<u64> = kept.iter().flat_map(|message| export::numbers("a", message)).collect();
    let in_order = found.is_sorted_by_key(|number| (*number >= 1000, *number));
    found.sort_unstable();
    let expected: Vec<u64> = (0..100).filter(|number| !marked.contains(number)).chain(1000..1050).collect();
    assert_eq!(found, expected);
    assert!(in_order || found.len() == expected.len());
    let traces: Vec<&String> = kept.iter().filter(|message| message.contains("Traceback")).collect();
    assert_eq!(traces.len(), 15);
    for trace in traces {
        assert!(trace.ends_with("ValueError: x"), "joined as without the panic: {trace:?}");
    }

    let summary = counted(&outcome, "counts");
    let sink = counted(&outcome, "kept");
    assert_eq!(outcome.dead_letters, 2 * marked.len() as u64, "one for each branch");
    assert_eq!((summary.dead_lettered.get(), sink.dead_lettered.get()), (4, 4));
    assert_eq!(sink.delivered.get(), kept.len() as u64);
    assert_eq!(summary.absorbed.get(), sink.delivered.get(), "a fold takes in each event once");
    for name in ["kept", "counts"] {
        let letters = export::read(&dir.path().join(format!("dead-letters/{name}.ndjson")));
        assert_eq!(letters.len(), marked.len(), "{name}");
        for (letter, number) in letters.iter().zip(marked) {
            let text = letter.to_string();
            assert!(text.contains("panic") && text.contains(&format!("<<a-{number}>>")), "{text}");
        }
    }
}

#[test]
fn batches_without_a_panic_give_the_same_as_the_lines_around_one() {
    let dir = harness::folder();
    let plain = text(0, 60, &[]);
    let (_, calm) = run(vec![batches(&plain, &[])], &dir.path().join("calm"));
    let broken = plain.replace("fine <<a-30>>", "boom <<a-30>>");
    let (_, hurt) = run(vec![batches(&broken, &[])], &dir.path().join("hurt"));
    let without: Vec<String> = calm.into_iter().filter(|message| !message.contains("<<a-30>>")).collect();
    assert_eq!(hurt, without);
}

#[test]
fn a_dead_letter_shows_no_secret_that_the_pipeline_hides() {
    let dir = harness::folder();
    let pipeline = PIPELINE.replace("  - parse: auto\n", "  - parse: auto\n  - redact: {}\n");
    let line = "2026-01-27T16:00:00Z INFO boom password=hunter2hunter2 <<a-0>>\n";
    let mut plan = script::plan(&pipeline, Script { partitions: vec![batches(line, &[])], ends: true });
    // Before anything is hidden.
    plan.stages.insert(0, panics_on("boom"));
    let outcome = script::run(plan, Some(dir.path()));
    assert_eq!(outcome.dead_letters, 1);
    let letters = export::read(&dir.path().join("dead-letters/counts.ndjson"));
    let text = letters[0].to_string();
    assert!(text.contains("<<a-0>>") && text.contains("password") && !text.contains("hunter2"), "{text}");
}
