//! Seal ids: what tells a sealed block from all others.

use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

/// The identity of a sealed block. Two blocks, of any stores at any time, have the same one only if
/// their rows, ids and payloads are the same in the same order.
///
/// A store makes a new one for each block that it seals, or derives it from the content. It is never
/// a bare count: it is saved, and meets those of other stores and of other processes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SealId(u128);

/// Secrets of the process, from the system's random numbers.
static SECRETS: LazyLock<[RandomState; 2]> =
    LazyLock::new(|| [RandomState::new(), RandomState::new()]);

static COUNT: AtomicU64 = AtomicU64::new(0);

impl SealId {
    /// An id that no other call has returned, in this process or another. O(1).
    #[must_use]
    pub fn unique() -> Self {
        // A forked child has the secrets and the count of its parent, and may even get the process id
        // of a child before it; not at the same time.
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let place_and_time = (std::process::id(), count, Instant::now());
        let [high, low] = SECRETS.each_ref().map(|secret| secret.hash_one(place_and_time));
        Self(u128::from(high) << 64 | u128::from(low))
    }

    /// The id with these bits: one that was saved, or a hash of a content.
    #[must_use]
    pub fn from_u128(bits: u128) -> Self {
        Self(bits)
    }

    /// The bits of the id.
    #[must_use]
    pub fn to_u128(self) -> u128 {
        self.0
    }
}

impl fmt::Debug for SealId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SealId({:032x})", self.0)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn no_id_comes_twice_and_none_is_a_count() {
        let ids: HashSet<SealId> = (0..1_000).map(|_| SealId::unique()).collect();
        assert_eq!(ids.len(), 1_000);
        let high: HashSet<u64> = ids.iter().map(|id| (id.to_u128() >> 64) as u64).collect();
        assert_eq!(high.len(), 1_000, "both halves differ from id to id");
        let id = SealId::unique();
        assert_eq!(SealId::from_u128(id.to_u128()), id);
    }
}
