//! The log file and the API of the same records give the same rows and ids.

use std::sync::Arc;

use super::*;
use crate::event::{Buffer, EventId, Identity, Partition, Text};
use crate::sources::decode::{Docker, LONGEST};
use crate::sources::{Decoder, DynDecoder};
use proptest::prelude::*;

/// A record as an engine keeps it.
#[derive(Clone, Debug)]
struct Record {
    text: String,
    stderr: bool,
    time: i64,
}

fn rfc3339(time: i64) -> String {
    chrono::DateTime::from_timestamp_nanos(time).to_rfc3339_opts(chrono::SecondsFormat::Nanos, true)
}

fn as_file(record: &Record) -> Vec<u8> {
    let stream = if record.stderr { "stderr" } else { "stdout" };
    let log = serde_json::to_string(&record.text).unwrap();
    format!("{{\"log\":{log},\"stream\":\"{stream}\",\"time\":\"{}\"}}\n", rfc3339(record.time)).into_bytes()
}

fn as_frame(record: &Record) -> Vec<u8> {
    let payload = format!("{} {}", rfc3339(record.time), record.text);
    let mut frame = vec![1 + u8::from(record.stderr), 0, 0, 0];
    frame.extend_from_slice(&(payload.len() as u32).to_be_bytes());
    frame.extend_from_slice(payload.as_bytes());
    frame
}

type Seen = (EventId, String, i64, Stream, u64, u32, u16);

/// The rows of batches, each of them released at the end.
fn rows(decoder: &dyn DynDecoder, batches: &[Vec<u8>]) -> Vec<Seen> {
    let partition = Arc::new(Partition {
        key: String::new(),
        name: String::new(),
        identity: Identity::Container,
        origin: Arc::default(),
    });
    let mut memory = decoder.start();
    let (mut seen, mut seq) = (Vec::new(), 0);
    for at in 0..=batches.len() {
        let bytes = batches.get(at).cloned().unwrap_or_default();
        let text = Text::new(Buffer { bytes, lease: None });
        let mut batch = Batch::new(partition.clone(), text);
        batch.seeds[0] = 7;
        if at < batches.len() {
            seq = decoder.decode(&mut *memory, &mut batch, seq);
        } else {
            decoder.release(&mut *memory, &mut batch, 0, End::Input);
        }
        for row in &batch.rows {
            let mut text = Vec::new();
            if row.message.is_escaped() {
                crate::event::escape::unescape_into(batch.text.stored(row.message), &mut text);
            } else {
                text.extend_from_slice(batch.text.stored(row.message));
            }
            let text = String::from_utf8_lossy(&text).into_owned();
            let id = EventId::of(&batch, row);
            seen.push((id, text, row.engine_time, row.stream, row.key.seq, row.records, row.flags.bits()));
        }
    }
    seen
}

fn record() -> impl Strategy<Value = Record> {
    let text = prop_oneof![
        4 => "[ -~]{0,20}\n",
        2 => "\\PC{0,10}\r?\n",
        1 => "[\"\\\\\u{0}-\u{1f}é€😀 ]{0,8}",
        2 => Just("p".repeat(PART)),
        1 => Just("é".repeat(PART / 2)),
        1 => Just("\u{1}\0\0\0\u{fffd}\u{fffd}\u{fffd}\u{fffd}\n".to_owned()),
        1 => Just("\n".to_owned()),
    ];
    (text, any::<bool>(), 0..6i64).prop_map(|(text, stderr, step)| Record {
        text,
        stderr,
        time: 1_769_532_420_000_000_000 + step / 2,
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]
    #[test]
    fn file_and_api_give_the_same_rows_and_ids(records in prop::collection::vec(record(), 0..30), cuts in any::<u32>()) {
        let batches = |as_bytes: &dyn Fn(&Record) -> Vec<u8>, cuts: u32| -> Vec<Vec<u8>> {
            let mut all: Vec<Vec<u8>> = vec![Vec::new()];
            for (at, record) in records.iter().enumerate() {
                if cuts & (1 << (at % 32)) != 0 {
                    all.push(Vec::new());
                }
                all.last_mut().unwrap().extend(as_bytes(record));
            }
            all
        };
        let file = rows(&Docker::new(LONGEST), &batches(&as_file, cuts));
        let api = rows(&Api::new(LONGEST, false, Streams::default()), &batches(&as_frame, cuts.reverse_bits()));
        prop_assert_eq!(file, api);
    }

    #[test]
    fn any_bytes_are_decoded_without_harm(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let api = Api::new(LONGEST, false, Streams::default());
        let first = Decoder::first_record(&api, &bytes);
        prop_assert!(first <= bytes.len() && (first > 0 || bytes.is_empty()));
        rows(&api, &[bytes]);
    }
}

#[test]
fn records_after_known_ones_are_numbered_on() {
    let time = 1_769_532_420_000_000_000;
    let record = Record { text: "x\n".to_owned(), stderr: false, time };
    let mut begin = Streams::default();
    begin.take(Stream::Stdout, time);
    let all = rows(&Api::new(LONGEST, false, Streams::default()), &[as_frame(&record).repeat(2)]);
    let rest = rows(&Api::new(LONGEST, false, begin), &[as_frame(&record)]);
    assert_eq!(all[1].0, rest[0].0);
}

#[test]
fn a_part_read_from_the_file_goes_on_by_the_api() {
    let time = 1_769_532_420_000_000_000;
    let part = Record { text: "\"".repeat(PART), stderr: false, time };
    let rest = Record { text: "\"end\n".to_owned(), stderr: false, time };
    let whole = rows(&Docker::new(LONGEST), &[as_file(&part), as_file(&rest)]);
    let (file, api) = (Docker::new(LONGEST), Api::new(LONGEST, false, Streams::default()));
    for (first, second, bytes) in [
        (&file as &dyn DynDecoder, &api as &dyn DynDecoder, [as_file(&part), as_frame(&rest)]),
        (&api, &file, [as_frame(&part), as_file(&rest)]),
    ] {
        let partition = Arc::new(Partition {
            key: String::new(),
            name: String::new(),
            identity: Identity::Container,
            origin: Arc::default(),
        });
        let batch = |bytes: &[u8]| {
            let text = Text::new(Buffer { bytes: bytes.to_vec(), lease: None });
            let mut batch = Batch::new(partition.clone(), text);
            batch.seeds[0] = 7;
            batch
        };
        let mut memory = first.start();
        let seq = first.decode(&mut *memory, &mut batch(&bytes[0]), 0);
        let mut memory = second.restore(&memory.save()).unwrap();
        let mut end = batch(&bytes[1]);
        second.decode(&mut *memory, &mut end, seq);
        let row = &end.rows[0];
        assert_eq!(EventId::of(&end, row), whole[0].0);
        let text = String::from_utf8(end.text.stored(row.message).to_vec()).unwrap();
        assert_eq!((row.message.is_escaped(), text), (false, whole[0].1.clone()));
    }
    assert_eq!(whole.len(), 1);
}
