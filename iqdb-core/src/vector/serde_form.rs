//! The serialised forms of a vector: a list of numbers or a map of one kind where people read it, an
//! enum elsewhere.

use std::fmt;
use std::marker::PhantomData;

use half::{bf16, f16};
use serde::de::{Error as _, MapAccess, SeqAccess, Visitor};
use serde::ser::{SerializeMap, SerializeSeq};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Bits, Dense, DenseRef, Sparse, Vector, VectorRef};
use crate::Number;
use crate::limits::DIM_MAX;

/// A float of 2 bytes goes as the `f32` of the same value.
trait Form: Number {
    type Form: Serialize + for<'de> Deserialize<'de>;
    fn to_form(self) -> Self::Form;
    fn from_form(form: Self::Form) -> Option<Self>;
}

macro_rules! form {
    ($type:ty, $form:ty, $to:expr, $from:expr) => {
        impl Form for $type {
            type Form = $form;
            fn to_form(self) -> $form {
                $to(self)
            }
            fn from_form(form: $form) -> Option<Self> {
                $from(form)
            }
        }
    };
}

form!(f32, f32, |x| x, Some);
form!(i8, i8, |x| x, Some);
form!(f16, f32, f16::to_f32, |x| Some(f16::from_f32(x)).filter(|rounded| rounded.to_f32() == x));
form!(bf16, f32, bf16::to_f32, |x| Some(bf16::from_f32(x)).filter(|rounded| rounded.to_f32() == x));

impl<T: Form> Serialize for DenseRef<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(Some(self.len()))?;
        for component in self.iter() {
            list.serialize_element(&component.to_form())?;
        }
        list.end()
    }
}

impl<'de, T: Form> Deserialize<'de> for Dense<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(Components(PhantomData))
    }
}

struct Components<T>(PhantomData<T>);

impl<'de, T: Form> Visitor<'de> for Components<T> {
    type Value = Dense<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "1 to {DIM_MAX} finite numbers that are of {}", T::ELEMENT)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Dense<T>, A::Error> {
        // The length that the input claims is a hint to distrust: memory grows with what is really
        // there, and never past the limit.
        let claimed = sequence.size_hint().unwrap_or(0).min(1_024);
        let mut components = Vec::with_capacity(claimed);
        while let Some(form) = sequence.next_element::<T::Form>()? {
            let component = T::from_form(form).ok_or_else(|| {
                A::Error::custom(format_args!("a number is not of {}", T::ELEMENT))
            })?;
            components.push(component);
            if components.len() > DIM_MAX {
                break;
            }
        }
        Dense::new(components).map_err(A::Error::custom)
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct BitsForm<B> {
    dim: usize,
    bytes: B,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SparseForm<I, W> {
    indices: I,
    weights: W,
}

#[derive(Serialize)]
enum Tagged<'a> {
    F32(DenseRef<'a, f32>),
    F16(DenseRef<'a, f16>),
    BF16(DenseRef<'a, bf16>),
    I8(DenseRef<'a, i8>),
    Binary(BitsForm<&'a [u8]>),
    Sparse(SparseForm<&'a [u32], &'a [f32]>),
}

#[derive(Deserialize)]
enum TaggedOwned {
    F32(Dense<f32>),
    F16(Dense<f16>),
    BF16(Dense<bf16>),
    I8(Dense<i8>),
    Binary(BitsForm<Vec<u8>>),
    Sparse(SparseForm<Vec<u32>, Vec<f32>>),
}

/// The keys of the map that a vector is where people read it.
const KINDS: &str = "`f16`, `bf16`, `i8`, `binary` or `sparse`";

impl Serialize for Vector {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let tagged = match self.as_ref() {
            VectorRef::F32(vector) if serializer.is_human_readable() => {
                return vector.serialize(serializer);
            }
            VectorRef::F32(vector) => Tagged::F32(vector),
            VectorRef::F16(vector) => Tagged::F16(vector),
            VectorRef::BF16(vector) => Tagged::BF16(vector),
            VectorRef::I8(vector) => Tagged::I8(vector),
            VectorRef::Binary(bits) => {
                Tagged::Binary(BitsForm { dim: bits.dim(), bytes: bits.bytes() })
            }
            VectorRef::Sparse(sparse) => {
                Tagged::Sparse(SparseForm { indices: sparse.indices(), weights: sparse.weights() })
            }
        };
        if !serializer.is_human_readable() {
            return tagged.serialize(serializer);
        }
        let mut map = serializer.serialize_map(Some(1))?;
        match tagged {
            Tagged::F32(vector) => map.serialize_entry("f32", &vector)?,
            Tagged::F16(vector) => map.serialize_entry("f16", &vector)?,
            Tagged::BF16(vector) => map.serialize_entry("bf16", &vector)?,
            Tagged::I8(vector) => map.serialize_entry("i8", &vector)?,
            Tagged::Binary(bits) => map.serialize_entry("binary", &bits)?,
            Tagged::Sparse(sparse) => map.serialize_entry("sparse", &sparse)?,
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for Vector {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            return deserializer.deserialize_any(Readable);
        }
        match TaggedOwned::deserialize(deserializer)? {
            TaggedOwned::F32(vector) => Ok(vector.into()),
            TaggedOwned::F16(vector) => Ok(vector.into()),
            TaggedOwned::BF16(vector) => Ok(vector.into()),
            TaggedOwned::I8(vector) => Ok(vector.into()),
            TaggedOwned::Binary(form) => bits(form),
            TaggedOwned::Sparse(form) => sparse(form),
        }
    }
}

fn bits<E: serde::de::Error>(form: BitsForm<Vec<u8>>) -> Result<Vector, E> {
    Bits::new(form.dim, form.bytes).map(Vector::from).map_err(E::custom)
}

fn sparse<E: serde::de::Error>(form: SparseForm<Vec<u32>, Vec<f32>>) -> Result<Vector, E> {
    Sparse::new(form.indices, form.weights).map(Vector::from).map_err(E::custom)
}

struct Readable;

impl<'de> Visitor<'de> for Readable {
    type Value = Vector;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(r#"a vector: a list of numbers, or a map such as {"i8": [1, 2]}"#)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, sequence: A) -> Result<Vector, A::Error> {
        Components::<f32>(PhantomData).visit_seq(sequence).map(Vector::from)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Vector, A::Error> {
        let Some(kind) = map.next_key::<String>()? else {
            return Err(A::Error::invalid_length(0, &self));
        };
        let vector = match kind.as_str() {
            "f16" => map.next_value::<Dense<f16>>()?.into(),
            "bf16" => map.next_value::<Dense<bf16>>()?.into(),
            "i8" => map.next_value::<Dense<i8>>()?.into(),
            "binary" => bits(map.next_value()?)?,
            "sparse" => sparse(map.next_value()?)?,
            _ => {
                return Err(A::Error::custom(format_args!(
                    "`{kind}` is no kind of vector, expected {KINDS}"
                )));
            }
        };
        match map.next_key::<String>()? {
            Some(other) => Err(A::Error::custom(format_args!(
                "a vector has one kind, but there are `{kind}` and `{other}`"
            ))),
            None => Ok(vector),
        }
    }
}
