//! The naive search, with a defect planted in it.

use std::cmp::Ordering;

use iqdb_conformance::naive::NaiveSearch;
use iqdb_core::distance::squared_norm;
use iqdb_core::{
    Budget, Error, ErrorKind, Explain, Field, FieldKind, Goal, Hit, Hits, Metric, Progress, Query,
    Record, Result, Scratch, Search, Snapshot, SnapshotExt, SparseRef, VectorRef,
};

use crate::defect::Defect;
use crate::estimates::PlantedIndex;
use crate::{bulk_search, prepared, questions, texts};

#[derive(Debug)]
pub(crate) struct PlantedSearch {
    pub(crate) defect: Option<Defect>,
}

impl Search for PlantedSearch {
    fn search(
        &self,
        on: &dyn Snapshot,
        queries: &[Query<'_>],
        hits: &mut [Hits],
        scratch: &mut Scratch,
    ) -> Result<Explain> {
        match self.defect {
            Some(defect) if texts::is_of_text(defect) => {
                texts::search(defect, on, queries, hits, scratch)
            }
            Some(defect) if bulk_search::is_of_bulk(defect) => {
                bulk_search::search(defect, on, queries, hits, scratch)
            }
            Some(defect) if questions::is_misread(defect) => {
                questions::search(defect, on, queries, hits, scratch)
            }
            Some(
                Defect::TiesByInsertion
                | Defect::TiesByTextOfTheId
                | Defect::FilterAfterRanking
                | Defect::KAboveLenPanics
                | Defect::WithinIsExclusive
                | Defect::WithinIsNotCapped
                | Defect::F32Distances
                | Defect::F32Overflows
                | Defect::CosineOverflows
                | Defect::KIsReserved
                | Defect::DamagedRowsAreSkipped
                | Defect::PayloadAlways
                | Defect::VectorAlways
                | Defect::StaleHitsStay
                | Defect::ThreadsReverseTies
                | Defect::CodesRank
                | Defect::PreparedRowsNeverDie
                | Defect::FirstFieldAnswers
                | Defect::AbsentIsNearest
                | Defect::DisjointBitsAreEqual
                | Defect::SparseSumsInF32
                | Defect::DisjointSparseIsFound,
            ) => self.misanswer(on, queries, hits),
            Some(Defect::EmptyIsAnError) if on.is_empty() => {
                hits.iter_mut().for_each(Hits::clear);
                Err(Error::new(ErrorKind::InvalidQuery, "there is nothing to search"))
            }
            Some(Defect::EmptyTakesAnyQuery) if on.is_empty() => {
                hits.iter_mut().for_each(Hits::clear);
                Ok(Explain::of("none", "none"))
            }
            Some(Defect::HitsStayOnError) => {
                let mut found = vec![Hits::new(); hits.len()];
                let explain = NaiveSearch.search(on, queries, &mut found, scratch)?;
                hits.clone_from_slice(&found);
                Ok(explain)
            }
            Some(Defect::FirstQueryDecides) if queries.len() > 1 => {
                let goal = queries[0].goal();
                let as_the_first = |query: &Query<'_>| -> bool { query.goal() == goal };
                let explain = NaiveSearch.search(on, queries, hits, scratch)?;
                for (query, hits) in queries.iter().zip(hits) {
                    if !as_the_first(query) {
                        hits.clear();
                    }
                }
                Ok(explain)
            }
            Some(Defect::FirstFieldIsAsked) if queries.len() > 1 => {
                let explain = NaiveSearch.search(on, queries, hits, scratch)?;
                let others = |(query, _): &(&Query<'_>, _)| query.field() != queries[0].field();
                queries.iter().zip(hits).filter(others).for_each(|(_, hits)| hits.clear());
                Ok(explain)
            }
            defect => PlantedIndex::new(defect).search(on, queries, hits, scratch),
        }
    }

    fn prepare(
        &self,
        on: &dyn Snapshot,
        budget: Budget<'_>,
        progress: &mut dyn Progress,
    ) -> Result<bool> {
        match self.defect {
            Some(Defect::CodesRank | Defect::PreparedRowsNeverDie) => {}
            defect => return PlantedIndex::new(defect).prepare(on, budget, progress),
        }
        progress.report(0, 1);
        match self.defect {
            _ if budget.check().is_err() => return Ok(false),
            Some(Defect::CodesRank) => prepared::code(on)?,
            _ => prepared::remember_alive(on)?,
        }
        Ok(true)
    }

    fn build_index(
        &self,
        on: &dyn Snapshot,
        budget: Budget<'_>,
        progress: &mut dyn Progress,
    ) -> Result<bool> {
        match self.defect {
            Some(Defect::CodesRank | Defect::PreparedRowsNeverDie) => Ok(true),
            defect => PlantedIndex::new(defect).build_index(on, budget, progress),
        }
    }
}

/// The distance of sparse vectors that share an index, summed in `f32`.
fn sparse_in_f32(a: SparseRef<'_>, b: SparseRef<'_>) -> f64 {
    let mut sum = 0.0_f32;
    for (index, weight) in a.indices().iter().zip(a.weights()) {
        if let Ok(at) = b.indices().binary_search(index) {
            sum += weight * b.weights()[at];
        }
    }
    0.0 - f64::from(sum)
}

impl PlantedSearch {
    fn misanswer(
        &self,
        on: &dyn Snapshot,
        queries: &[Query<'_>],
        hits: &mut [Hits],
    ) -> Result<Explain> {
        let stale = hits.to_vec();
        Query::check_batch(queries, hits, on.schema())?;
        if self.defect == Some(Defect::StaleHitsStay) {
            hits.clone_from_slice(&stale);
        }
        for (query, hits) in queries.iter().zip(hits) {
            for hit in self.found(on, query)? {
                hits.push(hit.id.as_ref(), hit.distance, hit.payload);
                if let Some(vector) = hit.vector {
                    hits.attach_vector(vector.as_ref());
                }
            }
        }
        Ok(Explain::of("planted", "planted"))
    }

    fn found(&self, on: &dyn Snapshot, query: &Query<'_>) -> Result<Vec<Hit>> {
        let ranks_first = self.defect == Some(Defect::FilterAfterRanking);
        let filter = query.filter();
        let mut found: Vec<(f64, Record)> = match self.defect {
            Some(Defect::KIsReserved) => Vec::with_capacity(query.goal().limit().min(1 << 16)),
            _ => Vec::new(),
        };
        let by_codes = prepared::is_coded(on)?;
        let mut field = &on.schema().fields()[query.field_in(on.schema())?.index()];
        if self.defect == Some(Defect::FirstFieldAnswers) {
            let alike = |other: &&Field| {
                let (kind, other) = (field.kind(), other.kind());
                (kind.element(), kind.dim()) == (other.element(), other.dim())
            };
            field = on.schema().fields().iter().find(alike).unwrap_or(field);
        }
        for record in on.records(if ranks_first { None } else { filter }) {
            let record = record?;
            let canonical = match record.vector(field.name()) {
                Ok(None) => {
                    if self.defect == Some(Defect::AbsentIsNearest) {
                        found.push((0.0, record.to_record()?));
                    }
                    continue;
                }
                Ok(Some(vector)) => field.kind().distance(vector, query.vector()?),
                Err(error) => Err(error),
            };
            if let Err(error) = canonical {
                if self.defect == Some(Defect::DamagedRowsAreSkipped) {
                    continue;
                }
                let damaged = Error::new(ErrorKind::Damaged, "a stored row is not a vector");
                return Err(damaged.with_id(&record.id()?.to_id()).caused_by(error));
            }
            let record = record.to_record()?;
            let Some(vector) = record.vector(field.name()) else { continue };
            let distance = match by_codes {
                true => {
                    field.kind().distance(prepared::as_coded(vector).as_ref(), query.vector()?)?
                }
                false => self.distance(field.kind(), vector, query.vector()?)?,
            };
            let Some(distance) = distance else { continue };
            if self.is_within(distance, query.goal().max_distance()) {
                found.push((distance, record));
            }
        }
        for record in prepared::stale_records(on)? {
            if let Some(vector) = record.vector(field.name())
                && let Some(distance) = field.kind().distance(vector, query.vector()?)?
            {
                found.push((distance, record));
            }
        }
        found.sort_by(|a, b| a.0.total_cmp(&b.0).then_with(|| self.tie(query, &a.1, &b.1)));
        self.cut(&mut found, query.goal());
        let mut hits = Vec::new();
        for (distance, record) in found {
            let matches = match filter {
                Some(filter) => filter.matches(&record)?,
                None => true,
            };
            let wanted = query.wants_payload() || self.defect == Some(Defect::PayloadAlways);
            let wants_vector = query.wants_vector() || self.defect == Some(Defect::VectorAlways);
            let vector = record.vector(field.name()).filter(|_| wants_vector);
            let vector = vector.map(VectorRef::to_vector);
            if matches {
                let payload = wanted.then_some(record.payload);
                hits.push(Hit { id: record.id, distance, payload, vector });
            }
        }
        Ok(hits)
    }

    #[allow(clippy::cast_possible_truncation)]
    fn distance(&self, kind: FieldKind, a: VectorRef<'_>, b: VectorRef<'_>) -> Result<Option<f64>> {
        let canonical = kind.distance(a, b)?;
        match (self.defect, a, b) {
            (Some(Defect::DisjointBitsAreEqual), VectorRef::Binary(_), VectorRef::Binary(_))
                if kind.metric() == Some(Metric::Jaccard) && canonical == Some(1.0) =>
            {
                return Ok(Some(0.0));
            }
            (Some(Defect::SparseSumsInF32), VectorRef::Sparse(a), VectorRef::Sparse(b)) => {
                return Ok(canonical.map(|_| sparse_in_f32(a, b)));
            }
            (Some(Defect::DisjointSparseIsFound), VectorRef::Sparse(_), VectorRef::Sparse(_)) => {
                return Ok(canonical.or(Some(0.0)));
            }
            _ => {}
        }
        let (Some(a), Some(b)) = (a.as_f32(), b.as_f32()) else { return Ok(canonical) };
        Ok(match self.defect {
            Some(Defect::F32Distances) => canonical.map(|distance| f64::from(distance as f32)),
            // A sum of squares that leaves the range of f32.
            Some(Defect::F32Overflows) if squared_norm(a) > f64::from(f32::MAX) => Some(f64::NAN),
            Some(Defect::CosineOverflows) if kind.metric() == Some(Metric::Cosine) => {
                let norms = squared_norm(a) as f32 * squared_norm(b) as f32;
                if norms.is_finite() { canonical } else { Some(1.0) }
            }
            _ => canonical,
        })
    }

    fn is_within(&self, distance: f64, max: f64) -> bool {
        match self.defect {
            Some(Defect::WithinIsExclusive) => distance < max || max == f64::INFINITY,
            _ => distance <= max,
        }
    }

    fn tie(&self, query: &Query<'_>, a: &Record, b: &Record) -> Ordering {
        match self.defect {
            // A stable sort keeps the order of the rows.
            Some(Defect::TiesByInsertion) => Ordering::Equal,
            Some(Defect::TiesByTextOfTheId) => a.id.to_string().cmp(&b.id.to_string()),
            Some(Defect::ThreadsReverseTies) if query.threads() > 1 => b.id.cmp(&a.id),
            _ => a.id.cmp(&b.id),
        }
    }

    fn cut(&self, found: &mut Vec<(f64, Record)>, goal: Goal) {
        match (self.defect, goal) {
            (Some(Defect::KAboveLenPanics), Goal::Nearest { k }) => {
                found.drain(k..);
            }
            (Some(Defect::WithinIsNotCapped), Goal::Within { .. }) => {}
            _ => found.truncate(goal.limit()),
        }
    }
}
