//! The bound where it is an equality: query, row and both codes in one plane, in the order that
//! uses up both angles.

use iqdb_core::{Metric, distance};

use super::super::bound::angle_bound;
use super::super::encode::{doubled, encode, sine};
use super::super::query::QueryError;
use super::attack;

/// A query between its code and some rows, which are between it and their codes. With each row comes
/// its opposite, so that the mean of all of them is 0.
fn in_one_plane(random: &mut fastrand::Rng, dim: usize) -> (Vec<f32>, Vec<Vec<f32>>) {
    // Component 0 fixes the scale of the query, component 1 that of the row.
    let mut code: Vec<f32> = (0..dim).map(|_| f32::from(random.i8(-6..=6))).collect();
    (code[0], code[1]) = (0.0, 7.0);
    let mut query: Vec<f32> = (0..dim).map(|_| f32::from(random.i8(-60..=60))).collect();
    (query[0], query[1]) = (127.0, 0.0);
    let mut rows = Vec::new();
    for _ in 0..15 {
        // What rounds to the code. The first component is the largest.
        let step = 0.49 * random.f32() / 127.0;
        let row: Vec<f32> = code.iter().zip(&query).map(|(c, d)| c + step * d).collect();
        rows.push(row.clone());
        rows.push(row.iter().map(|x| -x).collect());
    }
    let step = 0.49 * random.f32() / 7.0;
    (query.iter().zip(&code).map(|(d, c)| d + step * c).collect(), rows)
}

#[test]
fn no_row_is_excluded_where_both_angles_are_used_up() {
    let mut random = fastrand::Rng::with_seed(21);
    for round in 0..300 {
        let dim = [2, 3, 8, 20, 50, 128, 500][round % 7];
        let (query, rows) = in_one_plane(&mut random, dim);
        for metric in Metric::OF_NUMBERS {
            attack(dim, &rows, std::slice::from_ref(&query), metric);
        }
    }
}

/// The difference of query and center is rounded, by more than rows may be apart from each other.
#[test]
fn no_row_of_a_narrow_cluster_is_excluded_for_a_far_query() {
    let mut random = fastrand::Rng::with_seed(24);
    for round in 0..400_u16 {
        // In two dimensions everything is in one plane.
        let (dim, width) =
            ([2, 2, 3, 9][usize::from(round % 4)], 0.5_f32.powi(4 + i32::from(round % 16)));
        let center: Vec<f32> = (0..dim).map(|_| random.f32() - 0.5).collect();
        let mut near = |size: f32| -> Vec<f32> {
            center.iter().map(|x| x + size * (random.f32() - 0.5)).collect()
        };
        let rows: Vec<_> = (0..24).map(|_| near(width)).collect();
        let queries: Vec<_> = (0..4).map(|_| near(100.0)).collect();
        attack(dim, &rows, &queries, Metric::Euclidean);
    }
}

#[test]
fn no_row_of_the_largest_dimension_is_excluded_at_its_own_distance() {
    let mut random = fastrand::Rng::with_seed(22);
    let dim = iqdb_core::limits::DIM_MAX;
    let one: Vec<f32> = (0..dim).map(|_| random.f32() - 0.3).collect();
    let mut rows = vec![one.clone()];
    for n in 0..7 {
        let size = 10.0_f32.powi(-n);
        rows.push(one.iter().map(|x| x + size * (random.f32() - 0.5)).collect());
        rows.push(one.iter().map(|x| x * (1.0 + size)).collect());
    }
    // The largest integers that there can be, of both signs.
    rows.extend([vec![1.0; dim], vec![-1.0; dim]]);
    let queries = [&rows[..3], &rows[rows.len() - 2..]].concat();
    for metric in Metric::OF_NUMBERS {
        attack(dim, &rows, &queries, metric);
    }
}

/// Of which code of a row something is said.
#[derive(Debug, Clone, Copy)]
enum Code {
    Whole,
    Upper,
}

