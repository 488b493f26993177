//! How hard an index looks, and what recall that gives: a table that is measured at build.

use super::hash::Mixer;

/// The numbers of hits that the table is measured for; between two of them, the worse one counts.
pub(super) const KS: [usize; 3] = [1, 10, 100];

/// How hard a probe looks.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Effort {
    /// Clusters that are scanned.
    pub(super) probes: u32,
    /// How many of its errors a row may be nearer than its estimate.
    pub(super) reach: f32,
    /// Candidates beyond `k`, in sixteenths of `k`.
    pub(super) extra: u32,
    /// Whether all clusters are scanned, so that the second assignments add nothing.
    pub(super) is_whole: bool,
}

impl Effort {
    /// How many rows are scored canonically for this many hits.
    pub(super) fn candidates(self, k: usize) -> usize {
        k + 3 + (k * self.extra as usize).div_ceil(16)
    }

    /// The effort for a query of which only `matching` rows of `rows` may be hits: more clusters, as
    /// the nearest matches are in more of them.
    pub(super) fn for_share(self, matching: usize, rows: usize, clusters: usize) -> Self {
        if matching >= rows {
            return self;
        }
        let widening = (rows as f64 / matching.max(1) as f64).sqrt();
        let probes = (f64::from(self.probes) * widening).ceil().min(clusters as f64);
        // Rounded up, and not more than there are.
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let probes = probes as u32;
        Self { probes, ..self }
    }

    /// Efforts for an index of this many clusters, from the least to the most.
    pub(super) fn levels(clusters: usize) -> Vec<Self> {
        let clusters = u32::try_from(clusters).unwrap_or(u32::MAX).max(1);
        let mut levels = Vec::new();
        let mut probes = 2.0_f64;
        while probes < f64::from(clusters) {
            // Rounded down, below a number of clusters.
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
            let count = probes as u32;
            let (reach, extra) = match levels.len() {
                0..7 => (1.6, 2),
                7..13 => (1.9, 4),
                _ => (2.4, 8),
            };
            levels.push(Self { probes: count, reach, extra, is_whole: false });
            probes *= if probes < 8.0 { 1.5 } else { 1.3 };
        }
        for reach in [2.5, 4.0] {
            levels.push(Self { probes: clusters, reach, extra: 16, is_whole: true });
        }
        levels
    }
}

/// An effort and the recall that it was measured to reach.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Measured {
    pub(super) effort: Effort,
    /// The lower 95 % limit of the mean recall, for each of [`KS`].
    pub(super) recall: [f32; KS.len()],
    /// The squared distance of the farthest cluster that is scanned, in those of the `k`-th best row: the
    /// median, for each of [`KS`].
    pub(super) frontier: [f32; KS.len()],
}

/// The effort for a query.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Chosen {
    pub(super) effort: Effort,
    /// The recall that it was measured to reach.
    pub(super) recall: f32,
    /// How far a query of which few rows are wanted scans clusters.
    pub(super) frontier: f32,
}

impl Chosen {
    /// An effort of which nothing was measured yet.
    pub(super) fn of(effort: Effort) -> Self {
        Self { effort, recall: 0.0, frontier: 0.0 }
    }
}

/// The efforts of an index, from the least to the most.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Efforts(Vec<Measured>);

impl Efforts {
    pub(super) fn new(measured: Vec<Measured>) -> Self {
        Self(measured)
    }

    pub(super) fn measured(&self) -> &[Measured] {
        &self.0
    }

    /// The least effort that reaches a recall for this many hits; `None` where none does. Between two of
    /// [`KS`], the worse one counts.
    pub(super) fn reaching(&self, recall: f32, k: usize) -> Option<Chosen> {
        // Of more hits than were measured, no table tells.
        let above = KS.iter().position(|known| *known >= k)?;
        let below = if KS[above] == k { above } else { above.max(1) - 1 };
        self.0.iter().find_map(|Measured { effort, recall: reached, frontier }| {
            let found = reached[above].min(reached[below]);
            let frontier = frontier[above].max(frontier[below]);
            (found >= recall).then_some(Chosen { effort: *effort, recall: found, frontier })
        })
    }

    /// The highest recall that any effort reaches, for each of [`KS`].
    pub(super) fn recall_max(&self) -> [f32; KS.len()] {
        self.0.iter().fold([0.0; KS.len()], |most, measured| {
            std::array::from_fn(|n| most[n].max(measured.recall[n]))
        })
    }

