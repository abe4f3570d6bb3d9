//! Where a reader stands, and in which file: what is saved as a position.
//!
//! * A file is known by device, inode and the first bytes of its text; a copy or a compressed one by its text alone.
//! * The seed of ids is fixed when the first line is there and never changes, wherever the file moves.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::{xxh3_64, xxh3_128};

use super::body::Body;
use crate::event::Nanos;
use crate::sources::decode::{Format, Streams};

/// Bytes of the text's start that tell files apart.
const PRINT: usize = 1024;

/// The first bytes of a text: how many, and their hash.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Fingerprint {
    bytes: u16,
    hash: u64,
}

impl Fingerprint {
    /// Of a text that starts with `head`.
    pub(super) fn of(head: &[u8]) -> Fingerprint {
        let head = &head[..head.len().min(PRINT)];
        Fingerprint { bytes: head.len() as u16, hash: xxh3_64(head) }
    }

    /// Whether a text that starts with `head` started with this. An empty text starts every other.
    pub(super) fn starts(&self, head: &[u8]) -> bool {
        let bytes = usize::from(self.bytes);
        bytes == 0 || (head.len() >= bytes && xxh3_64(&head[..bytes]) == self.hash)
    }

    /// Whether there was no text.
    pub(super) fn is_empty(&self) -> bool {
        self.bytes == 0
    }

    /// Whether a longer text would have another fingerprint.
    pub(super) fn may_grow(&self) -> bool {
        usize::from(self.bytes) < PRINT
    }
}

/// A position in a file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Place {
    /// The path that the text is written to; rotated files stand beside it.
    pub(super) path: PathBuf,
    pub(super) dev: u64,
    pub(super) inode: u64,
    pub(super) fingerprint: Fingerprint,
    /// Offset in the uncompressed text.
    pub(super) offset: u64,
    /// Size of the file when it was last looked at.
    pub(super) size: u64,
    /// First input of the ids of its lines, as 32 hexadecimal digits.
    #[serde(with = "hex")]
    pub(super) seed: u128,
    /// Files of this path that had the same seed before.
    pub(super) generation: u32,
    pub(super) format: Format,
    /// The line at `offset` was cut; its rest is to be skipped.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) skipping: bool,
    /// Wall time when this was read.
    pub(super) at: Nanos,
    /// The last records read, for who may have to go on without the file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) streams: Option<Streams>,
}

impl Place {
    /// The path of a saved position.
    pub(crate) fn path_of(position: &serde_json::Value) -> Option<PathBuf> {
        serde_json::from_value::<Place>(position.clone()).ok().map(|place| place.path)
    }

    /// As it is saved.
    pub(crate) fn to_json(&self) -> serde_json::Value {
        serde_json::to_value(self).unwrap_or_default()
    }

    /// Whether an open file is the one of this place, by device and inode.
    pub(super) fn is_file(&self, body: &Body) -> bool {
        body.metadata().is_ok_and(|m| (m.dev(), m.ino()) == (self.dev, self.inode))
    }
}

/// Adds the first line of a text to what else names it. Only whole lines are ever delivered, so it is there.
pub(super) fn file_seed(machine: &str, path: &Path, inode: u64, generation: u32, head: &[u8]) -> u128 {
    let head = &head[..head.len().min(PRINT)];
    let line = &head[..memchr::memchr(b'\n', head).map_or(head.len(), |at| at + 1)];
    let mut input = Vec::with_capacity(PRINT + 256);
    for part in [b"file1", machine.as_bytes(), path.as_os_str().as_encoded_bytes(), line] {
        input.extend_from_slice(&(part.len() as u64).to_le_bytes());
        input.extend_from_slice(part);
    }
    input.extend_from_slice(&inode.to_le_bytes());
    input.extend_from_slice(&generation.to_le_bytes());
    xxh3_128(&input)
}

/// The seed of a container's lines.
pub(crate) fn container_seed(id: &str) -> u128 {
    xxh3_128(format!("container1\0{id}").as_bytes())
}

mod hex {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(super) fn serialize<S: Serializer>(seed: &u128, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(&format_args!("{seed:032x}"))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<u128, D::Error> {
        let text = String::deserialize(d)?;
        u128::from_str_radix(&text, 16).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sources::decode::Layout;

    #[test]
    fn a_place_is_saved_and_read_back() {
        let place = Place {
            path: "/var/log/a.log".into(),
            dev: 1,
            inode: u64::MAX,
            fingerprint: Fingerprint::of(b"hello"),
            offset: 7,
            size: 9,
            seed: 0xffee,
            generation: 2,
            format: Format::Lines(Layout::default()),
            skipping: true,
            at: 5,
            streams: Some(Streams::default()),
        };
        let text = place.to_json().to_string();
        assert_eq!(serde_json::from_str::<Place>(&text).unwrap(), place, "{text}");
    }

    #[test]
    fn a_growing_text_keeps_its_fingerprint_and_seed() {
        let print = Fingerprint::of(b"one\ntw");
        assert!(print.starts(b"one\ntwo\n"));
        assert!(!print.starts(b"one\nxwo\n"));
        assert!(!print.starts(b"one"));
        assert!(Fingerprint::default().starts(b"one"));
        let path = Path::new("/a");
        assert_eq!(file_seed("m", path, 1, 0, b"one\ntw"), file_seed("m", path, 1, 0, b"one\ntwo\nthree\n"));
        assert_ne!(file_seed("m", path, 1, 0, b"one\n"), file_seed("m", path, 1, 1, b"one\n"));
        assert_ne!(file_seed("m", path, 1, 0, b"one\n"), file_seed("m", path, 2, 0, b"one\n"));
    }
}
