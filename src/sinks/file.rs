//! `file`: events as lines of a file, with rotation by size and time.
//!
//! * What was answered as stored has been written. About once a second its length is asked, and it is made durable
//!   before the positions that rely on it are written.
//! * After a kill nothing stands twice (JSON with ids): a torn last line is cut, the ids behind the saved length are
//!   read, over every rotation since, and events with these ids are skipped once when they come again. Those that have
//!   not come again yet are saved with the length: the next kill may come before they do.
//! * A chunk that does not fit on the disk leaves no half a line behind.
//! * A rotated file is `PATH.N`, `PATH.N.gz` once packed; `N` only grows. The current file is always `PATH`.
//!
//! Without ids (`id: false`, `format: raw`, a template) events that came after the last save are written again after a kill.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread::JoinHandle;
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use crate::config::units::{Interval, Size};
use crate::config::{Diags, Settings};
use crate::event::{BoxFuture, Schema};
use crate::telemetry::fault;

use super::line::Line;
use super::{Built, Chunk, Event, From, Kind, SendError, Sink, Verdict, Verdicts, settings};

mod generations;
use generations::Generations;

/// Ids to be skipped that are saved one by one; more are found again by reading the file from where this run found them.
const AGAIN: usize = 10_000;

/// More ids than [`AGAIN`] that have not come again behind so many bytes are of text that cannot be read again.
const FORGET: u64 = 256 << 20;

/// Its line in the list of kinds.
pub const KIND: Kind = Kind {
    name: "file",
    summary: "writes events to a file, with rotation",
    schema: || schemars::schema_for!(FileSettings),
    build,
};

/// Writes events to a file, one a line. Relative paths start from the pipeline file's folder; folders are made.
#[derive(Clone, Debug, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FileSettings {
    /// The file to write. Rotated files stand beside it as `PATH.1`, `PATH.2`, …
    pub path: String,
    /// `json` (a JSON object a line), `raw` (the record as it was read), or a template such as
    /// `"{timestamp} {level} {message}"`.
    #[serde(default = "json_format")]
    pub format: String,
    /// Write the event's id as the last key `id` of the JSON. By these ids an event that comes again after a kill is
    /// recognised and not written twice; without them duplicates are possible then.
    #[serde(default = "yes")]
    pub id: bool,
    /// Go on behind what the file holds. `false` empties the file at the start, unless an earlier run is resumed.
    #[serde(default = "yes")]
    pub append: bool,
    /// When to begin a new file. Without this the file grows.
    #[serde(default)]
    pub rotate: Rotate,
}

/// When a new file begins.
#[derive(Clone, Debug, Default, serde::Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Rotate {
    /// Before the file would grow beyond this size, such as `100MiB`.
    pub size: Option<Size>,
    /// At every multiple of this time in UTC: `1h` is the full hour, `1d` midnight.
    pub interval: Option<Interval>,
    /// Pack rotated files with gzip.
    pub gzip: bool,
    /// How many rotated files to keep; all of them if not set.
    pub keep: Option<u32>,
}

fn json_format() -> String {
    "json".to_owned()
}

fn yes() -> bool {
    true
}

impl FileSettings {
    /// Settings for a path, everything else as by default.
    pub fn new(path: impl Into<String>) -> FileSettings {
        let rotate = Rotate::default();
        FileSettings { path: path.into(), format: json_format(), id: true, append: true, rotate }
    }
}

fn build(given: &Settings<'_>, diags: &mut Diags) -> Option<Built> {
    let settings: FileSettings = settings::read(given, diags)?;
    let line = Line::read(&settings.format, given, "", diags);
    if settings.path.is_empty() || settings.path.ends_with('/') {
        diags.error(given.range_at(&["path"]), "this is no file", "names a folder", None);
        return None;
    }
    if settings.rotate.size == Some(Size(0)) {
        diags.error(given.range_at(&["rotate", "size"]), "a file needs room", "nothing fits", None);
        return None;
    }
    if settings.rotate.interval.is_some_and(|every| every.0.as_secs() == 0) {
        let help = Some("write 1s or more".to_owned());
        diags.error(given.range_at(&["rotate", "interval"]), "too short an interval", "under a second", help);
        return None;
    }
    Some(Built::Sink(Box::new(FileSink::new(settings, line?, given.folder))))
}

/// See the module.
#[derive(Debug)]
pub struct FileSink {
    settings: FileSettings,
    line: Line,
    path: PathBuf,
    /// Whether events are told apart by id.
    by_id: bool,
    state: Mutex<Option<Current>>,
}

/// The file being written.
#[derive(Debug)]
struct Current {
    file: Arc<File>,
    /// A real file: not a device, not a pipe.
    regular: bool,
    length: u64,
    generation: u64,
    /// Number of the interval that its events belong to.
    period: u64,
    /// Ids that stand behind the saved length: to be skipped once.
    skip: HashSet<u128>,
    /// Bytes written since one was skipped.
    since_skip: u64,
    /// What was saved when this run began.
    begun: Option<Value>,
    packing: Option<JoinHandle<()>>,
    /// Something was written since the last sync.
    dirty: bool,
}

