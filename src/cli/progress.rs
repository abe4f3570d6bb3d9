//! One line on a terminal's stderr that says how far long work is.

use std::io::IsTerminal;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::telemetry::Progress;
use crate::telemetry::read::READ;

/// Work shorter than this shows nothing.
const PATIENCE: Duration = Duration::from_millis(700);

/// A running line; gone when dropped.
pub(super) struct Line {
    done: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

/// Shows `progress` while the line lives, if stderr is a terminal and the output is none.
pub(super) fn show(progress: Arc<Progress>) -> Option<Line> {
    if !std::io::stderr().is_terminal() || std::io::stdout().is_terminal() {
        return None;
    }
    let done = Arc::new(AtomicBool::new(false));
    let stop = done.clone();
    let thread = std::thread::Builder::new().name("progress".to_owned()).spawn(move || {
        std::thread::park_timeout(PATIENCE);
        let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::stderr());
        while !stop.load(Ordering::Relaxed) {
            let known = READ.backlog_unknown.get() == 0;
            let total = if known { READ.backlog.get() } else { 0 };
            let style = if total > 0 {
                "{bytes} of {total_bytes}, {binary_bytes_per_sec}, {eta} left {wide_bar}"
            } else {
                "{bytes}, {binary_bytes_per_sec}"
            };
            if let Ok(style) = ProgressStyle::with_template(style) {
                bar.set_style(style);
            }
            bar.set_length(total);
            bar.set_position(progress.bytes.get());
            std::thread::park_timeout(Duration::from_millis(200));
        }
        bar.finish_and_clear();
    });
    Some(Line { done, thread: thread.ok() })
}

impl Drop for Line {
    fn drop(&mut self) {
        self.done.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            drop(thread.join());
        }
    }
}
