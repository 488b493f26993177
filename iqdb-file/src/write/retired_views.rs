//! Views that newer ones have replaced, until no reader uses them any more.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::read::view::View;

/// The most views that one call looks at.
const RECLAIMED_MAX: usize = 64;

/// Former views. Writers drop them, so that no reader ever frees one.
#[derive(Debug, Default)]
pub(crate) struct RetiredViews(VecDeque<Arc<View>>);

impl RetiredViews {
    pub(crate) fn push(&mut self, view: Arc<View>) {
        self.0.push_back(view);
    }

    /// Takes out views that no reader uses any more.
    pub(crate) fn reclaim(&mut self) -> Vec<Arc<View>> {
        let mut garbage = Vec::new();
        for _ in 0..self.0.len().min(RECLAIMED_MAX) {
            if let Some(mut view) = self.0.pop_front() {
                match Arc::get_mut(&mut view).is_some() {
                    true => garbage.push(view),
                    false => self.0.push_back(view),
                }
            }
        }
        garbage
    }
}

/// Drops views. A panic in the `Drop` of a caller's derived data goes no further.
pub(crate) fn drop_quietly(garbage: Vec<Arc<View>>) {
    for view in garbage {
        let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| drop(view)));
    }
}
