//! The contract of iqdb, an embedded vector database.
//!
//! Everything in iqdb depends on this crate and this crate on nothing of it: the vocabulary
//! ([`Record`], [`Vector`], [`Payload`], [`Metric`], …), what a backend is ([`Store`],
//! [`Snapshot`], [`Block`]), what a search is ([`Search`], [`Query`], [`Hits`]), what a filter is
//! ([`Filter`]), and the one [`Error`].
//!
//! It does no I/O, starts no threads and has no unsafe code. Nothing that reads takes a lock: only
//! replacing a value on the [`Shelf`] does.
//!
//! Most users want the `iqdb` crate, which puts a backend and a search behind one handle. The
//! author of a backend implements [`Store`] and proves it with `iqdb-conformance`: the bullets in
//! the documentation of the traits are the contract, and each one names its conformance case.
//!
//! # Serde
//! With the feature `serde` every data type has a stable representation. What is read is checked as
//! strictly as what is built in code: nothing empty, oversized, or not finite comes in.
//!
//! | type | in JSON and other formats that people read |
//! |---|---|
//! | [`RecordId`] | `7`, `"doc-42"`, `{"uuid": "67e55044-10b1-426f-9247-bb680e5fe0c8"}` |
//! | [`Vector`] | `[0.5, 1.0]`, `{"f16": […]}`, `{"bf16": […]}`, `{"i8": […]}`, `{"binary": {"dim": 9, "bytes": […]}}`, `{"sparse": {"indices": […], "weights": […]}}` |
//! | [`Value`] | `null`, `true`, `7`, `7.5`, `"text"`, `["a", 1]`, `{"a": 1}`, `{"$date": "2025-01-31T10:00:00Z"}` |
//! | [`DateTime`] | `"2025-01-31T10:00:00Z"` |
//! | [`Payload`] | `{"lang": "en", "year": 2024}` |
//! | [`Record`] | `{"id": 1, "vector": [0.5, 1.0], "vectors": {"image": […]}, "payload": {}}`; all but the id may be left out |
//! | [`Schema`] | `{"fields": [{"name": "vector", "kind": {"dense": {"dim": 384, "metric": "cosine", "element": "f32"}}}]}` |
//! | [`Change`] | `{"upsert": …}`, `{"delete": 1}`, `{"set_payload": [1, {}]}`, `{"insert": …}`, `{"insert_if_absent": …}`, `{"delete_where": "year < 2000"}`, `{"set_vectors": [1, [["image", null]]]}`, `{"merge_payload": [1, {"lang": null}]}`, `{"upsert_rows": …}` |
//! | [`Batch`] | `{"changes": […], "expected_version": null}`; the version may be left out |
//! | [`Applied`] | `{"version": 3, "inserted": 1, "replaced": 0, …}` |
//! | [`Hit`] | `{"id": 1, "distance": 0.5, "payload": null, "vector": null}` |
//! | [`Filter`] | its text, `"lang = \"en\""` |
//!
//! In formats that don't describe themselves, ids and values are enums of their kinds, in the order
//! of their declaration. A float comes back bit for bit only if the format reads floats exactly
//! (`serde_json` does with its feature `float_roundtrip`).

#![forbid(unsafe_code)]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::cast_possible_truncation))]

mod accuracy;
mod batch;
mod block;
mod budget;
mod capabilities;
mod column;
mod column_buf;
mod computation;
mod computed;
mod computed_column;
mod date_time;
mod derived;
pub mod distance;
mod diversity;
mod element;
mod error;
mod examples;
mod explain;
mod exponential;
mod feed;
mod field;
pub mod filter;
mod fusion;
mod grouping;
mod hits;
mod id;
mod layout;
pub mod limits;
mod lineage;
mod maintenance;
mod mask;
mod merge;
mod metric;
mod path;
mod payload;
mod progress;
mod query;
mod quoted;
mod readable;
mod reading;
mod record;
mod record_ref;
mod remote;
pub mod rerank;
mod rows;
mod rows_ref;
mod rows_snapshot;
mod schema;
mod scratch;
mod seal;
mod seal_id;
mod search;
mod search_ext;
mod shelf;
mod sidecar;
mod snapshot;
mod snapshot_ext;
mod source;
mod store;
mod stored_record;
pub mod text;
mod value;
mod vector;
mod version;
mod words;

pub use accuracy::{Accuracy, Verdict};
pub use batch::{Applied, Batch, Change, Effect, NamedVector, Resolved, State};
pub use block::Block;
pub use budget::Budget;
pub use capabilities::{Capabilities, Limits};
pub use column::{Column, VectorColumn};
pub use column_buf::{ColumnBuf, Components};
pub use computation::Computation;
pub use computed::Computed;
pub use date_time::DateTime;
pub use derived::DerivedCell;
pub use diversity::{Diversity, Reranked};
pub use element::{Element, Number};
pub use error::{Error, ErrorKind, Location, Result};
pub use examples::Examples;
pub use explain::Explain;
pub use feed::{Changes, Feed, Position};
pub use field::{Field, FieldId, FieldKind};
pub use filter::{Filter, Predicate};
pub use fusion::{Fused, FusedHit, Fusion, PartHit};
pub use grouping::{Group, Grouped, Grouping};
pub use half::{bf16, f16};
pub use hits::{Hit, HitRef, Hits, HitsIter, IntoHits};
pub use id::{IdRef, RecordId};
pub use layout::Layout;
pub use lineage::{Birthplace, Lineage, LineageRun};
pub use maintenance::{Maintenance, Verified};
pub use mask::{Narrow, RowMask};
pub use merge::merge_patch;
pub use metric::Metric;
pub use path::{Path, Step};
pub use payload::{Payload, PayloadColumns, PayloadRef};
pub use progress::Progress;
pub use query::{Goal, Input, Plan, Query};
pub use reading::{Aggregate, Aggregated, Cursor, Direction, Page};
pub use record::Record;
pub use record_ref::RecordRef;
pub use remote::{CandidateRequest, Candidates, Remote, Rest, search_remote};
pub use rerank::{Curve, Decay, Expression, Origin, Quantity, Rerank, Scored, ScoredHit, Term};
pub use rows::{IdColumn, Parts, Rows};
pub use rows_ref::{ByteRows, Csr, Matrix, RowsRef};
pub use rows_snapshot::RowsSnapshot;
pub use schema::{Schema, SchemaBuilder};
pub use scratch::Scratch;
pub use seal::{LineageSource, Seal};
pub use seal_id::SealId;
pub use search::Search;
pub use search_ext::SearchExt;
pub use shelf::Shelf;
pub use sidecar::{SavedBytes, Sidecar};
pub use snapshot::{Blocks, Snapshot, aggregate_blocks, get_each, scroll_blocks};
pub use snapshot_ext::{Records, SnapshotExt};
pub use source::BlockSource;
pub use store::{Store, StoreExt};
pub use stored_record::StoredRecord;
pub use text::Analyzer;
pub use uuid::Uuid;
pub use value::{List, ListRef, Map, MapRef, Value, ValueRef};
pub use vector::{Bits, BitsRef, Dense, DenseRef, Sparse, SparseRef, Vector, VectorRef};
pub use version::Version;

#[cfg(test)]
use value::tests as value_tests;
