//! Candidates: what a remote sends, and what it says of the rest.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use iqdb_core::{
    Batch, Budget, CandidateRequest, Candidates, Filter, IdRef, Metric, Query, Record, RecordId,
    Rest, Result, Schema, Snapshot, Vector, VectorRef,
};

use crate::cases::reading::part;
use crate::check::exact::{assert_is, assert_record};
use crate::differential::Differential;
use crate::generate::corpus::Distribution;
use crate::generate::{filters, vectors};
use crate::shapes::{self, Held};
use crate::{Harness, Model, Outcome};

const NO_REMOTE: Outcome = Outcome::NotPromised("its snapshots have no remote");

/// The matches of a query with their canonical distances, in their order.
fn ranked<'a>(model: &'a Model, query: &Query<'_>) -> Result<Vec<(f64, &'a Record)>> {
    let field = &model.schema().fields()[query.field_in(model.schema())?.index()];
    let mut ranked = Vec::new();
    for record in model.matching(query.filter())? {
        let Some(vector) = record.vector(field.name()) else { continue };
        if let Some(distance) = field.kind().distance(vector, query.vector()?)? {
            ranked.push((distance, record));
        }
    }
    ranked.sort_by(|(a, a_record), (b, b_record)| {
        a.total_cmp(b).then_with(|| a_record.id.cmp(&b_record.id))
    });
    Ok(ranked)
}

/// One request, its answer, and every match in its order.
struct Asked<'a> {
    schema: &'a Schema,
    request: CandidateRequest<'a>,
    sent: &'a Candidates,
    ranked: &'a [(f64, &'a Record)],
}

impl Asked<'_> {
    /// The ids that were sent.
    fn ids(&self) -> BTreeSet<RecordId> {
        self.sent.rows().ids().iter().map(IdRef::to_id).collect()
    }

    /// The matches that were not sent.
    fn unsent(&self) -> Vec<&(f64, &Record)> {
        let sent = self.ids();
        self.ranked.iter().filter(|(_, record)| !sent.contains(&record.id)).collect()
    }
}

