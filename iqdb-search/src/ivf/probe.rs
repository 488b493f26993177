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
//! with a filter: more clusters, until they are as far beyond the k-th best row as without one
//! return the best by 4 bits, some more than k
//! ```
//! A row is in two clusters; `seen` has a bit for each row that was queued, `scanned` one for each cluster.

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

/// Clusters more that are looked for at once, at least.
const WIDENED_MIN: usize = 8;

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
    scanned: Vec<u64>,
    /// What was read, for `explain`.
    pub(super) counts: ProbeCounts,
}

/// What a probe has read.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct ProbeCounts {
    pub(super) blocks: u64,
    pub(super) rows: u64,
    pub(super) clusters: u64,
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
    /// Where few rows are wanted: how far clusters are scanned, in squared distances of the `k`-th best
    /// row. Rows are asked about before they are scored, then.
    pub(super) frontier: Option<f32>,
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
        self.scan_clusters(task, &clusters, &mut wants)?;
        self.clusters = clusters;
        self.score_queue(task, &mut wants)?;
        if let Some(frontier) = task.frontier {
            self.widen(task, frontier, &mut wants)?;
        }
        self.finish();
        Ok(self.best.as_slice())
    }

    /// Finds the nearest of all rows that `each` names, each of which is wanted, by four bits.
    ///
    /// # Errors
    /// Those of `each`.
    pub(super) fn run_over(
        &mut self,
        task: Task<'_>,
        each: impl FnOnce(&mut dyn FnMut(u32)) -> Result<()>,
    ) -> Result<&[(f32, u32)]> {
        self.begin(task);
        let Task { run, kernels, query, .. } = task;
        let score = |this: &mut Self| {
            this.counts.rows += this.queue.len() as u64;
            for number in this.queue.drain(..) {
                let distance = run.rows().distance(kernels.four_bit, query, number);
                this.best.insert(distance, number);
            }
        };
        each(&mut |number| {
            self.queue.push(number);
            prefetch_lines(run.rows().row(number));
            if self.queue.len() >= QUEUE {
                score(self);
            }
        })?;
        score(self);
        Ok(self.best.as_slice())
    }

    /// How far the clusters were scanned, in squared distances of the `k`-th best row; infinite if that
    /// is where the query is.
    pub(super) fn frontier(&self, k: usize) -> f32 {
        let farthest = self.clusters.last().map_or(0.0, |(distance, _)| *distance);
        farthest / self.best.threshold_of(k).max(0.0)
    }

    fn scan_clusters(
        &mut self,
        task: Task<'_>,
        clusters: &[(f32, u32)],
        wants: &mut impl FnMut(u32) -> Result<bool>,
    ) -> Result<()> {
        for (n, (distance, cluster)) in clusters.iter().enumerate() {
            if let Some((_, next)) = clusters.get(n + 1) {
                prefetch_lines(task.run.cluster(*next, 0).take(1).next().unwrap_or_default());
            }
            self.scan_cluster(task, *cluster, *distance, wants)?;
        }
        Ok(())
    }

    /// Scans more clusters, until the next one is farther than the frontier.
    fn widen(
        &mut self,
        task: Task<'_>,
        frontier: f32,
        wants: &mut impl FnMut(u32) -> Result<bool>,
    ) -> Result<()> {
        let Task { run, kernels, query, k, .. } = task;
        let all = run.centroids().count();
        self.scanned.clear();
        self.scanned.resize(all.div_ceil(64), 0);
        let mut clusters = std::mem::take(&mut self.clusters);
        clusters.iter().for_each(|(_, cluster)| _ = self.mark_scanned(*cluster));
        let (mut found, mut is_wide) = (clusters.len(), false);
        while found < all && !is_wide {
            found = all.min(2 * found + WIDENED_MIN);
            clusters.clear();
            clusters.extend(run.centroids().nearest(kernels, query, found, &mut self.centroids));
            for (distance, cluster) in &clusters {
                is_wide = *distance > frontier * self.best.threshold_of(k);
                if is_wide {
                    break;
                }
                if self.mark_scanned(*cluster) {
                    self.scan_cluster(task, *cluster, *distance, wants)?;
                }
            }
            self.score_queue(task, wants)?;
        }
        self.clusters = clusters;
        Ok(())
    }

    /// Returns whether a cluster is scanned for the first time.
    fn mark_scanned(&mut self, cluster: u32) -> bool {
        let (word, bit) = (cluster as usize / 64, 1 << (cluster % 64));
        let is_new = self.scanned[word] & bit == 0;
        self.scanned[word] |= bit;
        is_new
    }

    /// Forgets what was seen.
    fn finish(&mut self) {
        for number in self.queued.drain(..) {
            self.seen[number as usize / 64] = 0;
        }
    }

    fn begin(&mut self, task: Task<'_>) {
        self.counts = ProbeCounts::default();
        self.best.reset(task.effort.candidates(task.k));
        self.queue.clear();
        self.queue.reserve(QUEUE + BLOCK_ROWS);
    }

    fn prepare(&mut self, task: Task<'_>) {
        let Task { run, kernels, query, effort, .. } = task;
        self.begin(task);
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
        self.counts.clusters += 1;
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
        let Task { run, kernels, query, frontier, .. } = task;
        let asks_first = frontier.is_some();
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
