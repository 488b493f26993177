//! The right answers, by the definition of the distances in double precision, and how many of them
//! an engine found.
//!
//! It knows rows by number only, and takes whatever is as near as the k-th for right: engines may
//! break ties as they like.

use crate::npy::Matrix;
use crate::protocol::{Metric, Permille};
use crate::sets::Set;

/// Two orders of summation may differ by that much.
const ROUNDING: f64 = 1e-12;

fn dot(a: &[f32], b: &[f32]) -> f64 {
    let mut lanes = [0.0_f64; 8];
    let (a, a_rest) = a.as_chunks::<8>();
    let (b, b_rest) = b.as_chunks::<8>();
    for (a, b) in a.iter().zip(b) {
        for ((lane, &a), &b) in lanes.iter_mut().zip(a).zip(b) {
            *lane += f64::from(a) * f64::from(b);
        }
    }
    let rest = a_rest.iter().zip(b_rest).map(|(&a, &b)| f64::from(a) * f64::from(b));
    lanes.iter().sum::<f64>() + rest.sum::<f64>()
}

/// Smaller is nearer.
fn distance(metric: Metric, a: &[f32], b: &[f32]) -> f64 {
    match metric {
        Metric::Cosine => 1.0 - dot(a, b) / (dot(a, a) * dot(b, b)).sqrt(),
        Metric::Euclidean => {
            let square = |(&a, &b): (&f32, &f32)| (f64::from(a) - f64::from(b)).powi(2);
            a.iter().zip(b).map(square).sum::<f64>().sqrt()
        }
    }
}

/// The `k` rows nearest to each of the first `queries`, on all cores.
pub(crate) fn compute(
    metric: Metric,
    base: &Matrix<f32>,
    queries: &Matrix<f32>,
    checked: usize,
    k: usize,
) -> Matrix<i32> {
    use rayon::prelude::*;

    let k = k.min(base.rows);
    let nearest = |query: usize| {
        let query = queries.row(query);
        let mut all: Vec<(f64, i32)> = (0..base.rows)
            .map(|row| (distance(metric, base.row(row), query), row as i32))
            .collect();
        let by_distance = |a: &(f64, i32), b: &(f64, i32)| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1));
        all.select_nth_unstable_by(k - 1, by_distance);
        all.truncate(k);
        all.sort_by(by_distance);
        all.into_iter().map(|(_, row)| row).collect::<Vec<_>>()
    };
    let rows: Vec<Vec<i32>> = (0..checked).into_par_iter().map(nearest).collect();
    Matrix { rows: checked, dim: k, items: rows.concat() }
}

/// The share of the right rows that were found, over these queries in order from the first.
/// Queries beyond those with a known truth are not looked at.
pub(crate) fn recall(set: &Set, k: usize, found: &[Vec<u64>]) -> f64 {
    let metric = set.facts.metric;
    let k = k.min(set.truth.dim);
    let shares = found.iter().zip(0..set.truth.rows).map(|(found, query)| {
        let vector = set.queries.row(query);
        let last = set.truth.row(query)[k - 1] as usize;
        let limit = distance(metric, set.base.row(last), vector);
        share(found, k, |row| {
            set.base.items.get(row * set.base.dim..).is_some_and(|rest| !rest.is_empty())
                && distance(metric, set.base.row(row), vector) <= limit + ROUNDING * (1.0 + limit)
        })
    });
    mean(shares)
}

/// The same where query `i` has filter `i`; the truth is computed here.
pub(crate) fn recall_filtered(
    set: &Set,
    k: usize,
    filters: &[Permille],
    found: &[Vec<u64>],
) -> f64 {
    use rayon::prelude::*;

    let (metric, Some(column)) = (set.facts.metric, &set.permille) else {
        return f64::NAN;
    };
    let matches = |row: usize, filter: &Permille| {
        column.items.get(row).is_some_and(|&x| (filter.from..filter.to).contains(&x.into()))
    };
    let one = |(query, (found, filter)): (usize, (&Vec<u64>, &Permille))| {
        let vector = set.queries.row(query);
        let near = |row: usize| distance(metric, set.base.row(row), vector);
        let rows = (0..set.base.rows).filter(|&row| matches(row, filter));
        let mut all: Vec<f64> = rows.map(near).collect();
        all.sort_by(f64::total_cmp);
        let k = k.min(all.len());
        let limit = if k == 0 { f64::NEG_INFINITY } else { all[k - 1] };
        share(found, k, |row| matches(row, filter) && near(row) <= limit + ROUNDING * (1.0 + limit))
    };
    let pairs: Vec<_> = found.iter().zip(filters).enumerate().collect();
    mean(pairs.into_par_iter().map(one).collect::<Vec<_>>().into_iter())
}

