//! The sets that engines are compared on: two of real vectors, one of them grown, and two generated.
//!
//! What is generated or computed is kept in a folder, under a name that says what it was made of.

use std::fmt;
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

use crate::npy::{self, Matrix};
use crate::protocol::{Files, Metric};
use crate::{Result, truth};

/// The seed of everything that is generated.
pub(crate) const SEED: u64 = 20_261_122;

/// How many queries are generated, and for how many of them the truth is computed.
const QUERIES: usize = 1_000;
const CHECKED: usize = 50;

/// The gaussians of the mixture, and the spread of each beside that of their centres.
const GAUSSIANS: usize = 1_000;
const SPREAD: f32 = 0.5;

/// A set by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Name {
    Wordnet384,
    Cifar784,
    /// 200,000 × 768, cosine.
    Generated768,
    /// 1,000,000 × 128, euclidean.
    Generated128,
    /// The rows of wordnet384 and variations of them, 1,000,000 in all; its queries.
    Grown384,
}

/// A set, in memory and in files.
#[derive(Debug)]
pub(crate) struct Set {
    pub(crate) facts: Facts,
    pub(crate) files: Files,
    pub(crate) base: Matrix<f32>,
    pub(crate) queries: Matrix<f32>,
    /// The rows nearest to the first queries, nearest first.
    pub(crate) truth: Matrix<i32>,
    /// The column that filters look at, where the set has one.
    pub(crate) permille: Option<Matrix<i32>>,
    pub(crate) is_large: bool,
}

/// What a record says of a set.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Facts {
    pub(crate) set: String,
    pub(crate) rows: usize,
    pub(crate) dim: usize,
    pub(crate) metric: Metric,
    pub(crate) origin: String,
    pub(crate) queries: usize,
    pub(crate) queries_with_truth: usize,
}

impl Set {
    /// The files without what rows carry besides, which some engines read in every scan.
    pub(crate) fn bare_files(&self) -> Files {
        Files { payload: None, permille: None, ..self.files.clone() }
    }

    /// The bytes that a scan has to read.
    pub(crate) fn bytes(&self) -> usize {
        self.base.items.len() * size_of::<f32>()
    }
}

impl Name {
    /// Whether there are payloads to filter by. Writers are measured on this set, too.
    pub(crate) fn has_payload(self) -> bool {
        self == Self::Wordnet384
    }

    /// Whether it is so large that only iqdb and the fastest peer take part, one query at a time.
    pub(crate) fn is_large(self) -> bool {
        self == Self::Grown384
    }

    fn metric(self) -> Metric {
        match self {
            Self::Wordnet384 | Self::Grown384 | Self::Generated768 => Metric::Cosine,
            Self::Cifar784 | Self::Generated128 => Metric::Euclidean,
        }
    }

    /// Rows and dimension of what is generated.
    fn shape(self, quick: bool) -> Option<(usize, usize)> {
        match (self, quick) {
            (Self::Wordnet384 | Self::Cifar784, _) => None,
            (Self::Generated768, false) => Some((200_000, 768)),
            (Self::Generated768, true) => Some((20_000, 768)),
            (Self::Generated128, false) => Some((1_000_000, 128)),
            (Self::Generated128, true) => Some((100_000, 128)),
            (Self::Grown384, false) => Some((1_000_000, 384)),
            (Self::Grown384, true) => Some((100_000, 384)),
        }
    }

    /// Reads it from below `data`, or makes it below `made`.
    pub(crate) fn prepare(self, data: &Path, made: &Path, quick: bool) -> Result<Set> {
        std::fs::create_dir_all(made).map_err(|e| format!("{}: {e}", made.display()))?;
        match self.shape(quick) {
            None => self.read(data, made),
            Some((rows, _)) if self == Self::Grown384 => self.grow(rows, data, made),
            Some((rows, dim)) => self.generate(rows, dim, made),
        }
    }

