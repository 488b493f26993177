//! The exact answer from candidates, in two round trips at most.
//!
//! ```text
//! ask for k candidates of each query; of one within a radius, for all up to the radius
//! rank what came by canonical distance, then id
//! proven, if nothing in the rest can be among the first k or within the radius
//! ask those that are not proven for all up to their k-th distance, or for all matches if fewer came
//! ```
//! A request that the remote declines is answered by reading every match, a page at a time: slow, exact. So
//! is a query for text.

use std::cmp::Ordering;

use super::pages::for_each_page;
use super::{CandidateRequest, Candidates, Remote, Rest, texts};
use crate::{
    Accuracy, Budget, Error, ErrorKind, Explain, FieldKind, Hits, Input, Page, Payload, Query,
    RecordId, Result, Rows, Snapshot, Vector, VectorRef, Verdict,
};

/// How many records a page has where every match is read.
const PAGE_ROWS: usize = 4_096;

/// Answers `queries[i]` into `hits[i]` over a snapshot without blocks. The queries have been checked, and
/// the buffers are as many and empty.
///
/// # Errors
/// [`ErrorKind::ContractViolation`] when the remote sends what was not asked for;
/// [`ErrorKind::Damaged`] for a record whose vector is none; whatever the remote and
/// [`Snapshot::scroll`] report. Some buffers may have hits then.
pub fn search_remote(
    on: &dyn Snapshot,
    remote: &dyn Remote,
    queries: &[Query<'_>],
    hits: &mut [Hits],
) -> Result<Explain> {
    if queries.iter().any(|query| matches!(query.input(), Input::Text(_))) {
        return search_texts(on, remote, queries, hits);
    }
    let mut explain = Explain::of("candidates", "canonical");
    let mut asked =
        queries.iter().map(|query| Asked::new(on, *query)).collect::<Result<Vec<_>>>()?;
    for _round in 0..2 {
        let mut open: Vec<_> = asked.iter_mut().filter(|asked| asked.is_to_be_asked()).collect();
        if open.is_empty() {
            break;
        }
        let requests: Vec<_> = open.iter().map(|asked| asked.request()).collect();
        let mut sent = vec![Candidates::new(on.schema()); requests.len()];
        let budget = check_budgets(queries)?;
        remote.candidates(&requests, &mut sent, budget)?;
        for (asked, sent) in open.iter_mut().zip(&sent) {
            explain.candidates += sent.rows().len() as u64;
            asked.take(sent)?;
        }
    }
    for (asked, hits) in asked.iter_mut().zip(hits) {
        if asked.state == State::Declined {
            explain.plan = "scroll";
            explain.candidates += asked.read_all(on, queries)?;
        }
        asked.write(hits);
    }
    explain.rescored = explain.candidates;
    Ok(explain)
}

/// Answers a batch with queries for text: those by reading every record, the others as one batch.
fn search_texts(
    on: &dyn Snapshot,
    remote: &dyn Remote,
    queries: &[Query<'_>],
    hits: &mut [Hits],
) -> Result<Explain> {
    let mut explain = Explain::of("scroll", "canonical");
    let (mut numbers, mut others, mut found) = (Vec::new(), Vec::new(), Vec::new());
    for (n, query) in queries.iter().enumerate() {
        if let Input::Text(text) = query.input() {
            let budget = check_budgets(queries)?;
            explain.candidates += texts::answer(on, query, text, budget, &mut hits[n])?;
        } else {
            numbers.push(n);
            others.push(*query);
            found.push(std::mem::take(&mut hits[n]));
        }
    }
    explain.rescored = explain.candidates;
    if !others.is_empty() {
        explain.add(&search_remote(on, remote, &others, &mut found)?);
    }
    for (n, found) in numbers.into_iter().zip(found) {
        hits[n] = found;
    }
    Ok(explain)
}

/// Checks the budgets of a batch: any of them ends all. Returns the earliest deadline with one of the
/// flags that cancel.
fn check_budgets<'a>(queries: &[Query<'a>]) -> Result<Budget<'a>> {
    let mut all = Budget::new();
    for query in queries {
        query.budget().check()?;
        all = query.budget().cancel().map_or(all, |cancel| all.with_cancel(cancel));
    }
    let deadline = queries.iter().filter_map(|query| query.budget().deadline()).min();
    Ok(deadline.map_or(all, |deadline| all.with_deadline(deadline)))
}

/// A query, and what is known of its answer.
struct Asked<'a> {
    query: Query<'a>,
    name: String,
    kind: FieldKind,
    /// The nearest of what has come, at most as many as the query wants.
    found: Vec<Found>,
    state: State,
}

#[derive(Clone, Copy, PartialEq)]
enum State {
    New,
    /// Hits may be missing; the second request goes this far.
    Unproven,
    Declined,
    Done(Verdict),
}

/// A record that may be a hit.
struct Found {
    distance: f64,
    id: RecordId,
    payload: Option<Payload>,
    vector: Option<Vector>,
}

impl<'a> Asked<'a> {
    fn new(on: &dyn Snapshot, query: Query<'a>) -> Result<Self> {
        let field = &on.schema().fields()[query.field_in(on.schema())?.index()];
        let (name, kind) = (field.name().to_owned(), field.kind());
        Ok(Self { query, name, kind, found: Vec::new(), state: State::New })
    }

