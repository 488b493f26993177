//! No kernel excludes a row at its own distance, whatever the components; and what they exclude
//! otherwise is nearly everything that is farther.

use iqdb_core::limits::DIM_MAX;

use super::*;

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
