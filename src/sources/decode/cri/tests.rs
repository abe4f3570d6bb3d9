use super::*;
use crate::event::Identity;
use crate::sources::decode::tests::decode;

#[test]
fn a_line_is_time_stream_tags_and_text() {
    let ns = 1_475_799_429_669_794_202;
    for (line, text, time, stream, misframed) in [
        ("2016-10-07T00:17:09.669794202Z stdout F hello  you", "hello  you", ns, Stream::Stdout, 0),
        ("2016-10-07T00:17:09.669794202Z stderr F ", "", ns, Stream::Stderr, 0),
        ("2016-10-07T00:17:09.669794202Z stderr F", "", ns, Stream::Stderr, 0),
        ("2016-10-07T02:17:09.669794202+02:00 stdout F:x tab\there\r", "tab\there", ns, Stream::Stdout, 0),
        ("2016-10-07T00:17:09.669794202Z stdout X hello", "", NO_TIME, Stream::None, 1),
        ("just text", "", NO_TIME, Stream::None, 1),
        ("", "", NO_TIME, Stream::None, 1),
    ] {
        let (rows, tallies) =
            decode(&Cri::new(1 << 20), Identity::Container, format!("{line}\n").as_bytes(), 1 << 20);
        let expected = if misframed == 1 { line } else { text };
        assert_eq!(String::from_utf8_lossy(&rows[0].text), expected, "{line}");
        assert_eq!((rows[0].time, rows[0].stream, tallies[0].misframed), (time, stream, misframed), "{line}");
    }
}

#[test]
fn parts_are_joined_by_their_tag() {
    let input = "\
2016-10-06T00:17:09.000000001Z stdout P one 
2016-10-06T00:17:09.000000002Z stderr F other
2016-10-06T00:17:10.000000001Z stdout P two 
2016-10-06T00:17:10.000000002Z stdout F three
2016-10-06T00:17:10.000000003Z stdout F next
2016-10-06T00:17:10.000000003Z stdout P open";
    for step in [1, 1 << 20] {
        let (rows, _) = decode(&Cri::new(1 << 20), Identity::Container, input.as_bytes(), step);
        let got: Vec<_> =
            rows.iter().map(|r| (String::from_utf8_lossy(&r.text).into_owned(), r.records, r.seq)).collect();
        let expected: Vec<(String, u32, u64)> =
            [("other", 1, 2), ("one two three", 3, 1), ("next", 1, 5), ("open", 1, 6)]
                .map(|(text, records, seq)| (text.to_owned(), records, seq))
                .to_vec();
        assert_eq!(got, expected);
    }
}

#[test]
fn any_bytes_are_text() {
    let input = b"2016-10-06T00:17:09.1Z stdout F a\xff\x00\xfe\"\\\n";
    let (rows, _) = decode(&Cri::new(1 << 20), Identity::Container, input, 1 << 20);
    assert_eq!(rows[0].text, b"a\xff\x00\xfe\"\\");
}

#[test]
fn a_long_line_is_cut() {
    let input = format!("2016-10-06T00:17:09.1Z stdout F {}\n", "x".repeat(300));
    let (rows, tallies) = decode(&Cri::new(100), Identity::Container, input.as_bytes(), 1 << 20);
    assert_eq!((rows[0].text.len(), rows[0].cut, tallies[0].cut), (68, true, 1));
}
