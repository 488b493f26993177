//! `schema`, `capabilities` and `flush` of a store.

use std::sync::atomic::AtomicBool;
use std::time::Instant;

use iqdb_core::limits::DIM_MAX;
use iqdb_core::{Batch, Budget, ErrorKind, Field, Metric, Record, Result, Schema, Store, StoreExt};

use super::added_fields;
use crate::check::exact::assert_is;
use crate::check::refusal::assert_refused;
use crate::differential::Differential;
use crate::generate::corpus::{self, Distribution};
use crate::{Harness, Outcome};

pub(super) fn schema_is_the_one_it_was_made_with(harness: &Harness) -> Result<Outcome> {
    for metric in Metric::OF_NUMBERS {
        for dim in [1, 2, 3, 7, 8, 9, 17, 384, DIM_MAX] {
            let schema = Schema::new(dim, metric)?;
            let records = corpus::records(&schema, 2, Distribution::Smooth, 1)?;
            let mut pair = Differential::of(harness, &schema, records)?;
            assert_is!(pair.site.schema(), schema, "the schema");
            pair.check()?;
            if pair.site.reopens() {
                pair.site.reopen()?;
                assert_is!(pair.site.schema(), schema, "the schema of the reopened store");
            }
        }
    }
    Ok(Outcome::Kept)
}

pub(super) fn capabilities_never_change(harness: &Harness) -> Result<Outcome> {
    let schema = Schema::new(2, Metric::Dot)?;
    let mut site = harness.create(&schema)?;
    let promised = site.capabilities();
    assert_is!(
        promised.durable(),
        site.reopens(),
        "what is promised and can't be tried is not promised: a durable store needs \
         Harness::durable, any other Harness::new; durable promised"
    );
    let still_promised = |store: &dyn Store, when: &str| {
        assert_is!(store.capabilities(), promised, "the capabilities {when}");
    };
    site.apply(&Batch::new().upsert(Record::new(1, [1.0, 2.0])?))?;
    still_promised(&*site, "after a write");
    let wrong = Batch::new().upsert(Record::new(1, [1.0])?);
    assert_refused(site.apply(&wrong), ErrorKind::DimensionMismatch, "apply");
    still_promised(&*site, "after an error");
    site.flush()?;
    still_promised(&*site, "after a flush");
    if site.reopens() {
        site.reopen()?;
        still_promised(&*site, "after reopening");
    }
    still_promised(&*harness.create(&schema)?, "of another store");
    Ok(Outcome::Kept)
}

pub(super) fn flush_changes_nothing_visible(harness: &Harness) -> Result<Outcome> {
    let schema = Schema::new(3, Metric::Euclidean)?;
    let mut pair = Differential::new(harness, &schema)?;
    pair.site.flush()?;
    pair.check()?;
    for some in corpus::records(&schema, 20, Distribution::Lattice, 1)?.chunks(5) {
        pair.apply(&some.iter().cloned().fold(Batch::new(), Batch::upsert))?;
        let (before, model) = (pair.site.snapshot()?, pair.model.clone());
        pair.site.flush()?;
        pair.site.flush()?;
        pair.check()?;
        pair.check_snapshot(&*before, &model)?;
    }
    Ok(Outcome::Kept)
}

pub(super) fn stores_share_nothing(harness: &Harness) -> Result<Outcome> {
    let schema = Schema::new(3, Metric::Euclidean)?;
    let mut first = Differential::new(harness, &schema)?;
    let mut second = Differential::new(harness, &schema)?;
    for seed in 0..4 {
        for (n, pair) in [(0, &mut first), (1, &mut second)] {
            let records = corpus::records(&schema, 12, Distribution::Lattice, 2 * seed + n)?;
            pair.apply(&records.into_iter().fold(Batch::new(), Batch::upsert))?;
        }
        first.apply(&Batch::new().delete(corpus::id(seed)))?;
        first.check()?;
        second.check()?;
    }
    // A store that is created after others were dropped is empty, too.
    drop(first);
    Differential::new(harness, &schema)?.check()?;
    second.check()?;
    Ok(Outcome::Kept)
}

pub(super) fn refresh_returns_the_version_that_reads_show(harness: &Harness) -> Result<Outcome> {
    let schema = Schema::new(3, Metric::Euclidean)?;
    let mut pair = Differential::new(harness, &schema)?;
    let refreshes = |pair: &Differential<'_>| -> Result<()> {
        for _ in 0..2 {
            let version = pair.site.refresh(Budget::new())?;
            assert_is!(version, pair.model.version(), "the version that refresh returned");
        }
        pair.check()
    };
    refreshes(&pair)?;
    for some in corpus::records(&schema, 20, Distribution::Lattice, 1)?.chunks(5) {
        let (before, model) = (pair.site.snapshot()?, pair.model.clone());
        pair.apply(&some.iter().cloned().fold(Batch::new(), Batch::upsert))?;
        refreshes(&pair)?;
        pair.check_snapshot(&*before, &model)?;
        if pair.site.reopens() {
            pair.site.reopen()?;
            refreshes(&pair)?;
        }
    }
    // A field that is added is a version, too.
    if harness.limits()?.fields() > 1 {
        added_fields::add(&mut pair, &Field::new("more", schema.fields()[0].kind())?)?;
        refreshes(&pair)?;
    }
    Ok(Outcome::Kept)
}

pub(super) fn refresh_keeps_to_its_budget(harness: &Harness) -> Result<Outcome> {
    let schema = Schema::new(3, Metric::Euclidean)?;
    let records = corpus::records(&schema, 9, Distribution::Lattice, 1)?;
    let pair = Differential::of(harness, &schema, records)?;
    let cancel = AtomicBool::new(true);
    let late = Budget::new().with_deadline(Instant::now());
    assert_refused(pair.site.refresh(late), ErrorKind::DeadlineExceeded, "refresh");
    let cancelled = Budget::new().with_cancel(&cancel);
    assert_refused(pair.site.refresh(cancelled), ErrorKind::Cancelled, "refresh");
    pair.check()?;
    Ok(Outcome::Kept)
}
