//! Programs that write logs: numbered lines in files that are rotated as logrotate and dockerd do it.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

/// How lines are framed in the file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Framing {
    /// As the program prints them.
    Text,
    /// As dockerd keeps them.
    JsonFile,
}

/// A log that numbered lines are appended to. Line `N` holds `<<NAME-N>>`; in a json-file every seventh line is one of
/// the other stream, which counts for itself: `<<NAMEerr-N>>`.
pub struct Log {
    path: PathBuf,
    name: &'static str,
    framing: Framing,
    file: File,
    next: u64,
    next_err: u64,
    in_file: u64,
    per_file: u64,
    rotated: u64,
    multiline: bool,
}

impl Log {
    /// A new log that is rotated every `per_file` lines; with `multiline` every 50 lines an exception is printed.
    pub fn new(path: &Path, name: &'static str, framing: Framing, per_file: u64, multiline: bool) -> Log {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let file = File::options().append(true).create(true).open(path).unwrap();
        let path = path.to_owned();
        Log { path, name, framing, file, next: 0, next_err: 0, in_file: 0, per_file, rotated: 0, multiline }
    }

    /// The name of each stream and how many lines it has.
    pub fn counts(&self) -> [(String, u64); 2] {
        [(self.name.to_owned(), self.next), (format!("{}err", self.name), self.next_err)]
    }

    /// Appends `count` lines in one write, or as many as fit before the next rotation.
    pub fn write(&mut self, count: u64) {
        let mut bytes = Vec::new();
        for _ in 0..count {
            self.line(&mut bytes);
            if self.in_file >= self.per_file {
                break;
            }
        }
        self.file.write_all(&bytes).unwrap();
        if self.in_file >= self.per_file {
            self.rotate();
        }
    }

    fn line(&mut self, out: &mut Vec<u8>) {
        let half_ms = self.next + self.next_err;
        self.in_file += 1;
        if self.framing == Framing::JsonFile && half_ms % 7 == 3 {
            let text = format!("{} WARN slow <<{}err-{}>>", time(half_ms, 3), self.name, self.next_err);
            self.next_err += 1;
            return frame(out, &text, "stderr", half_ms);
        }
        let number = self.next;
        self.next += 1;
        // One exception in fifty lines: three of them continue the line before.
        let step = if self.multiline { number % 50 } else { 0 };
        let mark = format!("<<{}-{number}>>", self.name);
        let text = match step {
            46 => format!("Traceback (most recent call last): {mark}"),
            47 => format!("  File \"/app/server.py\", line {}, in call {mark}", number % 400),
            48 => format!("    return await handler(request) {mark}"),
            49 => format!("ValueError: quota exceeded {mark}"),
            _ => format!("{} INFO request {mark} done", time(half_ms, 3)),
        };
        match self.framing {
            Framing::Text => {
                out.extend_from_slice(text.as_bytes());
                out.push(b'\n');
            }
            Framing::JsonFile => frame(out, &text, "stdout", half_ms),
        }
    }

    /// `PATH` becomes `PATH.1`, that `PATH.2`, and so on; nothing is removed.
    pub fn rotate(&mut self) {
        for number in (1..=self.rotated).rev() {
            fs::rename(self.rotation(number), self.rotation(number + 1)).unwrap();
        }
        fs::rename(&self.path, self.rotation(1)).unwrap();
        self.file = File::options().append(true).create_new(true).open(&self.path).unwrap();
        self.rotated += 1;
        self.in_file = 0;
    }

    fn rotation(&self, number: u64) -> PathBuf {
        PathBuf::from(format!("{}.{number}", self.path.display()))
    }
}

/// The time so many half milliseconds after the beginning.
fn time(half_ms: u64, digits: usize) -> String {
    let time = chrono::DateTime::from_timestamp_nanos(1_769_500_000_000_000_000 + half_ms as i64 * 500_000);
    let form = if digits == 9 { chrono::SecondsFormat::Nanos } else { chrono::SecondsFormat::Millis };
    time.to_rfc3339_opts(form, true)
}

/// A line as dockerd keeps it.
fn frame(out: &mut Vec<u8>, text: &str, stream: &str, half_ms: u64) {
    let log = serde_json::to_string(&format!("{text}\n")).unwrap();
    let time = time(half_ms, 9);
    writeln!(out, r#"{{"log":{log},"stream":"{stream}","time":"{time}"}}"#).unwrap();
}

/// Logs that grow in a thread of their own.
pub struct Writer {
    stop: Arc<AtomicBool>,
    pause: Arc<AtomicBool>,
    rotations: Arc<AtomicU64>,
    thread: Option<JoinHandle<Vec<Log>>>,
}

/// Lets every log grow by `lines` lines every 10 ms.
pub fn grow(mut logs: Vec<Log>, lines: u64) -> Writer {
    let stop = Arc::new(AtomicBool::new(false));
    let pause = Arc::new(AtomicBool::new(false));
    let silent = pause.clone();
    let rotations = Arc::new(AtomicU64::new(0));
    let (told, counted) = (stop.clone(), rotations.clone());
    let thread = std::thread::spawn(move || {
        while !told.load(Ordering::Relaxed) {
            if !silent.load(Ordering::Relaxed) {
                for log in &mut logs {
                    log.write(lines);
                }
            }
            counted.store(logs.iter().map(|log| log.rotated).min().unwrap_or(0), Ordering::Relaxed);
            std::thread::sleep(Duration::from_millis(10));
        }
        logs
    });
    Writer { stop, pause, rotations, thread: Some(thread) }
}

impl Writer {
    /// How often every log was rotated, at least.
    pub fn rotations(&self) -> u64 {
        self.rotations.load(Ordering::Relaxed)
    }

    /// Lets nothing be written for a while.
    pub fn pause(&self, yes: bool) {
        self.pause.store(yes, Ordering::Relaxed);
    }

    /// Ends the growing; the logs stay as they are.
    pub fn finish(mut self) -> Vec<Log> {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.take().unwrap().join().unwrap()
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}