    /// Mixes all that it depends on into a hash.
    pub(super) fn hash(&self, hash: &mut Mixer) {
        for Measured { effort, recall, frontier } in &self.0 {
            hash.add(u64::from(effort.probes) << 32 | u64::from(effort.extra));
            hash.add(u64::from(effort.reach.to_bits()) << 1 | u64::from(effort.is_whole));
            recall.iter().chain(frontier).for_each(|x| hash.add(u64::from(x.to_bits())));
        }
    }
}

/// Whether the lower limit of a mean is as near to it as a quarter of what the mean lacks of 1.
pub(super) fn is_near(shares: &[f32], k: usize) -> bool {
    let mean = shares.iter().sum::<f32>() / shares.len().max(1) as f32;
    mean - lower_limit(shares, k) <= (1.0 - mean) / 4.0
}

/// The lower 95 % limit of the mean of shares of `k` hits, each between 0 and 1.
pub(super) fn lower_limit(shares: &[f32], k: usize) -> f32 {
    let count = shares.len() as f64;
    if shares.is_empty() {
        return 0.0;
    }
    let mean = shares.iter().map(|share| f64::from(*share)).sum::<f64>() / count;
    let squares = shares.iter().map(|share| (f64::from(*share) - mean).powi(2)).sum::<f64>();
    // A sample that misses nothing has a limit, too: the rule of three. The hits of a query are missed
    // together in part, so that they count as the root of their number.
    let spread = 1.645 * (squares / count.max(2.0)).sqrt() / count.sqrt();
    let unseen = 3.0 / (count * (k as f64).sqrt());
    // A share.
    #[allow(clippy::cast_possible_truncation)]
    let limit = (mean - spread.max(unseen)) as f32;
    limit.max(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_effort_that_reaches_a_recall_is_taken() {
        let levels = Effort::levels(300);
        assert!(levels.windows(2).all(|pair| pair[0].probes <= pair[1].probes));
        let recalls = [[0.5, 0.6, 0.4], [0.9, 0.8, 0.95], [0.99, 0.97, 0.98]];
        let measured = levels.iter().zip(recalls);
        let efforts = Efforts::new(
            measured
                .map(|(effort, recall)| Measured {
                    effort: *effort,
                    recall,
                    frontier: [2.0, 1.0, 3.0],
                })
                .collect(),
        );
        let found = |recall, k| {
            let found = efforts.reaching(recall, k);
            found.map(|it| (it.effort.probes, it.recall))
        };
        assert_eq!(found(0.5, 1), Some((levels[0].probes, 0.5)));
        assert_eq!(found(0.7, 1), Some((levels[1].probes, 0.9)));
        assert_eq!(found(0.85, 5), Some((levels[2].probes, 0.97)), "the worse neighbour counts");
        assert_eq!(found(0.9, 100), Some((levels[1].probes, 0.95)));
        assert_eq!((found(0.995, 1), found(0.1, 101)), (None, None));
        assert_eq!(efforts.recall_max(), [0.99, 0.97, 0.98]);
        let frontiers = [1, 5, 10, 100].map(|k| efforts.reaching(0.3, k).unwrap().frontier);
        assert_eq!(frontiers, [2.0, 2.0, 1.0, 3.0], "and the farther one");
    }

    #[test]
    fn a_limit_is_below_the_mean_and_nearer_with_more_samples() {
        let some = lower_limit(&[1.0, 0.8, 1.0, 0.9], 10);
        let more = lower_limit(&[1.0, 0.8, 1.0, 0.9].repeat(50), 10);
        assert!(some < more && more < 0.925 && more > 0.9, "{some}, {more}");
        let all = [1.0; 400];
        assert!((0.992..0.993).contains(&lower_limit(&all, 1)), "as 3 of 400 may be missed");
        assert!((0.997..0.998).contains(&lower_limit(&all, 10)));
        assert_eq!((lower_limit(&[], 1), lower_limit(&[1.0], 1)), (0.0, 0.0));
        let many = |share: f32| [1.0, share].repeat(200);
        assert!(is_near(&many(0.5), 10) && !is_near(&many(0.99), 10) && !is_near(&many(1.0), 10));
    }
}
