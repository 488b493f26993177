//! The allocation meter: how a harness learns what a call costs in memory.
//!
//! Only a global allocator can count, and that is the test binary's to choose. So the suite brings
//! none along and asks for a function instead.

use std::fmt;

/// What a call allocated on its thread.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Allocated {
    /// All of it, whether it was freed again or not.
    pub total_bytes: u64,
    /// The most that was allocated at the same time.
    pub peak_bytes: u64,
}

/// Runs the function once and says what it allocated.
#[derive(Clone, Copy)]
pub(crate) struct Meter(pub(crate) fn(&mut dyn FnMut()) -> Allocated);

impl fmt::Debug for Meter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Meter")
    }
}
