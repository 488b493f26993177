//! Tests of the answer from candidates.

use std::sync::Mutex;

use super::*;
use crate::{
    Accuracy, Blocks, Cursor, ErrorKind, Explain, Filter, Hits, Metric, Page, Query, Record,
    RecordId, RecordRef, Rows, Schema, Snapshot, VectorRef, Verdict, Version,
};

/// A remote with the records 0 to 9, each at the distance of its number from the query 0. Its answers
/// are set beforehand: how many records it sends, and what it says of the rest.
#[derive(Debug)]
struct Scripted {
    schema: Schema,
    answers: Mutex<Vec<(usize, Rest)>>,
    asked: Mutex<Vec<(usize, Option<f64>)>>,
}

fn record(n: u64) -> Record {
    Record::new(n, [n as f32]).unwrap().with("even", n.is_multiple_of(2))
}

impl Scripted {
    fn new(answers: impl IntoIterator<Item = (usize, Rest)>) -> Self {
        let answers: Vec<_> = answers.into_iter().collect();
        let answers = Mutex::new(answers.into_iter().rev().collect());
        let schema = Schema::new(1, Metric::Euclidean).unwrap();
        Self { schema, answers, asked: Mutex::default() }
    }

    fn answer(&self, query: Query<'_>) -> Result<(Vec<u64>, Verdict, Explain)> {
        let mut hits = [Hits::new()];
        let explain = search_remote(self, self, &[query], &mut hits)?;
        let ids = hits[0].iter().map(|hit| hit.id.to_string().parse().unwrap()).collect();
        Ok((ids, hits[0].verdict(), explain))
    }

    fn asked(&self) -> Vec<(usize, Option<f64>)> {
        self.asked.lock().unwrap().clone()
    }
}

impl Remote for Scripted {
    fn candidates(
        &self,
        requests: &[CandidateRequest<'_>],
        out: &mut [Candidates],
        _: Budget<'_>,
    ) -> Result<()> {
        for (request, out) in requests.iter().zip(out) {
            self.asked.lock().unwrap().push((request.at_least(), request.up_to()));
            let (count, rest) = self.answers.lock().unwrap().pop().unwrap();
            for n in (0..count as u64).rev() {
                out.rows_mut().push(&record(n))?;
            }
            out.set_rest(rest);
        }
        Ok(())
    }
}

impl Snapshot for Scripted {
    fn schema(&self) -> &Schema {
        &self.schema
    }
    fn version(&self) -> Version {
        Version(1)
    }
    fn len(&self) -> u64 {
        10
    }
    fn get(&self, _: &RecordId) -> Result<Option<RecordRef<'_>>> {
        Ok(None)
    }
    fn scroll(&self, page: &Page<'_>, out: &mut Rows) -> Result<Option<Cursor>> {
        out.reset(&self.schema);
        let is_wanted =
            |record: &Record| page.filter().is_none_or(|it| it.matches(record).unwrap());
        (0..10).map(record).filter(is_wanted).try_for_each(|record| out.push(&record))?;
        Ok(None)
    }
    fn blocks(&self) -> Option<&dyn Blocks> {
        None
    }
    fn remote(&self) -> Option<&dyn Remote> {
        Some(self)
    }
}

fn from(distance: f64, id: Option<u64>) -> Rest {
    Rest::From { distance, id: id.map(RecordId::from) }
}

fn nearest(k: usize) -> Query<'static> {
    Query::nearest(VectorRef::new(&[0.0]).unwrap(), k)
}

#[test]
fn one_round_is_enough_where_the_rest_ranks_behind() {
    for rest in [from(2.5, None), from(2.0, Some(3)), from(f64::INFINITY, None), Rest::Empty] {
        let remote = Scripted::new([(3, rest)]);
        let (found, verdict, explain) = remote.answer(nearest(3)).unwrap();
        assert_eq!((found, verdict), (vec![0, 1, 2], Verdict::Exact));
        assert_eq!((remote.asked(), explain.candidates), (vec![(3, None)], 3));
    }
}

#[test]
fn a_rest_that_may_have_a_hit_is_asked_for() {
    // At the distance of the last hit, another id may come first.
    for rest in [from(2.0, None), from(2.0, Some(2)), from(1.5, None)] {
        let remote = Scripted::new([(3, rest), (4, from(2.5, None))]);
        let (found, verdict, _) = remote.answer(nearest(3)).unwrap();
        assert_eq!((found, verdict), (vec![0, 1, 2], Verdict::Exact));
        assert_eq!(remote.asked(), [(3, None), (3, Some(2.0))]);
    }
    // Fewer came than are wanted: the second round asks for all.
    let remote = Scripted::new([(2, from(2.0, None)), (10, Rest::Empty)]);
    assert_eq!(remote.answer(nearest(3)).unwrap().0, [0, 1, 2]);
    assert_eq!(remote.asked(), [(3, None), (3, Some(f64::INFINITY))]);
}

#[test]
fn a_radius_is_asked_for_at_once() {
    let remote = Scripted::new([(5, from(2.5, None))]);
    let query = Query::within(VectorRef::new(&[0.0]).unwrap(), 2.0, 100);
    assert_eq!(remote.answer(query).unwrap().0, [0, 1, 2]);
    assert_eq!(remote.asked(), [(100, Some(2.0))]);
}

#[test]
fn what_is_declined_is_read_whole() {
    let even = Filter::eq("even", true);
    for answers in [vec![(0, Rest::Declined)], vec![(3, Rest::Unknown)]] {
        let (found, verdict, explain) =
            Scripted::new(answers).answer(nearest(3).with_filter(&even)).unwrap();
        assert_eq!((found, verdict), (vec![0, 2, 4], Verdict::Exact));
        assert_eq!(explain.plan, "scroll");
    }
}

#[test]
fn a_recall_is_content_with_an_unknown_rest() {
    let query = nearest(3).with_accuracy(Accuracy::Recall(0.5));
    let (found, verdict, _) = Scripted::new([(2, Rest::Unknown)]).answer(query).unwrap();
    assert_eq!((found, verdict), (vec![0, 1], Verdict::Estimated { recall: 0.5, epoch: None }));
    let (_, verdict, _) = Scripted::new([(3, Rest::Empty)]).answer(query).unwrap();
    assert_eq!(verdict, Verdict::Exact);
}

#[test]
fn a_remote_that_breaks_its_contract_is_found_out() {
    for answers in [
        vec![(3, from(f64::NAN, None))],
        vec![(3, from(1.0, None)), (3, from(2.0, None))],
        vec![(2, from(1.0, None)), (2, from(9.0, None))],
    ] {
        let error = Scripted::new(answers).answer(nearest(3)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ContractViolation);
    }
}
