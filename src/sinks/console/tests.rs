use std::sync::Arc;

use super::*;
use crate::event::{Level, NO_TIME};
use crate::sinks::sample::{Sample, TIME};
use crate::sinks::settings::wait;

/// What was written, and how often writing fails first.
#[derive(Clone, Default)]
struct Pipe(Arc<Mutex<(Vec<u8>, Vec<io::ErrorKind>)>>);

impl Write for Pipe {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut pipe = self.0.lock().unwrap();
        if let Some(kind) = pipe.1.pop() {
            return Err(kind.into());
        }
        // A pipe that takes little at a time.
        let taken = bytes.len().min(10);
        pipe.0.extend_from_slice(&bytes[..taken]);
        Ok(taken)
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Pipe {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().0.clone()).unwrap()
    }
}

fn console(format: Format, screen: Screen, change: impl FnOnce(&mut ConsoleSettings)) -> (Console, Pipe) {
    let mut settings = ConsoleSettings { utc: true, ..ConsoleSettings::default() };
    change(&mut settings);
    let pipe = Pipe::default();
    (Console::with(&settings, format, Vec::new(), screen, false, Box::new(pipe.clone())), pipe)
}

fn chunk(console: &Console, sample: &Sample) -> Chunk {
    let mut chunk = Chunk::default();
    for index in 0..sample.batch.rows.len() {
        console.encode(Event { batch: &sample.batch, index }, &mut chunk);
    }
    chunk
}

fn send(console: &Console, partition: usize, frontier: i64, chunk: &Chunk) -> Result<Verdicts, SendError> {
    wait(console.send(&From { partition, frontier, lease: None, ended: false, caught_up: false }, chunk))
}

fn says(deployment: &str, times: &[i64]) -> Sample {
    let mut sample = Sample::of(deployment, "demo");
    for time in times {
        sample.say(Level::Info, &format!("{time}")).engine_time = TIME + time;
    }
    sample
}

#[test]
fn events_of_two_deployments_are_merged_and_told_apart() {
    let (console, pipe) = console(Format::Human, Screen::None, |settings| settings.order = Order::Time);
    for partition in 0..2 {
        send(&console, partition, NO_TIME, &Chunk::default()).unwrap();
    }
    let first = chunk(&console, &says("mcp-demo-0127-164730-0a1b2c3d", &[1, 3]));
    let second = chunk(&console, &says("mcp-demo-0127-164731-0a1b2cff", &[2, 9]));
    send(&console, 0, TIME + 3, &first).unwrap();
    assert_eq!(pipe.text(), "");
    send(&console, 1, TIME + 9, &second).unwrap();
    wait(console.close()).unwrap();
    assert_eq!(
        pipe.text(),
        "── 2026-01-27 Tue UTC ──\n\
         16:47:30.124 demo-3d INFO  1\n\
         16:47:30.124 demo-ff INFO  2\n\
         16:47:30.124 demo-3d INFO  3\n\
         16:47:30.124 demo-ff INFO  9\n"
    );
}

#[test]
fn a_tail_shows_the_last_events_once_and_then_what_comes() {
    let (console, pipe) = console(Format::Line(Line::Raw), Screen::None, |settings| settings.tail = Some(2));
    send(&console, 0, NO_TIME, &Chunk::default()).unwrap();
    let old = chunk(&console, &says("d", &[1, 2, 3, 4]));
    send(&console, 0, TIME + 4, &old).unwrap();
    assert_eq!(pipe.text(), "");
    let nothing_more = From { partition: 0, frontier: TIME + 4, lease: None, ended: false, caught_up: true };
    wait(console.send(&nothing_more, &Chunk::default())).unwrap();
    assert_eq!(pipe.text(), "3\n4\n");
    let new = chunk(&console, &says("d", &[5]));
    send(&console, 0, TIME + 5, &new).unwrap();
    assert_eq!(pipe.text(), "3\n4\n5\n");
    wait(console.close()).unwrap();
    assert_eq!(pipe.text(), "3\n4\n5\n");
}

#[test]
fn a_tail_is_shown_at_the_end_of_input() {
    let (console, pipe) = console(Format::Line(Line::Raw), Screen::None, |settings| {
        settings.tail = Some(2);
        settings.order = Order::Time;
    });
    for partition in 0..2 {
        send(&console, partition, NO_TIME, &Chunk::default()).unwrap();
    }
    let (a, b) = (chunk(&console, &says("a", &[1, 8])), chunk(&console, &says("b", &[2, 7])));
    send(&console, 1, TIME + 7, &b).unwrap();
    send(&console, 0, TIME + 8, &a).unwrap();
    wait(console.close()).unwrap();
    assert_eq!(pipe.text(), "7\n8\n");
}