/// How many of `k` rows are right; a row that is named twice counts once.
fn share(found: &[u64], k: usize, is_right: impl Fn(usize) -> bool) -> f64 {
    if k == 0 {
        return if found.is_empty() { 1.0 } else { 0.0 };
    }
    let mut found: Vec<u64> = found.iter().take(k).copied().collect();
    found.sort_unstable();
    found.dedup();
    let right = found.iter().filter(|&&row| usize::try_from(row).is_ok_and(&is_right)).count();
    right as f64 / k as f64
}

fn mean(shares: impl Iterator<Item = f64>) -> f64 {
    let (sum, n) = shares.fold((0.0, 0_usize), |(sum, n), share| (sum + share, n + 1));
    sum / n as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::Files;
    use crate::sets::Facts;

    /// Rows 0, 1, 2, … on a line, the third twice.
    fn line() -> Set {
        let base = Matrix { rows: 5, dim: 1, items: vec![0.0, 1.0, 2.0, 2.0, 4.0] };
        let queries = Matrix { rows: 1, dim: 1, items: vec![0.0] };
        let truth = compute(Metric::Euclidean, &base, &queries, 1, 5);
        let facts = Facts {
            set: "line".into(),
            rows: 5,
            dim: 1,
            metric: Metric::Euclidean,
            origin: "made up".into(),
            queries: 1,
            queries_with_truth: 1,
        };
        let files = Files { base: "".into(), queries: "".into(), payload: None, permille: None };
        let permille = Some(Matrix { rows: 5, dim: 1, items: vec![0, 1, 0, 1, 0] });
        Set { facts, files, base, queries, truth, permille, is_large: false }
    }

    #[test]
    fn rows_at_the_same_distance_are_as_right_as_each_other() {
        let set = line();
        assert_eq!(set.truth.items, [0, 1, 2, 3, 4]);
        assert_eq!(recall(&set, 3, &[vec![0, 1, 2]]), 1.0);
        assert_eq!(recall(&set, 3, &[vec![3, 1, 0]]), 1.0);
    }

    #[test]
    fn wrong_missing_repeated_and_invented_rows_are_seen() {
        let set = line();
        for wrong in [vec![0, 1, 4], vec![0, 1], vec![0, 1, 1], vec![0, 1, 5], vec![0, 1, u64::MAX]]
        {
            assert!(
                (recall(&set, 3, std::slice::from_ref(&wrong)) - 2.0 / 3.0).abs() < 1e-9,
                "{wrong:?}"
            );
        }
    }

    #[test]
    fn a_filtered_answer_has_only_rows_that_match() {
        let (set, even) = (line(), [Permille { from: 0, to: 1 }]);
        assert_eq!(recall_filtered(&set, 2, &even, &[vec![0, 2]]), 1.0);
        assert_eq!(recall_filtered(&set, 2, &even, &[vec![0, 3]]), 0.5);
        assert_eq!(recall_filtered(&set, 2, &[Permille { from: 7, to: 8 }], &[vec![]]), 1.0);
        assert_eq!(recall_filtered(&set, 5, &even, &[vec![0, 2, 4]]), 1.0);
    }

    #[test]
    fn distances_are_those_of_the_definition() {
        let (a, b) = ([3.0, 0.0, 4.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0], [0.0; 9]);
        assert_eq!(distance(Metric::Euclidean, &a, &b), 5.0);
        let b = [4.0, 0.0, 3.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0];
        assert!((distance(Metric::Cosine, &a, &b) - 0.04).abs() < 1e-15);
    }
}
