//! Planted defects: the cases tell each of these from the definition.

use iqdb_core::{Element, Metric, VectorRef};

use crate::cases::{self, Case};

/// A sum of products, of which both factors are given.
type Sum = fn(&[(f64, f64)]) -> f64;

fn lanes(products: &[(f64, f64)]) -> [f64; 8] {
    let mut lanes = [0.0; 8];
    for (i, (x, y)) in products.iter().enumerate() {
        lanes[i % 8] += x * y;
    }
    lanes
}

fn by_the_definition(products: &[(f64, f64)]) -> f64 {
    let l = lanes(products);
    ((l[0] + l[4]) + (l[2] + l[6])) + ((l[1] + l[5]) + (l[3] + l[7]))
}

fn one_after_the_other(products: &[(f64, f64)]) -> f64 {
    products.iter().fold(0.0, |sum, (x, y)| sum + x * y)
}

fn lanes_added_as_neighbours(products: &[(f64, f64)]) -> f64 {
    let l = lanes(products);
    ((l[0] + l[4]) + (l[1] + l[5])) + ((l[2] + l[6]) + (l[3] + l[7]))
}

fn in_sixteen_lanes(products: &[(f64, f64)]) -> f64 {
    let (whole, rest) = products.as_chunks::<16>();
    let mut lanes = [0.0; 16];
    for chunk in whole.iter().map(|chunk| &chunk[..]).chain([rest]) {
        for (lane, (x, y)) in lanes.iter_mut().zip(chunk) {
            *lane += x * y;
        }
    }
    let l: [f64; 8] = std::array::from_fn(|j| lanes[j] + lanes[j + 8]);
    ((l[0] + l[4]) + (l[2] + l[6])) + ((l[1] + l[5]) + (l[3] + l[7]))
}

#[allow(clippy::disallowed_methods)]
fn fused(products: &[(f64, f64)]) -> f64 {
    let mut l = [0.0; 8];
    for (i, (x, y)) in products.iter().enumerate() {
        l[i % 8] = x.mul_add(*y, l[i % 8]);
    }
    ((l[0] + l[4]) + (l[2] + l[6])) + ((l[1] + l[5]) + (l[3] + l[7]))
}

#[allow(clippy::cast_possible_truncation)]
fn in_f32(products: &[(f64, f64)]) -> f64 {
    let mut l = [0.0_f32; 8];
    for (i, (x, y)) in products.iter().enumerate() {
        l[i % 8] += (x * y) as f32;
    }
    (((l[0] + l[4]) + (l[2] + l[6])) + ((l[1] + l[5]) + (l[3] + l[7]))).into()
}

fn distance(metric: Metric, a: &[f64], b: &[f64], sum: Sum) -> f64 {
    let sum = |factors: fn(f64, f64) -> (f64, f64)| {
        let products: Vec<_> = a.iter().zip(b).map(|(a, b)| factors(*a, *b)).collect();
        sum(&products)
    };
    match metric {
        Metric::Cosine => {
            let norms = (sum(|a, _| (a, a)) * sum(|_, b| (b, b))).sqrt();
            1.0 - sum(|a, b| (a, b)) / norms
        }
        Metric::Dot => 0.0 - sum(|a, b| (a, b)),
        _ => sum(|a, b| (a - b, a - b)).sqrt(),
    }
}

fn widened(vector: VectorRef<'_>) -> Option<Vec<f64>> {
    Some(match vector {
        VectorRef::F32(vector) => vector.iter().map(|x| f64::from(*x)).collect(),
        VectorRef::F16(vector) => vector.iter().map(|x| x.to_f64()).collect(),
        VectorRef::BF16(vector) => vector.iter().map(|x| x.to_f64()).collect(),
        VectorRef::I8(vector) => vector.iter().map(|x| f64::from(*x)).collect(),
        _ => return None,
    })
}

/// How many distances of a metric and element this sum changes.
fn found(cases: &[Case], (metric, element): (Metric, Element), sum: Sum) -> usize {
    let differs = |case: &&Case| {
        let vectors = widened(case.a.as_ref()).zip(widened(case.b.as_ref()));
        let distance = vectors.map(|(a, b)| distance(metric, &a, &b, sum).to_bits());
        matches!(case.expected, Ok(Some(_))) && case.expected != Ok(distance)
    };
    let of_kind =
        |case: &&Case| case.kind.metric() == Some(metric) && case.kind.element() == Some(element);
    cases.iter().filter(of_kind).filter(differs).count()
}

#[test]
fn every_other_sum_is_found() {
    let cases = cases::all();
    let other: [(&str, Sum); 5] = [
        ("one after the other", one_after_the_other),
        ("lanes added as neighbours", lanes_added_as_neighbours),
        ("in sixteen lanes", in_sixteen_lanes),
        ("in f32", in_f32),
        ("fused", fused),
    ];
    for element in [Element::F32, Element::F16, Element::BF16, Element::I8] {
        for metric in Metric::OF_NUMBERS {
            let kind = (metric, element);
            assert_eq!(found(&cases, kind, by_the_definition), 0, "{metric} of {element}");
            for (name, sum) in other {
                // Integers are exact in any order, and so are products of widened components.
                let is_exact =
                    element == Element::I8 || name == "fused" && metric != Metric::Euclidean;
                let found = found(&cases, kind, sum);
                assert_eq!(found == 0, is_exact, "{name}: {found} of {metric} of {element}");
            }
        }
    }
}

#[test]
fn bits_in_the_other_order_are_found() {
    let differs = |case: &Case| {
        let (VectorRef::Binary(a), VectorRef::Binary(b)) = (case.a.as_ref(), case.b.as_ref())
        else {
            return false;
        };
        let bit = |bytes: &[u8], i: usize| bytes[i / 8] >> (i % 8) & 1;
        let differing = (0..a.dim()).filter(|i| bit(a.bytes(), *i) != bit(b.bytes(), *i)).count();
        case.kind.metric() == Some(Metric::Hamming)
            && case.expected != Ok(Some((differing as f64).to_bits()))
    };
    assert!(cases::all().iter().any(differs));
}

#[test]
fn sparse_products_in_falling_order_are_found() {
    let differs = |case: &Case| {
        let (VectorRef::Sparse(a), VectorRef::Sparse(b)) = (case.a.as_ref(), case.b.as_ref())
        else {
            return false;
        };
        let terms = a.indices().iter().zip(a.weights()).rev();
        let products = terms.filter_map(|(index, weight)| {
            let other = b.indices().binary_search(index).ok()?;
            Some(f64::from(*weight) * f64::from(b.weights()[other]))
        });
        let distance = products.reduce(|sum, product| sum + product).map(|sum| 0.0 - sum);
        case.expected != Ok(distance.map(f64::to_bits))
    };
    assert!(cases::all().iter().any(differs));
}
