//! Which lines tell of the same call: pairing, authority, and who counts.
//!
//! * A call is counted once, its failure once, its duration once, however many lines tell of them.
//! * A signal is counted from the most complete notation that has shown it in this container's life; lines of the
//!   others only fill what is missing. What was counted stays counted.
//! * A beginning alone is *provisional*: a line of a more complete notation claims it, its end settles it, or the
//!   limit does; see [`Container::settle`].
//! * Nothing here looks at text or clocks.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::event::{NO_TIME, Nanos, SECOND, SharedOrigin};

use super::call::{Call, NAMELESS, Place, between};
use super::seen::{Class, Notation, Phase, Seen};

mod find;

/// How long a beginning waits before it counts without its end.
pub const LIMIT: Nanos = 30 * SECOND;

/// The same in records, where neither engine nor line has a time.
pub const LIMIT_RECORDS: u64 = 10_000;

/// How far apart two lines of one moment of a call may be: they are printed one after the other, by one process.
const MOMENT: Nanos = 2 * SECOND;

/// How long a counted call waits for its end. Longer calls exist; their end then counts as a call of its own.
const RETENTION: Nanos = 3600 * SECOND;

/// Calls over that are remembered, so that a more complete line about them is known again. Lines about one call are
/// neighbours; a few dozen cover the calls that run at once.
const DONE: usize = 64;

/// Counted calls that wait for an end where none was ever seen: requests are logged, responses are not.
const ENDLESS: usize = 256;

/// The signals, each with an authority of its own.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Signal {
    /// Calls.
    Calls,
    /// Failed calls.
    Errors,
    /// How long calls took.
    Durations,
}

/// What a record counts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Outcome {
    /// It counts a call.
    pub call: bool,
    /// It counts a failed call.
    pub error: Option<Class>,
    /// It measures a call.
    pub duration: Option<i64>,
    /// The tool it is about.
    pub name: u32,
}

/// What is remembered of one container.
#[derive(Clone, Debug)]
pub struct Container {
    /// Its id, else its deployment's name, else empty.
    pub key: Arc<str>,
    /// Where its lines come from.
    pub origin: Arc<SharedOrigin>,
    /// Number of the last record about a tool, for letting the longest unused go.
    pub used: u64,
    /// Rank of the most complete notation seen, per [`Signal`]; 255: none.
    pub authority: [u8; 3],
    /// How often a more complete notation took over.
    pub changes: u64,
    /// Notations that have told of anything.
    pub told: u16,
    /// Notations that have told of ends.
    pub ended: u16,
    /// Structured records have told of beginnings in words.
    pub worded: bool,
    /// Calls that are not over, oldest first.
    pub open: VecDeque<Call>,
    /// Calls that are over, and errors without a call, oldest first.
    pub done: VecDeque<Call>,
}

/// A call found.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Slot {
    Open(usize),
    Done(usize),
}

impl Container {
    /// Nothing known yet.
    pub fn new(key: Arc<str>, origin: Arc<SharedOrigin>) -> Container {
        Container {
            key,
            origin,
            used: 0,
            authority: [u8::MAX; 3],
            changes: 0,
            told: 0,
            ended: 0,
            worded: false,
            open: VecDeque::new(),
            done: VecDeque::new(),
        }
    }

    /// Takes note of what a record says and tells what it counts.
    pub fn note(&mut self, seen: &Seen, name: u32, place: &Place) -> Outcome {
        self.used = place.key.seq;
        let outcome = match seen.phase {
            Phase::Call => self.call(seen, name, place),
            Phase::Start => self.start(seen, name, place),
            Phase::Middle => self.middle(seen, name, place),
            Phase::End => self.end(seen, name, place),
            Phase::Error => self.error(seen, name, place),
            Phase::Duration => self.duration(seen, name, place),
        };
        self.told |= seen.notation.bit();
        outcome
    }

    /// Whether a notation may count a signal, now that it has shown it.
    fn may(&mut self, notation: Notation, signal: Signal) -> bool {
        let best = &mut self.authority[signal as usize];
        let rank = notation.rank();
        if rank < *best {
            if *best != u8::MAX {
                self.changes += 1;
            }
            *best = rank;
        }
        rank == *best
    }

