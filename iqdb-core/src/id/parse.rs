//! Ids from text, and the check of what can be stored.

use std::str::FromStr;

use super::{RecordId, hyphenated, is_number};
use crate::limits::ID_BYTES_MAX;
use crate::{Error, ErrorKind, IdRef, Result};

impl RecordId {
    /// Checks that the id can be stored.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidId`] for a string longer than [`ID_BYTES_MAX`].
    pub fn check(&self) -> Result<()> {
        self.as_ref().check()
    }
}

impl IdRef<'_> {
    /// Checks that the id can be stored.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidId`] for a string longer than [`ID_BYTES_MAX`].
    pub fn check(self) -> Result<()> {
        match self {
            Self::Text(text) if text.len() > ID_BYTES_MAX => Err(too_long(text.len())),
            _ => Ok(()),
        }
    }
}

fn too_long(bytes: usize) -> Error {
    Error::new(ErrorKind::InvalidId, "the id is too long")
        .expected(format_args!("at most {ID_BYTES_MAX} bytes"))
        .found(format_args!("{bytes} bytes"))
}

impl FromStr for RecordId {
    type Err = Error;

    /// Reads the form that [`Display`](std::fmt::Display) writes.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidId`] for digits that don't fit a `u64`, a quoted string that doesn't
    /// end or has an unknown escape, and a string over [`ID_BYTES_MAX`].
    fn from_str(text: &str) -> Result<Self> {
        let id = if text.starts_with('"') {
            let (string, length) = crate::quoted::read('"', text).map_err(|problem| {
                Error::new(ErrorKind::InvalidId, "the quoted id can't be read")
                    .at(crate::Location::Column(problem.column))
                    .expected(problem.expected)
            })?;
            if length != text.len() {
                return Err(Error::new(ErrorKind::InvalidId, "text follows the quoted id")
                    .expected("the end")
                    .found(&text[length..]));
            }
            Self::from(string)
        } else if is_number(text) {
            let number = text.parse::<u64>().map_err(|error| {
                Error::new(ErrorKind::InvalidId, "the number does not fit 64 bits")
                    .expected(format_args!("at most {}", u64::MAX))
                    .found(text)
                    .hint("put it in quotes to mean a string")
                    .caused_by(error)
            })?;
            Self::from(number)
        } else if let Some(uuid) = hyphenated(text) {
            Self::from(uuid)
        } else {
            Self::from(text)
        };
        id.check()?;
        Ok(id)
    }
}

macro_rules! converts_from {
    ($($number:ty),*) => {$(
        impl TryFrom<$number> for RecordId {
            type Error = Error;

            /// The number as an id. A bare literal is a `u64`, which always converts.
            ///
            /// # Errors
            /// [`ErrorKind::InvalidId`] for a negative number.
            fn try_from(number: $number) -> Result<Self> {
                u64::try_from(number).map(Self::from).map_err(|error| {
                    Error::new(ErrorKind::InvalidId, "an id is not negative")
                        .found(number)
                        .caused_by(error)
                })
            }
        }
    )*};
}

converts_from!(usize, u32, i64, i32);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::super::tests::any_id;
    use super::*;

    const UUID: &str = "67e55044-10b1-426f-9247-bb680e5fe0c8";

    #[test]
    fn a_text_is_parsed_by_its_form() {
        let cases = [
            ("42", RecordId::from(42)),
            ("0", RecordId::from(0)),
            ("007", RecordId::from("007")),
            ("00", RecordId::from("00")),
            (UUID, RecordId::from(Uuid::try_parse(UUID).unwrap())),
            ("doc-42", RecordId::from("doc-42")),
            ("", RecordId::from("")),
            ("\"42\"", RecordId::from("42")),
            ("-1", RecordId::from("-1")),
            ("67e5504410b1426f9247bb680e5fe0c8", "67e5504410b1426f9247bb680e5fe0c8".into()),
        ];
        for (text, id) in cases {
            assert_eq!(text.parse::<RecordId>().unwrap(), id, "{text}");
        }
    }

    #[test]
    fn numbers_of_other_types_convert_unless_they_are_negative() {
        assert_eq!(RecordId::try_from(7_usize).unwrap(), 7);
        assert_eq!(RecordId::try_from(7_u32).unwrap(), RecordId::try_from(7_i64).unwrap());
        for error in [RecordId::try_from(-1_i64), RecordId::try_from(-1_i32)] {
            assert_eq!(error.unwrap_err().kind(), ErrorKind::InvalidId);
        }
    }

    #[test]
    fn what_cannot_be_an_id_is_an_error() {
        let long = "x".repeat(ID_BYTES_MAX + 1);
        for text in ["18446744073709551616", "\"open", "\"a\"b", "\"\\q\"", &long] {
            assert_eq!(text.parse::<RecordId>().unwrap_err().kind(), ErrorKind::InvalidId);
        }
        assert!("18446744073709551615".parse::<RecordId>().is_ok());
        assert!("x".repeat(ID_BYTES_MAX).parse::<RecordId>().is_ok());
    }

    proptest! {
        #[test]
        fn parsing_undoes_printing(id in any_id()) {
            prop_assert_eq!(id.to_string().parse::<RecordId>().unwrap(), id);
        }
    }
}
