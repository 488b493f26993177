//! Harnesses of the planted stores and searches.

use std::time::Duration;

use iqdb_conformance::naive::NaiveSearch;
use iqdb_conformance::{Allocated, Harness};

use crate::computing::ComputingStore;
use crate::defect::Defect;
use crate::log::LogPlace;
use crate::racing::RacingStore;
use crate::remote::PlantedRemoteStore;
use crate::search::PlantedSearch;
use crate::store::PlantedStore;

/// The planted store and search, or the store that the defect is in: with the defect, or none.
pub(crate) fn harness(defect: Option<Defect>) -> Harness {
    if defect.is_some_and(Defect::is_of_reopening) {
        return durable_harness(defect);
    }
    if defect.is_some_and(Defect::is_of_racing) {
        return racing_harness(defect);
    }
    if defect.is_some_and(Defect::is_of_computing) {
        return computing_harness(defect);
    }
    if defect.is_some_and(Defect::is_of_remotes) {
        return remote_harness(defect);
    }
    let store = move |schema| Ok(PlantedStore::new(schema, defect));
    let harness = Harness::new("planted", store, PlantedSearch { defect });
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

/// The store whose defects are in what core computes, with one or none.
pub(crate) fn computing_harness(defect: Option<Defect>) -> Harness {
    let store = move |schema| Ok(ComputingStore::new(schema, defect));
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
