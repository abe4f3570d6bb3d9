//! The containers whose log files are read: what the reader of files asks for.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use serde_json::Value;
use tokio::sync::mpsc::UnboundedSender;

use crate::event::{Nanos, Origin};
use crate::platform::Deployment;
use crate::sources::decode::sniff;
use crate::sources::read::{Finder, Found, Place, Waker, container_seed};

/// Bytes of a file that tell its format.
const HEAD: usize = 64 * 1024;

/// The files to be read, shared between who learns of containers and who reads.
#[derive(Clone, Default)]
pub(super) struct Files {
    inner: Arc<Inner>,
}

#[derive(Default)]
struct Inner {
    paths: Mutex<BTreeMap<PathBuf, Boxed>>,
    waker: Mutex<Option<Waker>>,
    new: AtomicBool,
    since: Option<Nanos>,
    gaps: Option<UnboundedSender<(String, u64)>>,
}

#[derive(Clone)]
struct Boxed {
    id: String,
    name: String,
    origin: Origin,
}

impl Files {
    /// Files whose records before `since` are not wanted; `gaps` is told of text that is lost.
    pub(super) fn new(since: Option<Nanos>, gaps: Option<UnboundedSender<(String, u64)>>) -> Files {
        Files { inner: Arc::new(Inner { since, gaps, ..Inner::default() }) }
    }

    fn paths(&self) -> MutexGuard<'_, BTreeMap<PathBuf, Boxed>> {
        self.inner.paths.lock().unwrap_or_else(|e| e.into_inner())
    }

    /// Adds a container's log.
    pub(super) fn add(&self, path: &Path, container: &Deployment) {
        let (id, name) = (container.id.clone(), container.name.clone());
        self.paths().insert(path.to_owned(), Boxed { id, name, origin: container.to_origin() });
        self.inner.new.store(true, Ordering::Release);
        if let Some(waker) = &*self.inner.waker.lock().unwrap_or_else(|e| e.into_inner()) {
            waker.wake();
        }
    }

    /// Forgets a container; its log is read to the end.
    pub(super) fn remove(&self, id: &str) {
        self.paths().retain(|_, boxed| boxed.id != id);
    }

    /// Whether there is none.
    pub(super) fn is_empty(&self) -> bool {
        self.paths().is_empty()
    }
}

/// Whether a file can be read and is an engine's log. Of an empty one only the name tells.
pub(super) fn is_log(path: &Path) -> std::io::Result<bool> {
    let mut head = Vec::new();
    File::open(path)?.take(HEAD as u64).read_to_end(&mut head)?;
    if head.is_empty() {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        return Ok(name.ends_with("-json.log") || name == "ctr.log");
    }
    Ok(sniff(&head).is_engine())
}

impl Finder for Files {
    fn paths(&mut self) -> Vec<PathBuf> {
        Files::paths(self).keys().filter(|path| path.exists()).cloned().collect()
    }

    fn wants(&self, path: &Path) -> bool {
        Files::paths(self).contains_key(path)
    }

    fn describe(&mut self, path: &Path, _backlog: Vec<PathBuf>) -> Option<Found> {
        let boxed = Files::paths(self).get(path).cloned()?;
        Some(Found {
            path: path.to_owned(),
            name: boxed.name,
            container_seed: Some(container_seed(&boxed.id)),
            key: boxed.id,
            origin: boxed.origin,
            backlog: None,
            ends_when_gone: true,
            tracked: true,
            since: self.inner.since,
            gaps: self.inner.gaps.clone(),
        })
    }

    fn path_of(&self, _key: &str, position: &Value) -> Option<PathBuf> {
        Place::path_of(position)
    }

    fn take_waker(&mut self, waker: Waker) {
        *self.inner.waker.lock().unwrap_or_else(|e| e.into_inner()) = Some(waker);
    }

    fn has_new(&self) -> bool {
        self.inner.new.swap(false, Ordering::AcqRel)
    }
}
