//! The bound under attack: a row is never excluded by the threshold that is its own distance.

mod at_the_bound;
mod planes;

use iqdb_core::{
    Block, BlockSource, Blocks, FieldId, IdRef, Layout, Matrix, Metric, Narrow, PayloadRef,
    Predicate, RecordId, RecordRef, Remote, Result, RowsRef, Schema, Seal, Shelf, Snapshot,
    VectorColumn, Version, distance,
};
use std::ops::Range;

use super::{QueryCodes, prepare};
use crate::field_block::FieldBlock;
use crate::kernel::{CodeKernel, CodePlanes, CodedQuery, GROUP_ROWS, Isa, Sums, is_below};

/// A snapshot of one sealed block.
#[derive(Debug)]
struct Rows {
    schema: Schema,
    dim: usize,
    components: Vec<f32>,
    seal: Seal,
}

impl Rows {
    fn new(dim: usize, rows: &[Vec<f32>]) -> Self {
        let schema = Schema::new(dim, Metric::Dot).unwrap();
        Self { schema, dim, components: rows.concat(), seal: Seal::new() }
    }

    fn block(&self) -> FieldBlock<'_> {
        FieldBlock::of(self, 0, self.schema.default_field().unwrap()).unwrap().unwrap()
    }

    fn row(&self, n: usize) -> &[f32] {
        &self.components[n * self.dim..][..self.dim]
    }
}

impl Snapshot for Rows {
    fn schema(&self) -> &Schema {
        &self.schema
    }
    fn version(&self) -> Version {
        Version(1)
    }
    fn len(&self) -> u64 {
        (self.components.len() / self.dim) as u64
    }
    fn get(&self, _: &RecordId) -> Result<Option<RecordRef<'_>>> {
        Ok(None)
    }

    fn blocks(&self) -> Option<&dyn Blocks> {
        Some(self)
    }

    fn remote(&self) -> Option<&dyn Remote> {
        None
    }
}

impl Blocks for Rows {
    fn block_count(&self) -> usize {
        1
    }

    fn block(&self, _: usize) -> Result<Block<'_>> {
        let len = self.components.len() / self.dim;
        Ok(Block::new(self, &self.schema, len, Version(1))?.sealed(&self.seal))
    }

    fn shelf(&self) -> Option<&Shelf> {
        None
    }

    fn layout(&self) -> Option<&Layout> {
        None
    }
}

impl VectorColumn for Rows {
    fn rows_of(&self) -> Option<&[u32]> {
        None
    }
    fn rows(&self, range: Range<usize>) -> Result<RowsRef<'_>> {
        let rows = &self.components[range.start * self.dim..range.end * self.dim];
        Matrix::new(rows, self.dim, self.dim).map(RowsRef::F32)
    }
    fn rows_some(&self, range: Range<usize>, _: &[u32]) -> Result<RowsRef<'_>> {
        self.rows(range)
    }
}

impl BlockSource for Rows {
    fn column(&self, _: FieldId) -> Result<Option<&dyn VectorColumn>> {
        Ok(Some(self))
    }
    fn clear_dead(&self, _: Version, _: &mut Narrow<'_>) -> Result<()> {
        Ok(())
    }
    fn is_alive(&self, _: usize, _: Version) -> Result<bool> {
        Ok(true)
    }
    fn ended(&self, _: Version, _: Version, _: &mut Vec<u32>) -> Result<bool> {
        Ok(true)
    }
    fn id(&self, row: usize) -> Result<IdRef<'_>> {
        Ok(IdRef::Number(row as u64))
    }
    fn payload(&self, _: usize) -> Result<PayloadRef<'_>> {
        Ok(PayloadRef::empty())
    }
    fn matching(&self, _: &Predicate, _: &mut Narrow<'_>) -> Result<bool> {
        Ok(false)
    }
}

/// All code kernels of this machine.
fn code_kernels() -> Vec<CodeKernel> {
    // AVX-512 without VNNI has none of its own.
    let sets = [Isa::Avx512Vnni, Isa::Avx2, Isa::Neon, Isa::Portable];
    let found = sets.into_iter().filter(|isa| isa.is_available());
    found.map(|isa| CodeKernel::first_of(&[isa])).collect()
}

