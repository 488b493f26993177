//! Derived cells: a few values of different types, each written once.

use std::any::{Any, TypeId};
use std::fmt;
use std::sync::OnceLock;

/// A few values of different types, each written at most once and read without waiting.
///
/// A search keeps here what it computes once per sealed block, such as norms or codes. Build the
/// value first and [`put`](Self::put) it when it is done: building inside would make readers wait.
/// A type that many crates use, such as `Vec<f32>`, is a poor key; wrap it in your own.
#[derive(Default)]
pub struct DerivedCell {
    slots: [OnceLock<(TypeId, Box<dyn Any + Send + Sync>)>; DerivedCell::SLOTS],
}

impl DerivedCell {
    /// How many types of derived data fit.
    pub const SLOTS: usize = 8;

    /// The value of type `T`, once a caller has put one. Lock-free; O(1).
    #[must_use]
    pub fn get<T: Any + Send + Sync>(&self) -> Option<&T> {
        self.slots
            .iter()
            .map_while(OnceLock::get)
            .find(|(key, _)| *key == TypeId::of::<T>())
            .and_then(|(_, value)| value.downcast_ref())
    }

    /// Puts a finished value, unless there is one of its type, which then stays. Returns the one
    /// that is kept, or `None` when [`SLOTS`](Self::SLOTS) other types have taken all the room.
    pub fn put<T: Any + Send + Sync>(&self, value: T) -> Option<&T> {
        let mut entry: (TypeId, Box<dyn Any + Send + Sync>) = (TypeId::of::<T>(), Box::new(value));
        for slot in &self.slots {
            match slot.set(entry) {
                Ok(()) => break,
                Err(back) => entry = back,
            }
            if slot.get().is_some_and(|(key, _)| *key == TypeId::of::<T>()) {
                break;
            }
        }
        self.get()
    }
}

impl fmt::Debug for DerivedCell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let taken = self.slots.iter().map_while(OnceLock::get).count();
        write!(f, "DerivedCell({taken} of {} slots taken)", Self::SLOTS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq)]
    struct Norms(Vec<f32>);

    #[derive(Debug)]
    struct Other<const N: usize>;

    #[test]
    fn the_first_value_of_a_type_stays() {
        let cell = DerivedCell::default();
        assert_eq!(cell.get::<Norms>(), None);
        assert_eq!(cell.put(Norms(vec![1.0])), Some(&Norms(vec![1.0])));
        assert_eq!(cell.put(Norms(vec![2.0])), Some(&Norms(vec![1.0])));
        assert_eq!(cell.put(7_u8), Some(&7));
        assert_eq!(cell.get(), Some(&Norms(vec![1.0])));
    }

    #[test]
    fn a_full_cell_says_so() {
        let cell = DerivedCell::default();
        assert!(cell.put(Other::<0>).is_some() && cell.put(Other::<1>).is_some());
        assert!(cell.put(Other::<2>).is_some() && cell.put(Other::<3>).is_some());
        assert!(cell.put(Other::<4>).is_some() && cell.put(Other::<5>).is_some());
        assert!(cell.put(Other::<6>).is_some() && cell.put(Other::<7>).is_some());
        assert!(cell.put(Other::<8>).is_none());
        assert!(cell.get::<Other<7>>().is_some());
    }

    #[test]
    fn many_threads_agree_on_one_value() {
        let cell = DerivedCell::default();
        std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8_u64)
                .map(|n| {
                    scope.spawn({
                        let cell = &cell;
                        move || cell.put(n).copied()
                    })
                })
                .collect();
            let kept: Vec<_> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
            assert!(kept.iter().all(|value| *value == cell.get().copied()));
        });
    }
}
