//! From an id to its row: an open-addressed table of hashes, searched where it lies.

use iqdb_core::{IdRef, Result};
use xxhash_rust::xxh3::xxh3_64_with_seed;

/// A slot's upper half is the upper half of the id's hash, its lower half the row, counted from 1.
/// A slot of 0 is empty.
pub(crate) const SLOT: usize = size_of::<u64>();

/// The hash of an id. Every id has one form of bytes, so equal ids have equal hashes.
pub(crate) fn hash(id: IdRef<'_>, seed: u64) -> u64 {
    match id {
        IdRef::Number(number) => {
            let mut bytes = [0; 9];
            bytes[1..].copy_from_slice(&number.to_le_bytes());
            xxh3_64_with_seed(&bytes, seed)
        }
        IdRef::Uuid(uuid) => {
            let mut bytes = [1; 17];
            bytes[1..].copy_from_slice(uuid.as_bytes());
            xxh3_64_with_seed(&bytes, seed)
        }
        // A string's kind needs no byte: no number or UUID has its seed.
        IdRef::Text(text) => xxh3_64_with_seed(text.as_bytes(), seed ^ TEXT),
    }
}

/// Keeps strings apart from the other kinds.
const TEXT: u64 = 0x9e37_79b9_7f4a_7c15;

/// The table of these rows, as the bytes of its slots: at most three quarters full. O(rows).
pub(crate) fn build(rows: &[(u64, u32)]) -> Vec<u8> {
    let mut slots = vec![0_u64; capacity(rows.len())];
    let mask = slots.len().wrapping_sub(1);
    for (hash, row) in rows {
        let mut place = start(*hash, mask);
        while slots[place] != 0 {
            place = (place + 1) & mask;
        }
        slots[place] = (hash >> 32) << 32 | u64::from(row + 1);
    }
    slots.iter().flat_map(|slot| slot.to_le_bytes()).collect()
}

fn capacity(rows: usize) -> usize {
    match rows {
        0 => 0,
        rows => (rows * 4).div_ceil(3).next_power_of_two(),
    }
}

/// Where the search for a hash begins: its lower bits, since the upper ones are compared.
#[allow(clippy::cast_possible_truncation, reason = "the mask cuts it further")]
fn start(hash: u64, mask: usize) -> usize {
    hash as usize & mask
}

/// Calls `is` with every row that may have this hash, until one has. `slot` reads the slot of a
/// number below `slots`. O(1) on average.
pub(crate) fn find(
    hash: u64,
    slots: usize,
    slot: impl Fn(usize) -> Result<u64>,
    mut is: impl FnMut(u32) -> Result<bool>,
) -> Result<Option<u32>> {
    if !slots.is_power_of_two() {
        return Ok(None);
    }
    let mask = slots - 1;
    let mut place = start(hash, mask);
    // A table without an empty slot would be a damaged one; the search ends all the same.
    for _ in 0..slots {
        let found = slot(place)?;
        if found == 0 {
            break;
        }
        #[allow(clippy::cast_possible_truncation, reason = "the lower half is the row")]
        let row = (found as u32).wrapping_sub(1);
        if found >> 32 == hash >> 32 && is(row)? {
            return Ok(Some(row));
        }
        place = (place + 1) & mask;
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_found_and_nothing_else() {
        for count in [0_u32, 1, 2, 3, 100, 1_000] {
            let seed = 7;
            let id = |row: u32| IdRef::Number(u64::from(row) * 17);
            let rows: Vec<_> = (0..count).map(|row| (hash(id(row), seed), row)).collect();
            let bytes = build(&rows);
            let slots = bytes.len() / SLOT;
            let slot =
                |n: usize| Ok(u64::from_le_bytes(bytes[n * SLOT..][..SLOT].try_into().unwrap()));
            for row in 0..count {
                let found = find(hash(id(row), seed), slots, slot, |found| Ok(found == row));
                assert_eq!(found.unwrap(), Some(row));
            }
            let absent = hash(IdRef::Text("absent"), seed);
            assert_eq!(find(absent, slots, slot, |_| Ok(false)).unwrap(), None);
        }
    }

    #[test]
    fn a_full_table_ends_the_search() {
        let slot = |_| Ok(u64::MAX);
        assert_eq!(find(3, 8, slot, |_| Ok(false)).unwrap(), None);
        assert_eq!(find(3, 0, slot, |_| Ok(false)).unwrap(), None);
        assert_eq!(find(3, 7, slot, |_| Ok(true)).unwrap(), None);
    }
}