    fn slot(&mut self, slot: Slot) -> &mut Call {
        match slot {
            Slot::Open(at) => &mut self.open[at],
            Slot::Done(at) => &mut self.done[at],
        }
    }

    fn finish(&mut self, call: Call) {
        if self.done.len() == DONE {
            self.done.pop_front();
        }
        self.done.push_back(call);
    }

    fn call(&mut self, seen: &Seen, name: u32, place: &Place) -> Outcome {
        let may = self.may(seen.notation, Signal::Calls);
        let mut outcome = Outcome { call: false, error: None, duration: None, name };
        let found =
            if self.told & !seen.notation.bit() == 0 { None } else { self.beginning(seen, name, place) };
        if let Some(slot) = found {
            let call = self.slot(slot);
            outcome.call = may && !call.counted;
            call.counted |= may;
            meet(call, seen, name, place);
            call.starts |= seen.notation.bit();
            outcome.name = call.name;
            return outcome;
        }
        if may {
            outcome.call = true;
            let mut call = Call::new(*place, name);
            call.counted = true;
            call.starts = seen.notation.bit();
            call.id = seen.id;
            call.views.0 = seen.view;
            self.finish(call);
        }
        outcome
    }

    fn start(&mut self, seen: &Seen, name: u32, place: &Place) -> Outcome {
        let bit = seen.notation.bit();
        let rank = seen.notation.rank();
        let may = self.may(seen.notation, Signal::Calls);
        let mut outcome = Outcome { call: false, error: None, duration: None, name };
        if seen.notation == Notation::Record {
            self.worded = true;
        }
        let others = self.told & !bit != 0 || seen.id != 0;
        if let Some(slot) = if others { self.beginning(seen, name, place) } else { None } {
            let call = self.slot(slot);
            // The more complete line claims what a lesser one began.
            let claims = rank < call.best();
            outcome.call = may && claims && !call.counted;
            call.counted |= outcome.call;
            meet(call, seen, name, place);
            call.starts |= bit;
            if call.id == 0 {
                call.id = seen.id;
            }
            if claims {
                call.views.0 = seen.view;
            }
            outcome.name = call.name;
            return outcome;
        }
        if !may && Notation::ALL[usize::from(self.authority[0])].is_whole() {
            return outcome;
        }
        // Nothing can tell more of a call than its request does: it is counted at once.
        outcome.call = may && seen.notation == Notation::Rpc;
        let mut call = Call::new(*place, name);
        call.counted = outcome.call;
        call.starts = bit;
        call.id = seen.id;
        call.views.0 = seen.view;
        self.open.push_back(call);
        self.drop_endless(place);
        outcome
    }

    /// Keeps calls that wait for ends that nobody prints, or too long ago, from piling up.
    fn drop_endless(&mut self, place: &Place) {
        while let Some(call) = self.open.front() {
            let endless = self.ended & call.starts == 0 && self.open.len() > ENDLESS;
            let old = between(call.place.clock(), place.clock()).is_some_and(|age| age > RETENTION);
            if !call.counted || !(endless || old) {
                break;
            }
            self.open.pop_front();
        }
    }

    fn middle(&mut self, seen: &Seen, name: u32, place: &Place) -> Outcome {
        let running = self.open.iter().any(|call| {
            call.name == name && call.starts & seen.notation.bit() != 0 && call.views.0 != seen.view
        });
        if running || self.worded || self.ended & seen.notation.bit() != 0 {
            return Outcome { call: false, error: None, duration: None, name };
        }
        let outcome = self.start(seen, name, place);
        self.worded = false;
        outcome
    }

