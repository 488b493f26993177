//! Progress: how far a call that takes long has come.

/// Hears how far a long call has come. A call that may be ended early takes a [`Budget`] beside it,
/// and a progress may hold the flag that cancels.
///
/// `()` hears nothing, and a closure `|done, of| …` is called.
///
/// [`Budget`]: crate::Budget
pub trait Progress {
    /// `done` parts of `of` are done. Called from the thread that made the call; `done` never goes
    /// back, and both are counts of the same parts.
    fn report(&mut self, done: u64, of: u64);
}

impl Progress for () {
    fn report(&mut self, _: u64, _: u64) {}
}

impl<F: FnMut(u64, u64)> Progress for F {
    fn report(&mut self, done: u64, of: u64) {
        self(done, of);
    }
}
