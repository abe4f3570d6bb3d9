//! How long to wait before asking an engine again: longer each time, up to a limit, and never all at once.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

/// The longest first wait, and the longest of all.
const FIRST: Duration = Duration::from_millis(200);
const LONGEST: Duration = Duration::from_secs(15);

/// Waits with full jitter.
#[derive(Debug, Default)]
pub(super) struct Backoff {
    tries: u32,
}

impl Backoff {
    /// The engine answers again.
    pub(super) fn reset(&mut self) {
        self.tries = 0;
    }

    /// How long to wait now: anything up to twice as long as the last time.
    pub(super) fn next(&mut self) -> Duration {
        let most = FIRST.saturating_mul(1 << self.tries.min(10)).min(LONGEST);
        self.tries += 1;
        // Each state hashes with other keys.
        let random = RandomState::new().hash_one(self.tries);
        Duration::from_millis(20) + most.mul_f64(random as f64 / u64::MAX as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_up_to_a_limit_and_differ() {
        let mut backoff = Backoff::default();
        let waits: Vec<Duration> = (0..40).map(|_| backoff.next()).collect();
        assert!(waits[0] <= FIRST + Duration::from_millis(20));
        assert!(waits.iter().all(|wait| *wait <= LONGEST + Duration::from_millis(20)));
        assert!(waits[20..].iter().max() > waits[..2].iter().max());
        assert!(waits[20..].iter().collect::<std::collections::HashSet<_>>().len() > 1);
    }
}