    fn end(&mut self, seen: &Seen, name: u32, place: &Place) -> Outcome {
        let bit = seen.notation.bit();
        let rank = seen.notation.rank();
        let mut outcome = Outcome { call: false, error: None, duration: None, name };
        let running = self.running(seen, name, place);
        if seen.weak
            && let Some(Slot::Open(at)) = running
            && self.open[at].starts & bit != 0
        {
            return outcome;
        }
        let found = running.or_else(|| self.over(seen, name, place));
        let paired = by_id(seen);
        if found.is_none() && paired {
            return outcome;
        }
        self.ended |= bit;
        let duration = seen.duration.or_else(|| match found {
            Some(Slot::Open(at)) if paired => own_duration(&self.open[at].place, place),
            _ => None,
        });
        let may_call = self.may(seen.notation, Signal::Calls);
        let mut call = match found {
            Some(Slot::Open(at)) => self.open[at],
            Some(Slot::Done(at)) => self.done[at],
            None => Call::new(*place, name),
        };
        let best = if call.starts | call.ends == 0 { rank } else { call.best() };
        let class = seen.error.or(if call.stub { call.class } else { None });
        meet(&mut call, seen, name, place);
        call.ends |= bit;
        call.views.1 = seen.view;
        if call.id == 0 {
            call.id = seen.id;
        }
        if call.parent == 0 {
            call.parent = seen.parent;
        }
        if !call.counted && rank.min(best) <= self.authority[Signal::Calls as usize] {
            outcome.call = true;
            call.counted = true;
        }
        call.stub &= !call.counted;
        if seen.outcome || class.is_some() {
            let may = self.may(seen.notation, Signal::Errors);
            if let Some(class) = class {
                outcome.error = (may && !call.failed).then_some(class);
                call.failed |= outcome.error.is_some();
                call.class = Some(class);
                call.errors |= bit;
            }
        }
        if let Some(ns) = duration {
            let may = self.may(seen.notation, Signal::Durations);
            outcome.duration = (may && !call.measured).then_some(ns);
            call.measured |= outcome.duration.is_some();
            call.duration = call.duration.or(Some(ns));
            call.durations |= bit;
        }
        outcome.name = if name == NAMELESS && !seen.adopts { NAMELESS } else { call.name };
        match found {
            Some(Slot::Open(at)) if call.counted || rank <= best => {
                self.open.remove(at);
                self.finish(call);
            }
            Some(slot) => *self.slot(slot) = call,
            None if may_call || outcome.error.is_some() => {
                call.stub = !call.counted;
                self.finish(call);
            }
            None => {}
        }
        outcome
    }

    fn error(&mut self, seen: &Seen, name: u32, place: &Place) -> Outcome {
        let bit = seen.notation.bit();
        let class = seen.error.unwrap_or(Class::Tool);
        let may = !seen.deferred && self.may(seen.notation, Signal::Errors);
        let mut outcome = Outcome { call: false, error: None, duration: None, name };
        let same = |call: &Call| call.name == name && name != NAMELESS && call.errors & bit == 0;
        let found = if seen.deferred {
            None
        } else {
            let running = self.open.iter().position(same).map(Slot::Open);
            running.or_else(|| {
                let over = |call: &Call| {
                    let told = call.may_be(name) && call.errors & bit == 0;
                    if call.stub && call.views.0 != seen.view && call.name == name && call.errors == bit {
                        return call.is_near(place, MOMENT);
                    }
                    let own = same(call) && call.starts & bit != 0 && call.ends == 0;
                    own || told && call.class.is_some() && call.is_near(place, MOMENT + SECOND)
                };
                self.done.iter().rposition(over).map(Slot::Done)
            })
        };
        let Some(slot) = found else {
            let mut stub = Call::new(*place, name);
            stub.stub = true;
            stub.class = Some(class);
            stub.errors = bit;
            stub.views.0 = seen.view;
            stub.failed = may;
            outcome.error = may.then_some(class);
            self.finish(stub);
            return outcome;
        };
        let call = self.slot(slot);
        outcome.error = (may && !call.failed).then_some(class);
        call.failed |= may;
        call.class = call.class.or(Some(class));
        meet(call, seen, name, place);
        call.errors |= bit;
        outcome.name = call.name;
        outcome
    }

    fn duration(&mut self, seen: &Seen, name: u32, place: &Place) -> Outcome {
        let bit = seen.notation.bit();
        let may = self.may(seen.notation, Signal::Durations);
        let mut outcome = Outcome { call: false, error: None, duration: seen.duration.filter(|_| may), name };
        let same = |call: &Call| call.name == name && !call.stub && call.durations & bit == 0;
        let found = self.open.iter().position(same).map(Slot::Open);
        let Some(slot) = found.or_else(|| self.done.iter().position(same).map(Slot::Done)) else {
            return outcome;
        };
        let call = self.slot(slot);
        if call.measured && call.is_near(place, MOMENT) {
            outcome.duration = None;
        }
        call.measured |= outcome.duration.is_some();
        call.durations |= bit;
        outcome
    }

