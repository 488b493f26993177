//! The slowest correct store and search.
//!
//! For a crate with only one of the two: it puts a search to the test over [`NaiveStore`], a store
//! with [`NaiveSearch`]. The store is awkward on purpose: blocks of a few rows, rows with padding,
//! dead rows in the middle, seals that outlive many versions. What a search may stumble over in a
//! fast backend with a million rows, it meets here with a hundred.
//!
//! The suite runs on them itself, in `tests/naive.rs`. Neither is the oracle: that is
//! [`Model`](crate::Model).

mod chunk;
mod search;
mod store;

pub use search::NaiveSearch;
pub use store::{NaiveSnapshot, NaiveStore};
