//! Which backends are compiled in, and how one is chosen.

use std::fmt;
use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;

use iqdb_core::{Error, ErrorKind, Result, Schema, Search, Store};
#[cfg(feature = "file")]
use iqdb_file::FileStore;
use iqdb_search::IndexedSearch;

use crate::background::Background;
use crate::db::Iqdb;

/// A backend of iqdb. All of them exist in every build; [`available`](Self::available) says which
/// ones this build has the code of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Backend {
    /// `iqdb-arena`, the fast one, whose readers never wait: feature `arena`.
    Arena,
    /// `iqdb-file`, the durable one, in a directory: feature `file`.
    File,
    /// `iqdb-memory`, the reference: feature `memory`.
    Memory,
}

/// The backends that are compiled in, fastest first.
const AVAILABLE: &[Backend] = &[
    #[cfg(feature = "arena")]
    Backend::Arena,
    #[cfg(feature = "file")]
    Backend::File,
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
            Self::File => "file",
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
            #[cfg(feature = "file")]
            Self::File => {
                Err(Error::new(ErrorKind::NotSupported, "the file backend keeps nothing in memory")
                    .during("open")
                    .hint("use `open` or `create`, with a path"))
            }
            #[allow(unreachable_patterns)]
            missing => {
                drop(schema);
                Err(not_compiled_in(missing))
            }
        }
    }
}

fn not_compiled_in(missing: Backend) -> Error {
    let message = format!("the {missing} backend is not compiled in");
    Error::new(ErrorKind::NotSupported, message)
        .during("open")
        .hint(format!("enable the cargo feature `{missing}` of iqdb"))
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
            "file" => Ok(Self::File),
            "memory" => Ok(Self::Memory),
            _ => Err(Error::new(ErrorKind::NotSupported, "there is no such backend")
                .expected("arena, file or memory")
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
    background: Background,
    #[cfg(feature = "file")]
    file: iqdb_file::FileOptions,
}

/// How a directory is opened.
#[derive(Clone)]
#[cfg_attr(not(feature = "file"), allow(dead_code))]
enum Opening {
    Open,
    Create(Schema),
    OpenOrCreate(Schema),
    ReadOnly,
}

impl Builder {
    /// Pins the backend. The default is the fastest one compiled in.
    #[must_use]
    pub fn backend(mut self, backend: Backend) -> Self {
        self.backend = Some(backend);
        self
    }

    /// Answers queries with this search. The default is [`IndexedSearch`], which is exact unless a
    /// query gives that up.
    #[must_use]
    pub fn search(mut self, search: impl Search + 'static) -> Self {
        self.search = Some(Arc::new(search));
        self
    }

    /// What a thread of the database makes in the background. The default is all that searches want, on one
    /// core at most, at the lowest priority.
    #[must_use]
    pub fn background(mut self, background: Background) -> Self {
        self.background = background;
        self
    }

    /// Opens a new, empty database in memory.
    ///
    /// # Errors
    /// [`ErrorKind::NotSupported`] when the backend is not compiled in, or none is.
    pub fn open_in_memory(self, schema: Schema) -> Result<Iqdb> {
        let in_memory = AVAILABLE.iter().find(|backend| **backend != Backend::File);
        let Some(backend) = self.backend.or_else(|| in_memory.copied()) else {
            return Err(Error::new(ErrorKind::NotSupported, "no backend is compiled in")
                .during("open")
                .hint("enable a cargo feature of iqdb, such as `arena`"));
        };
        Ok(self.over(backend.create(schema)?))
    }

    /// When writes to a database in a directory are acknowledged. The default is when they are on the
    /// disk.
    #[cfg(feature = "file")]
    #[must_use]
    pub fn durability(mut self, durability: iqdb_file::Durability) -> Self {
        self.file = self.file.with_durability(durability);
        self
    }

    /// How the files of a database in a directory are read. The default is that they are mapped.
    #[cfg(feature = "file")]
    #[must_use]
    pub fn read_mode(mut self, read_mode: iqdb_file::ReadMode) -> Self {
        self.file = self.file.with_read_mode(read_mode);
        self
    }

    /// From how many bytes on a database in a directory keeps there what searches derive from it, such
    /// as codes: an eighth of the vectors' size more, and less to do after opening it. The default is
    /// 1 GiB.
    #[cfg(feature = "file")]
    #[must_use]
    pub fn keep_derived_from_bytes(mut self, bytes: u64) -> Self {
        self.file = self.file.with_derived_from_bytes(bytes);
        self
    }

    /// Opens the database in this directory.
    ///
    /// # Errors
    /// Those of [`Iqdb::open`].
    pub fn open(self, path: impl AsRef<Path>) -> Result<Iqdb> {
        self.in_directory(path.as_ref(), Opening::Open)
    }

    /// Makes a new, empty database in this directory.
    ///
    /// # Errors
    /// Those of [`Iqdb::create`].
    pub fn create(self, path: impl AsRef<Path>, schema: Schema) -> Result<Iqdb> {
        self.in_directory(path.as_ref(), Opening::Create(schema))
    }

    /// Opens the database in this directory, or makes it when there is none.
    ///
    /// # Errors
    /// Those of [`Iqdb::open_or_create`].
    pub fn open_or_create(self, path: impl AsRef<Path>, schema: Schema) -> Result<Iqdb> {
        self.in_directory(path.as_ref(), Opening::OpenOrCreate(schema))
    }

    /// Opens the database in this directory only to read it, beside other readers.
    ///
    /// # Errors
    /// Those of [`Iqdb::open_read_only`].
    pub fn open_read_only(self, path: impl AsRef<Path>) -> Result<Iqdb> {
        self.in_directory(path.as_ref(), Opening::ReadOnly)
    }

    #[cfg(feature = "file")]
    fn in_directory(self, path: &Path, opening: Opening) -> Result<Iqdb> {
        self.check_keeps_files()?;
        let options = &self.file;
        let store = match opening {
            Opening::Open => FileStore::open(path, options),
            Opening::Create(schema) => FileStore::create(path, schema, options),
            Opening::OpenOrCreate(schema) => FileStore::open_or_create(path, schema, options),
            Opening::ReadOnly => FileStore::open_read_only(path, options),
        }?;
        let search = self.search.unwrap_or_else(|| Arc::new(IndexedSearch::new()));
        Ok(Iqdb::over_file(store, search, self.background))
    }

    #[cfg(not(feature = "file"))]
    fn in_directory(self, _: &Path, _: Opening) -> Result<Iqdb> {
        self.check_keeps_files()?;
        Err(not_compiled_in(Backend::File))
    }

    fn check_keeps_files(&self) -> Result<()> {
        match self.backend {
            None | Some(Backend::File) => Ok(()),
            Some(backend) => {
                Err(Error::new(ErrorKind::NotSupported, "the backend keeps nothing in files")
                    .during("open")
                    .expected(Backend::File)
                    .found(backend)
                    .hint("leave out `backend`, or use `open_in_memory`"))
            }
        }
    }

    /// Opens a database over a store that the caller made.
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
        let search = self.search.unwrap_or_else(|| Arc::new(IndexedSearch::new()));
        Iqdb::new(store, search, self.background)
    }
}

