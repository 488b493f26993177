//! The types of columns.

use arrow_schema::DataType;
use iqdb::{Error, ErrorKind};

/// That a column has none of the types that are expected of it.
pub(super) fn unfit(column: &str, kind: &DataType, expected: &'static str) -> Error {
    Error::new(ErrorKind::NotSupported, format!("the column {column} has another type"))
        .expected(expected)
        .found(kind)
}

/// What lists of this type are of.
pub(super) fn list_of(kind: &DataType) -> Option<&DataType> {
    match kind {
        DataType::List(field) => Some(field.data_type()),
        _ => None,
    }
}
