//! The turns of calls that add a field: one at a time, though other writers go on meanwhile.

use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

use iqdb_core::{Budget, Result};

/// How long a call waits before it looks at its budget again: nothing tells it of a flag that cancels.
const GLANCE: Duration = Duration::from_millis(20);

/// Whose turn it is.
#[derive(Debug, Default)]
pub(crate) struct FieldTurn {
    is_taken: Mutex<bool>,
    ended: Condvar,
}

/// The turn of a call, which ends when it is dropped.
#[derive(Debug)]
pub(crate) struct Turn<'a>(&'a FieldTurn);

impl FieldTurn {
    /// Waits for the turn.
    ///
    /// # Errors
    /// Those of the budget.
    pub(crate) fn take(&self, budget: Budget<'_>) -> Result<Turn<'_>> {
        let mut is_taken = self.is_taken.lock().unwrap_or_else(PoisonError::into_inner);
        while *is_taken {
            budget.check()?;
            let waited = self.ended.wait_timeout(is_taken, GLANCE);
            (is_taken, _) = waited.unwrap_or_else(PoisonError::into_inner);
        }
        budget.check()?;
        *is_taken = true;
        Ok(Turn(self))
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        *self.0.is_taken.lock().unwrap_or_else(PoisonError::into_inner) = false;
        self.0.ended.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicBool;

    use iqdb_core::ErrorKind;

    use super::*;

    #[test]
    fn a_call_waits_for_its_turn_or_until_it_is_cancelled() {
        let turns = FieldTurn::default();
        let first = turns.take(Budget::new()).unwrap();
        let cancel = AtomicBool::new(true);
        let refused = turns.take(Budget::new().with_cancel(&cancel)).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::Cancelled);
        std::thread::scope(|scope| {
            let second = scope.spawn(|| turns.take(Budget::new()).map(drop));
            drop(first);
            second.join().unwrap().unwrap();
        });
        turns.take(Budget::new()).unwrap();
    }
}
