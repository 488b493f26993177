//! The approximate index: clusters of rows, and codes of one and of four bits.
//!
//! # The idea
//! Rows that are near each other are in one cluster. A query scans the clusters whose centres are
//! nearest to it: by one-bit codes, 32 rows at a time, which leaves some tens of rows; those by
//! four-bit codes, which leaves a dozen; and those by the canonical distance. What a search may miss is
//! in clusters that it doesn't scan, or was ruled out by a code: it never invents a hit.
//!
//! # The algorithm
//! ```text
//! build:  centres of clusters by k-means over a sample                       k_means
//!         or centres and codes of an older run                               merge
//!         each row into its nearest cluster and a second one                 k_means
//!         its 4-bit code, and a 1-bit code in each of its clusters           four_bit, one_bit
//!         for each effort, the recall that it reaches on sampled rows        calibrate
//! query:  as a rotated point, and its codes                                  space, query
//!         the effort that reaches the recall asked for                       efforts
//!         with a filter: the cheapest of clusters, matches and a scan        matches, plan
//!         clusters, rows by one bit, rows by four bits                       probe
//!         where rows are in this snapshot; whether they are alive            placement
//!         canonical distances; an exact scan of what the run lacks           answer
//! ```
//! A [`Run`](run::Run) knows its rows by their birthplaces, so it serves every snapshot of a store,
//! earlier and later ones: rows that have moved are found by lineage, rows that it lacks are scanned.
//!
//! # The tricks
//! - *Second assignments.* A row near the border of its cluster is also in another one, chosen so that
//!   queries that miss the first find it there: half the clusters for the same recall.
//! - *One table for all clusters.* A code is of the difference to the centre, but the centre's part of
//!   the inner product is a constant of the row, so the query's table serves every cluster.
//! - *The same bits everywhere.* Sums are integers, and steps in `f32` have a fixed order, so that an
//!   answer is a function of the snapshot, the query and the run's epoch.
//!
//! # Source
//! Gao and Long, *`RaBitQ`: quantizing high-dimensional vectors with a theoretical error bound for
//! approximate nearest neighbor search* (SIGMOD 2024); Sun et al., *SOAR* (`NeurIPS` 2023); André,
//! Kermarrec and Le Scouarnec, *Cache locality is not enough: high-performance nearest neighbor search
//! with product quantization fast scan* (VLDB 2015).

mod answer;
mod births;
mod build;
mod calibrate;
mod centroids;
mod efforts;
mod four_bit;
mod hash;
mod index;
mod k_means;
mod kernels;
mod matches;
mod memory;
mod merge;
mod nearest;
mod one_bit;
mod placement;
mod plan;
mod probe;
mod query;
mod random;
mod run;
mod saved;
mod source;
mod space;

pub(crate) use answer::IndexScratch;
pub use index::IndexStats;
pub(crate) use index::{Answer, FieldIndex};
pub(crate) use kernels::Kernels;
