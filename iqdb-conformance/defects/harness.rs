//! Harnesses of the planted stores and searches.

use std::path::Path;
use std::time::Duration;

use iqdb_conformance::naive::NaiveSearch;
use iqdb_conformance::{Allocated, Harness};

use crate::asked::{self, PlantedQuestions};
use crate::cached::CachedStore;
use crate::defect::{Defect, Planted};
use crate::files::{self, FilesStore};
use crate::log::LogPlace;
use crate::map_store::MapStore;
use crate::racing::RacingStore;
use crate::remote::PlantedRemoteStore;
use crate::search::PlantedSearch;
use crate::store::PlantedStore;

/// The planted store and search, or the store that the defect is in: with the defect, or none.
pub(crate) fn harness(defect: Option<Defect>) -> Harness {
    match defect.map_or(Planted::Store, Defect::planted) {
        Planted::Store => store_harness(defect),
        Planted::Map => map_harness(defect),
        Planted::Log => durable_harness(defect),
        Planted::Files => files_harness(defect),
        Planted::Racing => racing_harness(defect),
        Planted::Cached => cached_harness(defect),
        Planted::Remote => remote_harness(defect),
    }
}

/// The naive store and search, with a defect or none.
fn store_harness(defect: Option<Defect>) -> Harness {
    let store = move |schema| Ok(PlantedStore::new(schema, defect));
    let harness = Harness::new("planted", store, PlantedSearch { defect });
    let harness = match defect.is_none_or(asked::is_of_questions) {
        true => harness.with_questions(PlantedQuestions(defect)),
        false => harness,
    };
    limited(harness).with_time_limit(Duration::from_secs(match defect {
        // Only a planted deadlock takes longer.
        Some(Defect::FlushHangs | Defect::APanicWedges) => 2,
        _ => 120,
    }))
}

/// The durable store, with a defect or none.
pub(crate) fn durable_harness(defect: Option<Defect>) -> Harness {
    let place = move |schema| Ok(LogPlace::new(schema, defect));
    limited(Harness::durable("planted", place, PlantedSearch { defect: None }))
}

/// The store in files, with a defect or none.
pub(crate) fn files_harness(defect: Option<Defect>) -> Harness {
    let open = move |path: &Path, schema| FilesStore::open(path, schema, defect);
    let harness = Harness::in_directory("planted", open, NaiveSearch);
    limited(harness.with_process(move |case| files::process(defect, case)))
}

/// The store that sends candidates, with a defect or none.
pub(crate) fn remote_harness(defect: Option<Defect>) -> Harness {
    let store = move |schema| Ok(PlantedRemoteStore::new(schema, defect));
    limited(Harness::new("planted", store, NaiveSearch))
}

/// The store whose defects are races, with one or none.
pub(crate) fn racing_harness(defect: Option<Defect>) -> Harness {
    let store = move |schema| Ok(RacingStore::new(schema, defect));
    limited(Harness::new("planted", store, NaiveSearch))
}

/// The store of records in a map, with a defect or none.
pub(crate) fn map_harness(defect: Option<Defect>) -> Harness {
    let store = move |schema| Ok(MapStore::new(schema, defect));
    limited(Harness::new("planted", store, PlantedSearch { defect }))
}

/// The store that promises wait-free reads, with a defect or none.
pub(crate) fn cached_harness(defect: Option<Defect>) -> Harness {
    let store = move |schema| CachedStore::new(schema, defect);
    limited(Harness::new("planted", store, NaiveSearch))
}

/// As many operations as the histories need to catch the defects planted for them.
fn limited(harness: Harness) -> Harness {
    metered(harness).with_operations(3_000)
}

/// The harness with an allocation meter.
pub(crate) fn metered(harness: Harness) -> Harness {
    harness.with_allocation_meter(|run| {
        let cost = allocation_counter::measure(run);
        Allocated { total_bytes: cost.bytes_total, peak_bytes: cost.bytes_max }
    })
}
