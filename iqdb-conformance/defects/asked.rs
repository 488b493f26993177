//! What answers the questions that take more than one search, with a defect planted in it or none.

use iqdb_core::{
    Diversity, Examples, Fused, Fusion, Grouped, Grouping, Query, Rerank, Reranked, Result, Scored,
    Scratch, SearchExt, Snapshot, Vector,
};

use crate::defect::Defect;
use crate::{diverse, fusions, groups, means, rerank};

/// Whether a defect is one of such questions.
pub(crate) fn is_of_questions(defect: Defect) -> bool {
    fusions::is_of_fusion(defect)
        || groups::is_of_groups(defect)
        || diverse::is_of_diversity(defect)
        || rerank::is_of_rerank(defect)
        || means::is_of_means(defect)
}

#[derive(Debug)]
pub(crate) struct PlantedQuestions(pub(crate) Option<Defect>);

impl SearchExt for PlantedQuestions {
    fn fuse(
        &self,
        on: &dyn Snapshot,
        parts: &[Query<'_>],
        fusion: &Fusion,
        k: usize,
        scratch: &mut Scratch,
    ) -> Result<Fused> {
        fusions::PlantedFusion(self.0).fuse(on, parts, (fusion, k), scratch)
    }

    fn group(
        &self,
        on: &dyn Snapshot,
        query: &Query<'_>,
        by: Grouping<'_>,
        _: &mut Scratch,
    ) -> Result<Grouped> {
        groups::PlantedGroups(self.0).group(on, query, by)
    }

    fn diversify(
        &self,
        on: &dyn Snapshot,
        query: &Query<'_>,
        by: Diversity,
        _: &mut Scratch,
    ) -> Result<Reranked> {
        diverse::PlantedDiversity(self.0).diversify(on, query, by)
    }

    fn rerank(
        &self,
        on: &dyn Snapshot,
        query: &Query<'_>,
        by: Rerank<'_>,
        _: &mut Scratch,
    ) -> Result<Scored> {
        rerank::PlantedRerank(self.0).rerank(on, query, by)
    }

    fn mean_of(
        &self,
        on: &dyn Snapshot,
        field: Option<&str>,
        examples: Examples<'_>,
    ) -> Result<Vector> {
        means::PlantedMean(self.0).mean_of(on, field, examples)
    }
}
