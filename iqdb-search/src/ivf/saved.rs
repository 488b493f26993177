//! The saved form of a run. What doesn't parse is built anew.
//!
//! ```text
//! head            8 bytes that name the form, then words of 64 bits:
//!                 metric, dimension, width, scale, largest norm, version, rows, clusters, blocks,
//!                 stretches, efforts, content (2), epoch (2)
//! centre          width x f32
//! efforts         each: probes, reach, extra, whether it is whole, 3 recalls, 3 frontiers, as words of 32 bits
//! stretches       each: seal (16 bytes), row, length, first number, 0
//! first blocks    (clusters + 1) x u32, then those of second assignments, clusters x u32
//! centres         clusters x width x f32
//! blocks          from a multiple of 64 bytes on
//! rows            their four-bit codes
//! ```
//! Numbers are little-endian. The store checks the file as a whole before it lends it, so that parsing
//! checks only what a run relies on: that every part is there, and that no number leads outside.

use std::sync::Arc;

use iqdb_core::{Birthplace, FieldKind, Metric, SavedBytes, SealId, Version};

use super::births::Births;
use super::centroids::Centroids;
use super::efforts::{Effort, Efforts, KS, Measured};
use super::four_bit::FourBitRows;
use super::kernels::Kernels;
use super::memory::Memory;
use super::one_bit::BlockLayout;
use super::run::{Parts, Run};
use super::space::{Space, width};

const MAGIC: &[u8; 8] = b"iqdbivf2";

/// Bytes of a stretch.
const STRETCH_BYTES: usize = 32;

/// Words of an effort.
const EFFORT_WORDS: usize = 4 + 2 * KS.len();

const METRICS: [Metric; 3] = [Metric::Cosine, Metric::Dot, Metric::Euclidean];

/// The bytes of a run.
pub(super) fn to_bytes(run: &Run) -> Vec<u8> {
    let Parts { version, space, births, centroids, first, second, blocks, rows } = &run.parts;
    let mut out = Vec::with_capacity(run.byte_count() + (64 << 10));
    out.extend_from_slice(MAGIC);
    let metric = METRICS.iter().position(|metric| *metric == space.metric).unwrap_or(METRICS.len());
    let counts = [rows.len(), centroids.count(), run.block_count(), births.stretches().len()];
    let [content, epoch] = [run.content(), run.epoch()].map(u128::to_le_bytes);
    for word in [metric as u64, space.dim as u64, space.width() as u64] {
        out.extend_from_slice(&word.to_le_bytes());
    }
    out.extend_from_slice(&u64::from(space.scale.to_bits()).to_le_bytes());
    out.extend_from_slice(&space.norm_max.to_bits().to_le_bytes());
    out.extend_from_slice(&version.0.to_le_bytes());
    counts.iter().for_each(|count| out.extend_from_slice(&(*count as u64).to_le_bytes()));
    out.extend_from_slice(&(run.efforts.measured().len() as u64).to_le_bytes());
    out.extend_from_slice(&content);
    out.extend_from_slice(&epoch);
    space.center.iter().for_each(|x| out.extend_from_slice(&x.to_le_bytes()));
    for Measured { effort, recall, frontier } in run.efforts.measured() {
        let Effort { probes, reach, extra, is_whole } = effort;
        for word in [*probes, reach.to_bits(), *extra, u32::from(*is_whole)] {
            out.extend_from_slice(&word.to_le_bytes());
        }
        recall.iter().chain(frontier).for_each(|x| out.extend_from_slice(&x.to_le_bytes()));
    }
    for stretch in births.stretches() {
        out.extend_from_slice(&stretch.seal.to_u128().to_le_bytes());
        for word in [stretch.row, stretch.len, stretch.first, 0] {
            out.extend_from_slice(&word.to_le_bytes());
        }
    }
    first.iter().chain(second).for_each(|block| out.extend_from_slice(&block.to_le_bytes()));
    centroids.points().iter().for_each(|x| out.extend_from_slice(&x.to_le_bytes()));
    out.resize(out.len().next_multiple_of(64), 0);
    let block_bytes = run.block_count() * run.layout().bytes();
    out.extend_from_slice(&blocks.bytes()[..block_bytes]);
    out.extend_from_slice(rows.bytes());
    out
}

