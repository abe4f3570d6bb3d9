use super::*;

const ENGINE: Nanos = 1_795_348_800 * SECOND; // 2026-11-22T12:00:00Z
const HOUR: Nanos = 3_600 * SECOND;
const UTC: Zone = Zone::Fixed(0);

fn at(time: LineTime, engine: Nanos, clock: &mut Clock) -> (Option<Nanos>, bool) {
    resolve(time, engine, NO_TIME, UTC, clock)
}

#[test]
fn a_time_without_zone_takes_the_nearest_quarter_hour() {
    for (offset, late) in
        [(0, 0), (2 * HOUR, 3 * SECOND), (-5 * HOUR, SECOND), (5 * HOUR + 3 * QUARTER, 60 * SECOND)]
    {
        let mut clock = Clock::default();
        let local = LineTime::Local(ENGINE - late + offset);
        assert_eq!(at(local, ENGINE, &mut clock), (Some(ENGINE - late), false), "{offset}");
    }
}

#[test]
fn the_offset_is_remembered_for_lines_that_come_late() {
    let mut clock = Clock::default();
    at(LineTime::Local(ENGINE + 2 * HOUR), ENGINE, &mut clock);
    // Written twelve minutes before it was flushed.
    let written = ENGINE + 60 * SECOND;
    let flushed = written + 12 * 60 * SECOND;
    assert_eq!(at(LineTime::Local(written + 2 * HOUR), flushed, &mut clock), (Some(written), false));
    // A change of the clocks is an hour, and noticed.
    let winter = ENGINE + 24 * HOUR;
    assert_eq!(at(LineTime::Local(winter + HOUR), winter, &mut clock), (Some(winter), false));
}

#[test]
fn a_time_over_a_day_away_is_replaced_and_counted() {
    let mut clock = Clock::default();
    assert_eq!(at(LineTime::Known(0), ENGINE, &mut clock), (Some(ENGINE), true));
    assert_eq!(at(LineTime::Local(4_102_444_800 * SECOND), ENGINE, &mut clock), (Some(ENGINE), true));
    assert_eq!(
        at(LineTime::Known(ENGINE - 23 * HOUR), ENGINE, &mut clock),
        (Some(ENGINE - 23 * HOUR), false)
    );
    assert_eq!(at(LineTime::Known(i64::MIN + 1), ENGINE, &mut clock), (Some(ENGINE), true));
    // Without engine time there is nothing to compare with.
    assert_eq!(at(LineTime::Known(5), NO_TIME, &mut clock), (Some(5), false));
}

#[test]
fn what_a_line_leaves_out_comes_from_what_is_near() {
    let mut clock = Clock::default();
    let january =
        DateTime::parse_from_rfc3339("2027-01-01T00:00:30Z").unwrap().timestamp_nanos_opt().unwrap();
    let december = LineTime::NoYear { month: 12, day: 31, of_day: DAY - SECOND };
    assert_eq!(at(december, january, &mut clock), (Some(january - 31 * SECOND), false));
    let mut clock = Clock::default();
    assert_eq!(at(LineTime::OfDay(DAY - SECOND), january, &mut clock), (Some(january - 31 * SECOND), false));
    // Without engine time the last full time of the stream tells the day.
    let mut clock = Clock::default();
    assert_eq!(at(LineTime::OfDay(0), NO_TIME, &mut clock), (None, false));
    at(LineTime::Known(ENGINE + 11 * HOUR), NO_TIME, &mut clock);
    assert_eq!(
        at(LineTime::OfDay(5 * SECOND), NO_TIME, &mut clock),
        (Some(ENGINE + 12 * HOUR + 5 * SECOND), false)
    );
    // A day that the year does not have.
    let leap = LineTime::NoYear { month: 2, day: 29, of_day: 0 };
    assert_eq!(at(leap, ENGINE, &mut clock), (None, false));
}

#[test]
fn zones_are_read_and_used() {
    let local = LineTime::Local(ENGINE);
    for (name, offset) in
        [("UTC", 0), ("+02:00", 2), ("-0530", -5), ("Europe/Berlin", 1), ("America/New_York", -5)]
    {
        let zone = Zone::parse(name).unwrap();
        let (found, _) = resolve(local, NO_TIME, NO_TIME, zone, &mut Clock::default());
        let extra = if name == "-0530" { 30 * MINUTE } else { 0 };
        assert_eq!(found, Some(ENGINE - offset * HOUR + extra), "{name}");
    }
    for bad in ["", "Berlin", "+2:0", "+99:00"] {
        assert_eq!(Zone::parse(bad), None, "{bad}");
    }
}

#[test]
fn iso_times_are_read_in_their_spellings() {
    let mut reader = IsoReader::default();
    for (text, time) in [
        ("2026-11-22T12:00:00Z", Some(LineTime::Known(ENGINE))),
        ("2026-11-22T14:00:00.5+02:00", Some(LineTime::Known(ENGINE + SECOND / 2))),
        ("2026-11-22 12:00:00,250", Some(LineTime::Local(ENGINE + SECOND / 4))),
        ("2026-11-22 12:00:00 UTC", Some(LineTime::Known(ENGINE))),
        ("2026-11-22T07:00:00-0500", Some(LineTime::Known(ENGINE))),
        ("2026-11-22T12:00", None),
        ("2026-13-22T12:00:00Z", None),
        ("2026-11-22T12:00:00.Z", None),
        ("2026-11-22T12:00:00Zx", None),
    ] {
        assert_eq!(reader.read(text.as_bytes()), time, "{text}");
    }
}
