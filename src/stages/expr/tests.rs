use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::event::{Batch, Cell, Partition, Presence, Row, Schema, Span, Text, Type};

fn schema(open: bool) -> Schema {
    let mut schema = Schema::default();
    schema.open = open;
    for field in [Field::MESSAGE, Field::TIMESTAMP] {
        schema.set_known(field, Presence::Always, "source");
    }
    for field in [Field::LEVEL, Field::LEVEL_TEXT, Field::LOGGER] {
        schema.set_known(field, Presence::Maybe, "parse");
    }
    for field in [Field::TOOL_NAME, Field::TOOL_CALL, Field::TOOL_DURATION] {
        schema.set_known(field, Presence::Maybe, "extract");
    }
    schema.set(Field::named("status"), Type::Int, Presence::Maybe, "parse");
    schema.set(Field::named("size"), Type::Bytes, Presence::Maybe, "parse");
    schema
}

fn problems(text: &str, open: bool) -> Vec<String> {
    let found = match Expr::parse(text) {
        Ok(expr) => expr.check(&schema(open)),
        Err(problems) => problems,
    };
    let help = |p: &Problem| p.help.clone().map(|help| format!(" ({help})")).unwrap_or_default();
    found.iter().map(|p| format!("{}: {}{}", &text[p.range.clone()], p.message, help(p))).collect()
}

