//! Where reading goes on when the file that was read is done or was rotated.

use std::collections::VecDeque;
use std::path::Path;

use super::place::Place;
use super::resume::{self, Pending};
use crate::event::Nanos;

/// What the next file is found by.
pub(super) enum Before {
    /// It comes behind this one, which was last written to then.
    After(Place, Nanos),
    /// It holds this place.
    At(Place),
}

impl Before {
    /// The files to read from there on, in their order.
    pub(super) fn files(&self, path: &Path) -> VecDeque<Pending> {
        match self {
            Before::After(place, last) => resume::after(place, *last, path),
            Before::At(place) => resume::locate(place, path).files,
        }
    }

    /// Whether the file that was opened at `wanted` is the one looked for. That of a place is known by its inode.
    pub(super) fn is_still(&self, wanted: Option<&Path>, path: &Path) -> bool {
        match self {
            Before::After(..) => self.files(path).front().map(|pending| &*pending.path) == wanted,
            Before::At(_) => true,
        }
    }
}
