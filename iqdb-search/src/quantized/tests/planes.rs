//! Codes in planes: what the upper bits exclude, row by row, and what is counted of a code.

use iqdb_core::{Metric, distance};

use super::super::encode::{doubled, encode};
use super::{QueryCodes, Rows, STEPS, Steps, code_kernels, prepare, random_rows};
use crate::kernel::{AngleBound, CodeError, GROUP_ROWS, GroupLayout, is_below};

/// The code of a query.
fn in_eight_bits(query: &[f32]) -> Vec<i32> {
    let largest = query.iter().fold(0.0, |largest: f32, x| largest.max(x.abs()));
    #[allow(clippy::cast_possible_truncation)]
    query.iter().map(|x| (x * (127.0 / largest)).round_ties_even() as i32).collect()
}

fn less_center(vector: &[f32], center: Option<&[f32]>) -> Vec<f32> {
    match center {
        Some(center) => vector.iter().zip(center).map(|(x, m)| x - m).collect(),
        None => vector.to_vec(),
    }
}

/// Every mask and every sum, against sums of one component after the other.
#[test]
fn rows_are_excluded_by_their_own_sums() {
    let mut random = fastrand::Rng::with_seed(41);
    let (mut by_upper, mut by_whole, mut kept) = (0, 0, 0);
    for dim in [1, 8, 9, 24, 31, 32, 33, 40, 63, 64, 65, 72, 96, 100, 128, 300] {
        for metric in Metric::OF_NUMBERS {
            let usable = |row: &Vec<f32>| row.iter().any(|x| *x != 0.0);
            let rows: Vec<_> =
                random_rows(&mut random, dim, 90).into_iter().filter(usable).collect();
            let rows = Rows::new(dim, &rows);
            let block = rows.block();
            let codes = prepare(&block, metric, None).unwrap().unwrap();
            let planes = codes.planes(0..block.len().div_ceil(GROUP_ROWS));
            let layout = GroupLayout::new(dim, metric != Metric::Cosine);
            let (unit, planar) = (layout.error_unit(), layout.planar_components());
            for _ in 0..4 {
                let query: Vec<f32> = (0..dim).map(|_| random.f32() - 0.4).collect();
                let mut coded = QueryCodes::default();
                coded.encode(dim, &query, codes.center());
                let of_query = in_eight_bits(&less_center(&query, codes.center()));
                let threshold =
                    distance::of_numbers(metric, &query, rows.row(random.usize(0..block.len())));
                let bound = coded.bound(0, codes, threshold);
                let Some(within) = coded.coded(0, bound) else { continue };
                for (kernel, steps) in
                    code_kernels().into_iter().flat_map(|kernel| STEPS.map(|steps| (kernel, steps)))
                {
                    let (masks, sums, read) = steps.filter(kernel, &planes, &[within]);
                    let mut expected = vec![false; planes.group_count()];
                    for n in 0..block.len() {
                        let mut code = vec![0; dim];
                        let row = less_center(rows.row(n), codes.center());
                        let facts = encode(&row, planar, &mut code);
                        let product = |is_planar: &dyn Fn(usize) -> bool| -> i32 {
                            let of = |i: usize| i32::from(doubled(code[i], is_planar(i)));
                            (0..dim).map(|i| of(i) * of_query[i]).sum()
                        };
                        let [upper, whole] = [product(&|i| i < planar), product(&|_| false) / 2];
                        let stored = |facts: CodeError, unit: f32| {
                            CodeError::from_counts(facts.to_counts(unit), unit, facts.norm)
                        };
                        let out = [
                            is_below(upper, bound.cut(stored(facts.upper, 2.0 * unit))),
                            is_below(whole, bound.cut(stored(facts.whole, unit))),
                        ];
                        let first = steps == Steps::UpperFirst;
                        let left = !(out[1] || first && out[0]);
                        let what = (dim, metric, kernel, steps, n);
                        assert_eq!(
                            masks[n / GROUP_ROWS] >> (n % GROUP_ROWS) & 1 == 1,
                            left,
                            "{what:?}"
                        );
                        expected[n / GROUP_ROWS] |= !(first && out[0]);
                        if left {
                            assert_eq!(sums[n / GROUP_ROWS][n % GROUP_ROWS], whole, "{what:?}");
                        }
                        by_upper += usize::from(out[0]);
                        by_whole += usize::from(out[1]);
                        kept += usize::from(left);
                    }
                    let expected = expected.iter().filter(|group| **group).count();
                    // The last group has rows behind the block's end, of which nothing is known.
                    let last = usize::from(!block.len().is_multiple_of(GROUP_ROWS));
                    assert!((expected..=expected + last).contains(&read), "{read} of {expected}");
                }
            }
        }
    }
    assert!(by_upper > 1_000 && by_whole > by_upper && kept > 1_000);
}

