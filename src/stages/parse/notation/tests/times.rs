//! Times as loggers write them, and what is none.

use crate::event::SECOND;
use crate::event::time::{parse_rfc3339, to_rfc3339};
use crate::stages::parse::notation::{
    LineTime, is_jul_first, parse_epoch, parse_epoch_float, parse_time, parse_time_prefix,
};
use proptest::prelude::*;

fn ns(text: &str) -> i64 {
    parse_rfc3339(text.as_bytes()).unwrap()
}

#[test]
fn every_usual_spelling_of_a_time_is_read() {
    let (known, local) = (LineTime::Known, LineTime::Local);
    let whole = "2026-11-22T19:46:55Z";
    let exact = "2026-11-22T19:46:55.123Z";
    for (text, expected) in [
        ("2026-11-22T19:46:55Z", known(ns(whole))),
        ("2026-11-22T19:46:55.123Z", known(ns(exact))),
        ("2026-11-22t19:46:55.123z", known(ns(exact))),
        ("2026-11-22T19:46:55.123456789Z", known(ns("2026-11-22T19:46:55.123456789Z"))),
        ("2026-11-22T20:46:55+01:00", known(ns(whole))),
        ("2026-11-22T20:46:55+0100", known(ns(whole))),
        ("2026-11-22T20:46:55+01", known(ns(whole))),
        ("2026-11-22T14:16:55-05:30", known(ns(whole))),
        ("2026-11-22T20:46:55+01:00[Europe/Berlin]", known(ns(whole))),
        ("2026-11-22 19:46:55 UTC", known(ns(whole))),
        ("2026-11-22 19:46:55 +0000", known(ns(whole))),
        ("2026-11-22 14:46:55 EST", known(ns(whole))),
        ("2026-11-22 19:46:55", local(ns(whole))),
        ("2026-11-22 19:46:55,123", local(ns(exact))),
        ("2026-11-22 19:46:55.123", local(ns(exact))),
        ("2026-11-22_19:46:55", local(ns(whole))),
        ("2026-11-22 19:46", local(ns("2026-11-22T19:46:00Z"))),
        ("2026/11/22 19:46:55", local(ns(whole))),
        ("2026/11/22 - 19:46:55", local(ns(whole))),
        ("2026.11.22 19:46:55", local(ns(whole))),
        ("[2026-11-22 19:46:55,123]", local(ns(exact))),
        ("20261122T194655Z", known(ns(whole))),
        ("20261122 19:46:55", local(ns(whole))),
        ("22/Nov/2026:19:46:55 +0000", known(ns(whole))),
        ("[22/Nov/2026:20:46:55 +0100]", known(ns(whole))),
        ("22-Nov-2026 19:46:55.123", local(ns(exact))),
        ("22 Nov 2026 19:46:55.123", local(ns(exact))),
        ("Sun, 22 Nov 2026 19:46:55 GMT", known(ns(whole))),
        ("Sun Nov 22 19:46:55 2026", local(ns(whole))),
        ("Sun Nov 22 19:46:55 UTC 2026", known(ns(whole))),
        ("Nov 22, 2026 7:46:55 PM", local(ns(whole))),
        ("Nov 22, 2026, 7:46:55\u{202f}PM", local(ns(whole))),
        ("November 22, 2026 7:46:55 PM", local(ns(whole))),
        ("11/22/26 19:46:55", local(ns(whole))),
        ("11/22/2026, 7:46:55 PM", local(ns(whole))),
        ("22/11/2026 19:46:55", local(ns(whole))),
        ("Nov 22 19:46:55", LineTime::NoYear { month: 11, day: 22, of_day: 71_215 * SECOND }),
        ("Feb 29 19:46:55", LineTime::NoYear { month: 2, day: 29, of_day: 71_215 * SECOND }),
        ("Nov  2 19:46:55", LineTime::NoYear { month: 11, day: 2, of_day: 71_215 * SECOND }),
        ("19:46:55.5", LineTime::OfDay(71_215 * SECOND + SECOND / 2)),
        ("7:46PM", LineTime::OfDay(71_160 * SECOND)),
        ("12:00AM", LineTime::OfDay(0)),
        ("12:00:01 pm", LineTime::OfDay(43_201 * SECOND)),
        ("1795376815", known(ns(whole))),
        ("1795376815.123", known(ns(exact))),
        ("1795376815123", known(ns(exact))),
        ("1795376815123000", known(ns(exact))),
        ("1795376815123000000", known(ns(exact))),
        ("1.795376815e+09", known(ns(whole))),
        ("2026-11-22", local(ns("2026-11-22T00:00:00Z"))),
        (" 2026-11-22T19:46:55Z ", known(ns(whole))),
    ] {
        assert_eq!(parse_time(text.as_bytes()), Some(expected), "{text}");
    }
}

