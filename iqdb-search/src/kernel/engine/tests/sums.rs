//! Kernels add up what they should: sums by rows and by panels, and canonical distances.

use super::*;

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
