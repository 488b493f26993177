//! The one thread that makes what searches keep with sealed blocks, while everybody else goes on.

use std::fmt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use iqdb_core::{Search, Store};

/// How long it rests before it looks for new blocks again, however often it is woken.
const REST: Duration = Duration::from_millis(5);

/// Starts with the first write and ends with the last handle.
pub(crate) struct Background {
    store: Arc<dyn Store>,
    search: Arc<dyn Search>,
    state: Arc<State>,
    thread: OnceLock<Option<JoinHandle<()>>>,
}

#[derive(Default)]
struct State {
    wanted: Mutex<Wanted>,
    changed: Condvar,
}

#[derive(Default, Clone, Copy)]
struct Wanted {
    /// There has been a write since it last looked.
    work: bool,
    end: bool,
}

impl Background {
    pub(crate) fn new(store: Arc<dyn Store>, search: Arc<dyn Search>) -> Self {
        Self { store, search, state: Arc::default(), thread: OnceLock::new() }
    }

    /// There may be something to do. Returns at once.
    pub(crate) fn wake(&self) {
        self.thread.get_or_init(|| {
            let (store, search) = (Arc::clone(&self.store), Arc::clone(&self.search));
            let state = Arc::clone(&self.state);
            let thread = std::thread::Builder::new().name("iqdb-prepare".to_owned());
            // Without a thread, searches do without what it would have made.
            thread.spawn(move || state.work(&*store, &*search)).ok()
        });
        let mut wanted = self.state.lock();
        if !wanted.work {
            wanted.work = true;
            self.state.changed.notify_one();
        }
    }
}

impl State {
    fn lock(&self) -> MutexGuard<'_, Wanted> {
        self.wanted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Until the end: waits for work, does it, rests.
    fn work(&self, store: &dyn Store, search: &dyn Search) {
        loop {
            let asleep = self.changed.wait_while(self.lock(), |wanted| !wanted.work && !wanted.end);
            let mut wanted = asleep.unwrap_or_else(PoisonError::into_inner);
            if wanted.end {
                return;
            }
            wanted.work = false;
            drop(wanted);
            // What can't be read now is for whoever asks for it to report.
            if let Ok(snapshot) = store.snapshot() {
                let _ = search.prepare(&*snapshot, &mut || !self.lock().end);
            }
            let rested = self.changed.wait_timeout_while(self.lock(), REST, |wanted| !wanted.end);
            drop(rested.unwrap_or_else(PoisonError::into_inner));
        }
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        self.state.lock().end = true;
        self.state.changed.notify_one();
        if let Some(Some(thread)) = self.thread.take() {
            // It has reported whatever it panicked with.
            let _ = thread.join();
        }
    }
}

impl fmt::Debug for Background {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Background")
    }
}
