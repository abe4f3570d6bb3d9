//! What happened to the events of a batch, in numbers.
//!
//! * Every event that leaves the pipeline on purpose does so for a [`Reason`] that is counted.
//! * Counting is all that is done here: stages count, the lane adds up.

/// Why an event left the pipeline on purpose.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub enum Reason {
    /// A filter did not want it.
    Filtered,
    /// Not in the sample.
    Sampled,
    /// Over the rate of its key.
    Throttled,
    /// Equal to one seen before.
    Duplicate,
}

impl Reason {
    /// Every reason.
    pub const ALL: [Reason; 4] = [Reason::Filtered, Reason::Sampled, Reason::Throttled, Reason::Duplicate];

    /// Name in metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Reason::Filtered => "filtered",
            Reason::Sampled => "sampled",
            Reason::Throttled => "throttled",
            Reason::Duplicate => "duplicate",
        }
    }
}

/// What happened to the events of a batch, counted by the stages; the lane adds it up once a batch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Physical records that the decoder found.
    pub read: u64,
    /// Events made from others.
    pub made: u64,
    /// Records that became part of another's event.
    pub joined: u64,
    /// Events taken out, by [`Reason`].
    pub dropped: [u64; Reason::ALL.len()],
    /// Lines that no notation fits: kept as text.
    pub unparsed: u64,
    /// Lines that are not what the source's framing says: kept as text.
    pub misframed: u64,
    /// Records cut at the limit.
    pub cut: u64,
    /// Values that broke their field's type and are missing for it.
    pub type_misses: u64,
    /// Times over a day from engine time, replaced by it.
    pub implausible_times: u64,
    /// Places masked by `redact`.
    pub redacted: u64,
    /// Entries that left a Memory because it was full.
    pub evicted: u64,
}

impl Tally {
    /// Adds another batch's.
    pub fn add(&mut self, other: &Tally) {
        self.read += other.read;
        self.made += other.made;
        self.joined += other.joined;
        for (mine, theirs) in self.dropped.iter_mut().zip(other.dropped) {
            *mine += theirs;
        }
        self.unparsed += other.unparsed;
        self.misframed += other.misframed;
        self.cut += other.cut;
        self.type_misses += other.type_misses;
        self.implausible_times += other.implausible_times;
        self.redacted += other.redacted;
        self.evicted += other.evicted;
    }
}
