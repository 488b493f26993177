//! Schemas of a few fields, and vectors of every kind.

use arbitrary::{Error, Result};
use iqdb_core::{Element, Field, FieldKind, Metric, Schema, Vector, bf16, f16};

use super::source::Entropy;

const EXTREMES: [f32; 10] = [
    f32::MAX,
    f32::MIN,
    1e30,
    -1e19,
    1.6e19,
    -0.0,
    1e-20,
    f32::MIN_POSITIVE,
    f32::from_bits(1),
    -f32::from_bits(0x007f_ffff),
];

/// The names of fields, in their order.
const NAMES: [&str; 3] = [Field::DEFAULT, "image", "a b"];

/// A schema of at most three fields, of at most `dim_max` components or bits.
pub(crate) fn schema(from: &mut Entropy<'_>, dim_max: usize) -> Result<Schema> {
    let count = *from.choose(&[1, 1, 1, 1, 2, 3])?;
    // Now and then there is no default field.
    let first = usize::from(from.int_in_range(0..=15_u8)? == 15);
    let fields = NAMES.iter().skip(first).take(count).map(|name| {
        let kind = kind(from, dim_max)?;
        Field::new(*name, kind).map_err(|_| Error::IncorrectFormat)
    });
    let fields = fields.collect::<Result<Vec<_>>>()?;
    Schema::from_fields(fields).map_err(|_| Error::IncorrectFormat)
}

fn kind(from: &mut Entropy<'_>, dim_max: usize) -> Result<FieldKind> {
    let dim = from.int_in_range(1..=dim_max)?;
    let (element, metrics) = match from.int_in_range(0..=9_u8)? {
        0..=3 => (Element::F32, Metric::OF_NUMBERS.as_slice()),
        4..=5 => (Element::F16, Metric::OF_NUMBERS.as_slice()),
        6 => (Element::BF16, Metric::OF_NUMBERS.as_slice()),
        7 => (Element::I8, Metric::OF_NUMBERS.as_slice()),
        8 => (Element::Binary, [Metric::Hamming, Metric::Jaccard].as_slice()),
        _ => return Ok(FieldKind::Sparse { metric: Metric::Dot }),
    };
    Ok(FieldKind::Dense { dim, metric: *from.choose(metrics)?, element })
}

/// One of the fields.
pub(crate) fn field<'s>(from: &mut Entropy<'_>, schema: &'s Schema) -> Result<&'s Field> {
    from.choose(schema.fields())
}

fn component(from: &mut Entropy<'_>) -> Result<f32> {
    Ok(match from.int_in_range(0..=5_u8)? {
        0..=1 => f32::from(from.int_in_range(-1..=1_i8)?),
        2 => f32::from(from.arbitrary::<i16>()?) / 32_768.0,
        3 => *from.choose(&EXTREMES)?,
        _ => {
            let bits = f32::from_bits(from.arbitrary()?);
            if bits.is_finite() { bits } else { 1.0 }
        }
    })
}

fn half(from: &mut Entropy<'_>) -> Result<f16> {
    let rounded = f16::from_f32(component(from)?);
    Ok(if rounded.is_finite() { rounded } else { f16::MAX })
}

fn brain(from: &mut Entropy<'_>) -> Result<bf16> {
    let rounded = bf16::from_f32(component(from)?);
    Ok(if rounded.is_finite() { rounded } else { bf16::MAX })
}

fn byte(from: &mut Entropy<'_>) -> Result<u8> {
    from.arbitrary()
}

fn list<T>(
    from: &mut Entropy<'_>,
    dim: usize,
    component: fn(&mut Entropy<'_>) -> Result<T>,
) -> Result<Vec<T>> {
    (0..dim).map(|_| component(from)).collect()
}

/// A vector of the kind; not always one that has a direction.
pub(crate) fn any_vector(from: &mut Entropy<'_>, kind: FieldKind) -> Result<Vector> {
    let (Some(element), Some(dim)) = (kind.element(), kind.dim()) else {
        return sparse(from);
    };
    let vector = match element {
        Element::F16 => Vector::try_from(list(from, dim, half)?),
        Element::BF16 => Vector::try_from(list(from, dim, brain)?),
        Element::I8 => Vector::try_from(list(from, dim, |from| match from.arbitrary()? {
            true => from.int_in_range(-1..=1),
            false => from.arbitrary(),
        })?),
        Element::Binary => {
            let mut bytes = list(from, dim.div_ceil(8), byte)?;
            if let Some(last) = bytes.last_mut() {
                *last &= 0xff << (dim.next_multiple_of(8) - dim);
            }
            Vector::binary(dim, bytes)
        }
        _ => Vector::try_from(list(from, dim, component)?),
    };
    vector.map_err(|_| Error::IncorrectFormat)
}

/// A few terms, most of them among few indices, so that vectors share some.
fn sparse(from: &mut Entropy<'_>) -> Result<Vector> {
    let terms = from.int_in_range(1..=5)?;
    let mut indices = list(from, terms, |from| match from.int_in_range(0..=3_u8)? {
        3 => from.arbitrary(),
        _ => from.int_in_range(0..=6_u32),
    })?;
    indices.sort_unstable();
    indices.dedup();
    let weights = list(from, indices.len(), |from| {
        let weight = component(from)?;
        Ok(if weight == 0.0 { 1.0 } else { weight })
    })?;
    Vector::sparse(indices, weights).map_err(|_| Error::IncorrectFormat)
}

/// A vector that a field of the kind accepts.
pub(crate) fn vector(from: &mut Entropy<'_>, kind: FieldKind) -> Result<Vector> {
    let vector = any_vector(from, kind)?;
    match kind.check_vector(vector.as_ref()) {
        Ok(()) => Ok(vector),
        Err(_) => ones(kind).map_err(|_| Error::IncorrectFormat),
    }
}

/// A vector that a field of the kind refuses: of another dimension, or of another kind.
pub(crate) fn misfit(from: &mut Entropy<'_>, kind: FieldKind) -> Result<Vector> {
    match kind {
        FieldKind::Dense { dim, metric, element } if from.arbitrary()? => {
            any_vector(from, FieldKind::Dense { dim: dim + 1, metric, element })
        }
        FieldKind::Dense { .. } => sparse(from),
        _ => Vector::try_from([1.0_f32]).map_err(|_| Error::IncorrectFormat),
    }
}

/// A vector of ones, of the field's kind.
pub(crate) fn ones(kind: FieldKind) -> iqdb_core::Result<Vector> {
    let dim = kind.dim().unwrap_or(1);
    match kind.element() {
        None => Vector::sparse([0, 1, 2], [1.0; 3]),
        Some(Element::F16) => Vector::try_from(vec![f16::ONE; dim]),
        Some(Element::BF16) => Vector::try_from(vec![bf16::ONE; dim]),
        Some(Element::I8) => Vector::try_from(vec![1_i8; dim]),
        Some(Element::Binary) => {
            let mut bytes = vec![0xff; dim.div_ceil(8)];
            if let Some(last) = bytes.last_mut() {
                *last &= 0xff << (dim.next_multiple_of(8) - dim);
            }
            Vector::binary(dim, bytes)
        }
        Some(_) => Vector::try_from(vec![1.0; dim]),
    }
}
