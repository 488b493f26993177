//! Examples: the mean of stored vectors, to search near it.

use std::collections::BTreeMap;

use crate::distance::squared_norm;
use crate::{
    Dense, Element, Error, ErrorKind, Field, Metric, Number, RecordId, Result, Snapshot, Sparse,
    Vector, VectorRef,
};

/// Records whose vectors say what is looked for and what is not. One that is named twice counts twice.
#[derive(Debug, Clone, Copy)]
pub struct Examples<'a> {
    /// More like these, at least one.
    pub positive: &'a [RecordId],
    /// Less like these.
    pub negative: &'a [RecordId],
}

/// The sums of vectors, component by component.
enum Sums {
    Dense(Vec<f64>),
    Sparse(BTreeMap<u32, f64>),
}

/// The mean `p` of the positive vectors, or `p + (p − n)` with the mean `n` of the negative ones.
pub(crate) fn mean_vector(
    on: &dyn Snapshot,
    field: Option<&str>,
    examples: Examples<'_>,
) -> Result<Vector> {
    let schema = on.schema();
    let id = field.map_or_else(|| schema.default_field(), |name| schema.field(name))?;
    let field = &schema.fields()[id.index()];
    if field.kind().is_computed() || field.kind().element() == Some(Element::Binary) {
        return Err(Error::new(ErrorKind::NotSupported, "what the field has makes no mean")
            .with_field(field.name())
            .expected("a field of numbers or of terms")
            .found(field.kind()));
    }
    if examples.positive.is_empty() {
        return Err(Error::new(ErrorKind::InvalidQuery, "there are no examples")
            .expected("at least one positive example"));
    }
    let positive = mean(on, field, examples.positive)?;
    let sums = match examples.negative {
        [] => positive,
        negative => away(positive, &mean(on, field, negative)?),
    };
    rounded(&sums, field)
}

/// The mean of the vectors of some records: their sum, in order, divided by their number. Under cosine each
/// has the length 1.
fn mean(on: &dyn Snapshot, field: &Field, ids: &[RecordId]) -> Result<Sums> {
    let mut sums = match field.kind().dim() {
        Some(dim) => Sums::Dense(vec![0.0; dim]),
        None => Sums::Sparse(BTreeMap::new()),
    };
    let is_cosine = field.kind().metric() == Some(Metric::Cosine);
    for id in ids {
        let lacks = |message: &'static str| {
            Error::new(ErrorKind::InvalidQuery, message).with_field(field.name()).with_id(id)
        };
        let record = on.get(id)?.ok_or_else(|| lacks("an example is not there"))?;
        let vector = record.vector(field.name())?;
        let vector = vector.ok_or_else(|| lacks("an example has no vector of the field"))?;
        sums.add(vector, is_cosine);
    }
    sums.for_each(|sum| *sum /= ids.len() as f64);
    Ok(sums)
}

impl Sums {
    /// Adds a vector of numbers or of terms.
    fn add(&mut self, vector: VectorRef<'_>, is_cosine: bool) {
        match (self, vector) {
            (Self::Dense(sums), VectorRef::F32(vector)) => add(sums, &vector, is_cosine),
            (Self::Dense(sums), VectorRef::F16(vector)) => add(sums, &vector, is_cosine),
            (Self::Dense(sums), VectorRef::BF16(vector)) => add(sums, &vector, is_cosine),
            (Self::Dense(sums), VectorRef::I8(vector)) => add(sums, &vector, is_cosine),
            (Self::Sparse(sums), VectorRef::Sparse(vector)) => {
                for (index, weight) in vector.indices().iter().zip(vector.weights()) {
                    *sums.entry(*index).or_default() += f64::from(*weight);
                }
            }
            // A field has vectors of one kind.
            _ => {}
        }
    }

    fn for_each(&mut self, change: impl FnMut(&mut f64)) {
        match self {
            Self::Dense(sums) => sums.iter_mut().for_each(change),
            Self::Sparse(sums) => sums.values_mut().for_each(change),
        }
    }
}

fn add<T: Number>(sums: &mut [f64], vector: &[T], is_cosine: bool) {
    let norm = if is_cosine { squared_norm(vector).sqrt() } else { 1.0 };
    for (sum, x) in sums.iter_mut().zip(vector) {
        *sum += x.to_f64() / norm;
    }
}

/// As far from the negative mean on the other side of the positive one.
fn away(positive: Sums, negative: &Sums) -> Sums {
    match (positive, negative) {
        (Sums::Dense(mut sums), Sums::Dense(negative)) => {
            sums.iter_mut().zip(negative).for_each(|(p, n)| *p += *p - n);
            Sums::Dense(sums)
        }
        (Sums::Sparse(mut sums), Sums::Sparse(negative)) => {
            for index in negative.keys() {
                sums.entry(*index).or_default();
            }
            for (index, p) in &mut sums {
                *p += *p - negative.get(index).copied().unwrap_or_default();
            }
            Sums::Sparse(sums)
        }
        (positive, _) => positive,
    }
}

/// The sums as a vector of the field: each rounded to nearest, to `f32` first where the element has fewer bits.
#[allow(clippy::cast_possible_truncation)] // what rounding is
fn rounded(sums: &Sums, field: &Field) -> Result<Vector> {
    let rounded = || match sums {
        Sums::Sparse(sums) => {
            let terms = sums.iter().map(|(index, sum)| (*index, *sum as f32));
            let (indices, weights): (Vec<u32>, Vec<f32>) =
                terms.filter(|(_, weight)| *weight != 0.0).unzip();
            Sparse::new(indices, weights).map(Vector::Sparse)
        }
        Sums::Dense(sums) if field.kind().element() == Some(Element::I8) => {
            let component = |sum: &f64| sum.round_ties_even().clamp(-128.0, 127.0) as i8;
            Dense::new(sums.iter().map(component).collect::<Vec<_>>()).map(Vector::I8)
        }
        Sums::Dense(sums) => {
            let wide = Dense::new(sums.iter().map(|sum| *sum as f32).collect::<Vec<_>>())?;
            match field.kind().element() {
                Some(Element::F16) => Vector::F32(wide).to_f16(),
                Some(Element::BF16) => Vector::F32(wide).to_bf16(),
                _ => Ok(Vector::F32(wide)),
            }
        }
    };
    rounded().map_err(|error| error.with_field(field.name()))
}
