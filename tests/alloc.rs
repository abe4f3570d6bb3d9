//! The budget of allocations on the hot path: at most one for ten events, on a warm lane.
//!
//! Timings change with the machine; this does not.

#[path = "../benches/lane/mod.rs"]
mod lane;

use lane::{Lane, cut, docker_log};

/// Enough for a few batches after the warm ones.
const LINES: usize = 12_000;

/// Allocations for each event of the second half of the data, from decoding to encoding.
fn per_event(stages: &str, sink: &str) -> f64 {
    let log = docker_log(LINES);
    let pieces: Vec<Vec<u8>> = cut(&log).into_iter().map(<[u8]>::to_vec).collect();
    assert!(pieces.len() >= 6);
    let mut lane = Lane::new(stages, sink, &log[..1024]);
    let warm = pieces.len() / 2;
    let (mut allocations, mut records, mut encoded) = (0, 0, 0);
    for (at, piece) in pieces.into_iter().enumerate() {
        let counted = allocation_counter::measure(|| {
            drop(lane.snapshot());
            lane.decode(piece);
            records += if at < warm { 0 } else { lane.batch.rows.len() };
            lane.stages();
            lane.encode();
        });
        if at >= warm {
            allocations += counted.count_total;
            encoded += lane.encoded().len();
        }
    }
    assert!(records > 1_000 && lane.events > 100 && (encoded > 10_000 || sink.contains("summary")));
    allocations as f64 / records as f64
}

#[test]
fn the_hot_path_allocates_less_than_once_in_ten_events() {
    let file = r#"{"file":{"path":"/nonexistent/out.ndjson"}}"#;
    let summary = r#"{"summary":{}}"#;
    let paths = [
        ("decode", "[]", file),
        ("parse json", r#"[{"parse":"json"},{"filter":"level in [ERROR, WARN]"}]"#, file),
        ("parse auto", r#"[{"parse":"auto"},{"filter":"level in [ERROR, WARN]"}]"#, file),
        ("extract", r#"[{"parse":"auto"},{"extract":"tools"}]"#, summary),
        ("redact", r#"[{"parse":"auto"},{"redact":{}},{"enrich":{"image":true,"fields":{"e":"x"}}}]"#, file),
        ("throttle", r#"[{"parse":"auto"},{"throttle":{"key":"logger","limit":5,"per":"1m"}}]"#, file),
    ];
    let mut over = Vec::new();
    for (name, stages, sink) in paths {
        let count = per_event(stages, sink);
        println!("{name}: {count:.4} allocations an event");
        if count > 0.1 {
            over.push(format!("{name}: {count:.3}"));
        }
    }
    assert_eq!(over, Vec::<String>::new());
}
