//! The shelf: what searches keep of a store across its snapshots.

use std::any::Any;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};

use arc_swap::ArcSwap;

use crate::{SavedBytes, Sidecar};

type Value = Arc<dyn Any + Send + Sync>;

/// What searches derive from *many* sealed blocks of a store, by key. It belongs to the store and
/// outlives its snapshots.
///
/// Readers take no lock: [`get`](Self::get) lends what is there. A search that prepares reads the
/// value, makes the next one, and [replaces](Self::replace) it, unless another search was faster. A
/// replaced value is dropped by a writer of the store, once no reader holds it, and never by a reader.
///
/// A value says which seals it covers, and a search uses the part whose seals are in its snapshot. What
/// depends on which rows are alive says at which version it was counted.
///
/// ```
/// use std::sync::Arc;
///
/// use iqdb_core::Shelf;
///
/// struct Count(u64);
///
/// let shelf = Shelf::new();
/// assert!(shelf.replace("count", None, Arc::new(Count(1))));
/// let old = shelf.get::<Count>("count").unwrap();
/// assert!(shelf.replace("count", Some(&old), Arc::new(Count(old.0 + 1))));
/// assert!(!shelf.replace("count", Some(&old), Arc::new(Count(0))), "it is another one by now");
/// assert_eq!(shelf.get::<Count>("count").unwrap().0, 2);
/// ```
#[derive(Default)]
pub struct Shelf {
    entries: ArcSwap<Entries>,
    retired: Mutex<Retired>,
    replaced: AtomicU64,
    sidecar: Option<Box<dyn Sidecar>>,
}

/// All values at one time. It never changes; a writer publishes the next one.
type Entries = Vec<(Box<str>, Value)>;

/// What readers may still hold.
#[derive(Default)]
struct Retired {
    entries: Vec<Arc<Entries>>,
    values: Vec<Value>,
}

impl Shelf {
    /// An empty shelf, whose values end with the store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty shelf with a place where bytes can be saved.
    #[must_use]
    pub fn with_sidecar(sidecar: impl Sidecar + 'static) -> Self {
        Self { sidecar: Some(Box::new(sidecar)), ..Self::default() }
    }

    /// The value of this key, if it is a `T`. Never waits; allocates at the first call of a thread at
    /// most. O(keys).
    #[must_use]
    pub fn get<T: Any + Send + Sync>(&self, key: &str) -> Option<Arc<T>> {
        let entries = self.entries.load();
        let (_, value) = entries.iter().find(|(other, _)| **other == *key)?;
        Arc::clone(value).downcast().ok()
    }

    /// Replaces the value `old` of this key by `new`, both of one type; `None` for none. Returns false,
    /// and changes nothing, where the key has another value by now. O(keys).
    pub fn replace<T: Any + Send + Sync>(
        &self,
        key: &str,
        old: Option<&Arc<T>>,
        new: Arc<T>,
    ) -> bool {
        let mut retired = self.lock();
        let entries = self.entries.load_full();
        let at = entries.iter().position(|(other, _)| **other == *key);
        let is_old = match (at, old) {
            (None, None) => true,
            (Some(at), Some(old)) => {
                std::ptr::addr_eq(Arc::as_ptr(&entries[at].1), Arc::as_ptr(old))
            }
            _ => false,
        };
        if !is_old {
            return false;
        }
        let mut next = Entries::clone(&entries);
        match at {
            Some(at) => retired.values.push(std::mem::replace(&mut next[at].1, new)),
            None => next.push((key.into(), new)),
        }
        drop(entries);
        retired.entries.push(self.entries.swap(Arc::new(next)));
        self.replaced.fetch_add(1, Ordering::Relaxed);
        true
    }

    /// How many values have been replaced or added so far.
    #[must_use]
    pub fn replaced(&self) -> u64 {
        self.replaced.load(Ordering::Relaxed)
    }

