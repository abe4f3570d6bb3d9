//! Named points where a test can end the process as `kill -9` would.
//!
//! Built only with the feature `faults`; without it a point is nothing at all. `MCPP_FAULT=NAME:N` ends the process at
//! the N-th time that the point NAME is passed.

/// Passes a named point.
#[cfg(not(feature = "faults"))]
#[inline(always)]
pub fn point(_name: &str) {}

/// Passes a named point.
#[cfg(feature = "faults")]
pub fn point(name: &str) {
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicU64, Ordering};
    static WANTED: OnceLock<Option<(String, AtomicU64)>> = OnceLock::new();
    let wanted = WANTED.get_or_init(|| {
        let value = std::env::var("MCPP_FAULT").ok()?;
        let (name, count) = value.rsplit_once(':')?;
        Some((name.to_owned(), AtomicU64::new(count.parse().ok()?)))
    });
    if let Some((at, left)) = wanted
        && at == name
        && left.fetch_sub(1, Ordering::SeqCst) == 1
    {
        // No destructor runs and nothing is flushed: what a kill leaves behind.
        std::process::abort();
    }
}
