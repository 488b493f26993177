//! Canonical distances by every kernel and instruction set are those of a transcript of the
//! definition in another language, bit for bit (`iqdb-core/tests/canonical`).

use iqdb_core::{Matrix, Metric, VectorRef};

use super::{Engine, FloatKernel, Isa, Kernel, Widen, bits};

#[path = "../../../iqdb-core/tests/canonical/cases.rs"]
mod cases;

fn widened<T: Widen>(isa: Isa, vector: &[T]) -> Vec<f32> {
    let mut widened = vec![0.0; vector.len()];
    T::widen(isa, vector, &mut widened);
    widened
}

/// The components as `f32`, widened by an instruction set; `None` where there are none.
fn numbers(isa: Isa, vector: VectorRef<'_>) -> Option<Vec<f32>> {
    match vector {
        VectorRef::F32(vector) => Some(vector.to_vec()),
        VectorRef::F16(vector) => Some(widened(isa, &vector)),
        VectorRef::BF16(vector) => Some(widened(isa, &vector)),
        VectorRef::I8(vector) => Some(widened(isa, &vector)),
        _ => None,
    }
}

/// Compares every case that has a distance with what `of_numbers` or `of_bits` makes of it, and
/// returns how many there were of each.
fn check(
    name: &dyn std::fmt::Debug,
    isa: Isa,
    of_numbers: impl Fn(Metric, &[f32], &[f32]) -> f64,
    of_bits: impl Fn(Metric, VectorRef<'_>, &Matrix<'_, u8>) -> f64,
) -> [usize; 2] {
    let mut checked = [0; 2];
    for case in cases::all() {
        let Ok(Some(expected)) = case.expected else { continue };
        let Some(metric) = case.kind.metric() else { continue };
        let (a, b) = (case.a.as_ref(), case.b.as_ref());
        for (a, b) in [(a, b), (b, a)] {
            let found = match (numbers(isa, a), numbers(isa, b), b) {
                (Some(a), Some(b), _) => {
                    checked[0] += 1;
                    of_numbers(metric, &a, &b)
                }
                (_, _, VectorRef::Binary(b)) => {
                    checked[1] += 1;
                    let bytes = b.bytes();
                    of_bits(metric, a, &Matrix::new(bytes, bytes.len(), bytes.len()).unwrap())
                }
                // Sparse distances are those of the definition itself.
                _ => continue,
            };
            assert_eq!(found.to_bits(), expected, "{case} by {name:?}");
        }
    }
    checked
}

#[test]
fn every_instruction_set_has_the_bits_of_the_transcript() {
    for isa in Isa::ALL.into_iter().filter(|isa| isa.is_available()) {
        let float = FloatKernel::first_of(&[isa]);
        assert_eq!(float.isa(), isa);
        let of_bits = |metric, a: VectorRef<'_>, row: &Matrix<'_, u8>| {
            let VectorRef::Binary(a) = a else { panic!("{a:?} has no bits") };
            let mut out = [0.0];
            bits::distances(isa, metric, a.bytes(), row, &[0], &mut out);
            out[0]
        };
        let checked = check(&isa, isa, |metric, a, b| float.distance(metric, a, b), of_bits);
        println!("{checked:?} distances of numbers and bits by {isa:?}");
        assert!(checked.iter().all(|n| *n > 1_000), "{checked:?} by {isa:?}");
    }
}

#[test]
fn every_kernel_has_the_bits_of_the_transcript() {
    for kernel in Kernel::ALL.into_iter().filter(|kernel| kernel.is_available()) {
        let engine = Engine::of(kernel);
        let of_bits = |metric, a: VectorRef<'_>, row: &Matrix<'_, u8>| {
            let VectorRef::Binary(a) = a else { panic!("{a:?} has no bits") };
            let mut out = [0.0];
            engine.bit_distances(metric, a, row, &[0], &mut out);
            out[0]
        };
        let of_numbers = |metric, a: &[f32], b: &[f32]| engine.distance(metric, a, b);
        let checked = check(&kernel, Isa::widest(), of_numbers, of_bits);
        println!("{checked:?} distances of numbers and bits by {kernel}");
        assert!(checked.iter().all(|n| *n > 1_000), "{checked:?} by {kernel}");
    }
}

#[test]
fn the_definition_on_this_architecture_has_the_bits_of_the_transcript() {
    for case in cases::all() {
        let found = case.kind.distance(case.a.as_ref(), case.b.as_ref());
        let found = found.map(|some| some.map(f64::to_bits)).map_err(|error| error.kind());
        assert_eq!(found, case.expected, "{case}");
    }
}
