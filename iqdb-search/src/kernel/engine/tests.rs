//! What the kernels of this machine make of rows: their sums, the cuts that their scores meet, rows
//! of every element, and the shapes that they refuse.

mod cuts;
mod elements;
mod shapes;
mod sums;

use iqdb_core::distance;
use proptest::prelude::*;

use super::*;
use crate::kernel::{Margin, Panel, ScoreBound, Survivor};

const FORMS: [ScoreForm; 3] = [ScoreForm::Dots, ScoreForm::Squares, ScoreForm::SquaresByNorms];

/// The engines of this machine, simsimd by whole registers of Arm too.
fn engines() -> Vec<(String, Engine)> {
    let mut engines: Vec<_> = Kernel::ALL
        .into_iter()
        .filter(|kernel| kernel.is_available() && *kernel != Kernel::Reference)
        .map(|kernel| (kernel.to_string(), Engine::of(kernel)))
        .collect();
    let rows = Some(RowKernel::Simsimd { register: 64 });
    engines.push(("simsimd by 64".into(), Engine { rows, ..Engine::of(Kernel::Simsimd) }));
    engines
}

fn fits(metric: Metric, form: ScoreForm) -> bool {
    (metric == Metric::Euclidean) == (form != ScoreForm::Dots)
}

/// Rows at a stride, numbers of rows, and what the kernels make of them.
struct Matrix<C = f32> {
    dim: usize,
    stride: usize,
    components: Vec<C>,
    list: Vec<u32>,
}

impl Matrix {
    /// As `with_padding`, with this many components that are not a number.
    fn new(rows: &[Vec<f32>], padding: usize) -> Self {
        Self::with_padding(rows, &vec![f32::NAN; padding])
    }
}

impl<C: Component> Matrix<C> {
    /// The rows from the last to the first, with `padding` between them that no kernel may read.
    fn with_padding(rows: &[Vec<C>], padding: &[C]) -> Self {
        let dim = rows[0].len();
        let components = rows.iter().flat_map(|row| [&row[..], padding].concat()).collect();
        let list = (0..rows.len()).rev().map(|row| u32::try_from(row).unwrap()).collect();
        Self { dim, stride: dim + padding.len(), components, list }
    }

    fn tile(&self) -> Tile<'_, C> {
        Tile::new(&self.components, self.dim, self.stride, &self.list)
    }

    fn row(&self, n: usize) -> &[C] {
        &self.components[self.list[n] as usize * self.stride..][..self.dim]
    }

    /// Scores and terms, by two ways where there are two.
    fn scores(&self, engine: Engine, form: ScoreForm, query: &[f32]) -> Vec<(Vec<f32>, Vec<f32>)> {
        let zeros = || vec![0.0; self.list.len()];
        let (mut scores, mut terms) = (zeros(), zeros());
        engine.scores(form, query, &self.tile(), &mut scores);
        let mut ways = vec![];
        if form.needs_norms() {
            let (mut dots, mut norms) = (zeros(), zeros());
            engine.dots_and_norms(query, &self.tile(), &mut dots, &mut norms);
            Margin::new(self.dim).terms(form, &mut norms);
            ways.push((dots, norms));
            engine.norms(&self.tile(), &mut terms);
            Margin::new(self.dim).terms(form, &mut terms);
        }
        ways.push((scores, terms));
        ways
    }

    /// Checks that no row is excluded at its own distance from `query`, one by one and in a panel.
    fn check(&self, query: &[C]) -> Result<(), TestCaseError> {
        let widened = floats(query);
        for metric in Metric::OF_NUMBERS {
            let zero = |x: &[C]| x.iter().all(|x| x.to_f64() == 0.0);
            let bad = |x: &[C]| metric.needs_direction() && zero(x);
            if bad(query) {
                continue;
            }
            let bound = ScoreBound::new(metric, &widened);
            for form in FORMS.into_iter().filter(|form| fits(metric, *form)) {
                for (name, engine) in engines() {
                    for (scores, terms) in self.scores(engine, form, &widened) {
                        for n in (0..scores.len()).filter(|n| !bad(self.row(*n))) {
                            let distance = distance::of_numbers(metric, query, self.row(n));
                            let cut = bound.cut(form, distance);
                            let kept = engine.keep(&scores, &terms, cut);
                            prop_assert!(
                                kept >> n & 1 == 1 && cut.keeps(scores[n], terms[n]),
                                "{metric}, {form:?} by {name}: {cut:?} excludes {} + {}",
                                scores[n],
                                terms[n]
                            );
                            if form != ScoreForm::Squares {
                                self.check_panel(engine, cut, &widened, n, &terms)?;
                            }
                        }
                    }
                }
            }
        }
        Ok(())
    }

    fn check_panel(
        &self,
        engine: Engine,
        cut: Cut,
        query: &[f32],
        n: usize,
        terms: &[f32],
    ) -> Result<(), TestCaseError> {
        let Some(lanes) = engine.panels(1_000) else { return Ok(()) };
        let Some(floats) = C::as_floats(&self.components) else { return Ok(()) };
        let tile = Tile::new(floats, self.dim, self.stride, &self.list);
        let registers = 1 + n % lanes.panel_registers();
        let width = lanes.panel_width(registers);
        let place = (7 * n) % width;
        let mut components = vec![0.0; self.dim * width];
        for (k, component) in query.iter().enumerate() {
            components[k * width + place] = *component;
        }
        let (mut factors, mut cuts) = (vec![0.0; width], vec![f32::INFINITY; width]);
        (factors[place], cuts[place]) = (cut.factor, cut.cut);
        let mut survivors = Vec::new();
        let panel = Panel::new(&components, &factors, &cuts);
        lanes.panel(&panel, &tile, terms, &mut survivors);
        let pair = |survivor: &Survivor| (survivor.row as usize, survivor.query as usize);
        prop_assert!(survivors.iter().any(|survivor| pair(survivor) == (n, place)));
        let rows = self.list.len();
        prop_assert!(survivors.iter().all(|survivor| pair(survivor).0 < rows));
        Ok(())
    }
}

/// The values as `f32`, which holds each of them.
#[allow(clippy::cast_possible_truncation)]
fn floats<C: Component>(components: &[C]) -> Vec<f32> {
    components.iter().map(|x| x.to_f64() as f32).collect()
}

fn finite() -> impl Strategy<Value = f32> {
    prop_oneof![
        4 => -1.0_f32..1.0,
        2 => any::<u32>().prop_map(f32::from_bits).prop_filter("finite", |x| x.is_finite()),
        1 => prop::sample::select(vec![0.0, -0.0, 3e38, -3e38, 1e-45, -1e-45, 1e-20, 1e19]),
    ]
}

/// Pairs of vectors, each component scaled so that all magnitudes meet each other.
fn pairs() -> impl Strategy<Value = (Vec<f32>, Vec<f32>)> {
    let scaled = |scale: i32| 2.0_f32.powi(scale);
    (prop::collection::vec((finite(), finite()), 1..150), -140..100, -140..100).prop_map(
        move |(pairs, a_scale, b_scale)| {
            let clamp = |x: f32| if x.is_finite() { x } else { 1.0 };
            pairs
                .into_iter()
                .map(|(a, b)| (clamp(a * scaled(a_scale)), clamp(b * scaled(b_scale))))
                .unzip()
        },
    )
}
