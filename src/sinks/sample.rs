//! Batches built by hand, for the tests of sinks.

use crate::event::{
    Batch, Buffer, Cell, Field, Flags, Identity, Key, Level, NO_TIME, Nanos, Origin, Pair, Partition, Row,
    SharedOrigin, Span, Stream, Text,
};
use std::sync::Arc;

/// A batch that grows row by row.
pub struct Sample {
    /// What was built so far.
    pub batch: Batch,
}

/// Nanoseconds of 2026-01-27T16:47:30.124550668Z.
pub const TIME: Nanos = 1_769_532_450_124_550_668;

impl Sample {
    /// A batch of a container that is a deployment.
    pub fn of(deployment: &str, template: &str) -> Sample {
        Sample::from(Origin {
            deployment: Some(deployment.to_owned()).filter(|name| !name.is_empty()),
            template: Some(template.to_owned()).filter(|name| !name.is_empty()),
            container: Some("0123abc".to_owned()).filter(|_| !deployment.is_empty()),
            ..Origin::default()
        })
    }

    /// A batch of any origin.
    pub fn from(origin: Origin) -> Sample {
        let name = origin.deployment.clone().unwrap_or_else(|| "logs/app.log".to_owned());
        let partition = Partition {
            key: format!("test/{name}"),
            name,
            identity: Identity::File,
            origin: SharedOrigin::new(origin),
        };
        let text = Text::new(Buffer::default());
        Sample { batch: Batch::new(Arc::new(partition), text) }
    }

    /// Adds an event and returns its row for changes.
    pub fn row(&mut self, message: &[u8]) -> &mut Row {
        let span = self.batch.text.push(message);
        let seq = self.batch.rows.len() as u64 + 1;
        self.batch.rows.push(Row {
            raw: span,
            message: span,
            engine_time: TIME,
            timestamp: NO_TIME,
            key: Key { seq, index: 0 },
            place: seq,
            records: 1,
            rest_at: self.batch.pairs.len() as u32,
            flags: Flags::PARSED,
            stream: Stream::Stdout,
            ..Row::default()
        });
        self.batch.rows.last_mut().unwrap()
    }

    /// An event with level and message.
    pub fn say(&mut self, level: Level, message: &str) -> &mut Row {
        let row = self.row(message.as_bytes());
        row.level = Some(level);
        row
    }

    /// Adds an own field to the last row.
    pub fn pair(&mut self, key: Span, value: Cell) {
        self.batch.pairs.push(Pair { key, value });
        self.batch.rows.last_mut().unwrap().rest_len += 1;
    }

    /// Adds an own field of plain text to the last row.
    pub fn own(&mut self, key: &str, value: &str) {
        let (key, value) = (self.span(key), self.span(value));
        self.pair(key, Cell::Text(value));
    }

    /// Adds an own field of JSON to the last row.
    pub fn own_json(&mut self, key: &str, value: &str) {
        let (key, value) = (self.span(key), self.span(value));
        self.pair(key, Cell::Json(value));
    }

    /// Text of the batch.
    pub fn span(&mut self, text: &str) -> Span {
        self.batch.text.push(text.as_bytes())
    }

    /// Sets a column of the last row.
    pub fn set(&mut self, field: Field, cell: Cell) {
        let row = self.batch.rows.len() - 1;
        self.batch.set(row, field, cell);
    }

    /// Makes the last row an event of a tool: call, error, duration in nanoseconds.
    pub fn tool(&mut self, name: &str, call: bool, error: Option<&str>, duration: Option<i64>) {
        let name = self.span(name);
        self.set(Field::TOOL_NAME, Cell::Text(name));
        if call {
            self.set(Field::TOOL_CALL, Cell::Bool(true));
        }
        if let Some(error) = error {
            let error = self.span(error);
            self.set(Field::TOOL_ERROR, Cell::Text(error));
        }
        if let Some(duration) = duration {
            self.set(Field::TOOL_DURATION, Cell::Duration(duration));
        }
    }
}
