//! The scan of an index: from a query to the few rows whose canonical distances are computed.
//!
//! ```text
//! clusters = the nearest centres                                              1 bit, then f32
//! seeds = the best rows of the first clusters by their estimates              1 bit
//! score the seeds                                                             4 bits
//! for each cluster, the nearest first:
//!     for each block of it:
//!         for each row that may be nearer than the k-th best, some errors allowed for:   1 bit
//!             unless it was seen: queue it, and prefetch its 4-bit code
//!     when enough are queued: score them; the k-th best gets nearer           4 bits
//! return the best by 4 bits, some more than k
//! ```
//! A row is in two clusters; `seen` has a bit for each row that was queued.

use iqdb_core::Result;

use super::centroids::NearCentroids;
use super::efforts::Effort;
use super::kernels::Kernels;
use super::nearest::Nearest;
use super::query::QueryCodes;
use super::run::Run;
use crate::kernel::{BLOCK_ROWS, BlockCut, prefetch_lines};

/// Rows of the first clusters, by which the first threshold is found.
const SEED_ROWS: usize = 96;

/// Rows that are queued before they are scored, so that their codes arrive meanwhile.
const QUEUE: usize = 8;

/// Farther than any row, and nearer than an empty place.
const FAR: f32 = 1e30;

/// Working memory of a probe, reused from query to query.
#[derive(Debug, Default)]
pub(super) struct Probe {
    centroids: NearCentroids,
    clusters: Vec<(f32, u32)>,
    seeds: Nearest,
    best: Nearest,
    queue: Vec<u32>,
    seen: Vec<u64>,
    queued: Vec<u32>,
    /// What was read, for `explain`.
    pub(super) counts: ProbeCounts,
}

/// What a probe has read.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct ProbeCounts {
    pub(super) blocks: u64,
    pub(super) rows: u64,
}

impl ProbeCounts {
    /// Bytes of codes.
    pub(super) fn bytes(self, run: &Run) -> u64 {
        let row = run.rows().row_bytes() as u64;
        self.blocks * run.layout().scanned_bytes() as u64 + self.rows * row
    }
}

/// What a probe reads: an index, a query, and how hard to look.
#[derive(Debug, Clone, Copy)]
pub(super) struct Task<'a> {
    pub(super) run: &'a Run,
    pub(super) kernels: Kernels,
    pub(super) query: &'a QueryCodes,
    pub(super) effort: Effort,
    /// How many hits are wanted.
    pub(super) k: usize,
    /// Whether rows are asked about before they are scored, since few are wanted.
    pub(super) asks_first: bool,
}

impl Probe {
    /// Finds rows that may be among the `k` nearest of those that `wants` wants: nearest first, by
    /// four bits.
    ///
    /// # Errors
    /// Those of `wants`.
    pub(super) fn run(
        &mut self,
        task: Task<'_>,
        mut wants: impl FnMut(u32) -> Result<bool>,
    ) -> Result<&[(f32, u32)]> {
        self.prepare(task);
        self.seed(task, &mut wants)?;
        let clusters = std::mem::take(&mut self.clusters);
        for (n, (distance, cluster)) in clusters.iter().enumerate() {
            if let Some((_, next)) = clusters.get(n + 1) {
                prefetch_lines(task.run.cluster(*next, 0).take(1).next().unwrap_or_default());
            }
            self.scan_cluster(task, *cluster, *distance, &mut wants)?;
        }
        self.clusters = clusters;
        self.score_queue(task, &mut wants)?;
        for number in self.queued.drain(..) {
            self.seen[number as usize / 64] = 0;
        }
        Ok(self.best.as_slice())
    }

    fn prepare(&mut self, task: Task<'_>) {
        let Task { run, kernels, query, effort, k, .. } = task;
        self.counts = ProbeCounts::default();
        self.best.reset(effort.candidates(k));
        self.queue.clear();
        self.queue.reserve(QUEUE + BLOCK_ROWS);
        if self.seen.len() * 64 < run.len() || !self.queued.is_empty() {
            self.seen.clear();
            self.seen.resize(run.len().div_ceil(64), 0);
            self.queued.clear();
        }
        let found =
            run.centroids().nearest(kernels, query, effort.probes as usize, &mut self.centroids);
        self.clusters.clear();
        self.clusters.extend_from_slice(found);
    }

