//! Ctrl-C and SIGTERM: the first drains, the second ends at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

/// What ended a command, if a signal did.
#[derive(Clone, Debug, Default)]
pub(super) struct Caught(Arc<AtomicU8>);

impl Caught {
    /// Whether Ctrl-C was pressed.
    pub(super) fn interrupted(&self) -> bool {
        self.0.load(Ordering::SeqCst) == SignalKind::interrupt().as_raw_value() as u8
    }
}

/// Sets `stop` at the first SIGINT or SIGTERM; at the second the process ends with `at_once`.
pub(super) fn listen(stop: watch::Sender<bool>, at_once: u8) -> std::io::Result<Caught> {
    let caught = Caught::default();
    let seen = caught.clone();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (ready, is_ready) = std::sync::mpsc::channel();
    std::thread::Builder::new().name("signals".to_owned()).spawn(move || {
        runtime.block_on(async move {
            let (interrupt, terminate) = (signal(SignalKind::interrupt()), signal(SignalKind::terminate()));
            let (mut interrupt, mut terminate) = match (interrupt, terminate) {
                (Ok(interrupt), Ok(terminate)) => (interrupt, terminate),
                (Err(error), _) | (_, Err(error)) => {
                    drop(ready.send(Err(error)));
                    return;
                }
            };
            drop(ready.send(Ok(())));
            loop {
                let kind = tokio::select! {
                    _ = interrupt.recv() => SignalKind::interrupt(),
                    _ = terminate.recv() => SignalKind::terminate(),
                };
                if seen.0.swap(kind.as_raw_value() as u8, Ordering::SeqCst) != 0 {
                    std::process::exit(i32::from(at_once));
                }
                stop.send_replace(true);
            }
        });
    })?;
    is_ready.recv().unwrap_or(Ok(()))?;
    Ok(caught)
}
