//! Fused queries: scores, ties, parts that are answered alone, payloads and refusals.

use fastrand::Rng;
use iqdb_core::text::TextQuery;
use iqdb_core::{
    Accuracy, Analyzer, Batch, ErrorKind, Field, Filter, Fusion, Query, Record, Result, Schema,
    Scratch, Snapshot,
};

use super::text;
use crate::check::refusal::assert_refused;
use crate::differential::Differential;
use crate::fused::{assert_fused, fused};
use crate::generate::corpus;
use crate::generate::hybrid::{self, Asked};
use crate::{Harness, Model, Outcome};

fn schema(harness: &Harness) -> Result<Schema> {
    hybrid::schema(harness, text::not_promised(harness)?.is_none())
}

/// One or two questions about each field, in another order each time.
fn questions<'a>(rng: &mut Rng, schema: &'a Schema) -> Result<Vec<(&'a Field, Asked)>> {
    let mut fields: Vec<&Field> = schema.fields().iter().collect();
    fields.push(fields[rng.usize(..fields.len())]);
    rng.shuffle(&mut fields);
    fields.into_iter().map(|field| Ok((field, Asked::of(rng, field)?))).collect()
}

fn fusions(parts: usize) -> [Fusion; 5] {
    let weights = |of: fn(usize) -> f64| Fusion::Weighted((0..parts).map(of).collect());
    [
        Fusion::default(),
        Fusion::Rrf { k: 0.0 },
        Fusion::Rrf { k: 1.7 },
        weights(|part| 0.3 + part as f64 / 3.0),
        weights(|part| f64::from(u8::from(part == 1))),
    ]
}

