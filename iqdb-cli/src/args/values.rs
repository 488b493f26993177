//! Values of arguments, from their text.

use std::str::FromStr;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use iqdb::{Expression, Filter, Metric, RecordId};

/// The names of the metrics of vectors of numbers.
pub(super) fn metrics() -> impl TypedValueParser<Value = Metric> {
    PossibleValuesParser::new(Metric::OF_NUMBERS.map(Metric::as_str))
        .try_map(|name| Metric::from_str(&name))
}

/// An id as text: digits are a number, the hyphenated form is a UUID, all else is a string.
pub(super) fn id(text: &str) -> Result<RecordId, iqdb::Error> {
    text.parse()
}

pub(super) fn filter(text: &str) -> Result<Filter, iqdb::Error> {
    text.parse()
}

pub(super) fn expression(text: &str) -> Result<Expression, iqdb::Error> {
    text.parse()
}

pub(super) fn at_least_1(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(0) => Err("it has to be at least 1".into()),
        Ok(number) => Ok(number),
        Err(error) => Err(format!("{error}")),
    }
}
