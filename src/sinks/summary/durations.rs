//! Lengths of time and their percentiles.

use hdrhistogram::Histogram;

/// So many are kept as they are; beyond, a histogram keeps them to two digits (an error under 0.8 %).
const EXACT: usize = 4_096;

/// Longer ones count as a day in a percentile.
const LONGEST: u64 = 24 * 60 * 60 * 1_000_000_000;

/// Lengths of time in nanoseconds.
#[derive(Debug, Default)]
pub(super) struct Durations {
    exact: Vec<u64>,
    many: Option<Box<Histogram<u64>>>,
    max: u64,
}

impl Durations {
    /// Adds one.
    pub(super) fn add(&mut self, ns: u64) {
        self.max = self.max.max(ns);
        match &mut self.many {
            Some(many) => many.saturating_record(ns),
            None => {
                self.exact.push(ns);
                if self.exact.len() > EXACT {
                    self.spill();
                }
            }
        }
    }

    fn spill(&mut self) {
        let many = self.many.get_or_insert_with(|| {
            Box::new(Histogram::new_with_max(LONGEST, 2).expect("two digits of up to a day are allowed"))
        });
        for ns in self.exact.drain(..) {
            many.saturating_record(ns);
        }
    }

    /// How many there are.
    pub(super) fn count(&self) -> u64 {
        self.exact.len() as u64 + self.many.as_ref().map_or(0, |many| many.len())
    }

    /// Adds another's and empties it.
    pub(super) fn take(&mut self, from: &mut Durations) {
        self.max = self.max.max(std::mem::take(&mut from.max));
        if let Some(theirs) = from.many.take() {
            self.spill();
            let mine = self.many.as_mut().expect("spilling makes a histogram");
            mine.add(&*theirs).expect("both have the same bounds");
        }
        for ns in from.exact.drain(..) {
            self.add(ns);
        }
    }

    /// The least length that so many percent are not longer than; `None` where there is none.
    pub(super) fn percentile(&self, percent: f64) -> Option<u64> {
        if let Some(many) = &self.many {
            return Some(many.value_at_percentile(percent).min(self.max));
        }
        let mut sorted = self.exact.clone();
        sorted.sort_unstable();
        let rank = (percent / 100.0 * sorted.len() as f64).ceil() as usize;
        sorted.get(rank.max(1) - 1).copied()
    }

    /// The longest.
    pub(super) fn max(&self) -> Option<u64> {
        (self.count() > 0).then_some(self.max)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_are_exact_and_many_are_close() {
        for count in [1u64, 2, 100, 4_096, 4_097, 100_000] {
            let (mut one, mut other) = (Durations::default(), Durations::default());
            for n in 1..=count {
                if n % 3 == 0 { &mut other } else { &mut one }.add(n * 1_000_003);
            }
            one.take(&mut other);
            assert_eq!((one.count(), other.count()), (count, 0));
            assert_eq!(one.max(), Some(count * 1_000_003));
            for percent in [50.0, 95.0, 99.0] {
                let right = (percent / 100.0 * count as f64).ceil() * 1_000_003.0;
                let error = one.percentile(percent).unwrap() as f64 / right - 1.0;
                let allowed = if count <= EXACT as u64 { 0.0 } else { 0.008 };
                assert!(error.abs() <= allowed, "{count} {percent}: {error}");
            }
        }
        assert_eq!((Durations::default().percentile(50.0), Durations::default().max()), (None, None));
    }

    #[test]
    fn absurd_lengths_are_no_trouble() {
        let mut all = Durations::default();
        for _ in 0..5_000 {
            all.add(u64::MAX);
            all.add(0);
        }
        assert_eq!(all.count(), 10_000);
        assert_eq!(all.max(), Some(u64::MAX));
    }
}
