//! The text of a file, uncompressed, by offset.
//!
//! * Compression and JSON arrays are told by content.
//! * A plain file is read at any offset; a packed one only forwards, and what its reader gives back is kept.

use std::fs::{File, Metadata};
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::Path;

use flate2::read::MultiGzDecoder;

use super::array::ArrayReader;
use crate::event::{Nanos, SECOND};

const GZIP: &[u8] = &[0x1f, 0x8b];
const ZSTD: &[u8] = &[0x28, 0xb5, 0x2f, 0xfd];

/// An open file.
pub(super) struct Body {
    file: File,
    packed: Option<Packed>,
}

/// A text that can only be read forwards.
struct Packed {
    reader: Box<dyn Read + Send>,
    /// Offset of the first byte of `kept`.
    at: u64,
    /// Given back by the reader of this text.
    kept: Vec<u8>,
    /// Nothing is left; the error is why, if that was too early.
    done: bool,
}

impl Body {
    /// Opens a file. Directories and the like are an error.
    pub(super) fn open(path: &Path) -> io::Result<Body> {
        let file = File::open(path)?;
        if !file.metadata()?.is_file() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "is not a regular file"));
        }
        let packed = unpack(&file)?.map(|reader| Packed { reader, at: 0, kept: Vec::new(), done: false });
        Ok(Body { file, packed })
    }

    /// Whether text is made of the file: compressed, or a JSON array.
    pub(super) fn is_packed(&self) -> bool {
        self.packed.is_some()
    }

    /// When it was last written to; 0 if nobody knows.
    pub(super) fn modified(&self) -> Nanos {
        self.metadata().map_or(0, |m| m.mtime().saturating_mul(SECOND).saturating_add(m.mtime_nsec()))
    }

    pub(super) fn metadata(&self) -> io::Result<Metadata> {
        self.file.metadata()
    }

    /// Bytes that stand behind `offset` now; of packed text 0 at its end, else an unknown number.
    pub(super) fn available(&self, offset: u64) -> io::Result<u64> {
        match &self.packed {
            None => Ok(self.file.metadata()?.size().saturating_sub(offset)),
            Some(packed) if packed.done => Ok((packed.at + packed.kept.len() as u64).saturating_sub(offset)),
            Some(_) => Ok(u64::MAX),
        }
    }

    /// Replaces what is in `out` by at most `limit` bytes from `offset` on; by nothing at the end of the file.
    ///
    /// An error of packed text comes once, behind everything that could be read.
    pub(super) fn read_at(&mut self, offset: u64, limit: usize, out: &mut Vec<u8>) -> io::Result<usize> {
        match &mut self.packed {
            None => {
                // What `out` held before is overwritten, so that mostly nothing has to be filled with zeros here.
                out.resize(limit, 0);
                let got = read_full(&self.file, offset, out);
                out.truncate(*got.as_ref().unwrap_or(&0));
                got
            }
            Some(packed) => {
                out.clear();
                packed.read_at(offset, limit, out)
            }
        }
    }

    /// Gives back what was read last and not used: `bytes` from `offset` on.
    pub(super) fn give_back(&mut self, offset: u64, bytes: &[u8]) {
        if let Some(packed) = &mut self.packed {
            // What the last read left behind stands behind these bytes.
            packed.kept.splice(..0, bytes.iter().copied());
            packed.at = offset;
        }
    }

    /// The first bytes of the text, without moving.
    pub(super) fn head(&mut self, limit: usize) -> io::Result<Vec<u8>> {
        let mut out = Vec::new();
        if self.packed.is_none() {
            out.resize(limit, 0);
            let have = read_full(&self.file, 0, &mut out)?;
            out.truncate(have);
            return Ok(out);
        }
        let mut reader = unpack(&self.file)?.unwrap_or_else(|| Box::new(io::empty()));
        // What can be read of a damaged file is its head.
        let _ = reader.by_ref().take(limit as u64).read_to_end(&mut out);
        if let Some(packed) = &mut self.packed {
            // The clone shares the file's cursor: begin again.
            packed.reader = unpack(&self.file)?.unwrap_or_else(|| Box::new(io::empty()));
            (packed.at, packed.kept, packed.done) = (0, Vec::new(), false);
        }
        Ok(out)
    }
}

/// Fills `out` from `offset` on, as far as the file goes. Returns how many bytes that were.
fn read_full(file: &File, offset: u64, out: &mut [u8]) -> io::Result<usize> {
    let mut have = 0;
    while have < out.len() {
        match file.read_at(&mut out[have..], offset + have as u64) {
            Ok(0) => break,
            Ok(n) => have += n,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    Ok(have)
}

/// The reader of a packed text from its start; `None`: the file is plain.
fn unpack(file: &File) -> io::Result<Option<Box<dyn Read + Send>>> {
    let mut head = [0; 512];
    let have = file.read_at(&mut head, 0)?;
    let head = &head[..have];
    let mut raw = file.try_clone()?;
    raw.seek(SeekFrom::Start(0))?;
    let unpacked: Box<dyn Read + Send> = if head.starts_with(GZIP) {
        Box::new(MultiGzDecoder::new(BufReader::with_capacity(64 * 1024, raw)))
    } else if head.starts_with(ZSTD) {
        Box::new(zstd::Decoder::new(raw)?)
    } else if is_array(head) {
        return Ok(Some(Box::new(ArrayReader::new(raw))));
    } else {
        return Ok(None);
    };
    Ok(Some(Box::new(ArrayReader::if_array(unpacked))))
}

/// Whether a text starts as an array of objects does.
pub(super) fn is_array(head: &[u8]) -> bool {
    let mut bytes = head.iter().filter(|b| !b.is_ascii_whitespace());
    bytes.next() == Some(&b'[') && bytes.next() == Some(&b'{')
}

impl Packed {
    fn read_at(&mut self, offset: u64, limit: usize, out: &mut Vec<u8>) -> io::Result<usize> {
        let start = out.len();
        while self.at < offset {
            if self.kept.is_empty() && self.fill(64 * 1024)? == 0 {
                return Ok(0);
            }
            let skip = (offset - self.at).min(self.kept.len() as u64) as usize;
            self.kept.drain(..skip);
            self.at += skip as u64;
        }
        let kept = self.kept.len().min(limit);
        out.extend(self.kept.drain(..kept));
        let mut failed = None;
        while out.len() - start < limit && !self.done {
            let want = limit - (out.len() - start);
            match self.reader.by_ref().take(want as u64).read_to_end(out) {
                Ok(n) if n < want => self.done = true,
                Ok(_) => {}
                Err(e) => {
                    self.done = true;
                    failed = Some(e);
                }
            }
        }
        let got = out.len() - start;
        self.at += got as u64;
        match failed {
            // The text before the damage goes out first.
            Some(e) if got > 0 => {
                self.reader = Box::new(Broken(Some(e)));
                self.done = false;
                Ok(got)
            }
            Some(e) => Err(e),
            None => Ok(got),
        }
    }

    fn fill(&mut self, limit: usize) -> io::Result<usize> {
        let got = self.reader.by_ref().take(limit as u64).read_to_end(&mut self.kept)?;
        self.done |= got < limit;
        Ok(got)
    }
}

/// Fails once, then is at its end.
struct Broken(Option<io::Error>);

impl Read for Broken {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        self.0.take().map_or(Ok(0), Err)
    }
}

#[cfg(test)]
mod tests;
