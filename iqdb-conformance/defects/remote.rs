//! The remote store, with a defect planted in what it sends.

use std::sync::Arc;

use iqdb_conformance::remote::RemoteStore;
use iqdb_core::{
    Aggregate, Aggregated, Applied, Batch, Blocks, Budget, CandidateRequest, Candidates,
    Capabilities, Cursor, Error, ErrorKind, Field, Filter, Page, Progress, Query, Record, RecordId,
    RecordRef, Remote, Rest, Result, Rows, Schema, Snapshot, Store, Version,
};

use crate::defect::Defect;

#[derive(Debug)]
pub(crate) struct PlantedRemoteStore {
    inner: Arc<RemoteStore>,
    defect: Option<Defect>,
}

#[derive(Debug)]
struct PlantedRemote {
    inner: Arc<dyn Snapshot>,
    store: Arc<RemoteStore>,
    defect: Option<Defect>,
}

impl PlantedRemoteStore {
    pub(crate) fn new(schema: Schema, defect: Option<Defect>) -> Self {
        Self { inner: Arc::new(RemoteStore::new(schema)), defect }
    }
}

impl Store for PlantedRemoteStore {
    fn schema(&self) -> Schema {
        self.inner.schema()
    }

    fn capabilities(&self) -> Capabilities {
        self.inner.capabilities()
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
        let (inner, store) = (self.inner.snapshot()?, Arc::clone(&self.inner));
        Ok(Arc::new(PlantedRemote { inner, store, defect: self.defect }))
    }

    fn flush(&self) -> Result<()> {
        self.inner.flush()
    }
}

impl Snapshot for PlantedRemote {
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
        self.inner.get(id)
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

impl Remote for PlantedRemote {
    fn candidates(
        &self,
        requests: &[CandidateRequest<'_>],
        out: &mut [Candidates],
        budget: Budget<'_>,
    ) -> Result<()> {
        let latest;
        let snapshot = match self.defect {
            Some(Defect::RemoteAnswersAsOfNow) => {
                latest = self.store.snapshot()?;
                &*latest
            }
            _ => &*self.inner,
        };
        let remote = snapshot.remote().ok_or_else(|| {
            Error::new(ErrorKind::ContractViolation, "the remote store has no remote")
        })?;
        let misread: Vec<_> = requests.iter().map(|request| self.misread(request)).collect();
        remote.candidates(&misread, out, budget)?;
        requests.iter().zip(out).try_for_each(|(request, out)| self.spoil(request, out))
    }
}

impl PlantedRemote {
    /// The request as the defect takes it.
    fn misread<'a>(&self, request: &CandidateRequest<'a>) -> CandidateRequest<'a> {
        let query = request.query();
        let (query, at_least) = match self.defect {
            Some(Defect::RemoteIgnoresTheFilter) => {
                let all =
                    Query::new(query.input(), query.goal()).with_payload(query.wants_payload());
                (query.field().map_or(all, |name| all.with_field(name)), request.at_least())
            }
            Some(Defect::RemoteSendsPayloadsUnasked) => {
                (query.with_payload(true), request.at_least())
            }
            Some(Defect::RemoteSendsOneTooFew) => (*query, request.at_least().saturating_sub(1)),
            _ => (*query, request.at_least()),
        };
        let misread = CandidateRequest::new(query, at_least);
        match (request.up_to(), self.defect) {
            // Forgets the matches at exactly this distance.
            (Some(up_to), Some(Defect::RemoteForgetsTies)) => misread.with_up_to(up_to.next_down()),
            (Some(up_to), _) => misread.with_up_to(up_to),
            (None, _) => misread,
        }
    }

    /// Leaves out what is at exactly the distance up to which all was asked for.
    fn forget_ties(&self, request: &CandidateRequest<'_>, out: &mut Candidates) -> Result<()> {
        let (query, schema) = (request.query(), self.inner.schema());
        let field = &schema.fields()[query.field_in(schema)?.index()];
        let records = out.rows().to_records();
        out.rows_mut().reset(schema);
        for record in records {
            let vector = record.vector(field.name());
            let distance = vector.map(|vector| field.kind().distance(vector, query.vector()?));
            if distance.transpose()?.flatten() != request.up_to() {
                out.rows_mut().push(&record)?;
            }
        }
        Ok(())
    }

    /// The answer with the defect in it.
    fn spoil(&self, request: &CandidateRequest<'_>, out: &mut Candidates) -> Result<()> {
        match (self.defect, out.rest().clone()) {
            (Some(Defect::RestIsTooFar), Rest::From { distance, id }) => {
                out.set_rest(Rest::From { distance: distance + distance.abs() * 0.01 + 1e-6, id });
            }
            (Some(Defect::RestIsForgotten), Rest::From { .. }) => out.set_rest(Rest::Empty),
            (Some(Defect::RemoteForgetsTies), _) => self.forget_ties(request, out)?,
            (Some(Defect::RemoteSendsTwice), _) if out.rows().len() > 2 => {
                let first = out.rows().to_records().swap_remove(0);
                out.rows_mut().push(&first)?;
            }
            _ => {}
        }
        Ok(())
    }
}
