//! The allocation meter: measures the memory that a call allocates.
//!
//! Only a global allocator can count allocations, and the test binary chooses it. So the suite has
//! none, and takes a function instead.

use std::fmt;

/// The memory that a call allocated on its thread.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Allocated {
    /// All allocated bytes, freed or not.
    pub total_bytes: u64,
    /// The largest number of bytes allocated at the same time.
    pub peak_bytes: u64,
}

/// A function that runs its argument once and returns what it allocated.
#[derive(Clone, Copy)]
pub(crate) struct Meter(pub(crate) fn(&mut dyn FnMut()) -> Allocated);

impl fmt::Debug for Meter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Meter")
    }
}
