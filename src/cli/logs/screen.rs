//! What a person sees on stderr while following: who joins and leaves, and, where nothing comes, that all is well.

use std::io::IsTerminal;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::telemetry::Progress;
use crate::telemetry::follow::{FOLLOW, lock_terminal, take_terminal};

/// How long the output is quiet before a line says how it stands.
const QUIET: Duration = Duration::from_secs(3);

/// How often it is looked at.
const LOOK: Duration = Duration::from_millis(200);

/// Writes until it is dropped.
pub(super) struct Screen {
    done: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

/// Begins to write. `sink`: the one whose events are shown.
pub(super) fn show(progress: Arc<Progress>, sink: &'static str) -> Screen {
    let done = Arc::new(AtomicBool::new(false));
    let stop = done.clone();
    let rewrites = std::io::stderr().is_terminal();
    let body = move || {
        let (mut matched, mut changed) = (0, Instant::now());
        while !stop.load(Ordering::Relaxed) {
            std::thread::park_timeout(LOOK);
            write_notes();
            let now = count(&progress, sink);
            if now != matched {
                (matched, changed) = (now, Instant::now());
            }
            if rewrites && changed.elapsed() >= QUIET {
                let last = FOLLOW.last_read().map(|(name, at)| (name, at.elapsed()));
                rewrite(&line(FOLLOW.deployments.get(), progress.records.get(), matched, last));
            }
        }
        drop(take_terminal());
        write_notes();
    };
    let thread = std::thread::Builder::new().name("screen".to_owned()).spawn(body);
    Screen { done, thread: thread.ok() }
}

/// Writes the notes that wait, a line each.
fn write_notes() {
    let notes = FOLLOW.take_notes();
    if notes.is_empty() {
        return;
    }
    let _alone = take_terminal();
    for note in notes {
        eprintln!("mcpp: {note}");
    }
}

fn rewrite(text: &str) {
    let columns = terminal_size::terminal_size_of(std::io::stderr()).map_or(80, |(width, _)| width.0);
    let text: String = text.chars().take(usize::from(columns).saturating_sub(1)).collect();
    let mut shown = lock_terminal();
    eprint!("\r{text}\x1b[K");
    *shown = true;
}

fn count(progress: &Progress, sink: &str) -> u64 {
    let branches = progress.branches.get().into_iter().flatten();
    branches.filter(|(name, _)| name == sink).map(|(_, counters)| counters.delivered.get()).sum()
}

fn line(deployments: u64, read: u64, matched: u64, last: Option<(String, Duration)>) -> String {
    let s = |count: u64| if count == 1 { "" } else { "s" };
    let (ds, ls) = (s(deployments), s(read));
    let (read, matched) = (grouped(read), grouped(matched));
    let mut text = format!("following {deployments} deployment{ds} · {read} line{ls} read, {matched} match");
    if let Some((name, ago)) = last {
        text += &format!(" · last line {} ago ({name})", rounded(ago));
    }
    text
}

fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn rounded(ago: Duration) -> String {
    match ago.as_secs() {
        seconds @ 0..60 => format!("{seconds} s"),
        seconds @ 60..7200 => format!("{} m", seconds / 60),
        seconds => format!("{} h", seconds / 3600),
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        self.done.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            // A panic there has been told already.
            drop(thread.join());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_says_how_it_stands() {
        let last = Some(("github".to_owned(), Duration::from_secs(12 * 60 + 5)));
        assert_eq!(
            line(4, 1243, 0, last),
            "following 4 deployments · 1,243 lines read, 0 match · last line 12 m ago (github)"
        );
        assert_eq!(line(1, 7, 1_000_000, None), "following 1 deployment · 7 lines read, 1,000,000 match");
        assert_eq!(rounded(Duration::from_secs(7200)), "2 h");
    }
}
