use super::*;
use crate::event::{Flags, NO_TIME};
use crate::sinks::sample::{Sample, TIME};

fn lines(sample: &Sample, human: &Human, colour: bool, width: Option<usize>) -> String {
    let mut printer = Printer::new(Zone::Fixed(3600), colour);
    let mut out = Vec::new();
    for index in 0..sample.batch.rows.len() {
        let mut draft = Vec::new();
        human.encode(&Event { batch: &sample.batch, index }, &mut draft);
        let row = &sample.batch.rows[index];
        let time = if row.timestamp == NO_TIME { row.engine_time } else { row.timestamp };
        printer.print(&draft, time, width, &mut out);
    }
    String::from_utf8(out).unwrap()
}

/// Without colours, into a pipe, without the date.
fn plain(sample: &Sample) -> String {
    let all = lines(sample, &Human::default(), false, None);
    let (date, rest) = all.split_once('\n').unwrap();
    assert_eq!(date, "── 2026-01-27 Tue +01:00 ──");
    rest.to_owned()
}

#[test]
fn an_event_is_a_line_of_time_name_level_message() {
    let mut sample = Sample::of("mcp-demo-0127-164730-0a1b2c3d", "demo");
    sample.say(Level::Info, "started");
    sample.say(Level::Error, "Traceback (most recent call last):\n  File \"x\"\n\nValueError: no\n");
    sample.row(b"no level");
    sample.say(Level::Warn, "");
    assert_eq!(
        plain(&sample),
        "17:47:30.124 demo INFO  started\n\
         17:47:30.124 demo ERROR Traceback (most recent call last):\n\
         \u{20}                         File \"x\"\n\
         \n\
         \u{20}                       ValueError: no\n\
         17:47:30.124 demo       no level\n\
         17:47:30.124 demo WARN\n"
    );
}

#[test]
fn the_date_stands_where_the_day_changes() {
    let mut sample = Sample::of("", "");
    const HOUR: i64 = 3600 * crate::event::SECOND;
    for hours in [0, 6, 7] {
        sample.row(b"m").timestamp = TIME + hours * HOUR;
    }
    sample.row(b"nobody knows").engine_time = NO_TIME;
    assert_eq!(
        lines(&sample, &Human::default(), false, None),
        "── 2026-01-27 Tue +01:00 ──\n\
         17:47:30.124       m\n\
         23:47:30.124       m\n\
         ── 2026-01-28 Wed +01:00 ──\n\
         00:47:30.124       m\n\
         \u{20}                  nobody knows\n"
    );
}

#[test]
fn a_tool_event_stands_out() {
    const MS: i64 = 1_000_000;
    for (message, name, call, error, duration, line) in [
        (
            "Tool 'read_file' failed after 66.21ms: quota exceeded",
            "read_file",
            true,
            Some("tool"),
            Some(66_210_000),
            "✗ read_file 66 ms quota exceeded",
        ),
        (
            "Tool 'read_file' completed in 1201.57ms",
            "read_file",
            true,
            None,
            Some(1201 * MS),
            "✓ read_file 1.2 s",
        ),
        ("tool_error: find no such place", "find", false, Some("tool"), None, "✗ find no such place"),
        ("tool_call: find {\"q\": 1}", "find", true, None, None, "→ find {\"q\": 1}"),
        ("tool_duration: find 0.123s", "find", false, None, Some(123 * MS), "✓ find 123 ms"),
        ("tool_duration: find=941ns", "find", false, None, Some(941), "✓ find 941 ns"),
        ("Error calling tool 'find'", "find", false, Some("tool"), None, "✗ find"),
        (
            "Tool 'find' raised an unexpected exception",
            "find",
            false,
            Some("tool"),
            None,
            "✗ find raised an unexpected exception",
        ),
        ("- Calling tool find with arguments: {}", "find", true, None, None, "→ find with arguments: {}"),
        ("unknown: find", "find", false, Some("unknown_tool"), None, "✗ find unknown_tool unknown: find"),
        ("", "find", true, None, Some(54_900), "✓ find 55 µs"),
        ("took 17 s: find", "find", false, None, None, "took 17 s: find"),
        ("Tool 'find' failed after 3s: no", "find", false, Some("tool"), None, "✗ find after 3s: no"),
        (
            "Request tools/call completed in 1.42ms",
            "",
            true,
            None,
            Some(1_420_000),
            "✓ 1.4 ms Request tools/call completed in 1.42ms",
        ),
    ] {
        let mut sample = Sample::of("demo", "");
        sample.row(message.as_bytes());
        sample.tool(name, call, error, duration);
        let text = plain(&sample);
        assert_eq!(text.strip_prefix("17:47:30.124 demo       ").unwrap(), format!("{line}\n"), "{message}");
    }
}

#[test]
fn lengths_of_time_are_short() {
    for (ns, text) in [
        (0, "0 ns"),
        (999, "999 ns"),
        (54_949, "55 µs"),
        (1_000, "1 µs"),
        (1_420_000, "1.4 ms"),
        (9_949_999, "9.9 ms"),
        (9_960_000, "10 ms"),
        (999_600_000, "1 s"),
        (1_201_570_000, "1.2 s"),
        (99_000_000_000, "99 s"),
        (600_000_000_000, "10 min"),
        (9_000_000_000_000, "2.5 h"),
    ] {
        assert_eq!(duration(ns), text);
    }
}

