//! Queries whose hits are ranked by an expression: their scores and their order, and what is refused.

use fastrand::Rng;
use iqdb_core::{ErrorKind, Expression, Filter, Query, Rerank, Result, Schema, Scratch};

use super::text;
use crate::check::refusal::assert_refused;
use crate::differential::Differential;
use crate::generate::hybrid::{self, Asked};
use crate::reranked::{assert_scored, reranked};
use crate::{Harness, Outcome};

/// Of numbers, dates, lists of numbers, and paths that lead to nothing else.
const EXPRESSIONS: [&str; 14] = [
    "score",
    "-score",
    "n",
    "score + 0.25 * n - 1",
    "0.5 * score - marks",
    "marks + absent + body",
    "gauss(n, 2, 1)",
    "exp(marks, 1.5, 2, 0.3)",
    "linear(n, 0, 2)",
    "2 - linear(marks, 9, 3) + author",
    "score + exp(posted, date(\"2026-11-02\"), 1d)",
    "posted - 1e9",
    "gauss(posted, date(\"2026-11-01T12:00:00Z\"), 90m, 0.9)",
    // Infinite where `n` is 2 or more, and no number where `marks` are so, too.
    "1.7e308 * n - 1.7e308 * marks + score",
];

fn schema(harness: &Harness) -> Result<Schema> {
    hybrid::schema(harness, text::not_promised(harness)?.is_none())
}

/// Panics unless the hits are those of the model, for each expression and several depths.
fn check(pair: &Differential<'_>, query: &Query<'_>) -> Result<()> {
    let snapshot = pair.site.snapshot()?;
    for expression in EXPRESSIONS {
        let expression: Expression = expression.parse()?;
        for depth in [1, 4, 20, usize::MAX] {
            let by = Rerank { depth, by: &expression };
            let found = pair.questions().rerank(&*snapshot, query, by, &mut Scratch::new())?;
            let expected = reranked(&pair.model, query, by)?;
            assert_scored(&found.hits, &expected, format_args!("{by:?} of {query:?}"));
        }
    }
    Ok(())
}

fn check_now(pair: &Differential<'_>, schema: &Schema, seed: u64) -> Result<()> {
    let mut rng = Rng::with_seed(seed);
    for field in schema.fields() {
        for k in [1, 5, 12] {
            let asked = Asked::of(&mut rng, field)?;
            check(pair, &Query::nearest(asked.input(), k).with_field(field.name()))?;
        }
    }
    Ok(())
}

pub(super) fn reranked_hits_are_those_of_the_model(harness: &Harness) -> Result<Outcome> {
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
    Ok(Outcome::Kept)
}

pub(super) fn reranked_hits_are_of_what_the_query_wants(harness: &Harness) -> Result<Outcome> {
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

pub(super) fn reranking_refuses_what_makes_no_score(harness: &Harness) -> Result<Outcome> {
    let schema = schema(harness)?;
    let pair = hybrid::written(harness, &schema, 9, 1)?;
    let snapshot = pair.site.snapshot()?;
    let asked = Asked::Vector([0.0, 0.0].try_into()?);
    let query = Query::nearest(asked.input(), 1);
    let (score, none) = ("score".parse()?, Expression::new());
    for (query, depth, by, kind) in [
        (query, 0, &score, ErrorKind::InvalidQuery),
        (query, 9, &none, ErrorKind::InvalidQuery),
        (Query::nearest(asked.input(), 0), 9, &score, ErrorKind::InvalidQuery),
        (query.with_field("absent"), 9, &score, ErrorKind::UnknownField),
    ] {
        let by = Rerank { depth, by };
        let found = pair.questions().rerank(&*snapshot, &query, by, &mut Scratch::new());
        assert_refused(found, kind, format_args!("{by:?} of {query:?}"));
    }
    Ok(Outcome::Kept)
}