/// A batch of one row: message with escapes, own fields in JSON.
fn batch() -> Batch {
    let partition = Partition {
        key: "a/b".into(),
        name: "b".into(),
        identity: crate::event::Identity::Stream,
        origin: crate::event::SharedOrigin::new(crate::event::Origin {
            deployment: Some("mcp-demo".into()),
            ..Default::default()
        }),
    };
    let mut batch = Batch::new(Arc::new(partition), Text::default());
    let message = batch.text.push(br#"quota \"exceeded\" for read_file"#).escaped(true);
    let row = Row {
        raw: message,
        message,
        level: Some(Level::Warn),
        timestamp: 1_769_532_420_000_000_000,
        rest_len: 4,
        ..Row::default()
    };
    batch.rows.push(row);
    let mut pair = |key: &str, value: &str| {
        let (key, text) = (batch.text.push(key.as_bytes()), batch.text.push(value.as_bytes()));
        batch.pairs.push(crate::event::Pair { key, value: Cell::Text(text) });
    };
    pair("code", "500");
    pair("took", "1.5s");
    pair("sev", "warning");
    let key = batch.text.push(b"user");
    let object = batch.text.push(br#"{"id":7,"big":true}"#);
    batch.pairs.push(crate::event::Pair { key, value: Cell::Json(object) });
    batch.set(0, Field::TOOL_DURATION, Cell::Duration(66_000_000));
    batch.set(0, Field::TOOL_CALL, Cell::Bool(true));
    batch.set(0, Field::named("status"), Cell::Int(503));
    batch.set(0, Field::named("size"), Cell::Bytes(5 << 20));
    batch.set(0, Field::TOOL_NAME, Cell::Text(Span::EMPTY));
    batch
}

#[test]
fn conditions_are_true_of_what_they_say() {
    let (batch, mut scratch) = (batch(), Scratch::default());
    for (text, expected) in [
        ("level >= WARN", true),
        ("level > WARN", false),
        ("level == 'warning'", true),
        ("level = WARNING", true),
        ("level in [ERROR, WARN]", true),
        ("level not in [ERROR, FATAL]", true),
        ("not level >= ERROR", true),
        (r#"message contains "\"exceeded\"""#, true),
        ("message contains 'nothing'", false),
        ("message starts_with 'quota' and message ends_with 'read_file'", true),
        (r#"message matches "quota.*\bread_\w+$""#, true),
        ("deployment == \"mcp-demo\"", true),
        ("tool.duration > 50ms and tool.duration < 0.1s", true),
        ("tool.duration > 1m", false),
        ("tool.call", true),
        ("not tool.call or status == 1", false),
        ("exists(tool.name) and not exists(tool.error)", true),
        ("status >= 500", true),
        ("status == 503.0", true),
        ("status in [1, 503]", true),
        ("size > 4MiB and size < 6MB", true),
        ("code == 500 and code == \"500\" and code < 500.5", true),
        ("took > 1s and took < 2s", true),
        ("sev >= WARN", true),
        ("user.id == 7 and user.big", true),
        ("`user.id` > 6", true),
        ("timestamp >= 2026-01-27 and timestamp < '2026-01-28'", true),
        // A missing field makes every comparison false; `not` turns that.
        ("nothing == 1", false),
        ("nothing != 1", false),
        ("nothing not in [1]", false),
        ("not nothing == 1", true),
        // `and` binds tighter than `or`, `not` tighter than both.
        ("level == FATAL and level == FATAL or level == WARN", true),
        ("level == WARN or level == FATAL and level == FATAL", true),
        ("(level == WARN or level == FATAL) and level == FATAL", false),
        ("not level == WARN or level == WARN", true),
        ("not (level == WARN or level == FATAL)", false),
    ] {
        let expr = Expr::parse(text).unwrap_or_else(|problems| panic!("{text}: {problems:?}"));
        assert_eq!(expr.eval(&batch, 0, &mut scratch), expected, "{text}");
    }
}

#[test]
fn mistakes_are_reported_with_place_and_help() {
    for (text, expected) in [
        ("", ": a condition is missing (a condition is `field op value`, such as level >= WARN)"),
        (
            "level >= ",
            ": a value is missing (write text in quotes, or a number, level, duration, size or time)",
        ),
        ("level >= WARM", "WARM: `WARM` is no level (did you mean `WARN`?)"),
        (
            "tool.name == read_file",
            "read_file: `read_file` is text and needs quotes (quote it: \"read_file\")",
        ),
        (
            "message contains quota exceeded",
            "quota exceeded: `quota` is text and needs quotes (quote it: \"quota exceeded\")",
        ),
        ("message == 'x", "'x: a quote is not closed (close it)"),
        ("(level >= WARN", "(: `(` is not closed (close it)"),
        ("level >= WARN)", "): `)` without `(` (leave it out)"),
        ("level >= WARN && status == 1", "&&: `&&` is no operator (write `and`)"),
        ("level >= WARN OR status == 1", "OR: `OR` is no operator (write `or`)"),
        ("!tool.call", "!: `!` is no operator (write `not`)"),
        ("message =~ 'x'", "=~: `=~` is no operator (write `matches`)"),
        ("message startswith 'x'", "startswith: `startswith` is no operator (did you mean `starts_with`?)"),
        ("message like 'x'", "like: `like` is no operator (did you mean `contains`?)"),
        (
            "'x' == message",
            "'x' == message: a condition begins with a field (write the field on the left, as in level >= WARN)",
        ),
        (
            "tool.duration > 5mn",
            "5mn: unknown unit 'mn' (write 500ms, 30s, 5m, 24h or 512KiB, 4MiB; quote text)",
        ),
        (
            "timestamp > 2026-13-01",
            "2026-13-01: `2026-13-01` is no time (write 2026-01-27 or 2026-01-27T16:47Z)",
        ),
        ("level in WARN", "WARN: `in` takes a list (write a list, as in level in [WARN, ERROR])"),
        ("level in [WARN", "[: `[` is not closed (write a list, as in level in [WARN, ERROR])"),
        ("level in []", ": a value is missing (write a list, as in level in [WARN, ERROR])"),
        ("level == [WARN]", "[WARN]: a list stands only behind `in` (write `in`)"),
        ("exists tool.name", "exists tool.name: `exists` names one field (write exists(tool.name))"),
        ("message matches '('", "'(': not a regular expression: unclosed group"),
        ("level >= WARN status == 1", "status == 1: this does not belong here"),
    ] {
        assert_eq!(problems(text, true), [expected.to_owned()], "{text}");
    }
}

#[test]
fn one_run_shows_every_mistake() {
    let text = "level >= WARM and (message = quota or tool.duration > 5mn) or exists(a b) and 5 == x";
    assert_eq!(problems(text, true).len(), 5, "{:#?}", problems(text, true));
}

#[test]
fn types_are_checked_against_the_schema() {
    for (text, expected) in [
        (
            "tool.duration == \"fast\"",
            "\"fast\": `tool.duration` is a duration and cannot be compared with the text \"fast\" (write tool.duration > 500ms)",
        ),
        (
            "tool.duration > 5",
            "5: `tool.duration` is a duration and cannot be compared with the number 5 (write tool.duration > 500ms)",
        ),
        ("tool.nmae == \"x\"", "tool.nmae: no field `tool.nmae` (did you mean `tool.name`?)"),
        (
            "level == \"loud\"",
            "\"loud\": `level` is a level and cannot be compared with the text \"loud\" (write level >= WARN)",
        ),
        (
            "level contains \"WARN\"",
            "contains: `contains` looks inside text, and `level` is a level (write level in [WARN, ERROR], or use level.text, the level as written)",
        ),
        (
            "tool.name",
            "tool.name: `tool.name` is text, not true or false (compare it, or write exists(tool.name))",
        ),
        ("tool.call > true", ">: `tool.call` is true or false and has no order (write ==)"),
        ("message contains 5", "5: `contains` takes text (quote it)"),
        ("host == \"x\"", "host: nothing makes `host` here (put `enrich` before it)"),
        (
            "frobnicate == 1",
            "frobnicate: no field `frobnicate` (there are: message, timestamp, level, level.text, logger, tool.name, tool.call, tool.duration, status, size)",
        ),
    ] {
        assert_eq!(problems(text, false), [expected.to_owned()], "{text}");
    }
}

#[test]
fn on_an_open_schema_unknown_fields_are_allowed_and_slips_are_warned_of() {
    assert_eq!(problems("user.id == 7 and frobnicate == 'x'", true), Vec::<String>::new());
    let expr = Expr::parse("tool.nmae == 'x'").unwrap();
    let found = expr.check(&schema(true));
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].severity, crate::config::diagnostic::Severity::Warning);
}

#[test]
fn literals_are_those_that_every_satisfying_record_holds() {
    let made_by = |kind: &str| (kind == "extract").then(|| Needles::texts(&["tools/call"]));
    for (text, expected) in [
        ("level >= ERROR", Ok("level ERROR, level FATAL")),
        ("level == WARN and message contains 'quota exceeded'", Ok("\"quota exceeded\"")),
        ("level == WARN or message contains 'quota exceeded'", Ok("\"quota exceeded\", level WARN")),
        ("message matches 'foo(bar|bazz)+'", Ok("\"foobar\", \"foobazz\"")),
        ("message matches '.*needle.*'", Ok("\"needle\"")),
        ("level >= ERROR or exists(tool.name)", Ok("\"tools/call\", level ERROR, level FATAL")),
        ("own == 'value'", Ok("\"value\"")),
        ("not message contains 'quota'", Err("`not` is true of records that lack something")),
        ("message contains 'x'", Err("\"x\" is too short, or may be escaped")),
        ("message != 'quota'", Err("`!=` is true of too many records")),
        ("deployment == 'mcp-demo'", Err("`deployment` may be any line's own field")),
        ("status == 500", Err("`status` is compared with a value that can be written in many ways")),
        ("message matches '.*'", Err("no literal is in every match of `.*`")),
        ("timestamp > 2026-01-27", Err("`timestamp` comes from `source`, not from the text")),
    ] {
        let found = Expr::parse(text).unwrap().literals(&schema(true), &made_by).map(|n| n.to_string());
        assert_eq!(found, expected.map(str::to_owned).map_err(str::to_owned), "{text}");
    }
}

proptest! {
    #[test]
    fn no_text_breaks_the_parser(text in "(level|tool\\.name|and|or|not|in|exists|contains|[0-9]{1,3}|ms|WARN|==|>=|[()\\[\\],\"'` é!&|=<>-]){0,16}") {
        match Expr::parse(&text) {
            Ok(expr) => { let _ = expr.check(&schema(true)); }
            Err(problems) => for problem in problems {
                prop_assert!(text.get(problem.range.clone()).is_some(), "{problem:?} in {text:?}");
            }
        }
    }

    #[test]
    fn deep_nesting_is_refused(depth in 65usize..3000) {
        let (open, close) = ("(".repeat(depth), ")".repeat(depth));
        let (parens, nots) = (format!("{open}a{close}"), format!("{}a", "not ".repeat(depth)));
        prop_assert!(Expr::parse(&parens).is_err());
        prop_assert!(Expr::parse(&nots).is_err());
    }
}
