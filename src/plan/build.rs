//! From a document to a plan: read, walk, build, check, decide what is searched before parsing.
//!
//! * Nothing is opened or connected; files that settings name are read by their kinds through [`Settings`].
//! * Every step goes on behind mistakes, so that one run shows all of them; a plan comes out only if there are none.
//!
//! [`Settings`]: crate::config::Settings

use std::io::Read;
use std::path::{Path, PathBuf};

use super::explain::Explain;
use super::pushdown;
use super::{Branch, Plan, PlannedSource, PlannedStage, RunSettings};
use crate::config::expand::{Lookup, Secrets, expand};
use crate::config::files::Files;
use crate::config::report::Report;
use crate::config::shape::{self, Entry, Shape, Start};
use crate::config::walk::Walker;
use crate::config::{Diags, document};
use crate::event::field::KNOWN;
use crate::event::{Field, Presence, Schema, Type};
use crate::sinks::{self, Built};
use crate::sources;
use crate::stages;

/// Largest pipeline file; real ones have a few hundred lines.
const LARGEST: u64 = 4 << 20;

/// Smallest `memory:`; a batch and an unfinished record must fit.
const LEAST_MEMORY: u64 = 1 << 20;

/// A pipeline file's text.
#[derive(Clone, Debug)]
pub struct Document {
    /// Its name in messages.
    pub name: String,
    /// The folder that relative paths in it start from.
    pub folder: PathBuf,
    /// What it says.
    pub text: String,
}

/// What a file is checked with.
#[derive(Clone, Copy)]
pub struct Options<'a> {
    /// Where `${VAR}` comes from.
    pub variables: Lookup<'a>,
    /// Whether literals are searched before parsing. Off gives the same events, slower; for tests.
    pub pushdown: bool,
}

impl Default for Options<'_> {
    fn default() -> Self {
        Options { variables: &|name| std::env::var(name).ok(), pushdown: true }
    }
}

/// What came of checking a pipeline.
pub struct Checked {
    /// The plan, if there was no error.
    pub plan: Option<Plan>,
    /// What was found.
    pub report: Report,
    /// What is known of the plan, for `check --explain`.
    pub explain: Explain,
}

/// Why a pipeline file could not be read.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// There is none.
    #[error("no pipeline file: neither mcpp.yaml nor /etc/mcpp/*.yaml is there")]
    NotFound,
    /// One of them cannot be read.
    #[error("cannot read {path}")]
    Unreadable {
        /// Which one.
        path: String,
        /// Why.
        #[source]
        cause: std::io::Error,
    },
}

/// The files that are read if none is named: `./mcpp.yaml`, else `/etc/mcpp/*.yaml` in the order of their names.
pub fn default_files() -> Vec<PathBuf> {
    let here = PathBuf::from("mcpp.yaml");
    if here.is_file() {
        return vec![here];
    }
    let Ok(entries) = std::fs::read_dir("/etc/mcpp") else { return Vec::new() };
    let mut found: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    found.retain(|path| path.extension().is_some_and(|ending| ending == "yaml" || ending == "yml"));
    found.sort();
    found
}

/// Reads pipeline files; `-` is standard input. Without names, the [`default_files`].
pub fn read_files(paths: &[PathBuf]) -> Result<Vec<Document>, LoadError> {
    let found;
    let paths = if paths.is_empty() {
        found = default_files();
        found.as_slice()
    } else {
        paths
    };
    if paths.is_empty() {
        return Err(LoadError::NotFound);
    }
    paths.iter().map(|path| read_file(path)).collect()
}

fn read_file(path: &Path) -> Result<Document, LoadError> {
    let failed = |cause| LoadError::Unreadable { path: path.display().to_string(), cause };
    let mut bytes = Vec::new();
    if path.as_os_str() == "-" {
        std::io::stdin().lock().take(LARGEST + 1).read_to_end(&mut bytes).map_err(failed)?;
    } else {
        std::fs::File::open(path)
            .map_err(failed)?
            .take(LARGEST + 1)
            .read_to_end(&mut bytes)
            .map_err(failed)?;
    }
    if bytes.len() as u64 > LARGEST {
        return Err(failed(std::io::Error::other("it is larger than 4MiB, and no pipeline file")));
    }
    let text = String::from_utf8(bytes)
        .map_err(|_| failed(std::io::Error::new(std::io::ErrorKind::InvalidData, "it is not UTF-8 text")))?;
    let folder = path.parent().unwrap_or(Path::new("")).to_owned();
    Ok(Document { name: path.display().to_string(), folder, text })
}

