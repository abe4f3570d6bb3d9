//! Opening: the next file of a partition, and the partition itself once something of it can be read.

use std::collections::VecDeque;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::Instant;

use memchr::memrchr;
use serde_json::Value;

use super::super::body::Body;
use super::super::place::{Fingerprint, Place, file_seed};
use super::super::pool::Context;
use super::super::resume::{self, Pending, Start};
use super::{Open, Opening, QUIET_FIRST, RETRY, SNIFF, Tail};
use crate::event::{Identity, Partition, SharedOrigin};
use crate::sources::Opened;
use crate::sources::decode::{Format, Since, Streams, sniff};
use crate::telemetry::read::READ;

impl Tail {
    /// Counts what there is to read now.
    pub(in super::super) fn count_backlog(&self) {
        if let Some(open) = &self.open {
            match open.body.metadata() {
                Ok(there) if !open.body.is_packed() => {
                    READ.backlog.add(there.size().saturating_sub(open.place.offset));
                }
                _ => READ.backlog_unknown.add(1),
            }
        }
        for pending in &self.files {
            let packed = pending.path.extension().is_some_and(|ending| ending == "gz" || ending == "zst");
            match fs::metadata(&pending.path) {
                Ok(there) if !packed => READ.backlog.add(there.size()),
                _ => READ.backlog_unknown.add(1),
            }
        }
    }

    /// Opens the next file; `false`: there is none.
    pub(super) fn open_next(&mut self, cx: &Context<'_>) -> bool {
        let Some(before) = self.previous.take() else { return self.open_first(cx).is_some() };
        // A rotation between looking and opening gives other files these paths: look again behind the opening.
        for _ in 0..8 {
            self.files = before.files(&self.found.path);
            let wanted = self.files.front().map(|pending| pending.path.clone());
            match self.open_first(cx) {
                None => return false,
                Some(true) if before.is_still(wanted.as_deref(), &self.found.path) => return true,
                Some(true) => {}
                // The path that is written to is missing while a new file is made.
                Some(false) if wanted.as_deref() == Some(&*self.found.path) => return true,
                // It was packed, or taken away.
                Some(false) => {}
            }
            self.open = None;
        }
        true
    }

    /// Opens the first of the files; `None`: there is none, `false`: it cannot be opened.
    pub(super) fn open_first(&mut self, cx: &Context<'_>) -> Option<bool> {
        let pending = self.files.pop_front()?;
        match self.open_file(&pending, cx) {
            Ok(open) => {
                READ.files.add(1);
                self.open = Some(open);
            }
            Err(cause) => {
                let vanished = cause.kind() == io::ErrorKind::NotFound && !cx.once;
                if !vanished {
                    self.failed(&pending.path, &cause);
                }
            }
        }
        Some(self.open.is_some())
    }

    pub(super) fn failed(&mut self, path: &Path, cause: &io::Error) {
        self.retry = Some(Instant::now() + RETRY);
        if !std::mem::replace(&mut self.warned, true) {
            READ.failed.add(1);
            tracing::warn!(partition = %self.found.name, path = %path.display(), %cause, "cannot read a file; the rest goes on");
        }
    }

    fn open_file(&mut self, pending: &Pending, cx: &Context<'_>) -> io::Result<Open> {
        let mut body = resume::open(pending, &self.found.path)?;
        let metadata = body.metadata()?;
        let format = self.format.unwrap_or(Format::Lines(Default::default()));
        let mut place = match &pending.start {
            Start::Place(place) => (**place).clone(),
            Start::Zero | Start::End => Place {
                path: self.found.path.clone(),
                dev: 0,
                inode: 0,
                fingerprint: Fingerprint::default(),
                offset: 0,
                size: 0,
                seed: 0,
                generation: 0,
                format,
                skipping: false,
                at: 0,
                streams: self.found.tracked.then(Streams::default),
            },
        };
        if self.found.tracked {
            place.streams = self.place.as_ref().and_then(|place| place.streams).or(place.streams);
        }
        (place.dev, place.inode, place.size) = (metadata.dev(), metadata.ino(), metadata.size());
        if matches!(pending.start, Start::End) {
            self.identify_end(&mut body, &mut place, cx)?;
        }
        let identified = matches!(&pending.start, Start::Place(place) if !place.fingerprint.is_empty());
        Ok(Open { body, place, path: pending.path.clone(), half: 0, want: 0, last: false, identified })
    }