    /// Scores the best rows of the first clusters, so that there is a threshold.
    fn seed(&mut self, task: Task<'_>, wants: &mut impl FnMut(u32) -> Result<bool>) -> Result<()> {
        let Task { run, kernels, query, k, .. } = task;
        self.seeds.reset(k + k / 4 + 2);
        let mut rows = 0;
        for (distance, cluster) in &self.clusters {
            if rows >= SEED_ROWS.max(4 * k) {
                break;
            }
            for block in run.cluster(*cluster, 0) {
                rows += BLOCK_ROWS;
                let mut estimates = [0.0; BLOCK_ROWS];
                let below = (self.seeds.threshold() - distance).min(FAR);
                let cut = BlockCut { below, ..query.cut() };
                let mut kept = kernels.one_bit.scan(block, query.table(), cut, &mut estimates);
                while kept != 0 {
                    let place = kept.trailing_zeros() as usize;
                    kept &= kept - 1;
                    let number = run.layout().number(block, place);
                    self.seeds.insert(estimates[place] + distance, number);
                }
            }
        }
        let seeds = std::mem::take(&mut self.seeds);
        for (_, number) in seeds.as_slice() {
            self.enqueue(task, *number);
        }
        self.seeds = seeds;
        self.score_queue(task, wants)
    }

    fn scan_cluster(
        &mut self,
        task: Task<'_>,
        cluster: u32,
        distance: f32,
        wants: &mut impl FnMut(u32) -> Result<bool>,
    ) -> Result<()> {
        let Task { run, kernels, query, effort, .. } = task;
        let reach = distance.sqrt() * effort.reach;
        let mut blocks = run.cluster(cluster, usize::from(effort.is_whole)).peekable();
        while let Some(block) = blocks.next() {
            if let Some(next) = blocks.peek() {
                prefetch_lines(&next[..run.layout().scanned_bytes()]);
            }
            self.counts.blocks += 1;
            let mut estimates = [0.0; BLOCK_ROWS];
            let below = (self.best.threshold_of(task.k) - distance).min(FAR);
            let cut = BlockCut { reach, below, ..query.cut() };
            let mut kept = kernels.one_bit.scan(block, query.table(), cut, &mut estimates);
            while kept != 0 {
                let place = kept.trailing_zeros() as usize;
                kept &= kept - 1;
                self.enqueue(task, run.layout().number(block, place));
            }
            if self.queue.len() >= QUEUE {
                self.score_queue(task, wants)?;
            }
        }
        Ok(())
    }

    /// Queues a row, unless it was before.
    #[inline]
    fn enqueue(&mut self, task: Task<'_>, number: u32) {
        // An empty place, or what no run has written.
        if number as usize >= task.run.len() {
            return;
        }
        let (word, bit) = (number as usize / 64, 1 << (number % 64));
        if self.seen[word] & bit == 0 {
            self.seen[word] |= bit;
            self.queued.push(number);
            self.queue.push(number);
            prefetch_lines(task.run.rows().row(number));
        }
    }

    fn score_queue(
        &mut self,
        task: Task<'_>,
        wants: &mut impl FnMut(u32) -> Result<bool>,
    ) -> Result<()> {
        let Task { run, kernels, query, asks_first, .. } = task;
        self.counts.rows += self.queue.len() as u64;
        for number in &self.queue {
            if asks_first && !wants(*number)? {
                continue;
            }
            let distance = run.rows().distance(kernels.four_bit, query, *number);
            if distance < self.best.threshold() && (asks_first || wants(*number)?) {
                self.best.insert(distance, *number);
            }
        }
        self.queue.clear();
        Ok(())
    }
}
