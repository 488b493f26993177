//! The build of a run.
//!
//! ```text
//! find the mean of a sample of the rows, their scale, and for inner products the largest norm
//! find the centres of a sample's clusters
//!     or take both over from an older run                                    merge
//! for each row: its point; its 4-bit code; the clusters that it belongs to; if the older run has
//!     it, these are taken over, too
//! for each row again: its 1-bit codes, into the next place of each of its clusters
//! ```
//! Rows are read twice instead of kept as points, so a build takes little more memory than the run.

use iqdb_core::{Blocks, FieldId, FieldKind, Metric, Result, Version};

use super::births::number;
use super::centroids::Centroids;
use super::efforts::Efforts;
use super::four_bit::FourBitRows;
use super::k_means::{Assigned, Assigner, CLUSTER_ROWS, k_means};
use super::kernels::Kernels;
use super::memory::Memory;
use super::merge::Basis;
use super::one_bit::BlockLayout;
use super::random::Random;
use super::run::{Parts, Run};
use super::source::Source;
use super::space::{Space, first_step, squared_norm, width};
use crate::kernel::BLOCK_ROWS;

/// Rows of the sample for each cluster.
const SAMPLED_PER_CLUSTER: usize = 16;

/// Rows of which the mean is taken.
const MEAN_ROWS: usize = 20_000;

const SAMPLE_SEED: u64 = 0x5a3f_1e00_0000_0007;

/// How the build goes on: it is asked about a share of the work between 0 and 1.
pub(super) type GoOn<'a> = &'a mut dyn FnMut(f64) -> bool;

/// Builds the run of a field over the sealed blocks of a snapshot, from an older one where that fits. `None`
/// where `go_on` ends the work, or the rows can't be clustered: a component is so large that squares
/// overflow.
pub(super) fn build(
    kernels: Kernels,
    on: &dyn Blocks,
    field: FieldId,
    old: Option<&Run>,
    go_on: GoOn<'_>,
) -> Result<Option<Run>> {
    let Some(source) = Source::new(on, field)? else { return Ok(None) };
    if source.len() == 0 {
        return Ok(None);
    }
    let basis = match old {
        Some(old) => Basis::of(kernels, old, &source, go_on)?,
        None => None,
    };
    build_on(kernels, on.version(), source, basis.as_ref(), go_on)
}

/// Builds the run of these rows.
pub(super) fn build_on(
    kernels: Kernels,
    version: Version,
    source: Source<'_>,
    basis: Option<&Basis<'_>>,
    go_on: GoOn<'_>,
) -> Result<Option<Run>> {
    let Some((space, centroids)) = find_clusters(kernels, &source, basis, go_on)? else {
        return Ok(None);
    };
    let Some((rows, assigned)) = assign(kernels, (&space, &centroids), &source, basis, go_on)?
    else {
        return Ok(None);
    };
    let slots = Slots::new(&assigned, centroids.count());
    let Some(blocks) =
        write_blocks(kernels, &space, &centroids, &source, (&slots, &assigned), go_on)?
    else {
        return Ok(None);
    };
    let Slots { first, second } = slots;
    let births = source.births;
    let parts = Parts { version, space, births, centroids, first, second, blocks, rows };
    Ok(Some(Run::new(parts, Efforts::default())))
}

/// The space of the rows and the centres of their clusters: those of an older run, or new ones.
fn find_clusters(
    kernels: Kernels,
    source: &Source<'_>,
    basis: Option<&Basis<'_>>,
    go_on: GoOn<'_>,
) -> Result<Option<(Space, Centroids)>> {
    if let Some(Basis { old, .. }) = basis {
        let points = old.centroids().points().to_vec();
        let centroids = Centroids::new(kernels, old.space().width(), points);
        return Ok(go_on(0.3).then(|| (old.space().clone(), centroids)));
    }
    let Some(FieldKind::Dense { dim, metric, .. }) = source.kind() else { return Ok(None) };
    let Some(space) = find_space(metric, dim, source, go_on)? else { return Ok(None) };
    let centroids = find_centroids(kernels, &space, source, go_on)?;
    Ok(centroids.map(|centroids| (space, centroids)))
}

