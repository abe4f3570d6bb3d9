//! The data directory: the checkpoint file and the cuts written since.
//!
//! * The checkpoint is replaced as a whole: a temporary file, made durable, renamed, the folder made durable.
//! * A cut is durable before [`Store::append_cuts`] returns. The journal keeps it until the saved position of its partition
//!   lies behind it; what a kill left half written at its end had shaped nothing yet and is taken off.
//! * A file that is torn, foreign or of a newer version is refused and left as it is.
//! * One process at a time: the lock goes with the process, however that ends.
//!
//! Files are called after the pipeline: `NAME.checkpoint`, `NAME.cuts`, `NAME.lock`.

use std::fs::{self, File, TryLockError};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::Cut;
use super::checkpoint::Saved;
use crate::telemetry::fault;

/// The version that is written; every older one is read.
const VERSION: u64 = 1;

/// What the checkpoint file says it is.
const CHECKPOINT: &str = "mcpp checkpoint";

/// What the journal says it is, in its first line.
const JOURNAL: &str = "mcpp cuts 1\n";

/// The journal is written anew when so many of its entries are no longer needed.
const STALE: usize = 1000;

/// Why the data directory cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Reading or writing failed.
    #[error("cannot use {path}")]
    Io {
        /// Path.
        path: String,
        /// Why.
        #[source]
        cause: io::Error,
    },
    /// Another process uses it.
    #[error("{path}: another process runs the pipeline of this name with this data directory")]
    Locked {
        /// The lock.
        path: String,
    },
    /// A newer mcpp wrote it.
    #[error("{path} has version {found}, and this mcpp knows version {known}; it is left as it is")]
    Newer {
        /// Path.
        path: String,
        /// Its version.
        found: u64,
        /// The newest known one.
        known: u64,
    },
    /// It is no file of mcpp, or broken.
    #[error("{path} cannot be used: {why}; move it away to begin anew")]
    Refused {
        /// Path.
        path: String,
        /// Why.
        why: String,
    },
}

/// The open data directory of one pipeline.
#[derive(Debug)]
pub struct Store {
    checkpoint: PathBuf,
    journal_path: PathBuf,
    journal: File,
    /// Cuts in the journal that are still needed.
    cuts: Vec<Entry>,
    /// Cuts in the journal that are not.
    stale: usize,
    _lock: File,
}

/// A line of the journal.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Entry {
    partition: String,
    #[serde(flatten)]
    cut: Cut,
}

/// The checkpoint file.
#[derive(Serialize, Deserialize)]
struct Document<S> {
    format: String,
    version: u64,
    saved: S,
}

impl Store {
    /// Opens it; returns what was saved, the cuts behind the saved positions included (in
    /// [`SavedPartition::cuts`](super::checkpoint::SavedPartition)). A partition that has cuts and no saved position begins at
    /// its beginning: its position is `null`.
    pub fn open(dir: &Path, pipeline: &str) -> Result<(Store, Saved), StoreError> {
        fs::create_dir_all(dir).map_err(|cause| failed(dir, cause))?;
        let path = |ending: &str| dir.join(format!("{}.{ending}", file_name(pipeline)));
        let lock = lock(&path("lock"))?;
        let checkpoint = path("checkpoint");
        let mut saved = read_checkpoint(&checkpoint)?;
        let journal_path = path("cuts");
        let (journal, all) = open_journal(&journal_path)?;
        let needed = |entry: &Entry| is_needed(&saved, entry);
        let (cuts, stale): (Vec<Entry>, Vec<Entry>) = all.into_iter().partition(needed);
        for Entry { partition, cut } in &cuts {
            saved.partitions.entry(partition.clone()).or_default().cuts.push(*cut);
        }
        let store = Store { checkpoint, journal_path, journal, cuts, stale: stale.len(), _lock: lock };
        Ok((store, saved))
    }

    /// Replaces the checkpoint durably; cuts that lie before its positions may go.
    pub fn write(&mut self, saved: &Saved) -> Result<(), StoreError> {
        let document = Document { format: CHECKPOINT.to_owned(), version: VERSION, saved };
        let bytes = serde_json::to_vec(&document).map_err(|cause| failed(&self.checkpoint, cause.into()))?;
        replace(&self.checkpoint, &bytes).map_err(|cause| failed(&self.checkpoint, cause))?;
        let before = self.cuts.len();
        self.cuts.retain(|entry| is_needed(saved, entry));
        self.stale += before - self.cuts.len();
        if self.stale >= STALE || (self.stale > 0 && self.cuts.is_empty()) {
            self.shorten().map_err(|cause| failed(&self.journal_path, cause))?;
        }
        Ok(())
    }

