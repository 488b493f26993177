//! Vectors: what numpy, lists and others become, and back.
//!
//! `iqdb._arrays` makes an array of numpy of what isn't one yet; the usual cases don't go there.

use std::ops::Range;

use half::{bf16, f16};
use iqdb::storage::Components;
use iqdb::{Element, FieldKind, Vector, VectorRef};
use numpy::{PyArray1, PyArray2, PyArrayMethods, PyReadonlyArrayDyn, PyUntypedArrayMethods};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyFloat, PyInt, PyList, PyTuple};

use crate::arrays::is_plain;
use crate::errors::{Result, invalid_vector, type_name};

/// What is asked: one vector or several.
pub(crate) enum Queries {
    One(Vector),
    Many(Vec<Vector>),
}

/// The vectors of a field for many records.
pub(crate) enum Column<'py> {
    /// One for each record.
    Matrix(Matrix<'py>),
    /// Of records that may lack them, or of a sparse field.
    Each(Vec<Option<Vector>>),
}

/// A C-contiguous array in what an element is kept in.
///
/// It is the caller's, and read batch by batch. Code that runs meanwhile may change its form: each batch
/// checks that it is the one that was passed.
pub(crate) struct Matrix<'py> {
    array: Array<'py>,
    /// Where its items are in memory.
    address: usize,
    rows: usize,
    /// How many items a row has.
    width: usize,
    /// The dimension of a field of bits, whose rows are whole bytes.
    bits: usize,
}

enum Array<'py> {
    F32(Bound<'py, PyArray2<f32>>),
    F16(Bound<'py, PyArray2<f16>>),
    /// Of `f32`, which are rounded.
    BF16(Bound<'py, PyArray2<f32>>),
    I8(Bound<'py, PyArray2<i8>>),
    Binary(Bound<'py, PyArray2<u8>>),
}

/// How `iqdb._arrays` calls a kind of vectors.
fn form(kind: FieldKind) -> &'static str {
    match kind.element() {
        Some(Element::F16) => "f16",
        Some(Element::I8) => "i8",
        Some(Element::Binary) => "binary",
        Some(_) => "f32",
        None => "sparse",
    }
}

fn helper<'py>(
    object: &Bound<'py, PyAny>,
    name: &str,
    kind: FieldKind,
) -> PyResult<Bound<'py, PyAny>> {
    object.py().import("iqdb._arrays")?.call_method1(name, (object, form(kind), kind.dim()))
}

/// The vector that an object is, for a field of this kind.
pub(crate) fn one(object: &Bound<'_, PyAny>, kind: FieldKind) -> Result<Vector> {
    match usual(object, kind)? {
        Some(vector) => Ok(vector),
        None => of_array(&helper(object, "vector", kind)?, kind),
    }
}

/// The vector or the vectors that an object is, for a field of this kind.
pub(crate) fn queries(object: &Bound<'_, PyAny>, kind: FieldKind) -> Result<Queries> {
    if let Some(vector) = usual(object, kind)? {
        return Ok(Queries::One(vector));
    }
    let array = helper(object, "queries", kind)?;
    match array.cast::<PyList>() {
        Ok(list) => {
            let vectors = list.iter().map(|vector| of_array(&vector, kind));
            Ok(Queries::Many(vectors.collect::<Result<_>>()?))
        }
        Err(_) => of_array(&array, kind).map(Queries::One),
    }
}

/// The vectors of `rows` records.
pub(crate) fn column<'py>(
    object: &Bound<'py, PyAny>,
    kind: FieldKind,
    rows: usize,
) -> Result<Column<'py>> {
    let array = match object.cast::<numpy::PyArray2<f32>>() {
        Ok(array) if kind.element() == Some(Element::F32) && is_plain(array) => {
            array.clone().into_any()
        }
        _ => helper(object, "column", kind)?,
    };
    let column = match array.cast::<PyList>() {
        Ok(list) => Column::Each(
            list.iter()
                .map(|vector| match vector.is_none() {
                    true => Ok(None),
                    false => of_array(&vector, kind).map(Some),
                })
                .collect::<Result<_>>()?,
        ),
        Err(_) => Column::Matrix(Matrix::of(&array, kind)?),
    };
    if column.len() != rows {
        return Err(invalid_vector("there is not a vector for each id")
            .expected(format_args!("{rows} vectors"))
            .found(column.len())
            .into());
    }
    Ok(column)
}

