//! The one thread that makes what searches keep with sealed blocks, while all other threads go on.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::thread::JoinHandle;
use std::time::Duration;

use iqdb_core::{Budget, Error, Search, Store};

/// How long it rests before it looks for new blocks again, however often it is woken.
const REST: Duration = Duration::from_millis(5);

/// Starts with the first write and ends with the last handle.
pub(crate) struct Background {
    store: Arc<dyn Store>,
    search: Arc<dyn Search>,
    state: Arc<State>,
    thread: OnceLock<JoinHandle<()>>,
    /// How often the thread could not be started.
    refused: AtomicU64,
    /// The process whose thread it is: a forked child has none.
    process: u32,
}

#[derive(Default)]
struct State {
    /// Whether there has been a write since it last looked.
    wanted: Mutex<bool>,
    changed: Condvar,
    /// The last handle is gone.
    end: AtomicBool,
    /// A failure has been told, and nothing has succeeded since.
    failed: AtomicBool,
}

impl Background {
    pub(crate) fn new(store: Arc<dyn Store>, search: Arc<dyn Search>) -> Self {
        let (state, thread) = (Arc::default(), OnceLock::new());
        let (refused, process) = (AtomicU64::new(0), std::process::id());
        Self { store, search, state, thread, refused, process }
    }

    /// There may be something to do. Returns at once.
    pub(crate) fn wake(&self) {
        if self.process != std::process::id() {
            return;
        }
        if self.thread.get().is_none() {
            self.start();
        }
        let mut wanted = self.state.lock();
        if !*wanted {
            *wanted = true;
            self.state.changed.notify_one();
        }
    }
}

impl Background {
    /// Starts the thread, or tries again later. Until then searches do without what it would make.
    fn start(&self) {
        let refused = self.refused.load(Ordering::Relaxed);
        if refused > 0 && !refused.is_power_of_two() {
            self.refused.store(refused + 1, Ordering::Relaxed);
            return;
        }
        let one_at_a_time = self.state.lock();
        if self.thread.get().is_some() {
            return;
        }
        // A forked child has this closure for ever: it must not keep the store open there.
        let (store, search) = (Arc::downgrade(&self.store), Arc::clone(&self.search));
        let state = Arc::clone(&self.state);
        let thread = std::thread::Builder::new().name("iqdb-prepare".to_owned());
        match thread.spawn(move || state.work(&store, &*search)) {
            Ok(thread) => _ = self.thread.set(thread),
            Err(error) => {
                self.refused.store(refused + 1, Ordering::Relaxed);
                drop(one_at_a_time);
                self.state.tell(|| format!("no thread could be started: {error}"));
            }
        }
    }
}

impl State {
    /// Tells the program's log of a failure, once.
    fn tell(&self, what: impl FnOnce() -> String) {
        if !self.failed.swap(true, Ordering::Relaxed) {
            log::warn!(
                target: "iqdb",
                "what searches derive from the records is not made beforehand: {}", what()
            );
        }
    }

    fn told(&self, outcome: Result<(), Error>) {
        match outcome {
            Ok(()) => self.failed.store(false, Ordering::Relaxed),
            Err(error) => self.tell(|| error.to_string()),
        }
    }

    fn lock(&self) -> MutexGuard<'_, bool> {
        self.wanted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn ends(&self) -> bool {
        self.end.load(Ordering::Relaxed)
    }

    /// Until the end: waits for work, does it, rests.
    fn work(&self, store: &Weak<dyn Store>, search: &dyn Search) {
        loop {
            let asleep = self.changed.wait_while(self.lock(), |wanted| !*wanted && !self.ends());
            let mut wanted = asleep.unwrap_or_else(PoisonError::into_inner);
            if self.ends() {
                return;
            }
            *wanted = false;
            drop(wanted);
            // What can't be read now is an error of the search that reads it.
            let Some(store) = store.upgrade() else { return };
            let budget = Budget::new().with_cancel(&self.end);
            let prepared =
                store.snapshot().and_then(|snapshot| search.prepare(&*snapshot, budget, &mut ()));
            self.told(prepared.map(drop));
            drop(store);
            let rested = self.changed.wait_timeout_while(self.lock(), REST, |_| !self.ends());
            drop(rested.unwrap_or_else(PoisonError::into_inner));
        }
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        let thread = self.thread.take();
        if self.process != std::process::id() {
            // A forked child has the handle and not the thread, and what the thread had locked stays
            // locked here for ever.
            std::mem::forget(thread);
            return;
        }
        // Set under the lock, or the thread could miss it between its look and its sleep.
        let wanted = self.state.lock();
        self.state.end.store(true, Ordering::Relaxed);
        drop(wanted);
        self.state.changed.notify_one();
        if let Some(thread) = thread {
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