/// The kinds, as far as the file's shape goes.
pub fn kinds() -> shape::Kinds {
    let kind = |name, summary, schema| shape::Kind { name, summary, schema };
    shape::Kinds {
        sources: sources::KINDS.iter().map(|k| kind(k.name, k.summary, k.schema)).collect(),
        stages: stages::KINDS.iter().map(|k| kind(k.name, k.summary, k.schema)).collect(),
        sinks: sinks::KINDS.iter().map(|k| kind(k.name, k.summary, k.schema)).collect(),
    }
}

impl Plan {
    /// Reads pipeline files and checks them; each is a pipeline of its own, and no two may have one name.
    pub fn load(paths: &[PathBuf], options: &Options<'_>) -> Result<Vec<Checked>, LoadError> {
        let mut all: Vec<Checked> = Vec::new();
        for document in read_files(paths)? {
            let mut checked = Plan::build(&document, options);
            let name = checked.explain.name();
            if let Some(other) = all.iter().find(|other| other.explain.name() == name) {
                let first = other.report.files.all().first().map_or("", |file| file.name.as_str());
                let message = format!("{first} is called `{name}` too");
                let help = Some("positions belong to the name: write name: and another one".into());
                checked.report.add_error(0..0, message, "this pipeline", help);
                checked.plan = None;
            }
            all.push(checked);
        }
        Ok(all)
    }

    /// Checks a pipeline that a program wrote; its name in messages is `name`, relative paths start from here.
    pub fn from_text(name: &str, text: &str, options: &Options<'_>) -> Checked {
        let document = Document { name: name.to_owned(), folder: PathBuf::new(), text: text.to_owned() };
        Plan::build(&document, options)
    }

    /// Makes a plan of a document.
    pub fn build(document: &Document, options: &Options<'_>) -> Checked {
        let (mut files, mut secrets, mut diags) = (Files::default(), Secrets::default(), Diags::default());
        files.add(&document.name, &document.folder, document.text.clone());
        let kinds = kinds();
        let mut shape = Shape::default();
        if let Some(mut root) = document::parse(&document.text, 0, &mut diags) {
            expand(&mut root, &document.folder, options.variables, &mut secrets, &mut diags);
            let walker = Walker { files: &files, secrets: &secrets };
            shape = shape::Reader { walker, kinds: &kinds }.read(root, &document.folder, &mut diags);
        }
        let stem = Path::new(&document.name).file_stem();
        let stem = stem.map_or("pipeline".into(), |stem| as_name(&stem.to_string_lossy()));
        let mut assembly = Assembly { diags: &mut diags, hurt: shape.incomplete, inputs: Vec::new() };
        let mut plan = assembly.assemble(&shape, stem);
        let mut explain = Explain::default();
        let pushdown = match options.pushdown {
            true => pushdown::decide(&mut plan, &assembly.inputs),
            false => pushdown::Decision::default(),
        };
        explain.fill(&plan, &assembly.inputs, pushdown, &secrets);
        let report = Report::new(files, diags, secrets);
        Checked { plan: (!report.failed()).then_some(plan), report, explain }
    }
}

/// The schemas in front of the stages of a path.
pub(super) struct Inputs {
    /// One for each stage, and the one behind the last.
    pub schemas: Vec<Schema>,
}

struct Assembly<'a> {
    diags: &'a mut Diags,
    /// Something could not be built: what comes behind may have any field.
    hurt: bool,
    /// Of the stages of all, then of each branch.
    inputs: Vec<Inputs>,
}

