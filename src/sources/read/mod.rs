//! Reading files that programs and engines write: what `file` and `container_files` share.
//!
//! * The first byte delivered after a restart is the one behind the saved position, in whatever file it stands now.
//! * A half line at the end of a file that may grow is not delivered; it is read again.
//! * A renamed file is drained before its successor is opened; what can no longer be read is a gap: a warning.
//! * One thread reads all files of a source, a batch of each in turn.
//!
//! [`body`] reads text (compressed or not), [`place`] says where a reader stands and which file it was, [`siblings`]
//! finds rotated files, [`resume`] what comes after a position, [`tail`] reads one partition, [`pool`] all of them.

mod array;
mod before;
mod body;
mod place;
mod pool;
mod resume;
mod siblings;
mod step;
mod tail;
mod watch;

pub(super) use place::{Place, container_seed};
pub(super) use pool::{Finder, Found, run};
pub(super) use watch::Waker;

#[cfg(test)]
pub(super) mod tests;
