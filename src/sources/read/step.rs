//! What a reader of many files is told after each step of one.

/// What became of one step.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Step {
    /// Something was done; there may be more.
    Progress,
    /// Nothing to read now.
    Idle,
    /// There is no room: see [`Tail::reserve`](super::tail::Tail::reserve).
    Blocked,
    /// Nothing will ever come.
    Ended,
    /// The pipeline is gone.
    Closed,
}