    /// Makes cuts of a partition durable at once, before the next checkpoint holds what they led to.
    pub fn append_cuts(&mut self, partition: &str, cuts: &[Cut]) -> Result<(), StoreError> {
        let mut lines = Vec::new();
        let first = self.cuts.len();
        self.cuts.extend(cuts.iter().map(|cut| Entry { partition: partition.to_owned(), cut: *cut }));
        for entry in &self.cuts[first..] {
            serde_json::to_writer(&mut lines, entry)
                .map_err(|cause| failed(&self.journal_path, cause.into()))?;
            lines.push(b'\n');
        }
        let appended = append(&mut self.journal, &lines);
        appended.map_err(|cause| failed(&self.journal_path, cause))
    }

    /// Writes the journal anew, with what is needed.
    fn shorten(&mut self) -> io::Result<()> {
        let mut bytes = JOURNAL.as_bytes().to_vec();
        for entry in &self.cuts {
            serde_json::to_writer(&mut bytes, entry)?;
            bytes.push(b'\n');
        }
        replace(&self.journal_path, &bytes)?;
        self.journal = File::options().append(true).open(&self.journal_path)?;
        self.stale = 0;
        Ok(())
    }
}

/// Whether the saved position lies before a cut.
fn is_needed(saved: &Saved, entry: &Entry) -> bool {
    saved.partitions.get(&entry.partition).is_none_or(|partition| entry.cut.number > partition.cut)
}

fn append(file: &mut File, lines: &[u8]) -> io::Result<()> {
    let length = file.metadata()?.len();
    let (first, rest) = lines.split_at(if cfg!(feature = "faults") { lines.len() / 2 } else { lines.len() });
    let written = file.write_all(first).and_then(|()| {
        fault::point("cut-half-written");
        file.write_all(rest)?;
        fault::point("cut-written");
        file.sync_data()
    });
    if written.is_err() {
        // A half line would hide the next one.
        file.set_len(length)?;
    }
    written
}

fn lock(path: &Path) -> Result<File, StoreError> {
    let open = File::options().create(true).write(true).truncate(false).open(path);
    let file = open.map_err(|cause| failed(path, cause))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StoreError::Locked { path: path.display().to_string() }),
        Err(TryLockError::Error(cause)) => Err(failed(path, cause)),
    }
}

fn read_checkpoint(path: &Path) -> Result<Saved, StoreError> {
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Saved::default()),
        Err(cause) => return Err(failed(path, cause)),
    };
    let document: Document<serde_json::Value> =
        serde_json::from_slice(&bytes).map_err(|error| refused(path, error.to_string()))?;
    if document.format != CHECKPOINT {
        return Err(refused(path, "it is no checkpoint of mcpp".to_owned()));
    }
    if document.version > VERSION {
        let path = path.display().to_string();
        return Err(StoreError::Newer { path, found: document.version, known: VERSION });
    }
    serde_json::from_value(document.saved).map_err(|error| refused(path, error.to_string()))
}

/// Opens the journal and takes off what is half written at its end.
fn open_journal(path: &Path) -> Result<(File, Vec<Entry>), StoreError> {
    let io = |cause| failed(path, cause);
    let mut file = File::options().read(true).append(true).create(true).open(path).map_err(io)?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).map_err(io)?;
    let whole = bytes.iter().rposition(|b| *b == b'\n').map_or(0, |at| at + 1);
    if whole < bytes.len() {
        file.set_len(whole as u64).map_err(io)?;
        file.seek(SeekFrom::End(0)).map_err(io)?;
        bytes.truncate(whole);
    }
    if bytes.is_empty() {
        file.write_all(JOURNAL.as_bytes()).and_then(|()| file.sync_all()).map_err(io)?;
        sync_folder(path).map_err(io)?;
        return Ok((file, Vec::new()));
    }
    let Some(lines) = bytes.strip_prefix(JOURNAL.as_bytes()) else {
        return Err(refused(path, "it is no journal of this version of mcpp".to_owned()));
    };
    let lines = lines.split(|b| *b == b'\n').filter(|line| !line.is_empty());
    let entries = lines.map(serde_json::from_slice).collect::<Result<_, _>>();
    Ok((file, entries.map_err(|error| refused(path, error.to_string()))?))
}

/// Replaces a file as a whole, durably.
fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut part = path.as_os_str().to_owned();
    part.push(".part");
    let mut file = File::create(&part)?;
    file.write_all(bytes)?;
    fault::point("replacement-written");
    file.sync_all()?;
    fault::point("replacement-durable");
    fs::rename(&part, path)?;
    fault::point("replacement-renamed");
    sync_folder(path)?;
    fault::point("replaced");
    Ok(())
}

fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

/// A pipeline's name as a file's: everything but letters, digits, `-`, `_` and inner dots as `%XX`.
fn file_name(pipeline: &str) -> String {
    let mut name = String::new();
    for (at, byte) in pipeline.bytes().enumerate() {
        match byte {
            b'-' | b'_' => name.push(char::from(byte)),
            b'.' if at > 0 => name.push('.'),
            _ if byte.is_ascii_alphanumeric() => name.push(char::from(byte)),
            _ => name += &format!("%{byte:02X}"),
        }
    }
    name
}

