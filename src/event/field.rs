//! Names of fields.
//!
//! * A field is one name for one idea, everywhere: in expressions, schemas, columns and documents.
//! * Known fields stand in [`KNOWN`]; any other name is numbered when a plan mentions it.

use std::sync::{OnceLock, RwLock};

use super::schema::Type;

/// A field's number. Numbers of fields that are not [`KNOWN`] hold for one process only.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Field(u16);

/// One line of the table in `docs/fields.md`.
#[derive(Debug)]
pub struct KnownField {
    /// Name in expressions, settings and schemas.
    pub name: &'static str,
    /// Type of its values.
    pub ty: Type,
    /// Key in NDJSON: the export of `mcpp logs`. Empty: not exported.
    pub json: &'static str,
    /// Name in documents for Elasticsearch (Elastic Common Schema).
    pub ecs: &'static str,
    /// Name in OTLP log records.
    pub otlp: &'static str,
    /// Who makes it.
    pub from: &'static str,
    /// Meaning, for the manual.
    pub doc: &'static str,
}

macro_rules! known {
    ($($konst:ident $name:literal $ty:ident $json:literal $ecs:literal $otlp:literal $from:literal $doc:literal;)*) => {
        /// Every field that mcpp itself makes, in the order of the NDJSON export.
        pub const KNOWN: &[KnownField] = &[$(KnownField {
            name: $name, ty: Type::$ty, json: $json, ecs: $ecs, otlp: $otlp, from: $from, doc: $doc,
        }),*];
        #[allow(non_camel_case_types, clippy::upper_case_acronyms)]
        enum Number { $($konst),* }
        impl Field {
            $(#[doc = $doc] pub const $konst: Field = Field(Number::$konst as u16);)*
        }
    };
}

known! {
    TIMESTAMP "timestamp" Time "timestamp" "@timestamp" "time_unix_nano" "parse" "When it happened: from the line if plausible, else the engine's time.";
    LEVEL "level" Level "level" "log.level" "severity_number" "parse" "How severe the event says it is, normalised: TRACE DEBUG INFO WARN ERROR FATAL.";
    MESSAGE "message" Text "message" "message" "body" "source" "What the event says, without its head; lines of one record are joined by newlines.";
    DEPLOYMENT "deployment" Text "deployment" "service.name" "service.name" "source" "Name of the container, which is the name of the deployment.";
    TEMPLATE "template" Text "template" "service.type" "mcp.template" "source" "Template the deployment was made from: the container's label `template`.";
    CONTAINER "container" Text "container" "container.id" "container.id" "source" "The container's full id, else its name.";
    STREAM "stream" Text "stream" "stream" "log.iostream" "source" "`stdout` or `stderr`.";
    TOOL_NAME "tool.name" Text "tool" "mcp.tool.name" "gen_ai.tool.name" "extract" "The tool that the event is about.";
    TOOL_CALL "tool.call" Bool "tool_call" "mcp.tool.call" "mcp.tool.call" "extract" "true on the one event of a call that counts it.";
    TOOL_ERROR "tool.error" Text "tool_error" "mcp.tool.error" "error.type" "extract" "On the one event that counts a failed call: tool, protocol, invalid_params, unknown_tool, timeout or lost.";
    TOOL_DURATION "tool.duration" Duration "tool_duration_ms" "event.duration" "mcp.tool.duration" "extract" "How long the call took; stands on the one event that is the measurement.";
    EVENT_KIND "event.kind" Text "event.kind" "event.kind" "event.kind" "extract" "What an event is that no line stands for, such as `tool_call`.";
    LOGGER "logger" Text "logger" "log.logger" "scope.name" "parse" "Name of the logger, target or module that wrote the record.";
    HOST "host" Text "host" "host.name" "host.name" "enrich" "Name of the machine mcpp runs on.";
    IMAGE "image" Text "image" "container.image.name" "container.image.name" "enrich" "The container's image.";
    LABELS "labels" Json "labels" "container.labels" "container.labels" "enrich" "The container's labels.";
    LEVEL_TEXT "level.text" Text "" "" "severity_text" "parse" "The level as it was written.";
    ENGINE_TIME "engine_time" Time "" "event.created" "observed_time_unix_nano" "source" "When the container engine, or else mcpp, received the line.";
    RAW "raw" Text "" "event.original" "log.record.original" "source" "The whole record as it was read, head included.";
    ID "id" Text "id" "event.id" "log.record.uid" "source" "Identity of the event, the same however often it is read.";
}

fn custom() -> &'static RwLock<Vec<&'static str>> {
    static NAMES: OnceLock<RwLock<Vec<&'static str>>> = OnceLock::new();
    NAMES.get_or_init(RwLock::default)
}

impl Field {
    /// The field of this name. Meant for plans: settings name fields, lines do not.
    pub fn named(name: &str) -> Field {
        if let Some(at) = KNOWN.iter().position(|known| known.name == name) {
            return Field(at as u16);
        }
        let mut names = custom().write().unwrap_or_else(|e| e.into_inner());
        let at = names.iter().position(|n| *n == name).unwrap_or_else(|| {
            // Plans are few and live as long as the process; their names may too.
            names.push(Box::leak(name.to_owned().into_boxed_str()));
            names.len() - 1
        });
        Field((KNOWN.len() + at) as u16)
    }

    /// The line of the table, unless the name is the user's.
    pub fn known(self) -> Option<&'static KnownField> {
        KNOWN.get(usize::from(self.0))
    }

    /// The name as settings write it.
    pub fn name(self) -> &'static str {
        match self.known() {
            Some(known) => known.name,
            None => custom().read().unwrap_or_else(|e| e.into_inner())[usize::from(self.0) - KNOWN.len()],
        }
    }
}

impl std::fmt::Debug for Field {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}