/// The run of a field of this kind; `None` where the bytes are no run, or that of another one.
pub(super) fn from_bytes(kernels: Kernels, kind: FieldKind, saved: SavedBytes) -> Option<Run> {
    let saved = Arc::new(saved);
    let bytes: &[u8] = (**saved).as_ref();
    let mut reader = Reader { bytes, at: 0 };
    (reader.take(MAGIC.len())? == MAGIC).then_some(())?;
    let metric = *METRICS.get(reader.count()?)?;
    let (dim, row_width) = (reader.count()?, reader.count()?);
    let of_kind = kind.metric() == Some(metric) && kind.dim() == Some(dim);
    (of_kind && row_width == width(metric, dim)).then_some(())?;
    let scale = f32::from_bits(u32::try_from(reader.word()?).ok()?);
    let norm_max = f64::from_bits(reader.word()?);
    let version = Version(reader.word()?);
    let [rows, clusters, blocks, stretches, efforts] = reader.counts()?;
    let content = reader.wide()?;
    let epoch = reader.wide()?;
    let space = Space::new(metric, dim, reader.floats(row_width)?, scale, norm_max);
    let efforts = read_efforts(&mut reader, efforts)?;
    let births = read_births(&mut reader, stretches, rows)?;
    let first = reader.words(clusters.checked_add(1)?)?;
    let second = reader.words(clusters)?;
    are_clusters(&first, &second, blocks).then_some(())?;
    let points = reader.floats(clusters.checked_mul(row_width)?)?;
    reader.take(reader.at.next_multiple_of(64) - reader.at)?;
    let of_blocks = blocks.checked_mul(BlockLayout::new(row_width).bytes())?;
    let start = reader.at;
    reader.take(of_blocks)?;
    let of_rows = rows.checked_mul(FourBitRows::bytes_of(row_width))?;
    let rows_start = reader.at;
    reader.take(of_rows)?;
    (reader.at == bytes.len()).then_some(())?;
    let blocks = Memory::Saved(Arc::clone(&saved), start..start + of_blocks);
    let codes = Memory::Saved(Arc::clone(&saved), rows_start..rows_start + of_rows);
    let rows = FourBitRows::of(codes, rows, row_width);
    let centroids = Centroids::new(kernels, row_width, points);
    let parts = Parts { version, space, births, centroids, first, second, blocks, rows };
    Some(Run::saved(parts, efforts, content, epoch))
}

fn read_efforts(reader: &mut Reader<'_>, count: usize) -> Option<Efforts> {
    let words = reader.words(count.checked_mul(EFFORT_WORDS)?)?;
    let measured = words.as_chunks::<EFFORT_WORDS>().0.iter().map(|words| {
        let [probes, reach, extra, is_whole, of_ks @ ..] = *words;
        let effort =
            Effort { probes, reach: f32::from_bits(reach), extra, is_whole: is_whole != 0 };
        let [of_recalls, of_frontiers] = [0, KS.len()].map(|first| {
            let mut of_ks = of_ks[first..].iter().map(|bits| f32::from_bits(*bits));
            [(); KS.len()].map(|()| of_ks.next().unwrap_or(0.0))
        });
        // As much as any level has.
        (extra <= 1_024 && effort.reach.is_finite()).then_some(Measured {
            effort,
            recall: of_recalls,
            frontier: of_frontiers,
        })
    });
    Some(Efforts::new(measured.collect::<Option<_>>()?))
}

fn read_births(reader: &mut Reader<'_>, count: usize, rows: usize) -> Option<Births> {
    let mut stretches = Vec::new();
    for bytes in reader.take(count.checked_mul(STRETCH_BYTES)?)?.as_chunks::<STRETCH_BYTES>().0 {
        let (seal, words) = bytes.split_first_chunk::<16>()?;
        let words = words.as_chunks::<4>().0;
        let [row, len, first] = [0, 1, 2].map(|n| u32::from_le_bytes(words[n]));
        stretches.push((
            first,
            Birthplace { seal: SealId::from_u128(u128::from_le_bytes(*seal)), row },
            len,
        ));
    }
    // In the order in which they were numbered.
    stretches.sort_unstable_by_key(|stretch| stretch.0);
    let mut births = Births::default();
    for (first, from, len) in stretches {
        (first == births.len() && len > 0).then_some(())?;
        from.row.checked_add(len)?;
        births.len().checked_add(len)?;
        births.push(from, len);
    }
    (births.sort() && births.len() as usize == rows).then_some(births)
}

/// Whether clusters have blocks that are there, one after the other.
fn are_clusters(first: &[u32], second: &[u32], blocks: usize) -> bool {
    let in_order =
        first.windows(2).zip(second).all(|(two, second)| (two[0]..=two[1]).contains(second));
    in_order && !second.is_empty() && first.last().is_some_and(|last| *last as usize == blocks)
}