/// The space of the rows: their mean and scale.
fn find_space(
    metric: Metric,
    dim: usize,
    source: &Source<'_>,
    go_on: GoOn<'_>,
) -> Result<Option<Space>> {
    let mut norm_max = 0.0_f64;
    if metric == Metric::Dot {
        let read = source.for_each(&mut |_| go_on(0.0), |_, row| {
            norm_max = norm_max.max(squared_norm(row).sqrt());
            true
        })?;
        if !read {
            return Ok(None);
        }
    }
    let mut numbers = Random::new(SAMPLE_SEED).sample(MEAN_ROWS, source.len());
    numbers.sort_unstable();
    let width = width(metric, dim);
    let (mut sums, mut squares, mut point) = (vec![0.0_f64; width], 0.0_f64, vec![0.0; width]);
    source.for_some(&numbers, |_, row| {
        first_step(metric, row, norm_max, &mut point);
        squares += squared_norm(&point);
        sums.iter_mut().zip(&point).for_each(|(sum, x)| *sum += f64::from(*x));
    })?;
    let count = numbers.len() as f64;
    // Rounded; the scale need not be exact.
    #[allow(clippy::cast_possible_truncation)]
    let center: Vec<f32> = sums.iter().map(|sum| (sum / count) as f32).collect();
    let spread = (squares / count - squared_norm(&center)).max(0.0).sqrt();
    #[allow(clippy::cast_possible_truncation)]
    let scale = (1.0 / spread) as f32;
    let scale = if scale.is_finite() && scale > 0.0 { scale } else { 1.0 };
    Ok(go_on(0.0).then(|| Space::new(metric, dim, center, scale, norm_max)))
}

/// The centres of the clusters of a sample.
fn find_centroids(
    kernels: Kernels,
    space: &Space,
    source: &Source<'_>,
    go_on: GoOn<'_>,
) -> Result<Option<Centroids>> {
    let count = source.len().div_ceil(CLUSTER_ROWS);
    let width = space.width();
    let mut numbers = Random::new(SAMPLE_SEED).sample(count * SAMPLED_PER_CLUSTER, source.len());
    numbers.sort_unstable();
    let mut points = vec![0.0; numbers.len() * width];
    // The first points become the first centres, so they are in no order.
    let order = Random::new(SAMPLE_SEED).sample(numbers.len(), numbers.len());
    let mut are_points = true;
    source.for_some(&numbers, |n, row| {
        let point = &mut points[order[n] as usize * width..][..width];
        are_points &= space.place_row(kernels.lanes, row, point);
    })?;
    if !are_points {
        return Ok(None);
    }
    Ok(k_means(kernels, width, &points, count, &mut || go_on(0.1)))
}

/// Makes the 4-bit code of each row, and finds its clusters.
fn assign(
    kernels: Kernels,
    (space, centroids): (&Space, &Centroids),
    source: &Source<'_>,
    basis: Option<&Basis<'_>>,
    go_on: GoOn<'_>,
) -> Result<Option<(FourBitRows, Assigned)>> {
    let mut rows = FourBitRows::new(source.len(), space.width());
    let mut assigned = Vec::with_capacity(source.len());
    let (mut point, mut assigner) = (vec![0.0; space.width()], Assigner::default());
    let all = source.len() as f64;
    let read = source.for_each(&mut |n| go_on(0.3 + 0.3 * n as f64 / all), |number, row| {
        if let Some((code, clusters)) = basis.and_then(|basis| basis.row(number)) {
            rows.put_code(number, code);
            assigned.push(clusters);
            return true;
        }
        if !space.place_row(kernels.lanes, row, &mut point) {
            return false;
        }
        rows.put(number, &point);
        assigned.push(assigner.assign(kernels, centroids, &point));
        true
    })?;
    Ok(read.then_some((rows, assigned)))
}

/// Which blocks the clusters have.
#[derive(Debug)]
struct Slots {
    first: Vec<u32>,
    second: Vec<u32>,
}

impl Slots {
    fn new(assigned: &Assigned, clusters: usize) -> Self {
        let mut sizes = vec![[0_usize; 2]; clusters];
        for (first, second) in assigned {
            sizes[*first as usize][0] += 1;
            if let Some(second) = second {
                sizes[*second as usize][1] += 1;
            }
        }
        let (mut this, mut next) = (Self { first: Vec::new(), second: Vec::new() }, 0);
        for [first, second] in sizes {
            this.first.push(next);
            next += number(first.div_ceil(BLOCK_ROWS));
            this.second.push(next);
            next += number(second.div_ceil(BLOCK_ROWS));
        }
        this.first.push(next);
        this
    }

