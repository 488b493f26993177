//! iqdb, an embedded vector database: in your process, no daemon, no network hop.
//!
#![cfg_attr(any(feature = "arena", feature = "memory"), doc = "```")]
#![cfg_attr(not(any(feature = "arena", feature = "memory")), doc = "```no_run")]
//! use iqdb::{Iqdb, Metric, Record, Schema};
//!
//! fn main() -> iqdb::Result<()> {
//!     let db = Iqdb::open_in_memory(Schema::new(3, Metric::Cosine)?)?;
//!     db.upsert(Record::new(1, [1.0, 0.0, 0.0])?)?;
//!     db.upsert(Record::new("b", [0.9, 0.1, 0.0])?.with("lang", "en"))?;
//!     for hit in db.search([1.0, 0.0, 0.0], 2)? {
//!         println!("{} {:.3}", hit.id, hit.distance);
//!     }
//!     Ok(())
//! }
//! ```
//!
//! [`Iqdb`] is the handle: cheap to clone, shared between threads, the same for every backend. A
//! backend is chosen by a cargo feature and, where there are several, by
//! [`Builder::backend`]; a caller with a [`Store`] of its own hands it to [`Iqdb::with_store`].
//!
//! | feature | what it adds |
//! |---|---|
//! | `arena` (default) | the fast backend in memory: readers never wait |
//! | `file` (default) | the durable backend: a directory that outlives its process |
//! | `memory` | the reference backend: simple, in memory, for a few thousand records |
//! | `serde` | `Serialize` and `Deserialize` for every data type |
//! | `stemming` | text fields by the stems of a language: the analyzers `english/1` and `german/1` |
//!
//! The vocabulary ([`Record`], [`Filter`], [`Query`], [`Metric`], …) is that of `iqdb-core`,
//! re-exported here. Answers are exact, unless a query asks for less ([`Accuracy`]): see [`Metric`] for what a
//! distance is, bit for bit.

#![forbid(unsafe_code)]
#![cfg_attr(test, allow(clippy::unwrap_used))]

/// Compiles and runs the README's examples.
#[cfg(all(doctest, any(feature = "arena", feature = "memory"), feature = "file"))]
#[doc = include_str!("../../README.md")]
pub struct Readme;

/// Compiles and runs the guide's examples.
#[cfg(all(doctest, any(feature = "arena", feature = "memory")))]
#[doc = include_str!("../../docs/approximate-search.md")]
pub struct ApproximateSearch;

/// Compiles and runs the guide's examples.
#[cfg(all(doctest, any(feature = "arena", feature = "memory")))]
#[doc = include_str!("../../docs/hybrid-search.md")]
pub struct HybridSearch;

mod aggregates;
mod asking;
mod backend;
mod background;
mod condition;
mod db;
mod further;
mod hybrid;
mod query;
mod scroll;
mod writing;

pub use backend::{Backend, Builder};
pub use background::Background;
pub use db::Iqdb;
pub use hybrid::HybridBuilder;
pub use query::QueryBuilder;
pub use scroll::{Scroll, ScrollPage};

pub use iqdb_core::{
    Accuracy, Aggregate, Aggregated, Analyzer, Applied, Batch, Bits, BitsRef, Budget, Capabilities,
    Change, Computation, Cursor, Curve, DateTime, Decay, Dense, DenseRef, Direction, Diversity,
    Element, Error, ErrorKind, Examples, Explain, Expression, Field, FieldId, FieldKind, Filter,
    Fused, FusedHit, Fusion, Goal, Group, Grouped, Grouping, Hit, HitRef, Hits, HitsIter, IdRef,
    Input, IntoHits, Limits, List, ListRef, Location, Maintenance, Map, Metric, NamedVector,
    Number, Origin, Page, PartHit, Parts, Path, Payload, PayloadRef, Plan, Predicate, Progress,
    Quantity, Query, Record, RecordId, RecordRef, Records, Rerank, Reranked, Result, Rows, Schema,
    SchemaBuilder, Scored, ScoredHit, Scratch, Search, SearchExt, Snapshot, SnapshotExt, Sparse,
    SparseRef, Store, StoreExt, Term, Uuid, Value, ValueRef, Vector, VectorRef, Verdict, Verified,
    Version, bf16, distance, f16, filter, limits, rerank, text,
};

/// What the author of a backend or of a search implements and uses besides [`Store`],
/// [`Snapshot`] and [`Search`].
pub mod storage {
    pub use iqdb_core::{
        Birthplace, Block, BlockSource, Blocks, ByteRows, CandidateRequest, Candidates, Column,
        ColumnBuf, Components, Computed, Csr, DerivedCell, Effect, IdColumn, Layout, Lineage,
        LineageRun, LineageSource, Matrix, Narrow, PayloadColumns, Progress, Remote, Resolved,
        Rest, RowMask, RowsRef, RowsSnapshot, SavedBytes, Seal, SealId, Shelf, Sidecar, State,
        StoredRecord, VectorColumn, aggregate_blocks, get_each, scroll_blocks, search_remote,
    };
}

#[cfg(feature = "file")]
pub use iqdb_file::{Durability, FileStats, LockedBy, ReadMode};
pub use iqdb_search::{ExactSearch, IndexStats, IndexedSearch, Kernel};
