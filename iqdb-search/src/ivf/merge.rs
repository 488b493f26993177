//! What a new run takes over from an older one: the space, the centres of the clusters, and the codes and
//! clusters of the rows that both have, which are told by their birthplaces. A code depends on nothing
//! else, so the new run is the same as if all of its rows had been assigned to these centres.
//!
//! A run is clustered anew once it has twice or half as many rows as its centres were made for, and where
//! new rows are farther from the centres than the old ones: then they have drifted.

use iqdb_core::{Birthplace, Metric, Result};

use super::k_means::{Assigned, Assigner, CLUSTER_ROWS, Clusters};
use super::kernels::Kernels;
use super::one_bit::NO_ROW;
use super::random::Random;
use super::run::Run;
use super::source::Source;
use super::space::squared_norm;
use crate::kernel::BLOCK_ROWS;

/// Rows of which the mean distance to their centres is compared, of old and of new ones each.
const DRIFT_ROWS: usize = 1_000;

/// Squared distances may grow by this: distances by a tenth.
const DRIFT_MAX: f64 = 1.21;

const SAMPLE_SEED: u64 = 0x3e26_e000_0000_0009;

/// An older run beside the rows of a new one.
#[derive(Debug)]
pub(super) struct Basis<'a> {
    pub(super) old: &'a Run,
    /// The number that a row has in the old run, or [`NO_ROW`].
    numbers: Vec<u32>,
    /// The clusters of the rows of the old run.
    assigned: Assigned,
}

impl<'a> Basis<'a> {
    /// What a run of these rows can take over; `None` where the old one's centres no longer fit.
    ///
    /// # Errors
    /// Whatever reading the rows reports.
    pub(super) fn of(
        kernels: Kernels,
        old: &'a Run,
        source: &Source<'_>,
        go_on: &mut dyn FnMut(f64) -> bool,
    ) -> Result<Option<Self>> {
        let rows_of_centers = old.centroids().count() * CLUSTER_ROWS;
        let has_grown = source.len() > 2 * rows_of_centers;
        if has_grown || 2 * source.len() + CLUSTER_ROWS < rows_of_centers {
            return Ok(None);
        }
        let numbers = numbers(old, source);
        let this = Self { old, numbers, assigned: assigned(old) };
        let fits = this.norms_fit(source, go_on)? && !this.has_drifted(kernels, source)?;
        Ok(fits.then_some(this))
    }

    /// The 4-bit code and the clusters of a row, if the old run has it.
    pub(super) fn row(&self, number: usize) -> Option<(&[u8], Clusters)> {
        let old = self.numbers[number];
        let assigned = *self.assigned.get(old as usize)?;
        Some((self.old.rows().row(old), assigned))
    }

    /// Whether the space has room for the norms of all rows, which that of inner products is made for; not if
    /// `go_on` ends the work.
    fn norms_fit(&self, source: &Source<'_>, go_on: &mut dyn FnMut(f64) -> bool) -> Result<bool> {
        let space = self.old.space();
        if space.metric != Metric::Dot {
            return Ok(true);
        }
        source.for_each(&mut |_| go_on(0.0), |_, row| squared_norm(row).sqrt() <= space.norm_max)
    }

    fn has_drifted(&self, kernels: Kernels, source: &Source<'_>) -> Result<bool> {
        let (old, new): (Vec<_>, Vec<_>) =
            (0..).zip(&self.numbers).partition(|(_, old)| **old != NO_ROW);
        let old = self.mean_distance(kernels, source, &old)?;
        let new = self.mean_distance(kernels, source, &new)?;
        Ok(new.is_nan() || new > old * DRIFT_MAX)
    }

    /// The mean squared distance of some of these rows to the nearest centre; infinite if one has no
    /// point, and 0 of no rows.
    fn mean_distance(
        &self,
        kernels: Kernels,
        source: &Source<'_>,
        of: &[(u32, &u32)],
    ) -> Result<f64> {
        let sample = Random::new(SAMPLE_SEED).sample(DRIFT_ROWS, of.len());
        let mut numbers: Vec<u32> = sample.into_iter().map(|n| of[n as usize].0).collect();
        numbers.sort_unstable();
        let (space, centroids) = (self.old.space(), self.old.centroids());
        let (mut point, mut assigner) = (vec![0.0; space.width()], Assigner::default());
        let mut sum = 0.0;
        source.for_some(&numbers, |_, row| {
            sum += match space.place_row(kernels.lanes, row, &mut point) {
                true => f64::from(assigner.distance(kernels, centroids, &point)),
                false => f64::INFINITY,
            };
        })?;
        Ok(sum / numbers.len().max(1) as f64)
    }
}

/// The number that each row has in the old run, or [`NO_ROW`].
fn numbers(old: &Run, source: &Source<'_>) -> Vec<u32> {
    let mut numbers = vec![NO_ROW; source.len()];
    for stretch in source.births.stretches() {
        let from = Birthplace { seal: stretch.seal, row: stretch.row };
        old.parts.births.look_up(from, stretch.len, |part, first| {
            let Some(first) = first else { return };
            let at = (stretch.first + part.start) as usize;
            for (number, of_old) in numbers[at..][..part.len()].iter_mut().zip(first..) {
                *number = of_old;
            }
        });
    }
    numbers
}

