//! Queries for groups of hits: which groups, which hits, and which values make any.

use fastrand::Rng;
use iqdb_core::{
    Batch, ErrorKind, Filter, Group, Grouping, Map, Path, Query, Record, Result, Schema, Scratch,
    Value,
};

use super::text;
use crate::check::exact::{assert_hits, difference};
use crate::check::refusal::assert_refused;
use crate::differential::Differential;
use crate::further::groups;
use crate::generate::corpus;
use crate::generate::hybrid::{self, Asked};
use crate::{Harness, Outcome};

fn schema(harness: &Harness) -> Result<Schema> {
    hybrid::schema(harness, text::not_promised(harness)?.is_none())
}

fn assert_groups(found: &[Group], expected: &[Group], context: &str) {
    let values = |groups: &[Group]| groups.iter().map(|group| group.value.clone()).collect();
    let (found_values, expected_values): (Vec<Value>, Vec<Value>) =
        (values(found), values(expected));
    let same = found_values == expected_values;
    assert!(same, "{context}: {}", difference(&found_values, &expected_values));
    for (found, expected) in found.iter().zip(expected) {
        assert_hits(&found.hits, &expected.hits, format_args!("{context}: {:?}", found.value));
    }
}

/// Panics unless the groups are those of the model, at a path and of several sizes.
fn check(pair: &Differential<'_>, query: &Query<'_>, path: &str) -> Result<()> {
    let (snapshot, parsed) = (pair.site.snapshot()?, path.parse::<Path>()?);
    for (most, per_group) in [(1, 1), (2, 3), (3, 40), (50, 2), (usize::MAX, usize::MAX)] {
        let by = Grouping { path: &parsed, groups: most, per_group };
        let found = pair.questions().group(&*snapshot, query, by, &mut Scratch::new())?;
        let expected = groups(&pair.model, query, by, path)?;
        let context = format!("{most} groups of {per_group} by {path}, of {query:?}");
        assert_groups(&found.groups, &expected, &context);
    }
    Ok(())
}

fn check_now(pair: &Differential<'_>, schema: &Schema, seed: u64) -> Result<()> {
    let mut rng = Rng::with_seed(seed);
    for field in schema.fields() {
        for _ in 0..3 {
            let asked = Asked::of(&mut rng, field)?;
            let query = Query::nearest(asked.input(), 5).with_field(field.name());
            check(pair, &query, "author")?;
            check(pair, &query, "n")?;
        }
    }
    Ok(())
}

pub(super) fn groups_are_those_of_the_model(harness: &Harness) -> Result<Outcome> {
    let schema = schema(harness)?;
    for (seed, count) in [(0, 60), (1, 400)] {
        let mut pair = hybrid::written(harness, &schema, count, seed)?;
        check_now(&pair, &schema, seed)?;
        super::computed::compact(&pair)?;
        check_now(&pair, &schema, seed)?;
        if pair.site.reopens() {
            pair.site.reopen()?;
            check_now(&pair, &schema, seed)?;
            pair.site.reopen_after_kill()?;
            check_now(&pair, &schema, seed)?;
        }
    }
    // One group has all of the nearest records, and the others come long after.
    let records = (0..600_u64).map(|n| {
        let author = if n < 560 { "ann".to_owned() } else { format!("author {}", n % 7) };
        let record = Record::without_vector(corpus::id(n));
        Ok(record
            .with_vector("vector", [n as f32, 0.0])?
            .with("author", author)
            .with("body", "fox"))
    });
    let pair = Differential::of(harness, &schema, records.collect::<Result<Vec<_>>>()?)?;
    let origin = Asked::Vector([0.0, 0.0].try_into()?);
    check(&pair, &Query::nearest(origin.input(), 1), "author")?;
    Ok(Outcome::Kept)
}