    /// The rows of wordnet384 first, then each of them again with some noise, as often as it takes.
    fn grow(self, rows: usize, data: &Path, made: &Path) -> Result<Set> {
        let seed = Self::Wordnet384.prepare(data, made, false)?;
        let path = |part: &str| made.join(format!("grown384-{rows}-{SEED}.{part}.npy"));
        let files = Files {
            base: path("base"),
            queries: seed.files.queries.clone(),
            payload: None,
            permille: None,
        };
        let parts = match (npy::read(&files.base), npy::read(&path("truth"))) {
            (Ok(base), Ok(truth)) => (base, seed.queries, truth),
            _ => {
                eprintln!(
                    "growing {} rows to {rows} and the truth of {CHECKED} queries",
                    seed.base.rows
                );
                let mut random = fastrand::Rng::with_seed(SEED);
                let dim = seed.base.dim;
                let size = 1.0 / (dim as f32).sqrt();
                let mut items = seed.base.items.clone();
                items.reserve_exact(rows * dim - items.len());
                for row in seed.base.rows..rows {
                    let noise = gaussian(&mut random, dim);
                    let row = seed.base.row(row % seed.base.rows);
                    items.extend(row.iter().zip(noise).map(|(x, noise)| x + SPREAD * size * noise));
                }
                let base = Matrix { rows, dim, items };
                let truth = truth::compute(self.metric(), &base, &seed.queries, CHECKED, 100);
                npy::write(&files.base, &base)?;
                npy::write(&path("truth"), &truth)?;
                (base, seed.queries, truth)
            }
        };
        let origin = format!(
            "the rows of wordnet384, and each of them again with gaussian noise of {SPREAD} of its \
             length, seed {SEED}"
        );
        self.whole(origin, files, parts, None)
    }

    fn read(self, data: &Path, made: &Path) -> Result<Set> {
        let folder = data.join(self.to_string());
        let truth = npy::read(&folder.join("truth.npy"))?;
        let mut files = Files {
            base: folder.join("base.npy"),
            queries: folder.join("queries.npy"),
            payload: None,
            permille: None,
        };
        let (base, mut queries): (Matrix<f32>, Matrix<f32>) =
            (npy::read(&files.base)?, npy::read(&files.queries)?);
        let mut origin = "real vectors".to_owned();
        if queries.rows < QUERIES {
            origin += &format!(", {} queries over and over", queries.rows);
            queries.items =
                queries.items.iter().copied().cycle().take(QUERIES * queries.dim).collect();
            queries.rows = QUERIES;
            files.queries = made.join(format!("{self}.queries.npy"));
            npy::write(&files.queries, &queries)?;
        }
        let mut permille = None;
        if self.has_payload() {
            let path = made.join(format!("permille-{}.npy", base.rows));
            let column = spread_evenly(base.rows);
            npy::write(&path, &column)?;
            files.permille = Some(path);
            files.payload = Some(folder.join("payload.jsonl"));
            permille = Some(column);
        }
        self.whole(origin, files, (base, queries, truth), permille)
    }

    fn generate(self, rows: usize, dim: usize, made: &Path) -> Result<Set> {
        let path = |part: &str| -> PathBuf { made.join(format!("{rows}x{dim}-{SEED}.{part}.npy")) };
        let files =
            Files { base: path("base"), queries: path("queries"), payload: None, permille: None };
        let truth_path = path(&format!("truth-{}", self.metric()));
        let parts =
            match (npy::read(&files.base), npy::read(&files.queries), npy::read(&truth_path)) {
                (Ok(base), Ok(queries), Ok(truth)) => (base, queries, truth),
                _ => {
                    eprintln!("generating {rows} × {dim} and the truth of {CHECKED} queries");
                    let mut mixture = Mixture::new(dim);
                    let (base, queries) = (mixture.matrix(rows), mixture.matrix(QUERIES));
                    let truth = truth::compute(self.metric(), &base, &queries, CHECKED, 100);
                    npy::write(&files.base, &base)?;
                    npy::write(&files.queries, &queries)?;
                    npy::write(&truth_path, &truth)?;
                    (base, queries, truth)
                }
            };
        let origin = format!(
            "generated: {GAUSSIANS} gaussians of spread {SPREAD} around gaussian centres, seed {SEED}"
        );
        self.whole(origin, files, parts, None)
    }

