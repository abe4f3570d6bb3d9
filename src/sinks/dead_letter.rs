//! Dead letters: events that no attempt will deliver, kept for people and for a replay.
//!
//! * One JSON object a line in `DATA_DIR/dead-letters/SINK.ndjson`, without a data directory on standard error.
//! * A letter holds every byte: the event as JSON where the body is JSON, else its text, else the bytes in base64.
//! * Nothing is removed: a file that has grown to [`SIZE`] is renamed to `SINK.ndjson.N`.
//! * What was written survives a kill at once, and a power cut after [`LINGER`] or [`DeadLetters::sync`].
//!
//! The engine calls exactly [`DeadLetters::new`] and [`DeadLetters::write`].

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::event::escape::escape_into;
use crate::event::time::TimeWriter;
use crate::event::{Nanos, json};

/// A file of dead letters is renamed when it has grown to this size.
pub const SIZE: u64 = 64 << 20;

/// Letters are made durable together if they come faster than this: a refused batch is thousands of them.
const LINGER: Duration = Duration::from_millis(200);

/// One event that will not be delivered.
#[derive(Clone, Copy, Debug)]
pub struct Letter<'a> {
    /// Name of the sink.
    pub sink: &'a str,
    /// What the sink was to get, or the raw line after a panic.
    pub body: &'a [u8],
    /// Why nobody takes it.
    pub reason: &'a str,
    /// How often it was tried, if known.
    pub attempts: Option<u32>,
    /// When it was tried first, if known.
    pub first_seen: Option<Nanos>,
}

/// Where events go that no sink will take.
#[derive(Debug)]
pub struct DeadLetters {
    folder: Option<PathBuf>,
    open: Mutex<HashMap<String, Open>>,
    size: u64,
}

#[derive(Debug)]
struct Open {
    file: File,
    length: u64,
    synced: Instant,
    dirty: bool,
}

impl DeadLetters {
    /// `DATA_DIR/dead-letters/SINK.ndjson`, or stderr without a data directory. Opens nothing before the first letter.
    pub fn new(data_dir: Option<&Path>) -> DeadLetters {
        DeadLetters {
            folder: data_dir.map(|dir| dir.join("dead-letters")),
            open: Mutex::default(),
            size: SIZE,
        }
    }

    /// Writes one: the frame's body (or the raw line after a panic) and the reason. Called from several threads.
    pub fn write(&self, sink: &str, body: &[u8], reason: &str) -> io::Result<()> {
        self.write_letter(&Letter { sink, body, reason, attempts: None, first_seen: None })
    }

    /// Writes one with all that is known of it.
    pub fn write_letter(&self, letter: &Letter<'_>) -> io::Result<()> {
        let mut line = Vec::with_capacity(letter.body.len() + 256);
        encode(letter, now(), &mut line);
        let Some(folder) = &self.folder else {
            return io::stderr().lock().write_all(&line);
        };
        let mut open = self.open.lock().unwrap_or_else(|e| e.into_inner());
        if !open.contains_key(letter.sink) {
            fs::create_dir_all(folder)?;
            open.insert(letter.sink.to_owned(), Open::at(&path_of(folder, letter.sink))?);
        }
        let Some(current) = open.get_mut(letter.sink) else { return Ok(()) };
        if current.length > 0 && current.length + line.len() as u64 > self.size {
            current.file.sync_data()?;
            let path = path_of(folder, letter.sink);
            fs::rename(&path, free_path(&path))?;
            *current = Open::at(&path)?;
        }
        if let Err(error) = current.file.write_all(&line) {
            // No half a letter: the next one begins on a line of its own.
            let _ = current.file.set_len(current.length);
            return Err(error);
        }
        current.length += line.len() as u64;
        current.dirty = true;
        if current.synced.elapsed() >= LINGER { current.sync() } else { Ok(()) }
    }

    /// Makes durable what was written.
    pub fn sync(&self) -> io::Result<()> {
        let mut open = self.open.lock().unwrap_or_else(|e| e.into_inner());
        for current in open.values_mut() {
            current.sync()?;
        }
        Ok(())
    }
}

impl Open {
    fn at(path: &Path) -> io::Result<Open> {
        let mut file = File::options().read(true).append(true).create(true).open(path)?;
        let mut length = file.metadata()?.len();
        if length > 0 {
            let mut last = [0];
            file.seek(SeekFrom::Start(length - 1))?;
            file.read_exact(&mut last)?;
            if last != *b"\n" {
                file.write_all(b"\n")?;
                length += 1;
            }
        }
        // The first letter is made durable at once.
        let synced = Instant::now().checked_sub(LINGER).unwrap_or_else(Instant::now);
        Ok(Open { file, length, synced, dirty: false })
    }

    fn sync(&mut self) -> io::Result<()> {
        if std::mem::take(&mut self.dirty) {
            self.file.sync_data()?;
            self.synced = Instant::now();
        }
        Ok(())
    }
}

/// Keys of a pipeline file may hold anything; names of files may not.
fn path_of(folder: &Path, sink: &str) -> PathBuf {
    let name: String =
        sink.chars().map(|c| if c.is_alphanumeric() || "-_".contains(c) { c } else { '_' }).collect();
    folder.join(format!("{name}.ndjson"))
}