pub(super) fn groups_are_of_the_values_at_a_path(harness: &Harness) -> Result<Outcome> {
    let schema = schema(harness)?;
    let map = |value: Value| Value::from(Map::new().with("x", value));
    let values: Vec<Value> = vec![
        "a".into(),
        vec!["a".into(), "b".into(), "a".into(), Value::Null].into(),
        Value::Null,
        7_i64.into(),
        7.0.into(),
        0.0.into(),
        (-0.0).into(),
        vec![Value::from(7.0), vec![Value::from("b")].into()].into(),
        map("a".into()),
        vec![map("c".into()), map(7_i64.into()), map("c".into())].into(),
        Value::from(Vec::<Value>::new()),
        true.into(),
        "7".into(),
        7.5.into(),
        "x".repeat(100_000).into(),
    ];
    let mut pair = Differential::new(harness, &schema)?;
    for (n, value) in (0_u64..).zip(values) {
        let record =
            Record::without_vector(corpus::id(n)).with_vector("vector", [n as f32, 0.0])?;
        pair.apply(&Batch::new().upsert(record.with("author", value)))?;
    }
    pair.apply(&Batch::new().upsert(Record::new("without", [3.0, 0.0])?))?;
    let origin = Asked::Vector([0.0, 0.0].try_into()?);
    let query = Query::nearest(origin.input(), 3);
    for path in ["author", "author.x", "author[].x", "author[]", "absent"] {
        check(&pair, &query, path)?;
    }
    Ok(Outcome::Kept)
}

pub(super) fn groups_are_of_what_the_query_wants(harness: &Harness) -> Result<Outcome> {
    let schema = schema(harness)?;
    let pair = hybrid::written(harness, &schema, 200, 4)?;
    let filter: Filter = "n >= 2".parse()?;
    let asked = Asked::Vector([2.0, 1.0].try_into()?);
    let query = Query::nearest(asked.input(), 3);
    for query in [
        query.with_filter(&filter),
        query.with_filter(&filter).with_payload(true),
        query.with_vector(true),
        Query::within(asked.input(), 1.0, 2).with_payload(true),
        Query::within(asked.input(), 1.0, 2).with_filter(&filter),
    ] {
        check(&pair, &query, "author")?;
    }
    Ok(Outcome::Kept)
}

pub(super) fn grouping_refuses_what_makes_no_group(harness: &Harness) -> Result<Outcome> {
    let schema = schema(harness)?;
    let pair = hybrid::written(harness, &schema, 9, 1)?;
    let snapshot = pair.site.snapshot()?;
    let (good, bad): (Path, Path) = ("author".parse()?, Path::key(""));
    let asked = Asked::Vector([0.0, 0.0].try_into()?);
    let query = Query::nearest(asked.input(), 1);
    for (query, path, groups, per_group, kind) in [
        (query, &good, 0, 1, ErrorKind::InvalidQuery),
        (query, &good, 1, 0, ErrorKind::InvalidQuery),
        (query, &bad, 1, 1, ErrorKind::InvalidFilter),
        (query.with_field("absent"), &good, 1, 1, ErrorKind::UnknownField),
        (Query::nearest(asked.input(), 0), &good, 1, 1, ErrorKind::InvalidQuery),
        (Query::within(asked.input(), f64::NAN, 1), &good, 1, 1, ErrorKind::InvalidQuery),
    ] {
        let by = Grouping { path, groups, per_group };
        let found = pair.questions().group(&*snapshot, &query, by, &mut Scratch::new());
        assert_refused(found, kind, format_args!("{by:?} of {query:?}"));
    }
    let empty = Differential::new(harness, &schema)?;
    let by = Grouping { path: &good, groups: 1, per_group: 1 };
    let snapshot = empty.site.snapshot()?;
    let found = empty.questions().group(&*snapshot, &query, by, &mut Scratch::new())?;
    assert_groups(&found.groups, &[], "groups of nothing");
    Ok(Outcome::Kept)
}
