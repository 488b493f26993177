//! A search with a defect in how it takes one of the many things that a query can say, or in what it does
//! with many records.

use std::collections::{HashMap, HashSet};

use iqdb_conformance::naive::NaiveSearch;
use iqdb_core::{
    Explain, Filter, Goal, Hit, Hits, IdRef, Plan, Query, RecordId, Result, Scratch, Search,
    Snapshot, SnapshotExt, Value, Vector, VectorRef, Version,
};

use crate::defect::Defect;
use crate::{explained, id_order};

/// Whether this search has the defect.
pub(crate) fn is_misread(defect: Defect) -> bool {
    matches!(
        defect,
        Defect::ForcedPlanRoundsDistances
            | Defect::ForcedPlanForgetsTheFilter
            | Defect::ForcedPlanForgetsTies
            | Defect::HitVectorsAreNormalised
            | Defect::HitVectorsAreOfTheFirstField
            | Defect::HitListsAreCut
            | Defect::HitTextsAreCut
            | Defect::DamageLeavesEarlierAnswers
            | Defect::AnswersAreKeptInScratch
            | Defect::MatchesAreKeptInScratch
            | Defect::ConstantRowsAreNoCandidates
            | Defect::LongRowsAreRankedByTheirFirst32
            | Defect::AThousandHitsAtMost
            | Defect::LargeScansAreRounded
            | Defect::RareMatchesOfManyAreFilteredLast
            | Defect::ThreadsFindTheirShareOnly
    ) || explained::is_miscounted(defect)
        || id_order::of_ties(Some(defect)).is_some()
}

/// The answers of the last call, by what was asked at which version.
#[derive(Debug, Default)]
struct LastAnswers(Option<(Version, String, Vec<Hits>)>);

/// The ids that match a filter, by its text.
#[derive(Debug, Default)]
struct LastMatches(HashMap<String, HashSet<RecordId>>);

/// Answers the queries with the defect.
pub(crate) fn search(
    defect: Defect,
    on: &dyn Snapshot,
    queries: &[Query<'_>],
    hits: &mut [Hits],
    scratch: &mut Scratch,
) -> Result<Explain> {
    Query::check_batch(queries, hits, on.schema())?;
    let keeps = defect == Defect::AnswersAreKeptInScratch;
    let asked = if keeps { format!("{queries:?}") } else { String::new() };
    if let (true, Some((version, last, answers))) = (keeps, &scratch.of::<LastAnswers>().0)
        && (*version, last) == (on.version(), &asked)
    {
        hits.clone_from_slice(answers);
        return Ok(Explain::of("kept", "canonical"));
    }
    for n in 0..queries.len() {
        match answer(defect, on, &queries[n], scratch) {
            Ok(found) => found.into_iter().for_each(|hit| {
                hits[n].push(hit.id.as_ref(), hit.distance, hit.payload);
                hit.vector.iter().for_each(|it| hits[n].attach_vector(it.as_ref()));
            }),
            Err(error) => {
                if defect != Defect::DamageLeavesEarlierAnswers {
                    hits.iter_mut().for_each(Hits::clear);
                }
                return Err(error);
            }
        }
    }
    if keeps {
        scratch.of::<LastAnswers>().0 = Some((on.version(), asked, hits.to_vec()));
    }
    explained::explain(defect, on, queries, hits)
}

/// The query without a limit on its hits.
fn unlimited<'a>(query: &Query<'a>) -> Query<'a> {
    let goal = match query.goal() {
        Goal::Within { distance, .. } => Goal::Within { distance, limit: usize::MAX },
        _ => Goal::Nearest { k: usize::MAX },
    };
    let all = Query::new(query.input(), goal).with_payload(query.wants_payload());
    query.field().map_or(all, |name| all.with_field(name))
}

