//! Reads `cases.txt`: pairs of vectors, and the canonical distance that `transcript.py` found.
//!
//! The tests of `iqdb-search` include this file, to compare every kernel with the same cases.

use std::fmt;
use std::str::FromStr;

use iqdb_core::{Element, ErrorKind, FieldKind, Metric, Vector, bf16, f16};

const TEXT: &str = include_str!("cases.txt");

/// Two vectors of a kind of field, and what [`FieldKind::distance`] says of them.
#[derive(Debug)]
pub(crate) struct Case {
    /// In `cases.txt`, counted from 1.
    line: usize,
    pub(crate) kind: FieldKind,
    pub(crate) a: Vector,
    pub(crate) b: Vector,
    /// The bits of the distance; `None` for sparse vectors without a common index.
    pub(crate) expected: Result<Option<u64>, ErrorKind>,
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {} of cases.txt: {}", self.line, self.kind)
    }
}

/// Every case. A line has one for each metric of its vectors.
pub(crate) fn all() -> Vec<Case> {
    let lines = TEXT.lines().enumerate().filter(|(_, line)| !line.starts_with('#'));
    lines.flat_map(|(n, line)| cases(n + 1, line)).collect()
}

fn cases(number: usize, line: &str) -> Vec<Case> {
    let words: Vec<&str> = line.split(' ').collect();
    let [element, dim, distances @ .., a, b] = &words[..] else { panic!("line {number}: {line}") };
    let dim: usize = dim.parse().unwrap();
    let vector = |text: &str| vector(element, dim, text);
    let metrics = match *element {
        "sparse" => &[Metric::Dot][..],
        "binary" => &Metric::OF_BITS,
        _ => &Metric::OF_NUMBERS,
    };
    assert_eq!(metrics.len(), distances.len(), "line {number}");
    let case = |(metric, distance): (&Metric, &&str)| Case {
        line: number,
        kind: match *element {
            "sparse" => FieldKind::Sparse { metric: *metric },
            name => {
                let element = Element::from_str(name).unwrap();
                FieldKind::Dense { dim, metric: *metric, element }
            }
        },
        a: vector(a),
        b: vector(b),
        expected: match *distance {
            "-" => Err(ErrorKind::InvalidVector),
            "none" => Ok(None),
            bits => Ok(Some(u64::from_str_radix(bits, 16).unwrap())),
        },
    };
    metrics.iter().zip(distances).map(case).collect()
}

fn vector(element: &str, dim: usize, text: &str) -> Vector {
    let vector = match element {
        "f32" => Vector::try_from(components(text, |x: u32| f32::from_bits(x))),
        "f16" => Vector::try_from(components(text, |x: u16| f16::from_bits(x))),
        "bf16" => Vector::try_from(components(text, |x: u16| bf16::from_bits(x))),
        "i8" => Vector::try_from(components(text, |x: u8| x.cast_signed())),
        "binary" => Vector::binary(dim, components(text, |x: u8| x)),
        "sparse" => {
            let terms = text.split(',').map(|term| term.split_once(':').unwrap());
            let hex = |digits| u32::from_str_radix(digits, 16).unwrap();
            let (indices, weights): (Vec<u32>, Vec<f32>) =
                terms.map(|(index, weight)| (hex(index), f32::from_bits(hex(weight)))).unzip();
            Vector::sparse(indices, weights)
        }
        _ => panic!("{element} is no element"),
    };
    vector.unwrap()
}

/// The components from their bits in hex: two digits for each byte of an `N`.
fn components<N: TryFrom<u32>, T>(text: &str, of: impl Fn(N) -> T) -> Vec<T> {
    let component = |digits: &[u8]| {
        let digits = str::from_utf8(digits).unwrap();
        let bits = u32::from_str_radix(digits, 16).unwrap();
        of(N::try_from(bits).unwrap_or_else(|_| panic!("{digits} has too many bits")))
    };
    text.as_bytes().chunks(2 * size_of::<N>()).map(component).collect()
}