#[test]
fn own_fields_follow_the_message_unless_they_stand_in_it() {
    let mut sample = Sample::of("", "");
    let row = sample.row(b"{\"msg\":\"took 17 s\"}");
    row.message = row.message.slice(8, 17);
    sample.own("user", "7");
    sample.own("path", "/a b");
    sample.own_json("ids", "[1,2]");
    sample.own_json("gone", "null");
    sample.row(b"GET /x 200");
    sample.own("path", "/x");
    assert_eq!(
        plain(&sample),
        "17:47:30.124       took 17 s user=7 path=\"/a b\" ids=[1,2]\n17:47:30.124       GET /x 200\n"
    );
}

#[test]
fn nothing_reaches_a_terminal_as_a_control() {
    for (text, shown) in [
        (&b"a\x1b[31mred\x1b[0m"[..], "ared"),
        (b"\x1b]0;title\x07", "␛]0;title␇"),
        (b"\x1b[2J", "␛[2J"),
        (b"a\rb\r\nc\r", "a␍b\nc"),
        (b"nul\0 del\x7f", "nul␀ del␡"),
        (b"\xc2\x9b31m", "\\x9b31m"),
        ("\u{202e}evil".as_bytes(), "\\u202eevil"),
        (b"caf\xe9\x1b", "caf\u{fffd}␛"),
        ("tab\té".as_bytes(), "tab    é"),
    ] {
        assert_eq!(clean(text, true), shown);
    }
    assert_eq!(clean(b"tab\t", false), "tab\t");
    let every: Vec<u8> = (0..=255).collect();
    let all = clean(&every, true).into_owned();
    assert!(all.chars().all(|c| c == '\n' || !c.is_control()), "{all:?}");
}

#[test]
fn names_and_keys_are_made_safe_too() {
    let mut sample = Sample::of("a\x1b[2J\nb", "");
    sample.row(b"m");
    assert_eq!(plain(&sample), "17:47:30.124 a␛[2J␤b       m\n");
    let mut sample = Sample::of("", "");
    sample.row(b"m").message = crate::event::Span::EMPTY;
    sample.own("k\x1b[2J", "v\x07\n");
    sample.tool("t\x1b", true, Some("e\x07"), None);
    assert_eq!(plain(&sample), "17:47:30.124       ✗ t␛ e␇  k␛[2J=\"v␇\\n\"\n");
}

#[test]
fn red_means_error_and_nothing_else() {
    let human = Human { highlight: vec![Regex::new("quota").unwrap()], terminal: true };
    let mut sample = Sample::of("demo", "");
    for level in [Level::Trace, Level::Debug, Level::Info, Level::Warn] {
        sample.say(level, "quota");
        sample.own("k", "v");
    }
    sample.say(Level::Info, "done");
    sample.tool("find", true, None, Some(5));
    let calm = lines(&sample, &human, true, Some(80));
    assert!(!calm.contains("31m") && !calm.contains("91m"), "{calm:?}");

    let mut sample = Sample::of("demo", "");
    sample.say(Level::Error, "Tool 'find' failed: quota exceeded");
    sample.tool("find", true, Some("tool"), None);
    let text = lines(&sample, &human, true, None);
    let (_, line) = text.split_once('\n').unwrap();
    let (head, rest) = line.split_once("demo").unwrap();
    assert_eq!(head.matches("\x1b[2m17:47:30.124\x1b[0m ").count(), 1, "{head:?}");
    assert_eq!(
        rest,
        "\x1b[0m \x1b[1;31mERROR\x1b[0m \x1b[0;1;31m✗\x1b[0m \x1b[0;1mfind\x1b[0m \x1b[0;30;43mquota\x1b[0m exceeded\n"
    );
}

#[test]
fn a_terminal_is_never_overrun_and_no_text_is_lost() {
    let message = "a rather long message that must be wrapped somewhere, with ein_wort_das_in_keine_zeile_passt_weil_es_so_lang_ist and 日本語の長い文章がここにあります end";
    for width in [30, 40, 60, 80] {
        let mut sample = Sample::of("demo", "");
        sample.say(Level::Info, message);
        let text = lines(&sample, &Human { terminal: true, ..Human::default() }, false, Some(width));
        let (_, text) = text.split_once('\n').unwrap();
        for line in text.lines() {
            assert!(unicode_width::UnicodeWidthStr::width(line) <= width, "{width}: {line:?}");
        }
        let squeeze = |text: &str| text.chars().filter(|c| !c.is_whitespace()).collect::<String>();
        assert!(squeeze(text).ends_with(&squeeze(message)), "{text}");
    }
    let mut sample = Sample::of("demo", "");
    sample.say(Level::Info, message);
    assert_eq!(plain(&sample).lines().count(), 1, "a pipe is not wrapped");
}

#[test]
fn a_wrapped_line_stays_in_its_column_and_keeps_its_style() {
    let human = Human { highlight: vec![Regex::new("five six").unwrap()], terminal: true };
    let mut sample = Sample::of("demo", "");
    sample.say(Level::Info, "one two three four five six seven");
    let text = lines(&sample, &human, true, Some(50));
    assert!(
        text.ends_with(
            "one two three four \x1b[0;30;43mfive\x1b[0m\n                        \x1b[0;30;43msix\x1b[0m seven\n"
        ),
        "{text:?}"
    );
}

#[test]
fn matches_of_several_patterns_are_marked_once() {
    let human = Human {
        highlight: vec![Regex::new("abc").unwrap(), Regex::new("bcd|x").unwrap(), Regex::new("").unwrap()],
        terminal: false,
    };
    let mut out = Vec::new();
    human.write_marked("abcde x", &mut out);
    assert_eq!(out, b"\x01abc\x06\x01d\x06e \x01x\x06");
}

#[test]
fn a_json_record_that_is_cut_still_shows() {
    let mut sample = Sample::of("", "");
    sample.row(b"{\"half\":").flags.set(Flags::CUT);
    assert_eq!(plain(&sample), "17:47:30.124       {\"half\":\n");
}
