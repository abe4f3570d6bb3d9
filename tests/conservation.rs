//! Every event that goes into a branch comes out of it somewhere, and is counted there.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod harness;

use harness::script::{self, Answer, Script, Step, batches, counted, keep, messages};
use mcpp::telemetry::{BranchCounters, Counter};
use proptest::prelude::*;

const PIPELINE: &str = "\
name: conservation
sources:
  in: { stdin: {} }
stages:
  - parse: auto
  - filter: { exclude: noise }
  - throttle: { limit: 30, per: 1s }
sinks:
  counts:
    stages: [ { filter: level >= WARN } ]
    summary: {}
  nothing:
    stages: [ { filter: not exists(tool.name) } ]
    blackhole: {}
";

/// Lines of which some are dropped, some joined, some tool events, some too many.
fn text(lines: u64) -> String {
    let mut text = String::new();
    for number in 0..lines {
        let second = number / 50;
        let time = format!("2026-01-27T16:{:02}:{:02}Z", second / 60, second % 60);
        text += &match number % 10 {
            0 => format!("{time} INFO noise <<a-{number}>>\n"),
            1 => format!("{time} WARN slow <<a-{number}>>\n"),
            2 => format!("{time} INFO tool_call: read_file <<a-{number}>>\n"),
            3 => format!("{time} ERROR failed <<a-{number}>>\nTraceback (most recent call last):\n"),
            4 => "  File \"/a.py\", line 1, in f\nValueError: x\n".to_owned(),
            _ => format!("{time} INFO fine <<a-{number}>>\n"),
        };
    }
    text
}

fn plan(steps: Vec<Vec<Step>>, ends: bool) -> mcpp::plan::Plan {
    script::plan(PIPELINE, Script { partitions: steps, ends })
}

#[test]
fn filtered_joined_throttled_and_refused_events_are_all_accounted_for() {
    let mut plan = plan(vec![batches(&text(400), &[7, 100, 101, 333]), batches(&text(90), &[])], true);
    let (branch, kept) = keep("kept", Answer::Mixed("slow"));
    plan.branches.push(branch);
    let outcome = script::run(plan, None);
    let kept_counters = counted(&outcome, "kept");
    assert_eq!(kept_counters.delivered.get(), messages(&kept).len() as u64);
    for counter in [
        &kept_counters.delivered,
        &kept_counters.joined,
        &kept_counters.dropped,
        &kept_counters.dead_lettered,
        &counted(&outcome, "counts").absorbed,
        &counted(&outcome, "nothing").delivered,
    ] {
        assert!(counter.get() > 0, "the run does not try everything: {kept_counters:?}");
    }
    assert_eq!(kept_counters.in_flight.get() + kept_counters.held.get(), 0, "{kept_counters:?}");
}

#[test]
fn what_a_dead_sink_leaves_is_in_flight_and_a_replay_is_counted_as_such() {
    let dir = harness::folder();
    let steps = || vec![batches(&text(300), &[50, 120, 121])];
    let first = |answer| {
        let mut plan = plan(steps(), false);
        plan.run.shutdown = std::time::Duration::ZERO;
        let (good, kept) = keep("good", Answer::Stored);
        let (other, late) = keep("other", answer);
        plan.branches.extend([good, other]);
        (plan, kept, late)
    };
    let (plan, kept, late) = first(Answer::Down);
    let outcome = script::run_until_stopped(plan, dir.path());
    let good = counted(&outcome, "good");
    assert_eq!(good.delivered.get(), messages(&kept).len() as u64);
    assert!(outcome.left > 0 && messages(&late).is_empty());
    assert!(counted(&outcome, "other").in_flight.get() > 0);

    let (plan, again, late) = first(Answer::Stored);
    let outcome = script::run(plan, Some(dir.path()));
    assert!(counted(&outcome, "good").replayed.get() > 0, "the good sink does not see it again");
    let both = [messages(&kept), messages(&again)].concat();
    assert_eq!(both, messages(&late), "each sink has everything once, in order");
}

#[test]
fn held_events_are_counted_while_they_are_held() {
    let open = "2026-01-27T16:00:00Z ERROR failed\nTraceback (most recent call last):\n  File \"/a.py\", line 1, in f\n";
    let dir = harness::folder();
    let mut plan = plan(vec![batches(open, &[])], false);
    let (branch, kept) = keep("kept", Answer::Stored);
    plan.branches.push(branch);
    let outcome = script::run(plan, Some(dir.path()));
    let counters = counted(&outcome, "kept");
    assert!(counters.held.get() > 0, "{counters:?}");
    assert_eq!(messages(&kept).len() as u64, counters.delivered.get());

    let more = format!("{open}ValueError: x\n2026-01-27T16:47:00Z INFO fine\n");
    let steps = batches(&more, &[open.lines().count() - 1]);
    let mut plan = self::plan(vec![steps], true);
    let (branch, kept) = keep("kept", Answer::Stored);
    plan.branches.push(branch);
    let outcome = script::run(plan, Some(dir.path()));
    assert_eq!(messages(&kept).len(), 2, "{:?}", messages(&kept));
    assert_eq!(counted(&outcome, "kept").held.get(), 0);
}

/// The counters of a branch in the order of the equation: two that go in, eight that come out.
fn all(counters: &BranchCounters) -> [&Counter; 10] {
    [
        &counters.read,
        &counters.made,
        &counters.delivered,
        &counters.absorbed,
        &counters.joined,
        &counters.dropped,
        &counters.replayed,
        &counters.dead_lettered,
        &counters.in_flight,
        &counters.held,
    ]
}

proptest! {
    /// One increment that a change forgets, for any events, is seen.
    #[test]
    fn a_missing_increment_is_seen(
        events in proptest::collection::vec((0usize..2, 2usize..10), 1..200),
        forgotten in any::<prop::sample::Index>(),
        inward in any::<bool>(),
    ) {
        let (balanced, short) = (BranchCounters::default(), BranchCounters::default());
        let forgotten = forgotten.index(events.len());
        for (at, (from, to)) in events.into_iter().enumerate() {
            all(&balanced)[from].add(1);
            all(&balanced)[to].add(1);
            if at != forgotten || !inward {
                all(&short)[from].add(1);
            }
            if at != forgotten || inward {
                all(&short)[to].add(1);
            }
        }
        prop_assert_eq!(balanced.unaccounted(), 0);
        prop_assert_eq!(short.unaccounted(), if inward { -1 } else { 1 });
    }

}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    /// However the input was cut into batches, every branch counts the same.
    #[test]
    fn counts_do_not_depend_on_batches(ends in proptest::collection::vec(0usize..120, 0..12)) {
        let run = |ends: &[usize]| {
            let outcome = script::run(plan(vec![batches(&text(100), ends)], true), None);
            outcome.branches.iter().map(|(_, c)| all(c).map(Counter::get)).collect::<Vec<_>>()
        };
        prop_assert_eq!(run(&ends), run(&[]));
    }
}