fn failed(path: &Path, cause: io::Error) -> StoreError {
    StoreError::Io { path: path.display().to_string(), cause }
}

fn refused(path: &Path, why: String) -> StoreError {
    StoreError::Refused { path: path.display().to_string(), why }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ack::checkpoint::SavedPartition;

    fn cut(number: u64) -> Cut {
        Cut { number, seq: number * 10, now: 7, end: 0 }
    }

    fn saved(cut: u64) -> Saved {
        let partition = SavedPartition { position: 5.into(), seq: 50, cut, ..SavedPartition::default() };
        Saved { partitions: [("p".to_owned(), partition)].into(), ..Saved::default() }
    }

    fn numbers(saved: &Saved, partition: &str) -> Vec<u64> {
        saved.partitions[partition].cuts.iter().map(|cut| cut.number).collect()
    }

    #[test]
    fn cuts_live_until_the_saved_position_lies_behind_them() {
        let dir = tempfile::tempdir().unwrap();
        let (mut store, first) = Store::open(dir.path(), "x").unwrap();
        assert_eq!(first, Saved::default());
        store.append_cuts("p", &[cut(1), cut(2)]).unwrap();
        store.append_cuts("q", &[cut(1)]).unwrap();
        store.write(&saved(1)).unwrap();
        drop(store);
        let (mut store, found) = Store::open(dir.path(), "x").unwrap();
        assert_eq!((numbers(&found, "p"), numbers(&found, "q")), (vec![2], vec![1]));
        assert_eq!(found.partitions["p"].position, 5);
        assert_eq!(found.partitions["q"].position, serde_json::Value::Null);
        let mut all = saved(2);
        all.partitions.insert("q".to_owned(), SavedPartition { cut: 1, ..SavedPartition::default() });
        store.write(&all).unwrap();
        assert_eq!(fs::read_to_string(dir.path().join("x.cuts")).unwrap(), JOURNAL);
        store.append_cuts("p", &[cut(3)]).unwrap();
        drop(store);
        let (_, found) = Store::open(dir.path(), "x").unwrap();
        assert_eq!((numbers(&found, "p"), numbers(&found, "q")), (vec![3], vec![]));
    }

    #[test]
    fn a_half_written_cut_is_taken_off() {
        let dir = tempfile::tempdir().unwrap();
        let (mut store, _) = Store::open(dir.path(), "x").unwrap();
        store.append_cuts("p", &[cut(1)]).unwrap();
        store.journal.write_all(b"{\"partition\":\"p\",\"num").unwrap();
        drop(store);
        let (mut store, found) = Store::open(dir.path(), "x").unwrap();
        assert_eq!(numbers(&found, "p"), [1]);
        store.append_cuts("p", &[cut(2)]).unwrap();
        drop(store);
        assert_eq!(numbers(&Store::open(dir.path(), "x").unwrap().1, "p"), [1, 2]);
    }

    #[test]
    fn what_is_not_ours_is_refused_and_left_as_it_is() {
        for (name, text, part) in [
            ("x.checkpoint", "{\"format\":\"mcpp checkpoint\",\"version\":1,\"sav", "EOF"),
            ("x.checkpoint", "", "EOF"),
            ("x.checkpoint", "{\"format\":\"a diary\",\"version\":1,\"saved\":{}}", "no checkpoint"),
            ("x.checkpoint", "{\"format\":\"mcpp checkpoint\",\"version\":9,\"saved\":{}}", "version 9"),
            ("x.cuts", "dear diary\n", "no journal"),
            ("x.cuts", "mcpp cuts 1\nbroken\n{}\n", "expected value"),
        ] {
            let dir = tempfile::tempdir().unwrap();
            fs::write(dir.path().join(name), text).unwrap();
            let error = Store::open(dir.path(), "x").unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
            assert_eq!(fs::read_to_string(dir.path().join(name)).unwrap(), text);
        }
    }

    #[test]
    fn a_pipeline_runs_once_in_a_data_directory() {
        let dir = tempfile::tempdir().unwrap();
        let (store, _) = Store::open(dir.path(), "x").unwrap();
        assert!(matches!(Store::open(dir.path(), "x").unwrap_err(), StoreError::Locked { .. }));
        Store::open(dir.path(), "y").unwrap();
        drop(store);
        Store::open(dir.path(), "x").unwrap();
    }

    #[test]
    fn names_become_file_names_without_meeting() {
        assert_eq!(file_name("a.b-c_1"), "a.b-c_1");
        assert_eq!(file_name("../a b"), "%2E.%2Fa%20b");
    }
}