/// How far a row's inner product is above its cut at its own distance, in units of `SLACK` and of
/// the lengths of both codes.
fn room(query: &[f32], row: &[f32], metric: Metric, which: Code) -> Option<f64> {
    let mut code = vec![0; row.len()];
    let facts = encode(row, row.len(), &mut code);
    let (of_row, is_planar) = match which {
        Code::Whole => (facts.whole, false),
        Code::Upper => (facts.upper, true),
    };
    let halves = if is_planar { 1.0 } else { 0.5 };
    let code: Vec<f64> =
        code.iter().map(|biased| halves * f64::from(doubled(*biased, is_planar))).collect();
    let scale = 127.0 / query.iter().fold(0.0, |largest: f32, x| largest.max(x.abs()));
    let own: Vec<f64> = query.iter().map(|x| f64::from((x * scale).round_ties_even())).collect();
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let products: f64 = query.iter().zip(&own).map(|(x, d)| f64::from(*x) * d).sum();
    let mut of_query = QueryError::default();
    of_query.norm = distance::squared_norm(query).sqrt();
    of_query.code_norm = dot(&own, &own).sqrt();
    of_query.cosine = products / (of_query.norm * of_query.code_norm);
    of_query.sine = sine(of_query.cosine);
    let typical = f64::from(of_row.norm);
    let bound = angle_bound(metric, &of_query, distance::of_numbers(metric, query, row), typical);
    let cut = bound.cut(of_row);
    let lengths = of_query.code_norm * dot(&code, &code).sqrt();
    cut.is_finite().then(|| (dot(&own, &code) - f64::from(cut)) / lengths * 65_536.0)
}

/// A query between its code and a row, which is between it and its code of three bits, in one plane.
fn in_one_plane_by_upper_bits(random: &mut fastrand::Rng, dim: usize) -> (Vec<f32>, Vec<f32>) {
    // Component 0 fixes the scale of the query, component 1 that of the row, which is half a step
    // above its code there. Elsewhere it is half a step above or below, so that it is nearly a whole
    // number, and four bits fit it best at that scale.
    let steep = f32::from(random.u8(110..=120));
    let mut query: Vec<f32> = (0..dim)
        .map(|_| if random.bool() { steep } else { -steep } + f32::from(random.i8(-4..=4)))
        .collect();
    (query[0], query[1]) = (127.0, steep);
    // Codes of three bits are in the middle of two of four bits.
    let mut code: Vec<f32> = (0..dim).map(|_| f32::from(random.i8(-3..=2)) * 2.0 + 0.5).collect();
    (code[0], code[1]) = (0.5, 6.5);
    let row = code.iter().zip(&query).map(|(c, d)| c + 0.5 / steep * d).collect();
    let step = 0.05 * random.f32();
    (query.iter().zip(&code).map(|(d, c)| d + step * c).collect(), row)
}

#[test]
fn no_row_is_excluded_where_the_upper_bits_use_up_both_angles() {
    let mut random = fastrand::Rng::with_seed(25);
    for round in 0..300 {
        // Codes of up to 24 components have no planes.
        let dim = [32, 40, 64, 127, 128, 500][round % 6];
        let mut rows = Vec::new();
        let mut queries = Vec::new();
        for _ in 0..5 {
            let (query, row) = in_one_plane_by_upper_bits(&mut random, dim);
            queries.push(query);
            rows.push(row);
        }
        for metric in Metric::OF_NUMBERS {
            attack(dim, &rows, &queries, metric);
        }
    }
}

#[test]
fn the_margins_are_what_is_left_where_both_angles_are_used_up() {
    let mut random = fastrand::Rng::with_seed(23);
    for metric in Metric::OF_NUMBERS {
        let mut least = f64::INFINITY;
        for round in 0..300 {
            let (query, rows) = in_one_plane(&mut random, [20, 50, 128][round % 3]);
            for row in &rows {
                let Some(room) = room(&query, row, metric, Code::Whole) else { continue };
                least = f64::min(least, room);
            }
        }
        assert!(least > 0.5, "{metric}: {least}");
        assert!(least < 2.0, "{metric}: the planes are not tight: {least}");
        let mut least = f64::INFINITY;
        for round in 0..3_000 {
            let (query, row) = in_one_plane_by_upper_bits(&mut random, [20, 50, 128][round % 3]);
            let Some(room) = room(&query, &row, metric, Code::Upper) else { continue };
            least = f64::min(least, room);
        }
        assert!(least > 0.5, "{metric}, upper bits: {least}");
        assert!(least < 2.0, "{metric}, upper bits: the planes are not tight: {least}");
    }
}