/// An `f32` array, or a list of numbers, for a field of `f32`.
fn usual(object: &Bound<'_, PyAny>, kind: FieldKind) -> Result<Option<Vector>> {
    if kind.element() != Some(Element::F32) {
        return Ok(None);
    }
    if let Ok(array) = object.cast::<PyArray1<f32>>() {
        if !is_plain(array) {
            return Ok(None);
        }
        let array = array.readonly();
        return Ok(match array.as_slice() {
            Ok(components) => Some(Vector::try_from(components)?),
            Err(_) => None,
        });
    }
    let components = match (object.cast::<PyList>(), object.cast::<PyTuple>()) {
        (Ok(list), _) => list.iter().map(|item| number(&item)).collect::<Option<Vec<f32>>>(),
        (_, Ok(tuple)) => tuple.iter().map(|item| number(&item)).collect(),
        _ => None,
    };
    match components {
        Some(components) if !components.is_empty() => Ok(Some(Vector::try_from(components)?)),
        _ => Ok(None),
    }
}

/// The component that a Python number is, rounded as numpy does.
#[allow(clippy::cast_possible_truncation)]
fn number(item: &Bound<'_, PyAny>) -> Option<f32> {
    if let Ok(float) = item.cast_exact::<PyFloat>() {
        return Some(float.value() as f32);
    }
    let is_int = item.is_instance_of::<PyInt>() && !item.is_instance_of::<PyBool>();
    match is_int || item.is_instance_of::<PyFloat>() {
        true => item.extract::<f64>().ok().map(|number| number as f32),
        false => None,
    }
}

/// The vector in what `iqdb._arrays` made: an array in the element's form, or two of a sparse vector.
fn of_array(array: &Bound<'_, PyAny>, kind: FieldKind) -> Result<Vector> {
    let Some(element) = kind.element() else {
        let (indices, weights): (Bound<'_, PyAny>, Bound<'_, PyAny>) = array.extract()?;
        return Ok(Vector::sparse(items::<u32>(&indices)?, items::<f32>(&weights)?)?);
    };
    Ok(match element {
        Element::F32 => Vector::try_from(items::<f32>(array)?)?,
        Element::F16 => Vector::try_from(items::<f16>(array)?)?,
        Element::BF16 => Vector::try_from(rounded(&items::<f32>(array)?))?,
        Element::I8 => Vector::try_from(items::<i8>(array)?)?,
        Element::Binary => Vector::binary(kind.dim().unwrap_or(0), items::<u8>(array)?)?,
        _ => return Err(unknown(array)),
    })
}

fn unknown(array: &Bound<'_, PyAny>) -> crate::errors::Failure {
    invalid_vector("this is no vector of the field's element").found(type_name(array)).into()
}

fn items<T: numpy::Element + Copy>(array: &Bound<'_, PyAny>) -> Result<Vec<T>> {
    let array: PyReadonlyArrayDyn<'_, T> = array.extract().map_err(|_| unknown(array))?;
    Ok(array.as_array().iter().copied().collect())
}

/// What lends an array, and where that is.
fn on<A, B>((array, address): (A, usize), of: fn(A) -> B) -> (B, usize) {
    (of(array), address)
}

fn rounded(components: &[f32]) -> Vec<bf16> {
    components.iter().map(|component| bf16::from_f32(*component)).collect()
}

