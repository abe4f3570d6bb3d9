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

#[test]
fn what_one_line_says() {
    // Lines alone in their container; those that only begin a call count at the end of the input.
    for (line, found) in [
        // Frameworks.
        ("INFO: Tool 'a.b' completed in 1.5ms", "1 call 1500us a.b"),
        ("Tool 'a' failed after 66.21ms: Request timed out", "1 call timeout 66210us a"),
        ("Tool 'a' raised an unexpected exception", "1 tool a"),
        ("Tool 'a' failed: 'Error executing tool a: x'", "1 tool a"),
        ("INFO:mcp.server:Tool 'a' rejected arguments: ['url']", "1 invalid_params a"),
        ("Tool 'a' not listed, no validation will be performed", "1 unknown_tool a"),
        ("Error calling tool 'a'", "1 tool a"),
        ("Error calling tool 'a': no such key", "1 tool a"),
        ("Invalid arguments for tool 'a': {'error_count': 2}", "1 invalid_params a"),
        ("Error in tools/call: NotFoundError: Unknown tool: 'a'", "1 unknown_tool a"),
        ("Error in tools/call: ToolError: quota exceeded", "1 tool"),
        ("[demo] Handler called: call_tool a with {'b': 1}", "1+1 call a"),
        ("Processing request of type CallToolRequest", "1+1 call"),
        ("Processing request of type CallToolRequestParams", ""),
        ("Request tools/call completed in 1.42ms", "1 call 1420us"),
        (
            "Request tools/call failed after 3ms: 2 validation errors for call[a]",
            "1 call invalid_params 3000us a",
        ),
        // Gateways.
        ("- Calling tool a with arguments: {}", "1+1 call a"),
        ("> Calling tool a took: 1.2s", "1 call 1200000us a"),
        ("we were Calling tool a with arguments: {}", ""),
        ("Starting execution of tool: a", "1+1 call a"),
        // Libraries.
        (r#"{"level":"INFO","msg":"x","tool.name":"a","durationMs":5}"#, "1 call 5000us a"),
        // Structured records.
        ("tool call finished tool=a duration=75.8µs", "1 call 75us a"),
        ("tool call finished tool=a duration=75", "1 call a"),
        ("tool call failed tool=a duration_ms=3 error=\"deadline exceeded\"", "1 call timeout 3000us a"),
        ("done tool=a outcome=error", "1 call tool a"),
        ("done tool=a success=false", "1 call tool a"),
        ("done tool=a isError=true", "1 call tool a"),
        ("done tool=a error= err=nil outcome=ok", "1 call a"),
        ("tool call started tool=a", "1+1 call a"),
        ("tool call failed tool=a", "1 call tool a"),
        (r#"Tool call finished {"tool":"a","latency_us":12}"#, "1 call 12us a"),
        ("tool call finished {'tool': 'a', 'duration_ms': 2.5, 'args': {'tool': 'b'}}", "1 call 2500us a"),
        (r#"{"msg":"x","mcp":{"tool":{"name":"a"}},"elapsed_seconds":0.5}"#, "1 call 500000us a"),
        (r#"{"fields":{"message":"x","tool":"a","took":"3ms"}}"#, "1 call 3000us a"),
        (r#"{"msg":"x","args":{"tool":"hammer"},"n":1,"tools/call":1}"#, ""),
        (r#"{"msg":"x","tool":"two words","duration_ms":1}"#, ""),
        (r#"{"tools":[1,2],"msg":"listed"}"#, ""),
        // Families of loggers.
        (
            r#"{"level":30,"time":1,"pid":1,"hostname":"h","tool":"a","responseTime":7,"msg":"end"}"#,
            "1 call 7000us a",
        ),
        (
            r#"{"level":"info","ts":1.5,"caller":"x","msg":"end","tool":"a","duration":0.25}"#,
            "1 call 250000us a",
        ),
        (r#"{"time":"t","level":"INFO","msg":"end","tool":"a","duration":250000}"#, "1 call 250us a"),
        (r#"{"level":"info","elapsed":0.5,"time":"t","message":"end","tool":"a"}"#, "1 call 500us a"),
        (r#"{"duration":3,"level":"info","message":"end","timestamp":"t","tool":"a"}"#, "1 call 3000us a"),
        (r#"{"duration":3,"level":"info","event":"end","timestamp":"t","tool":"a"}"#, "1 call a"),
        (r#"{"duration":3,"levelname":"INFO","message":"end","asctime":"t","tool":"a"}"#, "1 call a"),
    ] {
        assert_eq!(run(&Lines::of(line)).join("; "), found, "{line}");
    }
}

#[test]
fn mcp_go_tells_of_a_call_twice_and_it_counts_once() {
    for [tool, request] in [
        [
            "mcp.tool mcp.tool.name=a duration_s=0.25 outcome=",
            "mcp.request mcp.method=tools/call duration_s=0.3 outcome=",
        ],
        [
            "mcp.tool tool.name=x mcp.tool.name=a duration_s=0.25 outcome=",
            "mcp.request mcp.method=tools/call duration_s=0.3 outcome=",
        ],
    ] {
        let text = format!(
            "{tool}ok\n{request}ok\n{tool}error_result\n{request}ok\n{tool}error error=\"x\"\n{request}error error=\"x\"\n\
             {request}error error=\"tool 'b' not found: tool not found\"\nmcp.request mcp.method=ping duration_s=1 outcome=error"
        );
        let name = if tool.contains(" tool.name") { "x" } else { "a" };
        let expected = [
            format!("1 call 250000us {name}"),
            format!("3 call tool 250000us {name}"),
            format!("5 call tool 250000us {name}"),
            "7 call unknown_tool b".to_owned(),
        ];
        assert_eq!(run(&Lines::of(&text)), expected);
    }
}

#[test]
fn spans_of_opentelemetry_are_calls() {
    let python = r#"{"name": "tools/call a", "context": {"trace_id": "0x1", "span_id": "0x2"}, "kind": "SpanKind.SERVER", "parent_id": null, "start_time": "2026-01-01T00:00:00.000000Z", "end_time": "2026-01-01T00:00:00.250000Z", "status": {"status_code": "ERROR", "description": "boom"}, "attributes": {"mcp.method.name": "tools/call", "gen_ai.tool.name": "a"}}"#;
    let inner = r#"{"name": "tools/call a", "context": {"trace_id": "0x1", "span_id": "0x3"}, "parent_id": "0x2", "start_time": "2026-01-01T00:00:00.010000Z", "end_time": "2026-01-01T00:00:00.240000Z", "status": {"status_code": "UNSET"}, "attributes": {"mcp.method.name": "tools/call", "gen_ai.tool.name": "a"}}"#;
    let other = r#"{"name": "tools/list", "context": {"span_id": "0x4"}, "parent_id": null, "start_time": "2026-01-01T00:00:00Z", "end_time": "2026-01-01T00:00:01Z", "status": {"status_code": "UNSET"}, "attributes": {"mcp.method.name": "tools/list", "gen_ai.tool.name": ""}}"#;
    assert_eq!(run(&Lines::of(python)), ["1 call tool 250000us a"]);
    assert_eq!(run(&Lines::of(other)), [] as [&str; 0]);
    assert_eq!(run(&Lines::of(&format!("{inner}\n{python}"))), ["1 call 230000us a", "2 tool a"]);
    let go = r#"{"Name":"tools/call a","SpanContext":{"TraceID":"1","SpanID":"2"},"Parent":{"SpanID":"0000000000000000"},"SpanKind":2,"StartTime":"2026-01-01T00:00:00Z","EndTime":"2026-01-01T00:00:00.5Z","Attributes":[{"Key":"mcp.method.name","Value":{"Type":"STRING","Value":"tools/call"}}],"Status":{"Code":"Unset","Description":""}}"#;
    assert_eq!(run(&Lines::of(go)), ["1 call 500000us a"]);
    let span = |id: u32| {
        format!(
            r#"{{"name":"tools/call","spanId":"{id}","startTimeUnixNano":"1700000000000000000","endTimeUnixNano":"1700000000100000000","attributes":[{{"key":"mcp.method.name","value":{{"stringValue":"tools/call"}}}},{{"key":"gen_ai.tool.name","value":{{"stringValue":"t{id}"}}}}],"status":{{"code":2}}}}"#
        )
    };
    let otlp = format!(r#"{{"resourceSpans":[{{"scopeSpans":[{{"spans":[{},{}]}}]}}]}}"#, span(1), span(2));
    assert_eq!(run(&Lines::of(&otlp)), ["1 call tool 100000us t1", "1+2 call tool 100000us t2"]);
}

#[test]
fn spans_that_close_are_calls() {
    let lines = Lines::of(
        "2026-01-01T00:00:00Z  INFO tools/call{tool=a}:a{x=\"}\"}: srv: close time.busy=1.00ms time.idle=2.00ms\n\
         2026-01-01T00:00:00Z  INFO tools/call{tool=a status=\"ok\"}: srv: close time.busy=164µs time.idle=31.4µs\n\
         2026-01-01T00:00:00Z  INFO tools/call{tool=\"b\" status=\"error\"}: srv: close time.busy=1s time.idle=1s\n\
         2026-01-01T00:00:00Z  INFO serve_inner: rmcp::service: close time.busy=1s time.idle=1s\n\
         2026-01-01T00:00:00Z  INFO serve_inner:c{k=Some(\"z\")}: srv: close time.busy=1s time.idle=1s\n\
         2026-01-01T00:00:00Z  INFO serve_inner:list_tools: srv: close time.busy=1s time.idle=1s",
    );
    // Without parsing the head stands in the message; what counts is what follows it.
    let mut memory = ToolMemory::default();
    let mut batch = lines.batch(0, lines.rows.len());
    for row in &mut batch.rows {
        let text = batch.text.stored(row.raw);
        let at = memchr::memmem::find(text, b"close").unwrap();
        row.message = row.raw.slice(at, text.len());
    }
    Extract::tools().apply(&mut memory, &mut batch, 0);
    assert_eq!(shown(&batch), ["2 call 195us a", "3 call tool 2000000us b", "5 call 2000000us c"]);
}

#[test]
fn structured_starts_and_ends_pair_by_id_else_by_name() {
    let lines = Lines::of(
        "tool call started tool=a request_id=1\n\
         tool call started tool=a request_id=2\n\
         cache missed tool=a request_id=2\n\
         tool call finished tool=a request_id=2 duration_ms=5\n\
         tool call failed tool=a request_id=1 error=x\n\
         tool call started tool=b\n\
         Error calling tool 'b'\n\
         tool call failed tool=b error=x duration_ms=1\n\
         tool call started tool=c",
    );
    assert_eq!(
        run(&lines),
        ["4 call 5000us a", "5 call tool a", "8 call tool 1000us b", "9+1 call c"],
        "an error of a worse notation adds nothing once records tell of errors"
    );
}

#[test]
fn a_rule_of_the_user_counts_before_all_else() {
    let rule = |regex: &str, kind| rule::RuleSettings { regex: regex.into(), kind };
    let rules = [
        rule(r"(?P<tool>\w+) finished in (?P<duration:ms>\d+)", None),
        rule(r"(?<tool>\w+) went wrong: (?<error>.*)", Some(rule::RuleKind::End)),
        rule(r"run (?<tool>\w+) (?<id>#\d+)", Some(rule::RuleKind::Start)),
    ];
    let rules = rules.iter().map(|r| Rule::new(r).unwrap()).collect();
    let stage = Extract::new(true, rules);
    let lines = Lines::of(
        "a finished in 12\n\
         run b #1\n\
         b went wrong: Request timed out\n\
         Tool 'a' completed in 5ms\n\
         run c #2",
    );
    assert_eq!(run_with(&stage, &lines, &[]), ["1 call 12000us a", "3 call timeout b", "5+1 call c"]);
}

#[test]
fn mistakes_in_rules_are_told_with_their_place() {
    for (regex, place, message) in [
        ("(?<tol>x)", 3..6, "no rule knows a group `tol`"),
        ("(?<tool:int>x)", 3..11, "a group `tool` cannot be of type `int`"),
        ("(?<duration:x>x)", 3..13, "a group `duration` cannot be of type `x`"),
        ("(?<tool", 0..7, "a group's name is not closed"),
        ("(", 0..1, "not a regular expression: unclosed group"),
    ] {
        let (range, text, _) =
            Rule::new(&rule::RuleSettings { regex: regex.into(), kind: None }).unwrap_err();
        assert_eq!((range, text.as_str()), (place, message), "{regex}");
    }
}

#[test]
fn what_runs_when_a_container_ends_is_lost() {
    let lines = Lines::of(
        "tool call started tool=a\n\
         tool call finished tool=a duration_ms=5\n\
         tool call started tool=b\n\
         [demo] Handler called: call_tool c with {}",
    );
    let stage = Extract::tools();
    let mut memory = stage.start();
    let mut batch = lines.batch(0, 4);
    stage.apply(&mut memory, &mut batch, 0);
    let mut end = lines.batch(0, 0);
    stage.release(&mut memory, &mut end, 0, End::Life);
    assert_eq!(shown(&end), ["3+1 call lost b"]);
    assert_eq!(end.tally.made, 1);
    assert_eq!(memory.coverage(&batch.origins[0].origin), [false; 3], "a new life shows anew what it can");
}

#[test]
fn too_many_open_calls_let_the_oldest_go() {
    let mut text = String::new();
    for n in 0..OPEN + 2 {
        text.push_str(&format!("5 [demo] Handler called: call_tool t{n} with {{}}\n"));
    }
    let lines = Lines::clocked(&text);
    let stage = Extract::tools();
    let mut memory = stage.start();
    let mut batch = lines.batch(0, lines.rows.len());
    stage.apply(&mut memory, &mut batch, 0);
    assert_eq!(batch.tally.evicted, 2);
    assert_eq!(memory.open, OPEN);
    let found = shown(&batch);
    assert_eq!(found[..2], ["1+1 call t0", "2+1 call t1"]);
}

#[test]
fn names_out_of_use_are_forgotten() {
    let stage = Extract::tools();
    let mut memory = stage.start();
    for round in 0..4 {
        let text: Vec<String> = (0..memory::NAMES).map(|n| format!("tool_call: t{round}x{n}")).collect();
        let lines = Lines::of(&text.join("\n"));
        let mut batch = lines.batch(0, lines.rows.len());
        stage.apply(&mut memory, &mut batch, 0);
        assert_eq!(
            shown(&batch).last(),
            Some(&format!("{0} call t{round}x{1}", memory::NAMES, memory::NAMES - 1))
        );
    }
    let saved = memory.save();
    assert!(saved["names"].as_array().unwrap().len() <= 2 * memory::NAMES);
}

#[test]
fn both_streams_of_a_container_are_one_and_containers_are_apart() {
    let stage = Extract::tools();
    let mut memory = stage.start();
    let lines = Lines::of(
        "Handler called: call_tool a with {}\nTool 'a' completed in 5ms\nTool 'a' completed in 5ms",
    );
    let mut batch = lines.batch(0, 3);
    let other = SharedOrigin::new(Origin { deployment: Some("other".into()), ..Origin::default() });
    batch.origins.push(other);
    batch.rows[0].stream = crate::event::Stream::Stderr;
    batch.rows[1].origin = 1;
    stage.apply(&mut memory, &mut batch, 0);
    assert_eq!(shown(&batch), ["2 call 5000us a", "3 call 5000us a"]);
    assert_eq!(memory.containers.len(), 2);
    assert_eq!(memory.containers[1].open.len() + memory.containers[0].open.len(), 0);
    assert_eq!(memory.coverage(&batch.origins[1].origin), [true; 3]);
    assert_eq!(memory.authority_changes(), 1);
}

#[test]
fn an_export_is_left_as_it_is() {
    let lines = Lines::of("tool_call: a");
    let stage = Extract::tools();
    let mut batch = lines.batch(0, 1);
    batch.rows[0].flags.set(Flags::EXTRACTED);
    stage.apply(&mut stage.start(), &mut batch, 0);
    assert_eq!(shown(&batch), [] as [&str; 0]);
}

#[test]
fn errors_without_a_written_level_are_errors() {
    let lines = Lines::of("Error calling tool 'a'\ntool_error: a x\nTool 'a' completed in 1ms");
    let stage = Extract::tools();
    let mut batch = lines.batch(0, 3);
    batch.rows[1].level = Some(Level::Info);
    stage.apply(&mut stage.start(), &mut batch, 0);
    let levels: Vec<_> = batch.rows.iter().map(|row| row.level).collect();
    assert_eq!(levels, [Some(Level::Error), Some(Level::Info), None]);
}

#[test]
fn a_memory_of_another_version_is_refused() {
    assert!(ToolMemory::restore(&serde_json::json!({ "version": 99 })).is_err());
    assert!(ToolMemory::restore(&serde_json::json!({ "version": 1 })).is_err());
}

proptest::proptest! {
    #[test]
    fn nothing_panics_and_cuts_change_nothing(
        picks in proptest::collection::vec((0usize..20, 0i64..50_000), 1..40), cut in 0usize..40
    ) {
        let pieces = [
            "tool_call: a", "tool_error: a x", "tool_duration: a 3ms", "Tool 'a' completed in 5ms",
            "Tool 'b' failed after 5ms: x", "Error calling tool 'a'", "Handler called: call_tool a with {}",
            "Processing request of type CallToolRequest", "Request tools/call completed in 5ms",
            "tool call started tool=a", "tool call finished tool=a duration_ms=5", "tool failed tool=a error=x",
            "event=request_start method=tools/call payload={\"name\":\"a\"}",
            "event=request_success method=tools/call duration_ms=5",
            r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a"}}"#,
            r#"{"jsonrpc":"2.0","id":1,"result":{}}"#, "noise", "- Calling tool a with arguments: {}",
            "> Calling tool a took: 5ms", "{\"tool\":\"\\u0061",
        ];
        let mut time = 0;
        let text: Vec<String> = picks.iter().map(|(pick, step)| {
            time += step;
            format!("{time} {}", pieces[*pick])
        }).collect();
        let lines = Lines::clocked(&text.join("\n"));
        let stage = Extract::tools();
        let whole = run_with(&stage, &lines, &[]);
        let cut = cut.min(lines.rows.len());
        proptest::prop_assert_eq!(run_with(&stage, &lines, &[cut]), whole);
    }

    #[test]
    fn any_bytes_do(line in "\\PC*tool.{0,9}[{}\"'=:]\\PC*|.*jsonrpc.*|\\PC*CallTool\\PC*") {
        for prefix in ["", "tool_call:", "tool_duration: a ", "Tool '", "{\"tool\":", "{\"jsonrpc\":", "{'tool': "] {
            run_with(&Extract::tools(), &Lines::of(&format!("{prefix}{line}").replace('\n', " ")), &[]);
        }
    }
}