/// All hits of a query, whatever its limit.
fn all_hits(
    defect: Defect,
    on: &dyn Snapshot,
    query: &Query<'_>,
    scratch: &mut Scratch,
) -> Result<Vec<Hit>> {
    let (mut all, mut hits) = (unlimited(query), [Hits::new()]);
    let is_unfiltered = matches!(
        defect,
        Defect::ForcedPlanForgetsTheFilter | Defect::RareMatchesOfManyAreFilteredLast
    );
    if let Some(filter) = query.filter().filter(|_| !is_unfiltered) {
        all = all.with_filter(filter);
    }
    NaiveSearch.search(on, &[all], &mut hits, scratch)?;
    Ok(hits[0].to_vec())
}

/// Whether the defect has to do with the query.
fn concerns(defect: Defect, on: &dyn Snapshot, query: &Query<'_>) -> bool {
    match defect {
        Defect::ForcedPlanRoundsDistances
        | Defect::ForcedPlanForgetsTheFilter
        | Defect::ForcedPlanForgetsTies => query.plan() == Plan::F32,
        Defect::LargeScansAreRounded
        | Defect::RareMatchesOfManyAreFilteredLast
        | Defect::ThreadsFindTheirShareOnly => on.len() > 1_024,
        Defect::AThousandHitsAtMost => on.len() > 1_000,
        Defect::HitVectorsAreNormalised | Defect::HitVectorsAreOfTheFirstField => {
            query.wants_vector()
        }
        Defect::HitListsAreCut | Defect::HitTextsAreCut => query.wants_payload(),
        Defect::MatchesAreKeptInScratch => query.filter().is_some(),
        Defect::AnswersAreKeptInScratch | Defect::DamageLeavesEarlierAnswers => false,
        defect => !explained::is_miscounted(defect),
    }
}

fn answer(
    defect: Defect,
    on: &dyn Snapshot,
    query: &Query<'_>,
    scratch: &mut Scratch,
) -> Result<Vec<Hit>> {
    if !concerns(defect, on, query) {
        let mut hits = [Hits::new()];
        NaiveSearch.search(on, &[*query], &mut hits, scratch)?;
        return Ok(hits[0].to_vec());
    }
    let mut all = all_hits(defect, on, query, scratch)?;
    let limit = query.goal().limit();
    match defect {
        Defect::ForcedPlanRoundsDistances | Defect::LargeScansAreRounded => round(&mut all),
        Defect::ForcedPlanForgetsTies => all.dedup_by_key(|hit| hit.distance.to_bits()),
        Defect::AThousandHitsAtMost => all.truncate(1_000),
        Defect::ThreadsFindTheirShareOnly if query.threads() > 1 => {
            let parts = query.threads().min(8) as u64;
            all.retain(|hit| match hit.id.as_ref() {
                IdRef::Number(number) => number % parts != parts - 1,
                _ => true,
            });
        }
        Defect::RareMatchesOfManyAreFilteredLast => {
            all.truncate(limit.saturating_mul(10));
            let matching = matching(on, query)?;
            all.retain(|hit| matching.contains(&hit.id));
        }
        Defect::MatchesAreKeptInScratch => {
            let filter = query.filter().map(Filter::to_string).unwrap_or_default();
            let matching = matching(on, query)?;
            let kept = scratch.of::<LastMatches>().0.entry(filter).or_insert(matching);
            all.retain(|hit| kept.contains(&hit.id));
        }
        Defect::ConstantRowsAreNoCandidates | Defect::LongRowsAreRankedByTheirFirst32
            if limit < all.len() =>
        {
            all = candidates(defect, on, query, all)?;
        }
        _ => {}
    }
    if let Some(order) = id_order::of_ties(Some(defect)) {
        let by_id = |a: &Hit, b: &Hit| order(a.id.as_ref(), b.id.as_ref());
        all.sort_by(|a, b| a.distance.total_cmp(&b.distance).then_with(|| by_id(a, b)));
    }
    all.truncate(limit);
    all.iter_mut().try_for_each(|hit| complete(defect, on, query, hit))?;
    Ok(all)
}

/// The ids that match the filter of a query.
fn matching(on: &dyn Snapshot, query: &Query<'_>) -> Result<HashSet<RecordId>> {
    on.records(query.filter()).map(|record| Ok(record?.id()?.to_id())).collect()
}

