//! The settings of one source, stage or sink, with their places in the file.

use std::ops::Range;
use std::path::Path;

use serde::de::DeserializeOwned;

use super::document::{Node, NodeValue};

/// The settings of one kind, as the file has them. The schema walk has accepted them.
#[derive(Clone, Copy, Debug)]
pub struct Settings<'a> {
    /// What stands behind the kind's key.
    pub node: &'a Node,
    /// The folder that relative paths in the settings start from.
    pub folder: &'a Path,
}

impl Settings<'_> {
    /// The settings as their type. The schema walk has made sure that this works; if type and schema
    /// disagree the error says how, and the caller reports it at [`Settings::range`].
    pub fn decode<T: DeserializeOwned>(&self) -> Result<T, String> {
        serde_json::from_value(self.node.to_json()).map_err(|e| e.to_string())
    }

    /// The place of the whole.
    pub fn range(&self) -> Range<usize> {
        self.node.range.clone()
    }

    /// The place of the setting that a path of keys (or list indices, as digits) leads to; of the deepest that exists.
    pub fn range_at(&self, path: &[&str]) -> Range<usize> {
        self.find(path).range.clone()
    }

    /// The place of bytes `part` of the decoded text of a setting: for mistakes inside expressions and patterns.
    pub fn range_in(&self, path: &[&str], part: Range<usize>) -> Range<usize> {
        let node = self.find(path);
        match &node.value {
            NodeValue::Text { offsets, .. } if part.start < offsets.len() => {
                let start = offsets[part.start];
                let end = offsets[part.end.min(offsets.len() - 1)];
                start..end.max(start + 1)
            }
            _ => node.range.clone(),
        }
    }

    /// A file that the settings name.
    pub fn read_file(&self, path: &str) -> Result<Vec<u8>, String> {
        let full = self.folder.join(path);
        std::fs::read(&full).map_err(|e| format!("cannot read {}: {e}", full.display()))
    }

    fn find(&self, path: &[&str]) -> &Node {
        let mut node = self.node;
        for key in path {
            let next = match &node.value {
                NodeValue::Map(_) => node.get(key),
                NodeValue::List(items) => key.parse::<usize>().ok().and_then(|at| items.get(at)),
                _ => None,
            };
            let Some(next) = next else { break };
            node = next;
        }
        node
    }
}
