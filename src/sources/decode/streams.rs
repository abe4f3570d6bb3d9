//! The last record of each stream: where reading goes on by the engine's own key.

use memchr::{memmem, memrchr};
use serde::{Deserialize, Serialize};

use super::{Format, cri, docker};
use crate::event::time::TimeReader;
use crate::event::{NO_TIME, Nanos, Stream};

/// Per stream the time of its last record, and how many of the stream's records before it had the same time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Streams {
    /// By [`Stream`]; [`NO_TIME`] where nothing was read.
    pub last: [(Nanos, u64); 3],
    /// Time of the last record of all.
    pub latest: Nanos,
}

impl Default for Streams {
    fn default() -> Self {
        Streams { last: [(NO_TIME, 0); 3], latest: NO_TIME }
    }
}

impl Streams {
    /// Takes a record of a stream, in its order; returns its ordinal.
    pub fn take(&mut self, stream: Stream, time: Nanos) -> u64 {
        let (last, ordinal) = &mut self.last[stream as usize];
        *ordinal = if *last == time { *ordinal + 1 } else { 0 };
        *last = time;
        self.latest = time;
        *ordinal
    }

    /// Whether a record stands at or before the last one of its stream.
    pub fn covers(&self, stream: Stream, time: Nanos, ordinal: u64) -> bool {
        let (last, last_ordinal) = self.last[stream as usize];
        last != NO_TIME && (time, ordinal) <= (last, last_ordinal)
    }

    /// Takes the records of whole lines of a log file. Only the last ones are looked at.
    pub fn take_lines(&mut self, format: Format, bytes: &[u8]) {
        let marks: [(Stream, &[u8]); 2] = match format {
            Format::Docker => {
                [(Stream::Stdout, br#""stream":"stdout""#), (Stream::Stderr, br#""stream":"stderr""#)]
            }
            Format::Cri => [(Stream::Stdout, b" stdout "), (Stream::Stderr, b" stderr ")],
            Format::Lines(_) => return,
        };
        let mut latest = (0, self.latest);
        for (stream, mark) in marks {
            let Some((at, time, count)) = last_of(format, bytes, stream, mark) else { continue };
            let (before, ordinal) = &mut self.last[stream as usize];
            *ordinal = if *before == time { ordinal.saturating_add(count) } else { count - 1 };
            *before = time;
            if at >= latest.0 {
                latest = (at, time);
            }
        }
        self.latest = latest.1;
    }
}

/// Where the last record of a stream is, its time, and how many records of the stream and this time end with it.
fn last_of(format: Format, bytes: &[u8], stream: Stream, mark: &[u8]) -> Option<(usize, Nanos, u64)> {
    let finder = memmem::FinderRev::new(mark);
    let mut clock = TimeReader::default();
    let mut found: Option<(usize, Nanos, u64)> = None;
    let mut end = bytes.len();
    while let Some(at) = finder.rfind(&bytes[..end]) {
        let from = memrchr(b'\n', &bytes[..at]).map_or(0, |newline| newline + 1);
        let to = memchr::memchr(b'\n', &bytes[at..]).map_or(bytes.len(), |length| at + length);
        end = from;
        let line = &bytes[from..to];
        let read = match format {
            Format::Docker => docker::time_and_stream(line, &mut clock),
            _ => cri::read(line, &mut clock).map(|line| (line.time, line.stream)),
        };
        let Some((time, is)) = read else { continue };
        if is != stream {
            continue;
        }
        match &mut found {
            None => found = Some((from, time, 1)),
            Some((_, last, count)) if *last == time => *count += 1,
            Some(_) => break,
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_records_of_both_streams_are_found_whatever_the_cuts() {
        let line = |stream: &str, second: u32| {
            format!(
                "{{\"log\":\"say \\\"stream\\\":\\\"stderr\\\"\\n\",\"stream\":\"{stream}\",\"time\":\"2026-01-27T16:47:{second:02}.5Z\"}}\n"
            )
        };
        let lines = [
            line("stderr", 1),
            line("stdout", 2),
            line("stdout", 2),
            line("stderr", 1),
            line("stdout", 3),
            line("stdout", 3),
            line("stdout", 3),
        ];
        let all = lines.concat();
        let mut whole = Streams::default();
        whole.take_lines(Format::Docker, all.as_bytes());
        let base = 1_769_532_420_500_000_000;
        assert_eq!(whole.last[2], (base + 1_000_000_000, 1));
        assert_eq!(whole.last[1], (base + 3_000_000_000, 2));
        assert_eq!(whole.latest, base + 3_000_000_000);
        for cut in 0..=lines.len() {
            let mut two = Streams::default();
            two.take_lines(Format::Docker, lines[..cut].concat().as_bytes());
            two.take_lines(Format::Docker, lines[cut..].concat().as_bytes());
            assert_eq!(two, whole, "{cut}");
        }
        let mut one_by_one = Streams::default();
        for (stream, second) in [(2, 1), (1, 2), (1, 2), (2, 1), (1, 3), (1, 3), (1, 3)] {
            let stream = if stream == 1 { Stream::Stdout } else { Stream::Stderr };
            one_by_one.take(stream, base + second * 1_000_000_000);
        }
        assert_eq!(one_by_one, whole);
    }
}
