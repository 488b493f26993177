//! Rows of `f16`, `bf16` and `i8`, which kernels convert in their registers: every value is the `f32`
//! of the same value, in every lane, and no row is excluded at its own distance.

use iqdb_core::{bf16, f16};

use super::*;

/// Numbers of components around the lengths of registers, and of four of them.
const DIMS: [usize; 22] =
    [1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 48, 63, 64, 65, 127, 128, 129, 300];

/// The engines that score rows of every element.
fn own_engines() -> impl Iterator<Item = (String, Engine)> {
    engines().into_iter().filter(|(_, engine)| engine.reads_all_components())
}

fn halves<C>(of: fn(u16) -> C) -> Vec<C> {
    (0..=u16::MAX).map(of).collect()
}

/// Rows of one value and zeros else, the value in each lane of whole registers and of the last,
/// partial one. The query is of ones, so that the score is the value.
fn check_values<C: Component>(values: &[C]) {
    for dim in [1, 16, 64, 67] {
        let (mut components, list) = (vec![C::default(); dim * values.len()], 0..);
        for (n, (row, value)) in components.chunks_mut(dim).zip(values).enumerate() {
            row[n % dim] = *value;
        }
        let list: Vec<u32> = list.take(values.len()).collect();
        let tile = Tile::new(&components, dim, dim, &list);
        for (name, engine) in own_engines() {
            let mut scores = vec![1.5; values.len()];
            engine.scores(ScoreForm::Dots, &vec![1.0; dim], &tile, &mut scores);
            for (score, value) in scores.iter().zip(values) {
                let (score, value) = (f64::from(*score), value.to_f64());
                let same = score == value || score.is_nan() && value.is_nan();
                assert!(same, "{value} is {score} by {name}, dim {dim}");
            }
        }
    }
}

#[test]
fn every_value_is_the_same_in_every_lane() {
    check_values(&halves(f16::from_bits));
    check_values(&halves(bf16::from_bits));
    check_values(&(i8::MIN..=i8::MAX).cycle().take(67 * 256).collect::<Vec<_>>());
}

/// Sums of small integers are exact in `f32`, in any order: so every kernel has to find those of a
/// loop over all components.
fn check_sums<C: Component>(of: impl Fn(i8) -> C, padding: C) {
    let mut random = fastrand::Rng::with_seed(5);
    for (n, dim) in DIMS.into_iter().enumerate() {
        let mut vector = || -> Vec<C> { (0..dim).map(|_| of(random.i8(-9..=9))).collect() };
        let rows: Vec<_> = (0..13).map(|_| vector()).collect();
        let query = floats(&vector());
        let mut matrix = Matrix::with_padding(&rows, &vec![padding; n % 4]);
        let in_order: Vec<u32> = (0..13).collect();
        for list in [vec![12, 11, 3, 0], vec![7], vec![1, 2, 3, 5, 6, 9, 10, 11, 12], in_order] {
            matrix.list = list;
            for (name, engine) in own_engines() {
                for form in [ScoreForm::Dots, ScoreForm::Squares] {
                    for (scores, norms) in matrix.scores(engine, form, &query) {
                        for (n, (score, norm)) in scores.iter().zip(norms).enumerate() {
                            let row = floats(matrix.row(n));
                            let pairs = || query.iter().zip(&row);
                            let (expected, square): (f32, f32) = match form {
                                ScoreForm::Dots => (
                                    pairs().map(|(a, b)| a * b).sum(),
                                    row.iter().map(|b| b * b).sum(),
                                ),
                                _ => (-pairs().map(|(a, b)| (a - b) * (a - b)).sum::<f32>(), 0.0),
                            };
                            let at = format!("{form:?} by {name}, dim {dim}, row {n}");
                            assert_eq!((*score, norm), (expected, square.sqrt()), "{at}");
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn all_components_of_the_right_rows_are_summed_up() {
    check_sums(f32::from, f32::NAN);
    check_sums(|x| f16::from_f32(x.into()), f16::NAN);
    check_sums(|x| bf16::from_f32(x.into()), bf16::NAN);
    check_sums(|x| x, i8::MIN);
}

#[test]
fn sums_of_the_extreme_i8_are_within_the_margin_at_the_largest_dimension() {
    let dim = iqdb_core::limits::DIM_MAX;
    for (a, b) in [(i8::MIN, i8::MIN), (i8::MIN, i8::MAX), (i8::MAX, i8::MAX)] {
        Matrix::with_padding(&[vec![b; dim]], &[]).check(&vec![a; dim]).unwrap();
    }
}

#[test]
fn a_row_whose_score_overflows_is_kept() {
    // The square of the largest f16 is 2^32, and 65,536 of them are finite in f32.
    let f16s = [f16::MAX, f16::MIN, f16::MIN_POSITIVE_SUBNORMAL, f16::ZERO];
    for (a, b) in f16s.iter().flat_map(|a| f16s.map(|b| (*a, b))) {
        Matrix::with_padding(&[vec![b; 67]], &[f16::NAN]).check(&[a; 67]).unwrap();
    }
    let bf16s = [bf16::MAX, bf16::MIN, bf16::MIN_POSITIVE_SUBNORMAL, bf16::ZERO];
    for (a, b) in bf16s.iter().flat_map(|a| bf16s.map(|b| (*a, b))) {
        let matrix = Matrix::with_padding(&[vec![b; 67]], &[bf16::NAN]);
        matrix.check(&[a; 67]).unwrap();
        if !a.to_f32().is_normal() || !b.to_f32().is_normal() {
            continue;
        }
        for (name, engine) in own_engines() {
            for form in [ScoreForm::Dots, ScoreForm::Squares] {
                for (scores, terms) in matrix.scores(engine, form, &floats(&[a; 67])) {
                    let everything = Cut { factor: -1.0, ..Cut::EVERYTHING };
                    let same = form == ScoreForm::Squares && a == b;
                    assert_eq!(scores[0].is_finite(), same, "{a} and {b} by {name}");
                    let kept = engine.keep(&scores, &terms, everything);
                    assert_eq!(kept == 1, !same, "{a} and {b} by {name}");
                }
            }
        }
    }
}

/// Rows of arbitrary components, at every place of a group, and the same query.
fn check_pairs<C: Component>(
    pairs: &[(u16, u16)],
    (padding, copies): (usize, usize),
    of: impl Fn(u16) -> C,
    between: C,
) -> Result<(), TestCaseError> {
    let finite = |bits: u16| Some(of(bits)).filter(|x| x.is_finite()).unwrap_or_default();
    let (a, b): (Vec<C>, Vec<C>) = pairs.iter().map(|(a, b)| (finite(*a), finite(*b))).unzip();
    let rows = [vec![a.clone()], vec![b; copies]].concat();
    Matrix::with_padding(&rows, &vec![between; padding]).check(&a)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn no_row_is_excluded_at_its_own_distance(
        pairs in prop::collection::vec(any::<(u16, u16)>(), 1..150),
        padding in 0..4_usize,
        copies in 0..9_usize,
    ) {
        let shape = (padding, copies);
        check_pairs(&pairs, shape, f16::from_bits, f16::NAN)?;
        check_pairs(&pairs, shape, bf16::from_bits, bf16::NAN)?;
        check_pairs(&pairs, shape, |bits| bits.to_le_bytes()[0].cast_signed(), i8::MIN)?;
    }
}