impl FileSink {
    /// A sink that has opened nothing. `folder` is where a relative path starts.
    pub fn new(settings: FileSettings, line: Line, folder: &Path) -> FileSink {
        let path = folder.join(&settings.path);
        let by_id = settings.id && line == Line::Json;
        FileSink { settings, line, path, by_id, state: Mutex::new(None) }
    }

    fn lock(&self) -> MutexGuard<'_, Option<Current>> {
        self.state.lock().unwrap_or_else(|e| e.into_inner())
    }

    fn error(&self, cause: io::Error) -> SendError {
        let destination = self.path.display().to_string();
        match cause.kind() {
            io::ErrorKind::BrokenPipe => SendError::Closed { destination },
            _ => SendError::Unreachable { destination, cause },
        }
    }

    fn open_file(&self, saved: Option<&Value>) -> io::Result<Current> {
        if let Some(folder) = self.path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            fs::create_dir_all(folder)?;
        }
        let begun = saved;
        let saved = begun
            .and_then(|saved| Some((saved.get("generation")?.as_u64()?, saved.get("length")?.as_u64()?)));
        let generations = Generations::list(&self.path)?;
        let (file, regular) = open(&self.path)?;
        if regular && saved.is_none() && !self.settings.append {
            file.set_len(0)?;
        }
        let newest = generations.newest();
        let generation = (newest + 1).max(saved.map_or(0, |(generation, _)| generation));
        let mut length = if regular { file.metadata()?.len() } else { 0 };
        let mut skip = HashSet::new();
        if regular {
            let whole = generations::end_of_lines(&file, length)?;
            match saved {
                // What stands behind the last newline was torn by a kill: it will come again.
                Some(_) if whole < length => {
                    file.set_len(whole)?;
                    length = whole;
                }
                None if whole < length => {
                    (&*file).write_all(b"\n")?;
                    length += 1;
                }
                _ => {}
            }
            if let Some((old, from)) = saved.filter(|_| self.by_id) {
                generations.read_ids(old, from, &mut skip)?;
                let from = if generation == old && from <= length { from } else { 0 };
                generations::read_ids(&self.path, from, &mut skip)?;
                let again = begun.and_then(|begun| begun.get("again")?.as_array());
                let ids = again.into_iter().flatten().filter_map(Value::as_str);
                skip.extend(ids.filter_map(|id| u128::from_str_radix(id, 16).ok()));
            }
            if self.settings.rotate.gzip {
                generations.pack_all();
            }
        }
        Ok(Current {
            period: self.period(file.metadata().and_then(|m| m.modified()).unwrap_or(UNIX_EPOCH)),
            file,
            regular,
            length,
            generation,
            skip,
            since_skip: 0,
            begun: begun.cloned(),
            packing: None,
            dirty: true,
        })
    }

    fn period(&self, time: SystemTime) -> u64 {
        let Some(every) = self.settings.rotate.interval else { return 0 };
        time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs() / every.0.as_secs().max(1))
    }

    /// Writes what is to be written; returns how many frames are done, and why not all.
    fn write(&self, current: &mut Current, chunk: &Chunk) -> (usize, io::Result<()>) {
        let period = self.period(SystemTime::now());
        if period != current.period
            && current.length > 0
            && let Err(error) = self.rotate(current)
        {
            return (0, Err(error));
        }
        current.period = period;
        let limit = self.settings.rotate.size.map_or(u64::MAX, |size| size.0);
        // Frames `first..at` are to be written together; those before `first` are done.
        let (mut first, mut run) = (0, 0..0usize);
        for (at, frame) in chunk.frames.iter().enumerate() {
            let (start, end) = (run.end, frame.end as usize);
            let skipped = !current.skip.is_empty() && frame.id.is_some_and(|id| current.skip.contains(&id.0));
            let full =
                current.length + (end - run.start) as u64 > limit && current.length + run.len() as u64 > 0;
            if skipped || full {
                if let Err(error) = put(current, &chunk.bytes[run.clone()]) {
                    return (first, Err(error));
                }
                first = at;
                run = start..start;
            }
            if full
                && !skipped
                && let Err(error) = self.rotate(current)
            {
                return (first, Err(error));
            }
            if skipped {
                if let Some(id) = frame.id {
                    current.skip.remove(&id.0);
                    current.since_skip = 0;
                }
                first = at + 1;
                run = end..end;
            } else {
                run.end = end;
            }
        }
        match put(current, &chunk.bytes[run]) {
            Ok(()) => (chunk.frames.len(), Ok(())),
            Err(error) => (first, Err(error)),
        }
    }

    fn rotate(&self, current: &mut Current) -> io::Result<()> {
        if !current.regular {
            return Ok(());
        }
        if let Some(packing) = current.packing.take() {
            // One at a time: packing that is slower than writing slows writing down.
            drop(packing.join());
        }
        current.file.sync_data()?;
        let old = generations::path_of(&self.path, current.generation);
        fault::point("file-before-rotation");
        match fs::rename(&self.path, &old) {
            Ok(()) => {}
            // Taken away by somebody, or by us before a new one could be opened: begin a new one.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        fault::point("file-renamed");
        let (file, regular) = open(&self.path)?;
        (current.file, current.regular) = (file, regular);
        current.generation += 1;
        current.length = 0;
        if let Some(folder) = old.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            File::open(folder)?.sync_all()?;
        }
        if self.settings.rotate.gzip {
            current.packing = Some(std::thread::spawn(move || generations::pack(&old)));
        }
        if let Some(keep) = self.settings.rotate.keep {
            Generations::list(&self.path)?.remove_below(current.generation.saturating_sub(u64::from(keep)));
        }
        Ok(())
    }
}

