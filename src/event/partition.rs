//! Where events come from: partitions, and what is known of the containers behind them.

use std::sync::Arc;

use super::escape::escape_into;

/// The template in a container's name of the platform's shape, `mcp-TEMPLATE-MMDD-HHMMSS-HASH`.
pub fn template_of(name: &str) -> Option<&str> {
    let inside = name.strip_prefix("mcp-")?;
    let digits = |s: &str, n: usize| s.len() == n && s.bytes().all(|b| b.is_ascii_digit());
    let mut parts = inside.rsplitn(4, '-');
    let (hash, clock, day, template) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let hex = hash.len() == 8 && hash.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    (hex && digits(clock, 6) && digits(day, 4) && !template.is_empty()).then_some(template)
}

/// What is known of the container, file or service that a line comes from. Rendered once, not per event.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Origin {
    /// Name of the deployment (= of the container), if known.
    pub deployment: Option<String>,
    /// Template it was made from, if known.
    pub template: Option<String>,
    /// Full id of the container, else its name, if known.
    pub container: Option<String>,
    /// Image of the container, if known.
    pub image: Option<String>,
    /// Labels of the container, in the engine's order.
    pub labels: Vec<(String, String)>,
}

impl Origin {
    /// `,"deployment":"…","template":"…","container":"…"`: the known ones, ready to be copied into NDJSON.
    pub fn to_json_members(&self) -> Vec<u8> {
        let mut out = Vec::new();
        for (key, value) in
            [("deployment", &self.deployment), ("template", &self.template), ("container", &self.container)]
        {
            let Some(value) = value else { continue };
            out.extend_from_slice(format!(",\"{key}\":\"").as_bytes());
            escape_into(value.as_bytes(), &mut out);
            out.push(b'"');
        }
        out
    }
}

/// An origin with its rendered form.
#[derive(Debug, Default)]
pub struct SharedOrigin {
    /// What is known.
    pub origin: Origin,
    /// [`Origin::to_json_members`].
    pub json: Vec<u8>,
}

impl SharedOrigin {
    /// Renders an origin once.
    pub fn new(origin: Origin) -> Arc<SharedOrigin> {
        let json = origin.to_json_members();
        Arc::new(SharedOrigin { origin, json })
    }
}

/// How the id of an event is made from its place; part of the id's input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub enum Identity {
    /// A container's record: (full container id, stream, engine time, ordinal among records of that stream and time).
    Container,
    /// A file's record: (machine id, path, inode, fingerprint, offset in the uncompressed text).
    File,
    /// A stream that cannot be read again: (origin of the run, seq).
    Stream,
}

/// One ordered run of records that a source reads: a container's log, a file.
#[derive(Debug)]
pub struct Partition {
    /// Name that is the same in every run: the key of positions. `SOURCE/…`.
    pub key: String,
    /// Name for people: the path, the deployment.
    pub name: String,
    /// How ids are made.
    pub identity: Identity,
    /// Where its lines come from unless a line says otherwise.
    pub origin: Arc<SharedOrigin>,
}
