//! The harness: the store under test and the search that reads it.
//!
//! It creates stores, and knows nothing about the contract.

use std::fmt;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use iqdb_core::{Limits, Result, Schema, Search, SearchExt, Store};

use crate::directory::{Directory, Open};
use crate::meter::{Allocated, Meter};
use crate::place::Place;
use crate::site::Site;

/// A backend under test: its name, how to make a store, and the search that reads it.
///
/// Cloning it copies a few pointers.
#[derive(Clone)]
pub struct Harness {
    name: Arc<str>,
    origin: Arc<Origin>,
    search: Arc<dyn Search>,
    questions: Arc<dyn SearchExt + Send + Sync>,
    time_limit: Duration,
    operations: usize,
    meter: Option<Meter>,
    process: Option<Arc<StartProcess>>,
    is_relaxed: bool,
}

/// The command that runs the case of this name in a process of its own.
type StartProcess = dyn Fn(&str) -> Command + Send + Sync;

/// The environment variable for the number of operations of the random histories in all. It
/// overrides [`Harness::with_operations`]. A thorough run has a million.
pub const OPERATIONS_VARIABLE: &str = "IQDB_CONFORMANCE_OPERATIONS";

enum Origin {
    Store(Box<dyn Fn(Schema) -> Result<Arc<dyn Store>> + Send + Sync>),
    Directory(Arc<Open>),
    Place(Box<dyn Fn(Schema) -> Result<Box<dyn Place>> + Send + Sync>),
}

impl Harness {
    /// The default time limit of a case, after which it counts as hanging. It grows in proportion
    /// with the operations beyond [`OPERATIONS`](Self::OPERATIONS).
    pub const TIME_LIMIT: Duration = Duration::from_secs(600);

    /// The default number of operations of the random histories in all.
    pub const OPERATIONS: usize = 100_000;

    /// A backend whose stores are gone when they are dropped. `create` makes a new, empty one each
    /// time.
    ///
    /// ```
    /// use iqdb_conformance::Harness;
    /// use iqdb_conformance::naive::{NaiveSearch, NaiveStore};
    ///
    /// let harness = Harness::new("naive", |schema| Ok(NaiveStore::new(schema)), NaiveSearch);
    /// assert_eq!(harness.name(), "naive");
    /// ```
    pub fn new<S: Store>(
        name: &str,
        create: impl Fn(Schema) -> Result<S> + Send + Sync + 'static,
        search: impl Search + 'static,
    ) -> Self {
        let create = move |schema| Ok(Arc::new(create(schema)?) as Arc<dyn Store>);
        Self::of(name, Origin::Store(Box::new(create)), search)
    }

    /// A durable backend that keeps its stores in files. `open` opens the store at a path, or creates
    /// it the first time, as a file or as a directory; it may make other files beside it.
    ///
    /// Each case has a temporary directory. Where a process is killed, the suite copies everything in
    /// it and opens the copy, so that a lock of the open handle is not in the way.
    ///
    /// ```
    /// # use std::path::Path;
    /// use iqdb_conformance::Harness;
    /// # use iqdb_conformance::naive::{NaiveSearch as ExactSearch, NaiveStore};
    /// # use iqdb_core::{Result, Schema};
    /// # struct MyStore;
    /// # impl MyStore {
    /// #     fn open(_: &Path, schema: Schema) -> Result<NaiveStore> {
    /// #         Ok(NaiveStore::new(schema))
    /// #     }
    /// # }
    ///
    /// let harness = Harness::in_directory("mine", MyStore::open, ExactSearch);
    /// ```
    pub fn in_directory<S: Store>(
        name: &str,
        open: impl Fn(&Path, Schema) -> Result<S> + Send + Sync + 'static,
        search: impl Search + 'static,
    ) -> Self {
        let open = move |path: &Path, schema| Ok(Arc::new(open(path, schema)?) as Arc<dyn Store>);
        Self::of(name, Origin::Directory(Arc::new(open)), search)
    }

    /// A durable backend that keeps its stores elsewhere than in files. `place` makes a new, empty
    /// place each time, and the suite opens, closes and reopens the store in it.
    ///
    /// This is a constructor and not an addition to [`new`](Self::new), because the place has to
    /// outlive the store.
    pub fn durable<P: Place>(
        name: &str,
        place: impl Fn(Schema) -> Result<P> + Send + Sync + 'static,
        search: impl Search + 'static,
    ) -> Self {
        let place = move |schema| Ok(Box::new(place(schema)?) as Box<dyn Place>);
        Self::of(name, Origin::Place(Box::new(place)), search)
    }

    fn of(name: &str, origin: Origin, search: impl Search + 'static) -> Self {
        let search: Arc<dyn Search> = Arc::new(search);
        Self {
            name: name.into(),
            origin: Arc::new(origin),
            questions: Arc::new(Arc::clone(&search)),
            search,
            time_limit: Self::TIME_LIMIT,
            operations: Self::OPERATIONS,
            meter: None,
            process: None,
            is_relaxed: false,
        }
    }

    /// The harness with another limit on the time that one case takes: longer for a slow machine
    /// or a sanitizer.
    #[must_use]
    pub fn with_time_limit(mut self, time_limit: Duration) -> Self {
        self.time_limit = time_limit;
        self
    }

    /// The harness with another number of operations in its random histories: fewer where the
    /// suite is run thousands of times, as for mutants.
    #[must_use]
    pub fn with_operations(mut self, operations: usize) -> Self {
        self.operations = operations;
        self
    }

