use std::sync::Arc;

use super::*;
use crate::event::{Identity, Key, Memory, Origin, Partition, SECOND, SharedOrigin, Text, Value};

/// Rows built by hand: a line of text each, with a time in milliseconds.
struct Lines {
    rows: Vec<(Option<i64>, String)>,
    engine: bool,
}

impl Lines {
    fn of(text: &str) -> Lines {
        Lines { rows: text.lines().map(|line| (None, line.to_owned())).collect(), engine: false }
    }

    /// Lines that begin with a time in milliseconds, the line's own.
    fn timed(text: &str) -> Lines {
        let row = |line: &str| {
            let (time, line) = line.trim_start().split_once(' ').unwrap();
            (Some(time.parse().unwrap()), line.to_owned())
        };
        Lines { rows: text.lines().filter(|l| !l.trim().is_empty()).map(row).collect(), engine: false }
    }

    /// The same as the engine's time.
    fn clocked(text: &str) -> Lines {
        Lines { engine: true, ..Lines::timed(text) }
    }

    fn batch(&self, from: usize, to: usize) -> Batch {
        let origin = SharedOrigin::new(Origin { deployment: Some("demo".into()), ..Origin::default() });
        let partition = Partition { key: "t/p".into(), name: "p".into(), identity: Identity::Stream, origin };
        let mut batch = Batch::new(Arc::new(partition), Text::default());
        for (at, (time, line)) in self.rows.iter().enumerate().take(to).skip(from) {
            let raw = batch.text.push(line.as_bytes());
            let time = time.map_or(NO_TIME, |ms| 1_700_000_000 * SECOND + ms * 1_000_000 + 7);
            batch.rows.push(Row {
                raw,
                message: raw,
                engine_time: if self.engine { time } else { NO_TIME },
                timestamp: time,
                key: Key { seq: at as u64 + 1, index: 0 },
                place: at as u64,
                records: 1,
                ..Row::default()
            });
        }
        batch
    }
}

/// What an event counts, in short: `3 call read_file`, `5+1 …` for one that was made.
fn shown(batch: &Batch) -> Vec<String> {
    let mut out = Vec::new();
    for at in 0..batch.rows.len() {
        let text = |field| match batch.value(at, field) {
            Value::Text(text) => String::from_utf8_lossy(text).into_owned(),
            _ => String::new(),
        };
        let mut what = Vec::new();
        if batch.value(at, Field::TOOL_CALL) == Value::Bool(true) {
            what.push("call".to_owned());
        }
        let error = text(Field::TOOL_ERROR);
        if !error.is_empty() {
            what.push(error);
        }
        if let Value::Duration(ns) = batch.value(at, Field::TOOL_DURATION) {
            what.push(format!("{}us", ns / 1000));
        }
        if what.is_empty() {
            continue;
        }
        let key = batch.rows[at].key;
        let made =
            if batch.rows[at].flags.has(Flags::MADE) { format!("+{}", key.index) } else { String::new() };
        let name = text(Field::TOOL_NAME);
        out.push(format!("{}{made} {} {name}", key.seq, what.join(" ")).trim_end().to_owned());
    }
    out
}

fn run_with(stage: &Extract, lines: &Lines, cuts: &[usize]) -> Vec<String> {
    let mut memory = stage.start();
    let mut out = Vec::new();
    let mut from = 0;
    for to in cuts.iter().copied().chain([lines.rows.len()]) {
        let mut batch = lines.batch(from, to);
        stage.apply(&mut memory, &mut batch, 0);
        out.extend(shown(&batch));
        let saved = memory.save();
        memory = ToolMemory::restore(&saved).expect("what was saved is restored");
        from = to;
    }
    let mut batch = lines.batch(from, from);
    stage.release(&mut memory, &mut batch, 0, End::Input);
    out.extend(shown(&batch));
    out
}

fn run(lines: &Lines) -> Vec<String> {
    let whole = run_with(&Extract::tools(), lines, &[]);
    for cut in 1..lines.rows.len() {
        assert_eq!(run_with(&Extract::tools(), lines, &[cut]), whole, "cut behind {cut}");
    }
    let each: Vec<usize> = (1..lines.rows.len()).collect();
    assert_eq!(run_with(&Extract::tools(), lines, &each), whole, "cut behind each");
    whole
}

#[test]
fn the_documents_own_lines_are_a_plain_sum() {
    let lines = Lines::of(
        "tool_call: read_file {\"path\":\"/x\"}\n\
         x - tool_call: read_file\n\
         tool_error: read_file ENOENT\n\
         tool_error: read_file ENOENT\n\
         tool_duration: read_file 0.123s\n\
         tool_duration: read_file=3ms\n\
         tool_duration: 'read_file' 5\n\
         tool_duration: read_file soon\n\
         my_tool_call: read_file\n\
         tool_call:",
    );
    assert_eq!(
        run(&lines),
        [
            "1 call read_file",
            "2 call read_file",
            "3 tool read_file",
            "4 tool read_file",
            "5 123000us read_file",
            "6 3000us read_file",
            "7 5000000us read_file",
        ]
    );
}