    fn whole(
        self,
        origin: String,
        files: Files,
        (base, queries, truth): (Matrix<f32>, Matrix<f32>, Matrix<i32>),
        permille: Option<Matrix<i32>>,
    ) -> Result<Set> {
        if base.dim != queries.dim || truth.rows > queries.rows {
            return Err(format!("the files of {self} don't fit together"));
        }
        let facts = Facts {
            set: self.to_string(),
            rows: base.rows,
            dim: base.dim,
            metric: self.metric(),
            origin,
            queries: queries.rows,
            queries_with_truth: truth.rows,
        };
        Ok(Set { facts, files, base, queries, truth, permille, is_large: self.is_large() })
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Wordnet384 => "wordnet384",
            Self::Cifar784 => "cifar784",
            Self::Generated768 => "generated768",
            Self::Generated128 => "generated128",
            Self::Grown384 => "grown384",
        })
    }
}

impl fmt::Display for Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Cosine => "cosine",
            Self::Euclidean => "euclidean",
        })
    }
}

/// Each number from 0 to 999 for one row in a thousand, shuffled.
fn spread_evenly(rows: usize) -> Matrix<i32> {
    let mut items: Vec<i32> = (0..1_000).cycle().take(rows).collect();
    fastrand::Rng::with_seed(SEED).shuffle(&mut items);
    Matrix { rows, dim: 1, items }
}

/// Clusters, as real embeddings have them.
struct Mixture {
    random: fastrand::Rng,
    centres: Vec<Vec<f32>>,
}

impl Mixture {
    fn new(dim: usize) -> Self {
        let mut random = fastrand::Rng::with_seed(SEED + dim as u64);
        let centres = (0..GAUSSIANS).map(|_| gaussian(&mut random, dim)).collect();
        Self { random, centres }
    }

    fn matrix(&mut self, rows: usize) -> Matrix<f32> {
        let dim = self.centres[0].len();
        let mut items = Vec::with_capacity(rows * dim);
        for _ in 0..rows {
            let centre = &self.centres[self.random.usize(..GAUSSIANS)];
            let noise = gaussian(&mut self.random, dim);
            items.extend(centre.iter().zip(noise).map(|(x, noise)| x + SPREAD * noise));
        }
        Matrix { rows, dim, items }
    }
}

/// By the transform of Box and Muller, two at a time.
fn gaussian(random: &mut fastrand::Rng, dim: usize) -> Vec<f32> {
    let mut items = Vec::with_capacity(dim + 1);
    while items.len() < dim {
        let radius = (-2.0 * (1.0 - random.f32()).ln()).sqrt();
        let (sin, cos) = (std::f32::consts::TAU * random.f32()).sin_cos();
        items.extend([radius * cos, radius * sin]);
    }
    items.truncate(dim);
    items
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_generated_set_is_the_same_when_it_is_read_again() {
        let folder = std::env::temp_dir().join(format!("peers-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let first = Name::Generated128.generate(2_000, 6, &folder).unwrap();
        let again = Name::Generated128.generate(2_000, 6, &folder).unwrap();
        std::fs::remove_dir_all(&folder).unwrap();
        assert_eq!(first.base, again.base);
        assert_eq!(first.truth, again.truth);
        assert_eq!((first.truth.rows, first.truth.dim, first.bytes()), (CHECKED, 100, 48_000));
    }

    #[test]
    fn gaussians_have_their_spread() {
        let items = gaussian(&mut fastrand::Rng::with_seed(1), 100_001);
        let mean = items.iter().sum::<f32>() / items.len() as f32;
        let spread = (items.iter().map(|x| x * x).sum::<f32>() / items.len() as f32).sqrt();
        assert!(items.len() == 100_001 && mean.abs() < 0.02 && (spread - 1.0).abs() < 0.02);
    }

    #[test]
    fn a_thousandth_has_each_number() {
        let column = spread_evenly(60_000).items;
        assert_eq!(column.iter().filter(|&&x| x == 999).count(), 60);
        assert_ne!(column[..1_000], spread_evenly(60_000).items[1_000..2_000]);
    }
}