    /// The harness whose questions of [`SearchExt`] are answered otherwise than by searches: by an engine
    /// that fuses its hits itself, say.
    #[must_use]
    pub fn with_questions(mut self, questions: impl SearchExt + Send + Sync + 'static) -> Self {
        self.questions = Arc::new(questions);
        self
    }

    /// The harness with a meter of what a call allocates on its thread, without which the bounds of
    /// memory are reported as `n/a`. The `allocation-counter` crate makes it a line:
    ///
    /// ```
    /// use iqdb_conformance::naive::{NaiveSearch, NaiveStore};
    /// use iqdb_conformance::{Allocated, Harness};
    ///
    /// let harness = Harness::new("naive", |schema| Ok(NaiveStore::new(schema)), NaiveSearch)
    ///     .with_allocation_meter(|run| {
    ///         let cost = allocation_counter::measure(run);
    ///         Allocated { total_bytes: cost.bytes_total, peak_bytes: cost.bytes_max }
    ///     });
    /// ```
    #[must_use]
    pub fn with_allocation_meter(mut self, meter: fn(&mut dyn FnMut()) -> Allocated) -> Self {
        self.meter = Some(Meter(meter));
        self
    }

    /// The harness with the command that runs one of its cases, by its full name, in a process of its own:
    /// a program that calls [`run_case`](crate::run_case) with this harness and that name. The suite kills
    /// it in the middle of a write. [`conformance_tests!`](crate::conformance_tests) sets one: its own test
    /// of the case.
    #[must_use]
    pub fn with_process(
        mut self,
        command: impl Fn(&str) -> Command + Send + Sync + 'static,
    ) -> Self {
        self.process = Some(Arc::new(command));
        self
    }

    /// The harness of stores that are opened so that acknowledged writes outlive the process, and a power
    /// cut only once they are flushed. What a power cut leaves is not tested.
    #[must_use]
    pub fn with_relaxed_durability(mut self) -> Self {
        self.is_relaxed = true;
        self
    }

    /// Whether a power cut may take what was acknowledged.
    pub(crate) fn is_relaxed(&self) -> bool {
        self.is_relaxed
    }

    /// The harness whose cases are tests of this binary below a module, unless it has a command already.
    #[doc(hidden)]
    #[must_use]
    pub fn with_tests_in(self, module: &'static str) -> Self {
        if self.process.is_some() {
            return self;
        }
        self.with_process(move |case| {
            // The name of a test begins below its crate.
            let within = module.split_once("::").map(|(_, within)| format!("{within}::"));
            let test = format!("{}{case}", within.unwrap_or_default());
            let mut command = Command::new(std::env::current_exe().unwrap_or_default());
            command.args(["--exact", &test, "--nocapture"]);
            command
        })
    }

    /// The command that runs a case in a process of its own, if the harness has one.
    pub(crate) fn process_of(&self, case: &str) -> Option<Command> {
        self.process.as_ref().map(|command| command(case))
    }

    /// How the store at a path is opened, where the stores are in files.
    pub(crate) fn opens(&self) -> Option<Arc<Open>> {
        match &*self.origin {
            Origin::Directory(open) => Some(Arc::clone(open)),
            _ => None,
        }
    }

    /// Runs the function once. Returns what it allocated, if the harness has a meter.
    pub(crate) fn measure(&self, run: &mut dyn FnMut()) -> Option<Allocated> {
        if let Some(Meter(measure)) = self.meter {
            return Some(measure(run));
        }
        run();
        None
    }

    /// The name of the backend in reports.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The search that the stores are read with.
    #[must_use]
    pub fn search(&self) -> &dyn Search {
        &*self.search
    }

    /// What answers the questions that take more than one search.
    #[must_use]
    pub fn questions(&self) -> &dyn SearchExt {
        &*self.questions
    }

    /// The time limit of a case, after which it counts as hanging.
    #[must_use]
    pub fn time_limit(&self) -> Duration {
        let times = self.operations().div_ceil(Self::OPERATIONS).max(1);
        self.time_limit.saturating_mul(u32::try_from(times).unwrap_or(u32::MAX))
    }

    /// The number of operations of the random histories in all.
    ///
    /// # Panics
    /// When [`OPERATIONS_VARIABLE`] isn't a number.
    #[must_use]
    pub fn operations(&self) -> usize {
        match std::env::var(OPERATIONS_VARIABLE) {
            Ok(text) => text.parse().unwrap_or_else(|error| {
                panic!("{OPERATIONS_VARIABLE} is {text:?}, which is no number: {error}")
            }),
            Err(_) => self.operations,
        }
    }

    /// What the backend's stores can hold, as one without fields says: every backend holds that.
    pub(crate) fn limits(&self) -> Result<Limits> {
        Ok(self.create(&Schema::builder().build()?)?.capabilities().limits())
    }

    /// A new, empty store.
    ///
    /// # Errors
    /// Any error of the backend.
    pub fn create(&self, schema: &Schema) -> Result<Site> {
        match &*self.origin {
            Origin::Store(create) => Ok(Site::new(create(schema.clone())?, None)),
            Origin::Directory(open) => {
                let place = Directory::new(schema.clone(), Arc::clone(open))?;
                Ok(Site::new(place.open()?, Some(Box::new(place))))
            }
            Origin::Place(place) => {
                let place = place(schema.clone())?;
                Ok(Site::new(place.open()?, Some(place)))
            }
        }
    }
}

impl fmt::Debug for Harness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Harness")
            .field("name", &self.name)
            .field("search", &self.search)
            .field("durable", &!matches!(*self.origin, Origin::Store(_)))
            .finish_non_exhaustive()
    }
}
