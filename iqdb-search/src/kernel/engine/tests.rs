//! No kernel excludes a row at its own distance, whatever the components; and what they exclude
//! otherwise is nearly everything that is farther.

use iqdb_core::limits::DIM_MAX;
use iqdb_core::{ErrorKind, distance};
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
struct Matrix {
    dim: usize,
    stride: usize,
    components: Vec<f32>,
    list: Vec<u32>,
}

impl Matrix {
    /// The rows from the last to the first, with `padding` between them that no kernel may read.
    fn new(rows: &[Vec<f32>], padding: usize) -> Self {
        let dim = rows[0].len();
        let padding = vec![f32::NAN; padding];
        let components = rows.iter().flat_map(|row| [&row[..], &padding].concat()).collect();
        let list = (0..rows.len()).rev().map(|row| u32::try_from(row).unwrap()).collect();
        Self { dim, stride: dim + padding.len(), components, list }
    }

    fn tile(&self) -> Tile<'_> {
        Tile::new(&self.components, self.dim, self.stride, &self.list)
    }

    fn row(&self, n: usize) -> &[f32] {
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
    fn check(&self, query: &[f32]) -> Result<(), TestCaseError> {
        for metric in Metric::OF_NUMBERS {
            let zero = |x: &[f32]| x.iter().all(|x| *x == 0.0);
            let bad = |x: &[f32]| metric.needs_direction() && zero(x);
            if bad(query) {
                continue;
            }
            let bound = ScoreBound::new(metric, query);
            for form in FORMS.into_iter().filter(|form| fits(metric, *form)) {
                for (name, engine) in engines() {
                    for (scores, terms) in self.scores(engine, form, query) {
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
                                self.check_panel(engine, cut, query, n, &terms)?;
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
        lanes.panel(&panel, &self.tile(), terms, &mut survivors);
        let pair = |survivor: &Survivor| (survivor.row as usize, survivor.query as usize);
        prop_assert!(survivors.iter().any(|survivor| pair(survivor) == (n, place)));
        let rows = self.list.len();
        prop_assert!(survivors.iter().all(|survivor| pair(survivor).0 < rows));
        Ok(())
    }
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

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn no_kernel_excludes_a_row_at_its_own_distance(
        (a, b) in pairs(),
        padding in 0..3_usize,
        copies in 0..9_usize,
    ) {
        // Copies, so that a row stands at every place of a group.
        let rows = [vec![a.clone()], vec![b; copies]].concat();
        Matrix::new(&rows, padding).check(&a)?;
    }
}

/// The scores of the worst kernel that the cuts have to hold for, between a query whose components
/// are all `a` and a row whose components are all `b`, for which Cauchy–Schwarz is an equality:
/// each sum is off by `γ_n` of its terms and by `n * 2^-149`, either way.
struct Worst {
    query: Vec<f32>,
    row: Vec<f32>,
    dots: [f32; 2],
    norms: [f32; 2],
    squares: [f32; 2],
}

impl Worst {
    fn of(dim: usize, a: f32, b: f32) -> Self {
        let n = dim as f64;
        let off = |sum: f64, terms: f64| {
            let unit = terms / f64::from(1 << 24);
            let error = unit / (1.0 - unit) * sum.abs() + n / 2_f64.powi(149);
            [sum - error, sum + error]
        };
        #[allow(clippy::cast_possible_truncation)]
        let single = |sums: [f64; 2]| sums.map(|sum| sum as f32);
        let (query, row) = (vec![a; dim], vec![b; dim]);
        let (a, b) = (f64::from(a), f64::from(b));
        Self {
            query,
            row,
            dots: single(off(n * a * b, n)),
            norms: single(off(n * b * b, n).map(|norm| norm.max(0.0).sqrt())),
            // The difference and its square are rounded too.
            squares: single(off(n * (a - b) * (a - b), n + 2.0).map(|sum| -sum)),
        }
    }

    fn check(&self) {
        for metric in Metric::OF_NUMBERS {
            let distance = distance::of_numbers(metric, &self.query, &self.row);
            let bound = ScoreBound::new(metric, &self.query);
            for form in FORMS.into_iter().filter(|form| fits(metric, *form)) {
                let cut = bound.cut(form, distance);
                let scores = if form == ScoreForm::Squares { self.squares } else { self.dots };
                let mut terms = self.norms;
                Margin::new(self.row.len()).terms(form, &mut terms);
                for score in scores {
                    for term in if form.needs_norms() { terms } else { [0.0; 2] } {
                        let (a, b) = (self.query[0], self.row[0]);
                        let pair =
                            format!("{metric}, {form:?}, {} of {a:e} and {b:e}", self.row.len());
                        assert!(cut.keeps(score, term), "{pair}: {cut:?} {score:e} {term:e}");
                    }
                }
            }
        }
    }
}

#[test]
fn a_cut_holds_for_the_worst_kernel() {
    let exponents = [-140, -100, -91, -76, -75, -74, -60, -45, -44, -20, -1, 0, 1, 20, 60, 100];
    for dim in [1, 2, 100, DIM_MAX] {
        for a in exponents {
            for b in exponents {
                let (a, b) = (2_f32.powi(a), 2_f32.powi(b));
                for b in [b, -1.5 * b, 1.7 * b] {
                    Worst::of(dim, a, b).check();
                }
            }
        }
    }
}

#[test]
fn an_underflow_or_overflow_excludes_nothing() {
    for (query, row) in [
        // In f32 the product is 2^-149, of which the true one is 1.4 times as much.
        ([2_f32.powi(-104), 0.0], [1.4 * 2_f32.powi(-45), 0.0]),
        // In f32 the product is 2^-136: the rest of it is below the last place and the margin above.
        (
            [2_f32.powi(-91), 0.0],
            [(1.0 + 2_f32.powi(-14) - 2_f32.powi(-20)) * 2_f32.powi(-45), 0.0],
        ),
        // A squared norm that overflows has a finite score beside it.
        ([1.6e19, 0.0], [1.6e19, 1.6e19]),
        ([1.6e19, 1.6e19], [1.6e19, 0.0]),
        ([3e38, -3e38], [3e38, 3e38]),
        ([0.0, 0.0], [3e38, 1e-45]),
    ] {
        Matrix::new(&[row.to_vec()], 0).check(&query).unwrap();
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn every_kernel_knows_the_canonical_distance_bit_for_bit((a, b) in pairs()) {
        for metric in Metric::OF_NUMBERS {
            let distance = distance::of_numbers(metric, &a, &b);
            for (name, engine) in engines() {
                let found = engine.distance(metric, &a, &b);
                let same = found.to_bits() == distance.to_bits() || found.is_nan() && distance.is_nan();
                prop_assert!(same, "{metric} by {name}: {found} instead of {distance}");
            }
        }
    }
}

#[test]
fn what_is_not_a_number_is_kept() {
    for (name, engine) in engines() {
        for len in [1, 3, 16, 63, 64] {
            for odd in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
                for at in [0, len / 2, len - 1] {
                    let cut = Cut { factor: 0.5, cut: 10.0 };
                    let (mut scores, mut terms) = (vec![1.0; len], vec![2.0; len]);
                    assert_eq!(engine.keep(&scores, &terms, cut), 0, "{name}");
                    (scores[at], terms[len - 1 - at]) = (odd, odd);
                    let kept = engine.keep(&scores, &terms, cut);
                    assert_eq!(kept, 1 << at | 1 << (len - 1 - at), "{name}, {odd}");
                    assert!(cut.keeps(odd, 2.0) && cut.keeps(1.0, odd));
                }
            }
        }
    }
}

#[test]
fn a_score_at_the_cut_is_kept_and_one_below_is_not() {
    for (name, engine) in engines() {
        let scores = [3.0, 3.0_f32.next_down(), 3.0_f32.next_up()];
        let cut = Cut { factor: 1.0, cut: 3.0 };
        assert_eq!(engine.keep(&scores, &[0.0; 3], cut), 0b101, "{name}");
        assert_eq!(scores.map(|score| cut.keeps(score, 0.0)), [true, false, true]);
    }
}

#[test]
fn every_kernel_sums_up_all_components_of_the_right_rows() {
    let mut random = fastrand::Rng::with_seed(3);
    for dim in [1, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 33, 63, 64, 65, 100, 127, 128, 129, 300] {
        let rows: Vec<Vec<f32>> =
            (0..13).map(|_| (0..dim).map(|_| random.f32() - 0.5).collect()).collect();
        let matrix = Matrix::new(&rows, dim % 3);
        let query = &rows[5];
        for (name, engine) in engines() {
            for form in [ScoreForm::Dots, ScoreForm::Squares] {
                for (scores, terms) in matrix.scores(engine, form, query) {
                    for n in 0..rows.len() {
                        let row = matrix.row(n);
                        let exact = match form {
                            ScoreForm::Dots => -distance::of_numbers(Metric::Dot, query, row),
                            _ => -distance::of_numbers(Metric::Euclidean, query, row).powi(2),
                        };
                        let norm = distance::squared_norm(row).sqrt();
                        let at = format!("{name}, {form:?}, dim {dim}, row {n}");
                        assert!((f64::from(scores[n]) - exact).abs() < 1e-4, "{at}");
                        let off = (f64::from(terms[n]) - norm).abs();
                        assert!(form == ScoreForm::Squares || off < 1e-4, "{at}");
                    }
                }
            }
        }
    }
}

#[test]
fn panels_score_as_rows_do() {
    let mut random = fastrand::Rng::with_seed(4);
    let mut vector = |dim| -> Vec<f32> { (0..dim).map(|_| random.f32() - 0.5).collect() };
    for dim in [1, 2, 17, 100] {
        let rows: Vec<_> = (0..21).map(|_| vector(dim)).collect();
        let matrix = Matrix::new(&rows, 3);
        for (name, engine) in engines() {
            let Some(lanes) = engine.panels(1_000) else { continue };
            for registers in 1..=lanes.panel_registers() {
                let queries: Vec<_> =
                    (0..lanes.panel_width(registers)).map(|_| vector(dim)).collect();
                let width = queries.len();
                let components: Vec<f32> =
                    (0..dim * width).map(|n| queries[n % width][n / width]).collect();
                // Keeps what is at least 0.
                let (factors, cuts) = (vec![0.0; width], vec![0.0; width]);
                let panel = Panel::new(&components, &factors, &cuts);
                let mut survivors = Vec::new();
                lanes.panel(&panel, &matrix.tile(), &vec![1.0; rows.len()], &mut survivors);
                let mut expected = 0;
                for (q, query) in queries.iter().enumerate() {
                    for n in 0..rows.len() {
                        let exact = -distance::of_numbers(Metric::Dot, query, matrix.row(n));
                        if exact > 1e-5 {
                            expected += 1;
                            let found = survivors.iter().find(|survivor| {
                                (survivor.row as usize, survivor.query as usize) == (n, q)
                            });
                            let score = f64::from(found.unwrap().score);
                            assert!((score - exact).abs() < 1e-4, "{name}, dim {dim}");
                        }
                    }
                }
                let found = survivors.iter().filter(|survivor| survivor.score > 2e-5).count();
                assert!(found <= expected && expected <= survivors.len(), "{name}, dim {dim}");
            }
        }
    }
}

#[test]
fn a_cut_is_close_enough_to_be_of_use() {
    let mut random = fastrand::Rng::with_seed(1);
    let mut vector =
        |scale: f32| -> Vec<f32> { (0..768).map(|_| (random.f32() - 0.5) * scale).collect() };
    // 784 units in the last place are 4.7e-5.
    for scale in [1.0, 1e-6, 1e6] {
        let (a, b) = (vector(1.0), vector(scale));
        let matrix = Matrix::new(std::slice::from_ref(&b), 0);
        let norm = |x| distance::squared_norm(x).sqrt();
        for metric in Metric::OF_NUMBERS {
            let distance = distance::of_numbers(metric, &a, &b);
            for form in FORMS.into_iter().filter(|form| fits(metric, *form)) {
                let gap = match form {
                    _ if metric == Metric::Cosine => 2e-4,
                    ScoreForm::Dots => 2e-4 * norm(&a) * norm(&b),
                    ScoreForm::Squares => 2e-4 * distance,
                    _ => 3e-4 * (norm(&a).powi(2) + norm(&b).powi(2)) / distance,
                };
                for (name, engine) in engines() {
                    for (scores, terms) in matrix.scores(engine, form, &a) {
                        let cut = ScoreBound::new(metric, &a).cut(form, distance - gap);
                        assert!(
                            !cut.keeps(scores[0], terms[0]),
                            "{metric}, {form:?}, {name}, {scale}"
                        );
                    }
                }
            }
        }
    }
}

#[test]
fn no_hit_is_excluded_by_a_threshold_that_is_no_distance() {
    let (query, row) = ([3.0, 4.0], [4.0, 3.0]);
    let matrix = Matrix::new(&[row.to_vec()], 1);
    for (name, engine) in engines() {
        for metric in Metric::OF_NUMBERS {
            for form in FORMS.into_iter().filter(|form| fits(metric, *form)) {
                for (scores, terms) in matrix.scores(engine, form, &query) {
                    for threshold in [f64::INFINITY, f64::MAX, 1e200] {
                        let cut = ScoreBound::new(metric, &query).cut(form, threshold);
                        assert!(cut.keeps(scores[0], terms[0]), "{metric}, {name}, {threshold}");
                    }
                }
            }
        }
    }
}

#[test]
fn simsimd_gets_as_many_whole_registers_as_there_are() {
    let (a, b) = ([1.0; 200], [2.0; 200]);
    for (register, whole) in [(1, 200), (3, 198), (64, 192), (200, 200), (201, 0)] {
        let (pair, tail) = simsimd::split(&a, &b, register);
        assert_eq!((pair.0.len(), pair.1.len()), (whole, whole), "by {register}");
        assert!(tail.eq(vec![(1.0, 2.0); 200 - whole]), "by {register}");
    }
}

#[test]
fn a_kernel_is_called_by_its_name() {
    for kernel in Kernel::ALL {
        assert_eq!(kernel.to_string().parse::<Kernel>().unwrap(), kernel);
        let runs = Engine::of(kernel).name(false);
        match kernel {
            Kernel::Auto => assert_ne!(runs, "auto"),
            _ if kernel.is_available() => assert_eq!(runs, kernel.as_str()),
            _ => assert_eq!(runs, "portable"),
        }
    }
    assert_eq!(format!("{:>10}", Kernel::Simsimd), "   simsimd");
    assert_eq!("avx".parse::<Kernel>().unwrap_err().kind(), ErrorKind::InvalidQuery);
}

#[test]
fn shapes_that_do_not_fit_are_refused() {
    let refused =
        |call: &dyn Fn()| std::panic::catch_unwind(std::panic::AssertUnwindSafe(call)).is_err();
    let rows = [0.0; 12];
    assert!(refused(&|| drop(Tile::new(&rows, 4, 3, &[0]).vectors())));
    assert!(refused(&|| drop(Tile::new(&rows, 0, 3, &[0]).vectors())));
    assert!(refused(&|| drop(Tile::new(&rows, 3, 3, &[4]).vectors())));
    let tile = Tile::new(&rows, 3, 3, &[0, 3]);
    let wide = |registers| vec![0.0; FloatKernel::first_of(&Isa::ALL).panel_width(registers)];
    for lanes in [FloatKernel::first_of(&Isa::ALL), FloatKernel::first_of(&[])] {
        assert!(refused(&|| lanes.scores(Scores::Dot, &[0.0; 4], &tile, &mut [0.0; 2])));
        assert!(refused(&|| lanes.scores(Scores::Dot, &[0.0; 3], &tile, &mut [0.0; 1])));
        let both = |query: &[f32], dots: &mut [f32], norms: &mut [f32]| {
            lanes.dots_and_squared_norms(query, &tile, dots, norms);
        };
        assert!(refused(&|| both(&[0.0; 2], &mut [0.0; 2], &mut [0.0; 2])));
        assert!(refused(&|| both(&[0.0; 3], &mut [0.0; 2], &mut [0.0; 3])));
        assert!(refused(&|| drop(vec![lanes.keep(&[0.0; 65], &[0.0; 65], 0.0, 0.0)])));
        assert!(refused(&|| drop(vec![lanes.keep(&[0.0; 5], &[0.0; 4], 0.0, 0.0)])));
    }
    let panel = |components: &[f32], width: usize, terms: &[f32]| {
        let (factors, cuts) = (vec![0.0; width], vec![0.0; width]);
        FloatKernel::first_of(&Isa::ALL).panel(
            &Panel::new(components, &factors, &cuts),
            &tile,
            terms,
            &mut vec![],
        );
    };
    let width = wide(1).len();
    panel(&vec![0.0; 3 * width], width, &[0.0; 2]);
    assert!(refused(&|| panel(&vec![0.0; 2 * width], width, &[0.0; 2])));
    assert!(refused(&|| panel(&vec![0.0; 3 * width], width, &[0.0; 3])));
    assert!(refused(&|| panel(&vec![0.0; 12 * width], 4 * width, &[0.0; 2])));
    assert!(refused(&|| panel(&vec![0.0; 3 * (width + 1)], width + 1, &[0.0; 2])));
    assert!(refused(&|| drop(vec![Panel::new(&[0.0; 4], &[0.0; 1], &[0.0; 2])])));
    assert!(refused(&|| drop(vec![Panel::new(&[], &[], &[])])));
}
