//! Scratch: the working memory of a search, in the hands of its caller.

use std::any::{Any, TypeId};
use std::fmt;

/// The working memory of searches: one value per type, reused from one call to the next.
///
/// A search keeps here what it needs while it works and nothing that decides an answer. Reused, it
/// keeps its memory: once it has grown, a search without payloads allocates nothing. Each thread
/// that searches has its own.
///
/// ```
/// use iqdb_core::Scratch;
///
/// let mut scratch = Scratch::new();
/// scratch.of::<Vec<u8>>().push(1);
/// assert!(scratch.of::<String>().is_empty());
/// assert_eq!(*scratch.of::<Vec<u8>>(), [1]);
/// ```
#[derive(Default)]
pub struct Scratch {
    values: Vec<(TypeId, Box<dyn Any + Send + Sync>)>,
}

impl Scratch {
    /// Working memory without a value. Allocates nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The value of type `T`, as the last call left it; a default one the first time. O(types).
    ///
    /// A type that many crates use, such as `Vec<f32>`, is a poor key; wrap it in your own.
    ///
    /// # Panics
    /// Never: a value is found by its own type.
    pub fn of<T: Any + Default + Send + Sync>(&mut self) -> &mut T {
        let key = TypeId::of::<T>();
        let at = match self.values.iter().position(|(of, _)| *of == key) {
            Some(at) => at,
            None => {
                self.values.push((key, Box::<T>::default()));
                self.values.len() - 1
            }
        };
        self.values[at].1.downcast_mut().expect("a value is kept under its own type")
    }
}

impl fmt::Debug for Scratch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Scratch({} values)", self.values.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_type_has_a_value_of_its_own_that_stays() {
        let mut scratch = Scratch::new();
        scratch.of::<Vec<u8>>().push(1);
        scratch.of::<String>().push('a');
        scratch.of::<Vec<u8>>().push(2);
        assert_eq!(*scratch.of::<Vec<u8>>(), [1, 2]);
        assert_eq!(scratch.of::<String>(), "a");
        assert_eq!(*scratch.of::<u8>(), 0);
    }
}
