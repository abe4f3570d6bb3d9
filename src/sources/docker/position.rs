//! Where reading a container goes on: what is saved by either reader.

use serde_json::{Value, json};

use crate::sources::decode::Streams;

/// What a saved position says, whichever reader saved it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Position {
    /// The last records; `None` where a file was read that does not tell.
    pub(super) streams: Option<Streams>,
    /// A file was read.
    pub(super) by_file: bool,
}

impl Position {
    /// Reads one.
    pub(super) fn read(saved: &Value) -> Position {
        let streams = serde_json::from_value(saved["streams"].clone()).ok();
        Position { streams, by_file: saved.get("inode").is_some() }
    }
}

/// A position by the API.
pub(super) fn by_api(streams: &Streams) -> Value {
    json!({ "reader": "api", "streams": streams })
}
