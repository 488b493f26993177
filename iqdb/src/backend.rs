//! Which backends are compiled in, and how one is chosen.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use iqdb_core::{Error, ErrorKind, Result, Schema, Search, Store};
use iqdb_search::ExactSearch;

use crate::Iqdb;

/// A backend of iqdb. All of them exist in every build; [`available`](Self::available) says which
/// ones this build has the code of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Backend {
    /// `iqdb-arena`, the fast one, whose readers never wait: feature `arena`.
    Arena,
    /// `iqdb-memory`, the reference: feature `memory`.
    Memory,
}

/// The in-memory backends that are compiled in, fastest first.
const AVAILABLE: &[Backend] = &[
    #[cfg(feature = "arena")]
    Backend::Arena,
    #[cfg(feature = "memory")]
    Backend::Memory,
];

impl Backend {
    /// The backends that are compiled in, fastest first.
    #[must_use]
    pub fn available() -> &'static [Self] {
        AVAILABLE
    }

    /// The name, which is also that of its cargo feature.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Arena => "arena",
            Self::Memory => "memory",
        }
    }

    /// A new, empty store.
    fn create(self, schema: Schema) -> Result<Arc<dyn Store>> {
        match self {
            #[cfg(feature = "arena")]
            Self::Arena => Ok(Arc::new(iqdb_arena::ArenaStore::new(schema))),
            #[cfg(feature = "memory")]
            Self::Memory => Ok(Arc::new(iqdb_memory::MemoryStore::new(schema))),
            #[allow(unreachable_patterns)]
            missing => {
                let _ = schema;
                Err(Error::new(
                    ErrorKind::NotSupported,
                    format!("the {missing} backend is not compiled in"),
                )
                .during("open")
                .hint(format!("enable the cargo feature `{missing}` of iqdb")))
            }
        }
    }
}

impl fmt::Display for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Backend {
    type Err = Error;

    /// Reads the name that [`as_str`](Self::as_str) gives, compiled in or not.
    ///
    /// # Errors
    /// [`ErrorKind::NotSupported`] for any other text.
    fn from_str(text: &str) -> Result<Self> {
        match text {
            "arena" => Ok(Self::Arena),
            "memory" => Ok(Self::Memory),
            _ => Err(Error::new(ErrorKind::NotSupported, "there is no such backend")
                .expected("arena or memory")
                .found(format_args!("{text:?}"))),
        }
    }
}

/// Opens an [`Iqdb`] with choices other than the default ones.
///
#[cfg_attr(feature = "memory", doc = "```")]
#[cfg_attr(not(feature = "memory"), doc = "```no_run")]
/// use iqdb::{Backend, Iqdb, Metric, Schema};
///
/// let db = Iqdb::builder().backend(Backend::Memory).open_in_memory(Schema::new(3, Metric::Dot)?)?;
/// assert!(db.is_empty()?);
/// # Ok::<(), iqdb::Error>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct Builder {
    backend: Option<Backend>,
    search: Option<Arc<dyn Search>>,
}

impl Builder {
    /// Pins the backend. The default is the fastest one compiled in.
    #[must_use]
    pub fn backend(mut self, backend: Backend) -> Self {
        self.backend = Some(backend);
        self
    }

    /// Answers queries with this search. The default is [`ExactSearch`].
    #[must_use]
    pub fn search(mut self, search: impl Search + 'static) -> Self {
        self.search = Some(Arc::new(search));
        self
    }

    /// Opens a new, empty database in memory.
    ///
    /// # Errors
    /// [`ErrorKind::NotSupported`] when the backend is not compiled in, or none is.
    pub fn open_in_memory(self, schema: Schema) -> Result<Iqdb> {
        let Some(backend) = self.backend.or_else(|| AVAILABLE.first().copied()) else {
            return Err(Error::new(ErrorKind::NotSupported, "no backend is compiled in")
                .during("open")
                .hint("enable a cargo feature of iqdb, such as `arena`"));
        };
        Ok(self.over(backend.create(schema)?))
    }

    /// Opens a database over a store that somebody else made.
    ///
    /// # Errors
    /// [`ErrorKind::NotSupported`] when a backend has been pinned as well: the store is one already.
    pub fn with_store(self, store: impl Store) -> Result<Iqdb> {
        match self.backend {
            None => Ok(self.over(Arc::new(store))),
            Some(backend) => {
                Err(Error::new(ErrorKind::NotSupported, "a store has a backend already")
                    .during("open")
                    .expected("a store or a backend")
                    .found(format_args!("a store and the {backend} backend"))
                    .hint("leave out `backend`"))
            }
        }
    }

    pub(crate) fn over(self, store: Arc<dyn Store>) -> Iqdb {
        Iqdb::new(store, self.search.unwrap_or_else(|| Arc::new(ExactSearch::new())))
    }
}