#[test]
fn a_reader_that_has_gone_is_told_as_closed() {
    let (console, pipe) = console(Format::Line(Line::Json), Screen::None, |_| {});
    pipe.0.lock().unwrap().1.push(io::ErrorKind::BrokenPipe);
    let chunk = chunk(&console, &says("a", &[1]));
    assert!(matches!(send(&console, 0, 0, &chunk), Err(SendError::Closed { .. })));
}

#[test]
fn a_repeated_attempt_shows_nothing_twice() {
    let (console, pipe) = console(Format::Line(Line::Raw), Screen::None, |_| {});
    let chunk = chunk(&console, &says("a", &[1_000_000, 2_000_000, 3_000_000]));
    pipe.0.lock().unwrap().1 =
        vec![io::ErrorKind::StorageFull, io::ErrorKind::WouldBlock, io::ErrorKind::Interrupted];
    assert!(matches!(send(&console, 0, 0, &chunk), Err(SendError::Unreachable { .. })));
    send(&console, 0, 0, &chunk).unwrap();
    assert_eq!(pipe.text(), "1000000\n2000000\n3000000\n");
}

#[test]
fn a_terminal_gets_no_controls_in_any_format_and_a_pipe_gets_every_byte() {
    let bad = "\x1b[2J del\x7f csi\u{9b}31m \u{202e}rtl caf\u{e9}";
    for format in ["json", "raw", "{message}"] {
        let line = || match format {
            "json" => Line::Json,
            "raw" => Line::Raw,
            other => Line::Template(super::super::template::Template::parse(other).unwrap()),
        };
        let mut sample = Sample::of("d", "");
        sample.say(Level::Info, bad);
        let (terminal, shown) = console(Format::Line(line()), Screen::Fixed(80), |_| {});
        send(&terminal, 0, 0, &chunk(&terminal, &sample)).unwrap();
        let text = shown.text();
        assert!(text.chars().all(|c| c == '\n' || !c.is_control() && c != '\u{202e}'), "{text:?}");
        assert!(text.contains("caf\u{e9}"), "{text:?}");
        let (pipe, piped) = console(Format::Line(line()), Screen::None, |_| {});
        send(&pipe, 0, 0, &chunk(&pipe, &sample)).unwrap();
        if format == "json" {
            for text in [text, piped.text()] {
                let event: Value = serde_json::from_str(&text).unwrap();
                assert_eq!(event["message"], bad);
            }
        } else {
            assert_eq!(piped.text(), format!("{bad}\n"));
        }
    }
}

#[test]
fn a_file_takes_the_place_of_the_stream() {
    let folder = tempfile::tempdir().unwrap();
    let settings = ConsoleSettings { path: Some("out.txt".to_owned()), ..ConsoleSettings::default() };
    std::fs::write(folder.path().join("out.txt"), "old").unwrap();
    let console = Console::new(&settings, Format::Line(Line::Raw), Vec::new(), folder.path());
    console.open(None).unwrap();
    let chunk = chunk(&console, &says("a", &[1]));
    send(&console, 0, 0, &chunk).unwrap();
    assert_eq!(std::fs::read_to_string(folder.path().join("out.txt")).unwrap(), "1\n");
    let settings = ConsoleSettings { path: Some("no/such/folder".to_owned()), ..settings };
    let error = Console::new(&settings, Format::Human, Vec::new(), folder.path()).open(None).unwrap_err();
    assert!(error.to_string().ends_with("no/such/folder"), "{error}");
}

#[test]
fn colours_follow_setting_environment_and_terminal() {
    type Env<'a> = &'a [(&'a str, &'a str)];
    let cases: [(Color, bool, Env<'_>, bool); 9] = [
        (Color::Auto, true, &[("TERM", "xterm")], true),
        (Color::Auto, false, &[], false),
        (Color::Auto, true, &[("NO_COLOR", "1")], false),
        (Color::Auto, true, &[("NO_COLOR", "")], true),
        (Color::Auto, false, &[("CLICOLOR_FORCE", "1")], true),
        (Color::Auto, false, &[("CLICOLOR_FORCE", "0")], false),
        (Color::Auto, true, &[("TERM", "dumb")], false),
        (Color::Always, false, &[("NO_COLOR", "1")], true),
        (Color::Never, true, &[("CLICOLOR_FORCE", "1")], false),
    ];
    for (color, terminal, env, on) in cases {
        let env = |name: &str| env.iter().find(|(n, _)| *n == name).map(|(_, value)| (*value).to_owned());
        assert_eq!(color.is_on(terminal, env), on, "{color:?} {terminal}");
    }
}
