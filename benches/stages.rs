//! Single parts of the way of a line: decode, parse, filter, extract, redact, encode. `cargo bench --bench stages -- parse`
#![allow(missing_docs, reason = "criterion's macros make functions without comments")]

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};

mod lane;

use lane::{Lane, cut, docker_log};

const FILE: &str = r#"{"file":{"path":"/nonexistent/out.ndjson"}}"#;

/// About one batch.
const LINES: usize = 600;

/// A stage alone, behind those that it needs; the time of those is not counted.
fn stage(c: &mut Criterion, name: &str, before: &str, stage: &str) {
    let log = docker_log(LINES);
    let piece = cut(&log)[0].to_vec();
    let stages = if before.is_empty() { format!("[{stage}]") } else { format!("[{before},{stage}]") };
    let last = stages.matches("{\"").count() - 1;
    let mut lane = Lane::new(&stages, FILE, &piece);
    lane.decode(piece.clone());
    for at in 0..last {
        lane.stage(at);
    }
    let prepared = lane.batch.clone();
    let mut group = c.benchmark_group("stages");
    group.throughput(Throughput::Bytes(piece.len() as u64));
    group.bench_function(name, |b| {
        b.iter_batched(
            || prepared.clone(),
            |batch| {
                lane.batch = batch;
                lane.stage(last);
            },
            BatchSize::PerIteration,
        );
    });
    group.finish();
}

fn decode(c: &mut Criterion) {
    let log = docker_log(LINES);
    let piece = cut(&log)[0].to_vec();
    let mut lane = Lane::new("[]", FILE, &piece);
    let mut group = c.benchmark_group("stages");
    group.throughput(Throughput::Bytes(piece.len() as u64));
    group.bench_function("decode", |b| {
        b.iter_batched(|| piece.clone(), |piece| lane.decode(piece), BatchSize::PerIteration);
    });
    group.finish();
}

fn encode(c: &mut Criterion) {
    let log = docker_log(LINES);
    let piece = cut(&log)[0].to_vec();
    let mut lane = Lane::new(r#"[{"parse":"auto"}]"#, FILE, &piece);
    lane.decode(piece.clone());
    lane.stages();
    let mut group = c.benchmark_group("stages");
    group.throughput(Throughput::Bytes(piece.len() as u64));
    group.bench_function("encode", |b| b.iter(|| lane.encode()));
    group.finish();
}

fn parts(c: &mut Criterion) {
    decode(c);
    stage(c, "parse", "", r#"{"parse":"auto"}"#);
    stage(c, "filter", r#"{"parse":"auto"}"#, r#"{"filter":"level >= WARN and not (message contains 'x')"}"#);
    stage(c, "extract", r#"{"parse":"auto"}"#, r#"{"extract":"tools"}"#);
    stage(c, "redact", r#"{"parse":"auto"}"#, r#"{"redact":{"email":false}}"#);
    encode(c);
}

criterion_group!(benches, parts);
criterion_main!(benches);