fn open(path: &Path) -> io::Result<(Arc<File>, bool)> {
    let file = match File::options().read(true).append(true).create(true).open(path) {
        Ok(file) => file,
        // A pipe or device that cannot be read.
        Err(_) => File::options().append(true).create(true).open(path)?,
    };
    let regular = file.metadata()?.is_file();
    Ok((Arc::new(file), regular))
}

/// Writes bytes as a whole or not at all.
fn put(current: &mut Current, bytes: &[u8]) -> io::Result<()> {
    if bytes.is_empty() {
        return Ok(());
    }
    fault::point("file-before-write");
    let mut file = &*current.file;
    let (first, rest) = bytes.split_at(if cfg!(feature = "faults") { bytes.len() / 2 } else { bytes.len() });
    let written = file.write_all(first).and_then(|()| {
        fault::point("file-half-written");
        file.write_all(rest)
    });
    match written {
        Ok(()) => {
            current.length += bytes.len() as u64;
            current.dirty = true;
            if !current.skip.is_empty() {
                current.since_skip += bytes.len() as u64;
                if current.since_skip > FORGET && current.skip.len() > AGAIN {
                    current.skip = HashSet::new();
                }
            }
            Ok(())
        }
        Err(error) => {
            if current.regular
                && let Err(cause) = current.file.set_len(current.length)
            {
                tracing::error!(%cause, "cannot take back a half-written line");
            }
            Err(error)
        }
    }
}

impl Sink for FileSink {
    fn check(&self, input: &Schema, given: &Settings<'_>, diags: &mut Diags) {
        self.line.check(input, given, diags);
    }

    fn encode(&self, event: Event<'_>, chunk: &mut Chunk) {
        let id = self.by_id.then(|| event.id());
        self.line.write(&event, id, &mut chunk.bytes);
        chunk.end_frame(&event, id);
    }

    fn open(&self, saved: Option<&Value>) -> Result<(), SendError> {
        let current = self.open_file(saved).map_err(|cause| self.error(cause))?;
        *self.lock() = Some(current);
        Ok(())
    }

    fn send<'a>(&'a self, _: &'a From, chunk: &'a Chunk) -> BoxFuture<'a, Result<Verdicts, SendError>> {
        Box::pin(async move {
            let mut state = self.lock();
            let Some(current) = state.as_mut() else {
                return Err(self.error(io::ErrorKind::NotConnected.into()));
            };
            let (done, result) = self.write(current, chunk);
            fault::point("file-written");
            match result {
                Ok(()) => Ok(Verdicts::AllStored),
                Err(error) if done == 0 => Err(self.error(error)),
                Err(_) => {
                    let mut verdicts = vec![Verdict::Stored; done];
                    verdicts.resize(chunk.frames.len(), Verdict::Busy);
                    Ok(Verdicts::Each(verdicts))
                }
            }
        })
    }

    fn close(&self) -> BoxFuture<'_, Result<(), SendError>> {
        Box::pin(async move {
            let packing = self.lock().as_mut().and_then(|current| current.packing.take());
            if let Some(packing) = packing {
                drop(packing.join());
            }
            self.sync()
        })
    }

    fn save(&self) -> Option<Value> {
        let state = self.lock();
        let current = state.as_ref().filter(|current| current.regular)?;
        let mut state = json!({ "generation": current.generation, "length": current.length });
        match current.skip.len() {
            0 => {}
            1..=AGAIN => {
                state["again"] = current.skip.iter().map(|id| Value::from(format!("{id:032x}"))).collect()
            }
            _ => return current.begun.clone(),
        }
        Some(state)
    }

    fn sync(&self) -> Result<(), SendError> {
        let file = match self.lock().as_mut() {
            Some(current) if current.regular && current.dirty => {
                current.dirty = false;
                current.file.clone()
            }
            _ => return Ok(()),
        };
        // Not under the lock: writing goes on meanwhile.
        let synced = file.sync_data();
        fault::point("file-synced");
        synced.map_err(|cause| {
            if let Some(current) = self.lock().as_mut() {
                current.dirty = true;
            }
            self.error(cause)
        })
    }
}

#[cfg(test)]
mod tests;
