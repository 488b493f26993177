//! The one thread that makes what searches keep with sealed blocks, while all other threads go on. It has
//! the lowest priority, works no more than it may, and builds no index before one is asked for.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use iqdb_core::{Budget, Error, Search, Store};

/// How long it rests before it looks for new blocks again, however often it is woken.
const REST: Duration = Duration::from_millis(5);

/// What a database makes in the background: codes and norms of sealed blocks after writes, and an index once
/// a query has asked for a recall or [`Iqdb::build_index`](crate::Iqdb::build_index) was called.
///
/// It is one thread, at the lowest priority that the system has: on Linux, niceness 19. Elsewhere it has that
/// of the thread that started it. The thread starts with the first write or search that it is for, and ends
/// with the last handle. No query waits for it: what isn't made yet is answered by a scan.
///
#[cfg_attr(any(feature = "arena", feature = "memory"), doc = "```")]
#[cfg_attr(not(any(feature = "arena", feature = "memory")), doc = "```no_run")]
/// use iqdb::{Background, Iqdb, Metric, Schema};
///
/// let quarter = Background::Budget { percent: 25 };
/// let db = Iqdb::builder().background(quarter).open_in_memory(Schema::new(3, Metric::Dot)?)?;
/// # drop(db);
/// let db = Iqdb::builder().background(Background::Off).open_in_memory(Schema::new(3, Metric::Dot)?)?;
/// db.prepare()?;
/// # Ok::<(), iqdb::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Background {
    /// No thread is started. [`Iqdb::prepare`](crate::Iqdb::prepare) and
    /// [`Iqdb::build_index`](crate::Iqdb::build_index) do its work where they are called.
    Off,
    /// The thread works for at most this share of the time, and rests otherwise.
    Budget {
        /// Of one core, from 1 to 100; what is outside counts as the nearer of the two. It is kept over
        /// times of some hundredths of the work.
        percent: u8,
    },
}

impl Default for Background {
    /// A core at most, which other threads take precedence on.
    fn default() -> Self {
        Self::Budget { percent: 100 }
    }
}

/// It doesn't rest for less than this.
const REST_MIN: Duration = Duration::from_millis(1);

/// Starts with the first write and ends with the last handle.
pub(crate) struct BackgroundThread {
    is_on: bool,
    store: Arc<dyn Store>,
    search: Arc<dyn Search>,
    state: Arc<State>,
    thread: OnceLock<JoinHandle<()>>,
    /// How often the thread could not be started.
    refused: AtomicU64,
    /// The process whose thread it is: a forked child has none.
    process: u32,
}

struct State {
    /// The share of the time that it may work.
    percent: u32,
    /// Whether there has been a write since it last looked.
    wanted: Mutex<bool>,
    changed: Condvar,
    /// The last handle is gone.
    end: AtomicBool,
    /// A failure has been told, and nothing has succeeded since.
    failed: AtomicBool,
}

impl BackgroundThread {
    pub(crate) fn new(
        store: Arc<dyn Store>,
        search: Arc<dyn Search>,
        background: Background,
    ) -> Self {
        let (is_on, percent) = match background {
            Background::Off => (false, 100),
            Background::Budget { percent } => (true, u32::from(percent.clamp(1, 100))),
        };
        let (state, thread) = (Arc::new(State::new(percent)), OnceLock::new());
        let (refused, process) = (AtomicU64::new(0), std::process::id());
        Self { is_on, store, search, state, thread, refused, process }
    }

    /// There may be something to do. Returns at once.
    pub(crate) fn wake(&self) {
        if !self.is_on || self.process != std::process::id() {
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

impl BackgroundThread {
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
    fn new(percent: u32) -> Self {
        let (wanted, changed) = (Mutex::new(false), Condvar::new());
        let (end, failed) = (AtomicBool::new(false), AtomicBool::new(false));
        Self { percent, wanted, changed, end, failed }
    }

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
        lower_priority();
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
            let mut since = Instant::now();
            let mut progress = |_, _| {
                let rest = since.elapsed() * (100 - self.percent) / self.percent;
                if rest >= REST_MIN {
                    self.rest(rest);
                    since = Instant::now();
                }
            };
            let prepared = store
                .snapshot()
                .and_then(|snapshot| search.prepare(&*snapshot, budget, &mut progress));
            self.told(prepared.map(drop));
            drop(store);
            self.rest(REST);
        }
    }

    /// Sleeps, but not beyond the end.
    fn rest(&self, time: Duration) {
        let rested = self.changed.wait_timeout_while(self.lock(), time, |_| !self.ends());
        drop(rested.unwrap_or_else(PoisonError::into_inner));
    }
}

/// Gives the calling thread the lowest priority, where the system has priorities of threads. A system that
/// refuses leaves it as it is.
fn lower_priority() {
    #[cfg(target_os = "linux")]
    let _ = rustix::process::setpriority_process(None, 19);
}

impl Drop for BackgroundThread {
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

impl fmt::Debug for BackgroundThread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BackgroundThread")
    }
}
