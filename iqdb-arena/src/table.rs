//! A hash table from a 32-bit hash to a number, which readers search while one writer adds to it.
//! It finds an id's newest row, and the number of a payload's value.

use crate::sync::{AtomicU64, Ordering};

/// The most rows that a generation may number, dead ones included: the ids that a table of 2^32
/// slots has room for.
pub(crate) const ROWS_MAX: u32 = 3 * (1 << 30) - 4;

/// What ids and values are hashed with.
#[cfg(not(any(loom, shuttle)))]
pub(crate) type Hasher = std::hash::RandomState;
/// What ids and values are hashed with in a model, which has to do the same in every run.
#[cfg(any(loom, shuttle))]
pub(crate) type Hasher = std::hash::BuildHasherDefault<std::hash::DefaultHasher>;

/// Open addressing with linear probing. A slot is one word, a row and the hash of its id, so that
/// a reader sees both or neither; 0 is an empty slot. The writer fills and overwrites slots and never
/// empties one: a deleted id keeps its slot, and its row has an end.
///
/// A writer that needs a larger table makes a copy and leaves the table as it is, for the views that
/// hold it.
#[derive(Debug)]
pub(crate) struct Table {
    slots: Box<[AtomicU64]>,
    /// The home slot of a hash is the hash shifted right by this.
    shift: u32,
}

/// A slot, by number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Slot(usize);

impl Table {
    /// The smallest table that has room for `ids` ids.
    pub(crate) fn with_room_for(ids: usize) -> Self {
        let slots = (ids + ids.div_ceil(3) + 1).next_power_of_two();
        Self {
            slots: (0..slots).map(|_| AtomicU64::new(0)).collect(),
            shift: u32::BITS - slots.ilog2(),
        }
    }

    /// The most ids that the table may hold: three quarters of its slots, so that a search is short
    /// and always finds an empty slot.
    pub(crate) fn room(&self) -> usize {
        self.slots.len() / 4 * 3
    }

    /// The row of this hash for which `is` returns true, and its slot. O(1) on average.
    ///
    /// Acquires what the writer wrote before it filled the slot.
    #[inline]
    pub(crate) fn find(&self, hash: u32, mut is: impl FnMut(u32) -> bool) -> Option<(Slot, u32)> {
        let mut n = self.home(hash);
        loop {
            let slot = self.slots[n].load(Ordering::Acquire);
            if slot == 0 {
                return None;
            }
            let (row, of) = unpack(slot);
            if of == hash && is(row) {
                return Some((Slot(n), row));
            }
            n = (n + 1) & (self.slots.len() - 1);
        }
    }

    /// Loads the home slots of these hashes one right after the other, so that their cache misses
    /// overlap.
    pub(crate) fn prefetch(&self, hashes: &[u32]) {
        let slots = hashes.iter().map(|hash| self.slots[self.home(*hash)].load(Ordering::Relaxed));
        std::hint::black_box(slots.fold(0, std::ops::BitXor::bitxor));
    }

    /// Overwrites a slot that holds an older row of the same id.
    pub(crate) fn replace(&self, slot: Slot, hash: u32, row: u32) {
        self.slots[slot.0].store(pack(row, hash), Ordering::Release);
    }

    /// Adds the row of an id that is not in the table, which has [`room`](Self::room) for it.
    pub(crate) fn insert(&self, hash: u32, row: u32) {
        let mut n = self.home(hash);
        while self.slots[n].load(Ordering::Relaxed) != 0 {
            n = (n + 1) & (self.slots.len() - 1);
        }
        self.slots[n].store(pack(row, hash), Ordering::Release);
    }

    /// A copy that has room for `ids` ids. O(slots).
    pub(crate) fn grown(&self, ids: usize) -> Self {
        let grown = Self::with_room_for(ids);
        for slot in &self.slots {
            let slot = slot.load(Ordering::Relaxed);
            if slot != 0 {
                let (row, hash) = unpack(slot);
                grown.insert(hash, row);
            }
        }
        grown
    }

    fn home(&self, hash: u32) -> usize {
        // A shift by all bits, for a table of one slot, is 0.
        hash.checked_shr(self.shift).unwrap_or(0) as usize
    }
}

/// A slot's word: the hash in the upper half, and in the lower half the row plus one, because a word
/// of 0 is an empty slot.
fn pack(row: u32, hash: u32) -> u64 {
    u64::from(hash) << 32 | (u64::from(row) + 1)
}

#[allow(clippy::cast_possible_truncation, reason = "both halves are taken apart on purpose")]
fn unpack(slot: u64) -> (u32, u32) {
    ((slot as u32).wrapping_sub(1), (slot >> 32) as u32)
}

#[cfg(all(test, not(any(loom, shuttle))))]
mod tests {
    use super::*;

    fn found(table: &Table, hash: u32, row: u32) -> bool {
        table.find(hash, |candidate| candidate == row).is_some()
    }

    #[test]
    fn ids_of_one_hash_are_told_apart_also_around_the_end() {
        let table = Table::with_room_for(6);
        // The last slot is home to all of them, so the others are at the beginning.
        for row in 0..6 {
            table.insert(u32::MAX, row);
        }
        assert!((0..6).all(|row| found(&table, u32::MAX, row)));
        assert!(!found(&table, u32::MAX, 6) && !found(&table, u32::MAX - 1, 0));
        let (slot, _) = table.find(u32::MAX, |row| row == 4).unwrap();
        table.replace(slot, u32::MAX, 9);
        assert!(found(&table, u32::MAX, 9) && !found(&table, u32::MAX, 4));
    }

    #[test]
    fn there_is_room_for_what_was_asked_and_an_empty_slot_beside_it() {
        for ids in (0..200).chain([1_000, 3_000_000]) {
            let table = Table::with_room_for(ids);
            assert!(table.room() >= ids && table.room() < table.slots.len(), "{ids}");
        }
    }

    #[test]
    fn growing_doubles_and_keeps_everything() {
        let mut table = Table::with_room_for(0);
        let hash = |row: u32| row.wrapping_mul(0x9e37_79b9);
        for row in 0..1_000_u32 {
            if row as usize == table.room() {
                let slots = table.slots.len();
                table = table.grown(row as usize + 1);
                assert!(table.slots.len() == (2 * slots).max(4), "{slots}");
            }
            table.insert(hash(row), row);
        }
        assert!((0..1_000).all(|row| found(&table, hash(row), row)));
    }
}