    fn is_to_be_asked(&self) -> bool {
        matches!(self.state, State::New | State::Unproven)
    }

    fn limit(&self) -> usize {
        self.query.goal().limit()
    }

    /// The greatest distance that a hit can have.
    fn radius(&self) -> f64 {
        self.query.goal().max_distance()
    }

    fn request(&self) -> CandidateRequest<'a> {
        let request = CandidateRequest::new(self.query, self.limit());
        match self.state {
            State::New if self.radius() == f64::INFINITY => request,
            State::New => request.with_up_to(self.radius()),
            _ => request.with_up_to(self.horizon()),
        }
    }

    /// The distance beyond which nothing is a hit, as far as is known.
    fn horizon(&self) -> f64 {
        match self.found.last() {
            Some(last) if self.found.len() == self.limit() => last.distance,
            _ => self.radius(),
        }
    }

    /// Ranks what was sent, and decides whether the answer is proven.
    fn take(&mut self, sent: &Candidates) -> Result<()> {
        let is_second = self.state == State::Unproven;
        let request = self.request();
        if *sent.rest() == Rest::Declined {
            self.state = State::Declined;
            return Ok(());
        }
        if matches!(sent.rest(), Rest::From { distance, .. } if distance.is_nan()) {
            return Err(violation("a remote sent a rest at a distance that is not a number"));
        }
        self.found.clear();
        if self.add(sent.rows())? < sent.rows().len() {
            return Err(violation("a remote sent a record without the field of the query"));
        }
        self.state = match sent.rest() {
            _ if self.is_proven(sent.rest()) => State::Done(Verdict::Exact),
            Rest::Unknown => match self.query.accuracy() {
                accuracy if accuracy.is_exact() => State::Declined,
                Accuracy::Recall(recall) => State::Done(Verdict::Estimated { recall, epoch: None }),
                _ => State::Declined,
            },
            Rest::From { distance, .. } if is_second => {
                return Err(violation("a remote did not send all that was asked for")
                    .expected(format_args!("a rest beyond {:?}", request.up_to()))
                    .found(distance));
            }
            _ => State::Unproven,
        };
        Ok(())
    }

    /// Whether nothing in the rest can be a hit.
    fn is_proven(&self, rest: &Rest) -> bool {
        match rest {
            Rest::Empty => true,
            Rest::From { distance, id } => {
                let before = |last: &Found| match last.distance.total_cmp(distance) {
                    Ordering::Less => true,
                    Ordering::Equal => id.as_ref().is_some_and(|id| last.id < *id),
                    Ordering::Greater => false,
                };
                let is_full = self.found.len() == self.limit();
                // Distances are finite.
                let is_empty = *distance == f64::INFINITY;
                is_empty
                    || *distance > self.radius()
                    || is_full && self.found.last().is_some_and(before)
            }
            Rest::Declined | Rest::Unknown => false,
        }
    }

    /// Ranks rows among what was found before. Returns how many of them have the field.
    fn add(&mut self, rows: &Rows) -> Result<usize> {
        let mut count = 0;
        for row in 0..rows.len() {
            let Some(vector) = rows.vector(row, &self.name) else { continue };
            count += 1;
            let id = rows.ids().at(row).to_id();
            let distance = self.kind.distance(vector, self.query.vector()?).map_err(|error| {
                Error::new(ErrorKind::Damaged, "a stored row is not a vector")
                    .with_id(&id)
                    .caused_by(error)
            })?;
            // A sparse vector that shares no index with the query has no distance.
            if let Some(distance) = distance.filter(|it| *it <= self.radius()) {
                let payload = self.query.wants_payload().then(|| rows.payload(row).to_payload());
                let payload = payload.transpose()?;
                let vector = self.query.wants_vector().then(|| VectorRef::to_vector(vector));
                self.found.push(Found { distance, id, payload, vector });
            }
        }
        self.found.sort_by(|a, b| a.distance.total_cmp(&b.distance).then_with(|| a.id.cmp(&b.id)));
        self.found.dedup_by(|a, b| a.id == b.id);
        self.found.truncate(self.limit());
        Ok(count)
    }

    /// Reads every match; returns how many there were.
    fn read_all(&mut self, on: &dyn Snapshot, queries: &[Query<'_>]) -> Result<u64> {
        self.found.clear();
        let parts = self.request().parts(on.schema())?;
        let mut count = 0;
        let page = Page::new(PAGE_ROWS).with_parts(parts).with_budget(check_budgets(queries)?);
        let page = self.query.filter().map_or(page, |filter| page.with_filter(filter));
        for_each_page(on, page, &mut |rows| {
            count += rows.len() as u64;
            check_budgets(queries)?;
            self.add(rows).map(drop)
        })?;
        self.state = State::Done(Verdict::Exact);
        Ok(count)
    }

    fn write(&mut self, hits: &mut Hits) {
        for found in self.found.drain(..) {
            hits.push(found.id.as_ref(), found.distance, found.payload);
            if let Some(vector) = &found.vector {
                hits.attach_vector(vector.as_ref());
            }
        }
        if let State::Done(verdict) = self.state {
            hits.set_verdict(verdict);
        }
    }
}

/// A remote that breaks its contract.
fn violation(message: &'static str) -> Error {
    Error::new(ErrorKind::ContractViolation, message).during("search")
}
