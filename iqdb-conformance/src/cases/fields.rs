//! Fields: records that lack some, queries that name one, and what a store can't hold.

use std::slice;

use fastrand::Rng;
use iqdb_core::limits::{DIM_MAX, FIELDS_MAX, SPARSE_TERMS_MAX};
use iqdb_core::{
    Batch, Element, ErrorKind, Field, Filter, Hits, Metric, Page, Payload, Query, Record, RecordId,
    Result, Rows, Schema, Scratch, SnapshotExt, StoreExt, Vector,
};

use crate::check::check_queries;
use crate::check::exact::{assert_hits, assert_is, assert_record};
use crate::check::refusal::assert_refused;
use crate::differential::Differential;
use crate::generate::corpus::{self, Distribution};
use crate::generate::{filters, vectors};
use crate::shapes::{self, Held};
use crate::{Harness, Outcome};

/// The record without the fields that `keep` says no to.
fn thinned(full: &Record, id: impl Into<RecordId>, keep: impl Fn(usize) -> bool) -> Record {
    let mut record = Record::without_vector(id).with_payload(full.payload.clone());
    for (n, (name, vector)) in full.vectors().enumerate() {
        if keep(n) {
            record.set_vector(name.to_owned(), Some(vector.to_vector()));
        }
    }
    record
}

pub(super) fn a_record_may_lack_any_field(harness: &Harness) -> Result<Outcome> {
    let held = Held::of(harness, shapes::all()?)?;
    let mut rng = Rng::with_seed(1);
    for schema in &held.schemas {
        let mut pair = Differential::new(harness, schema)?;
        let fields = schema.fields().len();
        let full = corpus::record(&mut rng, schema, "same".into(), Distribution::Smooth, 0)?;
        let only = |n: usize| thinned(&full, "same", move |field| field == n);
        let without = |n: usize| thinned(&full, "same", move |field| field != n);
        let mut records = vec![full.clone(), thinned(&full, "same", |_| false), full.clone()];
        records.extend((0..fields).flat_map(|n| [only(n), without(n)]));
        for (n, record) in (0_u64..).zip(records) {
            // One id each, and one id that has had all of them, of which nothing may come back.
            let mut alone = record.clone();
            alone.id = n.into();
            pair.apply(&Batch::new().upsert(alone.clone()).upsert(record))?;
            pair.apply(&Batch::new().set_payload(n, Payload::new().with("n", 1)))?;
            pair.check()?;
        }
        // Those without vectors are counted, filtered and deleted like all others.
        let some = Filter::eq("n", 1);
        let expected = pair.model.matching(Some(&some))?.len() as u64;
        assert_is!(pair.site.count(Some(&some))?, expected, "the count of `{some}`");
        pair.apply(&Batch::new().delete(1))?;
        pair.check()?;
        pair.apply(&Batch::new().delete_where(some))?;
        pair.check()?;
    }
    Ok(held.outcome())
}

pub(super) fn has_asks_which_records_have_a_vector(harness: &Harness) -> Result<Outcome> {
    let held = Held::of(harness, shapes::all()?)?;
    for schema in &held.schemas {
        let mut pair = Differential::after_churn(harness, schema, 60, Distribution::Smooth)?;
        let unknown = Filter::has("no such field");
        let mut rows = Rows::new(schema);
        for unknown in [&unknown, &unknown.clone().not(), &Filter::exists("x").or(unknown.clone())]
        {
            let (snapshot, kind) = (pair.site.snapshot()?, ErrorKind::UnknownField);
            assert_refused(snapshot.count(Some(unknown)), kind, "a count");
            assert_refused(
                snapshot.scroll(&Page::new(1).with_filter(unknown), &mut rows),
                kind,
                "a page",
            );
            let mut records = snapshot.records(Some(unknown));
            assert_refused(records.next().transpose(), kind, "records");
            pair.refuses(&Batch::new().delete_where(unknown.clone()), kind)?;
        }
        for field in schema.fields() {
            let has = Filter::has(field.name());
            let english = Filter::eq("lang", "en");
            for filter in [
                &has,
                &has.clone().not(),
                &has.clone().and(english.clone()),
                &english.or(has.clone()),
            ] {
                let expected = pair.model.matching(Some(filter))?;
                let snapshot = pair.site.snapshot()?;
                assert_is!(
                    snapshot.count(Some(filter))?,
                    expected.len() as u64,
                    "the count of `{filter}`"
                );
                snapshot.scroll(&Page::new(1_000).with_filter(filter), &mut rows)?;
                assert_is!(rows.len(), expected.len(), "the page of `{filter}`");
                for (found, expected) in rows.to_records().iter().zip(expected) {
                    assert_record(Some(found), Some(expected), format_args!("of `{filter}`"));
                }
                check_searches(&pair, schema, filter)?;
            }
        }
        // What the batch did before it counts.
        for (n, field) in (0..).zip(vectors::fields(schema)) {
            let has = Filter::has(field.name());
            let vector = vectors::ones(field.kind())?;
            let set = |vector: Option<Vector>| vec![(field.name().to_owned().into(), vector)];
            let ids: Vec<_> =
                pair.model.records().map(|record| record.id.clone()).take(4).collect();
            let batch = ids.iter().enumerate().fold(Batch::new(), |batch, (n, id)| match n {
                0 => batch.set_vectors(id, set(None)),
                1 => batch.set_vectors(id, set(Some(vector.clone()))),
                2 => batch.set_vectors(id, set(Some(vector.clone()))).set_vectors(id, set(None)),
                _ => batch.upsert(Record::without_vector(id)),
            });
            pair.apply(&batch.delete_where(if n % 2 == 0 { has } else { has.not() }))?;
            pair.check()?;
        }
    }
    Ok(held.outcome())
}

