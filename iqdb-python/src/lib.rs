//! The Python package `iqdb`: the facade crate for Python, and nothing that the facade can't do.
//!
//! What a caller passes is copied while the interpreter is held, and worked on without it. The package
//! keeps no state between calls but what its objects hold.

mod aggregates;
mod apart;
mod arguments;
mod arrays;
mod cancel;
mod database;
mod errors;
mod explain;
mod filters;
mod hits;
mod ids;
mod interrupt;
mod maintenance;
mod opening;
mod records;
mod schema;
mod scroll;
mod search;
mod snapshot;
mod upsert;
mod values;
mod vectors;
mod writing;

use pyo3::prelude::*;

/// The part of the package `iqdb` that is written in Rust.
#[pymodule(gil_used = false)]
mod _iqdb {
    #[pymodule_export]
    use crate::{
        cancel::Cancel,
        database::Database,
        explain::{Applied, Explain},
        filters::{Filter, Key, has, id_in, key},
        hits::{Hit, SearchResult},
        opening::{memory, open},
        records::Record,
        schema::{Field, Schema},
        scroll::Scroll,
        snapshot::Snapshot,
    };
}
