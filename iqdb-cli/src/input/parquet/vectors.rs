//! Vectors in columns: lists of numbers, and bits in binaries of a fixed size.

use arrow_array::cast::AsArray;
use arrow_array::types::{Float16Type, Float32Type, Float64Type, Int8Type};
use arrow_array::{Array, ArrayRef};
use arrow_schema::{DataType, Schema};
use iqdb::{Element, Error, ErrorKind, Field, FieldKind, Result, Vector};

use super::types::{list_of, unfit};

/// The column that has the name of the field and may have its vectors.
pub(super) fn column(schema: &Schema, field: &Field) -> Result<usize> {
    let name = field.name();
    if name == "id" {
        return Err(Error::new(ErrorKind::NotSupported, "the column id holds the ids")
            .expected("a field of another name")
            .found(name)
            .hint("use a .jsonl file"));
    }
    let Some((column, found)) = schema.fields().find(name) else {
        let names: Vec<_> = schema.fields().iter().map(|field| field.name().as_str()).collect();
        return Err(Error::new(ErrorKind::NotSupported, "no column holds the vector")
            .expected(format_args!("a column {name}"))
            .found(names.join(", ")));
    };
    let kind = found.data_type();
    let (fits, expected) = match field.kind() {
        FieldKind::Dense { element: Element::F32, .. } => {
            (list_of(kind).is_some_and(DataType::is_floating), "lists of floats")
        }
        FieldKind::Dense { element: Element::F16, .. } => {
            (list_of(kind) == Some(&DataType::Float16), "lists of floats of 16 bits")
        }
        FieldKind::Dense { element: Element::I8, .. } => {
            (list_of(kind) == Some(&DataType::Int8), "lists of integers of 8 bits")
        }
        FieldKind::Dense { element: Element::Binary, .. } => {
            (matches!(kind, DataType::FixedSizeBinary(_)), "binaries of a fixed size")
        }
        kind => {
            return Err(Error::new(ErrorKind::NotSupported, "a .parquet file has no such vectors")
                .expected("a field of f32, f16, i8 or bits")
                .found(format_args!("{name}: {kind}"))
                .hint("use a .jsonl file"));
        }
    };
    if fits { Ok(column) } else { Err(unfit(name, kind, expected)) }
}

/// The vector in a row; `None` for null. `is_rounded` says afterwards whether a component is.
#[expect(clippy::cast_possible_truncation, reason = "what is no f32 becomes the nearest")]
pub(super) fn read(
    array: &ArrayRef,
    row: usize,
    field: FieldKind,
    is_rounded: &mut bool,
) -> Result<Option<Vector>> {
    if array.is_null(row) {
        return Ok(None);
    }
    if let FieldKind::Dense { element: Element::Binary, dim, .. } = field {
        return Vector::binary(dim, array.as_fixed_size_binary().value(row)).map(Some);
    }
    let list = array.as_list::<i32>().value(row);
    if let Some(component) = (0..list.len()).find(|component| list.is_null(*component)) {
        return Err(Error::new(ErrorKind::Damaged, "the cell is not a vector")
            .expected("numbers")
            .found(format_args!("null in component {component}")));
    }
    let vector = match (list.data_type(), field.element()) {
        (DataType::Int8, _) => Vector::try_from(&list.as_primitive::<Int8Type>().values()[..]),
        (DataType::Float16, Some(Element::F16)) => {
            Vector::try_from(&list.as_primitive::<Float16Type>().values()[..])
        }
        (DataType::Float16, _) => {
            let halves = list.as_primitive::<Float16Type>().values();
            Vector::try_from(halves.iter().map(|x| x.to_f32()).collect::<Vec<_>>())
        }
        (DataType::Float32, _) => {
            Vector::try_from(&list.as_primitive::<Float32Type>().values()[..])
        }
        _ => {
            let doubles = list.as_primitive::<Float64Type>().values();
            *is_rounded = doubles.iter().any(|x| f64::from(*x as f32) != *x);
            Vector::try_from(doubles.iter().map(|x| *x as f32).collect::<Vec<_>>())
        }
    };
    vector.map(Some)
}