fn free_path(path: &Path) -> PathBuf {
    let mut number = 1u64;
    loop {
        let mut name = path.as_os_str().to_owned();
        name.push(format!(".{number}"));
        let free = PathBuf::from(name);
        if !free.exists() {
            return free;
        }
        number += 1;
    }
}

fn now() -> Nanos {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_nanos()).unwrap_or(Nanos::MAX)
}

fn encode(letter: &Letter<'_>, time: Nanos, out: &mut Vec<u8>) {
    out.extend_from_slice(b"{\"time\":\"");
    TimeWriter::default().write(time, out);
    out.extend_from_slice(b"\",\"sink\":\"");
    escape_into(letter.sink.as_bytes(), out);
    out.extend_from_slice(b"\",\"reason\":\"");
    escape_into(letter.reason.as_bytes(), out);
    out.push(b'"');
    if let Some(attempts) = letter.attempts {
        out.extend_from_slice(format!(",\"attempts\":{attempts}").as_bytes());
    }
    if let Some(first) = letter.first_seen {
        out.extend_from_slice(b",\"first_seen\":\"");
        TimeWriter::default().write(first, out);
        out.push(b'"');
    }
    let body = letter.body.strip_suffix(b"\n").unwrap_or(letter.body);
    match std::str::from_utf8(body) {
        Ok(_) if json::is_object(body) => {
            out.extend_from_slice(b",\"event\":");
            // Between tokens a newline is only white space; inside a string it cannot stand.
            out.extend(body.iter().map(|&b| if matches!(b, b'\n' | b'\r') { b' ' } else { b }));
        }
        Ok(_) => {
            out.extend_from_slice(b",\"raw\":\"");
            escape_into(body, out);
            out.push(b'"');
        }
        Err(_) => {
            out.extend_from_slice(b",\"raw_base64\":\"");
            out.extend_from_slice(STANDARD.encode(body).as_bytes());
            out.push(b'"');
        }
    }
    out.extend_from_slice(b"}\n");
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    fn read(path: &Path) -> Vec<Value> {
        let text = fs::read_to_string(path).unwrap();
        text.lines()
            .map(|line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}")))
            .collect()
    }

    #[test]
    fn a_letter_holds_every_byte_of_its_event() {
        let dir = tempfile::tempdir().unwrap();
        let letters = DeadLetters::new(Some(dir.path()));
        let bodies: [&[u8]; 4] =
            [b"{\"message\":\"x\",\n \"id\":\"1\"}\n", b"plain \"text\"\x1b", b"caf\xe9\xff", b""];
        for body in bodies {
            letters.write("elastic", body, "mapping \"conflict\"").unwrap();
        }
        let all = read(&dir.path().join("dead-letters/elastic.ndjson"));
        assert!(
            all.iter()
                .all(|letter| letter["sink"] == "elastic" && letter["reason"] == "mapping \"conflict\"")
        );
        assert_eq!(all[0]["event"]["id"], "1");
        assert_eq!(all[1]["raw"], "plain \"text\"\x1b");
        assert_eq!(STANDARD.decode(all[2]["raw_base64"].as_str().unwrap()).unwrap(), b"caf\xe9\xff");
        assert_eq!(all[3]["raw"], "");
    }

    #[test]
    fn what_is_known_of_the_attempts_is_told() {
        let mut out = Vec::new();
        let letter = Letter { sink: "s", body: b"{}", reason: "r", attempts: Some(3), first_seen: Some(0) };
        encode(&letter, 1_000_000_000, &mut out);
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "{\"time\":\"1970-01-01T00:00:01.000000000Z\",\"sink\":\"s\",\"reason\":\"r\",\"attempts\":3,\
             \"first_seen\":\"1970-01-01T00:00:00.000000000Z\",\"event\":{}}\n"
        );
    }

    #[test]
    fn a_torn_letter_of_an_earlier_run_spoils_only_itself() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("dead-letters/a_b.ndjson");
        fs::create_dir(dir.path().join("dead-letters")).unwrap();
        fs::write(&path, "{\"torn").unwrap();
        DeadLetters::new(Some(dir.path())).write("a/b", b"x", "panic").unwrap();
        let text = fs::read_to_string(&path).unwrap();
        let lines: Vec<_> = text.lines().collect();
        assert_eq!((lines.len(), lines[0]), (2, "{\"torn"));
        assert!(serde_json::from_str::<Value>(lines[1]).is_ok());
    }

    #[test]
    fn files_are_rotated_by_size_and_none_is_removed() {
        let dir = tempfile::tempdir().unwrap();
        let letters = DeadLetters { size: 300, ..DeadLetters::new(Some(dir.path())) };
        for n in 0..10 {
            letters.write("s", format!("letter {n}").as_bytes(), "no").unwrap();
        }
        letters.sync().unwrap();
        let folder = dir.path().join("dead-letters");
        let mut all = Vec::new();
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            assert!(fs::metadata(&path).unwrap().len() <= 300);
            all.extend(read(&path));
        }
        assert_eq!(all.len(), 10);
        assert!(folder.join("s.ndjson.2").exists());
    }
}