/// The ways to open a database.
impl Iqdb {
    /// Opens a new, empty database in memory, on the fastest backend compiled in.
    ///
    /// # Errors
    /// [`ErrorKind::NotSupported`](crate::ErrorKind::NotSupported) when none is.
    pub fn open_in_memory(schema: Schema) -> Result<Self> {
        Builder::default().open_in_memory(schema)
    }

    /// Opens the database in this directory.
    ///
    /// ```no_run
    /// use iqdb::{Iqdb, Metric, Schema};
    ///
    /// let schema = Schema::new(384, Metric::Cosine)?;
    /// let db = Iqdb::open_or_create("words.iqdb", schema.clone())?;
    /// assert_eq!(db.schema(), schema);
    /// # Ok::<(), iqdb::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Io`](crate::ErrorKind::Io) when there is none or the system refuses;
    /// [`ErrorKind::Locked`](crate::ErrorKind::Locked) when another process or handle has it open;
    /// [`ErrorKind::Damaged`](crate::ErrorKind::Damaged) when its files are not what was written;
    /// [`ErrorKind::NotSupported`](crate::ErrorKind::NotSupported) when a later version of iqdb wrote
    /// them, or the cargo feature `file` is off.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        Builder::default().open(path)
    }

    /// Makes a new, empty database in this directory, which is made too.
    ///
    /// # Errors
    /// As [`open`](Self::open); [`ErrorKind::Io`](crate::ErrorKind::Io) when there is one already.
    pub fn create(path: impl AsRef<Path>, schema: Schema) -> Result<Self> {
        Builder::default().create(path, schema)
    }

    /// Opens the database in this directory, or makes it when there is none.
    ///
    /// # Errors
    /// As [`open`](Self::open); [`ErrorKind::InvalidSchema`](crate::ErrorKind::InvalidSchema) when it
    /// has another schema, unless that has the fields of this one and others that were added since.
    pub fn open_or_create(path: impl AsRef<Path>, schema: Schema) -> Result<Self> {
        Builder::default().open_or_create(path, schema)
    }

    /// Opens the database in this directory only to read it, beside other readers.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn open_read_only(path: impl AsRef<Path>) -> Result<Self> {
        Builder::default().open_read_only(path)
    }

    /// Opens a database with other choices than the default ones.
    #[must_use]
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// Opens a database over a store of one's own.
    #[must_use]
    pub fn with_store(store: impl Store) -> Self {
        Builder::default().over(Arc::new(store))
    }
}