    /// Lets go of beginnings that wait no longer: those for which `due` holds. `f` gets each call that counts now,
    /// with how it failed if that is not counted yet. `lost`: the container has ended.
    pub fn settle(
        &mut self,
        lost: bool,
        due: impl Fn(&Call) -> bool,
        mut f: impl FnMut(&Call, Option<Class>),
    ) {
        let mut at = 0;
        while at < self.open.len() {
            let mut call = self.open[at];
            if call.counted && !lost {
                at += 1;
                continue;
            }
            if !due(&call) {
                break;
            }
            // Whoever prints ends has not printed this one's.
            let class = (lost && !call.failed && call.ends == 0 && self.ended & call.starts != 0)
                .then_some(Class::Lost);
            let counts = !call.counted && call.best() <= self.authority[Signal::Calls as usize];
            if counts || (call.counted && class.is_some()) {
                f(&call, class);
            }
            if counts && !lost && self.ended & call.starts != 0 {
                call.counted = true;
                self.open[at] = call;
                at += 1;
                continue;
            }
            self.open.remove(at);
            if counts {
                call.counted = true;
                self.finish(call);
            }
        }
    }

    /// Lets the oldest running call go, because there are too many. `f` gets it if it counts now.
    pub fn evict(&mut self, mut f: impl FnMut(&Call, Option<Class>)) {
        if let Some(call) = self.open.pop_front()
            && !call.counted
            && call.best() <= self.authority[Signal::Calls as usize]
        {
            f(&call, None);
        }
    }

    /// The first beginning that waits.
    pub fn waiting(&self) -> Option<&Call> {
        self.open.iter().find(|call| !call.counted)
    }

    /// Forgets a life: the next one may log otherwise.
    pub fn forget(&mut self) {
        let (key, origin, changes) = (self.key.clone(), self.origin.clone(), self.changes);
        *self = Container { changes, ..Container::new(key, origin) };
    }
}

/// Whether an end is known by the id of its request alone: responses of other requests look the same.
fn by_id(seen: &Seen) -> bool {
    seen.notation == Notation::Rpc || (seen.notation == Notation::Library && seen.id != 0 && seen.parent == 0)
}

/// Takes over what a further line about a call tells.
fn meet(call: &mut Call, seen: &Seen, name: u32, place: &Place) {
    if call.name == NAMELESS && name != NAMELESS {
        call.name = name;
    }
    if seen.phase == Phase::End || call.ends == 0 {
        call.last = place.when();
        call.last_seq = place.key.seq;
    }
}

/// Whether a second end of one notation tells of the same call: the same measurement in other words, a measurement
/// that the first one lacked, or the enclosing span of the same call.
fn again(call: &Call, seen: &Seen, name: u32, place: &Place) -> bool {
    if seen.parent != 0 || call.parent != 0 {
        return seen.id != 0 && (call.parent == seen.id || call.id == seen.parent);
    }
    if call.name != name || call.views.1 == seen.view || !call.is_near(place, MOMENT) {
        return false;
    }
    if seen.id != 0 && call.id != 0 {
        return seen.id == call.id;
    }
    match (call.duration, seen.duration) {
        // Many short calls take the same number of milliseconds; the same nanosecond is the same measurement.
        (Some(a), Some(b)) => {
            let telling = a % 1_000_000 != 0 || a >= SECOND / 10;
            a == b && telling && call.failed == seen.error.is_some()
        }
        (None, Some(_)) | (Some(_), None) => call.failed == seen.error.is_some(),
        (None, None) => false,
    }
}

/// The time between the two lines' own times; nothing where both are whole seconds, for that says too little.
fn own_duration(from: &Place, to: &Place) -> Option<i64> {
    let (start, end) = (from.own(), to.own());
    let gap = between(start, end).filter(|gap| (0..RETENTION).contains(gap))?;
    let coarse = start % SECOND == 0 && end % SECOND == 0;
    (!coarse && start != NO_TIME).then_some(gap)
}