    /// A place at the end of what is there now, behind the last whole line.
    fn identify_end(&mut self, body: &mut Body, place: &mut Place, cx: &Context<'_>) -> io::Result<()> {
        let mut end = place.size;
        let mut piece = Vec::new();
        while end > 0 && !body.is_packed() {
            let from = end.saturating_sub(SNIFF as u64);
            piece.clear();
            body.read_at(from, (end - from) as usize, &mut piece)?;
            if let Some(at) = memrchr(b'\n', &piece) {
                place.offset = from + at as u64 + 1;
                break;
            }
            end = from;
        }
        let head = body.head(SNIFF)?;
        place.fingerprint = Fingerprint::of(&head);
        if place.offset > 0 {
            place.format = sniff(&head);
            self.format = Some(place.format);
            place.seed = self
                .found
                .container_seed
                .filter(|_| place.format.is_engine())
                .unwrap_or_else(|| file_seed(&cx.machine, &self.found.path, place.inode, 0, &head));
            self.last = (place.seed, 0);
            self.place = Some(place.clone());
        }
        Ok(())
    }

    /// What to read now that a file stands where none stood: that file again from behind what was read, or others.
    pub(super) fn restart(&self, there: &fs::Metadata) -> VecDeque<Pending> {
        let path = self.found.path.clone();
        match &self.place {
            Some(p) if (p.dev, p.inode) == (there.dev(), there.ino()) && p.offset <= there.size() => {
                VecDeque::from([Pending::new(&path, Start::Place(Box::new(p.clone())))])
            }
            Some(place) => resume::after(place, place.at, &path),
            None => VecDeque::from([Pending::new(&path, Start::Zero)]),
        }
    }

    /// Tells the format by the text, once.
    pub(super) fn tell_format(&mut self) {
        if self.outlet.is_some() {
            return;
        }
        let format = match (self.format, &mut self.open) {
            (Some(format), _) => format,
            (None, Some(open)) => sniff(&open.body.head(SNIFF).unwrap_or_default()),
            (None, None) => return,
        };
        self.format = Some(format);
        if let Some(open) = &mut self.open {
            open.place.format = format;
        }
    }

    pub(super) fn ensure_outlet(&mut self, cx: &Context<'_>) {
        if self.outlet.is_some() {
            return;
        }
        let Some(format) = self.format else { return };
        let engine = self.found.container_seed.is_some() && format.is_engine();
        let partition = Partition {
            key: self.found.key.clone(),
            name: self.found.name.clone(),
            identity: if engine { Identity::Container } else { Identity::File },
            origin: SharedOrigin::new(self.found.origin.clone()),
        };
        let Opening { saved, seq } = self.saved.take().unwrap_or(Opening { saved: None, seq: 0 });
        let start = self.open.as_ref().map_or(Value::Null, |open| open.place.to_json());
        let decoder = format.decoder(cx.longest);
        let decoder = match self.found.since {
            Some(since) => Since::wrap(decoder, since),
            None => decoder,
        };
        let opened = Opened { decoder, saved, seq, start };
        self.outlet = Some(cx.emit.open(partition, opened));
        self.last_text = Instant::now();
        self.next_notice = Some(self.last_text + QUIET_FIRST);
    }

    /// Fixes what the file is known by, now that its first line is there.
    pub(super) fn identify(&mut self, cx: &Context<'_>) -> io::Result<()> {
        let Some(open) = &mut self.open else { return Ok(()) };
        let place = &mut open.place;
        if place.offset == 0 && !place.skipping && !std::mem::replace(&mut open.identified, true) {
            let head = open.body.head(1024)?;
            place.fingerprint = Fingerprint::of(&head);
            let seed_of = |generation| match self.found.container_seed {
                Some(seed) if place.format.is_engine() => seed,
                _ => file_seed(&cx.machine, &self.found.path, place.inode, generation, &head),
            };
            place.generation = 0;
            place.seed = seed_of(0);
            // A file that starts like the one before it, on the same inode: its lines have other ids.
            if self.found.container_seed.is_none() || !place.format.is_engine() {
                let (last_seed, last_generation) = self.last;
                if (0..=last_generation).any(|g| seed_of(g) == last_seed) {
                    place.generation = last_generation + 1;
                    place.seed = seed_of(place.generation);
                }
            }
            self.last = (place.seed, place.generation);
        } else if place.fingerprint.may_grow() && !open.body.is_packed() {
            let head = open.body.head(1024)?;
            // Another text is another file, as will be seen behind the read.
            if place.fingerprint.starts(&head) {
                place.fingerprint = Fingerprint::of(&head);
            }
        }
        if !open.body.is_packed() {
            place.size = open.body.metadata()?.size();
        }
        Ok(())
    }
}
