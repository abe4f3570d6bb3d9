//! The files that a file sink has rotated: `PATH.1`, `PATH.2.gz`, …

use std::collections::{BTreeMap, HashSet};
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, BufWriter, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;

use crate::telemetry::fault;

/// The rotated files of one path, by number.
pub(super) struct Generations {
    pub(super) files: BTreeMap<u64, PathBuf>,
}

/// The path of a rotated file before it is packed.
pub(super) fn path_of(path: &Path, number: u64) -> PathBuf {
    with_suffix(path, &format!(".{number}"))
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

impl Generations {
    /// Finds them. Where a file stands both plain and packed the packed one is whole and counts.
    pub(super) fn list(path: &Path) -> io::Result<Generations> {
        let mut files = BTreeMap::new();
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let stem = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let name = entry.file_name();
            let Some(number) = name.to_str().and_then(|name| name.strip_prefix(&stem)?.strip_prefix('.'))
            else {
                continue;
            };
            let packed = number.ends_with(".gz");
            let Ok(number) = number.trim_end_matches(".gz").parse() else { continue };
            if packed || !files.contains_key(&number) {
                files.insert(number, entry.path());
            }
        }
        Ok(Generations { files })
    }

    /// The highest number, 0 without any.
    pub(super) fn newest(&self) -> u64 {
        self.files.last_key_value().map_or(0, |(number, _)| *number)
    }

    /// Reads the ids in `first` behind `from` and in all later ones.
    pub(super) fn read_ids(&self, first: u64, from: u64, ids: &mut HashSet<u128>) -> io::Result<()> {
        for (number, path) in self.files.range(first..) {
            read_ids(path, if *number == first { from } else { 0 }, ids)?;
        }
        Ok(())
    }

    /// Packs those that are not packed yet: a kill came between.
    pub(super) fn pack_all(&self) {
        for path in self.files.values() {
            if path.extension().is_none_or(|extension| extension != "gz") {
                pack(path);
            } else if let Some(plain) = path.to_str().and_then(|path| path.strip_suffix(".gz"))
                && Path::new(plain).exists()
            {
                remove(Path::new(plain));
            }
        }
    }

    /// Removes those below a number.
    pub(super) fn remove_below(&self, number: u64) {
        for path in self.files.range(..number).map(|(_, path)| path) {
            remove(path);
        }
    }
}

fn remove(path: &Path) {
    if let Err(cause) = fs::remove_file(path) {
        tracing::warn!(path = %path.display(), %cause, "cannot remove a rotated file");
    }
}

/// Packs a rotated file. Until the packed one is whole and durable the plain one stays.
pub(super) fn pack(path: &Path) {
    if let Err(cause) = try_pack(path) {
        tracing::warn!(path = %path.display(), %cause, "cannot pack a rotated file; it stays as it is");
    }
}

fn try_pack(path: &Path) -> io::Result<()> {
    let part = with_suffix(path, ".part");
    let mut encoder = GzEncoder::new(BufWriter::new(File::create(&part)?), flate2::Compression::default());
    io::copy(&mut File::open(path)?, &mut encoder)?;
    let file = encoder.finish()?.into_inner().map_err(io::IntoInnerError::into_error)?;
    file.sync_all()?;
    fault::point("file-before-packed");
    fs::rename(&part, with_suffix(path, ".gz"))?;
    fault::point("file-packed");
    fs::remove_file(path)
}

/// Reads the ids of the lines behind `from` bytes of (unpacked) text.
pub(super) fn read_ids(path: &Path, from: u64, ids: &mut HashSet<u128>) -> io::Result<()> {
    let mut file = File::open(path)?;
    if path.extension().is_some_and(|extension| extension == "gz") {
        let mut text = BufReader::new(MultiGzDecoder::new(file));
        io::copy(&mut (&mut text).take(from), &mut io::sink())?;
        return ids_of(text, ids);
    }
    file.seek(SeekFrom::Start(from))?;
    ids_of(BufReader::new(file), ids)
}

fn ids_of(mut lines: impl BufRead, ids: &mut HashSet<u128>) -> io::Result<()> {
    let mut line = Vec::new();
    loop {
        line.clear();
        if lines.read_until(b'\n', &mut line)? == 0 {
            return Ok(());
        }
        ids.extend(id_of(&line));
    }
}

/// The id that ends a line: `,"id":"32 digits"}`.
fn id_of(line: &[u8]) -> Option<u128> {
    let head = line.strip_suffix(b"\n")?.strip_suffix(b"\"}")?;
    let (head, digits) = head.split_at_checked(head.len().checked_sub(32)?)?;
    head.strip_suffix(b"\"id\":\"")?;
    u128::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

/// Where the last whole line of a file ends.
pub(super) fn end_of_lines(mut file: &File, length: u64) -> io::Result<u64> {
    const STEP: u64 = 64 * 1024;
    let mut end = length;
    let mut block = Vec::new();
    while end > 0 {
        let start = end.saturating_sub(STEP);
        file.seek(SeekFrom::Start(start))?;
        block.clear();
        file.take(end - start).read_to_end(&mut block)?;
        if let Some(at) = memchr::memrchr(b'\n', &block) {
            return Ok(start + at as u64 + 1);
        }
        end = start;
    }
    Ok(0)
}
