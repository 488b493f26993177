//! Values of payloads in columns.

use arrow_array::cast::AsArray;
use arrow_array::types::{
    Date32Type, Float16Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type,
    TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType,
    TimestampSecondType, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use arrow_array::{Array, ArrayRef};
use arrow_schema::{DataType, TimeUnit};
use iqdb::{DateTime, Map, Result, Value};

use crate::input::Notes;
use crate::input::rules::{Rules, Timestamps, large_integer, without_zone};

const MICROS_PER_SECOND: i64 = 1_000_000;
const SECONDS_PER_DAY: i64 = 86_400;

/// Reads the values of a column.
pub(super) struct Values<'a> {
    rules: &'a Rules,
    notes: &'a mut Notes,
    is_text: bool,
    is_date: bool,
    /// The column, and the keys below it, joined by dots.
    path: String,
    /// Whether the reading is in a list, whose elements keep their places.
    in_list: bool,
}

impl<'a> Values<'a> {
    pub(super) fn of(column: &str, rules: &'a Rules, notes: &'a mut Notes) -> Self {
        let is_in = |names: &[String]| names.iter().any(|name| name == column);
        let (is_text, is_date) = (is_in(&rules.texts), is_in(&rules.dates));
        Self { rules, notes, is_text, is_date, path: column.to_owned(), in_list: false }
    }

    /// The value in a row; `None` for null and NaN, which are absent keys.
    pub(super) fn read(&mut self, array: &ArrayRef, row: usize) -> Result<Option<Value>> {
        let value = if array.is_null(row) { None } else { self.present(array, row)? };
        if value.is_none() && !self.in_list {
            self.notes.absent(&self.path);
        }
        Ok(value)
    }

    fn present(&mut self, array: &ArrayRef, row: usize) -> Result<Option<Value>> {
        let float = |float: f64| (!float.is_nan()).then(|| Value::from(float));
        Ok(Some(match array.data_type() {
            DataType::Boolean => array.as_boolean().value(row).into(),
            DataType::Utf8 if self.is_date => {
                self.rules.date(array.as_string::<i32>().value(row))?
            }
            DataType::Utf8 => array.as_string::<i32>().value(row).into(),
            DataType::Float16 => {
                return Ok(float(array.as_primitive::<Float16Type>().value(row).into()));
            }
            DataType::Float32 => {
                return Ok(float(array.as_primitive::<Float32Type>().value(row).into()));
            }
            DataType::Float64 => return Ok(float(array.as_primitive::<Float64Type>().value(row))),
            DataType::List(_) => {
                let list = array.as_list::<i32>().value(row);
                let before = std::mem::replace(&mut self.in_list, true);
                let values: Result<Vec<Value>> = (0..list.len())
                    .map(|element| Ok(self.read(&list, element)?.unwrap_or_default()))
                    .collect();
                self.in_list = before;
                values?.into()
            }
            DataType::Struct(_) => self.map(array, row)?.into(),
            DataType::Date32 | DataType::Timestamp(..) => self.moment(array, row)?,
            _ => {
                let number = integer(array, row);
                match i64::try_from(number) {
                    _ if self.is_text => number.to_string().into(),
                    Ok(number) => number.into(),
                    Err(_) => return Err(large_integer(&number.to_string())),
                }
            }
        }))
    }

    fn map(&mut self, array: &ArrayRef, row: usize) -> Result<Map> {
        let parts = array.as_struct();
        let mut map = Map::new();
        let (length, in_list) = (self.path.len(), std::mem::take(&mut self.in_list));
        for (key, column) in parts.column_names().into_iter().zip(parts.columns()) {
            self.path.push('.');
            self.path.push_str(key);
            if let Some(value) = self.read(column, row)? {
                map.insert(key, value);
            }
            self.path.truncate(length);
        }
        self.in_list = in_list;
        Ok(map)
    }

    /// The point in time in a row.
    fn moment(&mut self, array: &ArrayRef, row: usize) -> Result<Value> {
        let (number, unit, zone) = match array.data_type() {
            DataType::Timestamp(unit, zone) => {
                (timestamp(array, row, *unit), Some(*unit), zone.is_some())
            }
            _ => (array.as_primitive::<Date32Type>().value(row).into(), None, true),
        };
        if self.rules.timestamps == Some(Timestamps::Int) {
            return Ok(number.into());
        }
        let (each, name) = match unit {
            None => {
                self.notes.say("Days are dates, each its midnight in UTC.");
                (SECONDS_PER_DAY * MICROS_PER_SECOND, "days")
            }
            Some(TimeUnit::Second) => (MICROS_PER_SECOND, "seconds"),
            Some(TimeUnit::Millisecond) => (1_000, "milliseconds"),
            Some(TimeUnit::Microsecond) => (1, "microseconds"),
            Some(TimeUnit::Nanosecond) => (0, "nanoseconds"),
        };
        let found = format!("{number} {name} since 1970");
        let (micros, nanos) = match each {
            0 => (number.div_euclid(1_000), number.rem_euclid(1_000)),
            // What overflows is out of range, too.
            each => (number.saturating_mul(each), 0),
        };
        let ahead = match (&self.rules.assume_tz, zone) {
            (_, true) => 0,
            (Some(offset), false) => offset.minutes() * 60 * MICROS_PER_SECOND,
            (None, false) => return Err(without_zone(&found)),
        };
        let date = DateTime::from_micros(micros.saturating_sub(ahead))?;
        self.rules.moment(date, nanos, &found)
    }
}

fn timestamp(array: &ArrayRef, row: usize, unit: TimeUnit) -> i64 {
    match unit {
        TimeUnit::Second => array.as_primitive::<TimestampSecondType>().value(row),
        TimeUnit::Millisecond => array.as_primitive::<TimestampMillisecondType>().value(row),
        TimeUnit::Microsecond => array.as_primitive::<TimestampMicrosecondType>().value(row),
        TimeUnit::Nanosecond => array.as_primitive::<TimestampNanosecondType>().value(row),
    }
}

/// The integer in a row.
pub(super) fn integer(array: &ArrayRef, row: usize) -> i128 {
    match array.data_type() {
        DataType::Int8 => array.as_primitive::<Int8Type>().value(row).into(),
        DataType::Int16 => array.as_primitive::<Int16Type>().value(row).into(),
        DataType::Int32 => array.as_primitive::<Int32Type>().value(row).into(),
        DataType::Int64 => array.as_primitive::<Int64Type>().value(row).into(),
        DataType::UInt8 => array.as_primitive::<UInt8Type>().value(row).into(),
        DataType::UInt16 => array.as_primitive::<UInt16Type>().value(row).into(),
        DataType::UInt32 => array.as_primitive::<UInt32Type>().value(row).into(),
        _ => array.as_primitive::<UInt64Type>().value(row).into(),
    }
}