/// Panics unless the parts are fused as the model does it, in every way.
fn check(
    pair: &Differential<'_>,
    (snapshot, model): (&dyn Snapshot, &Model),
    parts: &[Query<'_>],
) -> Result<()> {
    let mut scratch = Scratch::new();
    for fusion in fusions(parts.len()) {
        for k in [3, usize::MAX] {
            let found = pair.questions().fuse(snapshot, parts, &fusion, k, &mut scratch)?;
            let expected = fused(model, parts, &fusion, k)?;
            assert_fused(&found.hits, &expected, format_args!("{fusion:?} of {parts:?}, k = {k}"));
            assert_eq!(found.verdicts.len(), parts.len(), "a verdict for each part");
        }
    }
    Ok(())
}

fn check_now(pair: &Differential<'_>, seed: u64) -> Result<()> {
    let snapshot = pair.site.snapshot()?;
    let mut rng = Rng::with_seed(seed);
    for _ in 0..12 {
        let asked = questions(&mut rng, snapshot.schema())?;
        let parts: Vec<Query<'_>> = asked
            .iter()
            .map(|(field, asked)| Query::nearest(asked.input(), 7).with_field(field.name()))
            .collect();
        check(pair, (&*snapshot, &pair.model), &parts)?;
        check(pair, (&*snapshot, &pair.model), &parts[..1])?;
    }
    Ok(())
}

pub(super) fn fused_hits_are_those_of_the_model(harness: &Harness) -> Result<Outcome> {
    let schema = schema(harness)?;
    for seed in 0..3 {
        let mut pair = hybrid::written(harness, &schema, 60, seed)?;
        let (before, model) = (pair.site.snapshot()?, pair.model.clone());
        check_now(&pair, seed)?;
        super::computed::compact(&pair)?;
        check_now(&pair, seed)?;
        pair.apply(&Batch::new().delete(corpus::id(seed)))?;
        let asked = questions(&mut Rng::with_seed(seed), &schema)?;
        let parts: Vec<Query<'_>> =
            asked.iter().map(|(field, asked)| nearest(field, asked, 9)).collect();
        check(&pair, (&*before, &model), &parts)?;
        if pair.site.reopens() {
            drop(before);
            pair.site.reopen()?;
            check_now(&pair, seed)?;
            pair.site.reopen_after_kill()?;
            check_now(&pair, seed)?;
        }
    }
    Ok(Outcome::Kept)
}

fn nearest<'a>(field: &'a Field, asked: &'a Asked, k: usize) -> Query<'a> {
    Query::nearest(asked.input(), k).with_field(field.name())
}

pub(super) fn fused_hits_are_ranked_and_cut(harness: &Harness) -> Result<Outcome> {
    let schema = schema(harness)?;
    // The hits of the parts come in opposite orders, so that scores meet in pairs.
    let records = (0..16_u64).map(|n| {
        let id = corpus::id(n * 7 % 16);
        let record = Record::without_vector(id).with_vector("vector", [n as f32, 0.0])?;
        Ok(record.with("body", "fox"))
    });
    let pair = Differential::of(harness, &schema, records.collect::<Result<Vec<_>>>()?)?;
    let (low, high) = ([0.0, 0.0].try_into()?, [15.0, 0.0].try_into()?);
    let (low, high) = (Asked::Vector(low), Asked::Vector(high));
    let parts = [&low, &high].map(|asked| Query::nearest(asked.input(), 16));
    let snapshot = pair.site.snapshot()?;
    for fusion in fusions(2) {
        for k in 1..=17 {
            let found =
                pair.questions().fuse(&*snapshot, &parts, &fusion, k, &mut Scratch::new())?;
            let expected = fused(&pair.model, &parts, &fusion, k)?;
            assert_fused(&found.hits, &expected, format_args!("{fusion:?}, k = {k}"));
        }
    }
    Ok(Outcome::Kept)
}

pub(super) fn fused_parts_are_answered_alone(harness: &Harness) -> Result<Outcome> {
    let schema = schema(harness)?;
    let pair = hybrid::written(harness, &schema, 60, 11)?;
    let snapshot = pair.site.snapshot()?;
    let (low, high): (Filter, Filter) = ("n < 2".parse()?, "n >= 1".parse()?);
    let mut rng = Rng::with_seed(12);
    for n in 0..12 {
        let asked = questions(&mut rng, &schema)?;
        let parts = asked.iter().enumerate().map(|(place, (field, asked))| {
            let part = nearest(field, asked, 1 + 5 * place);
            match (n + place) % 4 {
                0 => part.with_filter(&low),
                1 => Query::within(asked.input(), 3.0, 9).with_field(field.name()),
                2 => part.with_filter(&high).with_accuracy(Accuracy::Recall(1.0)),
                _ => part,
            }
        });
        let parts: Vec<Query<'_>> = parts.collect();
        check(&pair, (&*snapshot, &pair.model), &parts)?;
    }
    Ok(Outcome::Kept)
}

pub(super) fn fused_hits_have_payloads_when_asked(harness: &Harness) -> Result<Outcome> {
    let schema = schema(harness)?;
    let pair = hybrid::written(harness, &schema, 40, 5)?;
    let snapshot = pair.site.snapshot()?;
    let asked = questions(&mut Rng::with_seed(6), &schema)?;
    for wanting in 0..=asked.len() {
        let parts = asked.iter().enumerate().map(|(place, (field, asked))| {
            nearest(field, asked, 8).with_payload(place == wanting).with_vector(true)
        });
        let parts: Vec<Query<'_>> = parts.collect();
        check(&pair, (&*snapshot, &pair.model), &parts)?;
    }
    Ok(Outcome::Kept)
}

pub(super) fn fusion_refuses_what_makes_no_score(harness: &Harness) -> Result<Outcome> {
    let schema = schema(harness)?;
    let pair = hybrid::written(harness, &schema, 9, 1)?;
    let snapshot = pair.site.snapshot()?;
    let vector = Asked::Vector([1.0, 2.0].try_into()?);
    let text = Asked::Text(TextQuery::parse("fox", Analyzer::words())?);
    let good = Query::nearest(vector.input(), 3);
    let (rrf, half) = (Fusion::default(), Fusion::Weighted(vec![0.5, 0.5]));
    for (parts, fusion, k, kind) in [
        (&[][..], &rrf, 3, ErrorKind::InvalidQuery),
        (&[good, good], &rrf, 0, ErrorKind::InvalidQuery),
        (&[good], &half, 3, ErrorKind::InvalidQuery),
        (&[good], &Fusion::Weighted(vec![f64::NAN]), 3, ErrorKind::InvalidQuery),
        (&[good], &Fusion::Weighted(vec![-1.0]), 3, ErrorKind::InvalidQuery),
        (&[good], &Fusion::Rrf { k: -1.0 }, 3, ErrorKind::InvalidQuery),
        (&[good, Query::nearest(vector.input(), 0)], &rrf, 3, ErrorKind::InvalidQuery),
        (&[good, good.with_field("absent")], &rrf, 3, ErrorKind::UnknownField),
        (&[good, Query::nearest(text.input(), 3)], &half, 3, ErrorKind::ElementMismatch),
    ] {
        let asked = pair.questions().fuse(&*snapshot, parts, fusion, k, &mut Scratch::new());
        assert_refused(asked, kind, format_args!("{fusion:?} of {parts:?}, k = {k}"));
    }
    let asked = pair.questions().fuse(&*snapshot, &[good, good], &half, 3, &mut Scratch::new());
    asked.map(|_| Outcome::Kept)
}
