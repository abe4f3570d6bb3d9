//! What the decoders' tests share: running a decoder over bytes, cut anywhere.

use super::*;
use crate::event::{Buffer, Origin, Partition, SharedOrigin};
use crate::sources::Decoder;
use std::sync::Arc;

pub(super) fn partition(identity: Identity) -> Arc<Partition> {
    Arc::new(Partition {
        key: "test/one".to_owned(),
        name: "one".to_owned(),
        identity,
        origin: SharedOrigin::new(Origin::default()),
    })
}

/// What a row says: text (unescaped), time, stream, seq, place, records, cut.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) text: Vec<u8>,
    pub(super) time: Nanos,
    pub(super) stream: Stream,
    pub(super) seq: u64,
    pub(super) place: u64,
    pub(super) records: u32,
    pub(super) cut: bool,
    pub(super) deployment: Option<String>,
}

pub(super) fn batch(identity: Identity, bytes: &[u8], offset: u64) -> Batch {
    let mut batch = Batch::new(partition(identity), Text::new(Buffer { bytes: bytes.to_vec(), lease: None }));
    batch.offset = offset;
    batch
}

pub(super) fn seen(batch: &Batch) -> Vec<Seen> {
    let mut scratch = Vec::new();
    let see = |row: &Row| Seen {
        text: batch.text.plain(row.message, &mut scratch).to_vec(),
        time: row.engine_time,
        stream: row.stream,
        seq: row.key.seq,
        place: row.place,
        records: row.records,
        cut: row.flags.has(Flags::CUT),
        deployment: batch.origin(row).origin.deployment.clone(),
    };
    batch.rows.iter().map(see).collect()
}

/// Decodes `bytes`, cut behind lines into batches of about `step` bytes; between batches the Memory is saved and
/// restored. At the end everything is let go.
pub(super) fn decode<D: Decoder>(
    decoder: &D,
    identity: Identity,
    bytes: &[u8],
    step: usize,
) -> (Vec<Seen>, Vec<crate::event::Tally>) {
    let mut memory = decoder.start();
    let (mut out, mut tallies) = (Vec::new(), Vec::new());
    let (mut at, mut seq) = (0, 0);
    while at < bytes.len() {
        let from = (at + step).min(bytes.len());
        let end = memchr::memchr(b'\n', &bytes[from - 1..]).map_or(bytes.len(), |n| from + n);
        let mut batch = batch(identity, &bytes[at..end], at as u64);
        seq = decoder.decode(&mut memory, &mut batch, seq);
        out.extend(seen(&batch));
        tallies.push(batch.tally);
        at = end;
        let saved = serde_json::to_string(&crate::event::Memory::save(&memory)).unwrap();
        memory = crate::event::Memory::restore(&serde_json::from_str(&saved).unwrap()).unwrap();
    }
    let mut rest = batch(identity, b"", at as u64);
    decoder.release(&mut memory, &mut rest, i64::MAX, crate::event::End::Input);
    out.extend(seen(&rest));
    tallies.push(rest.tally);
    (out, tallies)
}

#[test]
fn a_cut_never_splits_a_character() {
    for (text, longest, end) in [
        ("abcdef", 3, 3),
        ("aéb", 2, 1),
        ("aéb", 3, 3),
        ("a€b", 2, 1),
        ("a€b", 3, 1),
        ("a€b", 4, 4),
        ("a🚀b", 4, 1),
        ("a🚀b", 5, 5),
    ] {
        assert_eq!(cut_at(text.as_bytes(), longest), end, "{text} {longest}");
    }
    assert_eq!(cut_at(&[0x80; 9], 5), 5);
}

#[test]
fn ordinals_count_equal_times_of_a_stream() {
    let mut ordinals = Ordinals::default();
    assert_eq!(ordinals.next(Stream::Stdout, 7), 0);
    assert_eq!(ordinals.next(Stream::Stdout, 7), 1);
    assert_eq!(ordinals.next(Stream::Stderr, 7), 0);
    let mut ordinals = Ordinals::restore(&ordinals.save()).unwrap();
    assert_eq!(ordinals.next(Stream::Stdout, 7), 2);
    assert_eq!(ordinals.next(Stream::Stdout, 8), 0);
    assert_eq!(ordinals.next(Stream::None, NO_TIME), 0);
}