/// Both ways to compare the bits of codes.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Steps {
    AtOnce,
    UpperFirst,
}

const STEPS: [Steps; 2] = [Steps::AtOnce, Steps::UpperFirst];

impl Steps {
    /// Masks and sums, as of [`CodeKernel::filter`]; and the number of groups whose lower bits the kernel
    /// read.
    fn filter(
        self,
        kernel: CodeKernel,
        planes: &CodePlanes<'_>,
        queries: &[CodedQuery<'_>],
    ) -> (Vec<u16>, Vec<Sums>, usize) {
        let mut masks = vec![u16::MAX; queries.len() * planes.group_count()];
        let mut sums = vec![[0; GROUP_ROWS]; masks.len()];
        let looked_at = match self {
            Self::UpperFirst => {
                let [upper, lower] =
                    kernel.filter_by_planes(planes, queries, &mut masks, &mut sums);
                assert_eq!(upper, masks.len(), "all rows are wanted");
                lower
            }
            Self::AtOnce => {
                let mut lines = Vec::new();
                let merged = kernel.merge_planes(planes, &mut lines);
                kernel.filter(&merged, queries, &mut masks, &mut sums);
                planes.group_count()
            }
        };
        (masks, sums, looked_at)
    }
}

/// The candidate rows of the block, for each query at its threshold.
fn left(
    rows: &Rows,
    metric: Metric,
    queries: &[(&[f32], f64)],
    (kernel, steps): (CodeKernel, Steps),
) -> Vec<Vec<bool>> {
    let block = rows.block();
    let codes = prepare(&block, metric, None).unwrap().unwrap();
    let planes = codes.planes(0..block.len().div_ceil(GROUP_ROWS));
    let asked: Vec<f32> = queries.iter().flat_map(|(vector, _)| vector.iter().copied()).collect();
    let mut coded = QueryCodes::default();
    coded.encode(rows.dim, &asked, codes.center());
    let within: Vec<_> = queries
        .iter()
        .enumerate()
        .map(|(n, (_, threshold))| coded.coded(n, coded.bound(n, codes, *threshold)))
        .collect();
    let sifted: Vec<_> = within.iter().flatten().copied().collect();
    let (masks, sums, _) = steps.filter(kernel, &planes, &sifted);
    // The sixteen cuts that a kernel computes at a time equal those of one row after the other, and
    // the products are exact.
    for (coded, (masks, sums)) in
        sifted.iter().zip(masks.chunks(planes.group_count()).zip(sums.chunks(planes.group_count())))
    {
        for row in 0..block.len() {
            let (group, bit) = (row / GROUP_ROWS, row % GROUP_ROWS);
            let left = !is_below(sums[group][bit], coded.bound().cut(codes.error(row)));
            let found = masks[group] >> bit & 1 == 1;
            // In steps, the upper bits exclude some rows more; the sums are those of the other
            // rows.
            let fits = if steps == Steps::AtOnce { found == left } else { left || !found };
            assert!(fits, "{metric}, {kernel:?}, {steps:?}: row {row}");
        }
    }
    let mut masks = masks.chunks(planes.group_count());
    within
        .iter()
        .map(|coded| match coded {
            None => vec![true; block.len()],
            Some(_) => {
                let mask = masks.next().unwrap();
                (0..block.len())
                    .map(|n| mask[n / GROUP_ROWS] >> (n % GROUP_ROWS) & 1 == 1)
                    .collect()
            }
        })
        .collect()
}

/// Checks that no row is excluded at its own distance; returns how many pairs it tested, and how
/// many rows were excluded by the distance of another.
fn attack(dim: usize, rows: &[Vec<f32>], queries: &[Vec<f32>], metric: Metric) -> [usize; 2] {
    let usable = |v: &&Vec<f32>| !metric.needs_direction() || v.iter().any(|x| *x != 0.0);
    let rows: Vec<Vec<f32>> = rows.iter().filter(usable).cloned().collect();
    let rows = Rows::new(dim, &rows);
    let len = rows.components.len() / dim;
    let mut pairs = 0;
    let mut excluded = 0;
    for query in queries.iter().filter(usable) {
        let distances: Vec<f64> =
            (0..len).map(|n| distance::of_numbers(metric, query, rows.row(n))).collect();
        let asked: Vec<(&[f32], f64)> =
            distances.iter().map(|distance| (query.as_slice(), *distance)).collect();
        let mut first = [const { None }; STEPS.len()];
        let ways = code_kernels().into_iter().flat_map(|kernel| STEPS.map(|steps| (kernel, steps)));
        for (kernel, steps) in ways {
            let left = left(&rows, metric, &asked, (kernel, steps));
            for (n, (left, threshold)) in left.iter().zip(&distances).enumerate() {
                for (row, (left, distance)) in left.iter().zip(&distances).enumerate() {
                    assert!(
                        *left || distance > threshold,
                        "{metric}, {kernel:?}, {steps:?}: row {row} at {distance} is excluded by {threshold}, \
                         the distance of row {n}\n{query:?}\n{:?}",
                        rows.row(row)
                    );
                    pairs += 1;
                    excluded += usize::from(!left);
                }
            }
            // The integers are exact, so all instruction sets agree.
            let first = &mut first[usize::from(steps == Steps::UpperFirst)];
            assert_eq!(first.get_or_insert_with(|| left.clone()), &left, "{kernel:?}, {steps:?}");
        }
    }
    [pairs, excluded]
}

fn random_rows(random: &mut fastrand::Rng, dim: usize, count: usize) -> Vec<Vec<f32>> {
    let mut rows: Vec<Vec<f32>> = Vec::new();
    while rows.len() < count {
        let kind = random.usize(0..15);
        let center = if random.bool() { 0.5 } else { 0.0 };
        let mut row: Vec<f32> = (0..dim).map(|_| random.f32() - center).collect();
        match kind {
            0 => row.fill(0.0),
            1 => row.iter_mut().for_each(|x| *x = (*x * 14.0).round() - 7.0),
            2 => row[random.usize(0..dim)] = 3e38,
            3 => row.iter_mut().for_each(|x| *x *= 1e-42),
            4 => row.iter_mut().for_each(|x| *x = if *x > 0.25 { 3e38 } else { -3e38 }),
            5 => row[random.usize(0..dim)] *= 1e4,
            6 => row.iter_mut().for_each(|x| *x *= 1e-11),
            7 => row.iter_mut().for_each(|x| *x *= 1e11),
            8 => row.iter_mut().skip(1).for_each(|x| *x = 0.0),
            9 if !rows.is_empty() => row = rows[random.usize(0..rows.len())].clone(),
            10 if !rows.is_empty() => {
                row = rows[random.usize(0..rows.len())].clone();
                row.iter_mut().for_each(|x| *x *= 1.0 + random.f32() * 1e-6);
            }
            11 if !rows.is_empty() => {
                row = rows[random.usize(0..rows.len())].iter().map(|x| -x).collect();
            }
            12 => row.fill(random.f32()),
            // All but one component are coded by 0, on the other side of which their upper bits are.
            13 => {
                row.fill(-0.29 / 7.0);
                row[random.usize(0..dim)] = 1.0;
            }
            _ => {}
        }
        if row.iter().all(|x| x.is_finite()) {
            rows.push(row);
        }
    }
    rows
}

#[test]
fn no_row_is_excluded_at_its_own_distance() {
    let mut random = fastrand::Rng::with_seed(11);
    let dims = [1, 2, 3, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65, 100, 127, 384, 4_096];
    let (mut pairs, mut excluded) = (0, 0);
    for dim in dims {
        let count = if dim > 1_000 { 40 } else { 120 };
        for metric in Metric::OF_NUMBERS {
            let rows = random_rows(&mut random, dim, count);
            let mut queries = random_rows(&mut random, dim, 6);
            queries.extend_from_slice(&rows[..4]);
            let [more_pairs, more_excluded] = attack(dim, &rows, &queries, metric);
            pairs += more_pairs;
            excluded += more_excluded;
        }
    }
    assert!(pairs > 10_000_000, "{pairs}");
    assert!(excluded > pairs / 10, "the bound is worth something: {excluded} of {pairs}");
}

/// Rows between their code and the query, in one plane with both, where the triangle inequality is
/// an equality. Queries of whole numbers are their own code.
fn rows_at_the_bound(random: &mut fastrand::Rng, dim: usize) -> (Vec<Vec<f32>>, Vec<f32>) {
    let mut query: Vec<f32> = (0..dim).map(|_| f32::from(random.i8(-60..=60))).collect();
    query[0] = 127.0;
    let mut rows = Vec::new();
    while rows.len() < 30 {
        let mut code: Vec<f32> = (0..dim).map(|_| f32::from(random.i8(-6..=6))).collect();
        // The largest component of the row is that of its code, which fixes the scale.
        code[1] = 7.0;
        let step = 0.3 * random.f32() / 127.0;
        // Towards the query, within what rounds to the code.
        let mut row: Vec<f32> = code.iter().zip(&query).map(|(c, q)| c + step * q).collect();
        let scale = 7.0 / row[1];
        row.iter_mut().for_each(|x| *x *= scale);
        rows.push(row);
    }
    (rows, query)
}

#[test]
fn no_row_at_the_bound_is_excluded() {
    let mut random = fastrand::Rng::with_seed(12);
    for round in 0..200 {
        let dim = [3, 8, 20, 50, 128][round % 5];
        let (rows, query) = rows_at_the_bound(&mut random, dim);
        for metric in Metric::OF_NUMBERS {
            attack(dim, &rows, std::slice::from_ref(&query), metric);
        }
    }
}

/// The test above would notice a bound that is a little too sharp.
#[test]
fn the_bound_is_attacked_where_it_is_tight() {
    let mut random = fastrand::Rng::with_seed(13);
    let mut tightest = f64::INFINITY;
    for _ in 0..100 {
        let (rows, query) = rows_at_the_bound(&mut random, 50);
        for row in &rows {
            let mut code = vec![0; 50];
            let facts = super::encode::encode(row, 0, &mut code).whole;
            let code: Vec<f64> = code.iter().map(|c| f64::from(*c) - 8.0).collect();
            let norm = |v: &[f64]| v.iter().map(|x| x * x).sum::<f64>().sqrt();
            let query: Vec<f64> = query.iter().map(|x| f64::from(*x)).collect();
            let dot: f64 = query.iter().zip(&code).map(|(a, b)| a * b).sum();
            let row: Vec<f64> = row.iter().map(|x| f64::from(*x)).collect();
            let cosine = query.iter().zip(&row).map(|(a, b)| a * b).sum::<f64>()
                / (norm(&query) * norm(&row));
            let sine = (1.0 - cosine * cosine).sqrt();
            let needed = f64::from(facts.parallel) * cosine - f64::from(facts.orthogonal) * sine;
            let room = dot / norm(&query) - needed;
            tightest = tightest.min(room / norm(&code));
        }
    }
    assert!(tightest.abs() < 1e-5, "{tightest}");
}

#[test]
fn blocks_of_similar_rows_share_a_center() {
    let mut random = fastrand::Rng::with_seed(14);
    let mut rows = |middle: f32| {
        let row = |_| (0..20).map(|_| middle + random.f32()).collect();
        Rows::new(20, &(0..200).map(row).collect::<Vec<_>>())
    };
    let blocks = [rows(0.0), rows(0.0), rows(0.5), rows(0.0), rows(0.01)];
    let mut before = None;
    let centers = blocks.each_ref().map(|rows| {
        before = prepare(&rows.block(), Metric::Euclidean, before).unwrap();
        before.unwrap().center.clone().unwrap()
    });
    let alike = |a: usize, b: usize| std::sync::Arc::ptr_eq(&centers[a], &centers[b]);
    assert_eq!([alike(0, 1), alike(1, 2), alike(2, 3), alike(3, 4)], [true, false, false, true]);

    // Codes that are there are left as they are, and the next block may share theirs.
    let codes = prepare(&blocks[2].block(), Metric::Euclidean, before).unwrap();
    assert!(std::sync::Arc::ptr_eq(codes.unwrap().center.as_ref().unwrap(), &centers[2]));
    let rows = rows(0.0);
    let codes = prepare(&rows.block(), Metric::Dot, None).unwrap();
    assert_eq!(codes.unwrap().center, None, "inner products depend on where the origin is");
}