/// The clusters of each row of a run, as its blocks have them.
fn assigned(run: &Run) -> Assigned {
    let mut assigned = vec![(0, None); run.len()];
    for cluster in (0..).take(run.centroids().count()) {
        let firsts = run.cluster(cluster, 1).len();
        for (n, block) in run.cluster(cluster, 0).enumerate() {
            for place in 0..BLOCK_ROWS {
                let row = run.layout().number(block, place);
                let Some((first, second)) = assigned.get_mut(row as usize) else { continue };
                match n < firsts {
                    true => *first = cluster,
                    false => *second = Some(cluster),
                }
            }
        }
    }
    assigned
}

#[cfg(test)]
mod tests {
    use iqdb_arena::{ArenaOptions, ArenaStore};
    use iqdb_core::{Batch, FieldId, Record, Schema, Store, StoreExt};

    use super::super::build::{build, build_on};
    use super::*;
    use crate::kernel::Kernel;

    const DIM: usize = 12;

    fn upsert(store: &ArenaStore, ids: std::ops::Range<u64>, shift: f32) {
        let mut rng = fastrand::Rng::with_seed(ids.start);
        let batch = ids.fold(Batch::new(), |batch, n| {
            let row: Vec<f32> = (0..DIM).map(|_| rng.f32() - 0.4 + shift).collect();
            batch.upsert(Record::new(n, row).unwrap())
        });
        store.apply(&batch).unwrap();
    }

    #[test]
    fn a_run_that_takes_over_codes_is_the_one_that_assigns_all_rows_to_the_same_centres() {
        let (kernels, field) = (Kernels::of(Kernel::Auto), FieldId::new(0).unwrap());
        for metric in [Metric::Cosine, Metric::Dot, Metric::Euclidean] {
            let options = ArenaOptions::new().with_chunk_rows(64, 512);
            let store = ArenaStore::with_options(Schema::new(DIM, metric).unwrap(), options);
            // Of the largest norm, so that later rows have room.
            store.upsert(Record::new(9_999_u64, [9.0; DIM]).unwrap()).unwrap();
            upsert(&store, 0..2_500, 0.0);
            let run = |old: Option<&Run>| {
                let on = store.snapshot().unwrap();
                build(kernels, on.blocks().unwrap(), field, old, &mut |_| true).unwrap().unwrap()
            };
            let old = run(None);
            // Some rows are replaced, some are new, and many move.
            upsert(&store, 2_300..3_200, 0.0);
            store.compact();
            let new = run(Some(&old));
            assert!(new.len() > old.len() && new.content() != old.content());
            assert_eq!(new.centroids().points(), old.centroids().points());
            let on = store.snapshot().unwrap();
            let source = Source::new(on.blocks().unwrap(), field).unwrap().unwrap();
            let mut basis = Basis::of(kernels, &old, &source, &mut |_| true).unwrap().unwrap();
            let kept = basis.numbers.iter().filter(|number| **number != NO_ROW).count();
            assert!(kept > 1_500 && kept < source.len(), "{kept} of {}", source.len());
            basis.numbers.fill(NO_ROW);
            let assigned = build_on(kernels, on.version(), source, Some(&basis), &mut |_| true);
            assert_eq!(assigned.unwrap().unwrap().content(), new.content(), "{metric}");
        }
    }

    #[test]
    fn a_run_is_clustered_anew_where_rows_are_many_more_or_fewer_or_others() {
        let (kernels, field) = (Kernels::of(Kernel::Auto), FieldId::new(0).unwrap());
        for (what, ids, shift, metric, gone) in [
            ("others", 2_000..2_600, 5.0, Metric::Euclidean, 0..0),
            ("longer", 2_000..2_600, 0.3, Metric::Dot, 0..0),
            ("many more", 2_000..6_000, 0.0, Metric::Cosine, 0..0),
            ("many fewer", 2_000..2_001, 0.0, Metric::Cosine, 500..2_000_u64),
        ] {
            let options = ArenaOptions::new().with_chunk_rows(64, 512);
            let store = ArenaStore::with_options(Schema::new(DIM, metric).unwrap(), options);
            upsert(&store, 0..2_000, 0.0);
            let run = |old: Option<&Run>| {
                let on = store.snapshot().unwrap();
                build(kernels, on.blocks().unwrap(), field, old, &mut |_| true).unwrap().unwrap()
            };
            let old = run(None);
            upsert(&store, ids, shift);
            store.apply(&gone.fold(Batch::new(), Batch::delete)).unwrap();
            store.compact();
            let (new, fresh) = (run(Some(&old)), run(None));
            assert_eq!(new.content(), fresh.content(), "{what}");
        }
    }
}