/// Reads bytes from their beginning; `None` behind their end.
struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn take(&mut self, len: usize) -> Option<&'a [u8]> {
        let end = self.at.checked_add(len)?;
        let taken = self.bytes.get(self.at..end)?;
        self.at = end;
        Some(taken)
    }

    fn word(&mut self) -> Option<u64> {
        Some(u64::from_le_bytes(*self.take(8)?.first_chunk()?))
    }

    fn wide(&mut self) -> Option<u128> {
        Some(u128::from_le_bytes(*self.take(16)?.first_chunk()?))
    }

    fn count(&mut self) -> Option<usize> {
        usize::try_from(self.word()?).ok()
    }

    fn counts<const N: usize>(&mut self) -> Option<[usize; N]> {
        let mut counts = [0; N];
        for count in &mut counts {
            *count = self.count()?;
        }
        Some(counts)
    }

    fn words(&mut self, count: usize) -> Option<Vec<u32>> {
        let bytes = self.take(count.checked_mul(4)?)?;
        Some(bytes.as_chunks::<4>().0.iter().map(|word| u32::from_le_bytes(*word)).collect())
    }

    fn floats(&mut self, count: usize) -> Option<Vec<f32>> {
        Some(self.words(count)?.into_iter().map(f32::from_bits).collect())
    }
}

#[cfg(test)]
mod tests {
    use iqdb_arena::{ArenaOptions, ArenaStore};
    use iqdb_core::{Batch, FieldId, Record, Schema, Store, StoreExt};

    use super::*;
    use crate::ivf::build::build;
    use crate::kernel::Kernel;

    fn run_of(metric: Metric, kernels: Kernels) -> Run {
        let mut rng = fastrand::Rng::with_seed(16);
        let schema = Schema::new(9, metric).unwrap();
        let store = ArenaStore::with_options(schema, ArenaOptions::new().with_chunk_rows(64, 128));
        let batch = (0_u64..400).fold(Batch::new(), |batch, n| {
            let row: Vec<f32> = (0..9).map(|_| rng.f32() - 0.4).collect();
            batch.upsert(Record::new(n, row).unwrap())
        });
        store.apply(&batch).unwrap();
        let on = store.snapshot().unwrap();
        let field = FieldId::new(0).unwrap();
        let run =
            build(kernels, on.blocks().unwrap(), field, None, &mut |_| true).unwrap().unwrap();
        let levels = Effort::levels(run.centroids().count());
        let measured = levels.iter().map(|effort| Measured {
            effort: *effort,
            recall: [0.5, 0.9, 0.7],
            frontier: [1.5, 1.0, 2.5],
        });
        run.with_efforts(Efforts::new(measured.collect()))
    }

    fn kind(metric: Metric, dim: usize) -> FieldKind {
        FieldKind::Dense { dim, metric, element: iqdb_core::Element::F32 }
    }

    #[test]
    fn a_run_is_the_same_once_it_was_saved() {
        let kernels = Kernels::of(Kernel::Auto);
        for metric in METRICS {
            let run = run_of(metric, kernels);
            let bytes = to_bytes(&run);
            let again = from_bytes(kernels, kind(metric, 9), Box::new(bytes.clone())).unwrap();
            assert!(to_bytes(&again) == bytes && again.epoch() == run.epoch());
            assert_eq!(again.efforts, run.efforts);
            // Its hash is that of the same parts, computed anew.
            assert_eq!(Run::new(again.parts, again.efforts).epoch(), run.epoch());
            for other in [kind(metric, 10), kind(Metric::Hamming, 9), kind(METRICS[2], 8)] {
                assert!(from_bytes(kernels, other, Box::new(bytes.clone())).is_none());
            }
        }
    }

    #[test]
    fn what_is_no_run_is_refused_and_nothing_leads_outside() {
        let kernels = Kernels::of(Kernel::Auto);
        let run = run_of(Metric::Cosine, kernels);
        let (bytes, kind) = (to_bytes(&run), kind(Metric::Cosine, 9));
        for len in (0..bytes.len()).step_by(997).chain([bytes.len() - 1]) {
            assert!(from_bytes(kernels, kind, Box::new(bytes[..len].to_vec())).is_none(), "{len}");
        }
        assert!(from_bytes(kernels, kind, Box::new([&bytes[..], &[0]].concat())).is_none());
        let mut rng = fastrand::Rng::with_seed(17);
        for n in 0..3_000 {
            let mut damaged = bytes.clone();
            // The head and what follows it lead to everything else.
            let at = if n % 2 == 0 { rng.usize(..1_500) } else { rng.usize(..bytes.len()) };
            damaged[at] = rng.u8(..);
            let Some(run) = from_bytes(kernels, kind, Box::new(damaged)) else { continue };
            for cluster in 0..u32::try_from(run.centroids().count()).unwrap() {
                for block in run.cluster(cluster, 0).chain(run.cluster(cluster, 1)) {
                    assert_eq!(block.len(), run.layout().bytes());
                }
            }
            assert!(run.len() < 1 << 20 && run.rows().row(0).len() == run.rows().row_bytes());
        }
    }
}