/// Panics unless a search of each field with this filter answers as the model does.
fn check_searches(pair: &Differential<'_>, schema: &Schema, filter: &Filter) -> Result<()> {
    let fields = vectors::fields(schema);
    for vector in turns(schema, fields.clone().count())?.iter().zip(fields) {
        let (vector, field) = vector;
        let query =
            Query::nearest(vector.as_ref(), 10).with_field(field.name()).with_filter(filter);
        let mut hits = [Hits::new()];
        pair.search().search(&*pair.site.snapshot()?, &[query], &mut hits, &mut Scratch::new())?;
        let expected = pair.model.search(&query)?;
        assert_hits(&hits[0].to_vec(), &expected, format_args!("a search with `{filter}`"));
    }
    Ok(())
}

pub(super) fn vectors_of_other_kinds_are_refused(harness: &Harness) -> Result<Outcome> {
    let held = Held::of(harness, shapes::all()?)?;
    for schema in &held.schemas {
        let records = corpus::records(schema, 9, Distribution::Smooth, 1)?;
        let mut pair = Differential::of(harness, schema, records)?;
        let mut bad = vec![("no such field", Vector::try_from([1.0])?, ErrorKind::UnknownField)];
        for field in schema.fields() {
            let (name, kind) = (field.name(), field.kind());
            bad.push((name, vectors::of_another_kind(kind)?, ErrorKind::ElementMismatch));
            if kind.dim().is_some() {
                bad.push((name, vectors::too_long(kind)?, ErrorKind::DimensionMismatch));
            }
            if kind.metric().is_some_and(Metric::needs_direction) {
                bad.push((name, vectors::zeros(kind)?, ErrorKind::InvalidVector));
            }
        }
        if schema.default_field().is_err() {
            bad.push((Field::DEFAULT, Vector::try_from([1.0])?, ErrorKind::UnknownField));
        }
        let snapshot = pair.site.snapshot()?;
        for (name, vector, kind) in bad {
            let record =
                Record::without_vector("new").with_vector(name.to_owned(), vector.clone())?;
            pair.refuses(&Batch::new().upsert(record), kind)?;
            let set = vec![(name.to_owned().into(), Some(vector.clone()))];
            pair.refuses(&Batch::new().set_vectors(corpus::id(0), set), kind)?;
            let queries = match name {
                Field::DEFAULT => Query::nearest(vector.as_ref(), 3),
                _ => Query::nearest(vector.as_ref(), 3).with_field(name),
            };
            let mut hits = [Hits::new()];
            let found =
                pair.search().search(&*snapshot, &[queries], &mut hits, &mut Scratch::new());
            assert_refused(found, kind, format_args!("a search for {vector:?} in {name:?}"));
        }
    }
    Ok(held.outcome())
}

/// Queries of every sort on each field in turn.
fn each_field<'q>(
    schema: &'q Schema,
    vectors: &'q [Vector],
    filters: &'q [Filter],
) -> Vec<Query<'q>> {
    let fields = vectors::fields(schema).cycle();
    let queries = vectors.iter().zip(fields).enumerate().map(|(n, (vector, field))| {
        let query = match n % 5 {
            4 => Query::within(vector.as_ref(), 1.0, 20),
            _ => Query::nearest(vector.as_ref(), [1, 5, 200, usize::MAX][n % 4]),
        };
        let query = query.with_field(field.name()).with_payload(n % 2 == 0);
        if n % 3 == 0 { query.with_filter(&filters[n % filters.len()]) } else { query }
    });
    queries.collect()
}

/// Vectors of each field in turn.
fn turns(schema: &Schema, count: usize) -> Result<Vec<Vector>> {
    let mut rng = Rng::with_seed(3);
    let fields = vectors::fields(schema).cycle().take(count).enumerate();
    fields
        .map(|(n, field)| vectors::vector(&mut rng, field.kind(), Distribution::ALL[n % 2]))
        .collect()
}

