use serde_json::json;

use super::*;
use crate::event::Level;
use crate::sinks::sample::Sample;

const MS: i64 = 1_000_000;

fn total(batches: &[&Sample], settings: SummarySettings) -> (Summary, Counts) {
    let summary = Summary::new(settings);
    let (mut scratch, mut total) = (Counts::default(), Counts::default());
    for sample in batches {
        summary.absorb(&mut scratch, &sample.batch);
        summary.commit(&mut total, &mut scratch);
    }
    (summary, total)
}

fn demo() -> Sample {
    let mut sample = Sample::of("mcp-demo-0127-164730-0a1b2c3d", "demo");
    for ms in [1, 2, 3, 100] {
        sample.say(Level::Info, "done");
        sample.tool("read_file", true, None, Some(ms * MS));
    }
    sample.say(Level::Error, "failed");
    sample.tool("read_file", true, Some("tool"), Some(1201 * MS));
    sample.say(Level::Info, "done");
    sample.tool("find", true, None, None);
    sample.row(b"nothing");
    sample.say(Level::Error, "gone").flags.set(Flags::DEAD);
    sample.tool("read_file", true, Some("tool"), Some(MS));
    sample
}

fn errors_only() -> Sample {
    let mut sample = Sample::of("fastmcp", "");
    sample.say(Level::Error, "Error calling tool 'broken'");
    sample.tool("broken", false, Some("tool"), None);
    sample
}

fn silent() -> Sample {
    let mut sample = Sample::of("node", "");
    sample.row(b"listening");
    sample
}

#[test]
fn the_table_shows_what_is_known_and_a_dash_for_what_is_not() {
    let (summary, total) = total(&[&demo(), &errors_only(), &silent()], SummarySettings::default());
    assert_eq!(
        summary.text(&total, false),
        "\
deployment  tool       calls  errors  error %   p50    p95    p99    max
fastmcp     broken         –       1        –     –      –      –      –
demo        read_file      5       1     20.0  3 ms  1.2 s  1.2 s  1.2 s
demo        find           1       0      0.0     –      –      –      –
node        –              –       –        –     –      –      –      –

deployment  ERROR  INFO  no level
fastmcp         1     0         0
demo            1     5         1
node            –     –         1
"
    );
}

#[test]
fn without_an_outcome_no_errors_is_unknown() {
    let mut sample = Sample::of("calls", "");
    sample.row(b"[SERVER] Handler called: call_tool find");
    sample.tool("find", true, None, None);
    let settings = SummarySettings { levels: false, ..SummarySettings::default() };
    let (summary, total) = total(&[&sample], settings);
    let text = summary.text(&total, false);
    assert_eq!(text.lines().nth(1).unwrap(), "calls       find      1       –        –    –    –    –    –");
}

#[test]
fn json_leaves_out_what_is_not_known() {
    let settings = SummarySettings { format: SummaryFormat::Json, ..SummarySettings::default() };
    let (summary, total) = total(&[&demo(), &errors_only(), &silent()], settings);
    let json: serde_json::Value = serde_json::from_str(&summary.text(&total, false)).unwrap();
    assert_eq!(
        json,
        json!({
            "tools": [
                {"deployment": "fastmcp", "tool": "broken", "errors": 1},
                {"deployment": "mcp-demo-0127-164730-0a1b2c3d", "tool": "read_file", "calls": 5, "errors": 1,
                 "durations": 5, "p50_ms": 3.0, "p95_ms": 1201.0, "p99_ms": 1201.0, "max_ms": 1201.0},
                {"deployment": "mcp-demo-0127-164730-0a1b2c3d", "tool": "find", "calls": 1, "errors": 0},
            ],
            "levels": [
                {"deployment": "fastmcp", "ERROR": 1},
                {"deployment": "mcp-demo-0127-164730-0a1b2c3d", "ERROR": 1, "INFO": 5, "none": 1},
                {"deployment": "node", "none": 1},
            ],
        })
    );
}

#[test]
fn lanes_add_up_to_what_one_would_have_counted() {
    let (summary, one) = total(&[&demo(), &errors_only(), &demo()], SummarySettings::default());
    let (_, mut first) = total(&[&demo()], SummarySettings::default());
    let (_, second) = total(&[&errors_only(), &demo()], SummarySettings::default());
    summary.merge(&mut first, second);
    assert_eq!(summary.text(&first, false), summary.text(&one, false));
}

#[test]
fn a_scratch_that_is_not_committed_counts_nothing() {
    let summary = Summary::new(SummarySettings::default());
    let (mut scratch, mut total) = (Counts::default(), Counts::default());
    summary.absorb(&mut scratch, &demo().batch);
    summary.commit(&mut total, &mut scratch);
    let once = summary.text(&total, false);
    summary.commit(&mut total, &mut scratch);
    assert_eq!(summary.text(&total, false), once, "a committed scratch is empty");
}

#[test]
fn keys_are_bounded_and_nothing_is_lost() {
    let mut sample = Sample::of("hostile", "");
    for n in 0..3 * MOST {
        sample.row(b"call");
        sample.tool(&format!("tool{n}"), true, None, None);
    }
    let many: Vec<Sample> = (0..2 * MOST)
        .map(|n| {
            let mut sample = Sample::of(&format!("d{n}"), "");
            sample.say(Level::Info, "x");
            sample
        })
        .collect();
    let mut batches = vec![&sample];
    batches.extend(&many);
    let (_, total) = total(&batches, SummarySettings::default());
    let tools = &total.deployments[0].tools;
    assert_eq!(tools.len(), MOST + 1);
    assert_eq!(tools.iter().map(|tool| tool.calls).sum::<u64>(), 3 * MOST as u64);
    assert_eq!(total.deployments.len(), MOST + 1);
    let events: u64 = total.deployments.iter().flat_map(|d| d.levels).sum();
    assert_eq!(events, 5 * MOST as u64);
}

#[test]
fn red_stands_for_errors_only() {
    let (summary, total) = total(&[&demo()], SummarySettings::default());
    let text = summary.text(&total, true);
    let red: Vec<&str> =
        text.split("\x1b[31m").skip(1).map(|rest| &rest[..rest.find('\x1b').unwrap()]).collect();
    assert_eq!(red, ["1", "20.0", "1"]);
}

#[test]
fn only_tool_events_matter_without_levels() {
    let wants = |levels| Summary::new(SummarySettings { levels, ..SummarySettings::default() }).wants();
    assert_eq!(wants(true), Wants::Everything);
    assert_eq!(wants(false), Wants::ToolEvents);
}
