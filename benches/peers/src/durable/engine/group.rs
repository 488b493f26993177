//! Group commit: what threads ask for while a commit is under way goes into the next one together.

use std::mem::take;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use super::Engine;
use crate::Result;

/// What can commit rows, one caller at a time.
pub(super) trait Store: Send {
    /// Writes the rows under these ids, all or none, and syncs them.
    fn commit(&mut self, ids: &[u64], rows: &[f32]) -> Result<()>;

    /// How many rows are in the files.
    fn rows(&mut self) -> Result<u64>;
}

/// A store that threads share. A thread that finds it idle commits for all threads that wait.
#[derive(Debug)]
pub(super) struct Group<S> {
    store: Mutex<S>,
    state: Mutex<State>,
    done: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// Rows that no commit has taken yet.
    ids: Vec<u64>,
    rows: Vec<f32>,
    /// How many calls have added theirs, and how many of them are on disk.
    asked: u64,
    committed: u64,
    is_busy: bool,
    /// Why nothing is written any more.
    failed: Option<String>,
}

impl<S: Store> Group<S> {
    pub(super) fn new(store: S) -> Self {
        Self { store: Mutex::new(store), state: Mutex::default(), done: Condvar::new() }
    }
}

impl<S: Store> Engine for Group<S> {
    fn upsert_many(&self, ids: &[u64], rows: &[f32]) -> Result<()> {
        let mut state = held(&self.state);
        state.ids.extend_from_slice(ids);
        state.rows.extend_from_slice(rows);
        state.asked += 1;
        let call = state.asked;
        while state.is_busy && state.committed < call {
            state = self.done.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        if let Some(why) = &state.failed {
            return Err(why.clone());
        }
        if state.committed >= call {
            return Ok(());
        }
        state.is_busy = true;
        let (ids, rows, upto) = (take(&mut state.ids), take(&mut state.rows), state.asked);
        drop(state);
        let committed = held(&self.store).commit(&ids, &rows);
        let mut state = held(&self.state);
        state.is_busy = false;
        match &committed {
            Ok(()) => state.committed = upto,
            Err(why) => state.failed = Some(why.clone()),
        }
        drop(state);
        self.done.notify_all();
        committed
    }

    fn rows(&self) -> Result<u64> {
        held(&self.store).rows()
    }
}

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Counts commits and rows, and fails from the fifth row on.
    #[derive(Default)]
    struct Counted(u64);

    impl Store for Counted {
        fn commit(&mut self, ids: &[u64], _: &[f32]) -> Result<()> {
            self.0 += ids.len() as u64;
            if self.0 < 5 { Ok(()) } else { Err("full".into()) }
        }

        fn rows(&mut self) -> Result<u64> {
            Ok(self.0)
        }
    }

    #[test]
    fn each_row_is_committed_once_and_nothing_after_a_failure() {
        let group = Group::new(Counted::default());
        std::thread::scope(|scope| {
            for id in 0..4 {
                let group = &group;
                scope.spawn(move || group.upsert_many(&[id], &[0.0]).unwrap());
            }
        });
        assert_eq!(group.rows(), Ok(4));
        assert!(group.upsert_many(&[4], &[0.0]).is_err());
        assert!(group.upsert_many(&[5], &[0.0]).is_err());
        assert_eq!(group.rows(), Ok(5));
    }
}