pub(super) fn search_looks_in_its_field_only(harness: &Harness) -> Result<Outcome> {
    let shapes = vec![shapes::of_one_kind()?, shapes::every_kind()?];
    let held = Held::of(harness, shapes)?;
    for schema in &held.schemas {
        let mut pair = Differential::after_churn(harness, schema, 90, Distribution::Smooth)?;
        let mut rng = Rng::with_seed(5);
        for n in 0..60 {
            let full = corpus::record(&mut rng, schema, corpus::id(n), Distribution::Lattice, 0)?;
            let field = usize::try_from(n).unwrap_or(0) % (schema.fields().len() + 1);
            pair.apply(&Batch::new().upsert(thinned(&full, corpus::id(n), |at| at == field)))?;
        }
        let snapshot = pair.site.snapshot()?;
        let (vectors, filters) = (turns(schema, 60)?, filters::nested());
        for query in each_field(schema, &vectors, &filters) {
            check_queries(&*snapshot, &pair.model, pair.search(), &[query])?;
        }
        if schema.default_field().is_ok() {
            // The first field is the one that a query means which names none.
            let query = Query::nearest(vectors[0].as_ref(), 50);
            check_queries(&*snapshot, &pair.model, pair.search(), &[query])?;
        }
    }
    Ok(held.outcome())
}

pub(super) fn a_batch_may_ask_different_fields(harness: &Harness) -> Result<Outcome> {
    let shapes = vec![shapes::of_one_kind()?, shapes::every_kind()?];
    let held = Held::of(harness, shapes)?;
    for schema in &held.schemas {
        let pair = Differential::after_churn(harness, schema, 120, Distribution::Lattice)?;
        let snapshot = pair.site.snapshot()?;
        let (vectors, filters) = (turns(schema, 64)?, filters::nested());
        let queries = each_field(schema, &vectors, &filters);
        for size in [2, 3, 7, 64] {
            for some in queries.chunks(size) {
                check_queries(&*snapshot, &pair.model, pair.search(), some)?;
            }
        }
    }
    Ok(held.outcome())
}

pub(super) fn sparse_hits_share_an_index(harness: &Harness) -> Result<Outcome> {
    let schema = Schema::builder().sparse("terms", Metric::Dot).build()?;
    let held = Held::of(harness, vec![schema.clone()])?;
    if held.schemas.is_empty() {
        return Ok(held.outcome());
    }
    let record = |n: u32| {
        let terms = Vector::sparse([2 * n, 2 * n + 1], [1.0, -1.0])?;
        Record::without_vector(u64::from(n)).with_vector("terms", terms)
    };
    let records = (0..40).map(record).collect::<Result<Vec<_>>>()?;
    let pair = Differential::of(harness, &schema, records)?;
    let snapshot = pair.site.snapshot()?;
    for (indices, weights, expected) in [
        (vec![4, 100], vec![1.0, 1.0], 1),
        (vec![1_000], vec![1.0], 0),
        (vec![u32::MAX], vec![-1.0], 0),
        (vec![1, 2, 9], vec![1.0, 2.0, 3.0], 3),
        // An inner product of 0 is a distance, where an index is shared.
        (vec![6, 7], vec![1.0, 1.0], 1),
    ] {
        let asked = Vector::sparse(indices, weights)?;
        for query in [
            Query::nearest(asked.as_ref(), 10),
            Query::nearest(asked.as_ref(), usize::MAX),
            Query::within(asked.as_ref(), f64::INFINITY, 10),
        ] {
            let query = query.with_field("terms");
            assert_is!(pair.model.search(&query)?.len(), expected, "what the model finds");
            check_queries(&*snapshot, &pair.model, pair.search(), slice::from_ref(&query))?;
        }
    }
    Ok(held.outcome())
}

pub(super) fn limits_are_kept(harness: &Harness) -> Result<Outcome> {
    let limits = harness.limits()?;
    let mut schemas = shapes::all()?;
    for element in Element::ALL {
        let metric = if element == Element::Binary { Metric::Hamming } else { Metric::Dot };
        for dim in [limits.dim(element), limits.dim(element) + 1] {
            if (1..=DIM_MAX).contains(&dim) {
                let schema = Schema::builder().dense("image", dim, metric).element(element);
                schemas.push(schema.build()?);
            }
        }
    }
    for count in [limits.fields(), limits.fields() + 1] {
        if count <= FIELDS_MAX {
            let fields = (0..count).map(|n| (n.to_string(), Metric::Dot));
            let fields = fields
                .fold(Schema::builder(), |schema, (name, metric)| schema.dense(name, 1, metric));
            schemas.push(fields.build()?);
        }
    }
    assert!(limits.sparse_terms() <= SPARSE_TERMS_MAX, "no limit is above the contract's");
    for schema in schemas {
        let created = harness.create(&schema);
        match limits.check(&schema) {
            Ok(()) => assert_is!(created?.schema(), schema, "the schema of the store"),
            Err(_) => {
                let context = format_args!("a store of {schema}, which is beyond its limits");
                assert_refused(created, ErrorKind::NotSupported, context);
            }
        }
    }
    Ok(Outcome::Kept)
}
