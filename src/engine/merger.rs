//! The merger: where the folds of all lanes meet.

use crate::plan::Branch;
use crate::sinks::{AnyState, Built, SendError};

/// Per branch: what its fold has counted; `None` where the branch is no fold.
pub(super) type Totals = Vec<Option<AnyState>>;

/// Adds up the lanes and lets every fold show its sum.
pub(super) fn finish(branches: &[Branch], lanes: Vec<Totals>) -> Vec<(String, SendError)> {
    let mut failed = Vec::new();
    let mut columns: Vec<_> = lanes.into_iter().map(Vec::into_iter).collect();
    for branch in branches {
        let mut parts = columns.iter_mut().filter_map(|lane| lane.next().flatten());
        let (Built::Fold(fold), Some(mut total)) = (&branch.sink, parts.next()) else { continue };
        for part in parts {
            fold.merge(&mut total, part);
        }
        if let Err(error) = fold.finish(&total) {
            failed.push((branch.name.clone(), error));
        }
    }
    failed
}