    /// Drops replaced values that no reader holds. For the writers of a store; never waits.
    pub fn reclaim(&self) {
        let mut retired = match self.retired.try_lock() {
            Ok(retired) => retired,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            // A search replaces a value at this moment. The next writer reclaims.
            Err(TryLockError::WouldBlock) => return,
        };
        // Once entries are replaced, only handles that exist can reach them, and so it is for values.
        // The values of the entries are also in `values`, or on the shelf: they outlive these drops.
        retired.entries.retain_mut(|entries| Arc::get_mut(entries).is_none());
        let mut garbage = Vec::new();
        let mut held = Vec::new();
        for mut value in retired.values.drain(..) {
            match Arc::get_mut(&mut value).is_some() {
                true => garbage.push(value),
                false => held.push(value),
            }
        }
        retired.values = held;
        drop(retired);
        for value in garbage {
            // A panic in the `Drop` of a search's value is no failure of the writer.
            let _ = catch_unwind(AssertUnwindSafe(|| drop(value)));
        }
    }

    /// The bytes that were saved last under this key, in this process or an earlier one; `None` where
    /// there are none, or not the same ones any more. May read from a disk.
    #[must_use]
    pub fn load(&self, key: &str) -> Option<SavedBytes> {
        self.sidecar.as_ref()?.load(key)
    }

    /// Saves bytes under this key, as well as the store can; returns whether they were: false once the
    /// store's last handle is gone, or where it keeps nothing. A key is at most 255 bytes long.
    pub fn save(&self, key: &str, bytes: &[u8]) -> bool {
        self.sidecar.as_ref().is_some_and(|sidecar| sidecar.save(key, bytes))
    }

    fn lock(&self) -> MutexGuard<'_, Retired> {
        // Nothing is half done where a writer may panic.
        self.retired.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Shelf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Shelf({} values)", self.entries.load().len())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Weak;

    use super::*;

    #[test]
    fn a_key_has_the_last_value_that_replaced_the_one_before() {
        let shelf = Shelf::new();
        assert!(shelf.get::<u32>("a").is_none());
        let (one, two) = (Arc::new(1_u32), Arc::new(2_u32));
        assert!(!shelf.replace("a", Some(&one), Arc::clone(&two)), "there is none to replace");
        assert!(shelf.replace("a", None, Arc::clone(&one)));
        assert!(!shelf.replace("a", None, Arc::clone(&two)), "there is one by now");
        assert!(shelf.replace("b", None, Arc::new("other")));
        assert_eq!(shelf.get::<u32>("a").as_deref(), Some(&1));
        assert!(shelf.get::<u64>("a").is_none(), "it is of another type");
        assert!(!shelf.replace("a", Some(&Arc::new(1_u32)), Arc::clone(&two)), "it is equal only");
        assert!(shelf.replace("a", Some(&one), two));
        assert_eq!(shelf.get::<u32>("a").as_deref(), Some(&2));
        assert_eq!(shelf.get::<&str>("b").as_deref(), Some(&"other"));
        assert_eq!(shelf.replaced(), 3);
        assert!(!shelf.save("a", b"nowhere") && shelf.load("a").is_none());
    }

    #[test]
    fn a_replaced_value_stays_until_it_is_reclaimed_with_no_reader() {
        let shelf = Shelf::new();
        let first = Arc::new(vec![1]);
        let weak: Weak<Vec<i32>> = Arc::downgrade(&first);
        assert!(shelf.replace("a", None, first));
        let reader = shelf.get::<Vec<i32>>("a").unwrap();
        assert!(shelf.replace("a", Some(&reader), Arc::new(vec![2])));
        shelf.reclaim();
        drop(reader);
        assert!(weak.upgrade().is_some(), "the last reader frees nothing");
        shelf.reclaim();
        assert!(weak.upgrade().is_some(), "a weak handle may become a reader");
        let still = weak.strong_count();
        assert_eq!(still, 1);
        drop(weak);
        shelf.reclaim();
        assert!(shelf.lock().values.is_empty() && shelf.lock().entries.is_empty());
    }

    #[test]
    fn no_replacement_is_lost_among_threads() {
        let shelf = Shelf::new();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..500 {
                        loop {
                            let old = shelf.get::<u64>("count");
                            let next = old.as_deref().map_or(1, |count| count + 1);
                            if shelf.replace("count", old.as_ref(), Arc::new(next)) {
                                break;
                            }
                        }
                        shelf.reclaim();
                    }
                });
            }
        });
        assert_eq!(shelf.get::<u64>("count").as_deref(), Some(&2_000));
        assert_eq!(shelf.replaced(), 2_000);
    }
}
