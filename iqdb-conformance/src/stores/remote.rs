//! A store whose rows are elsewhere: it lends no blocks, and an engine that rounds sends candidates.

use std::sync::Arc;

use iqdb_core::filter::Expr;
use iqdb_core::{
    Aggregate, Aggregated, Applied, Batch, Blocks, Budget, CandidateRequest, Candidates,
    Capabilities, Cursor, Field, Filter, Page, Progress, Record, RecordId, RecordRef, Remote, Rest,
    Result, Rows, Schema, Snapshot, SnapshotExt, Store, Version,
};

use super::naive::NaiveStore;

/// The naive store behind a wall: records come as copies, and searches ask for candidates.
#[derive(Debug)]
pub struct RemoteStore {
    inner: NaiveStore,
}

/// A version of a [`RemoteStore`].
#[derive(Debug)]
pub struct RemoteSnapshot {
    inner: Arc<dyn Snapshot>,
}

impl RemoteStore {
    /// An empty store.
    #[must_use]
    pub fn new(schema: Schema) -> Self {
        Self { inner: NaiveStore::new(schema) }
    }
}

impl Store for RemoteStore {
    fn schema(&self) -> Schema {
        self.inner.schema()
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities::none()
    }

    fn apply_within(&self, batch: &Batch, budget: Budget<'_>) -> Result<Applied> {
        self.inner.apply_within(batch, budget)
    }

    fn add_field(
        &self,
        field: Field,
        budget: Budget<'_>,
        progress: &mut dyn Progress,
    ) -> Result<Version> {
        self.inner.add_field(field, budget, progress)
    }

    fn get(&self, id: &RecordId) -> Result<Option<Record>> {
        self.inner.get(id)
    }

    fn snapshot(&self) -> Result<Arc<dyn Snapshot>> {
        Ok(Arc::new(RemoteSnapshot { inner: self.inner.snapshot()? }))
    }

    fn flush(&self) -> Result<()> {
        self.inner.flush()
    }
}

impl Snapshot for RemoteSnapshot {
    fn schema(&self) -> &Schema {
        self.inner.schema()
    }

    fn version(&self) -> Version {
        self.inner.version()
    }

    fn len(&self) -> u64 {
        self.inner.len()
    }

    fn get(&self, id: &RecordId) -> Result<Option<RecordRef<'_>>> {
        let record = self.inner.get(id)?.map(|record| record.to_record()).transpose()?;
        Ok(record.map(RecordRef::from))
    }

    fn scroll(&self, page: &Page<'_>, out: &mut Rows) -> Result<Option<Cursor>> {
        self.inner.scroll(page, out)
    }

    fn aggregate(
        &self,
        wanted: &[Aggregate<'_>],
        filter: Option<&Filter>,
        budget: Budget<'_>,
    ) -> Result<Vec<Aggregated>> {
        self.inner.aggregate(wanted, filter, budget)
    }

    fn blocks(&self) -> Option<&dyn Blocks> {
        None
    }

    fn remote(&self) -> Option<&dyn Remote> {
        Some(self)
    }
}

impl Remote for RemoteSnapshot {
    fn candidates(
        &self,
        requests: &[CandidateRequest<'_>],
        out: &mut [Candidates],
        budget: Budget<'_>,
    ) -> Result<()> {
        for (request, out) in requests.iter().zip(out) {
            budget.check()?;
            if !is_declined(request) {
                send(&*self.inner, request, out)?;
            }
        }
        Ok(())
    }
}

/// The engine doesn't know `or`.
fn is_declined(request: &CandidateRequest<'_>) -> bool {
    request.query().filter().is_some_and(|filter| matches!(filter.expr(), Ok(Expr::Or(_))))
}

/// A match as the engine sees it: its score is not the canonical distance, but within `error` of it.
struct Scored {
    score: f64,
    error: f64,
    record: Record,
}

impl Scored {
    /// The least that the canonical distance may be.
    fn least(&self) -> f64 {
        (self.score - self.error).max(f64::MIN)
    }
}

fn send(on: &dyn Snapshot, request: &CandidateRequest<'_>, out: &mut Candidates) -> Result<()> {
    let mut matches = scored(on, request)?;
    matches.sort_by(|a, b| a.score.total_cmp(&b.score));
    let parts = request.parts(on.schema())?;
    let is_sent = |n: usize, scored: &Scored| {
        n < request.at_least() || request.up_to().is_some_and(|up_to| scored.least() <= up_to)
    };
    let mut rest = f64::INFINITY;
    for (n, scored) in matches.iter().enumerate() {
        if is_sent(n, scored) {
            out.rows_mut().push_parts(&(&scored.record).into(), parts)?;
        } else {
            rest = rest.min(scored.least());
        }
    }
    out.set_rest(match rest {
        // An estimate promises nothing of what it leaves out.
        _ if !request.query().accuracy().is_exact() && request.up_to().is_none() => Rest::Unknown,
        f64::INFINITY => Rest::Empty,
        distance => Rest::From { distance, id: None },
    });
    Ok(())
}

/// Every match with its score.
fn scored(on: &dyn Snapshot, request: &CandidateRequest<'_>) -> Result<Vec<Scored>> {
    let query = request.query();
    let field = &on.schema().fields()[query.field_in(on.schema())?.index()];
    let mut matches = Vec::new();
    for record in on.records(query.filter()) {
        let record = record?.to_record()?;
        let Some(vector) = record.vector(field.name()) else { continue };
        let distance = field.kind().distance(vector, query.vector()?);
        let Some(distance) = distance? else { continue };
        let error = distance.abs() / 1_000.0 + 1e-9;
        let score = (distance + error * rounding(&record.id)).clamp(f64::MIN, f64::MAX);
        matches.push(Scored { score, error, record });
    }
    Ok(matches)
}

/// A number from -1 to 1 that depends on the id.
fn rounding(id: &RecordId) -> f64 {
    let text = id.to_string();
    let hash =
        text.bytes().fold(7_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(16_777_619));
    f64::from(hash) / f64::from(u32::MAX) * 2.0 - 1.0
}