    fn blocks(&self) -> usize {
        self.first.last().copied().unwrap_or(0) as usize
    }
}

/// Writes the 1-bit codes of each row into the blocks of its clusters.
fn write_blocks(
    kernels: Kernels,
    space: &Space,
    centroids: &Centroids,
    source: &Source<'_>,
    (slots, assigned): (&Slots, &Assigned),
    go_on: GoOn<'_>,
) -> Result<Option<Memory>> {
    let layout = BlockLayout::new(space.width());
    let bytes = layout.bytes();
    let mut blocks = Memory::zeroed(slots.blocks() * bytes);
    blocks.bytes_mut().chunks_exact_mut(bytes).for_each(|block| layout.clear(block));
    let mut next = [vec![0; centroids.count()], vec![0; centroids.count()]];
    let mut point = vec![0.0; space.width()];
    let all = source.len() as f64;
    let read = source.for_each(&mut |n| go_on(0.6 + 0.2 * n as f64 / all), |row_number, row| {
        if !space.place_row(kernels.lanes, row, &mut point) {
            return false;
        }
        let (first, second) = assigned[row_number];
        let both = [(Some(first), &slots.first), (second, &slots.second)];
        for ((cluster, starts), next) in both.into_iter().zip(&mut next) {
            let Some(cluster) = cluster else { continue };
            let place = &mut next[cluster as usize];
            let block = starts[cluster as usize] as usize + *place / BLOCK_ROWS;
            let block = &mut blocks.bytes_mut()[block * bytes..][..bytes];
            let center = Some(centroids.point(cluster));
            layout.put(block, *place % BLOCK_ROWS, number(row_number), &point, center);
            *place += 1;
        }
        true
    })?;
    Ok(read.then_some(blocks))
}

#[cfg(test)]
mod tests {
    use iqdb_arena::{ArenaOptions, ArenaStore};
    use iqdb_core::{Batch, Record, Schema, Store, StoreExt};

    use super::*;
    use crate::kernel::Kernel;

    #[test]
    fn every_kernel_builds_the_same_run_and_each_row_is_in_two_clusters() {
        let mut rng = fastrand::Rng::with_seed(15);
        for metric in [Metric::Cosine, Metric::Dot, Metric::Euclidean] {
            let schema = Schema::new(20, metric).unwrap();
            let store =
                ArenaStore::with_options(schema, ArenaOptions::new().with_chunk_rows(64, 512));
            let batch = (0_u64..1_400).fold(Batch::new(), |batch, n| {
                let row: Vec<f32> = (0..20).map(|_| rng.f32() - 0.4).collect();
                batch.upsert(Record::new(n, row).unwrap())
            });
            store.apply(&batch).unwrap();
            let (on, field) = (store.snapshot().unwrap(), FieldId::new(0).unwrap());
            let blocks = on.blocks().unwrap();
            let run = |kernel| {
                let run = build(Kernels::of(kernel), blocks, field, None, &mut |_| true);
                run.unwrap().unwrap()
            };
            let one = run(Kernel::Auto);
            let available = Kernel::ALL.into_iter().filter(|kernel| kernel.is_available());
            for kernel in available {
                assert_eq!(run(kernel).content(), one.content(), "{kernel}");
            }
            let mut times = vec![0; one.len()];
            for cluster in 0..number(one.centroids().count()) {
                for block in one.cluster(cluster, 0) {
                    for place in 0..BLOCK_ROWS {
                        let row = one.layout().number(block, place);
                        if let Some(times) = times.get_mut(row as usize) {
                            *times += 1;
                        }
                    }
                }
            }
            assert!(times.len() > 900, "{} of 1,400 rows are sealed", times.len());
            assert!(times.iter().all(|times| *times == 2));
            let stopped = build(Kernels::of(Kernel::Auto), blocks, field, None, &mut |it| it < 0.7);
            assert!(stopped.unwrap().is_none());
        }
    }
}
