//! Ids for the records of a file that has none.
//!
//! Two runs over one file make the same ids, so that an import can go on where it was interrupted. A
//! made id never replaces a record: where there is another one of that id, the import fails.

use std::str::FromStr;

use iqdb::{Error, ErrorKind, Record, RecordId, Result, Uuid};
use xxhash_rust::xxh3::xxh3_128;

use crate::count::counted;

/// What ids are made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IdSource {
    /// Row numbers, the first of them this one.
    NumberFrom(u64),
    /// This text and the row number, from 0.
    Prefix(String),
    /// A UUID of version 8, from a hash of the record and its row number.
    Uuid,
}

/// The choices, for errors and help.
pub(crate) const CHOICES: &str = "--ids number-from=N, --ids prefix=TEXT or --ids uuid";

impl FromStr for IdSource {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        let expected = || "expected number-from=N, prefix=TEXT or uuid".to_owned();
        match text.split_once('=') {
            None if text == "uuid" => Ok(Self::Uuid),
            Some(("prefix", prefix)) if !prefix.is_empty() => Ok(Self::Prefix(prefix.to_owned())),
            Some(("number-from", number)) => {
                number.parse().map(Self::NumberFrom).map_err(|_| expected())
            }
            _ => Err(expected()),
        }
    }
}

impl IdSource {
    /// The id of the record in this row, counted from 0.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidId`] for a number beyond 64 bits; [`ErrorKind::ContractViolation`] for a record
    /// that can't be written as JSON.
    pub(super) fn id(&self, row: u64, record: &Record) -> Result<RecordId> {
        match self {
            Self::NumberFrom(first) => {
                first.checked_add(row).map(RecordId::from).ok_or_else(|| {
                    Error::new(ErrorKind::InvalidId, "the row has no number")
                        .expected(format_args!("at most {}", u64::MAX))
                        .found(format_args!("row {row}, counted from {first}"))
                        .hint("begin with a smaller number")
                })
            }
            Self::Prefix(prefix) => Ok(format!("{prefix}{row}").into()),
            Self::Uuid => {
                let mut bytes = row.to_le_bytes().to_vec();
                // The record has its row number as id here.
                serde_json::to_writer(&mut bytes, record).map_err(|error| {
                    Error::new(ErrorKind::ContractViolation, "a record can't be written")
                        .caused_by(error)
                })?;
                Ok(version_8(xxh3_128(&bytes)).into())
            }
        }
    }
}

/// The UUID of these bits, but for those that say that it is one, of a form of its maker's own (RFC 9562).
fn version_8(bits: u128) -> Uuid {
    const VERSION: u128 = 0xf << 76;
    const VARIANT: u128 = 0b11 << 62;
    Uuid::from_u128(bits & !VERSION & !VARIANT | 8 << 76 | 0b10 << 62)
}

/// That a file without ids can't be told from what is there.
pub(super) fn none_in_the_file(records: u64) -> Error {
    Error::new(ErrorKind::NotSupported, "the records have no ids, and row numbers may be taken")
        .expected(CHOICES)
        .found(format_args!("a database of {}", counted(records, "record")))
        .hint("row numbers are the ids only in an empty database")
}

/// That there are ids already.
pub(super) fn some_in_the_file(id: &RecordId) -> Error {
    Error::new(ErrorKind::NotSupported, "the records have ids of their own")
        .expected("a file without ids beside --ids")
        .found(format_args!("the id {id}"))
        .hint("leave out --ids")
}

/// That a made id is there, of another record.
pub(super) fn taken(id: &RecordId) -> Error {
    Error::new(ErrorKind::AlreadyExists, "another record has this id")
        .with_id(id)
        .expected("an id that is not there, or the same record under it")
        .found("a record that differs")
        .hint("choose other ids with --ids")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_numbers_texts_or_uuids_of_their_rows() {
        let record = |row: u64| Record::new(row, [1.0]).unwrap();
        let id = |source: &str, row| source.parse::<IdSource>().unwrap().id(row, &record(row));
        assert_eq!(id("number-from=7", 3).unwrap(), RecordId::from(10));
        assert_eq!(id("prefix=a-", 3).unwrap(), RecordId::from("a-3"));
        assert_eq!(id("uuid", 3).unwrap(), id("uuid", 3).unwrap());
        assert_ne!(id("uuid", 3).unwrap(), id("uuid", 4).unwrap());
        let uuid = id("uuid", 3).unwrap().to_string();
        assert_eq!(
            (&uuid[14..15], uuid.parse::<RecordId>().unwrap()),
            ("8", id("uuid", 3).unwrap())
        );
        assert_eq!(id("number-from=18446744073709551615", 0).unwrap(), u64::MAX);
        assert!(id("number-from=18446744073709551615", 1).is_err());
        for text in ["", "number", "number-from=", "number-from=-1", "prefix=", "uuid=4", "uuid4"] {
            assert!(text.parse::<IdSource>().is_err(), "{text}");
        }
    }
}
