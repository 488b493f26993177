//! The slowest correct store and search.
//!
//! A crate with only a search tests it over [`NaiveStore`], one with only a store tests it with
//! [`NaiveSearch`]. The layout of the store is awkward on purpose: blocks of a few rows, rows with
//! padding, dead rows in the middle, seals that outlive many versions. A search meets here with a
//! hundred rows the layouts that a fast backend has with a million.
//!
//! The suite runs on them itself, in `tests/naive.rs`. Neither is the oracle: that is
//! [`Model`](crate::Model).

mod chunk;
mod column;
mod feed;
mod index;
mod maintenance;
mod search;
mod store;

pub use index::NaiveIndex;
pub use search::NaiveSearch;
pub use store::{NaiveSnapshot, NaiveStore};
