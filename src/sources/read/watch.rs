//! Being told that files are written to.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::time::Duration;

use notify::{RecommendedWatcher, RecursiveMode, Watcher as _};
use tokio::runtime::Handle;

use crate::sources::Shutdown;

/// Events that may wait; more are dropped, and everything is looked at within a second.
const WAITING: usize = 1024;

/// Why waiting ended.
#[derive(Debug)]
pub(super) enum Wake {
    /// The source is to stop.
    Stop,
    /// Time is up.
    Quiet,
    /// These paths were written to, made or renamed.
    Written(Vec<PathBuf>),
}

enum Event {
    Stop,
    New,
    Paths(Vec<PathBuf>),
}

/// Wakes whoever waits.
pub(crate) struct Waker(SyncSender<Event>);

impl Waker {
    /// Ends a wait.
    pub(crate) fn wake(&self) {
        // A full channel does not wait.
        let _ = self.0.try_send(Event::New);
    }
}

/// Watches folders; without the system's help it only waits.
pub(super) struct Watcher {
    notify: Option<RecommendedWatcher>,
    folders: HashSet<PathBuf>,
    events: Receiver<Event>,
    /// Keeps the channel open.
    sender: SyncSender<Event>,
}

impl Watcher {
    /// A watcher that a shutdown wakes. `once`: nothing is watched.
    pub(super) fn new(once: bool, mut shutdown: Shutdown, handle: &Handle) -> Watcher {
        let (sender, events) = sync_channel(WAITING);
        let stop = sender.clone();
        handle.spawn(async move {
            // An error says that the engine is gone, which is a stop too.
            while !*shutdown.borrow() && shutdown.changed().await.is_ok() {}
            while let Err(TrySendError::Full(_)) = stop.try_send(Event::Stop) {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        });
        let tell = sender.clone();
        let notify = (!once).then(|| {
            notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
                let Ok(event) = event else { return };
                if !event.kind.is_access() {
                    // A full channel is no loss: the poll looks at everything.
                    let _ = tell.try_send(Event::Paths(event.paths));
                }
            })
        });
        let notify = match notify {
            Some(Err(cause)) => {
                tracing::warn!(%cause, "the system does not tell of changes; files are looked at every second");
                None
            }
            other => other.and_then(Result::ok),
        };
        Watcher { notify, folders: HashSet::new(), events, sender }
    }

    /// Whether the system tells of changes.
    pub(super) fn is_told(&self) -> bool {
        self.notify.is_some()
    }

    /// What wakes this watcher.
    pub(super) fn waker(&self) -> Waker {
        Waker(self.sender.clone())
    }

    /// Watches the folder of a path.
    pub(super) fn watch(&mut self, path: &Path) {
        let Some(notify) = &mut self.notify else { return };
        let folder = match path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        if self.folders.contains(folder) {
            return;
        }
        if let Err(cause) = notify.watch(folder, RecursiveMode::NonRecursive) {
            tracing::warn!(path = %folder.display(), %cause, "cannot watch a folder; it is looked at every second");
        }
        self.folders.insert(folder.to_owned());
    }

    /// Waits for the first event.
    pub(super) fn wait(&self, patience: Duration) -> Wake {
        match self.events.recv_timeout(patience) {
            Ok(Event::Paths(paths)) => Wake::Written(paths),
            Ok(Event::Stop) | Err(RecvTimeoutError::Disconnected) => Wake::Stop,
            Ok(Event::New) | Err(RecvTimeoutError::Timeout) => Wake::Quiet,
        }
    }

    /// What else has happened. A stop is seen by the shutdown itself.
    pub(super) fn more(&self) -> Vec<PathBuf> {
        let mut all = HashSet::new();
        for event in self.events.try_iter() {
            if let Event::Paths(paths) = event {
                all.extend(paths);
            }
        }
        all.into_iter().collect()
    }
}