#[test]
fn what_is_no_time_is_none() {
    for text in [
        "",
        "x",
        "12",
        "2026",
        "2026-11",
        "2026-13-22 19:46:55",
        "2026-11-31 19:46:55",
        "2025-02-29 19:46:55",
        "2026-11-22 24:00:00",
        "2026-11-22 19:60:00",
        "2026-11-22 19:46:61",
        "2026-11-22T19:46:55Z x",
        "2026-11-22X19:46:55",
        "2026-11-2219:46:55",
        "Nov 31 19:46:55",
        "Now 22 19:46:55",
        "Nov 22",
        "13:00PM",
        "0:30AM",
        "19:46",
        "::",
        "19:46:5",
        "123456789012",
        "1.2.3.4",
        "17953768151",
        "[2026-11-22 19:46:55",
        "9999-11-22 19:46:55",
        "22/Nov/2026",
        "1:2:3:4",
        "2026-11-22 19:46:55 +9900",
    ] {
        assert_eq!(parse_time(text.as_bytes()), None, "{text}");
    }
}

#[test]
fn a_time_at_the_start_ends_where_it_ends() {
    for (line, end) in [
        ("2026-11-22 19:46:55,123 INFO x", 23),
        ("2026-11-22 19:46:55 - x", 19),
        ("2026-11-22 19:46:55 CEST x", 24),
        ("2026-11-22 19:46:55 TEST x", 19),
        ("[2026-11-22 19:46:55] x", 21),
        ("Nov 22 19:46:55 2026", 15),
        ("19:46:55.123 [main]", 12),
    ] {
        assert_eq!(parse_time_prefix(line.as_bytes()).map(|(_, end)| end), Some(end), "{line}");
    }
}

#[test]
fn numbers_tell_their_unit_by_their_size() {
    let expected = Some(LineTime::Known(ns("2026-11-22T19:46:55.123Z")));
    assert_eq!(parse_epoch(1_795_376_815_123), expected);
    assert_eq!(parse_epoch(1_795_376_815_123_000), expected);
    assert_eq!(parse_epoch(1_795_376_815_123_000_000), expected);
    assert_eq!(parse_epoch_float(1_795_376_815.123), expected);
    assert_eq!(parse_epoch_float(1_795_376_815_123.0), expected);
    assert_eq!(parse_epoch(0), Some(LineTime::Known(0)));
    assert_eq!(parse_epoch(-1), None);
    assert_eq!(parse_epoch(i64::MAX), Some(LineTime::Known(i64::MAX)));
    for bad in [f64::NAN, f64::INFINITY, -0.5, 1e300] {
        assert_eq!(parse_epoch_float(bad), None, "{bad}");
    }
}

#[test]
fn the_first_line_of_java_util_logging_is_known() {
    for (line, expected) in [
        ("Nov 22, 2026 7:46:55 PM org.apache.catalina.core.StandardService startInternal", true),
        ("Nov 22, 2026 7:46:55 PM Main main", true),
        ("Nov. 22, 2026 7:46:55 PM org.acme.Server <init>", true),
        ("Nov 22, 2026 7:46:55 PM it all began again", false),
        ("Nov 22 19:46:55 host app[12]: text", false),
        ("INFO: Starting service [Tomcat]", false),
        ("", false),
    ] {
        assert_eq!(is_jul_first(line.as_bytes()), expected, "{line}");
    }
}

proptest! {
    #[test]
    fn reading_agrees_with_chrono(seconds in 0i64..4_000_000_000, nanos in 0i64..SECOND, minutes in -840i32..840) {
        let whole = chrono::DateTime::from_timestamp(seconds, nanos as u32).unwrap();
        let offset = chrono::FixedOffset::east_opt(minutes * 60).unwrap();
        let there = whole.with_timezone(&offset);
        let full = Some(LineTime::Known(seconds * SECOND + nanos));
        let second = Some(LineTime::Known(seconds * SECOND));
        prop_assert_eq!(parse_time(to_rfc3339(seconds * SECOND + nanos).as_bytes()), full);
        prop_assert_eq!(parse_time(there.format("%Y-%m-%dT%H:%M:%S%.9f%:z").to_string().as_bytes()), full);
        prop_assert_eq!(parse_time(there.format("%Y-%m-%d %H:%M:%S%.9f %z").to_string().as_bytes()), full);
        prop_assert_eq!(parse_time(there.format("%d/%b/%Y:%H:%M:%S %z").to_string().as_bytes()), second);
        prop_assert_eq!(parse_time(whole.format("%a, %d %b %Y %H:%M:%S GMT").to_string().as_bytes()), second);
        prop_assert_eq!(
            parse_time(whole.format("%b %-d, %Y %-I:%M:%S %p").to_string().as_bytes()),
            Some(LineTime::Local(seconds * SECOND))
        );
    }
}