/// Asks stores of every shape, and checks each answer that is not declined. The snapshot is of a
/// version that is not the latest. A remote that declines every request promises nothing.
fn each_answer(harness: &Harness, check: impl Fn(&Asked<'_>) -> Result<()>) -> Result<Outcome> {
    let (held, mut answers) = (Held::of(harness, shapes::all()?)?, 0);
    for schema in &held.schemas {
        let mut pair = Differential::after_churn(harness, schema, 80, Distribution::Lattice)?;
        let (snapshot, model) = (pair.site.snapshot()?, pair.model.clone());
        if snapshot.remote().is_none() {
            return Ok(NO_REMOTE);
        }
        let ids: Vec<_> = model.records().map(|record| record.id.clone()).step_by(2).collect();
        pair.apply(&ids.into_iter().fold(Batch::new(), Batch::delete))?;
        for field in vectors::fields(schema) {
            for distribution in Distribution::ALL {
                let mut rng = fastrand::Rng::with_seed(11);
                let vector = vectors::vector(&mut rng, field.kind(), distribution)?;
                answers += ask(&*snapshot, &model, (field.name(), &vector), &check)?;
            }
        }
    }
    match answers {
        0 => Ok(Outcome::NotPromised("its remote declines every request")),
        _ => Ok(held.outcome()),
    }
}

/// Asks for several numbers of candidates, up to several distances, all in one call. Returns how many
/// requests were answered.
fn ask(
    snapshot: &dyn Snapshot,
    model: &Model,
    (field, vector): (&str, &Vector),
    check: &impl Fn(&Asked<'_>) -> Result<()>,
) -> Result<usize> {
    let mut answers = 0;
    let filters: Vec<Option<Filter>> =
        filters::predicates().into_iter().step_by(23).map(Some).chain([None]).collect();
    for filter in &filters {
        let query = Query::nearest(VectorRef::from(vector), 5).with_field(field).with_payload(true);
        let query = filter.as_ref().map_or(query, |filter| query.with_filter(filter));
        let ranked = ranked(model, &query)?;
        let mut requests = Vec::new();
        for at_least in [1, 4, 1_000] {
            let request = CandidateRequest::new(query.with_payload(at_least != 4), at_least);
            requests.push(request);
            requests.push(request.with_up_to(f64::INFINITY));
            // At the distance of a match, where ties are not to be forgotten.
            let some = ranked.iter().step_by(5);
            requests.extend(some.map(|(distance, _)| request.with_up_to(*distance)));
        }
        let mut sent = vec![Candidates::new(snapshot.schema()); requests.len()];
        if let Some(remote) = snapshot.remote() {
            remote.candidates(&requests, &mut sent, Budget::new())?;
        }
        for (request, sent) in requests.into_iter().zip(&sent) {
            if *sent.rest() == Rest::Declined {
                assert_is!(sent.rows().len(), 0, "what came for a request that was declined");
                continue;
            }
            answers += 1;
            check(&Asked { schema: model.schema(), request, sent, ranked: &ranked })?;
        }
    }
    Ok(answers)
}

pub(super) fn candidates_are_of_their_snapshot(harness: &Harness) -> Result<Outcome> {
    let schema = Schema::new(2, Metric::Euclidean)?;
    let mut pair = Differential::after_churn(harness, &schema, 60, Distribution::Smooth)?;
    let vector = Vector::try_from([0.5, -0.5])?;
    let query = Query::nearest(vector.as_ref(), 5);
    let requests = [5, 1_000].map(|at_least| CandidateRequest::new(query, at_least));
    let snapshot = pair.site.snapshot()?;
    let Some(remote) = snapshot.remote() else { return Ok(NO_REMOTE) };
    let ask = || -> Result<Vec<Vec<Record>>> {
        let mut sent = vec![Candidates::new(&schema); requests.len()];
        remote.candidates(&requests, &mut sent, Budget::new())?;
        let mut records: Vec<_> = sent.iter().map(|sent| sent.rows().to_records()).collect();
        records.iter_mut().for_each(|records| records.sort_by(|a, b| a.id.cmp(&b.id)));
        Ok(records)
    };
    let before = ask()?;
    let ids: Vec<_> = pair.model.records().map(|record| record.id.clone()).collect();
    for (n, id) in ids.into_iter().enumerate() {
        let batch = Batch::new().delete(&id);
        pair.apply(&if n % 2 == 0 { batch } else { batch.upsert(Record::new(id, [0.5, -0.5])?) })?;
    }
    assert_is!(ask()?, before, "the candidates after later writes");
    Ok(Outcome::Kept)
}

pub(super) fn candidates_are_records_that_match(harness: &Harness) -> Result<Outcome> {
    each_answer(harness, |asked| {
        let (rows, parts) = (asked.sent.rows(), asked.request.parts(asked.schema)?);
        assert_is!(asked.ids().len(), rows.len(), "the number of different candidates");
        for found in rows.to_records() {
            let expected = asked.ranked.iter().find(|(_, record)| record.id == found.id);
            let expected = expected.map(|(_, record)| part(record, asked.schema, parts));
            assert_record(Some(&found), expected.as_ref(), "a candidate");
        }
        Ok(())
    })
}

pub(super) fn candidates_are_as_many_as_asked_for(harness: &Harness) -> Result<Outcome> {
    each_answer(harness, |asked| {
        let (found, wanted) = (asked.sent.rows().len(), asked.request.at_least());
        let wanted = wanted.min(asked.ranked.len());
        assert!(found >= wanted, "expected at least {wanted} candidates, found {found}");
        Ok(())
    })
}

pub(super) fn what_is_not_sent_ranks_at_the_rest_or_after(harness: &Harness) -> Result<Outcome> {
    each_answer(harness, |asked| {
        for (distance, record) in asked.unsent() {
            let is_behind = match asked.sent.rest() {
                Rest::Empty => false,
                Rest::From { distance: rest, id } => match distance.total_cmp(rest) {
                    Ordering::Less => false,
                    Ordering::Equal => id.as_ref().is_none_or(|id| record.id >= *id),
                    Ordering::Greater => true,
                },
                _ => true,
            };
            let rest = asked.sent.rest();
            assert!(
                is_behind,
                "{} at {distance} was not sent, and the rest is {rest:?}",
                record.id
            );
        }
        Ok(())
    })
}

pub(super) fn candidates_up_to_a_distance_are_all_sent(harness: &Harness) -> Result<Outcome> {
    each_answer(harness, |asked| {
        let Some(up_to) = asked.request.up_to() else { return Ok(()) };
        for (distance, record) in asked.unsent() {
            assert!(*distance > up_to, "{} at {distance} was not sent up to {up_to}", record.id);
        }
        match asked.sent.rest() {
            Rest::From { distance, .. } => {
                assert!(*distance > up_to, "the rest is at {distance}, not beyond {up_to}");
            }
            rest => assert!(*rest == Rest::Empty, "expected a rest beyond {up_to}, found {rest:?}"),
        }
        Ok(())
    })
}