/// The parallel component is rounded down, the orthogonal one up; an error that doesn't fit is
/// unknown.
#[test]
fn what_is_counted_is_on_the_safe_side() {
    let mut random = fastrand::Rng::with_seed(42);
    for dim in [1, 2, 7, 8, 9, 33, 100, 384, 4_096, 65_536] {
        let layout = GroupLayout::new(dim, false);
        let count = if dim > 1_000 { 20 } else { 200 };
        let mut rows = random_rows(&mut random, dim, count);
        // The longest codes there are.
        rows.extend([vec![1.0; dim], vec![-1.0; dim]]);
        let (mut known, mut without_upper) = (0, 0);
        for row in rows {
            let mut code = vec![0; dim];
            let facts = encode(&row, layout.planar_components(), &mut code);
            let norm = distance::squared_norm(&row).sqrt();
            without_upper += usize::from(facts.whole.parallel > 0.0 && facts.upper.parallel == 0.0);
            for (facts, unit, planar) in [
                (facts.whole, layout.error_unit(), None),
                (facts.upper, 2.0 * layout.error_unit(), Some(layout.planar_components())),
            ] {
                let stored = CodeError::from_counts(facts.to_counts(unit), unit, facts.norm);
                if facts.parallel == 0.0 {
                    assert_eq!(stored.parallel, 0.0);
                    continue;
                }
                known += 1;
                let halves = if planar.is_some() { 1.0 } else { 0.5 };
                let code = |i: usize| {
                    halves * f64::from(doubled(code[i], planar.is_some_and(|planar| i < planar)))
                };
                let along = (0..dim).map(|i| code(i) * f64::from(row[i])).sum::<f64>() / norm;
                let squares = (0..dim).map(|i| code(i) * code(i)).sum::<f64>();
                let across = (squares - along * along).max(0.0).sqrt();
                assert!(0.0 < stored.parallel && f64::from(stored.parallel) < along, "{dim}");
                assert!(f64::from(stored.orthogonal) > across, "{dim}");
                let sharp = along * 0.999_999 - 1.01 * f64::from(unit);
                assert!(f64::from(stored.parallel) > sharp, "{dim}: less than it has to be");
            }
        }
        assert!(known >= count / 2, "{dim}: {known}");
        assert!(dim < 384 || without_upper > 0, "{dim}: upper bits point anywhere, too");
    }
    assert_eq!(CodeError { parallel: 65_536.0, orthogonal: 1.0, norm: 1.0 }.to_counts(1.0), [0; 2]);
    assert_eq!(CodeError { parallel: 1.0, orthogonal: 65_536.0, norm: 1.0 }.to_counts(1.0), [0; 2]);
    assert_eq!(CodeError { parallel: 1.5, orthogonal: 1.5, norm: 1.0 }.to_counts(1.0), [1, 2]);
    assert_eq!(CodeError::UNKNOWN.to_counts(1.0), [0; 2]);
}

#[test]
fn a_row_that_nothing_is_known_of_is_never_excluded_and_never_waits() {
    let unknown = CodeError::from_counts([0; 2], 1.0, f32::NAN);
    let bound = AngleBound::Fixed { cosine: 90.0, sine: 10.0 };
    assert_eq!(bound.cut(unknown), f32::NEG_INFINITY);
    assert!(!is_below(i32::MIN, bound.estimate(unknown)));
}