impl<'py> Matrix<'py> {
    fn of(array: &Bound<'py, PyAny>, kind: FieldKind) -> Result<Self> {
        fn lent<'py, T: numpy::Element>(
            array: &Bound<'py, PyAny>,
        ) -> Result<(Bound<'py, PyArray2<T>>, usize)> {
            let array = array.cast::<PyArray2<T>>().map_err(|_| unknown(array))?;
            Ok((array.clone(), array.data().addr()))
        }
        let (array, address) = match kind.element() {
            Some(Element::F32) => on(lent(array)?, Array::F32),
            Some(Element::F16) => on(lent(array)?, Array::F16),
            Some(Element::BF16) => on(lent(array)?, Array::BF16),
            Some(Element::I8) => on(lent(array)?, Array::I8),
            Some(Element::Binary) => on(lent(array)?, Array::Binary),
            _ => return Err(unknown(array)),
        };
        let shape = match &array {
            Array::F32(array) | Array::BF16(array) => array.shape(),
            Array::F16(array) => array.shape(),
            Array::I8(array) => array.shape(),
            Array::Binary(array) => array.shape(),
        };
        let (rows, width) = (shape[0], shape[1]);
        Ok(Self { array, address, rows, width, bits: kind.dim().unwrap_or(0) })
    }

    /// Copies of some rows.
    pub(crate) fn components(&self, rows: Range<usize>) -> Result<Components> {
        let items = rows.start * self.width..rows.end * self.width;
        Ok(match &self.array {
            Array::F32(array) => self.copied(array, items)?.into(),
            Array::F16(array) => self.copied(array, items)?.into(),
            Array::BF16(array) => rounded(&self.copied(array, items)?).into(),
            Array::I8(array) => self.copied(array, items)?.into(),
            Array::Binary(array) => Components::Binary(self.copied(array, items)?),
        })
    }

    /// Copies of some items of the array, where it still is what was passed.
    fn copied<T: numpy::Element + Clone>(
        &self,
        array: &Bound<'_, PyArray2<T>>,
        items: Range<usize>,
    ) -> Result<Vec<T>> {
        let changed = || invalid_vector("an array has changed its form while it was read");
        // The class says nothing about the element and the dimensions that an array has now.
        let array = array.as_any().cast::<PyArray2<T>>().map_err(|_| changed())?;
        let is_same = array.data().addr() == self.address
            && array.shape() == [self.rows, self.width]
            && is_plain(array);
        if !is_same {
            return Err(changed().into());
        }
        let array = array.readonly();
        let all = array.as_slice().map_err(|_| changed())?;
        Ok(all.get(items).ok_or_else(changed)?.to_vec())
    }

    /// The first row, to be checked before all of them are copied.
    pub(crate) fn first(&self, kind: FieldKind) -> Result<Option<Vector>> {
        let (rows, width) = (self.rows, self.width);
        if rows == 0 {
            return Ok(None);
        }
        if let Some(dim) = kind.dim()
            && let Array::Binary(_) = &self.array
            && width != dim.div_ceil(8)
        {
            return Err(invalid_vector("the rows have the wrong length")
                .expected(format_args!("{} bytes for {dim} bits, or bools", dim.div_ceil(8)))
                .found(format_args!("{width} bytes"))
                .into());
        }
        self.row(0).map(Some)
    }

    /// A copy of one row.
    pub(crate) fn row(&self, row: usize) -> Result<Vector> {
        Ok(match self.components(row..row + 1)? {
            Components::F32(items) => Vector::try_from(items)?,
            Components::F16(items) => Vector::try_from(items)?,
            Components::BF16(items) => Vector::try_from(items)?,
            Components::I8(items) => Vector::try_from(items)?,
            Components::Binary(items) => Vector::binary(self.bits, items)?,
            _ => return Err(invalid_vector("this is no row of a matrix").into()),
        })
    }
}

impl Column<'_> {
    fn len(&self) -> usize {
        match self {
            Self::Matrix(matrix) => matrix.rows,
            Self::Each(vectors) => vectors.len(),
        }
    }
}

/// The array of a vector: of `float32`, `float16`, `int8`, or packed bits as `uint8`; a bfloat16 is
/// widened, and a sparse vector an `iqdb.Sparse` of two arrays.
pub(crate) fn to_python<'py>(
    py: Python<'py>,
    vector: VectorRef<'_>,
) -> PyResult<Bound<'py, PyAny>> {
    Ok(match vector {
        VectorRef::F32(items) => PyArray1::from_slice(py, &items).into_any(),
        VectorRef::F16(items) => PyArray1::from_slice(py, &items).into_any(),
        VectorRef::BF16(items) => {
            let wide = items.iter().map(|item| item.to_f32()).collect::<Vec<f32>>();
            PyArray1::from_vec(py, wide).into_any()
        }
        VectorRef::I8(items) => PyArray1::from_slice(py, &items).into_any(),
        VectorRef::Binary(bits) => PyArray1::from_slice(py, bits.bytes()).into_any(),
        VectorRef::Sparse(terms) => {
            let indices = PyArray1::from_slice(py, terms.indices());
            let weights = PyArray1::from_slice(py, terms.weights());
            py.import("iqdb._arrays")?.call_method1("Sparse", (indices, weights))?
        }
    })
}