impl Assembly<'_> {
    fn assemble(&mut self, shape: &Shape, stem: String) -> Plan {
        let (sources, schema) = self.sources(&shape.sources);
        let (stages, schema) = self.stages("main", &shape.stages, schema);
        let mut branches = Vec::new();
        for entry in &shape.sinks {
            let (stages, schema) = self.stages(&entry.name, &entry.stages, schema.clone());
            let kind = &sinks::KINDS[entry.kind];
            let Some(sink) = self.built(entry, kind.build) else {
                self.inputs.pop();
                continue;
            };
            match &sink {
                Built::Sink(sink) => sink.check(&schema, &entry.settings(), self.diags),
                Built::Fold(fold) => fold.check(&schema, &entry.settings(), self.diags),
            }
            branches.push(Branch { name: entry.name.clone(), kind: kind.name, stages, sink });
        }
        let name = shape.run.name.clone().unwrap_or(stem);
        Plan { name, sources, stages, branches, run: self.run(shape) }
    }

    fn run(&mut self, shape: &Shape) -> RunSettings {
        let (given, default) = (&shape.run, RunSettings::default());
        if let Some(memory) = given.memory
            && memory.0 < LEAST_MEMORY
        {
            let help = Some("write at least 1MiB".into());
            self.diags.error(shape.place_of("memory"), format!("{memory} is too little"), "too small", help);
        }
        RunSettings {
            from_now: given.start == Some(Start::Now),
            memory: given.memory.map_or(default.memory, |size| usize::try_from(size.0).unwrap_or(usize::MAX)),
            lanes: given.lanes,
            shutdown: given.shutdown.map_or(default.shutdown, |time| time.0),
        }
    }

    /// Builds an entry whose settings have no mistake.
    fn built<T>(
        &mut self,
        entry: &Entry,
        build: fn(&crate::config::Settings<'_>, &mut Diags) -> Option<T>,
    ) -> Option<T> {
        let built = match entry.good {
            true => build(&entry.settings(), self.diags),
            false => None,
        };
        if built.is_none() {
            self.hurt = true;
            if entry.good && !self.diags.failed() {
                self.diags.error(entry.place.clone(), "this cannot be built", "these settings", None);
            }
        }
        built
    }

    fn sources(&mut self, entries: &[Entry]) -> (Vec<PlannedSource>, Schema) {
        let mut sources = Vec::new();
        let mut schema: Option<Schema> = None;
        for entry in entries {
            let kind = &sources::KINDS[entry.kind];
            let Some(source) = self.built(entry, kind.build) else { continue };
            let own = source.schema();
            schema = Some(match schema {
                Some(all) => either(&all, &own),
                None => own,
            });
            sources.push(PlannedSource { name: entry.name.clone(), kind: kind.name, source });
        }
        let mut schema = schema.unwrap_or_default();
        if self.hurt {
            assume_anything(&mut schema);
        }
        (sources, schema)
    }

    fn stages(&mut self, path: &str, entries: &[Entry], input: Schema) -> (Vec<PlannedStage>, Schema) {
        let mut stages: Vec<PlannedStage> = Vec::new();
        let mut schemas = vec![input.clone()];
        let mut schema = input;
        for entry in entries {
            let kind = &stages::KINDS[entry.kind];
            let Some(stage) = self.built(entry, kind.build) else {
                assume_anything(&mut schema);
                continue;
            };
            let behind = stage.check(&schema, &entry.settings(), self.diags);
            let ordinal = stages.iter().filter(|stage| stage.kind == kind.name).count();
            let hash = xxhash_rust::xxh3::xxh3_64(entry.settings.to_json().to_string().as_bytes());
            let key = format!("{path}/{}/{ordinal}/{hash:016x}", kind.name);
            schema = behind.clone();
            schemas.push(behind.clone());
            stages.push(PlannedStage { kind: kind.name, key, stage, schema: behind });
        }
        self.inputs.push(Inputs { schemas });
        (stages, schema)
    }
}

/// A file's name as the name of a pipeline: folders are called so.
fn as_name(stem: &str) -> String {
    let name: String = stem.chars().map(|c| if shape::fits_name(c) { c } else { '_' }).take(64).collect();
    if name.trim_matches('.').is_empty() { "pipeline".to_owned() } else { name }
}

/// Behind something that could not be built events may have any field; nothing that follows is to be blamed for it.
fn assume_anything(schema: &mut Schema) {
    schema.open = true;
    for known in KNOWN {
        let field = Field::named(known.name);
        if schema.get(field).is_none() {
            schema.set_known(field, Presence::Maybe, "?");
        }
    }
}

/// What is known of events that come from one of two places.
fn either(a: &Schema, b: &Schema) -> Schema {
    let mut both = Schema::default();
    both.open = a.open || b.open;
    for field in a.iter() {
        let (ty, presence) = match b.get(field.field) {
            Some(other) if other.ty == field.ty && other.presence == field.presence => {
                (field.ty, field.presence)
            }
            Some(other) if other.ty == field.ty => (field.ty, Presence::Maybe),
            Some(_) => (Type::Json, Presence::Maybe),
            None => (field.ty, Presence::Maybe),
        };
        both.set(field.field, ty, presence, &field.from);
    }
    for field in b.iter() {
        if a.get(field.field).is_none() {
            both.set(field.field, field.ty, Presence::Maybe, &field.from);
        }
    }
    both
}
