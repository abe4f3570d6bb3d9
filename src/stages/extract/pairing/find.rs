//! Which of the calls under way, or of those that are over, a line belongs to.

use super::super::call::{NAMELESS, Place, between};
use super::super::rpc::may_answer;
use super::super::seen::{Notation, Phase, Seen};
use super::{Container, MOMENT, Slot, again, by_id};
use crate::event::SECOND;

impl Container {
    /// The call whose beginning this is too, told by another notation (or printed twice).
    pub(super) fn beginning(&self, seen: &Seen, name: u32, place: &Place) -> Option<Slot> {
        let bit = seen.notation.bit();
        let mut best: Option<(u8, Slot)> = None;
        let mut offer = |score: u8, slot: Slot| {
            if best.is_none_or(|(s, _)| score > s) {
                best = Some((score, slot));
            }
        };
        for (at, call) in self.open.iter().enumerate() {
            if !call.may_be(name) {
                continue;
            }
            if call.starts & bit != 0 {
                // Printed twice: the same request in other words.
                if seen.id != 0 && call.id == seen.id && call.views.0 != seen.view {
                    return Some(Slot::Open(at));
                }
                continue;
            }
            if call.ends & bit == 0 && call.is_near(place, MOMENT) {
                offer(if call.name == name { 3 } else { 2 }, Slot::Open(at));
            }
        }
        if seen.phase == Phase::Call {
            for (at, call) in self.done.iter().enumerate() {
                if !call.stub
                    && call.name == name
                    && !call.told_by(seen.notation)
                    && call.is_near(place, MOMENT)
                {
                    offer(1, Slot::Done(at));
                }
            }
        }
        best.map(|(_, slot)| slot)
    }

    /// The running call that ends here.
    pub(super) fn running(&self, seen: &Seen, name: u32, place: &Place) -> Option<Slot> {
        let bit = seen.notation.bit();
        let mut best: Option<((u8, i64), usize)> = None;
        for (at, call) in self.open.iter().enumerate() {
            if call.ends & bit != 0 || !call.may_be(name) {
                continue;
            }
            let own = call.starts & bit != 0;
            if own && seen.id != 0 && call.id != 0 && seen.id != call.id {
                continue;
            }
            if name == NAMELESS && !seen.adopts && call.name != NAMELESS {
                continue;
            }
            let same_id = own && seen.id != 0 && seen.id == call.id;
            if by_id(seen) && !same_id {
                continue;
            }
            if seen.notation == Notation::Rpc && !may_answer(call.views.0, seen.view) {
                continue;
            }
            let off = seen
                .duration
                .and_then(|d| between(call.place.when(), place.when()).map(|gap| (gap - d).abs()));
            let class = match (same_id, own, call.name == name && name != NAMELESS) {
                (true, ..) => 5,
                (_, true, true) => 4,
                (_, true, false) => 3,
                (_, false, true) => 2,
                (_, false, false) => 1,
            };
            // Another notation's call is this one only if the times fit.
            if class <= 2 && off.is_some_and(|off| off > MOMENT + SECOND) {
                continue;
            }
            // In order; but an end that names nobody is rather the last one's: short calls overtake long ones.
            let order = if own && name == NAMELESS && seen.id == 0 { at as i64 } else { -(at as i64) };
            let score = (class, off.map_or(order, |off| -off));
            if best.is_none_or(|(s, _)| score > s || (score == s && order > 0)) {
                best = Some((score, at));
            }
        }
        best.map(|(_, at)| Slot::Open(at))
    }

    /// The call that is over already, or the error, that this end tells of once more.
    pub(super) fn over(&self, seen: &Seen, name: u32, place: &Place) -> Option<Slot> {
        if by_id(seen) {
            return None;
        }
        let bit = seen.notation.bit();
        for (at, call) in self.done.iter().enumerate().rev() {
            if !call.may_be(name) {
                continue;
            }
            if call.stub {
                let fits = call.errors & bit == 0 && seen.error.is_some();
                let deferred = call.errors == bit && !call.failed && call.name == name;
                if (fits || deferred) && call.is_near(place, MOMENT + SECOND) {
                    return Some(Slot::Done(at));
                }
                continue;
            }
            if call.ends & bit != 0 {
                if again(call, seen, name, place) {
                    return Some(Slot::Done(at));
                }
                continue;
            }
            if name == NAMELESS && !seen.adopts {
                continue;
            }
            if call.ends != 0 && seen.outcome && call.class.is_some() != seen.error.is_some() {
                continue;
            }
            let near = if call.ends != 0 { call.is_near(place, MOMENT) } else { call.name == name };
            if near {
                return Some(Slot::Done(at));
            }
        }
        None
    }
}
