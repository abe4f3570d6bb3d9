//! A lane without an engine: data of a tool server, decoded in batches, run through a pipeline's stages and encoders.
#![allow(dead_code, reason = "each user needs another part")]

use std::sync::Arc;

use mcpp::event::{
    Batch, Buffer, DynMemory, Identity, Nanos, Origin, Partition, SECOND, SharedOrigin, Text, time,
};
use mcpp::plan::{Options, Plan};
use mcpp::sinks::{Built, Chunk, Event};
use mcpp::sources::DynDecoder;
use mcpp::sources::decode::{LONGEST, sniff};
use mcpp::stages::Stage;

/// Bytes of a batch, as the engine cuts them.
const BATCH: usize = 256 * 1024;

/// 2025-01-27T16:47:30Z.
const START: Nanos = 1_737_996_450 * SECOND;

/// Lines of Docker's json-file: text, JSON, tool lines and long traces in the proportions of `gen.py`.
pub fn docker_log(lines: usize) -> Vec<u8> {
    let mut out = Vec::new();
    let trace = "File \\\"/usr/lib/python3/asyncio/tasks.py\\\", line 17, in wait_for | ".repeat(60);
    for n in 0..lines {
        let at = time::to_rfc3339(START + n as Nanos * 2_000_000);
        let (date, clock) = (&at[..10], at[11..23].replace('.', ","));
        let tool = ["read_file", "fetch_url", "git_diff"][n % 3];
        let level = ["INFO", "INFO", "WARN", "DEBUG", "INFO", "ERROR", "INFO"][n % 7];
        let message = match n % 20 {
            0..11 => format!("{date} {clock} {level} session: request id={n:012x} ok \\u0026 done"),
            11..16 => format!(
                "{{\\\"timestamp\\\":\\\"{}Z\\\",\\\"level\\\":\\\"{level}\\\",\\\"message\\\":\\\"tool_call: {tool} id={n:x}\\\",\\\"logger\\\":\\\"mcp.http\\\",\\\"attempt\\\":{},\\\"elapsed_ms\\\":{}.5}}",
                &at[..23],
                n % 4,
                n % 250
            ),
            16 => format!("tool_call: {tool} {{\\\"path\\\":\\\"/etc/hosts\\\"}}"),
            17 => format!("tool_duration: {tool} 0.{:04}s", n % 9_000 + 1),
            18 => format!("tool_error: {tool} ENOENT"),
            _ => format!("{date} {clock} ERROR server: Traceback: {trace}"),
        };
        out.extend_from_slice(
            format!("{{\"log\":\"{message}\\n\",\"stream\":\"stdout\",\"time\":\"{at}\"}}\n").as_bytes(),
        );
    }
    out
}

/// Cuts text behind the last line end of every 256 KiB.
pub fn cut(bytes: &[u8]) -> Vec<&[u8]> {
    let mut pieces = Vec::new();
    let mut rest = bytes;
    while rest.len() > BATCH {
        let end = memchr::memrchr(b'\n', &rest[..BATCH]).expect("lines are shorter than a batch") + 1;
        pieces.push(&rest[..end]);
        rest = &rest[end..];
    }
    pieces.push(rest);
    pieces
}

/// What a lane has of one partition.
pub struct Lane {
    plan: Plan,
    decoder: Arc<dyn DynDecoder>,
    decoded: Box<dyn DynMemory>,
    memories: Vec<Option<Box<dyn DynMemory>>>,
    partition: Arc<Partition>,
    seq: u64,
    /// The batch under way.
    pub batch: Batch,
    chunk: Chunk,
    /// Events that were encoded.
    pub events: u64,
}

/// What the decoder and each stage remember.
pub type Remembered = (Box<dyn DynMemory>, Vec<Option<Box<dyn DynMemory>>>);

impl Lane {
    /// A lane for the stages and the sink of a pipeline: `stages` and `sink` are JSON.
    pub fn new(stages: &str, sink: &str, head: &[u8]) -> Lane {
        let text = format!(
            r#"{{"sources":{{"log":{{"container_files":{{}}}}}},"stages":{stages},"sinks":{{"out":{sink}}}}}"#
        );
        let checked = Plan::from_text("bench", &text, &Options::default());
        let plan = checked.plan.expect("the pipeline is good");
        let origin = Origin { deployment: Some("mcp-demo".into()), ..Origin::default() };
        let partition = Arc::new(Partition {
            key: "bench".into(),
            name: "bench".into(),
            identity: Identity::Container,
            origin: SharedOrigin::new(origin),
        });
        let decoder = sniff(head).decoder(LONGEST);
        let memories = plan.stages.iter().map(|planned| match &planned.stage {
            Stage::Map(_) => None,
            Stage::Scan(scan) => Some(scan.start()),
        });
        Lane {
            memories: memories.collect(),
            decoded: decoder.start(),
            decoder,
            batch: Batch::new(partition.clone(), Text::default()),
            partition,
            plan,
            seq: 0,
            chunk: Chunk::default(),
            events: 0,
        }
    }

    /// Reads a piece into the batch and decodes it.
    pub fn decode(&mut self, bytes: Vec<u8>) {
        self.batch.reset(self.partition.clone(), Text::new(Buffer { bytes, lease: None }));
        self.seq = self.decoder.decode(self.decoded.as_mut(), &mut self.batch, self.seq);
    }

    /// Copies of all Memory, as the engine takes them before every batch.
    pub fn snapshot(&self) -> Remembered {
        let memories = self.memories.iter().map(|memory| memory.as_ref().map(|memory| memory.snapshot()));
        (self.decoded.snapshot(), memories.collect())
    }

    /// Runs one stage over the batch.
    pub fn stage(&mut self, at: usize) {
        match &self.plan.stages[at].stage {
            Stage::Map(map) => map.apply(&mut self.batch),
            Stage::Scan(scan) => {
                let memory = self.memories[at].as_mut().expect("a Scan has a Memory");
                scan.apply(memory.as_mut(), &mut self.batch, START);
            }
        }
    }

    /// Runs all stages over the batch.
    pub fn stages(&mut self) {
        for at in 0..self.plan.stages.len() {
            self.stage(at);
        }
    }

    /// Encodes what is alive. Folds have no encoder; their events are counted.
    pub fn encode(&mut self) {
        self.chunk.clear();
        for index in 0..self.batch.rows.len() {
            if !self.batch.rows[index].alive() {
                continue;
            }
            self.events += 1;
            if let Built::Sink(sink) = &self.plan.branches[0].sink {
                sink.encode(Event { batch: &self.batch, index }, &mut self.chunk);
            }
        }
    }

    /// The encoded bytes of the last batch.
    pub fn encoded(&self) -> &[u8] {
        &self.chunk.bytes
    }
}