/// The vector of a hit in a field of this name.
fn vector_of(on: &dyn Snapshot, hit: &Hit, field: &str) -> Result<Option<Vector>> {
    let Some(record) = on.get(&hit.id)? else { return Ok(None) };
    Ok(record.vector(field)?.map(VectorRef::to_vector))
}

/// The hits whose canonical distances are looked at, where rows are long.
fn candidates(
    defect: Defect,
    on: &dyn Snapshot,
    query: &Query<'_>,
    all: Vec<Hit>,
) -> Result<Vec<Hit>> {
    let field = &on.schema().fields()[query.field_in(on.schema())?.index()];
    if field.kind().dim().is_none_or(|dim| dim <= 37) {
        return Ok(all);
    }
    let asked = query.vector()?.as_f32().unwrap_or_default();
    let mut ranked = Vec::new();
    for hit in all {
        let vector = vector_of(on, &hit, field.name())?;
        let row = vector.as_ref().and_then(Vector::as_f32).unwrap_or_default();
        let is_constant = row.iter().all(|x| *x == row[0]);
        if !(is_constant && defect == Defect::ConstantRowsAreNoCandidates) {
            let squares = row.iter().zip(asked).take(32).map(|(a, b)| f64::from(a - b).powi(2));
            ranked.push((squares.sum::<f64>(), hit));
        }
    }
    if defect == Defect::LongRowsAreRankedByTheirFirst32 {
        ranked.sort_by(|a, b| a.0.total_cmp(&b.0));
        ranked.truncate(query.goal().limit().saturating_mul(16).saturating_add(16));
    }
    let mut candidates: Vec<_> = ranked.into_iter().map(|(_, hit)| hit).collect();
    candidates.sort_by(|a, b| a.distance.total_cmp(&b.distance).then_with(|| a.id.cmp(&b.id)));
    Ok(candidates)
}

/// Gives a hit the vector that the query wants, and its payload what the defect leaves of it.
fn complete(defect: Defect, on: &dyn Snapshot, query: &Query<'_>, hit: &mut Hit) -> Result<()> {
    if query.wants_vector() {
        let field = match defect {
            Defect::HitVectorsAreOfTheFirstField => &on.schema().fields()[0],
            _ => &on.schema().fields()[query.field_in(on.schema())?.index()],
        };
        hit.vector = vector_of(on, hit, field.name())?;
        if defect == Defect::HitVectorsAreNormalised {
            hit.vector = hit.vector.take().map(normalised).transpose()?;
        }
    }
    if let Some(payload) = &mut hit.payload {
        let entries = payload.iter().map(|(key, it)| (key.to_owned(), cut(defect, it)));
        *payload = entries.collect();
    }
    Ok(())
}

/// Ranks by distances in 32 bits.
#[allow(clippy::cast_possible_truncation)]
fn round(hits: &mut [Hit]) {
    hits.iter_mut().for_each(|hit| hit.distance = f64::from(hit.distance as f32));
    hits.sort_by(|a, b| a.distance.total_cmp(&b.distance).then_with(|| a.id.cmp(&b.id)));
}

/// The vector at a length of 1, as an index keeps it.
fn normalised(vector: Vector) -> Result<Vector> {
    let Some(row) = vector.as_f32() else { return Ok(vector) };
    let length = row.iter().map(|x| x * x).sum::<f32>().sqrt();
    Vector::try_from(row.iter().map(|x| x / length.max(f32::MIN_POSITIVE)).collect::<Vec<f32>>())
}

/// The value as a hit carries it.
fn cut(defect: Defect, value: &Value) -> Value {
    match (defect, value) {
        (Defect::HitListsAreCut, Value::List(list)) => {
            Value::List(list.iter().take(1_000).cloned().collect())
        }
        (Defect::HitTextsAreCut, Value::Text(text)) => {
            text.chars().take(100_000).collect::<String>().into()
        }
        _ => value.clone(),
    }
}
