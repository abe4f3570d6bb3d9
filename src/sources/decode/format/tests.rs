use super::*;
use crate::sources::decode::Naming;

fn lines(naming: Naming, timed: bool) -> Format {
    Format::Lines(Layout { naming, timed })
}

#[test]
fn formats_are_told_by_content() {
    for (head, format) in [
        ("", lines(Naming::None, false)),
        ("hello\nworld\n", lines(Naming::None, false)),
        ("{\"log\":\"x\\n\",\"stream\":\"stdout\",\"time\":\"2025-01-27T16:47:30.1Z\"}\n", Format::Docker),
        ("{\"message\":\"x\",\"level\":\"INFO\",\"stream\":\"stdout\"}\n", lines(Naming::None, false)),
        ("2025-01-27T16:47:30.124550668Z stdout F hello\n", Format::Cri),
        (
            "2025-01-27T16:47:30.124550668Z hello\n2025-01-27T16:47:30.1245506Z you\n",
            lines(Naming::None, true),
        ),
        ("2025-01-27T16:47:30.124Z INFO hello\n", lines(Naming::None, false)),
        ("2025-01-27T16:47:30.124550Z  INFO target: hello\n", lines(Naming::None, false)),
        ("web-1  | hello\nqueue-1 | hello\n", lines(Naming::None, false)),
        ("web-1    | hello\nqueue-1  | hello\n", lines(Naming::Compose, false)),
        ("\x1b[36mweb-1    |\x1b[0m hello\n\x1b[33mqueue-1  |\x1b[0m hello\n", lines(Naming::Compose, false)),
        ("web-1  | 2025-01-27T16:47:30.124550668Z hello\n", lines(Naming::Compose, true)),
        ("INFO     | hello\nWARNING  | hello\n", lines(Naming::None, false)),
        ("2025-01-27 16:47:30.124 | INFO     | __main__:main:3 - hello\n", lines(Naming::None, false)),
        ("[pod/demo-0/app] hello\n[pod/demo-1/app] hello\n", lines(Naming::Kubectl, false)),
        ("[pod/demo-0/app] 2025-01-27T16:47:30.124550668Z hello\n", lines(Naming::Kubectl, true)),
        ("demo-7d4b9c6f88-x7k2p app hello\ndemo-7d4b9c6f88-zz2zz app you\n", lines(Naming::Stern, false)),
        ("step-1 is done\nstep-2 is Done\nall good\n", lines(Naming::None, false)),
        ("GET / 200\n", lines(Naming::None, false)),
    ] {
        assert_eq!(sniff(head.as_bytes()), format, "{head}");
    }
}

#[test]
fn a_broken_first_line_hides_nothing() {
    let line = "{\"log\":\"x\\n\",\"stream\":\"stdout\",\"time\":\"2025-01-27T16:47:30.1Z\"}\n";
    assert_eq!(sniff(format!("m\":\"stdout\"}}\n{line}{line}").as_bytes()), Format::Docker);
}

#[test]
fn a_format_is_saved_as_words() {
    for format in [Format::Docker, Format::Cri, lines(Naming::Compose, true)] {
        let saved = serde_json::to_value(format).unwrap();
        assert_eq!(serde_json::from_value::<Format>(saved).unwrap(), format);
    }
}
