//! What tells a block of a segment from all other blocks, of any database.

use iqdb_core::SealId;
use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

use crate::format::manifest::SegmentInfo;
use crate::format::wire::put_u64;

/// The id of block number `block`. It follows from the database's id, the segment's number, the hash
/// of its footer, which has the hashes of all of its bytes, and its random seed: a copy of the database
/// that went on by itself has other segments, though of the same numbers.
pub(crate) fn block_id(database: u128, info: &SegmentInfo, seed: u64, block: usize) -> SealId {
    let mut bytes = database.to_le_bytes().to_vec();
    for number in [info.number, info.seal.hash, seed, block as u64] {
        put_u64(&mut bytes, number);
    }
    let halves = [xxh3_64_with_seed(&bytes, 1), xxh3_64(&bytes)].map(u128::from);
    SealId::from_u128(halves[0] << 64 | halves[1])
}