#[test]
fn a_timing_line_is_a_call() {
    let lines = Lines::of(
        "Tool 'read_file' completed in 1201.57ms\n\
         Tool 'broken' failed after 66.21ms: Unknown tool: 'broken'",
    );
    assert_eq!(run(&lines), ["1 call 1201570us read_file", "2 call unknown_tool 66210us broken"]);
}

#[test]
fn the_first_call_counts_once_though_the_best_notation_comes_last() {
    let lines = Lines::timed(
        "0 Processing request of type CallToolRequest
         1 {\"event\": \"request_start\", \"method\": \"tools/call\", \"payload\": \"{\\\"name\\\":\\\"a\\\"}\"}
         5 Error calling tool 'a'
         6 {\"event\": \"request_error\", \"method\": \"tools/call\", \"duration_ms\": 5.5, \"error\": \"Error calling tool 'a': x\"}
         7 Tool 'a' failed after 6.5ms: Error calling tool 'a': x
         100 Processing request of type CallToolRequest
         101 {\"event\": \"request_start\", \"method\": \"tools/call\", \"payload\": \"{\\\"name\\\":\\\"a\\\"}\"}
         105 Error calling tool 'a'
         106 {\"event\": \"request_error\", \"method\": \"tools/call\", \"duration_ms\": 5.5, \"error\": \"Error calling tool 'a': x\"}
         107 Tool 'a' failed after 6.5ms: Error calling tool 'a': x",
    );
    assert_eq!(run(&lines), ["2 call a", "3 tool a", "4 5500us a", "10 call tool 6500us a"]);
}

#[test]
fn ends_without_names_find_the_start_whose_time_fits() {
    let start = |name: &str| {
        format!(
            "event=request_start method=tools/call source=client payload={{\"name\":\"{name}\"}} payload_type=X"
        )
    };
    let text = format!(
        "0 {}\n10 {}\n20 {}\n24 event=request_success method=tools/call duration_ms=3.81\n\
         215 event=request_success method=tools/call duration_ms=203\n\
         403 event=request_success method=tools/call duration_ms=402",
        start("slow"),
        start("middling"),
        start("fast")
    );
    assert_eq!(
        run(&Lines::timed(&text)),
        ["4 call 3810us fast", "5 call 203000us middling", "6 call 402000us slow"]
    );
}

#[test]
fn a_beginning_alone_counts_at_the_limit() {
    let lines = Lines::clocked(
        "0 [demo] Handler called: call_tool a with {}
         10000 [demo] Handler called: call_tool b with {}
         29999 nothing
         30000 nothing
         35000 nothing",
    );
    assert_eq!(run(&lines), ["1+1 call a", "2+1 call b"]);
    let stage = Extract::tools();
    let mut memory = stage.start();
    let mut batch = lines.batch(0, 4);
    stage.apply(&mut memory, &mut batch, 0);
    assert_eq!(batch.rows[3].key, Key { seq: 1, index: 1 }, "before the row whose time is past the limit");
    assert_eq!(batch.rows[3].engine_time, batch.rows[0].engine_time);
    assert_eq!(memory.owed(), [Key { seq: 2, index: 1 }]);
    let mut made = lines.batch(0, 0);
    let late = batch.rows[1].engine_time + pairing::LIMIT;
    stage.release(&mut memory, &mut made, late - 1, End::Clock);
    assert!(made.rows.is_empty());
    stage.release(&mut memory, &mut made, late, End::Clock);
    assert_eq!(shown(&made), ["2+1 call b"]);
    assert!(memory.owed().is_empty());
}

#[test]
fn requests_and_responses_pair_by_id() {
    let call = |id: u32, name: &str| {
        format!(r#"POST {{"jsonrpc":"2.0","id":{id},"method":"tools/call","params":{{"name":"{name}"}}}}"#)
    };
    let text = format!(
        "1000 {}\n1010 {}\n1200 write: {}\n1300 write: {}\n1400 write: {}",
        call(1, "a"),
        call(2, "b"),
        r#"{"jsonrpc":"2.0","id":2,"result":{"isError":true,"content":[]}}"#,
        r#"{"jsonrpc":"2.0","id":1,"result":{"content":[]}}"#,
        r#"{"jsonrpc":"2.0","id":9,"error":{"code":-1,"message":"no call"}}"#,
    );
    assert_eq!(run(&Lines::timed(&text)), ["1 call a", "2 call b", "3 tool 190000us b", "4 300000us a"]);
    assert_eq!(
        run(&Lines::clocked(&text)),
        ["1 call a", "2 call b", "3 tool b"],
        "the engine's times measure nothing"
    );
}

#[test]
fn prose_and_other_peoples_errors_are_none() {
    let lines = Lines::of(
        "processing request of type CallToolRequest id=1\n\
         Error in standalone SSE writer\n\
         Cancel 0 running task(s), timeout graceful shutdown exceeded\n\
         Invalid HTTP request received.\n\
         Sending ERROR to client: tool 'x' not fatal\n\
         fastmcp.exceptions.ToolError: Error calling tool 'broken': no such key\n\
         the Tool 'x' completed in 3ms they said\n\
         Request tools/list completed in 3ms\n\
         Registered tools: 4",
    );
    assert_eq!(run(&lines), [] as [&str; 0]);
}
