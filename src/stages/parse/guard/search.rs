//! Where any of many literals stands in a text.
//!
//! * The literals are put into eight groups, a bit each. For each of the first four bytes of a literal two tables say in
//!   which groups a literal has such a byte there: one by its upper half, one by its lower half. Vector instructions
//!   look dozens of places up at once; where a group is left after all eight tables, its literals are compared.
//! * Every place is found, also of literals that overlap.

use fearless_simd::{Level, Simd, dispatch, prelude::*};

/// Groups, and bits of a byte.
const GROUPS: usize = 8;

/// First bytes of a literal that are looked up.
const FIRST: usize = 4;

/// Bytes in the widest vector.
const WIDEST: usize = 64;

/// A set of literals.
#[derive(Clone, Debug)]
pub(super) struct Search {
    tables: Box<[Table; FIRST]>,
    groups: [Vec<Box<[u8]>>; GROUPS],
}

/// In which groups a literal has a byte with this upper or lower half at one place; sixteen entries, repeated.
#[derive(Clone, Copy, Debug)]
struct Table {
    upper: [u8; WIDEST],
    lower: [u8; WIDEST],
}

impl Search {
    /// A search for literals, none of them empty.
    pub(super) fn new(literals: &[&[u8]]) -> Search {
        // Those that begin alike come into one group.
        let mut sorted = literals.to_vec();
        sorted.sort_unstable();
        let mut tables = [Table { upper: [0; WIDEST], lower: [0; WIDEST] }; FIRST];
        let mut groups: [Vec<Box<[u8]>>; GROUPS] = Default::default();
        for (group, literals) in sorted.chunks(sorted.len().div_ceil(GROUPS).max(1)).enumerate() {
            for literal in literals {
                for (place, table) in tables.iter_mut().enumerate() {
                    for half in 0..WIDEST {
                        // Behind a short literal anything may stand.
                        let byte = literal.get(place);
                        let is = |part: u8| byte.is_none() || usize::from(part) == half % 16;
                        table.upper[half] |= u8::from(is(byte.map_or(0, |b| b >> 4))) << group;
                        table.lower[half] |= u8::from(is(byte.map_or(0, |b| b & 15))) << group;
                    }
                }
                groups[group].push((*literal).into());
            }
        }
        Search { tables: Box::new(tables), groups }
    }

    /// Appends where literals begin, ascending, each place once.
    pub(super) fn find(&self, text: &[u8], found: &mut Vec<u32>) {
        let level = Level::new();
        dispatch!(level, simd => self.find_with(simd, text, found));
    }

    #[inline(always)]
    fn find_with<S: Simd>(&self, simd: S, text: &[u8], found: &mut Vec<u32>) {
        let width = S::u8s::LEN;
        let tables: [(S::u8s, S::u8s); FIRST] = std::array::from_fn(|place| {
            let table = &self.tables[place];
            (S::u8s::from_slice(simd, &table.upper[..width]), S::u8s::from_slice(simd, &table.lower[..width]))
        });
        let mut at = 0;
        while at + width + FIRST <= text.len() {
            self.look(simd, &tables, &text[at..at + width + FIRST], text, at, found);
            at += width;
        }
        // The rest, with nothing behind it.
        let mut rest = [0; 2 * WIDEST + 2 * FIRST];
        let length = text.len() - at;
        rest[..length].copy_from_slice(&text[at..]);
        for from in (0..length).step_by(width) {
            self.look(simd, &tables, &rest[from..from + width + FIRST], text, at + from, found);
        }
    }

    /// Looks at as many places as a vector has; `bytes` stand at `base` of the text.
    #[inline(always)]
    fn look<S: Simd>(
        &self,
        simd: S,
        tables: &[(S::u8s, S::u8s); FIRST],
        bytes: &[u8],
        text: &[u8],
        base: usize,
        found: &mut Vec<u32>,
    ) {
        let width = S::u8s::LEN;
        let mut groups = S::u8s::splat(simd, u8::MAX);
        for (place, &(upper, lower)) in tables.iter().enumerate() {
            let bytes = S::u8s::from_slice(simd, &bytes[place..place + width]);
            groups &=
                upper.swizzle_dyn_within_blocks(bytes >> 4) & lower.swizzle_dyn_within_blocks(bytes & 15);
        }
        let mut places = groups.simd_ne(0).to_bitmask();
        if places == 0 {
            return;
        }
        let mut of = [0; WIDEST];
        groups.store_slice(&mut of[..width]);
        while places != 0 {
            let place = places.trailing_zeros() as usize;
            places &= places - 1;
            if self.is_at(text, base + place, of[place]) {
                found.push((base + place) as u32);
            }
        }
    }

    /// Whether a literal of one of these groups begins at `at`.
    fn is_at(&self, text: &[u8], at: usize, mut groups: u8) -> bool {
        let Some(text) = text.get(at..) else { return false };
        while groups != 0 {
            let group = groups.trailing_zeros() as usize;
            groups &= groups - 1;
            if self.groups[group].iter().any(|literal| text.starts_with(literal)) {
                return true;
            }
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn agree(literals: &[Vec<u8>], text: &[u8]) {
        let literals: Vec<&[u8]> = literals.iter().map(|literal| &literal[..]).collect();
        let mut found = vec![];
        Search::new(&literals).find(text, &mut found);
        let is_there = |at: &u32| literals.iter().any(|literal| text[*at as usize..].starts_with(literal));
        let all: Vec<u32> = (0..text.len() as u32).filter(is_there).collect();
        assert_eq!(found, all, "{literals:?} in {text:?}");
    }

    #[test]
    fn literals_are_found_wherever_they_stand() {
        let literals = [b"abc".to_vec(), b"tool_x".to_vec(), b"ol_x".to_vec(), b"zzzz".to_vec()];
        for length in 0..300 {
            let mut text = vec![b'.'; length];
            agree(&literals, &text);
            text.extend_from_slice(b"tool_xabczzzzz");
            agree(&literals, &text);
            text.extend(vec![b'.'; length % 70]);
            agree(&literals, &text);
        }
        agree(&[], b"text");
    }

    proptest! {
        #[test]
        fn nothing_is_missed_and_nothing_made_up(
            literals in proptest::collection::vec(proptest::collection::vec(97..101u8, 3..7), 1..30),
            text in proptest::collection::vec(96..102u8, 0..400),
        ) {
            agree(&literals, &text);
        }
    }
}
