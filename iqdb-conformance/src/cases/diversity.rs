//! Queries for hits that differ: which are chosen, in which order, and what is refused.

use fastrand::Rng;
use iqdb_core::text::TextQuery;
use iqdb_core::{
    Analyzer, Diversity, ErrorKind, Filter, Query, Result, Schema, Scratch, VectorRef,
};

use super::text;
use crate::check::exact::assert_hits;
use crate::check::refusal::assert_refused;
use crate::differential::Differential;
use crate::further::diverse;
use crate::generate::hybrid::{self, Asked};
use crate::shapes::{self, Held};
use crate::{Harness, Outcome};

fn schema(harness: &Harness) -> Result<Schema> {
    hybrid::schema(harness, text::not_promised(harness)?.is_none())
}

/// Panics unless the hits are those of the model, for several lambdas and depths.
fn check(pair: &Differential<'_>, query: &Query<'_>) -> Result<()> {
    let snapshot = pair.site.snapshot()?;
    for lambda in [0.0, 0.3, 0.5, 0.9, 1.0] {
        for depth in [1, 4, 20, usize::MAX] {
            let by = Diversity { lambda, depth };
            let found = pair.questions().diversify(&*snapshot, query, by, &mut Scratch::new())?;
            let expected = diverse(&pair.model, query, by)?;
            assert_hits(&found.hits, &expected, format_args!("{by:?} of {query:?}"));
        }
    }
    Ok(())
}

fn check_now(pair: &Differential<'_>, schema: &Schema, seed: u64) -> Result<()> {
    let mut rng = Rng::with_seed(seed);
    for field in schema.fields().iter().filter(|field| !field.kind().is_computed()) {
        for k in [1, 5, 12] {
            let asked = Asked::of(&mut rng, field)?;
            check(pair, &Query::nearest(asked.input(), k).with_field(field.name()))?;
        }
    }
    Ok(())
}

pub(super) fn diverse_hits_are_those_of_the_model(harness: &Harness) -> Result<Outcome> {
    let schema = schema(harness)?;
    for seed in 0..2 {
        let mut pair = hybrid::written(harness, &schema, 60, seed)?;
        check_now(&pair, &schema, seed)?;
        super::computed::compact(&pair)?;
        check_now(&pair, &schema, seed)?;
        if pair.site.reopens() {
            pair.site.reopen()?;
            check_now(&pair, &schema, seed)?;
        }
    }
    let held = Held::of(harness, shapes::all()?)?;
    for schema in &held.schemas {
        let smooth = crate::generate::corpus::Distribution::Smooth;
        let pair = Differential::after_churn(harness, schema, 40, smooth)?;
        for field in schema.fields() {
            let record = pair.model.records().find_map(|record| record.vector(field.name()));
            let Some(vector) = record.map(VectorRef::to_vector) else { continue };
            let query = Query::nearest(vector.as_ref(), 6).with_field(field.name());
            check(&pair, &query)?;
        }
    }
    Ok(held.outcome())
}

pub(super) fn diverse_hits_are_of_what_the_query_wants(harness: &Harness) -> Result<Outcome> {
    let schema = schema(harness)?;
    let pair = hybrid::written(harness, &schema, 80, 4)?;
    let filter: Filter = "n >= 2".parse()?;
    let asked = Asked::Vector([2.0, 1.0].try_into()?);
    let query = Query::nearest(asked.input(), 6);
    for query in [
        query.with_filter(&filter),
        query.with_filter(&filter).with_payload(true),
        query.with_vector(true),
        Query::within(asked.input(), 2.0, 3).with_payload(true),
        Query::within(asked.input(), 2.0, 30).with_filter(&filter),
    ] {
        check(&pair, &query)?;
    }
    Ok(Outcome::Kept)
}

pub(super) fn diversity_refuses_what_it_cannot_choose(harness: &Harness) -> Result<Outcome> {
    let schema = schema(harness)?;
    let pair = hybrid::written(harness, &schema, 9, 1)?;
    let snapshot = pair.site.snapshot()?;
    let asked = Asked::Vector([0.0, 0.0].try_into()?);
    let text = Asked::Text(TextQuery::parse("fox", Analyzer::words())?);
    let (query, words) = (Query::nearest(asked.input(), 1), Query::nearest(text.input(), 1));
    for (query, lambda, depth, kind) in [
        (query, -0.1, 9, ErrorKind::InvalidQuery),
        (query, 1.1, 9, ErrorKind::InvalidQuery),
        (query, f64::NAN, 9, ErrorKind::InvalidQuery),
        (query, 0.5, 0, ErrorKind::InvalidQuery),
        (Query::nearest(asked.input(), 0), 0.5, 9, ErrorKind::InvalidQuery),
        (query.with_field("absent"), 0.5, 9, ErrorKind::UnknownField),
        (words.with_field("body"), 0.5, 9, ErrorKind::NotSupported),
    ] {
        let by = Diversity { lambda, depth };
        let found = pair.questions().diversify(&*snapshot, &query, by, &mut Scratch::new());
        assert_refused(found, kind, format_args!("{by:?} of {query:?}"));
    }
    Ok(Outcome::Kept)
}
